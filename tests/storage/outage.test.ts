/**
 * A backend that is broken, silent, locked or half there. Rule: every call rejects with StoreUnavailable within the
 * deadline; none ever reads as absence, conflict or success. The machine's own services stay untouched: a proxy in front of
 * them fails, or a server that the test starts.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailable, type Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../packages/server/src/storage/open.ts'
import { backends, openIn, postgres, redis, sql, sqlite, type Place } from './backends.ts'
import { startProxy, type TcpProxy } from './tcp-proxy.ts'

const now = () => Date.now() / 1000
const deadline_ms = 400
/** How much later than its deadline an answer may be seen here: other suites keep the machine busy. */
const slack_ms = 1500

/** Every call of the port, each on a record that exists or a key that is free. */
const calls: readonly [string, (store: Store) => Promise<unknown>][] = [
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
async function expectUnavailable(store: Store, names = calls.map(([name]) => name)): Promise<void> {
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
async function expectRecovery(store: Store): Promise<void> {
  const until = performance.now() + 10_000
  for (;;) {
    const found = await store.get('connections', 'there').catch((error: unknown) => error)
    if (!(found instanceof StoreUnavailable)) return expect(found).toMatchObject({ value: 1 })
    if (performance.now() > until) throw found
    await sleep(50)
  }
}

describe.each([postgres, redis].filter((backend) => !backend.available))('$name', () => {
  test.skip('is tried when POSTGRES_URL and REDIS_URL name one', () => {})
})

describe.each([postgres, redis].filter((backend) => backend.available))('$name behind a bad network', (backend) => {
  let place: Place
  let proxy: TcpProxy
  let store: Store

  beforeAll(async () => {
    place = await backend.create()
    proxy = await startProxy(place.url)
    store = await openIn(place, { now, deadline_ms, url: proxy.url })
    await store.putIfAbsent('connections', 'there', 1, null)
  })
  afterAll(async () => {
    proxy.set('pass')
    await store.close().catch(() => {})
    await proxy.close()
    await place.remove()
  })

  test('silent: every call rejects within the deadline, again and again, and recovers by itself', async () => {
    await Promise.all([1, 2, 3, 4, 5].map(() => store.ping())) // several connections, where there is a pool
    proxy.set('silent')
    await expectUnavailable(store)
    await expectUnavailable(store)
    proxy.set('pass')
    await expectRecovery(store)
  })

  test('cut: every call rejects, also those in flight, and recovers by itself', async () => {
    proxy.set('silent')
    const in_flight = expectUnavailable(store)
    await sleep(50)
    proxy.set('cut')
    await in_flight
    await expectUnavailable(store)
    proxy.set('pass')
    await expectRecovery(store)
  })

  test('cut while idle: the process lives on', async () => {
    proxy.set('cut')
    await sleep(100)
    proxy.set('pass')
    await expectRecovery(store)
  })

  test('mute: a write whose answer is lost is neither granted nor refused', async () => {
    proxy.set('mute')
    await expect(store.putIfAbsent('claims', 'lost answer', 1, now() + 600)).rejects.toThrow(StoreUnavailable)
    proxy.set('pass')
    await expectRecovery(store)
    expect(await store.putIfAbsent('claims', 'lost answer', 2, now() + 600)).toBe(false) // it had happened
  })

  test('closing answers in time, also when the backend does not', async () => {
    const closing = await openIn(place, { now, deadline_ms, url: proxy.url })
    proxy.set('silent')
    const pending = closing.get('connections', 'there').catch((error: unknown) => error)
    const started = performance.now()
    await closing.close().catch((error: unknown) => expect(error).toBeInstanceOf(StoreUnavailable))
    expect(performance.now() - started).toBeLessThan(2 * deadline_ms + slack_ms)
    expect(await pending).toBeInstanceOf(StoreUnavailable)
    proxy.set('pass')
    await expectRecovery(store)
  })

  test('opening rejects in time on a port that is closed, cuts off, or says nothing', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const url = new URL(place.url)
    for (const port of ['1', String((silent.address() as AddressInfo).port)]) {
      url.port = port
      const started = performance.now()
      await expect(openIn(place, { now, deadline_ms, url: url.href })).rejects.toThrow(StoreUnavailable)
      expect(performance.now() - started).toBeLessThan(deadline_ms + slack_ms)
    }
    silent.close()
    proxy.set('cut')
    await expect(openIn(place, { now, deadline_ms, url: proxy.url })).rejects.toThrow(StoreUnavailable)
    proxy.set('pass')
  })
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

  test('with the table locked: every call that needs it rejects within the deadline', async () => {
    const locked = sql(`LOCK TABLE ${place.namespace} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.5)`)
    await sleep(200)
    await expectUnavailable(
      store,
      calls.map(([name]) => name).filter((name) => name !== 'ping'),
    )
    await locked
    await expectRecovery(store)
  })

  test('read-only, as a replica is: reads answer, writes reject', async () => {
    const url = new URL(place.url)
    url.searchParams.set('options', '-c default_transaction_read_only=on')
    const replica = await openIn(place, { now, deadline_ms, url: url.href })
    expect(await replica.get('connections', 'there')).toMatchObject({ value: 1 })
    await expectUnavailable(replica, ['putIfAbsent', 'compareAndSet', 'delete', 'sweep'])
    await replica.close()
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

  test('killed: every call rejects at once', async () => {
    const server = await start()
    const store = await openStore(server.url, { now, deadline_ms })
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

  test('made to evict: is refused at the start, since a claim that is gone would be granted again', async () => {
    const server = await start('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru')
    await expect(openStore(server.url, { now, deadline_ms })).rejects.toThrow(/noeviction/)
    await server.kill()
  })
})

describe('SQLite', () => {
  let place: Place
  let store: Store
  let file: string

  beforeAll(async () => {
    place = await sqlite.create()
    file = place.url.slice('sqlite:'.length)
    store = await openIn(place, { now, deadline_ms })
    await store.putIfAbsent('connections', 'there', 1, null)
  })
  afterAll(async () => {
    await store.close()
    await place.remove()
  })

  const writes = ['putIfAbsent', 'compareAndSet', 'delete', 'delete of a version', 'sweep']

  test('locked by another writer: writes reject within the deadline, reads answer, the event loop runs', async () => {
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    let longest = 0
    let last = performance.now()
    const ticking = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 5)
    const rejected = expectUnavailable(store, writes)
    expect(await store.get('connections', 'there')).toMatchObject({ value: 1 })
    await rejected
    clearInterval(ticking)
    expect(longest).toBeLessThan(deadline_ms / 2)
    other.exec('ROLLBACK')
    other.close()
    await expectRecovery(store)
  })

  test('locked for a moment: writes wait for it, and succeed', async () => {
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    const written = store.putIfAbsent('claims', 'patient', 1, now() + 600)
    await sleep(100)
    other.exec('COMMIT')
    other.close()
    expect(await written).toBe(true)
  })

  test('a write that was rejected at its deadline does not happen later', async () => {
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    await expect(store.putIfAbsent('claims', 'late', 1, now() + 600)).rejects.toThrow(StoreUnavailable)
    other.exec('COMMIT')
    other.close()
    await store.putIfAbsent('claims', 'next', 1, now() + 600)
    expect(await store.get('claims', 'late')).toBeUndefined()
  })

  test('locked altogether: reads reject, too', async () => {
    const own = await sqlite.create()
    const waiting = await openIn(own, { now, deadline_ms })
    await waiting.putIfAbsent('connections', 'there', 1, null)
    await waiting.close()
    const other = new DatabaseSync(own.url.slice('sqlite:'.length))
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT')
    await expect(openIn(own, { now, deadline_ms })).rejects.toThrow(StoreUnavailable)
    other.close()
    await own.remove()
  })

  test('writes of one turn share a transaction: all of them stand, or none', async () => {
    const other = new DatabaseSync(file)
    const count = () =>
      Number(other.prepare("SELECT count(*) AS n FROM records WHERE key LIKE 'audit:turn/%'").get()?.['n'])
    const turn = Array.from({ length: 20 }, (_, i) => store.putIfAbsent('audit', `turn/${i}`, i, null))
    const seen = await Promise.all(turn.map(async (written) => [await written, count()]))
    expect(seen).toEqual(Array(20).fill([true, 20]))
    other.close()
  })

  test('is readable by its owner only, with all that lies beside it', () => {
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(file + suffix).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700)
  })

  test('opening rejects on what is no database, is a directory, or was written by a newer release', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rp-storage-'))
    const [text, folder, newer] = ['text', 'folder', 'newer'].map((name) => join(directory, name))
    writeFileSync(text!, 'not a database, but long enough to be looked at as one '.repeat(100))
    mkdirSync(folder!)
    const db = new DatabaseSync(newer!)
    db.exec('PRAGMA user_version = 2')
    db.close()
    await expect(openStore(`sqlite:${text}`, { now })).rejects.toThrow(StoreUnavailable)
    await expect(openStore(`sqlite:${folder}`, { now })).rejects.toThrow(StoreUnavailable)
    await expect(openStore(`sqlite:${newer}`, { now })).rejects.toThrow(/format 2/)
    await expect(openStore('sqlite:/proc/nowhere/store.sqlite', { now })).rejects.toThrow(StoreUnavailable)
    rmSync(directory, { recursive: true })
  })

  test('a file that is damaged is an error, not an empty store', async () => {
    const own = await sqlite.create()
    const path = own.url.slice('sqlite:'.length)
    const damaged = await openIn(own, { now, deadline_ms })
    await damaged.putIfAbsent('connections', 'there', 1, null)
    await damaged.close()
    const size = statSync(path).size
    writeFileSync(path, Buffer.alloc(size - 4096, 0xff), { flag: 'r+', flush: true })
    await expect(
      openIn(own, { now, deadline_ms }).then((opened) => opened.get('connections', 'there')),
    ).rejects.toThrow(StoreUnavailable)
    await own.remove()
  })
})

test('every shared backend is in the suites above', () => {
  expect(backends.filter(({ shared }) => shared)).toEqual([sqlite, postgres, redis])
})
