/** The authorization endpoint: what it grants, what it refuses, and in whose words. */
import { describe, expect, it } from 'vitest'
import {
  authorizationUrl,
  Browser,
  code_challenge,
  endpoints,
  location,
  mockFor,
  redirect_uri,
  web,
} from './support.ts'

const pkce = { ...web, client_id: '0oapkce', pkce_required: true }
const queryOnly = { ...web, client_id: '0oaquery', response_modes: ['query'] }
const mock = mockFor({ clients: [web, pkce, queryOnly] })

describe('a good request', () => {
  it('is answered with 302, code and state, and nothing else', async () => {
    const response = await new Browser().get(authorizationUrl(mock().issuer))
    expect(response.status).toBe(302)
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    const parameters = location(response)
    expect(Object.keys(parameters)).toEqual(['code', 'state'])
    expect(parameters['code']).toMatch(/^[\w-]{43}$/)
    expect(parameters['state']).toBe('the-state')
  })

  it('may come by POST', async () => {
    const url = new URL(authorizationUrl(mock().issuer))
    const response = await new Browser().post(url.origin + url.pathname, Object.fromEntries(url.searchParams))
    expect(Object.keys(location(response))).toEqual(['code', 'state'])
  })

  it('is answered in the fragment when asked', async () => {
    const response = await new Browser().get(authorizationUrl(mock().issuer, { response_mode: 'fragment' }))
    const { hash, search } = new URL(response.headers.get('location')!)
    expect(search).toBe('')
    expect([...new URLSearchParams(hash.slice(1)).keys()]).toEqual(['code', 'state'])
  })

  it('is answered with a form when asked', async () => {
    const response = await new Browser().get(
      authorizationUrl(mock().issuer, { response_mode: 'form_post', state: 'a"b<c' }),
    )
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html;charset=utf-8')
    const page = await response.text()
    expect(page).toContain(`method="post" action="${redirect_uri}"`)
    expect(page).toMatch(/<input type="hidden" name="code" value="[\w-]{43}"\/>/)
    expect(page).toContain('<input type="hidden" name="state" value="a&#34;b&#60;c"/>')
    expect(page).not.toContain('name="iss"')
  })

  it('keeps the query of the redirect URI', async () => {
    mock().addClient({ ...web, client_id: '0oaq', redirect_uris: ['https://rp.example/cb?tenant=a%20b'] })
    const response = await new Browser().get(
      authorizationUrl(mock().issuer, { client_id: '0oaq', redirect_uri: 'https://rp.example/cb?tenant=a%20b' }),
    )
    expect(response.headers.get('location')).toMatch(
      /^https:\/\/rp\.example\/cb\?tenant=a%20b&code=[\w-]{43}&state=the-state$/,
    )
  })
})

describe('a refusal that goes back to the relying party', () => {
  const refusals: [rule: string, change: Record<string, string | undefined>, error: string, text: string][] = [
    [
      'state is required',
      { state: undefined },
      'invalid_request',
      "The authentication request has an invalid 'state' parameter.",
    ],
    [
      'scopes must be known',
      { scope: 'openid nonsense' },
      'invalid_scope',
      'One or more scopes are not configured for the authorization server resource.',
    ],
    ['a scope must be asked for', { scope: undefined, nonce: undefined }, 'invalid_scope', 'No scopes were requested.'],
    [
      'the client may insist on PKCE',
      { client_id: '0oapkce', code_challenge: undefined, code_challenge_method: undefined },
      'invalid_request',
      'PKCE code challenge is required by the application.',
    ],
    [
      'PKCE is S256',
      { code_challenge, code_challenge_method: 'plain' },
      'invalid_request',
      "The authentication request has an invalid 'code_challenge' or 'code_challenge_method' parameter.",
    ],
    [
      'response types must be configured',
      { response_type: 'none' },
      'unsupported_response_type',
      'The response type is not supported by the authorization server. Valid response types: [code].',
    ],
    [
      'response types must be configured for the client',
      { response_type: 'code id_token' },
      'unsupported_response_type',
      'The response type is not supported by the authorization server. Valid response types: [code].',
    ],
    [
      'response modes must exist',
      { response_mode: 'telepathy' },
      'unsupported_response_mode',
      'The response mode is not supported by the authorization server. Valid response modes: [query, fragment, form_post, okta_post_message].',
    ],
    [
      'response modes may be limited per client',
      { client_id: '0oaquery', response_mode: 'form_post' },
      'unsupported_response_mode',
      'The response mode is not supported by the authorization server. Valid response modes: [query, fragment, form_post, okta_post_message].',
    ],
    [
      'prompts must exist',
      { prompt: 'dance' },
      'invalid_request',
      "Invalid value for 'prompt' parameter. Supported values: [none, login, consent, login consent, enroll_authenticator, idp_refresh].",
    ],
    [
      'prompt=none needs a session',
      { prompt: 'none' },
      'login_required',
      'The client specified not to prompt, but the user is not logged in.',
    ],
    [
      'max_age must be a number',
      { max_age: 'soon' },
      'invalid_request',
      "The authentication request has an invalid 'max_age' parameter.",
    ],
    ['the identity provider must exist', { idp: '0oanobody' }, 'invalid_request', 'Identity provider is not valid.'],
    [
      'acr_values must be attainable',
      { acr_values: 'urn:okta:loa:2fa:any' },
      'unmet_authentication_requirements',
      'The authentication requirements of this request could not be met.',
    ],
  ]
  it.each(refusals)('%s', async (_rule, change, error, error_description) => {
    const response = await new Browser().get(authorizationUrl(mock().issuer, change))
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toMatch(new RegExp(`^${redirect_uri}[?#]`))
    const url = new URL(response.headers.get('location')!)
    const parameters = Object.fromEntries(new URLSearchParams(url.search || url.hash.slice(1)))
    const state = 'state' in change ? {} : { state: 'the-state' }
    expect(parameters).toEqual({ ...state, error, error_description })
  })

  it('parameters must not come twice', async () => {
    const response = await new Browser().get(`${authorizationUrl(mock().issuer)}&nonce=again`)
    expect(location(response)).toEqual({
      state: 'the-state',
      error: 'invalid_request',
      error_description: 'Duplicate parameter provided in request. Duplicated parameters: [nonce].',
    })
  })

  it('says in Okta’s very bytes that a user is not assigned', async () => {
    mock().loginAs('eve@elsewhere.example', { times: 1 })
    mock().unassign(web.client_id, { group: 'Everyone' })
    const response = await new Browser().get(authorizationUrl(mock().issuer))
    mock().assign(web.client_id, { group: 'Everyone' })
    expect(response.headers.get('location')).toBe(
      `${redirect_uri}?state=the-state&error=access_denied&error_description=User+is+not+assigned+to+the+client+application.`,
    )
  })

  it('comes as a form with form_post', async () => {
    const response = await new Browser().get(
      authorizationUrl(mock().issuer, { response_mode: 'form_post', prompt: 'none' }),
    )
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('name="error" value="login_required"')
  })
})

describe('a refusal that must not leave the provider', () => {
  const pages: [rule: string, change: Record<string, string | undefined>, text: string][] = [
    [
      'redirect_uri unknown',
      { redirect_uri: 'https://elsewhere.example/callback' },
      "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
    ],
    [
      'redirect_uri with a slash more',
      { redirect_uri: `${redirect_uri}/` },
      "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
    ],
    [
      'redirect_uri in other case',
      { redirect_uri: 'https://rp.example/Callback' },
      "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
    ],
    [
      'redirect_uri missing',
      { redirect_uri: undefined },
      "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
    ],
    ['client unknown', { client_id: '0oanobody' }, "Invalid value for 'client_id' parameter."],
    ['client missing', { client_id: undefined }, "Invalid value for 'client_id' parameter."],
  ]
  it.each(pages)('%s', async (_rule, change, text) => {
    const response = await new Browser().get(authorizationUrl(mock().issuer, change))
    expect(response.status).toBe(400)
    expect(response.headers.get('location')).toBeNull()
    expect(response.headers.get('content-type')).toBe('text/html;charset=utf-8')
    expect(await response.text()).toContain(text.replaceAll("'", '&#39;'))
  })
})

describe('the custom authorization server', () => {
  it('knows no groups scope', async () => {
    const response = await new Browser().get(authorizationUrl(mock().customIssuer, { scope: 'openid groups' }))
    expect(location(response)['error']).toBe('invalid_scope')
  })

  it('shares the session of the org server', async () => {
    const browser = new Browser()
    await browser.get(authorizationUrl(mock().issuer))
    const response = await browser.get(authorizationUrl(mock().customIssuer, { prompt: 'none' }))
    expect(Object.keys(location(response))).toEqual(['code', 'state'])
  })
})

describe('pushed authorization requests', () => {
  it('are answered with a request_uri that stands for the parameters', async () => {
    const { issuer } = mock()
    const pushed = new URL(authorizationUrl(issuer, { scope: 'openid offline_access' })).searchParams
    const body = new URLSearchParams([...pushed, ['client_secret', web.client_secret!]])
    const answer = await fetch(`${endpoints(issuer)}/v1/par`, { method: 'POST', body })
    expect(answer.status).toBe(201)
    const { request_uri, expires_in } = (await answer.json()) as { request_uri: string; expires_in: number }
    expect(request_uri).toMatch(/^urn:okta:/)
    expect(expires_in).toBe(60)
    const query = new URLSearchParams({ client_id: web.client_id, request_uri })
    const response = await new Browser().get(`${endpoints(issuer)}/v1/authorize?${query}`)
    expect(Object.keys(location(response))).toEqual(['code', 'state'])
  })
})
