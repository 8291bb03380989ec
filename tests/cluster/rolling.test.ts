/**
 * Instances of different releases on the same records: one is replaced while members sign in; a record of a newer release
 * is not misread, and those of the first release are read for ever.
 */
import type { Collection, Json, Store } from '@relying-party/core'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ownDatabase, postgres, redis, sql, sqlite, type Place } from '../storage/backends.ts'
import { UserAgent } from '../support/user-agent.ts'
import { clientId } from '../support/world.ts'
import { codesSent, createCluster, type Cluster } from './cluster.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

if (!postgres.available || !redis.available)
  test.skip('a rolling upgrade is tried when POSTGRES_URL and REDIS_URL name a server each', () => {})

describe.runIf(postgres.available && redis.available)('a rolling upgrade', () => {
  let cluster: Cluster
  let place: Place
  let session_place: Place

  beforeAll(async () => {
    ;[place, session_place] = await Promise.all([postgres.create(), redis.create()])
    cluster = await createCluster({ place, session_place })
    cluster.balancer.targets = [(await cluster.start()).port]
    await cluster.enable()
  })
  afterAll(() => cluster.close())

  /** Replaces a record by one of a newer release, whose value means something else; returns the way back. */
  const upgrade = async (store: Store, where: Place, collection: Collection, key: string, value: Json) => {
    const { version, value: before } = (await store.get(collection, key))!
    const envelope = (format: number, content: Json) =>
      where.overwrite(`${collection}:${key}`, JSON.stringify({ format, version, expires_at: null, value: content }))
    await envelope(2, value)
    return () => envelope(1, before)
  }
  const statusAndCode = async (path: string, options: RequestInit = {}) => {
    const headers = { accept: 'application/json', ...options.headers }
    const response = await fetch(cluster.base_url + path, { redirect: 'manual', ...options, headers })
    return [response.status, ((await response.json()) as { code: string }).code]
  }

  test('a connection of a newer release is unavailable to this one: not absent, not disabled, not overwritten (#274)', async () => {
    const member = new UserAgent()
    await cluster.login(member)
    const before = await cluster.store.get('connections', 'acme')
    const downgrade = await upgrade(cluster.store, place, 'connections', 'acme', { live: [], candidate: 'moved' })
    const unavailable = [503, 'store_unavailable']
    for (const path of ['oidc/login', 'session', 'verify', 'oidc/consume?state=a&code=b'])
      expect([path, ...(await statusAndCode(`/organizations/acme/${path}`))]).toEqual([path, ...unavailable])
    const settings = { issuer: cluster.idp.issuer, client_id: clientId }
    for (const [method, path, body] of [
      ['GET', 'acme/oidc'],
      ['PUT', 'acme/oidc', settings],
      ['POST', 'acme/oidc/disable'],
      ['POST', 'acme/oidc/test'],
    ] as const) {
      const { status, body: answer } = await cluster.api(method, path, body)
      expect([method, status, answer.code]).toEqual([method, ...unavailable])
    }
    await downgrade()
    expect(await cluster.store.get('connections', 'acme')).toEqual(before)
    expect(await cluster.session(member)).not.toBeNull()
  })

  test('a session of a newer release is unavailable, not "signed out" (#274)', async () => {
    const member = new UserAgent()
    await cluster.login(member)
    const sessions = await cluster.session_store.list('sessions', { prefix: 'session.', limit: 1000 })
    expect(sessions.length).toBeGreaterThan(0)
    const downgrades = await Promise.all(
      sessions.map(({ key }) => upgrade(cluster.session_store, session_place, 'sessions', key, { who: 'moved' })),
    )
    for (const path of ['session', 'verify']) {
      const { status, body } = await member.visit(`${cluster.base_url}/organizations/acme/${path}`)
      expect([status, (JSON.parse(body) as { code: string }).code]).toEqual([503, 'store_unavailable'])
    }
    for (const downgrade of downgrades) await downgrade()
    expect(await cluster.session(member)).not.toBeNull()
  })
})

test.runIf(postgres.available)(
  'a rolling restart on records of the first release: both processes use them, the old one ends while members sign in, and all of them arrive; flows under way go on',
  async () => {
    const place = await ownDatabase()
    const cluster = await createCluster({ place })
    try {
      const insert = 'INSERT INTO relying_party (key, value, version, expires_at) VALUES ($1, $2, $3, $4)'
      for (const row of ofFirstRelease(cluster)) await sql(insert, row, place.url)
      const [old, next] = await Promise.all([cluster.startServer(), cluster.startServer()])
      cluster.balancer.targets = [old.port]
      const [member, waiting] = [memberOfFirstRelease(), new UserAgent()]
      const url = await cluster.callback(waiting)
      // What one has read, the other writes anew.
      for (const [days, one] of [old, next, old].entries()) {
        expect(await cluster.session(member, one)).toMatchObject({ email: 'ada@acme.example' })
        expect((await cluster.api('GET', 'acme/oidc', undefined, one)).body.status).toBe('enabled')
        expect((await cluster.api('GET', 'acme/attempts', undefined, one)).body.attempts).toHaveLength(2)
        const policy = { session_lifetime: (days + 1) * 86_400 }
        expect((await cluster.api('PUT', 'acme/oidc/policy', policy, one)).body).toMatchObject({ policy })
      }
      cluster.balancer.targets = [old.port, next.port]
      cluster.idp.requests.clear()
      const arrivals = Array.from({ length: 24 }, async () => {
        const { url, status } = await cluster.login(new UserAgent())
        return [url.pathname, status]
      })
      await expect
        .poll(() => cluster.idp.requests.of('token').length, { interval: 2, timeout: 20_000 })
        .toBeGreaterThan(0)
      // As a proxy does that is told first: no new request, then the signal.
      cluster.balancer.targets = [next.port]
      expect(await old.stop()).toBe(0)
      expect(await Promise.all(arrivals)).toEqual(Array(24).fill(['/welcome', 0]))
      expect(new Set(codesSent(cluster.idp).values())).toEqual(new Set([1]))
      await waiting.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
      for (const agent of [member, waiting]) expect(await cluster.session(agent)).not.toBeNull()
      const { attempts } = (await cluster.api('GET', 'acme/attempts')).body as { attempts: { outcome: string }[] }
      expect(attempts.map(({ outcome }) => outcome)).toEqual(Array(27).fill('succeeded'))
      await expectWritable(cluster)
    } finally {
      await cluster.close()
    }
  },
)

test('records of the first release: the connection signs members in, its session lives, its attempts are shown', async () => {
  const place = await sqlite.create()
  const cluster = await createCluster({ place })
  try {
    const db = new DatabaseSync(place.url.slice('sqlite:'.length))
    const insert = db.prepare('INSERT INTO records (key, value, version, expires_at) VALUES (?, ?, ?, ?)')
    for (const row of ofFirstRelease(cluster)) insert.run(...row)
    db.close()
    cluster.balancer.targets = [(await cluster.start()).port]

    expect(await cluster.session(memberOfFirstRelease())).toMatchObject({ email: 'ada@acme.example' })
    expect((await cluster.login(new UserAgent())).url.pathname).toBe('/welcome')
    const { attempts } = (await cluster.api('GET', 'acme/attempts')).body as { attempts: { outcome: string }[] }
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    await expectWritable(cluster)
  } finally {
    await cluster.close()
  }
})

const fixture = JSON.parse(readFileSync(new URL('fixtures/format-1.json', import.meta.url), 'utf8')) as {
  issuer: string
  session_id: string
  records: Record<string, { version: string; expires_at: number | null }>
}

/** Rows as the first release wrote them: key, value, version, expires_at. */
function ofFirstRelease({ idp }: Cluster): [string, string, string, number | null][] {
  return Object.entries(fixture.records).map(([key, envelope]) => {
    const text = JSON.stringify(envelope).replaceAll(fixture.issuer, idp.issuer)
    return [key, text, envelope.version, envelope.expires_at]
  })
}

/** The browser that signed in then. */
function memberOfFirstRelease(): UserAgent {
  const member = new UserAgent()
  const cookie = { value: fixture.session_id, host: 'localhost', path: '/', same_site: 'Lax', secure: false }
  member.cookies.set('rp_session_acme|localhost|/', cookie)
  return member
}

/** Disabling is carried out, and enabling needs no new test. */
async function expectWritable(cluster: Cluster): Promise<void> {
  expect((await cluster.api('POST', 'acme/oidc/disable')).status).toBe(200)
  const { candidate, previous } = (await cluster.api('GET', 'acme/oidc')).body
  const { fingerprint } = (candidate ?? previous) as { fingerprint: string }
  expect((await cluster.api('POST', 'acme/oidc/enable', { fingerprint })).body.status).toBe('enabled')
}
