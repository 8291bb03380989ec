/** What operators ask of the runnable server: is it alive, can it serve, what has happened. */
import type { Store } from '@relying-party/core'
import type { FastifyInstance } from 'fastify'
import { Counter, Registry } from 'prom-client'
import type { Counter as CounterName, Log } from './context.ts'
import { sendProblem } from './problems.ts'

/**
 * Counters of one server; labels hold codes and outcomes, never organizations or people. They are counted in a plain map
 * and turned into Prometheus's when somebody scrapes: its labels would cost each login more than its attempt does.
 */
export function createMetrics() {
  const registry = new Registry()
  const counter = (name: CounterName, help: string, labelNames: string[]): Map<string, Count> => {
    const counts = new Map<string, Count>()
    new Counter({
      name: `relying_party_${name}_total`,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const { labels, count } of counts.values()) this.inc(labels, count)
      },
    })
    return counts
  }
  const counters: Record<CounterName, Map<string, Count>> = {
    logins: counter('logins', 'Logins that ended, by outcome and failure code.', ['outcome', 'code']),
    tests: counter('tests', 'Test logins that ended, by outcome and failure code.', ['outcome', 'code']),
    flows_started: counter('flows_started', 'Flows that sent a browser to its provider.', ['purpose']),
    rate_limited: counter('rate_limited', 'Requests that were refused because too many came, by limit.', ['limit']),
  }
  return {
    registry,
    count(name: CounterName, labels: Record<string, string>, by = 1) {
      const key = Object.values(labels).join(' ')
      const known = counters[name].get(key)
      if (known === undefined) counters[name].set(key, { labels, count: by })
      else known.count += by
    },
  }
}

interface Count {
  readonly labels: Record<string, string>
  count: number
}

/** `/healthz`, `/readyz` and `/metrics` on the application itself: a product that embeds the plugin has its own. */
export function registerObservability(
  app: FastifyInstance,
  stores: readonly Store[],
  registry: Registry,
  log: Pick<Log, 'error'>,
  now: () => number,
): void {
  const tags = ['Operation']
  app.get('/healthz', { schema: { tags, summary: 'The process answers.' } }, (_, reply) => reply.send({ status: 'ok' }))

  const isReady = sharedForASecond(now, async () => {
    try {
      await Promise.all(stores.map((store) => store.ping()))
      return true
    } catch (error) {
      log.error({ err: error }, 'a store does not answer')
      return false
    }
  })
  app.get(
    '/readyz',
    { schema: { tags, summary: 'The stores answer as well; 503 when one does not.' } },
    async (_, reply) => ((await isReady()) ? reply.send({ status: 'ready' }) : sendProblem(reply, 'store_unavailable')),
  )

  app.get('/metrics', { schema: { tags, summary: 'Counters in the Prometheus text format.' } }, async (_, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}

/** Anybody may ask, as often as they like: who asks meanwhile, or within a second, gets the answer that there is. */
function sharedForASecond<T>(now: () => number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  let answered_at: number | undefined
  return () => {
    // A clock may be set back.
    const isOver = answered_at !== undefined && Math.abs(now() - answered_at) >= 1
    if (answer === undefined || isOver) {
      answered_at = undefined
      answer = ask().finally(() => (answered_at = now()))
    }
    return answer
  }
}
