/** `drive` performs what `step` decides: the whole of the impure part of a login, in one loop; then refresh and the two kinds of logout. */
import { isMacAlgorithm, webCrypto, type Crypto, type Jwk, type SignatureAlgorithm } from './crypto.ts'
import { bounded, ensure, fail, RuleBroken, type Failure, type FailureCode } from './failures.ts'
import { requestFailures, step, type FlowEvent, type FlowState, type Identity, type Step } from './flow.ts'
import type { HttpOutcome, HttpRequest, Message } from './http.ts'
import { buildProviderMetadataRequest, parseProviderMetadata } from './messages/discovery.ts'
import { verifyJws, verifyMac } from './jws.ts'
import { parseIdTokenHeader, validateIdTokenClaims, verifyIdToken, verifyIdTokenMac } from './messages/id-token.ts'
import { buildJwksRequest, parseJwkSet, selectKey } from './messages/jwks.ts'
import { parseLogoutToken, type LogoutToken } from './messages/logout-token.ts'
import { buildLogoutRequest } from './messages/logout.ts'
import { buildRefreshRequest, parseRefreshResponse } from './messages/token.ts'
import { buildUserInfoRequest, mergeClaims, needsUserInfo, parseUserInfoResponse } from './messages/userinfo.ts'
import type { Claims } from './policy.ts'
import type { JwkSet, Known, ProviderMetadata, RelyingParty } from './relying-party.ts'

/** What the driver needs of the world. */
export interface Io {
  /** Epoch seconds. */
  now(): number
  /** Sends one request; every misfortune is an outcome, nothing is thrown for it. */
  request(request: HttpRequest): Promise<HttpOutcome>
  /** Keeps what was learnt about the provider for the next login. */
  remember?(what: { readonly provider_metadata: Known<ProviderMetadata> } | { readonly jwks: Known<JwkSet> }): void
  /** The provider has accepted the staged client secret where it refused the current one. */
  promoteStagedSecret?(): void
  crypto?: Crypto
  /** Sees every event and what was decided upon it, before it is carried out. */
  observe?(event: FlowEvent, stepped: Step): void
}

export interface Driven {
  /** A state without an outstanding request: waiting for the browser, authenticated or failed. */
  readonly state: FlowState
  /** Where to send the browser, when the state waits for it. */
  readonly redirect: string | null
}

/**
 * Takes a login from one event to the next state that needs a person: steps, sends what is asked, steps again.
 * @throws {TypeError} when the state does not accept the event
 */
export async function drive(rp: RelyingParty, state: FlowState, event: FlowEvent, io: Io): Promise<Driven> {
  let known = rp
  let next = state
  let redirect: string | null = null
  for (let pending: FlowEvent | null = event; pending !== null;) {
    const stepped = await step(known, next, pending, io.crypto ?? webCrypto)
    io.observe?.(pending, stepped)
    next = stepped.state
    pending = null
    for (const effect of stepped.effects) {
      switch (effect.type) {
        case 'redirect':
          redirect = effect.url
          break
        case 'remember': {
          const { type: _, ...what } = effect
          known = { ...known, ...what }
          io.remember?.(what)
          break
        }
        case 'promote_staged_secret':
          io.promoteStagedSecret?.()
          break
        case 'request':
          pending = await answerTo(effect.request, io)
          break
      }
    }
  }
  return { state: next, redirect }
}

const answers = {
  provider_metadata: 'provider_metadata_received',
  token: 'token_response_received',
  jwks: 'jwks_received',
  userinfo: 'userinfo_response_received',
} as const satisfies Record<Message, FlowEvent['type']>

async function answerTo(request: HttpRequest, io: Io): Promise<FlowEvent> {
  const outcome = await io.request(request)
  const at = io.now()
  if ('failure' in outcome) return { type: 'request_failed', at, reason: outcome.failure }
  return { type: answers[request.message], at, response: outcome.response }
}

/**
 * The URL that ends the provider's session too, or null when the provider has no such endpoint or cannot be asked.
 * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout | OpenID Connect RP-Initiated Logout 1.0, section 2}
 */
export async function driveLogout(
  rp: RelyingParty,
  request: {
    readonly id_token_hint?: string | undefined
    readonly post_logout_redirect_uri?: string
    readonly state?: string
  },
  io: Io,
): Promise<string | null> {
  const metadata = rp.provider_metadata?.value ?? (await metadataNow(rp, io))
  return metadata === null ? null : buildLogoutRequest(metadata, { client_id: rp.client.client_id, ...request })
}

/**
 * Whose sessions a Logout Token ends, once every rule of it holds and its signature is verified.
 * That its `jti` counts once is for the caller to claim in a store that all instances share.
 * @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation | OpenID Connect Back-Channel Logout 1.0, section 2.6}
 */
export async function driveLogoutToken(
  rp: RelyingParty,
  logout_token: string,
  io: Io,
): Promise<{ readonly token: LogoutToken } | { readonly failure: Failure }> {
  try {
    const metadata = rp.provider_metadata?.value ?? (await metadataNow(rp, io))
    if (metadata === null) return { failure: { code: 'discovery_unavailable' } }
    const { token, alg, kid, jws } = parseLogoutToken(rp, metadata, logout_token, io.now())
    if (isMacAlgorithm(alg)) {
      const { client_secret } = rp.client
      const isValid = client_secret !== undefined && (await verifyMac(jws, alg, client_secret, io.crypto ?? webCrypto))
      ensure(isValid, 'logout_token_signature_invalid')
      return { token }
    }
    const key = await signingKey(rp, metadata, alg, kid, io)
    const verdict = await verifyJws(jws, alg, key, io.crypto ?? webCrypto)
    ensure(verdict === true, 'logout_token_signature_invalid')
    return { token }
  } catch (error) {
    if (error instanceof RuleBroken) return { failure: error.failure }
    throw error
  }
}

/** What a refresh brought for the very person of the session. */
export interface Refreshed {
  readonly access_token: string
  readonly refresh_token?: string
  /** Absent when the provider renewed no ID Token. */
  readonly id_token?: string
  readonly claims?: Claims
  readonly refreshed_at: number
}

/** Why a refresh brought nothing, and whether the session it was for is over or goes on as it was. */
export interface RefreshRefused {
  readonly failure: Failure
  readonly ends_session: boolean
}

/**
 * Renews tokens; a renewed ID Token must speak of the same person, by the same provider, to the same client.
 * @param jti random, base64url: names the client assertion, where the client authenticates with one
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse | OpenID Connect Core 1.0, section 12.2}
 */
export async function driveRefresh(
  rp: RelyingParty,
  session: {
    readonly refresh_token: string
    readonly identity: Identity
    /** Of the login's ID Token, as far as they are known. */
    readonly auth_time?: unknown
    readonly nonce?: unknown
    readonly jti: string
  },
  io: Io,
): Promise<{ readonly refreshed: Refreshed } | RefreshRefused> {
  const crypto = io.crypto ?? webCrypto
  try {
    const metadata = rp.provider_metadata?.value ?? (await metadataNow(rp, io))
    if (metadata === null) return refused({ code: 'discovery_unavailable' })
    const assertion = { jti: session.jti, at: io.now() }
    const request = await buildRefreshRequest(rp, metadata, session.refresh_token, assertion, crypto)
    const outcome = await io.request(request)
    const at = io.now()
    if ('failure' in outcome) return refused({ code: requestFailures[outcome.failure], detail: { message: 'token' } })
    const { renewed, ...tokens } = await parseRefreshResponse(rp, metadata, outcome.response, at)
    if (renewed === null) {
      const claims = await userInfoNow(rp, metadata, tokens.access_token, session.identity.subject, {}, io)
      return { refreshed: { ...tokens, ...(claims !== null && { claims }), refreshed_at: at } }
    }
    const { id_token, claims } = renewed
    const { alg, kid } = parseIdTokenHeader(rp, id_token)
    await validateIdTokenClaims(rp, claims, { alg, access_token: tokens.access_token, code: null, at }, crypto)
    // "its sub Claim Value MUST be the same as in the ID Token issued when the original authentication occurred"
    ensure(claims.sub === session.identity.subject, 'id_token_sub_mismatch')
    const isOfLogin = (name: 'auth_time' | 'nonce') =>
      claims[name] === undefined || session[name] === undefined || claims[name] === session[name]
    // "if the ID Token contains an auth_time Claim, its value MUST represent the time of the original authentication"
    ensure(isOfLogin('auth_time'), 'id_token_auth_time_mismatch')
    // "it SHOULD NOT have a nonce Claim … if it is present, its value MUST be the same"
    ensure(isOfLogin('nonce'), 'id_token_nonce_mismatch')
    const verified = isMacAlgorithm(alg)
      ? await verifyIdTokenMac(id_token, claims, alg, rp.client.client_secret, crypto)
      : await verifyIdToken(id_token, claims, alg, await signingKey(rp, metadata, alg, kid, io), crypto)
    const userinfo = await userInfoNow(rp, metadata, tokens.access_token, verified.sub, verified, io)
    const whole = userinfo === null ? verified : mergeClaims(verified, userinfo)
    return { refreshed: { ...tokens, id_token, claims: whole, refreshed_at: at } }
  } catch (error) {
    if (error instanceof RuleBroken) return refused(error.failure)
    throw error
  }
}

/** A grant that was taken back, an ID Token that breaks a rule, claims of somebody else: all else may pass, and ends nothing. */
function refused(failure: Failure): RefreshRefused {
  const ending: readonly FailureCode[] = ['token_invalid_grant', 'userinfo_sub_mismatch']
  return { failure, ends_session: ending.includes(failure.code) || failure.code.startsWith('id_token_') }
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

/** The one key that can have signed: of the known ones, or of those published now when none of the known ones fits. */
async function signingKey(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  alg: SignatureAlgorithm,
  kid: string | undefined,
  io: Io,
): Promise<Jwk> {
  const { jwks, tolerances } = rp
  const age = jwks === undefined ? Infinity : io.now() - jwks.fetched_at
  const isKnown = jwks !== undefined && age < tolerances.jwks_fresh
  const known = isKnown ? selectKey(jwks.value, alg, kid) : { none: true as const }
  const mayAsk = !isKnown || age >= tolerances.jwks_cooldown
  const selected = 'none' in known && mayAsk ? selectKey(await keysNow(metadata, io), alg, kid) : known
  if ('several' in selected) return fail('id_token_key_ambiguous', { candidates: selected.several })
  return 'key' in selected ? selected.key : fail('id_token_key_not_found', { kid: bounded(kid ?? 'none', 80) })
}

async function keysNow(metadata: ProviderMetadata, io: Io): Promise<JwkSet> {
  const outcome = await io.request(buildJwksRequest(metadata))
  if ('failure' in outcome) return fail('jwks_http_error', { reason: outcome.failure })
  const jwks = { value: parseJwkSet(outcome.response), fetched_at: io.now() }
  io.remember?.({ jwks })
  return jwks.value
}

async function metadataNow(rp: RelyingParty, io: Io): Promise<ProviderMetadata | null> {
  const outcome = await io.request(buildProviderMetadataRequest(rp.issuer))
  if ('failure' in outcome) return null
  try {
    const provider_metadata = { value: parseProviderMetadata(outcome.response, rp), fetched_at: io.now() }
    io.remember?.({ provider_metadata })
    return provider_metadata.value
  } catch (error) {
    if (error instanceof RuleBroken) return null
    throw error
  }
}
