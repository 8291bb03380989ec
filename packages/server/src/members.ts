/** What products ask about a member: who is signed in. */
import { driveLogout, relyingPartyOf, type Connection } from '@relying-party/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { addressesOf } from './context.ts'
import { ioFor } from './knowledge.ts'
import { sendFailure, sendPage, sendProblem } from './problems.ts'
import type { Session } from './sessions.ts'
import type { SignInParts } from './sign-in.ts'
import { renderMemberPage } from './views/member-page.ts'

type OrganizationRequest = FastifyRequest<{ Params: { id: string } }>

/** Epoch seconds as the outside reads them. */
export const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString()

/** A session as products see it. */
export function representSession(session: Session) {
  const { organization_id, subject, issuer, email, email_verified, role, claims, authenticated_at, expires_at } =
    session
  return {
    organization_id,
    subject,
    issuer,
    ...(email !== null && { email, email_verified }),
    ...(role !== null && { role }),
    claims,
    authenticated_at: isoTime(authenticated_at),
    expires_at: isoTime(expires_at),
  }
}

export function registerMembers(app: FastifyInstance, parts: SignInParts): void {
  const { context, connections, knowledge, sessions } = parts

  app.get('/organizations/:id/session', { schema: schemas.session }, async (request: OrganizationRequest, reply) => {
    const found = await current(request, reply)
    if (found === undefined) return reply
    return reply.send(representSession(found.session))
  })

  /** Our public keys, for a provider where we authenticate with `private_key_jwt`. */
  app.get('/organizations/:id/oidc/jwks', { schema: schemas.jwks }, async (request: OrganizationRequest, reply) => {
    const connection = await known(request)
    if (connection === undefined) return sendProblem(reply, 'organization_not_found')
    const { candidate, live, previous } = connection
    const keys = [live, candidate, previous].flatMap((revision) => revision?.client_secret?.public_jwk ?? [])
    return reply.send({ keys: keys.filter(({ kid }, at) => keys.findIndex((key) => key.kid === kid) === at) })
  })

  /** Forward authentication for reverse proxies: nginx `auth_request`, Traefik `forwardAuth`, Caddy `forward_auth`. */
  app.get('/organizations/:id/verify', { schema: schemas.verify }, async (request: OrganizationRequest, reply) => {
    const found = await current(request, reply)
    if (found === undefined) return reply
    const { session } = found
    const set = (name: string, value: string | null) => value !== null && reply.header(name, headerText(value))
    set('x-auth-request-organization', session.organization_id)
    set('x-auth-request-user', session.subject)
    set('x-auth-request-issuer', session.issuer)
    set('x-auth-request-role', session.role)
    // Programs behind a proxy take this header for an identity: it is never an address that nobody vouches for.
    if (session.email_verified) set('x-auth-request-email', session.email)
    return reply.code(200).send()
  })

  app.get('/organizations/:id', { schema: { hide: true } }, async (request: OrganizationRequest, reply) => {
    const connection = await organization(request, reply)
    if (connection === undefined) return reply
    const session = await sessions.current(request, connection)
    if (session === undefined) return reply.redirect(addressesOf(context, connection.organization_id).login_url, 302)
    // Browsers hold the redirect that follows the sign-out form to the same policy as the form itself.
    const provider = await signOutOrigin(connection)
    const policy = String(reply.getHeader('content-security-policy'))
    if (provider !== null)
      void reply.header(
        'content-security-policy',
        policy.replace("form-action 'self'", `form-action 'self' ${provider}`),
      )
    return sendPage(reply, renderMemberPage(session))
  })

  /** Where a sign-out leads, which need not be the host of the issuer; null: to no provider. */
  async function signOutOrigin(connection: Connection): Promise<string | null> {
    const { organization_id, live } = connection
    if (live === null) return null
    const { redirect_uri } = addressesOf(context, organization_id)
    const rp = knowledge.recall(relyingPartyOf(connection, live, { redirect_uri }, context.tolerances))
    const url = await driveLogout(rp, {}, ioFor(context, knowledge, rp))
    return url === null ? null : new URL(url).origin
  }

  async function organization(request: OrganizationRequest, reply: FastifyReply): Promise<Connection | undefined> {
    const connection = await known(request)
    if (connection === undefined) sendFailure(request, reply, { code: 'organization_not_found' })
    return connection
  }

  async function known({ params: { id } }: OrganizationRequest): Promise<Connection | undefined> {
    return (await connections.load(id))?.connection
  }

  /** For programs, which get problem details whatever they accept. */
  async function current(request: OrganizationRequest, reply: FastifyReply) {
    const connection = await known(request)
    if (connection === undefined) {
      sendProblem(reply, 'organization_not_found')
      return undefined
    }
    const session = await sessions.current(request, connection)
    if (session !== undefined) return { connection, session }
    const { login_url } = addressesOf(context, connection.organization_id)
    sendProblem(reply, 'login_required', { login_url })
    return undefined
  }
}

/** Claims in headers: what a header cannot carry, or what looks encoded already, travels percent-encoded. */
function headerText(value: string): string {
  return /^[\x20-\x24\x26-\x7e]*$/.test(value) ? value : encodeURIComponent(value.toWellFormed())
}

const id = { type: 'object', properties: { id: { type: 'string', description: 'organization' } } } as const
const tags = ['Members']
const schemas = {
  session: { tags, summary: 'Who is signed in, or 401 with the login URL.', params: id },
  jwks: { tags, summary: 'Our public keys (JWK Set), for private_key_jwt.', params: id },
  verify: { tags, summary: 'Forward authentication: 200 with X-Auth-Request-* headers, or 401.', params: id },
} as const
