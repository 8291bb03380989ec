/** Who computes: which names are algorithms, and what becomes of keys. That both compute the same is in `jws.test.ts` and `seal.test.ts`. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { webCrypto, type PrivateJwk } from '@relying-party/core'
import { isMacAlgorithm, isSignatureAlgorithm } from '../../packages/core/src/crypto.ts'
import { privateJwk, publicJwk } from './support/keys.ts'
import { cryptos } from './support/play.ts'

describe('an algorithm', () => {
  test.each([['RS256'], 'rs256', 'HS256', 'none', 'toString', '', null, undefined, 5])('%j signs nothing', (name) => {
    expect(isSignatureAlgorithm(name)).toBe(false)
  })

  test.each([['HS256'], 'hs256', 'RS256', 'none', 'toString', '', null, undefined, 5])(
    '%j authenticates nothing',
    (name) => {
      expect(isMacAlgorithm(name)).toBe(false)
    },
  )
})

describe('a key', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('cannot be exported again, whatever it was imported for', async () => {
    const imported = vi.spyOn(globalThis.crypto.subtle, 'importKey').mockClear()
    const bytes = new Uint8Array(32)
    const signature = await webCrypto.sign('ES256', privateJwk('p256') as unknown as PrivateJwk, bytes)
    // Another object each time: whatever was imported before is another key.
    await webCrypto.verify('ES256', { ...publicJwk('p256') } as never, signature, bytes)
    await webCrypto.hmac('SHA-256', bytes, bytes)
    await webCrypto.encrypt(bytes, bytes.subarray(0, 12), bytes, bytes)
    expect(imported.mock.calls.map(([, , , extractable]) => extractable)).toEqual([false, false, false, false])
  })

  test('may leave its private half with us: it is not imported', async () => {
    const imported = vi.spyOn(globalThis.crypto.subtle, 'importKey').mockClear()
    const leaked: Record<string, unknown> = { ...privateJwk('rsa'), key_ops: ['sign'] }
    await webCrypto.verify('RS256', leaked as never, new Uint8Array(256), new Uint8Array())
    const [, key] = imported.mock.calls[0]! as unknown as [string, object]
    expect(JSON.parse(JSON.stringify(key))).toStrictEqual({ kty: 'RSA', n: leaked.n, e: leaked.e })
  })
})

describe.each(cryptos)('what is sealed (%s)', (_name, crypto) => {
  const [key, iv, data] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array([1, 2, 3])] as const

  test('has a tag of 16 bytes, and nothing opens without all of it', async () => {
    const sealed = await crypto.encrypt(key, iv, data, data)
    expect(sealed).toHaveLength(3 + 16)
    expect(await crypto.decrypt(key, iv, sealed, data)).toEqual(data)
    for (let length = 0; length < sealed.length; length++) {
      expect(await crypto.decrypt(key, iv, sealed.subarray(0, length), data)).toBeUndefined()
    }
    expect(await crypto.decrypt(key, iv, sealed, iv)).toBeUndefined()
  })

  test('may be empty', async () => {
    const sealed = await crypto.encrypt(key, iv, new Uint8Array(), data)
    expect(await crypto.decrypt(key, iv, sealed, data)).toEqual(new Uint8Array())
  })
})
