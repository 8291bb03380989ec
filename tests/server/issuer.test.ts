/** What an admin can paste wrongly, and what a provider can answer: each has its code, and nothing is lost by it. */
import { createServer, type Server } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../packages/server/src/free-port.ts'
import { clientId, clientSecret, createWorld, organizationIds, type World } from '../support/world.ts'
import { UserAgent } from '../support/user-agent.ts'

const organizations = organizationIds(60)
let world: World
let impostor: Server
let impostorIssuer: string
let closedPort: number

beforeAll(async () => {
  closedPort = await freePort()
  impostor = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...document, issuer: world.idp.issuer }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => impostor.once('listening', resolve))
  const { port } = impostor.address() as { port: number }
  impostorIssuer = `http://localhost:${port}`
  world = await createWorld({
    organizations: organizations.ids,
    allow: [`localhost:${port}`, `localhost:${closedPort}`],
  })
  document = (await (await fetch(`${world.idp.issuer}/.well-known/openid-configuration`)).json()) as object
})
let document: object
afterEach(() => world.idp.clearFaults())
afterAll(async () => {
  await world.close()
  impostor.close()
})

/** Saves and runs a test; returns what the connection says of it and what the provider saw. */
async function testOf(id: string, changes: Record<string, unknown> = {}) {
  const saved = await world.save(id, changes)
  expect(saved.status).toBe(200)
  world.idp.requests.clear()
  const visit = await world.runTest(id)
  const { status, candidate } = await world.connection(id)
  const seen = world.idp.requests.list().map(({ endpoint }) => endpoint)
  return { saved, visit, status, last_test: candidate.last_test, candidate, seen }
}

describe('an issuer that cannot be saved is refused by member, and nothing is written', () => {
  test.each([
    ['not a URL', 'acme'],
    ['a bare host', 'acme.okta.com'],
    ['http on a host that the operator did not allow (#104)', 'http://acme.okta.com'],
    ['http on an allowed host with another port', 'http://localhost:1'],
    ['another scheme', 'ftp://acme.okta.com'],
    ['javascript:', 'javascript:alert(1)'],
    ['a query', 'https://acme.okta.com/?a=b'],
    ['an empty query', 'https://acme.okta.com/?'],
    ['a fragment', 'https://acme.okta.com/#a'],
    ['a user name', 'https://ada@acme.okta.com'],
    ['empty', ''],
    ['white space', '   '],
    ['a number', 7],
    ['an array', ['https://acme.okta.com']],
    ['an object', {}],
    ['null', null],
    ['3000 characters', `https://acme.okta.com/${'a'.repeat(3000)}`],
    ['a NUL', 'https://acme.okta.com/\u0000'],
  ])('%s', async (_, issuer) => {
    const id = organizations.ids[0]!
    const refused = await world.save(id, { issuer })
    expect(refused).toMatchObject({ status: 422, body: { code: 'settings_invalid' } })
    expect(new Set(refused.body.faults.map(({ member }: { member: string }) => member))).toEqual(new Set(['issuer']))
    expect((await world.api('GET', `/organizations/${id}/oidc`)).status).toBe(404)
  })
})

test('every fault of one submission is named at once', async () => {
  const refused = await world.save(organizations.next(), {
    issuer: 'http://acme.okta.com',
    client_id: '',
    client_secret: 'é',
    scope: 'profile',
    response_mode: 'fragment',
    max_age: -1,
    policy: { session_lifetime: 1 },
  })
  const members = refused.body.faults.map(({ member }: { member: string }) => member)
  expect(new Set(members)).toEqual(
    new Set(['issuer', 'client_id', 'client_secret', 'scope', 'response_mode', 'max_age', 'policy.session_lifetime']),
  )
})

test('the whole .well-known URL is read as its issuer, with a notice (#102)', async () => {
  const given = `${world.idp.issuer}/.well-known/openid-configuration`
  const { saved, status } = await testOf(organizations.next(), { issuer: given })
  expect(saved.body.notices).toEqual([
    { member: 'issuer', code: 'metadata_url_read_as_issuer', given, read_as: world.idp.issuer },
  ])
  expect(saved.body.candidate.issuer).toBe(world.idp.issuer)
  expect(status).toBe('tested')
})

test('white space around what was pasted is dropped, with notices that do not show the secret', async () => {
  const { saved, status } = await testOf(organizations.next(), {
    issuer: ` ${world.idp.issuer}\n`,
    client_id: `\t${clientId} `,
    client_secret: `${clientSecret}\n`,
  })
  expect(saved.body.notices.map(({ member, code }: Record<string, string>) => [member, code])).toEqual([
    ['issuer', 'white_space_removed'],
    ['client_id', 'white_space_removed'],
    ['client_secret', 'white_space_removed'],
  ])
  expect(JSON.stringify(saved.body)).not.toContain(clientSecret)
  expect(status).toBe('tested')
})

test('the custom authorization server is an issuer of its own', async () => {
  const { status, seen } = await testOf(organizations.next(), { issuer: world.idp.customIssuer })
  expect(status).toBe('tested')
  expect(seen).toContain('token')
  expect(world.idp.requests.of('token').every(({ issuer }) => issuer === 'custom')).toBe(true)
})

describe('a trailing slash too many or too few is a mismatch that shows both values (#42, #101)', () => {
  test('added', async () => {
    const { last_test, seen } = await testOf(organizations.next(), { issuer: `${world.idp.issuer}/` })
    expect(last_test).toMatchObject({
      outcome: 'failed',
      failure: {
        code: 'discovery_issuer_mismatch',
        blame: 'organization_admin',
        facts: { expected: `${world.idp.issuer}/`, received: world.idp.issuer },
      },
    })
    expect(seen).toEqual(['discovery'])
  })
  test('missing', async () => {
    world.idp.inject('discovery.issuer_trailing_slash')
    const { last_test, seen } = await testOf(organizations.next())
    expect(last_test.failure).toMatchObject({
      code: 'discovery_issuer_mismatch',
      facts: { expected: world.idp.issuer, received: `${world.idp.issuer}/` },
    })
    expect(seen).toEqual(['discovery'])
  })
})

describe('what the issuer answers', () => {
  test.each([
    ['discovery.http_404', 'discovery_http_error', 'organization_admin'],
    ['discovery.http_500', 'discovery_unavailable', 'provider'],
    ['discovery.http_503', 'discovery_unavailable', 'provider'],
    ['discovery.http_429', 'discovery_unavailable', 'provider'],
    ['discovery.html', 'discovery_response_not_json', 'organization_admin'],
    ['discovery.not_json', 'discovery_response_malformed', 'provider'],
    ['discovery.truncated_json', 'discovery_response_malformed', 'provider'],
    ['discovery.issuer_mismatch', 'discovery_issuer_mismatch', 'organization_admin'],
    ['discovery.issuer_elsewhere', 'discovery_issuer_mismatch', 'organization_admin'],
    ['discovery.issuer_template', 'discovery_issuer_mismatch', 'organization_admin'],
    ['discovery.issuer_missing', 'discovery_metadata_missing', 'provider'],
    ['discovery.authorization_endpoint_script', 'discovery_metadata_invalid', 'provider'],
    ['discovery.token_endpoint_missing', 'discovery_metadata_missing', 'provider'],
    ['discovery.signing_algorithms_none', 'discovery_unsupported', 'provider'],
  ])('%s: the test fails with %s and nothing else is asked', async (fault, code, blame) => {
    const id = organizations.next()
    world.idp.inject(fault)
    const { visit, status, last_test, seen } = await testOf(id)
    expect(visit.url.pathname).toBe(`/organizations/${id}/settings/sso`)
    expect(status).toBe('draft')
    expect(last_test).toMatchObject({ outcome: 'failed', failure: { code, blame } })
    expect(seen).toEqual(['discovery'])
    expect(await world.lastAttempt(id)).toMatchObject({ purpose: 'test', outcome: 'failed', code, blame })
  })

  test('nobody listens: the test fails with request_failed', async () => {
    const { last_test } = await testOf(organizations.next(), { issuer: `http://localhost:${closedPort}` })
    expect(last_test.failure).toMatchObject({ code: 'request_failed', blame: 'organization_admin' })
  })

  test('a private address over https is not called: request_blocked (#112)', async () => {
    const { last_test } = await testOf(organizations.next(), { issuer: 'https://127.0.0.1' })
    expect(last_test.failure).toMatchObject({ code: 'request_blocked', blame: 'operator' })
  })

  test('a document that names the provider at another address does not make that address the provider (#34, #100)', async () => {
    const { last_test, seen } = await testOf(organizations.next(), { issuer: impostorIssuer })
    expect(last_test.failure).toMatchObject({
      code: 'discovery_issuer_mismatch',
      facts: { expected: impostorIssuer, received: world.idp.issuer },
    })
    expect(seen).toEqual([])
  })

  test('a failed test is mended by testing again, without saving anew', async () => {
    const id = organizations.next()
    world.idp.inject('discovery.html', { times: 1 })
    const { candidate } = await testOf(id)
    await world.runTest(id)
    const after = await world.connection(id)
    expect([after.status, after.candidate.fingerprint]).toEqual(['tested', candidate.fingerprint])
  })
})

test('at a login a provider that is down is a page with its code, an attempt, and no session', async () => {
  const id = organizations.next()
  await world.enable(id)
  const member = new UserAgent()
  // What was known of the provider is too old to serve.
  world.clock.now += 90_000
  world.idp.clock.advance(90_000)
  world.idp.inject('discovery.http_503')
  const visit = await world.login(id, member)
  expect(visit.status).toBe(502)
  expect(visit.body).toContain('data-code="discovery_unavailable"')
  expect(await world.session(member, id)).toBeNull()
  expect(await world.lastAttempt(id)).toMatchObject({
    purpose: 'login',
    outcome: 'failed',
    code: 'discovery_unavailable',
  })
  expect(visit.body).toContain((await world.lastAttempt(id)).attempt_id as string)

  // A bad answer serves for some seconds, so that nobody makes us hammer a provider.
  world.idp.clearFaults()
  world.clock.now += 10
  world.idp.clock.advance(10)
  await world.login(id, member)
  expect(await world.session(member, id)).not.toBeNull()
})

test('a provider that is down for an hour does not stop members: what it said yesterday serves (#127)', async () => {
  const id = organizations.next()
  await world.enable(id)
  world.clock.now += 4000
  world.idp.clock.advance(4000)
  world.idp.inject('discovery.http_503')
  const member = new UserAgent()
  expect((await world.login(id, member)).url.pathname).toBe('/welcome')
  expect(await world.session(member, id)).not.toBeNull()
})
