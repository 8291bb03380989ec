/**
 * A real instance whose database is full, silent or gone. Rule: 503 and nothing else, as long as it lasts; nobody is let in,
 * nothing is said to be absent, nothing that was acknowledged is lost, and a sign-in under way goes on afterwards.
 */
import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { postgres, sqlite } from '../storage/backends.ts'
import { startProxy } from '../storage/tcp-proxy.ts'
import { UserAgent } from '../support/user-agent.ts'
import { createCluster, type Cluster } from './cluster.ts'

vi.setConfig({ testTimeout: 120_000 })

const welcome = { until: ({ pathname }: URL) => pathname === '/welcome' }
const unavailable = [503, 'store_unavailable']

/** What programs are answered at this address of the organization. */
async function answerTo(cluster: Cluster, agent: UserAgent, path: string) {
  const url = new URL(path, `${cluster.base_url}/organizations/acme/`)
  const { status, body } = await agent.visit(url, { headers: { accept: 'application/json' } })
  return [status, (JSON.parse(body) as { code?: string }).code]
}

test('SQLite on a full disk: 503 instead of a session, what was there is read, and with room again it goes on (#280)', async () => {
  const place = await sqlite.create()
  const cluster = await createCluster({ place })
  try {
    const first = await cluster.start()
    cluster.balancer.targets = [first.port]
    await cluster.enable()
    const [member, underWay] = [new UserAgent(), new UserAgent()]
    await cluster.login(member)
    const response = await cluster.callback(underWay)
    const fill = (id: string) =>
      cluster.api('PUT', `${id}/oidc`, { issuer: cluster.idp.issuer, client_id: id, client_secret: 'y'.repeat(2000) })
    for (let n = 0; n < 20; n++) expect((await fill(`filler-${n}`)).status).toBe(200)
    await first.stop()

    // No file may grow, as on a disk without room: what is written next would make the write-ahead log longer.
    const file = place.url.slice('sqlite:'.length)
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(100 * 1024)
    const limited = join(dirname(file), 'limited-node')
    writeFileSync(limited, `#!/bin/sh\nulimit -f 100\nexec '${process.execPath}' "$@"\n`)
    chmodSync(limited, 0o700)
    const full = await cluster.start({}, { execPath: limited })
    cluster.balancer.targets = [full.port]
    expect((await fill('one-too-many')).status).toBe(503)
    cluster.idp.requests.clear()
    expect(await answerTo(cluster, underWay, response.href)).toEqual(unavailable)
    expect(cluster.idp.requests.of('token')).toEqual([])
    expect((await cluster.api('POST', 'acme/oidc/disable')).status).toBe(503)
    expect(await cluster.session(member)).not.toBeNull()
    expect((await cluster.api('GET', 'acme/oidc')).body.status).toBe('enabled')
    await full.kill()

    cluster.balancer.targets = [(await cluster.start()).port]
    expect((await underWay.visit(response, welcome)).url.pathname).toBe('/welcome')
    for (const agent of [member, underWay]) expect(await cluster.session(agent)).not.toBeNull()
    expect((await cluster.api('GET', 'filler-19/oidc')).body.status).toBe('draft')
    expect((await cluster.api('GET', 'one-too-many/oidc')).status).toBe(404)
  } finally {
    await cluster.close()
  }
})

describe.runIf(!postgres.available)('PostgreSQL', () => {
  test.skip('is tried when POSTGRES_URL names one', () => {})
})

test.runIf(postgres.available)(
  'PostgreSQL silent, then cut off: 503 within the deadline, and the sign-in under way goes on afterwards (#261, #262, #263, #264)',
  async () => {
    const place = await postgres.create()
    const cluster = await createCluster({ place })
    const proxy = await startProxy(place.url)
    try {
      const store = { url: proxy.url, namespace: place.namespace }
      cluster.balancer.targets = [(await cluster.start({ store, deadline_ms: 500 })).port]
      await cluster.enable()
      const [member, underWay] = [new UserAgent(), new UserAgent()]
      await cluster.login(member)
      const response = await cluster.callback(underWay)
      cluster.idp.requests.clear()
      for (const mode of ['silent', 'cut'] as const) {
        proxy.set(mode)
        for (const path of ['oidc/login', 'session', 'verify', response.href])
          expect([mode, path, ...(await answerTo(cluster, member, path))]).toEqual([mode, path, ...unavailable])
        expect([mode, ...(await answerTo(cluster, underWay, response.href))]).toEqual([mode, ...unavailable])
        for (const [method, path] of [
          ['GET', 'acme/oidc'],
          ['PUT', 'acme/oidc'],
          ['POST', 'acme/oidc/disable'],
        ] as const) {
          const { status, body } = await cluster.api(method, path, method === 'PUT' ? {} : undefined)
          expect([mode, method, status, body.code]).toEqual([mode, method, ...unavailable])
        }
      }
      expect(cluster.idp.requests.of('token')).toEqual([])
      proxy.set('pass')
      await expect.poll(async () => (await answerTo(cluster, member, 'session'))[0], { timeout: 10_000 }).toBe(200)
      expect((await underWay.visit(response, welcome)).url.pathname).toBe('/welcome')
      expect((await cluster.api('GET', 'acme/oidc')).body.status).toBe('enabled')
    } finally {
      await cluster.close()
      await proxy.close()
    }
  },
)
