/**
 * One instance of the server, as a process of its own: the plugin on real stores and a real outbound client, with what a
 * test needs to hurt it. It takes its {@link InstanceOptions} as its argument, tells its port, and kills itself, as kill -9
 * does, at the point that it is told.
 *
 * The seam is the plugin's own options: the store and the outbound client that it is handed count what passes through them.
 */
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import fastify, { type FastifyInstance } from 'fastify'
import type { Store } from '@relying-party/core'
import { allowsHttp, createOutbound, parseOutboundAllow } from '../../packages/server/src/outbound/index.ts'
import { relyingParty } from '../../packages/server/src/plugin.ts'
import { openStore } from '../../packages/server/src/storage/open.ts'

/** Where records lie: of the storage suites' `Place`, what travels. */
export interface Records {
  readonly url: string
  readonly namespace: string
}

export interface InstanceOptions {
  readonly base_url: string
  readonly store: Records
  /** The same as `store` unless given. */
  readonly session_store?: Records
  readonly secret_keys: readonly string[]
  readonly admin_token: string
  readonly outbound_allow: string
  /** Seconds that its clock is wrong by. */
  readonly clock_offset?: number
  /** How long a store may take to answer, in milliseconds. */
  readonly deadline_ms?: number
}

/** What an instance is told. */
export type Order =
  /**
   * Dies at the n-th point from now: a point lies before and after each operation that changes something. Reads need none:
   * what was written and answered by then is the same as before the next change.
   */
  | { readonly die_at: number }
  /** Tells what memory it holds that lives, as far as the garbage collector can say. */
  | { readonly measure: true }
  | { readonly stop: true }

/** What an instance tells. */
export type Report = { readonly port: number } | { readonly heap: number }

const options = JSON.parse(process.argv[2]!) as InstanceOptions
const now = () => Date.now() / 1000 + (options.clock_offset ?? 0)
const allow = parseOutboundAllow(options.outbound_allow)

let points = 0
let die_at: number | undefined

/** Passes a point, or dies here: nothing of this process happens after it. */
function point(where: string): Promise<void> | void {
  if (die_at === undefined || (points += 1) < die_at) return
  writeSync(2, `killed ${where}\n`)
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {})
}

function mortal(store: Store): Store {
  const change =
    (name: keyof Store) =>
    async (...args: never[]): Promise<never> => {
      const title = [args[0], name].filter((word) => typeof word === 'string').join('.')
      await point(`before ${title}`)
      const answer = await (store[name] as (...args: never[]) => Promise<never>)(...args)
      await point(`after ${title}`)
      return answer
    }
  return {
    ...store,
    putIfAbsent: change('putIfAbsent'),
    compareAndSet: change('compareAndSet'),
    delete: change('delete'),
  }
}

const open = ({ url, namespace }: Records) =>
  openStore(url, { now, namespace, ...(options.deadline_ms !== undefined && { deadline_ms: options.deadline_ms }) })
const store = mortal(await open(options.store))
const session_store = options.session_store === undefined ? store : mortal(await open(options.session_store))
const outbound = createOutbound({ allow })

const app: FastifyInstance = fastify({ logger: { level: 'info' }, forceCloseConnections: 'idle' })
await app.register(relyingParty, {
  base_url: options.base_url,
  store,
  session_store,
  secret_keys: options.secret_keys,
  admin_token: options.admin_token,
  allowsHttp: (url) => allowsHttp(url, allow),
  now,
  // All browsers of a test have one address, and sign in within seconds.
  rate_limits: false,
  outbound: {
    ...outbound,
    async request(request, on_behalf_of) {
      await point(`before the ${request.message} request`)
      const outcome = await outbound.request(request, on_behalf_of)
      await point(`after the ${request.message} request`)
      return outcome
    },
  },
})
app.addHook('onClose', async () => {
  await outbound.close()
  await Promise.all([...new Set([store, session_store])].map((opened) => opened.close()))
})
await app.listen({ port: 0, host: '127.0.0.1' })

process.on('message', (order: Order) => {
  if ('die_at' in order) [points, die_at] = [0, order.die_at]
  else if ('measure' in order) process.send!({ heap: heap() } satisfies Report)
  else void app.close().then(() => process.exit(0))
})
process.on('disconnect', () => process.exit())
// Usually written at the exit, which kill -9 leaves no time for.
flushCompileCache()
process.send!({ port: (app.server.address() as { port: number }).port } satisfies Report)

/** Bytes. What finalizers let go of at the first collection is gone after the second. */
function heap(): number {
  for (let n = 0; n < 2; n++) (globalThis as unknown as { gc: () => void }).gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
