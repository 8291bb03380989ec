/**
 * Sessions of members: opaque ids in a cookie, everything else on the server, one per organization and browser.
 *
 * Rule: a session is made of an {@link AuthenticatedLogin} and of nothing else; a test login has another type.
 */
import { base64url, utf8, type AuthenticatedLogin, type Claims, type Connection, type Json } from '@relying-party/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from './context.ts'
import { cookieName, readCookie, setCookie } from './cookies.ts'

export interface Session {
  readonly organization_id: string
  readonly connection_id: string
  readonly issuer: string
  readonly subject: string
  readonly email: string | null
  readonly email_verified: boolean
  readonly role: string | null
  readonly claims: Claims
  readonly authenticated_at: number
  readonly expires_at: number
  /** For the provider's logout: it wants to see who it is about. */
  readonly id_token: string
}

export type Sessions = ReturnType<typeof createSessions>

/** Claims about the token rather than the person. */
const tokenClaims = new Set(['iss', 'sub', 'aud', 'azp', 'exp', 'iat', 'nbf', 'nonce', 'jti', 'at_hash', 'c_hash'])

export function createSessions(context: Context) {
  const { session_store: store, now, random, crypto, secure } = context
  const nameFor = (organization_id: string) => cookieName(`rp_session_${organization_id}`, secure)

  /** The store never sees what the cookie holds: a dump of it opens no session. */
  const keyOf = async (id: string) => `session.${base64url(await crypto.digest('SHA-256', utf8(id)))}`

  return {
    /** Makes a new session for a member; whatever session this browser had for the organization is ended. */
    async create(
      request: FastifyRequest,
      reply: FastifyReply,
      login: AuthenticatedLogin,
      connection: Connection,
    ): Promise<Session> {
      const { identity, access, organization_id, authenticated_at, id_token } = login
      const lifetime = connection.policy.session_lifetime
      const session: Session = {
        organization_id,
        connection_id: identity.connection_id,
        issuer: identity.issuer,
        subject: identity.subject,
        email: access.email,
        email_verified: access.email_verified,
        role: access.role,
        claims: Object.fromEntries(Object.entries(login.claims).filter(([name]) => !tokenClaims.has(name))),
        authenticated_at,
        expires_at: authenticated_at + lifetime,
        id_token,
      }
      const before = readCookie(request, nameFor(organization_id))
      if (before !== undefined) await store.delete('sessions', await keyOf(before))
      const id = base64url(random(32))
      await store.putIfAbsent('sessions', await keyOf(id), session as unknown as Json, session.expires_at)
      setCookie(reply, nameFor(organization_id), id, { secure, max_age: lifetime })
      return session
    },

    /** The session of this browser, as long as the very connection that vouched for it serves members. */
    async current(request: FastifyRequest, connection: Connection): Promise<Session | undefined> {
      const id = readCookie(request, nameFor(connection.organization_id))
      if (id === undefined || !/^[A-Za-z0-9_-]{43}$/.test(id)) return undefined
      const session = (await store.get('sessions', await keyOf(id)))?.value as Session | undefined
      if (session === undefined || connection.live === null) return undefined
      const same = session.organization_id === connection.organization_id && session.connection_id === connection.connection_id
      return same && now() < session.expires_at ? session : undefined
    },

    /** Ends the session of this browser. */
    async end(request: FastifyRequest, reply: FastifyReply, organization_id: string): Promise<void> {
      const name = nameFor(organization_id)
      const id = readCookie(request, name)
      if (id !== undefined) await store.delete('sessions', await keyOf(id))
      setCookie(reply, name, '', { secure, max_age: 0 })
    },
  }
}
