/** What an outage must look like, whatever broke: StoreUnavailable, from every call, in time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailable, type Json, type Store } from '@relying-party/core'
import { expect } from 'vitest'
import { openIn, type Place } from './backends.ts'

export const now = () => Date.now() / 1000
export const deadline_ms = 400
/** How much later than its deadline an answer may be seen here: other suites keep the machine busy. */
export const slack_ms = 1500

/** Makes the table and the record that {@link calls} ask for without haste: a busy machine may need longer than the deadline. */
export async function prepare(place: Place, value: Json = 1): Promise<void> {
  const store = await openIn(place, { now, deadline_ms: 10_000 })
  await store.putIfAbsent('connections', 'there', value, null)
  await store.close()
}

/** Every call of the port, each on a record that exists or a key that is free. */
export const calls: readonly [string, (store: Store) => Promise<unknown>][] = [
  ['get', (store) => store.get('connections', 'there')],
  ['putIfAbsent', (store) => store.putIfAbsent('claims', `free-${Math.random()}`, 1, now() + 600)],
  ['compareAndSet', (store) => store.compareAndSet('connections', 'there', 'not-its-version', 2, null)],
  ['delete', (store) => store.delete('connections', 'not-there')],
  ['delete of a version', (store) => store.delete('connections', 'there', 'not-its-version')],
  ['list', (store) => store.list('connections', { limit: 10 })],
  ['sweep', (store) => store.sweep(now() - 1_000_000, 10)],
  ['ping', (store) => store.ping()],
]

/** Rejects with StoreUnavailable, in time, from all of the calls at once. */
export async function expectUnavailable(store: Store, names = calls.map(([name]) => name)): Promise<void> {
  const started = performance.now()
  const chosen = calls.filter(([name]) => names.includes(name))
  const outcomes = await Promise.all(
    chosen.map(async ([name, call]) => {
      const outcome = await call(store).then(
        (value) => value,
        (error: unknown) => error,
      )
      return [name, outcome, performance.now() - started] as const
    }),
  )
  for (const [name, outcome, elapsed] of outcomes) {
    expect(outcome, name).toBeInstanceOf(StoreUnavailable)
    expect(elapsed, name).toBeLessThan(deadline_ms + slack_ms)
  }
}

/** Asks until the store answers again. */
export async function expectRecovery(store: Store): Promise<void> {
  const until = performance.now() + 10_000
  for (;;) {
    const found = await store.get('connections', 'there').catch((error: unknown) => error)
    if (!(found instanceof StoreUnavailable)) return expect(found).toMatchObject({ value: 1 })
    if (performance.now() > until) throw found
    await sleep(50)
  }
}
