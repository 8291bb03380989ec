/** Two hundred members sign in at once, and one of the two instances is killed halfway. */
import { expect, test, vi } from 'vitest'
import { postgres, redis } from '../storage/backends.ts'
import { UserAgent, type Visit } from '../support/user-agent.ts'
import { codeOf, codesSent, createCluster, sessionsIn } from './cluster.ts'

vi.setConfig({ testTimeout: 90_000 })

const members = 200

if (!postgres.available || !redis.available)
  test.skip('a load is tried when POSTGRES_URL and REDIS_URL name a server each', () => {})

test.runIf(postgres.available && redis.available)(
  `${members} logins, one instance killed halfway: everybody ends signed in or at a page that starts again, nothing twice`,
  async () => {
    const cluster = await createCluster({ place: await postgres.create(), session_place: await redis.create() })
    try {
      const [one, two] = await Promise.all([cluster.start(), cluster.start()])
      cluster.balancer.targets = [one.port, two.port]
      await cluster.enable()
      cluster.idp.requests.clear()

      let ended = 0
      const halfway = Promise.withResolvers<void>()
      const agents = Array.from({ length: members }, () => new UserAgent())
      const visits: Promise<readonly [UserAgent, Visit]>[] = agents.map(async (agent) => {
        const visit = await cluster.login(agent)
        if (++ended === members / 2) halfway.resolve()
        return [agent, visit] as const
      })
      await halfway.promise
      await one.kill()
      expect(await one.ended).toBe('SIGKILL')
      const outcomes = await Promise.all(visits)

      const isIn = ({ url }: Visit) => url.pathname === '/welcome'
      const stranded = outcomes.filter(([, visit]) => !isIn(visit))
      // What was being finished when the instance died cannot be finished elsewhere: its code may have been sent.
      for (const [, visit] of stranded) expect([visit.status, codeOf(visit)]).toEqual([400, 'flow_already_used'])
      expect(stranded.length).toBeLessThan(members / 4)
      for (const [, { body }] of stranded) expect(body).toContain('/organizations/acme/oidc/login?return_to=%2Fwelcome')
      // No more sessions than logins that succeeded at the provider, and all that a browser was told of.
      const sessions = await sessionsIn(cluster.session_store)
      const redeemed = cluster.idp.requests.of('token').filter(({ response }) => response.status === 200)
      expect(sessions.length).toBeGreaterThanOrEqual(members - stranded.length)
      expect(sessions.length).toBeLessThanOrEqual(redeemed.length)
      expect(redeemed.length).toBeLessThanOrEqual(members)

      for (const [agent] of stranded) expect(isIn(await cluster.login(agent))).toBe(true)
      const who = await Promise.all(agents.map((agent) => cluster.session(agent)))
      expect(who.filter((session) => session?.email === 'ada@acme.example')).toHaveLength(members)
      const ids = agents.map(({ cookies }) => cookies.get('rp_session_acme|localhost|/')!.value)
      expect(new Set(ids).size).toBe(members)
      const sent = codesSent(cluster.idp)
      expect(sent.size).toBeLessThanOrEqual(members + stranded.length)
      expect([...sent.values()].every((times) => times === 1)).toBe(true)
    } finally {
      await cluster.close()
    }
  },
)
