/** ID Tokens, from claims to the signed string, with the faults that are meant for them. */
import type { Client } from './directory.ts'
import { forgeJwt } from './fault-plane.ts'
import type { Scene } from './fault-plane.ts'
import type { PrivateJwk } from './jws.ts'
import { idTokenAlg } from './okta-profile.ts'
import type { Org } from './org.ts'

/**
 * Signs an ID Token with Okta's header: `kid` first, then `alg`, and no `typ`.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDToken | OpenID Connect Core 1.0, section 2}
 */
export function signIdToken(scene: Scene, client: Client, claims: Record<string, unknown>): string {
  const { org } = scene
  org.keys.beforeSigning()
  const alg = idTokenAlg(client)
  const kid = alg === 'HS256' ? undefined : org.keys.active(alg).kid
  const token = forgeJwt(scene, 'id_token', { header: { kid, alg }, payload: claims, key: signingKey(org, client) })
  org.keys.afterSigning()
  return token
}

/** What signs for this client: the ring's key, or for HS256 the client's own secret. */
export function signingKey(org: Org, client: Client): PrivateJwk | Uint8Array {
  const alg = idTokenAlg(client)
  return alg === 'HS256' ? Buffer.from(client.client_secret ?? '') : org.keys.active(alg)
}
