/** Bytes and texts: UTF-8 and base64url, strict in what they accept. */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Memory of its own costs an array more than what it is needed for, a dozen times per login: short ones are cut from a
// larger piece, of which every byte is given out once.
const pieceLength = 65_536
const longestCut = 16_384
let piece = new Uint8Array(pieceLength)
let used = 0

/** An array of this length, to be filled: neither what is in it nor how large its buffer is means anything. */
export function allocate(length: number): Uint8Array<ArrayBuffer> {
  // Not `>`: what is no number takes nothing from the piece.
  if (!(length <= longestCut)) return new Uint8Array(length)
  if (used + length > pieceLength) {
    piece = new Uint8Array(pieceLength)
    used = 0
  }
  return piece.subarray(used, (used += length))
}

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  const most = 3 * text.length
  if (!(most <= longestCut)) return encoder.encode(text)
  const bytes = allocate(most)
  const { written } = encoder.encodeInto(text, bytes)
  used -= most - written
  return bytes.subarray(0, written)
}

/** The text of UTF-8 bytes; throws TypeError when they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

const alphabet = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const sextets = new Int8Array(256).fill(-1)
for (const [value, code] of alphabet.entries()) sextets[code] = value

// Both directions by hand, on the way of every login: several times cheaper than btoa and atob, which know neither this
// alphabet nor bytes. A group of three bytes is one of four characters; what is left over at the end is filled with zeros.

/** base64url without padding. @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-2 | RFC 7515, section 2} */
export function base64url(bytes: Uint8Array): string {
  const codes = allocate(Math.ceil(bytes.length / 3) * 4)
  for (let from = 0, to = 0; from < bytes.length; from += 3) {
    const group = (bytes[from]! << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)
    codes[to++] = alphabet[group >> 18]!
    codes[to++] = alphabet[(group >> 12) & 63]!
    codes[to++] = alphabet[(group >> 6) & 63]!
    codes[to++] = alphabet[group & 63]!
  }
  return decoder.decode(codes.subarray(0, Math.ceil((bytes.length * 4) / 3)))
}

/** The bytes of a base64url text without padding, or undefined when it is not the one canonical spelling of them. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 === 1) return undefined
  const filled = allocate(Math.ceil(text.length / 4) * 3)
  for (let from = 0, to = 0; from < text.length; from += 4) {
    const group =
      (sextetAt(text, from) << 18) |
      (sextetAt(text, from + 1) << 12) |
      (sextetAt(text, from + 2) << 6) |
      sextetAt(text, from + 3)
    if (group < 0) return undefined
    filled[to++] = group >> 16
    filled[to++] = group >> 8
    filled[to++] = group
  }
  const length = (text.length * 3) >> 2
  // The last character may carry bits that no byte needs: they have to be zero, or a text had several spellings.
  return filled.subarray(length).every((byte) => byte === 0) ? filled.subarray(0, length) : undefined
}

/** Six bits of a text: zeros beyond its end, negative for what is not of the alphabet. */
function sextetAt(text: string, at: number): number {
  return at < text.length ? (sextets[text.charCodeAt(at)] ?? -1) : 0
}

/** The JSON object in a text, or undefined when it is anything else. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

const deepest = 32

/**
 * Whether a value that was parsed from JSON can be written and read again unchanged: no number out of range (`1e999`
 * reads as Infinity, which JSON lacks), and not nested deeper than a stack likes.
 */
export function survivesJson(value: unknown, depth = 0): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  return depth < deepest && Object.values(value).every((member) => survivesJson(member, depth + 1))
}
