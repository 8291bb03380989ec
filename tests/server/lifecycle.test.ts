/** Connect → test → enable, and everything that must not happen in between. */
import type { Outbound } from '@relying-party/server'
import { startMockOkta, type MockOkta } from '@relying-party/mock-idp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  adminToken,
  clientId,
  clientSecret,
  createWorld,
  freePort,
  organizationIds,
  type World,
} from '../support/world.ts'
import { UserAgent, type Visit } from '../support/user-agent.ts'

const organizations = organizationIds(60)
let world: World
let other: MockOkta
/** Runs once, just before the next token request leaves: while somebody's sign-in is under way. */
let meanwhile: (() => Promise<unknown>) | undefined

beforeAll(async () => {
  const wrapOutbound = (outbound: Outbound): Outbound => ({
    ...outbound,
    async request(request) {
      const act = request.message === 'token' ? meanwhile : undefined
      if (act !== undefined) {
        meanwhile = undefined
        await act()
      }
      return outbound.request(request)
    },
  })
  const port = await freePort()
  world = await createWorld({ organizations: organizations.ids, wrapOutbound, allow: [`localhost:${port}`] })
  const client = {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: world.idp.clients[0]!.redirect_uris,
  }
  other = await startMockOkta({ port, auto_login: 'ada@acme.example', clients: [client] })
})
beforeEach(() => {
  world.idp.requests.clear()
  other.requests.clear()
})
afterEach(() => {
  world.idp.clearFaults()
  meanwhile = undefined
})
afterAll(async () => {
  await world.close()
  await other.close()
})

const codeOf = ({ body }: Visit) => /data-code="([a-z_]+)"/.exec(body)?.[1]
const enable = (id: string, fingerprint: unknown) =>
  world.api('POST', `/organizations/${id}/oidc/enable`, { fingerprint })
const disable = (id: string) => world.api('POST', `/organizations/${id}/oidc/disable`)
const remove = (id: string) => world.api('DELETE', `/organizations/${id}/oidc`)
const discard = (id: string) => world.api('POST', `/organizations/${id}/oidc/discard`)
const stage = (id: string, client_secret: string) =>
  world.api('PUT', `/organizations/${id}/oidc/staged-secret`, { client_secret })

async function canSignIn(id: string): Promise<boolean> {
  const member = new UserAgent()
  await world.login(id, member)
  return (await world.session(member, id)) !== null
}

describe('unknown organization', () => {
  test.each([
    ['GET', '/oidc/login'],
    ['GET', '/oidc/consume?code=a&state=b'],
    ['POST', '/oidc/consume'],
    ['GET', '/oidc/initiate?iss=https://a.example'],
    ['POST', '/oidc/initiate'],
    ['GET', '/oidc/test?ticket=a'],
    ['POST', '/oidc/logout'],
    ['GET', '/oidc/logged-out'],
    ['GET', '/session'],
    ['GET', '/verify'],
    ['GET', ''],
  ])('%s /organizations/:id%s: 404 organization_not_found', async (method, path) => {
    for (const id of ['nobody', 'n%20b', '..%2f..', 'é', '-', 'a'.repeat(65), '__proto__', 'constructor']) {
      const response = await fetch(`${world.base_url}/organizations/${id}${path}`, {
        method,
        headers: { accept: 'application/json' },
      })
      expect([id, response.status, await response.json()]).toMatchObject([id, 404, { code: 'organization_not_found' }])
      expect(response.headers.getSetCookie()).toEqual([])
    }
  })

  test.each([
    ['GET', '/oidc'],
    ['DELETE', '/oidc'],
    ['POST', '/oidc/test'],
    ['POST', '/oidc/enable'],
    ['POST', '/oidc/disable'],
    ['POST', '/oidc/discard'],
    ['PUT', '/oidc/staged-secret'],
    ['DELETE', '/oidc/staged-secret'],
    ['GET', '/attempts'],
    ['GET', '/audit'],
  ])('%s /api/organizations/:id%s: 404 organization_not_found', async (method, path) => {
    const body = method === 'GET' || method === 'DELETE' ? undefined : { fingerprint: 'a', client_secret: 'b' }
    expect(await world.api(method, `/organizations/nobody${path}`, body)).toMatchObject({
      status: 404,
      body: { code: 'organization_not_found' },
    })
  })

  test('an id that cannot be one is created by nobody', async () => {
    for (const id of ['a%20b', 'a.b', '_a', 'a%2Fb', 'a'.repeat(65), '%00']) {
      const refused = await world.save(id)
      expect([id, refused.status]).toEqual([id, 404])
    }
    expect(
      (await world.api('GET', '/organizations')).body.organizations.map(
        (one: { organization_id: string }) => one.organization_id,
      ),
    ).not.toContain('a b')
  })

  test('an attempt of another organization is not found', async () => {
    const [a, b] = [organizations.next(), organizations.next()]
    await world.enable(a)
    await world.enable(b)
    const { attempt_id } = await world.lastAttempt(a)
    expect(await world.api('GET', `/organizations/${b}/attempts/${String(attempt_id)}`)).toMatchObject({
      status: 404,
      body: { code: 'attempt_not_found' },
    })
  })
})

describe('enable', () => {
  test('without a test: 409 not_tested, members get 409 sso_not_enabled (#135, #211, #212)', async () => {
    const id = organizations.next()
    const { fingerprint } = (await world.save(id)).body.candidate
    expect(await enable(id, fingerprint)).toMatchObject({ status: 409, body: { code: 'not_tested' } })
    expect(codeOf(await world.login(id))).toBe('sso_not_enabled')
    expect((await world.login(id)).status).toBe(409)
    expect(world.idp.requests.list()).toEqual([])
  })

  test('after a failed test: 409 not_tested', async () => {
    const id = organizations.next()
    const { fingerprint } = (await world.save(id)).body.candidate
    world.idp.inject('id_token.nonce_mismatch')
    await world.runTest(id)
    expect((await world.connection(id)).candidate.last_test).toMatchObject({
      outcome: 'failed',
      failure: { code: 'id_token_nonce_mismatch' },
    })
    expect(await enable(id, fingerprint)).toMatchObject({ status: 409, body: { code: 'not_tested' } })
  })

  test('with another fingerprint than the one that passed: 409 not_tested (#212)', async () => {
    const id = organizations.next()
    await world.save(id)
    await world.runTest(id)
    for (const fingerprint of ['', 'a', 'A'.repeat(43)]) {
      expect(await enable(id, fingerprint)).toMatchObject({ status: 409, body: { code: 'not_tested' } })
    }
  })

  test.each([[undefined], [null], [7], [['a']], [{}]])(
    'with a fingerprint that is no text (%j): 400',
    async (fingerprint) => {
      expect(await enable(organizations.ids[0]!, fingerprint)).toMatchObject({
        status: 400,
        body: { code: 'request_malformed' },
      })
    },
  )

  test('after an edit of what passed: 409 not_tested for the old and the new fingerprint (#213)', async () => {
    const id = organizations.next()
    const first = (await world.save(id)).body.candidate.fingerprint
    await world.runTest(id)
    const second = (await world.save(id, { scope: 'openid email' })).body.candidate
    expect(second.status).toBe('draft')
    expect(second.fingerprint).not.toBe(first)
    expect((await enable(id, first)).body.code).toBe('not_tested')
    expect((await enable(id, second.fingerprint)).body.code).toBe('not_tested')
  })

  test.each([
    ['issuer', () => ({ issuer: other.issuer })],
    ['client_id', () => ({ client_id: 'another' })],
    ['client_secret', () => ({ client_secret: 'another' })],
    ['token_endpoint_auth_method', () => ({ token_endpoint_auth_method: 'client_secret_post' })],
    ['scope', () => ({ scope: 'openid' })],
    ['response_mode', () => ({ response_mode: 'form_post' })],
    ['userinfo', () => ({ userinfo: 'never' })],
    ['id_token_signed_response_alg', () => ({ id_token_signed_response_alg: 'RS256' })],
    ['max_age', () => ({ max_age: 60 })],
    ['acr_values', () => ({ acr_values: 'urn:a' })],
    ['authorization_parameters', () => ({ authorization_parameters: { hd: 'acme.example' } })],
  ])('a change of %s undoes the test', async (_, changes) => {
    const id = organizations.ids[50]!
    await world.save(id)
    await world.runTest(id)
    expect((await world.connection(id)).status).toBe('tested')
    expect((await world.save(id, changes())).body).toMatchObject({ status: 'draft', candidate: { status: 'draft' } })
    await remove(id)
  })

  test('a change of the policy, or saving the same again, does not undo it', async () => {
    const id = organizations.next()
    const { fingerprint } = (await world.save(id)).body.candidate
    await world.runTest(id)
    await world.api('PUT', `/organizations/${id}/oidc/policy`, { session_lifetime: 3600 })
    const same = await world.save(id, { policy: { default_role: 'write' } })
    expect(same.body).toMatchObject({
      status: 'tested',
      candidate: { fingerprint },
      policy: { session_lifetime: 3600, default_role: 'write' },
    })
    expect((await enable(id, fingerprint)).status).toBe(200)
  })

  test('twice: the second changes nothing', async () => {
    const id = organizations.next()
    await world.enable(id)
    const { live, version } = await world.connection(id)
    expect(await enable(id, live.fingerprint)).toMatchObject({ status: 200, body: { version } })
  })
})

describe('a test that is under way', () => {
  test('an edit before its callback: the result counts for nothing, and the new revision stays a draft (#213, #214)', async () => {
    const id = organizations.next()
    await world.save(id)
    const agent = new UserAgent()
    const url = await world.testCallback(id, agent)
    const edited = (await world.save(id, { scope: 'openid email' })).body.candidate
    world.idp.requests.clear()
    const visit = await agent.visit(url, { until: ({ pathname }) => pathname.endsWith('/settings/sso') })
    expect(visit.url.pathname).toBe(`/organizations/${id}/settings/sso`)
    expect(world.idp.requests.of('token')).toEqual([])
    expect(await world.connection(id)).toMatchObject({
      status: 'draft',
      candidate: { fingerprint: edited.fingerprint, status: 'draft' },
    })
    expect(await world.lastAttempt(id)).toMatchObject({ purpose: 'test', code: 'flow_revision_replaced' })
    expect((await enable(id, edited.fingerprint)).body.code).toBe('not_tested')
  })

  test('an edit during its token request: likewise', async () => {
    const id = organizations.next()
    await world.save(id)
    const agent = new UserAgent()
    const url = await world.testCallback(id, agent)
    meanwhile = () => world.save(id, { scope: 'openid email' })
    await agent.visit(url, { until: ({ pathname }) => pathname.endsWith('/settings/sso') })
    expect(world.idp.requests.of('token')).toHaveLength(1)
    expect(await world.connection(id)).toMatchObject({
      status: 'draft',
      candidate: { status: 'draft', scope: 'openid email' },
    })
  })

  test('deleted and made anew during its token request: the first revision of the new connection is not the one that passed', async () => {
    const id = organizations.next()
    await world.save(id)
    const agent = new UserAgent()
    const url = await world.testCallback(id, agent)
    meanwhile = async () => {
      await remove(id)
      await world.save(id, { client_id: 'another' })
    }
    await agent.visit(url, { until: ({ pathname }) => pathname.endsWith('/settings/sso') })
    expect(await world.connection(id)).toMatchObject({
      status: 'draft',
      candidate: { revision: 1, client_id: 'another', status: 'draft' },
    })
  })

  test('what became of the old connection is nothing of the one that is made anew', async () => {
    const id = organizations.next()
    await world.save(id)
    await world.runTest(id)
    const { attempt_id } = await world.lastAttempt(id)
    const seen = async () => {
      const list = await world.api('GET', `/organizations/${id}/attempts`)
      const one = await world.api('GET', `/organizations/${id}/attempts/${attempt_id}`)
      return [list.body.attempts?.length ?? list.body.code, one.body.attempt_id ?? one.body.code]
    }
    expect(await seen()).toEqual([1, attempt_id])
    const underWay = await world.testCallback(id)
    await remove(id)
    expect(await seen()).toEqual(['organization_not_found', 'attempt_not_found'])
    await world.save(id)
    expect(await seen()).toEqual([0, 'attempt_not_found'])
    // A response that belongs to nothing here is an attempt of what is here now.
    await new UserAgent().visit(underWay)
    expect(await world.lastAttempt(id)).toMatchObject({ code: 'flow_not_found', purpose: null })
  })

  test('deleted meanwhile: nothing comes back to life', async () => {
    const id = organizations.next()
    await world.save(id)
    const agent = new UserAgent()
    const url = await world.testCallback(id, agent)
    meanwhile = () => remove(id)
    await agent.visit(url, { until: ({ pathname }) => pathname.endsWith('/settings/sso') })
    expect((await world.api('GET', `/organizations/${id}/oidc`)).status).toBe(404)
  })

  test('it never makes a session, also not of an enabled connection (#210)', async () => {
    const id = organizations.next()
    await world.enable(id)
    const agent = new UserAgent()
    await world.runTest(id, agent)
    expect(await world.session(agent, id)).toBeNull()
    expect([...agent.cookies.keys()].filter((name) => name.startsWith('rp_session'))).toEqual([])
  })

  test('a failure of what is live is reported and does not stop members', async () => {
    const id = organizations.next()
    await world.enable(id)
    world.idp.inject('id_token.signature_invalid', { times: 1 })
    await world.runTest(id)
    expect(await world.connection(id)).toMatchObject({
      status: 'enabled',
      live: { last_test: { outcome: 'failed', failure: { code: 'id_token_signature_invalid' } } },
    })
    expect(await canSignIn(id)).toBe(true)
  })
})

describe('a test link', () => {
  const open = async (url: string | URL, agent = new UserAgent()) =>
    agent.visit(url, { until: ({ pathname }) => pathname.endsWith('/settings/sso') })

  test('works once', async () => {
    const id = organizations.next()
    await world.save(id)
    const url = await world.testUrl(id)
    expect((await open(url)).url.pathname).toBe(`/organizations/${id}/settings/sso`)
    const again = await open(url)
    expect([again.status, codeOf(again)]).toEqual([400, 'test_link_not_valid'])
    expect(world.idp.requests.of('authorization').filter(({ params }) => 'state' in params)).toHaveLength(1)
  })

  test('opened ten times at once starts one test', async () => {
    const id = organizations.next()
    await world.save(id)
    const url = await world.testUrl(id)
    const answers = await Promise.all(Array.from({ length: 10 }, () => fetch(url, { redirect: 'manual' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([302, ...Array<number>(9).fill(400)])
  })

  test('is not used up by a HEAD request (link previews)', async () => {
    const id = organizations.next()
    await world.save(id)
    const url = await world.testUrl(id)
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(404)
    expect((await open(url)).url.pathname).toBe(`/organizations/${id}/settings/sso`)
  })

  test('expires after ten minutes', async () => {
    const id = organizations.next()
    await world.save(id)
    const url = await world.testUrl(id)
    const now = world.clock.now
    world.clock.now += 601
    expect(codeOf(await open(url))).toBe('test_link_not_valid')
    world.clock.now = now
  })

  test('belongs to one organization', async () => {
    const [a, b] = [organizations.next(), organizations.next()]
    await world.save(a)
    await world.save(b)
    const url = (await world.testUrl(a)).replace(`/${a}/`, `/${b}/`)
    expect(codeOf(await open(url))).toBe('test_link_not_valid')
    expect(world.idp.requests.of('authorization')).toEqual([])
  })

  test.each([
    ['empty', () => ''],
    ['garbage', () => 'v1.a.b'],
    ['altered', (ticket: string) => `${ticket.slice(0, -2)}AA`],
    ['of another kind', () => 'a'.repeat(5000)],
  ])('%s: refused', async (_, change) => {
    const id = organizations.ids[51]!
    await world.save(id)
    const url = new URL(await world.testUrl(id))
    url.searchParams.set('ticket', change(url.searchParams.get('ticket')!))
    expect(codeOf(await open(url))).toBe('test_link_not_valid')
  })

  test('of settings that were edited since, or of a connection made anew: refused', async () => {
    const id = organizations.next()
    await world.save(id)
    const edited = await world.testUrl(id)
    await world.save(id, { scope: 'openid email' })
    expect(codeOf(await open(edited))).toBe('flow_revision_replaced')
    const anew = await world.testUrl(id)
    await remove(id)
    await world.save(id, { scope: 'openid email' })
    expect(codeOf(await open(anew))).toBe('flow_revision_replaced')
    expect(world.idp.requests.of('authorization')).toEqual([])
  })

  test('nothing to test: 409; no secret where one is needed: 422', async () => {
    const id = organizations.next()
    await world.save(id)
    await discard(id)
    expect(await world.api('POST', `/organizations/${id}/oidc/test`)).toMatchObject({
      status: 409,
      body: { code: 'nothing_to_test' },
    })
    await world.save(id, { client_secret: undefined })
    expect(await world.api('POST', `/organizations/${id}/oidc/test`)).toMatchObject({
      status: 422,
      body: { code: 'client_secret_required' },
    })
  })
})

describe('the stored secret goes only where it was entered for', () => {
  const settled = async (id: string, changes: Record<string, unknown>) => {
    const saved = await world.api('PUT', `/organizations/${id}/oidc`, changes)
    return { saved, tested: await world.api('POST', `/organizations/${id}/oidc/test`) }
  }

  test('another issuer with the old secret: cleared, asked for again, never sent there (#217, #225)', async () => {
    const id = organizations.next()
    await world.enable(id)
    const { saved, tested } = await settled(id, { issuer: other.issuer })
    expect(saved.body).toMatchObject({
      status: 'enabled',
      candidate: { issuer: other.issuer, client_secret_set: false },
    })
    expect(tested).toMatchObject({ status: 422, body: { code: 'client_secret_required' } })
    expect(other.requests.list()).toEqual([])
    // Back again does not bring it back either: nobody can probe for it.
    const back = await world.api('PUT', `/organizations/${id}/oidc`, { issuer: world.idp.issuer, scope: 'openid' })
    expect(back.body.candidate.client_secret_set).toBe(false)

    const entered = await settled(id, { issuer: other.issuer, client_secret: clientSecret })
    expect(entered.tested.status).toBe(200)
    await new UserAgent().visit(entered.tested.body.test_url, {
      until: ({ pathname }) => pathname.endsWith('/settings/sso'),
    })
    expect(other.requests.of('token')).toHaveLength(1)
    world.idp.requests.clear()
    expect(await canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('token')).toHaveLength(1)
  })

  test.each(['client_secret_basic', 'client_secret_post', 'none'])(
    'another client authentication (%s): cleared',
    async (method) => {
      const id = organizations.ids[52]!
      await remove(id)
      await world.save(id)
      const { saved, tested } = await settled(id, { token_endpoint_auth_method: method })
      expect(saved.body.candidate).toMatchObject({ token_endpoint_auth_method: method, client_secret_set: false })
      if (method !== 'none') expect(tested).toMatchObject({ status: 422, body: { code: 'client_secret_required' } })
    },
  )

  test.each([{ scope: 'openid' }, { client_id: clientId }, { response_mode: 'form_post' }])(
    'a change of %j keeps it',
    async (changes) => {
      const id = organizations.ids[53]!
      await remove(id)
      await world.save(id)
      const { saved, tested } = await settled(id, changes)
      expect([saved.body.candidate.client_secret_set, tested.status]).toEqual([true, 200])
    },
  )

  test('a member that is left out stays, null brings back the default (#216)', async () => {
    const id = organizations.next()
    await world.save(id, { scope: 'openid email groups', max_age: 60 })
    const kept = await world.api('PUT', `/organizations/${id}/oidc`, {})
    expect(kept.body.candidate).toMatchObject({ scope: 'openid email groups', max_age: 60, client_secret_set: true })
    const reset = await world.api('PUT', `/organizations/${id}/oidc`, { scope: null, max_age: null })
    expect(reset.body.candidate).toMatchObject({ scope: 'openid profile email' })
    expect(reset.body.candidate.max_age).toBeUndefined()
  })
})

describe('while a member is at the provider (#228)', () => {
  const until = ({ pathname }: URL) => pathname === '/welcome'
  const refusals: [string, (id: string) => Promise<unknown>, number, string][] = [
    ['disable', disable, 400, 'flow_revision_replaced'],
    ['delete', remove, 404, 'organization_not_found'],
    ['delete and make anew', async (id) => (await remove(id), world.enable(id)), 400, 'flow_revision_replaced'],
    ['enable another revision', (id) => world.enable(id, { scope: 'openid email' }), 400, 'flow_revision_replaced'],
  ]

  test.each(refusals)(
    '%s before the callback: no session, and the code is not redeemed (#40)',
    async (_, act, status, code) => {
      const id = organizations.next()
      await world.enable(id)
      const member = new UserAgent()
      const url = await world.callback(id, member)
      await act(id)
      world.idp.requests.clear()
      const visit = await member.visit(url, { until })
      expect([visit.status, codeOf(visit)]).toEqual([status, code])
      expect(await world.session(member, id)).toBeNull()
      expect(world.idp.requests.of('token')).toEqual([])
    },
  )

  test.each(refusals)('%s during the token request: no session', async (_, act) => {
    const id = organizations.next()
    await world.enable(id)
    const member = new UserAgent()
    const url = await world.callback(id, member)
    meanwhile = () => act(id)
    const visit = await member.visit(url, { until })
    expect(visit.url.pathname).not.toBe('/welcome')
    expect(codeOf(visit)).toBe('flow_revision_replaced')
    expect(await world.session(member, id)).toBeNull()
    expect([...member.cookies.keys()].filter((name) => name.startsWith('rp_session'))).toEqual([])
  })

  test('a candidate is drafted, fails or passes a test: the member gets in', async () => {
    const id = organizations.next()
    await world.enable(id)
    const member = new UserAgent()
    const url = await world.callback(id, member)
    await world.save(id, { scope: 'openid email' })
    await world.runTest(id)
    expect((await member.visit(url, { until })).url.pathname).toBe('/welcome')
  })

  test('after disable the session of before is not valid any more (#228, #238)', async () => {
    const id = organizations.next()
    await world.enable(id)
    const member = new UserAgent()
    await world.login(id, member)
    await disable(id)
    expect(await world.session(member, id)).toBeNull()
    expect((await member.visit(`${world.organization(id)}/verify`)).status).toBe(401)
  })

  test('a session of a deleted connection is not one of its successor (#40, #234)', async () => {
    const id = organizations.next()
    await world.enable(id)
    const member = new UserAgent()
    await world.login(id, member)
    await remove(id)
    await world.enable(id)
    expect(await world.session(member, id)).toBeNull()
  })
})

describe('live keeps serving', () => {
  test('while a candidate is drafted, failing, tested, discarded; enabling it replaces live; rollback brings it back (#211)', async () => {
    const id = organizations.next()
    await world.enable(id)
    const first = (await world.connection(id)).live.fingerprint

    await world.save(id, { client_id: 'nobody' })
    expect(await world.connection(id)).toMatchObject({
      status: 'enabled',
      live: { fingerprint: first },
      candidate: { status: 'draft' },
    })
    expect(await canSignIn(id)).toBe(true)

    world.idp.inject('discovery.html', { times: 1 })
    await world.runTest(id)
    expect((await world.connection(id)).candidate.last_test.outcome).toBe('failed')
    expect(await canSignIn(id)).toBe(true)

    await discard(id)
    expect((await world.connection(id)).candidate).toBeUndefined()
    expect(await canSignIn(id)).toBe(true)

    const second = (await world.save(id, { scope: 'openid email groups' })).body.candidate.fingerprint
    await world.runTest(id)
    expect(await world.connection(id)).toMatchObject({
      status: 'enabled',
      live: { fingerprint: first },
      candidate: { fingerprint: second, status: 'tested' },
    })
    world.idp.requests.clear()
    expect(await canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('authorization')[0]!.params.scope).toBe('openid profile email')

    expect((await enable(id, second)).body).toMatchObject({
      status: 'enabled',
      live: { fingerprint: second },
      previous: { fingerprint: first },
    })
    world.idp.requests.clear()
    expect(await canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('authorization')[0]!.params.scope).toBe('openid email groups')

    expect((await enable(id, first)).body).toMatchObject({
      live: { fingerprint: first },
      previous: { fingerprint: second },
    })
    world.idp.requests.clear()
    expect(await canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('authorization')[0]!.params.scope).toBe('openid profile email')
  })

  test('disable stops members, enable of the same revision needs no new test', async () => {
    const id = organizations.next()
    await world.enable(id)
    const { fingerprint } = (await world.connection(id)).live
    expect((await disable(id)).body).toMatchObject({ status: 'tested', candidate: { fingerprint } })
    expect(codeOf(await world.login(id))).toBe('sso_not_enabled')
    expect(await disable(id)).toMatchObject({ status: 409, body: { code: 'not_enabled' } })
    expect((await enable(id, fingerprint)).status).toBe(200)
    expect(await canSignIn(id)).toBe(true)
  })

  test('delete forgets everything; a second one finds nothing', async () => {
    const id = organizations.next()
    await world.enable(id)
    expect((await remove(id)).status).toBe(204)
    expect(await remove(id)).toMatchObject({ status: 404, body: { code: 'organization_not_found' } })
    expect((await world.login(id)).status).toBe(404)
    const anew = await world.api('PUT', `/organizations/${id}/oidc`, { issuer: world.idp.issuer, client_id: clientId })
    expect(anew.body.candidate.client_secret_set).toBe(false)
    expect(anew.body.policy.session_lifetime).toBe(604_800)
  })
})

describe('a second client secret is staged', () => {
  const swap = (client_secret: string) => {
    const [client] = world.idp.clients
    world.idp.removeClient(clientId)
    world.idp.addClient({ ...client!, client_secret })
  }
  afterEach(() => swap(clientSecret))

  test('the provider swaps: the next member gets in with the second, which becomes the first', async () => {
    const id = organizations.next()
    await world.enable(id)
    const before = (await world.connection(id)).live
    expect((await stage(id, 'the second secret')).body.live).toMatchObject({
      staged_client_secret_set: true,
      fingerprint: before.fingerprint,
    })
    world.idp.requests.clear()
    expect(await canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('token').map(({ response }) => response.status)).toEqual([200])

    swap('the second secret')
    world.idp.requests.clear()
    expect(await canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('token').map(({ response }) => response.status)).toEqual([401, 200])
    await expect
      .poll(() => world.connection(id))
      .toMatchObject({ status: 'enabled', live: { staged_client_secret_set: false, revision: before.revision } })

    world.idp.requests.clear()
    expect(await canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('token').map(({ response }) => response.status)).toEqual([200])
  })

  test('five members at once: all get in', async () => {
    const id = organizations.next()
    await world.enable(id)
    await stage(id, 'the second secret')
    swap('the second secret')
    expect(await Promise.all(Array.from({ length: 5 }, () => canSignIn(id)))).toEqual(Array(5).fill(true))
  })

  test('taken back before the swap: it is not used', async () => {
    const id = organizations.next()
    await world.enable(id)
    await stage(id, 'the second secret')
    expect(
      (await world.api('DELETE', `/organizations/${id}/oidc/staged-secret`)).body.live.staged_client_secret_set,
    ).toBe(false)
    swap('the second secret')
    world.idp.requests.clear()
    expect(codeOf(await world.login(id))).toBe('token_invalid_client')
    expect(world.idp.requests.of('token')).toHaveLength(1)
  })

  test('another one staged while a login proves the first: that one is not promoted unproved', async () => {
    const id = organizations.next()
    await world.enable(id)
    await stage(id, 'the second secret')
    swap('the second secret')
    const member = new UserAgent()
    const url = await world.callback(id, member)
    meanwhile = () => stage(id, 'a third secret')
    await member.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
    await new Promise((resolve) => setImmediate(resolve))
    const { live } = await world.connection(id)
    expect(live.staged_client_secret_set).toBe(true)
  })

  test('both are refused: token_invalid_client, two requests, nothing promoted', async () => {
    const id = organizations.next()
    await world.enable(id)
    await stage(id, 'the second secret')
    swap('a third secret')
    world.idp.requests.clear()
    expect(codeOf(await world.login(id))).toBe('token_invalid_client')
    expect(world.idp.requests.of('token')).toHaveLength(2)
    expect((await world.connection(id)).live.staged_client_secret_set).toBe(true)
  })

  test('without a live secret there is nothing to stage beside', async () => {
    const id = organizations.next()
    await world.save(id)
    expect(await stage(id, 'second')).toMatchObject({ status: 409, body: { code: 'secret_not_staged' } })
  })
})

describe('two administrators', () => {
  const put = (id: string, body: unknown, version?: string) =>
    world.api('PUT', `/organizations/${id}/oidc`, body, version === undefined ? {} : { 'if-match': `"${version}"` })

  test('If-Match: whoever saw an old version is told, and nothing is overwritten', async () => {
    const id = organizations.next()
    const { version } = (await world.save(id)).body
    const second = await put(id, { scope: 'openid email' }, version)
    expect(second.status).toBe(200)
    expect(second.headers.get('etag')).toBe(`"${second.body.version}"`)
    expect(await put(id, { scope: 'openid groups' }, version)).toMatchObject({
      status: 412,
      body: { code: 'version_conflict' },
    })
    expect((await world.connection(id)).candidate.scope).toBe('openid email')
  })

  test.each(['test', 'enable', 'disable', 'discard'])('If-Match guards %s', async (command) => {
    const id = organizations.ids[54]!
    await world.enable(id)
    const refused = await world.api(
      'POST',
      `/organizations/${id}/oidc/${command}`,
      { fingerprint: 'a' },
      { 'if-match': '"old"' },
    )
    expect(refused).toMatchObject({ status: 412, body: { code: 'version_conflict' } })
  })

  test('If-Match guards delete, policy and the staged secret', async () => {
    const id = organizations.ids[54]!
    const old = { 'if-match': '"old"' }
    expect((await world.api('DELETE', `/organizations/${id}/oidc`, undefined, old)).status).toBe(412)
    expect((await world.api('PUT', `/organizations/${id}/oidc/policy`, {}, old)).status).toBe(412)
    expect(
      (await world.api('PUT', `/organizations/${id}/oidc/staged-secret`, { client_secret: 'a' }, old)).status,
    ).toBe(412)
    expect((await world.connection(id)).status).toBe('enabled')
    const { version } = await world.connection(id)
    expect(
      (await world.api('DELETE', `/organizations/${id}/oidc`, undefined, { 'if-match': `"${version}"` })).status,
    ).toBe(204)
  })

  test('If-Match on what does not exist creates nothing', async () => {
    const id = organizations.next()
    expect((await put(id, { issuer: world.idp.issuer, client_id: clientId }, 'any')).status).toBe(412)
    expect((await world.api('GET', `/organizations/${id}/oidc`)).status).toBe(404)
  })

  test('at once, each another member, without If-Match: both changes stand', async () => {
    const id = organizations.next()
    await world.save(id)
    for (let round = 0; round < 5; round++) {
      await Promise.all([
        put(id, { scope: `openid email r${round}` }),
        put(id, { max_age: round + 1 }),
        world.api('PUT', `/organizations/${id}/oidc/policy`, { session_lifetime: 1000 + round }),
        world.api('PUT', `/organizations/${id}/oidc/policy`, { allowed_email_domains: [`r${round}.example`] }),
        put(id, { policy: { default_role: round % 2 === 0 ? 'write' : 'read' } }),
      ])
      expect(await world.connection(id)).toMatchObject({
        candidate: { scope: `openid email r${round}`, max_age: round + 1 },
        policy: {
          session_lifetime: 1000 + round,
          allowed_email_domains: [`r${round}.example`],
          default_role: round % 2 === 0 ? 'write' : 'read',
        },
      })
    }
  })

  test('at once with the same If-Match: exactly one wins (#214)', async () => {
    const id = organizations.next()
    const { version } = (await world.save(id)).body
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => put(id, { scope: `openid s${n}` }, version)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(7)
  })

  test('an edit and an enable at once never enable what was not tested (#214)', async () => {
    const id = organizations.next()
    const { fingerprint } = (await world.save(id)).body.candidate
    await world.runTest(id)
    await Promise.all([world.save(id, { scope: 'openid' }), enable(id, fingerprint)])
    const { live, candidate } = await world.connection(id)
    if (live !== undefined) expect(live.fingerprint).toBe(fingerprint)
    expect(candidate === undefined || candidate.fingerprint !== fingerprint || candidate.status === 'tested').toBe(true)
  })

  test('settings and policy of one submission are written together or not at all', async () => {
    const id = organizations.next()
    await world.save(id)
    const { version } = await world.connection(id)
    const refused = await put(id, { scope: 'openid', policy: { session_lifetime: 1 } })
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'settings_invalid', faults: [{ member: 'policy.session_lifetime' }] },
    })
    expect((await world.connection(id)).version).toBe(version)
  })
})

test('the admin token is not part of any of this', () => expect(world.logs.join('')).not.toContain(adminToken))
