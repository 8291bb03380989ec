/** The token endpoint and pushed authorization requests: decided by oidc-provider, said in Okta's order and words. */
import { encodeRawBasic, refuseClient } from './client-authentication.ts'
import type { Exchange } from './exchange.ts'
import { applyFaults } from './fault-plane.ts'
import { json } from './http.ts'
import type { Reply } from './http.ts'
import { duplicatesText, texts, tokenError } from './okta-errors.ts'
import type { OktaError, ProviderError } from './okta-errors.ts'
import { oktaHeaders, rateLimit } from './okta-profile.ts'
import { askProvider } from './provider.ts'
import type { Outcome } from './provider.ts'

/**
 * Answers a token request.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#TokenEndpoint | OpenID Connect Core 1.0, section 3.1.3}
 */
export async function token(exchange: Exchange): Promise<Reply> {
  const refused = refuseTokenRequest(exchange)
  if (refused !== undefined) return errorReply(exchange, refused)
  const outcome = await ask(exchange)
  if (outcome.error !== undefined) return refuse(exchange, outcome.error)
  const { token_type, expires_in, access_token, scope, id_token, refresh_token } = outcome.body as Record<
    string,
    unknown
  >
  const body = { token_type, expires_in, access_token, scope, id_token, refresh_token }
  return json(200, applyFaults(exchange, 'token', withoutUndefined(body)), headersOf(exchange))
}

/**
 * Answers a pushed authorization request under Okta's own URN. At Okta it lives for an hour, here for a minute.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9126#section-2.2 | RFC 9126, section 2.2}
 */
export async function pushedAuthorizationRequest(exchange: Exchange): Promise<Reply> {
  const refused = refuseClient(exchange)
  if (refused !== undefined) return errorReply(exchange, refused)
  const outcome = await ask(exchange)
  if (outcome.error !== undefined) return refuse(exchange, outcome.error)
  const { request_uri, expires_in } = outcome.body as { request_uri: string; expires_in: number }
  return json(201, { request_uri: request_uri.replace(ietfUrn, oktaUrn), expires_in }, headersOf(exchange))
}

/** The `request_uri` of an authorization request as oidc-provider knows it. */
export function fromOktaUrn(request_uri: string): string {
  return request_uri.replace(oktaUrn, ietfUrn)
}

/** What oidc-provider refused, in Okta's words. */
export function refuse(exchange: Exchange, error: ProviderError): Reply {
  const client = exchange.org.directory.client(exchange.client_id)
  return errorReply(exchange, tokenError(error, client?.grant_types))
}

/** An error of an endpoint that authenticates clients. */
export function errorReply(exchange: Exchange, { status, error, error_description }: OktaError): Reply {
  return json(status, { error, error_description }, headersOf(exchange))
}

function refuseTokenRequest(exchange: Exchange): OktaError | undefined {
  const { request } = exchange
  if (request.duplicates.length > 0) {
    return { status: 400, error: 'invalid_request', error_description: duplicatesText(request.duplicates) }
  }
  const refused = refuseClient(exchange)
  if (refused !== undefined) return refused
  if (request.params['grant_type'] === undefined) {
    return { status: 400, error: 'invalid_request', error_description: texts.no_grant_type }
  }
  return undefined
}

function ask(exchange: Exchange): Promise<Outcome> {
  const raw = exchange.org.directory.client(exchange.client_id)?.basic_decoding === 'raw'
  const request = raw ? encodeRawBasic(exchange.request) : exchange.request
  return askProvider(exchange, request)
}

function headersOf({ org }: Exchange): Reply['headers'] {
  return { ...oktaHeaders.token, ...rateLimit(org, 1000, 999) }
}

function withoutUndefined(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))
}

const oktaUrn = 'urn:okta:'
const ietfUrn = 'urn:ietf:params:oauth:request_uri:'
