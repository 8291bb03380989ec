/**
 * The store of the port over any backend. Keyv's storage adapters carry the data, as text under one name. What Keyv has no
 * words for (write if absent, write if unchanged, list in order, sweep) each backend adds to its adapter. Keyv's own front
 * stays out of the way: its expiry goes by the ambient clock and deletes what it has just read by key alone, which can hit
 * a record written in between, and what it does around each read costs several times the read itself.
 */
import type { KeyvStoreAdapter } from 'keyv'
import { StoreUnavailable, type Collection, type Store, type Stored } from '@relying-party/core'
import { BoundedMap } from '../bounded-map.ts'
import { answerOf, withinDeadline } from './deadline.ts'
import { isLive, unwrap, wrap, type Envelope, type Row } from './envelope.ts'
import { keyOf, nameOf, rangeOf, type Range } from './keys.ts'

/** What a store is opened with. */
export interface StoreOptions {
  /** The clock, in epoch seconds. */
  readonly now: () => number
  /** How long a backend may take to answer, in milliseconds. */
  readonly deadline_ms: number
  /** Sets several deployments on one PostgreSQL or Redis apart. */
  readonly namespace: string
}

/** A Keyv storage adapter with the operations that must be atomic. It throws on every failure, and never guesses. */
export interface AtomicAdapter extends Omit<KeyvStoreAdapter, 'get' | 'set' | 'clear'> {
  /** The text of a record, expired or not; undefined if there is none. */
  get(name: string): Promise<string | undefined>
  /** Writes the row if the live record has the version `expected` (null: if there is no live record): whether it did. */
  put(row: Row, expected: string | null): Promise<boolean>
  /** Removes the live record (only at this version, when given): whether this very call did. */
  delete(name: string, version?: string): Promise<boolean>
  /** Names and texts in order, live ones only. */
  list(range: Range): Promise<readonly { readonly name: string; readonly text: string }[]>
  /** Removes up to `limit` records that had expired at `at`: how many. */
  sweep(at: number, limit: number): Promise<number>
  ping(): Promise<void>
  /** Lets go of the backend; called when nothing is waited for. */
  disconnect(): Promise<void>
  /** Lets go of a connection that does not answer; the next call makes a new one. */
  giveUp?(): void
  /** Keyv asks for these two; the port has no unconditional write. */
  set: typeof refuse
  clear: typeof refuse
}

const maximumUnwrapped = 5000

/** The store on a backend. `backend` is its name in messages. */
export function keyvStore(backend: string, adapter: AtomicAdapter, options: StoreOptions): Store {
  const { now, deadline_ms } = options
  // What an adapter reports without being asked, such as a lost connection, the next call meets again.
  adapter.on('error', () => {})
  let closed = false

  /** Connections are read at every request and hardly ever change: the same text is not parsed again. */
  const unwrapped = new BoundedMap<{ readonly text: string; readonly envelope: Envelope }>(maximumUnwrapped)
  const unwrapOnce = (name: string, text: string): Envelope => {
    const known = unwrapped.get(name)
    if (known?.text === text) return known.envelope
    const envelope = unwrap(text)
    unwrapped.set(name, { text, envelope })
    return envelope
  }

  const unanswered = new Set<Promise<unknown>>()

  const ask = <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new StoreUnavailable(`${backend} is closed.`))
    // A backend in this process answers before anybody could close it.
    if (deadline_ms === Infinity) return answerOf(backend, work)
    const answer = withinDeadline(backend, deadline_ms, work, () => adapter.giveUp?.())
    unanswered.add(answer)
    return answer.finally(() => unanswered.delete(answer))
  }

  /** A record that would be expired already is not written: a right that has run out is granted to nobody. */
  const put = (row: Row, expected: string | null): Promise<boolean> =>
    isLive(row.expires_at, now()) ? ask(() => adapter.put(row, expected)) : Promise.resolve(false)

  return {
    async get(collection: Collection, key: string): Promise<Stored | undefined> {
      const name = nameOf(collection, key)
      const text = await ask(() => adapter.get(name))
      if (text === undefined) return undefined
      const envelope = collection === 'connections' ? unwrapOnce(name, text) : unwrap(text)
      if (!isLive(envelope.expires_at, now())) return undefined
      return { value: envelope.value, version: envelope.version }
    },

    async putIfAbsent(collection, key, value, expires_at) {
      return put(wrap(nameOf(collection, key), value, expires_at), null)
    },

    async compareAndSet(collection, key, version, value, expires_at) {
      const row = wrap(nameOf(collection, key), value, expires_at)
      return (await put(row, version)) ? row.version : undefined
    },

    async delete(collection, key, version) {
      const name = nameOf(collection, key)
      return ask(() => adapter.delete(name, version))
    },

    async list(collection, options) {
      const range = rangeOf(collection, options)
      if (range.limit === 0) return []
      const rows = await ask(() => adapter.list(range))
      return rows.map(({ name, text }) => {
        const { value, version } = unwrap(text)
        return { key: keyOf(name), value, version }
      })
    },

    async sweep(at, limit) {
      if (!Number.isFinite(at) || !Number.isSafeInteger(limit) || limit < 1) {
        throw new TypeError('sweep takes epoch seconds and a limit of 1 or more.')
      }
      return ask(() => adapter.sweep(at, limit))
    },

    async ping() {
      return ask(() => adapter.ping())
    },

    async close() {
      if (closed) return
      closed = true
      await Promise.allSettled(unanswered)
      await withinDeadline(backend, deadline_ms, () => adapter.disconnect())
    },
  }
}

/** The answer to Keyv's unconditional writes. */
export function refuse(): never {
  throw new Error('A record is written with putIfAbsent or compareAndSet.')
}
