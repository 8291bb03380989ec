/** The whole product in one process: a mock Okta, our server on a store of its own, an admin, and browsers. */
import { fastify, type FastifyInstance } from 'fastify'
import { startMockOkta, type ClientOptions, type MockOkta, type MockOktaOptions } from '@relying-party/mock-idp'
import { allowsHttp, createOutbound, openStore, parseOutboundAllow, relyingParty, type RelyingPartyOptions } from '@relying-party/server'
import { createServer } from 'node:net'
import { UserAgent, type Visit } from './user-agent.ts'

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
  /** The last attempt of the organization. */
  lastAttempt(organization_id?: string): Promise<Record<string, unknown>>
  organization(organization_id?: string): string
  close(): Promise<void>
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever JSON came
  readonly body: any
}

export interface WorldOptions {
  readonly idp?: MockOktaOptions
  readonly client?: Partial<ClientOptions>
  readonly organizations?: readonly string[]
  readonly server?: Partial<RelyingPartyOptions>
  readonly store_url?: string
}

export async function createWorld({ idp: idpOptions = {}, client = {}, organizations = ['acme', 'globex'], server = {}, store_url = 'memory:' }: WorldOptions = {}): Promise<World> {
  const port = await freePort()
  const base_url = `http://localhost:${port}`
  const address = (organization_id: string) => `${base_url}/organizations/${organization_id}`
  const idp = await startMockOkta({
    auto_login: 'ada@acme.example',
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
  const allow = parseOutboundAllow(`localhost:${new URL(idp.issuer).port}`)
  const store = await openStore(store_url, { now })
  const outbound = createOutbound({ allow })
  const logs: string[] = []
  const app = fastify({ logger: { level: 'trace', stream: { write: (line: string) => void logs.push(line) } } }) as unknown as FastifyInstance
  await app.register(relyingParty, {
    base_url,
    store,
    session_store: store,
    outbound,
    secret_keys: [Buffer.alloc(32, 7).toString('base64url')],
    admin_token: adminToken,
    allowsHttp: (url) => allowsHttp(url, allow),
    now,
    ...server,
  })
  await app.listen({ port, host: '127.0.0.1' })

  const api: World['api'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${base_url}/api${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
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
    api,
    save: (id = 'acme', changes = {}) =>
      api('PUT', `/organizations/${id}/oidc`, { issuer: idp.issuer, client_id: clientId, client_secret: clientSecret, ...changes }),
    async runTest(id = 'acme', agent = new UserAgent()) {
      const { body } = await api('POST', `/organizations/${id}/oidc/test`)
      return agent.visit(body.test_url, { until: (url) => url.pathname.endsWith('/settings/sso') })
    },
    async enable(id = 'acme', changes = {}) {
      const saved = await world.save(id, changes)
      await world.runTest(id)
      const enabled = await api('POST', `/organizations/${id}/oidc/enable`, { fingerprint: saved.body.candidate.fingerprint })
      if (enabled.status !== 200) throw new Error(`could not enable: ${JSON.stringify(enabled.body)}`)
    },
    login: (id = 'acme', agent = new UserAgent(), query = '?return_to=/welcome') =>
      agent.visit(`${address(id)}/oidc/login${query}`, { until: (url) => url.pathname === '/welcome' }),
    async lastAttempt(id = 'acme') {
      return (await api('GET', `/organizations/${id}/attempts`)).body.attempts[0]
    },
    organization: (id = 'acme') => address(id),
    async close() {
      await app.close()
      await idp.close()
      await outbound.close()
      await store.close()
    },
  }
  return world
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
