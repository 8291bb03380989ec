/**
 * JSON Web Signatures by hand, on `node:crypto`. A library refuses to make a bad token; a mock must be able to.
 * What lives here: sign, verify and decode, and nothing that knows about OpenID Connect.
 */
import { constants, createHash, createHmac, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** A private key as a JSON Web Key, always with its `kid`. */
export interface PrivateJwk {
  kid: string
  kty: string
  crv?: string
  n?: string
  e?: string
  d?: string
  p?: string
  q?: string
  dp?: string
  dq?: string
  qi?: string
  x?: string
  y?: string
}

/** A public key as it is served in a JWK Set. */
export type PublicJwk = Record<string, string>

/** The members of a JWT before they are encoded; a fault recipe may change any of them. */
export interface Jwt {
  header: Record<string, unknown>
  payload: Record<string, unknown>
}

/** The algorithms that a client may be registered with for its ID Tokens. */
export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA' | 'HS256'

/** The key types that an algorithm goes with; `oct` is a shared secret. */
const keyTypes: Record<string, string> = {
  RS256: 'RSA',
  RS512: 'RSA',
  PS256: 'RSA',
  ES256: 'EC',
  EdDSA: 'OKP',
  HS256: 'oct',
}

/**
 * Encodes and signs a JWT with the key given: a private key, or for HS256 the bytes of a shared secret. What is
 * signed can be handed in ready-made, where it is not to be JSON.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-5.1 | RFC 7515, section 5.1}
 */
export function signJwt({ header, payload }: Jwt, key: PrivateJwk | Uint8Array, encoded = encode(payload)): string {
  const input = `${encode(header)}.${encoded}`
  return `${input}.${signature(input, header['alg'], key).toString('base64url')}`
}

/** Encodes one part of a JWT; members that are `undefined` are left out, as JSON does. */
export function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

/** Decodes a JWT without verifying anything; `undefined` when it is not one. */
export function decodeJwt(token: string): Jwt | undefined {
  const [header, payload] = token.split('.')
  if (header === undefined || payload === undefined) return undefined
  try {
    const jwt = { header: decodePart(header), payload: decodePart(payload) }
    return isObject(jwt.header) && isObject(jwt.payload) ? (jwt as Jwt) : undefined
  } catch {
    return undefined
  }
}

/** Whether the signature of a JWT was made by this key. Says nothing about its claims. */
export function verifyJwt(token: string, key: PrivateJwk | Uint8Array): boolean {
  const alg = String(decodeJwt(token)?.header['alg'])
  if (keyTypes[alg] !== (key instanceof Uint8Array ? 'oct' : key.kty)) return false
  const cut = token.lastIndexOf('.')
  const input = Buffer.from(token.slice(0, cut))
  const given = Buffer.from(token.slice(cut + 1), 'base64url')
  if (key instanceof Uint8Array) return signature(token.slice(0, cut), alg, key).equals(given)
  const publicKey = createPublicKey({ key: { ...publicJwk(key) }, format: 'jwk' })
  return verify(hashOf(alg), input, { key: publicKey, ...options[alg] }, given)
}

/**
 * The public half of a key with Okta's member order: `kty`, `alg`, `kid`, `use`, then the key itself.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517#section-4 | RFC 7517, section 4}
 */
export function publicJwk(key: PrivateJwk): PublicJwk {
  const { kid, kty } = key
  if (kty === 'RSA') return { kty, alg: 'RS256', kid, use: 'sig', e: key.e!, n: key.n! }
  if (kty === 'EC') return { kty, alg: 'ES256', kid, use: 'sig', crv: key.crv!, x: key.x!, y: key.y! }
  return { kty, alg: 'EdDSA', kid, use: 'sig', crv: key.crv!, x: key.x! }
}

/**
 * `at_hash` and `c_hash`: the left half of the hash of a token or code, by the algorithm of the ID Token.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken | OpenID Connect Core 1.0, section 3.1.3.6}
 */
export function halfHash(value: string, alg: SigningAlgorithm): string {
  const digest = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256')
    .update(value)
    .digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

function signature(input: string, alg: unknown, key: PrivateJwk | Uint8Array): Buffer {
  const bytes = Buffer.from(input)
  if (key instanceof Uint8Array) return createHmac('sha256', key).update(bytes).digest()
  return sign(hashOf(alg), bytes, { key: importPrivate(key), ...options[String(alg)] })
}

function hashOf(alg: unknown): string | null {
  return alg === 'EdDSA' ? null : alg === 'RS512' ? 'sha512' : 'sha256'
}

/** Importing an RSA key costs more than signing with it, so each is imported once. */
function importPrivate(jwk: PrivateJwk): KeyObject {
  let key = imported.get(jwk.d!)
  if (key === undefined) {
    key = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    imported.set(jwk.d!, key)
  }
  return key
}

function decodePart(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const imported = new Map<string, KeyObject>()
const options: Record<string, object> = {
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  ES256: { dsaEncoding: 'ieee-p1363' },
}
