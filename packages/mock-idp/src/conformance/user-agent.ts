/**
 * The browser of a run, without a screen: a cookie jar with the rules that matter to sign-ins, redirects followed by
 * hand, and a form that submits itself (form_post) submitted as a browser would.
 */

/** Where a visit ended. */
export interface Visit {
  url: URL
  /** 0 when the visit stopped before this address was requested. */
  status: number
  headers: Headers
  body: string
  /** Every address on the way, the last one included. */
  via: URL[]
}

/** How an address is visited. */
export interface VisitOptions {
  method?: 'GET' | 'POST'
  form?: Record<string, string>
  headers?: Record<string, string>
  until?: (url: URL) => boolean
  signal?: AbortSignal
}

/** A browser. */
export class UserAgent {
  #cookies = new Map<string, Cookie>()

  /** Visits an address as if it had been typed in, or by a form of the page's own site for a POST. */
  async visit(address: string | URL, options: VisitOptions = {}): Promise<Visit> {
    const via: URL[] = []
    let url = new URL(address)
    let method = options.method ?? (options.form === undefined ? 'GET' : 'POST')
    let form = options.form
    let from: URL | undefined = method === 'POST' ? url : undefined
    for (let hops = 0; hops < 25; hops += 1) {
      via.push(url)
      if (options.until?.(url) === true) return { url, status: 0, headers: new Headers(), body: '', via }
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        headers: {
          accept: 'text/html',
          ...originOf(from, url, method),
          ...this.#cookieHeader(url, from, method),
          ...options.headers,
        },
        ...(form !== undefined && { body: new URLSearchParams(form) }),
        ...(options.signal !== undefined && { signal: options.signal }),
      })
      this.#keepCookies(url, response.headers)
      const location = response.headers.get('location')
      const body = await response.text()
      if (response.status >= 300 && response.status <= 399 && location !== null) {
        url = new URL(location, url)
        if (response.status === 303 || (method === 'POST' && response.status < 303)) [method, form] = ['GET', undefined]
        continue
      }
      const submitted = selfSubmittingForm(body)
      if (submitted === undefined) return { url, status: response.status, headers: response.headers, body, via }
      from = url
      url = new URL(submitted.action, url)
      ;[method, form] = ['POST', submitted.fields]
    }
    throw new Error(`more than 25 redirects, the last to ${url.origin}${url.pathname}`)
  }

  /**
   * Which cookies go along: by host and path, `Secure` ones over https or to this machine, and with a POST from another
   * site only those with `SameSite=None`.
   */
  #cookieHeader(url: URL, from: URL | undefined, method: string): { cookie?: string } {
    const isCrossSitePost = from !== undefined && method === 'POST' && siteOf(from) !== siteOf(url)
    const fitting = [...this.#cookies.values()].filter(
      (cookie) =>
        cookie.host === url.hostname &&
        (url.pathname === cookie.path || url.pathname.startsWith(cookie.path.replace(/\/?$/, '/'))) &&
        (!cookie.secure || url.protocol === 'https:' || isLoopback(url)) &&
        (!isCrossSitePost || cookie.same_site === 'none'),
    )
    if (fitting.length === 0) return {}
    return { cookie: fitting.map(({ name, value }) => `${name}=${value}`).join('; ') }
  }

  #keepCookies(url: URL, headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...rest] = line.split(';').map((part) => part.trim())
      const at = pair.indexOf('=')
      const attributes = new Map(
        rest.map((part) => [part.split('=')[0]!.toLowerCase(), part.slice(part.indexOf('=') + 1)]),
      )
      const cookie: Cookie = {
        name: pair.slice(0, at),
        value: pair.slice(at + 1),
        host: url.hostname,
        path: attributes.get('path') ?? '/',
        secure: attributes.has('secure'),
        same_site: (attributes.get('samesite') ?? 'lax').toLowerCase(),
      }
      const maxAge = attributes.get('max-age')
      const expires = attributes.get('expires')
      const isOver =
        maxAge === undefined ? expires !== undefined && Date.parse(expires) <= Date.now() : Number(maxAge) <= 0
      const key = `${cookie.name};${cookie.host};${cookie.path}`
      if (isOver) this.#cookies.delete(key)
      else if (cookie.same_site !== 'none' || cookie.secure) this.#cookies.set(key, cookie)
    }
  }
}

interface Cookie {
  name: string
  value: string
  host: string
  path: string
  secure: boolean
  same_site: string
}

/** The form of a page that submits itself as soon as it is there, as `response_mode=form_post` has it. */
function selfSubmittingForm(page: string): { action: string; fields: Record<string, string> } | undefined {
  if (!/\.submit\(\s*\)/.test(page)) return undefined
  const forms = [...page.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)]
  const [, attributes = '', content = ''] = forms[0] ?? []
  const action = attributeOf(attributes, 'action')
  if (forms.length !== 1 || action === undefined || attributeOf(attributes, 'method')?.toLowerCase() !== 'post')
    return undefined
  const fields: Record<string, string> = {}
  for (const [, input = ''] of content.matchAll(/<input\b([^>]*)>/gi)) {
    const name = attributeOf(input, 'name')
    if (name !== undefined) fields[name] = attributeOf(input, 'value') ?? ''
  }
  return { action, fields }
}

function attributeOf(attributes: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(attributes)
  const value = match?.[1] ?? match?.[2]
  return value === undefined ? undefined : decodeEntities(value)
}

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]+)|#([0-9]+)|(amp|lt|gt|quot|apos));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
      return entities[name!.toLowerCase()] ?? whole
    },
  )
}

/** What a browser says about the page that a request comes from. */
function originOf(from: URL | undefined, url: URL, method: string): Record<string, string> {
  if (from === undefined) return {}
  const site = from.origin === url.origin ? 'same-origin' : siteOf(from) === siteOf(url) ? 'same-site' : 'cross-site'
  return { 'sec-fetch-site': site, ...(method === 'POST' && { origin: from.origin }) }
}

/** Near enough to what browsers call a site: scheme and host, for there are no subdomains here. */
function siteOf({ protocol, hostname }: URL): string {
  return `${protocol}//${hostname}`
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
