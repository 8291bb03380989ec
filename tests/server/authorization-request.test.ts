/** What the provider is asked, and the two ways in which it answers. */
import { describe, expect, test } from 'vitest'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { organizationIds, sharedWorld } from '../support/world.ts'

const organizations = organizationIds(60)
const world = await sharedWorld({ organizations: organizations.ids })
const acme = organizations.next()
await world.enable(acme)

const signIn = (id = acme, agent?: UserAgent) => world.signIn(id, agent)

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
