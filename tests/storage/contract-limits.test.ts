/** What may be stored, what of it lasts, and what is no record at all. Each rule on every backend. */
import { StoreUnavailable, type Json } from '@relying-party/core'
import { describe, expect, test, vi } from 'vitest'
import { openStore } from '../../packages/server/src/storage/open.ts'
import fc from '../support/property.ts'
import { openIn } from './backends.ts'
import { onEveryBackend } from './on-every-backend.ts'

onEveryBackend((it) => {
  describe('keys', () => {
    test.each([
      ['512 characters', 'k'.repeat(512)],
      ['300 characters beyond Latin', '鍵'.repeat(300)],
      ['characters beyond U+FFFF', '\u{1F511}\u{10FFFF}'],
      ['what looks like a separator, a quote, a pattern', `a:b::c'"\\%_*?[x]{y}\n\t $1 ?1`],
      ['what looks like another collection', 'sessions:x'],
    ])('may be %s', async (_, key) => {
      expect(await it.store.putIfAbsent('attempts', key, { key }, null)).toBe(true)
      expect(await it.store.get('attempts', key)).toMatchObject({ value: { key } })
      expect((await it.store.list('attempts', { prefix: key, limit: 2 })).map((found) => found.key)).toEqual([key])
      expect(await it.store.delete('attempts', key)).toBe(true)
    })

    test.each([
      ['NUL', 'a\0b'],
      ['513 characters', 'k'.repeat(513)],
      ['nothing', ''],
      ['half of a surrogate pair', 'a\ud800'],
    ])('must not be %s: a TypeError, on every backend', async (_, key) => {
      await expect(it.store.get('attempts', key)).rejects.toThrow(TypeError)
      await expect(it.store.putIfAbsent('attempts', key, 1, null)).rejects.toThrow(TypeError)
      await expect(it.store.compareAndSet('attempts', key, null, 1, null)).rejects.toThrow(TypeError)
      await expect(it.store.delete('attempts', key)).rejects.toThrow(TypeError)
      if (key !== '') await expect(it.store.list('attempts', { prefix: key, limit: 1 })).rejects.toThrow(TypeError)
    })

    test('of any kind hold their own record, or are refused (#61, #272)', async () => {
      await fc.assert(
        fc.asyncProperty(any_text, async (key) => {
          const accepted = !key.includes('\0') && key.isWellFormed()
          const written = await it.store.putIfAbsent('audit', key, { key }, null).catch((error: unknown) => error)
          if (accepted) expect(await it.store.get('audit', key)).toMatchObject({ value: { key } })
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
      await expect(it.store.putIfAbsent('audit', it.fresh(), nothing, null)).rejects.toThrow(TypeError)
      for (const time of [NaN, Infinity]) {
        await expect(it.store.putIfAbsent('audit', it.fresh(), 1, time)).rejects.toThrow(TypeError)
      }
    })

    test('a value may be large', async () => {
      const [key, value] = [it.fresh(), 'x'.repeat(1_000_000)]
      await it.store.putIfAbsent('attempts', key, value, null)
      expect((await it.store.get('attempts', key))?.value).toBe(value)
    })
  })

  describe.runIf(it.backend.shared)('what it holds', () => {
    test('survives closing and opening', async () => {
      const key = it.fresh()
      const before = await openIn(it.place, it.clock)
      const version = await before.compareAndSet('connections', key, null, { kept: true }, null)
      await before.close()
      const after = await openIn(it.place, it.clock)
      expect(await after.get('connections', key)).toEqual({ value: { kept: true }, version })
      await after.close()
    })

    test('is flushed by close, also what nobody has waited for', async () => {
      const keys = Array.from({ length: 20 }, it.fresh)
      const closing = await openIn(it.place, it.clock)
      const writes = keys.map((key) => closing.putIfAbsent('audit', key, 1, null))
      await closing.close()
      expect(await Promise.all(writes)).toEqual(keys.map(() => true))
      for (const key of keys) expect(await it.store.get('audit', key)).toBeDefined()
      for (const key of keys) await it.store.delete('audit', key)
    })

    test.each([
      ['a newer format', '{"format":2,"version":"v","expires_at":null,"records":[]}', /newer release/],
      ['no format', '{"value":1}', /damaged/],
      ['no JSON', 'garbage', /damaged/],
    ])('is an error, not absence, when it has %s (#263, #274)', async (_, text, message) => {
      const key = it.fresh()
      await it.store.putIfAbsent('connections', key, 1, null)
      await it.place.overwrite(`connections:${key}`, text)
      await expect(it.store.get('connections', key)).rejects.toThrow(message)
      await expect(it.store.get('connections', key)).rejects.toThrow(StoreUnavailable)
      await expect(it.store.list('connections', { prefix: key, limit: 1 })).rejects.toThrow(StoreUnavailable)
      const overwritten = it.store.putIfAbsent('connections', key, 2, null).catch(() => false)
      expect(await overwritten).toBe(false)
    })
  })

  test('answers a ping, and nothing once it is closed', async () => {
    const other = await openIn(it.place, it.clock)
    await other.ping()
    await other.close()
    await other.close()
    await expect(other.ping()).rejects.toThrow(StoreUnavailable)
    await expect(other.get('connections', 'x')).rejects.toThrow(StoreUnavailable)
  })
})

describe('openStore', () => {
  const options = { now: () => 0 }

  test('closing memory sets no timer that would run out at once', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await (await openStore('memory:', options)).close()
    expect(timers).not.toHaveBeenCalled()
    timers.mockRestore()
  })

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
