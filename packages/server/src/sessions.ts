/**
 * Sessions of members: opaque ids in a cookie, everything else on the server, one per organization and browser.
 *
 * Rule: a session is made of an {@link AuthenticatedLogin} and of nothing else; a test login has another type.
 */
import {
  base64url,
  boundedClaims,
  enablementOf,
  isEnded,
  logoutMarks,
  marksAgainst,
  type AuthenticatedLogin,
  type Claims,
  type Connection,
  type Json,
  open,
  seal,
  type LoggedOut,
  type LogoutMark,
  type LogoutToken,
  type ProviderMetadata,
  type Refreshed,
} from '@relying-party/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { claim, release } from './claim.ts'
import type { Context } from './context.ts'
import { cookieName, readCookie, setCookie } from './cookies.ts'
import { digestOf } from './digest.ts'

export interface Session {
  readonly organization_id: string
  readonly connection_id: string
  /** Which time it was that the connection served members; absent: an earlier release did not say. */
  readonly enablement?: number
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
  /** When the login was started, by our clock; absent: an earlier release did not say. */
  readonly started_at?: number
  /** Of the login: a renewed ID Token that has one must have the same. */
  readonly nonce: string
  /** Sealed; for the provider's logout, which wants to see who it is about. null where the provider has none. */
  readonly id_token: string | null
  /** Sealed; null without `offline_access`. */
  readonly refresh_token: string | null
}

export type Sessions = ReturnType<typeof createSessions>

/** Claims about the token rather than the person. */
const tokenClaims = new Set(['iss', 'sub', 'aud', 'azp', 'exp', 'iat', 'nbf', 'nonce', 'jti', 'at_hash', 'c_hash'])

/** The claims that speak of the person, as many as a session may have. */
function personal(claims: Claims): Claims {
  return boundedClaims(Object.fromEntries(Object.entries(claims).filter(([name]) => !tokenClaims.has(name))))
}

/** What a policy may give a session at most. */
const longestLifetime = 31_536_000

export function createSessions(context: Context) {
  const { session_store: store, ring, now, random, crypto, secure } = context
  const nameFor = (organization_id: string) => cookieName(`rp_session_${organization_id}`, secure)

  /** The store never sees what the cookie holds: a dump of it opens no session. */
  const keyOf = (id: string) => `session.${digestOf(id)}`

  const tombstoneKey = (connection_id: string, mark: LogoutMark) =>
    `ended.${digestOf(JSON.stringify([connection_id, ...mark]))}`

  /** Kept for as long as any session may live; an older logout never replaces a newer one. */
  async function bury(connection_id: string, mark: LogoutMark, logout: LoggedOut): Promise<void> {
    const key = tombstoneKey(connection_id, mark)
    const { iat, received_at } = logout
    for (;;) {
      const found = await store.get('sessions', key)
      const before = found && loggedOutIn(found.value)
      if (before && (before.iat > iat || (before.iat === iat && before.received_at >= received_at))) return
      const expires_at = now() + longestLifetime
      const written = await store.compareAndSet('sessions', key, found?.version ?? null, { ...logout }, expires_at)
      if (written !== undefined) return
    }
  }

  /** An earlier release did not say when it came: no login within that second is another one then. */
  const loggedOutIn = (value: Json): LoggedOut => ({ received_at: Infinity, ...(value as { iat: number }) })

  async function wasEnded(session: Session): Promise<boolean> {
    const keys = marksAgainst(session).map((mark) => tombstoneKey(session.connection_id, mark))
    const found = await Promise.all(keys.map((key) => store.get('sessions', key)))
    return found.some(
      (tombstone) => tombstone && isEnded({ started_at: -Infinity, ...session }, loggedOutIn(tombstone.value)),
    )
  }

  type Person = Pick<Session, 'connection_id' | 'subject'>
  type SealedToken = 'id_token' | 'refresh_token'
  const tokenContext = (name: SealedToken, { connection_id, subject }: Person) => `${name}|${connection_id}|${subject}`

  /** Tokens lie sealed, bound to the person that they are about. */
  const sealToken = (name: SealedToken, person: Person, token: string) =>
    seal(ring, tokenContext(name, person), token, random(12), crypto)

  async function openToken(name: SealedToken, session: Session): Promise<string | undefined> {
    const sealed = session[name]
    if (sealed === null) return undefined
    const opened = await open<string>(ring, tokenContext(name, session), sealed, crypto)
    return 'value' in opened ? opened.value : undefined
  }

  /** Writes the session down as it is now, unless it was deleted meanwhile; one that a Logout Token ended stays ended. */
  async function rewrite(request: FastifyRequest, session: Session): Promise<Session> {
    const key = keyOf(readCookie(request, nameFor(session.organization_id))!)
    const stored = await store.get('sessions', key)
    if (stored !== undefined) {
      await store.compareAndSet('sessions', key, stored.version, session as unknown as Json, session.expires_at)
    }
    return session
  }

  return {
    /**
     * The session that this login is worth; it begins with {@link begin}. A token that nobody will ask for is not kept.
     * @param started_at when the person was sent to the provider
     * @param provider what is known of who authenticated
     */
    async make(
      login: AuthenticatedLogin,
      connection: Connection,
      started_at: number,
      provider: ProviderMetadata | undefined,
    ): Promise<Session> {
      const { identity, access, organization_id, authenticated_at, id_token } = login
      const lifetime = connection.policy.session_lifetime
      const person = { connection_id: identity.connection_id, subject: identity.subject }
      return {
        organization_id,
        connection_id: identity.connection_id,
        enablement: enablementOf(connection),
        issuer: identity.issuer,
        subject: identity.subject,
        email: access.email,
        email_verified: access.email_verified,
        role: access.role,
        claims: personal(login.claims),
        authenticated_at,
        expires_at: authenticated_at + lifetime,
        sid: typeof login.claims.sid === 'string' ? login.claims.sid : null,
        issued_at: login.claims.iat as number,
        started_at,
        nonce: login.claims.nonce as string,
        id_token: provider?.end_session_endpoint === undefined ? null : await sealToken('id_token', person, id_token),
        refresh_token:
          login.refresh_token === undefined ? null : await sealToken('refresh_token', person, login.refresh_token),
      }
    },

    /** Begins a session; whatever session this browser had for the organization is ended. */
    async begin(request: FastifyRequest, reply: FastifyReply, session: Session): Promise<void> {
      const { organization_id, expires_at } = session
      const before = readCookie(request, nameFor(organization_id))
      if (before !== undefined) await store.delete('sessions', keyOf(before))
      const id = base64url(random(32))
      await store.putIfAbsent('sessions', keyOf(id), session as unknown as Json, expires_at)
      setCookie(reply, nameFor(organization_id), id, { secure, max_age: expires_at - now() })
    },

    /** The ID Token of the session, for the provider that issued it, where it was kept. */
    idToken: (session: Session): Promise<string | undefined> => openToken('id_token', session),

    /** Its refresh token, where there is one. */
    refreshToken: (session: Session): Promise<string | undefined> => openToken('refresh_token', session),

    /**
     * The right to refresh the session as it is now, for one of all that try at once, on whatever instance; null for the
     * others. Released when it came to nothing: the next one need not wait.
     */
    async claimRefresh(session: Session): Promise<(() => Promise<void>) | null> {
      const name = `refresh ${session.refresh_token}`
      return (await claim(context, name, now() + 60)) ? () => release(context, name) : null
    },

    /** Writes down what a refresh brought; the session lives on under the same id, and not a second longer. */
    async renew(
      request: FastifyRequest,
      session: Session,
      { id_token, refresh_token, claims, access }: Refreshed,
    ): Promise<Session> {
      return rewrite(request, {
        ...session,
        email: access.email,
        email_verified: access.email_verified,
        role: access.role,
        ...(id_token !== undefined &&
          session.id_token !== null && { id_token: await sealToken('id_token', session, id_token) }),
        ...(refresh_token !== undefined && { refresh_token: await sealToken('refresh_token', session, refresh_token) }),
        claims: personal(claims),
        // When it was begun stays: a Logout Token that came meanwhile ends it all the same.
      })
    },

    /** Writes down the refresh token that was issued in a refresh which otherwise brought nothing. */
    async keep(request: FastifyRequest, session: Session, refresh_token: string): Promise<void> {
      await rewrite(request, { ...session, refresh_token: await sealToken('refresh_token', session, refresh_token) })
    },

    /** The session of this browser, as long as the very connection that vouched for it serves members. */
    async current(request: FastifyRequest, connection: Connection): Promise<Session | undefined> {
      const id = readCookie(request, nameFor(connection.organization_id))
      if (id === undefined || !/^[A-Za-z0-9_-]{43}$/.test(id)) return undefined
      const session = (await store.get('sessions', keyOf(id)))?.value as Session | undefined
      if (session === undefined || connection.live === null) return undefined
      const same =
        session.organization_id === connection.organization_id && session.connection_id === connection.connection_id
      // Disabling ends what was there, and what was about to be written: enabling again brings neither back.
      const sameEnablement = (session.enablement ?? 0) === enablementOf(connection)
      // Who was vouched for by another provider is nobody here any more.
      const sameIssuer = session.issuer === connection.live.settings.issuer
      return same && sameEnablement && sameIssuer && now() < session.expires_at && !(await wasEnded(session))
        ? session
        : undefined
    },

    /**
     * Ends the sessions that a verified logout token names: each of its marks is written down, and every session is
     * held against them when it is used.
     */
    async endByLogoutToken({ connection_id }: Connection, token: LogoutToken): Promise<void> {
      const logout = { iat: token.iat, received_at: now() }
      for (const mark of logoutMarks(token)) await bury(connection_id, mark, logout)
    },

    /** Ends the session of this browser. */
    async end(request: FastifyRequest, reply: FastifyReply, organization_id: string): Promise<void> {
      const name = nameFor(organization_id)
      const id = readCookie(request, name)
      if (id !== undefined) await store.delete('sessions', keyOf(id))
      setCookie(reply, name, '', { secure, max_age: 0 })
    },
  }
}
