/** RP-Initiated Logout: the URL that ends the session at the provider as well. */
import type { ProviderMetadata } from '../relying-party.ts'

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
  for (const [name, value] of Object.entries(request)) if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}
