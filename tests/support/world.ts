/** The whole product in one process: a mock Okta, our server on a store of its own, an admin, and browsers. */
import { fastify, type FastifyInstance } from 'fastify'
import { startMockOkta, type ClientOptions, type MockOkta, type MockOktaOptions } from '@relying-party/mock-idp'
import type { Store } from '@relying-party/core'
import {
  allowsHttp,
  createOutbound,
  openStore,
  parseOutboundAllow,
  relyingParty,
  type Outbound,
  type RelyingPartyOptions,
} from '@relying-party/server'
import { afterAll, afterEach, beforeEach } from 'vitest'
import { createMetrics, registerObservability } from '../../packages/server/src/observability.ts'
import { freePort } from '../../packages/server/src/free-port.ts'
import { codeOf, UserAgent, type Visit } from './user-agent.ts'

export const adminToken = 'admin-token-of-the-tests'
export const clientSecret = 'the-secret-that-must-never-show-0123456789-ABCDEFGH'
export const clientId = '0oa1testclient000000'

export interface World {
  readonly idp: MockOkta
  readonly app: FastifyInstance
  readonly base_url: string
  /** Moves the server's clock; the mock's is its own. */
  readonly clock: { now: number }
  /** Log lines, as they would be written. */
  readonly logs: string[]
  /** Every route of the plugin, and those that operators ask. */
  readonly routes: readonly Route[]
  /** Calls the admin API. */
  api(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>
  /** Saves settings that work and returns the answer. */
  save(organization_id?: string, changes?: Record<string, unknown>): Promise<ApiAnswer>
  /** Runs the test login in a browser of its own. */
  runTest(organization_id?: string, agent?: UserAgent): Promise<Visit>
  /** Saves, tests and enables. */
  enable(organization_id?: string, changes?: Record<string, unknown>): Promise<void>
  /** Signs in and returns where the browser ended. */
  login(organization_id?: string, agent?: UserAgent, query?: string): Promise<Visit>
  /** Whether somebody who signs in there is signed in then. */
  canSignIn(organization_id?: string): Promise<boolean>
  /** Starts a login and stops before the Redirection URI is requested: that address, with code and state. */
  callback(organization_id?: string, agent?: UserAgent, query?: string): Promise<URL>
  /** Starts a test login and stops before the Redirection URI is requested. */
  testCallback(organization_id?: string, agent?: UserAgent): Promise<URL>
  /** A one-time link that runs the test login. */
  testUrl(organization_id?: string): Promise<string>
  /** A browser in which somebody signed in with the admin token. */
  admin(): Promise<UserAgent>
  /** The connection, as the admin API shows it. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever JSON came
  connection(organization_id?: string): Promise<any>
  /** Signs in and returns the session, or the code of the refusal. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever JSON came
  signIn(organization_id?: string, agent?: UserAgent): Promise<any>
  /** Who is signed in with this browser: the session, or null. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever JSON came
  session(agent: UserAgent, organization_id?: string): Promise<any>
  /** The last attempt of the organization. */
  lastAttempt(organization_id?: string): Promise<Record<string, unknown>>
  organization(organization_id?: string): string
  /** The housekeeping that is repeated every few minutes, now. */
  sweep(): Promise<void>
  close(): Promise<void>
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever JSON came
  readonly body: any
}

export interface WorldOptions {
  /** Whether people sign in at the mock's page instead of being Ada at once. */
  readonly sign_in_page?: boolean
  readonly idp?: MockOktaOptions
  readonly client?: Partial<ClientOptions>
  readonly organizations?: readonly string[]
  readonly server?: Partial<RelyingPartyOptions>
  readonly store_url?: string
  /** What browsers call the server, when it is not the address that it listens on. */
  readonly base_url?: string
  /** Stands between the server and its store. */
  readonly wrapStore?: (store: Store) => Store
  /** Stands between the server and its providers. */
  readonly wrapOutbound?: (outbound: Outbound) => Outbound
  /** Does something to the application before the plugin is registered. */
  readonly prepare?: (app: FastifyInstance) => void
  /** Further hosts with ports that may be http, as in OUTBOUND_ALLOW. */
  readonly allow?: readonly string[]
}

export interface Route {
  readonly method: string
  readonly url: string
}

/** Ids of organizations that the mock's client is registered for: each test takes one of its own. */
export function organizationIds(count: number): { ids: string[]; next: () => string } {
  const ids = Array.from({ length: count }, (_, index) => `org-${index + 1}`)
  let taken = 0
  const next = () => {
    const id = ids[taken++]
    if (id === undefined) throw new Error(`more than ${count} organizations are needed`)
    return id
  }
  return { ids, next }
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const {
    idp: idpOptions = {},
    client = {},
    organizations = ['acme', 'globex'],
    server = {},
    store_url = 'memory:',
    sign_in_page,
  } = options
  const port = await freePort()
  const base_url = options.base_url ?? `http://localhost:${port}`
  const address = (organization_id: string) => `${base_url}/organizations/${organization_id}`
  const idp = await startMockOkta({
    ...(sign_in_page !== true && { auto_login: 'ada@acme.example' }),
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: organizations.map((id) => `${address(id)}/oidc/consume`),
        post_logout_redirect_uris: organizations.map((id) => `${address(id)}/oidc/logged-out`),
        ...client,
      },
    ],
    ...idpOptions,
  })
  const clock = { now: Math.floor(Date.now() / 1000) }
  const now = () => clock.now
  const allow = parseOutboundAllow([`localhost:${new URL(idp.issuer).port}`, ...(options.allow ?? [])].join(','))
  const opened = await openStore(store_url, { now })
  const store = options.wrapStore?.(opened) ?? opened
  const http = createOutbound({ allow })
  const outbound = options.wrapOutbound?.(http) ?? http
  const routes: Route[] = []
  const logs: string[] = []
  const app = fastify({
    logger: { level: 'trace', stream: { write: (line: string) => void logs.push(line) } },
  }) as unknown as FastifyInstance
  options.prepare?.(app)
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, url })
  })
  const tasks = new Set<() => Promise<void>>()
  const schedule: RelyingPartyOptions['schedule'] = (_seconds, task) => {
    tasks.add(task)
    return () => void tasks.delete(task)
  }
  const metrics = createMetrics()
  await app.register(relyingParty, {
    base_url,
    store,
    session_store: store,
    outbound,
    secret_keys: [Buffer.alloc(32, 7).toString('base64url')],
    admin_token: adminToken,
    // The clock stands still here: whoever wants limits says which.
    rate_limits: false,
    allowsHttp: (url) => allowsHttp(url, allow),
    now,
    schedule,
    count: metrics.count,
    ...server,
  })
  registerObservability(app, [store], metrics.registry, app.log, now)
  await app.listen({ port, host: '127.0.0.1' })

  const api: World['api'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`http://localhost:${port}/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
  }
  const world: World = {
    idp,
    app,
    base_url,
    clock,
    logs,
    routes,
    api,
    save: (id = 'acme', changes = {}) =>
      api('PUT', `/organizations/${id}/oidc`, {
        issuer: idp.issuer,
        client_id: clientId,
        client_secret: clientSecret,
        ...changes,
      }),
    async runTest(id = 'acme', agent = new UserAgent()) {
      return agent.visit(await world.testUrl(id), { until: (url) => url.pathname.endsWith('/settings/sso') })
    },
    async enable(id = 'acme', changes = {}) {
      const saved = await world.save(id, changes)
      await world.runTest(id)
      const { fingerprint } = saved.body.candidate ?? saved.body.live
      const enabled = await api('POST', `/organizations/${id}/oidc/enable`, { fingerprint })
      if (enabled.status !== 200) throw new Error(`could not enable: ${JSON.stringify(enabled.body)}`)
    },
    login: (id = 'acme', agent = new UserAgent(), query = '?return_to=/welcome') =>
      agent.visit(`${address(id)}/oidc/login${query}`, { until: (url) => url.pathname === '/welcome' }),
    async canSignIn(id = 'acme') {
      const member = new UserAgent()
      await world.login(id, member)
      return (await world.session(member, id)) !== null
    },
    async signIn(id = 'acme', agent = new UserAgent()) {
      const visit = await world.login(id, agent)
      return (await world.session(agent, id)) ?? codeOf(visit)
    },
    async callback(id = 'acme', agent = new UserAgent(), query = '?return_to=/welcome') {
      const { url, status } = await agent.visit(`${address(id)}/oidc/login${query}`, { until: isCallback })
      if (status !== 0) throw new Error(`the browser did not come back: ${status} at ${url.href}`)
      return url
    },
    async testCallback(id = 'acme', agent = new UserAgent()) {
      const { url, status } = await agent.visit(await world.testUrl(id), { until: isCallback })
      if (status !== 0) throw new Error(`the browser did not come back: ${status} at ${url.href}`)
      return url
    },
    async testUrl(id = 'acme') {
      const { status, body } = await api('POST', `/organizations/${id}/oidc/test`)
      if (status !== 200) throw new Error(`could not begin a test: ${JSON.stringify(body)}`)
      return body.test_url
    },
    async admin() {
      const agent = new UserAgent()
      const form = { admin_token: adminToken, next: '' }
      const until = ({ pathname }: URL) => pathname === '/admin'
      await agent.visit(`${base_url}/admin/sign-in`, { form, until })
      return agent
    },
    connection: async (id = 'acme') => (await api('GET', `/organizations/${id}/oidc`)).body,
    async session(agent, id = 'acme') {
      const { status, body } = await agent.visit(`${address(id)}/session`, { headers: { accept: 'application/json' } })
      return status === 200 ? JSON.parse(body) : null
    },
    async lastAttempt(id = 'acme') {
      return (await api('GET', `/organizations/${id}/attempts`)).body.attempts[0]
    },
    organization: (id = 'acme') => address(id),
    async sweep() {
      for (const task of tasks) await task()
    },
    async close() {
      await app.close()
      await idp.close()
      await outbound.close()
      await store.close()
    },
  }
  return world
}

/** A world for all tests of the file that calls it: what the provider saw is forgotten before each, what was injected after it. */
export async function sharedWorld(options: WorldOptions = {}): Promise<World> {
  const world = await createWorld(options)
  beforeEach(() => world.idp.requests.clear())
  afterEach(() => {
    world.idp.clearFaults()
    world.idp.loginAs(null)
  })
  afterAll(() => world.close())
  return world
}

const isCallback = ({ pathname }: URL) => pathname.endsWith('/oidc/consume')
