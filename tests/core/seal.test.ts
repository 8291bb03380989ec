/** Sealed JSON: opened by whoever holds a key of the ring, for the context that it was made for, and only unaltered. */
import { describe, expect, test } from 'vitest'
import { base64url, fromBase64url, keyRing, open, seal } from '@relying-party/core'
import { cryptos } from './support/play.ts'

const key = (byte: number) => base64url(new Uint8Array(32).fill(byte))
const iv = (byte = 7) => new Uint8Array(12).fill(byte)
const value = { phase: 'awaiting_authorization_response', nonce: 'n', list: [1, null, 'ü'] }
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

describe.each(cryptos)('%s', (_name, crypto) => {
  const sealed = async (keys: string[], context = 'flow/acme', content: unknown = value) =>
    seal(await keyRing(keys, crypto), context, content, iv(), crypto)
  const opened = async (keys: string[], text: string, context = 'flow/acme') =>
    open(await keyRing(keys, crypto), context, text, crypto)

  test('what is sealed is opened', async () => {
    expect(await opened([key(1)], await sealed([key(1)]))).toEqual({ value })
  })

  test('nothing of it can be read', async () => {
    const text = await sealed([key(1)])
    expect(text).toMatch(/^v1\.[A-Za-z0-9_-]{8}\.[A-Za-z0-9_-]+$/)
    expect(Buffer.from(text.split('.')[2]!, 'base64url').toString('latin1')).not.toContain('nonce')
  })

  test('rotation: a new key in front seals, the old one still opens, and is dropped later (#273)', async () => {
    const before = await sealed([key(1)])
    const after = await sealed([key(2), key(1)])
    expect(await opened([key(2), key(1)], before)).toEqual({ value })
    expect(await opened([key(2)], after)).toEqual({ value })
    expect(await opened([key(1)], after)).toEqual({ refused: 'unknown_key' })
    expect(await opened([key(2)], before)).toEqual({ refused: 'unknown_key' })
  })

  test.each(['flow/other', 'flow/acme ', 'FLOW/acme', ''])(
    'it opens in no other context: %j (#221)',
    async (context) => {
      expect(await opened([key(1)], await sealed([key(1)]), context)).toEqual({ refused: 'forged' })
    },
  )

  // Three lengths, so that the last character carries no, two and four bits that no byte needs.
  test.each(['', 'x', 'xx'])('not one character of it may change (%j)', async (content) => {
    const text = await sealed([key(1)], 'flow/acme', content)
    for (let index = 0; index < text.length; index++) {
      const at = alphabet.indexOf(text[index]!)
      for (const other of at < 0 ? ['_'] : [alphabet[(at + 1) % 64]!, alphabet[(at + 32) % 64]!, '.', '=', ' ']) {
        const altered = text.slice(0, index) + other + text.slice(index + 1)
        expect(await opened([key(1)], altered), altered).toHaveProperty('refused')
      }
    }
  })

  test('nor may anything be taken away or added', async () => {
    const text = await sealed([key(1)])
    for (const altered of [
      '',
      'v1',
      'v1..',
      text.slice(0, -1),
      text.slice(0, -4),
      `${text}A`,
      `${text}AAAA`,
      `${text}=`,
      `${text}.`,
      ` ${text}`,
      text.replace('v1', 'v2'),
    ]) {
      expect(await opened([key(1)], altered), altered).toHaveProperty('refused')
    }
    const envelope = (bytes: number) => `v1.AAAAAAAA.${base64url(new Uint8Array(bytes))}`
    expect(await opened([key(1)], envelope(27))).toEqual({ refused: 'malformed' })
    expect(await opened([key(1)], envelope(28))).toEqual({ refused: 'unknown_key' })
  })

  test('what was sealed by an earlier release is opened, and sealed alike', async () => {
    const text =
      'v1.cs1uhCLE.BwcHBwcHBwcHBwcH9tGazG7d1IMjuGVHx6kTo8nO3rgRH2c2eUtJ3JJ9PcMTW6fxsbLXnsF_Ev7ZXhba_WmiBPBbSb4atG1JY-Ewk5Mg39jKpyBGik2FjIIK_wryEcWpDuhrhJVm_g8'
    expect(await sealed([key(1)])).toBe(text)
    expect(await opened([key(1)], text)).toEqual({ value })
  })

  test('misuse throws: no keys, short keys, other than 12 random bytes', async () => {
    await expect(keyRing([], crypto)).rejects.toThrow(TypeError)
    await expect(keyRing([base64url(new Uint8Array(31))], crypto)).rejects.toThrow(TypeError)
    await expect(keyRing(['not base64url!'], crypto)).rejects.toThrow(TypeError)
    await expect(seal(await keyRing([key(1)], crypto), '', value, new Uint8Array(16), crypto)).rejects.toThrow(
      TypeError,
    )
  })
})

test('what one implementation seals the other opens', async () => {
  const [[, one], [, other]] = cryptos as [(typeof cryptos)[number], (typeof cryptos)[number]]
  const text = await seal(await keyRing([key(1)], one), 'c', value, iv(), one)
  expect(await open(await keyRing([key(1)], other), 'c', text, other)).toEqual({ value })
  expect(await seal(await keyRing([key(1)], other), 'c', value, iv(), other)).toBe(text)
})

describe('base64url has one spelling', () => {
  test.each<[string, readonly number[] | undefined]>([
    ['', []],
    ['AA', [0]],
    ['AB', undefined],
    ['_w', [255]],
    ['_x', undefined],
    ['AAA', [0, 0]],
    ['AAB', undefined],
    ['__8', [255, 255]],
    ['AAAA', [0, 0, 0]],
    ['A', undefined],
    ['AAAAA', undefined],
    ['AA==', undefined],
    ['+A', undefined],
    ['/A', undefined],
    ['A A', undefined],
    ['AA\n', undefined],
    ['ÄA', undefined],
  ])('%j', (text, bytes) => {
    expect(fromBase64url(text)).toEqual(bytes && new Uint8Array(bytes))
  })
})
