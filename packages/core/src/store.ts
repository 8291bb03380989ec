/**
 * What the engine needs of storage, as a port. `@relying-party/server` provides it on memory, SQLite, PostgreSQL and
 * Redis; an embedding product may bring its own.
 *
 * Rule: absence is proven, never inferred. A backend that fails or hangs rejects with {@link StoreUnavailable} within a
 * deadline; it never reads as "no such record".
 */

/** A record and the version that {@link Store.compareAndSet} compares. */
export interface Stored {
  readonly value: Json
  readonly version: string
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json | undefined }

/** The tables of the store. `claims` are one-time rights (flows, tickets, `jti`); the others are what their names say. */
export type Collection = 'connections' | 'attempts' | 'audit' | 'claims' | 'sessions'

export interface Store {
  /** The record, or undefined: proven absent, or past its `expires_at`. */
  get(collection: Collection, key: string): Promise<Stored | undefined>
  /** Writes a record that must not exist: true exactly once across all instances until it expires. */
  putIfAbsent(collection: Collection, key: string, value: Json, expires_at: number | null): Promise<boolean>
  /** Replaces the record if it still has this version (`null`: if it is absent): the new version, or undefined for a conflict. */
  compareAndSet(
    collection: Collection,
    key: string,
    version: string | null,
    value: Json,
    expires_at: number | null,
  ): Promise<string | undefined>
  /** Removes a record (only at this version, when given): true when this very call removed it. */
  delete(collection: Collection, key: string, version?: string): Promise<boolean>
  /** Live records whose key starts with `prefix`, sorted by key (descending when `newest_first`), after the key `after`. */
  list(
    collection: Collection,
    options: { prefix?: string; after?: string; limit: number; newest_first?: boolean },
  ): Promise<readonly { readonly key: string; readonly value: Json; readonly version: string }[]>
  /** Really removes up to `limit` records that had expired at `at` (epoch seconds): how many. */
  sweep(at: number, limit: number): Promise<number>
  /** Answers when the backend does; rejects with {@link StoreUnavailable} otherwise. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** The backend failed or did not answer in time. What it holds is unknown. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StoreUnavailable'
  }
}
