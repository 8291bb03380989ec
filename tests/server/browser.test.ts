/** What a hostile page or link can try with somebody’s browser. */
import { describe, expect, test } from 'vitest'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { organizationIds, sharedWorld } from '../support/world.ts'

const organizations = organizationIds(20)
const acme = organizations.next()
const world = await sharedWorld({ organizations: organizations.ids })
await world.enable(acme)

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
