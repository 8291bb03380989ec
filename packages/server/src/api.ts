/** The admin API: JSON in, JSON out, problem details for refusals. A client secret goes in and never comes out. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientAuthenticationMethods, statusOfConnection } from '@relying-party/core'
import type { Administration, AuthorizedAdmin } from './admin.ts'
import { attemptView, isAttemptId, type Attempt } from './attempts.ts'
import type { Commands, Order, Outcome } from './commands.ts'
import { isOrganizationId } from './context.ts'
import { isoTime } from './members.ts'
import { sendProblem } from './problems.ts'
import { representConnection } from './representation.ts'
import type { SignInParts } from './sign-in.ts'

type ApiRequest = FastifyRequest<{ Params: { id: string; attempt_id?: string } }>
type Handler = (
  request: ApiRequest,
  reply: FastifyReply,
  admin: AuthorizedAdmin,
) => Promise<FastifyReply> | FastifyReply

export function registerApi(
  app: FastifyInstance,
  parts: SignInParts,
  administration: Administration,
  commands: Commands,
): void {
  const { context, connections, attempts } = parts

  /** Every route of the API goes through here: nobody gets further who may not administer this very organization. */
  const guarded =
    (handle: Handler) =>
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

  app.get(
    '/api/organizations',
    { schema: schemas.list },
    guarded(async (request, reply) => {
      const { after } = request.query as Record<string, unknown>
      const valid = after === undefined || (typeof after === 'string' && isOrganizationId(after))
      if (!valid)
        return sendProblem(reply, 'request_malformed', {
          faults: [{ member: 'after', fault: 'must be an organization_id' }],
        })
      const found = await connections.list(100, after as string | undefined)
      const organizations = found.map((connection) => ({
        organization_id: connection.organization_id,
        status: statusOfConnection(connection),
      }))
      return reply.send({ organizations })
    }),
  )

  app.get(
    '/api/organizations/:id/oidc',
    { schema: schemas.read },
    guarded(async ({ params: { id } }, reply) => {
      const found = await connections.load(id)
      if (found === undefined) return sendProblem(reply, 'organization_not_found')
      return reply.header('etag', `"${found.version}"`).send(representConnection(context, found))
    }),
  )

  app.put(
    '/api/organizations/:id/oidc',
    { schema: schemas.save },
    guarded(async (request, reply, admin) => {
      const input = jsonBody(request)
      if (input === undefined) return sendProblem(reply, 'request_malformed')
      return answer(reply, await commands.save(request.params.id, input, orderOf(request, admin)))
    }),
  )

  app.delete(
    '/api/organizations/:id/oidc',
    { schema: schemas.remove },
    guarded(async (request, reply, admin) => {
      const { id } = request.params
      const { by, if_version } = orderOf(request, admin)
      if (await connections.remove(id, by, if_version ?? undefined)) return reply.code(204).send()
      return sendProblem(
        reply,
        (await connections.load(id)) === undefined ? 'organization_not_found' : 'version_conflict',
      )
    }),
  )

  app.post(
    '/api/organizations/:id/oidc/test',
    { schema: schemas.test },
    guarded(async (request, reply, admin) => {
      const begun = await commands.beginTest(request.params.id, orderOf(request, admin))
      return 'test_url' in begun ? reply.send({ test_url: begun.test_url }) : answer(reply, begun)
    }),
  )

  app.post(
    '/api/organizations/:id/oidc/enable',
    { schema: schemas.enable },
    guarded(async (request, reply, admin) => {
      const fingerprint = jsonBody(request)?.fingerprint
      if (typeof fingerprint !== 'string')
        return sendProblem(reply, 'request_malformed', {
          faults: [{ member: 'fingerprint', fault: 'must be the fingerprint of the tested revision' }],
        })
      return answer(reply, await commands.enable(request.params.id, fingerprint, orderOf(request, admin)))
    }),
  )

  app.post(
    '/api/organizations/:id/oidc/disable',
    { schema: schemas.disable },
    guarded(async (request, reply, admin) =>
      answer(reply, await commands.disable(request.params.id, orderOf(request, admin))),
    ),
  )

  app.post(
    '/api/organizations/:id/oidc/discard',
    { schema: schemas.discard },
    guarded(async (request, reply, admin) =>
      answer(reply, await commands.discard(request.params.id, orderOf(request, admin))),
    ),
  )

  app.put(
    '/api/organizations/:id/oidc/policy',
    { schema: schemas.policy },
    guarded(async (request, reply, admin) => {
      const input = jsonBody(request)
      if (input === undefined) return sendProblem(reply, 'request_malformed')
      return answer(reply, await commands.setPolicy(request.params.id, input, orderOf(request, admin)))
    }),
  )

  app.put(
    '/api/organizations/:id/oidc/staged-secret',
    { schema: schemas.stageSecret },
    guarded(async (request, reply, admin) => {
      const secret = jsonBody(request)?.client_secret
      if (typeof secret !== 'string' || secret === '')
        return sendProblem(reply, 'request_malformed', {
          faults: [{ member: 'client_secret', fault: 'must be the second client secret' }],
        })
      return answer(reply, await commands.stageSecret(request.params.id, secret, orderOf(request, admin)))
    }),
  )

  app.delete(
    '/api/organizations/:id/oidc/staged-secret',
    { schema: schemas.unstageSecret },
    guarded(async (request, reply, admin) =>
      answer(reply, await commands.stageSecret(request.params.id, null, orderOf(request, admin))),
    ),
  )

  app.get(
    '/api/organizations/:id/attempts',
    { schema: schemas.attempts },
    guarded(async (request, reply) => {
      const { outcome, before, limit } = request.query as Record<string, unknown>
      const only = outcome === 'failed' || outcome === 'succeeded' ? outcome : undefined
      const count = Math.min(Math.max(Number(limit) || 50, 1), 200)
      const valid = before === undefined || (typeof before === 'string' && isAttemptId(before))
      if (!valid)
        return sendProblem(reply, 'request_malformed', {
          faults: [{ member: 'before', fault: 'must be an attempt_id' }],
        })
      const { id } = request.params
      const connection = (await connections.load(id))?.connection
      if (connection === undefined) return sendProblem(reply, 'organization_not_found')
      const found = await attempts.list(connection, count, only, before as string | undefined)
      return reply.send({ attempts: found.map(representAttempt) })
    }),
  )

  app.get(
    '/api/organizations/:id/attempts/:attempt_id',
    { schema: schemas.attempt },
    guarded(async (request, reply) => {
      const { id, attempt_id = '' } = request.params
      const connection = (await connections.load(id))?.connection
      const attempt = connection && (await attempts.get(connection, attempt_id))
      return attempt === undefined ? sendProblem(reply, 'attempt_not_found') : reply.send(representAttempt(attempt))
    }),
  )

  function answer(reply: FastifyReply, outcome: Outcome): FastifyReply {
    if ('conflict' in outcome) return sendProblem(reply, 'version_conflict')
    if ('failure' in outcome)
      return sendProblem(reply, outcome.failure, outcome.faults.length > 0 ? { faults: outcome.faults } : {})
    const { notices } = outcome
    return reply
      .header('etag', `"${outcome.version}"`)
      .send({ ...representConnection(context, outcome), ...(notices.length > 0 && { notices }) })
  }
}

function orderOf({ headers }: FastifyRequest, { name }: AuthorizedAdmin): Order {
  const match = headers['if-match']
  const version = match === undefined || match === '*' ? undefined : match.replace(/^(?:W\/)?"(.*)"$/, '$1')
  return { by: name, if_version: version }
}

function jsonBody({ body }: FastifyRequest): Record<string, unknown> | undefined {
  const isObject =
    typeof body === 'object' && body !== null && !Array.isArray(body) && !(body instanceof URLSearchParams)
  return isObject ? (body as Record<string, unknown>) : undefined
}

/** An attempt as JSON: flat for programs that look for `code`, `blame` and `remedy`. */
function representAttempt(attempt: Attempt) {
  const { attempt_id, organization_id, purpose, outcome, at, revision, failure, subject, claims, access, refusal } =
    attemptView(attempt) as Attempt & ReturnType<typeof attemptView>
  return {
    attempt_id,
    organization_id,
    purpose,
    outcome,
    at: isoTime(at),
    ...(revision !== null && { revision }),
    ...(failure !== null && {
      code: failure.code,
      blame: failure.blame,
      message: failure.message,
      remedy: failure.remedy,
      ...(failure.spec !== null && { spec: failure.spec }),
      facts: failure.detail,
    }),
    ...(subject !== null && { subject }),
    ...(claims !== null && { claims }),
    ...(access !== null && { access }),
    ...(refusal !== null && {
      refusal: { code: refusal.code, blame: refusal.blame, message: refusal.message, remedy: refusal.remedy },
    }),
  }
}

const text = { type: 'string' } as const
const tags = ['Administration']
const security = [{ admin_token: [] }]
const params = { type: 'object', properties: { id: { ...text, description: 'organization' } } } as const
const settings = {
  type: 'object',
  required: ['issuer', 'client_id'],
  properties: {
    issuer: { ...text, description: 'Issuer Identifier; the .well-known URL is understood too' },
    client_id: text,
    client_secret: {
      ...text,
      writeOnly: true,
      description: 'left out: the stored one is kept, unless issuer or client authentication change',
    },
    token_endpoint_auth_method: {
      ...text,
      nullable: true,
      enum: clientAuthenticationMethods,
    },
    scope: text,
    response_mode: { ...text, enum: ['query', 'form_post'] },
    userinfo: { ...text, enum: ['when_needed', 'always', 'never'] },
    id_token_signed_response_alg: { ...text, nullable: true },
    max_age: { type: 'integer', nullable: true },
    acr_values: { ...text, nullable: true },
    authorization_parameters: { type: 'object', nullable: true, additionalProperties: text },
    policy: { type: 'object', description: 'members as in PUT …/oidc/policy' },
  },
} as const
const policy = {
  type: 'object',
  properties: {
    session_lifetime: { type: 'integer', description: 'seconds' },
    enforcement: { ...text, enum: ['enforced', 'optional'] },
    allowed_email_domains: { type: 'array', items: text },
    roles: { type: 'array', items: text, description: 'least privileged first' },
    role_mapping: {
      type: 'object',
      nullable: true,
      properties: {
        claim: text,
        rules: { type: 'array', items: { type: 'object', properties: { value: text, role: text } } },
      },
    },
    default_role: { ...text, nullable: true },
  },
} as const
const route = (summary: string, more: object = {}) => ({ tags, security, summary, params, ...more })
const schemas = {
  list: { tags, security, summary: 'Organizations and the status of their SSO.' },
  read: route('The connection of an organization, without secrets.'),
  save: route('Saves the candidate; creates the organization. If-Match guards against lost updates.', {
    body: settings,
  }),
  remove: route('Forgets the SSO of the organization.'),
  test: route('A one-time link that, opened in a browser, runs the test login.'),
  enable: route('Lets members use the revision with this fingerprint; 409 unless exactly it passed its test.', {
    body: { type: 'object', required: ['fingerprint'], properties: { fingerprint: text } },
  }),
  disable: route('Stops SSO for members.'),
  discard: route('Drops the pending change.'),
  policy: route('Sets the policy; members that are left out stay.', { body: policy }),
  stageSecret: route('Stages a second client secret, used as soon as the provider refuses the first.', {
    body: { type: 'object', required: ['client_secret'], properties: { client_secret: { ...text, writeOnly: true } } },
  }),
  unstageSecret: route('Takes the staged client secret back.'),
  attempts: route('Logins and tests, newest first.', {
    querystring: {
      type: 'object',
      properties: { outcome: { ...text, enum: ['failed', 'succeeded'] }, before: text, limit: { type: 'integer' } },
    },
  }),
  attempt: route('One login or test.', {
    params: { type: 'object', properties: { id: text, attempt_id: text } },
  }),
} as const
