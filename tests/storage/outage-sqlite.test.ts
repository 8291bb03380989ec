/** A SQLite file that is locked, damaged, or not what it should be. Rule: no answer is ever guessed. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailable, type Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../packages/server/src/storage/open.ts'
import { openIn, sqlite, type Place } from './backends.ts'
import { deadline_ms, expectRecovery, expectUnavailable, now } from './unavailable.ts'

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

  test('locked by another writer: writes reject within the deadline, reads answer, the event loop runs (#267, #286)', async () => {
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

  test('locked altogether: reads reject, too (#264)', async () => {
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

  test('opening rejects on what is no database, is a directory, or was written by a newer release (#280)', async () => {
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
    await expect(openStore(`sqlite:${text}/below/store.sqlite`, { now })).rejects.toThrow(StoreUnavailable)
    rmSync(directory, { recursive: true })
  })

  describe('that may only be read', () => {
    /** Permissions bind everybody but root. */
    const asOrdinaryUser = async <T>(work: () => Promise<T>): Promise<T> => {
      if (process.geteuid!() !== 0) return work()
      process.seteuid!(nobody)
      try {
        return await work()
      } finally {
        process.seteuid!(0)
      }
    }
    const nobody = 65_534
    const readOnly = async (beside: boolean) => {
      const own = await sqlite.create()
      const path = own.url.slice('sqlite:'.length)
      const before = await openIn(own, { now, deadline_ms })
      await before.putIfAbsent('connections', 'there', 1, null)
      await before.close()
      for (let above = path; above !== tmpdir(); above = dirname(above)) {
        if (process.geteuid!() === 0) chownSync(above, nobody, nobody)
      }
      const permit = (file: number, directory: number) => {
        chmodSync(path, file)
        chmodSync(dirname(path), directory)
      }
      permit(0o400, beside ? 0o700 : 0o500)
      return {
        open: () => asOrdinaryUser(() => openIn(own, { now, deadline_ms })),
        permit: () => permit(0o600, 0o700),
        remove: () => own.remove(),
      }
    }

    test('reads answer, writes reject, and go through once it may be written again (#280)', async () => {
      const file = await readOnly(true)
      const opened = await file.open()
      await expectUnavailable(opened, writes)
      expect(await opened.get('connections', 'there')).toMatchObject({ value: 1 })
      file.permit()
      await expect
        .poll(() => opened.putIfAbsent('connections', 'again', 1, null).catch((error: unknown) => error))
        .toBe(true)
      expect(await opened.get('connections', 'again')).toMatchObject({ value: 1 })
      await opened.close()
      await file.remove()
    })

    test('nor anything beside it: it is not opened (#280)', async () => {
      const file = await readOnly(false)
      await expect(file.open()).rejects.toThrow(StoreUnavailable)
      file.permit()
      await (await file.open()).close()
      await file.remove()
    })
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
