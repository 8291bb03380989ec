/** A browser without a screen: a cookie jar, redirects followed by hand, forms submitted by their fields. */

export interface Visit {
  /** Where the visit ended, or the first address that `until` held for. */
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** Every address on the way, the last one included. */
  readonly via: readonly URL[]
}

interface Cookie {
  readonly value: string
  readonly host: string
  readonly path: string
  readonly same_site: string
  readonly secure: boolean
}

interface VisitOptions {
  readonly method?: 'GET' | 'POST'
  readonly form?: Readonly<Record<string, string>> | URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
  /** Stops before this address is requested. */
  readonly until?: (url: URL) => boolean
  /** The page that the visit starts from: another site's page sends no Lax cookies with a POST. */
  readonly from?: string
}

export class UserAgent {
  readonly cookies = new Map<string, Cookie>()

  /** Visits an address and follows its redirects. */
  async visit(address: string | URL, options: VisitOptions = {}): Promise<Visit> {
    const via: URL[] = []
    let url = new URL(address)
    let method = options.method ?? (options.form === undefined ? 'GET' : 'POST')
    let form = options.form
    const from = options.from === undefined ? undefined : new URL(options.from)
    for (let hops = 0; hops < 20; hops++) {
      via.push(url)
      if (options.until?.(url)) return { url, status: 0, headers: new Headers(), body: '', via }
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        headers: {
          accept: 'text/html',
          ...originOf(from, url, method),
          cookie: this.#cookieHeader(url, from !== undefined && method === 'POST' && siteOf(from) !== siteOf(url)),
          ...options.headers,
        },
        ...(form !== undefined && { body: new URLSearchParams(form as Record<string, string>) }),
      })
      this.#keepCookies(url, response.headers)
      const location = response.headers.get('location')
      if (response.status < 300 || response.status > 399 || location === null) {
        return { url, status: response.status, headers: response.headers, body: await response.text(), via }
      }
      await response.arrayBuffer()
      url = new URL(location, url)
      if (response.status === 303 || method === 'POST') [method, form] = ['GET', undefined]
    }
    throw new Error(`too many redirects: ${via.join(' → ')}`)
  }

  /** Presses the button of a page's form. */
  submit(
    page: Visit,
    action: string,
    changes: Readonly<Record<string, string>> = {},
    options: VisitOptions = {},
  ): Promise<Visit> {
    const [target, fields] = formOf(page.body, action)
    return this.visit(new URL(target, page.url), { ...options, form: { ...fields, ...changes }, from: page.url.href })
  }

  /** The same browser a moment later, with cookies of its own from now on: for what happens at the same time. */
  copy(): UserAgent {
    const copy = new UserAgent()
    for (const [name, cookie] of this.cookies) copy.cookies.set(name, cookie)
    return copy
  }

  /** All that it holds, as one header: for a request that is made by hand. */
  allCookies(): string {
    return [...this.cookies].map(([key, { value }]) => `${key.split('|')[0]}=${value}`).join('; ')
  }

  #cookieHeader(url: URL, crossSitePost: boolean): string {
    const fitting = [...this.cookies].filter(
      ([, cookie]) =>
        cookie.host === url.hostname &&
        url.pathname.startsWith(cookie.path) &&
        (!crossSitePost || cookie.same_site === 'None'),
    )
    return fitting.map(([key, { value }]) => `${key.split('|')[0]}=${value}`).join('; ')
  }

  #keepCookies(url: URL, headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
      const attribute = (wanted: string) =>
        attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1)
      const path = attribute('path') ?? '/'
      const key = `${name}|${url.hostname}|${path}`
      const expired =
        attribute('max-age') === '0' || new Date(attribute('expires') ?? '9999-01-01').getTime() < Date.now()
      if (expired) this.cookies.delete(key)
      else {
        const secure = attributes.some((text) => text.toLowerCase() === 'secure')
        this.cookies.set(key, { value, host: url.hostname, path, same_site: attribute('samesite') ?? 'Lax', secure })
      }
    }
  }
}

/** The site as browsers see it for these tests: hosts have one label or are told apart whole. */
function siteOf({ protocol, hostname }: URL): string {
  return `${protocol}//${hostname}`
}

/** What a browser says about the page that a request comes from. */
function originOf(from: URL | undefined, url: URL, method: string): Record<string, string> {
  if (from === undefined) return {}
  const site = from.origin === url.origin ? 'same-origin' : siteOf(from) === siteOf(url) ? 'same-site' : 'cross-site'
  return { 'sec-fetch-site': site, ...(method === 'POST' && { origin: from.origin }) }
}

/** The code that a page names, where it tells of a failure. */
export function codeOf({ body }: Visit): string | undefined {
  return /data-code="([a-z_]+)"/.exec(body)?.[1]
}

/** The hidden fields and preset inputs of the form that posts to `action`, by itself or by a button of it. */
export function formFields(page: string, action: string): Record<string, string> {
  return formOf(page, action)[1]
}

function formOf(page: string, action: string): [target: string, fields: Record<string, string>] {
  const leads = (target: string | undefined) =>
    target !== undefined && (decode(target) === action || decode(target).endsWith(action))
  const forms = [...page.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)]
  const buttons = [...page.matchAll(/<button\b[^>]*>/g)].map(([button]) => button)
  const pressed = buttons.find((button) => leads(attributeOf(button, 'formaction')))
  const owner = pressed && attributeOf(pressed, 'form')
  const [, tag, inside] =
    forms.find(([, tag]) => leads(attributeOf(tag!, 'action'))) ??
    forms.find(([, tag]) => owner !== undefined && attributeOf(tag!, 'id') === owner) ??
    []
  if (tag === undefined || inside === undefined) throw new Error(`the page has no form that posts to ${action}`)
  const id = attributeOf(tag, 'id')
  const target = leads(attributeOf(tag, 'action')) ? attributeOf(tag, 'action')! : attributeOf(pressed!, 'formaction')!
  const outside = [...page.matchAll(/<input\b[^>]*>/g)].filter(
    ([input]) => id !== undefined && attributeOf(input, 'form') === id,
  )
  const fields: Record<string, string> = {}
  for (const [input] of [...inside.matchAll(/<input\b[^>]*>/g), ...outside]) {
    const attribute = (name: string) => attributeOf(input, name)
    const name = attribute('name')
    const type = attribute('type') ?? 'text'
    if (name !== undefined && type !== 'submit' && type !== 'checkbox' && type !== 'radio')
      fields[name] = decode(attribute('value') ?? '')
  }
  return [decode(target), fields]
}

function attributeOf(tag: string, name: string): string | undefined {
  return new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
}

function decode(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" }
  return text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name: string) => entities[name]!)
}
