/** The Logout Token, rule by rule. OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6. */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { driveLogoutToken, type Crypto, type HttpRequest, type Io, type JwkSet } from '@relying-party/core'
import { encode, publicJwk, signature } from '../support/keys.ts'
import { cryptos } from '../support/play.ts'
import {
  at,
  html,
  issuer,
  json,
  jwks,
  known,
  metadata,
  mint,
  provider,
  relyingParty,
  secrets,
  type Answers,
  type Minting,
  type Overrides,
} from '../support/provider.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
const payload = {
  iss: issuer,
  aud: 'client-1',
  iat: at,
  exp: at + 120,
  jti: 'logout-1',
  sub: 'user-1',
  events: { [event]: {} },
}
type Members = Readonly<Record<string, unknown>>

/** A valid Logout Token, save for what is asked for; `undefined` takes a member away. */
const logoutToken = (changed: Members = {}, { header, ...minting }: Minting = {}) =>
  mint({
    payload: JSON.stringify({ ...payload, ...changed }),
    header: { typ: 'logout+jwt', ...header },
    ...minting,
  })

/** One whose payload is written by hand, for what JSON.stringify cannot write. */
const written = (change: (text: string) => string) => mint({ payload: change(JSON.stringify(payload)) })

interface Asked {
  readonly rp?: Overrides
  readonly answers?: Answers
  readonly now?: number
  readonly crypto?: Crypto
}

/** What becomes of a token, and what was asked of the provider for it. */
async function judge(token: string, { rp = known(), answers, now = at, crypto }: Asked = {}) {
  const respond = provider(answers)
  const requests: HttpRequest[] = []
  const remembered: object[] = []
  const io: Io = {
    now: () => now,
    request: (request) => {
      requests.push(request)
      const answer = respond(request, now)
      return Promise.resolve(
        'response' in answer ? { response: answer.response } : { failure: (answer as { reason: 'timed_out' }).reason },
      )
    },
    remember: (what) => void remembered.push(what),
    ...(crypto && { crypto }),
  }
  const verdict = await driveLogoutToken(relyingParty(rp), token, io)
  if ('failure' in verdict) {
    for (const secret of Object.values(secrets)) expect(JSON.stringify(verdict)).not.toContain(secret)
    if (token !== '') expect(JSON.stringify(verdict)).not.toContain(token)
  }
  return { verdict, requests: requests.map(({ message }) => message), remembered }
}

const valid = { iss: issuer, jti: 'logout-1', iat: at, exp: at + 120, usable_until: at + 150, sub: 'user-1', sid: null }
const codeOf = ({ verdict }: Awaited<ReturnType<typeof judge>>) =>
  'failure' in verdict ? verdict.failure.code : 'valid'

describe.each(cryptos)('a valid token (%s)', (_name, crypto) => {
  test.each<[string, Members, object]>([
    ['2.4: by sub', {}, {}],
    ['2.4: by sid', { sub: undefined, sid: 'session-1' }, { sub: null, sid: 'session-1' }],
    ['2.4: by sub and sid', { sid: 'session-1' }, { sid: 'session-1' }],
    ['2.4: aud is a list of this client alone', { aud: ['client-1'] }, {}],
    ['Core 3.1.3.7, 5: azp is this client', { azp: 'client-1' }, {}],
    ['Core 3.1.3.7, 4: several aud, and azp is this client', { aud: ['client-1', 'other'], azp: 'client-1' }, {}],
    ['2.4: the event need not be empty', { events: { [event]: { reason: 'x' }, other: {} } }, {}],
    ['2.4: claims that are not understood are ignored', { toe: 1, acr: { deep: [null] } }, {}],
    [
      'a clock that is 30 s ahead',
      { iat: at + 30, exp: at + 150 },
      { iat: at + 30, exp: at + 150, usable_until: at + 180 },
    ],
    ['a clock that is 30 s behind', { exp: at - 29 }, { exp: at - 29, usable_until: at + 1 }],
    ['delivered late', { iat: at - 630 }, { iat: at - 630, usable_until: at }],
    [
      'an exp of years: usable no longer than its iat allows',
      { exp: at + 1e9 },
      { exp: at + 1e9, usable_until: at + 630 },
    ],
    ['a jti of 512 characters', { jti: 'j'.repeat(512) }, { jti: 'j'.repeat(512) }],
    ['a sid of 512 characters', { sid: 's'.repeat(512) }, { sid: 's'.repeat(512) }],
    ['fractions of seconds', { iat: at - 0.5 }, { iat: at - 0.5 }],
  ])('%s', async (_rule, changed, expected) => {
    const { verdict, requests } = await judge(logoutToken(changed), { crypto })
    expect(verdict).toStrictEqual({ token: { ...valid, ...expected } })
    expect(requests).toEqual([])
  })

  test.each(['logout+jwt', 'LOGOUT+JWT', 'application/logout+jwt', 'JWT', undefined])('typ %s', async (typ) => {
    expect(codeOf(await judge(logoutToken({}, { header: { typ } }), { crypto }))).toBe('valid')
  })

  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])('%s', async (alg) => {
    expect(codeOf(await judge(logoutToken({}, { alg }), { crypto }))).toBe('valid')
    const tampered = logoutToken({}, { alg }).replace(/\.[^.]+\./, `.${encode({ ...payload, sub: 'user-2' })}.`)
    expect(codeOf(await judge(tampered, { crypto }))).toBe('logout_token_signature_invalid')
  })

  test('of 16384 characters', async () => {
    const longest = (filler: string) => logoutToken({ filler: 'x'.repeat(10_000) + filler }, { alg: 'ES256' })
    const missing = Math.floor(((16_384 - longest('').length) * 3) / 4)
    const token = longest('x'.repeat(missing))
    expect([token.length, codeOf(await judge(token, { crypto }))]).toEqual([16_384, 'valid'])
  })

  test('without kid, when one key fits', async () => {
    expect(codeOf(await judge(logoutToken({}, { header: { kid: undefined } }), { crypto }))).toBe('valid')
  })
})

const pem = createPublicKey({ format: 'jwk', key: publicJwk('rsa') as JsonWebKey }).export({
  format: 'pem',
  type: 'spki',
})
const stripped = (token: string) => token.slice(0, token.lastIndexOf('.') + 1)
const deep = (levels: number): unknown => (levels === 0 ? {} : { in: deep(levels - 1) })

describe.each(cryptos)('every rule, broken once (%s)', (_name, crypto) => {
  const invalid = 'logout_token_invalid'
  test.each<[rule: string, token: () => string, code: string, reason?: string | RegExp]>([
    ['1: no JWT at all', () => 'nonsense', invalid, '1 parts instead of 3'],
    ['1: empty', () => '', invalid, '1 parts instead of 3'],
    ['1: encrypted (JWE) although that was not agreed', () => 'a.b.c.d.e', invalid, '5 parts instead of 3'],
    ['1: JWS with a part too many', () => `${logoutToken()}.x`, invalid, '4 parts instead of 3'],
    ['1: white space around it', () => ` ${logoutToken()}`, invalid, /header/],
    ['1: padded base64url', () => `${logoutToken()}=`, invalid, /signature/],
    ['1: a header that is a list', () => logoutToken().replace(/^[^.]+/, encode('[]')), invalid, /header/],
    ['1: a payload that is a text', () => mint({ payload: '"logout"' }), invalid, /payload/],
    ['1: a payload that is null', () => mint({ payload: 'null' }), invalid, /payload/],
    [
      '1: a payload with a byte order mark',
      () => mint({ payload: `\uFEFF${JSON.stringify(payload)}` }),
      invalid,
      /payload/,
    ],
    ['1: a payload that is not UTF-8', () => mint({ payload: new Uint8Array([0x7b, 0xff, 0x7d]) }), invalid, /payload/],
    ['beyond 16384 characters', () => logoutToken({ filler: 'x'.repeat(16_384) }), invalid, /longer/],
    ['nested too deep', () => logoutToken({ filler: deep(40) }), invalid, /nesting/],

    ['2: alg none', () => logoutToken({}, { alg: 'none' }), invalid, 'alg is not allowed'],
    [
      '2: alg none, though the signature is there',
      () => logoutToken({}, { alg: 'none', key: 'rsa' }),
      invalid,
      'alg is not allowed',
    ],
    ['2: alg None', () => stripped(logoutToken({}, { header: { alg: 'None' } })), invalid, 'alg is not allowed'],
    [
      '2: HS256 with the public key as the secret',
      () => logoutToken({}, { alg: 'HS256', key: Buffer.from(pem) }),
      invalid,
      'alg is not allowed',
    ],
    [
      '2: HS256 with the client secret although it was not agreed',
      () => logoutToken({}, { alg: 'HS256', key: Buffer.from(secrets.client_secret) }),
      invalid,
      'alg is not allowed',
    ],
    [
      '2: an alg that the provider does not announce',
      () => logoutToken({}, { alg: 'RS512' }),
      invalid,
      'alg is not allowed',
    ],
    [
      '2: an alg that nobody knows',
      () => logoutToken({}, { header: { alg: 'toString' } }),
      invalid,
      'alg is not allowed',
    ],
    ['2: no alg', () => logoutToken({}, { header: { alg: undefined } }), invalid, 'alg is not allowed'],
    ['2: alg is a list', () => logoutToken({}, { header: { alg: ['RS256'] } }), invalid, 'alg is not allowed'],
    ['RFC 7515 4.1.11: crit', () => logoutToken({}, { header: { crit: ['b64'], b64: false } }), invalid, /header/],
    ['RFC 7515 4.1.11: crit, empty', () => logoutToken({}, { header: { crit: [] } }), invalid, /header/],
    ['RFC 7515 4.1.4: kid is a number', () => logoutToken({}, { header: { kid: 1 } }), invalid, /header/],
    [
      '2.4: typ of an access token',
      () => logoutToken({}, { header: { typ: 'at+jwt' } }),
      invalid,
      'typ is another one',
    ],
    [
      '2.4: typ that begins alike',
      () => logoutToken({}, { header: { typ: 'logout+jwt2' } }),
      invalid,
      'typ is another one',
    ],
    ['2.4: typ is a list', () => logoutToken({}, { header: { typ: ['logout+jwt'] } }), invalid, 'typ is another one'],

    ['3: no iss', () => logoutToken({ iss: undefined }), invalid, 'iss is another issuer'],
    ['3: iss of another', () => logoutToken({ iss: 'https://evil.example' }), invalid, 'iss is another issuer'],
    ['3: iss with a slash more', () => logoutToken({ iss: `${issuer}/` }), invalid, 'iss is another issuer'],
    ['3: iss is a list', () => logoutToken({ iss: [issuer] }), invalid, 'iss is another issuer'],
    ['3: no aud', () => logoutToken({ aud: undefined }), invalid, 'aud is another client'],
    ['3: aud of another client', () => logoutToken({ aud: 'client-2' }), invalid, 'aud is another client'],
    ['3: aud that begins alike', () => logoutToken({ aud: 'client-11' }), invalid, 'aud is another client'],
    ['3: aud is an empty list', () => logoutToken({ aud: [] }), invalid, 'aud is another client'],
    ['3: aud is an object', () => logoutToken({ aud: { 'client-1': 1 } }), invalid, 'aud is another client'],
    [
      '3: several aud without azp',
      () => logoutToken({ aud: ['client-1', 'other'] }),
      invalid,
      'aud names others as well',
    ],
    [
      '3: several aud, azp of another',
      () => logoutToken({ aud: ['client-1', 'other'], azp: 'other' }),
      invalid,
      'aud names others as well',
    ],
    ['3: azp of another', () => logoutToken({ azp: 'other' }), invalid, 'aud names others as well'],
    ['3: no iat', () => logoutToken({ iat: undefined }), invalid, /^iat/],
    ['3: iat is a text', () => logoutToken({ iat: String(at) }), invalid, /^iat/],
    ['3: iat in the future', () => logoutToken({ iat: at + 31 }), invalid, /^iat/],
    ['3: a stale iat', () => logoutToken({ iat: at - 631 }), invalid, /^iat/],
    ['3: iat is 1e999', () => written((text) => text.replace(`"iat":${at}`, '"iat":1e999')), invalid, /^a number/],
    ['3: iat is -1e999', () => written((text) => text.replace(`"iat":${at}`, '"iat":-1e999')), invalid, /^a number/],
    ['3: no exp', () => logoutToken({ exp: undefined }), invalid, /^exp/],
    ['3: exp is null', () => logoutToken({ exp: null }), invalid, /^exp/],
    ['3: exp is a text', () => logoutToken({ exp: String(at + 120) }), invalid, /^exp/],
    ['3: exp is past', () => logoutToken({ exp: at - 30 }), invalid, /^exp/],
    [
      '3: exp is 1e999',
      () => written((text) => text.replace(`"exp":${at + 120}`, '"exp":1e999')),
      invalid,
      /^a number/,
    ],
    ['4: no jti', () => logoutToken({ jti: undefined }), invalid, 'jti is missing'],
    ['4: an empty jti', () => logoutToken({ jti: '' }), invalid, 'jti is missing'],
    ['4: jti is a number', () => logoutToken({ jti: 1 }), invalid, 'jti is missing'],
    ['4: an endless jti', () => logoutToken({ jti: 'j'.repeat(513) }), invalid, 'jti is missing'],

    ['5: neither sub nor sid', () => logoutToken({ sub: undefined }), invalid, 'neither sub nor sid'],
    ['5: sub is null', () => logoutToken({ sub: null }), invalid, 'neither sub nor sid'],
    ['5: an empty sub', () => logoutToken({ sub: '' }), invalid, 'neither sub nor sid'],
    ['5: an empty sid beside a sub', () => logoutToken({ sid: '' }), invalid, 'neither sub nor sid'],
    ['5: sid is a number', () => logoutToken({ sid: 7 }), invalid, 'neither sub nor sid'],
    ['5: sub is a list', () => logoutToken({ sub: ['user-1'] }), invalid, 'neither sub nor sid'],
    ['5: an endless sid', () => logoutToken({ sid: 's'.repeat(513) }), invalid, 'neither sub nor sid'],
    ['6: no events', () => logoutToken({ events: undefined }), invalid, 'events does not say logout'],
    ['6: events without the member', () => logoutToken({ events: {} }), invalid, 'events does not say logout'],
    ['6: another event', () => logoutToken({ events: { [`${event}2`]: {} } }), invalid, 'events does not say logout'],
    ['6: events is a list', () => logoutToken({ events: [event] }), invalid, 'events does not say logout'],
    ['6: events is a text', () => logoutToken({ events: event }), invalid, 'events does not say logout'],
    ['6: events is null', () => logoutToken({ events: null }), invalid, 'events does not say logout'],
    ['6: the event is true', () => logoutToken({ events: { [event]: true } }), invalid, 'events does not say logout'],
    ['6: the event is null', () => logoutToken({ events: { [event]: null } }), invalid, 'events does not say logout'],
    ['6: the event is a list', () => logoutToken({ events: { [event]: [] } }), invalid, 'events does not say logout'],
    ['7: nonce', () => logoutToken({ nonce: 'nonce' }), invalid, 'nonce is present'],
    ['7: nonce is null', () => logoutToken({ nonce: null }), invalid, 'nonce is present'],
    ['7: an ID Token', () => mint(), invalid],

    [
      '2: signed with a key of somebody else',
      () => logoutToken({}, { key: 'rsa_next', header: { kid: publicJwk('rsa').kid } }),
      'logout_token_signature_invalid',
    ],
    ['2: no signature', () => stripped(logoutToken()), 'logout_token_signature_invalid'],
    [
      '2: the signature of another token',
      () => stripped(logoutToken()) + logoutToken({ jti: 'x' }).split('.')[2]!,
      'logout_token_signature_invalid',
    ],
    [
      '2: the payload altered',
      () => logoutToken().replace(/\.[^.]+\./, `.${encode({ ...payload, sub: 'user-2' })}.`),
      'logout_token_signature_invalid',
    ],
    [
      '2: the key comes along in the header',
      () => logoutToken({}, { key: 'rsa_next', header: { kid: undefined, jwk: publicJwk('rsa_next') } }),
      'logout_token_signature_invalid',
    ],
    [
      '2: PS256 said, RS256 made',
      () => {
        const input = logoutToken({}, { alg: 'PS256', key: 'rsa' }).split('.', 2).join('.')
        return `${input}.${signature('RS256', 'rsa', input)}`
      },
      'logout_token_signature_invalid',
    ],
    [
      '2: the kid of a key of another type',
      () => logoutToken({}, { header: { kid: publicJwk('p256').kid } }),
      'logout_token_signature_invalid',
    ],
  ])('%s', async (_rule, make, code, reason) => {
    const judged = await judge(make(), { crypto, rp: known(5, 5) })
    expect(judged.verdict).toMatchObject({ failure: { code } })
    if (reason !== undefined) {
      const received = 'failure' in judged.verdict ? judged.verdict.failure.detail?.reason : undefined
      if (typeof reason === 'string') expect(received).toBe(reason)
      else expect(received).toMatch(reason)
    }
    expect(judged.requests).toEqual([])
  })

  test('the first rule that is broken decides, and nothing is asked for a token that breaks one', async () => {
    const { requests } = await judge(logoutToken({ nonce: 'x' }), {
      crypto,
      rp: { provider_metadata: known().provider_metadata },
    })
    expect(requests).toEqual([])
  })
})

describe.each(cryptos)('the algorithm that the connection names (%s)', (_name, crypto) => {
  const secret = Buffer.from(secrets.client_secret)
  const hs256 = (key = secret) => logoutToken({}, { alg: 'HS256', key })
  const wants = (alg: string, client: object = {}): Overrides => ({
    ...known(5),
    client: { id_token_signed_response_alg: alg as never, ...client },
  })
  test.each<[string, () => string, Overrides, string]>([
    ['HS256 with the client secret', hs256, wants('HS256'), 'valid'],
    ['HS256 without any key of the provider known', hs256, { ...wants('HS256'), jwks: undefined } as never, 'valid'],
    [
      'HS256 with the staged secret, to which the provider has gone over',
      () => hs256(Buffer.from(secrets.staged_client_secret)),
      wants('HS256', { staged_client_secret: secrets.staged_client_secret }),
      'valid',
    ],
    [
      'HS256 with a secret that was staged once',
      () => hs256(Buffer.from(secrets.staged_client_secret)),
      wants('HS256'),
      'logout_token_signature_invalid',
    ],
    [
      'HS256 with another secret',
      () => hs256(Buffer.from('another')),
      wants('HS256'),
      'logout_token_signature_invalid',
    ],
    ['HS256 with the public key', () => hs256(Buffer.from(pem)), wants('HS256'), 'logout_token_signature_invalid'],
    ['HS256 with the empty secret', () => hs256(Buffer.alloc(0)), wants('HS256'), 'logout_token_signature_invalid'],
    ['HS256 without signature', () => stripped(hs256()), wants('HS256'), 'logout_token_signature_invalid'],
    [
      'HS256 with the first half of the signature',
      () => hs256().slice(0, -21).replace(/.$/, 'A'),
      wants('HS256'),
      'logout_token_signature_invalid',
    ],
    [
      'HS256, but the client has no secret',
      hs256,
      wants('HS256', { client_secret: undefined }),
      'logout_token_signature_invalid',
    ],
    ['HS256, but the token is RS256', () => logoutToken(), wants('HS256'), 'logout_token_invalid'],
    [
      'HS256, but the token says HS512',
      () => logoutToken({}, { header: { alg: 'HS512' }, key: secret }),
      wants('HS256'),
      'logout_token_invalid',
    ],
    ['RS256, but the token is HS256', hs256, wants('RS256'), 'logout_token_invalid'],
    [
      'RS256, but the token is ES256, which is announced',
      () => logoutToken({}, { alg: 'ES256' }),
      wants('RS256'),
      'logout_token_invalid',
    ],
    ['ES256', () => logoutToken({}, { alg: 'ES256' }), wants('ES256'), 'valid'],
    ['none: not even then', () => logoutToken({}, { alg: 'none' }), wants('none'), 'logout_token_invalid'],
  ])('%s', async (_rule, make, rp, code) => {
    const judged = await judge(make(), { crypto, rp })
    expect([codeOf(judged), judged.requests]).toEqual([code, []])
  })

  test('a provider that announces nothing signs with RS256', async () => {
    const { id_token_signing_alg_values_supported: _, ...silent } = metadata
    const rp = { ...known(), provider_metadata: { value: silent, fetched_at: at } }
    expect(codeOf(await judge(logoutToken(), { rp, crypto }))).toBe('valid')
    expect(codeOf(await judge(logoutToken({}, { alg: 'ES256' }), { rp, crypto }))).toBe('logout_token_invalid')
  })
})

describe('what is asked of the provider', () => {
  const { provider_metadata } = known()
  const rotated = (fetched_at: number, missed_at = -Infinity) => ({
    provider_metadata,
    jwks: { value: { keys: [publicJwk('rsa_next')] } as unknown as JwkSet, fetched_at, missed_at },
  })
  const unknownKid = () => logoutToken({}, { header: { kid: 'unknown' } })

  test.each<[string, () => string, Asked, string, string[]]>([
    ['nothing, when all is known', logoutToken, {}, 'valid', []],
    ['metadata and keys, when nothing is known', logoutToken, { rp: {} }, 'valid', ['provider_metadata', 'jwks']],
    ['the keys, when they are unknown', logoutToken, { rp: { provider_metadata } }, 'valid', ['jwks']],
    [
      'the keys, when those known are old',
      logoutToken,
      { rp: { ...known(600), provider_metadata } },
      'valid',
      ['jwks'],
    ],
    ['the keys, when none of the known ones fits', logoutToken, { rp: rotated(at) }, 'valid', ['jwks']],
    [
      'not the keys again within the cool-down',
      logoutToken,
      { rp: rotated(at - 29, at - 29) },
      'logout_token_signature_invalid',
      [],
    ],
    ['the keys for an unknown kid, once', unknownKid, { rp: known(0) }, 'logout_token_signature_invalid', ['jwks']],
    [
      'nothing for an unknown kid within the cool-down',
      unknownKid,
      { rp: known(29, 29) },
      'logout_token_signature_invalid',
      [],
    ],
    [
      'metadata that is fresh is not asked for again',
      logoutToken,
      { rp: { ...known(), provider_metadata: { ...provider_metadata, fetched_at: at - 3599 } } },
      'valid',
      [],
    ],
    [
      'metadata that is an hour old is asked for again',
      logoutToken,
      { rp: { ...known(), provider_metadata: { ...provider_metadata, fetched_at: at - 3600 } } },
      'valid',
      ['provider_metadata'],
    ],
    [
      'metadata of the day serves while the provider is down',
      logoutToken,
      {
        rp: { ...known(), provider_metadata: { ...provider_metadata, fetched_at: at - 86_399 } },
        answers: { provider_metadata: html(503) },
      },
      'valid',
      ['provider_metadata'],
    ],
    [
      'metadata of yesterday does not',
      logoutToken,
      {
        rp: { ...known(), provider_metadata: { ...provider_metadata, fetched_at: at - 86_400 } },
        answers: { provider_metadata: 'unreachable' },
      },
      'request_failed',
      ['provider_metadata'],
    ],
    [
      'nor any, once the provider says something else',
      logoutToken,
      {
        rp: { ...known(), provider_metadata: { ...provider_metadata, fetched_at: at - 3600 } },
        answers: { provider_metadata: html(404) },
      },
      'discovery_http_error',
      ['provider_metadata'],
    ],
  ])('%s', async (_what, make, asked, code, requests) => {
    const judged = await judge(make(), asked)
    expect([codeOf(judged), judged.requests]).toEqual([code, requests])
  })

  test('what was learnt is remembered', async () => {
    const { remembered } = await judge(logoutToken(), { rp: {} })
    expect(remembered.map((what) => Object.keys(what).join())).toEqual(['provider_metadata', 'jwks'])
  })

  test('a key whose alg, use or kid says otherwise is not taken; several that fit are not guessed among', async () => {
    const rsa = (members: Members) => publicJwk('rsa', members)
    const rows: [Members[], string][] = [
      [[rsa({ alg: 'PS256' })], 'logout_token_signature_invalid'],
      [[rsa({ use: 'enc' })], 'logout_token_signature_invalid'],
      [[rsa({}), rsa({})], 'logout_token_signature_invalid'],
      [[rsa({ n: publicJwk('rsa_weak').n })], 'logout_token_signature_invalid'],
    ]
    for (const [keys, code] of rows) {
      expect(codeOf(await judge(logoutToken(), { rp: { provider_metadata }, answers: { jwks: json({ keys }) } }))).toBe(
        code,
      )
    }
  })

  test.each<[string, Answers, Overrides, object]>([
    [
      'discovery times out',
      { provider_metadata: 'timed_out' },
      {},
      { code: 'request_timed_out', detail: { message: 'provider_metadata' } },
    ],
    ['discovery is unreachable', { provider_metadata: 'unreachable' }, {}, { code: 'request_failed' }],
    ['discovery answers 503', { provider_metadata: html(503) }, {}, { code: 'discovery_unavailable' }],
    [
      'discovery speaks for another issuer',
      { provider_metadata: json({ ...metadata, issuer: 'https://evil.example' }) },
      {},
      { code: 'discovery_issuer_mismatch' },
    ],
    [
      'the keys time out',
      { jwks: 'timed_out' },
      { provider_metadata },
      { code: 'request_timed_out', detail: { message: 'jwks' } },
    ],
    [
      'the keys are blocked',
      { jwks: 'blocked' },
      { provider_metadata },
      { code: 'request_blocked', detail: { message: 'jwks' } },
    ],
    [
      'the keys answer 500',
      { jwks: json(jwks, { status: 500 }) },
      { provider_metadata },
      { code: 'jwks_http_error', detail: { status: 500 } },
    ],
    ['the keys are a page', { jwks: html() }, { provider_metadata }, { code: 'jwks_response_malformed' }],
    [
      'there are no keys',
      { jwks: json({ keys: [] }) },
      { provider_metadata },
      { code: 'logout_token_signature_invalid', detail: { reason: 'id_token_key_not_found' } },
    ],
    [
      'there are two keys that fit',
      { jwks: json({ keys: [publicJwk('rsa'), publicJwk('rsa')] }) },
      { provider_metadata },
      { code: 'logout_token_signature_invalid', detail: { reason: 'id_token_key_ambiguous' } },
    ],
  ])('%s: refused, not thrown', async (_what, answers, rp, failure) => {
    expect((await judge(logoutToken(), { rp, answers })).verdict).toMatchObject({ failure })
  })

  test('what is not a broken rule is thrown', async () => {
    const io: Io = { now: () => at, request: () => Promise.reject(new TypeError('a mistake of ours')) }
    await expect(driveLogoutToken(relyingParty(), logoutToken(), io)).rejects.toThrow('a mistake of ours')
  })
})
