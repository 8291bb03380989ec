/** RP-initiated logout as Okta does it (no confirmation page), and back-channel logout, which Okta does not do. */
import type { Client, User } from './directory.ts'
import type { Exchange } from './exchange.ts'
import { applyFaults, forgeJwt } from './fault-plane.ts'
import { redirect } from './http.ts'
import type { Reply } from './http.ts'
import { decodeJwt, verifyJwt } from './jws.ts'
import { idTokenAlg } from './okta-profile.ts'
import { texts } from './okta-errors.ts'
import type { AuthorizationServer, Org } from './org.ts'
import { errorPage } from './pages.ts'
import { currentSession } from './sign-in.ts'
import { signingKey } from './tokens.ts'

/**
 * Ends the session and sends the person on: at once, or not at all.
 * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout | OpenID Connect RP-Initiated Logout 1.0, section 2}
 */
export async function logout(exchange: Exchange): Promise<Reply> {
  const { org, server, request } = exchange
  const { id_token_hint, post_logout_redirect_uri, state } = request.params
  if (id_token_hint === undefined) return errorPage(400, 'invalid_request', texts.no_id_token_hint)
  const hint = decodeJwt(id_token_hint)?.payload
  const client = org.directory.client(String(hint?.['aud']))
  exchange.client_id = client?.client_id
  const isOurs = hint?.['iss'] === server.issuer && isSignedHere(org, client, id_token_hint)
  if (client === undefined || !isOurs) return errorPage(400, 'invalid_request', texts.bad_id_token_hint)
  if (post_logout_redirect_uri !== undefined && !client.post_logout_redirect_uris.includes(post_logout_redirect_uri)) {
    return errorPage(400, 'invalid_request', texts.bad_post_logout_redirect_uri)
  }

  const { session, clear } = await currentSession(exchange)
  if (session.accountId !== undefined) {
    if (session.accountId !== hint?.['sub']) return errorPage(400, 'invalid_request', texts.other_session)
    await notifyClients(org, server, session.accountId, session.authorizations ?? {})
    await session.destroy()
  }
  if (post_logout_redirect_uri === undefined) return redirect(`${org.origin}/login/login.htm`, { 'set-cookie': clear })
  const url = new URL(post_logout_redirect_uri)
  const parameters = applyFaults<Record<string, unknown>>(exchange, 'end_session', state === undefined ? {} : { state })
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, String(value))
  return redirect(url.href, { 'set-cookie': clear })
}

/** What a relying party answered to a logout token. */
export interface LogoutAnswer {
  logout_token: string
  status: number
  headers: Record<string, string>
  body: string
}

/**
 * Posts a logout token to a client, loopback included, and reports what it answered.
 * @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest | OpenID Connect Back-Channel Logout 1.0, section 2.5}
 */
export async function sendLogoutToken(
  org: Org,
  server: AuthorizationServer,
  client: Client,
  about: { user?: User | undefined; sid?: string | undefined },
): Promise<LogoutAnswer> {
  if (client.backchannel_logout_uri === undefined)
    throw new TypeError(`${client.client_id} has no backchannel_logout_uri`)
  const struck: string[] = []
  const scene = { org, server, endpoint: 'backchannel_logout' as const, client_id: client.client_id, faults: struck }
  const alg = idTokenAlg(client)
  const now = org.clock.now()
  const logout_token = forgeJwt(scene, 'logout_token', {
    header: { kid: alg === 'HS256' ? undefined : org.keys.active(alg).kid, alg, typ: 'logout+jwt' },
    payload: {
      iss: server.issuer,
      ...(about.user !== undefined && { sub: about.user.id }),
      aud: client.client_id,
      iat: now,
      exp: now + 120,
      jti: org.ids.secret('LogoutToken'),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      ...(about.sid !== undefined && { sid: about.sid }),
    },
    key: signingKey(org, client),
  })
  const params = applyFaults<Record<string, string>>(scene, 'backchannel_logout', { logout_token })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const response = await fetch(client.backchannel_logout_uri, {
    method: 'POST',
    redirect: 'manual',
    headers,
    body: new URLSearchParams(params).toString(),
  })
  const answer = {
    logout_token,
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  }
  org.ledger.add({
    endpoint: 'backchannel_logout',
    issuer: server.name,
    method: 'POST',
    path: client.backchannel_logout_uri,
    query: '',
    params,
    headers,
    client_id: client.client_id,
    client_authentication: undefined,
    at: now,
    response: { status: answer.status, headers: answer.headers, body: answer.body },
    faults: struck,
  })
  return answer
}

/** Tells every client of a session that registered for it. A relying party that is gone does not keep anyone signed in. */
async function notifyClients(
  org: Org,
  server: AuthorizationServer,
  accountId: string,
  authorizations: Record<string, { sid?: string | undefined }>,
): Promise<void> {
  const user = org.directory.user(accountId)
  const notices = Object.entries(authorizations).map(async ([clientId, { sid }]) => {
    const client = org.directory.client(clientId)
    if (client?.backchannel_logout_uri === undefined) return
    await sendLogoutToken(org, server, client, {
      user,
      sid: client.backchannel_logout_session_required ? sid : undefined,
    })
  })
  await Promise.allSettled(notices)
}

function isSignedHere(org: Org, client: Client | undefined, token: string): boolean {
  const secret = Buffer.from(client?.client_secret ?? '')
  return [...org.keys.known(), secret].some((key) => verifyJwt(token, key))
}
