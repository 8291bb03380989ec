/** The JWK Set and the selection of the one key. RFC 7517, section 5; OpenID Connect Core 1.0, section 10.1. */
import { describe, expect, test } from 'vitest'
import type { FailureCode, HttpResponse } from '@relying-party/core'
import { encode, privateJwk, publicJwk, type TestJwk } from '../support/keys.ts'
import { cryptos, each, expectVerdict, login, requests, verdict } from '../support/play.ts'
import { html, json, jwks, metadata, mint, tokenBody, type Minting } from '../support/provider.ts'

type Row = readonly [rule: string, keys: readonly unknown[], code: FailureCode | 'authenticated', minted?: Minting]

const rsa = (members: TestJwk = {}) => publicJwk('rsa', members)
const modulus = (bits: number) => encode(Buffer.alloc(bits / 8, 0xff))
const without = (name: string) => Object.fromEntries(Object.entries(rsa()).filter(([member]) => member !== name))
const noKid: Minting = { header: { kid: undefined } }
const secp256k1 = { kty: 'EC', crv: 'secp256k1', x: publicJwk('p256').x, y: publicJwk('p256').y }

describe.each(cryptos)('the keys (%s)', (_name, crypto) => {
  each<Row>(
    [
      ['the one that signed', [rsa()], 'authenticated'],
      ['oidcc-client-test-discovery-jwks-uri-keys', jwks.keys, 'authenticated'],
      ['none', [], 'id_token_key_not_found'],
      ['another kid', [rsa({ kid: 'rsa-0' })], 'id_token_key_not_found'],
      ['our kid on another key', [publicJwk('rsa_next', { kid: 'rsa-1' })], 'id_token_signature_invalid'],
      ['our kid on two keys (#84)', [rsa(), publicJwk('rsa_next', { kid: 'rsa-1' })], 'id_token_key_ambiguous'],
      ['our kid on two keys of different kinds (#84)', [rsa(), publicJwk('p256', { kid: 'rsa-1' })], 'authenticated'],
      [
        'oidcc-client-test-kid-absent-single-jwks (#82)',
        [without('kid'), secp256k1, publicJwk('p256'), publicJwk('ed25519')],
        'authenticated',
        noKid,
      ],
      [
        'oidcc-client-test-kid-absent-multiple-jwks (#83)',
        [rsa({ kid: undefined }), publicJwk('rsa_next', { kid: undefined })],
        'id_token_key_ambiguous',
        noKid,
      ],
      ['kid in the token only', [without('kid')], 'id_token_key_not_found'],

      ['use missing', [without('use')], 'authenticated'],
      ['use enc (#98)', [rsa({ use: 'enc' })], 'id_token_key_not_found'],
      ['use enc beside use sig', [rsa({ use: 'enc' }), rsa()], 'authenticated'],
      ['use a number', [rsa({ use: 1 })], 'id_token_key_not_found'],
      ['key_ops verify', [rsa({ key_ops: ['verify'] })], 'authenticated'],
      ['key_ops encrypt', [rsa({ key_ops: ['encrypt'] })], 'id_token_key_not_found'],
      ['key_ops empty', [rsa({ key_ops: [] })], 'id_token_key_not_found'],
      ['key_ops a text', [rsa({ key_ops: 'verify' })], 'id_token_key_not_found'],
      ['key_ops with something nested', [rsa({ key_ops: ['verify', ['verify']] })], 'id_token_key_not_found'],
      ['alg of the token', [rsa({ alg: 'RS256' })], 'authenticated'],
      ['alg of another token (#79)', [rsa({ alg: 'PS256' })], 'id_token_key_not_found'],
      [
        'an EC key on another curve (#79)',
        [publicJwk('p384', { kid: 'p256-1' })],
        'id_token_key_not_found',
        { alg: 'ES256' },
      ],
      [
        'an EC point that is not on the curve',
        [publicJwk('p256', { y: publicJwk('p256').x })],
        'id_token_key_unsuitable',
        { alg: 'ES256' },
      ],
      ['an OKP key cut short', [publicJwk('ed25519', { x: 'AAAA' })], 'id_token_key_unsuitable', { alg: 'EdDSA' }],
      ['a crv beside an RSA key says nothing', [rsa({ crv: 'P-256' })], 'authenticated'],
      ['private parts are dropped (#98)', [privateJwk('rsa')], 'authenticated'],
      ['a symmetric key (#96)', [{ kty: 'oct', kid: 'rsa-1', k: encode('secret') }], 'id_token_key_not_found'],
      [
        'a key of no kind',
        [{ kty: 'constructor', kid: 'rsa-1', n: 'x', e: 'x', x: 'x', y: 'x' }],
        'id_token_key_not_found',
      ],
      ['what is no key is ignored', [null, 1, 'x', [], {}, rsa()], 'authenticated'],
      ['a certificate beside the key is not looked at', [rsa({ x5c: ['nonsense'], x5t: 1 })], 'authenticated'],

      ['RSA: 1024 bits (#96)', [publicJwk('rsa_weak')], 'id_token_key_unsuitable', { key: 'rsa_weak' }],
      [
        'RSA: 1024 bits, padded with zeros',
        [
          rsa({
            n: encode(Buffer.concat([Buffer.alloc(128), Buffer.from(publicJwk('rsa_weak').n as string, 'base64url')])),
          }),
        ],
        'id_token_key_unsuitable',
      ],
      ['RSA: 2040 bits', [rsa({ n: modulus(2040) })], 'id_token_key_unsuitable'],
      ['RSA: 8200 bits (#97)', [rsa({ n: modulus(8200) })], 'id_token_key_unsuitable'],
      ['RSA: 16384 bits (#97)', [rsa({ n: modulus(16_384) })], 'id_token_key_unsuitable'],
      [
        'RSA: an even modulus (#96)',
        [rsa({ n: encode(Buffer.concat([Buffer.alloc(255, 0xff), Buffer.alloc(1)])) })],
        'id_token_key_unsuitable',
      ],
      ['RSA: a modulus that is not base64url', [rsa({ n: '!' })], 'id_token_key_unsuitable'],
      ['RSA: a modulus of zeros', [rsa({ n: encode(Buffer.alloc(300)) })], 'id_token_key_unsuitable'],
      ['RSA: exponent 1 (#96)', [rsa({ e: 'AQ' })], 'id_token_key_unsuitable'],
      ['RSA: exponent 2', [rsa({ e: 'Ag' })], 'id_token_key_unsuitable'],
      ['RSA: exponent 0', [rsa({ e: 'AA' })], 'id_token_key_unsuitable'],
      ['RSA: no exponent', [rsa({ e: '' })], 'id_token_key_unsuitable'],
      ['RSA: exponent of 5 bytes (#97)', [rsa({ e: encode(Buffer.from([1, 0, 0, 0, 1])) })], 'id_token_key_unsuitable'],
    ],
    async (_rule, keys, code, minted) => {
      const answers = { jwks: json({ keys }), token: json(tokenBody({ id_token: mint(minted) })) }
      expectVerdict(await login({ answers }, crypto), code)
    },
  )
})

describe('the response', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => publicJwk('p384', { kid: `other-${index}` }))
  each<readonly [string, HttpResponse, FailureCode | 'authenticated', object?]>(
    [
      ['another media type', json(jwks, { headers: { 'content-type': 'application/jwk-set+json' } }), 'authenticated'],
      ['status 302', json(jwks, { status: 302 }), 'jwks_http_error', { status: 302 }],
      ['status 500', html(500), 'jwks_http_error', { status: 500 }],
      ['a page', html(), 'jwks_response_malformed'],
      ['an array', json(jwks.keys), 'jwks_response_malformed'],
      ['keys missing', json({}), 'jwks_response_malformed'],
      ['keys an object', json({ keys: { 0: publicJwk('rsa') } }), 'jwks_response_malformed'],
      ['100 keys', json({ keys: [...hundred.slice(1), publicJwk('rsa')] }), 'authenticated'],
      ['101 keys (#97)', json({ keys: [...hundred, publicJwk('rsa')] }), 'jwks_response_malformed', { keys: 101 }],
    ],
    async (_rule, response, code, detail) => {
      expectVerdict(await login({ answers: { jwks: response } }), code, detail)
    },
  )

  test('it is asked for as JSON', async () => {
    const request = requests(await login()).find(({ message }) => message === 'jwks')
    const headers = { accept: 'application/json, application/jwk-set+json' }
    expect(request).toStrictEqual({ message: 'jwks', method: 'GET', url: metadata.jwks_uri, headers })
  })

  test.each<[string, unknown]>([
    ['RSA without a modulus', rsa({ n: undefined })],
    ['RSA without an exponent', rsa({ e: undefined })],
    ['EC without x', publicJwk('p256', { x: undefined })],
    ['EC without y', publicJwk('p256', { y: undefined })],
    ['OKP without x', publicJwk('ed25519', { x: undefined })],
    ['of no kind', rsa({ kty: undefined })],
    ['of a kind that is not understood', rsa({ kty: 'oct' })],
    ['of a kind that only a prototype knows', rsa({ kty: 'constructor' })],
    ...['kid', 'alg', 'use', 'crv', 'n', 'e', 'x', 'y'].map(
      (name) => [`${name} a number`, rsa({ [name]: 1 })] as const,
    ),
    ['key_ops a text', rsa({ key_ops: 'verify' })],
    ['key_ops with something nested', rsa({ key_ops: ['verify', ['verify']] })],
    ['no object', 'RSA'],
    ['null', null],
  ] as [string, unknown][])('RFC 7517, 5: what is not understood is ignored: %s', async (_what, key) => {
    const { rp } = await login({ answers: { jwks: json({ keys: [key, publicJwk('rsa')] }) } })
    expect(rp.jwks?.value.keys).toStrictEqual([publicJwk('rsa')])
  })

  test('nothing but public members is remembered (#98)', async () => {
    const { rp } = await login({ answers: { jwks: json({ keys: [privateJwk('rsa')] }) } })
    expect(rp.jwks?.value.keys).toStrictEqual([publicJwk('rsa')])
  })

  test.each<[string, readonly unknown[], Minting, object]>([
    ['none', [publicJwk('p256')], {}, { code: 'id_token_key_not_found', detail: { kid: 'rsa-1' } }],
    ['none, and no kid', [publicJwk('p256')], noKid, { code: 'id_token_key_not_found', detail: { kid: 'none' } }],
    [
      'several, and how many',
      [rsa(), rsa({ kid: 'rsa-0' })],
      noKid,
      { code: 'id_token_key_ambiguous', detail: { candidates: 2 } },
    ],
    [
      'an unsuitable one',
      [publicJwk('rsa_weak', { kid: 'rsa-1' })],
      {},
      { code: 'id_token_key_unsuitable', detail: { kid: 'rsa-1' } },
    ],
    [
      'an unsuitable one without kid',
      [publicJwk('rsa_weak', { kid: undefined })],
      noKid,
      { code: 'id_token_key_unsuitable', detail: { kid: 'none' } },
    ],
  ])('which key: %s', async (_which, keys, minted, failure) => {
    const answers = { jwks: json({ keys }), token: json(tokenBody({ id_token: mint(minted) })) }
    expect(verdict(await login({ answers }))).toStrictEqual(failure)
  })

  test.each(['timed_out', 'too_large'] as const)('none, because of %s', async (reason) => {
    expect(verdict(await login({ answers: { jwks: reason } }))).toMatchObject({ detail: { message: 'jwks' } })
  })
})
