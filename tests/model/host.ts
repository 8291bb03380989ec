/**
 * Runs the real server, one request at a time, on a {@link World}: the route handlers of `sign-in.ts`, `logout.ts` and
 * `members.ts` and the commands of `commands.ts`, with sessions, connections, cookies and knowledge as they are.
 *
 * Mirrored, and nothing else: how Fastify calls a handler, the storage port over plain values, and an instance's memory
 * of what providers have published. A request whose handling waits is not kept as a promise: what it has seen is, and it
 * is handled again from the start with just that, up to the point where it goes on. The handlers are deterministic.
 */
import {
  base64url,
  defaultTolerances,
  keyRing,
  StoreUnavailable,
  type Collection,
  type Connection,
  type HttpOutcome,
  type HttpRequest,
  type Json,
  type RelyingParty,
  type Store,
} from '@relying-party/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { watchFlows } from '../../packages/server/src/abandoned.ts'
import { createCommands } from '../../packages/server/src/commands.ts'
import { createConnections } from '../../packages/server/src/connections.ts'
import type { Context } from '../../packages/server/src/context.ts'
import { createKnowledgeBase } from '../../packages/server/src/knowledge.ts'
import { registerLogout } from '../../packages/server/src/logout.ts'
import { registerMembers } from '../../packages/server/src/members.ts'
import { createSessions } from '../../packages/server/src/sessions.ts'
import { registerSignIn, type SignInParts } from '../../packages/server/src/sign-in.ts'
import { randomBytes, symbolicCrypto } from './crypto.ts'
import { published } from './providers.ts'
import { baseUrl, type Call, type Knowledge, type Pending, type Seen, type TokenRequest, type World } from './world.ts'

/** How a storage operation fails: it was not carried out, or it was and nobody was told. */
export type FaultKind = 'refused' | 'lost'
export interface Fault {
  /** Which of the storage operations from here on, counted from 0. */
  readonly at: number
  readonly kind: FaultKind
}

export interface Answered {
  readonly status: number
  readonly location: string | null
  readonly cookies: readonly string[]
  /** Of a problem, the `code`; of a command, its outcome. */
  readonly code: string | null
  readonly body: unknown
}

export interface Handled {
  readonly world: World
  /** What was answered, or why there is no answer yet. */
  readonly answered: Answered | null
  readonly waiting: Pending | null
  /** Storage operations that were carried out in this run. */
  readonly operations: readonly string[]
  /** The connections that were written in this run: what was there, and what is there now. */
  readonly written: readonly { readonly replaced: Connection | null; readonly now: Connection }[]
}

export interface Running {
  readonly call: Call
  readonly seed: string
  readonly log?: readonly Seen[]
  readonly learnt?: Readonly<Record<string, Knowledge>>
  readonly fault?: Fault | undefined
  /** Whether handlers wait before they write a connection. */
  readonly waitsToWrite?: boolean
  /** The handling waited to write, and may. */
  readonly mayWrite?: boolean
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

const ring = await keyRing([base64url(randomBytes('sealing key', 32))], symbolicCrypto)

/** Handles a call, or takes up one whose handling waited, until it is answered or waits (again). */
export async function handle(before: World, running: Running): Promise<Handled> {
  const run = new Run(before, running)
  const { routes, commands, connections } = serverOn(run)
  const answered = async (): Promise<Answered> => {
    const { call } = running
    try {
      if ('command' in call) return outcomeOf(await command(commands, connections, call))
      return await http(routes, call)
    } catch (error) {
      if (error instanceof StoreUnavailable) return { ...nothing, status: 503, code: 'store_unavailable' }
      throw error
    }
  }
  const ended = await Promise.race([answered(), run.suspended])
  if ('waits_for' in ended) return run.result(null, { id: running.seed, ...ended })
  return run.result(ended, null)
}

const nothing: Answered = { status: 0, location: null, cookies: [], code: null, body: null }

/** One handling: what it sees comes from the log while there is one, and from the world afterwards. */
class Run {
  world: World
  readonly suspended: Promise<Omit<Pending, 'id'>>
  readonly #running: Running
  readonly #log: Seen[]
  readonly #written: Handled['written'][number][] = []
  readonly #operations: string[] = []
  #suspend: (pending: Omit<Pending, 'id'>) => void = () => undefined
  #seen = 0
  #draws = 0
  #mayWrite: boolean

  constructor(world: World, running: Running) {
    this.world = world
    this.#running = running
    this.#log = [...(running.log ?? [])]
    this.#mayWrite = running.mayWrite === true
    this.suspended = new Promise((resolve) => (this.#suspend = resolve))
  }

  get learnt(): Readonly<Record<string, Knowledge>> {
    return this.#running.learnt ?? this.world.learnt
  }

  /** What was seen before was seen at its time. */
  now = (): number => {
    const isBefore = this.#seen < this.#log.length || this.#mayWrite
    return (isBefore ? this.#log[Math.max(0, this.#seen - 1)]?.at : undefined) ?? this.world.now
  }

  random = (length: number): Uint8Array<ArrayBuffer> => randomBytes(`${this.#running.seed} ${this.#draws++}`, length)

  /** One look at the world; what was seen before is seen again. */
  async see<T>(look: () => T): Promise<T> {
    let seen = this.#log[this.#seen]
    if (seen === undefined) {
      const at = this.world.now
      try {
        seen = { at, result: look() }
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error
        seen = { at, result: null, unavailable: true }
      }
      this.#log.push(seen)
    }
    this.#seen++
    if (seen.unavailable) throw new StoreUnavailable('the model says so')
    return seen.result as T
  }

  /** A storage operation: it may fail, with or without having been carried out. */
  operate<T>(name: string, carryOut: () => T): Promise<T> {
    return this.see(() => {
      const { fault } = this.#running
      const fails = fault?.at === this.#operations.length
      this.#operations.push(name)
      if (fails && fault.kind === 'refused') throw new StoreUnavailable('not carried out')
      const result = carryOut()
      if (fails) throw new StoreUnavailable('carried out, and nobody was told')
      return result
    })
  }

  remember(key: string, what: Knowledge): void {
    if (this.#seen < this.#log.length) return
    this.world = { ...this.world, learnt: { ...this.world.learnt, [key]: { ...this.world.learnt[key], ...what } } }
  }

  request(request: HttpRequest): Promise<HttpOutcome> {
    if (request.message !== 'token' || this.#seen < this.#log.length) {
      return this.see(() => ({ response: published(this.world, request) }))
    }
    return this.#wait({ token: tokenRequestOf(request) })
  }

  write(collection: Collection, key: string, value: Json | undefined): string {
    const version = (this.world.writes[`${collection} ${key}`] ?? 0) + 1
    const { [key]: replaced, ...others } = this.world.records[collection]
    const rows = value === undefined ? others : { ...others, [key]: { value, version: String(version) } }
    if (collection === 'connections' && value !== undefined) {
      const connection = (row: Json | undefined) => (row ?? null) as unknown as Connection | null
      this.#written.push({ replaced: connection(replaced?.value), now: connection(value)! })
    }
    this.world = {
      ...this.world,
      records: { ...this.world.records, [collection]: rows },
      writes:
        collection === 'connections' ? { ...this.world.writes, [`${collection} ${key}`]: version } : this.world.writes,
    }
    return String(version)
  }

  /** Waits before a connection is written, when that is to be interleaved. */
  async mayWriteNow(key: string): Promise<void> {
    if (this.#running.waitsToWrite !== true || this.#seen < this.#log.length) return
    if (this.#mayWrite) this.#mayWrite = false
    else await this.#wait({ write: key })
  }

  result(answered: Answered | null, waiting: Pending | null): Handled {
    return { world: this.world, answered, waiting, operations: this.#operations, written: this.#written }
  }

  #wait(waits_for: Pending['waits_for']): Promise<never> {
    const { call, seed } = this.#running
    this.#suspend({ call, seed, log: this.#log, learnt: this.learnt, waits_for })
    return new Promise(() => undefined)
  }
}

function serverOn(run: Run) {
  const store = storeOn(run)
  const context: Context = {
    base_url: baseUrl,
    secure: true,
    store,
    session_store: store,
    ring,
    outbound: { request: (request: HttpRequest) => run.request(request) } as unknown as Context['outbound'],
    allowsHttp: () => false,
    now: run.now,
    random: run.random,
    tolerances: defaultTolerances,
    crypto: symbolicCrypto,
    sealed_flows: new Map(),
    onAuthenticated: undefined,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    count: () => undefined,
  }
  const memory = createKnowledgeBase(context)
  for (const [key, what] of Object.entries(run.learnt)) memory.remember(revisionNamed(key), what)
  const knowledge: SignInParts['knowledge'] = {
    ...memory,
    remember(rp, what) {
      memory.remember(rp, what)
      run.remember(`${rp.connection_id}.${rp.revision}`, what)
    },
  }
  // Records of what happened decide nothing: they are left out, as those of attempts are.
  const audit = { recorded: (_: unknown, change: () => Promise<string | undefined>) => change() }
  const connections = createConnections(context, knowledge, audit)
  const attempts = { record: () => Promise.resolve('attempt') } as unknown as SignInParts['attempts']
  const outstanding = watchFlows({ context, connections, knowledge, attempts })
  const sessions = createSessions(context)
  const parts: SignInParts = { context, connections, knowledge, attempts, sessions, outstanding }
  const routes = new Map<string, Handler>()
  const register = (method: string) => (route: string, _options: unknown, handler: Handler) =>
    routes.set(`${method} ${route}`, handler)
  const app = { get: register('GET'), post: register('POST') } as unknown as FastifyInstance
  registerSignIn(app, parts)
  registerLogout(app, parts)
  registerMembers(app, parts)
  return { routes, connections, commands: createCommands(context, connections) }
}

function revisionNamed(key: string): RelyingParty {
  const [connection_id, revision] = key.split('.')
  return { connection_id, revision: Number(revision) } as unknown as RelyingParty
}

function storeOn(run: Run): Store {
  const row = (collection: Collection, key: string) => run.world.records[collection][key]
  return {
    get: (collection, key) => run.operate(`get ${collection}`, () => row(collection, key)),
    putIfAbsent: (collection, key, value) =>
      run.operate(`putIfAbsent ${collection}`, () => {
        if (row(collection, key) !== undefined) return false
        run.write(collection, key, value)
        return true
      }),
    async compareAndSet(collection, key, version, value) {
      if (collection === 'connections') await run.mayWriteNow(key)
      return run.operate(`compareAndSet ${collection}`, () => {
        if ((row(collection, key)?.version ?? null) !== version) return undefined
        return run.write(collection, key, value)
      })
    },
    delete: (collection, key, version) =>
      run.operate(`delete ${collection}`, () => {
        const found = row(collection, key)
        if (found === undefined || (version !== undefined && found.version !== version)) return false
        run.write(collection, key, undefined)
        return true
      }),
    list: () => Promise.reject(new Error('nothing is listed in the model')),
    sweep: () => Promise.resolve(0),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

/** Calls the handler of a route as Fastify would. */
async function http(routes: ReadonlyMap<string, Handler>, call: Extract<Call, { route: string }>): Promise<Answered> {
  const { method, route, organization, query = '', form, cookies } = call
  const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`)
  const request = {
    method,
    url: `${route.replace(':id', organization)}?${query}`,
    params: { id: organization },
    body: form === undefined ? undefined : new URLSearchParams(form),
    headers: { accept: 'application/json', ...(cookie.length > 0 && { cookie: cookie.join('; ') }) },
    routeOptions: { url: route },
  } as unknown as FastifyRequest
  const reply = new Reply()
  await routes.get(`${method} ${route}`)!(request, reply as unknown as FastifyReply)
  return reply.answered()
}

class Reply {
  sent = false
  #status = 200
  #location: string | null = null
  #body: unknown = null
  readonly #cookies: string[] = []

  code(status: number): this {
    this.#status = status
    return this
  }
  type(): this {
    return this
  }
  getHeader(): string {
    return ''
  }
  header(name: string, value: string): this {
    if (name === 'set-cookie') this.#cookies.push(value)
    return this
  }
  redirect(url: string, status: number): this {
    this.#location = url
    return this.code(status).send(null)
  }
  send(body: unknown): this {
    this.sent = true
    this.#body = body
    return this
  }
  answered(): Answered {
    const body: unknown = typeof this.#body === 'string' ? JSON.parse(this.#body) : this.#body
    const code = (body as { code?: string } | null)?.code ?? null
    return { status: this.#status, location: this.#location, cookies: this.#cookies, code, body }
  }
}

type Parts = ReturnType<typeof serverOn>

async function command(
  commands: Parts['commands'],
  connections: Parts['connections'],
  call: Extract<Call, { command: string }>,
) {
  const { organization, input } = call
  const order = { by: 'admin' }
  switch (call.command) {
    case 'save':
      return commands.save(organization, input as Record<string, unknown>, order)
    case 'begin_test':
      return commands.beginTest(organization, order)
    case 'enable':
      return commands.enable(organization, input as string, order)
    case 'disable':
      return commands.disable(organization, order)
    case 'discard':
      return commands.discard(organization, order)
    case 'stage_secret':
      return commands.stageSecret(organization, input, order)
    case 'delete':
      return { removed: await connections.remove(organization, order.by) }
    default:
      throw new TypeError(`there is no command ${call.command}`)
  }
}

function outcomeOf(outcome: Awaited<ReturnType<typeof command>>): Answered {
  if ('failure' in outcome) return { ...nothing, status: 409, code: outcome.failure.code }
  if ('conflict' in outcome) return { ...nothing, status: 412, code: 'version_conflict' }
  const test_url = 'test_url' in outcome ? outcome.test_url : null
  return { ...nothing, status: 200, location: test_url, body: null }
}

function tokenRequestOf({ url, headers, body }: HttpRequest): TokenRequest {
  const form = new URLSearchParams(body)
  const [id, secret] = Buffer.from(headers.authorization?.replace('Basic ', '') ?? '', 'base64')
    .toString()
    .split(':')
  return {
    url,
    client_id: id || (form.get('client_id') ?? ''),
    client_secret: secret ?? null,
    code: form.get('code') ?? '',
    code_verifier: form.get('code_verifier') ?? '',
    redirect_uri: form.get('redirect_uri') ?? '',
  }
}
