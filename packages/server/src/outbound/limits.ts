/** How much one exchange, one provider and all providers together may take of us. */

import type { Message } from '@relying-party/core'

export interface OutboundLimits {
  /** From the call to the last byte of the body: waiting for a slot, DNS, connecting, TLS, headers and body together. */
  readonly deadline_ms: number
  /** Bytes of a body, counted as they arrive. */
  readonly body_bytes: Readonly<Record<Message, number>>
  /** Bytes of the headers (and trailers) of one response. */
  readonly header_bytes: number
  /** Exchanges under way, and so connections, per origin and whoever asks it. */
  readonly per_origin: number
  /** Exchanges under way for one connection, over all the origins that its provider's document names. */
  readonly per_connection: number
  /** Exchanges that may wait for them; one more is answered `timed_out` at once. */
  readonly waiting_per_origin: number
  /** Exchanges under way altogether: what bounds the memory that all bodies can take. */
  readonly total: number
  /** Origins, each counted for whoever asks it, whose connections are kept; the one unused for longest goes first. */
  readonly origins: number
}

const KiB = 1024

export const default_limits: OutboundLimits = {
  deadline_ms: 10_000,
  body_bytes: { provider_metadata: 256 * KiB, jwks: 512 * KiB, token: 256 * KiB, userinfo: 1024 * KiB },
  header_bytes: 16 * KiB,
  per_origin: 20,
  // Two dead hosts of one provider fill it; six such connections leave room for the others.
  per_connection: 40,
  waiting_per_origin: 500,
  total: 256,
  origins: 1024,
}
