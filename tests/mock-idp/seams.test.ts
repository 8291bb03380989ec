/**
 * What the mock relies on in oidc-provider and oidc-provider does not document. Each seam is looked at on a bare
 * provider, without any code of ours: when an upgrade moves one, the test that fails here says which.
 */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signing_1 } from '../../packages/mock-idp/src/test-keys.ts'
import {
  authorizationUrl,
  basic,
  Browser,
  decode,
  location,
  redirect_uri,
  requestToken,
  userinfo,
  web,
} from './support.ts'

/** oidc-provider belongs to the mock's package, not to the repository's root. */
const require = createRequire(new URL('../../packages/mock-idp/package.json', import.meta.url))
const { default: Provider } = (await import(pathToFileURL(require.resolve('oidc-provider')).href)) as {
  default: new (issuer: string, configuration: object) => BareProvider
}

/** As much of the provider as the seams touch. */
interface BareProvider {
  callback(): (request: object, response: object) => void
  use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): void
  on(event: string, listener: (ctx: Context, about: Record<string, unknown>) => void): void
  IdToken: { prototype: { issue: Method }; validate: Method }
  AccessToken: { prototype: { save: Method; generateTokenId: Method }; find: Method }
  AuthorizationCode: { prototype: { generateTokenId: Method } }
  Session: { prototype: { ensureClientContainer: Method } }
}
interface Context {
  respond?: boolean
  status: number
  res: { end(text: string): void }
  headers: Record<string, string>
  path: string
  oidc: Record<string, never>
}
type Method = (this: Record<string, never>, ...args: unknown[]) => unknown

let server: Server
let provider: BareProvider
let issuer: string
const seen: Record<string, unknown> = {}

beforeAll(async () => {
  server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  provider = bareProvider(issuer)
  spy(provider)
  server.on('request', provider.callback())
})
afterAll(() => void server.close())

describe('oidc-provider', () => {
  it('calls validators of extra parameters although the parameter is absent, before it asks for an account', async () => {
    const response = await new Browser().get(authorizationUrl(issuer))
    expect(seen['validator']).toEqual({ value: undefined, account: undefined, scope: 'openid profile email' })
    expect(response.status).toBe(303)
    expect(location(response)).toHaveProperty('code')
  })

  it('keeps a scope that a validator puts back, although it dropped offline_access', async () => {
    await new Browser().get(authorizationUrl(issuer, { scope: 'openid offline_access' }))
    expect(seen['validator']).toMatchObject({ scope: 'openid' })
    expect(seen['grant']).toBe('openid offline_access')
  })

  it('hands the authorization response over before it sends it, and sends what is left of it', async () => {
    const response = await new Browser().get(authorizationUrl(issuer))
    expect(seen['success']).toEqual(['code', 'state', 'iss'])
    expect(Object.keys(location(response))).toEqual(['code', 'state'])
  })

  it('runs middleware before its router, and writes nothing when told not to respond', async () => {
    const response = await fetch(`${issuer}/anything`, { headers: { 'x-seam': 'ours' } })
    expect([response.status, await response.text()]).toEqual([202, 'ours'])
  })

  it('has its codes named by generateTokenId, which settles the format first', async () => {
    const response = await new Browser().get(authorizationUrl(issuer))
    expect(location(response)['code']).toMatch(/^seam-code-\d+$/)
    await logIn()
    expect(seen['format']).toMatchObject({ AccessToken: 'opaque' })
  })

  it('asks IdToken.prototype.issue for the ID Token and sends what that answers', async () => {
    const { body } = await logIn()
    expect(body['id_token']).toMatch(/\.seam$/)
    expect(seen['issue']).toEqual({
      use: 'idtoken',
      client: web.client_id,
      account: 'ada',
      accessToken: true,
      authorizationCode: true,
      nonce: 'the-nonce',
      auth_time: 1_700_000_000,
      amr: ['pwd'],
    })
  })

  it('sends what AccessToken.prototype.save answers, and has it before it issues the ID Token', async () => {
    const { body } = await logIn()
    expect(body['access_token']).toMatch(/^wrapped\./)
    expect(seen['order']).toEqual(['save', 'issue'])
    expect(decode(body['id_token']!).payload).toMatchObject({ sub: 'ada', nonce: 'the-nonce' })
  })

  it('looks access tokens up with AccessToken.find', async () => {
    const { body } = await logIn()
    const response = await userinfo(issuer, body['access_token']!)
    expect([response.status, await response.json()]).toEqual([200, { sub: 'ada' }])
  })

  it('names the session of a client in Session.prototype.ensureClientContainer', async () => {
    await new Browser().get(authorizationUrl(issuer))
    expect(seen['container']).toBe(web.client_id)
  })

  it('checks id_token_hint with IdToken.validate', async () => {
    await new Browser().get(authorizationUrl(issuer, { id_token_hint: 'the-hint' }))
    expect(seen['validate']).toEqual(['the-hint', web.client_id])
  })

  it('keeps the true reason of a refusal in error_detail', async () => {
    await requestToken(issuer, { code: 'nonsense' })
    expect(seen['detail']).toBe('authorization code not found')
    await requestToken(issuer, { code: 'any' }, { authorization: basic(web.client_id, 'wrong') })
    expect(seen['detail']).toBe('invalid secret provided')
  })
})

async function logIn() {
  const { code } = location(await new Browser().get(authorizationUrl(issuer)))
  seen['order'] = []
  return requestToken(issuer, { code, redirect_uri })
}

/** A provider with the least that makes a login, and nothing of ours. */
function bareProvider(issuer: string): BareProvider {
  const rows = new Map<string, Record<string, unknown>>()
  const clients: Record<string, object> = { [web.client_id]: metadata() }
  return new Provider(issuer, {
    adapter: (model: string) => ({
      upsert: async (id: string, payload: Record<string, unknown>) => void rows.set(`${model}/${id}`, payload),
      find: async (id: string) => (model === 'Client' ? clients[id] : rows.get(`${model}/${id}`)),
      findByUid: async () => undefined,
      consume: async (id: string) => void Object.assign(rows.get(`${model}/${id}`)!, { consumed: true }),
      destroy: async (id: string) => void rows.delete(`${model}/${id}`),
      revokeByGrantId: async () => undefined,
    }),
    jwks: { keys: [signing_1] },
    routes: { authorization: '/oauth2/v1/authorize', token: '/oauth2/v1/token', userinfo: '/oauth2/v1/userinfo' },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['seam'] },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    pkce: { required: () => false },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
    clientBasedCORS: () => false,
    renderError: (ctx: { body: string }) => void (ctx.body = ''),
    expiresWithSession: () => false,
    findAccount: (_ctx: object, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraParams: { seam: validator },
    loadExistingGrant: async (ctx: GrantContext) => {
      const grant = new ctx.oidc.provider.Grant({ accountId: 'ada', clientId: ctx.oidc.client.clientId })
      seen['grant'] = ctx.oidc.params['scope']
      grant.addOIDCScope(ctx.oidc.params['scope']!)
      await grant.save()
      return grant
    },
  })
}

interface GrantContext {
  oidc: {
    provider: { Grant: new (about: object) => { addOIDCScope(scope: string): void; save(): Promise<string> } }
    client: { clientId: string }
    params: Record<string, string>
    session: { loginAccount(about: object): void }
    account?: object
  }
  query: Record<string, string>
}

function validator({ oidc, query }: GrantContext, value: unknown): void {
  seen['validator'] = { value, account: oidc.account, scope: oidc.params['scope'] }
  oidc.params['scope'] = query['scope']!
  oidc.session.loginAccount({ accountId: 'ada', loginTs: 1_700_000_000, amr: ['pwd'] })
}

/** Stands in every seam, notes what passes and lets it pass. */
function spy(provider: BareProvider): void {
  const { IdToken, AccessToken, AuthorizationCode, Session } = provider
  provider.on('authorization.success', (_ctx, parameters) => {
    seen['success'] = Object.keys(parameters)
    delete parameters['iss']
  })
  provider.on('grant.error', (_ctx, error) => void (seen['detail'] = error['error_detail']))
  provider.use(async (ctx, next) => {
    if (ctx.headers['x-seam'] === undefined) return next()
    ctx.respond = false
    Object.assign(ctx.res, { statusCode: 202 })
    await next()
    ctx.res.end('ours')
  })
  const { issue } = IdToken.prototype
  IdToken.prototype.issue = async function (options) {
    const { ctx, client, available, extra } = this as unknown as IdTokenSeam
    const { account, accessToken, authorizationCode } = ctx.oidc
    seen['issue'] = {
      use: (options as { use: string }).use,
      client: client.clientId,
      account: account?.accountId,
      accessToken: accessToken !== undefined,
      authorizationCode: authorizationCode !== undefined,
      nonce: extra.nonce,
      auth_time: available.auth_time,
      amr: available.amr,
    }
    order('issue')
    const token = (await issue.call(this, options)) as string
    return `${token.slice(0, token.lastIndexOf('.'))}.seam`
  }
  IdToken.validate = async (token, client) => {
    seen['validate'] = [token, (client as { clientId: string }).clientId]
    return { payload: { sub: 'ada' }, header: {} }
  }
  const { save } = AccessToken.prototype
  AccessToken.prototype.save = async function () {
    const id = (await save.call(this)) as string
    order('save')
    return `wrapped.${id}`
  }
  const { find } = AccessToken
  AccessToken.find = function (value, ...options) {
    return find.call(this, String(value).replace('wrapped.', ''), ...options)
  }
  let count = 0
  const formats: Record<string, unknown> = (seen['format'] = {})
  for (const [name, model] of Object.entries({ AccessToken, AuthorizationCode })) {
    const { generateTokenId } = model.prototype
    model.prototype.generateTokenId = function () {
      generateTokenId.call(this)
      formats[name] = this['format']
      return `seam-${name === 'AuthorizationCode' ? 'code' : 'token'}-${++count}`
    }
  }
  const { ensureClientContainer } = Session.prototype
  Session.prototype.ensureClientContainer = function (clientId) {
    seen['container'] = clientId
    return ensureClientContainer.call(this, clientId)
  }
}

function order(step: string): void {
  const steps = seen['order']
  if (Array.isArray(steps)) steps.push(step)
}

interface IdTokenSeam {
  ctx: { oidc: { account?: { accountId: string }; accessToken?: object; authorizationCode?: object } }
  client: { clientId: string }
  available: { auth_time?: number; amr?: string[] }
  extra: { nonce?: string }
}

function metadata(): object {
  const { client_id, client_secret, redirect_uris } = web
  return {
    client_id,
    client_secret,
    redirect_uris,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  }
}
