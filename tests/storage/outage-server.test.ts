/** A PostgreSQL or Redis that answers, but not as it should: locked, read-only, full, killed, made to forget. */
import { execFileSync, spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailable, type Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../packages/server/src/storage/open.ts'
import { openIn, postgres, sql, type Place } from './backends.ts'
import { calls, deadline_ms, expectRecovery, expectUnavailable, now } from './unavailable.ts'

describe.runIf(!postgres.available)('PostgreSQL', () => {
  test.skip('is tried when POSTGRES_URL names one', () => {})
})

describe.runIf(postgres.available)('PostgreSQL', () => {
  let place: Place
  let store: Store

  beforeAll(async () => {
    place = await postgres.create()
    store = await openIn(place, { now, deadline_ms })
    await store.putIfAbsent('connections', 'there', 1, null)
  })
  afterAll(async () => {
    await store.close()
    await place.remove()
  })

  /** Runs SQL in one transaction and returns once it holds its lock on the table; the result ends the transaction. */
  const hold = async (statement: string, mode: string) => {
    const holders = `SELECT pid FROM pg_locks WHERE relation = '${place.namespace}'::regclass AND mode = '${mode}'`
    const held = sql(`${statement}; SELECT pg_sleep(60)`).catch(() => {})
    while ((await sql(holders)).length === 0) await sleep(20)
    return async () => {
      await sql(`SELECT pg_cancel_backend(pid) FROM (${holders}) AS holders`)
      await held
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
    await expectUnavailable(replica, ['putIfAbsent', 'compareAndSet', 'delete', 'sweep'])
    await replica.close()
  })

  test('sweep passes over a record that is being written again', { retry: 3 }, async () => {
    await store.putIfAbsent('claims', 'again', 'old', now() + 0.05)
    await sleep(100)
    const release = await hold(
      `UPDATE ${place.namespace} SET expires_at = ${now() + 600} WHERE key = 'claims:again'`,
      'RowExclusiveLock',
    )
    expect(await store.sweep(now(), 10)).toBe(0)
    await release()
    expect(await store.sweep(now(), 10)).toBe(1)
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
    const other = await openIn(other_place, { now, deadline_ms, url: `${other_place.url}?application_name=other` })
    await other.putIfAbsent('connections', 'there', 'other', null)
    expect(await store.get('connections', 'there')).toMatchObject({ value: 1 })
    await other.close()
    expect(await store.get('connections', 'there')).toMatchObject({ value: 1 })
    await other_place.remove()
  })
})

const own_redis = (() => {
  try {
    return execFileSync('redis-server', ['--version']).length > 0
  } catch {
    return false
  }
})()

describe.runIf(own_redis)('Redis of the test', () => {
  const start = async (...options: string[]) => {
    const reserved = createServer()
    await new Promise<void>((resolve) => reserved.listen(0, '127.0.0.1', resolve))
    const port = String((reserved.address() as AddressInfo).port)
    await new Promise((resolve) => reserved.close(resolve))
    const server = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', ...options])
    for await (const line of server.stdout) if (String(line).includes('Ready to accept connections')) break
    server.stdout.resume()
    const ended = new Promise((resolve) => server.once('exit', resolve))
    return {
      url: `redis://127.0.0.1:${port}`,
      kill: async () => {
        server.kill('SIGKILL')
        await ended
      },
    }
  }

  test('killed: every call rejects at once, long before the deadline', async () => {
    const server = await start()
    const store = await openStore(server.url, { now, deadline_ms: 10_000 })
    await store.putIfAbsent('connections', 'there', 1, null)
    await server.kill()
    await expectUnavailable(store)
    await store.close().catch(() => {})
  })

  test('full: a write that it has no room for rejects, and everything written stays', async () => {
    const server = await start('--maxmemory', '3mb', '--maxmemory-policy', 'noeviction')
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
    await server.kill()
  })

  test('made to evict: is refused at the start, since a claim that is gone would be granted again (#279)', async () => {
    const server = await start('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru')
    await expect(openStore(server.url, { now, deadline_ms })).rejects.toThrow(/noeviction/)
    await server.kill()
  })
})
