/** Refreshing: what is sent. OpenID Connect Core 1.0, section 12.1; RFC 6749, section 6. */
import { importJWK, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { type HttpRequest, type PrivateJwk } from '@relying-party/core'
import { publicJwk, privateJwk } from './support/keys.ts'
import { at, known, metadata, secrets, type Overrides } from './support/provider.ts'
import { answer, refresh, verdict } from './support/refresh.ts'

describe('the request', () => {
  const form = ({ body }: HttpRequest) => Object.fromEntries(new URLSearchParams(body))
  const basic = { authorization: `Basic ${btoa('client-1:canary-client-secret')}` }
  const grant = { grant_type: 'refresh_token', refresh_token: secrets.refresh_token }

  test.each<[string, Overrides['client'] & object, object, object]>([
    ['client_secret_basic', {}, basic, grant],
    [
      'client_secret_post',
      { token_endpoint_auth_method: 'client_secret_post' },
      {},
      { ...grant, client_id: 'client-1', client_secret: secrets.client_secret },
    ],
    ['none', { token_endpoint_auth_method: 'none' }, {}, { ...grant, client_id: 'client-1' }],
    ['none, for want of a secret', { client_secret: undefined }, {}, { ...grant, client_id: 'client-1' }],
  ])('%s', async (_method, client, headers, parameters) => {
    const { sent } = await refresh({ rp: { ...known(), client } })
    expect(sent).toHaveLength(1)
    const { body: _, ...rest } = sent[0]!
    expect(rest).toStrictEqual({
      message: 'token',
      method: 'POST',
      url: metadata.token_endpoint,
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
        ...headers,
      },
    })
    expect(form(sent[0]!)).toStrictEqual(parameters)
  })

  const key = { ...privateJwk('p256'), alg: 'ES256' } as unknown as PrivateJwk
  test.each<[string, Overrides['client'] & object, () => Promise<CryptoKey | Uint8Array>, string]>([
    ['client_secret_jwt', {}, async () => Buffer.from(secrets.client_secret), 'HS256'],
    [
      'private_key_jwt',
      { client_secret: undefined, client_key: key },
      () => importJWK(publicJwk('p256'), 'ES256') as Promise<CryptoKey>,
      'ES256',
    ],
  ])('%s: an assertion that is named by the jti of the caller', async (method, client, verification, alg) => {
    const asked = await refresh({
      rp: { ...known(), client: { ...client, token_endpoint_auth_method: method as never } },
    })
    expect(verdict(asked)).toBe('refreshed')
    const { client_assertion, ...parameters } = form(asked.sent[0]!)
    expect(parameters).toStrictEqual({
      ...grant,
      client_id: 'client-1',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    expect(asked.sent[0]!.headers).not.toHaveProperty('authorization')
    const options = { algorithms: [alg], currentDate: new Date(at * 1000) }
    const { payload } = await jwtVerify(client_assertion!, (await verification()) as CryptoKey, options)
    expect(payload).toStrictEqual({
      iss: 'client-1',
      sub: 'client-1',
      aud: metadata.token_endpoint,
      jti: 'assertion-1',
      iat: at,
      exp: at + 60,
    })
  })

  test('a method that needs what is not there: refused before anything is sent', async () => {
    for (const method of ['client_secret_post', 'client_secret_jwt', 'private_key_jwt'] as const) {
      const asked = await refresh({
        rp: { ...known(), client: { client_secret: undefined, token_endpoint_auth_method: method } },
      })
      expect(asked.result).toMatchObject({ failure: { code: 'client_secret_required' } })
      expect(asked.sent).toEqual([])
    }
  })

  test('the refresh token goes to the token endpoint and nowhere else', async () => {
    const { sent } = await refresh({ rp: {}, answers: { token: answer({ claims: { email: undefined } }) } })
    expect(sent.map(({ message }) => message)).toEqual(['provider_metadata', 'token', 'jwks', 'userinfo'])
    for (const request of sent.filter(({ message }) => message !== 'token')) {
      expect(JSON.stringify(request)).not.toContain(secrets.refresh_token)
      expect(JSON.stringify(request)).not.toContain(secrets.client_secret)
    }
  })
})
