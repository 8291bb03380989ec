/**
 * Lines of `left = right`, as people type them, and back. Both directions agree for every pair of texts: a side that a
 * plain line could not carry is written as a JSON string.
 */
export interface Pair {
  readonly left: string
  readonly right: string
}

/** Which `=` divides: the first (values may hold further ones), or the last (`cn=admins,dc=example = admin`). */
export type Divider = 'first' | 'last'

/** Returns one line per pair. */
export function formatPairs(pairs: readonly Pair[], divider: Divider): string {
  return pairs.map((pair) => formatPair(pair, divider)).join('\n')
}

/** Returns the pairs, and the lines that are none with their numbers from 1. Empty lines are skipped. */
export function parsePairs(
  text: string,
  divider: Divider,
): {
  readonly pairs: readonly Pair[]
  readonly unreadable: readonly { readonly line: number; readonly text: string }[]
} {
  const pairs: Pair[] = []
  const unreadable: { line: number; text: string }[] = []
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    if (line.trim() === '') continue
    const pair = parsePair(line.trim(), divider)
    if (pair === null) unreadable.push({ line: index + 1, text: line.trim() })
    else pairs.push(pair)
  }
  return { pairs, unreadable }
}

function formatPair({ left, right }: Pair, divider: Divider): string {
  const l = left === '' || !isPlain(left) || (divider === 'first' && left.includes('=')) ? JSON.stringify(left) : left
  const r = !isPlain(right) || (divider === 'last' && right.includes('=')) ? JSON.stringify(right) : right
  return divider === 'first' ? `${l}=${r}` : `${l} = ${r}`
}

function parsePair(line: string, divider: Divider): Pair | null {
  const quoted = /^("(?:[^"\\]|\\.)*")\s*=(.*)$/s.exec(line)
  const left = quoted === null ? null : unquoted(quoted[1]!)
  if (left !== null) return withRight(left, quoted![2]!.trim())
  const at = divider === 'first' ? line.indexOf('=') : lastDivider(line)
  return at < 1 ? null : withRight(line.slice(0, at).trim(), line.slice(at + 1).trim())
}

function withRight(left: string, right: string): Pair {
  return { left, right: unquoted(right) ?? right }
}

/** The last `=` outside of a quoted right side. */
function lastDivider(line: string): number {
  if (line.endsWith('"')) {
    const quoted = /=\s*("(?:[^"\\]|\\.)*")$/.exec(line)
    if (quoted !== null && unquoted(quoted[1]!) !== null) return quoted.index
  }
  return line.lastIndexOf('=')
}

function unquoted(text: string): string | null {
  if (!text.startsWith('"')) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}

function isPlain(text: string): boolean {
  if (text !== text.trim() || text.startsWith('"') || text.endsWith('"')) return false
  return text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text)
}
