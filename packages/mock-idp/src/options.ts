/**
 * What a mock can be told at the start, the same in process, in a JSON file and (for clients and users) over HTTP;
 * therefore snake_case throughout, and therefore checked: a misspelt option is refused by name, not ignored.
 */
import type { SigningAlgorithm } from './jws.ts'
import { endpoints } from './ledger.ts'
import type { Endpoint } from './ledger.ts'

/** How a client authenticates at the token endpoint. */
export type ClientAuthenticationMethod =
  'client_secret_basic' | 'client_secret_post' | 'client_secret_jwt' | 'private_key_jwt' | 'none'

/**
 * A client as one registers it: only `redirect_uris` are needed. One without a `client_id` gets an id and a secret; one
 * with an id brings its own secret, where its method has one.
 * @see {@link https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata | Dynamic Client Registration 1.0, section 2}
 */
export interface ClientOptions {
  client_id?: string
  client_secret?: string
  client_name?: string
  redirect_uris: string[]
  post_logout_redirect_uris?: string[]
  /** Default `client_secret_basic`. Like Okta, Basic and post are both accepted for a client that has either. */
  token_endpoint_auth_method?: ClientAuthenticationMethod
  /** Insist on exactly the registered method, as other providers do. Default false. */
  strict_auth_method?: boolean
  /** Whether the user name and password of HTTP Basic are form-decoded (RFC 6749) or taken as they come. Default `form`. */
  basic_decoding?: 'form' | 'raw'
  /** Refuse authorization requests without PKCE. Default true for public clients and false for others. */
  pkce_required?: boolean
  /** Default `["authorization_code", "refresh_token"]`. */
  grant_types?: string[]
  /** Default `["code"]`. */
  response_types?: string[]
  /** The response modes that this client may use. Default: all. */
  response_modes?: string[]
  /** `rotate` makes a refresh token good for one use. Default `static`, as for Okta's web applications. */
  refresh_token_rotation?: 'static' | 'rotate'
  /** Default `RS256`, the only one at Okta. */
  id_token_signed_response_alg?: SigningAlgorithm
  /** Thin or fat ID Tokens for this client, whatever the mock does otherwise. */
  id_token?: 'thin' | 'fat'
  /** Public keys for `private_key_jwt`. */
  jwks?: { keys: Record<string, unknown>[] }
  jwks_uri?: string
  /** Not at Okta: where logout tokens are posted when the session ends. */
  backchannel_logout_uri?: string
  /** Puts `sid` into ID Tokens and logout tokens. */
  backchannel_logout_session_required?: boolean
  /** Where the dashboard tile leads. */
  initiate_login_uri?: string
  /** Who may use the client, by group name and by login. Default: the group `Everyone`. */
  assigned_groups?: string[]
  assigned_users?: string[]
}

/** A person. Everything but `login` has a default; members beyond these are ordinary claims of the profile. */
export interface UserOptions {
  /** What the person types at the sign-in page, and `preferred_username`. */
  login: string
  /** Default `password`. */
  password?: string
  /** Okta's user id and the `sub` claim, `00u…`. Derived from the login when absent. */
  id?: string
  /** Default: the login. */
  email?: string
  /** Default true. */
  email_verified?: boolean
  given_name?: string
  family_name?: string
  /** Groups beside `Everyone`. */
  groups?: string[]
  /** How the person proves to be it. Default `["pwd"]`; include `mfa` to satisfy two-factor `acr_values`. */
  amr?: string[]
  /** More claims: standard ones (`locale`, `zoneinfo`, `phone_number`, `address` …) or your own. */
  profile?: Record<string, unknown>
  /** Claims added to every ID Token of this person, as custom claims are. */
  id_token_claims?: Record<string, unknown>
}

/** A fault to begin with: the body of `POST /_mock/faults`. */
export interface FaultOptions {
  /** How often it strikes. Default: until removed. */
  times?: number
  /** Only for this client. */
  client_id?: string
  /** Only at this authorization server. */
  issuer?: 'org' | 'custom'
  /** Only at this endpoint (for `transport.*`). */
  endpoint?: Endpoint
  /** The value to use instead of the fault's own: milliseconds, bytes, a claim, whatever the fault describes. */
  value?: unknown
}

/** All that a mock can be told. */
export interface MockOktaOptions {
  /** Default 0: any free port. */
  port?: number
  /** Default `127.0.0.1`, which is also reachable as `localhost` over IPv6. */
  host?: string
  /** The address to publish when it is not the one listened on, without a trailing slash. */
  public_url?: string
  /** The issuer of the org server ends with a slash, as at Auth0 and in the OpenID Foundation's suite. Default false. */
  issuer_ends_with_slash?: boolean
  /** The same seed, clock and requests give the same identifiers and tokens, byte for byte. */
  seed?: string | number
  /** Everyone who comes to the authorization endpoint is this user, without a sign-in page. */
  auto_login?: string
  /** Okta's ID Tokens are thin in the code flow: profile and groups come from UserInfo. Default `thin`. */
  id_token?: 'thin' | 'fat'
  /** Default: one demo client. */
  clients?: ClientOptions[]
  /** Default: Ada, Grace and the unassigned Eve. */
  users?: UserOptions[]
  /** The custom authorization server at `/oauth2/default`. */
  custom?: {
    /** `aud` of its access tokens. Default `api://default`. */
    audience?: string
    /** Scopes beside the standard ones. */
    scopes?: string[]
    /** The claim that carries the groups of a person; none by default, as at Okta. */
    groups_claim?: string
    /** False: no access policy, as in a new Integrator organization. Default true. */
    access_policy?: boolean
  }
  /** Members to add to both discovery documents, or with `null` to take away. */
  discovery?: Record<string, unknown>
  /** Answers 400 to `/authorize` without PKCE for every client, whatever its registration. Default false. */
  pkce_required?: boolean
  faults?: (FaultOptions & { name: string })[]
  /** Where the clock stands at the start. */
  clock?: { now?: number; frozen?: boolean }
  /** The bearer token that opens `/_mock/*` when the mock listens beyond loopback. Without one it stays closed. */
  control_token?: string
}

/** Refuses options that are not options, naming each. */
export function checkOptions(options: MockOktaOptions): void {
  refuseUnknown('option', options, [
    'port',
    'host',
    'public_url',
    'issuer_ends_with_slash',
    'seed',
    'auto_login',
    'id_token',
    'clients',
    'users',
    'custom',
    'discovery',
    'pkce_required',
    'faults',
    'clock',
    'control_token',
  ])
  refuseUnknown('option custom.', options.custom ?? {}, ['audience', 'scopes', 'groups_claim', 'access_policy'])
  refuseUnknown('option clock.', options.clock ?? {}, ['now', 'frozen'])
  for (const client of options.clients ?? []) checkClient(client)
  for (const user of options.users ?? []) checkUser(user)
}

/** Refuses a client that could never be used, saying why. */
export function checkClient(client: ClientOptions): void {
  refuseUnknown('client member', client, [
    'client_id',
    'client_secret',
    'client_name',
    'redirect_uris',
    'post_logout_redirect_uris',
    'token_endpoint_auth_method',
    'strict_auth_method',
    'basic_decoding',
    'pkce_required',
    'grant_types',
    'response_types',
    'response_modes',
    'refresh_token_rotation',
    'id_token_signed_response_alg',
    'id_token',
    'jwks',
    'jwks_uri',
    'backchannel_logout_uri',
    'backchannel_logout_session_required',
    'initiate_login_uri',
    'assigned_groups',
    'assigned_users',
  ])
  const { client_id, client_secret } = client
  if (client_id !== undefined && (typeof client_id !== 'string' || client_id === ''))
    throw new TypeError('a client_id is a text')
  const who = client_id === undefined ? 'a client' : `client ${client_id}`
  if (!Array.isArray(client.redirect_uris)) throw new TypeError(`${who} needs redirect_uris`)
  for (const uri of [...client.redirect_uris, ...(client.post_logout_redirect_uris ?? [])]) {
    if (!URL.canParse(uri)) throw new TypeError(`${who}: ${uri} is not an absolute URI`)
  }
  const method = client.token_endpoint_auth_method ?? 'client_secret_basic'
  if (method.startsWith('client_secret') && client_id !== undefined && !client_secret) {
    throw new TypeError(`${who} needs a client_secret for ${method}`)
  }
  if (method === 'private_key_jwt' && client.jwks === undefined && client.jwks_uri === undefined) {
    throw new TypeError(`${who} needs jwks or jwks_uri for private_key_jwt`)
  }
}

/** Refuses a user without a login, and members that belong into `profile`. */
export function checkUser(user: UserOptions): void {
  refuseUnknown('user member', user, [
    'login',
    'password',
    'id',
    'email',
    'email_verified',
    'given_name',
    'family_name',
    'groups',
    'amr',
    'profile',
    'id_token_claims',
  ])
  if (typeof user.login !== 'string' || user.login === '') throw new TypeError('a user needs a login')
}

/** Refuses an injection that would strike at nothing, or for longer than was meant. */
export function checkFault(fault: FaultOptions & { name?: unknown }): void {
  refuseUnknown('fault member', fault, ['name', 'times', 'client_id', 'issuer', 'endpoint', 'value'])
  const { times, issuer, endpoint } = fault
  if (times !== undefined && !(times >= 1)) throw new TypeError('a fault strikes 1 or more times')
  if (issuer !== undefined && !['org', 'custom'].includes(issuer))
    throw new TypeError(`no issuer ${issuer}; there are org, custom`)
  if (endpoint !== undefined && !endpoints.includes(endpoint))
    throw new TypeError(`no endpoint ${endpoint}; there are ${endpoints.join(', ')}`)
}

function refuseUnknown(kind: string, given: object, known: string[]): void {
  const unknown = Object.keys(given).filter((key) => !known.includes(key))
  if (unknown.length > 0) throw new TypeError(`unknown ${kind}${kind.endsWith('.') ? '' : ' '}${unknown.join(', ')}`)
}
