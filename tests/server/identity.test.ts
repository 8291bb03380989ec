/** Who somebody is: UserInfo, roles, policy, client authentication, sessions, forward authentication, signing out. */
import type { ClientOptions } from '@relying-party/mock-idp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { clientSecret, createWorld, organizationIds, type World } from '../support/world.ts'
import { UserAgent, type Visit } from '../support/user-agent.ts'

const organizations = organizationIds(60)
let world: World
let acme: string

beforeAll(async () => {
  world = await createWorld({ organizations: organizations.ids })
  acme = organizations.next()
  await world.enable(acme)
})
beforeEach(() => world.idp.requests.clear())
afterEach(() => {
  world.idp.clearFaults()
  world.idp.loginAs(null)
})
afterAll(() => world.close())

const codeOf = ({ body }: Visit) => /data-code="([a-z_]+)"/.exec(body)?.[1]
const setPolicy = (id: string, policy: unknown) => world.api('PUT', `/organizations/${id}/oidc/policy`, policy)

/** Signs in and returns the session, or the code of the refusal. */
async function signIn(id = acme, agent = new UserAgent()) {
  const visit = await world.login(id, agent)
  return (await world.session(agent, id)) ?? codeOf(visit)
}

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

describe('client authentication', () => {
  const punctuation = '%+:/=?&#@ ~"\\\'<>{}|^`$!*(),;[]é'.replace('é', '')
  const client = (id: string, options: Partial<ClientOptions>): ClientOptions => {
    const { redirect_uris } = world.idp.clients[0]!
    const added = { client_id: `client-${id}`, client_secret: clientSecret, redirect_uris, ...options } as ClientOptions
    world.idp.addClient(added)
    return added
  }

  test.each<[string, Partial<ClientOptions>, string | null, string]>([
    ['chosen from the metadata: basic first', {}, null, 'client_secret_basic'],
    [
      'strictly basic',
      { token_endpoint_auth_method: 'client_secret_basic', strict_auth_method: true },
      null,
      'client_secret_basic',
    ],
    [
      'strictly post',
      { token_endpoint_auth_method: 'client_secret_post', strict_auth_method: true },
      'client_secret_post',
      'client_secret_post',
    ],
    ['basic, explicitly', { strict_auth_method: true }, 'client_secret_basic', 'client_secret_basic'],
    ['basic with a secret of punctuation', { client_secret: punctuation }, null, 'client_secret_basic'],
    ['post with a secret of punctuation', { client_secret: punctuation }, 'client_secret_post', 'client_secret_post'],
    [
      'basic with an id and a secret of punctuation',
      { client_id: `id ${punctuation}`, client_secret: punctuation },
      null,
      'client_secret_basic',
    ],
    ['post with an id of punctuation', { client_id: `id2 ${punctuation}` }, 'client_secret_post', 'client_secret_post'],
    [
      'basic at a provider that does not decode',
      { basic_decoding: 'raw', client_secret: 'aZ09-._aZ09' },
      null,
      'client_secret_basic',
    ],
    ['none: a public client with PKCE', { token_endpoint_auth_method: 'none' }, 'none', 'none'],
  ])('%s', async (_, options, method, seen) => {
    const id = organizations.next()
    const { client_secret, ...registered } = client(id, options)
    const public_ = options.token_endpoint_auth_method === 'none'
    await world.enable(id, {
      client_id: registered.client_id,
      client_secret: public_ ? undefined : client_secret,
      ...(method !== null && { token_endpoint_auth_method: method }),
    })
    world.idp.requests.clear()
    expect((await signIn(id)).email).toBe('ada@acme.example')
    const [request, ...more] = world.idp.requests.of('token')
    expect([request!.client_authentication, request!.client_id, more]).toEqual([seen, registered.client_id, []])
    expect(request!.params.code_verifier).toMatch(/^[A-Za-z0-9_-]{43}$/)
    if (public_) expect([request!.headers.authorization, request!.params.client_secret]).toEqual([undefined, undefined])
  })

  test('basic where the provider insists on post: token_invalid_client, mended by the override (#143, #154)', async () => {
    const id = organizations.next()
    const { client_id } = client(id, { token_endpoint_auth_method: 'client_secret_post', strict_auth_method: true })
    await world.save(id, { client_id })
    await world.runTest(id)
    expect((await world.connection(id)).candidate.last_test.failure.code).toBe('token_invalid_client')
    await world.enable(id, { client_id, token_endpoint_auth_method: 'client_secret_post' })
    expect((await signIn(id)).email).toBe('ada@acme.example')
  })

  test('a method that nobody knows at the provider: discovery_unsupported before anything is sent (#125)', async () => {
    const id = organizations.next()
    world.idp.inject('discovery.auth_methods_unknown')
    await world.save(id)
    await world.runTest(id)
    expect((await world.connection(id)).candidate.last_test.failure.code).toBe('discovery_unsupported')
    expect(world.idp.requests.of('token')).toEqual([])
  })
})

describe('the authorization request', () => {
  test('carries state, nonce and an S256 challenge, never twice the same (#20, #21)', async () => {
    const seen = new Set<string>()
    for (let n = 0; n < 5; n++) {
      await signIn()
      const { params } = world.idp.requests.of('authorization')[0]!
      expect(params).toMatchObject({
        response_type: 'code',
        code_challenge_method: 'S256',
        redirect_uri: `${world.organization(acme)}/oidc/consume`,
      })
      for (const name of ['state', 'nonce', 'code_challenge']) {
        expect(params[name]).toMatch(/^[A-Za-z0-9_-]{43}$/)
        expect(seen.has(params[name]!)).toBe(false)
        seen.add(params[name]!)
      }
      world.idp.requests.clear()
    }
  })

  test('of what a visitor adds only login_hint and a known prompt reach the provider (#18, #22)', async () => {
    const extra =
      '?login_hint=ada%40acme.example&scope=admin&client_id=x&redirect_uri=https://evil.example&state=s&prompt=none&nonce=n&max_age=1'
    await world.callback(acme, new UserAgent(), extra)
    const { params } = world.idp.requests.of('authorization')[0]!
    expect(params).toMatchObject({
      login_hint: 'ada@acme.example',
      scope: 'openid profile email',
      redirect_uri: `${world.organization(acme)}/oidc/consume`,
    })
    expect([params.prompt, params.max_age]).toEqual(['none', undefined])
    expect([params.state === 's', params.nonce === 'n']).toEqual([false, false])
  })

  test('a login_hint of 10 KiB is dropped (#18)', async () => {
    await world.callback(acme, new UserAgent(), `?login_hint=${'a'.repeat(10_000)}`)
    expect(world.idp.requests.of('authorization')[0]!.params.login_hint).toBeUndefined()
  })

  test('a Host header does not choose the redirect URI (#190)', async () => {
    const answer = await world.app.inject({
      url: `/organizations/${acme}/oidc/login`,
      headers: {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example',
      },
    })
    expect(new URL(answer.headers.location!).searchParams.get('redirect_uri')).toBe(
      `${world.organization(acme)}/oidc/consume`,
    )
  })
})

describe('form_post', () => {
  test('the provider posts the response, the session begins; posted again, it leads to the member page (#179)', async () => {
    const id = organizations.next()
    await world.save(id, { response_mode: 'form_post' })
    const admin = new UserAgent()
    const test = await admin.visit(await world.testUrl(id))
    await admin.submit(test, '/oidc/consume', {}, { until: ({ pathname }) => pathname.endsWith('/settings/sso') })
    const { candidate } = await world.connection(id)
    expect(candidate.status).toBe('tested')
    await world.api('POST', `/organizations/${id}/oidc/enable`, { fingerprint: candidate.fingerprint })

    const member = new UserAgent()
    const page = await member.visit(`${world.organization(id)}/oidc/login?return_to=/welcome`)
    const arrived = await member.submit(page, '/oidc/consume', {}, { until: ({ pathname }) => pathname === '/welcome' })
    expect(arrived.url.pathname).toBe('/welcome')
    expect((await world.session(member, id)).email).toBe('ada@acme.example')

    world.idp.requests.clear()
    const again = await member.submit(page, '/oidc/consume')
    expect([again.via[1]!.href, again.status]).toEqual([world.organization(id), 200])
    expect(codeOf(await new UserAgent().submit(page, '/oidc/consume'))).toBe('flow_not_found')
    expect(world.idp.requests.of('token')).toEqual([])
  })

  test('an answer in the query although a post was asked for: refused without a token request (#15)', async () => {
    const id = organizations.next()
    await world.enable(id)
    await world.save(id, { response_mode: 'form_post' })
    const agent = new UserAgent()
    const page = await agent.visit(await world.testUrl(id))
    world.idp.requests.clear()
    const [, code] = /name="code" value="([^"]+)"/.exec(page.body)!
    const [, state] = /name="state" value="([^"]+)"/.exec(page.body)!
    await agent.visit(`${world.organization(id)}/oidc/consume?code=${code}&state=${state}`, {
      until: ({ pathname }) => pathname.endsWith('/settings/sso'),
    })
    expect((await world.connection(id)).candidate.last_test.failure.code).toBe('authorization_response_mode_mismatch')
    expect(world.idp.requests.of('token')).toEqual([])
  })
})

describe('sessions', () => {
  test('last exactly as long as the policy says (#149, #236)', async () => {
    const id = organizations.next()
    await world.enable(id, { policy: { session_lifetime: 3600 } })
    const agent = new UserAgent()
    const response = await fetch(await world.callback(id, agent), {
      redirect: 'manual',
      headers: { cookie: cookies(agent) },
    })
    const line = response.headers.getSetCookie().find((text) => text.startsWith(`rp_session_${id}=`))!
    expect(line).toMatch(/Max-Age=3600(;|$)/)
    agent.cookies.set(`rp_session_${id}|localhost|/`, {
      value: line.split(/[=;]/)[1]!,
      host: 'localhost',
      path: '/',
      same_site: 'Lax',
      secure: false,
    })
    const { authenticated_at, expires_at } = await world.session(agent, id)
    expect(Date.parse(expires_at) - Date.parse(authenticated_at)).toBe(3_600_000)

    const began = world.clock.now
    world.clock.now = began + 3599
    expect(await world.session(agent, id)).not.toBeNull()
    world.clock.now = began + 3600
    expect(await world.session(agent, id)).toBeNull()
    expect((await agent.visit(`${world.organization(id)}/verify`)).status).toBe(401)
    world.clock.now = began
  })

  test('are of seven days by default', async () => {
    const { authenticated_at, expires_at } = await signIn()
    expect(Date.parse(expires_at) - Date.parse(authenticated_at)).toBe(7 * 86_400_000)
  })

  test('a new sign-in ends the session of before: an id that was planted is worth nothing (#169)', async () => {
    const agent = new UserAgent()
    await world.login(acme, agent)
    const before = agent.copy()
    await world.login(acme, agent)
    expect(await world.session(agent, acme)).not.toBeNull()
    expect(await world.session(before, acme)).toBeNull()
  })

  test('of one organization open nothing of another (#195)', async () => {
    const id = organizations.next()
    await world.enable(id)
    const agent = new UserAgent()
    await world.login(acme, agent)
    const [, cookie] = [...agent.cookies].find(([name]) => name.startsWith('rp_session'))!
    agent.cookies.set(`rp_session_${id}|localhost|/`, cookie)
    expect(await world.session(agent, id)).toBeNull()
  })

  test.each(['', 'a', 'A'.repeat(43), 'A'.repeat(5000), '..', '%00'])(
    'an id that nobody was given opens nothing: %s',
    async (value) => {
      const response = await fetch(`${world.organization(acme)}/session`, {
        headers: { cookie: `rp_session_${acme}=${value}` },
      })
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([401, 'login_required'])
    },
  )

  test('401 names the login URL; the member page leads there', async () => {
    const response = await fetch(`${world.organization(acme)}/session`)
    expect(await response.json()).toMatchObject({
      code: 'login_required',
      login_url: `${world.organization(acme)}/oidc/login`,
    })
    const page = await fetch(world.organization(acme), { redirect: 'manual' })
    expect([page.status, page.headers.get('location')]).toEqual([302, `${world.organization(acme)}/oidc/login`])
  })

  test('claims about the token are no claims about the person', async () => {
    const { claims } = await signIn()
    for (const name of ['nonce', 'at_hash', 'aud', 'iss', 'exp', 'iat', 'jti']) expect(claims).not.toHaveProperty(name)
  })

  test('onAuthenticated sees the login and may set a cookie; its failure ends the login', async () => {
    let fails = false
    const seen: string[] = []
    const embedded = await createWorld({
      server: {
        onAuthenticated: ({ identity }, session, reply) => {
          if (fails) throw new Error('the product is down')
          seen.push(`${identity.subject} ${session.email}`)
          void reply.header('set-cookie', 'product=1; Path=/')
        },
      },
    })
    try {
      await embedded.enable()
      expect(seen).toEqual([])
      const agent = new UserAgent()
      await embedded.login('acme', agent)
      expect(seen).toHaveLength(1)
      expect([...agent.cookies.keys()].some((name) => name.startsWith('product|'))).toBe(true)
      fails = true
      const refused = await embedded.login()
      expect([refused.status, codeOf(refused)]).toEqual([500, 'internal_error'])
    } finally {
      await embedded.close()
    }
  })
})

describe('verify', () => {
  const verify = async (agent: UserAgent, id = acme) => (await agent.visit(`${world.organization(id)}/verify`)).headers

  test('names organization, user, issuer, role and the verified e-mail', async () => {
    const agent = new UserAgent()
    const { subject } = await signIn(acme, agent)
    const headers = await verify(agent)
    expect(Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-auth-request')))).toEqual({
      'x-auth-request-organization': acme,
      'x-auth-request-user': subject,
      'x-auth-request-issuer': world.idp.issuer,
      'x-auth-request-role': 'read',
      'x-auth-request-email': 'ada@acme.example',
    })
  })

  test.each(['userinfo.email_unverified', 'userinfo.email_verified_as_text', 'userinfo.email_missing'])(
    '%s: no e-mail header',
    async (fault) => {
      world.idp.inject(fault)
      const agent = new UserAgent()
      expect(typeof (await signIn(acme, agent))).toBe('object')
      expect((await verify(agent)).get('x-auth-request-email')).toBeNull()
    },
  )

  test('a claim that a header cannot carry arrives encoded', async () => {
    world.idp.addUser({ login: 'jo\u00e3o@acme.example', email: 'jo\u00e3o@acme.example' })
    world.idp.loginAs('jo\u00e3o@acme.example')
    const agent = new UserAgent()
    await signIn(acme, agent)
    expect((await verify(agent)).get('x-auth-request-email')).toBe('jo%C3%A3o%40acme.example')
  })
})

describe('signing out', () => {
  const logout = (agent: UserAgent, from?: string, id = acme) =>
    agent.visit(`${world.organization(id)}/oidc/logout`, {
      method: 'POST',
      ...(from !== undefined && { from }),
      until: ({ pathname }) => pathname.endsWith('/logged-out'),
    })

  test('ends the session here and, with the ID Token as hint, at the provider (#237)', async () => {
    const agent = new UserAgent()
    await world.login(acme, agent)
    const thief = agent.copy()
    const { id_token } = world.idp.requests.last('token')!.response.body as { id_token: string }
    const visit = await logout(agent)
    expect(visit.url.origin + visit.url.pathname).toBe(`${world.organization(acme)}/oidc/logged-out`)
    const [ended, ...more] = world.idp.requests.of('end_session')
    expect([ended!.response.status, more]).toEqual([302, []])
    expect(ended!.params).toMatchObject({
      id_token_hint: id_token,
      post_logout_redirect_uri: `${world.organization(acme)}/oidc/logged-out`,
    })
    expect(await world.session(agent, acme)).toBeNull()
    expect(await world.session(thief, acme)).toBeNull()
  })

  test('without a session: the page, and the provider is not asked', async () => {
    const agent = new UserAgent()
    const visit = await logout(agent)
    expect(visit.url.pathname).toBe(`/organizations/${acme}/oidc/logged-out`)
    expect(world.idp.requests.list()).toEqual([])
    expect((await agent.visit(visit.url)).status).toBe(200)
  })

  test.each(['https://evil.example/', 'http://localhost:1/', 'null'])(
    'from a page of %s: refused, the session stays',
    async (from) => {
      const agent = new UserAgent()
      await world.login(acme, agent)
      const headers = from === 'null' ? { origin: 'null' } : {}
      const visit = await agent.visit(`${world.organization(acme)}/oidc/logout`, {
        method: 'POST',
        headers,
        ...(from !== 'null' && { from }),
      })
      expect([visit.status, codeOf(visit)]).toEqual([403, 'csrf_refused'])
      expect(await world.session(agent, acme)).not.toBeNull()
      expect(world.idp.requests.of('end_session')).toEqual([])
    },
  )

  test('from our own page: accepted', async () => {
    const agent = new UserAgent()
    await world.login(acme, agent)
    await logout(agent, world.organization(acme))
    expect(await world.session(agent, acme)).toBeNull()
  })

  test('GET does not sign out (#241)', async () => {
    const agent = new UserAgent()
    await world.login(acme, agent)
    expect((await agent.visit(`${world.organization(acme)}/oidc/logout`)).status).toBe(404)
    expect(await world.session(agent, acme)).not.toBeNull()
  })

  test('while the provider is down: here all the same', async () => {
    const id = organizations.next()
    await world.enable(id)
    const agent = new UserAgent()
    await world.login(id, agent)
    world.idp.inject('discovery.http_503')
    await logout(agent, undefined, id)
    expect(await world.session(agent, id)).toBeNull()
  })
})

const cookies = (agent: UserAgent) =>
  [...agent.cookies].map(([key, { value }]) => `${key.split('|')[0]}=${value}`).join('; ')
