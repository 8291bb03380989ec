/** What is known of a provider outside a login: asked for anew when it is too old, by the rules of a login. */
import type { Jwk } from './crypto.ts'
import { fail } from './failures.ts'
import { requestFailures } from './flow.ts'
import type { HttpOutcome, HttpRequest } from './http.ts'
import { buildProviderMetadataRequest, isDown, parseProviderMetadata } from './messages/discovery.ts'
import {
  buildJwksRequest,
  decidingKeys,
  keyOf,
  knownKeys,
  parseJwkSet,
  selectKey,
  type SignedWith,
} from './messages/jwks.ts'
import {
  isFresh,
  type JwkSet,
  type Known,
  type KnownKeys,
  type ProviderMetadata,
  type RelyingParty,
} from './relying-party.ts'

/** How a provider is asked. */
export interface ProviderIo {
  /** Epoch seconds. */
  now(): number
  /** Sends one request; every misfortune is an outcome, nothing is thrown for it. */
  request(request: HttpRequest): Promise<HttpOutcome>
  /** Keeps what was learnt about the provider for the next login. */
  remember?(what: { readonly provider_metadata: Known<ProviderMetadata> } | { readonly jwks: KnownKeys }): void
}

/**
 * The metadata of the provider: those that are known while they are fresh, else those that it publishes; while it is down,
 * the known ones a little longer.
 * @throws {RuleBroken} with what is wrong with the answer, or why none came
 */
export async function metadataNow(rp: RelyingParty, io: ProviderIo): Promise<ProviderMetadata> {
  const { provider_metadata, tolerances } = rp
  const known = (seconds: number) =>
    isFresh(provider_metadata, io.now(), seconds) ? provider_metadata.value : undefined
  const fresh = known(tolerances.metadata_fresh)
  if (fresh !== undefined) return fresh
  const outcome = await io.request(buildProviderMetadataRequest(rp.issuer))
  if ('response' in outcome && !isDown(outcome.response)) {
    const value = parseProviderMetadata(outcome.response, rp)
    io.remember?.({ provider_metadata: { value, fetched_at: io.now() } })
    return value
  }
  const stale = known(tolerances.metadata_stale)
  if (stale !== undefined) return stale
  if ('failure' in outcome) return fail(requestFailures[outcome.failure], { message: 'provider_metadata' })
  return fail('discovery_unavailable', { status: outcome.response.status })
}

/** The one key that can have signed: of the known ones, or of those published now when none of the known ones fits. */
export async function signingKey(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  signed: SignedWith,
  io: ProviderIo,
): Promise<Jwk> {
  const jwks = decidingKeys(rp, signed, io.now()) ?? (await keysNow(metadata, signed, io))
  return keyOf(selectKey(jwks, signed.alg, signed.kid), signed.kid)
}

async function keysNow(metadata: ProviderMetadata, signed: SignedWith, io: ProviderIo): Promise<JwkSet> {
  const outcome = await io.request(buildJwksRequest(metadata))
  if ('failure' in outcome) return fail(requestFailures[outcome.failure], { message: 'jwks' })
  const jwks = knownKeys(parseJwkSet(outcome.response), signed, io.now())
  io.remember?.({ jwks })
  return jwks.value
}
