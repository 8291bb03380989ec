/**
 * A real instance whose database is full, silent or gone. Rule: 503 and nothing else, as long as it lasts; nobody is let in,
 * nothing is said to be absent, nothing that was acknowledged is lost, and a sign-in under way goes on afterwards.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { postgres, sqlite } from '../storage/backends.ts'
import { own_postgres, ownPostgres } from '../storage/own-postgres.ts'
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

/** Needs root, a file system that knows the flag, and the right to set it: containers often lack one of them. */
const canFreeze = (() => {
  const file = join(mkdtempSync(join(tmpdir(), 'rp-immutable-')), 'file')
  writeFileSync(file, '')
  try {
    freeze(file, true)
    freeze(file, false)
    return true
  } catch {
    return false
  } finally {
    rmSync(dirname(file), { recursive: true })
  }
})()

function freeze(file: string, frozen: boolean): void {
  execFileSync('chattr', [frozen ? '+i' : '-i', file], { stdio: 'ignore' })
}

if (!canFreeze) test.skip('SQLite that becomes read-only: is tried where chattr +i may be used', () => {})

test.runIf(canFreeze)(
  'SQLite that becomes read-only: 503 for whatever writes, what was there is read, and afterwards it goes on (#280)',
  async () => {
    const place = await sqlite.create()
    const cluster = await createCluster({ place })
    const log = `${place.url.slice('sqlite:'.length)}-wal`
    try {
      cluster.balancer.targets = [(await cluster.start()).port]
      await cluster.enable()
      const [member, underWay] = [new UserAgent(), new UserAgent()]
      await cluster.login(member)
      const response = await cluster.callback(underWay)
      cluster.idp.requests.clear()
      freeze(log, true)
      expect(await answerTo(cluster, underWay, response.href)).toEqual(unavailable)
      const { status, body } = await cluster.api('POST', 'acme/oidc/disable')
      expect([status, body.code]).toEqual(unavailable)
      expect(await cluster.session(member)).not.toBeNull()
      expect((await cluster.api('GET', 'acme/oidc')).body.status).toBe('enabled')
      expect((await cluster.api('GET', 'nobody/oidc')).status).toBe(404)
      expect(cluster.idp.requests.of('token')).toEqual([])
      freeze(log, false)
      expect((await underWay.visit(response, welcome)).url.pathname).toBe('/welcome')
      for (const agent of [member, underWay]) expect(await cluster.session(agent)).not.toBeNull()
    } finally {
      freeze(log, false)
      await cluster.close()
    }
  },
)

if (!own_postgres) test.skip('PostgreSQL stopped: is tried where initdb is installed', () => {})

test.runIf(own_postgres)(
  'PostgreSQL stopped, at once and in a hurry: 503, never absence, and when it is back the sign-in under way goes on (#262, #264)',
  async () => {
    const server = await ownPostgres()
    const cluster = await createCluster({ place: server.place })
    try {
      cluster.balancer.targets = [(await cluster.start({ deadline_ms: 1000 })).port]
      await cluster.enable()
      const [member, underWay] = [new UserAgent(), new UserAgent()]
      await cluster.login(member)
      const response = await cluster.callback(underWay)
      cluster.idp.requests.clear()
      for (const mode of ['fast', 'immediate'] as const) {
        server.stop(mode)
        for (const path of ['oidc/login', 'session', 'verify'])
          expect([mode, path, ...(await answerTo(cluster, member, path))]).toEqual([mode, path, ...unavailable])
        expect([mode, ...(await answerTo(cluster, underWay, response.href))]).toEqual([mode, ...unavailable])
        for (const [method, path] of [
          ['GET', 'acme/oidc'],
          ['GET', 'nobody/oidc'],
          ['POST', 'acme/oidc/disable'],
        ] as const) {
          const { status, body } = await cluster.api(method, path)
          expect([mode, method, path, status, body.code]).toEqual([mode, method, path, ...unavailable])
        }
        server.start()
        await expect.poll(() => answerTo(cluster, member, 'session'), { timeout: 20_000 }).toEqual([200, undefined])
      }
      expect(cluster.idp.requests.of('token')).toEqual([])
      expect((await underWay.visit(response, welcome)).url.pathname).toBe('/welcome')
      expect((await cluster.api('GET', 'acme/oidc')).body.status).toBe('enabled')
    } finally {
      await cluster.close()
    }
  },
)

if (!postgres.available) test.skip('PostgreSQL is tried when POSTGRES_URL names one', () => {})

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
