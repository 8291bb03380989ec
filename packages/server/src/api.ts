/** The admin API: JSON in, JSON out, problem details for refusals. A client secret goes in and never comes out. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientAuthenticationMethods } from '@relying-party/core'
import type { Administration, AuthorizedAdmin } from './admin.ts'
import type { Commands, Order, Outcome } from './commands.ts'
import type { IfVersion } from './connections.ts'
import { isOrganizationId } from './context.ts'
import { apiDocument, guardedBy, jsonBody } from './guarded.ts'
import { sendProblem } from './problems.ts'
import { representConnection } from './representation.ts'
import type { SignInParts } from './sign-in.ts'

export function registerApi(
  app: FastifyInstance,
  parts: SignInParts,
  administration: Administration,
  commands: Commands,
): void {
  const { connections } = parts

  const guarded = guardedBy(administration)

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
      return reply.send(await connections.list(100, after as string | undefined))
    }),
  )

  app.get(
    '/api/organizations/:id/oidc',
    { schema: schemas.read },
    guarded(async ({ params: { id } }, reply) => {
      const found = await connections.load(id)
      if (found === undefined) return sendProblem(reply, 'organization_not_found')
      return reply.header('etag', `"${found.version}"`).send(await representConnection(parts, found))
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
      if (await connections.remove(id, by, if_version)) return reply.code(204).send()
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

  async function answer(reply: FastifyReply, outcome: Outcome): Promise<FastifyReply> {
    if ('conflict' in outcome) return sendProblem(reply, 'version_conflict')
    if ('failure' in outcome)
      return sendProblem(reply, outcome.failure, outcome.faults.length > 0 ? { faults: outcome.faults } : {})
    const { notices } = outcome
    return reply
      .header('etag', `"${outcome.version}"`)
      .send({ ...(await representConnection(parts, outcome)), ...(notices.length > 0 && { notices }) })
  }
}

function orderOf({ headers }: FastifyRequest, { name }: AuthorizedAdmin): Order {
  return { by: name, if_version: versionsIn(headers['if-match']) }
}

/**
 * Entity tags that a proxy has weakened (`W/`) count too: a version is never used again.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1 | RFC 9110, section 13.1.1}
 */
function versionsIn(if_match: string | undefined): IfVersion {
  if (if_match === undefined || if_match === '*') return if_match
  // Without the quotes it is the `version` that answers have as a member.
  return [...if_match.matchAll(/"([^"]*)"|([^\s",/]+)(?=\s*(?:,|$))/g)].map(([, tag, bare]) => tag ?? bare!)
}

const text = { type: 'string' } as const
const { tags, security, params } = apiDocument
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
  list: {
    tags,
    security,
    summary: 'Organizations and the status of their SSO, in the order of their ids, a hundred at a time.',
    querystring: { type: 'object', properties: { after: { ...text, description: '“more_after” of the page before' } } },
    response: {
      200: {
        description: 'Organizations.',
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: {
                organizations: {
                  type: 'array',
                  items: {
                    type: 'object',
                    properties: { organization_id: text, status: { ...text, enum: ['draft', 'tested', 'enabled'] } },
                  },
                },
                more_after: {
                  ...text,
                  nullable: true,
                  description: 'the “after” of the next page; null: there is none',
                },
              },
            },
          },
        },
      },
    },
  },
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
} as const
