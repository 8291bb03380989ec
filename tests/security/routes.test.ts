/** Every route with every method, asked by nobody in particular: what each answer carries, and that none gives anything away. */
import type { Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorld, type Route, type World } from '../support/world.ts'

let world: World
let written: string[] = []
beforeAll(async () => {
  const wrapStore = (store: Store): Store => ({
    ...store,
    putIfAbsent: (...args) => (written.push(args[0]), store.putIfAbsent(...args)),
    compareAndSet: (...args) => (written.push(args[0]), store.compareAndSet(...args)),
    delete: (...args) => (written.push(args[0]), store.delete(...args)),
  })
  world = await createWorld({ wrapStore })
  await world.enable()
})
afterAll(() => world.close())

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
// What operators ask belongs to the application around the plugin, as its headers do.
const ofOperators = ['/healthz', '/readyz', '/metrics']
const urls = () => [...new Set(world.routes.map(({ url }) => url))].filter((url) => !ofOperators.includes(url))
const concrete = (url: string) => url.replace(':id', 'acme').replace(':attempt_id', 'a')
const isAdministration = (url: string) => /^\/api\/|\/settings\//.test(url)
const registered = (method: string, url: string) =>
  world.routes.some((route: Route) => route.method === method && route.url === url)
const ask = (method: (typeof methods)[number], url: string, headers: Record<string, string> = {}) =>
  world.app.inject({ method, url: concrete(url), headers })

describe.each([
  ['by a program', { accept: 'application/json' }],
  ['by a browser', { accept: 'text/html', 'sec-fetch-site': 'none' }],
  ['by another site', { accept: 'text/html', 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
])('asked %s', (_, headers) => {
  test('every answer of a route carries the security headers; only files that never change may be kept (#188, #189)', async () => {
    expect(urls().length).toBeGreaterThan(30)
    for (const url of urls()) {
      for (const method of methods) {
        if (!registered(method, url)) continue
        const { headers: got, statusCode } = await ask(method, url, headers)
        const which = `${method} ${url}`
        expect([which, statusCode < 500]).toEqual([which, true])
        expect([which, got['cache-control']]).toEqual([
          which,
          url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-store',
        ])
        expect([which, got['x-content-type-options'], got['referrer-policy']]).toEqual([
          which,
          'nosniff',
          'same-origin',
        ])
        expect([which, String(got['content-security-policy'])]).toEqual([
          which,
          expect.stringContaining("frame-ancestors 'none'"),
        ])
        expect([which, got['access-control-allow-origin']]).toEqual([which, undefined])
      }
    }
  })

  test('no route of administration answers, whatever the method, and nothing is written (#222, #224)', async () => {
    written = []
    const administration = urls().filter(isAdministration)
    expect(administration.length).toBeGreaterThan(12)
    for (const url of administration) {
      for (const method of methods) {
        const { statusCode, headers: got } = await ask(method, url, headers)
        const refused = !registered(method, url) ? [404] : url.startsWith('/api/') ? [401] : [303]
        expect([`${method} ${url}`, refused]).toEqual([`${method} ${url}`, expect.arrayContaining([statusCode])])
        expect(got['set-cookie']).toBeUndefined()
      }
    }
    expect(written).toEqual([])
  })

  test('what is posted to us leads on with 303, never with a redirect that repeats the form (#186)', async () => {
    for (const { method, url } of world.routes.filter((route) => route.method === 'POST')) {
      const { statusCode } = await ask(method as 'POST', url, headers)
      if (statusCode >= 300 && statusCode < 400) expect([url, statusCode]).toEqual([url, 303])
    }
    const { issuer } = world.idp
    const initiate = await world.app.inject({
      method: 'POST',
      url: '/organizations/acme/oidc/initiate',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ iss: issuer, login_hint: 'ada@acme.example' }).toString(),
    })
    expect([initiate.statusCode, new URL(initiate.headers.location!).origin]).toEqual([303, new URL(issuer).origin])
  })
})

test('another site that starts a login makes a flow of its own in the browser, and nothing else (#168)', async () => {
  const before = await world.admin()
  written = []
  const { statusCode, headers } = await ask('GET', '/organizations/:id/oidc/login', {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-dest': 'image',
    referer: 'https://evil.example/',
    cookie: `rp_session_acme=${'A'.repeat(43)}`,
  })
  expect(statusCode).toBe(302)
  const cookies = [headers['set-cookie']].flat()
  expect(cookies).toEqual([expect.stringMatching(/^rp_flow_[^=]+=[^;]+; Path=\/; .*SameSite=Lax/)])
  expect(written).toEqual([])
  expect((await before.visit(`${world.organization()}/settings/sso`)).status).toBe(200)
})
