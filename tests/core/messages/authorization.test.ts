/** The authorization request, and each way in which its response can be wrong. OpenID Connect Core 1.0, section 3.1.2. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { AuthorizationResponseReceived, FailureCode, LoginRequested } from '@relying-party/core'
import { each, expectVerdict, login, play, redirects, requests, type Login } from '../support/play.ts'
import {
  at,
  issuer,
  json,
  known,
  loginRequested,
  metadata,
  random,
  redirect_uri,
  relyingParty,
  secrets,
  type Overrides,
} from '../support/provider.ts'

describe('the request', () => {
  const sent = async (rp: Overrides = {}, requested: Partial<LoginRequested> = {}) => {
    const [url] = redirects(await play(relyingParty({ ...known(), ...rp }), [loginRequested(requested)]))
    return Object.fromEntries(url!.searchParams)
  }
  const usual = {
    response_type: 'code',
    client_id: 'client-1',
    redirect_uri,
    scope: 'openid profile email',
    state: random.state,
    nonce: random.nonce,
    code_challenge: createHash('sha256').update(random.code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }

  test('holds PKCE, state and nonce, and nothing that was not asked for', async () => {
    expect(await sent()).toStrictEqual(usual)
  })

  test('PKCE: the challenge of RFC 7636, appendix B', async () => {
    const code_verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    const { code_challenge } = await sent({}, { random: { ...random, code_verifier } })
    expect(code_challenge).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  })

  test.each<[string, Overrides, Partial<LoginRequested>, object]>([
    ['form_post', { client: { response_mode: 'form_post' } }, {}, { response_mode: 'form_post' }],
    ['max_age', { client: { max_age: 0 } }, {}, { max_age: '0' }],
    ['acr_values', { client: { acr_values: 'phr mfa' } }, {}, { acr_values: 'phr mfa' }],
    ['login_hint', {}, { parameters: { login_hint: 'ada@acme.example' } }, { login_hint: 'ada@acme.example' }],
    ['prompt', {}, { parameters: { prompt: 'login' } }, { prompt: 'login' }],
    ['a parameter of the provider', { client: { authorization_parameters: { idp: '0oa1' } } }, {}, { idp: '0oa1' }],
  ])('%s', async (_name, rp, requested, expected) => {
    expect(await sent(rp, requested)).toStrictEqual({ ...usual, ...expected })
  })

  const reserved = [
    'response_type',
    'client_id',
    'client_secret',
    'redirect_uri',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'response_mode',
    'max_age',
    'acr_values',
    'login_hint',
    'prompt',
    'request',
    'request_uri',
  ]
  test.each(reserved)('%s is not set by a parameter of the connection (#22)', async (name) => {
    expect(await sent({ client: { authorization_parameters: { [name]: 'evil' } } })).toStrictEqual(usual)
  })

  test.each(['state', 'nonce', 'code_challenge', 'scope'])(
    '%s is not set by whoever starts the login (#22)',
    async (name) => {
      expect(await sent({}, { parameters: { [name]: 'evil' } as never })).toStrictEqual(usual)
    },
  )

  test('a query that the endpoint has already is kept, but never doubles a parameter of ours (#22, #124)', async () => {
    const value = { ...metadata, authorization_endpoint: `${issuer}/authorize?tenant=a%20b&state=evil&state=evil` }
    const [url] = redirects(
      await play(relyingParty({ provider_metadata: { value, fetched_at: at } }), [loginRequested()]),
    )
    expect(url!.searchParams.getAll('tenant')).toEqual(['a b'])
    expect(url!.searchParams.getAll('state')).toEqual([random.state])
  })
})

type Row = readonly [rule: string, asked: Login, code: FailureCode | 'authenticated', detail?: object]
type Pairs = AuthorizationResponseReceived['parameters']

const further = (count: number): Pairs => Array.from({ length: count }, (_, index) => [`x${index}`, 'y'] as const)

const good: Pairs = [
  ['code', secrets.code],
  ['state', random.state],
]
const returned = (parameters: Login['response']): Login => ({ response: parameters! })
const twice = (name: string, value: string): Row => [
  `${name} twice`,
  returned([...good.filter(([other]) => other !== name), [name, value], [name, value]]),
  'authorization_response_malformed',
  { duplicate: name },
]
const names_itself = { provider_metadata: json({ ...metadata, authorization_response_iss_parameter_supported: true }) }

describe('the response', () => {
  each<Row>(
    [
      ['valid', returned({}), 'authenticated'],
      ['of a hundred parameters', returned([...further(98), ...good]), 'authenticated'],
      [
        'of more than a hundred',
        returned([...further(99), ...good]),
        'authorization_response_malformed',
        { reason: 'more than 100 parameters' },
      ],
      [
        'with parameters that nobody asked for',
        returned({ session_state: 'x', scope: 'openid', __proto__x: '1' }),
        'authenticated',
      ],

      [
        'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails (#1)',
        returned({ state: undefined }),
        'authorization_response_state_missing',
      ],
      [
        'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails (#2)',
        returned({ state: `${random.state}1` }),
        'authorization_response_state_mismatch',
      ],
      ['state empty', returned({ state: '' }), 'authorization_response_state_mismatch'],
      [
        'state with a null character',
        returned({ state: `${random.state}\u0000` }),
        'authorization_response_state_mismatch',
      ],
      twice('state', random.state),
      twice('code', secrets.code),
      twice('iss', issuer),
      twice('error', 'access_denied'),
      twice('error_description', 'no'),
      twice('id_token', 'x'),
      twice('access_token', 'x'),
      twice('response', 'x'),

      [
        'neither code nor error (#10)',
        returned({ code: undefined }),
        'authorization_response_malformed',
        { reason: 'neither code nor error' },
      ],
      ['code empty (#14)', returned({ code: '' }), 'authorization_response_malformed'],
      ['code of 8192 characters (#14)', returned({ code: 'x'.repeat(8192) }), 'authenticated'],
      [
        'code of 8193 characters (#14)',
        returned({ code: 'x'.repeat(8193) }),
        'authorization_response_malformed',
        { reason: expect.any(String) },
      ],
      [
        'code and error together (#9)',
        returned({ error: 'access_denied' }),
        'authorization_response_malformed',
        { reason: 'code and error together' },
      ],
      [
        'an ID Token beside the code (#16)',
        returned({ id_token: 'a.b.c' }),
        'authorization_response_malformed',
        { unexpected: 'id_token' },
      ],
      [
        'an access token beside the code (#16)',
        returned({ access_token: 'x' }),
        'authorization_response_malformed',
        { unexpected: 'access_token' },
      ],
      [
        'a token beside the code (#16)',
        returned({ token: 'x' }),
        'authorization_response_malformed',
        { reason: expect.any(String) },
      ],
      [
        'a JARM response',
        returned({ response: 'a.b.c' }),
        'authorization_response_malformed',
        { unexpected: 'response' },
      ],

      [
        'by POST, although by query was asked (#15)',
        { received: { response_mode: 'form_post' } },
        'authorization_response_mode_mismatch',
        { expected: 'query', received: 'form_post' },
      ],
      [
        'by query, although by POST was asked (#15)',
        { rp: { client: { response_mode: 'form_post' } } },
        'authorization_response_mode_mismatch',
      ],
      [
        'by POST, as asked',
        { rp: { client: { response_mode: 'form_post' } }, received: { response_mode: 'form_post' } },
        'authenticated',
      ],
    ],
    check,
  )
})

describe('iss (RFC 9207)', () => {
  each<Row>(
    [
      ['present and right', returned({ iss: issuer }), 'authenticated'],
      [
        'present and wrong, though never announced (#25, #28)',
        returned({ iss: 'https://honest.example' }),
        'authorization_response_iss_mismatch',
        { expected: issuer, received: 'https://honest.example' },
      ],
      ['with a trailing slash (#26)', returned({ iss: `${issuer}/` }), 'authorization_response_iss_mismatch'],
      ['empty (#26)', returned({ iss: '' }), 'authorization_response_iss_mismatch', { expected: issuer, received: '' }],
      [
        'fapi2-security-profile-final-client-test-remove-authorization-response-iss (#27)',
        { answers: names_itself },
        'authorization_response_iss_missing',
      ],
      [
        'fapi2-security-profile-final-client-test-invalid-authorization-response-iss (#26)',
        { answers: names_itself, ...returned({ iss: `${issuer}1` }) },
        'authorization_response_iss_mismatch',
      ],
      ['announced and right', { answers: names_itself, ...returned({ iss: issuer }) }, 'authenticated'],
      [
        'an error of another issuer is not believed (#26)',
        returned({ code: undefined, error: 'access_denied', iss: 'https://honest.example' }),
        'authorization_response_iss_mismatch',
      ],
    ],
    check,
  )
})

describe('error (RFC 6749, section 4.1.2.1)', () => {
  const error = (error: string, error_description?: string): Login =>
    returned({ code: undefined, error, error_description })
  each<Row>(
    [
      [
        'access_denied',
        error('access_denied', 'User is not assigned to the client application.'),
        'access_denied',
        { error: 'access_denied', error_description: 'User is not assigned to the client application.' },
      ],
      ['login_required', error('login_required'), 'authorization_login_required', { error: 'login_required' }],
      ['interaction_required', error('interaction_required'), 'authorization_login_required'],
      ['consent_required', error('consent_required'), 'authorization_login_required'],
      ['account_selection_required', error('account_selection_required'), 'authorization_login_required'],
      ['server_error', error('server_error'), 'provider_unavailable'],
      ['temporarily_unavailable', error('temporarily_unavailable'), 'provider_unavailable'],
      ['invalid_scope', error('invalid_scope'), 'authorization_error_response', { error: 'invalid_scope' }],
      ['unauthorized_client', error('unauthorized_client'), 'authorization_error_response'],
      ['a name of a prototype', error('constructor'), 'authorization_error_response', { error: 'constructor' }],
      [
        '__proto__',
        returned([
          ['error', '__proto__'],
          ['state', random.state],
        ]),
        'authorization_error_response',
      ],
      [
        'of another sign-in (#11)',
        returned({ code: undefined, error: 'access_denied', state: 'foreign' }),
        'authorization_response_state_mismatch',
      ],
      [
        'without a state (#11)',
        returned({ code: undefined, error: 'access_denied', state: undefined }),
        'authorization_response_state_missing',
      ],
      ['empty', error(''), 'authorization_response_malformed'],
      [
        'hostile description (#13)',
        error('x', 'a\r\nSet-Cookie: b\u001b[31m\u202e<script>'),
        'authorization_error_response',
        { error: 'x', error_description: 'a Set-Cookie: b [31m <script>' },
      ],
      [
        'endless description (#13)',
        error('x', 'y'.repeat(65_536)),
        'authorization_error_response',
        { error: 'x', error_description: `${'y'.repeat(300)}…` },
      ],
      ['endless error', error('z'.repeat(65_536)), 'authorization_error_response', { error: `${'z'.repeat(80)}…` }],
    ],
    check,
  )
})

/** Whatever is wrong here, the code has not left us: no token request was made. */
async function check(...[, asked, code, detail]: Row): Promise<void> {
  const played = await login(asked)
  expectVerdict(played, code, detail)
  if (code !== 'authenticated') expect(requests(played).map(({ message }) => message)).not.toContain('token')
}
