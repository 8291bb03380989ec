/** Who somebody is: what UserInfo adds, roles, and whom the policy lets in. */
import { describe, expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import { organizationIds, sharedWorld } from '../support/world.ts'

const organizations = organizationIds(60)
const world = await sharedWorld({ organizations: organizations.ids })
const acme = organizations.next()
await world.enable(acme)

const setPolicy = (id: string, policy: unknown) => world.api('PUT', `/organizations/${id}/oidc/policy`, policy)

const signIn = (id = acme, agent?: UserAgent) => world.signIn(id, agent)

describe('the ID Token is thin: e-mail and groups come from UserInfo', () => {
  test('e-mail and name are those of UserInfo, asked with the access token, once', async () => {
    expect(await signIn()).toMatchObject({
      organization_id: acme,
      issuer: world.idp.issuer,
      email: 'ada@acme.example',
      email_verified: true,
      claims: { name: 'Ada Lovelace' },
    })
    const [asked, ...more] = world.idp.requests.of('userinfo')
    expect([asked!.response.status, asked!.headers.authorization?.startsWith('Bearer '), more]).toEqual([200, true, []])
  })

  test('groups map to a role once the scope is asked for, the most privileged wins', async () => {
    const id = organizations.next()
    const rules = [
      { value: 'Acme', role: 'contributor' },
      { value: 'Admins', role: 'admin' },
      { value: 'Members', role: 'write' },
    ]
    await world.enable(id, {
      scope: 'openid profile email groups',
      policy: { role_mapping: { claim: 'groups', rules }, default_role: null },
    })
    expect((await signIn(id)).role).toBe('admin')
    world.idp.loginAs('grace@acme.example')
    expect((await signIn(id)).role).toBe('write')
    world.idp.loginAs('eve@elsewhere.example')
    expect(await signIn(id)).toBe('policy_role_not_mapped')
  })

  test('without the groups scope there are no groups: the default role', async () => {
    const id = organizations.next()
    const rules = [{ value: 'Admins', role: 'admin' }]
    await world.enable(id, { policy: { role_mapping: { claim: 'groups', rules }, default_role: 'read' } })
    expect((await signIn(id)).role).toBe('read')
    expect(world.idp.requests.of('userinfo').length).toBeGreaterThan(0)
  })

  test.each([
    ['userinfo.sub_mismatch', 'userinfo_sub_mismatch'],
    ['userinfo.sub_of_another', 'userinfo_sub_mismatch'],
    ['userinfo.sub_upper_case', 'userinfo_sub_mismatch'],
    ['userinfo.sub_missing', undefined],
    ['userinfo.http_500', 'userinfo_http_error'],
    ['userinfo.http_401', 'userinfo_http_error'],
    ['userinfo.html', 'userinfo_response_malformed'],
    ['userinfo.jwt', 'userinfo_response_malformed'],
    ['id_token.nonce_mismatch', 'id_token_nonce_mismatch'],
    ['id_token.signature_invalid', 'id_token_signature_invalid'],
    ['token.id_token_missing', 'id_token_missing'],
    ['token.http_500', 'token_http_error'],
    ['token.http_429', 'token_rate_limited'],
  ])('%s: %s, and no session', async (fault, code) => {
    world.idp.inject(fault)
    const agent = new UserAgent()
    const refused = await signIn(acme, agent)
    if (code !== undefined) expect(refused).toBe(code)
    expect(typeof refused).toBe('string')
    expect([...agent.cookies.keys()].filter((name) => name.startsWith('rp_'))).toEqual([])
    expect(await world.lastAttempt(acme)).toMatchObject({ purpose: 'login', outcome: 'failed', code: refused })
    if (!fault.startsWith('userinfo')) expect(world.idp.requests.of('userinfo')).toEqual([])
  })

  test('two people with one e-mail address, one of them named like it, are two: only the subject counts (#202)', async () => {
    const id = organizations.next()
    await world.enable(id, { scope: 'openid profile email' })
    const namesake = {
      login: 'ada@elsewhere.example',
      email: 'ada@acme.example',
      given_name: 'Ada',
      family_name: 'Lovelace',
    }
    const mallory = world.idp.addUser(namesake)
    const [one, other] = [new UserAgent(), new UserAgent()]
    const ada = await signIn(id, one)
    world.idp.loginAs(namesake.login)
    const second = await signIn(id, other)
    expect([second.email, second.claims.name, second.subject]).toEqual([ada.email, ada.claims.name, mallory.id])
    expect(ada.subject).not.toBe(mallory.id)
    const named = async (agent: UserAgent) =>
      (await agent.visit(`${world.organization(id)}/verify`)).headers.get('x-auth-request-user')
    expect([await named(one), await named(other)]).toEqual([ada.subject, mallory.id])
  })

  test('"never" asks UserInfo for nothing: nobody vouches for the e-mail address of the ID Token', async () => {
    const id = organizations.next()
    await world.enable(id, { userinfo: 'never' })
    world.idp.requests.clear()
    expect((await signIn(id)).email_verified).toBe(false)
    expect(world.idp.requests.of('userinfo')).toEqual([])
  })

  test('the access token goes to UserInfo and nowhere else, and no token reaches the browser (#166)', async () => {
    const agent = new UserAgent()
    const visit = await world.login(acme, agent)
    const { access_token, id_token } = world.idp.requests.last('token')!.response.body as Record<string, string>
    const seen = JSON.stringify([visit, [...agent.cookies.values()], await world.session(agent, acme)])
    for (const token of [access_token!, id_token!]) expect(seen).not.toContain(token)
  })
})

describe('policy', () => {
  test.each([
    ['an allowed domain', { allowed_email_domains: ['acme.example'] }, undefined, undefined],
    ['another domain', { allowed_email_domains: ['globex.example'] }, undefined, 'policy_email_domain_not_allowed'],
    [
      'a domain that only ends alike',
      { allowed_email_domains: ['me.example'] },
      undefined,
      'policy_email_domain_not_allowed',
    ],
    [
      'an e-mail that only the ID Token names',
      { allowed_email_domains: ['acme.example'] },
      'userinfo.email_missing',
      'policy_email_not_verified',
    ],
    [
      'an unverified e-mail',
      { allowed_email_domains: ['acme.example'] },
      'userinfo.email_unverified',
      'policy_email_not_verified',
    ],
    [
      'email_verified: "true"',
      { allowed_email_domains: ['acme.example'] },
      'userinfo.email_verified_as_text',
      'policy_email_not_verified',
    ],
    [
      'no role',
      { role_mapping: { claim: 'x', rules: [{ value: 'a', role: 'admin' }] }, default_role: null },
      undefined,
      'policy_role_not_mapped',
    ],
  ])('%s', async (_, policy, fault, code) => {
    const id = organizations.ids[50]!
    await world.enable(id)
    expect((await setPolicy(id, { ...unrestricted, ...policy })).status).toBe(200)
    if (fault !== undefined) world.idp.inject(fault)
    const answer = await signIn(id)
    if (code === undefined) expect(answer.email).toBe('ada@acme.example')
    else expect(answer).toBe(code)
    const attempt = await world.lastAttempt(id)
    expect(attempt).toMatchObject(code === undefined ? { outcome: 'succeeded' } : { outcome: 'failed', code })

    // A test passes all the same, and reports what a login would answer.
    await world.runTest(id)
    expect(await world.lastAttempt(id)).toMatchObject({
      purpose: 'test',
      outcome: 'succeeded',
      ...(code !== undefined && { refusal: { code } }),
    })
    expect((await world.connection(id)).live.last_test.outcome).toBe('passed')
  })

  test('no e-mail at all', async () => {
    const id = organizations.next()
    await world.enable(id, {
      scope: 'openid',
      policy: { enforcement: 'optional', allowed_email_domains: ['acme.example'] },
    })
    expect(await signIn(id)).toBe('policy_email_missing')
  })

  test('a refusal at login is answered with 403', async () => {
    const id = organizations.ids[50]!
    await setPolicy(id, { ...unrestricted, allowed_email_domains: ['globex.example'] })
    expect((await world.login(id)).status).toBe(403)
  })

  test.each([
    [{ session_lifetime: 59 }, 'session_lifetime'],
    [{ session_lifetime: 31_536_001 }, 'session_lifetime'],
    [{ session_lifetime: 3600.5 }, 'session_lifetime'],
    [{ session_lifetime: '3600' }, 'session_lifetime'],
    [{ enforcement: 'sometimes' }, 'enforcement'],
    [{ allowed_email_domains: 'acme.example' }, 'allowed_email_domains'],
    [{ allowed_email_domains: ['acme'] }, 'allowed_email_domains'],
    [{ allowed_email_domains: ['ａcme.example'] }, 'allowed_email_domains'],
    [{ roles: [] }, 'roles'],
    [{ roles: ['a', 'a'] }, 'roles'],
    [{ default_role: 'owner' }, 'default_role'],
    [{ role_mapping: { claim: 'groups', rules: [{ value: 'a', role: 'owner' }] } }, 'role_mapping.rules'],
    [{ role_mapping: { claim: 'groups', rules: [{ value: 'a', role: 'read' }] } }, 'role_mapping.rules'],
    [{ role_mapping: { claim: '', rules: [{ value: 'a', role: 'admin' }] } }, 'role_mapping.claim'],
    [{ role_mapping: [] }, 'role_mapping'],
    [{ role_mapping: { claim: 'groups', rules: 'a' } }, 'role_mapping'],
  ])('%j is refused by member, and nothing changes', async (policy, member) => {
    const before = await world.connection(acme)
    const refused = await setPolicy(acme, policy)
    expect(refused).toMatchObject({ status: 422, body: { code: 'policy_invalid' } })
    expect(refused.body.faults.map((fault: { member: string }) => fault.member)).toContain(member)
    expect((await world.connection(acme)).version).toBe(before.version)
  })

  test('an enforced policy that would lock out whoever tested last is refused, and an optional one is not', async () => {
    const id = organizations.next()
    await world.enable(id)
    const before = await world.connection(id)
    const elsewhere = { allowed_email_domains: ['globex.example'] }
    expect(await setPolicy(id, elsewhere)).toMatchObject({
      status: 409,
      body: {
        code: 'enforcement_would_lock_out',
        blame: 'organization_admin',
        facts: { refusal: 'policy_email_domain_not_allowed', tested_by: 'ada@acme.example' },
      },
    })
    expect((await world.connection(id)).version).toBe(before.version)
    expect((await setPolicy(id, { ...elsewhere, enforcement: 'optional' })).status).toBe(200)
    expect((await setPolicy(id, { enforcement: 'enforced' })).body.code).toBe('enforcement_would_lock_out')

    // Whoever the policy lets in tests: then it can be enforced.
    world.idp.loginAs('eve@elsewhere.example')
    try {
      await setPolicy(id, { allowed_email_domains: ['elsewhere.example'] })
      expect((await setPolicy(id, { enforcement: 'enforced' })).body.code).toBe('enforcement_would_lock_out')
      await world.runTest(id)
    } finally {
      world.idp.loginAs(null)
    }
    expect((await setPolicy(id, { enforcement: 'enforced' })).body).toMatchObject({
      policy: { enforcement: 'enforced', allowed_email_domains: ['elsewhere.example'] },
    })
  })

  test('settings whose tester the policy refuses are not enabled while it is enforced', async () => {
    const id = organizations.next()
    const saved = await world.save(id, { policy: { allowed_email_domains: ['globex.example'] } })
    await world.runTest(id)
    const { fingerprint } = saved.body.candidate
    const enable = () => world.api('POST', `/organizations/${id}/oidc/enable`, { fingerprint })
    expect(await enable()).toMatchObject({ status: 409, body: { code: 'enforcement_would_lock_out' } })
    await setPolicy(id, { enforcement: 'optional' })
    expect(await enable()).toMatchObject({ status: 200, body: { status: 'enabled' } })
  })

  /** Optional, so that it may also refuse Ada, who tested. */
  const unrestricted = {
    enforcement: 'optional',
    allowed_email_domains: [],
    role_mapping: null,
    default_role: 'read',
  }
})
