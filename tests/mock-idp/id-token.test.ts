/** ID Tokens, access tokens and UserInfo: Okta's header, claims, order, and where each claim is to be found. */
import { createHash } from 'node:crypto'
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { describe, expect, it } from 'vitest'
import { basic, decode, getCode, login, mockFor, requestToken, userinfo, web } from './support.ts'

const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'] as const
const clients = algorithms.map((alg) => ({ ...web, client_id: `0oa${alg}`, id_token_signed_response_alg: alg }))
const fat = { ...web, client_id: '0oafat', id_token: 'fat' as const }
const mock = mockFor({
  clients: [web, fat, ...clients],
  custom: { groups_claim: 'teams' },
})
const jwks = async () => (await (await fetch(`${mock().issuer}/oauth2/v1/keys`)).json()) as JSONWebKeySet

describe('an ID Token', () => {
  it('has kid, then alg, and no typ', async () => {
    const { header } = decode((await login(mock().issuer)).id_token)
    expect(Object.entries(header)).toEqual([
      ['kid', (await jwks()).keys[0]!.kid],
      ['alg', 'RS256'],
    ])
  })

  it('has the claims of Okta in Okta’s order', async () => {
    const { id_token } = await login(mock().issuer)
    const { payload } = decode(id_token)
    expect(Object.keys(payload)).toEqual([
      'sub',
      'name',
      'email',
      'ver',
      'iss',
      'aud',
      'iat',
      'exp',
      'jti',
      'amr',
      'idp',
      'nonce',
      'preferred_username',
      'auth_time',
      'at_hash',
    ])
    expect(payload).toMatchObject({
      name: 'Ada Lovelace',
      email: 'ada@acme.example',
      ver: 1,
      iss: mock().issuer,
      aud: web.client_id,
      amr: ['pwd'],
      nonce: 'the-nonce',
      preferred_username: 'ada@acme.example',
    })
    expect(payload['sub']).toMatch(/^00u[0-9a-z]{17}$/)
    expect(payload['idp']).toMatch(/^00o[0-9a-z]{17}$/)
    expect(payload['jti']).toMatch(/^ID\.[\w-]{43}$/)
    expect(Number(payload['exp']) - Number(payload['iat'])).toBe(3600)
  })

  it('hashes the access token that came with it', async () => {
    const { id_token, access_token } = await login(mock().issuer)
    const hash = createHash('sha256').update(access_token).digest().subarray(0, 16).toString('base64url')
    expect(decode(id_token).payload['at_hash']).toBe(hash)
  })

  it('is verified by an independent library from the published keys', async () => {
    for (const issuer of [mock().issuer, mock().customIssuer]) {
      const { id_token } = await login(issuer)
      const keys = createRemoteJWKSet(new URL(`${mock().issuer}/oauth2/v1/keys`))
      await expect(jwtVerify(id_token, keys, { issuer, audience: web.client_id })).resolves.toBeDefined()
    }
  })

  it.each(algorithms)('can be signed with %s', async (alg) => {
    const client_id = `0oa${alg}`
    const code = await getCode(mock().issuer, { client_id })
    const { body } = await requestToken(
      mock().issuer,
      { code },
      { authorization: basic(client_id, web.client_secret!) },
    )
    const secret = new TextEncoder().encode(web.client_secret)
    const keys = (await jwks()).keys
      .filter((key) => alg !== 'PS256' || key.kty === 'RSA')
      .map(({ alg: _alg, ...key }) => key)
    const verified =
      alg === 'HS256'
        ? jwtVerify(body['id_token']!, secret)
        : jwtVerify(body['id_token']!, createLocalJWKSet({ keys }), { algorithms: [alg] })
    await expect(verified).resolves.toMatchObject({ protectedHeader: { alg } })
  })

  it('carries the nonce only when there was one', async () => {
    const { payload } = decode((await login(mock().issuer, { nonce: undefined })).id_token)
    expect(payload).not.toHaveProperty('nonce')
  })

  it('is thin: e-mail and name, but neither email_verified nor groups', async () => {
    const { payload } = decode((await login(mock().issuer, { scope: 'openid profile email groups' })).id_token)
    for (const claim of ['email_verified', 'given_name', 'family_name', 'locale', 'groups']) {
      expect(payload).not.toHaveProperty(claim)
    }
  })

  it('is fat when the client says so', async () => {
    const code = await getCode(mock().issuer, { client_id: '0oafat', scope: 'openid profile email groups' })
    const { body } = await requestToken(mock().issuer, { code }, { authorization: basic('0oafat', web.client_secret!) })
    expect(decode(body['id_token']!).payload).toMatchObject({
      email_verified: true,
      given_name: 'Ada',
      family_name: 'Lovelace',
      groups: ['Everyone', 'Acme', 'Admins'],
    })
  })

  it('has only what the scopes open', async () => {
    const { payload } = decode((await login(mock().issuer, { scope: 'openid' })).id_token)
    for (const claim of ['name', 'email', 'preferred_username']) expect(payload).not.toHaveProperty(claim)
  })

  it('names the acr that was asked for and is met', async () => {
    const acr = 'urn:okta:loa:1fa:pwd'
    const { payload } = decode((await login(mock().issuer, { acr_values: `urn:okta:loa:phr ${acr}` })).id_token)
    expect(payload['acr']).toBe(acr)
  })

  it('names two factors of whom has them', async () => {
    mock().addUser({ login: 'mfa@acme.example', amr: ['mfa', 'otp', 'pwd'] })
    mock().loginAs('mfa@acme.example', { times: 1 })
    const { payload } = decode((await login(mock().issuer, { acr_values: 'urn:okta:loa:2fa:any' })).id_token)
    expect(payload).toMatchObject({ amr: ['mfa', 'otp', 'pwd'], acr: 'urn:okta:loa:2fa:any' })
  })

  it('fails for more than a hundred groups', async () => {
    const groups = Array.from({ length: 101 }, (_, i) => `g${i}`)
    mock().addUser({ login: 'many@acme.example', groups })
    mock().loginAs('many@acme.example', { times: 1 })
    const code = await getCode(mock().issuer, { client_id: '0oafat', scope: 'openid groups' })
    const answer = await requestToken(mock().issuer, { code }, { authorization: basic('0oafat', web.client_secret!) })
    expect([answer.status, answer.body]).toEqual([
      500,
      {
        error: 'server_error',
        error_description: 'The groups claim matched too many groups and must be configured to match fewer groups.',
      },
    ])
  })

  it('carries the custom claims of a person', async () => {
    mock().addUser({ login: 'custom@acme.example', id_token_claims: { department: 'Engines' } })
    mock().loginAs('custom@acme.example', { times: 1 })
    expect(decode((await login(mock().issuer)).id_token).payload['department']).toBe('Engines')
  })
})

describe('an access token', () => {
  it('of the custom server has Okta’s claims in order and can be verified', async () => {
    const { access_token } = await login(mock().customIssuer, { scope: 'openid profile' })
    const { payload } = await jwtVerify(access_token, createLocalJWKSet(await jwks()))
    expect(Object.keys(payload)).toEqual([
      'ver',
      'jti',
      'iss',
      'aud',
      'iat',
      'exp',
      'cid',
      'uid',
      'scp',
      'auth_time',
      'sub',
    ])
    expect(payload).toMatchObject({
      aud: 'api://default',
      cid: web.client_id,
      scp: ['openid', 'profile'],
      sub: 'ada@acme.example',
    })
  })

  it('of the org server is signed with a key that is published nowhere', async () => {
    const { access_token } = await login(mock().issuer)
    await expect(jwtVerify(access_token, createLocalJWKSet(await jwks()))).rejects.toMatchObject({
      code: 'ERR_JWKS_NO_MATCHING_KEY',
    })
  })
})

describe('UserInfo', () => {
  it('has what the thin ID Token has not, in Okta’s order', async () => {
    const { access_token } = await login(mock().issuer, { scope: 'openid profile email groups' })
    const response = await userinfo(mock().issuer, access_token)
    const claims = (await response.json()) as Record<string, unknown>
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(Object.keys(claims)).toEqual([
      'sub',
      'name',
      'given_name',
      'family_name',
      'zoneinfo',
      'locale',
      'updated_at',
      'preferred_username',
      'email',
      'email_verified',
      'groups',
    ])
    expect(claims).toMatchObject({ email_verified: true, groups: ['Everyone', 'Acme', 'Admins'] })
  })

  it('speaks of the same sub as the ID Token', async () => {
    const { access_token, id_token } = await login(mock().issuer)
    const claims = (await (await userinfo(mock().issuer, access_token)).json()) as { sub: string }
    expect(claims.sub).toBe(decode(id_token).payload['sub'])
  })

  it('has the groups of the custom server under the name it was given', async () => {
    const { access_token } = await login(mock().customIssuer)
    expect(await (await userinfo(mock().customIssuer, access_token)).json()).toMatchObject({
      teams: ['Everyone', 'Acme', 'Admins'],
    })
  })

  it('refuses a token that is none', async () => {
    const response = await userinfo(mock().issuer, 'nonsense')
    expect([response.status, response.headers.get('www-authenticate'), await response.text()]).toEqual([
      401,
      'Bearer error="invalid_token", error_description="The access token is invalid"',
      '',
    ])
  })

  it('refuses the token of the other server', async () => {
    const { access_token } = await login(mock().customIssuer)
    expect((await userinfo(mock().issuer, access_token)).status).toBe(401)
  })

  it('refuses a token after an hour', async () => {
    const { access_token } = await login(mock().issuer)
    mock().clock.advance(3601)
    expect((await userinfo(mock().issuer, access_token)).status).toBe(401)
    mock().clock.reset()
  })

  it('refuses a token in the query', async () => {
    const { access_token } = await login(mock().issuer)
    const response = await fetch(`${mock().issuer}/oauth2/v1/userinfo?access_token=${access_token}`)
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_request", error_description="The access token cannot be presented in a query string."',
    )
  })

  it('takes a token in the form', async () => {
    const { access_token } = await login(mock().issuer)
    const body = new URLSearchParams({ access_token })
    expect((await fetch(`${mock().issuer}/oauth2/v1/userinfo`, { method: 'POST', body })).status).toBe(200)
  })

  it('refuses a token without openid', async () => {
    const { access_token } = await login(mock().issuer, { scope: 'profile', nonce: undefined })
    const response = await userinfo(mock().issuer, access_token)
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      403,
      'Bearer error="insufficient_scope", error_description="The access token must provide access to at least one of these scopes - profile, email, address or phone"',
    ])
  })
})
