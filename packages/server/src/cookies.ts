/**
 * Cookies, read and written with more care than a general parser takes: a name of ours that arrives twice was tossed in
 * by a sibling host, and is refused as if it were absent.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'

export interface CookieOptions {
  readonly secure: boolean
  /** Seconds; 0 removes the cookie. */
  readonly max_age: number
  readonly same_site?: 'Lax' | 'None'
}

/** On https the `__Host-` prefix keeps sibling hosts and plain http from setting it. */
export function cookieName(name: string, secure: boolean): string {
  return secure ? `__Host-${name}` : name
}

/** The value of the cookie, or undefined when it is absent or ambiguous. */
export function readCookie(request: FastifyRequest, name: string): string | undefined {
  const values = cookiesOf(request).filter(([candidate]) => candidate === name)
  return values.length === 1 ? values[0]![1] : undefined
}

/** The cookies whose names have this prefix, oldest first, as browsers send cookies of one path. */
export function cookiesStartingWith(
  request: FastifyRequest,
  prefix: string,
): readonly { name: string; value: string }[] {
  const found = new Map(cookiesOf(request).filter(([name]) => name.startsWith(prefix)))
  return [...found].map(([name, value]) => ({ name, value }))
}

/** How many cookies came along, whoever set them. */
export function countCookies(request: FastifyRequest): number {
  return cookiesOf(request).length
}

/** More than any browser keeps for one site. Whoever sends more has none: to look at the first ones only would hide a second of one name. */
const maximumCookies = 200

type Cookies = readonly (readonly [name: string, value: string])[]

/** What was parsed last: a request is asked for several cookies, one after the other. */
let last: { readonly header: string; readonly cookies: Cookies } = { header: '', cookies: [] }

function cookiesOf({ headers: { cookie } }: FastifyRequest): Cookies {
  if (cookie === undefined) return []
  if (cookie !== last.header) last = { header: cookie, cookies: parseCookies(cookie) }
  return last.cookies
}

function parseCookies(header: string): Cookies {
  const pairs = header.split(';', maximumCookies + 1)
  if (pairs.length > maximumCookies) return []
  return pairs.map((pair) => {
    const at = pair.indexOf('=')
    return at < 0 ? ['', trimmed(pair)] : [trimmed(pair.slice(0, at)), trimmed(pair.slice(at + 1))]
  })
}

/**
 * Without the spaces and tabs around it. String.trim would take away more: a name that begins with a no-break space, which
 * browsers let anybody set, would become one with the `__Host-` prefix.
 */
function trimmed(text: string): string {
  const isBlank = (at: number) => text[at] === ' ' || text[at] === '\t'
  let [start, end] = [0, text.length]
  while (start < end && isBlank(start)) start++
  while (start < end && isBlank(end - 1)) end--
  return text.slice(start, end)
}

/** Sets (or removes) a cookie that scripts cannot read. */
export function setCookie(
  reply: FastifyReply,
  name: string,
  value: string,
  { secure, max_age, same_site = 'Lax' }: CookieOptions,
): void {
  const attributes = [`Path=/`, `Max-Age=${Math.max(0, Math.floor(max_age))}`, 'HttpOnly', `SameSite=${same_site}`]
  if (secure) attributes.push('Secure')
  void reply.header('set-cookie', `${name}=${value}; ${attributes.join('; ')}`)
}
