/** A mock as a thing to have: its clock, keys, ledger and options; many at once, quiet, and the same twice. */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startMockOkta } from '@relying-party/mock-idp'
import type { MockOkta } from '@relying-party/mock-idp'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  authorizationUrl,
  basic,
  Browser,
  decode,
  getCode,
  location,
  login,
  mockFor,
  requestToken,
  userinfo,
  web,
} from './support.ts'

const mock = mockFor()
const auto_login = 'ada@acme.example'

describe('the clock', () => {
  const instant = 1_000_000_000

  it('moves the mock and leaves the caller’s time alone', async () => {
    const now = Date.now()
    mock().clock.freeze(instant)
    const { payload } = decode((await login(mock().issuer)).id_token)
    expect(payload).toMatchObject({ iat: instant, auth_time: instant, exp: instant + 3600 })
    expect(Date.now() - now).toBeLessThan(10_000)
    mock().clock.reset()
  })

  it('can be set, advanced and frozen', () => {
    const { clock } = mock()
    clock.set(instant)
    expect(clock.now() - instant).toBeLessThan(2)
    clock.freeze()
    clock.set(instant)
    clock.advance(-10)
    expect(clock.now()).toBe(instant - 10)
    clock.reset()
    expect(Math.abs(clock.now() - Date.now() / 1000)).toBeLessThan(2)
  })

  it('is one per mock', async () => {
    const other = await startMockOkta({ clients: [web], auto_login, clock: { now: instant, frozen: true } })
    const [theirs, ours] = await Promise.all([login(other.issuer), login(mock().issuer)])
    await other.close()
    expect(decode(theirs.id_token).payload['iat']).toBe(instant)
    expect(decode(ours.id_token).payload['iat']).toBeGreaterThan(instant + 1000)
  })

  describe('and the caller’s fake timers', () => {
    afterEach(() => vi.useRealTimers())

    it('do not disturb each other', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: 5_000_000_000_000 })
      const ambient = decode((await login(mock().issuer)).id_token).payload['iat']
      mock().clock.freeze(instant)
      const frozen = decode((await login(mock().issuer)).id_token).payload['iat']
      mock().clock.reset()
      expect([ambient, frozen, Date.now()]).toEqual([5_000_000_000, instant, 5_000_000_000_000])
      vi.useRealTimers()
      expect(Math.abs(Date.now() / 1000 - mock().clock.now())).toBeLessThan(2)
    })
  })
})

describe('the keys', () => {
  afterEach(() => mock().reset())
  const jwks = async () => (await (await fetch(`${mock().issuer}/oauth2/v1/keys`)).json()) as JSONWebKeySet
  const verify = (token: string, keys: JSONWebKeySet) =>
    jwtVerify(token, createLocalJWKSet(keys)).then(
      () => 'verified',
      (error: { code: string }) => error.code,
    )
  const kid = (token: string) => decode(token).header['kid']
  const token = async () => (await login(mock().issuer)).id_token

  it('rotate: the new one signs, the old one stays published', async () => {
    const [before, old] = [await jwks(), await token()]
    mock().rotateKeys()
    const [after, fresh] = [await jwks(), await token()]
    expect(kid(fresh)).not.toBe(kid(old))
    expect([await verify(old, after), await verify(fresh, after)]).toEqual(['verified', 'verified'])
    expect(await verify(fresh, before)).toBe('ERR_JWKS_NO_MATCHING_KEY')
  })

  it('add_ahead: published, not yet signing; then it takes over', async () => {
    const old = await token()
    mock().rotateKeys({ mode: 'add_ahead' })
    const ahead = await jwks()
    expect(ahead.keys).toHaveLength(2)
    expect(kid(await token())).toBe(kid(old))
    mock().rotateKeys()
    const fresh = await token()
    expect(kid(fresh)).toBe(ahead.keys[1]!.kid)
    expect(await verify(fresh, ahead)).toBe('verified')
  })

  it('remove: the old one is no longer published', async () => {
    const old = await token()
    mock().rotateKeys({ mode: 'remove' })
    expect(await verify(old, await jwks())).toBe('ERR_JWKS_NO_MATCHING_KEY')
    expect(await verify(await token(), await jwks())).toBe('verified')
  })

  it('swap_same_kid: another key under the old name', async () => {
    const [before, old] = [await jwks(), await token()]
    mock().rotateKeys({ mode: 'swap_same_kid' })
    const fresh = await token()
    expect(kid(fresh)).toBe(kid(old))
    expect(await verify(fresh, before)).toBe('ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
    expect(await verify(fresh, await jwks())).toBe('verified')
  })

  it('just_before_signing: who kept the keys must fetch them again', async () => {
    const before = await jwks()
    mock().rotateKeys({ mode: 'just_before_signing' })
    expect(await jwks()).toEqual(before)
    const fresh = await token()
    expect(await verify(fresh, before)).toBe('ERR_JWKS_NO_MATCHING_KEY')
    expect(await verify(fresh, await jwks())).toBe('verified')
    expect(kid(await token())).toBe(kid(fresh))
  })

  it('between_signing_and_serving: the key is gone when it is looked for', async () => {
    mock().rotateKeys({ mode: 'between_signing_and_serving' })
    const lost = await token()
    expect(await verify(lost, await jwks())).toBe('ERR_JWKS_NO_MATCHING_KEY')
    expect(await verify(await token(), await jwks())).toBe('verified')
  })

  it('with decoys: the right one is still among them', async () => {
    const before = await jwks()
    mock().inject('jwks.decoys')
    const after = await jwks()
    expect(after.keys.length).toBeGreaterThan(before.keys.length)
    expect(await verify(await token(), after)).toBe('verified')
  })

  it('of access tokens are published for the custom server, and never for the org’s', async () => {
    const [org, custom] = await Promise.all([login(mock().issuer), login(mock().customIssuer)])
    expect(await verify(org.access_token, await jwks())).toBe('ERR_JWKS_NO_MATCHING_KEY')
    expect(await verify(custom.access_token, await jwks())).toBe('verified')
  })

  it('can rotate for ever', async () => {
    for (let i = 0; i < 7; i += 1) {
      mock().rotateKeys()
      expect(await verify(await token(), await jwks())).toBe('verified')
    }
    expect((await jwks()).keys).toHaveLength(3)
  })
})

describe('the ledger', () => {
  it('has every request, decoded, with what was answered', async () => {
    mock().requests.clear()
    const { access_token } = await login(mock().issuer)
    await userinfo(mock().issuer, access_token)
    await requestToken(mock().issuer, { code: 'nonsense' })
    expect(
      mock()
        .requests.list()
        .map(({ id, endpoint }) => [id, endpoint]),
    ).toEqual([
      [1, 'authorization'],
      [2, 'token'],
      [3, 'userinfo'],
      [4, 'token'],
    ])
    const [authorization] = mock().requests.of('authorization')
    expect(authorization).toMatchObject({
      issuer: 'org',
      method: 'GET',
      path: '/oauth2/v1/authorize',
      client_id: web.client_id,
      params: { nonce: 'the-nonce', scope: 'openid profile email' },
      response: { status: 302, params: { state: 'the-state' } },
      faults: [],
    })
    expect(mock().requests.of('token')[0]).toMatchObject({
      client_authentication: 'client_secret_basic',
      params: { grant_type: 'authorization_code' },
      response: { status: 200, body: { access_token } },
    })
    expect(mock().requests.of('userinfo')[0]).toMatchObject({
      client_id: web.client_id,
      headers: { authorization: `Bearer ${access_token}` },
    })
    expect(mock().requests.last()).toMatchObject({
      response: { status: 400, error: 'invalid_grant', reason: 'authorization code not found' },
    })
  })
})

describe('a mock', () => {
  it('comes with a demo client, an assigned and an unassigned user', async () => {
    const demo = await startMockOkta()
    const [client] = demo.clients
    expect(client).toMatchObject({
      client_id: expect.stringMatching(/^0oa\w{17}$/) as string,
      redirect_uris: ['http://localhost:3000/organizations/acme/oidc/consume'],
      post_logout_redirect_uris: ['http://localhost:3000/organizations/acme/oidc/logged-out'],
    })
    const outcome = async (user: string) => {
      demo.loginAs(user, { times: 1 })
      const change = { client_id: client!.client_id, redirect_uri: client!.redirect_uris[0] }
      return location(await new Browser().get(authorizationUrl(demo.issuer, change)))
    }
    expect(await outcome('ada@acme.example')).toHaveProperty('code')
    expect(await outcome('eve@elsewhere.example')).toMatchObject({ error: 'access_denied' })
    await demo.close()
  })

  it('is reachable as localhost, over IPv4 and as IPv6', async () => {
    const { port } = new URL(mock().issuer)
    expect(mock().issuer).toBe(`http://localhost:${port}`)
    expect((await fetch(`http://127.0.0.1:${port}/oauth2/v1/keys`)).status).toBe(200)
    expect((await fetch(`http://localhost:${port}/oauth2/v1/keys`)).status).toBe(200)
  })

  it('is one of many in a process, and none knows the others', async () => {
    const mocks = await Promise.all(Array.from({ length: 10 }, () => startMockOkta({ clients: [web], auto_login })))
    const tokens = await Promise.all(mocks.map(({ issuer }) => login(issuer)))
    expect(tokens.map(({ id_token }) => decode(id_token).payload['iss'])).toEqual(mocks.map(({ issuer }) => issuer))
    expect((await userinfo(mocks[0]!.issuer, tokens[1]!.access_token)).status).toBe(401)
    await Promise.all(mocks.map((each) => each.close()))
  })

  it('gives a client that brings none an id and a secret, the same every time', async () => {
    const client = { redirect_uris: [web.redirect_uris[0]!] }
    const [one, other] = await Promise.all(
      [{}, { port: 0 }].map((more) => startMockOkta({ clients: [client], auto_login, ...more })),
    )
    const { client_id, client_secret } = one!.clients[0]!
    expect(client_id).toMatch(/^0oa[0-9a-z]{17}$/)
    expect(other!.clients[0]).toMatchObject({ client_id, client_secret })
    const code = await getCode(one!.issuer, { client_id })
    const { status } = await requestToken(one!.issuer, { code }, { authorization: basic(client_id, client_secret!) })
    expect(status).toBe(200)
    const open = one!.addClient({ ...client, token_endpoint_auth_method: 'none' })
    expect(open).not.toHaveProperty('client_secret')
    await Promise.all([one!.close(), other!.close()])
  })

  it('starts again with reset', async () => {
    const { access_token } = await login(mock().issuer)
    mock().addClient({ ...web, client_id: '0oanew' })
    mock().addUser({ login: 'new@acme.example' })
    mock().inject('id_token.nonce_mismatch')
    mock().clock.freeze(1)
    mock().reset()
    expect(mock().clients.map(({ client_id }) => client_id)).toEqual([web.client_id])
    expect(mock().users).toHaveLength(3)
    expect((await userinfo(mock().issuer, access_token)).status).toBe(401)
    expect(decode((await login(mock().issuer)).id_token).payload).toMatchObject({ nonce: 'the-nonce' })
  })

  it('has people, groups and assignments that change while it runs', async () => {
    mock().addClient({ ...web, client_id: '0oastaff', assigned_groups: ['Staff'] })
    const outcome = async () => {
      mock().loginAs('new@acme.example', { times: 1 })
      return location(await new Browser().get(authorizationUrl(mock().issuer, { client_id: '0oastaff' })))
    }
    mock().addUser({ login: 'new@acme.example' })
    expect(await outcome()).toHaveProperty('error')
    mock().addUser({ login: 'new@acme.example', groups: ['Staff'] })
    expect(await outcome()).toHaveProperty('code')
    mock().unassign('0oastaff', { group: 'Staff' })
    expect(await outcome()).toHaveProperty('error')
    mock().assign('0oastaff', { user: 'new@acme.example' })
    expect(await outcome()).toHaveProperty('code')
    mock().removeUser('new@acme.example')
    mock().reset()
  })

  it('without an access policy lets nobody through its custom server', async () => {
    const bare = await startMockOkta({ clients: [web], auto_login, custom: { access_policy: false } })
    expect(location(await new Browser().get(authorizationUrl(bare.customIssuer)))).toMatchObject({
      error: 'access_denied',
      error_description: 'Policy evaluation failed for this request, please check the policy configurations.',
    })
    expect(location(await new Browser().get(authorizationUrl(bare.issuer)))).toHaveProperty('code')
    await bare.close()
  })

  it('refuses options that it does not know, by name', async () => {
    await expect(startMockOkta({ prot: 1 } as never)).rejects.toThrow('unknown option prot')
    await expect(startMockOkta({ clients: [{ ...web, redirect_uri: 'x' } as never] })).rejects.toThrow(
      'unknown client member redirect_uri',
    )
    await expect(startMockOkta({ clients: [{ client_id: 'x', redirect_uris: [] }] })).rejects.toThrow(
      'client x needs a client_secret',
    )
    await expect(startMockOkta({ auto_login: 'nobody' })).rejects.toThrow('no user nobody')
    await expect(startMockOkta({ faults: [{ name: 'id_token.nonsense' }] })).rejects.toThrow(
      'no fault id_token.nonsense',
    )
  })
})

describe('a seed', () => {
  // One published address for all of them: the issuer is in the tokens, and the port is whichever was free.
  const start = (seed: number) =>
    startMockOkta({
      clients: [web],
      auto_login,
      seed,
      public_url: 'http://idp.example',
      clock: { now: 1e9, frozen: true },
    })
  const run = async ({ port }: MockOkta) => {
    const origin = `http://localhost:${port}`
    return [
      await login(origin, { scope: 'openid profile offline_access' }),
      await login(`${origin}/oauth2/default`),
      await login(origin),
    ]
  }

  it('makes the same requests at the same time give the same tokens, byte for byte, in two mocks and after a reset', async () => {
    const [first, second, third] = await Promise.all([start(7), start(7), start(8)])
    const tokens = await run(first)
    expect(decode(tokens[0]!.id_token).payload).toMatchObject({ iss: 'http://idp.example', iat: 1e9 })
    expect(await run(second)).toEqual(tokens)
    first.reset()
    expect(await run(first)).toEqual(tokens)
    const others = await run(third)
    expect(others.map(({ id_token }) => id_token)).not.toContain(tokens[0]!.id_token)
    await Promise.all([first, second, third].map((each) => each.close()))
  })

  it('is needed: without one nothing repeats', async () => {
    expect(await getCode(mock().issuer)).not.toBe(await getCode(mock().issuer))
  })
})

describe('in a program of its own', () => {
  const source = (file: string) => fileURLToPath(new URL(`../../packages/mock-idp/src/${file}`, import.meta.url))
  const directory = mkdtempSync(join(tmpdir(), 'mock-okta-'))

  it('writes nothing anywhere by itself', async () => {
    const script = `
      import { startMockOkta } from ${JSON.stringify(source('index.ts'))}
      const mock = await startMockOkta({ auto_login: 'ada@acme.example' })
      const { client_id, redirect_uris: [redirect_uri] } = mock.clients[0]
      const query = new URLSearchParams({ client_id, redirect_uri, response_type: 'code', scope: 'openid', state: 's' })
      const response = await fetch(mock.issuer + '/oauth2/v1/authorize?' + query, { redirect: 'manual' })
      await fetch(mock.issuer + '/oauth2/v1/token', { method: 'POST', body: 'x=y', headers: { 'content-type': 'text/plain' } })
      if (response.status !== 302) throw new Error(String(response.status))
      await mock.close()
    `
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' })
  })

  it('prints what a person needs, obeys its flags over its file, and stops when told', async () => {
    const config = join(directory, 'config.json')
    const options = { clients: [web], seed: 1, id_token: 'fat', faults: [{ name: 'jwks.empty', times: 1 }] }
    writeFileSync(config, JSON.stringify({ ...options, clock: { now: 1e9, frozen: true } }))
    const child = spawn(process.execPath, [
      source('cli.ts'),
      '--port',
      '0',
      '--config',
      config,
      '--auto-login',
      auto_login,
      '--redirect-uri',
      'http://localhost:4000/callback',
      '--redirect-uri',
      web.redirect_uris[0]!,
    ])
    let [stdout, stderr] = ['', '']
    child.stderr.on('data', (chunk) => (stderr += String(chunk)))
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        stdout += String(chunk)
        if (stdout.includes('Faults')) resolve()
      })
    })
    const issuer = /Issuer +(\S+)/.exec(stdout)![1]!
    expect(stdout).toContain('Client ID      0oaweb')
    expect(stdout).toContain(
      'Redirect URI   http://localhost:4000/callback\n                 https://rp.example/callback',
    )
    expect(stdout).toContain('Sign in as     ada@acme.example / analytical-engine')
    expect(decode((await login(issuer)).id_token).payload).toMatchObject({ given_name: 'Ada', iat: 1e9 })
    expect(await (await fetch(`${issuer}/oauth2/v1/keys`)).json()).toEqual({ keys: [] })
    child.kill('SIGINT')
    const status = await new Promise((resolve) => child.once('exit', resolve))
    expect([status, stderr]).toEqual([0, ''])
  })

  it.each([
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['--port', 'http'], '--port http is not a port'],
    [['--config', '/does/not/exist.json'], 'no such file'],
    [['--port', '0', '--auto-login', 'nobody'], 'no user nobody'],
  ])('says what is wrong with %j', async (args, text) => {
    const failure = await promisify(execFile)(process.execPath, [source('cli.ts'), ...args]).catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    )
    expect(failure).toMatchObject({ code: 1, stdout: '' })
    expect(failure.stderr).toMatch(/^mock-okta: .*\n$/)
    expect(failure.stderr).toContain(text)
  })
})
