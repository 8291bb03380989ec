/** Every near miss by what it leaves behind, with what is offered to be copied. A miss that is not near is not named one. */
import { describe, expect, test } from 'vitest'
import {
  explain,
  nearMisses,
  record,
  transcriptOfRefusal,
  drive,
  idle,
  type AwaitingAuthorizationResponse,
  type Blame,
  type Circumstances,
  type NearMissId,
  type Problem,
} from '@relying-party/core'
import { privateJwk } from '../support/keys.ts'
import type { Login } from '../support/play.ts'
import {
  at,
  claims,
  html,
  issuer,
  json,
  jwks,
  known,
  loginRequested,
  metadata,
  mint,
  redirect_uri,
  relyingParty,
  tokenBody,
  userinfo,
} from '../support/provider.ts'
import { recorded } from '../support/recorded.ts'

const minted = (changed: object, minting: Parameters<typeof mint>[0] = {}) =>
  json(tokenBody({ id_token: mint({ ...minting, claims: { ...changed } as Record<string, unknown> }) }))
const documented = (changed: object): Login => ({ answers: { provider_metadata: json({ ...metadata, ...changed }) } })
const named = (found: string): Login => documented({ issuer: found })
const refusedWith = (error: string, error_description: string): Login => ({
  response: { code: undefined, error, error_description },
})
const tokenError = (error: string, error_description: string, changed: object = {}): Login => ({
  answers: {
    provider_metadata: json({ ...metadata, ...changed }),
    token: json({ error, error_description }, { status: 401 }),
  },
})
const dated = (changed: object, seconds: number): Login => {
  const response = minted(changed)
  const date = new Date((at + seconds) * 1000).toUTCString()
  return { answers: { token: { ...response, headers: { ...response.headers, date } } } }
}
const groups = (said: object, claim = 'groups'): Login => ({
  rp: { policy: { role_mapping: { claim, rules: [{ value: 'Engineering', role: 'admin' }] }, default_role: null } },
  answers: { token: minted({ email: undefined }), userinfo: json({ ...userinfo, groups: undefined, ...said }) },
})
const mailed = (changed: object): Login => ({
  rp: { policy: { allowed_email_domains: ['acme.example'] } },
  answers: { token: minted(changed), userinfo: json({ sub: claims.sub }) },
})
const unheardOf = (provider_metadata: 'timed_out' | 'unreachable' | 'no_tls' | 'too_large'): Login => ({
  requested: { purpose: 'test' },
  answers: { provider_metadata },
})
const entered = (found: string): Login => ({ rp: { issuer: found }, answers: { provider_metadata: html(404) } })

const rows: readonly (readonly [NearMissId, string | null, Login])[] = [
  ['issuer_trailing_slash', `${issuer}/`, named(`${issuer}/`)],
  ['issuer_scheme', 'http://idp.example', named('http://idp.example')],
  ['issuer_letter_case', 'https://IdP.example', named('https://IdP.example')],
  ['issuer_template', null, named('https://login.microsoftonline.com/{tenantid}/v2.0')],
  ['issuer_other_authorization_server', `${issuer}/oauth2/default`, named(`${issuer}/oauth2/default`)],
  ['issuer_named_by_document', 'https://elsewhere.example', named('https://elsewhere.example')],
  ['issuer_admin_console', 'https://acme.okta.com', entered('https://acme-admin.okta.com')],
  ['issuer_is_metadata_url', issuer, entered(`${issuer}/.well-known/openid-configuration`)],
  [
    'issuer_moved',
    'https://www.idp.example/new',
    {
      answers: {
        provider_metadata: { status: 301, headers: { location: 'https://www.idp.example/new/' }, body: '' },
      },
    },
  ],
  [
    'redirected_to_other_host',
    'https://new.example',
    {
      answers: {
        provider_metadata: {
          status: 301,
          headers: { location: 'https://new.example/.well-known/openid-configuration' },
          body: '',
        },
      },
    },
  ],
  ['issuer_unreachable', null, unheardOf('unreachable')],
  ['issuer_silent', null, unheardOf('timed_out')],
  ['issuer_without_tls', null, unheardOf('no_tls')],
  ['issuer_answers_too_much', null, unheardOf('too_large')],
  ['endpoint_not_called', null, { answers: { token: 'blocked' } }],
  ['endpoint_not_called', null, { answers: { jwks: 'blocked' } }],
  ['endpoint_not_called', null, { rp: { client: { userinfo: 'always' } }, answers: { userinfo: 'blocked' } }],
  ['code_flow_unsupported', null, documented({ response_types_supported: ['id_token'] })],
  ['signature_algorithm_unsupported', null, documented({ id_token_signing_alg_values_supported: ['HS256'] })],
  [
    'client_authentication_unsupported',
    null,
    documented({ token_endpoint_auth_methods_supported: ['tls_client_auth'] }),
  ],
  [
    'client_authentication_to_choose',
    'private_key_jwt',
    documented({ token_endpoint_auth_methods_supported: ['private_key_jwt'] }),
  ],
  ['user_not_assigned', null, refusedWith('access_denied', 'User is not assigned to the client application.')],
  [
    'access_policy_missing',
    null,
    refusedWith('access_denied', 'Policy evaluation failed for this request, please check the policy configurations.'),
  ],
  ['scope_not_allowed', 'openid profile email', refusedWith('invalid_scope', 'One or more scopes are not configured.')],
  [
    'redirect_uri_not_registered',
    redirect_uri,
    refusedWith(
      'invalid_request',
      "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
    ),
  ],
  [
    'redirect_uri_not_registered',
    redirect_uri,
    tokenError(
      'invalid_grant',
      "The 'redirect_uri' does not match the redirection URI used in the authorization request.",
    ),
  ],
  [
    'redirect_uri_over_http',
    'http://sso.acme.example/callback',
    {
      ...refusedWith('invalid_request', "The 'redirect_uri' parameter must be a Login redirect URI."),
      rp: { client: { redirect_uri: 'http://sso.acme.example/callback' } },
    },
  ],
  [
    'redirect_uri_over_http',
    'http://sso.acme.example/callback',
    {
      ...tokenError('invalid_grant', "The 'redirect_uri' does not match."),
      rp: { client: { redirect_uri: 'http://sso.acme.example/callback' } },
    },
  ],
  [
    'acr_not_satisfiable',
    'urn:okta:loa:2fa:any',
    {
      ...refusedWith(
        'unmet_authentication_requirements',
        'The authentication requirements of this request could not be met.',
      ),
      rp: { client: { acr_values: 'urn:okta:loa:2fa:any' } },
    },
  ],
  [
    'client_id_unknown',
    'client-1',
    {
      answers: {
        token: json({ errorCode: 'invalid_client', errorSummary: "Invalid value for 'client_id'." }, { status: 400 }),
      },
    },
  ],
  [
    'client_keys_not_registered',
    null,
    {
      rp: {
        client: {
          token_endpoint_auth_method: 'private_key_jwt',
          client_key: { ...privateJwk('p256'), alg: 'ES256' } as never,
        },
      },
      ...tokenError('invalid_client', 'no', { token_endpoint_auth_methods_supported: ['private_key_jwt'] }),
    },
  ],
  [
    'client_not_public',
    null,
    {
      rp: { client: { token_endpoint_auth_method: 'none' } },
      ...tokenError('invalid_client', 'no', { token_endpoint_auth_methods_supported: ['none'] }),
    },
  ],
  ['kid_published_twice', 'rsa-1', { answers: { jwks: json({ keys: [jwks.keys[0], jwks.keys[0]] }) } }],
  [
    'answer_redirected',
    null,
    { answers: { jwks: { status: 307, headers: { location: 'https://idp.example/new' }, body: '' } } },
  ],
  [
    'userinfo_signed',
    null,
    {
      rp: { client: { userinfo: 'always' } },
      answers: { userinfo: { status: 200, headers: { 'content-type': 'application/jwt' }, body: 'a.b.c' } },
    },
  ],
  ['client_id_unknown', 'client-1', tokenError('invalid_client', "Invalid value for 'client_id' parameter.")],
  ['grant_type_not_allowed', null, refusedWith('unauthorized_client', 'no')],
  ['grant_type_not_allowed', null, tokenError('unauthorized_client', 'no')],
  [
    'key_published_for_other_use',
    null,
    { answers: { jwks: json({ keys: jwks.keys.map((key) => ({ ...key, use: 'enc' })) }), token: minted({}) } },
  ],
  ['private_key_published', 'rsa-1', { answers: { jwks: json({ keys: [privateJwk('rsa')] }) } }],
  ['private_key_published', null, { answers: { jwks: json({ keys: [...jwks.keys, { kty: 'oct', k: 'secret' }] }) } }],
  [
    'client_secret_wrong',
    null,
    tokenError('invalid_client', 'The client secret supplied for a confidential client is invalid.'),
  ],
  [
    'client_authentication_other_offered',
    'client_secret_post',
    tokenError(
      'invalid_client',
      'Client authentication failed. Either the client or the client credentials are invalid.',
    ),
  ],
  [
    'client_authentication_not_offered',
    'private_key_jwt',
    {
      rp: { client: { token_endpoint_auth_method: 'client_secret_basic' } },
      ...tokenError('invalid_client', 'no', { token_endpoint_auth_methods_supported: ['private_key_jwt'] }),
    },
  ],
  ['dpop_required', null, tokenError('use_dpop_nonce', 'Authorization server requires nonce in DPoP proof.')],
  ['dpop_required', null, { answers: { token: json(tokenBody({ token_type: 'DPoP' })) } }],
  ['clock_differs', '-100 seconds', dated({ exp: at - 31 }, -100)],
  ['clock_differs', '100 seconds', dated({ iat: at + 31 }, 100)],
  ['token_time_not_clock', null, dated({ nbf: at + 400 }, 1)],
  ['keys_rotated', null, { answers: { token: minted({}, { header: { kid: 'rsa-9' } }) } }],
  [
    'keys_of_another_issuer',
    null,
    {
      rp: known(5, 5),
      answers: { token: minted({ iss: 'https://other.example' }, { header: { kid: 'rsa-9' } }) },
    },
  ],
  [
    'algorithm_to_choose',
    'PS256',
    { rp: { client: { id_token_signed_response_alg: 'RS256' } }, answers: { token: minted({}, { alg: 'PS256' }) } },
  ],
  [
    'email_scope_missing',
    'openid email',
    {
      ...mailed({ email: undefined }),
      rp: { client: { scope: 'openid' }, policy: { allowed_email_domains: ['acme.example'] } },
    },
  ],
  [
    'claims_only_at_userinfo',
    null,
    {
      ...mailed({ email: undefined }),
      rp: { client: { userinfo: 'never' }, policy: { allowed_email_domains: ['acme.example'] } },
    },
  ],
  ['email_verified_is_text', null, mailed({ email_verified: 'true' })],
  ['email_not_verified', null, mailed({ email_verified: false })],
  ['email_verified_missing', null, mailed({ email_verified: undefined })],
  ['groups_claim_missing', 'groups', groups({})],
  ['groups_claim_not_a_list', 'groups', groups({ groups: { Engineering: true } })],
  ['groups_too_many', null, groups({ _claim_names: { groups: 'src1' }, _claim_sources: {} })],
  ['groups_too_many', null, groups({ hasgroups: true })],
  [
    'groups_too_many',
    null,
    refusedWith(
      'server_error',
      'The groups claim matched too many groups and must be configured to match fewer groups.',
    ),
  ],
  ['groups_without_rule', null, groups({ groups: ['x'] })],
  ['groups_without_rule', null, groups({ groups: [] })],
  ['groups_claim_missing', 'groups', groups({ group: ['Engineering'] })],
  ['groups_letter_case', 'engineering ', groups({ groups: ['x', 'engineering '] })],
  [
    'google_any_account',
    null,
    {
      rp: { ...known(), issuer: 'https://accounts.google.com' },
      answers: {
        provider_metadata: json({ ...metadata, issuer: 'https://accounts.google.com' }),
        token: minted({ iss: 'https://accounts.google.com' }),
      },
    },
  ],
]

const problems = async (login: Login): Promise<readonly Problem[]> => {
  const { transcript } = await recorded(login)
  return explain(transcript).checks.flatMap(({ problem }) => problem ?? [])
}

test.each(rows)('%s: %s', async (id, value, login) => {
  const rp = id === 'google_any_account' ? { ...login, rp: { issuer: 'https://accounts.google.com' } } : login
  const found = (await problems(rp)).find(({ near_miss }) => near_miss === id)
  const { blame, message, remedy, field } = nearMisses[id]
  expect(found).toMatchObject({ near_miss: id, blame, message, remedy, field, value })
})

const browser = { method: 'GET', cookies: 0, other_flows: 0, secure: true, other_host: null, fetch_site: null } as const
const nothing: Circumstances = {
  states: 1,
  browser,
  flow: null,
  organization_id: 'acme',
  revision_current: true,
  claimed: null,
  still_serving: null,
}
const lost: readonly (readonly [NearMissId | null, string | null, Partial<Circumstances['browser']>])[] = [
  ['cookie_lost_to_other_host', '127.0.0.1:3000', { other_host: '127.0.0.1:3000' }],
  ['cookie_lost_to_http', null, { method: 'POST', secure: false }],
  ['opened_directly', null, { fetch_site: 'none' }],
  ['opened_directly', null, { fetch_site: 'none', cookies: 3, other_flows: 2 }],
  ['cookies_blocked_or_other_browser', null, { fetch_site: 'cross-site' }],
  ['cookies_blocked_or_other_browser', null, {}],
  ['flow_of_another_tab', null, { cookies: 3, other_flows: 2 }],
  [null, null, { cookies: 3 }],
]

describe('a flow cookie that is not there', () => {
  test.each(lost)('%s', (id, value, facts) => {
    const circumstances = { ...nothing, browser: { ...browser, ...facts } }
    const transcript = transcriptOfRefusal(relyingParty(), circumstances, { code: 'flow_not_found' })
    const { cause } = explain(transcript)
    expect(cause).toMatchObject({ id: 'flow_found', problem: { code: 'flow_not_found', near_miss: id, value } })
  })
})

describe('nobody came back', () => {
  test.each([
    ['test', redirect_uri, 'never_came_back'],
    ['test', 'http://sso.acme.example/callback', 'redirect_uri_over_http'],
    ['test', 'http://localhost.acme.example/callback', 'redirect_uri_over_http'],
    ['test', 'http://localhost:3000/callback', 'never_came_back'],
    ['test', 'http://acme.localhost:3000/callback', 'never_came_back'],
    ['test', 'http://127.0.0.1:3000/callback', 'never_came_back'],
    ['test', 'http://[::1]:3000/callback', 'never_came_back'],
    ['login', redirect_uri, null],
  ] as const)('of a %s with %s: %s', async (purpose, redirect_uri, near_miss) => {
    const value = near_miss === null ? null : redirect_uri
    const { client, ...common } = relyingParty(known())
    const rp = { ...common, client: { ...client, redirect_uri } }
    const io = { now: () => at, request: () => Promise.reject(new Error('nothing is asked')) }
    const { state } = await drive(rp, idle, loginRequested({ purpose }), io)
    const flow = state as AwaitingAuthorizationResponse
    const recorder = record(rp, flow)
    const { state: ended } = await drive(
      rp,
      flow,
      { type: 'abandoned', at: at + 901 },
      { ...io, observe: recorder.observe },
    )
    const { cause } = explain(await recorder.transcript(ended))
    expect(cause).toMatchObject({ id: 'response_returned', problem: { code: 'flow_abandoned', near_miss, value } })
  })
})

test('a private key among the published ones refuses nobody, is warned of, and is not on record (#98)', async () => {
  const { transcript } = await recorded({ answers: { jwks: json({ keys: [privateJwk('rsa')] }) } })
  expect(transcript.verdict.outcome).toBe('authenticated')
  expect(explain(transcript).checks.filter(({ outcome }) => outcome === 'warned')).toMatchObject([
    { id: 'keys_public' },
  ])
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi'])
    expect(JSON.stringify(transcript)).not.toContain(privateJwk('rsa')[member])
})

test.each<[NearMissId, Blame, string | null]>([
  ['cookie_lost_to_other_host', 'operator', null],
  ['cookie_lost_to_http', 'operator', 'response_mode'],
  ['opened_directly', 'end_user', null],
  ['cookies_blocked_or_other_browser', 'end_user', null],
  ['flow_of_another_tab', 'end_user', null],
  ['redirect_uri_over_http', 'operator', 'redirect_uri'],
  ['never_came_back', 'organization_admin', 'redirect_uri'],
  ['issuer_trailing_slash', 'organization_admin', 'issuer'],
  ['issuer_scheme', 'organization_admin', 'issuer'],
  ['issuer_letter_case', 'organization_admin', 'issuer'],
  ['issuer_other_authorization_server', 'organization_admin', 'issuer'],
  ['issuer_template', 'organization_admin', 'issuer'],
  ['issuer_admin_console', 'organization_admin', 'issuer'],
  ['issuer_is_metadata_url', 'organization_admin', 'issuer'],
  ['issuer_named_by_document', 'organization_admin', 'issuer'],
  ['issuer_moved', 'organization_admin', 'issuer'],
  ['issuer_unreachable', 'organization_admin', 'issuer'],
  ['issuer_silent', 'network', 'issuer'],
  ['issuer_without_tls', 'organization_admin', 'issuer'],
  ['issuer_answers_too_much', 'organization_admin', 'issuer'],
  ['endpoint_not_called', 'provider', null],
  ['code_flow_unsupported', 'provider', 'issuer'],
  ['signature_algorithm_unsupported', 'provider', 'id_token_signed_response_alg'],
  ['client_authentication_unsupported', 'provider', 'token_endpoint_auth_method'],
  ['client_authentication_to_choose', 'organization_admin', 'token_endpoint_auth_method'],
  ['redirected_to_other_host', 'organization_admin', 'issuer'],
  ['user_not_assigned', 'organization_admin', null],
  ['access_policy_missing', 'organization_admin', 'issuer'],
  ['scope_not_allowed', 'organization_admin', 'scope'],
  ['acr_not_satisfiable', 'organization_admin', 'acr_values'],
  ['redirect_uri_not_registered', 'organization_admin', 'redirect_uri'],
  ['grant_type_not_allowed', 'organization_admin', null],
  ['client_id_unknown', 'organization_admin', 'client_id'],
  ['client_secret_wrong', 'organization_admin', 'client_secret'],
  ['client_authentication_not_offered', 'organization_admin', 'token_endpoint_auth_method'],
  ['client_authentication_other_offered', 'organization_admin', 'token_endpoint_auth_method'],
  ['client_keys_not_registered', 'organization_admin', 'token_endpoint_auth_method'],
  ['client_not_public', 'organization_admin', 'token_endpoint_auth_method'],
  ['dpop_required', 'organization_admin', null],
  ['clock_differs', 'operator', null],
  ['token_time_not_clock', 'provider', null],
  ['keys_rotated', 'provider', null],
  ['key_published_for_other_use', 'provider', null],
  ['kid_published_twice', 'provider', null],
  ['private_key_published', 'provider', null],
  ['answer_redirected', 'provider', null],
  ['userinfo_signed', 'provider', null],
  ['keys_of_another_issuer', 'provider', null],
  ['algorithm_to_choose', 'organization_admin', 'id_token_signed_response_alg'],
  ['claims_only_at_userinfo', 'organization_admin', 'userinfo'],
  ['email_scope_missing', 'organization_admin', 'scope'],
  ['email_verified_is_text', 'provider', null],
  ['email_verified_missing', 'organization_admin', null],
  ['email_not_verified', 'organization_admin', null],
  ['groups_claim_missing', 'organization_admin', 'role_mapping.claim'],
  ['groups_claim_not_a_list', 'organization_admin', 'role_mapping.claim'],
  ['groups_too_many', 'organization_admin', null],
  ['groups_letter_case', 'organization_admin', 'role_mapping.rules'],
  ['groups_without_rule', 'organization_admin', 'role_mapping.rules'],
  ['google_any_account', 'organization_admin', 'allowed_email_domains'],
])('%s: to be mended by the %s, at %s', (id, blame, field) => {
  expect(nearMisses[id]).toMatchObject({ blame, field })
})

test('every near miss has a row', () => {
  const shown = new Set([...rows.map(([id]) => id), ...lost.map(([id]) => id), 'never_came_back'])
  expect(Object.keys(nearMisses).filter((id) => !shown.has(id))).toEqual([])
})

test.each<[string, Login]>([
  ['a document of nobody', named('nonsense')],
  ['a refusal without a reason', refusedWith('access_denied', '')],
  ['a login that succeeds', {}],
  ['a code that is no longer accepted', tokenError('invalid_grant', 'The authorization code is invalid.')],
  [
    'two keys, and a token that names none',
    {
      answers: {
        jwks: json({ keys: [jwks.keys[0], { ...jwks.keys[0], kid: 'x' }] }),
        token: minted({}, { header: { kid: undefined } }),
      },
    },
  ],
  ['a wrong nonce', { answers: { token: minted({ nonce: 'x' }) } }],
  ['a signature that is wrong', { answers: { token: minted({}, { key: 'rsa_next', header: { kid: 'rsa-1' } }) } }],
  ['a token of another provider', { answers: { token: minted({ iss: 'https://elsewhere.example' }) } }],
  ['a token of the provider with a slash', { answers: { token: minted({ iss: `${issuer}/` }) } }],
  ['a token of a sibling', { answers: { token: minted({ iss: `${issuer}/oauth2/default` }) } }],
  ['a response of the provider with a slash', { response: { iss: `${issuer}/` } }],
  ['a token for another client', { answers: { token: minted({ aud: 'client-2' }) } }],
  ['a token for nobody', { answers: { token: minted({ aud: [] }) } }],
  ['a token signed with the secret', { answers: { token: minted({}, { alg: 'HS256', key: Buffer.from('x') }) } }],
  ['keys without names', { answers: { jwks: json({ keys: [] }), token: minted({}, { header: { kid: undefined } }) } }],
])('%s is no near miss', async (_name, login) => {
  expect((await problems(login)).filter(({ near_miss }) => near_miss !== null)).toEqual([])
})
