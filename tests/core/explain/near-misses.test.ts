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
  type Circumstances,
  type NearMissId,
  type Problem,
} from '@relying-party/core'
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
const named = (found: string): Login => ({ answers: { provider_metadata: json({ ...metadata, issuer: found }) } })
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
  ['client_id_unknown', 'client-1', tokenError('invalid_client', "Invalid value for 'client_id' parameter.")],
  ['grant_type_not_allowed', null, refusedWith('unauthorized_client', 'no')],
  ['grant_type_not_allowed', null, tokenError('unauthorized_client', 'no')],
  [
    'key_published_for_other_use',
    null,
    { answers: { jwks: json({ keys: jwks.keys.map((key) => ({ ...key, use: 'enc' })) }), token: minted({}) } },
  ],
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
  ['dpop_required', 'client-1', tokenError('use_dpop_nonce', 'Authorization server requires nonce in DPoP proof.')],
  ['dpop_required', 'client-1', { answers: { token: json(tokenBody({ token_type: 'DPoP' })) } }],
  ['audience_of_another_client', 'client-2', { answers: { token: minted({ aud: 'client-2' }) } }],
  ['clock_differs', '-100 seconds', dated({ exp: at - 31 }, -100)],
  ['clock_differs', '100 seconds', dated({ iat: at + 31 }, 100)],
  ['token_time_not_clock', null, dated({ nbf: at + 400 }, 1)],
  ['keys_rotated', null, { answers: { token: minted({}, { header: { kid: 'rsa-9' } }) } }],
  [
    'keys_of_another_issuer',
    'keys.other.example',
    {
      answers: {
        provider_metadata: json({ ...metadata, jwks_uri: 'https://keys.other.example/keys' }),
        token: minted({}, { header: { kid: 'rsa-9' } }),
      },
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
    ['test', 'never_came_back', redirect_uri],
    ['login', null, null],
  ] as const)('of a %s: %s', async (purpose, near_miss, value) => {
    const rp = relyingParty(known())
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

test('every near miss has a row', () => {
  const shown = new Set([...rows.map(([id]) => id), ...lost.map(([id]) => id), 'never_came_back'])
  expect(Object.keys(nearMisses).filter((id) => !shown.has(id))).toEqual([])
})

test.each<[string, Login]>([
  ['a document of nobody', named('nonsense')],
  ['a refusal without a reason', refusedWith('access_denied', '')],
  ['a login that succeeds', {}],
  ['a wrong nonce', { answers: { token: minted({ nonce: 'x' }) } }],
  ['a signature that is wrong', { answers: { token: minted({}, { key: 'rsa_next', header: { kid: 'rsa-1' } }) } }],
  ['a token of another provider', { answers: { token: minted({ iss: 'https://elsewhere.example' }) } }],
  ['a token for nobody', { answers: { token: minted({ aud: [] }) } }],
  ['a token signed with the secret', { answers: { token: minted({}, { alg: 'HS256', key: Buffer.from('x') }) } }],
  ['keys without names', { answers: { jwks: json({ keys: [] }), token: minted({}, { header: { kid: undefined } }) } }],
])('%s is no near miss', async (_name, login) => {
  expect((await problems(login)).filter(({ near_miss }) => near_miss !== null)).toEqual([])
})
