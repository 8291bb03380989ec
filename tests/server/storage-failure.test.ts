/** A store that fails or hangs never looks like an empty one, and costs nobody the sign-in that is under way. */
import { StoreUnavailable, type Collection, type Store } from '@relying-party/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createWorld, type World } from '../support/world.ts'
import { UserAgent } from '../support/user-agent.ts'

type Operation = keyof Omit<Store, 'close' | 'sweep'>

let world: World
/** How the store is broken now: which operations, on which records, and what they do instead. */
let broken:
  { operations?: readonly Operation[]; collections?: readonly Collection[]; as: () => Promise<never> } | undefined

const unavailable = () => Promise.reject(new StoreUnavailable('the database said: password=canary'))
/** What the port makes of silence: it rejects when its deadline has passed. */
const hanging = () => new Promise<never>((_, reject) => setTimeout(() => reject(new StoreUnavailable('no answer')), 50))
const crashing = () => Promise.reject(new TypeError('cannot read properties of canary'))

beforeAll(async () => {
  const wrapStore = (store: Store): Store => {
    const guarded = (operation: Operation) =>
      ((...args: never[]) => {
        const collection = args[0] as Collection | undefined
        const hit =
          broken !== undefined &&
          (broken.operations ?? [operation]).includes(operation) &&
          (broken.collections === undefined || collection === undefined || broken.collections.includes(collection))
        return hit ? broken!.as() : (store[operation] as (...args: never[]) => unknown)(...args)
      }) as never
    return {
      ...store,
      get: guarded('get'),
      putIfAbsent: guarded('putIfAbsent'),
      compareAndSet: guarded('compareAndSet'),
      delete: guarded('delete'),
      list: guarded('list'),
      ping: guarded('ping'),
    }
  }
  world = await createWorld({ wrapStore })
  await world.enable()
})
beforeEach(() => world.idp.requests.clear())
afterEach(() => void (broken = undefined))
afterAll(() => world.close())

const json = { accept: 'application/json' }
const routes: [string, string][] = [
  ['GET', '/organizations/acme/oidc/login'],
  ['GET', '/organizations/acme/oidc/consume?state=a&code=b'],
  ['POST', '/organizations/acme/oidc/consume'],
  ['GET', '/organizations/acme/oidc/initiate'],
  ['GET', '/organizations/acme/oidc/test?ticket=a'],
  ['POST', '/organizations/acme/oidc/logout'],
  ['GET', '/organizations/acme/oidc/logged-out'],
  ['GET', '/organizations/acme'],
  ['GET', '/organizations/acme/session'],
  ['GET', '/organizations/acme/verify'],
  ['GET', '/api/organizations'],
  ['GET', '/api/organizations/acme/oidc'],
  ['DELETE', '/api/organizations/acme/oidc'],
  ['POST', '/api/organizations/acme/oidc/test'],
  ['POST', '/api/organizations/acme/oidc/disable'],
  ['GET', '/api/organizations/acme/attempts'],
  ['GET', '/readyz'],
]

describe.each([
  ['fails', unavailable, 503, 'store_unavailable'],
  ['hangs', hanging, 503, 'store_unavailable'],
  ['crashes', crashing, 500, 'internal_error'],
])('a store that %s (#261, #263)', (_, as, status, code) => {
  test.each(routes)(`%s %s: ${status} ${code}, never "not enabled" or "not found"`, async (method, path) => {
    broken = { as }
    const authorization = `Bearer ${(await import('../support/world.ts')).adminToken}`
    const response = await fetch(world.base_url + path, {
      method,
      redirect: 'manual',
      headers: { ...json, authorization },
    })
    const readyz = path === '/readyz' ? [503, 'store_unavailable'] : [status, code]
    const text = await response.text()
    expect([response.status, (JSON.parse(text) as { code: string }).code]).toEqual(readyz)
    expect(text).not.toContain('canary')
    if (response.status === 503 && path !== '/readyz') expect(response.headers.get('retry-after')).toBe('5')
    expect(world.idp.requests.list()).toEqual([])
  })

  test('/healthz answers all the same', async () => {
    broken = { as }
    expect((await fetch(`${world.base_url}/healthz`)).status).toBe(200)
  })

  test('a browser gets a page', async () => {
    broken = { as }
    const response = await fetch(`${world.organization()}/oidc/login`, { headers: { accept: 'text/html' } })
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8'])
    expect(await response.text()).toContain(`data-code="${code}"`)
  })

  test('at the callback the flow is kept: the same response finishes it when the store is back (#262)', async () => {
    const agent = new UserAgent()
    const url = await world.callback('acme', agent)
    for (const collections of [undefined, ['connections'], ['claims']] as const) {
      broken = { as, ...(collections && { collections }) }
      const refused = await agent.visit(url, { headers: json })
      expect([refused.status, (JSON.parse(refused.body) as { code: string }).code]).toEqual([status, code])
      expect(world.idp.requests.of('token')).toEqual([])
    }
    broken = undefined
    await agent.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
    expect(await world.session(agent)).not.toBeNull()
  })

  test('no session begins when it cannot be written (#259)', async () => {
    const agent = new UserAgent()
    const url = await world.callback('acme', agent)
    broken = { as, collections: ['sessions'] }
    const refused = await agent.visit(url, { headers: json })
    expect(refused.status).toBe(status)
    expect([...agent.cookies.keys()].filter((name) => name.startsWith('rp_session'))).toEqual([])
  })

  test('a session that exists is not lost, and nobody is let in meanwhile', async () => {
    const agent = new UserAgent()
    await world.login('acme', agent)
    broken = { as, collections: ['sessions'] }
    expect((await agent.visit(`${world.organization()}/verify`)).status).toBe(status)
    broken = undefined
    expect((await agent.visit(`${world.organization()}/verify`)).status).toBe(200)
  })

  test('a save that cannot be written is refused, and the settings are as before', async () => {
    const { version } = await world.connection()
    broken = { as, operations: ['compareAndSet'] }
    expect(await world.save('acme', { scope: 'openid' })).toMatchObject({ status, body: { code } })
    broken = undefined
    expect((await world.connection()).version).toBe(version)
  })

  test('a test link is not used up while its claim cannot be written', async () => {
    const url = await world.testUrl()
    broken = { as, collections: ['claims'] }
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(status)
    broken = undefined
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(302)
  })

  test('signing in as administrator', async () => {
    broken = { as }
    const agent = await world.admin()
    expect([...agent.cookies.keys()]).toEqual([])
  })
})

test('a session that cannot be deleted is said not to be, and the browser keeps its cookie to try again', async () => {
  const agent = new UserAgent()
  await world.login('acme', agent)
  broken = { as: unavailable, operations: ['delete'] }
  const refused = await agent.visit(`${world.organization()}/oidc/logout`, { method: 'POST', headers: json })
  expect(refused.status).toBe(503)
  broken = undefined
  expect(await world.session(agent)).not.toBeNull()
})

test('the operator reads why, nobody else does', () => {
  expect(world.logs.join('')).toContain('the store is unavailable')
})

test('a secret that cannot be opened (its key is gone) is an error of ours, not "not enabled" (#229, #273)', async () => {
  const stored = { value: undefined as unknown }
  const wrapStore = (store: Store): Store => ({
    ...store,
    async get(collection, key) {
      const found = await store.get(collection, key)
      if (collection !== 'connections' || found === undefined || stored.value === undefined) return found
      const text = JSON.stringify(found.value).replace(/"sealed":"[^"]+"/g, '"sealed":"v1.AAAAAAAA.AAAA"')
      return { value: JSON.parse(text) as typeof found.value, version: `${found.version}-moved` }
    },
  })
  const moved = await createWorld({ wrapStore })
  try {
    await moved.enable()
    stored.value = true
    const response = await fetch(`${moved.organization()}/oidc/login`, { headers: json, redirect: 'manual' })
    expect([response.status, await response.json()]).toMatchObject([500, { code: 'internal_error' }])
    expect(moved.logs.join('')).toContain('SECRET_KEYS')
    expect((await moved.api('GET', '/organizations/acme/oidc')).body.status).toBe('enabled')
  } finally {
    await moved.close()
  }
})
