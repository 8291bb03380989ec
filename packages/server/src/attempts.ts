/**
 * Attempts: what became of every login and test, as its transcript. Written when a flow ends; starting one writes nothing.
 *
 * Rule 1: an attempt stores what happened; what it means (checks, claims, access) is read out of the transcript when
 * somebody looks.
 * Rule 2: they belong to the connection and are found only by its id. Whoever makes a deleted organization anew sees none of
 * the old one's, whatever was under way or crashed: there is nothing to delete with it, what is left expires by itself.
 */
import {
  purposeOf,
  type Access,
  type Claims,
  type Connection,
  type Failure,
  type FailureCode,
  type Json,
  type Purpose,
  type Transcript,
} from '@relying-party/core'
import type { Context } from './context.ts'
import { createRecordIds, isRecordId } from './record-id.ts'

/** Its transcript, and what it is found by. */
export interface Attempt {
  readonly attempt_id: string
  readonly organization_id: string
  /** null when the response belonged to no flow of the browser. */
  readonly purpose: Purpose | null
  readonly outcome: 'succeeded' | 'failed'
  readonly code: FailureCode | null
  readonly at: number
  /** The settings that the transcript shows. */
  readonly revision: number | null
  readonly subject: string | null
  /** When the flow was started, and how many seconds it took; null when the response belonged to none. */
  readonly started_at: number | null
  readonly duration: number | null
  /** How many flows of one minute it stands for; more than one only of logins that never came back. */
  readonly count: number
  /** The events were more than is kept of an attempt: it cannot be replayed. */
  readonly omitted: boolean
  readonly transcript: Transcript
}

/** An attempt as releases before transcripts wrote it: there are none any more thirty days after the update. */
export interface EarlierAttempt {
  readonly attempt_id: string
  readonly organization_id: string
  readonly purpose: Purpose | null
  readonly outcome: 'succeeded' | 'failed'
  readonly at: number
  readonly revision: number | null
  readonly failure: Failure | null
  readonly subject: string | null
  readonly claims: Claims | null
  readonly access: Access | null
  readonly refusal: Failure | null
  readonly transcript?: undefined
}

export type AnyAttempt = Attempt | EarlierAttempt

const day = 86_400
/** Failures and tests are asked about weeks later; an organization does not have many of them. */
const retention = 30 * day
/** Of logins that worked there are as many as members: they are kept for “what if” over the last days. */
const retentionOfLogins = 7 * day
/** Failures that anybody on the internet can cause again and again: kept and logged per connection and minute, at most. */
const maximumUnclaimedPerMinute = 30
/** Characters of JSON: ten times an ordinary transcript. A provider decides how long its answers are. */
const largestTranscript = 131_072

/** Whose attempt it is. */
type Owner = Pick<Connection, 'connection_id'>

export type Attempts = ReturnType<typeof createAttempts>

export function createAttempts(context: Pick<Context, 'store' | 'now' | 'random' | 'log' | 'count'>) {
  const { store, now } = context
  const newId = createRecordIds(context)
  const unclaimed = { minute: 0, counts: new Map<string, number>() }

  function mayRecordUnclaimed(connection_id: string): boolean {
    const minute = Math.floor(now() / 60)
    if (unclaimed.minute !== minute) Object.assign(unclaimed, { minute, counts: new Map<string, number>() })
    const count = (unclaimed.counts.get(connection_id) ?? 0) + 1
    unclaimed.counts.set(connection_id, count)
    return count <= maximumUnclaimedPerMinute
  }

  /** By outcome, so that the few that failed are found without reading the many that did not. */
  const prefixOf = ({ connection_id }: Owner, outcome: Attempt['outcome']) => `${connection_id}.${outcome}/`
  const earlierPrefix = ({ connection_id }: Owner) => `${connection_id}/`

  /**
   * Records how a flow ended; returns the id that people quote.
   * @param claimed whether a one-time right was used up for it: whatever ends without one could fill the store and the log
   */
  async function record(transcript: Transcript, { claimed, count = 1 }: { claimed: boolean; count?: number }) {
    const attempt = attemptOf(newId(), transcript, now(), count)
    const { attempt_id, organization_id, purpose, outcome, code, revision, at } = attempt
    context.count(purpose === 'test' ? 'tests' : 'logins', { outcome, code: code ?? 'none' }, count)
    const { connection_id } = transcript.relying_party
    if (claimed || mayRecordUnclaimed(connection_id)) {
      const facts = { organization_id, attempt_id, purpose, revision }
      const { verdict } = transcript
      if (verdict.outcome === 'failed')
        context.log.warn({ ...facts, code, facts: verdict.failure.detail }, 'attempt failed')
      else context.log.info(facts, 'attempt succeeded')
      const key = prefixOf({ connection_id }, outcome) + attempt_id
      const isLogin = outcome === 'succeeded' && purpose === 'login'
      const expires_at = at + (isLogin ? retentionOfLogins : retention)
      await store.putIfAbsent('attempts', key, attempt as unknown as Json, expires_at)
    }
    return attempt_id
  }

  /** Those of one prefix, newest first, in pages until there are enough. */
  async function listed(
    prefix: string,
    limit: number,
    outcome: Attempt['outcome'] | undefined,
    before: string | undefined,
  ): Promise<readonly AnyAttempt[]> {
    const found: AnyAttempt[] = []
    let after = before === undefined ? undefined : prefix + before
    while (found.length < limit) {
      const page = { prefix, limit: Math.min(limit, 200), newest_first: true, ...(after !== undefined && { after }) }
      const rows = await store.list('attempts', page)
      const attempts = rows.map(({ value }) => value as unknown as AnyAttempt)
      found.push(...attempts.filter((attempt) => outcome === undefined || attempt.outcome === outcome))
      if (rows.length < page.limit) break
      after = rows.at(-1)!.key
    }
    return found
  }

  return {
    record,
    async get(owner: Owner, attempt_id: string): Promise<AnyAttempt | undefined> {
      if (!isRecordId(attempt_id)) return undefined
      const prefixes = [prefixOf(owner, 'failed'), prefixOf(owner, 'succeeded'), earlierPrefix(owner)]
      const found = await Promise.all(prefixes.map((prefix) => store.get('attempts', prefix + attempt_id)))
      return found.find((stored) => stored !== undefined)?.value as AnyAttempt | undefined
    },
    /** Newest first. */
    async list(
      owner: Owner,
      limit: number,
      outcome?: Attempt['outcome'],
      before?: string,
    ): Promise<readonly AnyAttempt[]> {
      const outcomes = outcome === undefined ? (['failed', 'succeeded'] as const) : [outcome]
      const prefixes = [...outcomes.map((one) => prefixOf(owner, one)), earlierPrefix(owner)]
      const found = await Promise.all(prefixes.map((prefix) => listed(prefix, limit, outcome, before)))
      return found
        .flat()
        .sort((a, b) => (a.attempt_id < b.attempt_id ? 1 : -1))
        .slice(0, limit)
    },
  }
}

function attemptOf(attempt_id: string, transcript: Transcript, at: number, count: number): Attempt {
  const { relying_party, circumstances, state, verdict } = transcript
  if (verdict.outcome === 'unfinished') throw new TypeError(`a flow does not end in the phase ${verdict.phase}`)
  const { organization_id, revision } = relying_party
  const flow = state.phase === 'idle' ? circumstances?.flow : state
  const failed = verdict.outcome === 'failed'
  return {
    attempt_id,
    organization_id,
    purpose: purposeOf(transcript),
    outcome: failed ? 'failed' : 'succeeded',
    code: failed ? verdict.failure.code : null,
    at,
    revision,
    subject: failed ? null : verdict.identity.subject,
    started_at: flow?.started_at ?? null,
    duration: flow ? Math.round((at - flow.started_at) * 1000) / 1000 : null,
    count,
    ...kept(transcript),
  }
}

/** The transcript as it is kept: whole, or without what the provider made too long. */
function kept(transcript: Transcript): Pick<Attempt, 'transcript' | 'omitted'> {
  const fits = (one: Transcript) => JSON.stringify(one).length <= largestTranscript
  if (isOrdinary(transcript) || fits(transcript)) return { transcript, omitted: false }
  const { provider_metadata: _, jwks: __, ...relying_party } = transcript.relying_party
  const rest: Transcript = { ...transcript, relying_party, events: [], decisions: [] }
  if (fits(rest) || rest.verdict.outcome !== 'authenticated') return { transcript: rest, omitted: true }
  return { transcript: { ...rest, verdict: { ...rest.verdict, claims: {} } }, omitted: true }
}

/** Surely within the bound: an upper estimate, so that an ordinary login is not written out twice. */
function isOrdinary({ relying_party, events, verdict }: Transcript): boolean {
  const { provider_metadata, jwks } = relying_party
  const known = lengthOf(provider_metadata?.value) + lengthOf(jwks?.value)
  let arrived = verdict.outcome === 'authenticated' ? JSON.stringify(verdict.claims).length : 0
  for (const event of events) {
    if ('response' in event) arrived += event.response.body.length
    if ('parameters' in event) arrived += JSON.stringify(event.parameters).length
  }
  // What arrived may be escaped once more; all the rest is settings, which are bounded.
  return known + 4 * arrived < largestTranscript / 2
}

/** Documents of a provider are the same objects at every login. */
function lengthOf(document: object | undefined): number {
  if (document === undefined) return 0
  const length = lengths.get(document) ?? JSON.stringify(document).length
  lengths.set(document, length)
  return length
}

const lengths = new WeakMap<object, number>()
