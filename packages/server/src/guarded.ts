/**
 * How every route of the admin API and of the settings page begins: nobody gets further who may not administer this very
 * organization.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Administration, AuthorizedAdmin } from './admin.ts'
import { addressesOf, isOrganizationId, type Context } from './context.ts'
import { isCrossSite } from './cross-site.ts'
import { sendFailure, sendPage, sendProblem } from './problems.ts'
import { renderAdminSignInPage } from './views/admin-sign-in-page.ts'
import { typedValues } from './views/form.ts'

export type ApiRequest = FastifyRequest<{ Params: { id: string; attempt_id?: string } }>

export type Handler = (
  request: ApiRequest,
  reply: FastifyReply,
  admin: AuthorizedAdmin,
) => Promise<FastifyReply> | FastifyReply

/** Wraps a handler: it runs for administrators only, and for changes only when they were made on purpose. */
export function guardedBy(administration: Administration) {
  return (handle: Handler) =>
    async (request: ApiRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const { id } = request.params
      const admin = await administration.authorize(request, id ?? null)
      if (admin === null) {
        const { sign_in_url } = administration
        const context = sign_in_url === null ? {} : { sign_in_url }
        return sendProblem(reply.header('www-authenticate', 'Bearer'), 'admin_required', context)
      }
      const changes = request.method !== 'GET' && request.method !== 'HEAD'
      const token = request.headers['x-csrf-token']
      if (changes && !administration.isDeliberate(request, admin, typeof token === 'string' ? token : null)) {
        return sendProblem(reply, 'csrf_refused')
      }
      if (id !== undefined && !isOrganizationId(id)) return sendProblem(reply, 'organization_not_found')
      return handle(request, reply, admin)
    }
}

export type PageRequest = FastifyRequest<{ Params: { id: string; attempt_id?: string; check_id?: string } }>

export type PageHandler = (
  request: PageRequest,
  reply: FastifyReply,
  admin: AuthorizedAdmin,
) => Promise<FastifyReply> | FastifyReply

/** Wraps the handler of a page: whoever is not signed in is led to where that is done, and back to what was looked for. */
export function pagesGuardedBy(context: Context, administration: Administration) {
  return (handle: PageHandler) =>
    async (request: PageRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const { id } = request.params
      if (!isOrganizationId(id)) return sendFailure(request, reply, { code: 'organization_id_malformed' })
      const admin = await administration.authorize(request, id)
      const { sign_in_url } = administration
      if (admin === null && sign_in_url === null) return sendFailure(request, reply, { code: 'admin_required' })
      if (admin === null) {
        const isForm = request.method === 'POST'
        const next = isForm ? new URL(addressesOf(context, id).settings_url).pathname : request.url
        const typed = isForm && !isCrossSite(request, context.base_url) ? typedValues(formOf(request)) : {}
        if (Object.keys(typed).length > 0)
          return sendPage(reply, renderAdminSignInPage({ next, error: null, typed }), 401)
        return reply.redirect(`${sign_in_url}?next=${encodeURIComponent(next)}`, 303)
      }
      if (request.method === 'POST' && !administration.isDeliberate(request, admin, formOf(request).csrf_token ?? null))
        return sendFailure(request, reply, { code: 'csrf_refused' })
      return handle(request, reply, admin)
    }
}

/** The form that the request sends; of a field that stands in it twice the last one. */
export function formOf({ body }: FastifyRequest): Record<string, string> {
  return body instanceof URLSearchParams ? Object.fromEntries(body) : {}
}

/** What every page shows of its administrator. */
export function shownOf({ name, csrf_token }: AuthorizedAdmin) {
  return { admin: name, csrf_token: csrf_token ?? '' }
}

/** The object that the request sends, or undefined when it sends something else. */
export function jsonBody({ body }: FastifyRequest): Record<string, unknown> | undefined {
  const isObject =
    typeof body === 'object' && body !== null && !Array.isArray(body) && !(body instanceof URLSearchParams)
  return isObject ? (body as Record<string, unknown>) : undefined
}

/** Members of OpenAPI documents that all routes of the API share. */
export const apiDocument = {
  tags: ['Administration'],
  security: [{ admin_token: [] }],
  params: {
    type: 'object',
    properties: { id: { type: 'string', description: 'organization' } },
  },
} as const
