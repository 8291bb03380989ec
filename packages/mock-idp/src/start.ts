/** Starting and stopping a mock: options in, a listening organization out. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { demoClient, demoUsers } from './demo.ts'
import { createDirectory } from './directory.ts'
import type { Client, User } from './directory.ts'
import { createFaultPlane } from './fault-plane.ts'
import type { InjectedFault } from './fault-plane.ts'
import { answer } from './front.ts'
import { control } from './control.ts'
import { readRequest, send } from './http.ts'
import { createIds, oktaId } from './ids.ts'
import { createKeyRing } from './keys.ts'
import type { Rotation } from './keys.ts'
import { createLedger } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { sendLogoutToken } from './logout.ts'
import type { LogoutAnswer } from './logout.ts'
import { standardScopes } from './okta-profile.ts'
import { checkOptions } from './options.ts'
import type { ClientOptions, FaultOptions, MockOktaOptions, UserOptions } from './options.ts'
import type { AuthorizationServer, Org, ServerName } from './org.ts'
import { createProvider } from './provider.ts'
import { createStore } from './store.ts'

/** A running mock. */
export interface MockOkta {
  /** The issuer of the org authorization server: the address of the mock. */
  issuer: string
  /** The issuer of the custom authorization server, `/oauth2/default`. */
  customIssuer: string
  /** Where it listens. */
  port: number
  readonly clients: readonly Client[]
  readonly users: readonly User[]
  /** Switches a fault on. Without `times` it stays on until it is removed. */
  inject(fault: string, options?: FaultOptions): InjectedFault & { remove(): void }
  /** The faults that are switched on and not used up. */
  readonly faults: readonly InjectedFault[]
  /** Switches all faults off. */
  clearFaults(): void
  rotateKeys(options?: { mode?: Rotation }): void
  clock: Clock
  requests: Ledger
  /** The next authorizations sign in as this user without a page: `times` of them, or all; `null` ends it. */
  loginAs(user: string | { login: string } | null, options?: { times?: number }): void
  addClient(client: ClientOptions): Client
  removeClient(client_id: string): boolean
  addUser(user: UserOptions): User
  removeUser(login: string): boolean
  assign(client_id: string, to: { user?: string; group?: string }): void
  unassign(client_id: string, from: { user?: string; group?: string }): void
  /** Posts a logout token to a client and tells what it answered. */
  backchannelLogout(options: BackchannelLogoutOptions): Promise<LogoutAnswer>
  /** Back to the beginning: users, clients, sessions, tokens, keys, clock, faults, ledger, seed. */
  reset(): void
  close(): Promise<void>
}

/** About whom a logout token is. */
export interface BackchannelLogoutOptions {
  client_id: string
  /** The login or the id of the person. */
  user?: string
  sid?: string
  issuer?: ServerName
}

/**
 * Starts a mock Okta on a free port (or on the one given) and answers when it listens.
 *
 * @example
 * const idp = await startMockOkta({ auto_login: 'ada@acme.example' })
 * idp.inject('id_token.nonce_mismatch', { times: 1 })
 * // … one failing login against idp.issuer …
 * await idp.close()
 */
export async function startMockOkta(options: MockOktaOptions = {}): Promise<MockOkta> {
  checkOptions(options)
  const host = options.host ?? '127.0.0.1'
  const listeners = await listen(host, options.port ?? 0)
  const { port } = listeners[0]!.address() as AddressInfo
  const origin = options.public_url ?? `http://${publicHost(host)}:${port}`
  try {
    const org = createOrg(origin, options)
    const mock = createHandle(org, port, listeners)
    const isOpen = loopback.has(host)
    for (const listener of listeners) {
      listener.on('request', (message, response) => {
        // Node's own would be by the clock of the machine, also when ours was moved.
        response.setHeader('date', new Date(org.clock.now() * 1000).toUTCString())
        org.clock.run(() => respond(org, mock, isOpen, message, response)).catch(() => response.destroy())
      })
    }
    return mock
  } catch (error) {
    for (const listener of listeners) listener.close()
    throw error
  }
}

async function respond(
  org: Org,
  mock: MockOkta,
  isOpen: boolean,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = await readRequest(message)
  const isControl = /^\/_mock(\/|$)/.test(request.url.pathname)
  send(response, isControl ? await control(mock, org, isOpen, request) : await answer(org, request))
}

function createOrg(origin: string, options: MockOktaOptions): Org {
  const clock = createClock()
  const org: Org = {
    origin,
    id: oktaId('00o', 'mock'),
    options,
    clock,
    ids: createIds(options.seed),
    keys: createKeyRing(),
    store: createStore(clock),
    directory: createDirectory(),
    ledger: createLedger(),
    faults: createFaultPlane(),
    servers: {} as Org['servers'],
    loginAs: undefined,
  }
  for (const name of ['org', 'custom'] as const) org.servers[name] = createAuthorizationServer(org, name)
  begin(org)
  return org
}

function createAuthorizationServer(org: Org, name: ServerName): AuthorizationServer {
  const isOrg = name === 'org'
  const slash = org.options.issuer_ends_with_slash === true ? '/' : ''
  const server = {
    name,
    issuer: isOrg ? `${org.origin}${slash}` : `${org.origin}/oauth2/default`,
    endpoints: isOrg ? `${org.origin}/oauth2` : `${org.origin}/oauth2/default`,
    audience: isOrg ? org.origin : (org.options.custom?.audience ?? 'api://default'),
    scopes: isOrg ? standardScopes.org : [...standardScopes.custom, ...(org.options.custom?.scopes ?? [])],
  }
  return { ...server, provider: createProvider(org, server) }
}

/** Everything as the options say it is at the start. */
function begin(org: Org): void {
  const { options } = org
  org.clock.reset()
  if (options.clock?.now !== undefined) org.clock.set(options.clock.now)
  if (options.clock?.frozen === true) org.clock.freeze()
  org.ids.reset()
  org.keys.reset()
  org.store.clear()
  org.ledger.clear()
  org.faults.clear()
  org.loginAs = undefined
  org.directory.refill(options.clients ?? [demoClient], options.users ?? demoUsers)
  for (const { name, ...fault } of options.faults ?? []) org.faults.inject(name, fault)
  if (options.auto_login !== undefined) mustKnow(org, options.auto_login)
}

function createHandle(org: Org, port: number, listeners: Server[]): MockOkta {
  const { directory } = org
  return {
    issuer: org.servers.org.issuer,
    customIssuer: org.servers.custom.issuer,
    port,
    get clients() {
      return directory.clients
    },
    get users() {
      return directory.users
    },
    inject: (name, options) => {
      const fault = org.faults.inject(name, options)
      return Object.assign(fault, { remove: () => org.faults.remove(fault.id) })
    },
    get faults() {
      return org.faults.list()
    },
    clearFaults: () => org.faults.clear(),
    rotateKeys: ({ mode = 'rotate' } = {}) => org.keys.rotate(mode),
    clock: org.clock,
    requests: org.ledger,
    loginAs: (user, { times = Infinity } = {}) => {
      const login = typeof user === 'string' ? user : user?.login
      org.loginAs = login === undefined ? undefined : { login: mustKnow(org, login).login, times }
    },
    addClient: (client) => directory.addClient(client),
    removeClient: (client_id) => directory.removeClient(client_id),
    addUser: (user) => directory.addUser(user),
    removeUser: (login) => directory.removeUser(login),
    assign: (client_id, to) => directory.assign(client_id, to),
    unassign: (client_id, from) => directory.unassign(client_id, from),
    backchannelLogout: ({ client_id, user, sid, issuer = 'org' }) => {
      const client = directory.client(client_id)
      if (client === undefined) throw new TypeError(`no client ${client_id}`)
      return sendLogoutToken(org, org.servers[issuer], client, {
        user: user === undefined ? undefined : mustKnow(org, user),
        sid,
      })
    },
    reset: () => begin(org),
    close: () => close(listeners),
  }
}

function mustKnow(org: Org, login: string): User {
  const user = org.directory.user(login)
  if (user === undefined) throw new TypeError(`no user ${login}`)
  return user
}

/**
 * Listens on the host, and for 127.0.0.1 also on ::1 with the same port: `localhost` means either, and which one a
 * client tries first is its own affair.
 */
async function listen(host: string, port: number): Promise<Server[]> {
  for (let attempt = 1; ; attempt += 1) {
    const first = await listenOne(host, port)
    if (!twins.has(host)) return [first]
    try {
      return [first, await listenOne('::1', (first.address() as AddressInfo).port)]
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EADDRINUSE') return [first]
      first.close()
      // Somebody else has our port on ::1. With a free choice of ports, choose again.
      if (port !== 0 || attempt === 10) throw error
    }
  }
}

function listenOne(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host === 'localhost' ? '127.0.0.1' : host, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

async function close(listeners: Server[]): Promise<void> {
  await Promise.all(
    listeners.map(
      (listener) =>
        new Promise<void>((resolve) => {
          listener.close(() => resolve())
          listener.closeAllConnections()
        }),
    ),
  )
}

function publicHost(host: string): string {
  if (loopback.has(host) || host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

const twins = new Set(['127.0.0.1', 'localhost'])
const loopback = new Set(['127.0.0.1', 'localhost', '::1'])
