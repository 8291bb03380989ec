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
import type { Paged } from './paging.ts'
import { createRecordIds, isRecordId } from './record-id.ts'
import { createRelyingParties, factsOf, type StoredTranscript } from './relying-parties.ts'

export const outcomes = ['failed', 'succeeded'] as const
export const purposes = ['login', 'test'] as const satisfies readonly Purpose[]

/** Its transcript, and what it is found by. */
export interface Attempt {
  readonly attempt_id: string
  readonly organization_id: string
  /** null when the response belonged to no flow of the browser. */
  readonly purpose: Purpose | null
  readonly outcome: (typeof outcomes)[number]
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

/** An attempt without its transcript: of a release before there were any, or one whose relying party is lost. */
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

/** An attempt as it is stored. */
type StoredAttempt = Omit<Attempt, 'transcript'> & { readonly transcript: StoredTranscript }
type AnyStoredAttempt = StoredAttempt | EarlierAttempt

const day = 86_400
/** Failures and tests are asked about weeks later; an organization does not have many of them. */
const retention = 30 * day
/** Of logins that worked there are as many as members: they are kept for “what if” over the last days. */
const retentionOfLogins = 7 * day
/** Failures that anybody on the internet can cause again and again: kept and logged per connection and minute, at most. */
const maximumUnclaimedPerMinute = 30
/** Characters of JSON: ten times an ordinary transcript. A provider decides how long its answers are. */
const largestTranscript = 131_072

/** Rows that one page reads at most in search of what it is asked for: of a rare kind it shows less, and says that there is more. */
const largestSearch = 2000

/** Which attempts are asked for; what is left out is not asked. */
export interface AttemptFilter {
  readonly outcome?: Attempt['outcome'] | undefined
  readonly purpose?: Purpose | undefined
}

/** Whose attempt it is. */
type Owner = Pick<Connection, 'connection_id'>

export type Attempts = ReturnType<typeof createAttempts>

export function createAttempts(context: Pick<Context, 'store' | 'now' | 'random' | 'log' | 'count'>) {
  const { store, now } = context
  const newId = createRecordIds(context)
  const relyingParties = createRelyingParties(context, retention)
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
   * Records how a flow ended; returns the id that people quote, null when it is only counted.
   * @param claimed whether a one-time right was used up for it: whatever ends without one could fill the store and the log
   */
  async function record(transcript: Transcript, how: { claimed: true; count?: number }): Promise<string>
  async function record(transcript: Transcript, how: { claimed: boolean }): Promise<string | null>
  async function record(transcript: Transcript, { claimed, count = 1 }: { claimed: boolean; count?: number }) {
    const attempt = attemptOf(newId(), transcript, now(), count)
    const { attempt_id, organization_id, purpose, outcome, code, revision, at } = attempt
    context.count(purpose === 'test' ? 'tests' : 'logins', { outcome, code: code ?? 'none' }, count)
    const { connection_id } = transcript.relying_party
    if (!claimed && !mayRecordUnclaimed(connection_id)) return null
    const facts = { organization_id, attempt_id, purpose, revision }
    const { verdict } = transcript
    if (verdict.outcome === 'failed')
      context.log.warn({ ...facts, code, facts: verdict.failure.detail }, 'attempt failed')
    else context.log.info(facts, 'attempt succeeded')
    const key = prefixOf({ connection_id }, outcome) + attempt_id
    const isLogin = outcome === 'succeeded' && purpose === 'login'
    const expires_at = at + (isLogin ? retentionOfLogins : retention)
    const stored = { ...attempt, transcript: await relyingParties.detach(attempt.transcript) }
    await store.putIfAbsent('attempts', key, stored as unknown as Json, expires_at)
    return attempt_id
  }

  /** Those of one prefix, newest first, and the id down to which it was searched: null when that was all of it. */
  async function search(prefix: string, count: number, filter: AttemptFilter, before: string | undefined) {
    const found: AnyStoredAttempt[] = []
    const { outcome = null, purpose = null } = filter
    const limit = purpose === null ? Math.min(count, 200) : 200
    let after = before === undefined ? undefined : prefix + before
    for (let read = 0; found.length < count && read < largestSearch; read += limit) {
      const range = { prefix, limit, newest_first: true, ...(after !== undefined && { after }) }
      const rows = await store.list('attempts', range)
      const attempts = rows.map(({ value }) => value as unknown as AnyStoredAttempt)
      const isWanted = (attempt: AnyStoredAttempt) =>
        (outcome ?? attempt.outcome) === attempt.outcome && (purpose ?? attempt.purpose) === attempt.purpose
      found.push(...attempts.filter(isWanted))
      if (rows.length < limit) return { found, searched_to: null }
      after = rows.at(-1)!.key
    }
    return { found, searched_to: after!.slice(prefix.length) }
  }

  /** The attempts with the relying parties that their transcripts name. */
  async function whole({ connection_id }: Owner, attempts: readonly AnyStoredAttempt[]): Promise<AnyAttempt[]> {
    const transcripts = attempts.flatMap(({ transcript }) => transcript ?? [])
    const attach = await relyingParties.attaching(connection_id, transcripts)
    return attempts.map((attempt) => {
      if (attempt.transcript === undefined) return attempt
      const transcript = attach(attempt.transcript)
      return transcript === undefined ? withoutTranscript(attempt) : { ...attempt, transcript }
    })
  }

  return {
    record,
    async get(owner: Owner, attempt_id: string): Promise<AnyAttempt | undefined> {
      if (!isRecordId(attempt_id)) return undefined
      const prefixes = [prefixOf(owner, 'failed'), prefixOf(owner, 'succeeded'), earlierPrefix(owner)]
      const found = await Promise.all(prefixes.map((prefix) => store.get('attempts', prefix + attempt_id)))
      const attempts = found.flatMap((stored) =>
        stored === undefined ? [] : [stored.value as unknown as AnyStoredAttempt],
      )
      return (await whole(owner, attempts))[0]
    },
    /** Newest first. */
    async list(owner: Owner, limit: number, filter: AttemptFilter = {}, before?: string): Promise<Paged<AnyAttempt>> {
      const { outcome } = filter
      const prefixes = [
        ...(outcome === undefined ? outcomes : [outcome]).map((one) => prefixOf(owner, one)),
        earlierPrefix(owner),
      ]
      const searches = await Promise.all(prefixes.map((prefix) => search(prefix, limit + 1, filter, before)))
      // Older than where one search ended, there may be more of its own: that is for the next page.
      const ends = searches.flatMap(({ searched_to }) => searched_to ?? []).sort()
      const end = ends.at(-1) ?? null
      const found = searches
        .flatMap(({ found }) => found)
        .filter(({ attempt_id }) => end === null || attempt_id >= end)
        .sort((a, b) => (a.attempt_id < b.attempt_id ? 1 : -1))
      const entries = await whole(owner, found.slice(0, limit))
      return { entries, older: found.length > limit ? entries.at(-1)!.attempt_id : end }
    },
  }
}

/** What can be told of an attempt whose relying party is lost: how it ended. */
function withoutTranscript({ transcript: { verdict }, ...attempt }: StoredAttempt): EarlierAttempt {
  const { claims, access, refusal } = verdict.outcome === 'authenticated' ? verdict : noPerson
  return { ...attempt, failure: verdict.outcome === 'failed' ? verdict.failure : null, claims, access, refusal }
}

const noPerson = { claims: null, access: null, refusal: null }

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
function isOrdinary({ relying_party, events }: Transcript): boolean {
  let arrived = 0
  for (const event of events) {
    if ('response' in event) arrived += event.response.body.length
    if (event.type === 'authorization_response_received') {
      for (const [name, value] of event.parameters) arrived += name.length + value.length
    }
  }
  // A character takes six at most, as it came and once more as a claim; all the rest is settings, which are bounded.
  return factsOf(relying_party).length + 12 * arrived < largestTranscript / 2
}
