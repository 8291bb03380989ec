/**
 * Symbolic cryptography: a signature says who made it, a sealed value says for what it was sealed. Nobody in the model
 * breaks cryptography, so this is exact, and a few hundred times cheaper than the real thing.
 */
import { hash } from 'node:crypto'
import { base64url, fromBase64url, utf8, type Crypto, type Jwk } from '@relying-party/core'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const bytes = (latin1: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(latin1, 'latin1'))
const sha256 = (data: Uint8Array | string): string => hash('sha256', data, 'hex')

/** Bytes that nobody guesses, and that come out the same whenever the same thing happens. */
export function randomBytes(seed: string, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hash('sha256', seed, 'buffer').subarray(0, length))
}

export const symbolicCrypto: Crypto = {
  digest: (name, data) => new Uint8Array(hash(name.replace('-', ''), data, 'buffer')),
  verify: (_alg, key, signature, data) => text(signature) === signatureBy(key.x!, text(data)),
  sign: (_alg, key, data) => bytes(signatureBy(key.x!, text(data))),
  hmac: (_hash, key, data) => bytes(sha256(`${sha256(key)} ${sha256(data)}`).slice(0, 32)),
  encrypt: (key, _iv, data, associated) => bytes(`${sealFor(key, associated)}${text(data)}${'.'.repeat(16)}`),
  decrypt(key, _iv, sealed, associated) {
    const seal = sealFor(key, associated)
    const opened = text(sealed)
    return opened.startsWith(seal) ? bytes(opened.slice(seal.length, -16)) : undefined
  },
}

const sealFor = (key: Uint8Array, associated: Uint8Array) => `sealed ${text(key.subarray(0, 4))} ${text(associated)}|`
const signatureBy = (signer: string, signed: string) => `${signer}|${sha256(signed).slice(0, 16)}`

/** The public key of a signer; `kid` may claim to be another. */
export const jwkOf = (signer: string): Jwk => ({
  kty: 'EC',
  crv: 'P-256',
  alg: 'ES256',
  kid: signer,
  x: signer,
  y: signer,
})

/** A compact JWS by this signer, whatever key it says it was signed with. */
export function signed(claims: object, signer: string, kid: string = signer): string {
  const head = [{ alg: 'ES256', kid }, claims].map((part) => base64url(utf8(JSON.stringify(part)))).join('.')
  return `${head}.${base64url(bytes(signatureBy(signer, head)))}`
}

/** What a token says and who really signed it. */
export function readToken(token: string): {
  readonly claims: Readonly<Record<string, unknown>>
  readonly signer: string
} {
  const [, payload, signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Record<string, unknown>
  return { claims, signer: text(fromBase64url(signature!)!).split('|')[0]! }
}
