/** The authorization request that a browser is sent with, and the response that it comes back with. */
import { ensure, fail } from '../failures.ts'
import type { LoginParameters } from '../login-parameters.ts'
import { judgeAuthorizationResponse, type AuthorizationResponseParameters } from '../protocol.ts'
import type { ClientSettings, ProviderMetadata, RelyingParty } from '../relying-party.ts'

const perSignIn = 'is set by each sign-in itself'
const ownSetting = 'is a setting of its own'
const whoeverStarts = 'is not allowed here: whoever starts a sign-in decides on it'
const wholeRequest = 'is not allowed here: it would replace the whole request'

/** Authorization parameters that a connection cannot add to its requests, and why. */
export const reservedParameters: ReadonlyMap<string, string> = new Map([
  ['response_type', perSignIn],
  ['client_id', ownSetting],
  ['client_secret', 'is not allowed here: a secret never goes through a browser'],
  ['redirect_uri', perSignIn],
  ['scope', ownSetting],
  ['state', perSignIn],
  ['nonce', perSignIn],
  ['code_challenge', perSignIn],
  ['code_challenge_method', perSignIn],
  ['response_mode', ownSetting],
  ['max_age', ownSetting],
  ['acr_values', ownSetting],
  ['login_hint', whoeverStarts],
  ['prompt', whoeverStarts],
  ['request', wholeRequest],
  ['request_uri', wholeRequest],
])

/**
 * The URL that asks the provider to authenticate the End-User.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest | OpenID Connect Core 1.0, section 3.1.2.1}
 */
export function buildAuthorizationRequest(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  request: { readonly state: string; readonly nonce: string; readonly code_challenge: string } & LoginParameters,
): string {
  const { state, nonce, code_challenge, login_hint, prompt } = request
  const asked = `${unchanging(rp, metadata)}&${new URLSearchParams({ state, nonce, code_challenge }).toString()}`
  if (login_hint === undefined && prompt === undefined) return asked
  const url = new URL(asked)
  if (login_hint !== undefined) url.searchParams.set('login_hint', login_hint)
  if (prompt !== undefined) url.searchParams.set('prompt', prompt)
  return url.href
}

/** What all requests of a client to a provider have in common, written once. */
const written = new WeakMap<ClientSettings, { readonly metadata: ProviderMetadata; readonly url: string }>()

function unchanging({ client }: RelyingParty, metadata: ProviderMetadata): string {
  const known = written.get(client)
  if (known?.metadata === metadata) return known.url
  const url = new URL(metadata.authorization_endpoint)
  const query = url.searchParams
  const set = (name: string, value: string | undefined) => value !== undefined && query.set(name, value)
  for (const [name, value] of Object.entries(client.authorization_parameters ?? {})) {
    if (!reservedParameters.has(name)) set(name, value)
  }
  set('response_type', 'code')
  set('client_id', client.client_id)
  set('redirect_uri', client.redirect_uri)
  set('scope', client.scope)
  set('code_challenge_method', 'S256')
  if (client.response_mode !== 'query') set('response_mode', client.response_mode)
  if (client.max_age !== undefined) set('max_age', String(client.max_age))
  set('acr_values', client.acr_values)
  for (const name of ['state', 'nonce', 'code_challenge']) query.delete(name)
  url.hash = ''
  written.set(client, { metadata, url: url.href })
  return url.href
}

/** Parameters of an authorization response; more than any provider sends. */
export const mostParameters = 100

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
  ensure(response.length <= mostParameters, 'authorization_response_malformed', {
    reason: `more than ${mostParameters} parameters`,
  })
  const parameters = new URLSearchParams()
  for (const [name, value] of response) parameters.append(name, value)
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
