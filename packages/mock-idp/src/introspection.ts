/** Introspection and revocation in Okta's shapes. Written here because oidc-provider refuses tokens that look like JWTs. */
import { readClient, refuseClient, secretMatches } from './client-authentication.ts'
import type { Exchange } from './exchange.ts'
import { json } from './http.ts'
import type { Reply } from './http.ts'
import { decodeJwt, verifyJwt } from './jws.ts'
import { texts } from './okta-errors.ts'
import { oktaHeaders } from './okta-profile.ts'
import { errorReply } from './token.ts'

/**
 * Says whether a token is good, and of whom.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7662#section-2.2 | RFC 7662, section 2.2}
 */
export async function introspect(exchange: Exchange): Promise<Reply> {
  const refused = refuseCaller(exchange)
  if (refused !== undefined) return refused
  const claims = await activeClaims(exchange)
  return json(200, claims === undefined ? { active: false } : { active: true, ...claims }, oktaHeaders.token)
}

/**
 * Forgets a token. The answer is 200 and empty whether there was one or not.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2.2 | RFC 7009, section 2.2}
 */
export async function revoke(exchange: Exchange): Promise<Reply> {
  const refused = refuseCaller(exchange)
  if (refused !== undefined) return refused
  const found = (await findAccessToken(exchange)) ?? (await findRefreshToken(exchange))
  if (found !== undefined && found.clientId === exchange.client_id) await found.destroy()
  return { status: 200, headers: oktaHeaders.token, body: '' }
}

function refuseCaller(exchange: Exchange): Reply | undefined {
  const refused = refuseClient(exchange)
  if (refused !== undefined) return errorReply(exchange, refused)
  const { client_id } = readClient(exchange.request)
  const client = exchange.org.directory.client(client_id)!
  if (secretMatches(client, exchange.request)) return undefined
  return errorReply(exchange, { status: 401, error: 'invalid_client', error_description: texts.wrong_secret })
}

async function activeClaims(exchange: Exchange): Promise<Record<string, unknown> | undefined> {
  const { org, server, request } = exchange
  const token = request.params['token'] ?? ''
  const accessToken = await findAccessToken(exchange)
  if (accessToken !== undefined) {
    const { aud, iss, jti, uid, sub, iat, exp } = decodeJwt(token)!.payload
    return {
      token_type: 'Bearer',
      scope: accessToken.scope,
      client_id: accessToken.clientId,
      username: sub,
      exp,
      iat,
      sub,
      aud,
      iss,
      jti,
      uid,
    }
  }
  const refreshToken = await findRefreshToken(exchange)
  if (refreshToken !== undefined && refreshToken.isValid) {
    const user = org.directory.user(refreshToken.accountId)
    const { scope, clientId, exp, iat } = refreshToken
    return { token_type: 'Bearer', scope, client_id: clientId, username: user?.login, exp, iat, sub: user?.login }
  }
  const jwt = decodeJwt(token)
  const isOurs = jwt?.payload['iss'] === server.issuer && org.keys.known().some((key) => verifyJwt(token, key))
  if (!isOurs || Number(jwt.payload['exp']) <= org.clock.now()) return undefined
  const { aud, ...claims } = jwt.payload
  return { token_type: 'Bearer', client_id: aud, username: claims['preferred_username'], aud, ...claims }
}

function findAccessToken({ server, request }: Exchange) {
  return server.provider.AccessToken.find(request.params['token'] ?? '')
}

function findRefreshToken({ server, request }: Exchange) {
  return server.provider.RefreshToken.find(request.params['token'] ?? '')
}
