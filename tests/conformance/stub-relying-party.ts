/**
 * A relying party that does the login and checks nothing, and worse ones: what the judge must not let pass. It is told
 * issuer and client in the address of the login, so that a JSON document can drive it.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Ability, Driver, JsonDriver } from '@relying-party/mock-idp'
import { createJsonDriver } from '@relying-party/mock-idp'

/** How the stub fails. */
export type Manner =
  /** Does everything and checks nothing. */
  | 'accepts_everything'
  /** Gets the tokens and refuses, whatever they are. */
  | 'refuses_everything'
  /** Answers 500 and a page, once it has the tokens. */
  | 'crashes'
  /** Breaks the connection, once it has the tokens. */
  | 'hangs_up'
  /** Signs in by the ID Token, and never asks for UserInfo. */
  | 'skips_userinfo'
  /** Shows a refusal, and has made a session all the same. */
  | 'refuses_and_signs_in'

interface Browser {
  told?: Record<string, string>
  session?: { sub: string; claims: Record<string, unknown>; id_token: string; refresh_token?: string }
  code?: string
}

export interface Stub {
  origin: string
  document: JsonDriver
  driver: Driver
  close(): Promise<void>
}

export async function startStub(manner: Manner): Promise<Stub> {
  const browsers = new Map<string, Browser>()
  const server = createServer((request, response) => {
    respond(manner, browsers, origin, request, response).catch((error: unknown) => {
      if (manner === 'hangs_up') return void response.socket?.destroy()
      response.writeHead(500, { 'content-type': 'text/html' }).end(`<h1>Oops</h1><pre>${String(error)}</pre>`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const document = documentOf(manner, origin)
  return { origin, document, driver: createJsonDriver(document), close: () => close(server) }
}

function documentOf(manner: Manner, origin: string): JsonDriver {
  const abilities: Ability[] = [
    'form_post',
    'initiate_login',
    'rp_initiated_logout',
    'backchannel_logout',
    'refresh',
    'prompt_none',
    'id_token_es256',
    'id_token_hs256',
  ]
  const told =
    'issuer={issuer}&client_id={client_id}&client_secret={client_secret}&scope={scope}&response_mode={response_mode}&prompt={prompt}&max_age={max_age}'
  return {
    name: `a stub that ${manner.replaceAll('_', ' ')}`,
    abilities: Object.fromEntries(abilities.map((ability) => [ability, true])),
    addresses: {
      redirect_uri: `${origin}/{id}/callback`,
      post_logout_redirect_uri: `${origin}/{id}/logged-out`,
      backchannel_logout_uri: `${origin}/{id}/backchannel-logout`,
      initiate_login_uri: `${origin}/{id}/initiate`,
    },
    set_up: { url: `${origin}/{id}/set-up?${told}` },
    login: { url: `${origin}/{id}/login?${told}` },
    logout: { url: `${origin}/{id}/logout` },
    refresh: { url: `${origin}/{id}/refresh` },
    result: {
      url: `${origin}/{id}/result`,
      authenticated: { sub: '/session/sub', claims: '/session/claims' },
      refused: { code: '/error/code' },
    },
  }
}

const setUps = new Map<string, Record<string, string>>()

async function respond(
  manner: Manner,
  browsers: Map<string, Browser>,
  origin: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', origin)
  const [, id = '', path] = url.pathname.split('/')
  const key = `${origin}/${id}`
  const cookie = /browser=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? randomBytes(8).toString('hex')
  const browser = browsers.get(cookie) ?? {}
  browsers.set(cookie, browser)
  response.setHeader('set-cookie', `browser=${cookie}; Path=/; HttpOnly`)
  const form = new URLSearchParams(request.method === 'POST' ? await bodyOf(request) : url.search)
  switch (path) {
    case 'set-up':
      setUps.set(key, Object.fromEntries(url.searchParams))
      return json(response, 200, {})
    case 'initiate':
      browser.told = setUps.get(key)!
      return redirect(response, await authorizationUrl(key, browser.told))
    case 'login':
      browser.told = Object.fromEntries([...url.searchParams].filter(([, value]) => value !== ''))
      return redirect(response, await authorizationUrl(key, browser.told))
    case 'callback': {
      delete browser.session
      delete browser.code
      if (form.has('error')) {
        if (manner === 'accepts_everything') browser.session = { sub: 'nobody', claims: {}, id_token: '' }
        else browser.code = 'provider_error'
        return redirect(response, `${key}/result`)
      }
      const code = { grant_type: 'authorization_code', code: form.get('code')!, redirect_uri: `${key}/callback` }
      await useTokens(manner, browser, await tokens(browser.told!, code))
      return redirect(response, `${key}/result`)
    }
    case 'refresh': {
      const { refresh_token } = browser.session!
      await useTokens(
        manner,
        browser,
        await tokens(browser.told!, { grant_type: 'refresh_token', refresh_token: refresh_token! }),
      )
      return redirect(response, `${key}/result`)
    }
    case 'logout': {
      const { end_session_endpoint } = await metadata(browser.told!)
      const query = {
        id_token_hint: browser.session!.id_token,
        post_logout_redirect_uri: `${key}/logged-out`,
        state: cookie,
      }
      delete browser.session
      return redirect(response, `${end_session_endpoint}?${new URLSearchParams(query)}`)
    }
    case 'backchannel-logout': {
      if (manner === 'refuses_everything') return json(response, 400, { error: { code: 'no' } })
      for (const each of browsers.values())
        if (each.told?.['issuer'] === setUps.get(key)?.['issuer']) delete each.session
      return json(response, 200, {})
    }
    case 'logged-out':
    case 'result': {
      const { session, code } = browser
      if (code !== undefined) {
        if (manner === 'refuses_and_signs_in') delete browser.code
        return json(response, 403, { error: { code } })
      }
      return session === undefined ? json(response, 401, {}) : json(response, 200, { session })
    }
    default:
      return json(response, 404, {})
  }
}

async function useTokens(manner: Manner, browser: Browser, answer: Record<string, string>): Promise<void> {
  if (manner === 'crashes' || manner === 'hangs_up') throw new Error('something is undefined')
  if (manner === 'refuses_everything') {
    browser.code = 'no'
    return
  }
  const issued = JSON.parse(Buffer.from(answer['id_token']!.split('.')[1]!, 'base64url').toString()) as Record<
    string,
    unknown
  >
  const { jwks_uri, userinfo_endpoint } = await metadata(browser.told!)
  await (await fetch(jwks_uri!)).text()
  let claims = issued
  if (manner === 'accepts_everything') {
    const told = await fetch(userinfo_endpoint!, { headers: { authorization: `Bearer ${answer['access_token']}` } })
    claims = { ...issued, ...((await told.json()) as Record<string, unknown>) }
  }
  const { refresh_token = browser.session?.refresh_token } = answer
  browser.session = {
    sub: String(issued['sub'] ?? 'unknown'),
    claims,
    id_token: answer['id_token']!,
    ...(refresh_token !== undefined && { refresh_token }),
  }
  if (manner === 'refuses_and_signs_in') browser.code = 'no'
}

async function metadata({ issuer }: Record<string, string>): Promise<Record<string, string>> {
  const response = await fetch(`${issuer!.replace(/\/$/, '')}/.well-known/openid-configuration`)
  return (await response.json()) as Record<string, string>
}

async function authorizationUrl(key: string, told: Record<string, string>): Promise<string> {
  const { authorization_endpoint } = await metadata(told)
  const { client_id, scope, response_mode, prompt, max_age } = told
  const wanted = {
    client_id,
    scope,
    redirect_uri: `${key}/callback`,
    response_type: 'code',
    state: randomBytes(8).toString('hex'),
    ...(response_mode === 'form_post' && { response_mode }),
    ...(prompt && { prompt }),
    ...(max_age && { max_age }),
  }
  return `${authorization_endpoint}?${new URLSearchParams(wanted as Record<string, string>)}`
}

async function tokens(told: Record<string, string>, form: Record<string, string>): Promise<Record<string, string>> {
  const { token_endpoint } = await metadata(told)
  const credentials = [told['client_id']!, told['client_secret']!].map(encodeURIComponent).join(':')
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
  const response = await fetch(token_endpoint!, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams(form),
  })
  return (await response.json()) as Record<string, string>
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location }).end()
}

function json(response: ServerResponse, status: number, body: object): void {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  response.writeHead(status, headers).end(JSON.stringify(body))
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
