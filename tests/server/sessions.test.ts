/** Sessions of members: how long, whose, and what proxies and products learn of them. */
import { describe, expect, test } from 'vitest'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { createWorld, organizationIds, sharedWorld } from '../support/world.ts'

const organizations = organizationIds(60)
const world = await sharedWorld({ organizations: organizations.ids })
const acme = organizations.next()
await world.enable(acme)

const signIn = (id = acme, agent?: UserAgent) => world.signIn(id, agent)

describe('sessions', () => {
  test('last exactly as long as the policy says (#149, #236)', async () => {
    const id = organizations.next()
    await world.enable(id, { policy: { session_lifetime: 3600 } })
    const agent = new UserAgent()
    const response = await fetch(await world.callback(id, agent), {
      redirect: 'manual',
      headers: { cookie: agent.allCookies() },
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
