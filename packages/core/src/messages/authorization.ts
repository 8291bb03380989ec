/** The authorization request that a browser is sent with, and the response that it comes back with. */
import { ensure, fail } from '../failures.ts'
import type { LoginParameters } from '../login-parameters.ts'
import { judgeAuthorizationResponse, type AuthorizationResponseParameters } from '../protocol.ts'
import type { ProviderMetadata, RelyingParty } from '../relying-party.ts'

/** Names of authorization parameters that neither a connection nor a visitor can set. */
export const reservedParameters: readonly string[] = [
  'response_type',
  'client_id',
  'client_secret',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'response_mode',
  'max_age',
  'acr_values',
  'login_hint',
  'prompt',
  'request',
  'request_uri',
]

/**
 * The URL that asks the provider to authenticate the End-User.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest | OpenID Connect Core 1.0, section 3.1.2.1}
 */
export function buildAuthorizationRequest(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  request: { readonly state: string; readonly nonce: string; readonly code_challenge: string } & LoginParameters,
): string {
  const { client } = rp
  const url = new URL(metadata.authorization_endpoint)
  const query = new URLSearchParams(url.search) // apart: each change of url.searchParams would write the whole URL anew
  const set = (name: string, value: string | undefined) => value !== undefined && query.set(name, value)
  for (const [name, value] of Object.entries(client.authorization_parameters ?? {})) {
    if (!reservedParameters.includes(name)) set(name, value)
  }
  set('response_type', 'code')
  set('client_id', client.client_id)
  set('redirect_uri', client.redirect_uri)
  set('scope', client.scope)
  set('state', request.state)
  set('nonce', request.nonce)
  set('code_challenge', request.code_challenge)
  set('code_challenge_method', 'S256')
  if (client.response_mode !== 'query') set('response_mode', client.response_mode)
  if (client.max_age !== undefined) set('max_age', String(client.max_age))
  set('acr_values', client.acr_values)
  set('login_hint', request.login_hint)
  set('prompt', request.prompt)
  url.search = query.toString()
  return url.href
}

/** Parameters that must not occur twice, whoever sent them. */
const singleParameters = ['state', 'code', 'iss', 'error', 'error_description', 'id_token', 'response', 'access_token']

/**
 * The parameters of an authorization response that carries a code, validated.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthResponse | OpenID Connect Core 1.0, section 3.1.2.5}
 */
export function parseAuthorizationResponse(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  response: readonly (readonly [string, string])[],
  state: string,
): AuthorizationResponseParameters {
  const parameters = new URLSearchParams(response.map(([name, value]) => [name, value]))
  for (const name of singleParameters) {
    ensure(parameters.getAll(name).length < 2, 'authorization_response_malformed', { duplicate: name })
  }
  for (const name of ['id_token', 'access_token', 'response']) {
    ensure(!parameters.has(name), 'authorization_response_malformed', { unexpected: name })
  }
  // RFC 9207, section 2.4: an `iss` is compared whenever it is present, and an empty one is present.
  ensure(parameters.get('iss') !== '', 'authorization_response_iss_mismatch', {
    expected: metadata.issuer,
    received: '',
  })
  ensure(!(parameters.has('code') && parameters.has('error')), 'authorization_response_malformed', {
    reason: 'code and error together',
  })
  const judged = judgeAuthorizationResponse(metadata, rp.client.client_id, parameters, state)
  const code = judged.get('code')
  if (code === null || code === '')
    return fail('authorization_response_malformed', { reason: 'neither code nor error' })
  ensure(code.length <= 8192, 'authorization_response_malformed', { reason: 'code is longer than 8192 characters' })
  return judged
}
