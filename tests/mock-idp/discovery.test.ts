/** Discovery and keys: the members, the order and the headers of Okta. */
import { describe, expect, it } from 'vitest'
import { mockFor, web } from './support.ts'

const mock = mockFor()
const get = async (url: string) => {
  const response = await fetch(url)
  return { response, body: (await response.json()) as Record<string, unknown> }
}

describe('the discovery document', () => {
  it('of the org server has exactly Okta’s members, in order', async () => {
    const { issuer } = mock()
    const { body } = await get(`${issuer}/.well-known/openid-configuration`)
    expect(Object.keys(body)).toEqual(members.filter((member) => !member.startsWith('id_token_encryption')))
    expect(body).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/oauth2/v1/authorize`,
      token_endpoint: `${issuer}/oauth2/v1/token`,
      userinfo_endpoint: `${issuer}/oauth2/v1/userinfo`,
      registration_endpoint: `${issuer}/oauth2/v1/clients`,
      jwks_uri: `${issuer}/oauth2/v1/keys`,
      end_session_endpoint: `${issuer}/oauth2/v1/logout`,
      scopes_supported: ['openid', 'email', 'profile', 'address', 'phone', 'offline_access', 'groups'],
      id_token_signing_alg_values_supported: ['RS256'],
      subject_types_supported: ['public'],
    })
  })

  it('of the custom server has exactly Okta’s members, in order', async () => {
    const { issuer, customIssuer } = mock()
    const { body } = await get(`${customIssuer}/.well-known/openid-configuration`)
    expect(customIssuer).toBe(`${issuer}/oauth2/default`)
    expect(Object.keys(body)).toEqual(members)
    expect(body).toMatchObject({
      issuer: customIssuer,
      authorization_endpoint: `${customIssuer}/v1/authorize`,
      jwks_uri: `${customIssuer}/v1/keys`,
      registration_endpoint: `${issuer}/oauth2/v1/clients`,
    })
    expect(body['scopes_supported']).not.toContain('groups')
  })

  it('does not speak of what Okta does not speak of', async () => {
    const { body } = await get(`${mock().issuer}/.well-known/openid-configuration`)
    for (const member of [
      'authorization_response_iss_parameter_supported',
      'backchannel_logout_supported',
      'claims_parameter_supported',
      'require_pushed_authorization_requests',
      'acr_values_supported',
    ]) {
      expect(body).not.toHaveProperty(member)
    }
  })

  it('may be cached for a day', async () => {
    const { response } = await get(`${mock().issuer}/.well-known/openid-configuration`)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('max-age=86400, must-revalidate')
    expect(response.headers.get('vary')).toBe('Origin')
    expect(response.headers.get('x-rate-limit-limit')).toBeNull()
  })

  it('names further algorithms once a client is registered for them', async () => {
    mock().addClient({ ...web, client_id: '0oaes', id_token_signed_response_alg: 'ES256' })
    const { body } = await get(`${mock().issuer}/.well-known/openid-configuration`)
    const { body: jwks } = await get(`${mock().issuer}/oauth2/v1/keys`)
    mock().removeClient('0oaes')
    expect(body['id_token_signing_alg_values_supported']).toEqual(['RS256', 'ES256'])
    expect((jwks['keys'] as { alg: string }[]).map(({ alg }) => alg)).toEqual(['RS256', 'ES256'])
  })
})

describe('the OAuth metadata document', () => {
  it.each([
    '/oauth2/default/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/oauth2/default',
  ])('is at %s', async (path) => {
    const { body } = await get(`${mock().issuer}${path}`)
    expect(body['issuer']).toBe(mock().customIssuer)
    expect(body).not.toHaveProperty('userinfo_endpoint')
    expect(body).not.toHaveProperty('id_token_signing_alg_values_supported')
    expect(body['claims_supported']).toEqual(['ver', 'jti', 'iss', 'aud', 'iat', 'exp', 'cid', 'uid', 'scp', 'sub'])
    expect(body['grant_types_supported']).toContain('client_credentials')
  })
})

describe('the keys', () => {
  it('have Okta’s members in order, and 45 days of cache', async () => {
    const { response, body } = await get(`${mock().issuer}/oauth2/v1/keys`)
    const keys = body['keys'] as Record<string, string>[]
    expect(keys.map(Object.keys)).toEqual([['kty', 'alg', 'kid', 'use', 'e', 'n']])
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('max-age=3885115, must-revalidate')
  })

  it('are the same for both servers and for every mock', async () => {
    const { body: org } = await get(`${mock().issuer}/oauth2/v1/keys`)
    const { body: custom } = await get(`${mock().customIssuer}/v1/keys`)
    expect(custom).toEqual(org)
  })
})

describe('what is not there', () => {
  it('an unknown authorization server is E0000007', async () => {
    const { response, body } = await get(`${mock().issuer}/oauth2/aus123/.well-known/openid-configuration`)
    expect(response.status).toBe(404)
    expect(Object.keys(body)).toEqual(['errorCode', 'errorSummary', 'errorLink', 'errorId', 'errorCauses'])
    expect(body).toMatchObject({
      errorCode: 'E0000007',
      errorSummary: 'Not found: Resource not found: aus123 (AuthorizationServer)',
    })
  })

  it('dynamic registration needs a token that nobody has', async () => {
    const response = await fetch(`${mock().issuer}/oauth2/v1/clients`, { method: 'POST' })
    expect([response.status, ((await response.json()) as { errorCode: string }).errorCode]).toEqual([401, 'E0000011'])
  })
})

describe('options of the mock', () => {
  const changed = mockFor({ discovery: { end_session_endpoint: null, backchannel_logout_supported: true } })

  it('add members and take them away', async () => {
    const { body } = await get(`${changed().issuer}/.well-known/openid-configuration`)
    expect(body).not.toHaveProperty('end_session_endpoint')
    expect(body['backchannel_logout_supported']).toBe(true)
  })
})

const members = [
  'issuer',
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'registration_endpoint',
  'jwks_uri',
  'response_types_supported',
  'response_modes_supported',
  'grant_types_supported',
  'subject_types_supported',
  'id_token_signing_alg_values_supported',
  'id_token_encryption_alg_values_supported',
  'id_token_encryption_enc_values_supported',
  'scopes_supported',
  'token_endpoint_auth_methods_supported',
  'claims_supported',
  'code_challenge_methods_supported',
  'introspection_endpoint',
  'introspection_endpoint_auth_methods_supported',
  'revocation_endpoint',
  'revocation_endpoint_auth_methods_supported',
  'end_session_endpoint',
  'request_parameter_supported',
  'request_object_signing_alg_values_supported',
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
  'backchannel_token_delivery_modes_supported',
  'backchannel_authentication_request_signing_alg_values_supported',
  'dpop_signing_alg_values_supported',
]
