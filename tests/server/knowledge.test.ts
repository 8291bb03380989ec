/** What is known of a provider is fetched once, however many ask at once. */
import { afterAll, beforeAll, expect, test } from 'vitest'
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
