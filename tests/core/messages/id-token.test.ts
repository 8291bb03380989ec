/** OpenID Connect Core 1.0, section 3.1.3.7: each row breaks one rule of a valid ID Token. */

import { describe, expect, test } from 'vitest'
import { webCrypto, type FailureCode } from '@relying-party/core'
import { parseIdTokenHeader, validateIdTokenClaims } from '../../../packages/core/src/messages/id-token.ts'
import { encode, publicJwk, signature } from '../support/keys.ts'
import { cryptos, each, expectVerdict, login, verdict, type Login } from '../support/play.ts'
import {
  at,
  claims,
  halfHash,
  issuer,
  json,
  jwks,
  metadata,
  mint,
  relyingParty,
  secrets,
  tokenBody,
  type Minting,
} from '../support/provider.ts'

type Row = readonly [rule: string, broken: Minting, code: FailureCode | 'authenticated', detail?: object]

const withIdToken = (id_token: unknown): Login => ({ answers: { token: json(tokenBody({ id_token })) } })

function table(name: string, rows: readonly Row[], asked: Login = {}): void {
  describe.each(cryptos)(`${name} (%s)`, (_name, crypto) => {
    each<Row>(rows, async (_rule, broken, code, detail) => {
      const minted = withIdToken(mint(broken))
      const answers = { ...asked.answers, ...minted.answers }
      expectVerdict(await login({ ...asked, answers }, crypto), code, detail)
    })
  })
}

describe('claims', () => {
  const missing = (claim: string): Row => [
    `${claim} missing`,
    { claims: { [claim]: undefined } },
    'id_token_claim_missing',
    { claim },
  ]
  const client_id = 'client-1'
  table('required members', [
    ['oidcc-client-test', {}, 'authenticated'],
    missing('iss'),
    missing('sub'),
    missing('aud'),
    missing('exp'),
    missing('iat'),
    ['oidcc-client-test-nonce missing (#19, #57)', { claims: { nonce: undefined } }, 'id_token_nonce_mismatch'],
  ])
  table('iss', [
    [
      'oidcc-client-test-invalid-iss (#42)',
      { claims: { iss: `${issuer}1` } },
      'id_token_iss_mismatch',
      { expected: issuer, received: `${issuer}1` },
    ],
    ['a trailing slash more (#42)', { claims: { iss: `${issuer}/` } }, 'id_token_iss_mismatch'],
    ['another case (#42)', { claims: { iss: 'https://IDP.example' } }, 'id_token_iss_mismatch'],
    ['the default port (#42)', { claims: { iss: 'https://idp.example:443' } }, 'id_token_iss_mismatch'],
    ['http (#42)', { claims: { iss: 'http://idp.example' } }, 'id_token_iss_mismatch'],
    ['empty (#43)', { claims: { iss: '' } }, 'id_token_iss_mismatch'],
    ['an array (#43)', { claims: { iss: [issuer] } }, 'id_token_claim_invalid', { reason: expect.any(String) }],
    ['null (#43)', { claims: { iss: null } }, 'id_token_claim_invalid'],
    ['a number (#43)', { claims: { iss: 1 } }, 'id_token_claim_invalid'],
  ])
  table('aud and azp', [
    ['oidcc-client-test-invalid-aud (#45)', { claims: { aud: `${client_id}1` } }, 'id_token_aud_mismatch'],
    ['a prefix (#48)', { claims: { aud: 'client' } }, 'id_token_aud_mismatch'],
    ['another case (#48)', { claims: { aud: 'Client-1' } }, 'id_token_aud_mismatch'],
    ['an empty array (#47)', { claims: { aud: [] } }, 'id_token_aud_mismatch'],
    ['a nested array (#47)', { claims: { aud: [[client_id]] } }, 'id_token_aud_mismatch'],
    ['an object (#47)', { claims: { aud: { 0: client_id } } }, 'id_token_claim_invalid'],
    ['a number (#47)', { claims: { aud: 1 } }, 'id_token_claim_invalid'],
    ['null (#47)', { claims: { aud: null } }, 'id_token_claim_invalid'],
    ['fapi2-security-profile-final-client-test-valid-aud-as-array', { claims: { aud: [client_id] } }, 'authenticated'],
    [
      'fapi2-security-profile-final-client-test-invalid-secondary-aud (#46)',
      { claims: { aud: [client_id, 'other'] } },
      'id_token_aud_untrusted',
      { received: '["client-1","other"]' },
    ],
    ['several audiences and our azp', { claims: { aud: [client_id, 'other'], azp: client_id } }, 'authenticated'],
    [
      'several audiences and another azp (#46)',
      { claims: { aud: [client_id, 'other'], azp: 'other' } },
      'id_token_azp_mismatch',
    ],
    ['one audience and our azp', { claims: { azp: client_id } }, 'authenticated'],
    [
      'one audience and another azp (#49)',
      { claims: { azp: 'other' } },
      'id_token_azp_mismatch',
      { expected: client_id, received: 'other' },
    ],
    ['azp null (#49)', { claims: { azp: null } }, 'id_token_azp_mismatch'],
    ['azp an array (#49)', { claims: { azp: [client_id] } }, 'id_token_azp_mismatch'],
  ])
  table('sub', [
    ['a number', { claims: { sub: 1 } }, 'id_token_claim_invalid'],
    ['null', { claims: { sub: null } }, 'id_token_claim_invalid'],
    ['empty', { claims: { sub: '' } }, 'id_token_claim_invalid', { claim: 'sub' }],
    ['255 characters', { claims: { sub: 'x'.repeat(255) } }, 'authenticated'],
    ['256 characters', { claims: { sub: 'x'.repeat(256) } }, 'id_token_claim_invalid', { claim: 'sub' }],
  ])
  table('nonce', [
    [
      'oidcc-client-test-nonce-invalid (#57, #59)',
      { claims: { nonce: `${claims.nonce}1` } },
      'id_token_nonce_mismatch',
    ],
    ['another case (#57)', { claims: { nonce: claims.nonce.toUpperCase() } }, 'id_token_nonce_mismatch'],
    ['an array (#57)', { claims: { nonce: [claims.nonce] } }, 'id_token_nonce_mismatch'],
    ['null', { claims: { nonce: null } }, 'id_token_nonce_mismatch'],
    ['empty', { claims: { nonce: '' } }, 'id_token_nonce_mismatch'],
  ])
  // The tolerance of the clock is 30 seconds, the greatest age 600.
  table('times', [
    ['exp: 31 s past (#51)', { claims: { exp: at - 31 } }, 'id_token_expired', { exp: at - 31 }],
    ['exp: 30 s past (#51)', { claims: { exp: at - 30 } }, 'id_token_expired'],
    ['exp: 29 s past (#51)', { claims: { exp: at - 29 } }, 'authenticated'],
    ['exp: a text', { claims: { exp: String(at + 60) } }, 'id_token_claim_invalid'],
    ['exp: null', { claims: { exp: null } }, 'id_token_claim_invalid'],
    [
      'exp: minus infinity',
      { payload: JSON.stringify(claims).replace(`"exp":${at + 3600}`, '"exp":-1e999') },
      'id_token_expired',
      { exp: null },
    ],
    [
      'exp: infinity',
      { payload: JSON.stringify(claims).replace(`"exp":${at + 3600}`, '"exp":1e999') },
      'id_token_malformed',
    ],
    ['nbf: in 29 s', { claims: { nbf: at + 29 } }, 'authenticated'],
    ['nbf: in 30 s (#56)', { claims: { nbf: at + 30 } }, 'authenticated'],
    ['nbf: in 31 s (#56)', { claims: { nbf: at + 31 } }, 'id_token_not_yet_valid', { nbf: at + 31 }],
    ['nbf: a text', { claims: { nbf: String(at) } }, 'id_token_claim_invalid'],
    ['iat: in 29 s', { claims: { iat: at + 29 } }, 'authenticated'],
    ['iat: in 30 s (#54)', { claims: { iat: at + 30 } }, 'authenticated'],
    ['iat: in 31 s (#54)', { claims: { iat: at + 31 } }, 'id_token_iat_unreasonable', { age_seconds: -31 }],
    ['iat: 629 s old', { claims: { iat: at - 629 } }, 'authenticated'],
    ['iat: 630 s old (#55)', { claims: { iat: at - 630 } }, 'authenticated'],
    ['iat: 631 s old (#55)', { claims: { iat: at - 631 } }, 'id_token_iat_unreasonable', { age_seconds: 631 }],
    [
      'fapi1-advanced-final-client-test-iat-is-week-in-past (#55)',
      { claims: { iat: at - 604_800 } },
      'id_token_iat_unreasonable',
    ],
    ['iat: a text', { claims: { iat: String(at) } }, 'id_token_claim_invalid'],
    ['iat: infinity', { payload: JSON.stringify(claims).replace(`"iat":${at}`, '"iat":1e999') }, 'id_token_malformed'],
  ])
  const beside = (text: string): Minting => ({ payload: JSON.stringify(claims).replace('{', `{${text},`) })
  table('what JSON cannot carry on', [
    ['a number out of range', beside('"level":1e999'), 'id_token_malformed', { reason: expect.any(String) }],
    ['nested in 30 arrays', beside(`"a":${'['.repeat(30)}${']'.repeat(30)}`), 'authenticated'],
    ['nested in 33 arrays', beside(`"a":${'['.repeat(33)}${']'.repeat(33)}`), 'id_token_malformed'],
    ['nested without end', beside(`"a":${'['.repeat(20_000)}${']'.repeat(20_000)}`), 'id_token_malformed'],
  ])
  table('auth_time without max_age', [
    ['a text (#64)', { claims: { auth_time: String(at) } }, 'id_token_claim_invalid'],
    ['negative', { claims: { auth_time: -1 } }, 'id_token_claim_invalid'],
    ['years old', { claims: { auth_time: 1 } }, 'authenticated'],
  ])
  table(
    'auth_time with max_age 3600',
    [
      ['missing (#64)', {}, 'id_token_claim_missing', { claim: 'auth_time' }],
      ['3629 s ago', { claims: { auth_time: at - 3629 } }, 'authenticated'],
      ['3630 s ago (#64)', { claims: { auth_time: at - 3630 } }, 'authenticated'],
      [
        '3631 s ago (#64)',
        { claims: { auth_time: at - 3631 } },
        'id_token_auth_time_too_old',
        { auth_time: at - 3631 },
      ],
    ],
    { rp: { client: { max_age: 3600 } } },
  )
  table(
    'acr with acr_values',
    [
      ['the preferred one', { claims: { acr: 'phr' } }, 'authenticated'],
      ['the other one', { claims: { acr: 'mfa' } }, 'authenticated'],
      ['missing (#65)', {}, 'id_token_acr_not_satisfied'],
      [
        'a weaker one (#65)',
        { claims: { acr: 'pwd' } },
        'id_token_acr_not_satisfied',
        { expected: 'phr  mfa', received: 'pwd' },
      ],
      ['an array', { claims: { acr: ['phr'] } }, 'id_token_acr_not_satisfied'],
      ['empty', { claims: { acr: '' } }, 'id_token_acr_not_satisfied'],
    ],
    { rp: { client: { acr_values: 'phr  mfa' } } },
  )
  table('hashes', [
    ['at_hash right', { claims: { at_hash: halfHash('sha256', secrets.access_token) } }, 'authenticated'],
    [
      'at_hash right for ES384',
      { alg: 'ES384', claims: { at_hash: halfHash('sha384', secrets.access_token) } },
      'authenticated',
    ],
    [
      'at_hash right for EdDSA',
      { alg: 'EdDSA', claims: { at_hash: halfHash('sha512', secrets.access_token) } },
      'authenticated',
    ],
    [
      'at_hash of another algorithm (#62)',
      { alg: 'ES384', claims: { at_hash: halfHash('sha256', secrets.access_token) } },
      'id_token_at_hash_mismatch',
    ],
    [
      'oidcc-client-test-invalid-athash (#62)',
      { claims: { at_hash: `${halfHash('sha256', secrets.access_token)}1` } },
      'id_token_at_hash_mismatch',
    ],
    ['at_hash empty', { claims: { at_hash: '' } }, 'id_token_at_hash_mismatch'],
    ['at_hash null (#62)', { claims: { at_hash: null } }, 'id_token_at_hash_mismatch'],
    ['c_hash right', { claims: { c_hash: halfHash('sha256', secrets.code) } }, 'authenticated'],
    [
      'oidcc-client-test-invalid-chash (#63)',
      { claims: { c_hash: halfHash('sha256', 'another code') } },
      'id_token_c_hash_mismatch',
    ],
  ])
  table(
    'hashes, where the code stands last in the response',
    [['c_hash right', { claims: { c_hash: halfHash('sha256', secrets.code) } }, 'authenticated']],
    {
      response: [
        ['state', 'state-of-this-flow'],
        ['code', secrets.code],
      ],
    },
  )
  table('members that are not ours', [
    [
      'a prototype (#67)',
      { payload: JSON.stringify(claims).replace('{', '{"__proto__":{"email_verified":true},') },
      'authenticated',
    ],
    ['a constructor (#67)', { claims: { constructor: 1, hasOwnProperty: 1, toString: 1 } }, 'authenticated'],
    [
      'oidcc-client-test-distributed-claims (not fetched) (#71)',
      { claims: { _claim_names: { a: 'src' }, _claim_sources: { src: { endpoint: 'https://169.254.169.254/' } } } },
      'authenticated',
    ],
  ])
})

describe('JOSE', () => {
  table('alg', [
    ['oidcc-client-test-idtoken-sig-rs256', { alg: 'RS256' }, 'authenticated'],
    ['PS256', { alg: 'PS256' }, 'authenticated'],
    ['oidcc-client-test-idtoken-sig-es256', { alg: 'ES256' }, 'authenticated'],
    ['ES384', { alg: 'ES384' }, 'authenticated'],
    ['ES512', { alg: 'ES512' }, 'authenticated'],
    ['EdDSA', { alg: 'EdDSA' }, 'authenticated'],
    ['Ed25519', { alg: 'Ed25519' }, 'authenticated'],
    ['oidcc-client-test-idtoken-sig-none (#74)', { alg: 'none' }, 'id_token_alg_not_allowed'],
    ['None (#74)', { alg: 'none', header: { alg: 'None' } }, 'id_token_alg_not_allowed'],
    [
      'none with a good signature (#74)',
      { header: { alg: 'none' } },
      'id_token_alg_not_allowed',
      { expected: '["RS256","PS256","ES256","ES384","ES512","EdDSA","Ed25519"]', received: 'none' },
    ],
    [
      'HS256 with the client secret (#76)',
      { alg: 'HS256', key: Buffer.from(secrets.client_secret) },
      'id_token_alg_not_allowed',
    ],
    [
      'HS256 with the public key (#75)',
      { alg: 'HS256', key: Buffer.from(JSON.stringify(publicJwk('rsa'))) },
      'id_token_alg_not_allowed',
    ],
    ['unknown', { header: { alg: 'XS256' } }, 'id_token_alg_not_allowed'],
    ['of another case', { header: { alg: 'rs256' } }, 'id_token_alg_not_allowed'],
    ['missing', { header: { alg: undefined } }, 'id_token_alg_not_allowed'],
    ['an array', { header: { alg: ['RS256'] } }, 'id_token_alg_not_allowed'],
    ['a name of a prototype', { header: { alg: 'toString' } }, 'id_token_alg_not_allowed'],
    ['known to us but not announced', { header: { alg: 'RS512' } }, 'id_token_alg_not_allowed'],
  ])
  table(
    'alg, when the metadata announces none',
    [
      ['RS256 is the default', {}, 'authenticated'],
      ['and nothing else', { alg: 'ES256' }, 'id_token_alg_not_allowed'],
    ],
    { answers: { provider_metadata: json({ ...metadata, id_token_signing_alg_values_supported: undefined }) } },
  )
  table(
    'alg, when the connection demands ES256',
    [
      ['it is', { alg: 'ES256' }, 'authenticated'],
      ['fapi2-security-profile-final-client-test-invalid-alternate-alg', { alg: 'RS256' }, 'id_token_alg_not_allowed'],
    ],
    { rp: { client: { id_token_signed_response_alg: 'ES256' } } },
  )
  table('header', [
    ['crit naming something (#87)', { header: { crit: ['exp'], exp: at } }, 'id_token_crit_unsupported'],
    ['crit empty (#87)', { header: { crit: [] } }, 'id_token_crit_unsupported'],
    ['crit with b64 (#88)', { header: { crit: ['b64'], b64: false } }, 'id_token_crit_unsupported'],
    [
      'jku, x5u and jwk are ignored (#86)',
      { header: { jku: 'https://evil.example/', x5u: 'https://evil.example/', jwk: publicJwk('rsa_next') } },
      'authenticated',
    ],
    [
      'jwk is not believed (#86)',
      { key: 'rsa_next', header: { kid: 'rsa-1', jwk: publicJwk('rsa_next') } },
      'id_token_signature_invalid',
    ],
    ['kid a number', { header: { kid: 1 } }, 'id_token_malformed', { reason: expect.any(String) }],
    ['kid unknown', { header: { kid: 'unknown' } }, 'id_token_key_not_found', { kid: 'unknown' }],
    ['kid full of controls', { header: { kid: 'a\n\u202Eb' } }, 'id_token_key_not_found', { kid: 'a b' }],
    ['kid of a key for another algorithm', { header: { kid: 'p256-1' } }, 'id_token_key_not_found'],
    ['typ of another kind is no matter', { header: { typ: 'at+jwt' } }, 'authenticated'],
  ])
})

describe.each(cryptos)('the form of the token (%s)', (_name, crypto) => {
  const good = mint()
  const [header, payload, signed] = good.split('.') as [string, string, string]
  const resigned = (input: string) => `${input}.${signature('RS256', 'rsa', input)}`
  const rows: readonly [string, unknown, FailureCode][] = [
    ['not there', undefined, 'id_token_missing'],
    ['null', null, 'id_token_missing'],
    ['empty', '', 'id_token_missing'],
    ['a number', 1, 'id_token_missing'],
    ['one part', 'abc', 'id_token_malformed'],
    ['two parts', `${header}.${payload}`, 'id_token_malformed'],
    ['four parts', `${good}.x`, 'id_token_malformed'],
    ['10000 dots (#95)', '.'.repeat(10_000), 'id_token_malformed'],
    ['JWE (five parts) (#91)', `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`, 'id_token_encrypted'],
    [
      '65537 characters (#95)',
      `${header}.${'A'.repeat(65_537 - header.length - signed.length - 2)}.${signed}`,
      'id_token_malformed',
    ],
    ['header: not base64url', `!!!.${payload}.${signed}`, 'id_token_malformed'],
    ['header: not JSON', `${encode('no json')}.${payload}.${signed}`, 'id_token_malformed'],
    ['header: an array', `${encode('[]')}.${payload}.${signed}`, 'id_token_malformed'],
    [
      'header: with a byte order mark',
      resigned(`${encode(`\ufeff${JSON.stringify({ alg: 'RS256', kid: 'rsa-1' })}`)}.${payload}`),
      'id_token_malformed',
    ],
    [
      'header: padded',
      resigned(`${Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'rsa-1' })).toString('base64')}.${payload}`),
      'id_token_malformed',
    ],
    ['payload: not JSON', resigned(`${header}.${encode('no json')}`), 'id_token_malformed'],
    ['payload: an array', resigned(`${header}.${encode('[]')}`), 'id_token_malformed'],
    ['payload: null', resigned(`${header}.${encode('null')}`), 'id_token_malformed'],
    ['payload: truncated', resigned(`${header}.${encode(JSON.stringify(claims).slice(0, -1))}`), 'id_token_malformed'],
    ['payload: with a byte order mark', mint({ payload: `\ufeff${JSON.stringify(claims)}` }), 'id_token_malformed'],
    [
      'payload: white space in base64url',
      resigned(`${header}.${payload.slice(0, 8)} ${payload.slice(8)}`),
      'id_token_malformed',
    ],
    [
      'payload: not UTF-8',
      mint({ payload: Buffer.from(JSON.stringify({ ...claims, sub: 'user-\u00ff' }), 'latin1') }),
      'id_token_malformed',
    ],
    ['signature: empty (#74, #99)', `${header}.${payload}.`, 'id_token_signature_invalid'],
    ['signature: not base64url', `${header}.${payload}.${signed.slice(0, -1)}=`, 'id_token_malformed'],
    ['signature: base64 instead of base64url', `${header}.${payload}.${'+/'.repeat(171)}`, 'id_token_malformed'],
    ['signature: spelt otherwise', `${header}.${payload}.${spellOtherwise(signed)}`, 'id_token_malformed'],
  ]
  test.each(rows)('%s', async (rule, id_token, code) => {
    // Which part it is that cannot be read is said.
    const part = /^(header|payload|signature):/.exec(rule)?.[1] ?? ''
    const detail = { reason: expect.stringMatching(new RegExp(part, 'i')) }
    expect(verdict(await login(withIdToken(id_token), crypto))).toStrictEqual({
      code,
      ...(code === 'id_token_malformed' && { detail }),
    })
  })

  test.each([
    [65_536, 'authenticated'],
    [65_537, { code: 'id_token_malformed', detail: { reason: expect.any(String) } }],
  ])('%d characters (#95)', async (length, expected) => {
    const filled = (header: string, filler: number) =>
      mint({ header: { filler: header }, claims: { filler: 'x'.repeat(filler) } })
    // No base64url text has one character more than a multiple of four: the header makes up for it.
    const id_token = ['', 'x', 'xx']
      .map((header) => filled(header, 40_000 + Math.floor(((length - filled(header, 40_000).length) * 3) / 4)))
      .find((token) => token.length === length)
    expect(verdict(await login(withIdToken(id_token), crypto))).toStrictEqual(expected)
  })
})

describe('whatever the judge lets through', () => {
  const mac = (alg: string) => mint({ alg, key: Buffer.from(secrets.client_secret) })

  test('HS256 counts only where the connection names it', () => {
    const failure = { code: 'id_token_alg_not_allowed', detail: { received: 'HS256' } }
    const refused = expect.objectContaining({ failure })
    expect(() => parseIdTokenHeader(relyingParty(), mac('HS256'))).toThrow(refused)
    const rp = relyingParty({ client: { id_token_signed_response_alg: 'HS512' } })
    expect(() => parseIdTokenHeader(rp, mac('HS256'))).toThrow(refused)
    expect(parseIdTokenHeader(rp, mac('HS512'))).toEqual({ alg: 'HS512' })
  })

  test.each([1, null, undefined, ['user-1']])('a sub is a text: not %j', async (sub) => {
    const context = { alg: 'RS256', access_token: secrets.access_token, code: secrets.code, at } as const
    const judged = validateIdTokenClaims(relyingParty(), { ...claims, sub }, context, webCrypto)
    await expect(judged).rejects.toThrow('id_token_claim_invalid')
  })
})

test('what the claims say reaches the identity, and nothing of a prototype reaches ours', async () => {
  const payload = JSON.stringify(claims).replace('{', '{"__proto__":{"polluted":true},')
  const { state } = await login(withIdToken(mint({ payload })))
  expect(state).toMatchObject({ identity: { connection_id: 'connection-1', issuer, subject: 'user-1' } })
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  expect(jwks.keys).toHaveLength(5)
})

/** The same bytes, with one of the bits set that base64url does not use. */
function spellOtherwise(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) + 1]
}
