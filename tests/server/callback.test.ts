/** The Redirection URI: one flow, one browser, one organization, one use. */
import { nearMisses } from '@relying-party/core'
import { describe, expect, test } from 'vitest'
import { organizationIds, sharedWorld } from '../support/world.ts'
import { codeOf, UserAgent, type Visit } from '../support/user-agent.ts'

const organizations = organizationIds(60)
const fixed = { a: organizations.next(), b: organizations.next() }
const world = await sharedWorld({ organizations: organizations.ids })
await world.enable(fixed.a)
await world.enable(fixed.b)

const welcome = { until: ({ pathname }: URL) => pathname === '/welcome' }
const isElsewhere = ({ origin }: URL) => origin !== world.base_url
const tokenRequests = () => world.idp.requests.of('token').length

async function refusedWith(visit: Visit, status: number, code: string, agent: UserAgent, id = fixed.a) {
  expect([visit.status, codeOf(visit)]).toEqual([status, code])
  expect(visit.headers.get('cache-control')).toBe('no-store')
  expect(await world.session(agent, id)).toBeNull()
}

describe('state', () => {
  const state = 'A'.repeat(43)
  test.each([
    ['missing (#1)', '?code=c', 'authorization_response_state_missing'],
    ['missing, no parameter at all (#1)', '', 'authorization_response_state_missing'],
    ['empty (#1)', '?code=c&state=', 'authorization_response_state_missing'],
    ['unknown (#2, #17)', `?code=c&state=${state}`, 'flow_not_found'],
    ['too short (#3)', '?code=c&state=abc', 'flow_not_found'],
    ['300 characters (#3)', `?code=c&state=${'a'.repeat(300)}`, 'flow_not_found'],
    ['a NUL (#3)', '?code=c&state=%00', 'flow_not_found'],
    ['not ASCII (#3)', '?code=c&state=%C3%A9', 'flow_not_found'],
    ['not UTF-8 (#3)', '?code=c&state=%E9%FF', 'flow_not_found'],
    ['a namespace (#3)', '?code=c&state=connections:acme', 'flow_not_found'],
    ['twice (#7)', `?code=c&state=${state}&state=${state}`, 'authorization_response_malformed'],
    ['as an array (#8)', `?code=c&state[]=${state}`, 'authorization_response_state_missing'],
    ['as a prototype (#8)', `?code=c&__proto__=${state}&constructor=1`, 'authorization_response_state_missing'],
    ['beside an error (#11)', `?error=access_denied&state=${state}`, 'flow_not_found'],
    ['missing beside an error (#11)', '?error=access_denied', 'authorization_response_state_missing'],
  ])('%s: refused before anything is asked of anybody', async (_, query, code) => {
    const agent = new UserAgent()
    const status = code === 'authorization_response_malformed' ? 502 : 400
    await refusedWith(await agent.visit(`${world.organization(fixed.a)}/oidc/consume${query}`), status, code, agent)
    expect(world.idp.requests.list()).toEqual([])
    expect(await world.lastAttempt(fixed.a)).toMatchObject({ outcome: 'failed', code, purpose: null })
  })

  test.each([
    ['authorization.state_altered', 400, 'flow_not_found'],
    ['authorization.state_replaced', 400, 'flow_not_found'],
    ['authorization.state_missing', 400, 'authorization_response_state_missing'],
    ['authorization.state_duplicated', 502, 'authorization_response_malformed'],
  ])('%s: %i %s, and the code is not redeemed', async (fault, status, code) => {
    world.idp.inject(fault)
    const agent = new UserAgent()
    await refusedWith(await world.login(fixed.a, agent), status, code, agent)
    expect(tokenRequests()).toBe(0)
  })

  test('from another browser: refused, and the browser that it belongs to may still finish (#4, #6, #167, #192)', async () => {
    const [agent, stranger] = [new UserAgent(), new UserAgent()]
    const url = await world.callback(fixed.a, agent)
    await refusedWith(await stranger.visit(url), 400, 'flow_not_found', stranger)
    expect(tokenRequests()).toBe(0)
    await agent.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
    expect(await world.session(agent, fixed.a)).not.toBeNull()
  })

  test('from another browser with a flow of its own (login CSRF): refused (#4, #31, #167)', async () => {
    const [attacker, victim] = [new UserAgent(), new UserAgent()]
    const url = await world.callback(fixed.a, attacker)
    await world.callback(fixed.a, victim)
    await refusedWith(await victim.visit(url), 400, 'flow_not_found', victim)
    expect(tokenRequests()).toBe(0)
  })

  test('at the callback of another organization: refused, nothing is sent, and the right one still works (#29, #30, #32, #194)', async () => {
    const agent = new UserAgent()
    const url = await world.callback(fixed.a, agent)
    const elsewhere = new URL(url.href.replace(`/${fixed.a}/`, `/${fixed.b}/`))
    await refusedWith(await agent.visit(elsewhere), 400, 'flow_organization_mismatch', agent, fixed.b)
    expect(tokenRequests()).toBe(0)
    await agent.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
    expect(await world.session(agent, fixed.a)).not.toBeNull()
    expect(await world.session(agent, fixed.b)).toBeNull()
  })

  test('back to it after success: to the member page, the code is redeemed once, the session stays (#5, #177)', async () => {
    const agent = new UserAgent()
    const url = await world.callback(fixed.a, agent)
    await agent.visit(url, welcome)
    const [session, attempt] = [await world.session(agent, fixed.a), await world.lastAttempt(fixed.a)]
    const again = await agent.visit(url)
    expect([again.via[1]!.href, again.status, codeOf(again)]).toEqual([world.organization(fixed.a), 200, undefined])
    expect(await world.session(agent, fixed.a)).toEqual(session)
    expect(await world.lastAttempt(fixed.a)).toEqual(attempt)
    expect(tokenRequests()).toBe(1)
  })

  test('back to it with the flow still at hand: to where the login led (#177, #178)', async () => {
    const agent = new UserAgent()
    const url = await world.callback(fixed.a, agent)
    const before = agent.copy()
    await agent.visit(url, welcome)
    for (const [name, cookie] of before.cookies) agent.cookies.set(name, cookie)
    const [session, attempt] = [await world.session(agent, fixed.a), await world.lastAttempt(fixed.a)]
    const again = await agent.visit(url, welcome)
    expect(again.via.map(({ pathname }) => pathname)).toEqual([url.pathname, '/welcome'])
    expect(await world.session(agent, fixed.a)).toEqual(session)
    expect(await world.lastAttempt(fixed.a)).toEqual(attempt)
    expect(tokenRequests()).toBe(1)
  })

  test('back to it when the session is over, or is one of another organization: refused, and explained', async () => {
    const agent = new UserAgent()
    const url = await world.callback(fixed.a, agent)
    await agent.visit(url, welcome)
    await agent.visit(`${world.organization(fixed.a)}/oidc/logout`, { method: 'POST', until: isElsewhere })
    await world.login(fixed.b, agent)
    const attempt = await world.lastAttempt(fixed.a)
    await refusedWith(await agent.visit(url), 400, 'flow_not_found', agent)
    expect(await world.lastAttempt(fixed.a)).not.toEqual(attempt)
    expect(tokenRequests()).toBe(2)
  })

  test('back to it after a test: to the settings page, the result stays', async () => {
    const agent = new UserAgent()
    const url = await world.testCallback(fixed.a, agent)
    const before = agent.copy()
    const settings = { until: ({ pathname }: URL) => pathname.endsWith('/settings/sso') }
    await agent.visit(url, settings)
    const { live } = await world.connection(fixed.a)
    expect((await before.visit(url, settings)).url.pathname).toMatch(/settings\/sso$/)
    expect((await world.connection(fixed.a)).live.last_test).toEqual(live.last_test)
    expect(tokenRequests()).toBe(1)
  })

  test('replayed with the cookie that was taken back: refused as used (#5)', async () => {
    const agent = new UserAgent()
    const url = await world.callback(fixed.a, agent)
    const thief = agent.copy()
    await agent.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
    await refusedWith(await thief.visit(url), 400, 'flow_already_used', thief)
    expect(tokenRequests()).toBe(1)
  })

  test('replayed after a failure: refused as well, the failed attempt is not repeated (#5, #12)', async () => {
    world.idp.inject('authorization.access_denied')
    const agent = new UserAgent()
    const url = await world.callback(fixed.a, agent)
    const thief = agent.copy()
    await agent.visit(url)
    await refusedWith(await thief.visit(url), 400, 'flow_already_used', thief)
  })

  test('ten times at once from the same browser: exactly one session, one token request (#155, #178)', async () => {
    const agent = new UserAgent()
    const url = await world.callback(fixed.a, agent)
    const copies = Array.from({ length: 10 }, () => agent.copy())
    const until = ({ pathname }: URL) => pathname === '/welcome'
    const visits = await Promise.all(copies.map((copy) => copy.visit(url, { until })))
    expect(visits.filter(({ url }) => url.pathname === '/welcome')).toHaveLength(1)
    expect(visits.filter((visit) => codeOf(visit) === 'flow_already_used')).toHaveLength(9)
    expect(tokenRequests()).toBe(1)
  })
})

describe('parameters of the response', () => {
  test.each([
    ['authorization.code_missing', 502, 'authorization_response_malformed', 0],
    ['authorization.code_empty', 502, 'authorization_response_malformed', 0],
    ['authorization.code_duplicated', 502, 'authorization_response_malformed', 0],
    ['authorization.code_altered', 400, 'token_invalid_grant', 1],
    ['authorization.error_beside_code', 502, 'authorization_response_malformed', 0],
    ['authorization.iss_mismatch', 502, 'authorization_response_iss_mismatch', 0],
    ['authorization.iss_near_miss', 502, 'authorization_response_iss_mismatch', 0],
    ['authorization.access_denied', 403, 'access_denied', 0],
    ['authorization.login_required', 400, 'authorization_login_required', 0],
    ['authorization.error_unknown', 500, 'authorization_error_response', 0],
    ['authorization.error_with_markup', 403, 'access_denied', 0],
    ['authorization.server_error', 502, 'provider_unavailable', 0],
    ['authorization.temporarily_unavailable', 502, 'provider_unavailable', 0],
  ])('%s: %i %s, %i token requests', async (fault, status, code, requests) => {
    world.idp.inject(fault)
    const agent = new UserAgent()
    const visit = await world.login(fixed.a, agent)
    await refusedWith(visit, status, code, agent)
    expect(visit.body).not.toContain('<script>alert')
    expect(tokenRequests()).toBe(requests)
    expect(await world.lastAttempt(fixed.a)).toMatchObject({ purpose: 'login', outcome: 'failed', code })
  })

  test.each([
    ['error', 'access_denied', 'authorization_response_malformed'],
    ['iss', 'https://evil.example', 'authorization_response_iss_mismatch'],
    ['id_token', 'e30.e30.', 'authorization_response_malformed'],
    ['access_token', 'a', 'authorization_response_malformed'],
    ['response', 'a', 'authorization_response_malformed'],
    ['code', 'another', 'authorization_response_malformed'],
  ])('an added %s (%s): %s, without a token request (#7, #9, #16, #28)', async (name, value, code) => {
    const agent = new UserAgent()
    const url = await world.callback(fixed.a, agent)
    url.searchParams.append(name, value)
    await refusedWith(await agent.visit(url), 502, code, agent)
    expect(tokenRequests()).toBe(0)
  })

  test('the right iss and members that nobody knows are no fault', async () => {
    world.idp.inject('authorization.iss_added')
    world.idp.inject('authorization.session_state_added')
    const agent = new UserAgent()
    expect((await world.login(fixed.a, agent)).url.pathname).toBe('/welcome')
  })

  test('an error description is shown to nobody but the administrator, bounded and without controls (#13)', async () => {
    const agent = new UserAgent()
    const url = await world.callback(fixed.a, agent)
    url.searchParams.delete('code')
    url.searchParams.set('error', 'access_denied')
    url.searchParams.set('error_description', `<script>alert(1)</script>\r\nSet-Cookie: a=b\u202e${'x'.repeat(10_000)}`)
    const visit = await agent.visit(url)
    expect(codeOf(visit)).toBe('access_denied')
    expect(visit.body).not.toContain('xxxx')
    const { facts } = (await world.lastAttempt(fixed.a)) as { facts: Record<string, string> }
    expect(facts.error_description!.length).toBeLessThan(400)
    expect(facts.error_description).not.toMatch(/[\u0000-\u001f\u202e]/)
  })

  test('a response in the body although the query was asked for: refused without a token request (#15)', async () => {
    const agent = new UserAgent()
    const url = await world.callback(fixed.a, agent)
    const visit = await agent.visit(url.origin + url.pathname, { form: url.searchParams })
    await refusedWith(visit, 502, 'authorization_response_mode_mismatch', agent)
    expect(tokenRequests()).toBe(0)
  })

  test('a body that is no form is a response without state', async () => {
    const response = await fetch(`${world.organization(fixed.a)}/oidc/consume`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: '{"state":"a","code":"b"}',
    })
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { code: 'authorization_response_state_missing' },
    ])
  })
})

describe('refusals at the provider', () => {
  test('a person who is not assigned: access_denied with the provider’s words for the administrator (#12, #185)', async () => {
    const id = organizations.next()
    world.idp.loginAs('eve@elsewhere.example')
    world.idp.unassign(world.idp.clients[0]!.client_id, { group: 'Everyone' })
    world.idp.assign(world.idp.clients[0]!.client_id, { group: 'Acme' })
    try {
      const eve = new UserAgent()
      await refusedWith(await world.login(fixed.a, eve), 403, 'access_denied', eve)
      expect(await world.lastAttempt(fixed.a)).toMatchObject({
        blame: 'organization_admin',
        remedy: nearMisses.user_not_assigned.remedy,
        facts: { error: 'access_denied', error_description: 'User is not assigned to the client application.' },
      })
      expect(tokenRequests()).toBe(0)

      await world.save(id)
      await world.runTest(id)
      const { status, candidate } = await world.connection(id)
      const { remedy } = nearMisses.user_not_assigned
      expect(status).toBe('draft')
      expect(candidate.last_test.failure).toMatchObject({ code: 'access_denied', blame: 'organization_admin', remedy })
    } finally {
      world.idp.loginAs(null)
      world.idp.assign(world.idp.clients[0]!.client_id, { group: 'Everyone' })
    }
  })

  test('a wrong secret: the test fails with token_invalid_client, once, and is mended by the right one (#143)', async () => {
    const id = organizations.next()
    await world.save(id, { client_secret: 'another secret' })
    await world.runTest(id)
    const failed = await world.connection(id)
    expect(failed.candidate.last_test).toMatchObject({
      outcome: 'failed',
      failure: { code: 'token_invalid_client', blame: 'organization_admin' },
    })
    expect(world.idp.requests.of('token').map(({ response }) => response.status)).toEqual([401])
    expect(world.idp.requests.of('userinfo')).toEqual([])
    await world.enable(id)
    expect((await world.connection(id)).status).toBe('enabled')
  })

  test('a client id that the provider does not know: nothing comes back, the test stays open and honest', async () => {
    const id = organizations.next()
    await world.save(id, { client_id: 'nobody' })
    const visit = await world.runTest(id)
    expect(visit.url.origin).toBe(world.idp.issuer)
    expect(visit.status).toBe(400)
    const { status, candidate } = await world.connection(id)
    expect([status, candidate.last_test.outcome]).toEqual(['draft', 'running'])
  })

  test('a redirect URI that is not registered: nothing comes back, nothing is claimed, and testing again is possible', async () => {
    const id = 'not-registered'
    const { body } = await world.save(id)
    const visit = await world.runTest(id)
    expect([visit.url.origin, visit.status]).toEqual([world.idp.issuer, 400])
    const stuck = await world.connection(id)
    expect(stuck).toMatchObject({ status: 'draft', candidate: { last_test: { outcome: 'running' } } })
    expect((await world.api('GET', `/organizations/${id}/attempts`)).body).toEqual({ attempts: [], older: null })
    const { fingerprint } = body.candidate
    expect(await world.api('POST', `/organizations/${id}/oidc/enable`, { fingerprint })).toMatchObject({
      status: 409,
      body: { code: 'not_tested' },
    })

    const admin = await world.admin()
    const page = await admin.visit(`${world.organization(id)}/settings/sso`)
    expect(page.body).toContain(`${world.organization(id)}/oidc/consume</textarea`)
    expect(page.body).toMatch(/id="status"[^>]*data-state="testing"/)

    // Registered meanwhile: the same settings pass.
    world.idp.clients[0]!.redirect_uris.push(`${world.organization(id)}/oidc/consume`)
    await world.runTest(id)
    expect((await world.connection(id)).status).toBe('tested')
  })
})

describe('time', () => {
  const until = ({ pathname }: URL) => pathname === '/welcome'
  const later = async (seconds: number, use: () => Promise<void>) => {
    world.clock.now += seconds
    world.idp.clock.advance(seconds)
    await use()
  }

  test.each([
    ['of exactly the allowed age is finished', 900, '/welcome', 1],
    ['that is a second older has expired, however fresh its code (#24)', 901, 'flow_expired', 0],
  ])('a flow %s', async (_, age, ended, requests) => {
    const agent = new UserAgent()
    const login = `${world.organization(fixed.a)}/oidc/login?return_to=/welcome`
    const { url } = await agent.visit(login, { until: isElsewhere })
    await later(age, async () => {
      // Whoever takes that long takes it at the provider's page: the code comes after it.
      const visit = await agent.visit(url, { until })
      expect(codeOf(visit) ?? visit.url.pathname).toBe(ended)
      expect([(await world.session(agent, fixed.a)) !== null, tokenRequests()]).toEqual([requests === 1, requests])
    })
  })

  test.each([901, 1000, 50_000])(
    'a flow that is %i seconds old has expired: no token request, and the way back is offered (#24)',
    async (age) => {
      const agent = new UserAgent()
      const url = await world.callback(fixed.a, agent, '?return_to=/welcome%3Fa=b')
      await later(age, async () => {
        const visit = await agent.visit(url)
        await refusedWith(visit, 400, 'flow_expired', agent)
        expect(visit.body).toContain(`/oidc/login?return_to=%2Fwelcome%3Fa%3Db`)
        expect(tokenRequests()).toBe(0)
        expect(await world.lastAttempt(fixed.a)).toMatchObject({ purpose: 'login', code: 'flow_expired' })
      })
    },
  )

  test('the cookie outlives the flow by an hour, so that whoever comes late is told so', async () => {
    const response = await fetch(`${world.organization(fixed.a)}/oidc/login`, { redirect: 'manual' })
    const max_age = Number(/Max-Age=(\d+)/.exec(response.headers.getSetCookie()[0]!)![1])
    expect(max_age).toBe(900 + 3600)
  })
})

describe('parallel tabs of one browser', () => {
  const welcome = ({ pathname }: URL) => pathname.startsWith('/welcome')

  test('eight finish in any order, each where it was going (#176)', async () => {
    const agent = new UserAgent()
    const urls: URL[] = []
    for (let tab = 0; tab < 8; tab++) urls.push(await world.callback(fixed.a, agent, `?return_to=/welcome-${tab}`))
    for (const tab of [3, 7, 0, 6, 1, 5, 2, 4]) {
      const visit = await agent.visit(urls[tab]!, { until: welcome })
      expect(visit.url.pathname).toBe(`/welcome-${tab}`)
      expect(await world.session(agent, fixed.a)).not.toBeNull()
    }
    expect(tokenRequests()).toBe(8)
    expect([...agent.cookies.keys()].filter((name) => name.startsWith('rp_'))).toHaveLength(1)
  })

  test('of nine the oldest is dropped, and says so (#174)', async () => {
    const agent = new UserAgent()
    const urls: URL[] = []
    for (let tab = 0; tab < 9; tab++) urls.push(await world.callback(fixed.a, agent, `?return_to=/welcome-${tab}`))
    expect([...agent.cookies.keys()].filter((name) => name.startsWith('rp_flow_'))).toHaveLength(8)
    expect(codeOf(await agent.visit(urls[0]!))).toBe('flow_not_found')
    for (let tab = 8; tab > 0; tab--) {
      expect((await agent.visit(urls[tab]!, { until: welcome })).url.pathname).toBe(`/welcome-${tab}`)
    }
  })

  test('tabs of two organizations do not collide (#33)', async () => {
    const agent = new UserAgent()
    const [a, b] = [await world.callback(fixed.a, agent), await world.callback(fixed.b, agent)]
    await agent.visit(b, { until: welcome })
    await agent.visit(a, { until: welcome })
    const [first, second] = [await world.session(agent, fixed.a), await world.session(agent, fixed.b)]
    expect([first.organization_id, second.organization_id]).toEqual([fixed.a, fixed.b])
  })

  test('with the longest return_to, all flow cookies together stay below what servers accept as a header (#174, #184)', async () => {
    const agent = new UserAgent()
    for (let tab = 0; tab < 9; tab++) await world.callback(fixed.a, agent, `?return_to=/${'a'.repeat(2047)}`)
    const ours = [...agent.cookies].filter(([key]) => key.startsWith('rp_'))
    const header = ours.map(([key, { value }]) => `${key.split('|')[0]}=${value}`).join('; ')
    expect(header.length).toBeLessThan(8000)
    for (const [, { value }] of ours) expect(value.length).toBeLessThan(4000)
  })
})

describe('pages and problems', () => {
  test.each([
    ['text/html,application/xhtml+xml', 'text/html; charset=utf-8'],
    ['*/*', 'text/html; charset=utf-8'],
    ['application/json', 'application/problem+json; charset=utf-8'],
    ['application/problem+json', 'application/problem+json; charset=utf-8'],
    ['text/html, application/json', 'text/html; charset=utf-8'],
    ['application/json, text/html;q=0.5', 'application/problem+json; charset=utf-8'],
    ['application/problem+json;q=0.2, text/html;q=0.9', 'text/html; charset=utf-8'],
    ['application/json, text/plain, */*', 'application/problem+json; charset=utf-8'],
    ['image/png', 'text/html; charset=utf-8'],
  ])('Accept: %s is answered with %s', async (accept, type) => {
    const response = await fetch(`${world.organization(fixed.a)}/oidc/consume?state=a`, { headers: { accept } })
    expect([response.status, response.headers.get('content-type')]).toEqual([400, type])
  })

  test('a problem has the members of RFC 9457 and a stable code, and names the attempt', async () => {
    const response = await fetch(`${world.organization(fixed.a)}/oidc/consume?state=a`, {
      headers: { accept: 'application/json' },
    })
    const problem = (await response.json()) as Record<string, unknown>
    expect(problem).toMatchObject({
      type: 'urn:relying-party:problem:flow_not_found',
      title: expect.any(String),
      status: 400,
      detail: expect.any(String),
      code: 'flow_not_found',
      blame: 'end_user',
      organization_id: fixed.a,
      login_url: `${world.organization(fixed.a)}/oidc/login`,
    })
    const found = await world.api('GET', `/organizations/${fixed.a}/attempts/${String(problem.attempt_id)}`)
    expect(found).toMatchObject({ status: 200, body: { code: 'flow_not_found' } })
  })
})
