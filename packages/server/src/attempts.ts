/**
 * Attempts: what became of every login and test, kept for 30 days. Written when a flow ends; starting one writes nothing.
 *
 * Rule: they belong to the connection and are found only by its id. Whoever makes a deleted organization anew sees none of
 * the old one's, whatever was under way or crashed: there is nothing to delete with it, what is left expires by itself.
 */
import {
  base64url,
  type Access,
  type Claims,
  type Connection,
  type Failure,
  type FlowState,
  type Json,
  type Purpose,
} from '@relying-party/core'
import type { Context } from './context.ts'
import { failureView } from './problems.ts'
import type { AttemptView } from './views/model.ts'

export interface Attempt {
  readonly attempt_id: string
  readonly organization_id: string
  /** null when the response belonged to no flow of the browser. */
  readonly purpose: Purpose | null
  readonly outcome: 'succeeded' | 'failed'
  readonly at: number
  readonly revision: number | null
  readonly failure: Failure | null
  readonly subject: string | null
  /** Only of tests: what the provider said about the administrator who tested. */
  readonly claims: Claims | null
  readonly access: Access | null
  /** What the policy would have answered to that administrator at a login. */
  readonly refusal: Failure | null
}

const retention = 30 * 86_400
/** Failures that anybody on the internet can cause again and again: kept and logged per connection and minute, at most. */
const maximumUnclaimedPerMinute = 30

/** Whose attempt it is. */
type Owner = Pick<Connection, 'organization_id' | 'connection_id'>

export type Attempts = ReturnType<typeof createAttempts>

export function createAttempts(context: Context) {
  const { store, now, random } = context
  const unclaimed = { minute: 0, counts: new Map<string, number>() }
  let newest = 0

  /** Sorts by time, and says nothing else; two of the same millisecond keep their order. */
  function newId(): string {
    newest = Math.max(Math.floor(now() * 1000), newest + 1)
    return `${newest.toString(36).padStart(9, '0')}${base64url(random(6)).replaceAll(/[-_]/g, 'x')}`
  }

  function mayRecordUnclaimed(connection_id: string): boolean {
    const minute = Math.floor(now() / 60)
    if (unclaimed.minute !== minute) Object.assign(unclaimed, { minute, counts: new Map<string, number>() })
    const count = (unclaimed.counts.get(connection_id) ?? 0) + 1
    unclaimed.counts.set(connection_id, count)
    return count <= maximumUnclaimedPerMinute
  }

  /**
   * Records how a flow ended; returns the id that people quote.
   * @param claimed whether a one-time right was used up for it: whatever ends without one could fill the store and the log
   */
  async function record(
    { organization_id, connection_id }: Owner,
    ended: FlowState,
    claimed: boolean,
  ): Promise<string> {
    const attempt = attemptOf(newId(), organization_id, ended, now())
    const { attempt_id, purpose, outcome, failure, revision } = attempt
    const facts = {
      organization_id,
      attempt_id,
      purpose,
      revision,
      ...(failure && { code: failure.code, facts: failure.detail }),
    }
    context.count(purpose === 'test' ? 'tests' : 'logins', { outcome, code: failure?.code ?? 'none' })
    if (claimed || mayRecordUnclaimed(connection_id)) {
      if (failure === null) context.log.info(facts, 'attempt succeeded')
      else context.log.warn(facts, 'attempt failed')
      const expires_at = attempt.at + retention
      await store.putIfAbsent('attempts', `${connection_id}/${attempt_id}`, attempt as unknown as Json, expires_at)
    }
    return attempt_id
  }

  return {
    record,
    async get({ connection_id }: Owner, attempt_id: string): Promise<Attempt | undefined> {
      if (!isAttemptId(attempt_id)) return undefined
      const stored = await store.get('attempts', `${connection_id}/${attempt_id}`)
      return stored?.value as Attempt | undefined
    },
    /** Newest first. */
    async list(
      { connection_id }: Owner,
      limit: number,
      outcome?: Attempt['outcome'],
      before?: string,
    ): Promise<readonly Attempt[]> {
      const found: Attempt[] = []
      const prefix = `${connection_id}/`
      let after = before === undefined ? undefined : prefix + before
      while (found.length < limit) {
        const page = { prefix, limit: 200, newest_first: true, ...(after !== undefined && { after }) }
        const rows = await store.list('attempts', page)
        const attempts = rows.map(({ value }) => value as unknown as Attempt)
        found.push(...attempts.filter((attempt) => outcome === undefined || attempt.outcome === outcome))
        if (rows.length < page.limit) break
        after = rows.at(-1)!.key
      }
      return found.slice(0, limit)
    },
  }
}

export function isAttemptId(text: string): boolean {
  return /^[a-zA-Z0-9]{1,40}$/.test(text)
}

function attemptOf(attempt_id: string, organization_id: string, ended: FlowState, at: number): Attempt {
  const base = { attempt_id, organization_id, at, claims: null, access: null, refusal: null, subject: null }
  if (ended.phase === 'failed') {
    const { failure, bound } = ended
    return { ...base, purpose: bound?.purpose ?? null, outcome: 'failed', revision: bound?.revision ?? null, failure }
  }
  if (ended.phase !== 'authenticated') throw new TypeError(`a flow does not end in the phase ${ended.phase}`)
  const { purpose, revision, identity } = ended
  const succeeded = {
    ...base,
    purpose,
    outcome: 'succeeded',
    revision,
    failure: null,
    subject: identity.subject,
  } as const
  return ended.purpose === 'test'
    ? { ...succeeded, claims: ended.claims, access: ended.access, refusal: ended.refusal }
    : succeeded
}

/** An attempt in words. */
export function attemptView(attempt: Attempt): AttemptView {
  const { failure, refusal, ...rest } = attempt
  return {
    ...rest,
    failure: failure === null ? null : failureView(failure),
    refusal: refusal === null ? null : failureView(refusal),
  }
}
