/**
 * kill -9 at every point: before and after each change of a store and each request to the provider; then another instance
 * takes over what is there. Rule: nothing half-done, nothing lost that was acknowledged, no code sent twice. The story is told
 * again and again, a point further each time, until it passes unharmed.
 */
import { expect, describe, test, vi } from 'vitest'
import { postgres, redis, sqlite } from '../storage/backends.ts'
import { UserAgent } from '../support/user-agent.ts'
import { clientId, clientSecret } from '../support/world.ts'
import { codeOf, codesSent, createCluster, sessionsIn, type Cluster } from './cluster.ts'

vi.setConfig({ testTimeout: 300_000 })

/** More points than any story has. */
const limit = 60
const organizations = ['acme', ...Array.from({ length: limit }, (_, n) => `org-${n}`)]

/**
 * Where the stories are told, and at which points, each of which takes some two seconds. Every third one is the point before
 * an operation and the point after one by turns; CRASH_EVERY=1 takes all of them.
 */
const setUps = [
  { name: 'SQLite', every: 1, stores: [sqlite] },
  { name: 'PostgreSQL', every: 1, stores: [postgres] },
  { name: 'PostgreSQL, sessions in Redis', every: Number(process.env['CRASH_EVERY'] ?? 3), stores: [postgres, redis] },
] as const
const isAvailable = ({ stores }: (typeof setUps)[number]) => stores.every(({ available }) => available)

describe.each(setUps.filter((setUp) => !isAvailable(setUp)))('$name', () => {
  test.skip('is tried when POSTGRES_URL and REDIS_URL name one', () => {})
})

describe.each(setUps.filter(isAvailable))('$name', ({ every, stores: [durable, sessions] }) => {
  /** Of what comes of it at every point, that at the points of this set-up. */
  const atPoints = (...told: Told[]) => [...told.slice(0, -1).filter((_, n) => n % every === 0), told.at(-1)!]

  /**
   * Tells the story with an instance that dies at the first point, then at the next of this set-up, and so on, until one
   * survives it: where each died, and what came of it. Each is fresh, so that it knows nothing of the provider yet.
   */
  async function atEveryPoint(
    prepare: (cluster: Cluster) => Promise<void>,
    story: Story,
    check: Story = async () => '',
  ): Promise<readonly Told[]> {
    const place = await durable.create()
    const session_place = await sessions?.create()
    const cluster = await createCluster({ place, ...(session_place && { session_place }), organizations })
    try {
      const rescuer = await cluster.start()
      cluster.balancer.targets = [rescuer.port]
      await prepare(cluster)
      const told: Told[] = []
      let next = cluster.start()
      for (let n = 1; n < limit; n += every) {
        const victim = await next
        next = cluster.start() // starts while the story is told
        victim.dieAt(n)
        cluster.balancer.targets = [victim.port]
        const died = async () => {
          expect(await victim.ended).toBe('SIGKILL')
          cluster.balancer.targets = [rescuer.port]
        }
        const outcome = await story(cluster, organizations[n]!, died)
        const survived = cluster.balancer.targets[0] === victim.port
        told.push([survived ? 'nowhere' : /killed (.*)/.exec(victim.output())![1]!, outcome])
        cluster.balancer.targets = [rescuer.port]
        await check(cluster, organizations[n]!, died)
        if (survived) return await next.then(() => told)
        await victim.kill()
      }
      throw new Error('no instance survived the story')
    } finally {
      await cluster.close()
    }
  }

  test('a login: signed in by reloading, or by starting again as the page says (#259, #260)', async () => {
    expect(await atEveryPoint((cluster) => cluster.enable(), signIn)).toEqual(
      atPoints(
        ...around('the provider_metadata request', 'reloaded', 'reloaded'),
        ...around('claims.putIfAbsent', 'reloaded', 'started again'),
        ...around('the token request', 'started again', 'started again'),
        ...around('the jwks request', 'started again', 'started again'),
        ...around('the userinfo request', 'started again', 'started again'),
        // What the attempt shows of the relying party, and the attempt.
        ...around('attempts.putIfAbsent', 'started again', 'started again'),
        ...around('attempts.putIfAbsent', 'started again', 'started again'),
        ...around('sessions.putIfAbsent', 'started again', 'started again'),
        ['nowhere', 'signed in'],
      ),
    )
  })

  test('save, test, enable: what was acknowledged stays, and the administrator gets there (#258)', async () => {
    const nothing = async () => {}
    expect(await atEveryPoint(nothing, connect, arrives)).toEqual(
      atPoints(
        ...around('audit.putIfAbsent', 'PUT: absent', 'PUT: absent'),
        ...around('connections.compareAndSet', 'PUT: absent', 'PUT: draft'),
        ...around('audit.putIfAbsent', 'POST /test: draft', 'POST /test: draft'),
        ...around('connections.compareAndSet', 'POST /test: draft', 'POST /test: draft'),
        ...around('claims.putIfAbsent', 'test: tested', 'test: test_link_not_valid'),
        ...around('the provider_metadata request', 'test: test_link_not_valid', 'test: test_link_not_valid'),
        ...around('claims.putIfAbsent', 'consume: tested', 'consume: draft'),
        ...around('the token request', 'consume: draft', 'consume: draft'),
        ...around('the jwks request', 'consume: draft', 'consume: draft'),
        ...around('the userinfo request', 'consume: draft', 'consume: draft'),
        // What the attempt shows of the relying party, and the attempt.
        ...around('attempts.putIfAbsent', 'consume: draft', 'consume: draft'),
        ...around('attempts.putIfAbsent', 'consume: draft', 'consume: draft'),
        ...around('audit.putIfAbsent', 'consume: draft', 'consume: draft'),
        ...around('connections.compareAndSet', 'consume: draft', 'consume: tested'),
        ...around('audit.putIfAbsent', 'POST /enable: tested', 'POST /enable: tested'),
        ...around('connections.compareAndSet', 'POST /enable: tested', 'POST /enable: enabled'),
        ['nowhere', ''],
      ),
    )
  })
})

/** What came of it when the instance died before this operation, and after it. */
const around = (operation: string, before: string, after: string): Told[] => [
  [`before ${operation}`, before],
  [`after ${operation}`, after],
]

/** What is done, for which organization; `died` is called when a request met nobody, and sees to it that the next does. */
type Story = (cluster: Cluster, organization_id: string, died: () => Promise<void>) => Promise<string>
type Told = readonly [point: string, outcome: string]

const welcome = { until: ({ pathname }: URL) => pathname === '/welcome' }
const settings = { until: ({ pathname }: URL) => pathname.endsWith('/settings/sso') }

const signIn: Story = async (cluster, _, died) => {
  const agent = new UserAgent()
  const sessions = (await sessionsIn(cluster.session_store)).length
  cluster.idp.requests.clear()
  let outcome = 'signed in'
  let visit = await cluster.login(agent)
  if (visit.status === 502) {
    await died()
    outcome = 'reloaded'
    visit = await agent.visit(visit.url, welcome)
  }
  if (visit.url.pathname !== '/welcome') {
    expect(codeOf(visit)).toBe('flow_already_used')
    outcome = 'started again'
    visit = await agent.visit(/href="([^"]+)" id="sign-in-again"/.exec(visit.body)![1]!, welcome)
  }
  expect(visit.url.pathname).toBe('/welcome')
  expect(await cluster.session(agent)).toMatchObject({ email: 'ada@acme.example' })
  const sent = [...codesSent(cluster.idp).values()]
  expect(sent.every((times) => times === 1)).toBe(true)
  expect((await sessionsIn(cluster.session_store)).length - sessions).toBeLessThanOrEqual(sent.length)
  return outcome
}

const arrives: Story = async (cluster, id) => {
  expect((await cluster.login(new UserAgent(), id)).url.pathname).toBe('/welcome')
  return 'signed in'
}

const connect: Story = async (cluster, id, died) => {
  cluster.idp.requests.clear()
  const met: string[] = []
  /** Asks, and asks again when nobody answered, after a look at what had been done. */
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await cluster.api(method, `${id}/oidc${path}`, body)
    if (answer.status !== 502) return answer
    await died()
    const found = await cluster.api('GET', `${id}/oidc`)
    met.push(`${method} ${path}: ${found.status === 404 ? 'absent' : found.body.status}`.replace(' :', ':'))
    return cluster.api(method, `${id}/oidc${path}`, body)
  }
  const read = () => ask('GET', '')

  const saved = await ask('PUT', '', {
    issuer: cluster.idp.issuer,
    client_id: clientId,
    client_secret: clientSecret,
  })
  expect([saved.status, saved.body.status]).toEqual([200, 'draft'])
  const { fingerprint } = saved.body.candidate as { fingerprint: string }

  // A test link works once: whose test was cut off makes a new one.
  for (let tests = 1; ; tests++) {
    expect(tests).toBeLessThanOrEqual(2)
    const begun = await ask('POST', '/test')
    expect([begun.status, (await read()).body.candidate.fingerprint]).toEqual([200, fingerprint])
    const agent = new UserAgent()
    let visit = await agent.visit(begun.body.test_url as string, settings)
    if (visit.status === 502) {
      await died()
      const { pathname } = visit.url
      visit = await agent.visit(visit.url, settings)
      met.push(`${pathname.split('/').at(-1)}: ${visit.status === 0 ? (await read()).body.status : codeOf(visit)}`)
    }
    const { status, candidate } = (await read()).body
    expect(candidate.fingerprint).toBe(fingerprint)
    if (status === 'tested') break
    expect(status).toBe('draft')
  }

  const enabled = await ask('POST', '/enable', { fingerprint })
  expect([enabled.status, enabled.body.status, enabled.body.live.fingerprint]).toEqual([200, 'enabled', fingerprint])
  expect([...codesSent(cluster.idp).values()].every((times) => times === 1)).toBe(true)
  return met.join(', ')
}
