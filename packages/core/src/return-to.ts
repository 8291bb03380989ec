/** Where a browser goes after a login: only ever a path on our own origin. */

const maximumLength = 2048

/** Segments of letters, digits, `_` and `-`, none of them empty or a dot segment. */
const plainPath = /^(?:\/[A-Za-z0-9_-]+)+\/?$/

/**
 * The path to return to, as it will stand in a `Location` header, or undefined when it could lead anywhere else.
 * What is emitted is parsed once more: a path that reads as another host after normalisation (`/.//evil.example`) is refused.
 * @param base_url our own origin
 */
export function safeReturnTo(return_to: string, base_url: string): string | undefined {
  // Browsers drop tabs and newlines from URLs and read a backslash as a slash; nobody needs either here.
  if (return_to.length > maximumLength || !return_to.startsWith('/') || /[\u0000-\u0020\u007f\\]/.test(return_to))
    return undefined
  // Nothing in such a path is read in any other way: it needs no parser, which would cost a login more than its cookie.
  if (plainPath.test(return_to)) return return_to
  const parsed = URL.parse(return_to, base_url)
  if (parsed === null) return undefined
  const emitted = parsed.pathname + parsed.search + parsed.hash
  // What leads to another origin leads, without that origin, elsewhere.
  return URL.parse(emitted, base_url)?.href === parsed.href ? emitted : undefined
}
