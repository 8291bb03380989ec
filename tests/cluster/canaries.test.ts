/**
 * Secrets that nobody may ever see again, searched for in everything that the product leaves behind: the bytes of its
 * files and databases, what its processes wrote, and every answer that it gave to anybody.
 */
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { postgres, redis, sql, sqlite, type Place } from '../storage/backends.ts'
import { UserAgent } from '../support/user-agent.ts'
import { clientId, clientSecret } from '../support/world.ts'
import { admin_token, createCluster, secret_key, type Cluster } from './cluster.ts'

vi.setConfig({ testTimeout: 90_000 })

const staged = 'staged-canary-0123456789-abcdefghij-ABCDEFGHIJ'

if (!postgres.available || !redis.available)
  test.skip('PostgreSQL and Redis are tried when POSTGRES_URL and REDIS_URL name a server each', () => {})

test('SQLite, the server as it is shipped: file, write-ahead log, output and answers show no secret, state or cookie (#219, #220)', async () => {
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
  'PostgreSQL and Redis: rows, keys and values, output and answers show no secret, state or cookie (#219, #220)',
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

    // Refusals as programs are told them: of a response that was used, altered, or belongs to another browser.
    const abandoned = await cluster.callback(new UserAgent())
    const altered = new URL(abandoned)
    altered.searchParams.set(
      'state',
      abandoned.searchParams.get('state')!.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    )
    for (const url of [used, abandoned, altered]) {
      const refused = await new UserAgent().visit(url, { headers: { accept: 'application/json' } })
      expect(refused.status).toBe(400)
    }
    const while_signed_in = await dump()
    await member.visit(`${base_url}/organizations/acme/oidc/logout`, { method: 'POST' })
    expect(await cluster.session(member)).toBeNull()
    await admin.visit(`${base_url}/admin/sign-out`, { method: 'POST' })

    const { texts } = cluster.balancer
    const places = {
      store: while_signed_in + (await dump()),
      output: server.output(),
      answers: texts.map(withoutAddressesAndCookies).join('\n'),
    }
    for (const text of Object.values(places)) expect(text.length).toBeGreaterThan(1000)
    // What may be seen is found, so what is not found is not there.
    expect(places.store).toContain(clientId)
    expect(places.output).toContain('attempt succeeded')
    const seen = ['ada@acme.example', 'application/problem+json', '"relying_party"']
    // Metrics are shown by the server as it is shipped, not by the plugin.
    if (session_place === undefined) seen.push('relying_party_')
    for (const text of seen) expect(places.answers).toContain(text)
    for (const [place, text] of Object.entries(places)) {
      for (const [name, canary] of [...canariesOf(cluster), ...handedOut(texts)]) {
        // An administrator is given the test link to open; nobody else sees it.
        if (place === 'answers' && name === 'test link') continue
        const found = spellings(canary).filter((spelling) => text.includes(spelling))
        expect([place, name, found]).toEqual([place, name, []])
      }
    }
    // Where a browser is sent on it carries a state, at the sign-out its ID Token, and nothing else of these.
    const addresses = texts.flatMap((text) => headersOf(text, 'location')).join('\n')
    for (const [name, canary] of canariesOf(cluster)) {
      if (name === 'state' || name === 'id_token') continue
      expect([name, spellings(canary).filter((spelling) => addresses.includes(spelling))]).toEqual([name, []])
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
    for (const [index, some] of parts.entries())
      for (const part of some ?? []) found.push([index === 0 ? 'access_token' : 'id_token', part])
    for (const [name, value] of Object.entries({
      refresh_token,
      code: params.code,
      code_verifier: params.code_verifier,
    }))
      if (value !== undefined) found.push([name, value])
  }
  for (const { params } of idp.requests.of('authorization')) found.push(['state', params.state!])
  const names = new Set(found.map(([name]) => name))
  expect([...names].toSorted()).toEqual([
    'access_token',
    'admin token',
    'client secret',
    'code',
    'code_verifier',
    'id_token',
    'refresh_token',
    'secret key',
    'staged secret',
    'state',
  ])
  return found.filter(([, canary]) => canary.length > 15)
}

/** What was given to browsers to keep: every cookie that lets somebody in or finishes something, and the links of tests. */
function handedOut(texts: readonly string[]): [name: string, canary: string][] {
  const cookies = texts
    .flatMap((text) => headersOf(text, 'set-cookie'))
    .flatMap((line) => {
      const [, name = '', value = ''] = /^rp_(flow|session|admin|logout)[^=]*=([^;]*)/.exec(line) ?? []
      return value === '' ? [] : [[`${name} cookie`, value] as [string, string]]
    })
  const links = texts.flatMap((text) => [...text.matchAll(/ticket=([^"\s]+)"/g)].map(([, ticket]) => ticket!))
  const found = [...cookies, ...links.map((ticket): [string, string] => ['test link', ticket])]
  const names = new Set(found.map(([name]) => name))
  expect([...names].toSorted()).toEqual(['admin cookie', 'flow cookie', 'logout cookie', 'session cookie', 'test link'])
  return found
}

/** The values of a header of an answer, as the balancer wrote it down: names and values line by line, then the body. */
function headersOf(text: string, name: string): string[] {
  const lines = text.slice(0, text.indexOf('\n\n')).split('\n')
  return lines.filter((_, index) => index % 2 === 1 && lines[index - 1]!.toLowerCase() === name)
}

/** The answer without what only its own browser reads: states travel in `Location`, cookies in `Set-Cookie`. */
function withoutAddressesAndCookies(text: string): string {
  const values = [...headersOf(text, 'location'), ...headersOf(text, 'set-cookie')]
  const head = text.indexOf('\n\n')
  return values.reduce((rest, value) => rest.replace(value, ''), text.slice(0, head)) + text.slice(head)
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
