/**
 * Instances whose clocks are five minutes wrong, beside one that is right (#268). Rule: a right that one instance has used
 * up is used up for all, whatever they think the time is; and whose clock is wrong refuses aloud rather than guesses.
 */
import type { Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openIn, postgres, redis, sqlite } from '../storage/backends.ts'
import { UserAgent } from '../support/user-agent.ts'
import { createWorld } from '../support/world.ts'
import { codeOf, codesSent, createCluster, type Cluster } from './cluster.ts'
import type { Instance } from './instances.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const five_minutes = 300
const shared = postgres.available && redis.available

describe(`on ${shared ? 'PostgreSQL and Redis' : 'SQLite'}`, () => {
  let cluster: Cluster
  const instances = {} as Record<'right' | 'ahead' | 'behind', Instance>
  const welcome = { until: ({ pathname }: URL) => pathname === '/welcome' }

  beforeAll(async () => {
    const place = await (shared ? postgres : sqlite).create()
    cluster = await createCluster({ place, ...(shared && { session_place: await redis.create() }) })
    const [right, ahead, behind] = await Promise.all(
      [0, five_minutes, -five_minutes].map((clock_offset) => cluster.start({ clock_offset })),
    )
    Object.assign(instances, { right, ahead, behind })
    cluster.balancer.targets = [right!.port]
    await cluster.enable()
  })
  afterAll(() => cluster.close())

  const start = async (instance: Instance, agent: UserAgent) => {
    cluster.balancer.targets = [instance.port]
    cluster.idp.requests.clear()
    return cluster.callback(agent)
  }

  test.each([
    ['right', 'ahead'],
    ['ahead', 'right'],
    ['behind', 'right'],
    ['behind', 'ahead'],
  ] as const)(
    'started on the one that is %s, finished on the one that is %s: signed in, on all (#268)',
    async (from, to) => {
      const agent = new UserAgent()
      const url = await start(instances[from], agent)
      const finished = await agent.visit(cluster.at(instances[to], url), welcome)
      expect([finished.url.pathname, codeOf(finished)]).toEqual(['/welcome', undefined])
      for (const instance of Object.values(instances)) expect(await cluster.session(agent, instance)).not.toBeNull()
    },
  )

  test.each(['right', 'ahead'] as const)(
    'finished on the one that is behind: the ID Token comes from its future and is refused, the other stays usable',
    async (from) => {
      const agent = new UserAgent()
      const url = await start(instances[from], agent)
      expect(codeOf(await agent.visit(cluster.at(instances.behind, url), welcome))).toBe('id_token_iat_unreasonable')
      expect(await cluster.session(agent)).toBeNull()
      cluster.balancer.targets = [instances.right.port]
      expect((await cluster.login(agent)).url.pathname).toBe('/welcome')
    },
  )

  test('a response that one has used is used for all, and its code is sent once', async () => {
    for (const first of Object.values(instances)) {
      const agent = new UserAgent()
      const url = await start(instances.right, agent)
      const copies = Object.values(instances).map((instance) => [agent.copy(), instance] as const)
      await agent.copy().visit(cluster.at(first, url), welcome)
      const again = await Promise.all(copies.map(([copy, instance]) => copy.visit(cluster.at(instance, url), welcome)))
      expect(again.map(codeOf)).toEqual(Array(3).fill('flow_already_used'))
      expect([...codesSent(cluster.idp).values()]).toEqual([1])
    }
  })

  test.each([
    ['right', 'ahead'],
    ['ahead', 'behind'],
    ['behind', 'right'],
  ] as const)('a test link made on the one that is %s opens on the one that is %s, once', async (from, to) => {
    const { test_url } = (await cluster.api('POST', 'acme/oidc/test', undefined, instances[from])).body as {
      test_url: string
    }
    const open = async (instance: Instance) =>
      (await fetch(cluster.at(instance, test_url), { redirect: 'manual' })).status
    expect(await open(instances[to])).toBe(302)
    expect(await Promise.all(Object.values(instances).map(open))).toEqual([400, 400, 400])
  })
})

test('what has expired is swept ten minutes later: an instance whose clock is behind still finds what another used up (#268)', async () => {
  const swept: number[] = []
  const wrapStore = (store: Store): Store => ({
    ...store,
    sweep(at, limit) {
      swept.push(at)
      return store.sweep(at, limit)
    },
  })
  const world = await createWorld({ wrapStore })
  try {
    await world.sweep()
    expect(swept).toEqual([world.clock.now - 2 * five_minutes])
  } finally {
    await world.close()
  }
})

test.runIf(redis.available)('Redis itself forgets no sooner', async () => {
  const place = await redis.create()
  const ahead = Date.now() / 1000 + five_minutes
  const store = await openIn(place, { now: () => ahead })
  await store.putIfAbsent('claims', 'used', 1, ahead + 60)
  expect(await place.forgetsAt!('claims:used')).toBeGreaterThanOrEqual(ahead + 60 + five_minutes)
  await store.close()
  await place.remove()
})
