/**
 * oidc-provider, configured to decide as Okta decides: what is refused, who is let in without being asked, what a
 * grant contains. It speaks only with us: its answers are taken as values and said again in Okta's words.
 */
import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import Provider, { errors } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { exchangeOf } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import type { WireRequest } from './http.ts'
import type { PrivateJwk } from './jws.ts'
import { decodeJwt } from './jws.ts'
import { texts } from './okta-errors.ts'
import type { ProviderError } from './okta-errors.ts'
import { satisfiedAcr } from './okta-profile.ts'
import type { AuthorizationServer, Org } from './org.ts'
import { installSeams } from './provider-seams.ts'
import * as testKeys from './test-keys.ts'

/** What oidc-provider made of a request. */
export interface Outcome {
  status: number
  headers: Record<string, string | string[]>
  body: unknown
  /** The parameters of a successful authorization response. */
  authorized?: Record<string, string>
  /** What was thrown. */
  error?: ProviderError
  /** Set when the error may not be sent to the `redirect_uri`. */
  error_page?: boolean
  ctx: KoaContextWithOIDC
}

/** The provider behind one authorization server. */
export function createProvider(org: Org, server: Omit<AuthorizationServer, 'provider'>): Provider {
  const isCustom = server.name === 'custom'
  const prefix = isCustom ? '' : '/oauth2'
  const port = new URL(org.origin).port
  const provider = new Provider(server.issuer, {
    adapter: org.store.adapter(server.name, (clientId) => org.directory.providerMetadata(clientId)),
    jwks: { keys: [testKeys.signing_1 as PrivateJwk] },
    routes: {
      authorization: `${prefix}/v1/authorize`,
      token: `${prefix}/v1/token`,
      userinfo: `${prefix}/v1/userinfo`,
      jwks: `${prefix}/v1/keys`,
      end_session: `${prefix}/v1/logout`,
      pushed_authorization_request: `${prefix}/v1/par`,
    },
    // Cookies do not know ports: two mocks on one host must not share a name. The two servers of one mock must.
    cookies: {
      keys: ['mock'],
      names: { session: `idx_${port}`, interaction: `interaction_${port}`, resume: `resume_${port}` },
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      dPoP: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource: () => {}, postLogoutSuccessSource: () => {} },
      pushedAuthorizationRequests: { enabled: true },
    },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'],
    enabledJWA: {
      clientAuthSigningAlgValues: ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'],
    },
    responseTypes: ['code', 'id_token', 'code id_token', 'code token', 'id_token token', 'code id_token token'],
    scopes: server.scopes,
    pkce: { required: (_ctx, client) => pkceRequired(org, client.clientId) },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 300,
      Grant: 90 * 86400,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 90 * 86400,
      Session: 86400,
    },
    // Okta's tokens outlive the session at Okta.
    expiresWithSession: () => false,
    issueRefreshToken: async (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    rotateRefreshToken: (ctx) => org.directory.client(ctx.oidc.client?.clientId)?.refresh_token_rotation === 'rotate',
    findAccount: (_ctx, id) => org.directory.user(id) && { accountId: id, claims: () => ({ sub: id }) },
    loadExistingGrant: (ctx) => grantAll(org, ctx),
    extraParams: {
      sessionToken: (ctx: KoaContextWithOIDC) => checkAsOkta(org, server, ctx),
      idp: null,
      idp_scope: null,
      enroll_amr_values: null,
    },
    interactions: { url: (_ctx, interaction) => `${isCustom ? '/oauth2/default' : ''}/signin/${interaction.uid}` },
    assertJwtClientAuthClaimsAndHeader: async (ctx, claims) => {
      const endpoint = `${server.endpoints}/v1/${ctx.oidc.route === 'token' ? 'token' : 'par'}`
      if (![claims['aud']].flat().includes(endpoint))
        throw new errors.InvalidClientAuth('audience (aud) is not the endpoint')
    },
    renderError: (ctx) => {
      ctx.state['error_page'] = true
      ctx.body = ''
    },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => true,
    // The library's own guard cuts connections to loopback, where every test's relying party lives.
    fetch: (url, options) => {
      const { dispatcher: _guard, ...rest } = options as RequestInit & { dispatcher?: unknown }
      return fetch(url, rest)
    },
  })
  provider.on('authorization.success', (ctx, parameters) => (ctx.state['authorized'] = parameters))
  for (const event of errorEvents) provider.on(event as 'grant.error', (ctx, error) => (ctx.state['error'] = error))
  provider.use(async (ctx, next) => {
    // Koa must not write: the reply is ours to send.
    ctx.respond = false
    contexts.set(ctx.req, ctx as KoaContextWithOIDC)
    await next()
  })
  installSeams(org, server, provider)
  return provider
}

/** Hands a request to oidc-provider and takes its answer as a value. */
export async function askProvider(exchange: Exchange, request = exchange.request): Promise<Outcome> {
  const { server } = exchange
  const message = toMessage(server, request)
  exchangeOf.set(message, exchange)
  await server.provider.callback()(message, new ServerResponse(message))
  const ctx = contexts.get(message)!
  const { authorized, error, error_page } = ctx.state as Partial<Outcome>
  if (error !== undefined) exchange.reason = reasonOf(error)
  return {
    status: ctx.status,
    headers: ctx.response.headers as Record<string, string | string[]>,
    body: ctx.body,
    ...(authorized !== undefined && { authorized }),
    ...(error !== undefined && { error }),
    ...(error_page !== undefined && { error_page }),
    ctx,
  }
}

function reasonOf(error: ProviderError): string {
  const isOurs = error.statusCode === undefined && error instanceof Error
  return isOurs ? (error.stack ?? error.message) : (error.error_detail ?? error.error_description ?? error.message)
}

/** The request again as a stream, which is the only way that oidc-provider and koa take one. */
export function toMessage(server: AuthorizationServer, request: WireRequest): IncomingMessage {
  const path = request.url.pathname + request.url.search
  const { 'transfer-encoding': _chunked, ...headers } = request.headers
  const body = Buffer.from(request.body)
  return Object.assign(Readable.from(body.length === 0 ? [] : [body]), {
    method: request.method,
    url: server.name === 'custom' ? path.replace('/oauth2/default', '') : path,
    originalUrl: path,
    headers: { ...headers, ...(request.method === 'POST' && { 'content-length': String(body.length) }) },
    socket: request.socket,
    httpVersion: '1.1',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
  }) as unknown as IncomingMessage
}

function pkceRequired(org: Org, clientId: string): boolean {
  return org.options.pkce_required === true || (org.directory.client(clientId)?.pkce_required ?? false)
}

/**
 * Okta's own rules for an authorization request, and the sign-in without a page. oidc-provider calls this for every
 * request after the `redirect_uri` is known to be good and before it looks for an account.
 */
function checkAsOkta(org: Org, server: Omit<AuthorizationServer, 'provider'>, ctx: KoaContextWithOIDC): void {
  const { params = {} } = ctx.oidc as { params?: Record<string, string | undefined> }
  if (params['state'] === undefined || params['state'] === '') throw new errors.InvalidRequest(texts.no_state)
  if (server.name === 'custom' && org.options.custom?.access_policy === false) throw denied(texts.no_policy)

  const asked = requestedScopes(ctx)
  if (asked.length === 0) throw custom('invalid_scope', texts.no_scope)
  if (asked.some((scope) => !server.scopes.includes(scope))) throw custom('invalid_scope', texts.unknown_scope)
  const granted = asked.filter((scope) => scope !== 'offline_access' || params['response_type']?.includes('code'))
  // oidc-provider drops offline_access unless consent is asked for; Okta does not care.
  params['scope'] = granted.join(' ')

  if (params['idp'] !== undefined && params['idp'] !== org.id) throw new errors.InvalidRequest(texts.unknown_idp)
  // Consent is always given here, so asking for it asks for nothing.
  params['prompt'] = without(params['prompt'], 'consent')
  if (ctx.oidc.route === 'authorization') signInSilently(org, ctx, params)
}

/** Signs in the user of `loginAs` or `auto_login`, without disturbing a session that already serves. */
function signInSilently(org: Org, ctx: KoaContextWithOIDC, params: Record<string, string | undefined>): void {
  const prompt = params['prompt']?.split(' ') ?? []
  const { session } = ctx.oidc
  const login = takeLogin(org)
  const user = org.directory.user(login)
  if (user === undefined || session === undefined || prompt.includes('none')) return
  const tooOld = params['max_age'] !== undefined && session.past(Number(params['max_age']))
  if (session.accountId !== user.id || prompt.includes('login') || tooOld) {
    if (session.accountId !== user.id) Object.assign(session, { authorizations: undefined })
    session.loginAccount({ accountId: user.id, loginTs: org.clock.now(), amr: user.amr })
  }
  params['prompt'] = without(params['prompt'], 'login')
}

function takeLogin(org: Org): string | undefined {
  if (org.loginAs === undefined) return org.options.auto_login
  const { login } = org.loginAs
  if (--org.loginAs.times <= 0) org.loginAs = undefined
  return login
}

/** Who is assigned gets all scopes that were asked for; nobody is asked for consent, as in an organization's own apps. */
async function grantAll(org: Org, ctx: KoaContextWithOIDC) {
  const { account, client, params, provider } = ctx.oidc
  const user = org.directory.user(account!.accountId)
  const registered = org.directory.client(client!.clientId)
  if (user === undefined || registered === undefined || !org.directory.isAssigned(user, registered)) {
    throw denied(texts.unassigned)
  }
  checkAcr(ctx, user.amr)
  const grant = new provider.Grant({ accountId: user.id, clientId: registered.client_id })
  grant.addOIDCScope(String(params!['scope']))
  await grant.save()
  return grant
}

function checkAcr(ctx: KoaContextWithOIDC, amr: string[]): void {
  const asked = ctx.oidc.params?.['acr_values'] as string | undefined
  if (asked !== undefined && satisfiedAcr(asked, amr) === undefined) {
    throw custom('unmet_authentication_requirements', texts.unmet_acr)
  }
}

/** The scopes as they were asked for, before oidc-provider changed them. */
function requestedScopes(ctx: KoaContextWithOIDC): string[] {
  const pushed = ctx.oidc.entities.PushedAuthorizationRequest?.request
  const raw =
    pushed !== undefined
      ? decodeJwt(pushed)?.payload['scope']
      : ctx.method === 'POST'
        ? ctx.oidc.body?.['scope']
        : ctx.query['scope']
  return typeof raw === 'string' ? raw.split(' ').filter(Boolean) : []
}

function without(list: string | undefined, word: string): string | undefined {
  const rest = list?.split(' ').filter((each) => each !== word)
  return rest === undefined || rest.length === 0 ? undefined : rest.join(' ')
}

const custom = (error: string, text: string) => new errors.CustomOIDCProviderError(error, text)
const denied = (text: string) => custom('access_denied', text)

const contexts = new WeakMap<IncomingMessage, KoaContextWithOIDC>()
const errorEvents = [
  'authorization.error',
  'grant.error',
  'userinfo.error',
  'pushed_authorization_request.error',
  'server_error',
]
