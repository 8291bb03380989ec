/**
 * Identifiers in Okta's shapes: 43 base64url characters for what is secret, 20 characters with a type prefix for
 * what is named. With a seed the same questions in the same order get the same answers.
 */
import { createHash, randomBytes } from 'node:crypto'

/** A source of identifiers. Each kind counts for itself, so one more code does not change the next token. */
export interface Ids {
  /** A value nobody can guess (with a seed: that nobody but you can guess), 43 base64url characters. */
  secret(kind: string): string
  /** The value of `X-Okta-Request-Id`: 32 hexadecimal digits. */
  request(): string
  /** Starts again from the beginning. */
  reset(): void
}

/** A random source, or a repeatable one when a seed is given. */
export function createIds(seed: string | number | undefined): Ids {
  const counters = new Map<string, number>()
  const bytes = (kind: string) => {
    if (seed === undefined) return randomBytes(32)
    const count = (counters.get(kind) ?? 0) + 1
    counters.set(kind, count)
    return createHash('sha256').update(`${seed}/${kind}/${count}`).digest()
  }
  return {
    secret: (kind) => bytes(kind).toString('base64url'),
    request: () => bytes('request').subarray(0, 16).toString('hex'),
    reset: () => counters.clear(),
  }
}

/** An identifier as Okta makes them: a prefix of three (`00u`, `0oa`, `00g`), 20 characters, the same for the same name. */
export function oktaId(prefix: '00u' | '0oa' | '00g' | '00o', name: string): string {
  const digest = createHash('sha256').update(`${prefix}:${name}`).digest('hex')
  return `${prefix}${BigInt(`0x${digest}`).toString(36).slice(0, 17)}`
}
