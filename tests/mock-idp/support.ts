/** A relying party reduced to its messages, and a browser reduced to its cookies: what the mock's tests speak with. */
import { createHash } from 'node:crypto'
import { startMockOkta } from '@relying-party/mock-idp'
import type { ClientOptions, MockOkta, MockOktaOptions } from '@relying-party/mock-idp'
import { afterAll, beforeAll } from 'vitest'

export const redirect_uri = 'https://rp.example/callback'
export const post_logout_redirect_uri = 'https://rp.example/bye'
export const verifier = 'v'.repeat(43)
export const code_challenge = createHash('sha256').update(verifier).digest('base64url')

/** The client of most tests. */
export const web: ClientOptions & { client_id: string } = {
  client_id: '0oaweb',
  client_secret: 'web-secret-that-is-long-enough-for-hs256',
  client_name: 'Web',
  redirect_uris: [redirect_uri],
  post_logout_redirect_uris: [post_logout_redirect_uri],
}

/** A mock for a whole file of tests. */
export function mockFor(options: MockOktaOptions = {}): () => MockOkta {
  let mock: MockOkta | undefined
  beforeAll(async () => {
    mock = await startMockOkta({ clients: [web], auto_login: 'ada@acme.example', ...options })
  })
  afterAll(() => mock?.close())
  return () => mock!
}

/** A browser: keeps cookies, follows nothing by itself. */
export class Browser {
  cookies = new Map<string, string>()

  async get(url: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.keep(await fetch(url, { redirect: 'manual', headers: { ...this.header(), ...headers } }))
  }

  async post(url: string, form: Record<string, string>): Promise<Response> {
    const body = new URLSearchParams(form)
    return this.keep(await fetch(url, { method: 'POST', redirect: 'manual', headers: this.header(), body }))
  }

  private header(): Record<string, string> {
    return this.cookies.size === 0 ? {} : { cookie: [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; ') }
  }

  private keep(response: Response): Response {
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0]!.split('=') as [string, string]
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return response
  }
}

/** A good authorization request; give `undefined` to leave a parameter out. */
export function authorizationUrl(issuer: string, change: Record<string, string | undefined> = {}): string {
  const params = {
    client_id: web.client_id,
    redirect_uri,
    response_type: 'code',
    scope: 'openid profile email',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge,
    code_challenge_method: 'S256',
    ...change,
  }
  const given = Object.entries(params).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return `${endpoints(issuer)}/v1/authorize?${new URLSearchParams(given)}`
}

/** What stands before `/v1/…` for an issuer of the mock. */
export function endpoints(issuer: string): string {
  return issuer.endsWith('/oauth2/default') ? issuer : `${issuer}/oauth2`
}

/** The parameters that a redirect carries. */
export function location(response: Response): Record<string, string> {
  return Object.fromEntries(new URL(response.headers.get('location')!).searchParams)
}

/** A code, from a good request in a fresh browser. */
export async function getCode(issuer: string, change?: Record<string, string | undefined>): Promise<string> {
  const response = await new Browser().get(authorizationUrl(issuer, change))
  const { code } = location(response)
  if (code === undefined) throw new Error(`no code in ${response.headers.get('location')}`)
  return code
}

/** HTTP Basic as RFC 6749 has it. */
export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`
}

/** A token request with the web client's Basic credentials unless told otherwise. */
export async function requestToken(
  issuer: string,
  form: Record<string, string | undefined>,
  headers: Record<string, string> = { authorization: basic(web.client_id, web.client_secret!) },
): Promise<{ status: number; headers: Headers; body: Record<string, string> }> {
  const given = { grant_type: 'authorization_code', redirect_uri, code_verifier: verifier, ...form }
  const body = new URLSearchParams(
    Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined),
  )
  const response = await fetch(`${endpoints(issuer)}/v1/token`, { method: 'POST', headers, body })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as Record<string, string> }
}

/** A whole login: code, then tokens. */
export async function login(issuer: string, change?: Record<string, string | undefined>): Promise<Tokens> {
  const { status, body } = await requestToken(issuer, { code: await getCode(issuer, change) })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body as unknown as Tokens
}

export interface Tokens {
  access_token: string
  id_token: string
  refresh_token?: string
}

/** UserInfo with this token. */
export function userinfo(issuer: string, access_token: string): Promise<Response> {
  return fetch(`${endpoints(issuer)}/v1/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })
}

/** The parts of a JWT, decoded and not verified. */
export function decode(token: string): { header: Record<string, unknown>; payload: Record<string, unknown> } {
  const [header, payload] = token.split('.').slice(0, 2)
  const part = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>
  return { header: part(header!), payload: part(payload!) }
}

/** The names of what differs between two records. */
export function changed(before: object, after: object): string[] {
  const [left, right] = [before, after] as Record<string, unknown>[]
  const names = new Set([...Object.keys(left!), ...Object.keys(right!)])
  return [...names].filter((name) => JSON.stringify(left![name]) !== JSON.stringify(right![name])).sort()
}
