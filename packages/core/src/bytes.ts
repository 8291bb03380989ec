/** Bytes and texts: UTF-8 and base64url, strict in what they accept. */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** The text of UTF-8 bytes; throws TypeError when they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** base64url without padding. @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-2 | RFC 7515, section 2} */
export function base64url(bytes: Uint8Array): string {
  // By hand: on the way of every login, and several times cheaper than btoa and three replacements.
  let text = ''
  let at = 0
  for (; at + 2 < bytes.length; at += 3) {
    const group = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
    text +=
      alphabet[group >> 18]! + alphabet[(group >> 12) & 63]! + alphabet[(group >> 6) & 63]! + alphabet[group & 63]!
  }
  if (at + 1 === bytes.length) return text + alphabet[bytes[at]! >> 2]! + alphabet[(bytes[at]! << 4) & 63]!
  if (at + 2 > bytes.length) return text
  const group = (bytes[at]! << 8) | bytes[at + 1]!
  return text + alphabet[group >> 10]! + alphabet[(group >> 4) & 63]! + alphabet[(group << 2) & 63]!
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The bytes of a base64url text without padding, or undefined when it is not the one canonical spelling of them. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined
  // The last character carries bits that no byte needs: they have to be zero, or a text had several spellings.
  if (text.length % 4 !== 0 && !(text.length % 4 === 2 ? /[AQgw]$/ : /[AEIMQUYcgkosw048]$/).test(text)) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
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
