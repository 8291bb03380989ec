/**
 * The cryptographic primitives that the core needs, handed in like the clock.
 *
 * Rule: everything here is deterministic. Random bytes are data in events and arguments, never drawn here. The default
 * is WebCrypto, which every runtime has; `@relying-party/core/node` hands in Node's synchronous and faster one.
 */

import { utf8 } from './bytes.ts'

/** A public JSON Web Key as published by the provider. @see {@link https://www.rfc-editor.org/rfc/rfc7517 | RFC 7517} */
export interface Jwk {
  readonly kty: string
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly key_ops?: readonly string[]
  readonly crv?: string
  readonly n?: string
  readonly e?: string
  readonly x?: string
  readonly y?: string
}

/** A private JSON Web Key of ours, for `private_key_jwt`. */
export interface PrivateJwk extends Jwk {
  readonly d: string
  readonly p?: string
  readonly q?: string
  readonly dp?: string
  readonly dq?: string
  readonly qi?: string
}

type Bytes = Uint8Array<ArrayBuffer>
type Awaitable<T> = T | Promise<T>

export interface Crypto {
  /** The hash of the bytes, or of a text in UTF-8. */
  digest(hash: 'SHA-256' | 'SHA-384' | 'SHA-512', data: Bytes | string): Awaitable<Bytes>
  /** Whether `signature` over `data` was made with the private half of `key`; rejects when the key cannot be imported. */
  verify(alg: SignatureAlgorithm, key: Jwk, signature: Bytes, data: Bytes): Awaitable<boolean>
  /** The signature over the data. */
  sign(alg: SignatureAlgorithm, key: PrivateJwk, data: Bytes): Awaitable<Bytes>
  /** The message authentication code over the data. */
  hmac(hash: 'SHA-256' | 'SHA-384' | 'SHA-512', key: Bytes, data: Bytes): Awaitable<Bytes>
  /** AES-256-GCM with a 12-byte `iv`: ciphertext followed by its 16-byte tag. */
  encrypt(key: Bytes, iv: Bytes, data: Bytes, associated: Bytes): Awaitable<Bytes>
  /** The plaintext, or undefined when key, iv, associated data or ciphertext do not belong together. */
  decrypt(key: Bytes, iv: Bytes, sealed: Bytes, associated: Bytes): Awaitable<Bytes | undefined>
}

/** The asymmetric JWS algorithms that an ID Token may be signed with. @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-3.1 | RFC 7518, section 3.1} */
export const signatureAlgorithms = {
  RS256: { kty: 'RSA', hash: 'SHA-256' },
  RS384: { kty: 'RSA', hash: 'SHA-384' },
  RS512: { kty: 'RSA', hash: 'SHA-512' },
  PS256: { kty: 'RSA', hash: 'SHA-256' },
  PS384: { kty: 'RSA', hash: 'SHA-384' },
  PS512: { kty: 'RSA', hash: 'SHA-512' },
  ES256: { kty: 'EC', hash: 'SHA-256', crv: 'P-256' },
  ES384: { kty: 'EC', hash: 'SHA-384', crv: 'P-384' },
  ES512: { kty: 'EC', hash: 'SHA-512', crv: 'P-521' },
  EdDSA: { kty: 'OKP', hash: 'SHA-512', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', hash: 'SHA-512', crv: 'Ed25519' },
} as const satisfies Record<string, { kty: string; hash: 'SHA-256' | 'SHA-384' | 'SHA-512'; crv?: string }>

export type SignatureAlgorithm = keyof typeof signatureAlgorithms

/** The symmetric ones, keyed with the client secret: acceptable only where the connection names one of them itself. */
export const macAlgorithms = {
  HS256: { hash: 'SHA-256' },
  HS384: { hash: 'SHA-384' },
  HS512: { hash: 'SHA-512' },
} as const

export type MacAlgorithm = keyof typeof macAlgorithms
export type IdTokenAlgorithm = SignatureAlgorithm | MacAlgorithm

export function isSignatureAlgorithm(alg: unknown): alg is SignatureAlgorithm {
  return typeof alg === 'string' && Object.hasOwn(signatureAlgorithms, alg)
}

export function isMacAlgorithm(alg: unknown): alg is MacAlgorithm {
  return typeof alg === 'string' && Object.hasOwn(macAlgorithms, alg)
}

/** The hash that belongs to an algorithm. */
export function hashOf(alg: IdTokenAlgorithm): 'SHA-256' | 'SHA-384' | 'SHA-512' {
  return isMacAlgorithm(alg) ? macAlgorithms[alg].hash : signatureAlgorithms[alg].hash
}

/** WebCrypto: on every runtime. Imported keys are kept as long as the JWK Set that they came in. */
export const webCrypto: Crypto = {
  async digest(hash, data) {
    return new Uint8Array(await crypto.subtle.digest(hash, typeof data === 'string' ? utf8(data) : data))
  },
  async verify(alg, jwk, signature, data) {
    const key = await importedKey(alg, jwk)
    return crypto.subtle.verify(verifyParameters(alg), key, signature, data)
  },
  async sign(alg, jwk, data) {
    const key = await crypto.subtle.importKey('jwk', { ...jwk } as JsonWebKey, importParameters(alg), false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign(verifyParameters(alg), key, data))
  },
  async hmac(hash, key, data) {
    const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash }, false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign('HMAC', imported, data))
  },
  async encrypt(key, iv, data, associated) {
    const parameters = { name: 'AES-GCM', iv, additionalData: associated }
    return new Uint8Array(await crypto.subtle.encrypt(parameters, await sealingKey(key), data))
  },
  async decrypt(key, iv, sealed, associated) {
    const parameters = { name: 'AES-GCM', iv, additionalData: associated }
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters, await sealingKey(key), sealed))
    } catch {
      return undefined
    }
  },
}

const importedKeys = new WeakMap<Jwk, Map<string, Promise<CryptoKey>>>()

function importedKey(alg: SignatureAlgorithm, jwk: Jwk): Promise<CryptoKey> {
  const keys = importedKeys.get(jwk) ?? new Map<string, Promise<CryptoKey>>()
  importedKeys.set(jwk, keys)
  const key = keys.get(alg) ?? crypto.subtle.importKey('jwk', publicPart(jwk), importParameters(alg), false, ['verify'])
  keys.set(alg, key)
  return key
}

/** Only what makes the public key: a leaked private part or an odd `key_ops` never reaches the runtime. */
function publicPart({ kty, crv, n, e, x, y }: Jwk): JsonWebKey {
  return { kty, crv, n, e, x, y } as JsonWebKey
}

function sealingKey(key: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

function importParameters(alg: SignatureAlgorithm): RsaHashedImportParams | EcKeyImportParams | Algorithm {
  const { kty, hash } = signatureAlgorithms[alg]
  if (kty === 'RSA') return { name: alg.startsWith('PS') ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', hash }
  if (kty === 'EC') return { name: 'ECDSA', namedCurve: signatureAlgorithms[alg].crv }
  return { name: 'Ed25519' }
}

function verifyParameters(alg: SignatureAlgorithm): Algorithm | RsaPssParams | EcdsaParams {
  const { kty, hash } = signatureAlgorithms[alg]
  if (kty === 'EC') return { name: 'ECDSA', hash }
  if (kty === 'OKP') return { name: 'Ed25519' }
  return alg.startsWith('PS')
    ? { name: 'RSA-PSS', saltLength: Number(hash.slice(4)) / 8 }
    : { name: 'RSASSA-PKCS1-v1_5' }
}
