/** Coming back from the provider after signing out: the state is the one that was sent, once. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
  await world.enable('acme')
  await world.enable('globex')
})
afterEach(() => world.idp.clearFaults())
afterAll(() => world.close())

const member = async (login: string, id = 'acme') => {
  const agent = new UserAgent()
  world.idp.loginAs(login, { times: 1 })
  await world.login(id, agent)
  return agent
}

describe('signing out here: the state that comes back (#242)', () => {
  const isBack = ({ pathname }: URL) => pathname.endsWith('/logged-out')
  /** Signs in and out, and stops where the provider sends the browser back to. */
  async function signOut(fault?: string, id = 'acme') {
    world.clock.now += 5
    world.idp.clock.set(world.clock.now)
    const agent = await member('ada@acme.example', id)
    if (fault !== undefined) world.idp.inject(fault, { times: 1 })
    const { url } = await agent.visit(`${world.organization(id)}/oidc/logout`, { method: 'POST', until: isBack })
    return { agent, url }
  }
  const end = async (agent: UserAgent, url: URL) => {
    const visit = await agent.visit(url)
    return { status: visit.status, code: codeOf(visit), cache: visit.headers.get('cache-control') }
  }
  const good = { status: 200, code: undefined, cache: 'no-store' }
  const bad = { status: 400, code: 'logout_state_mismatch', cache: 'no-store' }
  const sentState = () => world.idp.requests.last('end_session')!.params.state!

  test('as it was sent: 32 random bytes, another one each time; the cookie that held it is gone afterwards', async () => {
    const { agent, url } = await signOut()
    expect(url.searchParams.getAll('state')).toEqual([sentState()])
    expect(sentState()).toMatch(/^[A-Za-z0-9_-]{43}$/)
    const names = () => [...agent.cookies.keys()].filter((name) => name.startsWith('rp_logout'))
    expect(names()).toHaveLength(1)
    expect(await end(agent, url)).toEqual(good)
    expect(names()).toEqual([])
    const before = sentState()
    await signOut()
    expect(sentState()).not.toBe(before)
  })

  test.each(['end_session.state_altered', 'end_session.state_missing'])(
    '%s: 400; signed out here all the same',
    async (fault) => {
      const { agent, url } = await signOut(fault)
      expect(await end(agent, url)).toEqual(bad)
      expect(await world.session(agent)).toBeNull()
    },
  )

  test.each<[string, (url: URL) => void]>([
    [
      'in other case',
      (url) =>
        url.searchParams.set(
          'state',
          url.searchParams
            .get('state')!
            .replace(/[a-z]/i, (one) => (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase())),
        ),
    ],
    ['twice', (url) => url.searchParams.append('state', url.searchParams.get('state')!)],
    ['beside another one', (url) => url.searchParams.append('state', 'x')],
    ['empty', (url) => url.searchParams.set('state', '')],
  ])('%s: 400', async (_what, change) => {
    const { agent, url } = await signOut()
    change(url)
    expect(await end(agent, url)).toEqual(bad)
  })

  test('in another browser, which has no cookie: 400', async () => {
    expect(await end(new UserAgent(), (await signOut()).url)).toEqual(bad)
  })

  test('a second time: 400', async () => {
    const { agent, url } = await signOut()
    expect([await end(agent, url), await end(agent, url)]).toEqual([good, bad])
  })

  test('a wrong answer uses the cookie up: it is not for guessing', async () => {
    const { agent, url } = await signOut()
    const wrong = new URL(url)
    wrong.searchParams.set('state', 'wrong')
    expect([await end(agent, wrong), await end(agent, url)]).toEqual([bad, bad])
  })

  test('at another organization: 400', async () => {
    const { agent, url } = await signOut()
    expect(await end(agent, new URL(url.href.replace('/acme/', '/globex/')))).toEqual(bad)
  })

  test('neither cookie nor state: whoever opens the address sees the page', async () => {
    expect(await end(new UserAgent(), new URL(`${world.organization()}/oidc/logged-out`))).toEqual(good)
  })

  test('a program is told in JSON', async () => {
    const url = `${world.organization()}/oidc/logged-out?state=x`
    const response = await fetch(url, { headers: { accept: 'application/json' } })
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      400,
      'logout_state_mismatch',
    ])
  })

  test('no state is in the log', () => {
    const states = world.idp.requests.of('end_session').map(({ params }) => params.state!)
    expect(states.length).toBeGreaterThan(8)
    for (const state of states) expect(world.logs.join('')).not.toContain(state)
  })
})
