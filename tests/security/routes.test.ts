/** Every route with every method, asked by nobody in particular: what each answer carries, and that none gives anything away. */
import type { Store } from '@relying-party/core'
import { readConfig, startServer, type RunningServer } from '@relying-party/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorld, type Route, type World } from '../support/world.ts'
import { routesOf } from './server-routes.ts'

let world: World
let server: RunningServer
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
  server = await startServer(readConfig({ PORT: '0', STORE_URL: 'memory:', LOG_LEVEL: 'silent', RATE_LIMITS: 'off' }))
})
afterAll(async () => {
  await world.close()
  await server.close()
})

/** What anybody may ask; every other route, whatever it is called, is for administrators alone. */
const ofMembers = [
  'GET /organizations/:id',
  'GET /organizations/:id/oidc/login',
  'GET /organizations/:id/oidc/initiate',
  'POST /organizations/:id/oidc/initiate',
  'GET /organizations/:id/oidc/test',
  'GET /organizations/:id/oidc/consume',
  'POST /organizations/:id/oidc/consume',
  'POST /organizations/:id/oidc/logout',
  'GET /organizations/:id/oidc/logged-out',
  'GET /organizations/:id/session',
  'POST /organizations/:id/session/refresh',
  'GET /organizations/:id/verify',
]
const ofProviders = ['GET /organizations/:id/oidc/jwks', 'POST /organizations/:id/oidc/backchannel-logout']
const signingIn = ['GET /admin/sign-in', 'POST /admin/sign-in', 'POST /admin/sign-out']
/** Their names are digests of what is in them. */
const assets = ['GET /assets/:digest.css', 'GET /assets/:digest.js']
const ofOperators = ['GET /healthz', 'GET /readyz', 'GET /metrics']
/** Of the runnable server; the files of Swagger UI are the same for everybody, and a browser asks each time whether they still are. */
const documentation = [
  'GET /',
  'GET /openapi.json',
  'GET /docs',
  'GET /docs/',
  'GET /docs/json',
  'GET /docs/yaml',
  'GET /docs/static/index.html',
  'GET /docs/static/swagger-initializer.js',
]
const filesOfSwagger = 'GET /docs/*'
const open = [...ofMembers, ...ofProviders, ...signingIn, ...assets, ...ofOperators, ...documentation, filesOfSwagger]

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
/** By the name that the lists use: HEAD is where GET is. */
const nameOf = ({ method, url }: Route) =>
  `${method === 'HEAD' ? 'GET' : method} ${url.replace(/^\/assets\/[\w-]{16}\./, '/assets/:digest.')}`
const concrete = (url: string) =>
  url
    .replace(':id', 'acme')
    .replace(':attempt_id', 'a')
    .replace(':check_id', 'id_token_iss')
    .replace('/docs/*', '/docs/static/swagger-ui.css')
type Host = Pick<RunningServer, 'app'>
const ask = (method: string, url: string, headers: Record<string, string> = {}, { app }: Host = world) =>
  app.inject({ method: method as 'GET', url: concrete(url), headers })

/** The plugin in an application that sets no headers, with an organization that can sign in; and the runnable server. */
const hosts = () => [
  { host: 'plugin', app: world.app, routes: world.routes.filter((route) => !ofOperators.includes(nameOf(route))) },
  { host: 'server', app: server.app, routes: routesOf(server) },
]

test('the lists of what anybody may ask name what there is', () => {
  const there = new Set(routesOf(server).map(nameOf))
  expect(open.filter((name) => !there.has(name))).toEqual([])
  expect([...new Set(world.routes.map(nameOf))].filter((name) => !there.has(name))).toEqual([])
})

describe.each([
  ['by a program', { accept: 'application/json' }],
  ['by a browser', { accept: 'text/html', 'sec-fetch-site': 'none' }],
  ['by another site', { accept: 'text/html', 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
])('asked %s', (_, headers) => {
  test('every answer of a route carries the security headers; only files that never change may be kept (#188, #189)', async () => {
    for (const { host, app, routes } of hosts()) {
      expect(routes.length).toBeGreaterThan(60)
      for (const route of routes) {
        const { headers: got, statusCode } = await ask(route.method, route.url, headers, { app })
        const name = nameOf(route)
        expect([host, name, statusCode < 500, carriedBy(got)]).toEqual([host, name, true, expectedOf(name)])
      }
    }
  })

  test('whatever is not open to anybody does not answer, by any method, and nothing is written (#222, #224)', async () => {
    written = []
    for (const { host, app, routes } of hosts()) {
      const { base_url } = host === 'plugin' ? world : server
      const closed = routes.filter((route) => !open.includes(nameOf(route)))
      expect(closed.length).toBeGreaterThan(40)
      for (const { method, url } of closed) {
        const answer = await ask(method, url, headers, { app })
        const { statusCode, headers: got } = answer
        const isRefused =
          statusCode === 401
            ? got['www-authenticate'] === 'Bearer' && (method === 'HEAD' || answer.json().code === 'admin_required')
            : statusCode === 303 && String(got.location).startsWith(`${base_url}/admin/sign-in`)
        expect([host, method, url, isRefused]).toEqual([host, method, url, true])
        expect(got['set-cookie']).toBeUndefined()
      }
      for (const url of new Set(routes.map((route) => route.url))) {
        const known = routes.filter((route) => route.url === url).map(({ method }) => method)
        for (const method of methods.filter((one) => !known.includes(one))) {
          expect([method, url, (await ask(method, url, headers, { app })).statusCode]).toEqual([method, url, 404])
        }
      }
    }
    expect(written).toEqual([])
  })

  test('what is posted to us leads on with 303, never with a redirect that repeats the form (#186)', async () => {
    for (const { method, url } of world.routes.filter((route) => route.method === 'POST')) {
      const { statusCode } = await ask(method, url, headers)
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

/** What proxies say of a request, and what frameworks have believed of it: each says that it is another one, from elsewhere. */
const forwarded = {
  forwarded: 'for=127.0.0.1;host=evil.example;proto=https',
  'x-forwarded-for': '127.0.0.1',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-server': 'evil.example',
  'x-forwarded-port': '8443',
  'x-forwarded-proto': 'https',
  'x-forwarded-scheme': 'https',
  'x-forwarded-prefix': '//evil.example',
  'x-forwarded-uri': '/healthz',
  'x-forwarded-path': '/healthz',
  'x-forwarded-method': 'GET',
  'x-forwarded-user': 'admin',
  'x-auth-request-user': 'admin',
  'x-original-host': 'evil.example',
  'x-original-uri': '/healthz',
  'x-original-url': '/healthz',
  'x-original-method': 'GET',
  'x-rewrite-url': '/healthz',
  'x-host': 'evil.example',
  'x-real-ip': '127.0.0.1',
  'x-http-method': 'GET',
  'x-http-method-override': 'GET',
  'x-method-override': 'GET',
}

test('no header of a proxy, nor Host, changes what any route answers to anybody (#190, #222)', async () => {
  // What is drawn anew for every request, or is the moment.
  const drawn =
    /[\w-]{43,}|(?<=rp_flow_|attempt-id\\?">)[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27}|\b\d{10,}\b|\d{4}-\d\d-\d\dT[\d:.]+Z/g
  const answerOf = async ({ method, url }: Route, headers: Record<string, string>) => {
    const { statusCode, headers: got, body } = await ask(method as 'GET', url, { accept: 'text/html', ...headers })
    const { date: _, 'content-length': __, ...kept } = got
    return JSON.stringify([method, url, statusCode, kept, body]).replaceAll(drawn, '…')
  }
  // Of what the tests before this one made fail, no more is kept within a minute.
  world.clock.now += 60
  const routes = world.routes.filter((route) => !ofOperators.includes(nameOf(route)))
  for (const route of routes) {
    const answer = await answerOf(route, {})
    expect(await answerOf(route, forwarded)).toBe(answer)
    expect(await answerOf(route, { ...forwarded, host: 'evil.example' })).toBe(answer)
  }
})

test('an address that only looks like one of everybody’s opens nothing: the path alone is judged, as the router reads it (#222)', async () => {
  const disguises = (path: string) => [
    `${path}?/healthz`,
    `${path}?next=/assets/style.css`,
    `${path}?..%2f..%2fhealthz`,
    `${path}#/healthz`,
    `${path}/`,
    `${path};/healthz`,
    `${path}/..%2f..%2fhealthz`,
    `${path}%3f/healthz`,
    `${path}%00`,
    `${path}.css`,
    `/healthz/..${path}`,
    `/assets/..${path}`,
    `/assets/%2e%2e${path}`,
    `/.${path}`,
    `/${path}`,
    `//evil.example${path}`,
    `\\${path.slice(1)}`,
    path.replace('/', '/%2f'),
    path.replace('organizations', '%6frganizations'),
    path.replace('organizations', 'Organizations'),
    path.replace('organizations/', 'organizations%2f'),
    path.toUpperCase(),
  ]
  for (const path of [
    '/api/organizations',
    '/api/organizations/acme/oidc',
    '/api/organizations/acme/attempts',
    '/organizations/acme/settings/sso',
  ]) {
    for (const url of disguises(path)) {
      const { statusCode, body } = await world.app.inject({ url, headers: { accept: 'text/html' } })
      expect([url, [401, 404].includes(statusCode) || (statusCode === 303 && path.endsWith('/sso'))]).toEqual([
        url,
        true,
      ])
      expect(body).not.toContain(world.idp.issuer)
    }
  }
})

test.each(['/nothing', '/organizations/acme/nothing', '/%', '/docs/static/nothing', '/assets/nothing.css'])(
  '%s, which is no route of the server: the headers all the same',
  async (url) => {
    const { statusCode, headers } = await server.app.inject({ url })
    expect([statusCode < 500, carriedBy(headers)]).toEqual([true, expectedOf(`GET ${url}`)])
  },
)

const names = [
  'cache-control',
  'content-security-policy',
  'referrer-policy',
  'x-content-type-options',
  'access-control-allow-origin',
] as const
const carriedBy = (headers: Record<string, unknown>) => names.map((name) => headers[name])
const expectedOf = (name: string) => [
  assets.includes(name)
    ? 'public, max-age=31536000, immutable'
    : name === filesOfSwagger
      ? 'public, max-age=0'
      : 'no-store',
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'same-origin',
  'nosniff',
  undefined,
]
