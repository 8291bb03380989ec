/** The part of the admin API that looks back: what became of logins and tests, and what a new policy would make of them. */
import { readPolicy } from '@relying-party/core'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Administration } from './admin.ts'
import { attemptView } from './attempt-view.ts'
import type { AnyAttempt } from './attempts.ts'
import { auditTypes, type Audit, type AuditRecord } from './audit.ts'
import { apiDocument, guardedBy, jsonBody, type ApiRequest } from './guarded.ts'
import { isoTime } from './members.ts'
import { previewDocument, previewedAttempts } from './policy-preview.ts'
import { sendProblem } from './problems.ts'
import { isRecordId } from './record-id.ts'
import type { SignInParts } from './sign-in.ts'

export function registerRecordsApi(
  app: FastifyInstance,
  parts: SignInParts & { readonly audit: Audit },
  administration: Administration,
): void {
  const { connections, attempts, audit } = parts
  const guarded = guardedBy(administration)

  app.get(
    '/api/organizations/:id/attempts',
    { schema: schemas.attempts },
    guarded(async (request, reply) => {
      const { outcome } = request.query as Record<string, unknown>
      const only = outcome === 'failed' || outcome === 'succeeded' ? outcome : undefined
      const { before, limit } = pageOf(request)
      if (before === null) return sendProblem(reply, 'request_malformed', malformedBefore)
      const connection = (await connections.load(request.params.id))?.connection
      if (connection === undefined) return sendProblem(reply, 'organization_not_found')
      const found = await attempts.list(connection, limit, only, before)
      return reply.send({ attempts: found.map(summary) })
    }),
  )

  app.get(
    '/api/organizations/:id/attempts/:attempt_id',
    { schema: schemas.attempt },
    guarded(async (request, reply) => {
      const attempt = await attemptOf(request)
      return attempt === undefined ? sendProblem(reply, 'attempt_not_found') : reply.send(whole(attempt))
    }),
  )

  app.get(
    '/api/organizations/:id/attempts/:attempt_id/transcript',
    { schema: schemas.transcript },
    guarded(async (request, reply) => {
      const attempt = await attemptOf(request)
      if (attempt === undefined) return sendProblem(reply, 'attempt_not_found')
      if (attempt.transcript === undefined || attempt.omitted) return sendProblem(reply, 'transcript_not_kept')
      return sendTranscript(reply, attempt.attempt_id, attempt.transcript)
    }),
  )

  app.get(
    '/api/organizations/:id/audit',
    { schema: schemas.audit },
    guarded(async (request, reply) => {
      const { id } = request.params
      const { before, limit } = pageOf(request)
      if (before === null) return sendProblem(reply, 'request_malformed', malformedBefore)
      const connection = (await connections.load(id))?.connection
      // What was before the present connection may be another tenant's of the same name: the operator's to see.
      const isOperator = (await administration.authorize(request, null)) !== null
      const scope = isOperator ? {} : connection && { connection_id: connection.connection_id }
      const found = scope === undefined ? [] : await audit.list(id, { limit, before, ...scope })
      const isUnknown = connection === undefined && found.length === 0 && before === undefined
      return isUnknown ? sendProblem(reply, 'organization_not_found') : reply.send({ events: found.map(eventView) })
    }),
  )

  app.post(
    '/api/organizations/:id/oidc/policy/preview',
    { schema: schemas.preview },
    guarded(async (request, reply) => {
      const input = jsonBody(request)
      if (input === undefined) return sendProblem(reply, 'request_malformed')
      const connection = (await connections.load(request.params.id))?.connection
      if (connection === undefined) return sendProblem(reply, 'organization_not_found')
      const policy = readPolicy(input, connection.policy)
      if ('faults' in policy) return sendProblem(reply, { code: 'policy_invalid' }, { faults: policy.faults })
      const recent = await previewedAttempts(attempts, connection)
      return reply.send(previewDocument(recent, connection.policy, policy.value))
    }),
  )

  async function attemptOf({ params: { id, attempt_id = '' } }: ApiRequest): Promise<AnyAttempt | undefined> {
    const connection = (await connections.load(id))?.connection
    return connection && attempts.get(connection, attempt_id)
  }
}

function sendTranscript(reply: FastifyReply, attempt_id: string, transcript: object): FastifyReply {
  const name = `attachment; filename="transcript-${attempt_id}.json"`
  return reply
    .header('content-disposition', name)
    .type('application/json')
    .send(JSON.stringify(transcript, null, 2))
}

const malformedBefore = { faults: [{ member: 'before', fault: 'must be the id of an entry' }] }

/** Which part of a list is asked for; `before: null` when that is no id. */
function pageOf({ query }: ApiRequest): { before: string | undefined | null; limit: number } {
  const { before, limit } = query as Record<string, unknown>
  const isId = before === undefined || (typeof before === 'string' && isRecordId(before))
  return { before: isId ? before : null, limit: Math.min(Math.max(Number(limit) || 50, 1), 200) }
}

function eventView({ at, ...event }: AuditRecord) {
  return { ...event, at: isoTime(at) }
}

/** An attempt as JSON: flat for programs that look for `code`, `blame` and `remedy`. */
function summary(attempt: AnyAttempt) {
  return summaryOf(attempt, attemptView(attempt))
}

function summaryOf({ organization_id }: AnyAttempt, view: ReturnType<typeof attemptView>) {
  const { attempt_id, purpose, outcome, at, revision, failure, subject, access, refusal, count } = view
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
    ...(count > 1 && { count }),
    ...(subject !== null && { subject }),
    ...(access !== null && { access }),
    ...(refusal !== null && {
      refusal: { code: refusal.code, blame: refusal.blame, message: refusal.message, remedy: refusal.remedy },
    }),
  }
}

function whole(attempt: AnyAttempt) {
  const view = attemptView(attempt)
  const { claims, explanation, durations, omitted } = view
  const { started_at, duration } = attempt.transcript === undefined ? { started_at: null, duration: null } : attempt
  const { field, value } = explanation.cause?.problem ?? { field: null, value: null }
  return {
    ...summaryOf(attempt, view),
    ...(field !== null && { field }),
    ...(value !== null && { value }),
    ...(started_at !== null && { started_at: isoTime(started_at), duration }),
    durations,
    ...(claims !== null && { claims }),
    cause: explanation.cause,
    checks: explanation.checks,
    ...(omitted && { omitted }),
  }
}

const text = { type: 'string' } as const
const nullable = { ...text, nullable: true } as const
const { tags, security, params } = apiDocument
const ofAttempt = { ...params, properties: { ...params.properties, attempt_id: text } } as const
const page = { before: { ...text, description: 'the id of the last entry seen' }, limit: { type: 'integer' } } as const
const problem = {
  type: 'object',
  nullable: true,
  properties: {
    code: nullable,
    near_miss: nullable,
    blame: text,
    message: text,
    remedy: text,
    field: { ...nullable, description: 'the setting to look at' },
    value: { ...nullable, description: 'what to enter, register or compare' },
  },
} as const
const check = {
  type: 'object',
  properties: {
    id: text,
    leg: text,
    rule: text,
    spec: nullable,
    outcome: { ...text, enum: ['passed', 'failed', 'warned', 'skipped'] },
    expected: nullable,
    actual: nullable,
    problem,
  },
} as const
const attemptSummary = {
  type: 'object',
  properties: {
    attempt_id: text,
    organization_id: text,
    purpose: { ...nullable, enum: ['login', 'test', null] },
    outcome: { ...text, enum: ['succeeded', 'failed'] },
    at: { ...text, format: 'date-time' },
    revision: { type: 'integer' },
    code: text,
    blame: text,
    message: text,
    remedy: text,
    spec: text,
    facts: { type: 'object' },
    count: { type: 'integer', description: 'logins of one minute that never came back and share this entry' },
    subject: text,
    access: { type: 'object' },
    refusal: { type: 'object', description: 'of a test: why the policy would refuse this person' },
  },
} as const
const attempt = {
  type: 'object',
  properties: {
    ...attemptSummary.properties,
    field: problem.properties.field,
    value: problem.properties.value,
    started_at: { ...text, format: 'date-time' },
    duration: { type: 'number', description: 'seconds' },
    durations: { type: 'object', description: 'seconds per leg', additionalProperties: { type: 'number' } },
    claims: { type: 'object', description: 'what the policy saw' },
    cause: { ...check, nullable: true },
    checks: { type: 'array', items: check },
    omitted: { type: 'boolean', description: 'the events were too large to be kept' },
  },
} as const
const auditEvent = {
  type: 'object',
  properties: {
    event_id: text,
    at: { ...text, format: 'date-time' },
    organization_id: text,
    connection_id: { ...text, description: 'another one after the organization was deleted and made anew' },
    by: text,
    type: { ...text, enum: auditTypes },
    revision: { type: 'integer' },
    fingerprint: text,
    fields: { type: 'array', items: text, description: 'settings or members of the policy that changed, by name' },
    attempt_id: { ...text, description: 'the login or test that brought it about' },
  },
} as const
const answer = (description: string, schema: object) => ({
  200: { description, content: { 'application/json': { schema } } },
})
const schemas = {
  attempts: {
    tags,
    security,
    params,
    summary: 'Logins and tests, newest first.',
    querystring: { type: 'object', properties: { outcome: { ...text, enum: ['failed', 'succeeded'] }, ...page } },
    response: answer('Attempts.', {
      type: 'object',
      properties: { attempts: { type: 'array', items: attemptSummary } },
    }),
  },
  attempt: {
    tags,
    security,
    params: ofAttempt,
    summary: 'One login or test: how it ended, every check, and who can fix what is wrong.',
    response: answer('The attempt.', attempt),
  },
  transcript: {
    tags,
    security,
    params: ofAttempt,
    summary: 'The replayable record of an attempt, without secrets, as a file.',
    response: answer('A transcript.', { type: 'object' }),
  },
  preview: {
    tags,
    security,
    params,
    summary: 'Who of those who signed in lately would be refused or get another role. Nothing is saved.',
    body: { type: 'object', description: 'members as in PUT …/oidc/policy' },
    response: answer('Each person by the latest sign-in; who is refused already and stays so is in neither list.', {
      type: 'object',
      properties: {
        considered: { type: 'integer', description: 'people' },
        unknown: { type: 'integer', description: 'of them: whose sign-in never asked for what the policy looks at' },
        refused: {
          type: 'array',
          items: { type: 'object', properties: { subject: text, email: nullable, code: text } },
        },
        changed: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              subject: text,
              email: nullable,
              role_before: { ...nullable, description: 'null: refused' },
              role_after: text,
            },
          },
        },
      },
    }),
  },
  audit: {
    tags,
    security,
    params,
    summary: 'Who changed what of the connection, newest first; kept for 400 days, also when the organization is gone.',
    querystring: { type: 'object', properties: page },
    response: answer('Audit events.', {
      type: 'object',
      properties: { events: { type: 'array', items: auditEvent } },
    }),
  },
} as const
