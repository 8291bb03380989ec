/** The Logout Token that a provider posts when somebody's session ends there. */
import { isMacAlgorithm, isSignatureAlgorithm, type IdTokenAlgorithm } from '../crypto.ts'
import { survivesJson } from '../bytes.ts'
import { bounded, ensure, fail } from '../failures.ts'
import { parseJws, type ParsedJws } from '../jws.ts'
import type { ProviderMetadata, RelyingParty } from '../relying-party.ts'

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
const maximumLength = 16_384
/** Logout tokens are sent at once; one that is older has been lying around. */
const maximumAge = 600

/** Whose sessions end: those of `sid`, or all of `sub`. `jti` makes it count once. */
export interface LogoutToken {
  readonly iss: string
  readonly jti: string
  readonly iat: number
  readonly exp: number
  /** Until when it could be presented again, in epoch seconds: its `jti` is remembered for as long. */
  readonly usable_until: number
  readonly sub: string | null
  readonly sid: string | null
}

/** A Logout Token whose rules hold; the signature is to be verified with the key that `alg` and `kid` name. */
export interface UnverifiedLogoutToken {
  readonly token: LogoutToken
  readonly alg: IdTokenAlgorithm
  readonly kid: string | undefined
  readonly jws: ParsedJws
}

/**
 * Every rule of a Logout Token but the signature.
 * @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation | OpenID Connect Back-Channel Logout 1.0, section 2.6}
 */
export function parseLogoutToken(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  logout_token: string,
  at: number,
): UnverifiedLogoutToken {
  const invalid = (rule: boolean, reason: string) => ensure(rule, 'logout_token_invalid', { reason })
  invalid(logout_token.length <= maximumLength, `longer than ${maximumLength} characters`)
  const jws = parseJws(logout_token)
  if ('malformed' in jws) return fail('logout_token_invalid', { reason: jws.malformed })
  const { header, payload } = jws
  // 2. "validate the Logout Token signature in the same way that an ID Token signature is validated": the same algorithms.
  const { alg, kid, crit, typ } = header
  const registered = rp.client.id_token_signed_response_alg
  const announced = metadata.id_token_signing_alg_values_supported ?? ['RS256']
  const isAllowed =
    registered === undefined
      ? isSignatureAlgorithm(alg) && announced.includes(alg)
      : alg === registered && (isSignatureAlgorithm(alg) || isMacAlgorithm(alg))
  ensure(isAllowed, 'logout_token_invalid', { reason: 'alg is not allowed', received: bounded(alg, 40) })
  invalid(crit === undefined && (kid === undefined || typeof kid === 'string'), 'the header cannot be used')
  invalid(
    typ === undefined || (typeof typ === 'string' && /^(application\/)?(logout\+)?jwt$/i.test(typ)),
    'typ is another one',
  )

  invalid(survivesJson(payload), 'a number is out of range or the nesting too deep')
  const { iss, aud, azp, iat, exp, jti, sub, sid, events, nonce } = payload
  const { clock } = rp.tolerances
  invalid(iss === metadata.issuer, 'iss is another issuer')
  invalid((Array.isArray(aud) ? aud : [aud]).includes(rp.client.client_id), 'aud is another client')
  // As for an ID Token: further audiences only when this client is the authorized party.
  const isAlone = !Array.isArray(aud) || aud.length === 1
  invalid((isAlone && azp === undefined) || azp === rp.client.client_id, 'aud names others as well')
  invalid(typeof iat === 'number' && iat <= at + clock && iat >= at - maximumAge - clock, 'iat is missing or far away')
  invalid(typeof exp === 'number' && exp > at - clock, 'exp is missing or past')
  invalid(typeof jti === 'string' && jti !== '' && jti.length <= 512, 'jti is missing')
  // 5. "Verify that the Logout Token contains a sub Claim, a sid Claim, or both."
  const isName = (value: unknown) =>
    value === undefined || (typeof value === 'string' && value !== '' && value.length <= 512)
  invalid(isName(sub) && isName(sid) && (sub !== undefined || sid !== undefined), 'neither sub nor sid')
  // 6. "an events Claim whose value is a JSON object containing the member name …/backchannel-logout", itself an object.
  const event: unknown =
    typeof events === 'object' && events !== null ? (events as Record<string, unknown>)[logoutEvent] : undefined
  invalid(typeof event === 'object' && event !== null && !Array.isArray(event), 'events does not say logout')
  // 7. "Verify that the Logout Token does not contain a nonce Claim": it would be an ID Token.
  invalid(nonce === undefined, 'nonce is present')

  const usable_until = Math.min(exp as number, (iat as number) + maximumAge) + clock
  const token = { iss: iss as string, jti: jti as string, iat: iat as number, exp: exp as number, usable_until }
  const about = { sub: (sub as string | undefined) ?? null, sid: (sid as string | undefined) ?? null }
  return { token: { ...token, ...about }, alg: alg as IdTokenAlgorithm, kid: kid as string | undefined, jws }
}

/**
 * What is kept of a verified Logout Token: the issuer, and whom it speaks of. A session is ended by any of the marks that
 * stand against it, also when its login finishes only after the Logout Token came.
 */
export type LogoutMark = readonly [issuer: string, by: 'sid' | 'sub' | 'sub_without_sid', value: string]

/**
 * The marks that a Logout Token leaves behind.
 * @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions | OpenID Connect Back-Channel Logout 1.0, section 2.7}
 */
export function logoutMarks({ iss, sub, sid }: Pick<LogoutToken, 'iss' | 'sub' | 'sid'>): readonly LogoutMark[] {
  const marks: LogoutMark[] = []
  if (sid !== null) marks.push([iss, 'sid', sid])
  // With a `sid` it is about one session of the person: only sessions that know no `sid` are meant by `sub`.
  if (sub !== null) marks.push([iss, sid === null ? 'sub' : 'sub_without_sid', sub])
  return marks
}

/** Who somebody is at the provider, as the ID Token of their login said it. */
export interface ProviderSession {
  readonly issuer: string
  readonly subject: string
  readonly sid: string | null
  /** The ID Token's `iat`, by the provider's clock. */
  readonly issued_at: number
  /** When its login was started, by our clock. */
  readonly started_at: number
}

/** What a Logout Token left at its marks: its `iat`, and when it came, by our clock. */
export interface LoggedOut {
  readonly iat: number
  readonly received_at: number
}

/** The marks that would end this session. */
export function marksAgainst({
  issuer,
  subject,
  sid,
}: Pick<ProviderSession, 'issuer' | 'subject' | 'sid'>): readonly LogoutMark[] {
  return [[issuer, 'sub', subject], sid === null ? [issuer, 'sub_without_sid', subject] : [issuer, 'sid', sid]]
}

/**
 * Whether the session had begun when the provider ended it: one that began later is another one. The provider counts in
 * whole seconds; within the same one, whoever was sent to it after its Logout Token had come began later.
 */
export function isEnded(
  { issued_at, started_at }: Pick<ProviderSession, 'issued_at' | 'started_at'>,
  { iat, received_at }: LoggedOut,
): boolean {
  return issued_at < iat || (issued_at === iat && started_at <= received_at)
}
