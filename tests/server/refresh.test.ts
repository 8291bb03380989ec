/** Renewing a session at the provider: the same person by the same provider, or no session any more. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
  await world.enable('acme', { scope: 'openid profile email offline_access' })
})
beforeEach(() => world.idp.requests.clear())
afterEach(() => world.idp.clearFaults())
afterAll(() => world.close())

const member = async () => {
  const agent = new UserAgent()
  await world.login('acme', agent)
  return agent
}
const refresh = async (agent: UserAgent) => {
  const headers = { accept: 'application/json' }
  const url = `${world.organization('acme')}/session/refresh`
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
