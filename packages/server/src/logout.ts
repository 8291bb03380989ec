/** Signing out: started here (RP-initiated) or at the provider (back-channel). */
import {
  base64url,
  driveLogout,
  driveLogoutToken,
  revisionsOfSessions,
  StoreUnavailable,
  type Connection,
  type Failure,
  type LogoutToken,
  type Revision,
} from '@relying-party/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { claim } from './claim.ts'
import { addressesOf } from './context.ts'
import { cookieName, readCookie, setCookie } from './cookies.ts'
import { isCrossSite } from './cross-site.ts'
import { ioFor } from './knowledge.ts'
import { sendFailure, sendPage, sendProblem } from './problems.ts'
import type { SignInParts } from './sign-in.ts'
import { renderSignedOutPage } from './views/signed-out-page.ts'

type Judged = { readonly token: LogoutToken } | { readonly failure: Failure }
type OrganizationRequest = FastifyRequest<{ Params: { id: string } }>

/** How long a person may take at the provider's logout page. */
const logoutLifetime = 600

export function registerLogout(app: FastifyInstance, parts: SignInParts): void {
  const { context, connections, knowledge, sessions } = parts
  const { secure, random } = context
  const stateCookie = (organization_id: string) => cookieName(`rp_logout_${organization_id}`, secure)

  /** @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout | OpenID Connect RP-Initiated Logout 1.0, section 2} */
  app.post(
    '/organizations/:id/oidc/logout',
    { schema: schemas.logout },
    async (request: OrganizationRequest, reply) => {
      if (isCrossSite(request, context.base_url)) return sendFailure(request, reply, { code: 'csrf_refused' })
      const connection = await organization(request, reply)
      if (connection === undefined) return reply
      const { organization_id, live } = connection
      const session = await sessions.current(request, connection)
      await sessions.end(request, reply, organization_id)
      const { post_logout_redirect_uri } = addressesOf(context, organization_id)
      if (session === undefined || live === null) return reply.redirect(post_logout_redirect_uri, 303)

      const rp = await connections.relyingParty(connection, live)
      const state = base64url(random(32))
      const wanted = { id_token_hint: await sessions.idToken(session), post_logout_redirect_uri, state }
      const url = await driveLogout(rp, wanted, ioFor(context, knowledge, rp))
      if (url === null) return reply.redirect(post_logout_redirect_uri, 303)
      setCookie(reply, stateCookie(organization_id), state, { secure, max_age: logoutLifetime })
      return reply.redirect(url, 303)
    },
  )

  /** Whoever comes back from the provider brings the state along that this browser left with. */
  app.get(
    '/organizations/:id/oidc/logged-out',
    { schema: { hide: true } },
    async (request: OrganizationRequest, reply) => {
      const connection = await organization(request, reply)
      if (connection === undefined) return reply
      const { organization_id, live } = connection
      const expected = readCookie(request, stateCookie(organization_id))
      const states = new URL(request.url, context.base_url).searchParams.getAll('state')
      if (expected !== undefined) setCookie(reply, stateCookie(organization_id), '', { secure, max_age: 0 })
      const matches = expected === undefined ? states.length === 0 : states.length === 1 && states[0] === expected
      const { login_url } = addressesOf(context, organization_id)
      if (!matches)
        return sendFailure(request, reply, { code: 'logout_state_mismatch' }, { organization_id, login_url })
      return sendPage(reply, renderSignedOutPage({ organization_id, login_url: live === null ? null : login_url }))
    },
  )

  /** @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest | OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8} */
  app.post(
    '/organizations/:id/oidc/backchannel-logout',
    { schema: schemas.backchannel },
    async (request: OrganizationRequest, reply) => {
      const { id } = request.params
      // Section 2.8: 200, or 400 for whatever else, also when "the logout failed".
      const refuse = (problem: Parameters<typeof sendProblem>[1]) => sendProblem(reply, problem, {}, 400)
      try {
        const refusal = await endSessions(id, request.body)
        if (refusal !== null) return refuse(refusal)
        return reply.code(200).send()
      } catch (error) {
        context.log.error({ err: error, organization_id: id }, 'a logout token could not be acted upon')
        return refuse(error instanceof StoreUnavailable ? 'store_unavailable' : 'internal_error')
      }
    },
  )

  /** Ends the sessions that the posted token names; or says why it does not. */
  async function endSessions(organization_id: string, body: unknown): Promise<Failure | null> {
    const found = await connections.load(organization_id)
    if (found === undefined) return { code: 'organization_not_found' }
    const { connection } = found
    const revisions = revisionsOfSessions(connection)
    if (revisions.length === 0) return { code: 'sso_not_enabled' }
    const [logout_token, ...more] = body instanceof URLSearchParams ? body.getAll('logout_token') : []
    if (logout_token === undefined || more.length > 0) return { code: 'logout_token_invalid' }

    const judged = await judge(connection, revisions, logout_token)
    if ('failure' in judged) {
      const { code, detail } = judged.failure
      context.log.warn({ organization_id, code, facts: detail }, 'logout token refused')
      return judged.failure
    }
    const { token } = judged
    // Written before the token is used up, so that a delivery that failed halfway can be repeated: ending is idempotent.
    await sessions.endByLogoutToken(connection, token)
    const name = JSON.stringify(['jti', connection.connection_id, token.jti])
    if (!(await claim(context, name, token.usable_until + 60))) return { code: 'logout_token_replayed' }
    context.log.info({ organization_id }, 'sessions ended by the provider')
    return null
  }

  /** What the first of these revisions says that accepts the token; what the first one says, if none does. */
  async function judge(
    connection: Connection,
    [revision, ...others]: readonly Revision[],
    logout_token: string,
  ): Promise<Judged> {
    const rp = await connections.relyingParty(connection, revision!)
    const judged = await driveLogoutToken(rp, logout_token, ioFor(context, knowledge, rp))
    if ('token' in judged || others.length === 0) return judged
    const other = await judge(connection, others, logout_token)
    return 'token' in other ? other : judged
  }

  async function organization(request: OrganizationRequest, reply: FastifyReply): Promise<Connection | undefined> {
    const { id } = request.params
    const connection = (await connections.load(id))?.connection
    if (connection === undefined) sendFailure(request, reply, { code: 'organization_not_found' })
    return connection
  }
}

const id = { type: 'object', properties: { id: { type: 'string', description: 'organization' } } } as const
const tags = ['Members']
const schemas = {
  logout: {
    tags,
    summary: "Ends the session here and, where the provider can, there: 303 to the provider's end_session_endpoint.",
    params: id,
  },
  backchannel: {
    tags,
    summary: 'OpenID Connect Back-Channel Logout: 200 when the sessions have ended, 400 otherwise.',
    params: id,
  },
} as const
