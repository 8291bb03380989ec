/**
 * The text that Keyv carries for each record, the same on every backend: the value with its version, its expiry and the
 * format of the envelope itself. A format that this release does not know is an error, never absence or garbage.
 */
import { randomUUID } from 'node:crypto'
import { StoreUnavailable, type Json } from '@relying-party/core'

/** The format that this release writes, and the newest that it reads. */
const envelope_format = 1

/** A record as it is stored. The header stays in front of the value, so that a script in Redis can read it as text. */
export interface Envelope {
  readonly format: number
  readonly version: string
  readonly expires_at: number | null
  readonly value: Json
}

/** A record on its way to a backend: what the backend compares stands beside the text, so that no backend parses it. */
export interface Row {
  readonly name: string
  readonly text: string
  readonly version: string
  readonly expires_at: number | null
}

/** Wraps a value under a new version: random, so that it never returns, also not for a key that is deleted and made again. */
export function wrap(name: string, value: Json, expires_at: number | null): Row {
  if (value === undefined) throw new TypeError('A value must be JSON.')
  if (expires_at !== null && !Number.isFinite(expires_at)) {
    throw new TypeError('expires_at must be epoch seconds, or null for a record that stays.')
  }
  const version = randomUUID()
  const envelope: Envelope = { format: envelope_format, version, expires_at, value }
  return { name, text: JSON.stringify(envelope), version, expires_at }
}

/** Reads an envelope, whatever wrote it. */
export function unwrap(text: string): Envelope {
  let envelope: Partial<Envelope> | null
  try {
    envelope = JSON.parse(text) as Partial<Envelope> | null
  } catch (cause) {
    throw new StoreUnavailable('A stored record is damaged: it is not JSON.', { cause })
  }
  if (typeof envelope?.format !== 'number') throw new StoreUnavailable('A stored record is damaged: it has no format.')
  if (envelope.format > envelope_format) {
    throw new StoreUnavailable(
      `A stored record has format ${envelope.format}: a newer release wrote it, this one reads up to ${envelope_format}.`,
    )
  }
  return envelope as Envelope
}

/**
 * Seconds that a record stays after its expiry: an instance whose clock is behind must still find the claim that another
 * one made, whose clock is ahead. It covers two clocks that are wrong by five minutes each.
 */
export const kept_after_expiry = 600

/** Whether a record with this expiry is still there at `now`. */
export function isLive(expires_at: number | null, now: number): boolean {
  return expires_at === null || expires_at > now
}
