/** `drive` performs what `step` decides: the whole of the impure part of a login, in one loop; then the two kinds of logout. */
import { isMacAlgorithm, webCrypto, type Crypto } from './crypto.ts'
import { ensure, fail, RuleBroken, type Failure } from './failures.ts'
import { step, type FlowEvent, type FlowState, type Step } from './flow.ts'
import type { HttpRequest, Message } from './http.ts'
import { verifyJws, verifyMac } from './jws.ts'
import { metadataNow, signingKey, type ProviderIo } from './known-provider.ts'
import { parseLogoutToken, type LogoutToken, type UnverifiedLogoutToken } from './messages/logout-token.ts'
import { buildLogoutRequest } from './messages/logout.ts'
import type { ProviderMetadata, RelyingParty } from './relying-party.ts'

/** What the driver needs of the world. */
export interface Io extends ProviderIo {
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
  try {
    return buildLogoutRequest(await metadataNow(rp, io), { client_id: rp.client.client_id, ...request })
  } catch (error) {
    if (error instanceof RuleBroken) return null
    throw error
  }
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
    const metadata = await metadataNow(rp, io)
    const unverified = parseLogoutToken(rp, metadata, logout_token, io.now())
    ensure(await isSigned(rp, metadata, unverified, io), 'logout_token_signature_invalid')
    return { token: unverified.token }
  } catch (error) {
    if (error instanceof RuleBroken) return { failure: error.failure }
    throw error
  }
}

async function isSigned(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  { alg, kid, jws }: UnverifiedLogoutToken,
  io: Io,
): Promise<boolean> {
  const crypto = io.crypto ?? webCrypto
  if (isMacAlgorithm(alg)) {
    const { client_secret, staged_client_secret } = rp.client
    const isMadeWith = async (secret?: string) => secret !== undefined && verifyMac(jws, alg, secret, crypto)
    // The provider may have gone over to the second secret before anybody has signed in with it.
    return (await isMadeWith(client_secret)) || isMadeWith(staged_client_secret)
  }
  const key = await signingKey(rp, metadata, { alg, kid }, io).catch(noKey)
  return (await verifyJws(jws, alg, key, crypto)) === true
}

/** What is said of the keys of an ID Token, said of this token: without one key there is no signature to be verified. */
function noKey(error: unknown): never {
  if (error instanceof RuleBroken && error.failure.code.startsWith('id_token_key_'))
    fail('logout_token_signature_invalid', { reason: error.failure.code })
  throw error
}
