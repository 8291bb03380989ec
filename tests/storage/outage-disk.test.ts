/**
 * The disk of a PostgreSQL or Redis is full. Rule: what does not fit is rejected as unavailable, all that was acknowledged
 * stays, and with room again it goes on. The machine's own services stay untouched: each test fills one of its own.
 */
import { randomBytes } from 'node:crypto'
import { StoreUnavailable, type Store } from '@relying-party/core'
import { afterEach, describe, expect, test } from 'vitest'
import { openStore } from '../../packages/server/src/storage/open.ts'
import { openIn } from './backends.ts'
import { giveToPostgres, own_postgres, ownPostgres } from './own-postgres.ts'
import { own_redis, ownRedis } from './own-redis.ts'
import { small_disks, smallDisk } from './small-disk.ts'
import { expectRecovery, expectUnavailable, now, prepare } from './unavailable.ts'

/** Longer than a write may take that waits for the disk. */
const deadline_ms = 5000

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const value = (length: number) => randomBytes(length / 2).toString('hex') // no backend makes it much shorter

/** Writes records until one does not fit, then smaller ones: the keys of those that were acknowledged. */
async function fill(store: Store): Promise<string[]> {
  const acknowledged: string[] = []
  for (const length of [50_000, 1000]) {
    for (;;) {
      const key = `fill-${length}/${acknowledged.length}`
      const answer = await store.putIfAbsent('audit', key, value(length), null).catch((error: unknown) => error)
      if (answer !== true) {
        expect(answer).toBeInstanceOf(StoreUnavailable)
        break
      }
      acknowledged.push(key)
    }
  }
  return acknowledged
}

async function expectThere(store: Store, keys: readonly string[]): Promise<void> {
  expect(keys.length).toBeGreaterThan(10)
  for (const key of keys) expect(await store.get('audit', key)).toBeDefined()
}

if (!small_disks || !own_postgres)
  test.skip('PostgreSQL is tried where initdb is installed and root may mount a tmpfs', () => {})

describe.runIf(small_disks && own_postgres)('PostgreSQL', () => {
  const disk = (megabytes: number) => {
    const made = smallDisk(megabytes)
    cleanups.push(made.remove)
    giveToPostgres(made.path)
    return made
  }

  test('whose tables have no room: writes reject, reads answer, and with room again it goes on (#280)', async () => {
    const small = disk(4)
    const server = await ownPostgres()
    cleanups.push(server.place.remove)
    server.sql(`CREATE TABLESPACE small LOCATION '${small.path}'`)
    server.sql('ALTER DATABASE postgres SET default_tablespace = small')
    await prepare(server.place)
    const store = await openIn(server.place, { now, deadline_ms })
    cleanups.push(store.close)
    const { version } = (await store.get('connections', 'there'))!

    const acknowledged = await fill(store)
    const writes = await Promise.allSettled([
      store.putIfAbsent('claims', 'free', value(50_000), now() + 600),
      store.compareAndSet('connections', 'there', version, value(50_000), null),
    ])
    const refused = { status: 'rejected', reason: expect.any(StoreUnavailable) }
    expect(writes).toEqual([refused, refused])
    expect(await store.get('connections', 'there')).toEqual({ value: 1, version })
    expect(await store.get('claims', 'free')).toBeUndefined()
    expect(await store.list('audit', { limit: 10_000 })).toHaveLength(acknowledged.length)
    await store.ping()

    small.grow(64)
    expect(await store.putIfAbsent('claims', 'free', value(50_000), now() + 600)).toBe(true)
    expect(await store.compareAndSet('connections', 'there', version, 2, null)).toBeDefined()
    await expectThere(store, acknowledged)
  })

  test('whose log has no room: it ends itself, every call rejects, and with room again nothing is lost (#280)', async () => {
    const small = disk(6)
    // Old parts of the log are not given free, as where an archive or a replica holds them.
    const server = await ownPostgres({ log_directory: small.path, settings: { max_wal_size: '1GB' } })
    cleanups.push(server.place.remove)
    await prepare(server.place)
    const store = await openIn(server.place, { now, deadline_ms })
    cleanups.push(store.close)

    const acknowledged = await fill(store)
    await expectUnavailable(store)
    await server.ended()
    await expectUnavailable(store)
    small.grow(64)
    server.start()
    await expectRecovery(store)
    await expectThere(store, acknowledged)
    expect(await store.putIfAbsent('claims', 'free', value(50_000), now() + 600)).toBe(true)
  })
})

if (!small_disks || !own_redis)
  test.skip('Redis is tried where redis-server is installed and root may mount a tmpfs', () => {})

test.runIf(small_disks && own_redis)(
  'Redis whose log has no room: writes reject, reads answer, with room again it goes on, and a restart loses nothing (#280)',
  async () => {
    const small = smallDisk(2)
    cleanups.push(small.remove)
    const server = await ownRedis('--appendonly', 'yes', '--dir', small.path)
    cleanups.push(server.remove)
    const store = await openStore(server.url, { now, deadline_ms })
    cleanups.push(store.close)
    await store.putIfAbsent('connections', 'there', 1, null)

    const acknowledged = await fill(store)
    await expectUnavailable(store, ['putIfAbsent', 'compareAndSet', 'delete', 'delete of a version', 'sweep'])
    expect(await store.get('connections', 'there')).toMatchObject({ value: 1 })
    expect(await store.get('connections', 'not-there')).toBeUndefined()
    await expectThere(store, acknowledged)

    small.grow(64)
    // It tries again once a second.
    const write = () => store.putIfAbsent('claims', 'free', 1, now() + 600).catch((error: unknown) => error)
    await expect.poll(write, { timeout: 10_000 }).toBe(true)
    await server.kill()
    await server.start()
    await expectRecovery(store)
    await expectThere(store, acknowledged)
    expect(await store.get('claims', 'free')).toBeDefined()
  },
)
