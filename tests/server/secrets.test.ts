/** What must never be seen again: not in an answer, not in a log line, not in the store. */
import type { Json, Store } from '@relying-party/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { adminToken, clientId, clientSecret, createWorld, type World } from '../support/world.ts'
import { UserAgent } from '../support/user-agent.ts'

let world: World
/** Everything that the server wrote into its store. */
const written: string[] = []
/** Everything that it answered, to anybody. */
const answered: string[] = []

beforeAll(async () => {
  const wrapStore = (store: Store): Store => ({
    ...store,
    putIfAbsent(collection, key, value, expires_at) {
      written.push(`${collection} ${key} ${JSON.stringify(value satisfies Json)}`)
      return store.putIfAbsent(collection, key, value, expires_at)
    },
    compareAndSet(collection, key, version, value, expires_at) {
      written.push(`${collection} ${key} ${JSON.stringify(value satisfies Json)}`)
      return store.compareAndSet(collection, key, version, value, expires_at)
    },
  })
  world = await createWorld({
    wrapStore,
    prepare: (app) =>
      app.addHook('onSend', (_request, _reply, payload, done) => {
        if (typeof payload === 'string') answered.push(payload)
        done()
      }),
  })
})
afterAll(() => world.close())

const staged = 'the-staged-secret-that-must-never-show-9876543210'

test('a whole life with every kind of failure shows no secret, code, token, verifier, cookie or state (#219, #220)', async () => {
  const visits: unknown[] = []
  const see = async <T>(what: Promise<T>): Promise<T> => {
    const seen = await what
    visits.push(seen)
    return seen
  }
  const cookies = new Set<string>()
  const keepCookies = (agent: UserAgent) => {
    for (const [name, { value }] of agent.cookies) if (/^rp_(flow|session|admin)/.test(name)) cookies.add(value)
  }
  await see(world.save())
  await see(world.save('globex', { client_secret: `${clientSecret}\n`, scope: 'profile' }))
  const admin = await world.admin()
  const settings = `${world.organization()}/settings/sso`
  const page = await admin.visit(settings)
  const saved = await admin.submit(page, '/settings/sso/save', {
    client_id: clientId,
    client_secret: clientSecret,
    intent: 'save',
  })
  await admin.submit(saved, '/settings/sso/save', { issuer: 'not a url', client_secret: clientSecret, intent: 'test' })
  await see(world.enable())
  await see(world.api('PUT', '/organizations/acme/oidc/staged-secret', { client_secret: staged }))
  await admin.visit(settings)

  const member = new UserAgent()
  await see(world.login('acme', member))
  await see(member.visit(`${world.organization()}/session`))
  await see(member.visit(`${world.organization()}/verify`))
  await see(member.visit(world.organization()))
  const url = await world.callback('acme', member)
  keepCookies(member)
  await see(new UserAgent().visit(url))
  await see(member.visit(url))
  for (const fault of [
    'token.http_500',
    'token.html',
    'token.error_of_management_api',
    'token.id_token_not_a_jwt',
    'token.token_type_dpop',
    'id_token.nonce_mismatch',
    'id_token.signature_invalid',
    'id_token.aud_mismatch',
    'jwks.empty',
    'userinfo.sub_mismatch',
    'userinfo.http_401',
    'authorization.access_denied',
    'authorization.iss_mismatch',
    'authorization.code_altered',
  ]) {
    world.idp.inject(fault)
    world.clock.now += 1000
    world.idp.clock.set(world.clock.now)
    await see(world.login())
    await see(world.runTest())
    world.idp.clearFaults()
  }
  await see(world.api('GET', '/organizations/acme/oidc'))
  await see(world.api('GET', '/organizations/acme/attempts?limit=200'))
  await admin.visit(settings)
  const { attempt_id } = await world.lastAttempt()
  await admin.visit(`${settings}/attempts/${String(attempt_id)}`)
  const { attempts } = (await world.api('GET', '/organizations/acme/attempts?limit=200')).body
  expect(attempts.length).toBeGreaterThan(20)
  for (const attempt of attempts as { attempt_id: string }[]) {
    await see(world.api('GET', `/organizations/acme/attempts/${attempt.attempt_id}`))
    await see(world.api('GET', `/organizations/acme/attempts/${attempt.attempt_id}/transcript`))
  }
  expect((await see(world.api('GET', '/organizations/acme/audit?limit=200'))).body.events.length).toBeGreaterThan(20)
  expect(written.filter((line) => line.startsWith('audit ')).length).toBeGreaterThan(20)
  await see(world.login('acme', member))
  for (const agent of [member, admin]) keepCookies(agent)
  await member.visit(`${world.organization()}/oidc/logout`, { method: 'POST' })

  const requests = world.idp.requests.list()
  const collect = (pick: (entry: (typeof requests)[number]) => unknown[]) =>
    new Set(requests.flatMap(pick).filter((text): text is string => typeof text === 'string' && text.length > 15))
  const tokens = collect(({ response }) => {
    const body = (response.body ?? {}) as Record<string, unknown>
    return [body.access_token, body.id_token, body.refresh_token]
  })
  const codes = collect(({ params }) => [params.code])
  const verifiers = collect(({ params }) => [params.code_verifier])
  const states = collect(({ params }) => [params.state])
  expect(answered.length).toBeGreaterThan(30)
  expect(written.length).toBeGreaterThan(20)
  expect(cookies.size).toBeGreaterThanOrEqual(3)
  expect([tokens.size, codes.size, verifiers.size, states.size].every((size) => size > 10)).toBe(true)

  const logs = world.logs.join('')
  const answers = answered.join('\n')
  const store = written.join('\n')
  const shows = (where: string, what: Iterable<string>) => [...what].filter((text) => where.includes(text))

  const secrets = [clientSecret, staged, adminToken]
  const [name, secret] = [clientId, clientSecret].map(encodeURIComponent)
  const disguised = secrets.flatMap((text) => [
    Buffer.from(text).toString('base64'),
    Buffer.from(text).toString('base64url'),
  ])
  disguised.push(Buffer.from(`${name}:${secret}`).toString('base64'))
  for (const [where, text] of Object.entries({ logs, answers, store })) {
    for (const [what, texts] of Object.entries({ secrets, disguised, tokens, codes, verifiers, states, cookies })) {
      expect([where, what, shows(text, texts)]).toEqual([where, what, []])
    }
  }
  expect(logs).not.toMatch(/ticket=|code=|state=|nonce=/)
  expect(world.logs.length).toBeGreaterThan(50)
})

test('a session id cannot be read out of the store', () => {
  const keys = written.filter((line) => line.startsWith('sessions ')).map((line) => line.split(' ')[1]!)
  for (const key of keys) expect(key).toMatch(/^(session|admin|ended)\.[A-Za-z0-9_-]{43}$/)
})

test('the admin token is compared whole, and a wrong one is not logged', async () => {
  await fetch(`${world.base_url}/api/organizations`, { headers: { authorization: 'Bearer wrong-token-canary' } })
  await fetch(`${world.base_url}/admin/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ admin_token: 'wrong-token-canary' }),
  })
  expect(world.logs.join('')).not.toContain('wrong-token-canary')
})
