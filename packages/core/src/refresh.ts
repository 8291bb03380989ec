/** Refreshing: what the provider says today of a person who is signed in, and whether the session goes on. */
import { isMacAlgorithm, webCrypto, type Crypto } from './crypto.ts'
import type { Io } from './driver.ts'
import { ensure, fail, RuleBroken, type Failure, type FailureCode } from './failures.ts'
import { requestFailures, type Identity } from './flow.ts'
import { metadataNow, signingKey } from './known-provider.ts'
import { parseIdTokenHeader, validateIdTokenClaims, verifyIdToken, verifyIdTokenMac } from './messages/id-token.ts'
import {
  buildRefreshRequest,
  clientSecret,
  mayTryStagedSecret,
  parseRefreshResponse,
  type SecretInUse,
} from './messages/token.ts'
import { buildUserInfoRequest, claimsToday, needsUserInfo, parseUserInfoResponse } from './messages/userinfo.ts'
import { evaluatePolicy, type Access, type Claims } from './policy.ts'
import type { ProviderMetadata, RelyingParty } from './relying-party.ts'

/** The session that is to go on. */
export interface RefreshedSession {
  readonly refresh_token: string
  readonly identity: Identity
  /** What is known of the person: whatever nobody speaks of today stays as it is. */
  readonly claims: Claims
  /** Of the login's ID Token, as far as it is known. */
  readonly nonce?: unknown
  /** Random, base64url: names the client assertion, where the client authenticates with one. */
  readonly jti: string
}

/** What a refresh brought for the very person of the session. */
export interface Refreshed {
  readonly access_token: string
  readonly refresh_token?: string
  /** Absent when the provider renewed no ID Token. */
  readonly id_token?: string
  readonly claims: Claims
  readonly access: Access
  readonly refreshed_at: number
}

/** Why a refresh brought nothing, and whether the session it was for is over or goes on as it was. */
export interface RefreshRefused {
  readonly failure: Failure
  readonly ends_session: boolean
  /** Of a session that goes on: the provider has issued another one, and may take the old one no more. */
  readonly refresh_token?: string
}

/**
 * Renews tokens; a renewed ID Token must speak of the same person, by the same provider, to the same client, and the
 * policy must let that person in as the provider describes them today.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse | OpenID Connect Core 1.0, section 12.2}
 */
export async function driveRefresh(
  rp: RelyingParty,
  session: RefreshedSession,
  io: Io,
): Promise<{ readonly refreshed: Refreshed } | RefreshRefused> {
  let issued: string | undefined
  try {
    const metadata = await metadataNow(rp, io)
    const { renewed, secret, ...tokens } = await askForTokens(rp, metadata, session, io)
    issued = tokens.refresh_token
    const verified = renewed && (await verifyRenewed(rp, metadata, session, { ...renewed, ...tokens, secret }, io))
    const { subject } = session.identity
    const userinfo = await userInfoNow(rp, metadata, tokens.access_token, subject, verified ?? {}, io)
    const claims = claimsToday(rp, session.claims, verified, userinfo)
    const { access, refusal } = evaluatePolicy(rp.policy, claims)
    if (refusal !== null) return { failure: refusal, ends_session: true }
    const id_token = renewed === null ? {} : { id_token: renewed.id_token }
    return { refreshed: { ...tokens, ...id_token, claims, access, refreshed_at: io.now() } }
  } catch (error) {
    if (error instanceof RuleBroken) return refused(error.failure, issued)
    throw error
  }
}

/** What is said of a grant that was taken back, or of somebody else, ends the session: all else may pass. */
function refused(failure: Failure, issued?: string): RefreshRefused {
  const { code } = failure
  const ending: readonly FailureCode[] = ['token_invalid_grant', 'userinfo_sub_mismatch']
  // A key that is missing may only be one that we have not read yet.
  const ends_session = ending.includes(code) || (code.startsWith('id_token_') && !code.startsWith('id_token_key_'))
  return { failure, ends_session, ...(!ends_session && issued !== undefined && { refresh_token: issued }) }
}

/** With the current secret; with the staged one as well where the provider takes the current one no more. */
async function askForTokens(rp: RelyingParty, metadata: ProviderMetadata, session: RefreshedSession, io: Io) {
  const ask = async (secret: SecretInUse) => {
    const request = await buildRefreshRequest(rp, metadata, session, secret, io.now(), io.crypto ?? webCrypto)
    const outcome = await io.request(request)
    if ('failure' in outcome) return fail(requestFailures[outcome.failure], { message: 'token' })
    return { ...(await parseRefreshResponse(rp, metadata, outcome.response, io.now())), secret }
  }
  try {
    return await ask('current')
  } catch (error) {
    if (error instanceof RuleBroken && mayTryStagedSecret(rp, error.failure)) return ask('staged')
    throw error
  }
}

async function verifyRenewed(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  session: RefreshedSession,
  token: {
    readonly id_token: string
    readonly claims: Claims
    readonly access_token: string
    readonly secret: SecretInUse
  },
  io: Io,
): Promise<Claims> {
  const crypto: Crypto = io.crypto ?? webCrypto
  const { id_token, claims, access_token, secret } = token
  const { alg, kid } = parseIdTokenHeader(rp, id_token)
  await validateIdTokenClaims(rp, claims, { alg, access_token, code: null, at: io.now() }, crypto)
  // "its sub Claim Value MUST be the same as in the ID Token issued when the original authentication occurred"
  ensure(claims.sub === session.identity.subject, 'id_token_sub_mismatch')
  const isSame = (now: unknown, then: unknown) => now === undefined || then === undefined || now === then
  // "if the ID Token contains an auth_time Claim, its value MUST represent the time of the original authentication"
  ensure(isSame(claims.auth_time, session.claims.auth_time), 'id_token_auth_time_mismatch')
  // "it SHOULD NOT have a nonce Claim … if it is present, its value MUST be the same"
  ensure(isSame(claims.nonce, session.nonce), 'id_token_nonce_mismatch')
  return isMacAlgorithm(alg)
    ? verifyIdTokenMac(id_token, claims, alg, clientSecret(rp, secret), crypto)
    : verifyIdToken(id_token, claims, alg, await signingKey(rp, metadata, { alg, kid }, io), crypto)
}

/** What UserInfo adds to these claims, or null when they say all that is asked for. */
async function userInfoNow(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  access_token: string,
  subject: string,
  claims: Claims,
  io: Io,
): Promise<Claims | null> {
  if (!needsUserInfo(rp, metadata, claims)) return null
  const outcome = await io.request(await buildUserInfoRequest(rp, metadata, access_token))
  if ('failure' in outcome) return fail(requestFailures[outcome.failure], { message: 'userinfo' })
  return parseUserInfoResponse(rp, metadata, outcome.response, subject)
}
