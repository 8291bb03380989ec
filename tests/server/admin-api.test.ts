/** The admin API and what every route has in common: deny by default, refuse what cannot be read, say so in one shape. */
import { ConfigError, readConfig, startServer, type RunningServer } from '@relying-party/server'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminToken, createWorld, organizationIds, type Route, type World } from '../support/world.ts'

const organizations = organizationIds(15)
const acme = organizations.next()
let world: World
let server: RunningServer

beforeAll(async () => {
  world = await createWorld({ organizations: organizations.ids })
  await world.enable(acme)
  server = await startServer(readConfig({ PORT: '0', STORE_URL: 'memory:', LOG_LEVEL: 'silent' }))
})
afterAll(async () => {
  await world.close()
  await server.close()
})

const concrete = ({ url }: Route) => url.replace(':id', acme).replace(':attempt_id', 'a')
const call = (path: string, options: RequestInit = {}) =>
  fetch(world.base_url + path, { redirect: 'manual', ...options })

describe('deny by default', () => {
  const anonymous: [string, Record<string, string>][] = [
    ['without anything', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['the token as Basic', { authorization: `Basic ${Buffer.from(`admin:${adminToken}`).toString('base64')}` }],
    ['the token without a scheme', { authorization: adminToken }],
    ['the token and more', { authorization: `Bearer ${adminToken} x` }],
    ['a prefix of the token', { authorization: `Bearer ${adminToken.slice(0, -1)}` }],
    ['the token in a cookie', { cookie: `rp_admin=${adminToken}` }],
    ['an admin session that nobody was given', { cookie: `rp_admin=${'A'.repeat(43)}` }],
    ['a token in a header of another name', { 'x-admin-token': adminToken }],
  ]

  test.each(anonymous)('every route of the API refuses %s (#222)', async (_, headers) => {
    const routes = world.routes.filter(({ url }) => url.startsWith('/api'))
    expect(routes.length).toBeGreaterThan(12)
    const { version } = await world.connection(acme)
    for (const route of routes) {
      const { method } = route
      const response = await call(concrete(route), { method, headers })
      expect([method, route.url, response.status]).toEqual([method, route.url, 401])
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      const sign_in_url = `${world.base_url}/admin/sign-in`
      if (method !== 'HEAD') expect(await response.json()).toMatchObject({ code: 'admin_required', sign_in_url })
    }
    expect((await world.connection(acme)).version).toBe(version)
  })

  test.each(anonymous)('every route of the settings page leads to the sign-in: %s', async (_, headers) => {
    const routes = world.routes.filter(({ url }) => url.includes('/settings'))
    expect(routes.length).toBeGreaterThan(6)
    for (const route of routes) {
      const response = await call(concrete(route), { method: route.method, headers })
      expect([route.method, route.url, response.status]).toEqual([route.method, route.url, 303])
      expect(response.headers.get('location')).toContain('/admin/sign-in?next=')
    }
  })

  test('no other route changes anything but sign-in, sign-out, callbacks and logout', () => {
    const changing = world.routes.filter(
      ({ method, url }) => !['GET', 'HEAD'].includes(method) && !/^\/api\/|\/settings\//.test(url),
    )
    expect(changing.map(({ method, url }) => `${method} ${url}`).sort()).toEqual(
      [
        'POST /admin/sign-in',
        'POST /admin/sign-out',
        'POST /organizations/:id/oidc/consume',
        'POST /organizations/:id/oidc/initiate',
        'POST /organizations/:id/oidc/logout',
        'POST /organizations/:id/oidc/backchannel-logout',
        'POST /organizations/:id/session/refresh',
      ].sort(),
    )
  })

  test('a member session is no admin session (#223)', async () => {
    const { UserAgent } = await import('../support/user-agent.ts')
    const member = new UserAgent()
    await world.login(acme, member)
    const [, { value }] = [...member.cookies].find(([name]) => name.startsWith('rp_session'))!
    const response = await call('/api/organizations', {
      headers: { cookie: `rp_admin=${value}; rp_session_${acme}=${value}` },
    })
    expect(response.status).toBe(401)
  })

  test('without an admin token nobody is administrator, whatever is sent', async () => {
    const closed = await createWorld({ server: { admin_token: undefined as unknown as string } })
    try {
      for (const token of ['', 'undefined', 'null', adminToken]) {
        const response = await fetch(`${closed.base_url}/api/organizations`, {
          headers: { authorization: `Bearer ${token}` },
        })
        expect(response.status).toBe(401)
      }
      const signIn = await fetch(`${closed.base_url}/admin/sign-in`, {
        method: 'POST',
        body: new URLSearchParams({ admin_token: '' }),
      })
      expect([signIn.status, signIn.headers.getSetCookie()]).toEqual([401, []])
    } finally {
      await closed.close()
    }
  })

  test('an embedding product decides itself, per organization; its failure refuses (#222)', async () => {
    const embedded = await createWorld({
      server: {
        authorizeAdmin: ({ headers }, organization_id) => {
          if (headers['x-user'] === 'broken') throw new Error('the product is down')
          return headers['x-user'] === `admin of ${organization_id}` ? { name: 'ada' } : null
        },
      },
    })
    const as = (user: string, path: string, method = 'GET') =>
      fetch(`${embedded.base_url}${path}`, {
        method,
        redirect: 'manual',
        headers: { 'x-user': user, accept: 'application/json' },
      })
    try {
      expect((await as('admin of acme', '/api/organizations/acme/oidc')).status).toBe(404)
      expect((await as('admin of acme', '/api/organizations/globex/oidc')).status).toBe(401)
      expect((await as('admin of acme', '/api/organizations')).status).toBe(401)
      expect((await as('broken', '/api/organizations/acme/oidc')).status).toBe(500)
      expect((await as('admin of acme', '/organizations/acme/settings/sso')).status).toBe(200)
      const refused = await as('nobody', '/organizations/acme/settings/sso')
      const problem = (await refused.json()) as object
      expect([refused.status, problem]).toMatchObject([401, { code: 'admin_required' }])
      const asked = (await (await as('nobody', '/api/organizations/acme/oidc')).json()) as object
      for (const one of [problem, asked]) expect(JSON.stringify(one)).not.toContain('/admin/')
      expect((await as('nobody', '/admin/sign-in')).status).toBe(404)
      const bearer = await fetch(`${embedded.base_url}/api/organizations`, {
        headers: { authorization: `Bearer ${adminToken}` },
      })
      expect(bearer.status).toBe(401)
    } finally {
      await embedded.close()
    }
  })
})

describe('requests that cannot be read (#191)', () => {
  const put = (body: string | Uint8Array<ArrayBuffer> | undefined, type: string | undefined) =>
    call(`/api/organizations/${acme}/oidc`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${adminToken}`, ...(type !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { body }),
    })

  test.each<[string, string | undefined, string | undefined, number, string]>([
    ['no body', undefined, undefined, 400, 'request_malformed'],
    ['an empty body', '', 'application/json', 400, 'request_malformed'],
    ['half an object', '{"issuer":', 'application/json', 400, 'request_malformed'],
    ['text', 'hello', 'application/json', 400, 'request_malformed'],
    ['null', 'null', 'application/json', 400, 'request_malformed'],
    ['an array', '[]', 'application/json', 400, 'request_malformed'],
    ['a string', '"a"', 'application/json', 400, 'request_malformed'],
    ['a number', '7', 'application/json', 400, 'request_malformed'],
    ['a prototype', '{"__proto__":{"issuer":"a"}}', 'application/json', 400, 'request_malformed'],
    ['a constructor', '{"constructor":{"prototype":{"a":1}}}', 'application/json', 400, 'request_malformed'],
    ['a form', 'issuer=a', 'application/x-www-form-urlencoded', 400, 'request_malformed'],
    ['plain text', '{"issuer":"a"}', 'text/plain', 400, 'request_malformed'],
    ['multipart', '{"issuer":"a"}', 'multipart/form-data; boundary=a', 415, 'media_type_not_supported'],
    ['XML', '<a/>', 'application/xml', 415, 'media_type_not_supported'],
    ['a media type that is none', '{"issuer":"a"}', 'json', 415, 'media_type_not_supported'],
    ['300 KiB', `{"issuer":"${'a'.repeat(1_100_000)}"}`, 'application/json', 413, 'request_too_large'],
  ])('%s: the version stays', async (_, body, type, status, code) => {
    const { version } = await world.connection(acme)
    const response = await put(body, type)
    expect([response.status, await response.json()]).toMatchObject([status, { code, status }])
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect((await world.connection(acme)).version).toBe(version)
  })

  test('a form of more than 64 KiB: 413', async () => {
    const response = await call(`/organizations/${acme}/oidc/consume`, {
      method: 'POST',
      body: new URLSearchParams({ state: 'a'.repeat(70_000) }),
    })
    expect(response.status).toBe(413)
  })

  test('a query of 12 KiB is read and refused', async () => {
    const response = await call(`/organizations/${acme}/oidc/consume?state=${'a'.repeat(12_000)}`, {
      headers: { accept: 'application/json' },
    })
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'flow_not_found' }])
  })

  test('members of the wrong type are faults, never a crash', async () => {
    for (const value of [7, true, [], {}, [['a']], { a: 1 }, 'x'.repeat(10_000)]) {
      for (const member of [
        'client_id',
        'client_secret',
        'scope',
        'response_mode',
        'userinfo',
        'acr_values',
        'token_endpoint_auth_method',
        'max_age',
        'authorization_parameters',
        'policy',
      ]) {
        const { status } = await world.save(organizations.ids[1]!, { [member]: value })
        const fine =
          (member === 'max_age' && value === 7) ||
          (member === 'authorization_parameters' && JSON.stringify(value) === '{}') ||
          (member === 'policy' && typeof value === 'object' && !Array.isArray(value))
        if (!fine)
          expect([member, JSON.stringify(value).slice(0, 20), status]).toEqual([
            member,
            JSON.stringify(value).slice(0, 20),
            422,
          ])
      }
    }
  })

  test.each(['state', 'redirect_uri', 'client_id', 'nonce', 'prompt', 'request', 'response_type', 'code_challenge'])(
    'authorization_parameters cannot set %s',
    async (name) => {
      const refused = await world.save(organizations.ids[1]!, { authorization_parameters: { [name]: 'a' } })
      expect(refused).toMatchObject({ status: 422, body: { faults: [{ member: 'authorization_parameters' }] } })
    },
  )
})

describe('the shape of answers', () => {
  test('problems carry type, title, status, detail, code, remedy; never a stack', async () => {
    const { body, headers } = await world.api('GET', '/organizations/nobody/oidc')
    expect(body).toMatchObject({
      type: 'urn:relying-party:problem:organization_not_found',
      title: expect.any(String),
      status: 404,
      detail: expect.any(String),
      code: 'organization_not_found',
      remedy: expect.any(String),
    })
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(JSON.stringify(body)).not.toMatch(/\bat .*\.ts:|node_modules/)
  })

  test('the connection has an ETag that is its version', async () => {
    const { headers, body } = await world.api('GET', `/organizations/${acme}/oidc`)
    expect(headers.get('etag')).toBe(`"${body.version}"`)
  })

  test('what GET shows can be sent back with PUT and changes nothing (#216, #235)', async () => {
    const { live, policy, version } = await world.connection(acme)
    const sent = await world.api('PUT', `/organizations/${acme}/oidc`, { ...live, policy })
    expect([sent.status, sent.body.live.fingerprint, sent.body.candidate]).toEqual([200, live.fingerprint, undefined])
    expect(version).toEqual(expect.any(String))
  })

  test('organizations are listed with their status', async () => {
    const { organizations: listed } = (await world.api('GET', '/organizations')).body
    expect(listed).toContainEqual({ organization_id: acme, status: 'enabled' })
  })

  test('of more than a hundred organizations the list says where it goes on, as the page does', async () => {
    const many = await createWorld()
    try {
      const ids = Array.from({ length: 101 }, (_, n) => `org-${n + 100}`)
      for (const id of ids) await many.save(id)
      const first = (await many.api('GET', '/organizations')).body
      expect([first.organizations.length, first.more_after]).toEqual([100, ids[99]])
      const rest = (await many.api('GET', `/organizations?after=${first.more_after}`)).body
      expect(rest).toEqual({ organizations: [{ organization_id: ids[100], status: 'draft' }], more_after: null })
      const { body } = await (await many.admin()).visit(`${many.base_url}/admin`)
      expect(body).toContain(`/admin?after=${ids[99]}`)
    } finally {
      await many.close()
    }
  })

  test('attempts are listed newest first, filtered and in pages that miss none', async () => {
    const id = organizations.next()
    await world.enable(id)
    for (let n = 0; n < 3; n++) await world.login(id)
    await fetch(`${world.organization(id)}/oidc/consume?state=a`)
    const all = (await world.api('GET', `/organizations/${id}/attempts`)).body.attempts as {
      attempt_id: string
      outcome: string
    }[]
    expect(all.map(({ outcome }) => outcome)).toEqual(['failed', 'succeeded', 'succeeded', 'succeeded', 'succeeded'])
    const failed = (await world.api('GET', `/organizations/${id}/attempts?outcome=failed`)).body.attempts
    expect(failed).toEqual([all[0]])
    const paged: unknown[] = []
    for (let before = ''; ;) {
      const { attempts } = (
        await world.api('GET', `/organizations/${id}/attempts?limit=2${before && `&before=${before}`}`)
      ).body
      if (attempts.length === 0) break
      paged.push(...attempts)
      before = attempts.at(-1).attempt_id
    }
    expect(paged).toEqual(all)
    for (const query of ['?limit=0', '?limit=1.5', '?limit=1e2', '?limit=201', '?limit=', '?limit=1&limit=2']) {
      for (const list of ['attempts', 'audit']) {
        const { status, body } = await world.api('GET', `/organizations/${id}/${list}${query}`)
        expect([list, query, status, body.faults]).toMatchObject([list, query, 400, [{ member: 'limit' }]])
      }
    }
    for (const query of ['?outcome=other', '?outcome=', '?outcome=failed&outcome=failed', '?purpose=fail']) {
      const { status, body } = await world.api('GET', `/organizations/${id}/attempts${query}`)
      expect([query, status, body.faults?.[0].member]).toEqual([query, 400, /\w+/.exec(query)![0]])
    }
    for (const query of ['?before=%00', '?before=', '?before=a&before=b', '?before=../globex']) {
      expect([query, (await world.api('GET', `/organizations/${id}/attempts${query}`)).status]).toEqual([query, 400])
      expect([query, (await world.api('GET', `/organizations${query.replaceAll('before', 'after')}`)).status]).toEqual([
        query,
        400,
      ])
    }
    for (const attempt of ['a', 'a%2Fb', '..', '%00', 'a'.repeat(50)]) {
      expect((await world.api('GET', `/organizations/${id}/attempts/${attempt}`)).status).toBe(404)
    }
  })

  test('a flood of responses without a flow fills no store: thirty per minute are kept, the others are refused alike (#289)', async () => {
    const id = organizations.next()
    await world.save(id)
    const headers = { accept: 'application/json' }
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => fetch(`${world.organization(id)}/oidc/consume?state=a`, { headers })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]))
    const { attempts } = (await world.api('GET', `/organizations/${id}/attempts?limit=200`)).body
    expect(attempts).toHaveLength(30)
    const problems = (await Promise.all(answers.map((answer) => answer.json()))) as { attempt_id?: string }[]
    const named = problems.flatMap(({ attempt_id }) => attempt_id ?? [])
    expect(named.sort()).toEqual(attempts.map(({ attempt_id }: { attempt_id: string }) => attempt_id).sort())
    const page = await fetch(answers[0]!.url)
    expect(await page.text()).not.toContain('name this attempt')
  })

  test('a flood of sign-ins that cannot even start fills no store either', async () => {
    const id = organizations.next()
    await world.enable(id)
    const before = (await world.api('GET', `/organizations/${id}/attempts?limit=200`)).body.attempts.length
    world.clock.now += 90_000
    world.idp.inject('discovery.http_503')
    await Promise.all(Array.from({ length: 50 }, () => fetch(`${world.organization(id)}/oidc/login`)))
    world.idp.clearFaults()
    world.idp.clock.set(world.clock.now)
    expect(
      (await world.api('GET', `/organizations/${id}/attempts?limit=200`)).body.attempts.length - before,
    ).toBeLessThanOrEqual(30)
  })
})

test('a request that says JSON and sends none has no body', async () => {
  const id = organizations.next()
  await world.save(id)
  const send = (method: string, path: string) =>
    world.api(method, `/organizations/${id}/oidc${path}`, undefined, { 'content-type': 'application/json' })
  expect(await send('POST', '/test')).toMatchObject({ status: 200, body: { test_url: expect.any(String) as string } })
  expect((await send('DELETE', '')).status).toBe(204)
})

describe('If-Match (RFC 9110, section 13.1.1)', () => {
  const id = organizations.next()
  beforeAll(() => world.save(id))

  test.each<[string, (version: string) => string, number]>([
    ['the version', (version) => `"${version}"`, 200],
    ['the version, without its quotes', (version) => version, 200],
    ['the version among others, without its quotes', (version) => `"old", ${version}`, 200],
    ['the version, as a proxy weakens it', (version) => `W/"${version}"`, 200],
    ['a list with the version', (version) => `"old", "${version}"`, 200],
    ['a list without it', () => '"old","older"', 412],
    ['whatever there is', () => '*', 200],
    ['what is no entity tag', () => 'old', 412],
    ['nothing', () => '', 412],
  ])('%s', async (_, header, status) => {
    const { version } = await world.connection(id)
    const sent = await world.api('PUT', `/organizations/${id}/oidc`, {}, { 'if-match': header(version) })
    expect(sent.status).toBe(status)
  })

  test('whatever there is, where there is nothing: nothing is created', async () => {
    const nobody = organizations.next()
    for (const path of [`/organizations/${nobody}/oidc`, `/organizations/${nobody}/oidc/policy`]) {
      expect([path, (await world.api('PUT', path, {}, { 'if-match': '*' })).status]).toEqual([path, 412])
    }
    expect((await world.api('GET', `/organizations/${nobody}/oidc`)).status).toBe(404)
  })

  test('a list guards the deletion too, and whatever there is can be deleted', async () => {
    const gone = organizations.next()
    await world.save(gone)
    const { version } = await world.connection(gone)
    const remove = (header: string) =>
      world.api('DELETE', `/organizations/${gone}/oidc`, undefined, { 'if-match': header })
    expect((await remove('"old", "older"')).status).toBe(412)
    expect((await remove(`"old", "${version}"`)).status).toBe(204)
    await world.save(gone)
    expect((await remove('*')).status).toBe(204)
    expect((await remove('*')).status).toBe(404)
  })
})

describe('methods', () => {
  test.each(['login', 'consume', 'initiate', 'test'])(
    'HEAD of …/oidc/%s begins and ends nothing: 404',
    async (name) => {
      const response = await call(`/organizations/${acme}/oidc/${name}`, { method: 'HEAD' })
      expect([response.status, response.headers.getSetCookie()]).toEqual([404, []])
    },
  )

  test('HEAD of what only reads is answered like GET, without a body', async () => {
    for (const path of [`/organizations/${acme}/session`, '/healthz', `/organizations/${acme}`]) {
      const [head, get] = [await call(path, { method: 'HEAD' }), await call(path)]
      expect([path, head.status, await head.text()]).toEqual([path, get.status, ''])
    }
  })

  test('no route answers CORS, and OPTIONS is not found', async () => {
    for (const { url } of world.routes) {
      const response = await call(concrete({ method: 'GET', url }), {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      })
      expect([url, response.status]).toEqual([url, 404])
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })

  test.each(['DELETE', 'PATCH', 'TRACE', 'POST'])('%s of a page that only GETs is not found', async (method) => {
    const status = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(world.base_url).port), '127.0.0.1', () => {
        socket.write(
          `${method} /organizations/${acme}/session HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
        )
      })
      socket.once('data', (data) => resolve(String(data).split('\r\n')[0]!))
    })
    expect(status).toMatch(/ (404|405) /)
  })
})

describe('the runnable server around it', () => {
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(server.base_url + path, { headers, redirect: 'manual' })

  test('the OpenAPI document lists every route of the contract', async () => {
    const { paths, components } = (await (await get('/openapi.json')).json()) as Record<string, Record<string, unknown>>
    const listed = Object.entries(paths!).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    )
    for (const route of [
      'GET /organizations/{id}/oidc/login',
      'GET /organizations/{id}/oidc/consume',
      'POST /organizations/{id}/oidc/consume',
      'GET /organizations/{id}/oidc/initiate',
      'POST /organizations/{id}/oidc/logout',
      'GET /organizations/{id}/session',
      'GET /organizations/{id}/verify',
      'GET /organizations/{id}/settings/sso',
      'GET /healthz',
      'GET /readyz',
      'GET /metrics',
      'GET /openapi.json',
      'GET /api/organizations',
      'PUT /api/organizations/{id}/oidc',
      'GET /api/organizations/{id}/oidc',
      'DELETE /api/organizations/{id}/oidc',
      'POST /api/organizations/{id}/oidc/test',
      'POST /api/organizations/{id}/oidc/enable',
      'POST /api/organizations/{id}/oidc/disable',
      'GET /api/organizations/{id}/attempts',
      'GET /api/organizations/{id}/attempts/{attempt_id}',
      'POST /organizations/{id}/oidc/backchannel-logout',
    ])
      expect(listed).toContain(route)
    expect(components).toHaveProperty('securitySchemes.admin_token')
  })

  test('every route of the API names its security in the document', async () => {
    const { paths } = (await (await get('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { security?: unknown[] }>>
    }
    for (const [path, methods] of Object.entries(paths).filter(([path]) => path.startsWith('/api/'))) {
      for (const { security } of Object.values(methods)) expect([path, security]).toEqual([path, [{ admin_token: [] }]])
    }
  })

  test.each([
    '/nothing',
    '/api/nothing',
    '/organizations/acme/oidc/nothing',
    '/.env',
    '/organizations',
    '/organizations/acme/oidc/login/',
  ])('%s: 404 route_not_found', async (path) => {
    const response = await get(path)
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'route_not_found' }])
    expect([response.headers.get('cache-control'), response.headers.get('x-content-type-options')]).toEqual([
      'no-store',
      'nosniff',
    ])
    const page = await get(path, { accept: 'text/html' })
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
  })

  test.each(['/organizations/%E0%A4%A/oidc/login', '/%'])(
    '%s cannot be decoded: 400 request_malformed',
    async (path) => {
      const response = await fetch(server.base_url + path)
      expect([response.status, await response.json()]).toMatchObject([400, { code: 'request_malformed' }])
      expect(response.headers.get('cache-control')).toBe('no-store')
    },
  )

  test('every answer carries the security headers, documentation included', async () => {
    for (const path of [
      '/',
      '/healthz',
      '/readyz',
      '/metrics',
      '/openapi.json',
      '/docs',
      '/docs/static/index.html',
      '/nothing',
    ]) {
      const { headers } = await get(path)
      expect([path, headers.get('x-content-type-options'), headers.get('referrer-policy')]).toEqual([
        path,
        'nosniff',
        'same-origin',
      ])
      expect(headers.get('content-security-policy')).toContain(
        "default-src 'none'; style-src 'self'; script-src 'self'",
      )
      expect([path, headers.get('cache-control')]).toEqual([path, 'no-store'])
    }
  })

  test('/healthz, /readyz and /metrics answer; labels hold no organization', async () => {
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 200])
    const metrics = await (await fetch(`${world.base_url}/metrics`)).text()
    expect(metrics).toContain('relying_party_logins_total{outcome="succeeded",code="none"}')
    expect(metrics).not.toContain(acme)
  })

  test('a bad environment is refused whole', () => {
    expect(() => readConfig({ PORT: '99999', HOST: 'a b', STORE_URL: 'x' })).toThrow(ConfigError)
  })
})
