/** The provider's JWK Set: the request, its parsing, and the selection of the one key that can have signed. */
import { jsonObject } from '../bytes.ts'
import { signatureAlgorithms, type Jwk, type SignatureAlgorithm } from '../crypto.ts'
import { bounded, ensure, fail } from '../failures.ts'
import type { HttpRequest, HttpResponse } from '../http.ts'
import { isFresh, type JwkSet, type KnownKeys, type ProviderMetadata, type RelyingParty } from '../relying-party.ts'

const maximumKeys = 100

export function buildJwksRequest(metadata: ProviderMetadata): HttpRequest {
  const accept = 'application/json, application/jwk-set+json'
  return { message: 'jwks', method: 'GET', url: metadata.jwks_uri, headers: { accept } }
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc7517#section-5 | RFC 7517, section 5} */
export function parseJwkSet({ status, body }: HttpResponse): JwkSet {
  ensure(status === 200, 'jwks_http_error', { status })
  const keys = jsonObject(body)?.keys
  ensure(Array.isArray(keys), 'jwks_response_malformed')
  ensure(keys.length <= maximumKeys, 'jwks_response_malformed', { keys: keys.length })
  return { keys: keys.filter(isPublicJwk).map(known) }
}

/** "Implementations SHOULD ignore JWKs within a JWK Set that use "kty" values that are not understood by them". */
function isPublicJwk(key: unknown): key is Jwk {
  const { kty, kid, alg, use, key_ops, crv, n, e, x, y } = (key ?? {}) as Record<string, unknown>
  const texts = [kid, alg, use, crv, n, e, x, y].every((value) => value === undefined || typeof value === 'string')
  const complete = {
    RSA: n !== undefined && e !== undefined,
    EC: x !== undefined && y !== undefined,
    OKP: x !== undefined,
  }
  const operations =
    key_ops === undefined || (Array.isArray(key_ops) && key_ops.every((name) => typeof name === 'string'))
  return texts && operations && complete[kty as keyof typeof complete] === true
}

/** Private parts that a provider leaks, and whatever else stands in a key, are dropped here. */
function known({ kty, kid, alg, use, key_ops, crv, n, e, x, y }: Jwk): Jwk {
  const members = { kty, kid, alg, use, key_ops, crv, n, e, x, y }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as unknown as Jwk
}

/** The one key that was selected, or why there is none. */
export type KeySelection = { readonly key: Jwk } | { readonly none: true } | { readonly several: number }

/**
 * The one key of the set that the header's `alg` and `kid` allow.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#Signing | OpenID Connect Core 1.0, section 10.1}
 */
export function selectKey({ keys }: JwkSet, alg: SignatureAlgorithm, kid: string | undefined): KeySelection {
  const { kty, crv } = { crv: undefined, ...signatureAlgorithms[alg] }
  const candidates = keys.filter(
    (key) =>
      key.kty === kty &&
      (crv === undefined || key.crv === crv) &&
      (kid === undefined || key.kid === kid) &&
      (key.alg === undefined || key.alg === alg) &&
      (key.use === undefined || key.use === 'sig') &&
      (key.key_ops === undefined || key.key_ops.includes('verify')),
  )
  if (candidates.length > 1) return { several: candidates.length }
  return candidates[0] === undefined ? { none: true } : { key: candidates[0] }
}

/** The key that was selected, where exactly one was. */
export function keyOf(selection: KeySelection, kid: string | undefined): Jwk {
  if ('none' in selection) return fail('id_token_key_not_found', { kid: bounded(kid ?? 'none', 80) })
  if ('several' in selection) return fail('id_token_key_ambiguous', { candidates: selection.several })
  return selection.key
}

/** What a header says of the key that made the signature. */
export interface SignedWith {
  readonly alg: SignatureAlgorithm
  readonly kid?: string | undefined
}

/**
 * The known keys, where they decide: while they are fresh. Undefined where they are to be asked for, also for a key that is
 * none of them; but not again while the last time that this was in vain is within the cool-down, whoever asks.
 */
export function decidingKeys(
  { jwks, tolerances }: RelyingParty,
  { alg, kid }: SignedWith,
  at: number,
): JwkSet | undefined {
  if (!isFresh(jwks, at, tolerances.jwks_fresh)) return undefined
  const { value, missed_at = -Infinity } = jwks
  if ('none' in selectKey(value, alg, kid) && at - missed_at >= tolerances.jwks_cooldown) return undefined
  return value
}

/** Keys that were just answered, to be remembered. */
export function knownKeys(value: JwkSet, { alg, kid }: SignedWith, at: number): KnownKeys {
  return { value, fetched_at: at, ...('none' in selectKey(value, alg, kid) && { missed_at: at }) }
}
