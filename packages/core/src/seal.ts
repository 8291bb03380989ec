/**
 * Sealed JSON: encrypted and authenticated with AES-256-GCM, bound to a context, opened with any key of the ring.
 * It is how a flow is bound to one browser, and how a client secret lies in storage.
 *
 * Rule: whoever seals passes the 12 random bytes; they must never repeat for one key.
 */
import { allocate, base64url, fromBase64url, fromUtf8, utf8 } from './bytes.ts'
import { webCrypto, type Crypto } from './crypto.ts'

interface SealingKey {
  readonly id: string
  readonly key: Uint8Array<ArrayBuffer>
}

/** The first key seals, every key opens: rotation puts a new key in front and drops the last one later. */
export type KeyRing = readonly [SealingKey, ...SealingKey[]]

/**
 * A ring of base64url 32-byte keys.
 * @throws {TypeError} when there is none or one has another length
 */
export async function keyRing(keys: readonly string[], crypto: Crypto = webCrypto): Promise<KeyRing> {
  const ring = await Promise.all(
    keys.map(async (text) => {
      const key = fromBase64url(text)
      if (key?.length !== 32) throw new TypeError('a sealing key must be 32 bytes in base64url')
      // Names the key inside the envelope without telling anything about it.
      return { id: base64url((await crypto.digest('SHA-256', key)).subarray(0, 6)), key }
    }),
  )
  if (ring[0] === undefined) throw new TypeError('a key ring needs at least one key')
  return ring as unknown as KeyRing
}

/** A sealed value, made for this context alone: `v1.<key id>.<iv, ciphertext and tag>`. */
export async function seal(
  ring: KeyRing,
  context: string,
  value: unknown,
  iv: Uint8Array<ArrayBuffer>,
  crypto: Crypto = webCrypto,
): Promise<string> {
  if (iv.length !== 12) throw new TypeError('sealing needs 12 random bytes')
  const [{ id, key }] = ring
  const sealed = await crypto.encrypt(key, iv, utf8(JSON.stringify(value)), utf8(context))
  const envelope = allocate(iv.length + sealed.length)
  envelope.set(iv)
  envelope.set(sealed, iv.length)
  return `v1.${id}.${base64url(envelope)}`
}

/** Why something could not be opened: it is not ours, or it was sealed with a key that is no longer in the ring. */
export type Opened<T> = { readonly value: T } | { readonly refused: 'malformed' | 'unknown_key' | 'forged' }

/** The sealed value. What was sealed for another context, or altered, does not open. */
export async function open<T>(
  ring: KeyRing,
  context: string,
  sealed: string,
  crypto: Crypto = webCrypto,
): Promise<Opened<T>> {
  const [version, id, text, ...rest] = sealed.split('.')
  const envelope = version === 'v1' && rest.length === 0 && text !== undefined ? fromBase64url(text) : undefined
  if (envelope === undefined || envelope.length < 12 + 16) return { refused: 'malformed' }
  const key = ring.find((candidate) => candidate.id === id)?.key
  if (key === undefined) return { refused: 'unknown_key' }
  const value = await crypto.decrypt(key, envelope.subarray(0, 12), envelope.subarray(12), utf8(context))
  return value === undefined ? { refused: 'forged' } : { value: JSON.parse(fromUtf8(value)) as T }
}
