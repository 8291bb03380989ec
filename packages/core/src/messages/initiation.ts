/** The request of another site to sign somebody in: third-party-initiated login. */
import type { Failure } from '../failures.ts'
import { parseLoginHint, type LoginParameters } from '../login-parameters.ts'
import { safeReturnTo } from '../return-to.ts'

/** What such a request may decide. A `prompt` it may not: that is for pages of our own. */
export interface LoginInitiation {
  readonly parameters: LoginParameters
  /** The path of `target_link_uri`, or null when it names no place of ours. */
  readonly return_to: string | null
}

/**
 * The login that is asked for, or why it is not begun.
 * @param expected the issuer that vouches for this organization's members, and our own origin
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin | OpenID Connect Core 1.0, section 4}
 */
export function parseLoginInitiation(
  parameters: URLSearchParams,
  { issuer, base_url }: { readonly issuer: string; readonly base_url: string },
): LoginInitiation | { readonly failure: Failure } {
  const [iss, ...more] = parameters.getAll('iss')
  if (iss !== issuer || more.length > 0) return { failure: { code: 'initiate_issuer_mismatch' } }
  // "RPs MUST verify the value of the target_link_uri to prevent being used as an open redirector."
  const target = parameters.get('target_link_uri') ?? ''
  const path = target.startsWith(`${base_url}/`) ? safeReturnTo(target.slice(base_url.length), base_url) : undefined
  return { parameters: parseLoginHint(parameters), return_to: path === undefined || path === '/' ? null : path }
}
