/**
 * The control plane: what the handle does in process, over HTTP under `/_mock`. Open on loopback to programs, closed
 * to web pages; beyond loopback it takes the control token.
 */
import { describeFaults } from './faults.ts'
import { json } from './http.ts'
import type { Reply, WireRequest } from './http.ts'
import { rotations } from './keys.ts'
import type { Rotation } from './keys.ts'
import type { Instant } from './clock.ts'
import type { Endpoint } from './ledger.ts'
import { idTokenAlg } from './okta-profile.ts'
import type { ClientOptions, FaultOptions, UserOptions } from './options.ts'
import type { Org } from './org.ts'
import type { BackchannelLogoutOptions, MockOkta } from './start.ts'

/** Answers a request under `/_mock`. */
export async function control(mock: MockOkta, org: Org, isOpen: boolean, request: WireRequest): Promise<Reply> {
  const refused = refuse(org, isOpen, request)
  if (refused !== undefined) return problem(403, refused)
  const { method, url } = request
  const [, , collection = '', item] = url.pathname.split('/').map(decodeURIComponent)
  const command = `${method} /${collection}${item === undefined ? '' : '/:item'}`
  const handler = commands[command] ?? (commands[`${method} /${collection}/${item}`] as Command | undefined)
  if (handler === undefined) return problem(404, `no such command; there are: ${Object.keys(commands).join(', ')}`)
  try {
    const body = parse(request.body)
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      return problem(400, 'the body must be a JSON object')
    const result = await handler({ mock, org, item: item ?? '', url, body: body as Record<string, unknown> })
    return json(200, result ?? {})
  } catch (error) {
    return problem(400, error instanceof Error ? error.message : String(error))
  }
}

function parse(text: string): unknown {
  if (text === '') return {}
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new TypeError(`the body is not JSON: ${(cause as Error).message}`, { cause })
  }
}

interface CommandContext {
  mock: MockOkta
  org: Org
  item: string
  url: URL
  body: Record<string, unknown>
}

type Command = (context: CommandContext) => unknown

const commands: Record<string, Command> = {
  'GET /': ({ mock, org }) => state(mock, org),
  'GET /faults': ({ org }) => ({ catalogue: describeFaults(), injected: org.faults.list() }),
  'POST /faults': ({ mock, body }) => {
    const { name, ...options } = body
    return mock.inject(String(name), options as FaultOptions)
  },
  'DELETE /faults': ({ mock }) => mock.clearFaults(),
  'DELETE /faults/:item': ({ org, item }) => org.faults.remove(item),
  'GET /keys': ({ org }) => ({ keys: org.keys.published(org.directory.clients.map(idTokenAlg)) }),
  'POST /keys/rotate': ({ mock, org, body }) => {
    const mode = (body['mode'] ?? 'rotate') as Rotation
    if (!rotations.includes(mode)) throw new TypeError(`no rotation ${mode}; there are ${rotations.join(', ')}`)
    mock.rotateKeys({ mode })
    return { active: org.keys.active('RS256').kid, keys: org.keys.published(org.directory.clients.map(idTokenAlg)) }
  },
  'GET /clock': ({ mock }) => ({ now: mock.clock.now() }),
  'PUT /clock': ({ mock, body }) => {
    setClock(mock, body)
    return { now: mock.clock.now() }
  },
  'GET /requests': ({ mock, url }) => {
    const endpoint = url.searchParams.get('endpoint')
    return endpoint === null ? mock.requests.list() : mock.requests.of(endpoint as Endpoint)
  },
  'DELETE /requests': ({ mock }) => mock.requests.clear(),
  'POST /login-as': ({ mock, body }) => {
    const { user, times } = body as { user?: string | null; times?: number }
    if (user === undefined) throw new TypeError('login-as needs {"user": "login"}, or null to end it')
    mock.loginAs(user, times === undefined ? {} : { times })
  },
  'GET /clients': ({ mock }) => mock.clients,
  'POST /clients': ({ mock, body }) => mock.addClient(body as unknown as ClientOptions),
  'DELETE /clients/:item': ({ mock, item }) => ({ removed: mock.removeClient(item) }),
  'GET /users': ({ mock }) => mock.users,
  'POST /users': ({ mock, body }) => mock.addUser({ login: body.email, ...body } as unknown as UserOptions),
  'DELETE /users/:item': ({ mock, item }) => ({ removed: mock.removeUser(item) }),
  'POST /assignments': ({ mock, body }) => {
    const { client_id, ...to } = body as { client_id: string; user?: string; group?: string }
    mock.assign(client_id, to)
  },
  'DELETE /assignments': ({ mock, body }) => {
    const { client_id, ...from } = body as { client_id: string; user?: string; group?: string }
    mock.unassign(client_id, from)
  },
  'POST /backchannel-logout': ({ mock, body }) => mock.backchannelLogout(body as unknown as BackchannelLogoutOptions),
  'POST /reset': ({ mock }) => mock.reset(),
}

/** Why a request may not control the mock; `undefined` when it may. */
function refuse(org: Org, isOpen: boolean, { headers }: WireRequest): string | undefined {
  // A web page must not steer a mock on its visitor's machine, be it by a form, by fetch or by a rebound name.
  if (headers.origin !== undefined && headers.origin !== org.origin) return 'not from a web page'
  const token = org.options.control_token
  if (token !== undefined)
    return headers.authorization === `Bearer ${token}` ? undefined : 'the control token is missing or wrong'
  if (!isOpen) return 'the mock listens beyond loopback and has no control_token, so nobody may control it'
  const host = (headers.host ?? '').replace(/:\d+$/, '')
  return ['localhost', '127.0.0.1', '[::1]'].includes(host) ? undefined : `not under the name ${host}`
}

function state(mock: MockOkta, org: Org) {
  return {
    issuer: mock.issuer,
    custom_issuer: mock.customIssuer,
    now: mock.clock.now(),
    login_as: org.loginAs?.login ?? org.options.auto_login ?? null,
    clients: mock.clients,
    users: mock.users,
    faults: org.faults.list(),
  }
}

function setClock({ clock }: MockOkta, { now, advance, frozen }: Record<string, unknown>): void {
  if (now === undefined && advance === undefined && frozen === undefined) {
    throw new TypeError('the clock takes {"now": epoch seconds or null, "advance": seconds, "frozen": boolean}')
  }
  if (advance !== undefined && !Number.isFinite(advance)) throw new TypeError('advance takes seconds')
  if (now === null || frozen === false) {
    const current = clock.now()
    clock.reset()
    if (now !== null) clock.set(current)
  }
  if (now !== undefined && now !== null) clock.set(now as Instant)
  if (typeof advance === 'number') clock.advance(advance)
  if (frozen === true) clock.freeze()
}

function problem(status: number, detail: string): Reply {
  return json(status, { error: detail })
}
