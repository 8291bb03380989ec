/** What a check is, and the few words that all of them are written with. */
import type { FailureCode } from '../failures.ts'
import { bounded } from '../failures.ts'
import { requestFailures } from '../flow.ts'
import type { HttpResponse, RequestFailure } from '../http.ts'
import type { NearMissId } from './near-misses.ts'
import type { Story } from './story.ts'

/** The messages of a login, in the order in which they travel. */
export type Leg = 'browser' | 'discovery' | 'authorization' | 'token' | 'id_token' | 'keys' | 'userinfo' | 'policy'

/** A mistake that looks almost right, with what would be right where that can be told. */
export interface NearMiss {
  readonly id: NearMissId
  /** What to enter, register or compare, ready to be copied; null where there is nothing to copy. */
  readonly value: string | null
}

/** What a check found; null: the login did not get that far. */
export type Finding =
  | { readonly outcome: 'passed'; readonly expected?: string; readonly actual?: string }
  | {
      /** A `warned` check does not refuse the login: it says what somebody should look at all the same. */
      readonly outcome: 'failed' | 'warned'
      /** The code that refuses a login for this; null where only something worth a look was found. */
      readonly code: FailureCode | null
      readonly expected?: string
      readonly actual?: string
      readonly near_miss?: NearMiss | undefined
    }
  | {
      readonly outcome: 'skipped'
      /** Why the rule does not apply to this login, in one sentence. */
      readonly reason: string
    }
  | null

export interface Rule {
  readonly leg: Leg
  /** The rule itself, in one sentence. */
  readonly rule: string
  /** The clause that it comes from; null where the rule is ours. */
  readonly spec: string | null
  /** Every code that it can refuse a login with. */
  readonly codes: readonly FailureCode[]
  /** Every near miss that it can tell. */
  readonly near_misses?: readonly NearMissId[]
  readonly find: (story: Story) => Finding
}

interface Compared {
  readonly expected?: unknown
  readonly actual?: unknown
}

const shown = ({ expected, actual }: Compared) => ({
  ...(expected !== undefined && { expected: bounded(expected) }),
  ...(actual !== undefined && { actual: bounded(actual) }),
})

export function passed(compared: Compared = {}): Finding {
  return { outcome: 'passed', ...shown(compared) }
}

export function failed(code: FailureCode, compared: Compared = {}, near_miss?: NearMiss): Finding {
  return { outcome: 'failed', code, ...shown(compared), ...(near_miss && { near_miss }) }
}

/** A rule that is broken, but refuses nobody this time. */
export function warned(code: FailureCode, compared: Compared = {}): Finding {
  return { outcome: 'warned', code, ...shown(compared) }
}

/** No rule is broken, but somebody should look at this. */
export function noticed(near_miss: NearMiss, compared: Compared = {}): Finding {
  return { outcome: 'warned', code: null, ...shown(compared), near_miss }
}

/** The rule says nothing about this login. */
export function doesNotApply(reason: string): Finding {
  return { outcome: 'skipped', reason }
}

/** A request that got no usable answer: whose, and what came instead. */
export function noAnswer(url: string | undefined, failure: RequestFailure): { expected: string; actual: string } {
  return { expected: `an answer of ${hostOf(url) ?? 'the provider'}`, actual: inPlaceOfAnswer[failure] }
}

/** An endpoint of the provider's document that gave no usable answer: the issuer was right, for it has answered. */
export function endpointUnanswered(
  member: 'token_endpoint' | 'jwks_uri' | 'userinfo_endpoint',
  { metadata }: Story,
  failure: RequestFailure,
): Finding {
  const { expected, actual } = noAnswer(metadata?.[member], failure)
  const compared = { expected: `${expected} (${member})`, actual }
  return failed(requestFailures[failure], compared, endpointNearMiss(failure))
}

export function endpointNearMiss(failure: RequestFailure): NearMiss | undefined {
  return failure === 'blocked' ? nearMiss('endpoint_not_called') : undefined
}

const inPlaceOfAnswer: Readonly<Record<RequestFailure, string>> = {
  timed_out: 'none in time',
  unreachable: 'no connection',
  cut_off: 'a connection that broke off',
  tls_failed: 'a certificate that cannot be verified',
  no_tls: 'no TLS that this server accepts',
  blocked: 'nothing: this server does not call that address',
  too_large: 'more than is read',
}

/** A request that no error is declared for: its answer has status 200, and is not somewhere else. */
export function answeredWithSuccess({ status, headers }: HttpResponse, code: FailureCode): Finding {
  if (status === 200) return passed()
  if (status >= 300 && status < 400)
    return failed(
      code,
      { expected: 200, actual: `${status} to ${headers.location ?? 'nowhere'}` },
      nearMiss('answer_redirected'),
    )
  const challenge = headers['www-authenticate']
  return failed(code, { expected: 200, actual: challenge === undefined ? status : `${status} ${challenge}` })
}

/** Passed, or failed with this code. */
export function holds(rule: boolean, code: FailureCode, compared: Compared = {}, near_miss?: NearMiss): Finding {
  return rule ? passed(compared) : failed(code, compared, near_miss)
}

export function nearMiss(id: NearMissId, value: string | null = null): NearMiss {
  return { id, value }
}

/** What stands where a member of another kind is expected: never its text, which may be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === '') return 'an empty text'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return { string: 'a text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'an object'
}

/** A body that is no JSON object: no more is on record of it. */
export const noObject = { expected: 'a JSON object', actual: 'a body that is none' }

/** How Okta refuses, at either endpoint, a person in more groups than it puts into an ID Token. */
export function tooManyGroups(description: string | undefined): NearMiss | undefined {
  return /matched too many groups/i.test(description ?? '') ? nearMiss('groups_too_many') : undefined
}

/**
 * A redirect URI that the provider does not know. Over plain http none is registered, save for a machine of one's own.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest | OpenID Connect Core 1.0, section 3.1.2.1}
 */
export function unknownRedirectUri(
  id: 'redirect_uri_not_registered' | 'never_came_back',
  redirect_uri: string,
): NearMiss {
  const url = URL.parse(redirect_uri)
  const isOfNobodyElse = url !== null && /^(localhost|.+\.localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname)
  return nearMiss(url?.protocol === 'http:' && !isOfNobodyElse ? 'redirect_uri_over_http' : id, redirect_uri)
}

/** The host of a URL; null when it is none. */
export function hostOf(url: string | undefined): string | null {
  return url === undefined ? null : (URL.parse(url)?.host ?? null)
}

/** Names of sections, as the tables write them. */
export const core = (section: string) => `OpenID Connect Core 1.0, section ${section}`
export const discoverySpec = (section: string) => `OpenID Connect Discovery 1.0, section ${section}`
export const oauth = (section: string) => `RFC 6749, section ${section}`

/** Codes of a request that got no usable answer. */
export const unanswered = [
  'request_timed_out',
  'request_failed',
  'request_cut_off',
  'request_tls_failed',
  'request_no_tls',
  'request_blocked',
  'response_too_large',
] as const satisfies readonly FailureCode[]
