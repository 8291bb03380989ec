/**
 * What a key may be, the same on every backend: refused here, no key becomes a database error or another key's alias.
 * Rule: keys sort by code point, as PostgreSQL (`COLLATE "C"`), SQLite and Redis compare UTF-8.
 */
import type { Collection } from '@relying-party/core'

/** The greatest length of a key, in UTF-16 code units. */
const max_key_length = 512

/** A part of a collection in the words of a backend: names from `low` to `high` (both included), but not `after`. */
export interface Range {
  readonly low: string
  readonly high: string
  readonly after: string
  readonly limit: number
  readonly newest_first: boolean
}

/** The one name that a record has across collections: Keyv knows a single space of keys. */
export function nameOf(collection: Collection, key: string): string {
  if (key === '') throw new TypeError('A key must not be empty.')
  return `${collection}:${checkText(key)}`
}

/** The key within its collection: the opposite of {@link nameOf}. */
export function keyOf(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

/** The names that {@link Store.list} is asked for. */
export function rangeOf(
  collection: Collection,
  options: { prefix?: string; after?: string; limit: number; newest_first?: boolean },
): Range {
  const { prefix = '', after, limit, newest_first = false } = options
  if (!Number.isSafeInteger(limit) || limit < 0) throw new TypeError('A limit must be a whole number, 0 or more.')

  const first = `${collection}:${checkText(prefix)}`
  // No character sorts after U+10FFFF and no key is longer than this: the last name that can start with the prefix.
  const last = first + '\u{10FFFF}'.repeat(max_key_length / 2)
  if (after === undefined) return { low: first, high: last, after: '', limit, newest_first }

  const passed = `${collection}:${checkText(after)}`
  return newest_first
    ? { low: first, high: compareText(passed, last) < 0 ? passed : last, after: passed, limit, newest_first }
    : { low: compareText(passed, first) > 0 ? passed : first, high: last, after: passed, limit, newest_first }
}

/** The order of keys, by code point; JavaScript's own is by UTF-16 code unit and differs beyond U+FFFF. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i += 1) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Halves of surrogate pairs stand for the characters beyond U+FFFF, which come after all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

function checkText(text: string): string {
  if (typeof text !== 'string') throw new TypeError('A key must be text.')
  if (text.length > max_key_length) throw new TypeError(`A key must not be longer than ${max_key_length} characters.`)
  if (text.includes('\0')) throw new TypeError('A key must not contain NUL.') // PostgreSQL cannot store it
  if (!text.isWellFormed()) throw new TypeError('A key must not contain half of a surrogate pair.') // UTF-8 would make two such keys one
  return text
}
