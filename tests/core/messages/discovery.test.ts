/** OpenID Connect Discovery 1.0, sections 3 and 4: each row breaks one rule of a valid configuration document. */
import { describe, expect, test } from 'vitest'
import type { FailureCode, HttpResponse } from '@relying-party/core'
import { each, expectVerdict, login, play, redirects, requests, verdict } from '../support/play.ts'
import {
  html,
  issuer,
  json,
  loginRequested,
  metadata,
  mint,
  relyingParty,
  secrets,
  tokenBody,
} from '../support/provider.ts'

type Row = readonly [rule: string, response: HttpResponse, code: FailureCode | 'authenticated', detail?: object]

const without = (member: string) => json({ ...metadata, [member]: undefined })
const having = (member: string, value: unknown) => json({ ...metadata, [member]: value })
const missing = (member: string): Row => [
  `${member} missing`,
  without(member),
  'discovery_metadata_missing',
  { member },
]
const invalid = (member: string, value: unknown, rule = JSON.stringify(value)): Row => [
  `${member}: ${rule}`,
  having(member, value),
  'discovery_metadata_invalid',
  { member, received: typeof value === 'string' ? value : JSON.stringify(value) },
]
const status = (status: number, headers = {}): HttpResponse => json({}, { status, headers })

describe('the response', () => {
  const rows: readonly Row[] = [
    ['oidcc-client-test-discovery-openid-config', json(metadata), 'authenticated'],
    [
      'another JSON media type',
      json(metadata, { headers: { 'content-type': 'application/json;charset=UTF-8' } }),
      'authenticated',
    ],
    ['no media type at all, but JSON', json(metadata, { headers: {} }), 'authenticated'],
    [
      '301 (#105)',
      status(301, { location: `${issuer}/new` }),
      'discovery_redirected',
      { status: 301, location: `${issuer}/new` },
    ],
    ['307 to a private address (#105)', status(307, { location: 'http://169.254.169.254/' }), 'discovery_redirected'],
    ['204', status(204), 'discovery_http_error', { status: 204 }],
    ['404', html(404), 'discovery_http_error', { status: 404 }],
    ['429', status(429), 'discovery_unavailable', { status: 429 }],
    ['503', html(503), 'discovery_unavailable', { status: 503 }],
    ['a page (#120)', html(), 'discovery_response_not_json', { content_type: 'text/html' }],
    ['300', status(300), 'discovery_redirected', { status: 300, location: '' }],
    ['nothing (#121)', json({}, { body: '' }), 'discovery_response_malformed', { content_type: 'application/json' }],
    ['an array (#121)', json([metadata]), 'discovery_response_malformed'],
    ['null (#121)', json(null), 'discovery_response_malformed'],
    ['a text (#121)', json('metadata'), 'discovery_response_malformed'],
    ['truncated (#121)', json({}, { body: JSON.stringify(metadata).slice(0, -1) }), 'discovery_response_malformed'],
  ]
  each<Row>(rows, check)

  test.each(['timed_out', 'too_large'] as const)('none, because of %s', async (reason) => {
    const played = await login({ answers: { provider_metadata: reason } })
    expect(verdict(played)).toMatchObject({ detail: { message: 'provider_metadata' } })
  })
})

describe('the issuer', () => {
  const other = (value: unknown) => having('issuer', value)
  const rows: readonly Row[] = [
    [
      'oidcc-client-test-discovery-issuer-mismatch (#100)',
      other(`${issuer}INVALID`),
      'discovery_issuer_mismatch',
      { expected: issuer, received: `${issuer}INVALID` },
    ],
    ['a trailing slash more (#100, #101)', other(`${issuer}/`), 'discovery_issuer_mismatch'],
    ['another case (#100)', other('https://IDP.example'), 'discovery_issuer_mismatch'],
    ['a template (#44)', other('https://idp.example/{tenantid}'), 'discovery_issuer_mismatch'],
    ['missing', other(undefined), 'discovery_metadata_missing', { member: 'issuer' }],
    ['null', other(null), 'discovery_metadata_missing', { member: 'issuer' }],
    [
      'an array',
      other([issuer]),
      'discovery_metadata_invalid',
      { member: 'issuer', received: JSON.stringify([issuer]) },
    ],
  ]
  each<Row>(rows, check)

  test.each([
    ['https://idp.example', 'https://idp.example/.well-known/openid-configuration'],
    ['https://idp.example/', 'https://idp.example/.well-known/openid-configuration'],
    ['https://idp.example/oauth2/default', 'https://idp.example/oauth2/default/.well-known/openid-configuration'],
    ['https://idp.example/oauth2/default/', 'https://idp.example/oauth2/default/.well-known/openid-configuration'],
  ])('%s is asked at %s', async (issuer, url) => {
    expect(requests(await play(relyingParty({ issuer }), [loginRequested()]))).toEqual([
      { message: 'provider_metadata', method: 'GET', url, headers: { accept: 'application/json' } },
    ])
  })
})

describe('the members', () => {
  const rows: readonly Row[] = [
    missing('authorization_endpoint'),
    missing('token_endpoint'),
    missing('jwks_uri'),
    ['jwks_uri null', having('jwks_uri', null), 'discovery_metadata_missing', { member: 'jwks_uri' }],
    invalid('token_endpoint', { url: issuer }),
    invalid('token_endpoint', [`${issuer}/token`]),
    invalid('token_endpoint', '/token'),
    invalid('token_endpoint', ''),
    invalid('token_endpoint', 'http://idp.example/token'),
    invalid('authorization_endpoint', 'javascript:alert(1)'),
    invalid('authorization_endpoint', 'data:text/html,x'),
    invalid('authorization_endpoint', `${issuer}/authorize#fragment`),
    invalid('authorization_endpoint', `${issuer}/authorize#`),
    invalid('jwks_uri', 'file:///etc/passwd'),
    invalid('userinfo_endpoint', 1),
    invalid('userinfo_endpoint', 'https://user@idp.example/userinfo'),
    invalid('userinfo_endpoint', 'https://:password@idp.example/userinfo'),
    invalid('end_session_endpoint', 'http://idp.example/logout'),
    invalid('response_types_supported', 'code'),
    invalid('token_endpoint_auth_methods_supported', { 0: 'client_secret_basic' }),
    invalid('authorization_response_iss_parameter_supported', 'true'),
    [
      'no response_type code (#125)',
      having('response_types_supported', ['id_token']),
      'discovery_unsupported',
      { missing: 'response_type code' },
    ],
    [
      'only symmetric signatures (#125)',
      having('id_token_signing_alg_values_supported', ['HS256', 'none']),
      'discovery_unsupported',
      { missing: 'asymmetric id_token_signing_alg', announced: ['HS256', 'none'] },
    ],
    [
      'many signatures, none that is asymmetric',
      having('id_token_signing_alg_values_supported', Array(21).fill('x'.repeat(21))),
      'discovery_unsupported',
      { missing: 'asymmetric id_token_signing_alg', announced: Array(20).fill(`${'x'.repeat(20)}…`) },
    ],
    ['no known signature', having('id_token_signing_alg_values_supported', []), 'discovery_unsupported'],
    [
      'no client authentication that we know',
      having('token_endpoint_auth_methods_supported', ['private_key_jwt']),
      'discovery_unsupported',
      { missing: expect.any(String), announced: ['private_key_jwt'] },
    ],
    [
      'many client authentications, none that we know',
      having('token_endpoint_auth_methods_supported', Array(21).fill('m'.repeat(41))),
      'discovery_unsupported',
      { missing: expect.any(String), announced: Array(20).fill(`${'m'.repeat(40)}…`) },
    ],
    [
      'PKCE not announced is sent all the same (#125)',
      having('code_challenge_methods_supported', ['plain']),
      'authenticated',
    ],
    ['everything optional left out', json({ ...withoutOptional() }), 'authenticated'],
    ['optional members null', having('userinfo_endpoint', null), 'authenticated'],
  ]
  each<Row>(rows, check)

  test('only symmetric signatures, of which one was chosen', async () => {
    const provider_metadata = having('id_token_signing_alg_values_supported', ['HS256'])
    const rp = { client: { id_token_signed_response_alg: 'HS256' } } as const
    const id_token = mint({ alg: 'HS256', key: Buffer.from(secrets.client_secret) })
    expect(verdict(await login({ rp, answers: { provider_metadata, token: json(tokenBody({ id_token })) } }))).toBe(
      'authenticated',
    )
  })

  test('every member that the engine uses is remembered; of a list 200 texts', async () => {
    const all = {
      ...metadata,
      response_modes_supported: ['query'],
      scopes_supported: ['openid'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: false,
    }
    const odd = { ...all, scopes_supported: [5, 'openid', null, ...Array(200).fill('x')] }
    const remembered = async (document: object) =>
      (await login({ answers: { provider_metadata: json(document) } })).rp.provider_metadata?.value
    expect(await remembered(all)).toStrictEqual(all)
    expect(await remembered(odd)).toStrictEqual({ ...all, scopes_supported: ['openid', ...Array(199).fill('x')] })
  })

  test.each(['ftp://idp.example/keys', 'https-x://idp.example/keys'])(
    'an issuer over plain http may not have %s',
    async (jwks_uri) => {
      const http = { ...metadata, issuer: 'http://idp.example', jwks_uri }
      const played = await login({ rp: { issuer: http.issuer }, answers: { provider_metadata: json(http) } })
      expect(verdict(played)).toMatchObject({ code: 'discovery_metadata_invalid', detail: { member: 'jwks_uri' } })
    },
  )

  test('what the engine does not use is dropped, prototypes included (#122)', async () => {
    const body = `{"__proto__": {"token_endpoint": "https://evil.example"}, "constructor": {}, "registration_endpoint": "x", ${JSON.stringify(metadata).slice(1)}`
    const { rp } = await login({ answers: { provider_metadata: json({}, { body }) } })
    expect(rp.provider_metadata?.value).toStrictEqual(metadata)
  })

  test('a plain http issuer, where it is allowed, may have plain http endpoints', async () => {
    const http = JSON.parse(JSON.stringify(metadata).replaceAll('https:', 'http:')) as typeof metadata
    const played = await login({ rp: { issuer: http.issuer }, answers: { provider_metadata: json(http) } })
    expect(redirects(played)[0]?.href).toMatch(/^http:\/\/idp\.example\/authorize\?/)
  })
})

function withoutOptional() {
  const { issuer, authorization_endpoint, token_endpoint, jwks_uri } = metadata
  return { issuer, authorization_endpoint, token_endpoint, jwks_uri }
}

async function check(...[, provider_metadata, code, detail]: Row): Promise<void> {
  expectVerdict(await login({ answers: { provider_metadata } }), code, detail)
}
