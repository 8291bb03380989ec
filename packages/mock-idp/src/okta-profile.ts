/**
 * What Okta publishes and puts into its answers, member by member and in Okta's order: discovery documents, claim
 * sets, headers. Data and pure functions; nothing here decides anything.
 */
import type { Client, User } from './directory.ts'
import type { SigningAlgorithm } from './jws.ts'
import type { AuthorizationServer, Org } from './org.ts'

/**
 * The discovery document of an authorization server, members and order as on Okta's wire.
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata | OpenID Connect Discovery 1.0, section 3}
 */
export function openidConfiguration(org: Org, server: AuthorizationServer): Record<string, unknown> {
  const { issuer, endpoints } = server
  return withOverrides(org, {
    issuer,
    authorization_endpoint: `${endpoints}/v1/authorize`,
    token_endpoint: `${endpoints}/v1/token`,
    userinfo_endpoint: `${endpoints}/v1/userinfo`,
    registration_endpoint: `${org.origin}/oauth2/v1/clients`,
    jwks_uri: `${endpoints}/v1/keys`,
    response_types_supported: responseTypes,
    response_modes_supported: responseModes,
    grant_types_supported: grantTypes,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: signingAlgorithms(org),
    ...(server.name === 'custom' && {
      id_token_encryption_alg_values_supported: ['RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'],
      id_token_encryption_enc_values_supported: ['A256GCM'],
    }),
    scopes_supported: server.scopes,
    token_endpoint_auth_methods_supported: authMethods,
    claims_supported: claims,
    ...sharedTail(endpoints),
  })
}

/**
 * The OAuth metadata document, which at Okta knows nothing of UserInfo and ID Tokens.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-2 | RFC 8414, section 2}
 */
export function oauthAuthorizationServer(org: Org, server: AuthorizationServer): Record<string, unknown> {
  const { issuer, endpoints } = server
  return withOverrides(org, {
    issuer,
    authorization_endpoint: `${endpoints}/v1/authorize`,
    token_endpoint: `${endpoints}/v1/token`,
    registration_endpoint: `${org.origin}/oauth2/v1/clients`,
    jwks_uri: `${endpoints}/v1/keys`,
    response_types_supported: [
      'code',
      'token',
      'id_token',
      'code id_token',
      'code token',
      'id_token token',
      'code id_token token',
    ],
    response_modes_supported: responseModes,
    grant_types_supported: [...grantTypes.slice(0, 4), 'client_credentials', ...grantTypes.slice(4)],
    subject_types_supported: ['public'],
    scopes_supported: server.scopes,
    token_endpoint_auth_methods_supported: authMethods,
    claims_supported: ['ver', 'jti', 'iss', 'aud', 'iat', 'exp', 'cid', 'uid', 'scp', 'sub'],
    ...sharedTail(endpoints),
  })
}

/** The algorithms of ID Tokens here: RS256, and whatever else a client is registered for. */
function signingAlgorithms(org: Org): SigningAlgorithm[] {
  return [...new Set<SigningAlgorithm>(['RS256', ...org.directory.clients.map(idTokenAlg)])]
}

/** The algorithm of this client's ID Tokens. */
export function idTokenAlg(client: Client): SigningAlgorithm {
  return client.id_token_signed_response_alg ?? 'RS256'
}

/** What an ID Token is made of. */
export interface IdTokenFacts {
  user: User
  client: Client
  scopes: ReadonlySet<string>
  issued_at: number
  auth_time: number | undefined
  amr: string[]
  acr: string | undefined
  nonce: string | undefined
  jti: string
  sid: string | undefined
  at_hash: string | undefined
  c_hash: string | undefined
  fat: boolean
}

/**
 * The claims of an ID Token in Okta's order. Thin means that of the profile only `name`, `email` and
 * `preferred_username` are there; the rest has to be fetched from UserInfo.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDToken | OpenID Connect Core 1.0, section 2}
 */
export function idTokenClaims(org: Org, server: AuthorizationServer, facts: IdTokenFacts): Record<string, unknown> {
  const { user, scopes } = facts
  const profile = userinfoClaims(org, server, user, scopes)
  const { sub, name, email, preferred_username, ...rest } = profile
  return defined({
    sub,
    name,
    email,
    ver: 1,
    iss: server.issuer,
    aud: facts.client.client_id,
    iat: facts.issued_at,
    exp: facts.issued_at + 3600,
    jti: facts.jti,
    amr: facts.amr,
    acr: facts.acr,
    idp: org.id,
    nonce: facts.nonce,
    preferred_username,
    auth_time: facts.auth_time,
    at_hash: facts.at_hash,
    c_hash: facts.c_hash,
    sid: facts.sid,
    ...(facts.fat && rest),
    ...user.id_token_claims,
  })
}

/**
 * The claims of a person that the granted scopes open, in the order of Okta's UserInfo.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims | OpenID Connect Core 1.0, section 5.4}
 */
export function userinfoClaims(
  org: Org,
  server: AuthorizationServer,
  user: User,
  scopes: ReadonlySet<string>,
): Record<string, unknown> {
  const { profile = {} } = user
  const name = [user.given_name, user.family_name].filter((part) => part !== undefined).join(' ')
  const groupsClaim =
    server.name === 'org' ? (scopes.has('groups') ? 'groups' : undefined) : org.options.custom?.groups_claim
  const own = Object.fromEntries(Object.entries(profile).filter(([claim]) => !standardClaims.has(claim)))
  const pick = (...names: string[]) => Object.fromEntries(names.map((claim) => [claim, profile[claim]]))
  return defined({
    sub: user.id,
    ...(scopes.has('profile') && {
      name: profile['name'] ?? (name === '' ? user.login : name),
      ...pick('nickname'),
      given_name: user.given_name,
      ...pick('middle_name'),
      family_name: user.family_name,
      ...pick('profile', 'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale'),
      updated_at: profile['updated_at'] ?? 1704067200,
      preferred_username: user.login,
      ...own,
    }),
    ...(scopes.has('email') && { email: user.email, email_verified: user.email_verified }),
    ...(scopes.has('address') && pick('address')),
    ...(scopes.has('phone') && pick('phone_number')),
    ...(groupsClaim !== undefined && { [groupsClaim]: user.groups }),
  })
}

/**
 * The first of the requested `acr_values` that this way of signing in satisfies.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics | OpenID Connect Core 1.0, section 5.5.1.1}
 */
export function satisfiedAcr(acrValues: string | undefined, amr: string[]): string | undefined {
  const oneFactor = /^urn:okta:loa:(1fa:(any|pwd)|2fa:any:ifpossible)$/
  const twoFactors = /^urn:okta:loa:(2fa:any|phrh?)$/
  return acrValues?.split(' ').find((acr) => oneFactor.test(acr) || (twoFactors.test(acr) && amr.includes('mfa')))
}

/** What an access token is made of. */
export interface AccessTokenFacts {
  user: User
  client_id: string
  scopes: ReadonlySet<string>
  issued_at: number
  expires_at: number
  auth_time: number | undefined
  jti: string
}

/** The claims of an access token: `scp` is an array, and `sub` is the login, not the id. */
export function accessTokenClaims(server: AuthorizationServer, facts: AccessTokenFacts): Record<string, unknown> {
  return defined({
    ver: 1,
    jti: facts.jti,
    iss: server.issuer,
    aud: server.audience,
    iat: facts.issued_at,
    exp: facts.expires_at,
    cid: facts.client_id,
    uid: facts.user.id,
    scp: [...facts.scopes],
    auth_time: facts.auth_time,
    sub: facts.user.login,
  })
}

/** The headers of discovery, of keys and of tokens, as on the wire. */
export const oktaHeaders = {
  discovery: { 'cache-control': 'max-age=86400, must-revalidate', vary: 'Origin' },
  // 45 days: why a relying party that meets an unknown kid has to go round every HTTP cache.
  jwks: { 'cache-control': 'max-age=3885115, must-revalidate', vary: 'Origin' },
  token: { 'cache-control': 'no-cache, no-store', pragma: 'no-cache', expires: '0' },
} as const

/** Rate-limit headers: how many requests a minute, how many are left, and when it starts anew in epoch seconds. */
export function rateLimit(org: Org, limit: number, remaining: number): Record<string, string> {
  return {
    'x-rate-limit-limit': String(limit),
    'x-rate-limit-remaining': String(remaining),
    'x-rate-limit-reset': String(org.clock.now() + 60),
  }
}

/** The scopes of the two servers; `groups` exists only at the org's. */
export const standardScopes = {
  org: ['openid', 'email', 'profile', 'address', 'phone', 'offline_access', 'groups'],
  custom: ['openid', 'profile', 'email', 'address', 'phone', 'offline_access', 'device_sso', 'interclient_access'],
}

function sharedTail(endpoints: string) {
  return {
    code_challenge_methods_supported: ['S256'],
    introspection_endpoint: `${endpoints}/v1/introspect`,
    introspection_endpoint_auth_methods_supported: authMethods,
    revocation_endpoint: `${endpoints}/v1/revoke`,
    revocation_endpoint_auth_methods_supported: authMethods,
    end_session_endpoint: `${endpoints}/v1/logout`,
    request_parameter_supported: true,
    request_object_signing_alg_values_supported: objectAlgorithms,
    device_authorization_endpoint: `${endpoints}/v1/device/authorize`,
    pushed_authorization_request_endpoint: `${endpoints}/v1/par`,
    backchannel_token_delivery_modes_supported: ['poll'],
    backchannel_authentication_request_signing_alg_values_supported: objectAlgorithms,
    dpop_signing_alg_values_supported: objectAlgorithms.slice(3),
  }
}

function withOverrides(org: Org, metadata: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...metadata, ...org.options.discovery }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null))
}

function defined(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}

const responseTypes = ['code', 'id_token', 'code id_token', 'code token', 'id_token token', 'code id_token token']
const responseModes = ['query', 'fragment', 'form_post', 'okta_post_message']
const grantTypes = [
  'authorization_code',
  'implicit',
  'refresh_token',
  'password',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:openid:params:grant-type:ciba',
  'urn:okta:params:oauth:grant-type:otp',
  'http://auth0.com/oauth/grant-type/mfa-otp',
  'urn:okta:params:oauth:grant-type:oob',
  'http://auth0.com/oauth/grant-type/mfa-oob',
]
const authMethods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none']
const objectAlgorithms = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']
const claims = [
  'iss',
  'ver',
  'sub',
  'aud',
  'iat',
  'exp',
  'jti',
  'auth_time',
  'amr',
  'idp',
  'nonce',
  'name',
  'nickname',
  'preferred_username',
  'given_name',
  'middle_name',
  'family_name',
  'email',
  'email_verified',
  'profile',
  'zoneinfo',
  'locale',
  'address',
  'phone_number',
  'picture',
  'website',
  'gender',
  'birthdate',
  'updated_at',
  'at_hash',
  'c_hash',
]
const standardClaims = new Set([...claims, 'groups'])
