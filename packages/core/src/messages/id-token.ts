/**
 * The ID Token: the rules that the judge leaves to its caller, and the signature, which is always verified, also when
 * the token came over TLS from the token endpoint.
 */
import { base64url, fromBase64url, fromUtf8, jsonObject, survivesJson, utf8 } from '../bytes.ts'
import {
  hashOf,
  isMacAlgorithm,
  isSignatureAlgorithm,
  type Crypto,
  type IdTokenAlgorithm,
  type Jwk,
  type SignatureAlgorithm,
} from '../crypto.ts'
import { bounded, ensure, fail } from '../failures.ts'
import { verifyJws, verifyMac, type ParsedJws } from '../jws.ts'
import type { Claims } from '../policy.ts'
import type { RelyingParty } from '../relying-party.ts'

declare const verified: unique symbol

/** Claims whose every rule was validated and whose signature was verified. Only {@link verifyIdToken} makes them. */
export type IdTokenClaims = Claims & { readonly iss: string; readonly sub: string } & { readonly [verified]: true }

export interface JoseHeader<Alg extends IdTokenAlgorithm = IdTokenAlgorithm> {
  readonly alg: Alg
  readonly kid?: string
}

/** The header of an ID Token whose algorithm the judge has allowed. @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-4 | RFC 7515, section 4} */
export function parseIdTokenHeader(rp: RelyingParty, id_token: string): JoseHeader {
  const [first, second] = id_token.split('.')
  const header = jsonObject(textOf(first!, 'header'))
  ensure(header !== undefined, 'id_token_malformed', { reason: 'the header is not a JSON object' })
  // The judge has read a JSON object in it, but leniently: white space, a byte order mark, bytes that are not UTF-8.
  // Signed text has one reading, and in text that is strictly UTF-8 it is the judge's: nothing needs to be parsed again.
  const isStrict = !textOf(second!, 'payload').startsWith('\ufeff')
  ensure(isStrict, 'id_token_malformed', { reason: 'the payload begins with a byte order mark' })
  const { alg, kid } = header
  // A symmetric algorithm counts only where the connection names it: never because a header or a document does.
  const isAllowed = isSignatureAlgorithm(alg) || (isMacAlgorithm(alg) && alg === rp.client.id_token_signed_response_alg)
  ensure(isAllowed, 'id_token_alg_not_allowed', { received: bounded(alg, 40) })
  ensure(kid === undefined || typeof kid === 'string', 'id_token_malformed', { reason: 'kid is not a string' })
  return { alg, ...(kid !== undefined && { kid }) }
}

/**
 * The rules of an ID Token that the judge leaves to the client.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation | OpenID Connect Core 1.0, section 3.1.3.7}
 */
export async function validateIdTokenClaims(
  rp: RelyingParty,
  claims: Claims,
  context: {
    readonly alg: IdTokenAlgorithm
    readonly access_token: string
    /** null for a refresh, which has no code. */
    readonly code: string | null
    readonly at: number
  },
  crypto: Crypto,
): Promise<void> {
  const { client, tolerances } = rp
  const { sub, azp, iat, acr, at_hash, c_hash } = claims

  ensure(survivesJson(claims), 'id_token_malformed', { reason: 'a number is out of range or the nesting too deep' })
  // Section 2: "It MUST NOT exceed 255 ASCII characters in length."
  ensure(typeof sub === 'string' && /^[\x00-\x7f]{1,255}$/.test(sub), 'id_token_claim_invalid', { claim: 'sub' })
  // 5. "the Client SHOULD verify that its client_id is the Claim Value" of azp: also when the audience is single.
  ensure(azp === undefined || azp === client.client_id, 'id_token_azp_mismatch', {
    expected: client.client_id,
    received: bounded(azp),
  })
  // 10. "The iat Claim can be used to reject tokens that were issued too far away from the current time".
  const age = context.at - (iat as number)
  ensure(age >= -tolerances.clock && age <= tolerances.id_token_age + tolerances.clock, 'id_token_iat_unreasonable', {
    age_seconds: Math.round(age),
  })
  // 12. "If the acr Claim was requested, the Client SHOULD check that the asserted Claim Value is appropriate."
  if (client.acr_values !== undefined) {
    const wanted: readonly unknown[] = client.acr_values.split(' ')
    ensure(acr !== '' && wanted.includes(acr), 'id_token_acr_not_satisfied', {
      expected: client.acr_values,
      received: bounded(acr, 80),
    })
  }
  // Section 3.1.3.8: optional in the code flow, but wrong when it is wrong.
  const hash = hashOf(context.alg)
  const ensureHash = async (
    claim: unknown,
    text: string,
    code: 'id_token_at_hash_mismatch' | 'id_token_c_hash_mismatch',
  ) => {
    if (claim === undefined) return
    const digest = await crypto.digest(hash, text)
    ensure(claim === base64url(digest.subarray(0, digest.length / 2)), code)
  }
  await ensureHash(at_hash, context.access_token, 'id_token_at_hash_mismatch')
  if (context.code !== null) await ensureHash(c_hash, context.code, 'id_token_c_hash_mismatch')
}

/**
 * Verifies the signature; what comes out is the only thing that an identity can be made of.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-5.2 | RFC 7515, section 5.2}
 */
export async function verifyIdToken(
  id_token: string,
  claims: Claims,
  alg: SignatureAlgorithm,
  key: Jwk,
  crypto: Crypto,
): Promise<IdTokenClaims> {
  const valid = await verifyJws(signatureOf(id_token), alg, key, crypto)
  ensure(valid !== 'unsuitable', 'id_token_key_unsuitable', { kid: bounded(key.kid ?? 'none', 80) })
  ensure(valid, 'id_token_signature_invalid')
  return claims as IdTokenClaims
}

/** The same for an ID Token that is authenticated with the client secret. @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation | OpenID Connect Core 1.0, section 3.1.3.7, rule 8} */
export async function verifyIdTokenMac(
  id_token: string,
  claims: Claims,
  alg: IdTokenAlgorithm,
  client_secret: string | undefined,
  crypto: Crypto,
): Promise<IdTokenClaims> {
  const signature = signatureOf(id_token)
  ensure(client_secret !== undefined, 'client_secret_required')
  const valid = await verifyMac(signature, alg, client_secret, crypto)
  ensure(valid, 'id_token_signature_invalid')
  return claims as IdTokenClaims
}

function signatureOf(id_token: string): Pick<ParsedJws, 'signature' | 'signed'> {
  const dot = id_token.lastIndexOf('.')
  const signature = fromBase64url(id_token.slice(dot + 1))
  ensure(signature !== undefined, 'id_token_malformed', { reason: 'the signature is not base64url' })
  return { signature, signed: utf8(id_token.slice(0, dot)) }
}

function textOf(part: string, name: 'header' | 'payload'): string {
  const bytes = fromBase64url(part)
  ensure(bytes !== undefined, 'id_token_malformed', { reason: `the ${name} is not base64url` })
  try {
    return fromUtf8(bytes)
  } catch {
    return fail('id_token_malformed', { reason: `the ${name} is not UTF-8` })
  }
}
