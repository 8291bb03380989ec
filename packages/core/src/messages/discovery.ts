/** Provider metadata: the request for the configuration document, and the rules that make the document usable. */
import { jsonObject } from '../bytes.ts'
import { isSignatureAlgorithm } from '../crypto.ts'
import { bounded, ensure, fail } from '../failures.ts'
import { mediaType, type HttpRequest, type HttpResponse } from '../http.ts'
import type { ProviderMetadata, RelyingParty } from '../relying-party.ts'

export const wellKnownPath = '/.well-known/openid-configuration'

/**
 * The request for an issuer's configuration document.
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest | OpenID Connect Discovery 1.0, section 4.1}
 */
export function buildProviderMetadataRequest(issuer: string): HttpRequest {
  const url = `${issuer.replace(/\/$/, '')}${wellKnownPath}`
  return { message: 'provider_metadata', method: 'GET', url, headers: { accept: 'application/json' } }
}

/** Whether the provider is down: that undoes nothing of what it said before. */
export function isDown({ status }: HttpResponse): boolean {
  return status >= 500 || status === 429
}

/**
 * The members of a configuration document that the engine uses, each checked for its type; https unless the issuer
 * itself is (an allowed) http.
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation | OpenID Connect Discovery 1.0, section 4.3}
 */
export function parseProviderMetadata(
  response: HttpResponse,
  { issuer, client }: Pick<RelyingParty, 'issuer' | 'client'>,
): ProviderMetadata {
  const { status, headers, body } = response
  if (status >= 300 && status < 400)
    fail('discovery_redirected', { status, location: bounded(headers.location ?? '', 200) })
  ensure(status === 200, 'discovery_http_error', { status })
  const document = jsonObject(body)
  if (document === undefined) {
    const content_type = bounded(mediaType(response), 80)
    ensure(/json/.test(content_type), 'discovery_response_not_json', { content_type })
    return fail('discovery_response_malformed', { content_type })
  }
  // "The issuer value returned MUST be identical to the Issuer URL that was used as the prefix".
  const named = own(document, 'issuer')
  ensure(named !== undefined, 'discovery_metadata_missing', { member: 'issuer' })
  ensure(typeof named === 'string', 'discovery_metadata_invalid', { member: 'issuer', received: bounded(named, 80) })
  ensure(named === issuer, 'discovery_issuer_mismatch', { expected: issuer, received: bounded(named, 200) })

  const required = (member: string) =>
    endpoint(document, member, issuer) ?? fail('discovery_metadata_missing', { member })
  const metadata = {
    issuer,
    authorization_endpoint: required('authorization_endpoint'),
    token_endpoint: required('token_endpoint'),
    jwks_uri: required('jwks_uri'),
    userinfo_endpoint: endpoint(document, 'userinfo_endpoint', issuer),
    end_session_endpoint: endpoint(document, 'end_session_endpoint', issuer),
    response_types_supported: strings(document, 'response_types_supported'),
    response_modes_supported: strings(document, 'response_modes_supported'),
    scopes_supported: strings(document, 'scopes_supported'),
    id_token_signing_alg_values_supported: strings(document, 'id_token_signing_alg_values_supported'),
    token_endpoint_auth_methods_supported: strings(document, 'token_endpoint_auth_methods_supported'),
    code_challenge_methods_supported: strings(document, 'code_challenge_methods_supported'),
    authorization_response_iss_parameter_supported: boolean(document, 'authorization_response_iss_parameter_supported'),
  }
  const { response_types_supported: types, id_token_signing_alg_values_supported: algorithms } = metadata
  ensure(types === undefined || types.includes('code'), 'discovery_unsupported', { missing: 'response_type code' })
  if (client.id_token_signed_response_alg === undefined && algorithms?.some(isSignatureAlgorithm) === false) {
    const announced = algorithms.slice(0, 20).map((alg) => bounded(alg, 20))
    fail('discovery_unsupported', { missing: 'asymmetric id_token_signing_alg', announced })
  }
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => value !== undefined),
  ) as unknown as ProviderMetadata
}

function endpoint(document: Record<string, unknown>, member: string, issuer: string): string | undefined {
  const value = own(document, member)
  if (value === undefined) return undefined
  const url = typeof value === 'string' ? URL.parse(value) : null
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && issuer.startsWith('http:'))
  // RFC 6749, section 3.1: "The endpoint URI MUST NOT include a fragment component."
  const plain = url !== null && !url.href.includes('#') && url.username === '' && url.password === ''
  ensure(plain && secure, 'discovery_metadata_invalid', {
    member,
    received: bounded(value, 200),
  })
  return value as string
}

function strings(document: Record<string, unknown>, member: string): readonly string[] | undefined {
  const value = own(document, member)
  if (value === undefined) return undefined
  ensure(Array.isArray(value), 'discovery_metadata_invalid', { member, received: bounded(value, 80) })
  return value.filter((item): item is string => typeof item === 'string').slice(0, 200)
}

function boolean(document: Record<string, unknown>, member: string): boolean | undefined {
  const value = own(document, member)
  ensure(value === undefined || typeof value === 'boolean', 'discovery_metadata_invalid', {
    member,
    received: bounded(value, 80),
  })
  return value
}

function own(document: Record<string, unknown>, member: string): unknown {
  return Object.hasOwn(document, member) && document[member] !== null ? document[member] : undefined
}
