/** Connect → test → enable: what is enabled is what passed its test, and it keeps serving. */
import { describe, expect, test } from 'vitest'
import { codeOf } from '../support/user-agent.ts'
import { adminToken, clientId, organizationIds, sharedWorld } from '../support/world.ts'

const organizations = organizationIds(60)
const world = await sharedWorld({ organizations: organizations.ids })

const enable = (id: string, fingerprint: unknown) =>
  world.api('POST', `/organizations/${id}/oidc/enable`, { fingerprint })
const disable = (id: string) => world.api('POST', `/organizations/${id}/oidc/disable`)
const remove = (id: string) => world.api('DELETE', `/organizations/${id}/oidc`)
const discard = (id: string) => world.api('POST', `/organizations/${id}/oidc/discard`)

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
    ['issuer', () => ({ issuer: world.idp.customIssuer })],
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
    expect(await world.canSignIn(id)).toBe(true)

    world.idp.inject('discovery.html', { times: 1 })
    await world.runTest(id)
    expect((await world.connection(id)).candidate.last_test.outcome).toBe('failed')
    expect(await world.canSignIn(id)).toBe(true)

    await discard(id)
    expect((await world.connection(id)).candidate).toBeUndefined()
    expect(await world.canSignIn(id)).toBe(true)

    const second = (await world.save(id, { scope: 'openid email groups' })).body.candidate.fingerprint
    await world.runTest(id)
    expect(await world.connection(id)).toMatchObject({
      status: 'enabled',
      live: { fingerprint: first },
      candidate: { fingerprint: second, status: 'tested' },
    })
    world.idp.requests.clear()
    expect(await world.canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('authorization')[0]!.params.scope).toBe('openid profile email')

    expect((await enable(id, second)).body).toMatchObject({
      status: 'enabled',
      live: { fingerprint: second },
      previous: { fingerprint: first },
    })
    world.idp.requests.clear()
    expect(await world.canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('authorization')[0]!.params.scope).toBe('openid email groups')

    expect((await enable(id, first)).body).toMatchObject({
      live: { fingerprint: first },
      previous: { fingerprint: second },
    })
    world.idp.requests.clear()
    expect(await world.canSignIn(id)).toBe(true)
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
    expect(await world.canSignIn(id)).toBe(true)
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

test('the admin token is not part of any of this', () => expect(world.logs.join('')).not.toContain(adminToken))
