/** Logout, introspection and revocation. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  authorizationUrl,
  basic,
  Browser,
  decode,
  endpoints,
  location,
  login,
  mockFor,
  post_logout_redirect_uri,
  requestToken,
  userinfo,
  web,
} from './support.ts'

const other = { ...web, client_id: '0oaother' }
const mock = mockFor({ clients: [web, other] })

async function signedIn(issuer: string): Promise<{ browser: Browser; id_token: string }> {
  const browser = new Browser()
  const { code } = location(await browser.get(authorizationUrl(issuer)))
  return { browser, id_token: (await requestToken(issuer, { code })).body['id_token']! }
}

const logoutUrl = (issuer: string, params: Record<string, string>) =>
  `${endpoints(issuer)}/v1/logout?${new URLSearchParams(params)}`

describe('logout by the relying party', () => {
  it('ends the session at once and returns with state, without any page', async () => {
    for (const issuer of [mock().issuer, mock().customIssuer]) {
      const { browser, id_token } = await signedIn(issuer)
      const url = logoutUrl(issuer, { id_token_hint: id_token, post_logout_redirect_uri, state: 's' })
      const response = await browser.get(url)
      expect([response.status, response.headers.get('location')]).toEqual([302, `${post_logout_redirect_uri}?state=s`])
      expect(browser.cookies.size).toBe(0)
    }
  })

  it('really ends the session, also for who kept the cookie', async () => {
    const { browser, id_token } = await signedIn(mock().issuer)
    const kept = new Map(browser.cookies)
    await browser.get(logoutUrl(mock().issuer, { id_token_hint: id_token, post_logout_redirect_uri }))
    browser.cookies = kept
    const response = await browser.get(authorizationUrl(mock().issuer, { prompt: 'none' }))
    expect(location(response)).toMatchObject({ error: 'login_required' })
  })

  it('may come by POST', async () => {
    const { browser, id_token } = await signedIn(mock().issuer)
    const response = await browser.post(`${endpoints(mock().issuer)}/v1/logout`, {
      id_token_hint: id_token,
      post_logout_redirect_uri,
    })
    expect(response.headers.get('location')).toBe(post_logout_redirect_uri)
  })

  it('goes on at once when there is no session', async () => {
    const { id_token } = await signedIn(mock().issuer)
    const response = await new Browser().get(
      logoutUrl(mock().issuer, { id_token_hint: id_token, post_logout_redirect_uri }),
    )
    expect(response.headers.get('location')).toBe(post_logout_redirect_uri)
  })

  it('takes an expired ID Token, and one whose key is no longer published', async () => {
    const { id_token } = await signedIn(mock().issuer)
    mock().rotateKeys({ mode: 'remove' })
    mock().clock.advance(7200)
    const response = await new Browser().get(
      logoutUrl(mock().issuer, { id_token_hint: id_token, post_logout_redirect_uri }),
    )
    mock().clock.reset()
    expect(response.headers.get('location')).toBe(post_logout_redirect_uri)
  })

  it('without a return address ends at the sign-in page', async () => {
    const { browser, id_token } = await signedIn(mock().issuer)
    const response = await browser.get(logoutUrl(mock().issuer, { id_token_hint: id_token }))
    expect(response.headers.get('location')).toBe(`${mock().issuer}/login/login.htm`)
  })

  it('refuses an unregistered return address', async () => {
    const { browser, id_token } = await signedIn(mock().issuer)
    const url = logoutUrl(mock().issuer, {
      id_token_hint: id_token,
      post_logout_redirect_uri: `${post_logout_redirect_uri}/`,
    })
    const response = await browser.get(url)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(
      'The &#39;post_logout_redirect_uri&#39; parameter must be a Logout redirect URI in the client app settings.',
    )
  })

  it.each([
    ['no hint', undefined],
    ['a hint that is none', 'nonsense'],
  ])('refuses %s', async (_rule, hint) => {
    const { browser } = await signedIn(mock().issuer)
    const response = await browser.get(
      logoutUrl(mock().issuer, { post_logout_redirect_uri, ...(hint && { id_token_hint: hint }) }),
    )
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('id_token_hint')
  })

  it('refuses a hint whose signature is wrong', async () => {
    const { browser, id_token } = await signedIn(mock().issuer)
    const [header, , signature] = id_token.split('.')
    const payload = Buffer.from(JSON.stringify(decode(id_token).payload).replace('Ada', 'Eve')).toString('base64url')
    const forged = [header, payload, signature].join('.')
    const response = await browser.get(logoutUrl(mock().issuer, { id_token_hint: forged, post_logout_redirect_uri }))
    expect(response.status).toBe(400)
  })

  it('refuses the hint of somebody else', async () => {
    const { id_token } = await signedIn(mock().issuer)
    mock().loginAs('grace@acme.example', { times: 1 })
    const { browser } = await signedIn(mock().issuer)
    const response = await browser.get(logoutUrl(mock().issuer, { id_token_hint: id_token, post_logout_redirect_uri }))
    expect(response.status).toBe(400)
  })

  it('leaves the access token alive, as at Okta', async () => {
    const browser = new Browser()
    const { code } = location(await browser.get(authorizationUrl(mock().issuer)))
    const { body } = await requestToken(mock().issuer, { code })
    await browser.get(logoutUrl(mock().issuer, { id_token_hint: body['id_token']!, post_logout_redirect_uri }))
    expect((await userinfo(mock().issuer, body['access_token']!)).status).toBe(200)
  })
})

describe('back-channel logout', () => {
  let relyingParty: Server
  let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void
  const received: string[] = []

  beforeAll(async () => {
    relyingParty = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        received.push(body)
        answer(request, response, body)
      })
    })
    await new Promise<void>((resolve) => relyingParty.listen(0, '127.0.0.1', resolve))
    const { port } = relyingParty.address() as AddressInfo
    mock().addClient({
      ...web,
      client_id: '0oabcl',
      backchannel_logout_uri: `http://127.0.0.1:${port}/backchannel`,
      backchannel_logout_session_required: true,
    })
  })
  afterAll(() => void relyingParty.close())

  it('reaches loopback with a token of the specification’s claims, and tells what was answered', async () => {
    answer = (_request, response) => response.writeHead(400, { 'cache-control': 'no-store' }).end('no')
    const result = await mock().backchannelLogout({ client_id: '0oabcl', user: 'ada@acme.example', sid: 'the-sid' })
    expect(result).toMatchObject({ status: 400, body: 'no', headers: { 'cache-control': 'no-store' } })
    const { header, payload } = decode(result.logout_token)
    expect(header).toMatchObject({ alg: 'RS256', typ: 'logout+jwt' })
    expect(Object.keys(payload)).toEqual(['iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'events', 'sid'])
    expect(payload).toMatchObject({
      iss: mock().issuer,
      aud: '0oabcl',
      sid: 'the-sid',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    expect(mock().requests.last('backchannel_logout')).toMatchObject({ client_id: '0oabcl', response: { status: 400 } })
  })

  it('happens when the session ends, with the sid of the ID Token', async () => {
    answer = (_request, response) => response.end()
    const browser = new Browser()
    const { code } = location(await browser.get(authorizationUrl(mock().issuer, { client_id: '0oabcl' })))
    const { body } = await requestToken(mock().issuer, { code }, { authorization: basic('0oabcl', web.client_secret!) })
    const { sid, sub } = decode(body['id_token']!).payload
    expect(sid).toMatch(/^[\w-]{25}$/)
    received.length = 0
    await browser.get(logoutUrl(mock().issuer, { id_token_hint: body['id_token']!, post_logout_redirect_uri }))
    expect(received).toHaveLength(1)
    const { payload } = decode(new URLSearchParams(received[0]).get('logout_token')!)
    expect(payload).toMatchObject({ sid, sub })
  })

  it('needs a client that has an address for it', async () => {
    await expect(mock().backchannelLogout({ client_id: '0oaweb' })).rejects.toThrow('no backchannel_logout_uri')
  })
})

describe('introspection', () => {
  const introspect = async (
    token: string,
    headers: Record<string, string> = { authorization: basic('0oaweb', web.client_secret!) },
  ) => {
    const response = await fetch(`${endpoints(mock().issuer)}/v1/introspect`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ token }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  it('describes an access token as Okta does', async () => {
    const { access_token } = await login(mock().issuer)
    const { body } = await introspect(access_token)
    expect(Object.keys(body)).toEqual([
      'active',
      'token_type',
      'scope',
      'client_id',
      'username',
      'exp',
      'iat',
      'sub',
      'aud',
      'iss',
      'jti',
      'uid',
    ])
    expect(body).toMatchObject({ active: true, scope: 'openid profile email', sub: 'ada@acme.example' })
  })

  it('describes refresh tokens and ID Tokens too', async () => {
    const { refresh_token, id_token } = await login(mock().issuer, { scope: 'openid offline_access' })
    expect((await introspect(refresh_token!)).body).toMatchObject({ active: true, client_id: web.client_id })
    expect((await introspect(id_token)).body).toMatchObject({ active: true, aud: web.client_id })
  })

  it('says of everything else only that it is not active', async () => {
    expect(await introspect('nonsense')).toEqual({ status: 200, body: { active: false } })
    const { id_token } = await login(mock().issuer)
    mock().clock.advance(3601)
    expect((await introspect(id_token)).body).toEqual({ active: false })
    mock().clock.reset()
  })

  it('answers only clients', async () => {
    expect(await introspect('any', {})).toEqual({
      status: 401,
      body: { error: 'invalid_client', error_description: 'No client credentials found.' },
    })
    expect((await introspect('any', { authorization: basic('0oaweb', 'wrong') })).status).toBe(401)
  })
})

describe('revocation', () => {
  const revoke = (token: string, client = '0oaweb') =>
    fetch(`${endpoints(mock().issuer)}/v1/revoke`, {
      method: 'POST',
      headers: { authorization: basic(client, web.client_secret!) },
      body: new URLSearchParams({ token }),
    })

  it('ends a token, with an empty 200', async () => {
    const { access_token } = await login(mock().issuer)
    const response = await revoke(access_token)
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect((await userinfo(mock().issuer, access_token)).status).toBe(401)
  })

  it('answers 200 for what is no token, and leaves the tokens of others alone', async () => {
    expect((await revoke('nonsense')).status).toBe(200)
    const { access_token } = await login(mock().issuer)
    expect((await revoke(access_token, '0oaother')).status).toBe(200)
    expect((await userinfo(mock().issuer, access_token)).status).toBe(200)
  })
})
