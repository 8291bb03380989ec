/**
 * Faults below the messages: status codes, formats and bytes that do not arrive. The same table serves every endpoint
 * that a relying party calls (`token.http_500`), and as `transport.…` whichever endpoint `endpoint` names, or all.
 */
import { apiError } from '../okta-errors.ts'
import { rateLimit } from '../okta-profile.ts'
import { html, json, redirect } from '../http.ts'
import type { Reply } from '../http.ts'
import { replyFaults } from './fault.ts'
import type { FaultContext, ReplyFault, Row } from './fault.ts'

const http = (section: string) => `RFC 9110, section ${section}`
const isJson = 'The response is JSON with the media type application/json.'
const whole = 'The response arrives whole, and in time.'

const rows: Record<string, Row<ReplyFault>> = {
  http_401: status(401, 'Asks for credentials.', http('15.5.2')),
  http_403: status(403, 'Forbids the request.', http('15.5.4')),
  http_404: status(404, 'Knows no such resource.', http('15.5.5')),
  http_500: status(500, 'Fails.', http('15.6.1')),
  http_503: {
    ...status(503, 'Is down for maintenance and says when to try again.', http('15.6.4')),
    touches: ['status', 'headers.retry-after', 'body'],
    reply: (reply, context) => withHeader(oktaError(503)(reply, context), 'retry-after', '30'),
  },
  http_502_html: {
    does: 'Answers as a proxy does that lost the provider: 502 with HTML.',
    breaks: 'The request succeeds.',
    spec: http('15.6.3'),
    touches: ['status', 'headers.content-type', 'body'],
    when: 'instead',
    reply: () => html(502, '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>'),
  },
  http_429: {
    does: 'Has had too many requests: Okta’s headers and its E0000047.',
    breaks: 'The request succeeds.',
    spec: 'RFC 6585, section 4',
    touches: ['status', 'headers.x-rate-limit-remaining', 'body'],
    when: 'instead',
    reply: (_reply, { org }) =>
      json(
        429,
        apiError('E0000047', 'API call exceeded rate limit due to too many requests.', org.ids.request()),
        rateLimit(org, 1000, 0),
      ),
  },
  http_204: {
    does: 'Has nothing to say.',
    breaks: isJson,
    spec: http('15.3.5'),
    touches: ['status', 'headers.content-type', 'body'],
    when: 'after',
    reply: (reply) => ({ ...reply, status: 204, headers: without(reply, 'content-type'), body: '' }),
  },
  html: {
    does: 'Answers with a web page and status 200.',
    breaks: isJson,
    spec: http('8.3'),
    touches: ['headers.content-type', 'body'],
    when: 'instead',
    reply: () => html(200, '<!DOCTYPE html><title>Welcome to the hotel Wi-Fi</title>'),
  },
  wrong_content_type: {
    does: 'Says that its JSON is plain text.',
    breaks: isJson,
    spec: http('8.3'),
    expect: 'either',
    touches: ['headers.content-type'],
    when: 'after',
    reply: (reply) => withHeader(reply, 'content-type', 'text/plain'),
  },
  content_type_missing: {
    does: 'Does not say what it is.',
    breaks: isJson,
    spec: http('8.3'),
    expect: 'either',
    touches: ['headers.content-type'],
    when: 'after',
    reply: (reply) => ({ ...reply, headers: without(reply, 'content-type') }),
  },
  content_type_with_charset: {
    does: 'Says that its JSON is UTF-8.',
    breaks: 'Nothing: parameters of the media type are allowed.',
    spec: http('8.3.1'),
    expect: 'accept',
    touches: ['headers.content-type'],
    when: 'after',
    reply: (reply) => withHeader(reply, 'content-type', 'application/json; charset=UTF-8'),
  },
  truncated_json: {
    does: 'Cuts its JSON off in the middle, in a response that is whole.',
    breaks: 'The response is JSON.',
    spec: 'RFC 8259, section 2',
    touches: ['body'],
    when: 'after',
    reply: (reply) => ({ ...reply, body: reply.body.slice(0, reply.body.length >> 1) }),
  },
  not_json: {
    does: 'Calls a sentence JSON.',
    breaks: 'The response is JSON.',
    spec: 'RFC 8259, section 2',
    touches: ['body'],
    when: 'after',
    reply: (reply) => ({ ...reply, body: 'Have a nice day.' }),
  },
  json_array: {
    does: 'Wraps its JSON in a list.',
    breaks: 'The response is a JSON object.',
    spec: 'RFC 6749, section 5.1',
    touches: ['body'],
    when: 'after',
    reply: (reply) => ({ ...reply, body: `[${reply.body}]` }),
  },
  json_null: {
    does: 'Answers with null.',
    breaks: 'The response is a JSON object.',
    spec: 'RFC 6749, section 5.1',
    touches: ['body'],
    when: 'after',
    reply: (reply) => ({ ...reply, body: 'null' }),
  },
  empty_body: {
    does: 'Answers with an empty body.',
    breaks: 'The response is JSON.',
    spec: 'RFC 8259, section 2',
    touches: ['body'],
    when: 'after',
    reply: (reply) => ({ ...reply, body: '' }),
  },
  oversized: {
    does: 'Pads its JSON to ten megabytes (or `value` bytes) with spaces: all true, and far too much.',
    breaks: 'A client limits what it reads.',
    spec: 'RFC 9700, section 4 (a denial of service)',
    expect: 'either',
    touches: ['body'],
    value: 10 * 1024 * 1024,
    when: 'after',
    reply: (reply, { value }) => ({ ...reply, body: reply.body.padEnd(Number(value), ' ') }),
  },
  redirect: {
    does: 'Sends the request elsewhere: 302 to `value`.',
    breaks: 'The endpoint answers itself; a client does not carry secrets elsewhere.',
    spec: 'RFC 9700, section 4.12',
    touches: ['status', 'headers.location', 'headers.content-type', 'body'],
    value: 'https://evil.example/',
    when: 'instead',
    reply: (_reply, { value }) => redirect(String(value)),
  },
  redirect_307: {
    does: 'Sends the request elsewhere with its body: 307 to `value`.',
    breaks: 'The endpoint answers itself; a client does not carry secrets elsewhere.',
    spec: 'RFC 9700, section 4.12',
    touches: ['status', 'headers.location', 'headers.content-type', 'body'],
    value: 'https://evil.example/',
    when: 'instead',
    reply: (_reply, { value }) => ({ ...redirect(String(value)), status: 307 }),
  },
  slow: {
    does: 'Waits five seconds (or `value` milliseconds) before it answers.',
    breaks: whole,
    spec: http('15.5.9'),
    expect: 'either',
    touches: ['delivery'],
    value: 5000,
    when: 'after',
    reply: (reply, { value }) => ({ ...reply, delivery: { delay_ms: Number(value) } }),
  },
  never_answering: {
    does: 'Takes the request and never says a word.',
    breaks: whole,
    spec: http('15.5.9'),
    touches: ['delivery'],
    when: 'after',
    reply: (reply) => ({ ...reply, delivery: { silent: true } }),
  },
  never_ending: {
    does: 'Sends half of the answer and holds the line for ever.',
    breaks: whole,
    spec: http('15.5.9'),
    touches: ['delivery'],
    when: 'after',
    reply: (reply) => ({ ...reply, delivery: { stall: true } }),
  },
  reset: {
    does: 'Resets the connection before it answers.',
    breaks: whole,
    spec: 'RFC 9112, section 9.6',
    touches: ['delivery'],
    when: 'instead',
    reply: (reply) => ({ ...reply, delivery: { reset: 'at_once' } }),
  },
  reset_half_way: {
    does: 'Resets the connection in the middle of the answer.',
    breaks: whole,
    spec: 'RFC 9112, section 8',
    touches: ['delivery'],
    when: 'after',
    reply: (reply) => ({ ...reply, delivery: { reset: 'half_way' } }),
  },
  cut_off: {
    does: 'Closes the connection before all bytes are there that it announced.',
    breaks: whole,
    spec: 'RFC 9112, section 8',
    touches: ['delivery'],
    when: 'after',
    reply: (reply) => ({ ...reply, delivery: { cut_off: true } }),
  },
}

/** The endpoints that a relying party calls, each with all of them, and `transport` for any. */
export const transportFaults = ['discovery', 'jwks', 'token', 'userinfo', 'transport'].flatMap((message) =>
  replyFaults(message, rows),
)

function status(code: number, does: string, spec: string): Row<ReplyFault> {
  return {
    does,
    breaks: 'The request succeeds.',
    spec,
    touches: ['status', 'body'],
    when: 'instead',
    reply: oktaError(code),
  }
}

function oktaError(code: number) {
  return (_reply: Reply, { org }: FaultContext): Reply => {
    const [errorCode, summary] = oktaCodes[code]!
    return json(code, apiError(errorCode, summary, org.ids.request()))
  }
}

function withHeader(reply: Reply, name: string, value: string): Reply {
  return { ...reply, headers: { ...reply.headers, [name]: value } }
}

function without({ headers }: Reply, name: string): Reply['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name))
}

const oktaCodes: Record<number, [string, string]> = {
  401: ['E0000011', 'Invalid token provided'],
  403: ['E0000006', 'You do not have permission to perform the requested action'],
  404: ['E0000007', 'Not found: Resource not found'],
  500: ['E0000009', 'Internal Server Error'],
  503: ['E0000010', 'Service is in read only mode'],
}
