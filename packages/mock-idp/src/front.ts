/**
 * The way of a request: which endpoint of which server is meant, who asks, do faults strike, what is answered, and
 * the line in the ledger. Every protocol request passes through `answer` and through nothing else.
 */
import { authorize } from './authorization.ts'
import { readClient } from './client-authentication.ts'
import type { Exchange } from './exchange.ts'
import { applyFaults, replyAfter, replyInstead } from './fault-plane.ts'
import { json } from './http.ts'
import type { Reply, WireRequest } from './http.ts'
import { introspect, revoke } from './introspection.ts'
import { decodeJwt } from './jws.ts'
import type { Endpoint } from './ledger.ts'
import { logout } from './logout.ts'
import { apiError } from './okta-errors.ts'
import { idTokenAlg, oauthAuthorizationServer, oktaHeaders, openidConfiguration } from './okta-profile.ts'
import type { Org, ServerName } from './org.ts'
import { homePage, messagePage } from './pages.ts'
import { currentSession, signIn, signOut } from './sign-in.ts'
import { pushedAuthorizationRequest, refuse, token } from './token.ts'
import { distributedClaims, userinfo } from './userinfo.ts'

/** Answers one request, whatever it is, and records it. */
export async function answer(org: Org, request: WireRequest): Promise<Reply> {
  const route = locate(request)
  const exchange: Exchange = {
    org,
    server: org.servers[route.server],
    endpoint: route.endpoint,
    request,
    client_id: clientOf(request),
    client_authentication: authenticating.has(route.endpoint) ? readClient(request).method : undefined,
    faults: [],
  }
  const entry = org.ledger.add({
    endpoint: route.endpoint,
    issuer: route.endpoint === 'unknown' ? undefined : route.server,
    method: request.method,
    path: request.url.pathname,
    query: request.url.search.slice(1),
    params: request.params,
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    client_id: exchange.client_id,
    client_authentication: exchange.client_authentication,
    at: org.clock.now(),
    response: { status: 0, headers: {}, body: '' },
    faults: exchange.faults,
  })
  const honest = replyInstead(exchange) ?? (await handle(route, exchange))
  const headers = { 'x-okta-request-id': org.ids.request(), ...crossOrigin(exchange), ...honest.headers }
  const reply = replyAfter(exchange, { ...honest, headers })
  entry.client_id = exchange.client_id
  entry.response = summary(reply, exchange)
  return reply
}

/** A mistake of the mock itself is answered as Okta answers its own, and stands in the ledger with its stack. */
async function handle(route: Route, exchange: Exchange): Promise<Reply> {
  try {
    return await route.handle(exchange)
  } catch (error) {
    exchange.reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return json(500, apiError('E0000009', 'Internal Server Error', exchange.org.ids.request()))
  }
}

interface Route {
  server: ServerName
  endpoint: Endpoint
  handle(exchange: Exchange): Reply | Promise<Reply>
}

/** Which endpoint a path means, and with which method. */
function locate({ method, url }: WireRequest): Route {
  const { pathname } = url
  const custom = /^\/oauth2\/default(?=\/|$)/.test(pathname)
  const server: ServerName = custom || pathname.endsWith('/oauth2/default') ? 'custom' : 'org'
  const rest = custom ? pathname.slice('/oauth2/default'.length) : pathname.replace(/^\/oauth2(?=\/v1\/)/, '')
  const route = (endpoint: Endpoint, handle: Route['handle']) => ({ server, endpoint, handle })
  const unknownServer = /^\/oauth2\/(?!default(?:\/|$)|v1\/)([^/]+)/.exec(pathname)?.[1]
  if (unknownServer !== undefined) return route('unknown', (exchange) => noServer(exchange, unknownServer))

  switch (`${method === 'HEAD' ? 'GET' : method} ${rest}`) {
    case 'GET /.well-known/openid-configuration':
      return route('discovery', (exchange) => metadata(exchange, openidConfiguration(exchange.org, exchange.server)))
    case 'GET /.well-known/oauth-authorization-server':
    case 'GET /.well-known/oauth-authorization-server/oauth2/default':
      return route('discovery', (exchange) =>
        metadata(exchange, oauthAuthorizationServer(exchange.org, exchange.server)),
      )
    case 'GET /v1/keys':
      return route('jwks', keys)
    case 'GET /v1/authorize':
    case 'POST /v1/authorize':
      return route('authorization', authorize)
    case 'POST /v1/token':
      return route('token', token)
    case 'GET /v1/userinfo':
    case 'POST /v1/userinfo':
      return route('userinfo', userinfo)
    case 'GET /v1/claims':
      return route('claims', distributedClaims)
    case 'GET /v1/logout':
    case 'POST /v1/logout':
      return route('end_session', logout)
    case 'POST /v1/introspect':
      return route('introspection', introspect)
    case 'POST /v1/revoke':
      return route('revocation', revoke)
    case 'POST /v1/par':
      return route('pushed_authorization_request', pushedAuthorizationRequest)
    case 'POST /v1/device/authorize':
      return route('device_authorization', noSuchGrant)
    case 'POST /v1/clients':
      return route('registration', noRegistration)
    case 'GET /login/signout':
      return route('sign_in', signOut)
    case 'GET /login/login.htm':
      return route('sign_in', () => messagePage(200, 'Signed out', 'You are signed out.'))
    case 'GET /':
      return route('sign_in', home)
  }
  if (/^\/v1\/authorize\/[^/]+$/.test(rest) && method === 'GET') return route('authorization', authorize)
  if (/^\/signin\/[^/]+$/.test(rest)) return route('sign_in', signIn)
  if (method === 'OPTIONS') return route('unknown', preflight)
  return route('unknown', (exchange) => notFound(exchange))
}

function metadata(exchange: Exchange, document: Record<string, unknown>): Reply {
  return json(200, applyFaults(exchange, 'discovery', document), oktaHeaders.discovery)
}

function keys(exchange: Exchange): Reply {
  const { org } = exchange
  const published = org.keys.published(org.directory.clients.map(idTokenAlg))
  return json(200, applyFaults(exchange, 'jwks', { keys: published }), oktaHeaders.jwks)
}

async function home(exchange: Exchange): Promise<Reply> {
  const { org } = exchange
  const { session } = await currentSession(exchange)
  return homePage({
    issuers: [org.servers.org.issuer, org.servers.custom.issuer],
    signed_in_as: org.directory.user(session.accountId)?.login,
    tiles: org.directory.clients.flatMap(({ client_name, initiate_login_uri }) => {
      if (initiate_login_uri === undefined) return []
      const url = new URL(initiate_login_uri)
      // Okta names the org's issuer even where the application uses a custom server.
      url.searchParams.set('iss', org.servers.org.issuer)
      return [{ name: client_name, href: url.href }]
    }),
  })
}

function noServer({ org }: Exchange, id: string): Reply {
  return json(
    404,
    apiError('E0000007', `Not found: Resource not found: ${id} (AuthorizationServer)`, org.ids.request()),
  )
}

function notFound({ org, request }: Exchange): Reply {
  return json(
    404,
    apiError(
      'E0000022',
      `The endpoint does not support the provided HTTP method or path: ${request.method} ${request.url.pathname}`,
      org.ids.request(),
    ),
  )
}

function noRegistration({ org }: Exchange): Reply {
  return json(401, apiError('E0000011', 'Invalid token provided', org.ids.request()))
}

function noSuchGrant(exchange: Exchange): Reply {
  return refuse(exchange, { message: 'requested grant type is not allowed for this client' })
}

/** Okta lets web pages of any origin read these. */
function crossOrigin({ endpoint, request }: Exchange): Reply['headers'] {
  const { origin } = request.headers
  return origin !== undefined && readable.has(endpoint) ? { 'access-control-allow-origin': origin, vary: 'Origin' } : {}
}

function preflight({ request }: Exchange): Reply {
  const origin = request.headers.origin ?? '*'
  return {
    status: 204,
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST, OPTIONS',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '3600',
      vary: 'Origin',
    },
    body: '',
  }
}

/** The client of a request, from wherever it can be told. */
function clientOf(request: WireRequest): string | undefined {
  const bearer = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (bearer !== undefined) return decodeJwt(bearer)?.payload['cid'] as string | undefined
  const hint = request.params['id_token_hint']
  const { client_id } = readClient(request)
  return client_id ?? (hint === undefined ? undefined : (decodeJwt(hint)?.payload['aud'] as string | undefined))
}

function summary(reply: Reply, exchange: Exchange) {
  const { status, headers } = reply
  const body = parsed(reply)
  const members = (exchange.authorization_response ?? body ?? {}) as Record<string, unknown>
  return {
    status,
    headers,
    body,
    ...(exchange.authorization_response && { params: exchange.authorization_response }),
    ...(typeof members['error'] === 'string' && { error: members['error'] }),
    ...(exchange.reason !== undefined && { reason: exchange.reason }),
  }
}

function parsed({ headers, body }: Reply): unknown {
  if (!String(headers['content-type']).startsWith('application/json')) return body
  try {
    return JSON.parse(body) as unknown
  } catch {
    return body
  }
}

const authenticating = new Set<Endpoint>(['token', 'introspection', 'revocation', 'pushed_authorization_request'])
const readable = new Set<Endpoint>(['discovery', 'jwks', 'token', 'userinfo', 'introspection', 'revocation'])
