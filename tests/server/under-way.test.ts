/** What is done to a connection while a test, or a member, is at the provider. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { interruption } from '../support/interruption.ts'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { createWorld, organizationIds, type World } from '../support/world.ts'

const organizations = organizationIds(60)
const meanwhile = interruption()
let world: World

beforeAll(async () => {
  world = await createWorld({ organizations: organizations.ids, wrapOutbound: meanwhile.wrapOutbound })
})
beforeEach(() => world.idp.requests.clear())
afterEach(() => {
  world.idp.clearFaults()
  meanwhile.clear()
})
afterAll(() => world.close())

const enable = (id: string, fingerprint: unknown) =>
  world.api('POST', `/organizations/${id}/oidc/enable`, { fingerprint })
const disable = (id: string) => world.api('POST', `/organizations/${id}/oidc/disable`)
const remove = (id: string) => world.api('DELETE', `/organizations/${id}/oidc`)

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
    meanwhile.beforeTokenRequest(() => world.save(id, { scope: 'openid email' }))
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
    meanwhile.beforeTokenRequest(async () => {
      await remove(id)
      await world.save(id, { client_id: 'another' })
    })
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
    meanwhile.beforeTokenRequest(() => remove(id))
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
    expect(await world.canSignIn(id)).toBe(true)
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
    meanwhile.beforeTokenRequest(() => act(id))
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
