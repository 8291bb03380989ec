/** The Token Request and the Token Response, up to the point where the ID Token speaks for itself. */
import { jsonObject } from '../bytes.ts'
import { bounded, ensure, fail, type FailureCode, type FailureDetail } from '../failures.ts'
import { mediaType, type HttpRequest, type HttpResponse } from '../http.ts'
import {
  captureTokenRequest,
  judgeTokenResponse,
  type AuthorizationResponseParameters,
  type JudgedTokenResponse,
} from '../protocol.ts'
import type { ClientAuthenticationMethod, ProviderMetadata, RelyingParty } from '../relying-party.ts'

const maximumIdTokenLength = 65_536

/** Which of the two client secrets a request is made with. */
export type SecretInUse = 'current' | 'staged'

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#TokenRequest | OpenID Connect Core 1.0, section 3.1.3.1} */
export function buildTokenRequest(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  parameters: AuthorizationResponseParameters,
  flow: { readonly redirect_uri: string; readonly code_verifier: string },
  secret: SecretInUse,
): Promise<HttpRequest> {
  const { client } = rp
  const client_secret = secret === 'staged' ? client.staged_client_secret : client.client_secret
  const method = selectClientAuthentication(rp, metadata)
  ensure(method === 'none' || client_secret !== undefined, 'client_secret_required')
  const authentication = { method, client_secret }
  // RFC 6749, section 4.1.3: the redirect_uri "values MUST be identical", so it is the one that the flow was started with.
  return captureTokenRequest(
    metadata,
    client.client_id,
    authentication,
    parameters,
    flow.redirect_uri,
    flow.code_verifier,
  )
}

/**
 * How this client authenticates: the explicit choice, else the first of Basic and Post that the provider announces
 * (Basic when it announces nothing, which is what the specification says that silence means).
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata | OpenID Connect Discovery 1.0, section 3}
 */
export function selectClientAuthentication(rp: RelyingParty, metadata: ProviderMetadata): ClientAuthenticationMethod {
  const { token_endpoint_auth_method, client_secret } = rp.client
  if (token_endpoint_auth_method !== undefined) return token_endpoint_auth_method
  if (client_secret === undefined) return 'none'
  const announced = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  return (
    (['client_secret_basic', 'client_secret_post'] as const).find((method) => announced.includes(method)) ??
    fail('discovery_unsupported', {
      missing: 'client_secret_basic or client_secret_post at the token endpoint',
      announced: announced.slice(0, 20).map((method) => bounded(method, 40)),
    })
  )
}

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#TokenResponseValidation | OpenID Connect Core 1.0, section 3.1.3.5} */
export async function parseTokenResponse(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  response: HttpResponse,
  expected: { readonly nonce: string; readonly at: number },
): Promise<JudgedTokenResponse> {
  const { status, headers, body } = response
  if (status >= 300 && status < 400)
    fail('token_redirected', { status, location: bounded(headers.location ?? '', 200) })
  const document = jsonObject(body)
  const declared = declaredError(document)
  if (status === 429) fail('token_rate_limited', { status, ...declared })
  if (status >= 500) fail('token_http_error', { status, ...declared })
  if (typeof declared.error === 'string') {
    fail(tokenErrors.get(declared.error) ?? 'token_error_response', { status, ...declared })
  }
  ensure(status === 200, 'token_http_error', { status, ...declared })
  ensure(/json/.test(mediaType(response)), 'token_response_malformed', {
    content_type: bounded(mediaType(response), 80),
  })
  ensure(document !== undefined, 'token_response_malformed', { reason: 'the body is not a JSON object' })
  const { id_token } = document
  ensure(id_token !== undefined && id_token !== null, 'id_token_missing')
  const isBounded = typeof id_token !== 'string' || id_token.length <= maximumIdTokenLength
  ensure(isBounded, 'id_token_malformed', { reason: `longer than ${maximumIdTokenLength} characters` })
  return judgeTokenResponse(rp, metadata, response, expected)
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 | RFC 6749, section 5.2} */
const tokenErrors: ReadonlyMap<string, FailureCode> = new Map([
  ['invalid_client', 'token_invalid_client'],
  ['invalid_grant', 'token_invalid_grant'],
  ['server_error', 'provider_unavailable'],
  ['temporarily_unavailable', 'provider_unavailable'],
])

/** What an error body declares, in the specification's members or in those of Okta's management API. */
function declaredError(document: Record<string, unknown> | undefined): FailureDetail {
  const detail: Record<string, string> = {}
  const keep = (name: string, value: unknown, limit: number) => {
    if (typeof value === 'string' && value !== '') detail[name] = bounded(value, limit)
  }
  keep('error', document?.error, 80)
  keep('error_description', document?.error_description, 300)
  keep('error_code', document?.errorCode, 80)
  keep('error_summary', document?.errorSummary, 300)
  return detail
}
