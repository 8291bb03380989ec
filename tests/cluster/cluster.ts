/** Instances of the server on shared stores behind one address, a mock Okta, an administrator, and browsers. */
import { startMockOkta, type MockOkta } from '@relying-party/mock-idp'
import type { Store } from '@relying-party/core'
import { openIn, type Place } from '../storage/backends.ts'
import { freePort } from '../../packages/server/src/free-port.ts'
import { startProcess, untilReady, type ServerProcess } from '../support/process.ts'
import { UserAgent, type Visit } from '../support/user-agent.ts'
import { clientId, clientSecret } from '../support/world.ts'
import { startBalancer, type Balancer } from './balancer.ts'
import type { InstanceOptions } from './instance.ts'
import { startInstance, type Instance } from './instances.ts'

export const admin_token = 'admin-token-of-the-cluster-tests'
export const secret_key = Buffer.alloc(32, 7).toString('base64url')

export interface Cluster {
  readonly idp: MockOkta
  readonly balancer: Balancer
  readonly base_url: string
  /** Starts an instance; requests go to it once it is named in `balancer.targets`. */
  start(changes?: Partial<InstanceOptions>, how?: Parameters<typeof startInstance>[1]): Promise<Instance>
  /** Starts `relying-party-server`, whose records lie where its users' do: the place must be a database of its own. */
  startServer(): Promise<ServerProcess & { readonly port: number }>
  /** Calls the admin API by way of the balancer, or of one instance. */
  api(method: string, path: string, body?: unknown, instance?: Listening): Promise<ApiAnswer>
  /** Saves (settings that work, unless others are given), tests and enables. */
  enable(organization_id?: string, settings?: Record<string, unknown>): Promise<void>
  /** Signs in and returns where the browser ended: `/welcome` when all went well. */
  login(agent: UserAgent, organization_id?: string): Promise<Visit>
  /** Starts a login and returns the Redirection URI with code and state, not yet requested. */
  callback(agent: UserAgent, organization_id?: string): Promise<URL>
  /** Who is signed in with this browser, as the instance or the balancer sees it. */
  session(agent: UserAgent, instance?: Listening): Promise<{ email: string } | null>
  /** The address, asked of this very instance; cookies go along, as they do not depend on ports. */
  at(instance: Listening, url: URL | string): URL
  /** The stores, seen by the test itself. */
  readonly store: Store
  readonly session_store: Store
  close(): Promise<void>
}

/** An instance, or a server. */
type Listening = Pick<Instance, 'port'>

export interface ApiAnswer {
  readonly status: number
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever JSON came
  readonly body: any
}

export interface ClusterOptions {
  readonly place: Place
  readonly session_place?: Place
  readonly organizations?: readonly string[]
}

const isCallback = ({ pathname }: URL) => pathname.endsWith('/oidc/consume')
const isWelcome = ({ pathname }: URL) => pathname === '/welcome'
const isSettings = ({ pathname }: URL) => pathname.endsWith('/settings/sso')

export async function createCluster({
  place,
  session_place,
  organizations = ['acme'],
}: ClusterOptions): Promise<Cluster> {
  const balancer = await startBalancer()
  const { base_url } = balancer
  const organization = (id: string) => `${base_url}/organizations/${id}`
  const idp = await startMockOkta({
    auto_login: 'ada@acme.example',
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: organizations.map((id) => `${organization(id)}/oidc/consume`),
        backchannel_logout_uri: `${organization(organizations[0]!)}/oidc/backchannel-logout`,
      },
    ],
  })
  const outbound_allow = `localhost:${new URL(idp.issuer).port}`
  const started: { kill(): Promise<unknown> }[] = []
  const now = () => Date.now() / 1000
  const records = ({ url, namespace }: Place) => ({ url, namespace })
  const openings: Store[] = []
  const opened = async (where: Place) => {
    const store = await openIn(where, { now })
    openings.push(store)
    return store
  }
  // The first to open creates what is missing, before instances do it at once.
  const store = await opened(place)
  const session_store = session_place === undefined ? store : await opened(session_place)

  const cluster: Cluster = {
    idp,
    balancer,
    base_url,
    store,
    session_store,
    async start(changes = {}, how = {}) {
      const instance = await startInstance(
        {
          base_url,
          store: records(place),
          ...(session_place !== undefined && { session_store: records(session_place) }),
          secret_keys: [secret_key],
          admin_token,
          outbound_allow,
          ...changes,
        },
        how,
      )
      started.push(instance)
      return instance
    },
    async startServer() {
      const port = await freePort()
      const server = startProcess({
        PORT: String(port),
        BASE_URL: base_url,
        STORE_URL: place.url,
        SECRET_KEYS: secret_key,
        ADMIN_TOKEN: admin_token,
        OUTBOUND_ALLOW: outbound_allow,
      })
      started.push({ kill: () => server.stop('SIGKILL') })
      await untilReady(server, `http://localhost:${port}`)
      return { ...server, port }
    },
    async api(method, path, body, instance) {
      const url = `${base_url}/api/organizations/${path}`
      const response = await fetch(instance === undefined ? url : cluster.at(instance, url), {
        method,
        headers: {
          authorization: `Bearer ${admin_token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') === true
      return { status: response.status, body: isJson ? JSON.parse(text) : text }
    },
    async enable(id = 'acme', settings = { issuer: idp.issuer, client_id: clientId, client_secret: clientSecret }) {
      await cluster.api('PUT', `${id}/oidc`, settings)
      const { test_url } = (await cluster.api('POST', `${id}/oidc/test`)).body
      await new UserAgent().visit(test_url, { until: isSettings })
      const { fingerprint } = (await cluster.api('GET', `${id}/oidc`)).body.candidate
      const enabled = await cluster.api('POST', `${id}/oidc/enable`, { fingerprint })
      if (enabled.status !== 200) throw new Error(`could not enable: ${JSON.stringify(enabled.body)}`)
    },
    login: (agent, id = 'acme') =>
      agent.visit(`${organization(id)}/oidc/login?return_to=/welcome`, { until: isWelcome }),
    async callback(agent, id = 'acme') {
      const { url, status } = await agent.visit(`${organization(id)}/oidc/login?return_to=/welcome`, {
        until: isCallback,
      })
      if (status !== 0) throw new Error(`the browser did not come back: ${status} at ${url.href}`)
      return url
    },
    async session(agent, instance) {
      const url = `${organization('acme')}/session`
      const { status, body } = await agent.visit(instance === undefined ? url : cluster.at(instance, url))
      return status === 200 ? (JSON.parse(body) as { email: string }) : null
    },
    at: ({ port }, url) => Object.assign(new URL(url), { port: String(port) }),
    async close() {
      await Promise.all(started.map((instance) => instance.kill()))
      await balancer.close()
      await idp.close()
      await Promise.all(openings.map((one) => one.close()))
      await place.remove()
      await session_place?.remove()
    },
  }
  return cluster
}

/** How often each code was sent to the token endpoint. */
export function codesSent(idp: MockOkta): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { params } of idp.requests.of('token')) counts.set(params.code!, (counts.get(params.code!) ?? 0) + 1)
  return counts
}

/** The failure that a page tells of. */
export function codeOf({ body }: Visit): string | undefined {
  return /data-code="([^"]+)"/.exec(body)?.[1]
}

/** Every session of members that the store holds. */
export async function sessionsIn(store: Store): Promise<readonly { subject: string }[]> {
  const rows = await store.list('sessions', { prefix: 'session.', limit: 10_000 })
  return rows.map(({ value }) => value as unknown as { subject: string })
}
