/** RP-Initiated Logout: the URL that ends the session at the provider as well. */
import type { ProviderMetadata } from '../relying-party.ts'

/** Of a longer request line most servers read nothing at all (8190 bytes); the hint is RECOMMENDED, not required. */
const largestHint = 7000

/**
 * The logout request, or null for a provider that has no `end_session_endpoint`.
 * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout | OpenID Connect RP-Initiated Logout 1.0, section 2}
 */
export function buildLogoutRequest(
  metadata: ProviderMetadata,
  request: {
    readonly client_id: string
    readonly id_token_hint?: string | undefined
    readonly post_logout_redirect_uri?: string
    readonly state?: string
  },
): string | null {
  if (metadata.end_session_endpoint === undefined) return null
  const url = new URL(metadata.end_session_endpoint)
  const { id_token_hint, ...others } = request
  const fits = id_token_hint !== undefined && id_token_hint.length <= largestHint
  for (const [name, value] of Object.entries({ ...others, ...(fits && { id_token_hint }) }))
    if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}
