/** How much one client may send and how long it may take, before any route is asked; and what it is told who goes beyond. */
import type { FastifyServerOptions } from 'fastify'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { problemDocument, type RequestProblem } from './problems.ts'

export interface HttpLimits {
  /** Milliseconds until the headers are complete, and until the whole request is. */
  readonly headers_ms: number
  readonly request_ms: number
  /** How often is looked whose time is up. */
  readonly checking_ms: number
  /** A connection on which nothing moves, also because its client does not read the answer. */
  readonly idle_ms: number
  /** All headers of a request together, cookies included. */
  readonly header_bytes: number
  readonly body_bytes: number
  /** At a time; one more is closed at once. */
  readonly connections: number
}

export const defaultHttpLimits: HttpLimits = {
  headers_ms: 10_000,
  request_ms: 30_000,
  checking_ms: 5_000,
  // Longer than a login takes whose provider answers each of five requests at the last moment.
  idle_ms: 120_000,
  header_bytes: 16_384,
  body_bytes: 262_144,
  connections: 10_000,
}

/** The limits as options of Fastify; `connections` is a property of its server. */
export function limitedServer(limits: HttpLimits, headers: Readonly<Record<string, string>>) {
  return {
    http: {
      headersTimeout: limits.headers_ms,
      requestTimeout: limits.request_ms,
      connectionsCheckingInterval: limits.checking_ms,
      maxHeaderSize: limits.header_bytes,
    },
    requestTimeout: limits.request_ms,
    connectionTimeout: limits.idle_ms,
    bodyLimit: limits.body_bytes,
    clientErrorHandler(error, socket) {
      if (error.code !== 'ECONNRESET' && socket.writable) socket.write(refusal(error.code, headers))
      socket.destroy()
    },
  } satisfies FastifyServerOptions & {
    http: object
    clientErrorHandler: (error: Error & { code?: string }, socket: Socket) => void
  }
}

/** An answer to what was not even a request, with the headers that every answer has. */
function refusal(reason: string | undefined, headers: Readonly<Record<string, string>>): string {
  const code: RequestProblem =
    reason === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? 'request_too_slow'
      : reason === 'HPE_HEADER_OVERFLOW'
        ? 'request_headers_too_large'
        : 'request_malformed'
  const document = problemDocument(code)
  const body = JSON.stringify(document)
  const lines = Object.entries({
    ...headers,
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${document.status} ${STATUS_CODES[document.status]}\r\n${lines.join('')}\r\n${body}`
}
