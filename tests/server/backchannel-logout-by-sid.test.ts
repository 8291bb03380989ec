/** Back-Channel Logout by `sid`, delivered by the provider itself: that session, and no other one. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import { clientId, createWorld, type World } from '../support/world.ts'

describe('by sid, delivered by the provider itself', () => {
  let sids: World
  /** Passes on what the mock delivers, as the mock is told its address before the server has one. */
  const relay = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      const headers = { 'content-type': request.headers['content-type']! }
      void fetch(`${sids.organization()}/oidc/backchannel-logout`, { method: 'POST', headers, body }).then(
        async (answer) => response.writeHead(answer.status).end(await answer.text()),
      )
    })
  })
  const signIn = async (user: string, id = 'acme', agent = new UserAgent()) => {
    sids.idp.loginAs(user, { times: 1 })
    await sids.login(id, agent)
    const { id_token } = sids.idp.requests.last('token')!.response.body as { id_token: string }
    const claims = JSON.parse(Buffer.from(id_token.split('.')[1]!, 'base64url').toString()) as { sid: string }
    return { agent, id_token, sid: claims.sid, id }
  }
  const alive = (...members: Awaited<ReturnType<typeof signIn>>[]) =>
    Promise.all(members.map(async ({ agent, id }) => (await sids.session(agent, id)) !== null))
  const tell = (about: { user?: string; sid?: string }) => sids.idp.backchannelLogout({ client_id: clientId, ...about })

  beforeAll(async () => {
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    const { port } = relay.address() as AddressInfo
    sids = await createWorld({
      client: { backchannel_logout_uri: `http://127.0.0.1:${port}/`, backchannel_logout_session_required: true },
    })
    await sids.enable('acme')
    await sids.enable('globex')
  })
  beforeEach(() => {
    sids.clock.now += 5
    sids.idp.clock.set(sids.clock.now)
  })
  afterAll(async () => {
    relay.close()
    await sids.close()
  })

  test('sid alone: that session, and no other one of the same person', async () => {
    const [one, two] = [await signIn('ada@acme.example'), await signIn('ada@acme.example')]
    expect(one.sid).not.toBe(two.sid)
    expect((await tell({ sid: one.sid })).status).toBe(200)
    expect(await alive(one, two)).toEqual([false, true])
  })

  test('sid and sub: that session, and no other one of the same person', async () => {
    const [one, two] = [await signIn('ada@acme.example'), await signIn('ada@acme.example')]
    expect((await tell({ user: 'ada@acme.example', sid: two.sid })).status).toBe(200)
    expect(await alive(one, two)).toEqual([true, false])
  })

  test('sub alone: every session of that person, and of nobody else (#251)', async () => {
    const [one, two, grace] = [
      await signIn('ada@acme.example'),
      await signIn('ada@acme.example'),
      await signIn('grace@acme.example'),
    ]
    expect((await tell({ user: 'ada@acme.example' })).status).toBe(200)
    expect(await alive(one, two, grace)).toEqual([false, false, true])
  })

  test('another organization is untouched, also by the very sid of its session (#250)', async () => {
    const agent = new UserAgent()
    const [here, there] = [
      await signIn('ada@acme.example', 'acme', agent),
      await signIn('ada@acme.example', 'globex', agent),
    ]
    expect((await tell({ sid: there.sid })).status).toBe(200)
    expect((await tell({ user: 'ada@acme.example' })).status).toBe(200)
    expect(await alive(here, there)).toEqual([false, true])
  })

  test('a sid that nobody has: 200, and nobody is signed out', async () => {
    const one = await signIn('ada@acme.example')
    expect((await tell({ sid: `${one.sid}x` })).status).toBe(200)
    expect(
      (await tell({ sid: one.sid.toLowerCase() === one.sid ? one.sid.toUpperCase() : one.sid.toLowerCase() })).status,
    ).toBe(200)
    expect(await alive(one)).toEqual([true])
  })

  test('when the person signs out at the provider, the session ends here', async () => {
    const [one, two] = [await signIn('ada@acme.example'), await signIn('ada@acme.example')]
    sids.idp.requests.clear()
    const { end_session_endpoint } = (await (
      await fetch(`${sids.idp.issuer}/.well-known/openid-configuration`)
    ).json()) as { end_session_endpoint: string }
    const address = new URL(end_session_endpoint)
    address.searchParams.set('id_token_hint', one.id_token)
    await one.agent.visit(address, { until: ({ pathname }) => pathname.startsWith('/login') })
    const [delivered, ...more] = sids.idp.requests.of('backchannel_logout')
    expect([delivered?.response.status, more]).toEqual([200, []])
    expect(await alive(one, two)).toEqual([false, true])
  })

  test('a token by sid that arrives before the callback ends the session that the callback makes; a later login lives', async () => {
    const agent = new UserAgent()
    const first = await signIn('ada@acme.example', 'acme', agent)
    // The same session of the provider: the second login carries the same sid, and its code waits while the token comes.
    const callback = await sids.callback('acme', agent)
    expect((await tell({ sid: first.sid })).status).toBe(200)
    await agent.visit(callback, { until: ({ pathname }) => pathname === '/welcome' })
    expect(await alive(first)).toEqual([false])
    sids.clock.now += 5
    sids.idp.clock.set(sids.clock.now)
    expect(await alive(await signIn('ada@acme.example'))).toEqual([true])
  })
})
