/** What one tenant's provider does, or does not do, is no matter to the others; and starting logins costs nothing that stays. */
import { createOutbound, parseOutboundAllow, type Outbound } from '@relying-party/server'
import { startMockOkta, type MockOkta } from '@relying-party/mock-idp'
import type { Store } from '@relying-party/core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import { clientId, clientSecret, createWorld, type World } from '../support/world.ts'

let world: World
let other: MockOkta
let outbound: Outbound | undefined
/** What was written since the last look. */
let written: string[] = []

beforeAll(async () => {
  const wrapStore = (store: Store): Store => ({
    ...store,
    putIfAbsent: (...args) => (written.push(`put ${args[0]}`), store.putIfAbsent(...args)),
    compareAndSet: (...args) => (written.push(`set ${args[0]}`), store.compareAndSet(...args)),
    delete: (...args) => (written.push(`delete ${args[0]}`), store.delete(...args)),
  })
  // Of many slots one connection may hold two, and three may wait for them.
  const wrapOutbound = (usual: Outbound): Outbound => ({
    request: (...args) => (outbound ?? usual).request(...args),
    close: async () => void (await Promise.all([outbound?.close(), usual.close()])),
  })
  world = await createWorld({ wrapStore, wrapOutbound, allow: ['localhost'] })
  other = await startMockOkta({
    auto_login: 'ada@acme.example',
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [`${world.base_url}/organizations/globex/oidc/consume`],
      },
    ],
  })
  await world.enable('acme')
  await world.enable('globex', { issuer: other.issuer })
  const limits = { per_origin: 2, waiting_per_origin: 3, total: 8, deadline_ms: 60_000 }
  outbound = createOutbound({ allow: parseOutboundAllow('localhost'), limits })
  written = []
})
afterEach(() => {
  world.idp.clearFaults()
  other.clearFaults()
})
afterAll(async () => {
  await other.close()
  await world.close()
})

test('a provider that never answers holds up its own members; those of another organization sign in meanwhile (#284, #285)', async () => {
  const callbacks = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const agent = new UserAgent()
      return { agent, url: await world.callback('acme', agent) }
    }),
  )
  world.idp.requests.clear()
  const fault = world.idp.inject('token.never_answering')
  let answered = 0
  const stuck = callbacks.map(async ({ agent, url }) => {
    const { status } = await agent.visit(url, { headers: { accept: 'application/json' } })
    answered += 1
    return status
  })
  // Two are under way and three wait: the other seven are told at once, and may start again.
  await expect.poll(() => answered).toBe(7)

  for (let member = 0; member < 20; member++) {
    const agent = new UserAgent()
    expect((await world.login('globex', agent)).url.pathname).toBe('/welcome')
    expect(await world.session(agent, 'globex')).toMatchObject({ organization_id: 'globex' })
  }
  expect([answered, world.idp.requests.of('token').length]).toEqual([7, 2])

  fault.remove()
  await world.idp.close()
  expect((await Promise.all(stuck)).filter((status) => status >= 500)).toHaveLength(12)
})

test('a flood of login starts writes nothing, is bounded in each browser, and leaves no trace but a count (#258, #281, #282)', async () => {
  written = []
  const metrics = async () => (await fetch(`${world.base_url}/metrics`)).text()
  const lines = (text: string) =>
    text.split('\n').filter((line) => line.startsWith('relying_party_flows_started')).length
  const before = lines(await metrics())
  const agent = new UserAgent()
  const until = (url: URL) => url.origin !== world.base_url
  for (let start = 0; start < 300; start++) {
    await agent.visit(`${world.organization('globex')}/oidc/login`, { until })
    const flows = [...agent.cookies].filter(([name]) => name.startsWith('rp_flow_'))
    expect(flows.length).toBeLessThanOrEqual(8)
    expect(flows.reduce((sum, [name, { value }]) => sum + name.length + value.length, 0)).toBeLessThan(8192)
  }
  expect(written).toEqual([])
  expect(lines(await metrics())).toBe(before)
})

test('a flood of callbacks with random states asks nobody and writes thirty attempts a minute, no more (#283, #289)', async () => {
  written = []
  other.requests.clear()
  const before = world.logs.length
  const random = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
  for (let callback = 0; callback < 200; callback++) {
    const answer = await fetch(`${world.organization('globex')}/oidc/consume?code=a&state=${random()}`, {
      headers: { accept: 'application/json' },
    })
    expect([answer.status, (await answer.json()).code]).toEqual([400, 'flow_not_found'])
  }
  // And, once, what they show of the relying party.
  expect(written).toEqual(Array<string>(31).fill('put attempts'))
  expect(other.requests.list()).toEqual([])
  expect(world.logs.slice(before).filter((line) => line.includes('attempt failed'))).toHaveLength(30)
})
