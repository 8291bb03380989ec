/** The small pages: what each must show, and must not. */
import { describe, expect, test } from 'vitest'
import {
  renderAdminSignInPage,
  renderAttemptPage,
  renderFailurePage,
  renderMemberPage,
  renderOrganizationsPage,
  renderSignedOutPage,
  renderTestingPage,
  renderWelcomePage,
} from '../../packages/server/src/views/index.ts'
import { byId, find, parsed, posted, textOf } from './document.ts'
import { attempt, failureView } from './fixtures.ts'
import { views } from './pages.ts'

const refreshOf = (page: string) =>
  find(page, ({ attributes }) => attributes['http-equiv'] === 'refresh')[0]?.attributes.content

describe('on the way to the provider', () => {
  test('the browser goes by itself, and by a link', () => {
    const page = renderTestingPage(views.testing)
    expect(refreshOf(page)).toBe('0;url=https://acme.okta.example/authorize?a=b&c=d')
    expect(byId(page, 'test-link')!.attributes.href).toBe('https://acme.okta.example/authorize?a=b&c=d')
    expect(textOf(parsed(page))).toContain('acme.okta.example')
  })

  test('quotes and semicolons cannot end the address', () => {
    const page = renderTestingPage({ ...views.testing, test_url: `https://a.example/?x="';url=https://evil.example` })
    expect(refreshOf(page)).toBe('0;url=https://a.example/?x=%22%27;url=https://evil.example')
  })

  test('a link of this server serves as well', () => {
    expect(refreshOf(renderTestingPage({ ...views.testing, test_url: '/organizations/acme/oidc/test?token=x' }))).toBe(
      '0;url=/organizations/acme/oidc/test?token=x',
    )
  })

  test('nothing but a web address is followed', () => {
    const page = renderTestingPage({ ...views.testing, test_url: 'javascript:alert(1)' })
    expect(refreshOf(page)).toBeUndefined()
    expect(byId(page, 'test-link')).toBeUndefined()
  })
})

describe('a failed sign-in', () => {
  test('tells the member what to do, with the attempt to name and a way to start again', () => {
    const page = renderFailurePage(views.failure)
    expect(byId(page, 'sign-in-again')!.attributes.href).toBe('/organizations/acme/oidc/login')
    expect(textOf(byId(page, 'attempt-id')!)).toBe('att_4ZkP9')
    const alert = find(page, ({ attributes }) => attributes.role === 'alert')[0]!
    expect(textOf(alert)).toContain(failureView('flow_expired').message)
  })

  test.each(['token_invalid_client', 'id_token_iss_mismatch', 'request_blocked', 'request_failed'] as const)(
    '%s, which a member cannot mend, stays in the fold',
    (code) => {
      const page = renderFailurePage({ ...views.failure, failure: failureView(code, { expected: 'FACT' }) })
      const { message, remedy } = failureView(code)
      const alert = textOf(find(page, ({ attributes }) => attributes.role === 'alert')[0]!)
      expect([message, remedy, code].some((text) => alert.includes(text))).toBe(false)
      for (const text of [message, remedy, code]) expect(textOf(byId(page, 'details')!)).toContain(text)
      expect(byId(page, 'details')!.attributes).not.toHaveProperty('open')
      expect(page).not.toContain('FACT')
    },
  )

  const alertOf = (page: string) => textOf(find(page, ({ attributes }) => attributes.role === 'alert')[0]!)

  test.each([
    'policy_email_domain_not_allowed',
    'policy_email_missing',
    'policy_email_not_verified',
    'policy_role_not_mapped',
  ] as const)('%s: whoever is refused reads who that is, and may be somebody else', (code) => {
    const refused = { ...views.failure, failure: failureView(code), person: 'ada@gmail.example' }
    const page = renderFailurePage(refused)
    expect(alertOf(page)).toContain('ada@gmail.example')
    expect(byId(page, 'sign-in-again')!.attributes.href).toBe('/organizations/acme/oidc/login?prompt=login')
    const led = renderFailurePage({ ...refused, login_url: '/organizations/acme/oidc/login?return_to=%2Fa' })
    expect(byId(led, 'sign-in-again')!.attributes.href).toMatch(/return_to=%2Fa&prompt=login$/)
    // It works as it is set up.
    const broken = renderFailurePage({ ...refused, failure: failureView('id_token_iss_mismatch') })
    expect(alertOf(page)).not.toBe(alertOf(broken))
    expect(alertOf(renderFailurePage({ ...refused, person: null }))).not.toContain('null')
  })

  test('where nothing is enabled nothing is broken either', () => {
    const alert = (code: 'sso_not_enabled' | 'id_token_iss_mismatch') =>
      alertOf(renderFailurePage({ ...views.failure, failure: failureView(code) }))
    expect(alert('sso_not_enabled')).not.toBe(alert('id_token_iss_mismatch'))
  })

  test('what stands above is not repeated for the administrator', () => {
    const { message, remedy } = failureView('flow_expired')
    const details = textOf(byId(renderFailurePage(views.failure), 'details')!)
    expect(details).toContain('flow_expired')
    for (const text of [message, remedy]) expect(details).not.toContain(text)
  })

  test('a request that was about no sign-in does not speak of one', () => {
    const failure = { ...failureView('flow_expired'), code: 'route_not_found', message: 'Nothing is here.' }
    const page = renderFailurePage({
      organization_id: null,
      failure,
      attempt_id: null,
      person: null,
      settings_url: null,
      login_url: null,
    })
    expect(textOf(find(page, ({ tag }) => tag === 'h1')[0]!)).toBe('Nothing is here.')
    expect(page).not.toMatch(/not signed in|sign-in failed/i)
    expect(page).toContain(failure.remedy)
  })

  test('whoever was testing is led back to the settings', () => {
    const settings_url = '/organizations/acme/settings/sso'
    const page = renderFailurePage({ ...views.failure, settings_url, login_url: null })
    expect(byId(page, 'back-to-settings')!.attributes.href).toBe(settings_url)
    expect(byId(renderFailurePage(views.failure), 'back-to-settings')).toBeUndefined()
  })

  test('offers nothing that is not there', () => {
    const page = renderFailurePage({ ...views.failure, login_url: null, attempt_id: null })
    expect(byId(page, 'sign-in-again')).toBeUndefined()
    expect(byId(page, 'attempt-id')).toBeUndefined()
  })
})

test('the administrator signs in with the token, and comes back', () => {
  const page = renderAdminSignInPage(views.admin_sign_in)
  const form = byId(page, 'admin-sign-in')!
  expect(form.attributes.action).toBe('/admin/sign-in')
  expect(posted(form)).toEqual({ next: '/organizations/acme/settings/sso', admin_token: '' })
  expect(byId(page, 'admin_token')!.attributes).toMatchObject({ type: 'password', 'aria-invalid': 'true' })
  expect(byId(page, 'admin_token-fault')).toBeDefined()
  expect(posted(byId(renderAdminSignInPage({ next: '/', error: null, typed: null }), 'admin-sign-in')!)).toEqual({
    next: '/',
    admin_token: '',
  })
})

test('what passed its test has no clock in the list of organizations', () => {
  const badges = find(renderOrganizationsPage(views.organizations), ({ attributes }) =>
    /^badge /.test(attributes.class ?? ''),
  )
  expect(badges.map(({ attributes }) => attributes.class)).toEqual(['badge good', 'badge quiet', 'badge good'])
})

describe('an attempt', () => {
  test('that failed says why, with the facts', () => {
    const page = renderAttemptPage(views.failed_attempt)
    expect(find(page, ({ attributes }) => attributes['data-code'] === 'token_invalid_client')).toHaveLength(1)
    expect(textOf(parsed(page))).toContain('401')
  })
  test('that passed shows the claims and what the policy says', () => {
    const page = renderAttemptPage(views.attempt)
    expect(textOf(parsed(page))).toContain('Ada Lovelace')
    expect(find(page, ({ attributes }) => attributes['data-code'] === 'policy_email_missing')).toHaveLength(1)
  })
  test('shows claims bounded in number and length', () => {
    const claims = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`c${index}`, 'v'.repeat(10_000)]))
    expect(renderAttemptPage({ ...views.attempt, attempt: attempt({ claims }) }).length).toBeLessThan(100_000)
  })
})

test('a member sees who they are, and can sign out', () => {
  const page = renderMemberPage(views.member)
  expect(textOf(find(page, ({ tag }) => tag === 'h1')[0]!)).toContain('ada@acme.example')
  const form = byId(page, 'sign-out')!
  expect(form.attributes.action).toBe('/organizations/acme/oidc/logout')
  expect(posted(form)).toEqual({})
  const nameless = renderMemberPage({ ...views.member, email: null, role: null })
  expect(textOf(find(nameless, ({ tag }) => tag === 'h1')[0]!)).toContain('00u1')
})

test('after signing out there is a way in again, if there is one', () => {
  expect(byId(renderSignedOutPage(views.signed_out), 'sign-in-again')!.attributes.href).toBe(
    '/organizations/acme/oidc/login',
  )
  expect(byId(renderSignedOutPage({ organization_id: 'acme', login_url: null }), 'sign-in-again')).toBeUndefined()
})

test('the front page leads to the reference and to the administrators’ entrance, and names nobody', () => {
  const targets = (page: string) => find(page, ({ tag }) => tag === 'a').map(({ attributes }) => attributes.href)
  expect(targets(renderWelcomePage())).toEqual(expect.arrayContaining(['/docs', '/admin']))
  const { organizations } = views.organizations
  const leading = targets(renderOrganizationsPage({ ...views.organizations, more_after: 'globex/x' }))
  expect(leading).toEqual(expect.arrayContaining(['/organizations/acme/settings/sso', '/admin?after=globex%2Fx']))
  expect(leading).toHaveLength(organizations.length + 3)
})
