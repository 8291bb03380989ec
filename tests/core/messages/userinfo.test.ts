/** UserInfo: when it is asked, what it must say, and how it is put together with the ID Token. Core 1.0, section 5.3. */
import { describe, expect, test } from 'vitest'
import type { Authenticated, FailureCode, HttpResponse } from '@relying-party/core'
import { each, expectVerdict, login, messages, requests, verdict, type Login } from '../support/play.ts'
import { claims, html, json, metadata, mint, secrets, tokenBody, userinfo } from '../support/provider.ts'

/** An ID Token as Okta mints it: who it is, and nothing about the person. */
const thin = { name: undefined, email: undefined, email_verified: undefined }
const withClaims = (changed: object, answers: Login['answers'] = {}): Login => ({
  answers: { token: json(tokenBody({ id_token: mint({ claims: { ...thin, ...changed } }) })), ...answers },
})

describe('the request', () => {
  test('oidcc-client-test-userinfo-bearer-header', async () => {
    const request = requests(await login(withClaims({}))).at(-1)
    expect(request).toStrictEqual({
      message: 'userinfo',
      method: 'GET',
      url: metadata.userinfo_endpoint,
      headers: { accept: 'application/json', authorization: `Bearer ${secrets.access_token}` },
    })
  })

  const groups = { role_mapping: { claim: 'groups', rules: [{ value: 'Admins', role: 'admin' }] } }
  const nested = { role_mapping: { claim: 'realm_access.roles', rules: [{ value: 'Admins', role: 'admin' }] } }
  const email = { email: claims.email, email_verified: true }
  test.each<[string, boolean, Login]>([
    ['a thin ID Token', true, withClaims({})],
    ['a fat ID Token', false, withClaims(email)],
    ['an e-mail address without email_verified', true, withClaims({ email: claims.email })],
    ['no wish for an e-mail address', false, { ...withClaims({}), rp: { client: { scope: 'openid' } } }],
    [
      'allowed domains',
      true,
      { ...withClaims({}), rp: { client: { scope: 'openid' }, policy: { allowed_email_domains: ['acme.example'] } } },
    ],
    ['role rules, and no groups', true, { ...withClaims(email), rp: { policy: groups } }],
    ['role rules, and groups', false, { ...withClaims({ ...email, groups: [] }), rp: { policy: groups } }],
    [
      'role rules on a path, and roles there',
      false,
      { ...withClaims({ ...email, realm_access: { roles: ['Admins'] } }), rp: { policy: nested } },
    ],
    ['always', true, { ...withClaims(email), rp: { client: { userinfo: 'always' } } }],
    ['never', false, { ...withClaims({}), rp: { client: { userinfo: 'never' } } }],
    ['no endpoint', false, withClaims({}, { provider_metadata: json({ ...metadata, userinfo_endpoint: undefined }) })],
  ])('%s: %s', async (_name, asked, story) => {
    expect(messages(await login(story)).includes('userinfo')).toBe(asked)
  })
})

describe('the response', () => {
  const answer = (changed: object, response: Partial<HttpResponse> = {}) => json({ ...userinfo, ...changed }, response)
  each<readonly [string, HttpResponse, FailureCode | 'authenticated', object?]>(
    [
      ['valid', answer({}), 'authenticated'],
      [
        'media type with parameters',
        answer({}, { headers: { 'content-type': 'application/json ;charset=UTF-8' } }),
        'authenticated',
      ],
      ['oidcc-client-test-userinfo-invalid-sub (#160)', answer({ sub: 'user-1invalid' }), 'userinfo_sub_mismatch'],
      ['sub of another case (#61, #160)', answer({ sub: 'User-1' }), 'userinfo_sub_mismatch'],
      ['sub missing (#161)', answer({ sub: undefined }), 'userinfo_response_malformed', { reason: expect.any(String) }],
      ['sub a number', answer({ sub: 1 }), 'userinfo_response_malformed'],
      ['sub empty', answer({ sub: '' }), 'userinfo_response_malformed'],
      ['sub an array', answer({ sub: ['user-1'] }), 'userinfo_response_malformed'],
      ['an array (#164)', json([userinfo]), 'userinfo_response_malformed', { content_type: 'application/json' }],
      [
        'JSON under another media type',
        answer({}, { headers: { 'content-type': 'text/plain' } }),
        'userinfo_response_malformed',
        { content_type: 'text/plain' },
      ],
      ['null', json(null), 'userinfo_response_malformed'],
      ['a page (#164)', html(), 'userinfo_response_malformed', { content_type: 'text/html' }],
      ['truncated', json({}, { body: '{"sub":"user-1"' }), 'userinfo_response_malformed'],
      [
        'a JWT (not supported) (#163)',
        { status: 200, headers: { 'content-type': 'application/jwt' }, body: mint() },
        'userinfo_response_malformed',
        { content_type: 'application/jwt' },
      ],
      ['a number out of range', json({}, { body: '{"sub":"user-1","level":1e999}' }), 'userinfo_response_malformed'],
      [
        'nested without end',
        json({}, { body: `{"sub":"user-1","a":${'['.repeat(9000)}${']'.repeat(9000)}}` }),
        'userinfo_response_malformed',
      ],
      ['status 204', json({}, { status: 204, body: '' }), 'userinfo_http_error', { status: 204 }],
      ['status 302 (#164)', answer({}, { status: 302 }), 'userinfo_http_error', { status: 302 }],
      ['status 401 (#164)', html(401), 'userinfo_http_error', { status: 401 }],
      [
        'status 401 with a challenge',
        json({}, { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }),
        'userinfo_http_error',
        { status: 401, challenge: 'Bearer error="invalid_token"' },
      ],
      ['status 503 (#162)', html(503), 'userinfo_http_error', { status: 503 }],
    ],
    async (_rule, response, code, detail) => {
      expectVerdict(await login(withClaims({}, { userinfo: response })), code, detail)
    },
  )

  test.each(['timed_out', 'unreachable'] as const)('none, because of %s (#162)', async (reason) => {
    expect(verdict(await login(withClaims({}, { userinfo: reason })))).toMatchObject({
      detail: { message: 'userinfo' },
    })
  })
})

describe('both documents together', () => {
  type Person = Readonly<Record<string, unknown>>
  const merged = async (id_token: Person, said: Person) => {
    const story = withClaims(id_token, { userinfo: json({ sub: 'user-1', ...said }) })
    const { state } = await login({ ...story, rp: { client: { userinfo: 'always' } } })
    return (state as Authenticated).claims
  }
  const a = 'a@acme.example'
  const b = 'b@acme.example'

  test.each<[string, Person, Person, Person]>([
    [
      'both in the ID Token',
      { email: a, email_verified: true },
      { email: b, email_verified: false },
      { email: a, email_verified: true },
    ],
    ['both in UserInfo', {}, { email: b, email_verified: true }, { email: b, email_verified: true }],
    ['the address here, its verification there', { email: a }, { email_verified: true }, { email: a }],
    ['the verification here, the address there', { email_verified: true }, { email: b }, { email: b }],
    [
      'the address here, both there',
      { email: a },
      { email: b, email_verified: true },
      { email: b, email_verified: true },
    ],
    [
      'both here, only the address there',
      { email: a, email_verified: true },
      { email: b },
      { email: a, email_verified: true },
    ],
    [
      'not verified here, verified there',
      { email: a, email_verified: false },
      { email: a, email_verified: true },
      { email: a, email_verified: false },
    ],
    ['an address there that is no text', { email: a }, { email: [b], email_verified: true }, { email: a }],
    ['the verification alone', {}, { email_verified: true }, {}],
  ])('e-mail: %s (#165)', async (_name, id_token, said, expected) => {
    const { email, email_verified } = await merged(id_token, said)
    expect(JSON.parse(JSON.stringify({ email, email_verified }))).toStrictEqual(expected)
  })

  test('the ID Token wins, being signed; UserInfo adds (#165)', async () => {
    const { name, groups, locale } = await merged(
      { name: 'Ada', groups: [] },
      { name: 'Eve', groups: ['Admins'], locale: 'en' },
    )
    expect({ name, groups, locale }).toEqual({ name: 'Ada', groups: [], locale: 'en' })
  })

  test.each([
    'iss',
    'aud',
    'azp',
    'exp',
    'iat',
    'nbf',
    'nonce',
    'auth_time',
    'acr',
    'amr',
    'sid',
    'jti',
    'at_hash',
    'c_hash',
  ])('%s is never taken from UserInfo (#165)', async (name) => {
    const { [name]: value } = await merged({}, { [name]: 'from UserInfo' })
    expect(value).not.toBe('from UserInfo')
  })

  test('a prototype is not taken from UserInfo (#67)', async () => {
    const body = '{"sub":"user-1","__proto__":{"email_verified":true},"email":"a@acme.example"}'
    const { state } = await login(withClaims({}, { userinfo: json({}, { body }) }))
    expect((state as Authenticated).access.email_verified).toBe(false)
    expect(Object.keys((state as Authenticated).claims)).not.toContain('__proto__')
    expect((state as Authenticated).claims).not.toHaveProperty('email_verified')
  })
})
