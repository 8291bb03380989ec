/** Compact JSON Web Signatures: parsed strictly, verified with the one key that fits. @see {@link https://www.rfc-editor.org/rfc/rfc7515 | RFC 7515} */
import { base64url, fromBase64url, fromUtf8, jsonObject, utf8 } from './bytes.ts'
import {
  hashOf,
  signatureAlgorithms,
  type Crypto,
  type IdTokenAlgorithm,
  type Jwk,
  type PrivateJwk,
  type SignatureAlgorithm,
} from './crypto.ts'

/** A signed text, taken apart; nothing of it is verified. */
export interface ParsedJws {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  readonly signature: Uint8Array<ArrayBuffer>
  readonly signed: Uint8Array<ArrayBuffer>
}

/** The three parts of a JWS with JSON objects in it, or why it is none. */
export function parseJws(text: string): ParsedJws | { readonly malformed: string } {
  const parts = text.split('.', 6)
  if (parts.length !== 3) return { malformed: `${parts.length} parts instead of 3` }
  const header = objectIn(parts[0]!)
  if (header === undefined) return { malformed: 'the header is not a base64url JSON object' }
  const payload = objectIn(parts[1]!)
  if (payload === undefined) return { malformed: 'the payload is not a base64url JSON object' }
  const signature = fromBase64url(parts[2]!)
  if (signature === undefined) return { malformed: 'the signature is not base64url' }
  return { header, payload, signature, signed: utf8(text.slice(0, text.lastIndexOf('.'))) }
}

/** The JSON object in a part of a JWS. One reading only: no white space, no byte order mark, nothing that is not UTF-8. */
export function objectIn(part: string): Record<string, unknown> | undefined {
  const bytes = fromBase64url(part)
  if (bytes === undefined) return undefined
  try {
    return jsonObject(fromUtf8(bytes))
  } catch {
    return undefined
  }
}

/** Whether the signature was made with this key; `unsuitable` when the key is too weak or cannot be used at all. */
export async function verifyJws(
  { signature, signed }: Pick<ParsedJws, 'signature' | 'signed'>,
  alg: SignatureAlgorithm,
  key: Jwk,
  crypto: Crypto,
): Promise<boolean | 'unsuitable'> {
  // A crypto may take the key's word for what it is: Node's would verify RSA signatures under the name of ES256.
  const { kty, crv } = { crv: undefined, ...signatureAlgorithms[alg] }
  if (key.kty !== kty || (crv !== undefined && key.crv !== crv) || !isSuitable(key)) return 'unsuitable'
  try {
    return await crypto.verify(alg, key, signature, signed)
  } catch {
    return 'unsuitable'
  }
}

/** Whether the text was authenticated with the client secret. @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-3.2 | RFC 7518, section 3.2} */
export async function verifyMac(
  { signature, signed }: Pick<ParsedJws, 'signature' | 'signed'>,
  alg: IdTokenAlgorithm,
  client_secret: string,
  crypto: Crypto,
): Promise<boolean> {
  const expected = await crypto.hmac(hashOf(alg), utf8(client_secret), signed)
  // Every byte is looked at, so that the time taken tells nothing about the first wrong one.
  const difference = expected.reduce((sum, byte, at) => sum | (byte ^ (signature[at] ?? 256)), 0)
  return difference === 0 && signature.length === expected.length
}

/** A compact JWS of ours over JSON objects, signed with a private key or authenticated with the client secret. */
export async function signJws(
  alg: IdTokenAlgorithm,
  key: PrivateJwk | string,
  payload: object,
  crypto: Crypto,
): Promise<string> {
  const header = { alg, kid: typeof key === 'string' ? undefined : key.kid }
  const text = [header, payload].map((part) => base64url(utf8(JSON.stringify(part)))).join('.')
  const signature =
    typeof key === 'string'
      ? await crypto.hmac(hashOf(alg), utf8(key), utf8(text))
      : await crypto.sign(alg as SignatureAlgorithm, key, utf8(text))
  return `${text}.${base64url(signature)}`
}

/** RFC 7518, section 3.3: "A key of size 2048 bits or larger MUST be used". Above 8192 bits a key only costs time. */
export function isSuitable(key: Jwk): boolean {
  // A key stays the same object for as long as the JWK Set that it came in.
  const known = suitable.get(key) ?? (key.kty !== 'RSA' || isSuitableRsa(key))
  suitable.set(key, known)
  return known
}

const suitable = new WeakMap<Jwk, boolean>()

function isSuitableRsa(key: Jwk): boolean {
  const n = magnitude(key.n)
  const e = magnitude(key.e)
  const modulus = n.length === 0 ? 0 : n.length * 8 - Math.clz32(n[0]!) + 24
  const exponentIsSane = e.length > 0 && e.length <= 4 && (e.at(-1)! & 1) === 1 && !(e.length === 1 && e[0] === 1)
  return modulus >= 2048 && modulus <= 8192 && (n.at(-1)! & 1) === 1 && exponentIsSane
}

/** The bytes of a number without leading zeros. */
function magnitude(text: string | undefined): Uint8Array {
  const bytes = fromBase64url(text ?? '') ?? new Uint8Array()
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? new Uint8Array() : bytes.subarray(first)
}
