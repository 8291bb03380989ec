/** How every route of the admin API begins: nobody gets further who may not administer this very organization. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Administration, AuthorizedAdmin } from './admin.ts'
import { isOrganizationId } from './context.ts'
import { sendProblem } from './problems.ts'

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
      if (admin === null) return sendProblem(reply.header('www-authenticate', 'Bearer'), 'admin_required')
      const changes = request.method !== 'GET' && request.method !== 'HEAD'
      const token = request.headers['x-csrf-token']
      if (changes && !administration.isDeliberate(request, admin, typeof token === 'string' ? token : null)) {
        return sendProblem(reply, 'csrf_refused')
      }
      if (id !== undefined && !isOrganizationId(id)) return sendProblem(reply, 'organization_not_found')
      return handle(request, reply, admin)
    }
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
