/**
 * Secrets that nobody may ever see again, searched for in everything that the product leaves behind: the bytes of its
 * files and databases, what its processes wrote, and every answer that it gave to anybody.
 */
import { readFileSync } from 'node:fs'
import { expect, describe, test, vi } from 'vitest'
import { postgres, redis, sql, sqlite, type Place } from '../storage/backends.ts'
import { UserAgent } from '../support/user-agent.ts'
import { clientId, clientSecret } from '../support/world.ts'
import { admin_token, createCluster, secret_key, type Cluster } from './cluster.ts'

vi.setConfig({ testTimeout: 90_000 })

const staged = 'staged-canary-0123456789-abcdefghij-ABCDEFGHIJ'

describe.runIf(!postgres.available || !redis.available)('PostgreSQL and Redis', () => {
  test.skip('are tried when POSTGRES_URL and REDIS_URL name a server each', () => {})
})

test('SQLite, the server as it is shipped: file, write-ahead log, output and answers show no secret', async () => {
  const place = await sqlite.create()
  const file = place.url.slice('sqlite:'.length)
  await expectNoCanary(
    place,
    undefined,
    (cluster) => cluster.startServer(),
    async () => [file, `${file}-wal`].map((path) => readFileSync(path, 'latin1')).join('\n'),
  )
})

test.runIf(postgres.available && redis.available)(
  'PostgreSQL and Redis: rows, keys and values, output and answers show no secret',
  async () => {
    const [place, session_place] = await Promise.all([postgres.create(), redis.create()])
    await expectNoCanary(
      place,
      session_place,
      (cluster) => cluster.start(),
      async () => {
        const rows = await sql(`SELECT * FROM ${place.namespace}`)
        return `${JSON.stringify(rows)}\n${await session_place.dump!()}`
      },
    )
  },
)

/** Connects, tests, enables, signs in, refreshes, fails in two ways, looks at every page; then searches. */
async function expectNoCanary(
  place: Place,
  session_place: Place | undefined,
  start: (cluster: Cluster) => Promise<{ readonly port: number; output(): string }>,
  dump: () => Promise<string>,
): Promise<void> {
  const cluster = await createCluster({ place, ...(session_place !== undefined && { session_place }) })
  try {
    const server = await start(cluster)
    cluster.balancer.targets = [server.port]
    const { api, base_url, idp } = cluster
    const settings = { issuer: idp.issuer, client_id: clientId, client_secret: clientSecret }
    await api('PUT', 'acme/oidc', { ...settings, scope: 'openid profile email offline_access' })
    await cluster.enable('acme', {})
    await api('PUT', 'acme/oidc/staged-secret', { client_secret: staged })
    const member = new UserAgent()
    expect((await cluster.login(member)).url.pathname).toBe('/welcome')
    const refreshed = await member.visit(`${base_url}/organizations/acme/session/refresh`, { method: 'POST' })
    expect(refreshed.status).toBe(200)
    const used = await cluster.callback(member)
    await member.visit(used, { until: ({ pathname }) => pathname === '/welcome' })
    await new UserAgent().visit(used)
    idp.inject('token.http_500', { times: 1 })
    await cluster.login(new UserAgent())
    idp.inject('id_token.nonce_mismatch', { times: 1 })
    await cluster.login(new UserAgent())

    const { attempts } = (await api('GET', 'acme/attempts')).body as { attempts: { attempt_id: string }[] }
    expect(attempts.length).toBeGreaterThanOrEqual(5)
    for (const { attempt_id } of attempts) {
      await api('GET', `acme/attempts/${attempt_id}`)
      await api('GET', `acme/attempts/${attempt_id}/transcript`)
    }
    await api('GET', 'acme/oidc')
    await api('PUT', 'acme/oidc', { issuer: 'not a url', client_secret: clientSecret })
    const admin = new UserAgent()
    await admin.visit(`${base_url}/admin/sign-in`, { form: { admin_token, next: '/organizations/acme/settings/sso' } })
    const pages = [
      '/organizations/acme/settings/sso',
      `/organizations/acme/settings/sso/attempts/${attempts[0]!.attempt_id}`,
    ]
    for (const path of [...pages, '/metrics', '/openapi.json', '/organizations/acme/oidc/jwks'])
      await admin.visit(base_url + path)
    await member.visit(`${base_url}/organizations/acme/verify`)
    await member.visit(`${base_url}/organizations/acme`)

    const canaries = canariesOf(cluster)
    const places = { store: await dump(), output: server.output(), answers: cluster.balancer.texts.join('\n') }
    for (const text of Object.values(places)) expect(text.length).toBeGreaterThan(1000)
    // What may be seen is found, so what is not found is not there.
    expect(places.store).toContain(clientId)
    expect(places.answers).toContain('ada@acme.example')
    expect(places.output).toContain('attempt succeeded')
    for (const [place, text] of Object.entries(places)) {
      for (const [name, canary] of canaries) {
        const found = spellings(canary).filter((spelling) => text.includes(spelling))
        expect([place, name, found]).toEqual([place, name, []])
      }
    }
  } finally {
    await cluster.close()
  }
}

/** Every secret of the story, by its name: ours, and whatever passed between us and the provider. */
function canariesOf({ idp }: Cluster): [name: string, canary: string][] {
  const found: [string, string][] = [
    ['client secret', clientSecret],
    ['staged secret', staged],
    ['admin token', admin_token],
    ['secret key', secret_key],
  ]
  for (const { params, response } of idp.requests.of('token')) {
    const { access_token, refresh_token, id_token } = (response.body ?? {}) as Record<string, string | undefined>
    // Of a JWT each part counts; the header is everybody's. What an ID Token says of the person is on record, as the claims
    // are; its signature, without which nobody believes it, is not.
    const parts = [access_token?.split('.').slice(access_token.includes('.') ? 1 : 0), id_token?.split('.').slice(2)]
    for (const part of parts.flatMap((some) => some ?? [])) found.push(['token', part])
    for (const [name, value] of Object.entries({
      refresh_token,
      code: params.code,
      code_verifier: params.code_verifier,
    }))
      if (value !== undefined) found.push([name, value])
  }
  const names = new Set(found.map(([name]) => name))
  expect([...names].toSorted()).toEqual([
    'admin token',
    'client secret',
    'code',
    'code_verifier',
    'refresh_token',
    'secret key',
    'staged secret',
    'token',
  ])
  return found.filter(([, canary]) => canary.length > 15)
}

/** As it is, and as it may have been written by somebody who did not mean to; a long one also when it was cut short. */
function spellings(canary: string): string[] {
  const bytes = Buffer.from(canary)
  return [
    canary.slice(0, 40),
    encodeURIComponent(canary),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    JSON.stringify(canary).slice(1, -1),
  ]
}
