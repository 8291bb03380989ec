/** Two instances on one PostgreSQL, sessions and claims in one Redis, behind a round-robin proxy. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { postgres, redis } from '../storage/backends.ts'
import { UserAgent } from '../support/user-agent.ts'
import { clientId } from '../support/world.ts'
import { codeOf, codesSent, createCluster, sessionsIn, type Cluster } from './cluster.ts'
import type { Instance } from './instances.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

if (!postgres.available || !redis.available)
  test.skip('two instances are tried when POSTGRES_URL and REDIS_URL name a server each', () => {})

describe.runIf(postgres.available && redis.available)('two instances', () => {
  let cluster: Cluster
  let one: Instance
  let two: Instance

  beforeAll(async () => {
    cluster = await createCluster({ place: await postgres.create(), session_place: await redis.create() })
    ;[one, two] = await Promise.all([cluster.start(), cluster.start()])
    cluster.balancer.targets = [one.port, two.port]
    await cluster.enable()
  })
  afterAll(() => cluster.close())
  beforeEach(() => {
    cluster.idp.requests.clear()
    cluster.balancer.answered.length = 0
  })

  /** Which instance answered this path. */
  const answeredBy = (end: string) => cluster.balancer.answered.find(({ path }) => path.endsWith(end))!.port
  const welcome = { until: ({ pathname }: URL) => pathname === '/welcome' }

  test('login on one, callback on the other: the session is there on both', async () => {
    const agent = new UserAgent()
    await cluster.login(agent)
    expect(answeredBy('/oidc/login')).not.toBe(answeredBy('/oidc/consume'))
    for (const instance of [one, two])
      expect(await cluster.session(agent, instance)).toMatchObject({ subject: expect.any(String) as string })
    expect([...codesSent(cluster.idp).values()]).toEqual([1])
  })

  test('the same callback on both at once, again and again: one session, one token request (#266)', async () => {
    const before = (await sessionsIn(cluster.session_store)).length
    for (let round = 1; round <= 10; round++) {
      const agent = new UserAgent()
      const url = await cluster.callback(agent)
      const copies = [one, two, one, two].map((instance) => [agent.copy(), instance] as const)
      const visits = await Promise.all(copies.map(([copy, instance]) => copy.visit(cluster.at(instance, url), welcome)))
      const others = visits.filter((visit) => visit.url.pathname !== '/welcome')
      expect(others.map(codeOf)).toEqual(Array(3).fill('flow_already_used'))
      const signedIn = await Promise.all(copies.map(([copy]) => cluster.session(copy)))
      expect(signedIn.filter((session) => session !== null)).toHaveLength(1)
      expect(await sessionsIn(cluster.session_store)).toHaveLength(before + round)
      expect([...codesSent(cluster.idp).values()]).toEqual(Array(round).fill(1))
    }
  })

  test('the same test link on both at once starts one test', async () => {
    const { test_url } = (await cluster.api('POST', 'acme/oidc/test')).body as { test_url: string }
    const opened = await Promise.all(
      [one, two, one, two].map((instance) => fetch(cluster.at(instance, test_url), { redirect: 'manual' })),
    )
    expect(opened.map(({ status }) => status).toSorted()).toEqual([302, 400, 400, 400])
  })

  test('enable and disable at once, ten times: one after the other, and both instances agree (#215)', async () => {
    const { fingerprint } = (await cluster.api('GET', 'acme/oidc')).body.live as { fingerprint: string }
    const login = (instance: Instance) =>
      fetch(cluster.at(instance, `${cluster.base_url}/organizations/acme/oidc/login`), { redirect: 'manual' })
    let before = 'enabled'
    for (let round = 0; round < 10; round++) {
      const [enabler, disabler] = round % 2 === 0 ? [one, two] : [two, one]
      const [enabled, disabled] = await Promise.all([
        cluster.api('POST', 'acme/oidc/enable', { fingerprint }, enabler),
        cluster.api('POST', 'acme/oidc/disable', undefined, disabler),
      ])
      const [here, there] = await Promise.all([one, two].map((at) => cluster.api('GET', 'acme/oidc', undefined, at)))
      expect(here!.body).toEqual(there!.body)
      const { status, version } = here!.body as { status: string; version: string }
      expect(enabled.status).toBe(200)
      // Nothing was there to disable only if it came first; otherwise whoever wrote last wrote what stands.
      if (disabled.status === 409) expect([before, status]).toEqual(['tested', 'enabled'])
      else expect([enabled.body.version, disabled.body.version]).toContain(version)
      for (const instance of [one, two]) {
        expect([status, (await login(instance)).status]).toEqual(
          status === 'enabled' ? ['enabled', 302] : ['tested', 409],
        )
      }
      before = status
    }
    await cluster.api('POST', 'acme/oidc/enable', { fingerprint })
  })

  test('disabled on one while a member is at the provider: the callback on the other begins no session', async () => {
    const { fingerprint } = (await cluster.api('GET', 'acme/oidc')).body.live as { fingerprint: string }
    const [member, waiting] = [new UserAgent(), new UserAgent()]
    await cluster.login(member)
    const url = await cluster.callback(waiting)
    await cluster.api('POST', 'acme/oidc/disable', undefined, one)
    expect(await cluster.session(member, two)).toBeNull()
    const refused = await waiting.visit(cluster.at(two, url), welcome)
    expect(codeOf(refused)).toBe('flow_revision_replaced')
    await cluster.api('POST', 'acme/oidc/enable', { fingerprint }, two)
    expect(await cluster.session(waiting)).toBeNull()
  })

  test('a back-channel logout at one ends the session on the other, also of a login that is under way', async () => {
    const [member, waiting] = [new UserAgent(), new UserAgent()]
    await cluster.login(member)
    const url = await cluster.callback(waiting)
    expect(await cluster.session(member, two)).not.toBeNull()
    cluster.balancer.targets = [one.port]
    const answer = await cluster.idp.backchannelLogout({ client_id: clientId, user: 'ada@acme.example' })
    expect(answer.status).toBe(200)
    cluster.balancer.targets = [one.port, two.port]
    for (const instance of [one, two]) expect(await cluster.session(member, instance)).toBeNull()
    // Its ID Token is issued at the token request, after the logout token: it speaks of a new session.
    const late = await waiting.visit(cluster.at(two, url), welcome)
    expect([late.url.pathname, codesSent(cluster.idp).get(url.searchParams.get('code')!)]).toEqual(['/welcome', 1])
  })

  test('the same logout token at both at once is used once, and a repeated delivery says so', async () => {
    const member = new UserAgent()
    await cluster.login(member)
    cluster.balancer.targets = [one.port]
    const { logout_token } = await deliver()
    cluster.balancer.targets = [one.port, two.port]
    const again = await Promise.all([one, two].map((instance) => post(instance, logout_token)))
    expect(again).toEqual([
      [400, 'logout_token_replayed'],
      [400, 'logout_token_replayed'],
    ])
    expect(await cluster.session(member)).toBeNull()
  })

  const deliver = async () => {
    await cluster.idp.backchannelLogout({ client_id: clientId, user: 'ada@acme.example' })
    return cluster.idp.requests.last('backchannel_logout')!.params as { logout_token: string }
  }
  const post = async (instance: Instance, logout_token: string) => {
    const address = `${cluster.base_url}/organizations/acme/oidc/backchannel-logout`
    const answer = await fetch(cluster.at(instance, address), {
      method: 'POST',
      body: new URLSearchParams({ logout_token }),
    })
    return [answer.status, ((await answer.json()) as { code: string }).code]
  }
})
