/** What administrators do and what providers say of people: on record, escaped, and never more than it should be worth. */
import type { Store } from '@relying-party/core'
import type { RelyingPartyOptions } from '@relying-party/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import {
  adminToken,
  clientId,
  clientSecret,
  createWorld,
  organizationIds,
  type Route,
  type World,
} from '../support/world.ts'

const organizations = organizationIds(6)
let world: World
beforeAll(async () => {
  world = await createWorld({ organizations: organizations.ids })
})
afterAll(() => world.close())

const records = () => world.logs.map((line) => JSON.parse(line) as Record<string, unknown>)
const isApi = (url: string) => url.startsWith('/api/')

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

test('a provider that is gone locks no administrator out: its organization can be pointed elsewhere, and disabled (#226)', async () => {
  const id = organizations.next()
  await world.enable(id)
  const enforced = await world.api('PUT', `/organizations/${id}/oidc/policy`, { enforcement: 'enforced' })
  expect(enforced).toMatchObject({ status: 200, body: { policy: { enforcement: 'enforced' } } })
  const gone = world.idp.inject('transport.reset', { issuer: 'org' })
  await expect(world.login(id)).rejects.toThrow('fetch failed')
  const admin = await world.admin()
  const page = await admin.visit(`${world.organization(id)}/settings/sso`)
  expect(page.body).toMatch(/id="status"[^>]*data-state="enabled"/)
  await world.enable(id, { issuer: world.idp.customIssuer })
  expect((await world.signIn(id)).issuer).toBe(world.idp.customIssuer)
  const disabled = await admin.submit(page, '/settings/sso/disable')
  expect([disabled.status, (await world.connection(id)).status]).toEqual([200, 'tested'])
  expect(await world.signIn(id)).toBe('sso_not_enabled')
  gone.remove()
})

test('the administrator of one organization neither reads nor changes another, by whatever route: 401, nothing is written (#222)', async () => {
  const written: string[] = []
  const wrapStore = (store: Store): Store => ({
    ...store,
    putIfAbsent: (...args) => (written.push(args[0]), store.putIfAbsent(...args)),
    compareAndSet: (...args) => (written.push(args[0]), store.compareAndSet(...args)),
    delete: (...args) => (written.push(args[0]), store.delete(...args)),
  })
  const authorizeAdmin: RelyingPartyOptions['authorizeAdmin'] = ({ headers }, organization_id) => {
    const isOperator = headers.authorization === `Bearer ${adminToken}`
    return isOperator || headers['x-user'] === `admin of ${organization_id}` ? { name: 'ada' } : null
  }
  const shared = await createWorld({ server: { authorizeAdmin }, wrapStore })
  const { issuer, customIssuer } = shared.idp
  const settings = { issuer: customIssuer, client_id: clientId, client_secret: clientSecret, userinfo: 'always' }
  const ask = async ({ method, url }: Route, as: string, id: string, fingerprint: string) => {
    const { attempt_id } = await shared.lastAttempt('acme')
    const path = url.replace(':id', id).replace(':attempt_id', String(attempt_id)).replace(':check_id', 'id_token_iss')
    const { body, headers } = isApi(url)
      ? { body: JSON.stringify({ ...settings, fingerprint }), headers: { 'content-type': 'application/json' } }
      : { body: new URLSearchParams({ ...settings, fingerprint, intent: 'save' }), headers: {} }
    return fetch(shared.base_url + path, {
      method,
      redirect: 'manual',
      headers: { accept: 'application/json', 'x-user': as, ...headers },
      ...(method !== 'GET' && { body }),
    })
  }
  try {
    await shared.enable('acme')
    const before = await shared.connection('acme')
    const routes = shared.routes.filter(
      ({ method, url }) => method !== 'HEAD' && url.includes(':id') && (isApi(url) || url.includes('/settings/')),
    )
    expect(routes.length).toBeGreaterThan(30)
    written.length = 0
    for (const route of routes) {
      const response = await ask(route, 'admin of globex', 'acme', before.live.fingerprint)
      const which = `${route.method} ${route.url}`
      expect([which, response.status, await response.json()]).toMatchObject([which, 401, { code: 'admin_required' }])
    }
    expect(written).toEqual([])
    expect(await shared.connection('acme')).toEqual(before)
    expect(await shared.signIn('acme')).toMatchObject({ issuer })

    // The very same request, where it is theirs to make.
    const own = await ask({ method: 'PUT', url: '/api/organizations/:id/oidc' }, 'admin of globex', 'globex', '')
    expect([own.status, (await shared.connection('globex')).candidate.issuer]).toEqual([200, customIssuer])
  } finally {
    await shared.close()
  }
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
