/**
 * A real instance with connections in one store and sessions in Redis, as in production, whose Redis is silent, cut off or
 * killed. Rule: members are answered 503, on a page that says so, and are neither let in nor told that they are signed out;
 * settings are still read and changed by the operator's token; and all goes on by itself when it is back.
 */
import { expect, test, vi } from 'vitest'
import { postgres, sqlite } from '../storage/backends.ts'
import { own_redis, ownRedis } from '../storage/own-redis.ts'
import { startProxy } from '../storage/tcp-proxy.ts'
import { UserAgent } from '../support/user-agent.ts'
import { admin_token, codeOf, codesSent, createCluster } from './cluster.ts'

vi.setConfig({ testTimeout: 120_000 })

const durable = postgres.available ? postgres : sqlite
const welcome = { until: ({ pathname }: URL) => pathname === '/welcome' }

if (!own_redis) test.skip('sessions in Redis: is tried where redis-server is installed', () => {})

test.runIf(own_redis)(
  `sessions in a Redis that is silent, cut off, killed, beside ${durable.name}: 503 for members, settings answer, and it recovers (#261, #262, #263, #264)`,
  async () => {
    const redis = await ownRedis('--appendonly', 'yes', '--appendfsync', 'always')
    const proxy = await startProxy(redis.url)
    const organizations = ['acme', 'globex']
    const cluster = await createCluster({ place: await durable.create(), session_place: redis.place, organizations })
    const organization = `${cluster.base_url}/organizations/acme`
    const { namespace } = redis.place
    try {
      const instance = await cluster.start({ session_store: { url: proxy.url, namespace }, deadline_ms: 500 })
      cluster.balancer.targets = [instance.port]
      for (const id of organizations) await cluster.enable(id)
      const { fingerprint } = (await cluster.api('GET', 'globex/oidc')).body.live as { fingerprint: string }
      const [member, underWay] = [new UserAgent(), new UserAgent()]
      await cluster.login(member)
      const response = await cluster.callback(underWay)
      cluster.idp.requests.clear()

      const troubles = {
        silent: () => proxy.set('silent'),
        cut: () => proxy.set('cut'),
        killed: async () => {
          proxy.set('pass')
          await expect.poll(() => cluster.session(member), { timeout: 10_000 }).not.toBeNull()
          await redis.kill()
        },
      }
      for (const [trouble, begin] of Object.entries(troubles)) {
        await begin()
        for (const [agent, url] of [
          [member, organization],
          [underWay, response],
        ] as const) {
          const page = await agent.visit(url)
          expect([trouble, page.status, codeOf(page)]).toEqual([trouble, 503, 'store_unavailable'])
          expect(page.headers.get('retry-after')).toBe('5')
          expect(page.body).not.toMatch(/redis|127\.0\.0\.1|ECONN/i)
        }
        for (const path of ['session', 'verify']) {
          const { status, body } = await member.visit(`${organization}/${path}`)
          const { code } = JSON.parse(body) as { code: string }
          expect([trouble, path, status, code]).toEqual([trouble, path, 503, 'store_unavailable'])
        }
        // A start needs no session store: who comes back when that is back arrives.
        await cluster.callback(new UserAgent())

        const headers = { authorization: `Bearer ${admin_token}`, accept: 'text/html' }
        const settings = await fetch(`${organization}/settings/sso`, { headers })
        expect([trouble, settings.status]).toEqual([trouble, 200])
        expect(await settings.text()).toContain(cluster.idp.issuer)
        for (const [path, body] of [
          ['disable', undefined],
          ['enable', { fingerprint }],
        ] as const) {
          expect([trouble, path, (await cluster.api('POST', `globex/oidc/${path}`, body)).status]).toEqual([
            trouble,
            path,
            200,
          ])
        }
        expect((await cluster.api('GET', 'globex/oidc')).body.status).toBe('enabled')
        expect((await cluster.api('GET', 'nobody/oidc')).status).toBe(404)
      }
      expect(cluster.idp.requests.of('token')).toEqual([])

      await redis.start()
      const back = () => cluster.session(member).catch(() => null)
      await expect.poll(back, { timeout: 10_000 }).toMatchObject({ email: 'ada@acme.example' })
      expect((await underWay.visit(response, welcome)).url.pathname).toBe('/welcome')
      expect(await cluster.session(underWay)).not.toBeNull()
      expect([...codesSent(cluster.idp).values()]).toEqual([1])
    } finally {
      await cluster.close()
      await proxy.close()
    }
  },
)
