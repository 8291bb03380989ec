/** Views as the routes make them, in every state that an organization can be in: for the tests of the pages. */
import {
  defaultPolicy,
  explain,
  failures,
  proposeChange,
  type FailureCode,
  type FailureDetail,
  type Settings,
  type Transcript,
} from '@relying-party/core'
import { auditTypes } from '../../packages/server/src/audit.ts'
import type {
  AttemptView,
  ChangeView,
  FailureView,
  RevisionView,
  SettingsView,
} from '../../packages/server/src/views/model.ts'
import type { Login } from '../core/support/play.ts'
import { at, json, metadata, mint, tokenBody } from '../core/support/provider.ts'
import { recorded } from '../core/support/recorded.ts'

export const now = 1_795_000_000

export function failureView(code: FailureCode, detail: FailureDetail = {}): FailureView {
  return { code, ...failures[code], detail }
}

export const settings: Settings = {
  issuer: 'https://acme.okta.example',
  client_id: '0oa5x9k2mQbT1cVfG5d7',
  scope: 'openid profile email',
  response_mode: 'query',
  userinfo: 'when_needed',
}

export function revision(changes: Partial<RevisionView> = {}): RevisionView {
  return {
    revision: 1,
    fingerprint: 'fingerprint-of-the-candidate',
    settings,
    client_secret_set: true,
    client_secret_id: 'secret_1',
    saved_at: now - 300,
    saved_by: 'ada@acme.example',
    tested_at: null,
    last_test: null,
    ...changes,
  }
}

export const tested = {
  tested_at: now - 90,
  last_test: { outcome: 'passed', at: now - 90, attempt_id: 'att_7Qm2' },
} as const

export function failedTest(failure: FailureView): Pick<RevisionView, 'last_test'> {
  return { last_test: { outcome: 'failed', at: now - 60, attempt_id: 'att_4ZkP9', failure } }
}

export function attempt(changes: Partial<AttemptView> = {}): AttemptView {
  return {
    attempt_id: 'att_7Qm2',
    purpose: 'test',
    outcome: 'succeeded',
    at: now - 90,
    revision: 1,
    failure: null,
    subject: '00u1ab2cd3EF4gh5IJ6k7',
    claims: {
      iss: 'https://acme.okta.example',
      sub: '00u1ab2cd3EF4gh5IJ6k7',
      aud: '0oa5x9k2mQbT1cVfG5d7',
      email: 'ada@acme.example',
      email_verified: true,
      name: 'Ada Lovelace',
      groups: ['Everyone', 'Platform Admins'],
      auth_time: now - 95,
    },
    access: {
      email: 'ada@acme.example',
      email_verified: true,
      role: 'admin',
      matched_rule: { value: 'Platform Admins', role: 'admin' },
    },
    refusal: null,
    explanation: passedTest,
    durations: { discovery: 0.182, authorization: 14.2, token: 0.31, keys: 0.094 },
    count: 1,
    omitted: false,
    ...changes,
  }
}

/** What the machine and its second opinion make of a test login that goes as described. */
async function played(login: Login): Promise<Transcript> {
  return (await recorded({ ...login, requested: { purpose: 'test' } })).transcript
}

const passedTest = explain(await played({}))

/** A settings page after a test that really failed: the failure, its record, and what would have mended it. */
export async function afterFailure(login: Login): Promise<SettingsView> {
  const transcript = await played(login)
  if (transcript.verdict.outcome !== 'failed') throw new Error('the login was to fail')
  const { code, detail } = transcript.verdict.failure
  const failure = failureView(code, detail)
  const { issuer, client } = transcript.relying_party
  return view({
    candidate: revision({ ...failedTest(failure), settings: { ...settings, issuer, client_id: client.client_id } }),
    last_attempt: attempt({
      attempt_id: 'att_4ZkP9',
      outcome: 'failed',
      at: now - 60,
      subject: null,
      failure,
      claims: null,
      access: null,
      explanation: explain(transcript),
    }),
    proposal: await proposeChange(transcript),
    attempts: recent,
  })
}

const minted = (claims: Readonly<Record<string, unknown>>) => json(tokenBody({ id_token: mint({ claims }) }))

export const attempts: readonly AttemptView[] = [
  attempt({ purpose: 'login', attempt_id: 'att_9', at: now - 30 }),
  attempt({
    attempt_id: 'att_8',
    at: now - 3700,
    outcome: 'failed',
    subject: null,
    failure: failureView('token_invalid_client', { status: 401, error: 'invalid_client' }),
    claims: null,
    access: null,
  }),
  attempt({
    attempt_id: 'att_6',
    purpose: null,
    at: now - 86_400 * 12,
    outcome: 'failed',
    subject: null,
    failure: failureView('flow_not_found'),
    claims: null,
    access: null,
  }),
]

const recent = { entries: attempts, older: 'att_6' }

const change = { at: now - 40, by: 'ada@acme.example' }

/** One of every kind. */
export const changes: readonly ChangeView[] = auditTypes.map((type, index) => ({
  ...change,
  event_id: `change_${index + 1}`,
  type,
  ...(type !== 'policy_set' && { revision: 1 }),
  ...(type === 'saved' && { fields: ['issuer', 'client_secret', 'role_mapping', 'role_mapping.rules', 'to_come'] }),
  ...(type === 'policy_set' && { fields: ['session_lifetime', 'allowed_email_domains'] }),
  ...(type === 'test_failed' && { by: 'test', attempt_id: 'att_8' }),
}))

export function view(changes: Partial<SettingsView> = {}): SettingsView {
  const base = 'https://sso.acme.example/organizations/acme'
  return {
    organization_id: 'acme',
    status: 'draft',
    candidate: null,
    live: null,
    previous: null,
    staged_client_secret_set: false,
    lock_out: null,
    called_as: null,
    policy: {
      ...defaultPolicy,
      allowed_email_domains: ['acme.example'],
      role_mapping: {
        claim: 'groups',
        rules: [
          { value: 'Everyone', role: 'read' },
          { value: 'Platform Admins', role: 'admin' },
        ],
      },
    },
    version: 'v7',
    redirect_uri: `${base}/oidc/consume`,
    post_logout_redirect_uri: `${base}/oidc/signed-out`,
    initiate_login_uri: `${base}/oidc/initiate`,
    login_url: `${base}/oidc/login`,
    typed: null,
    entered_secret: false,
    saved: null,
    unsaved: [],
    faults: [],
    notices: [],
    refusal: null,
    conflict: false,
    attempts: { entries: [], older: null },
    changes: { entries: [], older: null },
    last_attempt: null,
    proposal: null,
    preview: null,
    unmatched: null,
    csrf_token: 'csrf-token',
    admin: 'ada@acme.example',
    now,
    test_lifetime: 900,
    ...changes,
  }
}

const refusal = failureView('policy_email_domain_not_allowed', { allowed: ['acme.example'], domain: 'gmail.example' })
const refusedAttempt = attempt({
  access: { email: 'ada@gmail.example', email_verified: true, role: 'admin', matched_rule: null },
  refusal,
})

/** The newest change: what had been live until then was disabled. */
const disabled = { entries: changes.filter(({ type }) => type === 'disabled'), older: 'change_1' }

const live = revision({ fingerprint: 'fingerprint-of-what-is-live', saved_at: now - 86_400, ...tested })
const changed = {
  ...settings,
  issuer: 'https://login.acme.example/oauth2/default',
  scope: 'openid profile email groups',
}

/** Every state of the settings page by name. */
export const states = {
  empty: view(),
  saved: view({ candidate: revision() }),
  testing: view({ candidate: revision({ last_test: { outcome: 'running', at: now - 20 } }) }),
  abandoned: view({ candidate: revision({ last_test: { outcome: 'running', at: now - 4000 } }) }),
  failed_issuer: view({
    candidate: revision(
      failedTest(
        failureView('discovery_issuer_mismatch', {
          expected: 'https://acme.okta.example',
          received: 'https://acme.okta.example/oauth2/default',
        }),
      ),
    ),
    attempts: recent,
  }),
  failed_secret: view({
    candidate: revision(
      failedTest(
        failureView('token_invalid_client', {
          status: 401,
          error: 'invalid_client',
          error_description: 'The client secret supplied for a confidential client is invalid.',
        }),
      ),
    ),
    attempts: recent,
  }),
  failed_redirect: view({
    candidate: revision(
      failedTest(
        failureView('authorization_error_response', {
          error: 'invalid_request',
          error_description: "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
        }),
      ),
    ),
    attempts: recent,
  }),
  failed_network: view({ candidate: revision(failedTest(failureView('request_failed'))) }),
  explained_issuer: await afterFailure({
    answers: { provider_metadata: json({ ...metadata, issuer: `${metadata.issuer}/` }) },
  }),
  explained_secret: await afterFailure({
    answers: {
      token: json(
        {
          error: 'invalid_client',
          error_description: 'The client secret supplied for a confidential client is invalid.',
        },
        { status: 401 },
      ),
    },
  }),
  explained_redirect: await afterFailure({
    response: {
      code: undefined,
      error: 'invalid_request',
      error_description: "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
    },
  }),
  explained_mode: await afterFailure({ received: { response_mode: 'form_post' } }),
  explained_audience: await afterFailure({ answers: { token: minted({ aud: '0oa9OtherApplication' }) } }),
  explained_token_issuer: await afterFailure({ answers: { token: minted({ iss: `${metadata.issuer}/` }) } }),
  explained_clock: await afterFailure({ answers: { token: minted({ exp: at - 40, iat: at - 400 }) } }),
  previewed: view({
    status: 'enabled',
    live,
    typed: { allowed_email_domains: 'acme.example', default_role: '' },
    preview: {
      considered: 12,
      unknown: 0,
      changes: [
        {
          attempt_id: 'att_9',
          at: now - 4000,
          person: 'grace@acme.example',
          from: 'read',
          to: 'admin',
          refusal: null,
        },
        {
          attempt_id: 'att_6',
          at: now - 90_000,
          person: 'eve@gmail.example',
          from: 'read',
          to: null,
          refusal: failureView('policy_email_domain_not_allowed'),
        },
      ],
    },
  }),
  overdue: view({ candidate: revision({ last_test: { outcome: 'running', at: now - 150 } }) }),
  tested: view({ status: 'tested', candidate: revision(tested), attempts: recent, last_attempt: attempt() }),
  tested_refused: view({
    status: 'tested',
    candidate: revision(tested),
    last_attempt: refusedAttempt,
  }),
  enabled_refused: view({ status: 'enabled', live, last_attempt: refusedAttempt }),
  pending_refused: view({ status: 'enabled', live, candidate: revision(tested), last_attempt: refusedAttempt }),
  disabled: view({ status: 'tested', candidate: revision(tested), last_attempt: attempt(), changes: disabled }),
  disabled_refused: view({
    status: 'tested',
    candidate: revision(tested),
    last_attempt: refusedAttempt,
    changes: disabled,
  }),
  disabled_beside_draft: view({
    candidate: revision({ revision: 2, fingerprint: 'fingerprint-of-the-draft' }),
    previous: revision(tested),
    changes: disabled,
  }),
  tested_failed_since: view({
    status: 'tested',
    candidate: revision({ ...tested, ...failedTest(failureView('request_timed_out')) }),
  }),
  enabled: view({
    status: 'enabled',
    live,
    attempts: recent,
    changes: { entries: changes, older: 'change_1' },
    last_attempt: attempt(),
    previous: revision({ ...tested, fingerprint: 'fingerprint-of-the-previous', saved_at: now - 86_400 * 40 }),
  }),
  pending: view({
    status: 'enabled',
    live,
    staged_client_secret_set: true,
    candidate: revision({ revision: 2, settings: changed, client_secret_set: false }),
    attempts: recent,
  }),
  pending_failed: view({
    status: 'enabled',
    live,
    candidate: revision({
      revision: 2,
      settings: changed,
      ...failedTest(failureView('id_token_iss_mismatch', { expected: changed.issuer, received: settings.issuer })),
    }),
  }),
  pending_tested: view({ status: 'enabled', live, candidate: revision({ revision: 2, settings: changed, ...tested }) }),
  faults: view({
    candidate: revision(),
    typed: {
      issuer: 'http://acme.okta.example',
      client_id: '',
      authorization_parameters: 'hd=acme.example\nno such line',
      role_rules: 'Everyone -> read',
      session_lifetime_value: '0',
      session_lifetime_unit: 'days',
    },
    faults: [
      {
        member: 'issuer',
        fault:
          'must begin with https://, as the provider shows it (plain http is only for hosts that whoever runs this server has allowed: OUTBOUND_ALLOW)',
      },
      { member: 'client_id', fault: 'must be the client id that the provider shows' },
      { member: 'authorization_parameters', fault: 'must be an object of at most 20 short texts' },
      { member: 'session_lifetime', fault: 'must be whole seconds between 60 and 31536000 (one year)' },
      { member: 'role_mapping', fault: 'must be {"claim": "groups", "rules": [{"value": "Admins", "role": "admin"}]}' },
    ],
  }),
  notices: view({
    candidate: revision(),
    notices: [
      {
        member: 'issuer',
        code: 'metadata_url_read_as_issuer',
        given: 'https://acme.okta.example/.well-known/openid-configuration',
        read_as: 'https://acme.okta.example',
      },
      { member: 'client_id', code: 'white_space_removed', given: ' 0oa ', read_as: '0oa' },
    ],
  }),
  conflict: view({
    conflict: true,
    changes: { entries: changes.slice(0, 1), older: null },
    candidate: revision(),
    typed: {
      issuer: 'https://acme.okta.example/oauth2/default',
      client_id: settings.client_id,
      scope: 'openid email groups',
    },
  }),
  policy_saved: view({ candidate: revision(), saved: 'policy' }),
  saved_in_part: view({
    candidate: revision(),
    typed: { issuer: 'https://typed.example' },
    entered_secret: true,
    saved: 'policy',
    unsaved: ['issuer', 'client_secret'],
  }),
  resumed: view({ candidate: revision(), typed: { default_role: 'write' }, unsaved: ['default_role'] }),
  refused: view({ candidate: revision(), refusal: failureView('not_tested') }),
} as const satisfies Readonly<Record<string, SettingsView>>
