/** UserInfo: oidc-provider checks the access token, the claims are Okta's. */
import type { Exchange } from './exchange.ts'
import { applyFaults } from './fault-plane.ts'
import { distributedClaimsToken } from './faults/token.ts'
import { json } from './http.ts'
import type { Reply } from './http.ts'
import { texts } from './okta-errors.ts'
import { userinfoClaims } from './okta-profile.ts'
import { askProvider } from './provider.ts'

/**
 * Answers a UserInfo request: JSON, or an empty body and a challenge.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfo | OpenID Connect Core 1.0, section 5.3}
 */
export async function userinfo(exchange: Exchange): Promise<Reply> {
  const { org, server, request } = exchange
  if (request.url.searchParams.has('access_token')) {
    return challenge(400, 'invalid_request', 'The access token cannot be presented in a query string.')
  }
  const outcome = await askProvider(exchange)
  if (outcome.error !== undefined) {
    if (outcome.error.statusCode === 403) {
      return challenge(
        403,
        'insufficient_scope',
        'The access token must provide access to at least one of these scopes - profile, email, address or phone',
      )
    }
    if (outcome.error.statusCode === 400)
      return challenge(400, 'invalid_request', outcome.error.error_description ?? '')
    return challenge(401, 'invalid_token', texts.bad_token)
  }
  const { accessToken } = outcome.ctx.oidc
  exchange.client_id = accessToken!.clientId
  const user = org.directory.user(accessToken!.accountId)!
  return json(200, applyFaults(exchange, 'userinfo', userinfoClaims(org, server, user, accessToken!.scopes)), {
    'cache-control': 'no-cache, no-store',
    pragma: 'no-cache',
  })
}

/**
 * The claims of the third party that `userinfo.distributed_claims` points at: a signed JWT, for its own token only.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AggregatedDistributedClaims | OpenID Connect Core 1.0, section 5.6.2}
 */
export function distributedClaims({ org, server, request }: Exchange): Reply {
  if (request.headers.authorization !== `Bearer ${distributedClaimsToken}`) {
    return challenge(401, 'invalid_token', texts.bad_token)
  }
  const body = org.keys.sign({ header: {}, payload: { iss: server.issuer, credit_score: 650 } }, 'RS256')
  return { status: 200, headers: { 'content-type': 'application/jwt', 'cache-control': 'no-cache, no-store' }, body }
}

/**
 * A refusal of a bearer token.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3 | RFC 6750, section 3}
 */
function challenge(status: number, error: string, error_description: string): Reply {
  const value = `Bearer error="${error}", error_description="${error_description}"`
  return { status, headers: { 'www-authenticate': value, 'cache-control': 'no-cache, no-store' }, body: '' }
}
