/** Compact JSON Web Signatures: ours are read by jose, those of jose by us, and nothing that only looks like one. RFC 7515. */
import { CompactSign, compactVerify, exportJWK, generateKeyPair, importJWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { signatureAlgorithms, utf8, type Jwk, type PrivateJwk, type SignatureAlgorithm } from '@relying-party/core'
import { macAlgorithms, type IdTokenAlgorithm } from '../../packages/core/src/crypto.ts'
import { isSuitable, parseJws, signJws, verifyJws, verifyMac, type ParsedJws } from '../../packages/core/src/jws.ts'
import fc from '../support/property.ts'
import { encode, privateJwk, publicJwk, signature, type KeyName } from './support/keys.ts'
import { cryptos } from './support/play.ts'

const algorithms = Object.keys(signatureAlgorithms) as SignatureAlgorithm[]
const macs = Object.keys(macAlgorithms) as IdTokenAlgorithm[]
const secret = 'a secret with ünïcödé, longer than any hash of the three that there are to be served'
const claims = { iss: 'client-1', text: 'Grüße 👋', number: 1.5, list: [null, true] }

const nameOf = (alg: SignatureAlgorithm): KeyName =>
  (({ ES256: 'p256', ES384: 'p384', ES512: 'p521', EdDSA: 'ed25519', Ed25519: 'ed25519' }) as const)[alg as 'ES256'] ??
  'rsa'
const keysOf = (alg: SignatureAlgorithm) => ({
  ours: privateJwk(nameOf(alg)) as unknown as PrivateJwk,
  theirs: publicJwk(nameOf(alg)) as unknown as Jwk,
})
const parsed = (text: string): ParsedJws => {
  const jws = parseJws(text)
  if ('malformed' in jws) throw new Error(jws.malformed)
  return jws
}
const josePrivate = (alg: SignatureAlgorithm) => importJWK(privateJwk(nameOf(alg)), alg) as Promise<CryptoKey>
const josePublic = (alg: SignatureAlgorithm) => importJWK(publicJwk(nameOf(alg)), alg) as Promise<CryptoKey>
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

describe.each(cryptos)('%s', (_name, crypto) => {
  describe.each(algorithms)('%s', (alg) => {
    const { ours, theirs } = keysOf(alg)

    test('what we sign, jose verifies; the header says alg and kid and no more', async () => {
      const text = await signJws(alg, ours, claims, crypto)
      const { payload, protectedHeader } = await compactVerify(text, await josePublic(alg), { algorithms: [alg] })
      expect(JSON.parse(new TextDecoder().decode(payload))).toEqual(claims)
      expect(protectedHeader).toEqual({ alg, kid: ours.kid })
    })

    test('what jose signs, we verify', async () => {
      const text = await new CompactSign(bytesOf(claims)).setProtectedHeader({ alg }).sign(await josePrivate(alg))
      const jws = parsed(text)
      expect([jws.header, jws.payload]).toEqual([{ alg }, claims])
      expect(await verifyJws(jws, alg, theirs, crypto)).toBe(true)
    })

    test('and both crypto’s are read by both', async () => {
      for (const [, other] of cryptos) {
        expect(await verifyJws(parsed(await signJws(alg, ours, claims, other)), alg, theirs, crypto)).toBe(true)
      }
    })

    test('a key without kid: a header without kid', async () => {
      const { kid: _, ...nameless } = ours
      expect(parsed(await signJws(alg, nameless, {}, crypto)).header).toEqual({ alg })
    })

    describe('a near miss is not verified, and is no reason to throw', () => {
      const made = async () => parsed(await signJws(alg, ours, claims, crypto))
      test.each<[string, (signature: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
        ['empty', () => new Uint8Array()],
        ['one byte', (bytes) => bytes.slice(0, 1)],
        ['a byte less', (bytes) => bytes.slice(0, -1)],
        ['a byte more', (bytes) => new Uint8Array([...bytes, 0])],
        ['a zero byte in front', (bytes) => new Uint8Array([0, ...bytes])],
        ['the first bit', (bytes) => bytes.map((byte, at) => (at === 0 ? byte ^ 0x80 : byte))],
        ['the last bit', (bytes) => bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte))],
        ['zeros', (bytes) => new Uint8Array(bytes.length)],
        ['ones', (bytes) => new Uint8Array(bytes.length).fill(255)],
        ['twice', (bytes) => new Uint8Array([...bytes, ...bytes])],
      ])('the signature: %s', async (_what, change) => {
        const { signature, signed } = await made()
        expect(await verifyJws({ signature: change(signature), signed }, alg, theirs, crypto)).toBe(false)
      })

      test('the text', async () => {
        const { signature, signed } = await made()
        for (const other of [
          new Uint8Array(),
          signed.slice(1),
          signed.map((byte, at) => (at === 9 ? byte ^ 1 : byte)),
        ]) {
          expect(await verifyJws({ signature, signed: other }, alg, theirs, crypto)).toBe(false)
        }
      })

      test('the key', async () => {
        const { publicKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
        expect(await verifyJws(await made(), alg, (await exportJWK(publicKey)) as Jwk, crypto)).toBe(false)
      })

      test('the algorithm: every other one of the same or of another type of key (#79)', async () => {
        const jws = await made()
        for (const other of algorithms.filter((name) => name !== alg && !/^Ed/.test(name + alg))) {
          expect([other, await verifyJws(jws, other, theirs, crypto)]).not.toContain(true)
        }
      })
    })
  })

  test('RFC 7518, 3.4: an ECDSA signature in DER is none (#80)', async () => {
    const input = `${encode({ alg: 'ES256' })}.${encode({})}`
    const raw = Buffer.from(signature('ES256', 'p256', input), 'base64url')
    const integer = (bytes: Buffer) => {
      const positive = bytes[0]! > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes
      return Buffer.concat([Buffer.from([2, positive.length]), positive])
    }
    const body = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))])
    const der = new Uint8Array(Buffer.concat([Buffer.from([0x30, body.length]), body]))
    const key = publicJwk('p256') as unknown as Jwk
    expect(await verifyJws({ signature: der, signed: utf8(input) }, 'ES256', key, crypto)).toBe(false)
    expect(await verifyJws({ signature: new Uint8Array(raw), signed: utf8(input) }, 'ES256', key, crypto)).toBe(true)
  })

  describe('keys that are unsuitable (#96, #97)', () => {
    const rsa = publicJwk('rsa') as unknown as Jwk
    const p256 = publicJwk('p256') as unknown as Jwk
    const p384 = publicJwk('p384') as unknown as Jwk
    const ed25519 = publicJwk('ed25519') as unknown as Jwk
    test.each<[string, SignatureAlgorithm, Jwk]>([
      ['RSA of 1024 bits', 'RS256', publicJwk('rsa_weak') as unknown as Jwk],
      ['RSA of more than 8192 bits', 'RS256', { ...rsa, n: encode(new Uint8Array(1025).fill(255)) }],
      ['RSA without modulus', 'RS256', { kty: 'RSA', e: 'AQAB' }],
      ['RSA with an even modulus', 'RS256', { ...rsa, n: encode(new Uint8Array(256).fill(254)) }],
      ['RSA with exponent 1', 'RS256', { ...rsa, e: 'AQ' }],
      ['RSA with an even exponent', 'RS256', { ...rsa, e: 'Ag' }],
      ['RSA with an endless exponent', 'RS256', { ...rsa, e: encode(new Uint8Array(5).fill(1)) }],
      ['RSA that is no base64url', 'RS256', { ...rsa, n: '+++' }],
      ['EC off the curve', 'ES256', { ...p256, y: p256.x! }],
      ['EC with a coordinate too short', 'ES256', { ...p256, x: 'AA' }],
      ['EC without y', 'ES256', { kty: 'EC', crv: 'P-256', x: p256.x! }],
      ['Ed25519 too short', 'EdDSA', { ...ed25519, x: 'AA' }],
      ['a curve that nobody knows', 'ES256', { ...p256, crv: 'P-257' }],
      ['a curve of another algorithm', 'ES256', p384],
      ['EC for RS256', 'RS256', p256],
      ['RSA for ES256', 'ES256', rsa],
      ['EC for EdDSA', 'EdDSA', p256],
      ['Ed25519 for ES256', 'ES256', ed25519],
      ['a symmetric key', 'RS256', { kty: 'oct', k: 'AA' } as Jwk],
    ])('%s', async (_what, alg, key) => {
      const jws = { signature: new Uint8Array(256), signed: utf8('x') }
      expect(await verifyJws(jws, alg, key, crypto)).toBe('unsuitable')
    })

    const ones = (bits: number) => encode(new Uint8Array(Math.ceil(bits / 8)).fill(255).with(0, 255 >> (-bits & 7)))
    test.each<[string, Partial<Jwk>, boolean]>([
      ['2047 bits', { n: ones(2047) }, false],
      ['2048 bits', { n: ones(2048) }, true],
      ['8192 bits', { n: ones(8192) }, true],
      ['8193 bits', { n: ones(8193) }, false],
      ['exponent 1', { e: 'AQ' }, false],
      ['exponent 3', { e: 'Aw' }, true],
      ['an exponent of four bytes', { e: 'AQAAAQ' }, true],
      ['an exponent of five bytes', { e: 'AQAAAAE' }, false],
      ['exponent 0', { e: 'AA' }, false],
      ['no exponent', { e: '' }, false],
    ])('the bounds of RSA: %s', (_what, members, expected) => {
      expect(isSuitable({ ...rsa, ...members })).toBe(expected)
    })

    test('a key of another type verifies nothing, not even its own signature under the wrong name (#79)', async () => {
      const jws = {
        signed: utf8('x'),
        signature: new Uint8Array(Buffer.from(signature('RS256', 'rsa', 'x'), 'base64url')),
      }
      expect(await verifyJws(jws, 'ES256', rsa, crypto)).toBe('unsuitable')
      const other = { ...jws, signature: new Uint8Array(Buffer.from(signature('ES256', 'p384', 'x'), 'base64url')) }
      expect(await verifyJws(other, 'ES256', p384, crypto)).toBe('unsuitable')
    })

    test('leading zeros make no key stronger', () => {
      const weak = publicJwk('rsa_weak').n as string
      const padded = encode(Buffer.concat([Buffer.alloc(200), Buffer.from(weak, 'base64url')]))
      expect(isSuitable({ ...rsa, n: padded })).toBe(false)
    })

    test('what a key says beside its numbers is no obstacle: a private half, odd operations', async () => {
      const careless = { ...privateJwk('p256'), key_ops: ['sign'], ext: false } as unknown as Jwk
      const jws = parsed(await signJws('ES256', keysOf('ES256').ours, claims, crypto))
      expect(await verifyJws(jws, 'ES256', careless, crypto)).toBe(true)
    })
  })

  describe.each(macs)('%s', (alg) => {
    test('what we authenticate, jose verifies, and the other way round', async () => {
      const text = await signJws(alg, secret, claims, crypto)
      const { payload, protectedHeader } = await compactVerify(text, utf8(secret), { algorithms: [alg] })
      expect([JSON.parse(new TextDecoder().decode(payload)), protectedHeader]).toEqual([claims, { alg }])
      const theirs = await new CompactSign(bytesOf(claims)).setProtectedHeader({ alg }).sign(utf8(secret))
      expect(theirs).toBe(text)
      expect(await verifyMac(parsed(theirs), alg, secret, crypto)).toBe(true)
    })

    test.each<[string, (jws: ParsedJws) => Partial<ParsedJws>]>([
      ['empty', () => ({ signature: new Uint8Array() })],
      ['a byte less', ({ signature }) => ({ signature: signature.slice(0, -1) })],
      ['a byte more', ({ signature }) => ({ signature: new Uint8Array([...signature, 0]) })],
      ['half of it', ({ signature }) => ({ signature: signature.slice(0, signature.length / 2) })],
      ['twice', ({ signature }) => ({ signature: new Uint8Array([...signature, ...signature]) })],
      [
        'the first bit',
        ({ signature }) => ({ signature: signature.map((byte, at) => (at === 0 ? byte ^ 0x80 : byte)) }),
      ],
      [
        'the last bit',
        ({ signature }) => ({
          signature: signature.map((byte, at) => (at === signature.length - 1 ? byte ^ 1 : byte)),
        }),
      ],
      ['zeros', ({ signature }) => ({ signature: new Uint8Array(signature.length) })],
      ['another text', ({ signed }) => ({ signed: signed.slice(1) })],
    ])('a near miss: %s', async (_what, change) => {
      const jws = parsed(await signJws(alg, secret, claims, crypto))
      expect(await verifyMac({ ...jws, ...change(jws) }, alg, secret, crypto)).toBe(false)
    })

    test('another secret, and another hash', async () => {
      const jws = parsed(await signJws(alg, secret, claims, crypto))
      for (const other of [`${secret} `, secret.slice(1), secret.toUpperCase(), 'x']) {
        expect(await verifyMac(jws, alg, other, crypto)).toBe(false)
      }
      for (const other of macs.filter((name) => name !== alg)) {
        expect(await verifyMac(jws, other, secret, crypto)).toBe(false)
      }
    })
  })
})

describe('parsing has one reading only', () => {
  let valid: string
  beforeAll(async () => {
    valid = await signJws('ES256', keysOf('ES256').ours, claims, cryptos[0]![1])
  })
  const [header, payload] = [encode({ alg: 'ES256' }), encode({})]

  test.each<[string, () => string, string]>([
    ['nothing', () => '', '1 parts instead of 3'],
    ['one part', () => header, '1 parts instead of 3'],
    ['two parts', () => `${header}.${payload}`, '2 parts instead of 3'],
    ['four parts', () => `${valid}.`, '4 parts instead of 3'],
    ['five parts, as in a JWE', () => `${header}....`, '5 parts instead of 3'],
    ['thousands of parts', () => '.'.repeat(100_000), '6 parts instead of 3'],
    ['an empty header', () => `.${payload}.AA`, 'the header is not a base64url JSON object'],
    ['an empty payload', () => `${header}..AA`, 'the payload is not a base64url JSON object'],
    ['white space in front', () => ` ${valid}`, 'the header is not a base64url JSON object'],
    ['a line break behind', () => `${valid}\n`, 'the signature is not base64url'],
    ['a padded header', () => `${encode('{} ')}=.${payload}.AA`, 'the header is not a base64url JSON object'],
    ['base64 instead of base64url', () => `${header}.${payload}.+/+/`, 'the signature is not base64url'],
    ['a signature of an impossible length', () => `${header}.${payload}.AAAAA`, 'the signature is not base64url'],
    ['a signature with stray bits', () => `${header}.${payload}.AB`, 'the signature is not base64url'],
    [
      'a header with stray bits',
      () => `${header.slice(0, -1)}1.${payload}.AA`,
      'the header is not a base64url JSON object',
    ],
    ['a header that is a list', () => `${encode([])}.${payload}.AA`, 'the header is not a base64url JSON object'],
    ['a header that is null', () => `${encode('null')}.${payload}.AA`, 'the header is not a base64url JSON object'],
    ['a header that is a text', () => `${encode('"x"')}.${payload}.AA`, 'the header is not a base64url JSON object'],
    [
      'a header that is no JSON',
      () => `${encode('{alg:1}')}.${payload}.AA`,
      'the header is not a base64url JSON object',
    ],
    ['a payload that is a number', () => `${header}.${encode('1')}.AA`, 'the payload is not a base64url JSON object'],
    [
      'a payload with a byte order mark',
      () => `${header}.${encode('\uFEFF{}')}.AA`,
      'the payload is not a base64url JSON object',
    ],
    [
      'a payload that is not UTF-8',
      () => `${header}.${encode(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))}.AA`,
      'the payload is not a base64url JSON object',
    ],
    [
      'a payload with an overlong encoding',
      () => `${header}.${encode(new Uint8Array([0x7b, 0xc0, 0xa2, 0x7d]))}.AA`,
      'the payload is not a base64url JSON object',
    ],
  ])('%s', (_what, text, malformed) => {
    expect(parseJws(text())).toEqual({ malformed })
  })

  test('what is signed is the text as it came', () => {
    const jws = parsed(valid)
    expect(new TextDecoder().decode(jws.signed)).toBe(valid.slice(0, valid.lastIndexOf('.')))
    expect(Buffer.from(jws.signature).toString('base64url')).toBe(valid.split('.')[2])
  })

  test('an empty signature is parsed: that it proves nothing is for the verification to say', () => {
    expect(parsed(`${header}.${payload}.`).signature).toHaveLength(0)
  })

  test('whatever comes, nothing is thrown, and what is parsed is spelt in the one way (#95)', () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map((text) => encode(text)),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => encode(bytes)),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part, { minLength: 3, maxLength: 3 }).map((parts) => parts.join('.')),
        ),
        (text) => {
          const jws = parseJws(text)
          if ('malformed' in jws) return
          const spelt = `${new TextDecoder().decode(jws.signed)}.${Buffer.from(jws.signature).toString('base64url')}`
          expect(spelt).toBe(text)
        },
      ),
    )
  })
})
