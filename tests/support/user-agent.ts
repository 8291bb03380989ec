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
    for (let hops = 0; hops < 20; hops++) {
      via.push(url)
      if (options.until?.(url)) return { url, status: 0, headers: new Headers(), body: '', via }
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        headers: { accept: 'text/html', cookie: this.#cookieHeader(url), ...options.headers },
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

  /** The same browser a moment later, with cookies of its own from now on: for what happens at the same time. */
  copy(): UserAgent {
    const copy = new UserAgent()
    for (const [name, cookie] of this.cookies) copy.cookies.set(name, cookie)
    return copy
  }

  #cookieHeader(url: URL): string {
    const fitting = [...this.cookies].filter(([, cookie]) => cookie.host === url.hostname && url.pathname.startsWith(cookie.path))
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
      const expired = attribute('max-age') === '0' || new Date(attribute('expires') ?? '9999-01-01').getTime() < Date.now()
      if (expired) this.cookies.delete(key)
      else {
        const secure = attributes.some((text) => text.toLowerCase() === 'secure')
        this.cookies.set(key, { value, host: url.hostname, path, same_site: attribute('samesite') ?? 'Lax', secure })
      }
    }
  }
}

/** The hidden fields and preset inputs of the form that posts to `action`. */
export function formFields(page: string, action: string): Record<string, string> {
  const forms = [...page.matchAll(/<form\b[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)]
  const form = forms.find(([, target]) => decode(target!) === action || decode(target!).endsWith(action))?.[2]
  if (form === undefined) throw new Error(`the page has no form that posts to ${action}`)
  const fields: Record<string, string> = {}
  for (const [input] of form.matchAll(/<input\b[^>]*>/g)) {
    const attribute = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(input)?.[1]
    const name = attribute('name')
    const type = attribute('type') ?? 'text'
    if (name !== undefined && type !== 'submit' && type !== 'checkbox' && type !== 'radio') fields[name] = decode(attribute('value') ?? '')
  }
  return fields
}

function decode(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" }
  return text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name: string) => entities[name]!)
}
