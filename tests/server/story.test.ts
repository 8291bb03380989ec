/** The seed's story on real parts: connect → test → enable → a member signs in. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientSecret, createWorld, type World } from '../support/world.ts'
import { UserAgent } from '../support/user-agent.ts'

let world: World
beforeAll(async () => void (world = await createWorld()))
afterAll(() => world.close())

test('an admin connects, tests and enables; a member signs in and out', async () => {
  const unknown = await fetch(`${world.organization()}/oidc/login`, { redirect: 'manual' })
  expect(unknown.status).toBe(404)

  const saved = await world.save()
  expect(saved.status).toBe(200)
  expect(saved.body).toMatchObject({
    organization_id: 'acme',
    status: 'draft',
    redirect_uri: `${world.organization()}/oidc/consume`,
  })
  const { fingerprint } = saved.body.candidate

  const early = await world.api('POST', '/organizations/acme/oidc/enable', { fingerprint })
  expect(early).toMatchObject({ status: 409, body: { code: 'not_tested' } })

  const tested = await world.runTest()
  expect(tested.url.pathname).toBe('/organizations/acme/settings/sso')
  const after = await world.api('GET', '/organizations/acme/oidc')
  expect(after.body).toMatchObject({ status: 'tested', candidate: { fingerprint, tested_at: expect.any(String) } })

  const enabled = await world.api('POST', '/organizations/acme/oidc/enable', { fingerprint })
  expect(enabled.body).toMatchObject({ status: 'enabled', live: { fingerprint } })
  expect(enabled.body.candidate).toBeUndefined()

  const member = new UserAgent()
  const arrived = await world.login('acme', member)
  expect(arrived.url.href).toBe(`${world.base_url}/welcome`)
  const session = await member.visit(`${world.organization()}/session`)
  expect(JSON.parse(session.body)).toMatchObject({
    organization_id: 'acme',
    issuer: world.idp.issuer,
    email: 'ada@acme.example',
    role: 'read',
  })

  const verified = await member.visit(`${world.organization()}/verify`)
  expect(verified.headers.get('x-auth-request-email')).toBe('ada@acme.example')

  const out = await member.visit(`${world.organization()}/oidc/logout`, { method: 'POST' })
  expect(out.via.map(({ pathname }) => pathname)).toContain('/oauth2/v1/logout')
  expect(out.url.pathname).toBe('/organizations/acme/oidc/logged-out')
  const gone = await member.visit(`${world.organization()}/session`, { headers: { accept: 'application/json' } })
  expect([gone.status, JSON.parse(gone.body).code]).toEqual([401, 'login_required'])

  expect(world.logs.join('')).not.toContain(clientSecret)
})
