/**
 * Requests and replies as plain values: a request is read whole before anything looks at it, a reply is complete
 * before anything of it is sent. So every fault is a function from reply to reply, and every exchange can be recorded.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** One HTTP request, read to its end. */
export interface WireRequest {
  method: string
  url: URL
  headers: IncomingHttpHeaders
  body: string
  /** The parameters: of the query, or of the form for a POST. The first of each name. */
  params: Record<string, string>
  /** The names that came more than once. */
  duplicates: string[]
  socket: Socket
}

/** One HTTP reply. */
export interface Reply {
  status: number
  headers: Record<string, string | string[]>
  body: string
  /** How the bytes are delivered, where that is the fault. */
  delivery?: Delivery
}

/** Ways of not delivering a reply as one should. */
interface Delivery {
  /** Wait before the first byte. */
  delay_ms?: number
  /** Never send a byte. */
  silent?: boolean
  /** Send the headers and half of the body, then nothing more. */
  stall?: boolean
  /** Reset the connection: at once, or after half of the body. */
  reset?: 'at_once' | 'half_way'
  /** Close the connection after half of the body. */
  cut_off?: boolean
}

/** Reads a request to its end; more than a megabyte is nobody's login. */
export async function readRequest(message: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > 1024 * 1024) throw new RangeError('request too large')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks).toString()
  const url = new URL(message.url ?? '/', `http://${message.headers.host ?? 'localhost'}`)
  const method = message.method ?? 'GET'
  const isForm = (message.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  const { params, duplicates } = readParams(
    method === 'POST' ? new URLSearchParams(isForm ? body : '') : url.searchParams,
  )
  return { method, url, headers: message.headers, body, params, duplicates, socket: message.socket }
}

/** Parameters by name, and the names that came twice. */
export function readParams(search: URLSearchParams): Pick<WireRequest, 'params' | 'duplicates'> {
  const params: Record<string, string> = {}
  const duplicates = new Set<string>()
  for (const [name, value] of search) {
    if (Object.hasOwn(params, name)) duplicates.add(name)
    else params[name] = value
  }
  return { params, duplicates: [...duplicates] }
}

/** A JSON reply, `application/json` without a charset as Okta sends it. */
export function json(status: number, body: unknown, headers: Reply['headers'] = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

/** An HTML page that runs nothing and is framed by nobody. */
export function html(status: number, body: string, headers: Reply['headers'] = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html;charset=utf-8', 'cache-control': 'no-cache, no-store', ...headers },
    body,
  }
}

/** A 302, as Okta redirects everywhere. */
export function redirect(location: string, headers: Reply['headers'] = {}): Reply {
  return { status: 302, headers: { location, 'cache-control': 'no-cache, no-store', ...headers }, body: '' }
}

/** Sends a reply, well or, when the reply says so, badly. */
export function send(response: ServerResponse, reply: Reply): void {
  const { delay_ms, ...delivery } = reply.delivery ?? {}
  if (delay_ms === undefined) return deliver(response, reply, delivery)
  const timer = setTimeout(() => deliver(response, reply, delivery), delay_ms)
  response.once('close', () => clearTimeout(timer))
}

function deliver(response: ServerResponse, reply: Reply, delivery: Delivery): void {
  const { socket } = response
  if (delivery.silent === true) return
  if (delivery.reset === 'at_once') return void socket?.resetAndDestroy()
  const body = Buffer.from(reply.body)
  // A 204 has no body and must not say how long it is.
  const length = reply.status === 204 ? {} : { 'content-length': body.length }
  response.writeHead(reply.status, { ...reply.headers, ...length })
  if (delivery.stall === true || delivery.reset === 'half_way' || delivery.cut_off === true) {
    response.write(body.subarray(0, body.length >> 1), () => {
      if (delivery.reset === 'half_way') socket?.resetAndDestroy()
      if (delivery.cut_off === true) socket?.end()
    })
    return
  }
  response.end(body)
}

/** Makes a text safe inside HTML, attributes included. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
