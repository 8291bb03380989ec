/** `/readyz` has no limit: however often it is asked, the stores are asked once a second. */
import { fastify } from 'fastify'
import { beforeEach, expect, test } from 'vitest'
import { StoreUnavailable, type Store } from '@relying-party/core'
import { createMetrics, registerObservability } from '../../packages/server/src/observability.ts'

let now = 1_900_000_000
let pings: PromiseWithResolvers<void>[]
const app = fastify()
const store = { ping: () => (pings.push(Promise.withResolvers<void>()), pings.at(-1)!.promise) } as unknown as Store
registerObservability(app, [store], createMetrics().registry, { error: () => undefined }, () => now)

const ask = async () => (await app.inject('/readyz')).statusCode
/** Lets the questions come as far as they get. */
const settle = () => app.inject('/healthz')
beforeEach(() => {
  pings = []
  now += 60
})

test('whoever asks meanwhile gets the same answer', async () => {
  const asked = Array.from({ length: 100 }, ask)
  await settle()
  now += 30
  asked.push(ask())
  await settle()
  expect(pings).toHaveLength(1)
  pings[0]!.resolve()
  expect(new Set(await Promise.all(asked))).toEqual(new Set([200]))
})

test.each([
  ['ready', 200],
  ['not ready', 503],
] as const)('%s: for a second from then on', async (answer, status) => {
  const first = ask()
  await settle()
  if (answer === 'ready') pings[0]!.resolve()
  else pings[0]!.reject(new StoreUnavailable('broken by the test'))
  expect(await first).toBe(status)
  now += 0.9
  expect(await ask()).toBe(status)
  expect(pings).toHaveLength(1)
  now += 0.1
  const next = ask()
  await settle()
  expect(pings).toHaveLength(2)
  pings[1]!.resolve()
  expect(await next).toBe(200)
})

test('a clock that is set back does not make an answer last', async () => {
  const first = ask()
  await settle()
  pings[0]!.resolve()
  await first
  now -= 3600
  const next = ask()
  await settle()
  expect(pings).toHaveLength(2)
  pings[1]!.resolve()
  expect(await next).toBe(200)
})
