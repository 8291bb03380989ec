/**
 * What we know: the registration of this relying party at one provider, the organization's policy, and the provider's
 * metadata and keys as far as they have been fetched. Plain JSON, built by whoever drives the flow, never stored whole.
 */
import type { IdTokenAlgorithm, Jwk, PrivateJwk } from './crypto.ts'
import type { Policy } from './policy.ts'

/**
 * The members of the provider's metadata that the engine uses; whatever else the document holds is dropped at the door.
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata | OpenID Connect Discovery 1.0, section 3}
 */
export interface ProviderMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  readonly userinfo_endpoint?: string
  readonly end_session_endpoint?: string
  readonly response_types_supported?: readonly string[]
  readonly response_modes_supported?: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly id_token_signing_alg_values_supported?: readonly string[]
  readonly token_endpoint_auth_methods_supported?: readonly string[]
  readonly code_challenge_methods_supported?: readonly string[]
  readonly authorization_response_iss_parameter_supported?: boolean
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc7517#section-5 | RFC 7517, section 5} */
export interface JwkSet {
  readonly keys: readonly Jwk[]
}

/** A document of the provider and when it was fetched, in epoch seconds. */
export interface Known<T> {
  readonly value: T
  readonly fetched_at: number
}

/** The provider's keys, and when they were last asked for a key that is not among them. */
export interface KnownKeys extends Known<JwkSet> {
  readonly missed_at?: number
}

/** Whether a document is known and was fetched less than so many seconds ago. */
export function isFresh<T>(known: Known<T> | undefined, at: number, seconds: number): known is Known<T> {
  return known !== undefined && at - known.fetched_at < seconds
}

export const clientAuthenticationMethods = [
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'none',
] as const
/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication | OpenID Connect Core 1.0, section 9} */
export type ClientAuthenticationMethod = (typeof clientAuthenticationMethods)[number]

export const responseModes = ['query', 'form_post'] as const
/** How the authorization response is delivered. @see {@link https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html | Form Post Response Mode} */
export type ResponseMode = (typeof responseModes)[number]

export const userinfoModes = ['when_needed', 'always', 'never'] as const
/** Whether UserInfo is asked: only when the ID Token lacks a wanted claim, at every login, or not at all. */
export type UserinfoMode = (typeof userinfoModes)[number]

/** How we are registered at the provider. Names after Client Metadata. */
export interface ClientSettings {
  readonly client_id: string
  readonly client_secret?: string
  /** A second secret, tried when the provider refuses the first one: rotation without downtime. */
  readonly staged_client_secret?: string
  /** Our private key for `private_key_jwt`; every connection has its own. */
  readonly client_key?: PrivateJwk
  /** Explicit choice; otherwise the provider's metadata decides, Basic first. */
  readonly token_endpoint_auth_method?: ClientAuthenticationMethod
  readonly redirect_uri: string
  /** Space-separated; always holds `openid`. */
  readonly scope: string
  readonly response_mode: ResponseMode
  /** Explicit choice (the only way to accept HS256); otherwise what the metadata announces, of the asymmetric ones. */
  readonly id_token_signed_response_alg?: IdTokenAlgorithm
  readonly userinfo: UserinfoMode
  /** Seconds since the End-User last authenticated actively at the provider, demanded at every login. */
  readonly max_age?: number
  /** Space-separated, most preferred first; when given, the ID Token's `acr` must be one of them. */
  readonly acr_values?: string
  /** Further authorization parameters of this provider (`hd`, `idp` …); they never replace one of ours. */
  readonly authorization_parameters?: Readonly<Record<string, string>>
}

/** Bounds in seconds. */
export interface Tolerances {
  /** Difference of the two clocks that is forgiven. */
  readonly clock: number
  /** Oldest `iat` of an ID Token that belongs to a fresh login. */
  readonly id_token_age: number
  /** Time a person has between redirect and callback. */
  readonly flow: number
  /** Age at which provider metadata is fetched again, and up to which the last good copy serves while that fails. */
  readonly metadata_fresh: number
  readonly metadata_stale: number
  /** Age at which keys are fetched again, and how long after an unknown `kid` was asked for in vain none is asked for. */
  readonly jwks_fresh: number
  readonly jwks_cooldown: number
}

export const defaultTolerances: Tolerances = {
  clock: 30,
  id_token_age: 600,
  flow: 900,
  metadata_fresh: 3600,
  metadata_stale: 86_400,
  jwks_fresh: 600,
  jwks_cooldown: 30,
}

export interface RelyingParty {
  readonly organization_id: string
  /** Made anew when a connection is created, so that a deleted and re-created one is another. */
  readonly connection_id: string
  /** Which revision of the organization's settings this is. */
  readonly revision: number
  readonly issuer: string
  readonly client: ClientSettings
  readonly policy: Policy
  readonly tolerances: Tolerances
  readonly provider_metadata?: Known<ProviderMetadata>
  readonly jwks?: KnownKeys
}
