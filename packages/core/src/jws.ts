/** Compact JSON Web Signatures: parsed strictly, verified with the one key that fits. @see {@link https://www.rfc-editor.org/rfc/rfc7515 | RFC 7515} */
import { fromBase64url, fromUtf8, jsonObject, utf8 } from './bytes.ts'
import { signatureAlgorithms, type Crypto, type Jwk, type SignatureAlgorithm } from './crypto.ts'

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

/** One reading only: no white space, no byte order mark, nothing that is not UTF-8. */
function objectIn(part: string): Record<string, unknown> | undefined {
  const bytes = fromBase64url(part)
  if (bytes === undefined) return undefined
  try {
    return jsonObject(fromUtf8(bytes))
  } catch {
    return undefined
  }
}

/** Whether this is the name of an asymmetric algorithm that signatures are accepted with. */
export function isSignatureAlgorithm(alg: unknown): alg is SignatureAlgorithm {
  return typeof alg === 'string' && Object.hasOwn(signatureAlgorithms, alg)
}

/** Whether the signature was made with this key; `unsuitable` when the key is too weak or cannot be used at all. */
export async function verifyJws(
  { signature, signed }: Pick<ParsedJws, 'signature' | 'signed'>,
  alg: SignatureAlgorithm,
  key: Jwk,
  crypto: Crypto,
): Promise<boolean | 'unsuitable'> {
  if (!isSuitable(key)) return 'unsuitable'
  try {
    return await crypto.verify(alg, key, signature, signed)
  } catch {
    return 'unsuitable'
  }
}

/** RFC 7518, section 3.3: "A key of size 2048 bits or larger MUST be used". Above 8192 bits a key only costs time. */
export function isSuitable(key: Jwk): boolean {
  if (key.kty !== 'RSA') return true
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
