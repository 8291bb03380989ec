/** A PostgreSQL or Redis that answers, but not as it should: locked, read-only, full, killed, made to forget. */
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailable, type Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../packages/server/src/storage/open.ts'
import { own_postgres, ownPostgres } from './own-postgres.ts'
import { own_redis, ownRedis } from './own-redis.ts'
import { startProxy } from './tcp-proxy.ts'
import { openIn, postgres, sql, type Place } from './backends.ts'
import { calls, deadline_ms, expectRecovery, expectUnavailable, now, prepare } from './unavailable.ts'

const writes = ['putIfAbsent', 'compareAndSet', 'delete', 'delete of a version', 'sweep']

if (!postgres.available) test.skip('PostgreSQL is tried when POSTGRES_URL names one', () => {})

describe.runIf(postgres.available)('PostgreSQL', () => {
  let place: Place
  let store: Store

  beforeAll(async () => {
    place = await postgres.create()
    await prepare(place)
    store = await openIn(place, { now, deadline_ms })
  })
  afterAll(async () => {
    await store.close()
    await place.remove()
  })

  /**
   * Runs SQL in one transaction and returns once it is done and only sleeps: a lock on the table alone would be too early,
   * for an UPDATE takes it before it looks for its row. The result ends the transaction and returns once its locks are
   * gone: PostgreSQL answers a cancelled statement before it lets go of them.
   */
  const hold = async (statement: string, mode: string) => {
    const locks = `pg_locks WHERE relation = '${place.namespace}'::regclass AND mode = '${mode}'`
    const holders = `SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid IN (SELECT pid FROM ${locks})`
    const held = sql(`${statement}; SELECT pg_sleep(60)`).catch(() => {})
    while ((await sql(holders)).length === 0) await sleep(20)
    return async () => {
      await sql(`SELECT pg_cancel_backend(pid) FROM (${holders}) AS holders`)
      await held
      while ((await sql(`SELECT pid FROM ${locks}`)).length > 0) await sleep(20)
    }
  }

  test('with the table locked: every call that needs it rejects within the deadline', async () => {
    const release = await hold(`LOCK TABLE ${place.namespace} IN ACCESS EXCLUSIVE MODE`, 'AccessExclusiveLock')
    await expectUnavailable(
      store,
      calls.map(([name]) => name).filter((name) => name !== 'ping'),
    )
    await release()
    await expectRecovery(store)
  })

  test('read-only, as a replica is: reads answer, writes reject (#280)', async () => {
    const url = new URL(place.url)
    url.searchParams.set('options', '-c default_transaction_read_only=on')
    const replica = await openIn(place, { now, deadline_ms, url: url.href })
    expect(await replica.get('connections', 'there')).toMatchObject({ value: 1 })
    await expectUnavailable(replica, writes)
    await replica.close()
  })

  test('sweep passes over a record that is being written again', async () => {
    // Not an outage: a busy machine may take its time.
    const patient = await openIn(place, { now, deadline_ms: 10_000 })
    expect(await patient.putIfAbsent('claims', 'again', 'old', now() + 60)).toBe(true)
    const release = await hold(
      `UPDATE ${place.namespace} SET expires_at = ${now() + 600} WHERE key = 'claims:again'`,
      'RowExclusiveLock',
    )
    expect(await patient.sweep(now() + 120, 10)).toBe(0)
    await release()
    expect(await patient.sweep(now() + 120, 10)).toBe(1)
    await patient.close()
  })

  test('keys sort by code point, whatever the collation of the database', async () => {
    const columns = await sql(
      'SELECT column_name, collation_name FROM information_schema.columns WHERE table_name = $1',
      [place.namespace],
    )
    expect(columns).toContainEqual({ column_name: 'key', collation_name: 'C' })
  })

  test('two stores with different URLs in one process each have their own pool', async () => {
    const other_place = await postgres.create()
    await prepare(other_place, 'other')
    const other = await openIn(other_place, { now, deadline_ms, url: `${other_place.url}?application_name=other` })
    expect(await other.get('connections', 'there')).toMatchObject({ value: 'other' })
    expect(await store.get('connections', 'there')).toMatchObject({ value: 1 })
    await other.close()
    expect(await store.get('connections', 'there')).toMatchObject({ value: 1 })
    await other_place.remove()
  })
})

if (!own_postgres) test.skip('PostgreSQL of the test is tried where initdb is installed', () => {})

describe.runIf(own_postgres)('PostgreSQL of the test', () => {
  test('a standby: reads answer, writes reject, and once it is promoted it goes on (#280)', async () => {
    const primary = await ownPostgres()
    await prepare(primary.place)
    const standby = await primary.standby()
    const store = await openIn(standby.place, { now, deadline_ms: 5000 })
    expect(await store.get('connections', 'there')).toMatchObject({ value: 1 })
    await expectUnavailable(store, writes)
    await primary.place.remove()
    await expectUnavailable(store, writes)
    expect(await store.get('connections', 'there')).toMatchObject({ value: 1 })
    standby.promote()
    await expectRecovery(store)
    expect(await store.putIfAbsent('claims', 'free', 1, now() + 600)).toBe(true)
    await store.close()
    await standby.place.remove()
  })
})

if (!own_redis) test.skip('Redis of the test is tried where redis-server is installed', () => {})

describe.runIf(own_redis)('Redis of the test', () => {
  test('killed: every call rejects at once, long before the deadline', async () => {
    const server = await ownRedis()
    const store = await openStore(server.url, { now, deadline_ms: 10_000 })
    await store.putIfAbsent('connections', 'there', 1, null)
    await server.kill()
    await expectUnavailable(store)
    await store.close().catch(() => {})
    await server.remove()
  })

  test('full: a write that it has no room for rejects, and everything written stays', async () => {
    const server = await ownRedis('--maxmemory', '3mb', '--maxmemory-policy', 'noeviction')
    const store = await openStore(server.url, { now, deadline_ms: 5000 })
    let written = 0
    const failure = await (async () => {
      for (;;) {
        await store.putIfAbsent('sessions', `s${written}`, 'x'.repeat(50_000), now() + 600)
        written += 1
      }
    })().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StoreUnavailable)
    expect(await store.list('sessions', { limit: 1000 })).toHaveLength(written)
    await store.close()
    await server.remove()
  })

  test('made to evict: is refused at the start, since a claim that is gone would be granted again (#279)', async () => {
    const server = await ownRedis('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru')
    await expect(openStore(server.url, { now, deadline_ms })).rejects.toThrow(/noeviction/)
    await server.remove()
  })

  test('a replica: reads answer, writes reject, also those with nothing to change, and once promoted it goes on (#280)', async () => {
    const primary = await ownRedis()
    const replica = await ownRedis('--replicaof', '127.0.0.1', String(primary.port))
    await prepare(primary.place)
    expect(primary.command('wait', '1', '5000')).toBe('1')
    const store = await openIn(replica.place, { now, deadline_ms: 5000 })
    const there = () => store.get('connections', 'there').catch((error: unknown) => error)
    // It may connect anew when it has been told that this is none to write to.
    for (const name of writes) {
      await expect.poll(there).toMatchObject({ value: 1 })
      await expectUnavailable(store, [name])
    }
    await primary.remove()
    await expectUnavailable(store, writes)
    await expect.poll(there).toMatchObject({ value: 1 })
    replica.command('replicaof', 'no', 'one')
    await expectRecovery(store)
    expect(await store.putIfAbsent('claims', 'free', 1, now() + 600)).toBe(true)
    await store.close()
    await replica.remove()
  })

  test('demoted, while its name leads to another: it goes on there, although the old one still answers', async () => {
    const [old, next] = await Promise.all([ownRedis(), ownRedis()])
    const proxy = await startProxy(old.url)
    await prepare(old.place)
    next.command('replicaof', '127.0.0.1', String(old.port))
    expect(old.command('wait', '1', '10000')).toBe('1')
    const store = await openIn(old.place, { now, deadline_ms: 5000, url: proxy.url })
    const claim = (key: string) => store.putIfAbsent('claims', key, 1, now() + 600).catch((error: unknown) => error)
    expect(await claim('before')).toBe(true)
    await expect.poll(() => next.command('dbsize'), { timeout: 5000 }).toBe(old.command('dbsize'))

    next.command('replicaof', 'no', 'one')
    old.command('replicaof', '127.0.0.1', String(next.port))
    proxy.lead(next.url)
    expect(await claim('after')).toBeInstanceOf(StoreUnavailable)
    await expect.poll(() => claim('after'), { timeout: 5000 }).toBe(true)
    expect([await claim('before'), await claim('after')]).toEqual([false, false])
    await store.close()
    await proxy.close()
    await Promise.all([old.remove(), next.remove()])
  })
})
