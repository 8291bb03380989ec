/** `drive` performs what `step` decides: the whole of the impure part of a login, in one loop; and the two kinds of logout. */
import { webCrypto, type Crypto } from './crypto.ts'
import { ensure, fail, RuleBroken, type Failure } from './failures.ts'
import { step, type FlowEvent, type FlowState } from './flow.ts'
import type { HttpOutcome, HttpRequest, Message } from './http.ts'
import { buildProviderMetadataRequest, parseProviderMetadata } from './messages/discovery.ts'
import { verifyJws } from './jws.ts'
import { buildJwksRequest, parseJwkSet, selectKey } from './messages/jwks.ts'
import { parseLogoutToken, type LogoutToken } from './messages/logout-token.ts'
import { buildLogoutRequest } from './messages/logout.ts'
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
  /** Sees every event before it is handled. */
  observe?(event: FlowEvent): void
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
    io.observe?.(pending)
    const stepped = await step(known, next, pending, io.crypto ?? webCrypto)
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
  request: { readonly id_token_hint?: string; readonly post_logout_redirect_uri?: string; readonly state?: string },
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
    const { jwks, tolerances } = rp
    const age = jwks === undefined ? Infinity : io.now() - jwks.fetched_at
    const isKnown = jwks !== undefined && age < tolerances.jwks_fresh
    const known = isKnown ? selectKey(jwks.value, alg, kid) : { none: true as const }
    const mayAsk = !isKnown || age >= tolerances.jwks_cooldown
    const selected = 'none' in known && mayAsk ? selectKey(await keysNow(metadata, io), alg, kid) : known
    ensure('key' in selected, 'logout_token_signature_invalid', { reason: 'no single key fits' })
    const verdict = await verifyJws(jws, alg, selected.key, io.crypto ?? webCrypto)
    ensure(verdict === true, 'logout_token_signature_invalid')
    return { token }
  } catch (error) {
    if (error instanceof RuleBroken) return { failure: error.failure }
    throw error
  }
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
    const provider_metadata = { value: parseProviderMetadata(outcome.response, rp.issuer), fetched_at: io.now() }
    io.remember?.({ provider_metadata })
    return provider_metadata.value
  } catch (error) {
    if (error instanceof RuleBroken) return null
    throw error
  }
}
