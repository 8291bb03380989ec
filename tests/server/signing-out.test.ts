/** Signing out: here, at the provider, and what may bring the browser back. */
import type { Store } from '@relying-party/core'
import type { Session } from '@relying-party/server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { createWorld, organizationIds, type World } from '../support/world.ts'

const organizations = organizationIds(60)
let world: World
let acme: string
let records: Store

beforeAll(async () => {
  world = await createWorld({ organizations: organizations.ids, wrapStore: (store) => (records = store) })
  acme = organizations.next()
  await world.enable(acme)
})
beforeEach(() => world.idp.requests.clear())
afterEach(() => {
  world.idp.clearFaults()
  world.idp.loginAs(null)
})
afterAll(() => world.close())

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

  test('where the provider has no logout, no ID Token is kept, and it is not asked', async () => {
    const id = organizations.next()
    world.idp.inject('discovery.end_session_endpoint_missing')
    await world.enable(id)
    const agent = new UserAgent()
    await world.login(id, agent)
    const rows = await records.list('sessions', { limit: 100 })
    const held = rows
      .map(({ value }) => value as unknown as Partial<Session>)
      .filter((one) => one.organization_id === id)
    expect(held.map(({ id_token }) => id_token)).toEqual([null])
    await logout(agent, undefined, id)
    expect(await world.session(agent, id)).toBeNull()
    expect(world.idp.requests.of('end_session')).toEqual([])
  })

  test('without a session: the page, and the provider is not asked', async () => {
    const agent = new UserAgent()
    const visit = await logout(agent)
    expect(visit.url.pathname).toBe(`/organizations/${acme}/oidc/logged-out`)
    expect(world.idp.requests.list()).toEqual([])
    expect((await agent.visit(visit.url)).status).toBe(200)
  })

  test.each(['https://evil.example/', 'http://localhost:1/', 'null'])(
    'from a page of %s: refused, the session stays (#241)',
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

  test('the page that offers it may lead where it leads: the logout need not be on the host of the issuer', async () => {
    const id = organizations.next()
    const elsewhere = await createWorld({
      organizations: [id],
      wrapOutbound: (outbound) => ({
        ...outbound,
        async request(asked, owner) {
          const answer = await outbound.request(asked, owner)
          if (asked.message !== 'provider_metadata' || !('response' in answer)) return answer
          const metadata = JSON.parse(answer.response.body) as object
          const body = JSON.stringify({ ...metadata, end_session_endpoint: 'https://logout.example/v1/logout' })
          return { response: { ...answer.response, body } }
        },
      }),
    })
    try {
      await elsewhere.enable(id)
      const agent = new UserAgent()
      await elsewhere.login(id, agent)
      const { headers } = await agent.visit(elsewhere.organization(id))
      const [formAction] = /form-action[^;]*/.exec(headers.get('content-security-policy')!)!
      const { url } = await agent.visit(`${elsewhere.organization(id)}/oidc/logout`, {
        method: 'POST',
        until: ({ host }) => host === 'logout.example',
      })
      expect([formAction, url.origin]).toEqual(["form-action 'self' https://logout.example", 'https://logout.example'])
    } finally {
      await elsewhere.close()
    }
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
