/** A test link: once, for ten minutes, for these settings of this organization. */
import { describe, expect, test } from 'vitest'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { organizationIds, sharedWorld } from '../support/world.ts'

const organizations = organizationIds(60)
const world = await sharedWorld({ organizations: organizations.ids })

const remove = (id: string) => world.api('DELETE', `/organizations/${id}/oidc`)
const discard = (id: string) => world.api('POST', `/organizations/${id}/oidc/discard`)

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
    ['altered', (ticket: string) => `${ticket.slice(0, -4)}${ticket.at(-4) === 'A' ? 'B' : 'A'}${ticket.slice(-3)}`],
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
