/** Runs the rules of a contract on every backend that can be tried here; the others show as skipped. */
import type { Collection, Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { backends, handClock, openIn, type Backend, type Clock, type Place } from './backends.ts'

/** What the rules are about. `store` and `place` are there while a test runs. */
export interface Subject {
  readonly backend: Backend
  readonly clock: Clock
  readonly store: Store
  readonly place: Place
  /** A key that no other test uses. */
  fresh(): string
  in_a_minute(): number
  /** The version of a record that is there. */
  version(collection: Collection, key: string): Promise<string>
}

export function onEveryBackend(rules: (subject: Subject) => void): void {
  describe.each(backends.filter((backend) => !backend.available))('$name', () => {
    test.skip('is tried when POSTGRES_URL and REDIS_URL name one', () => {})
  })

  describe.each(backends.filter((backend) => backend.available))('$name', (backend) => {
    const clock = handClock()
    let place: Place
    let store: Store
    let serial = 0

    beforeAll(async () => {
      place = await backend.create()
      store = await openIn(place, clock)
    })
    afterAll(async () => {
      await store.close()
      await place.remove()
    })

    rules({
      backend,
      clock,
      get store() {
        return store
      },
      get place() {
        return place
      },
      fresh: () => `key-${(serial += 1)}`,
      in_a_minute: () => clock.now() + 60,
      version: async (collection, key) => (await store.get(collection, key))!.version,
    })
  })
}
