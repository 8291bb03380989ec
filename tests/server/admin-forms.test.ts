/** The forms of the settings page: pressed by a person, and by somebody else’s page. */
import { describe, expect, test } from 'vitest'
import { codeOf, formFields, UserAgent } from '../support/user-agent.ts'
import { adminToken, clientId, organizationIds, sharedWorld, type Route } from '../support/world.ts'

const organizations = organizationIds(30)
const acme = organizations.next()
const world = await sharedWorld({ organizations: organizations.ids })
await world.enable(acme)

/** What an administrator’s browser can change, found by its method; the tests below know what each is worth when it is meant. */
const changing = world.routes.filter(({ method }) => !['GET', 'HEAD'].includes(method))
const named = ({ method, url }: Route) => `${method} ${url}`
const forms = changing.filter(({ url }) => url.includes('/settings/'))
const api = changing.filter(({ url }) => url.startsWith('/api/'))

/** With a change beside what is live, so that each of them has something to do. */
async function ready(id: string) {
  await world.enable(id)
  await world.api('PUT', `/organizations/${id}/oidc/staged-secret`, { client_secret: 'the second' })
  await world.save(id, { scope: 'openid' })
  await world.runTest(id)
  const admin = await world.admin()
  return { admin, csrf_token: await tokenOf(admin), before: await world.connection(id) }
}
async function tokenOf(admin: UserAgent): Promise<string> {
  const page = await admin.visit(`${world.organization(acme)}/settings/sso`)
  return formFields(page.body, '/settings/sso/save').csrf_token!
}
type Ready = Awaited<ReturnType<typeof ready>>

/** Sent by the browser of the administrator, by whatever page. */
const press = (id: string, { method, url }: Route, { admin }: Ready, sent: object, headers: object = {}) =>
  fetch(world.base_url + url.replace(':id', id), {
    method,
    redirect: 'manual',
    headers: {
      accept: 'application/json',
      cookie: admin.allCookies(),
      ...(url.startsWith('/api/') && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: url.startsWith('/api/') ? JSON.stringify(sent) : new URLSearchParams(sent as Record<string, string>),
  })
const refusedAsForged = async (response: Response) =>
  expect([response.status, await response.json()]).toMatchObject([403, { code: 'csrf_refused' }])

/** What each sends when it is meant, and how it is answered. */
const meant: Record<string, (ready: Ready) => [status: number, sent?: object]> = {
  'POST /organizations/:id/settings/sso/save': () => [303, { scope: 'openid profile', intent: 'save' }],
  'POST /organizations/:id/settings/sso/policy': () => [303, { enforcement: 'optional', default_role: 'write' }],
  'POST /organizations/:id/settings/sso/resume': () => [200, { client_id: 'typed' }],
  'POST /organizations/:id/settings/sso/staged-secret': () => [303, { intent: 'unstage' }],
  'POST /organizations/:id/settings/sso/enable': ({ before }) => [303, { fingerprint: before.candidate.fingerprint }],
  'POST /organizations/:id/settings/sso/disable': () => [303],
  'POST /organizations/:id/settings/sso/discard': () => [303],
  'PUT /api/organizations/:id/oidc': () => [200, { scope: 'openid profile' }],
  'DELETE /api/organizations/:id/oidc': () => [204],
  'POST /api/organizations/:id/oidc/test': () => [200],
  'POST /api/organizations/:id/oidc/enable': ({ before }) => [200, { fingerprint: before.candidate.fingerprint }],
  'POST /api/organizations/:id/oidc/disable': () => [200],
  'POST /api/organizations/:id/oidc/discard': () => [200],
  'PUT /api/organizations/:id/oidc/policy': () => [200, { default_role: 'write' }],
  'POST /api/organizations/:id/oidc/policy/preview': () => [200, { default_role: 'write' }],
  'PUT /api/organizations/:id/oidc/staged-secret': () => [200, { client_secret: 'another' }],
  'DELETE /api/organizations/:id/oidc/staged-secret': () => [200],
}

describe('CSRF: every form of the settings page and every route of the API that changes something (#224)', () => {
  test('the list of what each is worth when it is meant is complete', () => {
    expect(Object.keys(meant).toSorted()).toEqual([...forms, ...api].map(named).toSorted())
  })

  test.each([...forms, ...api])(
    '$method $url, meant: it is done; without a token, with a wrong one, of another session, from elsewhere: 403, and nothing changes (#170)',
    async (route) => {
      const id = organizations.next()
      const prepared = await ready(id)
      const { csrf_token, before } = prepared
      const { version } = before
      const of_another_session = await tokenOf(await world.admin())
      const [status, sent = {}] = meant[named(route)]!(prepared)
      const isForm = forms.includes(route)
      const pressed = (token: object, headers: object = {}) =>
        isForm
          ? press(
              id,
              route,
              prepared,
              { version, ...sent, ...('token' in token && { csrf_token: token.token }) },
              headers,
            )
          : press(id, route, prepared, sent, { ...('token' in token && { 'x-csrf-token': token.token }), ...headers })

      for (const token of [{}, { token: '' }, { token: 'A'.repeat(43) }, { token: of_another_session }]) {
        await refusedAsForged(await pressed(token))
      }
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: 'http://localhost:1' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ]) {
        await refusedAsForged(await pressed({ token: csrf_token }, headers))
      }
      expect(await world.connection(id)).toEqual(before)
      expect((await pressed({ token: csrf_token })).status).toBe(status)
      const changed = JSON.stringify(await world.connection(id)) !== JSON.stringify(before)
      expect(changed).toBe(!/\/(preview|resume)$/.test(route.url))
    },
  )

  test.each(forms)('$method $url without an admin session leads to the sign-in', async ({ url }) => {
    const { version } = await world.connection(acme)
    const visit = await new UserAgent().visit(world.base_url + url.replace(':id', acme), {
      form: { csrf_token: 'a' },
      until: ({ pathname }) => pathname === '/admin/sign-in',
    })
    expect(visit.url.pathname).toBe('/admin/sign-in')
    expect(visit.url.searchParams.get('next')).toBe(`/organizations/${acme}/settings/sso`)
    expect((await world.connection(acme)).version).toBe(version)
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
    expect(empty.body).toContain(`${world.organization(id)}/oidc/consume</textarea`)

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

  test('whoever signs in comes back to the very page, with what it was narrowed down to', async () => {
    const page = `${world.organization(acme)}/settings/sso/attempts?purpose=test&outcome=failed`
    const agent = new UserAgent()
    const { url } = await agent.visit(page)
    const form = { admin_token: adminToken, next: url.searchParams.get('next')! }
    expect((await agent.visit(`${world.base_url}/admin/sign-in`, { form })).url.href).toBe(page)
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
      '/organizations/a/settings/sso?next=//evil.example',
      '/organizations/a/settings/sso?a=%0d%0a',
    ]) {
      const visit = await agent.visit(`${world.base_url}/admin/sign-in`, {
        form: { admin_token: adminToken, next },
        until: ({ pathname }) => pathname === '/admin',
      })
      expect([visit.url.origin, visit.url.pathname]).toEqual([world.base_url, '/admin'])
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
