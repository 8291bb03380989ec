/** UserInfo: what the provider adds to a thin ID Token, and how the two are put together. */
import { jsonObject, survivesJson } from '../bytes.ts'
import { bounded, ensure } from '../failures.ts'
import { mediaType, type HttpRequest, type HttpResponse } from '../http.ts'
import { claimsWanted, claimValues, type Claims } from '../policy.ts'
import { captureUserInfoRequest, judgeUserInfoResponse } from '../protocol.ts'
import type { ProviderMetadata, RelyingParty } from '../relying-party.ts'

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfoRequest | OpenID Connect Core 1.0, section 5.3.1} */
export function buildUserInfoRequest(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  access_token: string,
): Promise<HttpRequest> {
  return captureUserInfoRequest(metadata, rp.client.client_id, access_token)
}

/** Whether the ID Token alone does not say what the connection's scope and policy ask for. */
export function needsUserInfo(rp: RelyingParty, metadata: ProviderMetadata, claims: Claims): boolean {
  if (metadata.userinfo_endpoint === undefined || rp.client.userinfo === 'never') return false
  if (rp.client.userinfo === 'always') return true
  const present = (claim: string) => Object.hasOwn(claims, claim) || claimValues(claims, claim).length > 0
  return !claimsWanted(rp.policy, rp.client.scope).every(present)
}

/**
 * The claims of a UserInfo response about the very subject of the ID Token.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse | OpenID Connect Core 1.0, section 5.3.2}
 */
export async function parseUserInfoResponse(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  response: HttpResponse,
  subject: string,
): Promise<Claims> {
  const { status, headers, body } = response
  const challenge = headers['www-authenticate']
  ensure(status === 200, 'userinfo_http_error', {
    status,
    ...(challenge !== undefined && { challenge: bounded(challenge) }),
  })
  const content_type = bounded(mediaType(response), 80)
  const document = jsonObject(body)
  const usable = content_type === 'application/json' && document !== undefined && survivesJson(document)
  ensure(usable, 'userinfo_response_malformed', { content_type })
  return judgeUserInfoResponse(metadata, rp.client.client_id, subject, document)
}

/** Claims that speak about the ID Token or the session itself: UserInfo never replaces them. */
const protocolClaims = new Set([
  'iss',
  'sub',
  'aud',
  'azp',
  'exp',
  'iat',
  'nbf',
  'nonce',
  'auth_time',
  'acr',
  'amr',
  'sid',
  'jti',
  'at_hash',
  'c_hash',
])

/**
 * What both documents say of the End-User. The ID Token wins, being signed; an e-mail address and its `email_verified`
 * always come from one and the same document, or a provider's word for one address would vouch for another.
 */
export function mergeClaims(id_token: Claims, userinfo: Claims): Claims {
  const additions = Object.entries(userinfo).filter(
    ([name]) => !protocolClaims.has(name) && name !== '__proto__' && !Object.hasOwn(id_token, name),
  )
  const whole = Object.hasOwn(id_token, 'email') && Object.hasOwn(id_token, 'email_verified')
  const source = whole || typeof userinfo.email !== 'string' ? id_token : userinfo
  return withEmailOf(source, { ...id_token, ...Object.fromEntries(additions) })
}

/**
 * What is known of the End-User after a refresh. What the provider says today goes first. What it leaves out stays as the
 * login learnt it, unless it was asked: a claim that the policy looks at, and that even UserInfo names no more, is gone.
 * @param before as the session knows them
 * @param renewed those of the renewed ID Token; null when there was none
 * @param userinfo null when UserInfo was not asked
 */
export function claimsToday(
  { policy, client }: RelyingParty,
  before: Claims,
  renewed: Claims | null,
  userinfo: Claims | null,
): Claims {
  const said = mergeClaims(renewed ?? {}, userinfo ?? {})
  const wanted = claimsWanted(policy, client.scope).map((path) => (Object.hasOwn(before, path) ? path : root(path)))
  const gone = new Set(userinfo === null ? [] : wanted)
  const stays = Object.entries(before).filter(([name]) => !gone.has(name))
  const source = typeof said.email === 'string' || gone.has('email') ? said : before
  return withEmailOf(source, { ...Object.fromEntries(stays), ...said })
}

const root = (path: string) => path.split('.', 1)[0]!

/** An address and the word for it come from one document. */
function withEmailOf(source: Claims, claims: Claims): Claims {
  const { email: _email, email_verified: _verified, ...others } = claims
  const pair = ['email', 'email_verified'].filter((name) => Object.hasOwn(source, name))
  return { ...others, ...Object.fromEntries(pair.map((name) => [name, source[name]])) }
}
