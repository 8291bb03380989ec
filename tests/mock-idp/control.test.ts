/** The control plane over HTTP: every command, and who may give one. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startMockOkta } from '@relying-party/mock-idp'
import { describe, expect, it } from 'vitest'
import { authorizationUrl, Browser, decode, location, login, mockFor, web } from './support.ts'

const mock = mockFor({ auto_login: undefined as never })

/** The members that the answers of the control plane have, each in some of them. */
interface Answer {
  injected: { name: string }[]
  catalogue: { name: string }[]
  keys: { kid: string }[]
  active: string
  now: number
  error: string
}

async function command(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  issuer = mock().issuer,
) {
  const response = await fetch(`${issuer}/_mock${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Answer) }
}

describe('a command', () => {
  it('injects, lists and removes faults', async () => {
    const { status, body } = await command('POST', '/faults', { name: 'id_token.nonce_mismatch', times: 1 })
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ name: 'id_token.nonce_mismatch', times: 1, struck: 0 }),
    ])
    const { body: list } = await command('GET', '/faults')
    expect(list!['injected']).toHaveLength(1)
    expect(list!.catalogue.map(({ name }) => name)).toContain('id_token.nonce_mismatch')
    expect(await command('DELETE', '/faults')).toEqual({ status: 200, body: {} })
    expect((await command('GET', '/faults')).body!['injected']).toEqual([])
  })

  it('removes one fault by name', async () => {
    await command('POST', '/faults', { name: 'id_token.nonce_mismatch' })
    await command('POST', '/faults', { name: 'token.http_500' })
    await command('DELETE', '/faults/token.http_500')
    const injected = (await command('GET', '/faults')).body!.injected
    expect(injected.map(({ name }) => name)).toEqual(['id_token.nonce_mismatch'])
    await command('DELETE', '/faults')
  })

  it('signs people in', async () => {
    await command('POST', '/login-as', { user: 'grace@acme.example', times: 1 })
    const { id_token } = await login(mock().issuer)
    expect(decode(id_token).payload['preferred_username']).toBe('grace@acme.example')
    await command('POST', '/login-as', { user: 'grace@acme.example' })
    await command('POST', '/login-as', { user: null })
    const response = await new Browser().get(authorizationUrl(mock().issuer))
    expect(response.headers.get('location')).toContain('/signin/')
  })

  it('rotates keys', async () => {
    const { body } = await command('POST', '/keys/rotate', { mode: 'add_ahead' })
    expect(body!['keys']).toHaveLength(2)
    const rotated = await command('POST', '/keys/rotate')
    expect(rotated.body!['active']).toBe(body!.keys[1]!.kid)
  })

  it('sets the clock', async () => {
    expect((await command('PUT', '/clock', { now: 1e9, frozen: true })).body).toEqual({ now: 1e9 })
    expect((await command('PUT', '/clock', { advance: 60 })).body).toEqual({ now: 1e9 + 60 })
    expect((await command('GET', '/clock')).body).toEqual({ now: 1e9 + 60 })
    const { headers } = await fetch(`${mock().issuer}/.well-known/openid-configuration`)
    expect(Date.parse(headers.get('date')!)).toBe((1e9 + 60) * 1000)
    const { body } = await command('PUT', '/clock', { now: null })
    expect(Math.abs(body!.now - Date.now() / 1000)).toBeLessThan(2)
  })

  it('shows and forgets the requests', async () => {
    await command('DELETE', '/requests')
    await fetch(`${mock().issuer}/oauth2/v1/keys`)
    expect((await command('GET', '/requests')).body).toMatchObject([{ id: 1, endpoint: 'jwks' }])
    expect((await command('GET', '/requests?endpoint=token')).body).toEqual([])
  })

  it('adds and removes clients, users and assignments', async () => {
    expect((await command('POST', '/clients', { ...web, client_id: '0oahttp', assigned_groups: [] })).status).toBe(200)
    await command('POST', '/users', { login: 'http@acme.example' })
    const outcome = async () => {
      await command('POST', '/login-as', { user: 'http@acme.example', times: 1 })
      return location(await new Browser().get(authorizationUrl(mock().issuer, { client_id: '0oahttp' })))
    }
    expect(await outcome()).toMatchObject({ error: 'access_denied' })
    await command('POST', '/assignments', { client_id: '0oahttp', user: 'http@acme.example' })
    expect(await outcome()).toHaveProperty('code')
    await command('DELETE', '/assignments', { client_id: '0oahttp', user: 'http@acme.example' })
    expect(await outcome()).toMatchObject({ error: 'access_denied' })
    expect((await command('DELETE', '/clients/0oahttp')).body).toEqual({ removed: true })
    expect((await command('DELETE', '/users/http@acme.example')).body).toEqual({ removed: true })
  })

  it('posts a logout token to loopback', async () => {
    const received: string[] = []
    const relyingParty = createServer((request, response) => {
      request.on('data', (chunk) => received.push(String(chunk))).on('end', () => response.writeHead(200).end())
    })
    await new Promise<void>((resolve) => relyingParty.listen(0, '127.0.0.1', resolve))
    const { port } = relyingParty.address() as AddressInfo
    const client = { ...web, client_id: '0oabcl', backchannel_logout_uri: `http://127.0.0.1:${port}/` }
    await command('POST', '/clients', client)
    const { body } = await command('POST', '/backchannel-logout', { client_id: '0oabcl', user: 'ada@acme.example' })
    relyingParty.close()
    expect(body).toMatchObject({ status: 200 })
    expect(received).toEqual([expect.stringMatching(/^logout_token=eyJ/)])
  })

  it('is there for everything that is in process, except to end it', async () => {
    const { body } = await command('POST', '/teapot')
    const commands = body!.error
    const members: Record<string, string> = {
      issuer: 'GET /',
      customIssuer: 'GET /',
      port: 'GET /',
      clients: 'GET /clients',
      users: 'GET /users',
      inject: 'POST /faults',
      faults: 'GET /faults',
      clearFaults: 'DELETE /faults',
      rotateKeys: 'POST /keys/rotate',
      clock: 'PUT /clock',
      requests: 'GET /requests',
      loginAs: 'POST /login-as',
      addClient: 'POST /clients',
      removeClient: 'DELETE /clients/:item',
      addUser: 'POST /users',
      removeUser: 'DELETE /users/:item',
      assign: 'POST /assignments',
      unassign: 'DELETE /assignments',
      backchannelLogout: 'POST /backchannel-logout',
      reset: 'POST /reset',
    }
    expect([...Object.keys(members), 'close'].sort()).toEqual(Object.keys(mock()).sort())
    for (const each of Object.values(members)) expect(`${commands},`).toMatch(new RegExp(`[:,] ${each},`))
  })

  it('shows the state, and starts again', async () => {
    await command('POST', '/reset')
    expect((await command('GET', '')).body).toMatchObject({
      issuer: mock().issuer,
      custom_issuer: mock().customIssuer,
      login_as: null,
      faults: [],
    })
  })
})

describe('a command that is none', () => {
  it.each([
    ['POST', '/faults', { name: 'id_token.nonsense' }, 400, 'no fault id_token.nonsense'],
    ['POST', '/faults', { name: 'token.http_500', time: 1 }, 400, 'unknown fault member time'],
    ['POST', '/faults', { name: 'token.http_500', times: 0 }, 400, 'a fault strikes 1 or more times'],
    ['POST', '/faults', { name: 'token.http_500', issuer: 'default' }, 400, 'no issuer default; there are org, custom'],
    ['POST', '/faults', { name: 'transport.http_500', endpoint: 'keys' }, 400, 'no endpoint keys; there are discovery'],
    ['POST', '/faults', '{', 400, 'the body is not JSON: '],
    ['POST', '/faults', '[]', 400, 'the body must be a JSON object'],
    ['POST', '/keys/rotate', { mode: 'upside_down' }, 400, 'no rotation upside_down'],
    ['PUT', '/clock', {}, 400, 'the clock takes'],
    ['PUT', '/clock', { now: 'noon' }, 400, 'is no instant'],
    ['POST', '/login-as', {}, 400, 'login-as needs'],
    ['POST', '/login-as', { user: 'nobody' }, 400, 'no user nobody'],
    ['POST', '/clients', {}, 400, 'a client needs redirect_uris'],
    ['POST', '/clients', { client_id: '', redirect_uris: [] }, 400, 'a client_id is a text'],
    ['POST', '/clients', { client_id: 'x', secret: 'y' }, 400, 'unknown client member secret'],
    ['POST', '/users', { name: 'x' }, 400, 'unknown user member name'],
    ['POST', '/assignments', { client_id: '0oanobody', user: 'x' }, 400, 'no client 0oanobody'],
    ['POST', '/teapot', {}, 404, 'no such command'],
  ])('%s %s %j', async (method, path, body, status, text) => {
    const answer = await command(method, path, body)
    expect(answer.status).toBe(status)
    expect(answer.body!['error']).toContain(text)
  })
})

describe('control is refused', () => {
  it('to web pages', async () => {
    const answer = await command('POST', '/reset', undefined, { origin: 'https://evil.example' })
    expect(answer).toEqual({ status: 403, body: { error: 'not from a web page' } })
  })

  it('beyond loopback without a token, and given with it', async () => {
    const open = await startMockOkta({ host: '0.0.0.0' })
    expect((await command('GET', '', undefined, {}, open.issuer)).status).toBe(403)
    await open.close()
    const closed = await startMockOkta({ host: '0.0.0.0', control_token: 'sesame' })
    expect((await command('GET', '', undefined, {}, closed.issuer)).status).toBe(403)
    expect((await command('GET', '', undefined, { authorization: 'Bearer sesame' }, closed.issuer)).status).toBe(200)
    await closed.close()
  })
})
