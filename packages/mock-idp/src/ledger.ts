/**
 * The ledger: every protocol request that reached the mock and what it was answered, decoded, for assertions like
 * "no UserInfo request after the tampered ID Token". Nothing is redacted: this is a test tool with test secrets.
 */
import type { ServerName } from './org.ts'

/** The endpoints, by the names that the specifications give them. */
export const endpoints = [
  'discovery',
  'jwks',
  'authorization',
  'sign_in',
  'token',
  'userinfo',
  /** Where distributed claims are fetched. */
  'claims',
  'end_session',
  'introspection',
  'revocation',
  'pushed_authorization_request',
  'device_authorization',
  'registration',
  'unknown',
  /** The one that the mock itself calls, at the relying party. */
  'backchannel_logout',
] as const

/** One of them. */
export type Endpoint = (typeof endpoints)[number]

/** One request and its answer. */
export interface LedgerEntry {
  /** Counts from 1, in the order of arrival. */
  id: number
  endpoint: Endpoint
  /** The authorization server asked; `undefined` where it makes no difference. */
  issuer: ServerName | undefined
  method: string
  path: string
  /** The query as it came, without its question mark. */
  query: string
  /** Parameters of the query or the form, decoded. */
  params: Record<string, string>
  headers: Record<string, string>
  client_id: string | undefined
  /** How the client presented itself, where it did. */
  client_authentication: string | undefined
  /** When, by the clock of the mock, in epoch seconds. */
  at: number
  response: {
    status: number
    headers: Record<string, string | string[]>
    /** The body: an object when it was JSON, text otherwise. */
    body: unknown
    /** The authorization response's parameters, however they were sent. */
    params?: Record<string, string | string[]>
    error?: string
    /** The true reason of a refusal, which Okta's words often hide. */
    reason?: string
  }
  /** The names of the faults that struck here. */
  faults: string[]
}

/** The record of one mock: its entries, oldest first. */
export interface Ledger extends ReadonlyArray<LedgerEntry> {
  /** All of them, as they are now. */
  list(): LedgerEntry[]
  /** The entries of one endpoint. */
  of(endpoint: Endpoint): LedgerEntry[]
  /** The newest entry, of one endpoint or of all. */
  last(endpoint?: Endpoint): LedgerEntry | undefined
  clear(): void
}

/** A ledger that can be written: the arrival counts at once, the answer is filled in when it is known. */
export interface WritableLedger extends Ledger {
  add(entry: Omit<LedgerEntry, 'id'>): LedgerEntry
}

class Entries extends Array<LedgerEntry> implements WritableLedger {
  /** What is made of them is a plain array. */
  static override get [Symbol.species]() {
    return Array
  }
  #limit = Infinity
  #count = 0

  static upTo(limit: number): Entries {
    const entries = new Entries()
    entries.#limit = limit
    return entries
  }
  list(): LedgerEntry[] {
    return [...this]
  }
  of(endpoint: Endpoint): LedgerEntry[] {
    return this.filter((entry) => entry.endpoint === endpoint)
  }
  last(endpoint?: Endpoint): LedgerEntry | undefined {
    return this.findLast((entry) => endpoint === undefined || entry.endpoint === endpoint)
  }
  clear(): void {
    this.length = 0
    this.#count = 0
  }
  add(entry: Omit<LedgerEntry, 'id'>): LedgerEntry {
    const numbered = { id: ++this.#count, ...entry }
    if (this.length >= this.#limit) this.shift()
    this.push(numbered)
    return numbered
  }
}

/** An empty ledger; the oldest entries go when there are more than `limit`. */
export function createLedger(limit = 10_000): WritableLedger {
  return Entries.upTo(limit)
}
