/** Refreshing a session on demand: the person stays signed in as long as the provider says so, with the role of today. */
import { base64url, driveRefresh } from '@relying-party/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { addressesOf } from './context.ts'
import { isCrossSite } from './cross-site.ts'
import { ioFor } from './knowledge.ts'
import { representSession } from './members.ts'
import { sendProblem } from './problems.ts'
import type { SignInParts } from './sign-in.ts'

type OrganizationRequest = FastifyRequest<{ Params: { id: string } }>

export function registerRefresh(
  app: FastifyInstance,
  { context, connections, knowledge, sessions }: SignInParts,
): void {
  const { random } = context

  /** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokens | OpenID Connect Core 1.0, section 12} */
  app.post('/organizations/:id/session/refresh', { schema }, async (request: OrganizationRequest, reply) => {
    if (isCrossSite(request, context.base_url)) return sendProblem(reply, 'csrf_refused')
    const { id } = request.params
    const connection = (await connections.load(id))?.connection
    if (connection === undefined) return sendProblem(reply, 'organization_not_found')
    const session = await sessions.current(request, connection)
    if (session === undefined || connection.live === null) {
      return sendProblem(reply, 'login_required', { login_url: addressesOf(context, id).login_url })
    }
    const refresh_token = await sessions.refreshToken(session)
    if (refresh_token === undefined) return sendProblem(reply, 'refresh_not_available')
    // Whoever comes second meanwhile gets the session as it is: two uses of one refresh token end both.
    const release = await sessions.claimRefresh(session)
    if (release === null) return reply.send(representSession(session))

    const rp = await connections.relyingParty(connection, connection.live)
    const { connection_id, issuer, subject, claims, nonce } = session
    const identity = { connection_id, issuer, subject }
    const asked = { refresh_token, identity, claims, nonce, jti: base64url(random(32)) }
    const outcome = await driveRefresh(rp, asked, ioFor(context, knowledge, rp))
    if ('failure' in outcome) {
      const { code, detail } = outcome.failure
      context.log.warn({ organization_id: id, code, facts: detail }, 'refresh refused')
      if (outcome.ends_session) await sessions.end(request, reply, id)
      else if (outcome.refresh_token !== undefined) await sessions.keep(request, session, outcome.refresh_token)
      else await release()
      return sendProblem(reply, outcome.failure)
    }
    return reply.send(representSession(await sessions.renew(request, session, outcome.refreshed)))
  })
}

const schema = {
  tags: ['Members'],
  summary: 'Renews the session at the provider: 200 with the session, or a problem.',
  params: { type: 'object', properties: { id: { type: 'string', description: 'organization' } } },
} as const
