/** The token endpoint: client authentication, codes, PKCE and refresh tokens, refused in Okta's words. */
import { createHmac, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { basic, decode, endpoints, getCode, login, mockFor, requestToken, userinfo, verifier, web } from './support.ts'

const secret = web.client_secret!
const post = { ...web, client_id: '0oapost', token_endpoint_auth_method: 'client_secret_post' as const }
const strictBasic = { ...web, client_id: '0oastrictbasic', strict_auth_method: true }
const strictPost = { ...post, client_id: '0oastrictpost', strict_auth_method: true }
const raw = { ...web, client_id: '0oa%raw+', client_secret: 'a+b%2Fc%', basic_decoding: 'raw' as const }
const odd = { ...web, client_id: 'odd id:+', client_secret: 'a:b c%/+?' }
const publicClient = {
  client_id: '0oapublic',
  redirect_uris: web.redirect_uris,
  token_endpoint_auth_method: 'none' as const,
}
const secretJwt = { ...web, client_id: '0oasecretjwt', token_endpoint_auth_method: 'client_secret_jwt' as const }
const rotating = { ...web, client_id: '0oarotating', refresh_token_rotation: 'rotate' as const }
const noPkce = { ...web, client_id: '0oanorefresh', grant_types: ['authorization_code'] }
const keyJwt = { ...web, client_id: '0oakeyjwt', token_endpoint_auth_method: 'private_key_jwt' as const }

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const { privateKey: otherKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'rp', use: 'sig', alg: 'ES256' }] }

const mock = mockFor({
  clients: [
    web,
    post,
    strictBasic,
    strictPost,
    raw,
    odd,
    publicClient,
    secretJwt,
    rotating,
    noPkce,
    { ...keyJwt, jwks },
  ],
})

describe('a token response', () => {
  it('has Okta’s members in Okta’s order', async () => {
    const { status, headers, body } = await requestToken(mock().issuer, {
      code: await getCode(mock().issuer, { scope: 'openid profile offline_access' }),
    })
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual([
      'token_type',
      'expires_in',
      'access_token',
      'scope',
      'id_token',
      'refresh_token',
    ])
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'openid profile offline_access' })
    expect(body['refresh_token']).toMatch(/^[\w-]{43}$/)
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('cache-control')).toBe('no-cache, no-store')
    expect(headers.get('x-okta-request-id')).toMatch(/^[0-9a-f]{32}$/)
    expect(headers.get('x-rate-limit-limit')).toBe('1000')
  })
})

describe('a client authenticates', () => {
  const accepted: [how: string, client_id: string, form: Record<string, string>, headers: Record<string, string>][] = [
    ['by Basic', '0oaweb', {}, { authorization: basic('0oaweb', secret) }],
    ['by post', '0oapost', { client_id: '0oapost', client_secret: secret }, {}],
    ['by post although registered for Basic, as at Okta', '0oaweb', { client_id: '0oaweb', client_secret: secret }, {}],
    ['by Basic although registered for post, as at Okta', '0oapost', {}, { authorization: basic('0oapost', secret) }],
    [
      'by Basic with punctuation, form-encoded',
      odd.client_id,
      {},
      { authorization: basic(odd.client_id, odd.client_secret) },
    ],
    [
      'by Basic as it is, where the client says so',
      raw.client_id,
      {},
      { authorization: `Basic ${btoa(`${raw.client_id}:${raw.client_secret}`)}` },
    ],
    ['not at all, when public', '0oapublic', { client_id: '0oapublic' }, {}],
  ]
  it.each(accepted)('%s', async (_how, client_id, form, headers) => {
    const code = await getCode(mock().issuer, { client_id })
    expect((await requestToken(mock().issuer, { code, ...form }, headers)).status).toBe(200)
  })

  const refused: [
    rule: string,
    form: Record<string, string>,
    headers: Record<string, string>,
    error: string,
    text: string,
  ][] = [
    ['nothing given', {}, {}, 'invalid_client', 'No client credentials found.'],
    [
      'two methods at once',
      { client_id: '0oaweb', client_secret: secret },
      { authorization: basic('0oaweb', secret) },
      'invalid_request',
      'Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header, credentials in the post body, or a client_assertion in the post body.',
    ],
    [
      'a header that is not Basic',
      {},
      { authorization: 'Basic not-base64!' },
      'invalid_client',
      'Found Authentication header but was not valid client credentials.',
    ],
    [
      'an unknown client',
      {},
      { authorization: basic('0oanobody', secret) },
      'invalid_client',
      "Invalid value for 'client_id' parameter.",
    ],
    [
      'a wrong secret by Basic',
      {},
      { authorization: basic('0oaweb', 'wrong') },
      'invalid_client',
      'The client secret supplied for a confidential client is invalid.',
    ],
    [
      'a wrong secret by post',
      { client_id: '0oaweb', client_secret: `${secret}1` },
      {},
      'invalid_client',
      'The client secret supplied for a confidential client is invalid.',
    ],
    [
      'a confidential client without secret',
      { client_id: '0oaweb' },
      {},
      'invalid_client',
      'Client authentication failed. Either the client or the client credentials are invalid.',
    ],
    [
      'post where the client insists on Basic',
      { client_id: '0oastrictbasic', client_secret: secret },
      {},
      'invalid_client',
      'Client authentication failed. Either the client or the client credentials are invalid.',
    ],
    [
      'Basic where the client insists on post',
      {},
      { authorization: basic('0oastrictpost', secret) },
      'invalid_client',
      'Client authentication failed. Either the client or the client credentials are invalid.',
    ],
  ]
  it.each(refused)('and is refused: %s', async (_rule, form, headers, error, error_description) => {
    const { status, body } = await requestToken(mock().issuer, { code: 'any', ...form }, headers)
    expect([status, body]).toEqual([401, { error, error_description }])
  })
})

describe('a client assertion', () => {
  let audience: string
  beforeAll(() => void (audience = `${endpoints(mock().issuer)}/v1/token`))
  const claims = (client_id: string, change: object = {}) => ({
    iss: client_id,
    sub: client_id,
    aud: audience,
    exp: Math.floor(Date.now() / 1000) + 60,
    jti: crypto.randomUUID(),
    ...change,
  })
  const present = async (client_id: string, client_assertion: string) => {
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    const code = await getCode(mock().issuer, { client_id })
    return requestToken(mock().issuer, { code, client_assertion, client_assertion_type }, {})
  }

  it('is good when signed with the secret', async () => {
    expect((await present('0oasecretjwt', assertion(claims('0oasecretjwt'), secret))).status).toBe(200)
  })

  it('is good when signed with the private key', async () => {
    expect((await present('0oakeyjwt', assertion(claims('0oakeyjwt'), privateKey))).status).toBe(200)
  })

  const refused: [rule: string, change: object, key: KeyObject, text: string][] = [
    ['expired', { exp: 1 }, privateKey, 'The client_assertion token is expired.'],
    ['by another key', {}, otherKey, 'The client_assertion signature is invalid.'],
    [
      'for another endpoint',
      { aud: 'https://elsewhere.example/token' },
      privateKey,
      'The audience claim for client_assertion must be the endpoint invoked for the request.',
    ],
  ]
  it.each(refused)('is refused when %s', async (_rule, change, key, error_description) => {
    const { status, body } = await present('0oakeyjwt', assertion(claims('0oakeyjwt', change), key))
    expect([status, body]).toEqual([401, { error: 'invalid_client', error_description }])
  })

  it('must name the endpoint, not the issuer', async () => {
    const { body } = await present('0oakeyjwt', assertion(claims('0oakeyjwt', { aud: mock().issuer }), privateKey))
    expect(body['error_description']).toBe(
      'The audience claim for client_assertion must be the endpoint invoked for the request.',
    )
  })

  it('is good once', async () => {
    const token = assertion(claims('0oakeyjwt'), privateKey)
    await present('0oakeyjwt', token)
    const { status, body } = await present('0oakeyjwt', token)
    expect([status, body['error_description']]).toEqual([401, 'The client_assertion token has already been used.'])
  })
})

describe('a code', () => {
  const invalid = { error: 'invalid_grant', error_description: 'The authorization code is invalid or has expired.' }

  it('must be one', async () => {
    const { status, body } = await requestToken(mock().issuer, { code: 'nonsense' })
    expect([status, body]).toEqual([400, invalid])
  })

  it('is good once, and its second use ends what the first gave', async () => {
    const code = await getCode(mock().issuer)
    const first = await requestToken(mock().issuer, { code })
    const second = await requestToken(mock().issuer, { code })
    expect([second.status, second.body]).toEqual([400, invalid])
    expect((await userinfo(mock().issuer, first.body['access_token']!)).status).toBe(401)
  })

  it('lives for five minutes', async () => {
    const [early, late] = [await getCode(mock().issuer), await getCode(mock().issuer)]
    mock().clock.advance(299)
    expect((await requestToken(mock().issuer, { code: early })).status).toBe(200)
    mock().clock.advance(2)
    expect((await requestToken(mock().issuer, { code: late })).body).toEqual(invalid)
    mock().clock.reset()
  })

  it('belongs to the authorization server that issued it', async () => {
    const { body } = await requestToken(mock().customIssuer, { code: await getCode(mock().issuer) })
    expect(body).toEqual(invalid)
  })

  it('belongs to the client that it was issued to', async () => {
    const code = await getCode(mock().issuer)
    const { status, body } = await requestToken(mock().issuer, { code }, { authorization: basic('0oapost', secret) })
    expect([status, body]).toEqual([
      400,
      {
        error: 'invalid_grant',
        error_description:
          "The grant was issued to another client. Please make sure the 'client_id' matches the one used at the authorize request.",
      },
    ])
  })

  it('belongs to its redirect URI', async () => {
    const code = await getCode(mock().issuer)
    const { status, body } = await requestToken(mock().issuer, { code, redirect_uri: 'https://rp.example/other' })
    expect([status, body]).toEqual([
      400,
      {
        error: 'invalid_grant',
        error_description: "The 'redirect_uri' does not match the redirection URI used in the authorization request.",
      },
    ])
  })

  const pkce: [rule: string, challenged: boolean, code_verifier: string | undefined, text: string][] = [
    ['needs the verifier', true, undefined, 'PKCE code verifier is required by the application.'],
    ['needs the right verifier', true, 'w'.repeat(43), 'PKCE verification failed.'],
    ['needs a well-formed verifier', true, 'short', 'PKCE verification failed.'],
    [
      'without challenge takes no verifier',
      false,
      verifier,
      'PKCE code challenge should be specified in the authorize request for code verification.',
    ],
  ]
  it.each(pkce)('%s', async (_rule, challenged, code_verifier, error_description) => {
    const change = challenged ? {} : { code_challenge: undefined, code_challenge_method: undefined }
    const code = await getCode(mock().issuer, change)
    const { status, body } = await requestToken(mock().issuer, { code, code_verifier })
    expect([status, body]).toEqual([400, { error: 'invalid_grant', error_description }])
  })
})

describe('a token request', () => {
  const refused: [rule: string, form: Record<string, string | undefined>, error: string, text: string][] = [
    [
      'needs a grant type',
      { grant_type: undefined },
      'invalid_request',
      "The token request must specify a 'grant_type'.",
    ],
    [
      'needs a grant type that exists',
      { grant_type: 'magic' },
      'unsupported_grant_type',
      'The grant type is not supported by the authorization server.',
    ],
    ['needs a code', { code: undefined }, 'invalid_request', "The token request must specify a 'code'."],
  ]
  it.each(refused)('%s', async (_rule, form, error, error_description) => {
    const { status, body } = await requestToken(mock().issuer, { code: 'any', ...form })
    expect([status, body]).toEqual([400, { error, error_description }])
  })

  it('must not repeat a parameter', async () => {
    const body = 'grant_type=authorization_code&code=a&code=b'
    const headers = { authorization: basic('0oaweb', secret), 'content-type': 'application/x-www-form-urlencoded' }
    const response = await fetch(`${endpoints(mock().issuer)}/v1/token`, { method: 'POST', headers, body })
    expect([response.status, await response.json()]).toEqual([
      400,
      {
        error: 'invalid_request',
        error_description: 'Duplicate parameter provided in request. Duplicated parameters: [code].',
      },
    ])
  })
})

describe('a refresh token', () => {
  const scope = 'openid profile offline_access'
  const refresh = (refresh_token: string, client = '0oaweb', form = {}) =>
    requestToken(
      mock().issuer,
      { grant_type: 'refresh_token', refresh_token, redirect_uri: undefined, code_verifier: undefined, ...form },
      { authorization: basic(client, secret) },
    )

  it('comes without asking for consent, and gives new tokens about the same person and sign-in', async () => {
    const first = await login(mock().issuer, { scope })
    mock().clock.advance(60)
    const { status, body } = await refresh(first.refresh_token!)
    mock().clock.reset()
    expect(status).toBe(200)
    const [before, after] = [decode(first.id_token).payload, decode(body['id_token']!).payload]
    for (const claim of ['iss', 'sub', 'aud', 'auth_time', 'nonce']) expect(after[claim]).toBe(before[claim])
    expect(Number(after['iat']) - Number(before['iat'])).toBe(60)
    expect(body['refresh_token']).toBe(first.refresh_token)
  })

  it('is good once where it rotates', async () => {
    const code = await getCode(mock().issuer, { scope, client_id: '0oarotating' })
    const first = await requestToken(mock().issuer, { code }, { authorization: basic('0oarotating', secret) })
    const second = await refresh(first.body['refresh_token']!, '0oarotating')
    expect(second.body['refresh_token']).not.toBe(first.body['refresh_token'])
    const again = await refresh(first.body['refresh_token']!, '0oarotating')
    expect([again.status, again.body]).toEqual([
      400,
      { error: 'invalid_grant', error_description: 'The refresh token is invalid or expired.' },
    ])
  })

  it('gives no scope that it has not', async () => {
    const { refresh_token } = await login(mock().issuer, { scope })
    const { status, body } = await refresh(refresh_token!, '0oaweb', { scope: 'openid email' })
    expect([status, body['error']]).toEqual([400, 'invalid_scope'])
  })

  it('is not given to a client that may not refresh', async () => {
    const code = await getCode(mock().issuer, { scope, client_id: '0oanorefresh' })
    const { body } = await requestToken(mock().issuer, { code }, { authorization: basic('0oanorefresh', secret) })
    expect(body['refresh_token']).toBeUndefined()
    const refused = await refresh('any', '0oanorefresh')
    expect([refused.status, refused.body['error']]).toEqual([400, 'unauthorized_client'])
  })
})

function assertion(claims: object, key: KeyObject | string): string {
  const alg = typeof key === 'string' ? 'HS256' : 'ES256'
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const input = `${encode({ alg })}.${encode(claims)}`
  const signature =
    typeof key === 'string'
      ? createHmac('sha256', key).update(input).digest()
      : sign('sha256', Buffer.from(input), {
          key: createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })),
          dsaEncoding: 'ieee-p1363',
        })
  return `${input}.${signature.toString('base64url')}`
}
