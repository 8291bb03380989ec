/** What is known of a provider is fetched once, however many ask at once. */
import type { HttpOutcome, RelyingParty } from '@relying-party/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKnowledgeBase } from '../../packages/server/src/knowledge.ts'
import { UserAgent } from '../support/user-agent.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld({ server: { tolerances: { jwks_fresh: 3600 } } })
  await world.enable()
})
afterAll(() => world.close())

test('a hundred simultaneous first logins fetch metadata and keys once (#136)', async () => {
  // Metadata and keys that the test login left behind have gone stale.
  world.clock.now += 7200
  world.idp.clock.set(world.clock.now)
  world.idp.requests.clear()
  const arrived = await Promise.all(Array.from({ length: 100 }, () => world.login('acme', new UserAgent())))
  expect(new Set(arrived.map(({ url }) => url.pathname))).toEqual(new Set(['/welcome']))
  expect(world.idp.requests.of('discovery').length).toBe(1)
  expect(world.idp.requests.of('jwks').length).toBe(1)
  expect(world.idp.requests.of('token').length).toBe(100)
})

test('later logins fetch neither', async () => {
  world.idp.requests.clear()
  await world.login()
  expect(world.idp.requests.list().map(({ endpoint }) => endpoint)).toEqual(['authorization', 'token', 'userinfo'])
})

test('a test asks for both every time, and says what the provider answers today', async () => {
  const lastTest = async () => {
    world.idp.requests.clear()
    await world.runTest()
    return (await world.connection()).live.last_test
  }
  world.idp.inject('jwks.empty')
  expect(await lastTest()).toMatchObject({ outcome: 'failed', failure: { code: 'id_token_key_not_found' } })
  world.idp.clearFaults()
  expect(await lastTest()).toMatchObject({ outcome: 'passed' })
  expect(world.idp.requests.list().map(({ endpoint }) => endpoint)).toEqual([
    'discovery',
    'authorization',
    'token',
    'jwks',
    'userinfo',
  ])
})

test('a request that many wait for is asked anew once it has failed (#290)', async () => {
  const asked: ((outcome: HttpOutcome) => void)[] = []
  const outbound = {
    request: () => new Promise<HttpOutcome>((resolve) => asked.push(resolve)),
    close: () => Promise.resolve(),
  }
  let time = 0
  const knowledge = createKnowledgeBase({ outbound, now: () => time, tolerances: { jwks_cooldown: 60 } as never })
  const rp = { connection_id: 'c', revision: 1 } as RelyingParty
  const ask = () => knowledge.request(rp, { message: 'jwks' } as never)
  const waiting = [ask(), ask(), ask()]
  expect(asked).toHaveLength(1)
  asked[0]!({ failure: 'timed_out' })
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ failure: 'timed_out' })))
  time += 61
  const later = ask()
  expect(asked).toHaveLength(2)
  asked[1]!({ failure: 'unreachable' })
  expect(await later).toEqual({ failure: 'unreachable' })
})
