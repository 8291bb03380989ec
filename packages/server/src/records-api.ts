/** The part of the admin API that looks back: what became of logins and tests, and what a new policy would make of them. */
import { readPolicy } from '@relying-party/core'
import type { FastifyInstance } from 'fastify'
import type { Administration } from './admin.ts'
import { attemptView } from './attempt-view.ts'
import type { AnyAttempt } from './attempts.ts'
import type { AuditRecord } from './audit.ts'
import { guardedBy, jsonBody, type ApiRequest } from './guarded.ts'
import { isoTime } from './members.ts'
import type { Histories } from './histories.ts'
import { attemptsAskedFor, beforeOf, largestPage, limitOf } from './paging.ts'
import { previewDocument, previewedAttempts } from './policy-preview.ts'
import { sendProblem } from './problems.ts'
import { schemas } from './records-schemas.ts'
import { sendTranscript } from './send-transcript.ts'
import type { SignInParts } from './sign-in.ts'

export function registerRecordsApi(
  app: FastifyInstance,
  { connections, attempts }: SignInParts,
  administration: Administration,
  { changesOf }: Histories,
): void {
  const guarded = guardedBy(administration)

  app.get(
    '/api/organizations/:id/attempts',
    { schema: schemas.attempts },
    guarded(async (request, reply) => {
      const { filter, before, limit, unknown } = attemptsAskedFor(request)
      if (limit === null || unknown.length > 0)
        return sendProblem(reply, 'request_malformed', { faults: unknown.map(noneOf) })
      const connection = (await connections.load(request.params.id))?.connection
      if (connection === undefined) return sendProblem(reply, 'organization_not_found')
      const { entries, older } = await attempts.list(connection, limit, filter, before)
      return reply.send({ attempts: entries.map(summary), older })
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
      return sendTranscript(reply, await attemptOf(request), (code) => sendProblem(reply, code))
    }),
  )

  app.get(
    '/api/organizations/:id/audit',
    { schema: schemas.audit },
    guarded(async (request, reply) => {
      const { id } = request.params
      const [before, limit] = [beforeOf(request), limitOf(request)]
      if (before === null || limit === null) {
        const unknown = [...(before === null ? ['before'] : []), ...(limit === null ? ['limit'] : [])]
        return sendProblem(reply, 'request_malformed', { faults: unknown.map(noneOf) })
      }
      const connection = (await connections.load(id))?.connection
      const { entries, older } = await changesOf(request, connection, limit, before)
      const isUnknown = connection === undefined && entries.length === 0 && before === undefined
      if (isUnknown) return sendProblem(reply, 'organization_not_found')
      return reply.send({ events: entries.map(eventView), older })
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

const faults: Readonly<Record<string, string>> = {
  before: 'must be the id of an entry',
  limit: `must be a whole number from 1 to ${largestPage}`,
}
const noneOf = (member: string) => ({
  member,
  fault: faults[member] ?? 'must be one that is listed in /openapi.json, once',
})

function eventView({ at, ...event }: AuditRecord) {
  return { ...event, at: isoTime(at) }
}

/** An attempt as JSON: flat for programs that look for `code`, `blame` and `remedy`; of the checks those that stand out. */
function summary(attempt: AnyAttempt) {
  const view = attemptView(attempt)
  const checks = view.explanation.checks.filter(({ outcome }) => outcome === 'failed' || outcome === 'warned')
  return { ...summaryOf(attempt, view), checks }
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
    code: failure?.code ?? null,
    blame: failure?.blame ?? null,
    message: failure?.message ?? null,
    remedy: failure?.remedy ?? null,
    ...(failure !== null && {
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
