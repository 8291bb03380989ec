/** Sessions against time, crashes and losses of the store: a person is signed in once and rightly, or told to start again. */
import type { Store } from '@relying-party/core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
/** A store that has lost every claim, as one that failed over to a replica may have. */
let forgetsClaims = false
beforeAll(async () => {
  const wrapStore = (store: Store): Store => ({
    ...store,
    putIfAbsent: (...args) =>
      forgetsClaims && args[0] === 'claims' ? Promise.resolve(true) : store.putIfAbsent(...args),
  })
  world = await createWorld({
    wrapStore,
    client: { refresh_token_rotation: 'rotate' },
  })
  await world.enable('acme')
})
afterEach(() => {
  forgetsClaims = false
  world.idp.loginAs(null)
})
afterAll(() => world.close())

const codeOf = (body: string) => /data-code="([a-z_]+)"/.exec(body)?.[1]

test('somebody else signs in with the same browser: the session of before is gone, also for who kept its cookie (#239)', async () => {
  const agent = new UserAgent()
  await world.login('acme', agent)
  const before = await world.session(agent)
  const kept = agent.copy()
  world.idp.loginAs('grace@acme.example')
  await world.login('acme', agent)
  const after = await world.session(agent)
  expect(after.subject).not.toBe(before.subject)
  expect(await world.session(kept)).toBeNull()
})

test('a session begins and ends to the second after 2038, and no jump of the clock brings it back for longer (#240)', async () => {
  const { now } = world.clock
  const set = (time: number) => world.idp.clock.set((world.clock.now = time))
  try {
    set(2 ** 31 + 100)
    expect((await world.api('PUT', '/organizations/acme/oidc/policy', { session_lifetime: 3600 })).status).toBe(200)
    const agent = new UserAgent()
    expect((await world.login('acme', agent)).url.pathname).toBe('/welcome')
    const { expires_at } = await world.session(agent)
    expect(Date.parse(expires_at) / 1000).toBe(2 ** 31 + 3700)
    set(2 ** 31 + 3699)
    expect(await world.session(agent)).not.toBeNull()
    set(2 ** 31 + 3700)
    expect(await world.session(agent)).toBeNull()
    set(2 ** 32 + 1)
    expect((await world.login('acme', agent)).url.pathname).toBe('/welcome')
    expect(await world.session(agent)).not.toBeNull()
  } finally {
    set(now)
  }
})

test('a session whose cookie never arrived: the browser is told to start again, signs in, and the orphan is of no use (#260)', async () => {
  const agent = new UserAgent()
  const url = await world.callback('acme', agent)
  const lost = agent.copy()
  await lost.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
  const again = await agent.visit(url)
  expect([again.status, codeOf(again.body)]).toEqual([400, 'flow_already_used'])
  expect(again.body).toContain('/oidc/login')
  expect(await world.session(agent)).toBeNull()
  await world.login('acme', agent)
  expect(await world.session(agent)).not.toBeNull()
})

test('a store that lost the claim: the provider takes the code once, so the second use makes no session (#278)', async () => {
  const agent = new UserAgent()
  const url = await world.callback('acme', agent)
  const [first, second] = [agent.copy(), agent.copy()]
  forgetsClaims = true
  await first.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
  expect(await world.session(first)).not.toBeNull()
  const replayed = await second.visit(url)
  expect(codeOf(replayed.body)).toBe('token_invalid_grant')
  expect(await world.session(second)).toBeNull()
})

test('eight refreshes of one session at once: no refresh token is used twice, all are answered, the session lives (#257)', async () => {
  await world.enable('globex', { scope: 'openid email profile offline_access' })
  const agent = new UserAgent()
  await world.login('globex', agent)
  world.idp.requests.clear()
  const refresh = () =>
    agent.copy().visit(`${world.organization('globex')}/session/refresh`, {
      method: 'POST',
      headers: { accept: 'application/json' },
    })
  const answers = await Promise.all(Array.from({ length: 8 }, refresh))
  expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(200))
  const used = world.idp.requests.of('token').map(({ params, response }) => [params.refresh_token, response.status])
  expect(new Set(used.map(([token]) => token)).size).toBe(used.length)
  expect(used.map(([, status]) => status)).toEqual(used.map(() => 200))
  expect(await world.session(agent, 'globex')).not.toBeNull()
})
