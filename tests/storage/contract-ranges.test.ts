/** What the port promises of many records: list and sweep, and any sequence of operations. Each rule on every backend. */
import type { Store } from '@relying-party/core'
import { beforeAll, describe, expect, test } from 'vitest'
import fc from '../support/property.ts'
import { onEveryBackend } from './on-every-backend.ts'

onEveryBackend((it) => {
  describe('list', () => {
    const keys = ['a/1', 'a/2', 'a/3', 'a/\u{FFFD}', 'a/\u{1F511}', 'a_', 'b/1', 'B/1']
    beforeAll(async () => {
      for (const key of keys) await it.store.putIfAbsent('audit', key, { key }, null)
      await it.store.putIfAbsent('audit', 'a/20', { key: 'a/20' }, it.in_a_minute())
      it.clock.advance(60)
    })
    const list = async (options: Parameters<Store['list']>[1]) =>
      (await it.store.list('audit', options)).map(({ key }) => key)

    test('returns live records by prefix in the order of code points', async () => {
      expect(await list({ prefix: 'a/', limit: 10 })).toEqual(['a/1', 'a/2', 'a/3', 'a/\u{FFFD}', 'a/\u{1F511}'])
    })

    test('takes the prefix as text, not as a pattern (#272)', async () => {
      expect(await list({ prefix: 'a_', limit: 10 })).toEqual(['a_'])
      expect(await list({ prefix: '%', limit: 10 })).toEqual([])
    })

    test('returns the newest first when asked', async () => {
      expect(await list({ prefix: 'a/', limit: 2, newest_first: true })).toEqual(['a/\u{1F511}', 'a/\u{FFFD}'])
    })

    test('continues after a key, in either direction', async () => {
      expect(await list({ prefix: 'a/', after: 'a/1', limit: 2 })).toEqual(['a/2', 'a/3'])
      expect(await list({ prefix: 'a/', after: 'a/3', limit: 9, newest_first: true })).toEqual(['a/2', 'a/1'])
      expect(await list({ prefix: 'a/', after: 'a/20', limit: 1 })).toEqual(['a/3']) // a key that is not there
      expect(await list({ prefix: 'a/', after: 'b', limit: 9 })).toEqual([])
      expect(await list({ prefix: 'b/', after: 'a', limit: 9 })).toEqual(['b/1'])
    })

    test('without a prefix, returns the whole collection and no other', async () => {
      await it.store.putIfAbsent('attempts', 'a/1', 1, null)
      expect((await list({ limit: 100 })).toSorted()).toEqual(keys.toSorted())
    })

    test('returns values and versions that compareAndSet accepts', async () => {
      const [first] = await it.store.list('audit', { prefix: 'b/', limit: 1 })
      expect(first).toEqual({ key: 'b/1', value: { key: 'b/1' }, version: await it.version('audit', 'b/1') })
    })

    test('returns nothing for a limit of 0, and refuses what is no limit', async () => {
      expect(await list({ limit: 0 })).toEqual([])
      for (const limit of [-1, 0.5, NaN]) await expect(list({ limit })).rejects.toThrow(TypeError)
    })

    test('reads every record once, page by page', async () => {
      const seen: string[] = []
      for (let after: string | undefined; ; after = seen.at(-1)) {
        const page = await list(after === undefined ? { limit: 3 } : { after, limit: 3 })
        seen.push(...page)
        if (page.length < 3) break
      }
      expect(seen).toEqual(await list({ limit: 100 }))
    })
  })

  describe('sweep', () => {
    test('removes what had expired, at most `limit` at a time, and says how many (#269)', async () => {
      it.clock.advance(1000)
      while ((await it.store.sweep(it.clock.now(), 1000)) > 0);
      const [gone, kept] = [['s1', 's2', 's3'].map(() => it.fresh()), it.fresh()]
      for (const key of gone) await it.store.putIfAbsent('claims', key, 1, it.in_a_minute())
      await it.store.putIfAbsent('claims', kept, 1, it.clock.now() + 61)
      it.clock.advance(60)
      expect(await it.store.sweep(it.clock.now(), 2)).toBe(2)
      expect(await it.store.sweep(it.clock.now(), 2)).toBe(1)
      expect(await it.store.sweep(it.clock.now(), 2)).toBe(0)
      expect(await it.store.get('claims', kept)).toBeDefined()
    })

    test('spares a record that was written again after it had expired (#270)', async () => {
      const key = it.fresh()
      await it.store.putIfAbsent('claims', key, 'old', it.in_a_minute())
      it.clock.advance(60)
      await it.store.putIfAbsent('claims', key, 'new', it.in_a_minute())
      await it.store.sweep(it.clock.now(), 1000)
      expect(await it.store.get('claims', key)).toMatchObject({ value: 'new' })
    })

    test.runIf(it.backend.shared)('leaves no trace of what it removed', async () => {
      it.clock.advance(1000)
      while ((await it.store.sweep(it.clock.now(), 1000)) > 0);
      const before = await it.place.count()
      for (let i = 0; i < 20; i += 1) await it.store.putIfAbsent('sessions', it.fresh(), 1, it.in_a_minute())
      expect(await it.place.count()).toBe(before + 20)
      it.clock.advance(60)
      expect(await it.store.sweep(it.clock.now(), 1000)).toBe(20)
      expect(await it.place.count()).toBe(before)
    })
  })

  test('does what a plain model does, for any sequence of operations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
        const prefix = `${it.fresh()}/`
        const model = new Map<string, { value: number; expires_at: number | null; version: string }>()
        const live = (key: string) => {
          const record = model.get(key)
          return record && (record.expires_at === null || record.expires_at > it.clock.now()) ? record : undefined
        }
        for (const [what, name, value, lifetime] of operations) {
          const key = prefix + name
          const expires_at = lifetime === 0 ? null : it.clock.now() + lifetime
          const present = live(key)
          if (what === 'put') {
            expect(await it.store.putIfAbsent('attempts', key, value, expires_at)).toBe(!present)
            if (!present) model.set(key, { value, expires_at, version: await it.version('attempts', key) })
          } else if (what === 'set') {
            const after = await it.store.compareAndSet('attempts', key, present?.version ?? null, value, expires_at)
            expect(after).toEqual(expect.any(String))
            model.set(key, { value, expires_at, version: after! })
          } else if (what === 'delete') {
            expect(await it.store.delete('attempts', key)).toBe(present !== undefined)
            if (present) model.delete(key)
          } else if (what === 'sweep') {
            await it.store.sweep(it.clock.now(), 1000)
          } else {
            it.clock.advance(value)
          }
          const expected = [...model.keys()].filter(live).toSorted()
          const listed = await it.store.list('attempts', { prefix, limit: 10 })
          expect(listed.map((record) => record.key)).toEqual(expected)
          expect(listed.map((record) => record.value)).toEqual(expected.map((name) => model.get(name)!.value))
        }
      }),
      { numRuns: 15 },
    )
  })
})

const operation = fc.tuple(
  fc.constantFrom('put', 'set', 'delete', 'sweep', 'wait'),
  fc.constantFrom('a', 'b', 'c'),
  fc.integer({ min: 0, max: 9 }),
  fc.constantFrom(0, 1, 5),
)
