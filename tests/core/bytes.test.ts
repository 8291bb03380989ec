/** Bytes and texts. base64url against Node's own; what is one JSON object; what JSON can carry there and back. */
import { describe, expect, test } from 'vitest'
import { base64url, fromBase64url } from '@relying-party/core'
import { allocate, fromUtf8, jsonObject, survivesJson, utf8 } from '../../packages/core/src/bytes.ts'
import fc from '../support/property.ts'

test('every text of bytes is written as Node writes it, and read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64url')
      expect(base64url(bytes)).toBe(text)
      expect(fromBase64url(text)).toEqual(new Uint8Array(bytes))
    }),
  )
})

test('whatever is read is what Node reads, and its one spelling', () => {
  const text = fc.string({
    unit: fc.constantFrom('A', 'B', 'Q', 'g', 'w', '8', '-', '_', '=', '+', ' ', 'ä', '€'),
    maxLength: 9,
  })
  fc.assert(
    fc.property(text, (text) => {
      const bytes = fromBase64url(text)
      const read = Buffer.from(text, 'base64url')
      if (read.toString('base64url') === text) expect(bytes).toEqual(new Uint8Array(read))
      else expect(bytes).toBeUndefined()
    }),
    { numRuns: 1000 },
  )
})

test('a text of any length is the bytes that Node makes of it', () => {
  const lengths = [0, 1, 63, 5461, 5462, 16_384, 16_385, 70_000]
  for (const unit of ['a', 'ä', '€', '😀', '\ud800']) {
    for (const length of lengths) {
      const text = unit.repeat(length)
      expect(Buffer.compare(utf8(text), Buffer.from(text))).toBe(0)
      expect(base64url(utf8(text))).toBe(Buffer.from(text).toString('base64url'))
    }
  }
})

test('no two arrays share a byte, whoever else writes, reads and encodes meanwhile', () => {
  const length = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 20_000 }))
  fc.assert(
    fc.property(fc.array(length, { minLength: 20, maxLength: 60 }), (lengths) => {
      const arrays = lengths.map((length, index) => {
        const array = index % 3 === 0 ? utf8('x'.repeat(length)) : allocate(length)
        expect(fromBase64url(base64url(array.fill(index)))).toEqual(array)
        return array
      })
      for (const [index, array] of arrays.entries()) {
        expect(array.length).toBe(lengths[index])
        expect(array.every((byte) => byte === index)).toBe(true)
      }
    }),
  )
})

test('whoever asks for what is no length spoils nothing for others', () => {
  expect(base64url(true as never)).toBe('')
  expect(() => utf8(undefined as never)).toThrow(TypeError)
  expect(allocate(NaN).length).toBe(0)
  expect(allocate(2).length).toBe(2)
  expect(base64url(utf8('after'))).toBe(Buffer.from('after').toString('base64url'))
})

test('bytes that are not UTF-8 are no text; a byte order mark is one', () => {
  expect(() => fromUtf8(new Uint8Array([0xff]))).toThrow(TypeError)
  expect(fromUtf8(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toBe('\ufeffa')
})

test.each<[string, object | undefined]>([
  ['{}', {}],
  [' {"a":1} ', { a: 1 }],
  ['[]', undefined],
  ['null', undefined],
  ['"{}"', undefined],
  ['1', undefined],
  ['', undefined],
  ['{', undefined],
])('%j: one JSON object, or none', (text, value) => {
  expect(jsonObject(text)).toEqual(value)
})

describe('what survives JSON', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
  test.each<[string, unknown, boolean]>([
    ['a text', 'x', true],
    ['null', null, true],
    ['true', true, true],
    ['a number', 1.5, true],
    ['no number', NaN, false],
    ['one out of range', Infinity, false],
    ['… in a list', [1, -Infinity], false],
    ['… in an object', { a: { b: Infinity } }, false],
    ['32 levels', nested(32), true],
    ['33 levels', nested(33), false],
    ['33 levels beside others', { a: 1, b: [nested(32)] }, false],
  ])('%s: %j', (_what, value, survives) => {
    expect(survivesJson(value)).toBe(survives)
  })
})
