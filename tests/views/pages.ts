/** Every page in every state that matters, by name: what holds for all pages is tested on these. */
import { checks } from '@relying-party/core'
import {
  renderAdminSignInPage,
  renderAttemptPage,
  renderAttemptsPage,
  renderChangesPage,
  renderCheckPage,
  renderFailurePage,
  renderMemberPage,
  renderOrganizationsPage,
  renderResumePage,
  renderSettingsPage,
  renderSignedOutPage,
  renderTestingPage,
  renderWelcomePage,
} from '../../packages/server/src/views/index.ts'
import { attempt, attempts, changes, failureView, now, states } from './fixtures.ts'

const admin = { admin: 'ada@acme.example', csrf_token: 'csrf-token', proposal: null, version: null }
const { admin: name, csrf_token } = admin
const signedIn = attempt()

/** Views of the smaller pages, so that a test may put other texts into them. */
export const views = {
  testing: {
    organization_id: 'acme',
    test_url: 'https://acme.okta.example/authorize?a=b&c=d',
    provider_host: 'acme.okta.example',
    unsaved: null,
  },
  failure: {
    organization_id: 'acme',
    failure: failureView('flow_expired'),
    attempt_id: 'att_4ZkP9',
    person: null,
    settings_url: null,
    login_url: '/organizations/acme/oidc/login',
  },
  admin_sign_in: {
    next: '/organizations/acme/settings/sso',
    error: 'This is not the admin token.',
    typed: null,
  },
  attempt: {
    organization_id: 'acme',
    attempt: { ...signedIn, refusal: failureView('policy_email_missing') },
    ...admin,
  },
  failed_attempt: { organization_id: 'acme', attempt: attempts[1]!, ...admin },
  explained_attempt: {
    organization_id: 'acme',
    attempt: states.explained_mode.last_attempt!,
    ...admin,
    proposal: states.explained_mode.proposal,
    version: 'v7',
  },
  attempts_page: {
    organization_id: 'acme',
    attempts: { entries: attempts, older: 'att_6' },
    filter: {},
    is_newest: true,
    admin: name,
    csrf_token,
  },
  changes_page: {
    organization_id: 'acme',
    changes: { entries: changes, older: 'change_1' },
    is_newest: false,
    admin: name,
    csrf_token,
  },
  check: {
    organization_id: 'acme',
    id: 'id_token_audience',
    check: checks.id_token_audience,
    admin: name,
    csrf_token,
  },
  member: {
    organization_id: 'acme',
    subject: '00u1',
    issuer: 'https://acme.okta.example',
    email: 'ada@acme.example',
    role: 'admin',
    claims: signedIn.claims!,
    authenticated_at: now,
    expires_at: now + 604_800,
  },
  signed_out: { organization_id: 'acme', login_url: '/organizations/acme/oidc/login' },
  organizations: {
    organizations: [
      { organization_id: 'acme', status: 'enabled' },
      { organization_id: 'globex', status: 'draft' },
      { organization_id: 'initech', status: 'tested' },
    ],
    more_after: null,
    admin: name,
    csrf_token,
  },
} as const

export const pages: readonly (readonly [name: string, page: string])[] = [
  ...Object.entries(states).map(([name, view]) => [`settings: ${name}`, renderSettingsPage(view)] as const),
  ['testing', renderTestingPage(views.testing)],
  ['failure', renderFailurePage(views.failure)],
  [
    'failure of whom the policy refuses',
    renderFailurePage({
      ...views.failure,
      failure: failureView('policy_email_domain_not_allowed'),
      person: 'ada@gmail.example',
    }),
  ],
  [
    'failure where nothing is enabled',
    renderFailurePage({ ...views.failure, failure: failureView('sso_not_enabled') }),
  ],
  [
    'failure of nobody in particular',
    renderFailurePage({ ...views.failure, organization_id: null, attempt_id: null, login_url: null }),
  ],
  ['administrator sign-in', renderAdminSignInPage(views.admin_sign_in)],
  ['administrator sign-in, first visit', renderAdminSignInPage({ next: '/', error: null, typed: null })],
  [
    'administrator sign-in, with something typed',
    renderAdminSignInPage({ ...views.admin_sign_in, error: null, typed: { issuer: 'https://acme.okta.example' } }),
  ],
  [
    'signed in again',
    renderResumePage({ next: views.admin_sign_in.next, typed: { issuer: 'https://acme.okta.example' }, csrf_token }),
  ],
  [
    'testing, with a policy that is not saved',
    renderTestingPage({ ...views.testing, unsaved: { typed: { default_role: 'write' }, csrf_token, version: 'v7' } }),
  ],
  ['attempt', renderAttemptPage(views.attempt)],
  ['failed attempt', renderAttemptPage(views.failed_attempt)],
  ['explained attempt', renderAttemptPage(views.explained_attempt)],
  ['attempts', renderAttemptsPage(views.attempts_page)],
  [
    'attempts of a kind that there are none of',
    renderAttemptsPage({
      ...views.attempts_page,
      attempts: { entries: [], older: null },
      filter: { purpose: 'test', outcome: 'failed' },
    }),
  ],
  ['changes', renderChangesPage(views.changes_page)],
  ['check', renderCheckPage(views.check)],
  ['member', renderMemberPage(views.member)],
  ['signed out', renderSignedOutPage(views.signed_out)],
  ['welcome', renderWelcomePage()],
  ['organizations', renderOrganizationsPage({ ...views.organizations, more_after: 'initech' })],
  ['organizations: none', renderOrganizationsPage({ ...views.organizations, organizations: [] })],
]
