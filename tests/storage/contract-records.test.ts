/** What the port promises of single records: read, claim, replace, remove, expire. Each rule on every backend. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Json } from '@relying-party/core'
import { describe, expect, test } from 'vitest'
import { openIn } from './backends.ts'
import { onEveryBackend } from './on-every-backend.ts'

onEveryBackend((it) => {
  describe('get', () => {
    test('returns what was written, and a version', async () => {
      const key = it.fresh()
      const value = { text: 'ümlaut \0 \u{1F511} \ud800', list: [1, 0.5, null, true], deep: { a: { b: {} } } }
      await it.store.putIfAbsent('connections', key, value, null)
      expect(await it.store.get('connections', key)).toEqual({ value, version: expect.any(String) })
    })

    test.each<[string, Json]>([
      ['null', null],
      ['false', false],
      ['0', 0],
      ['the empty text', ''],
      ['an empty list', []],
    ])('does not take %s for absence', async (_, value) => {
      const key = it.fresh()
      await it.store.putIfAbsent('audit', key, value, null)
      expect(await it.store.get('audit', key)).toMatchObject({ value })
    })

    test('returns undefined for a record that is not there', async () => {
      expect(await it.store.get('connections', it.fresh())).toBeUndefined()
    })

    test('keeps collections apart', async () => {
      const key = it.fresh()
      await it.store.putIfAbsent('sessions', key, 1, null)
      expect(await it.store.get('audit', key)).toBeUndefined()
      expect(await it.store.putIfAbsent('audit', key, 2, null)).toBe(true)
      expect(await it.store.get('sessions', key)).toMatchObject({ value: 1 })
    })

    test('returns a copy: what a caller does to it stays with the caller', async () => {
      const key = it.fresh()
      const value = { list: [1] }
      await it.store.putIfAbsent('attempts', key, value, null)
      value.list.push(2)
      const read = (await it.store.get('attempts', key))!.value as { list: number[] }
      read.list.push(3)
      expect(await it.store.get('attempts', key)).toMatchObject({ value: { list: [1] } })
    })
  })

  describe('putIfAbsent', () => {
    test('writes once: the second writer is told, and changes nothing', async () => {
      const key = it.fresh()
      expect(await it.store.putIfAbsent('claims', key, 'first', it.in_a_minute())).toBe(true)
      expect(await it.store.putIfAbsent('claims', key, 'second', it.in_a_minute())).toBe(false)
      expect(await it.store.get('claims', key)).toMatchObject({ value: 'first' })
    })

    test('has exactly one winner among many at once (#266)', async () => {
      const key = it.fresh()
      const claims = Array.from({ length: 50 }, (_, i) => it.store.putIfAbsent('claims', key, i, it.in_a_minute()))
      const won = await Promise.all(claims)
      expect(won.filter(Boolean)).toHaveLength(1)
      expect(await it.store.get('claims', key)).toMatchObject({ value: won.indexOf(true) })
    })

    test('grants a right again once it has expired, to exactly one', async () => {
      const key = it.fresh()
      await it.store.putIfAbsent('claims', key, 'before', it.in_a_minute())
      it.clock.advance(60)
      const won = await Promise.all([1, 2, 3, 4].map((n) => it.store.putIfAbsent('claims', key, n, it.in_a_minute())))
      expect(won.filter(Boolean)).toHaveLength(1)
    })

    test('grants a right that has already run out to nobody', async () => {
      const key = it.fresh()
      expect(await it.store.putIfAbsent('claims', key, 1, it.clock.now())).toBe(false)
      expect(await it.store.putIfAbsent('claims', key, 1, it.clock.now() - 1)).toBe(false)
      expect(await it.store.get('claims', key)).toBeUndefined()
    })
  })

  describe('compareAndSet', () => {
    test('replaces the version it names, and returns the new one', async () => {
      const key = it.fresh()
      await it.store.putIfAbsent('connections', key, 1, null)
      const before = await it.version('connections', key)
      const after = await it.store.compareAndSet('connections', key, before, 2, null)
      expect(after).not.toBe(before)
      expect(await it.store.get('connections', key)).toEqual({ value: 2, version: after })
    })

    test('reports a conflict, and changes nothing, for a version that has passed', async () => {
      const key = it.fresh()
      await it.store.putIfAbsent('connections', key, 1, null)
      const before = await it.version('connections', key)
      await it.store.compareAndSet('connections', key, before, 2, null)
      expect(await it.store.compareAndSet('connections', key, before, 3, null)).toBeUndefined()
      expect(await it.store.get('connections', key)).toMatchObject({ value: 2 })
    })

    test('with null, writes a record that is absent, and only that', async () => {
      const key = it.fresh()
      const first = await it.store.compareAndSet('connections', key, null, 1, null)
      expect(await it.store.get('connections', key)).toEqual({ value: 1, version: first })
      expect(await it.store.compareAndSet('connections', key, null, 2, null)).toBeUndefined()
    })

    test('reports a conflict for a record that is absent or has expired', async () => {
      const key = it.fresh()
      expect(await it.store.compareAndSet('sessions', key, 'some-version', 1, null)).toBeUndefined()
      const before = (await it.store.compareAndSet('sessions', key, null, 1, it.in_a_minute()))!
      it.clock.advance(60)
      expect(await it.store.compareAndSet('sessions', key, before, 2, it.in_a_minute())).toBeUndefined()
    })

    test.each(['', '*', '"', 'null', '%'])('does not take "%s" for absence, or for any version', async (strange) => {
      const key = it.fresh()
      expect(await it.store.compareAndSet('connections', key, strange, 1, null)).toBeUndefined()
      expect(await it.store.get('connections', key)).toBeUndefined()
      await it.store.putIfAbsent('connections', key, 1, null)
      expect(await it.store.compareAndSet('connections', key, strange, 2, null)).toBeUndefined()
      expect(await it.store.delete('connections', key, strange)).toBe(false)
      expect(await it.store.get('connections', key)).toMatchObject({ value: 1 })
    })

    test('never gives a key the same version again, also not after delete and creation', async () => {
      const key = it.fresh()
      const versions = new Set<string>()
      for (let i = 0; i < 5; i += 1) {
        const created = (await it.store.compareAndSet('connections', key, null, 'same', null))!
        versions.add(created)
        versions.add((await it.store.compareAndSet('connections', key, created, 'same', null))!)
        await it.store.delete('connections', key)
      }
      expect(versions.size).toBe(10)
    })

    test('has exactly one winner among many at once', async () => {
      const key = it.fresh()
      const before = (await it.store.compareAndSet('connections', key, null, 'start', null))!
      const tries = Array.from({ length: 50 }, (_, i) => it.store.compareAndSet('connections', key, before, i, null))
      const won = await Promise.all(tries)
      const winner = won.findIndex((after) => after !== undefined)
      expect(won.filter((after) => after !== undefined)).toHaveLength(1)
      expect(await it.store.get('connections', key)).toEqual({ value: winner, version: won[winner] })
    })

    test('loses no update of writers who try again', async () => {
      const key = it.fresh()
      await it.store.putIfAbsent('connections', key, 0, null)
      const increment = async () => {
        for (;;) {
          const { value, version } = (await it.store.get('connections', key))!
          if (await it.store.compareAndSet('connections', key, version, (value as number) + 1, null)) return
        }
      }
      await Promise.all(Array.from({ length: 12 }, increment))
      expect(await it.store.get('connections', key)).toMatchObject({ value: 12 })
    })

    test('sets the expiry anew', async () => {
      const key = it.fresh()
      const before = (await it.store.compareAndSet('sessions', key, null, 1, it.in_a_minute()))!
      const after = (await it.store.compareAndSet('sessions', key, before, 2, it.clock.now() + 600))!
      it.clock.advance(60)
      expect(await it.store.get('sessions', key)).toEqual({ value: 2, version: after })
      await it.store.compareAndSet('sessions', key, after, 3, null)
      it.clock.advance(10_000)
      expect(await it.store.get('sessions', key)).toMatchObject({ value: 3 })
    })
  })

  describe('delete', () => {
    test('says whether this very call removed the record', async () => {
      const key = it.fresh()
      await it.store.putIfAbsent('sessions', key, 1, null)
      expect(await it.store.delete('sessions', key)).toBe(true)
      expect(await it.store.delete('sessions', key)).toBe(false)
      expect(await it.store.get('sessions', key)).toBeUndefined()
    })

    test('has exactly one winner among many at once', async () => {
      const key = it.fresh()
      await it.store.putIfAbsent('sessions', key, 1, it.in_a_minute())
      const won = await Promise.all(Array.from({ length: 50 }, () => it.store.delete('sessions', key)))
      expect(won.filter(Boolean)).toHaveLength(1)
    })

    test.runIf(it.backend.shared)('leaves no trace', async () => {
      const before = await it.place.count()
      const keys = Array.from({ length: 10 }, it.fresh)
      for (const [i, key] of keys.entries()) {
        await it.store.putIfAbsent('sessions', key, 1, i % 2 ? it.in_a_minute() : null)
      }
      for (const key of keys) await it.store.delete('sessions', key)
      expect(await it.place.count()).toBe(before)
    })

    test('with a version, spares a record that has changed', async () => {
      const key = it.fresh()
      const before = (await it.store.compareAndSet('sessions', key, null, 1, null))!
      const after = (await it.store.compareAndSet('sessions', key, before, 2, null))!
      expect(await it.store.delete('sessions', key, before)).toBe(false)
      expect(await it.store.get('sessions', key)).toMatchObject({ value: 2 })
      expect(await it.store.delete('sessions', key, after)).toBe(true)
    })

    test('does not claim to have removed what had expired', async () => {
      const key = it.fresh()
      await it.store.putIfAbsent('sessions', key, 1, it.in_a_minute())
      it.clock.advance(60)
      expect(await it.store.delete('sessions', key)).toBe(false)
    })
  })

  describe('expiry', () => {
    test('a record is there until its second, and gone from it on', async () => {
      const key = it.fresh()
      await it.store.putIfAbsent('sessions', key, 1, it.in_a_minute())
      it.clock.advance(59)
      expect(await it.store.get('sessions', key)).toBeDefined()
      it.clock.advance(1)
      expect(await it.store.get('sessions', key)).toBeUndefined()
    })

    test.runIf(it.backend.shared)(
      'an instance whose clock is behind still finds the claim of one that is ahead',
      async () => {
        const behind = await openIn(it.place, { now: () => it.clock.now() - 240 })
        const key = it.fresh()
        await it.store.putIfAbsent('claims', key, 1, it.clock.now() + 0.01)
        await sleep(30) // for a backend that expires by its own clock
        expect(await behind.putIfAbsent('claims', key, 2, it.clock.now() + 600)).toBe(false)
        await behind.close()
      },
    )
  })
})
