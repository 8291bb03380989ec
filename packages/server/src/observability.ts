/** What operators ask: is it alive, can it serve, what has happened. */
import type { FastifyInstance } from 'fastify'
import { Counter, Registry } from 'prom-client'
import type { Context, Counter as CounterName } from './context.ts'
import { sendProblem } from './problems.ts'

/** Counters of one server; labels hold codes and outcomes, never organizations or people. */
export function createMetrics() {
  const registry = new Registry()
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `relying_party_${name}_total`, help, labelNames, registers: [registry] })
  const counters: Record<CounterName, Counter> = {
    logins: counter('logins', 'Logins that ended, by outcome and failure code.', ['outcome', 'code']),
    tests: counter('tests', 'Test logins that ended, by outcome and failure code.', ['outcome', 'code']),
    flows_started: counter('flows_started', 'Flows that sent a browser to its provider.', ['purpose']),
    rate_limited: counter('rate_limited', 'Requests that were refused because too many came, by limit.', ['limit']),
  }
  return {
    registry,
    count: (name: CounterName, labels: Record<string, string>) => counters[name].inc(labels),
  }
}

export function registerObservability(app: FastifyInstance, context: Context, registry: Registry): void {
  const tags = ['Operation']
  app.get('/healthz', { schema: { tags, summary: 'The process answers.' } }, (_, reply) => reply.send({ status: 'ok' }))

  app.get(
    '/readyz',
    { schema: { tags, summary: 'The stores answer as well; 503 when one does not.' } },
    async (_, reply) => {
      try {
        await Promise.all([context.store.ping(), context.session_store.ping()])
        return reply.send({ status: 'ready' })
      } catch (error) {
        context.log.error({ err: error }, 'a store does not answer')
        return sendProblem(reply, 'store_unavailable')
      }
    },
  )

  app.get('/metrics', { schema: { tags, summary: 'Counters in the Prometheus text format.' } }, async (_, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}
