/** What administrators do and what providers say of people: on record, escaped, and never more than it should be worth. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import { adminToken, clientSecret, createWorld, organizationIds, type World } from '../support/world.ts'

const organizations = organizationIds(6)
let world: World
beforeAll(async () => {
  world = await createWorld({ organizations: organizations.ids })
})
afterAll(() => world.close())

const records = () => world.logs.map((line) => JSON.parse(line) as Record<string, unknown>)

test('the same subject at another issuer is another person: sessions of before are nobody’s (#208)', async () => {
  const id = organizations.next()
  await world.enable(id)
  const agent = new UserAgent()
  await world.login(id, agent)
  const before = await world.session(agent, id)
  await world.enable(id, { issuer: world.idp.customIssuer })
  expect(await world.session(agent, id)).toBeNull()
  await world.login(id, agent)
  const after = await world.session(agent, id)
  expect(after.issuer).not.toBe(before.issuer)
})

test('a provider that is gone locks no administrator out: its organization can be disabled and pointed elsewhere (#226)', async () => {
  const id = organizations.next()
  await world.enable(id)
  await world.api('PUT', `/organizations/${id}/oidc/policy`, { enforcement: 'enforced' })
  const fault = world.idp.inject('discovery.reset')
  const admin = await world.admin()
  expect((await admin.visit(`${world.organization(id)}/settings/sso`)).status).toBe(200)
  expect((await world.api('POST', `/organizations/${id}/oidc/disable`)).body.status).not.toBe('enabled')
  fault.remove()
})

test('every change is on record with who made it, what and which version; secrets are not (#233)', async () => {
  const id = organizations.next()
  const saved = await world.save(id)
  await world.enable(id)
  await world.api('PUT', `/organizations/${id}/oidc/policy`, { session_lifetime: 3600 })
  await world.api('POST', `/organizations/${id}/oidc/disable`)
  await world.api('DELETE', `/organizations/${id}/oidc`)
  const changes = records().filter((line) => line.msg === 'connection changed' && line.organization_id === id)
  const told = [
    ['saved', 'api'],
    ['test_begun', 'api'],
    ['test_passed', 'ada@acme.example'],
    ['enabled', 'api'],
    ['policy_set', 'api'],
    ['disabled', 'api'],
    ['deleted', 'api'],
  ]
  expect(changes.map(({ type, by }) => [type, by])).toEqual(told)
  expect(changes[0]!.version).toBe(saved.body.version)
  const { status, body } = await world.api('GET', `/organizations/${id}/audit`)
  expect(status).toBe(200)
  const events = body.events as { type: string; by: string }[]
  expect(events.map(({ type, by }) => [type, by]).reverse()).toEqual(told)
  expect(JSON.stringify(body)).not.toContain(clientSecret)
})

test('what strangers, tenants and providers say reaches the log as one line each, without control characters (#232)', async () => {
  const id = organizations.next()
  await world.enable(id)
  const hostile = 'a\r\n{"level":60,"msg":"forged"}\u001b[2J\u2028\u2029\u202e'
  const agent = new UserAgent()
  const url = await world.callback(id, agent)
  url.searchParams.delete('code')
  url.searchParams.set('error', 'access_denied')
  url.searchParams.set('error_description', hostile)
  await agent.visit(url)
  await fetch(
    `${world.organization(id)}/oidc/consume?state=${encodeURIComponent(hostile)}&code=${encodeURIComponent(hostile)}`,
  )
  await world.save(id, { issuer: `https://idp.example/${hostile}`, client_id: hostile })
  await fetch(`${world.base_url}/api/organizations/${encodeURIComponent(hostile)}/oidc`, {
    headers: { authorization: `Bearer ${adminToken}` },
  })
  for (const line of world.logs) {
    expect(line.endsWith('\n')).toBe(true)
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f\u2028\u2029\u202e]/)
  }
  expect(records().filter(({ msg }) => msg === 'forged')).toEqual([])
})
