/** Back-Channel Logout: exactly 200 or 400, once per token, for the sessions that it names and for no others. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StoreUnavailable, type Store } from '@relying-party/core'
import { describeFaults } from '@relying-party/mock-idp'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import { clientId, clientSecret, createWorld, type World } from '../support/world.ts'

let world: World
let failing: ((operation: keyof Store, key: string) => boolean) | undefined
let broken: Error = new StoreUnavailable('broken by the test')
const wrapStore = (store: Store): Store => {
  const guard =
    (operation: 'get' | 'putIfAbsent' | 'compareAndSet') =>
    (...args: never[]) =>
      failing?.(operation, String(args[1])) === true
        ? Promise.reject(broken)
        : (store[operation] as (...all: never[]) => Promise<unknown>)(...args)
  return {
    ...store,
    get: guard('get'),
    putIfAbsent: guard('putIfAbsent'),
    compareAndSet: guard('compareAndSet'),
  } as Store
}

const endpoint = (id = 'acme') => `${world.organization(id)}/oidc/backchannel-logout`
const post = (logout_token: string | URLSearchParams, id = 'acme') =>
  fetch(endpoint(id), {
    method: 'POST',
    body: typeof logout_token === 'string' ? new URLSearchParams({ logout_token }) : logout_token,
  })
const signedIn = async (agent: UserAgent, id = 'acme') =>
  (await agent.visit(`${world.organization(id)}/session`, { headers: { accept: 'application/json' } })).status === 200
const member = async (login: string, id = 'acme') => {
  const agent = new UserAgent()
  world.idp.loginAs(login, { times: 1 })
  await world.login(id, agent)
  return agent
}
const token = async (user = 'ada@acme.example') =>
  (await world.idp.backchannelLogout({ client_id: clientId, user })).logout_token

/** Takes what the mock delivers, so that the tests decide when it reaches the server. */
const letterbox = createServer((_, response) => response.end())

beforeAll(async () => {
  await new Promise<void>((resolve) => letterbox.listen(0, '127.0.0.1', resolve))
  const { port } = letterbox.address() as AddressInfo
  world = await createWorld({
    wrapStore,
    client: { backchannel_logout_uri: `http://127.0.0.1:${port}`, backchannel_logout_session_required: false },
  })
  await world.enable('acme')
  await world.enable('globex')
})
afterEach(() => {
  failing = undefined
  broken = new StoreUnavailable('broken by the test')
  world.idp.clearFaults()
})
afterAll(async () => {
  letterbox.close()
  await world.close()
})

test('200 and no-store for a valid token; it ends every session of that person here, and nobody else’s (#238)', async () => {
  const [ada, tab, grace, elsewhere] = [
    await member('ada@acme.example'),
    await member('ada@acme.example'),
    await member('grace@acme.example'),
    await member('ada@acme.example', 'globex'),
  ]
  const answer = await post(await token())
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(await Promise.all([ada, tab, grace].map((agent) => signedIn(agent)))).toEqual([false, false, true])
  expect(await signedIn(elsewhere, 'globex')).toBe(true)
})

test('a token counts once (#248)', async () => {
  const logout_token = await token()
  expect((await post(logout_token)).status).toBe(200)
  const again = await post(logout_token)
  expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([400, 'logout_token_replayed'])
})

test.each([
  ['the tombstone cannot be written', (operation: keyof Store) => operation === 'compareAndSet'],
  ['the jti cannot be claimed', (operation: keyof Store) => operation === 'putIfAbsent'],
])('when %s, 400; the provider’s next delivery of the same token ends the session', async (_, broken) => {
  world.clock.now += 5
  world.idp.clock.set(world.clock.now)
  const agent = await member('ada@acme.example')
  const logout_token = await token()
  failing = broken
  const refused = await post(logout_token)
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([400, 'store_unavailable'])
  failing = undefined
  expect((await post(logout_token)).status).toBe(200)
  expect(await signedIn(agent)).toBe(false)
})

test('a token that arrives before the callback ends the session that the callback makes (#252)', async () => {
  world.clock.now += 5
  world.idp.clock.set(world.clock.now)
  const agent = new UserAgent()
  world.idp.loginAs('grace@acme.example', { times: 1 })
  const callback = await world.callback('acme', agent)
  expect((await post(await token('grace@acme.example'))).status).toBe(200)
  await agent.visit(callback, { until: (url) => url.pathname === '/welcome' })
  expect(await signedIn(agent)).toBe(false)
})

const faults = describeFaults().filter(
  ({ name, expect: verdict }) => name.startsWith('logout_token.') && verdict === 'reject',
)
test.each(faults.map(({ name }) => name))(
  '%s: 400, and the session lives on (#243, #244, #245, #246, #247)',
  async (name) => {
    world.clock.now += 5
    world.idp.clock.set(world.clock.now)
    const agent = await member('ada@acme.example')
    world.idp.inject(name, { times: 1 })
    const answer = await post(await token())
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store'])
    expect(((await answer.json()) as { code: string }).code).toMatch(/^(logout_token|id_token_key)_/)
    expect(await signedIn(agent)).toBe(true)
  },
)

test.each<[string, () => Promise<Response>]>([
  ['an unknown organization', async () => post(await token(), 'nobody')],
  [
    'two tokens',
    async () =>
      post(
        new URLSearchParams([
          ['logout_token', await token()],
          ['logout_token', await token()],
        ]),
      ),
  ],
  ['no token', () => post(new URLSearchParams())],
  [
    'another media type',
    () => fetch(endpoint(), { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }),
  ],
  ['a body beyond all bounds', () => post('x'.repeat(100_000))],
])('%s: 400', async (_, ask) => {
  expect((await ask()).status).toBe(400)
})

test('of two deliveries of one token at the same time one counts', async () => {
  const logout_token = await token()
  const statuses = (await Promise.all([post(logout_token), post(logout_token)])).map(({ status }) => status)
  expect(statuses.sort()).toEqual([200, 400])
})

test('who signs in again within the second of the logout stays signed in; who was at the provider does not (#252)', async () => {
  world.clock.now += 5
  world.idp.clock.set(world.clock.now)
  const early = new UserAgent()
  world.idp.loginAs('grace@acme.example', { times: 1 })
  const callback = await world.callback('acme', early)
  expect((await post(await token('grace@acme.example'))).status).toBe(200)
  world.clock.now += 0.01
  const late = await member('grace@acme.example')
  await early.visit(callback, { until: (url) => url.pathname === '/welcome' })
  expect([await signedIn(late), await signedIn(early)]).toEqual([true, false])
  // A second logout within that second ends what began between the two.
  world.clock.now += 0.01
  expect((await post(await token('grace@acme.example'))).status).toBe(200)
  expect(await signedIn(late)).toBe(false)
  world.clock.now += 0.98
})

test('who signs in again after the logout stays signed in', async () => {
  expect((await post(await token())).status).toBe(200)
  world.clock.now += 5
  world.idp.clock.set(world.clock.now)
  expect(await signedIn(await member('ada@acme.example'))).toBe(true)
})

const accepted = describeFaults().filter(
  ({ name, expect: verdict }) => /^(logout_token|backchannel_logout)\./.test(name) && verdict === 'accept',
)
test.each(accepted.map(({ name }) => name))('%s: 200', async (name) => {
  world.idp.inject(name, { times: 1 })
  expect((await post(await token())).status).toBe(200)
})

test('logout_token.jti_repeated: another token with a jti that was used is a replay (#248)', async () => {
  world.idp.inject('logout_token.jti_repeated')
  const [first, second] = [await post(await token()), await post(await token('grace@acme.example'))]
  expect([first.status, second.status]).toEqual([200, 400])
  expect(await second.json()).toMatchObject({ code: 'logout_token_replayed', status: 400 })
})

test('the jti of one organization is no news to another: each is told, each ends its own', async () => {
  world.clock.now += 5
  world.idp.clock.set(world.clock.now)
  const [here, there] = [await member('ada@acme.example'), await member('ada@acme.example', 'globex')]
  const logout_token = await token()
  expect([(await post(logout_token)).status, await signedIn(here), await signedIn(there, 'globex')]).toEqual([
    200,
    false,
    true,
  ])
  expect([(await post(logout_token, 'globex')).status, await signedIn(there, 'globex')]).toEqual([200, false])
})

test('/verify knows nobody any more, nor does the member page', async () => {
  world.clock.now += 5
  world.idp.clock.set(world.clock.now)
  const agent = await member('ada@acme.example')
  const verify = () => agent.visit(`${world.organization()}/verify`)
  expect((await verify()).status).toBe(200)
  await post(await token())
  const refused = await verify()
  expect([refused.status, refused.headers.get('x-auth-request-user')]).toEqual([401, null])
  expect(
    (await agent.visit(world.organization(), { until: ({ pathname }) => pathname.endsWith('/login') })).status,
  ).toBe(0)
})

/** What a refusal says, exactly; a status of its own would be one that section 2.8 does not know. */
async function refusal(response: Response) {
  const body = (await response.json()) as { code: string; status: number }
  const { headers } = response
  expect([response.status, body.status]).toEqual([400, 400])
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json(;|$)/)
  return body.code
}
const raw = async (content_type: string, body: (token: string) => string, query = '') =>
  fetch(`${endpoint()}${query}`, {
    method: 'POST',
    headers: { 'content-type': content_type },
    body: body(await token()),
  })
const formType = 'application/x-www-form-urlencoded'

test.each<[string, string, () => Promise<Response>]>([
  ['an unknown organization', 'organization_not_found', async () => post(await token(), 'nobody')],
  [
    'an organization id that is none',
    'organization_not_found',
    async () => post(await token(), encodeURIComponent('../x')),
  ],
  ['JSON', 'logout_token_invalid', () => raw('application/json', (logout_token) => JSON.stringify({ logout_token }))],
  ['text/plain', 'logout_token_invalid', () => raw('text/plain', (text) => `logout_token=${text}`)],
  ['application/jwt', 'media_type_not_supported', () => raw('application/jwt', (text) => text)],
  ['JSON that is none', 'request_malformed', () => raw('application/json', () => '{')],
  ['an empty body', 'logout_token_invalid', () => raw(formType, () => '')],
  ['an empty logout_token', 'logout_token_invalid', () => raw(formType, () => 'logout_token=')],
  ['the token as a raw body', 'logout_token_invalid', () => raw(formType, (text) => text)],
  ['the token under another name', 'logout_token_invalid', () => raw(formType, (text) => `token=${text}`)],
  [
    'the same token twice',
    'logout_token_invalid',
    () => raw(formType, (text) => `logout_token=${text}&logout_token=${text}`),
  ],
  [
    'the token and an empty one',
    'logout_token_invalid',
    () => raw(formType, (text) => `logout_token=${text}&logout_token=`),
  ],
  [
    'an ID Token',
    'logout_token_invalid',
    async () => post((world.idp.requests.last('token')!.response.body as { id_token: string }).id_token),
  ],
  ['a body beyond all bounds', 'request_too_large', () => post('x'.repeat(100_000))],
])('%s: exactly 400 %s, and the session lives on', async (_what, code, ask) => {
  world.clock.now += 5
  world.idp.clock.set(world.clock.now)
  const agent = await member('ada@acme.example')
  expect(await refusal(await ask())).toBe(code)
  expect(await signedIn(agent)).toBe(true)
})

test.each(['', '; charset=UTF-8', ';charset=utf-8'])('the form with "%s" behind its media type: 200', async (rest) => {
  expect((await raw(`${formType}${rest}`, (text) => `logout_token=${text}`)).status).toBe(200)
})

test('the token in the query instead of the body is not looked at', async () => {
  const logout_token = await token()
  expect(await refusal(await raw(formType, () => '', `?logout_token=${logout_token}`))).toBe('logout_token_invalid')
  expect((await post(logout_token)).status).toBe(200)
})

test('while SSO is disabled the provider still ends sessions: enabled again, nobody is signed in by the old one (#228)', async () => {
  const ada = await member('ada@acme.example', 'globex')
  expect(await signedIn(ada, 'globex')).toBe(true)
  await world.api('POST', '/organizations/globex/oidc/disable')
  expect((await post(await token(), 'globex')).status).toBe(200)
  const { candidate } = (await world.api('GET', '/organizations/globex/oidc')).body as {
    candidate: { fingerprint: string }
  }
  await world.api('POST', '/organizations/globex/oidc/enable', { fingerprint: candidate.fingerprint })
  expect(await signedIn(ada, 'globex')).toBe(false)
})

test('SSO that was never enabled has no sessions to end: 400', async () => {
  await world.save('initech')
  expect(await refusal(await post(await token(), 'initech'))).toBe('sso_not_enabled')
})

test.each(
  (['get', 'compareAndSet', 'putIfAbsent'] as const).flatMap((operation) => [
    [operation, 'is unavailable', 'store_unavailable', new StoreUnavailable('broken by the test')] as const,
    [operation, 'crashes', 'internal_error', new TypeError('a mistake of ours')] as const,
  ]),
)(
  'a store whose %s %s: 400 %s, and the next delivery ends the session (#253)',
  async (operation, _what, code, error) => {
    world.clock.now += 5
    world.idp.clock.set(world.clock.now)
    const agent = await member('ada@acme.example')
    const logout_token = await token()
    broken = error
    failing = (wanted) => wanted === operation
    expect(await refusal(await post(logout_token))).toBe(code)
    failing = undefined
    expect((await post(logout_token)).status).toBe(200)
    expect(await signedIn(agent)).toBe(false)
  },
)

test('a provider whose keys cannot be had: 400, and the next delivery succeeds', async () => {
  world.clock.now += 700
  world.idp.clock.set(world.clock.now)
  const logout_token = await token()
  world.idp.inject('jwks.http_500')
  expect(await refusal(await post(logout_token))).toBe('jwks_http_error')
  world.idp.clearFaults()
  world.clock.now += 31
  expect((await post(logout_token)).status).toBe(200)
})

test('no token, secret or name of a session is in the log', () => {
  const { requests } = world.idp
  const tokens = requests.of('backchannel_logout').map(({ params }) => params.logout_token!)
  const id_tokens = requests.of('token').map(({ response }) => (response.body as { id_token?: string }).id_token ?? '')
  const log = world.logs.join('')
  expect(log).toContain('sessions ended by the provider')
  expect(log).toContain('logout token refused')
  expect(tokens.length).toBeGreaterThan(40)
  for (const token of [...tokens, ...id_tokens].filter((text) => text !== '')) {
    const [header, payload, signature] = token.split('.')
    for (const part of [payload, signature, `${header}.`]) if (part) expect(log).not.toContain(part)
  }
  expect(log).not.toContain(clientSecret)
})
