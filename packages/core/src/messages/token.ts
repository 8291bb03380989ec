/** The Token Request and the Token Response, up to the point where the ID Token speaks for itself. */
import { base64url, jsonObject } from '../bytes.ts'
import { isSignatureAlgorithm, type Crypto } from '../crypto.ts'
import { bounded, ensure, fail, tokenErrors, type Failure, type FailureDetail } from '../failures.ts'
import { mediaType, type HttpRequest, type HttpResponse } from '../http.ts'
import { signJws } from '../jws.ts'
import {
  captureRefreshRequest,
  captureTokenRequest,
  judgeRefreshResponse,
  judgeTokenResponse,
  type AuthorizationResponseParameters,
  type ClientAuthentication,
  type JudgedRefreshResponse,
  type JudgedTokenResponse,
} from '../protocol.ts'
import type { ClientAuthenticationMethod, ProviderMetadata, RelyingParty } from '../relying-party.ts'

const maximumIdTokenLength = 65_536

/** Which of the two client secrets a request is made with. */
export type SecretInUse = 'current' | 'staged'

export function clientSecret({ client }: RelyingParty, secret: SecretInUse): string | undefined {
  return secret === 'staged' ? client.staged_client_secret : client.client_secret
}

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#TokenRequest | OpenID Connect Core 1.0, section 3.1.3.1} */
export async function buildTokenRequest(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  parameters: AuthorizationResponseParameters,
  flow: { readonly redirect_uri: string; readonly code_verifier: string; readonly secret: SecretInUse },
  at: number,
  crypto: Crypto,
): Promise<HttpRequest> {
  const { redirect_uri, code_verifier, secret } = flow
  // Known to this flow alone, and another one for each secret: no assertion is ever made twice.
  const jti = async () => base64url(await crypto.digest('SHA-256', `client_assertion ${secret} ${code_verifier}`))
  const authentication = await authenticateClient(rp, metadata, clientSecret(rp, secret), { jti, at }, crypto)
  // RFC 6749, section 4.1.3: the redirect_uri "values MUST be identical", so it is the one that the flow was started with.
  return captureTokenRequest(metadata, rp.client.client_id, authentication, parameters, redirect_uri, code_verifier)
}

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RefreshingAccessToken | OpenID Connect Core 1.0, section 12.1} */
export async function buildRefreshRequest(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  { refresh_token, jti }: { readonly refresh_token: string; readonly jti: string },
  secret: SecretInUse,
  at: number,
  crypto: Crypto,
): Promise<HttpRequest> {
  const assertion = { jti: () => (secret === 'staged' ? `${jti}.staged` : jti), at }
  const authentication = await authenticateClient(rp, metadata, clientSecret(rp, secret), assertion, crypto)
  return captureRefreshRequest(metadata, rp.client.client_id, authentication, refresh_token)
}

/**
 * Whether a request that was made with the current secret may be made again with the staged one: `invalid_client` means
 * that the code, or the refresh token, was not looked at.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 | RFC 6749, section 5.2}
 */
export function mayTryStagedSecret({ client }: RelyingParty, { code }: Failure): boolean {
  const { token_endpoint_auth_method: method, staged_client_secret } = client
  // Where no secret is presented, another one makes no difference, and success would prove nothing about it.
  const presentsSecret = method !== 'private_key_jwt' && method !== 'none'
  return code === 'token_invalid_client' && presentsSecret && staged_client_secret !== undefined
}

/** Seconds that a client assertion is good for: one request's time. */
const assertionLifetime = 60

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication | OpenID Connect Core 1.0, section 9} */
async function authenticateClient(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  client_secret: string | undefined,
  { jti, at }: { readonly jti: () => string | Promise<string>; readonly at: number },
  crypto: Crypto,
): Promise<ClientAuthentication> {
  const { client_id, client_key } = rp.client
  const method = selectClientAuthentication(rp, metadata)
  if (method === 'none') return { method }
  if (method === 'client_secret_basic' || method === 'client_secret_post') {
    ensure(client_secret !== undefined, 'client_secret_required')
    return { method, client_secret }
  }
  const iat = Math.floor(at)
  const claims = {
    iss: client_id,
    sub: client_id,
    aud: metadata.token_endpoint,
    jti: await jti(),
    iat,
    exp: iat + assertionLifetime,
  }
  if (method === 'private_key_jwt') {
    ensure(client_key !== undefined && isSignatureAlgorithm(client_key.alg), 'client_secret_required')
    return { method, client_assertion: await signJws(client_key.alg, client_key, claims, crypto) }
  }
  ensure(client_secret !== undefined, 'client_secret_required')
  return { method, client_assertion: await signJws('HS256', client_secret, claims, crypto) }
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
  return judgeTokenResponse(rp, metadata, successIn(response), expected)
}

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse | OpenID Connect Core 1.0, section 12.2} */
export async function parseRefreshResponse(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  response: HttpResponse,
  at: number,
): Promise<JudgedRefreshResponse> {
  return judgeRefreshResponse(rp, metadata, successIn(response), at)
}

/** The body of a token response that declares no error. */
function successIn(response: HttpResponse): Record<string, unknown> {
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
  const content_type = bounded(mediaType(response), 80)
  ensure(/json/.test(content_type), 'token_response_malformed', { content_type })
  ensure(document !== undefined, 'token_response_malformed', { reason: 'the body is not a JSON object' })
  const { id_token } = document
  const isBounded = typeof id_token !== 'string' || id_token.length <= maximumIdTokenLength
  ensure(isBounded, 'id_token_malformed', { reason: `longer than ${maximumIdTokenLength} characters` })
  return document
}

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
