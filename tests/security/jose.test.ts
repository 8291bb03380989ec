/** Section D of the catalogue: everything that can be done to a signature, its header and its keys. */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Jwk, SignatureAlgorithm } from '@relying-party/core'
import { verifyJws } from '../../packages/core/src/jws.ts'
import { encode, publicJwk, signature, type KeyName, type TestJwk } from '../core/support/keys.ts'
import { cryptos, login, requests, verdict, type Login } from '../core/support/play.ts'
import { at, claims, json, jwks, metadata, mint, secrets, tokenBody, type Minting } from '../core/support/provider.ts'
import fc from '../support/property.ts'

const presenting = (id_token: unknown, keys: readonly unknown[] = jwks.keys): Login => ({
  answers: { token: json(tokenBody({ id_token })), jwks: json({ keys }) },
})
const judged = async (asked: Login) => {
  const said = verdict(await login(asked))
  return said === 'authenticated' ? said : said.code
}

describe('alg', () => {
  test('none is refused in every spelling, with and without a signature (#74)', async () => {
    const spelling = fc
      .tuple(fc.mixedCase(fc.constant('none')), fc.constantFrom('', ' ', '\u0000', '\ufeff'), fc.boolean())
      .map(([word, filler, before]) => (before ? filler + word : word + filler))
    await fc.assert(
      fc.asyncProperty(spelling, fc.boolean(), async (alg, signed) => {
        const [header, payload, good] = mint({ alg: 'ES256', header: { alg } }).split('.')
        expect(await judged(presenting(`${header}.${payload}.${signed ? good : ''}`))).toBe('id_token_alg_not_allowed')
      }),
    )
  })

  test('the public key is no secret, in whichever form and with whatever white space (#75)', async () => {
    const key = createPublicKey({ format: 'jwk', key: publicJwk('rsa') as JsonWebKey })
    const pem = (['spki', 'pkcs1'] as const).map((type) => key.export({ type, format: 'pem' }))
    const der = (['spki', 'pkcs1'] as const).map((type) => key.export({ type, format: 'der' }))
    const texts = [...pem, ...pem.map((text) => String(text).trimEnd()), ...pem.map((text) => ` ${text}`)]
    const jwk = [JSON.stringify(publicJwk('rsa')), JSON.stringify({ keys: [publicJwk('rsa')] }), publicJwk('rsa').n]
    for (const secret of [...texts, ...der, ...jwk, ...pem.map((text) => `\n${text}\n`), '']) {
      for (const alg of ['HS256', 'hs256', ' HS256', 'HS256 ']) {
        const id_token = mint({ alg: 'HS256', header: { alg, kid: 'rsa-1' }, key: Buffer.from(secret as string) })
        expect(await judged(presenting(id_token))).toBe('id_token_alg_not_allowed')
      }
    }
  })

  test('a key without alg lets no token choose: what the provider announces and the key’s type decide (#77)', async () => {
    const { alg: _, ...key } = { alg: '', ...publicJwk('rsa') }
    const symmetric = { kty: 'oct', kid: 'rsa-1', k: '' }
    for (const alg of ['none', 'HS256', 'HS384', 'ES256', 'EdDSA', 'RS1', 'RSA-OAEP', 'dir', 'toString', '']) {
      const input = `${encode({ alg, kid: 'rsa-1' })}.${encode(claims)}`
      const forged = `${input}.${signature('HS256', Buffer.from(''), input)}`
      expect([alg, await judged(presenting(forged, [key, symmetric]))]).toEqual([
        alg,
        // Those two are announced here, and no key of their type is there.
        ['ES256', 'EdDSA'].includes(alg) ? 'id_token_key_not_found' : 'id_token_alg_not_allowed',
      ])
    }
  })

  test('HS256 where the connection demands it is verified with the client secret, and with no published key (#76)', async () => {
    const rp = { client: { id_token_signed_response_alg: 'HS256' } } as const
    const symmetric = { kty: 'oct', kid: 'shared', k: encode('published') }
    const story = (key: string, kid?: string) =>
      judged({ rp, ...presenting(mint({ alg: 'HS256', header: { kid }, key: Buffer.from(key) }), [symmetric]) })
    expect(await story(secrets.client_secret)).toBe('authenticated')
    expect(await story('published', 'shared')).toBe('id_token_signature_invalid')
    expect(await story('')).toBe('id_token_signature_invalid')
  })

  test('every algorithm with every key under every kid: only what belongs together is accepted (#79)', async () => {
    const fitting: Record<string, KeyName> = {
      RS256: 'rsa',
      PS256: 'rsa',
      ES256: 'p256',
      ES384: 'p384',
      ES512: 'p521',
      EdDSA: 'ed25519',
      Ed25519: 'ed25519',
    }
    const names: KeyName[] = ['rsa', 'p256', 'p384', 'p521', 'ed25519']
    for (const [alg, own] of Object.entries(fitting)) {
      for (const published of names) {
        const kid = publicJwk(published).kid
        const outcome = await judged(presenting(mint({ alg, header: { kid } })))
        expect([alg, published, outcome]).toEqual([
          alg,
          published,
          published === own ? 'authenticated' : 'id_token_key_not_found',
        ])
      }
    }
  })

  test('Ed448 is not understood, and its keys are passed over (#79)', async () => {
    const ed448: TestJwk = { kty: 'OKP', crv: 'Ed448', kid: 'ed448', x: encode(Buffer.alloc(57, 1)) }
    const id_token = mint({ alg: 'EdDSA', header: { kid: 'ed448' } })
    expect(await judged(presenting(id_token, [ed448, ...jwks.keys]))).toBe('id_token_key_not_found')
  })
})

describe('header', () => {
  test('whatever stands beside alg and kid neither helps a forged token nor hurts a good one (#86)', async () => {
    const own = publicJwk('rsa_next')
    const member = fc.constantFrom('jku', 'x5u', 'jwk', 'x5c', 'x5t', 'x5t#S256', 'typ', 'cty', 'url', 'epk', 'nonce')
    const value = fc.oneof(
      fc.constantFrom<unknown>(own, [own], { keys: [own] }, 'https://evil.example/keys', 'data:application/json,{}'),
      fc.jsonValue({ maxDepth: 2 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.dictionary(member, value), async (header) => {
        const forged = mint({ key: 'rsa_next', header: { ...header, kid: 'rsa-1' } })
        const played = await login(presenting(forged))
        expect(verdict(played)).toEqual({ code: 'id_token_signature_invalid' })
        expect(requests(played).map(({ url }) => url)).toEqual(
          expect.not.arrayContaining(['https://evil.example/keys']),
        )
        expect(await judged(presenting(mint({ header })))).toBe('authenticated')
      }),
      { numRuns: 50 },
    )
  })

  test('crit is refused whatever it names, or however it is spelt (#87, #88)', async () => {
    const crit = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom<unknown>([], ['alg'], ['exp'], ['b64'], ['kid', 'b64'], ['urn:x'], 'exp', ['exp', 'exp'], {}),
    )
    await fc.assert(
      fc.asyncProperty(crit, fc.boolean(), async (value, b64) => {
        const id_token = mint({ alg: 'ES256', header: { crit: value, b64, exp: at, 'urn:x': true } })
        expect(await judged(presenting(id_token))).toBe('id_token_crit_unsupported')
      }),
    )
  })

  test('a payload that is not encoded is no payload, whether or not crit says so (#88)', async () => {
    const input = `${encode({ alg: 'RS256', kid: 'rsa-1', b64: false })}.{"sub":"user-1"}`
    expect(await judged(presenting(`${input}.${signature('RS256', 'rsa', input)}`))).toBe('id_token_malformed')
  })

  test('JSON serialization and unprotected headers are no ID Token (#78)', async () => {
    const [header, payload, signed] = mint().split('.')
    const unprotected = { alg: 'RS256', kid: 'rsa-1' }
    const serializations = [
      { payload, protected: header, signature: signed },
      { payload, header: unprotected, signature: signed },
      { payload, signatures: [{ protected: header, signature: signed }] },
      { payload, protected: encode({}), header: unprotected, signature: signed },
    ]
    for (const one of serializations) {
      expect(await judged(presenting(one))).toBe('id_token_missing')
      expect(await judged(presenting(JSON.stringify(one)))).toBe('id_token_malformed')
    }
  })

  test('of a member that stands twice the last one counts, for every reader alike (#77)', async () => {
    // RFC 7515, section 4: either refuse or "return only the lexically last duplicate member name".
    const twice = (first: string, last: string) =>
      `${encode(`{"alg":"${first}","kid":"rsa-1","alg":"${last}"}`)}.${encode(claims)}`
    const signed = (input: string) => `${input}.${signature('RS256', 'rsa', input)}`
    expect(await judged(presenting(signed(twice('none', 'RS256'))))).toBe('authenticated')
    expect(await judged(presenting(signed(twice('RS256', 'none'))))).toBe('id_token_alg_not_allowed')
    const audiences = JSON.stringify(claims)
      .replace('{', '{"aud":"client-1",')
      .replace(/"aud":"client-1",(?!"iss)/, '"aud":"other",')
    expect(await judged(presenting(mint({ payload: audiences })))).toBe('id_token_aud_mismatch')
  })
})

describe.each(cryptos)('signatures of ECDSA, as Wycheproof varies them (%s)', (_name, crypto) => {
  const curves = [
    ['ES256', 'p256', 32, 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
    [
      'ES384',
      'p384',
      48,
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    ],
    [
      'ES512',
      'p521',
      66,
      0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    ],
  ] as const

  test.each(curves)('%s: zeros, numbers beyond the order, DER, wrong lengths (#80)', async (alg, name, size, order) => {
    const signed = new Uint8Array(Buffer.from('signed'))
    const good = Buffer.from(signature(alg, name, 'signed'), 'base64url')
    const [r, s] = [good.subarray(0, size), good.subarray(size)].map((half) => BigInt(`0x${half.toString('hex')}`))
    const bytes = (value: bigint) => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex').subarray(-size)
    const raw = (first: bigint, second: bigint) => Buffer.concat([bytes(first), bytes(second)])
    const verified = (value: Uint8Array) =>
      verifyJws({ signature: new Uint8Array(value), signed }, alg, publicJwk(name) as unknown as Jwk, crypto)

    expect(await verified(good)).toBe(true)
    const values = [0n, 1n, order - 1n, order, order + 1n, (1n << BigInt(8 * size)) - 1n, r!, s!]
    for (const first of values) {
      for (const second of values) {
        if (first === r && second === s) continue
        expect([first, second, await verified(raw(first, second))]).toEqual([first, second, false])
      }
    }
    const integer = (value: bigint) => {
      const text = value.toString(16)
      const even = Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex')
      const positive = even[0]! > 127 ? Buffer.concat([Buffer.of(0), even]) : even
      return Buffer.concat([Buffer.of(2, positive.length), positive])
    }
    const body = Buffer.concat([integer(r!), integer(s!)])
    const der = Buffer.concat([
      body.length > 127 ? Buffer.of(0x30, 0x81, body.length) : Buffer.of(0x30, body.length),
      body,
    ])
    const others = [der, good.subarray(1), good.subarray(0, -1), Buffer.concat([good, Buffer.of(0)])]
    const swollen = Buffer.concat([Buffer.of(0), good.subarray(0, size), Buffer.of(0), good.subarray(size)])
    for (const other of [...others, swollen, good.subarray(0, size), Buffer.alloc(0), raw(s!, r!)]) {
      expect(await verified(other)).toBe(false)
    }
  })
})

describe('other kinds of tokens in place of an ID Token', () => {
  const { sub, iss, nonce } = claims
  const lifetime = { iat: at, exp: at + 60 }
  const event = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  test.each<[string, Minting, string]>([
    [
      'an access token of RFC 9068 (#90)',
      {
        header: { typ: 'at+jwt' },
        payload: JSON.stringify({ iss, sub, aud: 'api://default', client_id: 'client-1', ...lifetime, nonce }),
      },
      'id_token_aud_mismatch',
    ],
    [
      'an access token that is meant for us as well (#90)',
      { header: { typ: 'at+jwt' }, payload: JSON.stringify({ iss, sub, aud: 'client-1', ...lifetime, jti: 'a' }) },
      'id_token_nonce_mismatch',
    ],
    [
      'a logout token (#90)',
      {
        header: { typ: 'logout+jwt' },
        payload: JSON.stringify({ iss, sub, aud: 'client-1', ...lifetime, jti: 'a', events: event }),
      },
      'id_token_nonce_mismatch',
    ],
    [
      'a client assertion of ours (#90)',
      {
        payload: JSON.stringify({
          iss: 'client-1',
          sub: 'client-1',
          aud: metadata.token_endpoint,
          ...lifetime,
          nonce,
          jti: 'a',
        }),
      },
      'id_token_iss_mismatch',
    ],
    [
      'a signed answer of UserInfo (#90)',
      { payload: JSON.stringify({ iss, sub, aud: 'client-1', email: claims.email }) },
      'id_token_claim_missing',
    ],
    ['a token within a token (#94)', { header: { cty: 'JWT' }, payload: mint() }, 'id_token_malformed'],
  ])('%s', async (_kind, minting, code) => {
    expect(await judged(presenting(mint(minting)))).toBe(code)
  })

  test.each<[string, object]>([
    ['compressed (#92)', { alg: 'RSA-OAEP', enc: 'A256GCM', zip: 'DEF' }],
    ['RSA1_5 (#93)', { alg: 'RSA1_5', enc: 'A128CBC-HS256' }],
    [
      'PBES2 with two thousand million rounds (#93)',
      { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31, p2s: 'AA' },
    ],
    ['around an unsigned token (#94)', { alg: 'dir', enc: 'A256GCM', cty: 'JWT' }],
  ])('encrypted is encrypted, and nothing of it is computed: %s', async (_how, header) => {
    const inner = mint({ alg: 'none' })
    const id_token = [encode(header), 'AA', 'AA', encode(inner), 'AA'].join('.')
    expect(await judged(presenting(id_token))).toBe('id_token_encrypted')
  })

  test('a token of more than 64 KiB is refused before it is taken apart, whatever is in it (#95)', async () => {
    for (const id_token of ['.'.repeat(1_048_576), `${mint()}${'A'.repeat(1_048_576)}`, 'é'.repeat(70_000)]) {
      const played = await login(presenting(id_token))
      expect(verdict(played)).toMatchObject({
        code: 'id_token_malformed',
        detail: { reason: 'longer than 65536 characters' },
      })
    }
  })
})

test('base64url that is padded, spelt otherwise, or no base64url is refused in every part (#99)', async () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_A'
  const parts = mint().split('.')
  const change = fc.constantFrom<(part: string) => string>(
    (part) => `${part}=`,
    (part) => `${part}==`,
    (part) => `${part.slice(0, 5)}\n${part.slice(5)}`,
    (part) => ` ${part}`,
    (part) => `${part.slice(0, 7)}+${part.slice(8)}`,
    (part) => `${part.slice(0, 7)}/${part.slice(8)}`,
    (part) => `${part.slice(0, 7)}é${part.slice(8)}`,
    (part) => `${part.slice(0, 7)}%2D${part.slice(8)}`,
    (part) => part.slice(0, part.length - (part.length % 4) + 1 - 4),
    () => '',
    // The same bytes, with a bit set that none of them needs.
    (part) =>
      `${part}${part.length % 4 === 0 ? 'AB' : ''}`.replace(/.$/, (last) => alphabet[alphabet.indexOf(last) + 1]!),
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(2), change, async (index, alter) => {
      const id_token = parts.with(index, alter(parts[index]!)).join('.')
      expect(await judged(presenting(id_token))).toMatch(/^id_token_(malformed|signature_invalid)$/)
    }),
  )
})

test('weak keys, keys of any other kind and nonsense among the keys neither verify nor stand in the way (#96, #97, #98)', async () => {
  const decoys: readonly unknown[] = [
    publicJwk('rsa_weak', { kid: 'decoy' }),
    { kty: 'oct', kid: 'rsa-1', k: encode('secret') },
    { kty: 'EC', crv: 'P-192', kid: 'rsa-1', x: encode(Buffer.alloc(24, 1)), y: encode(Buffer.alloc(24, 1)) },
    publicJwk('rsa_next', { kid: 'rsa-1', use: 'enc' }),
    publicJwk('rsa', { kid: 'huge', n: encode(Buffer.alloc(60_000, 0xff)) }),
    ...[null, 1, 'key', [], {}, { kty: 'RSA' }, { kty: ['RSA'], n: 'AA', e: 'AQAB' }],
  ]
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...decoys, publicJwk('rsa')]), async (keys) => {
      const has = keys.some(
        (key) => (key as TestJwk | null)?.kid === 'rsa-1' && (key as TestJwk).n === publicJwk('rsa').n,
      )
      expect(await judged(presenting(mint(), keys))).toBe(has ? 'authenticated' : 'id_token_key_not_found')
    }),
    { numRuns: 50 },
  )
})

test('no algorithm of ours verifies with a key of another algorithm’s type (#79)', async () => {
  const algorithms: SignatureAlgorithm[] = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']
  const names: KeyName[] = ['rsa', 'p256', 'p384', 'p521', 'ed25519']
  const signed = new Uint8Array(Buffer.from('signed'))
  for (const [, crypto] of cryptos) {
    for (const signing of algorithms) {
      const own =
        { RS: 'rsa', PS: 'rsa', Ed: 'ed25519' }[signing.slice(0, 2)] ??
        { ES256: 'p256', ES384: 'p384' }[signing as 'ES256'] ??
        'p521'
      const made = new Uint8Array(Buffer.from(signature(signing, own as KeyName, 'signed'), 'base64url'))
      for (const alg of algorithms) {
        for (const name of names) {
          const said = await verifyJws({ signature: made, signed }, alg, publicJwk(name) as unknown as Jwk, crypto)
          expect([signing, alg, name, said === true]).toEqual([signing, alg, name, alg === signing && name === own])
        }
      }
    }
  }
})
