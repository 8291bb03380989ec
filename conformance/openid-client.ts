/**
 * An independent relying party and its driver: a small application on the npm package `openid-client`, as its
 * documentation shows it. By itself the library trusts TLS for the signature of an ID Token that comes from the token
 * endpoint; with its switch for non-repudiation it checks it. The run tells the two apart: proof that it can say no.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Driver, Outcome, Reason, SetUp } from '@relying-party/mock-idp'
import * as client from 'openid-client'

/** Which of the two relying parties. */
export interface Variant {
  non_repudiation: boolean
}

/** A driver with an application of its own. */
export function createDriver({ non_repudiation }: Variant): Driver {
  const application = new Application(non_repudiation)
  const address = (id: string, path: string) => `${application.origin}/${id}/${path}`
  return {
    name: `openid-client${non_repudiation ? ' with enableNonRepudiationChecks' : ''}`,
    abilities: {
      form_post: true,
      initiate_login: true,
      rp_initiated_logout: true,
      backchannel_logout: 'the library has no back-channel logout.',
      refresh: true,
      prompt_none: true,
      id_token_es256: true,
      id_token_hs256: non_repudiation ? 'with its switch on the library verifies public-key signatures only.' : true,
      userinfo_in_body: 'the library sends the access token in the Authorization header only.',
      distributed_claims: 'the library does not follow them.',
      mtls: 'this application has no certificate.',
    },
    start: () => application.start(),
    stop: () => application.stop(),
    addresses: ({ id }) => ({
      redirect_uri: address(id, 'callback'),
      post_logout_redirect_uri: address(id, 'logged-out'),
      initiate_login_uri: address(id, 'login'),
    }),
    async setUp(told) {
      const { id } = told
      try {
        await application.connect(told)
      } catch (error) {
        return refused(error)
      }
      return {
        login: ({ prompt } = {}) => ({
          url: `${address(id, 'login')}${prompt === undefined ? '' : `?prompt=${prompt}`}`,
        }),
        logout: () => ({ url: address(id, 'logout'), method: 'POST' }),
        refresh: () => ({ url: address(id, 'refresh'), method: 'POST' }),
        outcome: async (agent) => JSON.parse((await agent.visit(address(id, 'result'))).body) as Outcome,
        close: () => application.disconnect(id),
      }
    },
  }
}

/** `--rp conformance/openid-client.ts` is the library as it comes; NON_REPUDIATION=1 switches its signature checks on. */
export default (): Driver => createDriver({ non_repudiation: process.env['NON_REPUDIATION'] === '1' })

interface Connection extends SetUp {
  config: client.Configuration
}

/** What a browser has going on with this application. */
interface Browser {
  flow?: { state: string; nonce: string; code_verifier: string }
  tokens?: { sub: string; claims: Record<string, unknown>; id_token: string; refresh_token?: string }
  outcome?: Outcome
}

class Application {
  origin = ''
  readonly #non_repudiation: boolean
  readonly #connections = new Map<string, Connection>()
  readonly #browsers = new Map<string, Browser>()
  #server: Server | undefined

  constructor(non_repudiation: boolean) {
    this.#non_repudiation = non_repudiation
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#respond(request, response).catch((error: unknown) => send(response, 500, { error: String(error) }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.origin = `http://localhost:${(server.address() as AddressInfo).port}`
    this.#server = server
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => this.#server?.close(resolve))
  }

  /** Discovery, which is where the library looks at the issuer. */
  async connect(told: SetUp): Promise<void> {
    const { client_id, client_secret, id_token_signed_response_alg } = told.client
    const config = await client.discovery(
      new URL(told.issuer),
      client_id,
      { id_token_signed_response_alg, client_secret },
      client.ClientSecretBasic(client_secret),
      {
        execute: [client.allowInsecureRequests, ...(this.#non_repudiation ? [client.enableNonRepudiationChecks] : [])],
      },
    )
    this.#connections.set(told.id, { ...told, config })
  }

  disconnect(id: string): void {
    this.#connections.delete(id)
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin)
    const [, id = '', path] = url.pathname.split('/')
    const connection = this.#connections.get(id)
    if (connection === undefined) return send(response, 404, {})
    const [cookie, browser] = this.#browserOf(request)
    response.setHeader('set-cookie', `browser=${cookie}; Path=/; HttpOnly; SameSite=Lax`)
    switch (path) {
      case 'login':
        return redirect(response, await authorizationUrl(connection, browser, url.searchParams))
      case 'callback':
        await attempt(browser, async () => finishLogin(connection, browser, await toRequest(request, url)))
        return redirect(response, `${this.origin}/${id}/result`)
      case 'refresh':
        await attempt(browser, () => refresh(connection, browser))
        return redirect(response, `${this.origin}/${id}/result`)
      case 'logout':
        return redirect(response, logoutUrl(connection, browser))
      case 'logged-out':
      case 'result':
        return send(response, 200, browser.outcome ?? { answer: 'nobody' })
      default:
        return send(response, 404, {})
    }
  }

  #browserOf({ headers }: IncomingMessage): [cookie: string, browser: Browser] {
    const known = /(?:^|; )browser=([^;]+)/.exec(headers.cookie ?? '')?.[1]
    const cookie = known ?? randomBytes(16).toString('base64url')
    const browser = this.#browsers.get(cookie) ?? {}
    this.#browsers.set(cookie, browser)
    return [cookie, browser]
  }
}

async function authorizationUrl(connection: Connection, browser: Browser, query: URLSearchParams): Promise<string> {
  const { config, client: registered, issuer } = connection
  if (query.has('iss') && query.get('iss') !== issuer) throw new Error('another issuer')
  const flow = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    code_verifier: client.randomPKCECodeVerifier(),
  }
  Object.assign(browser, { flow })
  const { redirect_uri, scope, response_mode, max_age } = registered
  return client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope,
    state: flow.state,
    nonce: flow.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(flow.code_verifier),
    code_challenge_method: 'S256',
    ...(response_mode === 'form_post' && { response_mode }),
    ...(max_age !== undefined && { max_age: String(max_age) }),
    ...(query.has('prompt') && { prompt: query.get('prompt')! }),
  }).href
}

async function finishLogin(
  { config, client: { max_age } }: Connection,
  browser: Browser,
  current: URL | Request,
): Promise<Outcome> {
  const { flow } = browser
  delete browser.flow
  if (flow === undefined) throw new Error('no login is under way')
  const tokens = await client.authorizationCodeGrant(config, current, {
    pkceCodeVerifier: flow.code_verifier,
    expectedState: flow.state,
    expectedNonce: flow.nonce,
    idTokenExpected: true,
    ...(max_age !== undefined && { maxAge: max_age }),
  })
  return signIn(config, browser, tokens)
}

async function refresh({ config }: Connection, browser: Browser): Promise<Outcome> {
  const { refresh_token, sub } = browser.tokens ?? {}
  if (refresh_token === undefined) throw new Error('there is no refresh token')
  return signIn(config, browser, await client.refreshTokenGrant(config, refresh_token), sub)
}

/** UserInfo about the subject of the ID Token; at a refresh, about the one who signed in. */
async function signIn(
  config: client.Configuration,
  browser: Browser,
  tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
  before?: string,
): Promise<Outcome> {
  const claims = tokens.claims()!
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, before ?? claims.sub)
  const known = { ...claims, ...userinfo }
  const { id_token, refresh_token } = tokens
  browser.tokens = {
    sub: claims.sub,
    claims: known,
    id_token: id_token!,
    ...(refresh_token !== undefined && { refresh_token }),
  }
  return { answer: 'authenticated', sub: claims.sub, claims: known }
}

function logoutUrl({ config, client: { post_logout_redirect_uri } }: Connection, browser: Browser): string {
  const id_token_hint = browser.tokens?.id_token ?? ''
  delete browser.tokens
  delete browser.outcome
  const state = client.randomState()
  return client.buildEndSessionUrl(config, {
    id_token_hint,
    post_logout_redirect_uri: post_logout_redirect_uri!,
    state,
  }).href
}

async function attempt(browser: Browser, action: () => Promise<Outcome>): Promise<void> {
  try {
    browser.outcome = await action()
  } catch (error) {
    browser.outcome = refused(error)
  }
}

/** An error of the library as a refusal; what is no error of the library is rethrown, and ends in a 500. */
function refused(error: unknown): Outcome & { answer: 'refused' } {
  if (!(
    error instanceof client.ClientError ||
    error instanceof client.AuthorizationResponseError ||
    error instanceof client.ResponseBodyError
  )) {
    throw error
  }
  const { code, message, cause } = error
  return {
    answer: 'refused',
    code: `${code}: ${cause instanceof Error ? cause.message : message}`,
    reason: reasonOf(error),
  }
}

/** What an error of the library means; its codes are coarser than the rules, so its cause and its words are read. */
function reasonOf(error: Error): Reason {
  if (error instanceof client.AuthorizationResponseError) return 'authorization_error'
  const inner = error.cause instanceof Error ? error.cause : error
  const { claim, attribute } = (inner.cause ?? {}) as { claim?: string; attribute?: string }
  const text = inner.message
  if (attribute === 'issuer' || /"issuer"|issuer.*discover/i.test(text)) return 'discovery_issuer'
  if (/UserInfo|userinfo/.test(text) || (claim === undefined && /"sub" property/.test(text))) return 'userinfo_sub'
  const named = claim ?? /"(iss|sub|aud|iat|nonce)"/.exec(text)?.[1]
  if (named !== undefined && claims.has(named)) return `id_token_${named}` as Reason
  if (/signature verification/i.test(text)) return 'id_token_signature'
  if (/"alg"/.test(text)) return 'id_token_alg'
  if (/selection|key/i.test(text)) return 'id_token_key'
  return 'other'
}

/** What the library reads: the address of a query response, or the request of a form_post one. */
async function toRequest(request: IncomingMessage, url: URL): Promise<URL | Request> {
  if (request.method !== 'POST') return url
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return new Request(url, { method: 'POST', headers, body: Buffer.concat(chunks).toString() })
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location }).end()
}

function send(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body))
}

const claims = new Set(['iss', 'sub', 'aud', 'iat', 'nonce'])
