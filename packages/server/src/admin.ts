/**
 * Who may administer: the admin token as a bearer token, or an admin session of the sign-in page with a CSRF token on
 * everything that changes something. Everything else is refused.
 */
import { base64url, utf8, type Json } from '@relying-party/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { timingSafeEqual } from 'node:crypto'
import type { Connections } from './connections.ts'
import { isOrganizationId, type Admin, type Context, type RelyingPartyOptions } from './context.ts'
import { cookieName, readCookie, setCookie } from './cookies.ts'
import { digestOf } from './digest.ts'
import { isCrossSite } from './cross-site.ts'
import { sendFailure, sendPage } from './problems.ts'
import { renderAdminSignInPage, renderResumePage } from './views/admin-sign-in-page.ts'
import { typedValues } from './views/form.ts'
import type { FormValues } from './views/model.ts'
import { renderOrganizationsPage } from './views/organizations-page.ts'

const sessionLifetime = 12 * 3600
const shownOrganizations = 100

interface AdminSession {
  readonly name: string
  readonly csrf_token: string
  readonly expires_at: number
  /** Of the admin token that opened it: another token ends the session. */
  readonly token_digest: string
}

/** An administrator; `csrf_token` when the browser's admin session vouches, null for a bearer token or an embedding product. */
export interface AuthorizedAdmin extends Admin {
  readonly csrf_token: string | null
}

export type Administration = ReturnType<typeof createAdministration>

export function createAdministration(context: Context, options: RelyingPartyOptions) {
  const { session_store: store, now, random, secure } = context
  const cookie = cookieName('rp_admin', secure)
  const keyOf = (id: string) => `admin.${digestOf(id)}`

  /** Who this request is, or null. */
  async function authorize(request: FastifyRequest, organization_id: string | null): Promise<AuthorizedAdmin | null> {
    if (options.authorizeAdmin !== undefined) {
      const admin = await options.authorizeAdmin(request, organization_id)
      return admin === null ? null : { ...admin, csrf_token: null }
    }
    const bearer = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined) return isAdminToken(bearer) ? { name: 'api', csrf_token: null } : null
    return sessionOf(request)
  }

  async function sessionOf(request: FastifyRequest): Promise<AuthorizedAdmin | null> {
    const id = readCookie(request, cookie)
    if (id === undefined || !/^[A-Za-z0-9_-]{43}$/.test(id)) return null
    const session = (await store.get('sessions', keyOf(id)))?.value as AdminSession | undefined
    if (session === undefined || now() >= session.expires_at) return null
    if (session.token_digest !== tokenDigest()) return null
    return { name: session.name, csrf_token: session.csrf_token }
  }

  const tokenDigest = () => digestOf(`admin ${options.admin_token}`)

  function isAdminToken(text: string): boolean {
    return options.admin_token !== undefined && sameText(text, options.admin_token)
  }

  return {
    authorize,
    /** Whose is every organization, also what one was before it was deleted and made anew. */
    isOperator: async (request: FastifyRequest): Promise<boolean> => (await authorize(request, null)) !== null,
    /** Whether a request that changes something was made on purpose, from our own page. */
    isDeliberate(request: FastifyRequest, admin: AuthorizedAdmin, token: string | null): boolean {
      if (isCrossSite(request, context.base_url)) return false
      return admin.csrf_token === null || (token !== null && sameText(token, admin.csrf_token))
    },
    /** A new admin session for this browser. */
    async signIn(reply: FastifyReply): Promise<AuthorizedAdmin> {
      const id = base64url(random(32))
      const session = {
        name: 'admin',
        csrf_token: base64url(random(32)),
        expires_at: now() + sessionLifetime,
        token_digest: tokenDigest(),
      }
      await store.putIfAbsent('sessions', keyOf(id), session satisfies Json, session.expires_at)
      setCookie(reply, cookie, id, { secure, max_age: sessionLifetime })
      return session
    },
    async signOut(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const id = readCookie(request, cookie)
      if (id !== undefined) await store.delete('sessions', keyOf(id))
      setCookie(reply, cookie, '', { secure, max_age: 0 })
    },
    isAdminToken,
    /** The sign-in page to send somebody to; null where the product has its own. */
    sign_in_url: options.authorizeAdmin === undefined ? `${context.base_url}/admin/sign-in` : null,
  }
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [utf8(a), utf8(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** The sign-in page of the runnable server and the list that it leads to; a product that brings `authorizeAdmin` has its own. */
export function registerAdminSignIn(
  app: FastifyInstance,
  context: Context,
  connections: Connections,
  administration: Administration,
): void {
  app.get('/admin', { schema: { hide: true } }, async (request, reply) => {
    const admin = await administration.authorize(request, null)
    if (admin === null) return reply.redirect(`${context.base_url}/admin/sign-in`, 303)
    const { after } = request.query as Record<string, unknown>
    const from = typeof after === 'string' && isOrganizationId(after) ? after : undefined
    const who = { admin: admin.name, csrf_token: admin.csrf_token ?? '' }
    return sendPage(reply, renderOrganizationsPage({ ...(await connections.list(shownOrganizations, from)), ...who }))
  })

  app.get('/admin/sign-in', { schema: { hide: true } }, (request, reply) => {
    const next = localPath((request.query as Record<string, unknown>).next)
    return sendPage(reply, renderAdminSignInPage({ next, error: null, typed: null }))
  })

  app.post('/admin/sign-in', { schema: { hide: true } }, async (request, reply) => {
    if (isCrossSite(request, context.base_url)) return sendFailure(request, reply, { code: 'csrf_refused' })
    const fields = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
    const next = localPath(fields.get('next'))
    const typed = typedBefore(fields.get('typed'))
    if (!administration.isAdminToken((fields.get('admin_token') ?? '').trim())) {
      context.log.warn({}, 'somebody tried to sign in as administrator with a wrong token')
      const error = 'This is not the admin token of this server.'
      return sendPage(reply, renderAdminSignInPage({ next, error, typed }), 401)
    }
    const { csrf_token } = await administration.signIn(reply)
    if (typed !== null && next.endsWith('/settings/sso'))
      return sendPage(reply, renderResumePage({ next, typed, csrf_token: csrf_token! }))
    return reply.redirect(context.base_url + next, 303)
  })

  app.post('/admin/sign-out', { schema: { hide: true } }, async (request, reply) => {
    if (isCrossSite(request, context.base_url)) return sendFailure(request, reply, { code: 'csrf_refused' })
    await administration.signOut(request, reply)
    return reply.redirect(`${context.base_url}/admin/sign-in`, 303)
  })
}

/** What was typed before signing in again; null where it is no list of texts, or nothing. */
function typedBefore(text: string | null): FormValues | null {
  try {
    const typed = typedValues(JSON.parse(text ?? '{}') as FormValues)
    return Object.keys(typed).length === 0 ? null : typed
  } catch {
    return null
  }
}

/** Only pages of organizations are worth coming back to; whoever comes from nowhere chooses one. */
function localPath(next: unknown): string {
  const isPage = /^\/organizations\/[A-Za-z0-9_-]+\/settings\/sso(\/[A-Za-z0-9_/-]*)?(\?[A-Za-z0-9_=&-]*)?$/
  return typeof next === 'string' && isPage.test(next) ? next : '/admin'
}
