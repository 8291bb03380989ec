/** Sections A, E, F and G of the catalogue where it takes the whole product: what it sends, and what it keeps to itself. */
import type { HttpOutcome, HttpRequest } from '@relying-party/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../packages/server/src/free-port.ts'
import fc from '../support/property.ts'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { createWorld, organizationIds, type World } from '../support/world.ts'

const organizations = organizationIds(40)
let world: World
let acme: string
let closedPort: number
/** Stands between the server and its providers; null lets the request through. */
let intercept: (request: HttpRequest) => HttpOutcome | Promise<never> | null = () => null
/** Members to put over the provider's document. */
let endpoints: Record<string, string> = {}
let broken = false
/** Rights to finish a flow that were asked of the store. */
let claims = 0

beforeAll(async () => {
  closedPort = await freePort()
  world = await createWorld({
    organizations: organizations.ids,
    allow: [`localhost:${closedPort}`],
    server: {
      random: (bytes) => {
        if (broken) throw new Error('no entropy')
        return crypto.getRandomValues(new Uint8Array(bytes))
      },
    },
    wrapStore: (store) => ({
      ...store,
      putIfAbsent(collection, ...record) {
        if (collection === 'claims') claims += 1
        return store.putIfAbsent(collection, ...record)
      },
    }),
    wrapOutbound: (outbound) => ({
      ...outbound,
      async request(request) {
        const outcome = (await intercept(request)) ?? (await outbound.request(request))
        if (request.message !== 'provider_metadata' || !('response' in outcome)) return outcome
        const body = JSON.stringify({ ...(JSON.parse(outcome.response.body) as object), ...endpoints })
        return { response: { ...outcome.response, body } }
      },
      close: () => outbound.close(),
    }),
  })
  acme = organizations.next()
  await world.enable(acme)
})
beforeEach(() => {
  world.idp.requests.clear()
  claims = 0
})
afterEach(() => {
  world.idp.clearFaults()
  intercept = () => null
  endpoints = {}
  broken = false
})
afterAll(() => world.close())

const seen = () => world.idp.requests.list().map(({ endpoint }) => endpoint)
const isAtProvider = ({ origin }: URL) => origin === world.idp.issuer

describe('the callback', () => {
  test('whatever query or form comes, it is refused in order: no request, no session, no crash (#1, #2, #3, #7, #8, #10, #11)', async () => {
    const name = fc.oneof(
      fc.constantFrom('state', 'code', 'iss', 'error', 'error_description', 'id_token', 'response', 'access_token'),
      fc.constantFrom('state[]', 'state[a]', 'state.a', '__proto__', 'constructor', '__proto__[state]', 'toString', ''),
      fc.string(),
    )
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'A'.repeat(43),
        'a'.repeat(300),
        '\u0000',
        'connections:acme',
        '__proto__',
        '../..',
        'x'.repeat(9000),
      ),
    )
    const raw = fc.constantFrom(
      '%',
      '%zz',
      '&&&',
      '=',
      '=x',
      'state=%00',
      'state=%ED%A0%80',
      'state=a&state=b',
      '?state',
    )
    const pairs = fc
      .array(fc.tuple(name, value), { maxLength: 6 })
      .map((list) =>
        new URLSearchParams(list.map(([key, text]) => [key.toWellFormed(), text.toWellFormed()])).toString(),
      )
    await fc.assert(
      fc.asyncProperty(fc.oneof(pairs, raw), fc.boolean(), async (text, post) => {
        const url = `/organizations/${acme}/oidc/consume`
        const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
        const answer = post
          ? await world.app.inject({ method: 'POST', url, headers, payload: text })
          : await world.app.inject({ method: 'GET', url: `${url}?${text}`, headers: { accept: 'application/json' } })
        expect([400, 502]).toContain(answer.statusCode)
        expect(answer.json()).toMatchObject({
          code: expect.stringMatching(/^(authorization_response_(state_missing|malformed)|flow_not_found)$/),
        })
        expect(answer.headers['set-cookie']).toBeUndefined()
      }),
    )
    expect([seen(), claims]).toEqual([[], 0])
  })

  test('an error without a flow of this browser shows nothing of what it says (#11)', async () => {
    for (const state of ['', '&state=', `&state=${'A'.repeat(43)}`]) {
      const query = `error=canary_error&error_description=canary-description&error_uri=https://canary.example${state}`
      const visit = await new UserAgent().visit(`${world.organization(acme)}/oidc/consume?${query}`)
      expect([visit.status, codeOf(visit)]).toEqual([
        400,
        state.length > 10 ? 'flow_not_found' : 'authorization_response_state_missing',
      ])
      expect(visit.body).not.toContain('canary')
    }
    expect([seen(), claims]).toEqual([[], 0])
  })

  test.each([
    ['nonce', 'id_token_nonce_mismatch'],
    ['code_challenge', 'token_invalid_grant'],
    ['state', 'authorization_response_state_missing'],
  ])('somebody takes the %s out of our request: %s (#19)', async (name, code) => {
    const agent = new UserAgent()
    const { url } = await agent.visit(`${world.organization(acme)}/oidc/login`, { until: isAtProvider })
    expect(url.searchParams.get(name)).toMatch(/^[A-Za-z0-9_-]{43}$/)
    url.searchParams.delete(name)
    if (name === 'code_challenge') url.searchParams.delete('code_challenge_method')
    const visit = await agent.visit(url)
    expect(codeOf(visit)).toBe(code)
    expect(await world.session(agent, acme)).toBeNull()
    const verifiers = world.idp.requests.of('token').map(({ params }) => params.code_verifier)
    expect(verifiers).toEqual(name === 'state' ? [] : [expect.stringMatching(/^[A-Za-z0-9_-]{43}$/)])
  })

  test('without random bytes nothing starts (#20)', async () => {
    broken = true
    const response = await fetch(`${world.organization(acme)}/oidc/login`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location'), response.headers.getSetCookie()]).toEqual([
      500,
      null,
      [],
    ])
    broken = false
    expect((await world.login(acme)).url.pathname).toBe('/welcome')
  })

  test('a person who says no is told so, and is not sent back by itself (#12)', async () => {
    world.idp.inject('authorization.access_denied')
    const agent = new UserAgent()
    const visit = await world.login(acme, agent)
    expect([visit.status, codeOf(visit), visit.headers.get('refresh')]).toEqual([403, 'access_denied', null])
    expect(visit.body).not.toMatch(/http-equiv="?refresh/i)
    expect([...agent.cookies.keys()].filter((key) => key.startsWith('rp_flow_'))).toEqual([])
    expect(seen()).toEqual(['authorization'])
  })
})

describe('what we send', () => {
  test.each(['token_endpoint', 'jwks_uri', 'userinfo_endpoint'])(
    'a %s in the private network is not called, though the issuer’s own document names it (#112)',
    async (member) => {
      for (const [index, address] of [
        'http://169.254.169.254/latest/meta-data/',
        `http://localhost:${closedPort + 1}/`,
        'https://127.0.0.1/',
        'https://[::ffff:10.0.0.1]/',
      ].entries()) {
        const id = organizations.ids[30 + index]!
        endpoints = { [member]: address }
        await world.save(id, { userinfo: 'always' })
        await world.runTest(id)
        expect((await world.connection(id)).candidate.last_test.failure).toMatchObject({
          code: 'request_blocked',
          blame: 'provider',
        })
      }
    },
  )

  test('an organization whose SSO is not enabled makes nobody fetch anything (#135)', async () => {
    const id = organizations.next()
    await world.save(id)
    for (const path of [
      'login',
      'login?return_to=/',
      `initiate?iss=${world.idp.issuer}`,
      'test?ticket=a',
      'consume?state=a',
    ]) {
      const response = await fetch(`${world.organization(id)}/oidc/${path}`, { redirect: 'manual' })
      expect([400, 409]).toContain(response.status)
    }
    expect(seen()).toEqual([])
  })

  test('keys that cannot be fetched are not asked for again at every login (#129)', async () => {
    const id = organizations.next()
    await world.enable(id)
    world.idp.inject('jwks.http_500')
    world.idp.requests.clear()
    // The keys that the test fetched have grown too old.
    world.clock.now += 601
    world.idp.clock.advance(601)
    for (let login = 0; login < 5; login++) expect(codeOf(await world.login(id))).toBe('jwks_http_error')
    expect(seen().filter((endpoint) => endpoint === 'jwks')).toHaveLength(1)
    world.idp.clearFaults()
    world.clock.now += 31
    world.idp.clock.advance(31)
    expect((await world.login(id)).url.pathname).toBe('/welcome')
  })

  test('a new key in the middle of a login is fetched once, and the person gets in (#128)', async () => {
    const id = organizations.next()
    await world.enable(id)
    const agent = new UserAgent()
    await world.login(id, agent)
    const url = await world.callback(id, agent)
    world.idp.requests.clear()
    world.idp.rotateKeys()
    await agent.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
    expect(await world.session(agent, id)).not.toBeNull()
    expect(seen().filter((endpoint) => endpoint === 'jwks')).toHaveLength(1)
  })
})

describe('the token request', () => {
  test.each([
    ['token.reset', 'request_cut_off'],
    ['token.reset_half_way', 'request_cut_off'],
    ['token.cut_off', 'request_cut_off'],
    ['token.truncated_json', 'token_response_malformed'],
    ['token.http_500', 'token_http_error'],
    ['token.http_502_html', 'token_http_error'],
    ['token.http_503', 'token_http_error'],
    ['token.http_429', 'token_rate_limited'],
    ['token.invalid_grant', 'token_invalid_grant'],
    ['token.invalid_client', 'token_invalid_client'],
    ['token.redirect', 'token_redirected'],
    ['token.redirect_307', 'token_redirected'],
    ['token.oversized', 'response_too_large'],
    ['token.empty_body', 'token_response_malformed'],
  ])(
    '%s: %s, one request, and a way to begin anew (#138, #139, #140, #141, #142, #143, #145, #152)',
    async (fault, code) => {
      world.idp.inject(fault)
      const agent = new UserAgent()
      const visit = await world.login(acme, agent)
      expect([codeOf(visit), seen()]).toEqual([code, ['authorization', 'token']])
      expect(visit.body).toContain(`/organizations/${acme}/oidc/login?return_to=%2Fwelcome`)
      expect(await world.session(agent, acme)).toBeNull()
      world.idp.clearFaults()
      expect((await world.login(acme, agent)).url.pathname).toBe('/welcome')
    },
  )

  test('nobody listens at the token endpoint: nothing is tried again, the next login works (#137)', async () => {
    let tried = 0
    intercept = ({ message }) => {
      if (message !== 'token') return null
      tried += 1
      return { failure: 'unreachable' }
    }
    expect(codeOf(await world.login(acme))).toBe('request_failed')
    expect(tried).toBe(1)
    intercept = () => null
    expect((await world.login(acme)).url.pathname).toBe('/welcome')
  })

  test('we crash with the code in our hands: the login is gone, the next one works (#156)', async () => {
    const agent = new UserAgent()
    const url = await world.callback(acme, agent)
    const again = agent.copy()
    intercept = ({ message }) => (message === 'token' ? Promise.reject(new Error('the process is gone')) : null)
    expect((await agent.visit(url)).status).toBe(500)
    intercept = () => null
    const visit = await again.visit(url)
    expect([visit.status, codeOf(visit)]).toEqual([400, 'flow_already_used'])
    expect(world.idp.requests.of('token')).toEqual([])
    expect(await world.session(again, acme)).toBeNull()
    expect((await world.login(acme, again)).url.pathname).toBe('/welcome')
  })
})

describe('what we keep to ourselves', () => {
  test('an administrator learns that a provider cannot be reached, not what is in our network (#134)', async () => {
    const id = organizations.next()
    const { port } = new URL(world.idp.issuer)
    for (const issuer of [`http://localhost:${closedPort}`, 'https://10.0.0.1', 'https://[fd00::1]']) {
      await world.save(id, { issuer })
      await world.runTest(id)
      const { failure } = (await world.connection(id)).candidate.last_test
      expect(failure.code).toMatch(/^request_(failed|blocked)$/)
      // What was entered may be said again.
      const { host } = new URL(issuer)
      const told = JSON.stringify([failure, await world.lastAttempt(id)])
        .replaceAll(issuer, '')
        .replaceAll(host, '')
      expect(told).not.toMatch(/ECONN|ENOTFOUND|EAI_|ETIMEDOUT|127\.0\.0\.1|::1|getaddrinfo|undici|errno/)
      expect(told).not.toContain(port)
    }
  })

  test.each([
    'userinfo.http_401',
    'userinfo.html',
    'userinfo.json_array',
    'userinfo.redirect',
    'userinfo.sub_of_another',
  ])('%s: no session, and no token in log, page or attempt (#160, #164)', async (fault) => {
    world.idp.inject(fault)
    const agent = new UserAgent()
    const from = world.logs.length
    const visit = await world.login(acme, agent)
    expect(codeOf(visit)).toMatch(/^userinfo_/)
    expect(await world.session(agent, acme)).toBeNull()
    const tokens = world.idp.requests.last('token')!.response.body as Record<string, string>
    const told = [visit.body, ...world.logs.slice(from), JSON.stringify(await world.lastAttempt(acme))].join('\n')
    for (const name of ['access_token', 'id_token']) expect(told).not.toContain(tokens[name])
  })
})
