/** Back-Channel Logout: exactly 200 or 400, once per token, for the sessions that it names and for no others. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StoreUnavailable, type Store } from '@relying-party/core'
import { describeFaults } from '@relying-party/mock-idp'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import { clientId, createWorld, type World } from '../support/world.ts'

let world: World
let failing: ((operation: keyof Store, key: string) => boolean) | undefined
const wrapStore = (store: Store): Store => {
  const guard =
    (operation: 'putIfAbsent' | 'compareAndSet') =>
    (...args: never[]) =>
      failing?.(operation, String(args[1])) === true
        ? Promise.reject(new StoreUnavailable('broken by the test'))
        : (store[operation] as (...all: never[]) => Promise<unknown>)(...args)
  return { ...store, putIfAbsent: guard('putIfAbsent'), compareAndSet: guard('compareAndSet') } as Store
}

const endpoint = (id = 'acme') => `${world.organization(id)}/oidc/backchannel-logout`
const post = (logout_token: string | URLSearchParams, id = 'acme') =>
  fetch(endpoint(id), {
    method: 'POST',
    body: typeof logout_token === 'string' ? new URLSearchParams({ logout_token }) : logout_token,
  })
const signedIn = async (agent: UserAgent, id = 'acme') =>
  (await agent.visit(`${world.organization(id)}/session`, { headers: { accept: 'application/json' } })).status === 200
const member = async (login: string, id = 'acme') => {
  const agent = new UserAgent()
  world.idp.loginAs(login, { times: 1 })
  await world.login(id, agent)
  return agent
}
const token = async (user = 'ada@acme.example') =>
  (await world.idp.backchannelLogout({ client_id: clientId, user })).logout_token

/** Takes what the mock delivers, so that the tests decide when it reaches the server. */
const letterbox = createServer((_, response) => response.end())

beforeAll(async () => {
  await new Promise<void>((resolve) => letterbox.listen(0, '127.0.0.1', resolve))
  const { port } = letterbox.address() as AddressInfo
  world = await createWorld({
    wrapStore,
    client: { backchannel_logout_uri: `http://127.0.0.1:${port}`, backchannel_logout_session_required: false },
  })
  await world.enable('acme')
  await world.enable('globex')
})
afterEach(() => {
  failing = undefined
  world.idp.clearFaults()
})
afterAll(async () => {
  letterbox.close()
  await world.close()
})

test('200 and no-store for a valid token; it ends every session of that person here, and nobody else’s', async () => {
  const [ada, tab, grace, elsewhere] = [
    await member('ada@acme.example'),
    await member('ada@acme.example'),
    await member('grace@acme.example'),
    await member('ada@acme.example', 'globex'),
  ]
  const answer = await post(await token())
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(await Promise.all([ada, tab, grace].map((agent) => signedIn(agent)))).toEqual([false, false, true])
  expect(await signedIn(elsewhere, 'globex')).toBe(true)
})

test('a token counts once', async () => {
  const logout_token = await token()
  expect((await post(logout_token)).status).toBe(200)
  const again = await post(logout_token)
  expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([400, 'logout_token_replayed'])
})

test.each([
  ['the tombstone cannot be written', (operation: keyof Store) => operation === 'compareAndSet'],
  ['the jti cannot be claimed', (operation: keyof Store) => operation === 'putIfAbsent'],
])('when %s, 400; the provider’s next delivery of the same token ends the session', async (_, broken) => {
  world.clock.now += 5
  world.idp.clock.set(world.clock.now)
  const agent = await member('ada@acme.example')
  const logout_token = await token()
  failing = broken
  const refused = await post(logout_token)
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([400, 'store_unavailable'])
  failing = undefined
  expect((await post(logout_token)).status).toBe(200)
  expect(await signedIn(agent)).toBe(false)
})

test('a token that arrives before the callback ends the session that the callback makes', async () => {
  world.clock.now += 5
  world.idp.clock.set(world.clock.now)
  const agent = new UserAgent()
  world.idp.loginAs('grace@acme.example', { times: 1 })
  const callback = await world.callback('acme', agent)
  expect((await post(await token('grace@acme.example'))).status).toBe(200)
  await agent.visit(callback, { until: (url) => url.pathname === '/welcome' })
  expect(await signedIn(agent)).toBe(false)
})

const faults = describeFaults().filter(
  ({ name, expect: verdict }) => name.startsWith('logout_token.') && verdict === 'reject',
)
test.each(faults.map(({ name }) => name))('%s: 400, and the session lives on', async (name) => {
  world.clock.now += 5
  world.idp.clock.set(world.clock.now)
  const agent = await member('ada@acme.example')
  world.idp.inject(name, { times: 1 })
  const answer = await post(await token())
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store'])
  expect(((await answer.json()) as { code: string }).code).toMatch(/^(logout_token|id_token_key)_/)
  expect(await signedIn(agent)).toBe(true)
})

test.each<[string, () => Promise<Response>]>([
  ['an unknown organization', async () => post(await token(), 'nobody')],
  [
    'two tokens',
    async () =>
      post(
        new URLSearchParams([
          ['logout_token', await token()],
          ['logout_token', await token()],
        ]),
      ),
  ],
  ['no token', () => post(new URLSearchParams())],
  [
    'another media type',
    () => fetch(endpoint(), { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }),
  ],
  ['a body beyond all bounds', () => post('x'.repeat(100_000))],
])('%s: 400', async (_, ask) => {
  expect((await ask()).status).toBe(400)
})
