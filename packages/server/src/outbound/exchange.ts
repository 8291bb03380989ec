/**
 * One response, as undici's dispatcher reports it: the byte caps, what is kept, and what an error means.
 *
 * Rule: whatever the peer does ends as an outcome; nothing is thrown. An exchange *settles* when its outcome is known and
 * *ends* when undici has really let go of it, which may be later: only then is its slot free.
 */

import type { Dispatcher } from 'undici'
import type { HttpOutcome, RequestFailure } from '@relying-party/core'
import { AddressRefused } from './lookup.ts'

export interface ExchangeEvents {
  /** Once. `reason` is for the operator's log: empty when a response came. */
  settled(outcome: HttpOutcome, reason: string): void
  /** Once, if the exchange was dispatched; never before it settled. */
  ended(): void
}

/** Receives one response of at most `body_bytes`. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #body_bytes: number
  readonly #events: ExchangeEvents
  #settled = false
  #ended = false
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: Record<string, string> = {}
  #body: Buffer = no_bytes
  #length = 0
  #chunks = 0

  constructor(body_bytes: number, events: ExchangeEvents) {
    this.#body_bytes = body_bytes
    this.#events = events
  }

  /** Settles with a failure, and drops the connection if it already carries this exchange. */
  fail(failure: RequestFailure, reason: string): void {
    if (this.#settled) return
    this.#settle({ failure }, reason)
    this.#controller?.abort(new Error(reason))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Settled while the connection was made: nothing has been sent, and nothing will be.
    if (this.#settled) controller.abort(new Error('too late'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    if (status < 200) return
    this.#status = status
    for (const name of kept_headers) {
      const value = headers[name]
      if (value !== undefined) this.#headers[name] = typeof value === 'string' ? value : value.join(', ')
    }
    const encoding = headers['content-encoding']
    // Identity was asked for. What these bytes become when unpacked has no bound, so they count as too many.
    if (encoding !== undefined && String(encoding).toLowerCase() !== 'identity')
      this.fail('too_large', 'the body is compressed')
    else if (Number(headers['content-length']) > this.#body_bytes) this.fail('too_large', 'the body is too large')
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return
    const length = this.#length + chunk.length
    this.#chunks += 1
    if (length > this.#body_bytes) return this.fail('too_large', 'the body is too large')
    if (this.#chunks > max_chunks) return this.fail('too_large', 'the body comes in too many pieces')
    if (this.#length === 0) {
      this.#body = chunk
    } else {
      // One buffer that doubles: a list of a million one-byte buffers would take a hundred times their bytes.
      if (length > this.#body.length) this.#grow(Math.min(2 * length, this.#body_bytes))
      this.#body.set(chunk, this.#length)
    }
    this.#length = length
  }

  onResponseEnd(): void {
    if (!this.#settled) {
      const body = this.#body.toString('utf8', 0, this.#length)
      this.#settle({ response: { status: this.#status, headers: this.#headers, body } }, '')
    }
    this.#end()
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.fail(failureOf(error, this.#controller !== undefined), error.message)
    this.#end()
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafe(size)
    this.#body.copy(larger, 0, 0, this.#length)
    this.#body = larger
  }

  #settle(outcome: HttpOutcome, reason: string): void {
    this.#settled = true
    this.#events.settled(outcome, reason)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#events.ended()
  }
}

type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>

/** @param connected whether the request was already on its way over a connection that stood */
function failureOf(error: Error, connected: boolean): RequestFailure {
  if (error instanceof AddressRefused) return 'blocked'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // What undici refuses to put on the wire, such as a line break in a header made of the provider's data.
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return 'blocked'
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'too_large'
  if (timeout_codes.test(code)) return 'timed_out'
  if (handshake_codes.test(code)) return 'no_tls'
  if (certificate_codes.test(code)) return 'tls_failed'
  return connected ? 'cut_off' : 'unreachable'
}

/** Connecting (undici, the kernel) and resolving (c-ares). */
const timeout_codes = /TIMEOUT$|^ETIMEDOUT$/

/** OpenSSL's names for a handshake that fails before any certificate is judged: the port speaks something else, for one. */
const handshake_codes = /^ERR_SSL_|^EPROTO$/

/** OpenSSL's and Node's names for certificate errors. */
const certificate_codes = /^ERR_TLS_|CERT|_SIGNATURE|^CRL_|^HOSTNAME_MISMATCH$|^INVALID_(?:CA|PURPOSE)$/

/** All that the engine reads: nothing else of the peer's headers travels on. */
const kept_headers = [
  'content-type',
  'location',
  'date',
  'www-authenticate',
  'retry-after',
  'x-okta-request-id',
  'cache-control',
  'age',
  'etag',
] as const

const no_bytes = Buffer.alloc(0)

/** Far above what a network cuts a megabyte into: a body in crumbs costs a callback for each. */
const max_chunks = 16_384
