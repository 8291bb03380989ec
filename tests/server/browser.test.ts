/** What a hostile page, link, sibling host or proxy can try with somebody's browser. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { adminToken, clientId, createWorld, organizationIds, type World } from '../support/world.ts'
import { formFields, UserAgent, type Visit } from '../support/user-agent.ts'

const organizations = organizationIds(20)
const acme = organizations.next()
let world: World

beforeAll(async () => {
  world = await createWorld({ organizations: organizations.ids })
  await world.enable(acme)
})
beforeEach(() => world.idp.requests.clear())
afterEach(() => world.idp.clearFaults())
afterAll(() => world.close())

const codeOf = ({ body }: Visit) => /data-code="([a-z_]+)"/.exec(body)?.[1]

describe('return_to never leads off-site (#180, #182, #184)', () => {
  const hostile = [
    '//evil.example',
    '///evil.example',
    '////evil.example/%2f..',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    '\u0000//evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    '/./\\evil.example',
    '/%2e//evil.example',
    '/%2e%2e//evil.example',
    '/;@evil.example',
    '/@evil.example',
    '@evil.example',
    '.evil.example',
    ':80@evil.example',
    'https://evil.example',
    'https:evil.example',
    'https:/evil.example',
    'http:///evil.example',
    'HTTPS://EVIL.EXAMPLE',
    'javascript:alert(1)',
    'data:text/html,a',
    '/%0d%0aLocation:%20https://evil.example',
    '/%00//evil.example',
    '/a\u2028//evil.example',
    '/\uff0f/evil.example',
    '/\u3002evil.example',
    '/?next=//evil.example',
    '/#//evil.example',
    `/${'a'.repeat(3000)}`,
    '',
    'evil.example',
    'welcome',
  ]

  test.each(hostile.map((one) => [one.slice(0, 60), one]))('%j', async (_, return_to) => {
    const agent = new UserAgent()
    const query = `?return_to=${encodeURIComponent(return_to)}`
    let arrived: URL | undefined
    const visit = await agent.visit(`${world.organization(acme)}/oidc/login${query}`, {
      until: (url) => {
        if (url.pathname.includes('/oidc/') || url.origin === world.idp.issuer) return false
        arrived = url
        return true
      },
    })
    if (visit.status === 400) {
      expect(codeOf(visit)).toBe('return_to_not_allowed')
      expect(world.idp.requests.list()).toEqual([])
    } else {
      expect(arrived!.origin).toBe(world.base_url)
    }
  })

  test.each(['/', '/a', '/a?b=c&d=%2F#e', '/%C3%A9', '/welcome/..%2f'])('%s arrives as it is', async (return_to) => {
    const agent = new UserAgent()
    const url = await world.callback(acme, agent, `?return_to=${encodeURIComponent(return_to)}`)
    const visit = await agent.visit(url, { until: ({ pathname }) => !pathname.includes('/oidc/') })
    expect(visit.url.href).toBe(world.base_url + return_to)
  })

  test('left out, it is the page of the organization', async () => {
    const agent = new UserAgent()
    const url = await world.callback(acme, agent, '')
    const visit = await agent.visit(url)
    expect([visit.status, visit.url.href]).toEqual([200, world.organization(acme)])
  })

  test('the callback cannot change it', async () => {
    const agent = new UserAgent()
    const url = await world.callback(acme, agent)
    url.searchParams.set('return_to', '/elsewhere')
    expect((await agent.visit(url, { until: ({ pathname }) => !pathname.includes('/oidc/') })).url.pathname).toBe(
      '/welcome',
    )
  })
})

describe('third-party-initiated login', () => {
  const initiate = (query: Record<string, string>, post = false) => {
    const agent = new UserAgent()
    const until = ({ pathname }: URL) => !pathname.includes('/oidc/') && !pathname.includes('/oauth2/')
    const address = `${world.organization(acme)}/oidc/initiate`
    return post
      ? agent.visit(address, { form: query, until })
      : agent.visit(`${address}?${new URLSearchParams(query).toString()}`, { until })
  }

  test.each([false, true])('the right iss starts a login of its own (POST: %s) (#17, #18)', async (post) => {
    const visit = await initiate(
      { iss: world.idp.issuer, login_hint: 'ada', target_link_uri: `${world.base_url}/reports?a=b` },
      post,
    )
    expect(visit.url.href).toBe(`${world.base_url}/reports?a=b`)
    expect(world.idp.requests.of('authorization')[0]!.params.login_hint).toBe('ada')
    expect(world.idp.requests.of('token')).toHaveLength(1)
  })

  test.each([
    ['missing', {}],
    ['empty', { iss: '' }],
    ['another', { iss: 'https://evil.example' }],
    ['with a slash', { iss: 'SLASH' }],
    ['in upper case', { iss: 'UPPER' }],
  ])('iss %s: initiate_issuer_mismatch, the provider is not asked (#18)', async (_, query: Record<string, string>) => {
    const iss =
      query.iss === 'SLASH'
        ? `${world.idp.issuer}/`
        : query.iss === 'UPPER'
          ? world.idp.issuer.toUpperCase()
          : query.iss
    for (const post of [false, true]) {
      const visit = await initiate(iss === undefined ? {} : { iss }, post)
      expect([visit.status, codeOf(visit)]).toEqual([400, 'initiate_issuer_mismatch'])
    }
    expect(world.idp.requests.list()).toEqual([])
  })

  test.each([
    'https://evil.example/a',
    '//evil.example',
    '/relative',
    'ORIGIN.evil.example/',
    'ORIGIN//evil.example',
    'ORIGIN@evil.example',
    'javascript:alert(1)',
    '',
  ])('target_link_uri %s leads to the page of the organization (#18)', async (target) => {
    const visit = await initiate({ iss: world.idp.issuer, target_link_uri: target.replace('ORIGIN', world.base_url) })
    expect(visit.url.origin).toBe(world.base_url)
    expect(visit.url.pathname).toBe(`/organizations/${acme}`)
  })

  test('of an organization that is not enabled: 409', async () => {
    const id = organizations.next()
    await world.save(id)
    const visit = await new UserAgent().visit(`${world.organization(id)}/oidc/initiate?iss=${world.idp.issuer}`)
    expect([visit.status, codeOf(visit)]).toEqual([409, 'sso_not_enabled'])
  })
})

describe('cookies', () => {
  const secure = 'https://sso.example'
  let far: World
  beforeAll(async () => {
    far = await createWorld({ base_url: secure, organizations: ['acme', 'form'] })
    for (const id of ['acme', 'form']) await enableByInject(id, id === 'form' ? { response_mode: 'form_post' } : {})
  })
  afterAll(() => far.close())

  interface Answer {
    readonly status: number
    readonly location: string | undefined
    readonly lines: readonly string[]
    readonly headers: Record<string, unknown>
    readonly body: string
  }
  async function get(url: string, cookie = '', headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await far.app.inject({
      url: url.replace(secure, ''),
      headers: { ...(cookie !== '' && { cookie }), ...headers },
    })
    return answerOf(answer)
  }
  function answerOf(answer: Awaited<ReturnType<World['app']['inject']>>): Answer {
    const lines = [answer.headers['set-cookie'] ?? []].flat() as string[]
    return {
      status: answer.statusCode,
      location: answer.headers.location as string | undefined,
      lines,
      headers: answer.headers,
      body: answer.body,
    }
  }
  const pair = (line: string) => line.split(';')[0]!
  async function atProvider(location: string): Promise<string> {
    const agent = new UserAgent()
    const visit = await agent.visit(location, { until: (url) => url.origin === secure })
    return visit.status === 0 ? visit.url.href : visit.body
  }
  async function enableByInject(id: string, changes: Record<string, unknown>) {
    const saved = await far.save(id, changes)
    const started = await get(await far.testUrl(id))
    const back = await atProvider(started.location!)
    const cookie = pair(started.lines[0]!)
    if (id === 'form') await post(back, cookie)
    else await get(back, cookie)
    await far.api('POST', `/organizations/${id}/oidc/enable`, { fingerprint: saved.body.candidate.fingerprint })
    expect((await far.connection(id)).status).toBe('enabled')
  }
  async function post(page: string, cookie: string): Promise<Answer> {
    const payload = new URLSearchParams(formFields(page, '/oidc/consume')).toString()
    const headers = {
      cookie,
      'content-type': 'application/x-www-form-urlencoded',
      origin: far.idp.issuer,
      'sec-fetch-site': 'cross-site',
    }
    return answerOf(await far.app.inject({ method: 'POST', url: '/organizations/form/oidc/consume', headers, payload }))
  }

  test('over https every cookie is __Host-, Secure, HttpOnly, Path=/, without Domain (#171)', async () => {
    const started = await get('/organizations/acme/oidc/login?return_to=/welcome')
    const finished = await get(await atProvider(started.location!), pair(started.lines[0]!))
    const admin = await far.app.inject({
      method: 'POST',
      url: '/admin/sign-in',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `admin_token=${adminToken}`,
    })
    const lines = [...started.lines, ...finished.lines, ...([admin.headers['set-cookie']].flat() as string[])]
    expect(lines).toHaveLength(4)
    for (const line of lines) {
      expect(line).toMatch(/^__Host-rp_/)
      expect(line.split('; ').slice(1)).toEqual(
        expect.arrayContaining(['Path=/', 'HttpOnly', 'SameSite=Lax', 'Secure']),
      )
      expect(line).not.toMatch(/domain/i)
    }
    expect([finished.status, finished.location]).toEqual([303, `${secure}/welcome`])
    expect(String(finished.headers['strict-transport-security'])).toContain('max-age=')
  })

  test('for form_post the flow cookie travels with a cross-site POST: SameSite=None, and only that one (#173)', async () => {
    const started = await get('/organizations/form/oidc/login?return_to=/welcome')
    expect(started.lines[0]).toMatch(/SameSite=None; Secure$/)
    const finished = await post(await atProvider(started.location!), pair(started.lines[0]!))
    expect([finished.status, finished.location]).toEqual([303, `${secure}/welcome`])
    const session = finished.lines.find((line) => line.includes('rp_session_form='))
    expect(session).toContain('SameSite=Lax')
  })

  test('a response that is posted again comes without the session cookie: it is asked for once more (#179)', async () => {
    const started = await get('/organizations/form/oidc/login?return_to=/welcome')
    const flow = pair(started.lines[0]!)
    const page = await atProvider(started.location!)
    const finished = await post(page, flow)
    const session = pair(finished.lines.find((line) => line.includes('rp_session_form='))!)
    far.idp.requests.clear()
    for (const [held, landing] of [
      ['', `${secure}/organizations/form`],
      [flow, `${secure}/welcome`],
    ] as const) {
      const again = await post(page, held)
      expect([again.status, again.location]).toEqual([303, expect.stringContaining('/oidc/consume?state=')])
      const signedIn = await get(again.location!, [held, session].filter(Boolean).join('; '))
      expect([signedIn.status, signedIn.location, signedIn.lines]).toEqual([303, landing, []])
      const stranger = await get(again.location!, held, { accept: 'application/json' })
      const code = held === '' ? 'flow_not_found' : 'flow_already_used'
      expect([stranger.status, JSON.parse(stranger.body).code]).toEqual([400, code])
    }
    expect(far.idp.requests.list()).toEqual([])
  })

  test('a name without the prefix, as plain http or a sibling could set it, is not ours (#171)', async () => {
    const started = await get('/organizations/acme/oidc/login?return_to=/welcome')
    const tossed = pair(started.lines[0]!).replace('__Host-', '')
    const refused = await get(await atProvider(started.location!), tossed, { accept: 'application/json' })
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([400, 'flow_not_found'])
  })

  test('a flow cookie that comes twice is refused, whichever is first (#171)', async () => {
    const started = await get('/organizations/acme/oidc/login?return_to=/welcome')
    const good = pair(started.lines[0]!)
    const tossed = `${good.split('=')[0]}=v1.a.b`
    const back = await atProvider(started.location!)
    for (const cookie of [`${good}; ${tossed}`, `${tossed}; ${good}`, `${good}; ${good}`]) {
      const refused = await get(back, cookie, { accept: 'application/json' })
      expect([refused.status, JSON.parse(refused.body).code]).toEqual([400, 'flow_not_found'])
    }
    expect((await get(back, good)).location).toBe(`${secure}/welcome`)
  })

  test('a session or admin cookie that comes twice is refused (#171)', async () => {
    const started = await get('/organizations/acme/oidc/login?return_to=/welcome')
    const finished = await get(await atProvider(started.location!), pair(started.lines[0]!))
    const session = pair(finished.lines.find((line) => line.includes('rp_session_'))!)
    expect((await get('/organizations/acme/session', session)).status).toBe(200)
    expect((await get('/organizations/acme/session', `${session}; ${session}`)).status).toBe(401)
    expect((await get('/organizations/acme/session', `${session}; ${session.split('=')[0]}=`)).status).toBe(401)
  })

  test('an altered flow cookie is refused, at whichever byte', async () => {
    const started = await get('/organizations/acme/oidc/login?return_to=/welcome')
    const good = pair(started.lines[0]!)
    const back = await atProvider(started.location!)
    const value = good.slice(good.indexOf('=') + 1)
    const altered = [
      value.slice(0, -1),
      `${value.slice(0, -3)}AAA`,
      value.replace('v1.', 'v2.'),
      value.replace(/\.[^.]+\./, '.AAAAAAAA.'),
      `${value.slice(0, 40)}${value[40] === 'A' ? 'B' : 'A'}${value.slice(41)}`,
      `${value}.`,
      '',
      'a'.repeat(9000),
    ]
    for (const bad of altered) {
      const refused = await get(back, `${good.split('=')[0]}=${bad}`, { accept: 'application/json' })
      expect([refused.status, JSON.parse(refused.body).code]).toEqual([400, 'flow_not_found'])
    }
  })

  test('a flow cookie under the name of another flow is refused', async () => {
    const [a, b] = [await get('/organizations/acme/oidc/login'), await get('/organizations/acme/oidc/login')]
    const [nameOfA] = pair(a.lines[0]!).split('=')
    const valueOfB = pair(b.lines[0]!).slice(pair(b.lines[0]!).indexOf('=') + 1)
    const refused = await get(await atProvider(a.location!), `${nameOfA}=${valueOfB}`, { accept: 'application/json' })
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([400, 'flow_not_found'])
  })

  test('cookie headers that make no sense break nothing (#193)', async () => {
    for (const cookie of [';;;', '=', 'a', '\u00e9=b', 'a=b=c;;', '$Version=1; a="b', 'x'.repeat(12_000)]) {
      expect((await get('/organizations/acme/session', cookie)).status).toBe(401)
    }
  })
})

describe('CSRF: every form of the settings page (#224)', () => {
  const forms = ['save', 'policy', 'staged-secret', 'enable', 'disable', 'discard']
  const target = (form: string) => `${world.organization(acme)}/settings/sso/${form}`

  test('the list of forms is complete', () => {
    const routes = world.routes.filter(({ method, url }) => method === 'POST' && url.includes('/settings/'))
    expect(routes.map(({ url }) => url.split('/').at(-1)).sort()).toEqual([...forms].sort())
  })

  test.each(forms)('%s without a token, with a wrong one, with an empty one: 403, nothing changes', async (form) => {
    const admin = await world.admin()
    const { version } = await world.connection(acme)
    const fields = { issuer: 'https://evil.example', client_id: 'evil', fingerprint: 'a', client_secret: 'evil' }
    for (const csrf of [{}, { csrf_token: '' }, { csrf_token: 'A'.repeat(43) }]) {
      const visit = await admin.visit(target(form), { form: { ...fields, ...csrf } })
      expect([visit.status, codeOf(visit)]).toEqual([403, 'csrf_refused'])
    }
    expect((await world.connection(acme)).version).toBe(version)
  })

  test.each(forms)('%s with the right token but from another site or a sibling: 403', async (form) => {
    const admin = await world.admin()
    const page = await admin.visit(`${world.organization(acme)}/settings/sso`)
    const { csrf_token } = formFields(page.body, '/settings/sso/save')
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://localhost:1' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const visit = await admin.visit(target(form), { form: { csrf_token: csrf_token! }, headers })
      expect([visit.status, codeOf(visit)]).toEqual([403, 'csrf_refused'])
    }
  })

  test.each(forms)('%s with the token of another admin session: 403 (#170)', async (form) => {
    const [one, two] = [await world.admin(), await world.admin()]
    const page = await two.visit(`${world.organization(acme)}/settings/sso`)
    const { csrf_token } = formFields(page.body, '/settings/sso/save')
    expect((await one.visit(target(form), { form: { csrf_token: csrf_token! } })).status).toBe(403)
  })

  test.each(forms)('%s without an admin session leads to the sign-in', async (form) => {
    const { version } = await world.connection(acme)
    const visit = await new UserAgent().visit(target(form), {
      form: { csrf_token: 'a' },
      until: ({ pathname }) => pathname === '/admin/sign-in',
    })
    expect(visit.url.pathname).toBe('/admin/sign-in')
    expect(visit.url.searchParams.get('next')).toBe(`/organizations/${acme}/settings/sso`)
    expect((await world.connection(acme)).version).toBe(version)
  })

  test.each([
    ['PUT', '/oidc', { issuer: 'https://evil.example' }],
    ['POST', '/oidc/disable', {}],
    ['DELETE', '/oidc', undefined],
  ])('the API with an admin session: %s %s needs the token in x-csrf-token', async (method, path, body) => {
    const id = organizations.ids[15]!
    await world.save(id)
    await world.runTest(id)
    const admin = await world.admin()
    const page = await admin.visit(`${world.organization(id)}/settings/sso`)
    const { csrf_token } = formFields(page.body, '/settings/sso/save')
    const send = (headers: Record<string, string>) =>
      fetch(`${world.base_url}/api/organizations/${id}${path}`, {
        method,
        headers: { cookie: cookies(admin), ...(body && { 'content-type': 'application/json' }), ...headers },
        ...(body && { body: JSON.stringify(body) }),
      })
    expect((await send({})).status).toBe(403)
    expect((await send({ 'x-csrf-token': 'a' })).status).toBe(403)
    expect((await send({ 'x-csrf-token': csrf_token!, origin: 'https://evil.example' })).status).toBe(403)
    expect((await send({ 'x-csrf-token': csrf_token! })).status).not.toBe(403)
  })

  test('signing in and out as administrator from another site: 403 (#224)', async () => {
    const admin = await world.admin()
    for (const path of ['/admin/sign-in', '/admin/sign-out']) {
      const visit = await admin.visit(world.base_url + path, {
        form: { admin_token: adminToken },
        from: 'https://evil.example/',
      })
      expect([visit.status, codeOf(visit)]).toEqual([403, 'csrf_refused'])
    }
    expect((await admin.visit(`${world.organization(acme)}/settings/sso`)).url.pathname).toContain('/settings/sso')
  })
})

describe('the settings page, used as a person does', () => {
  test('connect, test, enable by pressing its buttons; the typed secret is never shown', async () => {
    const id = organizations.next()
    const admin = await world.admin()
    const settings = `${world.organization(id)}/settings/sso`
    const empty = await admin.visit(settings)
    expect(empty.body).toContain(`value="${world.organization(id)}/oidc/consume"`)

    const wrong = await admin.submit(empty, '/settings/sso/save', {
      issuer: 'acme.okta.com',
      client_id: clientId,
      client_secret: 'typed-secret',
      intent: 'test',
    })
    expect(wrong.status).toBe(422)
    expect(wrong.body).toContain('value="acme.okta.com"')
    expect(wrong.body).not.toContain('typed-secret')

    const testing = await admin.submit(wrong, '/settings/sso/save', {
      issuer: world.idp.issuer,
      client_id: clientId,
      client_secret: (await import('../support/world.ts')).clientSecret,
      intent: 'test',
    })
    expect(testing.status).toBe(200)
    const link = /id="test-link"[^>]*href="([^"]+)"|href="([^"]+)"[^>]*id="test-link"/.exec(testing.body)!
    const done = await admin.visit((link[1] ?? link[2])!.replaceAll('&amp;', '&'))
    expect(done.url.href).toBe(settings)
    expect(done.body).toMatch(/id="status"[^>]*data-state="tested"/)

    const enabled = await admin.submit(done, '/settings/sso/enable')
    expect(enabled.body).toMatch(/id="status"[^>]*data-state="enabled"/)
    expect((await world.connection(id)).status).toBe('enabled')
    expect((await world.connection(id)).live.saved_by).toBe('admin')
  })

  test('two administrators: the second save is refused with what was typed, nothing is overwritten', async () => {
    const id = organizations.next()
    await world.save(id)
    const [one, two] = [await world.admin(), await world.admin()]
    const settings = `${world.organization(id)}/settings/sso`
    const [first, second] = [await one.visit(settings), await two.visit(settings)]
    await one.submit(first, '/settings/sso/save', { scope: 'openid email', intent: 'save' })
    const refused = await two.submit(second, '/settings/sso/save', { scope: 'openid groups', intent: 'save' })
    expect(refused.status).toBe(412)
    expect(refused.body).toContain('data-banner="conflict"')
    expect(refused.body).toContain('value="openid groups"')
    expect((await world.connection(id)).candidate.scope).toBe('openid email')
  })

  test('two administrators who both saw an empty page: the second is told', async () => {
    const id = organizations.next()
    const [one, two] = [await world.admin(), await world.admin()]
    const settings = `${world.organization(id)}/settings/sso`
    const [first, second] = [await one.visit(settings), await two.visit(settings)]
    const typed = { issuer: world.idp.issuer, client_secret: 'a', intent: 'save' }
    expect((await one.submit(first, '/settings/sso/save', { ...typed, client_id: 'one' })).status).toBe(200)
    expect((await two.submit(second, '/settings/sso/save', { ...typed, client_id: 'two' })).status).toBe(412)
    expect((await world.connection(id)).candidate.client_id).toBe('one')
    const policy = formFields(second.body, '/settings/sso/policy')
    expect((await two.visit(`${settings}/policy`, { form: { ...policy, default_role: 'admin' } })).status).toBe(412)
    expect((await world.connection(id)).policy.default_role).toBe('read')
  })

  test('enable without a test, disable of what is not enabled, discard of nothing: the page with the code', async () => {
    const id = organizations.next()
    await world.save(id)
    const admin = await world.admin()
    const page = await admin.visit(`${world.organization(id)}/settings/sso`)
    const { csrf_token, version } = formFields(page.body, '/settings/sso/save')
    for (const [form, code] of [
      ['enable', 'not_tested'],
      ['disable', 'not_enabled'],
      ['staged-secret', 'secret_not_staged'],
    ] as const) {
      const visit = await admin.visit(`${world.organization(id)}/settings/sso/${form}`, {
        form: {
          csrf_token: csrf_token!,
          version: version!,
          fingerprint: 'a',
          client_secret: 'second',
          intent: 'stage',
        },
      })
      expect([form, visit.status]).toEqual([form, 422])
      expect(visit.body).toContain(`data-code="${code}"`)
    }
  })

  test('a wrong admin token: 401 and no session; next leads nowhere else', async () => {
    const agent = new UserAgent()
    const refused = await agent.visit(`${world.base_url}/admin/sign-in`, { form: { admin_token: 'wrong', next: '' } })
    expect([refused.status, agent.cookies.size]).toEqual([401, 0])
    for (const next of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/organizations/a/settings/sso/../../../..//evil.example',
    ]) {
      const visit = await agent.visit(`${world.base_url}/admin/sign-in`, {
        form: { admin_token: adminToken, next },
        until: ({ pathname }) => pathname === '/',
      })
      expect([visit.url.origin, visit.url.pathname]).toEqual([world.base_url, '/'])
    }
  })

  test('an admin session ends: after twelve hours, and by signing out', async () => {
    const admin = await world.admin()
    const settings = `${world.organization(acme)}/settings/sso`
    const stays = (agent: UserAgent) => agent.visit(settings).then(({ url }) => url.pathname !== '/admin/sign-in')
    const began = world.clock.now
    world.clock.now += 12 * 3600 - 1
    expect(await stays(admin)).toBe(true)
    world.clock.now += 1
    expect(await stays(admin)).toBe(false)
    world.clock.now = began
    const copy = admin.copy()
    await admin.visit(`${world.base_url}/admin/sign-out`, { method: 'POST' })
    expect(await stays(copy)).toBe(false)
  })
})

describe('headers of every answer (#187, #188, #189)', () => {
  test.each([
    '/organizations/ACME/oidc/login',
    '/organizations/ACME/oidc/login?return_to=//evil.example',
    '/organizations/ACME/oidc/consume?state=a',
    '/organizations/ACME/oidc/initiate',
    '/organizations/ACME/oidc/test',
    '/organizations/ACME/oidc/logged-out',
    '/organizations/ACME/session',
    '/organizations/ACME/verify',
    '/organizations/ACME',
    '/organizations/nobody/oidc/login',
    '/organizations/ACME/settings/sso',
    '/admin/sign-in',
    '/api/organizations',
    '/api/organizations/ACME/oidc',
  ])('%s', async (path) => {
    const response = await fetch(world.base_url + path.replace('ACME', acme), { redirect: 'manual' })
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('referrer-policy')).toBe('same-origin')
    const csp = response.headers.get('content-security-policy')!
    for (const directive of ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"])
      expect(csp).toContain(directive)
    expect(csp).not.toMatch(/unsafe|\*/)
    expect(response.headers.get('x-powered-by')).toBeNull()
  })

  test('pages hold no inline script, style or event handler', async () => {
    const admin = await world.admin()
    for (const path of [
      `/organizations/${acme}/settings/sso`,
      '/admin/sign-in',
      `/organizations/${acme}/oidc/consume?state=a`,
    ]) {
      const { body } = await admin.visit(world.base_url + path)
      expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/i)
    }
  })

  test('stylesheet and script may be kept, and are what they say', async () => {
    const { body } = await (await world.admin()).visit(`${world.organization(acme)}/settings/sso`)
    const files = [...body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!)
    expect(files).toHaveLength(2)
    for (const path of files) {
      const response = await fetch(world.base_url + path)
      expect([response.status, response.headers.get('x-content-type-options')]).toEqual([200, 'nosniff'])
      expect(response.headers.get('content-type')).toMatch(/^text\/(css|javascript)/)
    }
  })
})

const cookies = (agent: UserAgent) =>
  [...agent.cookies].map(([key, { value }]) => `${key.split('|')[0]}=${value}`).join('; ')
