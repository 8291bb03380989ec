/** What the port promises, rule by rule, on every backend. */
import fc from 'fast-check'
import { StoreUnavailable, type Collection, type Json, type Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../packages/server/src/storage/open.ts'
import { backends, handClock, openIn, type Place } from './backends.ts'

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

  /** A key that no other test uses. */
  const fresh = (): string => `key-${(serial += 1)}`
  const in_a_minute = () => clock.now() + 60
  const version = async (collection: Collection, key: string) => (await store.get(collection, key))!.version

  describe('get', () => {
    test('returns what was written, and a version', async () => {
      const key = fresh()
      const value = { text: 'ümlaut \0 \u{1F511} \ud800', list: [1, 0.5, null, true], deep: { a: { b: {} } } }
      await store.putIfAbsent('connections', key, value, null)
      expect(await store.get('connections', key)).toEqual({ value, version: expect.any(String) })
    })

    test.each<[string, Json]>([
      ['null', null],
      ['false', false],
      ['0', 0],
      ['the empty text', ''],
      ['an empty list', []],
    ])('does not take %s for absence', async (_, value) => {
      const key = fresh()
      await store.putIfAbsent('server', key, value, null)
      expect(await store.get('server', key)).toMatchObject({ value })
    })

    test('returns undefined for a record that is not there', async () => {
      expect(await store.get('connections', fresh())).toBeUndefined()
    })

    test('keeps collections apart', async () => {
      const key = fresh()
      await store.putIfAbsent('sessions', key, 1, null)
      expect(await store.get('session_index', key)).toBeUndefined()
      expect(await store.putIfAbsent('session_index', key, 2, null)).toBe(true)
      expect(await store.get('sessions', key)).toMatchObject({ value: 1 })
    })

    test('returns a copy: what a caller does to it stays with the caller', async () => {
      const key = fresh()
      const value = { list: [1] }
      await store.putIfAbsent('attempts', key, value, null)
      value.list.push(2)
      const read = (await store.get('attempts', key))!.value as { list: number[] }
      read.list.push(3)
      expect(await store.get('attempts', key)).toMatchObject({ value: { list: [1] } })
    })
  })

  describe('putIfAbsent', () => {
    test('writes once: the second writer is told, and changes nothing', async () => {
      const key = fresh()
      expect(await store.putIfAbsent('claims', key, 'first', in_a_minute())).toBe(true)
      expect(await store.putIfAbsent('claims', key, 'second', in_a_minute())).toBe(false)
      expect(await store.get('claims', key)).toMatchObject({ value: 'first' })
    })

    test('has exactly one winner among many at once', async () => {
      const key = fresh()
      const claims = Array.from({ length: 50 }, (_, i) => store.putIfAbsent('claims', key, i, in_a_minute()))
      const won = await Promise.all(claims)
      expect(won.filter(Boolean)).toHaveLength(1)
      expect(await store.get('claims', key)).toMatchObject({ value: won.indexOf(true) })
    })

    test('grants a right again once it has expired, to exactly one', async () => {
      const key = fresh()
      await store.putIfAbsent('claims', key, 'before', in_a_minute())
      clock.advance(60)
      const won = await Promise.all([1, 2, 3, 4].map((n) => store.putIfAbsent('claims', key, n, in_a_minute())))
      expect(won.filter(Boolean)).toHaveLength(1)
    })

    test('grants a right that has already run out to nobody', async () => {
      const key = fresh()
      expect(await store.putIfAbsent('claims', key, 1, clock.now())).toBe(false)
      expect(await store.putIfAbsent('claims', key, 1, clock.now() - 1)).toBe(false)
      expect(await store.get('claims', key)).toBeUndefined()
    })
  })

  describe('compareAndSet', () => {
    test('replaces the version it names, and returns the new one', async () => {
      const key = fresh()
      await store.putIfAbsent('connections', key, 1, null)
      const before = await version('connections', key)
      const after = await store.compareAndSet('connections', key, before, 2, null)
      expect(after).not.toBe(before)
      expect(await store.get('connections', key)).toEqual({ value: 2, version: after })
    })

    test('reports a conflict, and changes nothing, for a version that has passed', async () => {
      const key = fresh()
      await store.putIfAbsent('connections', key, 1, null)
      const before = await version('connections', key)
      await store.compareAndSet('connections', key, before, 2, null)
      expect(await store.compareAndSet('connections', key, before, 3, null)).toBeUndefined()
      expect(await store.get('connections', key)).toMatchObject({ value: 2 })
    })

    test('with null, writes a record that is absent, and only that', async () => {
      const key = fresh()
      const first = await store.compareAndSet('connections', key, null, 1, null)
      expect(await store.get('connections', key)).toEqual({ value: 1, version: first })
      expect(await store.compareAndSet('connections', key, null, 2, null)).toBeUndefined()
    })

    test('reports a conflict for a record that is absent or has expired', async () => {
      const key = fresh()
      expect(await store.compareAndSet('sessions', key, 'some-version', 1, null)).toBeUndefined()
      const before = (await store.compareAndSet('sessions', key, null, 1, in_a_minute()))!
      clock.advance(60)
      expect(await store.compareAndSet('sessions', key, before, 2, in_a_minute())).toBeUndefined()
    })

    test('never gives a key the same version again, also not after delete and creation', async () => {
      const key = fresh()
      const versions = new Set<string>()
      for (let i = 0; i < 5; i += 1) {
        const created = (await store.compareAndSet('connections', key, null, 'same', null))!
        versions.add(created)
        versions.add((await store.compareAndSet('connections', key, created, 'same', null))!)
        await store.delete('connections', key)
      }
      expect(versions.size).toBe(10)
    })

    test('has exactly one winner among many at once', async () => {
      const key = fresh()
      const before = (await store.compareAndSet('connections', key, null, 'start', null))!
      const tries = Array.from({ length: 50 }, (_, i) => store.compareAndSet('connections', key, before, i, null))
      const won = await Promise.all(tries)
      const winner = won.findIndex((after) => after !== undefined)
      expect(won.filter((after) => after !== undefined)).toHaveLength(1)
      expect(await store.get('connections', key)).toEqual({ value: winner, version: won[winner] })
    })

    test('loses no update of writers who try again', async () => {
      const key = fresh()
      await store.putIfAbsent('connections', key, 0, null)
      const increment = async () => {
        for (;;) {
          const { value, version } = (await store.get('connections', key))!
          if (await store.compareAndSet('connections', key, version, (value as number) + 1, null)) return
        }
      }
      await Promise.all(Array.from({ length: 12 }, increment))
      expect(await store.get('connections', key)).toMatchObject({ value: 12 })
    })

    test('sets the expiry anew', async () => {
      const key = fresh()
      const before = (await store.compareAndSet('sessions', key, null, 1, in_a_minute()))!
      const after = (await store.compareAndSet('sessions', key, before, 2, clock.now() + 600))!
      clock.advance(60)
      expect(await store.get('sessions', key)).toEqual({ value: 2, version: after })
      await store.compareAndSet('sessions', key, after, 3, null)
      clock.advance(10_000)
      expect(await store.get('sessions', key)).toMatchObject({ value: 3 })
    })
  })

  describe('delete', () => {
    test('says whether this very call removed the record', async () => {
      const key = fresh()
      await store.putIfAbsent('sessions', key, 1, null)
      expect(await store.delete('sessions', key)).toBe(true)
      expect(await store.delete('sessions', key)).toBe(false)
      expect(await store.get('sessions', key)).toBeUndefined()
    })

    test('has exactly one winner among many at once', async () => {
      const key = fresh()
      await store.putIfAbsent('sessions', key, 1, in_a_minute())
      const won = await Promise.all(Array.from({ length: 50 }, () => store.delete('sessions', key)))
      expect(won.filter(Boolean)).toHaveLength(1)
    })

    test('with a version, spares a record that has changed', async () => {
      const key = fresh()
      const before = (await store.compareAndSet('sessions', key, null, 1, null))!
      const after = (await store.compareAndSet('sessions', key, before, 2, null))!
      expect(await store.delete('sessions', key, before)).toBe(false)
      expect(await store.get('sessions', key)).toMatchObject({ value: 2 })
      expect(await store.delete('sessions', key, after)).toBe(true)
    })

    test('does not claim to have removed what had expired', async () => {
      const key = fresh()
      await store.putIfAbsent('sessions', key, 1, in_a_minute())
      clock.advance(60)
      expect(await store.delete('sessions', key)).toBe(false)
    })
  })

  describe('expiry', () => {
    test('a record is there until its second, and gone from it on', async () => {
      const key = fresh()
      await store.putIfAbsent('sessions', key, 1, in_a_minute())
      clock.advance(59)
      expect(await store.get('sessions', key)).toBeDefined()
      clock.advance(1)
      expect(await store.get('sessions', key)).toBeUndefined()
    })

    test.runIf(backend.shared)(
      'an instance whose clock is behind still finds the claim of one that is ahead',
      async () => {
        const behind = await openIn(place, { now: () => clock.now() - 240 })
        const key = fresh()
        await store.putIfAbsent('claims', key, 1, in_a_minute())
        clock.advance(120)
        expect(await behind.putIfAbsent('claims', key, 2, clock.now() + 600)).toBe(false)
        await behind.close()
      },
    )
  })

  describe('list', () => {
    const keys = ['a/1', 'a/2', 'a/3', 'a/\u{FFFD}', 'a/\u{1F511}', 'a_', 'b/1', 'B/1']
    beforeAll(async () => {
      for (const key of keys) await store.putIfAbsent('audit', key, { key }, null)
      await store.putIfAbsent('audit', 'a/20', { key: 'a/20' }, in_a_minute())
      clock.advance(60)
    })
    const list = async (options: Parameters<Store['list']>[1]) =>
      (await store.list('audit', options)).map(({ key }) => key)

    test('returns live records by prefix in the order of code points', async () => {
      expect(await list({ prefix: 'a/', limit: 10 })).toEqual(['a/1', 'a/2', 'a/3', 'a/\u{FFFD}', 'a/\u{1F511}'])
    })

    test('takes the prefix as text, not as a pattern', async () => {
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
      await store.putIfAbsent('attempts', 'a/1', 1, null)
      expect((await list({ limit: 100 })).toSorted()).toEqual(keys.toSorted())
    })

    test('returns values and versions that compareAndSet accepts', async () => {
      const [first] = await store.list('audit', { prefix: 'b/', limit: 1 })
      expect(first).toEqual({ key: 'b/1', value: { key: 'b/1' }, version: await version('audit', 'b/1') })
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
    test('removes what had expired, at most `limit` at a time, and says how many', async () => {
      clock.advance(1000)
      while ((await store.sweep(clock.now(), 1000)) > 0);
      const [gone, kept] = [['s1', 's2', 's3'].map(() => fresh()), fresh()]
      for (const key of gone) await store.putIfAbsent('claims', key, 1, in_a_minute())
      await store.putIfAbsent('claims', kept, 1, clock.now() + 61)
      clock.advance(60)
      expect(await store.sweep(clock.now(), 2)).toBe(2)
      expect(await store.sweep(clock.now(), 2)).toBe(1)
      expect(await store.sweep(clock.now(), 2)).toBe(0)
      expect(await store.get('claims', kept)).toBeDefined()
    })

    test('spares a record that was written again after it had expired', async () => {
      const key = fresh()
      await store.putIfAbsent('claims', key, 'old', in_a_minute())
      clock.advance(60)
      await store.putIfAbsent('claims', key, 'new', in_a_minute())
      await store.sweep(clock.now(), 1000)
      expect(await store.get('claims', key)).toMatchObject({ value: 'new' })
    })

    test.runIf(backend.shared)('leaves no trace of what it removed', async () => {
      clock.advance(1000)
      while ((await store.sweep(clock.now(), 1000)) > 0);
      const before = await place.count()
      for (let i = 0; i < 20; i += 1) await store.putIfAbsent('sessions', fresh(), 1, in_a_minute())
      expect(await place.count()).toBe(before + 20)
      clock.advance(60)
      expect(await store.sweep(clock.now(), 1000)).toBe(20)
      expect(await place.count()).toBe(before)
    })
  })

  describe('keys', () => {
    test.each([
      ['512 characters', 'k'.repeat(512)],
      ['300 characters beyond Latin', '鍵'.repeat(300)],
      ['characters beyond U+FFFF', '\u{1F511}\u{10FFFF}'],
      ['what looks like a separator, a quote, a pattern', `a:b::c'"\\%_*?[x]{y}\n\t $1 ?1`],
      ['what looks like another collection', 'sessions:x'],
    ])('may be %s', async (_, key) => {
      expect(await store.putIfAbsent('attempts', key, { key }, null)).toBe(true)
      expect(await store.get('attempts', key)).toMatchObject({ value: { key } })
      expect((await store.list('attempts', { prefix: key, limit: 2 })).map((found) => found.key)).toEqual([key])
      expect(await store.delete('attempts', key)).toBe(true)
    })

    test.each([
      ['NUL', 'a\0b'],
      ['513 characters', 'k'.repeat(513)],
      ['nothing', ''],
      ['half of a surrogate pair', 'a\ud800'],
    ])('must not be %s: a TypeError, on every backend', async (_, key) => {
      await expect(store.get('attempts', key)).rejects.toThrow(TypeError)
      await expect(store.putIfAbsent('attempts', key, 1, null)).rejects.toThrow(TypeError)
      await expect(store.compareAndSet('attempts', key, null, 1, null)).rejects.toThrow(TypeError)
      await expect(store.delete('attempts', key)).rejects.toThrow(TypeError)
      if (key !== '') await expect(store.list('attempts', { prefix: key, limit: 1 })).rejects.toThrow(TypeError)
    })

    test('of any kind hold their own record, or are refused', async () => {
      await fc.assert(
        fc.asyncProperty(any_text, async (key) => {
          const accepted = !key.includes('\0') && key.isWellFormed()
          const written = await store.putIfAbsent('server', key, { key }, null).catch((error: unknown) => error)
          if (accepted) expect(await store.get('server', key)).toMatchObject({ value: { key } })
          else expect(written).toBeInstanceOf(TypeError)
        }),
        {
          numRuns: 50,
          examples: [['__proto__'], ['constructor'], ['A'], ['a'], ['\u00e9'], ['e\u0301'], ['\ufeff'], [' ']],
        },
      )
    })
  })

  describe('values and expiries', () => {
    test('that are none are refused with a TypeError', async () => {
      const nothing = undefined as unknown as Json
      await expect(store.putIfAbsent('server', fresh(), nothing, null)).rejects.toThrow(TypeError)
      for (const time of [NaN, Infinity]) {
        await expect(store.putIfAbsent('server', fresh(), 1, time)).rejects.toThrow(TypeError)
      }
    })

    test('a value may be large', async () => {
      const [key, value] = [fresh(), 'x'.repeat(1_000_000)]
      await store.putIfAbsent('attempts', key, value, null)
      expect((await store.get('attempts', key))?.value).toBe(value)
    })
  })

  describe.runIf(backend.shared)('what it holds', () => {
    test('survives closing and opening', async () => {
      const key = fresh()
      const before = await openIn(place, clock)
      const version = await before.compareAndSet('connections', key, null, { kept: true }, null)
      await before.close()
      const after = await openIn(place, clock)
      expect(await after.get('connections', key)).toEqual({ value: { kept: true }, version })
      await after.close()
    })

    test('is flushed by close, also what nobody has waited for', async () => {
      const keys = Array.from({ length: 20 }, fresh)
      const closing = await openIn(place, clock)
      const writes = keys.map((key) => closing.putIfAbsent('audit', key, 1, null))
      await closing.close()
      expect(await Promise.all(writes)).toEqual(keys.map(() => true))
      for (const key of keys) expect(await store.get('audit', key)).toBeDefined()
      for (const key of keys) await store.delete('audit', key)
    })

    test.each([
      ['a newer format', '{"format":2,"version":"v","expires_at":null,"records":[]}', /newer release/],
      ['no format', '{"value":1}', /damaged/],
      ['no JSON', 'garbage', /damaged/],
    ])('is an error, not absence, when it has %s', async (_, text, message) => {
      const key = fresh()
      await store.putIfAbsent('connections', key, 1, null)
      await place.overwrite(`connections:${key}`, text)
      await expect(store.get('connections', key)).rejects.toThrow(message)
      await expect(store.get('connections', key)).rejects.toThrow(StoreUnavailable)
      await expect(store.list('connections', { prefix: key, limit: 1 })).rejects.toThrow(StoreUnavailable)
      const overwritten = store.putIfAbsent('connections', key, 2, null).catch(() => false)
      expect(await overwritten).toBe(false)
    })
  })

  test('does what a plain model does, for any sequence of operations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
        const prefix = `${fresh()}/`
        const model = new Map<string, { value: number; expires_at: number | null; version: string }>()
        const live = (key: string) => {
          const record = model.get(key)
          return record && (record.expires_at === null || record.expires_at > clock.now()) ? record : undefined
        }
        for (const [what, name, value, lifetime] of operations) {
          const key = prefix + name
          const expires_at = lifetime === 0 ? null : clock.now() + lifetime
          const present = live(key)
          if (what === 'put') {
            expect(await store.putIfAbsent('attempts', key, value, expires_at)).toBe(!present)
            if (!present) model.set(key, { value, expires_at, version: await version('attempts', key) })
          } else if (what === 'set') {
            const after = await store.compareAndSet('attempts', key, present?.version ?? null, value, expires_at)
            expect(after).toEqual(expect.any(String))
            model.set(key, { value, expires_at, version: after! })
          } else if (what === 'delete') {
            expect(await store.delete('attempts', key)).toBe(present !== undefined)
            if (present) model.delete(key)
          } else if (what === 'sweep') {
            await store.sweep(clock.now(), 1000)
          } else {
            clock.advance(value)
          }
          const expected = [...model.keys()].filter(live).toSorted()
          const listed = await store.list('attempts', { prefix, limit: 10 })
          expect(listed.map((record) => record.key)).toEqual(expected)
          expect(listed.map((record) => record.value)).toEqual(expected.map((name) => model.get(name)!.value))
        }
      }),
      { numRuns: 15 },
    )
  })

  test('answers a ping, and nothing once it is closed', async () => {
    const other = await openIn(place, clock)
    await other.ping()
    await other.close()
    await other.close()
    await expect(other.ping()).rejects.toThrow(StoreUnavailable)
    await expect(other.get('connections', 'x')).rejects.toThrow(StoreUnavailable)
  })
})

describe('openStore', () => {
  const options = { now: () => 0 }

  test('names the schemes that it accepts, and not the password', async () => {
    const opening = openStore('mysql://user:secret@host/db', options)
    await expect(opening).rejects.toThrow(/memory:.*sqlite:.*postgres:.*redis:/)
    await expect(opening).rejects.not.toThrow(/secret/)
    await expect(openStore('postgres://user:se cret@ho st/db', options)).rejects.not.toThrow(/se cret/)
  })

  test.each(['', 'data.sqlite', 'sqlite:', 'sqlite::memory:'])('refuses "%s"', async (url) => {
    await expect(openStore(url, options)).rejects.toThrow(Error)
  })
})

/** Any UTF-16 code units, NUL and halves of surrogate pairs included. */
const any_text = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7f0, max: 0xe010 })), { minLength: 1 })
  .map((units) => String.fromCharCode(...units))

const operation = fc.tuple(
  fc.constantFrom('put', 'set', 'delete', 'sweep', 'wait'),
  fc.constantFrom('a', 'b', 'c'),
  fc.integer({ min: 0, max: 9 }),
  fc.constantFrom(0, 1, 5),
)
