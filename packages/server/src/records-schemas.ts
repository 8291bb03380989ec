/** What `/openapi.json` says of the routes that look back; see records-api.ts for what they do. */
import { outcomes, purposes } from './attempts.ts'
import { auditTypes } from './audit.ts'
import { apiDocument } from './guarded.ts'
import { largestPage } from './paging.ts'

const text = { type: 'string' } as const
const nullable = { ...text, nullable: true } as const
const { tags, security, params } = apiDocument
const ofAttempt = { ...params, properties: { ...params.properties, attempt_id: text } } as const
const page = {
  before: { ...text, description: '“older” of the page before' },
  limit: { type: 'integer', minimum: 1, maximum: largestPage, default: 50 },
} as const
const older = {
  ...nullable,
  description: 'the “before” of the next page, also of a page that happens to be empty; null: there is none',
} as const
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
    reason: { ...nullable, description: 'of a skipped check: why the rule does not apply; null: it was not reached' },
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
    purpose: { ...nullable, enum: [...purposes, null] },
    outcome: { ...text, enum: outcomes },
    at: { ...text, format: 'date-time' },
    revision: { type: 'integer' },
    code: nullable,
    blame: nullable,
    message: nullable,
    remedy: nullable,
    spec: text,
    facts: { type: 'object' },
    count: { type: 'integer', description: 'logins of one minute that never came back and share this entry' },
    subject: text,
    access: { type: 'object' },
    refusal: { type: 'object', description: 'of a test: why the policy would refuse this person' },
    checks: { type: 'array', items: check, description: 'in a list those that failed or warned' },
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
export const schemas = {
  attempts: {
    tags,
    security,
    params,
    summary: 'Logins and tests, newest first.',
    querystring: {
      type: 'object',
      properties: {
        outcome: { ...text, enum: outcomes },
        purpose: { ...text, enum: purposes },
        ...page,
      },
    },
    response: answer('Attempts.', {
      type: 'object',
      properties: { attempts: { type: 'array', items: attemptSummary }, older },
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
      properties: { events: { type: 'array', items: auditEvent }, older },
    }),
  },
} as const
