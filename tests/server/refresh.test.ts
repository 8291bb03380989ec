/** Renewing a session at the provider: the same person by the same provider, or no session any more. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import { clientId, createWorld, sharedWorld } from '../support/world.ts'

const world = await sharedWorld({ client: { refresh_token_rotation: 'rotate' } })
await world.enable('acme', { scope: 'openid profile email offline_access' })

const member = async () => {
  const agent = new UserAgent()
  await world.login('acme', agent)
  return agent
}
const refresh = async (agent: UserAgent, id = 'acme') => {
  const headers = { accept: 'application/json' }
  const url = `${world.organization(id)}/session/refresh`
  const { status, body } = await agent.visit(url, { method: 'POST', headers })
  return { status, body: JSON.parse(body) as Record<string, unknown> }
}

test('the session lives on, and no longer than before', async () => {
  const agent = await member()
  const before = await world.session(agent)
  expect(await refresh(agent)).toEqual({ status: 200, body: before })
  expect(world.idp.requests.of('token').map(({ params }) => params.grant_type)).toEqual([
    'authorization_code',
    'refresh_token',
  ])
})

test('a nonce of the login is no fault, however often it is repeated (#58)', async () => {
  const agent = await member()
  const { nonce } = world.idp.requests.last('authorization')!.params
  world.idp.inject('id_token.nonce_mismatch', { value: nonce })
  expect((await refresh(agent)).status).toBe(200)
  expect((await refresh(agent)).status).toBe(200)
})

test.each([
  ['id_token.nonce_mismatch', 'id_token_nonce_mismatch'],
  ['id_token.sub_near_miss', 'id_token_sub_mismatch'],
  ['id_token.iss_mismatch', 'id_token_iss_mismatch'],
  ['id_token.aud_mismatch', 'id_token_aud_mismatch'],
  ['id_token.signature_invalid', 'id_token_signature_invalid'],
  ['token.invalid_grant', 'token_invalid_grant'],
])('%s: %s, and the session is over (#58)', async (fault, code) => {
  const agent = await member()
  world.idp.inject(fault)
  expect((await refresh(agent)).body.code).toBe(code)
  expect(await world.session(agent)).toBeNull()
})

test('UserInfo fails after the provider has rotated the refresh token: the session goes on with the new one', async () => {
  const agent = await member()
  const before = await world.session(agent)
  world.idp.inject('userinfo.http_503', { times: 1 })
  expect((await refresh(agent)).body.code).toBe('userinfo_http_error')
  expect(await world.session(agent)).toEqual(before)
  expect(await refresh(agent)).toEqual({ status: 200, body: before })
  const presented = world.idp.requests.of('token').flatMap(({ params }) => params.refresh_token ?? [])
  expect([presented.length, new Set(presented).size]).toEqual([2, 2])
})

test('a refresh that failed may be tried again at once', async () => {
  const agent = await member()
  const before = await world.session(agent)
  world.idp.inject('token.http_503', { times: 1 })
  expect((await refresh(agent)).body.code).toBe('token_http_error')
  world.idp.requests.clear()
  expect(await refresh(agent)).toEqual({ status: 200, body: before })
  expect(world.idp.requests.of('token')).toHaveLength(1)
})

test('the role of today: who was taken out of the group has it no more', async () => {
  const role_mapping = { claim: 'groups', rules: [{ value: 'Admins', role: 'admin' }] }
  const scope = 'openid profile email groups offline_access'
  await world.enable('globex', { scope })
  expect((await world.api('PUT', '/organizations/globex/oidc/policy', { role_mapping })).status).toBe(200)
  const agent = new UserAgent()
  await world.login('globex', agent)
  expect((await world.session(agent, 'globex'))!.role).toBe('admin')
  world.idp.inject('userinfo.groups_missing')
  expect(await refresh(agent, 'globex')).toMatchObject({ status: 200, body: { role: 'read' } })
  expect((await world.session(agent, 'globex'))!.role).toBe('read')
})

test('a Logout Token that comes while a refresh is under way ends the session all the same (#238)', async () => {
  let meanwhile = async (): Promise<void> => {}
  const letterbox = createServer((_, response) => response.end())
  await new Promise<void>((resolve) => letterbox.listen(0, '127.0.0.1', resolve))
  const { port } = letterbox.address() as AddressInfo
  const own = await createWorld({
    client: { backchannel_logout_uri: `http://127.0.0.1:${port}` },
    wrapOutbound: (outbound) => ({
      ...outbound,
      async request(request, options) {
        if (request.body?.includes('grant_type=refresh_token') === true) await meanwhile()
        return outbound.request(request, options)
      },
    }),
  })
  try {
    await own.enable('acme', { scope: 'openid profile email offline_access' })
    const agent = new UserAgent()
    await own.login('acme', agent)
    meanwhile = async () => {
      const { logout_token } = await own.idp.backchannelLogout({ client_id: clientId, user: 'ada@acme.example' })
      const body = new URLSearchParams({ logout_token })
      const posted = await fetch(`${own.organization('acme')}/oidc/backchannel-logout`, { method: 'POST', body })
      expect(posted.status).toBe(200)
      // What is renewed is younger than the Logout Token.
      own.idp.clock.advance(5)
      own.clock.now += 5
    }
    await agent.visit(`${own.organization('acme')}/session/refresh`, { method: 'POST' })
    expect(own.idp.requests.of('token').at(-1)!.response?.status).toBe(200)
    expect(await own.session(agent)).toBeNull()
  } finally {
    await own.close()
    letterbox.close()
  }
})
