/** The token request with its client authentication, and the token response. RFC 6749, sections 2.3.1, 4.1.3 and 5. */
import { describe, expect, test } from 'vitest'
import {
  selectClientAuthentication,
  type ClientSettings,
  type FailureCode,
  type HttpResponse,
} from '@relying-party/core'
import fc from '../../support/property.ts'
import { each, expectVerdict, login, requests, verdict } from '../support/play.ts'
import { html, json, metadata, mint, redirect_uri, relyingParty, secrets, tokenBody } from '../support/provider.ts'

const tokenRequest = async (client: Partial<Record<keyof ClientSettings, string>>, methods?: readonly string[]) => {
  const provider_metadata = json({ ...metadata, token_endpoint_auth_methods_supported: methods })
  const played = await login({
    rp: { client: client as never },
    answers: {
      provider_metadata,
      token: json(tokenBody({ id_token: mint({ claims: { aud: client.client_id ?? 'client-1' } }) })),
    },
  })
  return requests(played).find(({ message }) => message === 'token')!
}

describe('the request', () => {
  test('carries the code, the redirect URI of the authorization request and the PKCE verifier (#19, #157, #158)', async () => {
    const { method, url, headers, body } = await tokenRequest({})
    expect({ method, url, headers }).toStrictEqual({
      method: 'POST',
      url: metadata.token_endpoint,
      headers: {
        accept: 'application/json',
        authorization: `Basic ${btoa('client-1:canary-client-secret')}`,
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
      },
    })
    expect([...new URLSearchParams(body)].sort()).toEqual([
      ['code', secrets.code],
      ['code_verifier', secrets.code_verifier],
      ['grant_type', 'authorization_code'],
      ['redirect_uri', redirect_uri],
    ])
  })

  test('client_secret_post: the credentials travel in the body, and only there', async () => {
    const { headers, body } = await tokenRequest({ token_endpoint_auth_method: 'client_secret_post' })
    expect(headers.authorization).toBeUndefined()
    const parameters = new URLSearchParams(body)
    expect([parameters.get('client_id'), parameters.get('client_secret')]).toEqual(['client-1', secrets.client_secret])
  })

  test('none: the client names itself, and no stored secret is sent', async () => {
    const { headers, body } = await tokenRequest({ token_endpoint_auth_method: 'none' })
    expect(headers.authorization).toBeUndefined()
    expect(new URLSearchParams(body).get('client_id')).toBe('client-1')
    expect(body).not.toContain(secrets.client_secret)
  })

  test.each<[string, readonly string[] | undefined, string]>([
    ['nothing announced means Basic (#154)', undefined, 'client_secret_basic'],
    ['Basic comes first (#154)', ['client_secret_post', 'client_secret_basic'], 'client_secret_basic'],
    ['Post where Basic is not offered (#154)', ['private_key_jwt', 'client_secret_post'], 'client_secret_post'],
  ])('client authentication: %s', (_name, methods, expected) => {
    const announced = { ...metadata, token_endpoint_auth_methods_supported: methods } as typeof metadata
    expect(selectClientAuthentication(relyingParty(), announced)).toBe(expected)
  })

  test('client authentication: an explicit choice wins over what is announced (#154)', () => {
    const rp = relyingParty({ client: { token_endpoint_auth_method: 'client_secret_post' } })
    const announced = { ...metadata, token_endpoint_auth_methods_supported: ['client_secret_basic'] }
    expect(selectClientAuthentication(rp, announced)).toBe('client_secret_post')
  })

  test('client authentication: without a secret the client is public', () => {
    expect(selectClientAuthentication(relyingParty({ client: { client_secret: undefined } }), metadata)).toBe('none')
  })

  test.each(['client_secret_basic', 'client_secret_post'])(
    '%s without a secret asks nobody',
    async (token_endpoint_auth_method) => {
      const played = await login({ rp: { client: { client_secret: undefined, token_endpoint_auth_method } as never } })
      expect(verdict(played)).toEqual({ code: 'client_secret_required' })
      expect(requests(played).map(({ message }) => message)).toEqual(['provider_metadata'])
    },
  )
})

describe('HTTP Basic', () => {
  const credentials = async (client_id: string, client_secret: string) => {
    const { headers } = await tokenRequest({ client_id, client_secret })
    return atob(headers.authorization!.replace(/^Basic /, '')).split(':') as [string, string]
  }
  const formDecode = (text: string) => new URLSearchParams(`x=${text}`).get('x')

  test('a form decoder gets ids and secrets back, whatever they hold', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(text, text, async (client_id, client_secret) => {
        const [id, secret, ...rest] = await credentials(client_id, client_secret)
        expect([formDecode(id), formDecode(secret), rest]).toEqual([client_id, client_secret, []])
      }),
      { numRuns: 60 },
    )
  })

  test('every printable ASCII character decodes back; letters, digits, “-”, “.” and “_” stand for themselves', async () => {
    const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => index + 32))
    const [id, secret] = await credentials('0oa1-b.c_D', printable)
    expect(id).toBe('0oa1-b.c_D')
    expect(formDecode(secret)).toBe(printable)
    expect(secret).toMatch(/^(?:[A-Za-z0-9._+-]|%[0-9A-F]{2})*$/)
    expect(secret.replace(/%[0-9A-F]{2}/g, '')).toBe(
      '+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz',
    )
  })

  test('half of a surrogate pair does not throw', async () => {
    const [, secret] = await credentials('client-1', 'a\ud800b')
    expect(formDecode(secret)).toBe('a\ufffdb')
  })
})

type Row = readonly [rule: string, response: HttpResponse, code: FailureCode | 'authenticated', detail?: object]

describe('the response', () => {
  const body = (changed: Record<string, unknown>, response: Partial<HttpResponse> = {}) =>
    json(tokenBody(changed), response)
  const error = (status: number, document: object, headers = {}) =>
    json(document, { status, headers: { 'content-type': 'application/json', ...headers } })
  /** The judge's own sentence. */
  const judged = { reason: expect.any(String) }
  each<Row>(
    [
      ['valid', body({}), 'authenticated'],
      [
        'media type with parameters',
        body({}, { headers: { 'content-type': 'Application/JSON ; charset=utf-8' } }),
        'authenticated',
      ],
      [
        'unknown members (#151)',
        body({ device_secret: 'x'.repeat(10_000), authorization_details: [] }),
        'authenticated',
      ],

      ['status 201', body({}, { status: 201 }), 'token_http_error', { status: 201 }],
      [
        'status 302 (#152)',
        error(302, {}, { location: 'https://evil.example/' }),
        'token_redirected',
        { status: 302, location: 'https://evil.example/' },
      ],
      ['status 300', error(300, {}), 'token_redirected', { status: 300, location: '' }],
      ['status 307 (#152)', error(307, {}), 'token_redirected', { status: 307, location: '' }],
      ['status 400 and a page', html(400), 'token_http_error', { status: 400 }],
      [
        'status 429 (#141)',
        error(429, { errorCode: 'E0000047', errorSummary: 'API call exceeded rate limit' }),
        'token_rate_limited',
        { status: 429, error_code: 'E0000047', error_summary: 'API call exceeded rate limit' },
      ],
      [
        'status 500 and an OAuth error (#140)',
        error(500, { error: 'server_error' }),
        'token_http_error',
        { status: 500, error: 'server_error' },
      ],
      ['status 503 and a page (#140)', html(503), 'token_http_error', { status: 503 }],

      [
        'invalid_client (401) (#143)',
        error(401, { error: 'invalid_client', error_description: 'No client credentials found.' }),
        'token_invalid_client',
        { status: 401, error: 'invalid_client', error_description: 'No client credentials found.' },
      ],
      ['invalid_client (400)', error(400, { error: 'invalid_client' }), 'token_invalid_client'],
      [
        'invalid_grant (#142)',
        error(400, { error: 'invalid_grant' }),
        'token_invalid_grant',
        { status: 400, error: 'invalid_grant' },
      ],
      [
        'unauthorized_client',
        error(400, { error: 'unauthorized_client' }),
        'token_error_response',
        { status: 400, error: 'unauthorized_client' },
      ],
      ['temporarily_unavailable', error(400, { error: 'temporarily_unavailable' }), 'provider_unavailable'],
      [
        'an error with status 200 (#144)',
        error(200, { error: 'bad_verification_code' }),
        'token_error_response',
        { status: 200, error: 'bad_verification_code' },
      ],
      ['an error beside tokens', body({ error: 'invalid_grant' }), 'token_invalid_grant'],
      [
        'an error that a prototype knows',
        error(400, { error: 'toString' }),
        'token_error_response',
        { status: 400, error: 'toString' },
      ],
      ['an error that is an object', error(400, { error: { message: 'x' } }), 'token_http_error', { status: 400 }],
      [
        'the error body of Okta’s management API',
        error(401, { errorCode: 'E0000011', errorSummary: 'Invalid token provided', errorId: 'oae1' }),
        'token_http_error',
        { status: 401, error_code: 'E0000011', error_summary: 'Invalid token provided' },
      ],
      [
        'a hostile description',
        error(400, { error: 'x', error_description: `a\n\u202eb${'c'.repeat(9999)}` }),
        'token_error_response',
        { status: 400, error: 'x', error_description: `a b${'c'.repeat(297)}…` },
      ],

      ['a page with status 200 (#145)', html(), 'token_response_malformed', { content_type: 'text/html' }],
      [
        'JSON under another media type (#145)',
        body({}, { headers: { 'content-type': 'text/plain' } }),
        'token_response_malformed',
        { content_type: 'text/plain' },
      ],
      ['no media type (#145)', body({}, { headers: {} }), 'token_response_malformed'],
      ['empty (#145)', json({}, { body: '' }), 'token_response_malformed'],
      ['truncated (#139)', json({}, { body: JSON.stringify(tokenBody()).slice(0, -1) }), 'token_response_malformed'],
      ['an array', json([tokenBody()]), 'token_response_malformed'],

      ['token_type in lower case (#146)', body({ token_type: 'bearer' }), 'authenticated'],
      [
        'fapi2-security-profile-final-client-test-token-type-case-insensitivity (#146)',
        body({ token_type: 'bEARER' }),
        'authenticated',
      ],
      ['token_type missing (#146)', body({ token_type: undefined }), 'token_response_malformed'],
      ['token_type DPoP (#146)', body({ token_type: 'DPoP' }), 'token_type_unsupported', { token_type: 'dpop' }],
      ['token_type mac (#146)', body({ token_type: 'mac' }), 'token_type_unsupported', { token_type: 'mac' }],
      ['token_type a name of a prototype', body({ token_type: 'constructor' }), 'token_type_unsupported'],

      ['access_token missing (#147)', body({ access_token: undefined }), 'token_response_malformed', judged],
      ['access_token empty (#147)', body({ access_token: '' }), 'token_response_malformed'],
      ['access_token a number (#147)', body({ access_token: 1 }), 'token_response_malformed'],
      ['access_token that no header can carry', body({ access_token: 'a\r\nb' }), 'token_response_malformed', judged],
      ['access_token beyond ASCII', body({ access_token: 'tökén€' }), 'token_response_malformed'],
      ['id_token missing: UserInfo is no substitute (#148)', body({ id_token: undefined }), 'id_token_missing'],
      ['refresh_token a number', body({ refresh_token: 1 }), 'token_response_malformed'],
      ['refresh_token', body({ refresh_token: secrets.refresh_token }), 'authenticated'],
      ['scope an array', body({ scope: ['openid'] }), 'token_response_malformed'],
      [
        'fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in',
        body({ expires_in: undefined }),
        'authenticated',
      ],
      [
        'fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response',
        body({ scope: undefined }),
        'authenticated',
      ],
      ['expires_in a numeric text (#149)', body({ expires_in: '3600' }), 'authenticated'],
      ['expires_in a text (#149)', body({ expires_in: 'soon' }), 'token_response_malformed'],
      ['expires_in negative (#149)', body({ expires_in: -1 }), 'token_response_malformed'],
    ],
    async (_rule, token, code, detail) => {
      // UserInfo is asked at every login here, so that an access token that cannot travel is found out.
      const rp = { client: { userinfo: 'always' } } as const
      expectVerdict(await login({ rp, answers: { token } }), code, detail)
    },
  )

  test.each(['timed_out', 'unreachable', 'cut_off', 'tls_failed', 'no_tls', 'blocked', 'too_large'] as const)(
    'none, because of %s (#137, #138)',
    async (token) => {
      const code = {
        timed_out: 'request_timed_out',
        unreachable: 'request_failed',
        cut_off: 'request_cut_off',
        tls_failed: 'request_tls_failed',
        no_tls: 'request_no_tls',
        blocked: 'request_blocked',
        too_large: 'response_too_large',
      }[token]
      const played = await login({ answers: { token } })
      expect(verdict(played)).toEqual({ code, detail: { message: 'token' } })
      // A code may be spent once its request has been sent: nothing is tried again.
      expect(requests(played).filter(({ message }) => message === 'token')).toHaveLength(1)
    },
  )
})
