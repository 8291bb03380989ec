/**
 * How a refusal is answered: `application/problem+json` with a stable code, or a page for people.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 | RFC 9457}
 */
import { failures, statusOf, type Blame, type Failure, type FailureCode, type Fault } from '@relying-party/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { renderFailurePage } from './views/failure-page.ts'
import type { FailurePageView, FailureView } from './views/model.ts'

/** Refusals that are about the request itself rather than about a login or a connection. */
export const requestProblems = {
  route_not_found: {
    status: 404,
    blame: 'end_user',
    message: 'There is nothing at this address.',
    remedy: 'Check the address.',
  },
  organization_id_malformed: {
    status: 404,
    blame: 'end_user',
    message: 'This cannot be the name of an organization.',
    remedy:
      'A name has at most 64 characters: letters from A to Z, digits, “-” and “_”, with a letter or a digit first. Check the address.',
  },
  request_malformed: {
    status: 400,
    blame: 'end_user',
    message: 'The request cannot be read.',
    remedy: 'Correct the request.',
  },
  request_too_large: {
    status: 413,
    blame: 'end_user',
    message: 'The request is larger than anything that is accepted here.',
    remedy: 'Send less.',
  },
  media_type_not_supported: {
    status: 415,
    blame: 'end_user',
    message: 'The request has a media type that is not accepted here.',
    remedy: 'Send application/json to the API and application/x-www-form-urlencoded to pages.',
  },
  request_headers_too_large: {
    status: 431,
    blame: 'end_user',
    message: 'The headers of the request, cookies included, are larger than anything that is accepted here.',
    remedy: 'Send less: delete the cookies of this server and try again.',
  },
  request_too_slow: {
    status: 408,
    blame: 'end_user',
    message: 'The request did not arrive whole in time.',
    remedy: 'Send it again.',
  },
  rate_limited: {
    status: 429,
    blame: 'end_user',
    message: 'Too many requests come from here, or are made to this organization.',
    remedy:
      'Wait for as many seconds as Retry-After says, then try again. The operator sets the limits with RATE_LIMITS.',
  },
  return_to_not_allowed: {
    status: 400,
    blame: 'end_user',
    message: 'After the sign-in nobody can be sent there.',
    remedy: 'Give return_to as a path on this server, such as /reports?year=2026.',
  },
  login_required: {
    status: 401,
    blame: 'end_user',
    message: 'Nobody is signed in.',
    remedy: 'Send the browser to login_url.',
  },
  admin_required: {
    status: 401,
    blame: 'end_user',
    message: 'This needs an administrator.',
    remedy: 'Sign in as an administrator of this organization and try again; a program sends its credentials along.',
  },
  csrf_refused: {
    status: 403,
    blame: 'end_user',
    message: 'The form was not sent from this page, or the page is too old.',
    remedy: 'Reload the page and press the button again.',
  },
  version_conflict: {
    status: 412,
    blame: 'end_user',
    message: 'Somebody else has changed the settings in between; nothing was overwritten.',
    remedy: 'Read the settings again and repeat the change.',
  },
  attempt_not_found: {
    status: 404,
    blame: 'end_user',
    message: 'There is no such attempt.',
    remedy: 'Failures and tests are kept for 30 days, sign-ins that succeeded for 7.',
  },
  transcript_not_kept: {
    status: 404,
    blame: 'end_user',
    message: 'Of this attempt there is no record to replay: it was too large, or an earlier release wrote it.',
    remedy: 'Sign in once more, and take the record of that attempt.',
  },
  store_unavailable: {
    status: 503,
    blame: 'operator',
    message: 'The storage of this server does not answer.',
    remedy: 'Try again in a minute; nothing is lost. The operator finds the cause in the log.',
  },
  internal_error: {
    status: 500,
    blame: 'operator',
    message: 'Something went wrong on this server.',
    remedy: 'Try again; the operator finds the cause in the log.',
  },
} as const satisfies Record<string, { status: number; blame: Blame; message: string; remedy: string }> & {
  // One code, one meaning: whichever table it stands in.
  readonly [code in FailureCode]?: never
}

export type RequestProblem = keyof typeof requestProblems

/** What is refused, and why. */
export type Problem = Failure | { readonly code: RequestProblem; readonly detail?: undefined }

/** A failure in words. */
export function failureView(problem: Problem): FailureView {
  const { code, detail = {} } = problem
  const { blame, message, remedy, spec } = ruleOf(problem)
  return { code, blame, message, remedy, spec, detail }
}

function ruleOf(problem: Problem | RequestProblem | FailureCode) {
  const code = typeof problem === 'string' ? problem : problem.code
  if (Object.hasOwn(failures, code)) return { ...failures[code as FailureCode], status: statusOf(code as FailureCode) }
  return { ...requestProblems[code as RequestProblem], spec: null }
}

export interface ProblemContext {
  readonly attempt_id?: string
  readonly faults?: readonly Fault[]
  readonly login_url?: string
  /** Where an administrator signs in, if that is a page of ours. */
  readonly sign_in_url?: string
  readonly organization_id?: string
}

/** Whether a program is asking: pages unless JSON is liked better. @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 | RFC 9110, section 12.5.1} */
export function prefersJson({ headers }: FastifyRequest): boolean {
  const liked = new Negotiator({ headers }).mediaType(['text/html', 'application/json', 'application/problem+json'])
  return liked !== undefined && liked !== 'text/html'
}

/**
 * The members of RFC 9457 and ours.
 * @param only_status for protocols that allow fewer statuses than there are reasons
 */
export function problemDocument(
  problem: FailureCode | RequestProblem | Problem,
  context: ProblemContext = {},
  only_status?: number,
) {
  const { code, detail: facts }: Problem = typeof problem === 'string' ? ({ code: problem } as Problem) : problem
  const { blame, message, remedy, spec, status } = ruleOf(problem)
  return {
    type: `urn:relying-party:problem:${code}`,
    title: message,
    status: only_status ?? status,
    detail: remedy,
    code,
    blame,
    ...(spec !== null && { spec }),
    remedy,
    ...(facts && { facts }),
    ...context,
  }
}

/** Answers with problem details; see {@link problemDocument}. */
export function sendProblem(
  reply: FastifyReply,
  problem: FailureCode | RequestProblem | Problem,
  context: ProblemContext = {},
  only_status?: number,
): FastifyReply {
  const document = problemDocument(problem, context, only_status)
  return reply.code(document.status).type('application/problem+json').send(JSON.stringify(document))
}

/**
 * Answers a browser with a page and a program with problem details.
 * @param shown what only the page says, to the very person who looks at it
 */
export function sendFailure(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
  context: ProblemContext = {},
  { person = null, settings_url = null }: Partial<Pick<FailurePageView, 'person' | 'settings_url'>> = {},
): FastifyReply {
  if (prefersJson(request)) return sendProblem(reply, problem, context)
  const { organization_id = null, attempt_id = null, login_url = null } = context
  const failure = failureView(problem)
  const page = renderFailurePage({ organization_id, attempt_id, login_url, person, settings_url, failure })
  return sendPage(reply, page, ruleOf(problem).status)
}

export function sendPage(reply: FastifyReply, page: string, status = 200): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(page)
}
