/**
 * Section B of the catalogue: two organizations, an honest provider and a malicious one. Whatever the malicious one has
 * the browser do, no code of the honest one leaves us, and nobody signs in.
 */
import { startMockOkta, type MockOkta } from '@relying-party/mock-idp'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { login, play, requests, verdict, advance, start } from '../core/support/play.ts'
import {
  authorizationResponse,
  json,
  known,
  loginRequested,
  mint,
  relyingParty,
  tokenBody,
} from '../core/support/provider.ts'
import { freePort } from '../../packages/server/src/free-port.ts'
import fc from '../support/property.ts'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { clientId, clientSecret, createWorld, type World } from '../support/world.ts'

const evilSecret = 'the-secret-of-globex-at-its-own-provider-0123456789'
let world: World
/** What `globex` has configured. */
let evil: MockOkta
/** As `evil`, but its document sends browsers to the honest provider; and another that sends the Token Request there. */
let luring: MockOkta
let splicing: MockOkta
/** Of those who signed in, in order. */
const connections: string[] = []

const port = ({ issuer }: MockOkta) => new URL(issuer).port

beforeAll(async () => {
  const honest_port = await freePort()
  const [authorization_endpoint, token_endpoint] = ['authorize', 'token'].map(
    (path) => `http://localhost:${honest_port}/oauth2/v1/${path}`,
  )
  const everybody = { auto_login: 'ada@acme.example' }
  evil = await startMockOkta(everybody)
  luring = await startMockOkta({ ...everybody, discovery: { authorization_endpoint } })
  splicing = await startMockOkta({ ...everybody, discovery: { token_endpoint } })
  world = await createWorld({
    idp: { port: honest_port },
    server: { onAuthenticated: ({ identity }) => void connections.push(identity.connection_id) },
    allow: [evil, luring, splicing].map((one) => `localhost:${port(one)}`),
  })
  for (const one of [evil, luring, splicing]) {
    one.addClient({
      client_id: clientId,
      client_secret: evilSecret,
      redirect_uris: [`${world.organization('globex')}/oidc/consume`],
    })
  }
  // The honest provider knows acme alone.
  world.idp.clients[0]!.redirect_uris.splice(0, 2, `${world.organization('acme')}/oidc/consume`)
  await world.enable('acme')
  await world.enable('globex', { issuer: evil.issuer, client_secret: evilSecret })
})
beforeEach(() => [world.idp, evil, luring, splicing].forEach(({ requests }) => requests.clear()))
afterEach(() => [world.idp, evil].forEach((one) => one.clearFaults()))
afterAll(() => Promise.all([world.close(), evil.close(), luring.close(), splicing.close()]))

const isCallback = ({ pathname }: URL) => pathname.endsWith('/oidc/consume')
const tokenRequests = () => [world.idp, evil, luring, splicing].flatMap(({ requests }) => requests.of('token'))

/** A login of globex that has come as far as the malicious provider: what it was asked. */
async function lured(agent: UserAgent): Promise<URL> {
  const visit = await agent.visit(`${world.organization('globex')}/oidc/login`, {
    until: ({ origin }) => origin === evil.issuer,
  })
  return visit.url
}

/** The same request, sent on to the honest provider with these changes. */
function sentOn(asked: URL, changes: Record<string, string>): URL {
  const url = new URL(`${world.idp.issuer}/oauth2/v1/authorize${asked.search}`)
  for (const [name, value] of Object.entries(changes)) url.searchParams.set(name, value)
  return url
}

async function expectNobody(agent: UserAgent) {
  expect(tokenRequests()).toEqual([])
  for (const id of ['acme', 'globex']) expect(await world.session(agent, id)).toBeNull()
}

test('the browser is sent on to the honest provider, with our state and the honest redirect URI (#25, #29)', async () => {
  const agent = new UserAgent()
  const url = sentOn(await lured(agent), { redirect_uri: `${world.organization('acme')}/oidc/consume` })
  const returned = await agent.visit(url, { until: isCallback })
  expect(returned.url.searchParams.get('code')).toMatch(/./)
  expect(codeOf(await agent.visit(returned.url))).toBe('flow_organization_mismatch')
  await expectNobody(agent)
})

test('… with the redirect URI of the organization that was lured: the honest provider does not know it (#25, #29)', async () => {
  const agent = new UserAgent()
  const refused = await agent.visit(sentOn(await lured(agent), {}), { until: isCallback })
  expect([refused.url.origin, refused.status]).toEqual([world.idp.issuer, 400])
  await expectNobody(agent)
})

test('… which a careless administrator has registered: the honest provider names itself (#25, #26)', async () => {
  world.idp.addClient({
    client_id: 'careless',
    client_secret: clientSecret,
    redirect_uris: [`${world.organization('globex')}/oidc/consume`],
  })
  world.idp.inject('authorization.iss_added')
  const agent = new UserAgent()
  const returned = await agent.visit(sentOn(await lured(agent), { client_id: 'careless' }), { until: isCallback })
  expect(returned.url.searchParams.get('iss')).toBe(world.idp.issuer)
  expect(codeOf(await agent.visit(returned.url))).toBe('authorization_response_iss_mismatch')
  await expectNobody(agent)
})

test('the code of the honest provider is handed to a login at the malicious one: it names itself, or is refused there (#25, #28)', async () => {
  const [agent, victim] = [new UserAgent(), new UserAgent()]
  world.idp.inject('authorization.iss_added')
  const stolen = await world.callback('acme', victim)
  const mine = await world.callback('globex', agent)
  for (const name of ['code', 'iss']) mine.searchParams.set(name, stolen.searchParams.get(name)!)
  expect(codeOf(await agent.visit(mine))).toBe('authorization_response_iss_mismatch')
  await expectNobody(agent)
})

test('metadata that sends browsers to another provider: that one does not know our redirect URI (#39)', async () => {
  await world.save('globex', { issuer: luring.issuer, client_secret: evilSecret })
  const visit = await world.runTest('globex')
  expect([visit.url.origin, visit.status]).toEqual([world.idp.issuer, 400])
  expect(tokenRequests()).toEqual([])
})

test('metadata with the token endpoint of another provider: it gets that connection’s secret, and never another’s (#38, #39)', async () => {
  await world.save('globex', { issuer: splicing.issuer, client_secret: evilSecret })
  await world.runTest('globex')
  const [request, ...more] = tokenRequests()
  expect(more).toEqual([])
  const [, secret] = Buffer.from(request!.headers.authorization!.slice(6), 'base64').toString().split(':')
  expect([request!.path, secret, request!.response.status]).toEqual(['/oauth2/v1/token', evilSecret, 401])
  expect((await world.connection('globex')).candidate.last_test.failure.code).toBe('token_invalid_client')
})

test('an ID Token that names the honest provider, rightly signed and with our nonce, at the malicious one (#36, #41)', async () => {
  // The keys of all mocks are the same: only the issuer tells them apart.
  evil.inject('id_token.iss_mismatch', { value: world.idp.issuer })
  const agent = new UserAgent()
  const visit = await world.login('globex', agent)
  expect(codeOf(visit)).toBe('id_token_iss_mismatch')
  for (const id of ['acme', 'globex']) expect(await world.session(agent, id)).toBeNull()
})

test('two organizations at one provider with one client: one person is two identities, a session of one is none of the other (#33, #34)', async () => {
  const agent = new UserAgent()
  await world.login('acme', agent)
  const { organization_id, subject } = await world.session(agent, 'acme')
  expect(organization_id).toBe('acme')
  expect(await world.session(agent, 'globex')).toBeNull()
  // The same subject at the other issuer, in the same browser.
  await world.login('globex', agent)
  const other = await world.session(agent, 'globex')
  expect([other.subject, other.organization_id, other.issuer]).toEqual([subject, 'globex', evil.issuer])
  expect((await world.session(agent, 'acme')).issuer).toBe(world.idp.issuer)
})

test('the id of a connection is made here and cannot be chosen (#35)', async () => {
  const idOf = async (organization_id: string) => {
    await world.login(organization_id)
    return connections.at(-1)!
  }
  const before = await idOf('acme')
  for (const connection_id of ['google', 'scim', 'credential', await idOf('globex')]) {
    const { status } = await world.save('acme', { connection_id, organization_id: 'globex', revision: 1 })
    expect([status, await idOf('acme')]).toEqual([200, before])
  }
  expect(before).toMatch(/^[A-Za-z0-9_-]{22}$/)
  expect(await idOf('globex')).not.toBe(before)
})

test('each connection has a private key of its own to sign assertions with, also for one client at one issuer (#38)', async () => {
  const keys = await Promise.all(
    ['acme', 'globex'].map(async (id) => {
      await world.save(id, {
        issuer: world.idp.issuer,
        client_secret: null,
        token_endpoint_auth_method: 'private_key_jwt',
      })
      const response = await fetch(`${world.organization(id)}/oidc/jwks`)
      return ((await response.json()) as { keys: Record<string, string>[] }).keys.map(({ x }) => x)
    }),
  )
  expect(keys.map(({ length }) => length)).toEqual([1, 1])
  expect(new Set(keys.flat()).size).toBe(2)
})

test('what was made for one organization, connection or revision is used at no other (#30, #32, #40)', async () => {
  const place = fc.record({
    organization_id: fc.constantFrom('acme', 'globex', 'ACME'),
    connection_id: fc.constantFrom('connection-1', 'connection-2'),
    revision: fc.constantFrom(1, 2),
  })
  await fc.assert(
    fc.asyncProperty(place, place, fc.constantFrom('acme', 'globex', 'ACME'), async (made, used, named) => {
      const { state } = await play(relyingParty({ ...known(), ...made }), [loginRequested()])
      const at_callback = start(relyingParty({ ...known(), ...used }), state)
      const played = await advance(at_callback, authorizationResponse({}, { organization_id: named }))
      const same = JSON.stringify(made) === JSON.stringify(used) && named === made.organization_id
      expect([played.state.phase, requests(played).length]).toEqual(
        same ? ['awaiting_token_response', 1] : ['failed', 0],
      )
    }),
  )
})

test('the ID Token of another issuer is refused, whoever signed it (#36)', async () => {
  const id_token = mint({ claims: { iss: 'https://honest.example' } })
  const played = await login({ answers: { token: json(tokenBody({ id_token })) } })
  expect(verdict(played)).toMatchObject({ code: 'id_token_iss_mismatch' })
})
