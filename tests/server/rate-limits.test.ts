/** Who asks too often is told to wait; neither one visitor nor all who are after one tenant take the server from others. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBuckets, defaultRateLimits, kindOf, networkOf } from '../../packages/server/src/rate-limits.ts'
import fc from '../support/property.ts'
import { adminToken, createWorld, organizationIds, type World } from '../support/world.ts'

describe('a bucket', () => {
  test('grants its number at once, then one after another as time passes', () => {
    const buckets = createBuckets(6)
    for (let taken = 0; taken < 6; taken++) expect(buckets.take('a', 1000)).toBe(0)
    expect(buckets.take('a', 1000)).toBeCloseTo(10)
    expect(buckets.take('b', 1000)).toBe(0)
    expect(buckets.take('a', 1009)).toBeCloseTo(1)
    expect(buckets.take('a', 1010)).toBe(0)
    expect(buckets.take('a', 1010)).toBeCloseTo(10)
    for (let taken = 0; taken < 6; taken++) expect(buckets.take('a', 2000)).toBe(0)
  })

  test('within any span of time grants at most its number and what flows in, and tells truly how long to wait', () => {
    const steps = fc.array(fc.record({ pause: fc.double({ min: 0, max: 30, noNaN: true }), times: fc.nat(20) }))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), steps, (per_minute, steps) => {
        const buckets = createBuckets(per_minute)
        const granted: number[] = []
        let now = 1e9
        for (const { pause, times } of steps) {
          now += pause
          for (let time = 0; time < times; time++) {
            const wait = buckets.take('a', now)
            if (wait === 0) granted.push(now)
            else {
              expect(wait).toBeLessThanOrEqual(60 / per_minute + 1e-3)
              now += wait
              expect(buckets.take('a', now)).toBe(0)
              granted.push(now)
            }
          }
        }
        for (const [index, from] of granted.entries()) {
          const allowed = per_minute + ((now - from) * per_minute) / 60
          expect(granted.length - index).toBeLessThanOrEqual(allowed + 1e-3)
        }
      }),
    )
  })

  test('a clock that was set back locks nobody out, and leaves nothing behind', () => {
    const buckets = createBuckets(1)
    expect(buckets.take('a', 10_000)).toBe(0)
    expect(buckets.take('a', 10)).toBe(0)
    expect(buckets.take('a', 10)).toBeCloseTo(60)
    expect(buckets.take('a', 70)).toBe(0)
    expect(buckets.take('b', 10_000)).toBe(0)
    expect(buckets.take('c', 10)).toBe(0)
    expect(buckets.size).toBe(1)
  })

  test('whatever keys come, their number is bounded, and is forgotten with time (#287, #291)', () => {
    const buckets = createBuckets(60, 100)
    for (let key = 0; key < 10_000; key++) {
      expect(buckets.take(`key ${key}`, 1000)).toBe(0)
      expect(buckets.size).toBeLessThanOrEqual(100)
    }
    expect(buckets.take('later', 1061)).toBe(0)
    expect(buckets.size).toBe(1)
  })

  test('without a limit remembers nobody', () => {
    const buckets = createBuckets(Infinity)
    for (let time = 0; time < 1000; time++) expect(buckets.take('a', 1000)).toBe(0)
    expect(buckets.size).toBe(0)
  })
})

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['not an address', 'not an address'],
])('%s counts as %s', (address, network) => expect(networkOf(address)).toBe(network))

const organizations = organizationIds(12)
const rate_limits = {
  login_per_address: 3,
  login_per_organization: 8,
  callback_per_address: 4,
  callback_per_organization: 6,
  logout_token_per_address: 2,
  logout_token_per_organization: 3,
  admin_per_address: 20,
  admin_per_organization: 30,
  admin_sign_in_per_address: 10,
}
let world: World
beforeAll(async () => {
  world = await createWorld({ organizations: organizations.ids, server: { rate_limits } })
})
afterAll(() => world.close())

let addresses = 0
const newAddress = () => `2001:db8:0:${(++addresses).toString(16)}::1`

/** An organization with SSO; the minute that it took is over. */
async function enabled(): Promise<string> {
  const id = organizations.next()
  await world.enable(id)
  later()
  return id
}
const later = (seconds = 60) => world.idp.clock.set((world.clock.now += seconds))

async function ask(method: 'GET' | 'POST', url: string, address: string, more: Record<string, unknown> = {}) {
  const answer = await world.app.inject({
    method,
    url,
    remoteAddress: address,
    headers: { accept: 'application/json', ...((more.headers as object | undefined) ?? {}) },
    ...('payload' in more && { payload: more.payload as string }),
  })
  const { code } = (/json/.test(String(answer.headers['content-type'])) ? answer.json() : {}) as { code?: string }
  return {
    status: answer.statusCode,
    code,
    retry_after: answer.headers['retry-after'],
    headers: answer.headers,
    body: answer.body,
  }
}
const statuses = async (times: number, one: () => Promise<{ status: number }>) => {
  const found: number[] = []
  for (let time = 0; time < times; time++) found.push((await one()).status)
  return found
}

describe('starting logins', () => {
  test('more than the limit from one address: 429 rate_limited with Retry-After, nothing is asked of anybody; later it goes on (#281)', async () => {
    const id = await enabled()
    const address = newAddress()
    const start = () => ask('GET', `/organizations/${id}/oidc/login`, address)
    expect(await statuses(3, start)).toEqual([302, 302, 302])
    world.idp.requests.clear()
    const refused = await start()
    expect(refused).toMatchObject({ status: 429, code: 'rate_limited', retry_after: '20' })
    expect(refused.headers['set-cookie']).toBeUndefined()
    expect(refused.headers['cache-control']).toBe('no-store')
    expect(world.idp.requests.list()).toEqual([])
    later(19)
    expect(await start()).toMatchObject({ status: 429, retry_after: '1' })
    later(1)
    expect(await statuses(2, start)).toEqual([302, 429])
  })

  test('a browser is shown a page', async () => {
    const id = await enabled()
    const address = newAddress()
    const start = () => ask('GET', `/organizations/${id}/oidc/login`, address, { headers: { accept: 'text/html' } })
    expect(await statuses(3, start)).toEqual([302, 302, 302])
    const refused = await start()
    expect([refused.status, refused.headers['content-type']]).toEqual([429, 'text/html; charset=utf-8'])
    expect(refused.body).toContain('data-code="rate_limited"')
  })

  test('login, initiate and test links share the limit of an address, across organizations', async () => {
    const [one, other] = [await enabled(), await enabled()]
    const address = newAddress()
    const link = new URL(await world.testUrl(other))
    later()
    expect((await ask('GET', `/organizations/${one}/oidc/login`, address)).status).toBe(302)
    expect((await ask('GET', link.pathname + link.search, address)).status).toBe(302)
    const initiate = () =>
      ask('GET', `/organizations/${one}/oidc/initiate?iss=${encodeURIComponent(world.idp.issuer)}`, address)
    expect(await statuses(2, initiate)).toEqual([302, 429])
    expect((await ask('GET', `/organizations/${other}/oidc/login`, address)).code).toBe('rate_limited')
  })

  test('one address of a network counts as all of it', async () => {
    const id = await enabled()
    const found = []
    for (let host = 1; host <= 4; host++)
      found.push((await ask('GET', `/organizations/${id}/oidc/login`, `2001:db8:f::${host}`)).status)
    expect(found).toEqual([302, 302, 302, 429])
  })

  test('many addresses after one organization: others are served, and whom the address stops takes no share of it', async () => {
    const [victim, other] = [await enabled(), await enabled()]
    const start = (id: string, address: string) => () => ask('GET', `/organizations/${id}/oidc/login`, address)
    const loud = newAddress()
    expect(await statuses(100, start(victim, loud))).toEqual([302, 302, 302, ...Array<number>(97).fill(429)])
    expect(await statuses(3, start(victim, newAddress()))).toEqual([302, 302, 302])
    expect(await statuses(3, start(victim, newAddress()))).toEqual([302, 302, 429])
    expect(await statuses(3, start(other, newAddress()))).toEqual([302, 302, 302])
  })
})

test('callbacks: beyond the limit no cookie is opened, nothing is read, nothing is written (#283)', async () => {
  const id = await enabled()
  const address = newAddress()
  const state = 'A'.repeat(43)
  const callback = () => ask('GET', `/organizations/${id}/oidc/consume?code=a&state=${state}`, address)
  expect(await statuses(4, callback)).toEqual([400, 400, 400, 400])
  const before = (await world.api('GET', `/organizations/${id}/attempts`)).body.attempts.length
  expect(await callback()).toMatchObject({ status: 429, code: 'rate_limited', retry_after: '15' })
  expect((await world.api('GET', `/organizations/${id}/attempts`)).body.attempts).toHaveLength(before)
})

test('logout tokens: 400, which is all that the protocol allows, with the code and Retry-After (#255)', async () => {
  const id = await enabled()
  const address = newAddress()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const deliver = (from: string) =>
    ask('POST', `/organizations/${id}/oidc/backchannel-logout`, from, { headers, payload: 'logout_token=a.b.c' })
  expect((await deliver(address)).code).toBe('logout_token_invalid')
  expect((await deliver(address)).code).toBe('logout_token_invalid')
  expect(await deliver(address)).toMatchObject({ status: 400, code: 'rate_limited', retry_after: '30' })
  expect((await deliver(newAddress())).code).toBe('logout_token_invalid')
  expect(await deliver(newAddress())).toMatchObject({ status: 400, code: 'rate_limited', retry_after: '20' })
})

test('signing in as administrator: ten tries a minute, then not even the right token; from elsewhere it does (#227)', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const signIn = (address: string, token: string) => () =>
    ask('POST', '/admin/sign-in', address, { headers, payload: `admin_token=${token}` })
  const address = newAddress()
  expect(await statuses(11, signIn(address, 'wrong'))).toEqual([...Array<number>(10).fill(401), 429])
  const refused = await signIn(address, adminToken)()
  expect([refused.status, refused.headers['set-cookie']]).toEqual([429, undefined])
  expect((await signIn(newAddress(), adminToken)()).status).toBe(303)
  later(6)
  expect((await signIn(address, adminToken)()).status).toBe(303)
})

test('the admin API and the settings page: before anybody is asked who it is', async () => {
  const id = await enabled()
  const address = newAddress()
  const headers = { authorization: 'Bearer wrong' }
  const guess = () => ask('GET', `/api/organizations/${id}/oidc`, address, { headers })
  expect(await statuses(21, guess)).toEqual([...Array<number>(20).fill(401), 429])
  expect((await ask('GET', `/organizations/${id}/settings/sso`, address)).code).toBe('rate_limited')
})

test('operators read it once a minute and count it; no limit names a person', async () => {
  const id = await enabled()
  const address = newAddress()
  const lines = () =>
    world.logs.filter((line) => line.includes('requests are refused') && line.includes('login_per_address'))
  const before = lines().length
  await statuses(50, () => ask('GET', `/organizations/${id}/oidc/login`, address))
  expect(lines().slice(before)).toHaveLength(1)
  later()
  const forwarded = { headers: { 'x-forwarded-for': '192.0.2.1' } }
  await statuses(50, () => ask('GET', `/organizations/${id}/oidc/login`, address, forwarded))
  expect(lines().slice(before)).toHaveLength(2)
  expect(lines().at(-1)).toContain('TRUST_PROXY')
  const metrics = (await ask('GET', '/metrics', address)).body
  expect(metrics).toMatch(/relying_party_rate_limited_total\{limit="login_per_address"\} [1-9]/)
  expect(metrics).not.toContain(address)
})

test('every route has a limit, or is one of those that need none', () => {
  const unlimited = world.routes.filter((route) => kindOf(route) === null).map(({ method, url }) => `${method} ${url}`)
  expect(unlimited.filter((route) => !route.startsWith('HEAD')).sort()).toEqual(
    [
      'GET /admin/sign-in',
      'POST /admin/sign-out',
      'GET /healthz',
      'GET /metrics',
      'GET /readyz',
      'GET /organizations/:id',
      'GET /organizations/:id/oidc/jwks',
      'GET /organizations/:id/oidc/logged-out',
      'POST /organizations/:id/oidc/logout',
      'GET /organizations/:id/session',
      'POST /organizations/:id/session/refresh',
      'GET /organizations/:id/verify',
      ...world.routes
        .filter(({ method, url }) => method === 'GET' && url.startsWith('/assets/'))
        .map(({ url }) => `GET ${url}`),
    ].sort(),
  )
})

test('the limits that hold by default are numbers per minute, of an organization no smaller than of an address', () => {
  for (const [name, number] of Object.entries(defaultRateLimits)) {
    expect(Number.isInteger(number) && number > 0, name).toBe(true)
    const organization =
      defaultRateLimits[name.replace('_per_address', '_per_organization') as keyof typeof defaultRateLimits]
    expect(organization ?? number).toBeGreaterThanOrEqual(number)
  }
})
