/**
 * Sessions of members: opaque ids in a cookie, everything else on the server, one per organization and browser.
 *
 * Rule: a session is made of an {@link AuthenticatedLogin} and of nothing else; a test login has another type.
 */
import {
  base64url,
  utf8,
  type AuthenticatedLogin,
  type Claims,
  type Connection,
  type Json,
  type LogoutToken,
} from '@relying-party/core'
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
  /** The provider's session and when its ID Token was issued, by the provider's clock: what a logout token speaks of. */
  readonly sid: string | null
  readonly issued_at: number
  /** For the provider's logout: it wants to see who it is about. */
  readonly id_token: string
}

export type Sessions = ReturnType<typeof createSessions>

/** Claims about the token rather than the person. */
const tokenClaims = new Set(['iss', 'sub', 'aud', 'azp', 'exp', 'iat', 'nbf', 'nonce', 'jti', 'at_hash', 'c_hash'])

type Tombstone = 'sid' | 'sub' | 'sub_without_sid'

/** What a policy may give a session at most. */
const longestLifetime = 31_536_000

export function createSessions(context: Context) {
  const { session_store: store, now, random, crypto, secure } = context
  const nameFor = (organization_id: string) => cookieName(`rp_session_${organization_id}`, secure)

  /** The store never sees what the cookie holds: a dump of it opens no session. */
  const keyOf = async (id: string) => `session.${base64url(await crypto.digest('SHA-256', utf8(id)))}`

  async function tombstoneKey(connection_id: string, kind: Tombstone, name: string): Promise<string> {
    return `ended.${base64url(await crypto.digest('SHA-256', utf8(JSON.stringify([connection_id, kind, name]))))}`
  }

  /** Kept for as long as any session may live; an older logout never replaces a newer one. */
  async function bury(connection_id: string, kind: Tombstone, name: string, iat: number): Promise<void> {
    const key = await tombstoneKey(connection_id, kind, name)
    for (;;) {
      const found = await store.get('sessions', key)
      if (found !== undefined && (found.value as { iat: number }).iat >= iat) return
      if (
        (await store.compareAndSet('sessions', key, found?.version ?? null, { iat }, now() + longestLifetime)) !==
        undefined
      )
        return
    }
  }

  async function wasEnded({ connection_id, subject, sid, issued_at }: Session): Promise<boolean> {
    const own: readonly [Tombstone, string] = sid === null ? ['sub_without_sid', subject] : ['sid', sid]
    const names: readonly (readonly [Tombstone, string])[] = [['sub', subject], own]
    const found = await Promise.all(
      names.map(async ([kind, name]) => store.get('sessions', await tombstoneKey(connection_id, kind, name))),
    )
    return found.some((tombstone) => tombstone !== undefined && issued_at <= (tombstone.value as { iat: number }).iat)
  }

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
        sid: typeof login.claims.sid === 'string' ? login.claims.sid : null,
        issued_at: login.claims.iat as number,
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
      const same =
        session.organization_id === connection.organization_id && session.connection_id === connection.connection_id
      return same && now() < session.expires_at && !(await wasEnded(session)) ? session : undefined
    },

    /**
     * Ends the sessions that a verified logout token names. What is written is a tombstone that every session is held
     * against when it is used: it also ends a session whose login finishes only after the logout token came.
     * @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions | OpenID Connect Back-Channel Logout 1.0, section 2.7}
     */
    async endByLogoutToken({ connection_id }: Connection, { sub, sid, iat }: LogoutToken): Promise<void> {
      if (sid !== null) await bury(connection_id, 'sid', sid, iat)
      // With a `sid` the token is about one session of the person: only sessions that know no `sid` are meant by `sub`.
      if (sub !== null) await bury(connection_id, sid === null ? 'sub' : 'sub_without_sid', sub, iat)
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
