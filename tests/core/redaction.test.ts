/** What a transcript may hold of a message, message by message: what a rule looks at is kept, what works elsewhere is not. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { webCrypto, type ClientSettings, type FlowEvent, type HttpResponse, type PrivateJwk } from '@relying-party/core'
import { hashInPlaceholder, hashNamedBy, redactFlow, redactRelyingParty } from '../../packages/core/src/redaction.ts'
import { encode, privateJwk, publicJwk } from './support/keys.ts'
import { play } from './support/play.ts'
import {
  at,
  authorizationResponse,
  json,
  jwks,
  known,
  loginRequested,
  metadata,
  mint,
  random,
  relyingParty,
  secrets,
  userinfo,
} from './support/provider.ts'

const idle = { phase: 'idle' } as const
const redactEvent = async (event: FlowEvent) => (await redactFlow(idle, [event], webCrypto)).events[0]!
const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest()
const hashed = (secret: string) => `redacted:SHA-256:${sha256(secret).toString('base64url')}`
const notAnObject = 'redacted: not a JSON object'

describe('a secret', () => {
  test('is written as its hash, with the hash that the ID Token’s algorithm names', async () => {
    const response = json({ id_token: mint({ alg: 'none', header: { alg: 'ES384' } }) })
    const token: FlowEvent = { type: 'token_response_received', at, response }
    const { events } = await redactFlow(idle, [authorizationResponse({ code: 'c' }), token], webCrypto)
    const [[, code]] = (events[0] as ReturnType<typeof authorizationResponse>).parameters as [[string, string]]
    expect(code).toBe(`redacted:SHA-384:${createHash('sha384').update('c').digest('base64url')}`)
    expect(hashInPlaceholder(code, 'SHA-384')).toEqual(new Uint8Array(createHash('sha384').update('c').digest()))
    expect(hashInPlaceholder(code, 'SHA-256')).toBeUndefined()
  })

  test.each(['', 'c', 'redacted:', 'redacted:SHA-1:AAAA', ` ${hashed('c')}`, `${hashed('c')}!`])(
    '%j is no placeholder',
    (text) => {
      expect(hashInPlaceholder(text, 'SHA-256')).toBeUndefined()
    },
  )

  test.each([
    ['RS256', 'SHA-256'],
    ['ES384', 'SHA-384'],
    ['HS384', 'SHA-384'],
    ['HS512', 'SHA-512'],
    ['EdDSA', 'SHA-512'],
    ['none', 'SHA-256'],
    ['toString', 'SHA-256'],
  ])('%s names %s', (alg, hash) => {
    expect(hashNamedBy(mint({ alg: 'none', header: { alg } }))).toBe(hash)
  })

  test.each([undefined, 5, '', 'ES384', '!.!.!', `${encode('[]')}.`, `${encode(new Uint8Array([0xff]))}.`])(
    'what is no token names SHA-256: %j',
    (id_token) => {
      expect(hashNamedBy(id_token)).toBe('SHA-256')
    },
  )
})

describe('the relying party and the state', () => {
  const rp = relyingParty()
  const { client } = rp
  const redactClient = (client: ClientSettings) => redactRelyingParty({ ...rp, client }).client

  test('all but the client stays as it is', () => {
    expect(redactRelyingParty(rp)).toStrictEqual({ ...rp, client: redactClient(client) })
  })

  test('a client keeps all but what it authenticates with', () => {
    const key = { ...privateJwk('p256'), kid: 'ours', alg: 'ES256' } as unknown as PrivateJwk
    const { kty, crv } = key
    expect(redactClient({ ...client, client_secret: 'a', staged_client_secret: 'b', client_key: key })).toStrictEqual({
      ...client,
      client_secret: 'redacted',
      staged_client_secret: 'redacted',
      client_key: { kty, kid: 'ours', alg: 'ES256', use: 'sig', crv, d: 'redacted' },
    })
  })

  test('a key of ours without kid gets none', () => {
    const key = { kty: 'EC', d: 'x' } as PrivateJwk
    expect(redactClient({ ...client, client_key: key }).client_key).toStrictEqual({ kty: 'EC', d: 'redacted' })
  })

  test('a client without secrets gets none', () => {
    const { client_secret: _, ...open } = client
    expect(redactClient(open)).toStrictEqual(open)
  })

  test('a flow keeps all but its state and its verifier', async () => {
    const { state } = await play(relyingParty(known()), [loginRequested()])
    if (state.phase !== 'awaiting_authorization_response') throw new Error(state.phase)
    expect((await redactFlow(state, [], webCrypto)).state).toStrictEqual({
      ...state,
      state: hashed(random.state),
      code_verifier: 'redacted',
    })
    expect((await redactFlow(idle, [], webCrypto)).state).toBe(idle)
  })
})

describe('what the browser brought', () => {
  test('a login keeps its nonce, which its ID Token says anyway', async () => {
    expect(await redactEvent(loginRequested())).toStrictEqual(
      loginRequested({ random: { state: hashed(random.state), nonce: random.nonce, code_verifier: 'redacted' } }),
    )
  })

  test.each<[string, [string, string], [string, string]]>([
    ['a code', ['code', 'c'], ['code', hashed('c')]],
    ['a state', ['state', 's'], ['state', hashed('s')]],
    ['an empty code is empty', ['code', ''], ['code', '']],
    ['a code that is just short enough is as any', ['code', 'c'.repeat(8192)], ['code', hashed('c'.repeat(8192))]],
    [
      'a code that is too long stays too long',
      ['code', 'c'.repeat(9000)],
      ['code', hashed('c'.repeat(9000)).padEnd(8193, '~')],
    ],
    ['a code that no header can carry stays so', ['code', 'cü'], ['code', `${hashed('cü')}\n`]],
    ['… wherever in it', ['code', 'üc'], ['code', `${hashed('üc')}\n`]],
    ['iss', ['iss', 'https://idp.example'], ['iss', 'https://idp.example']],
    ['error', ['error', 'access_denied'], ['error', 'access_denied']],
    ['error_description', ['error_description', 'no\n'], ['error_description', 'no ']],
    ['an endless one', ['error', 'e'.repeat(3001)], ['error', `${'e'.repeat(3000)}…`]],
    ['a token where none belongs', ['access_token', 'a'], ['access_token', 'redacted']],
    ['one that is empty', ['access_token', ''], ['access_token', '']],
    ['an endless name', ['n'.repeat(81), 'x'], [`${'n'.repeat(80)}…`, 'redacted']],
  ])('%s', async (_what, parameter, kept) => {
    expect(await redactEvent(authorizationResponse([parameter]))).toStrictEqual(authorizationResponse([kept]))
  })

  test('of too many parameters as many as make them too many', async () => {
    const many = (length: number) => authorizationResponse(Array.from({ length }, () => ['x', ''] as const))
    expect(await redactEvent(many(200))).toStrictEqual(many(101))
  })
})

type Received =
  'provider_metadata_received' | 'token_response_received' | 'jwks_received' | 'userinfo_response_received'

async function kept(type: Received, response: HttpResponse): Promise<HttpResponse> {
  const event = { type, at, response } as FlowEvent
  const { response: left, ...rest } = (await redactEvent(event)) as FlowEvent & { response: HttpResponse }
  expect(rest).toStrictEqual({ type, at })
  return left
}
/** The body that is left of this one, as it is written and as it reads. */
const bodyOf = async (type: Received, body: unknown) => {
  const text = (await kept(type, json({}, { body: typeof body === 'string' ? body : JSON.stringify(body) }))).body
  return { text, value: text === notAnObject ? undefined : (JSON.parse(text) as Record<string, unknown>) }
}

describe('what the provider answered', () => {
  const all: readonly Received[] = [
    'provider_metadata_received',
    'token_response_received',
    'jwks_received',
    'userinfo_response_received',
  ]

  test.each(all)('%s: the status, and of the headers those that a check quotes', async (type) => {
    const quoted = {
      'content-type': 'application/json',
      date: 'Tue, 18 Mar 2030 17:46:40 GMT',
      location: `https://idp.example/${'x'.repeat(3000)}`,
      'retry-after': '5',
      'www-authenticate': 'Bearer',
    }
    const { status, headers } = await kept(type, json({}, { status: 302, headers: { ...quoted, 'set-cookie': 'a=1' } }))
    expect({ status, headers }).toStrictEqual({
      status: 302,
      headers: { ...quoted, location: `${quoted.location.slice(0, 3000)}…` },
    })
  })

  test.each(all)('%s: of no JSON object nothing but that', async (type) => {
    for (const body of ['', '[]', 'null', '"x"', '<!doctype html>', '{"a":1']) {
      expect((await bodyOf(type, body)).text).toBe(notAnObject)
    }
  })

  test('metadata: the members that a rule looks at, where they are', async () => {
    const { value } = await bodyOf('provider_metadata_received', { ...metadata, registration_endpoint: 'https://x' })
    expect(value).toStrictEqual(metadata)
  })

  test('keys: their public members, and that private ones were among them', async () => {
    const key = {
      ...privateJwk('rsa'),
      kid: 'a',
      alg: 'RS256',
      key_ops: ['verify'],
      x5c: ['x'],
      crv: 'c',
      x: 'x',
      y: 'y',
    }
    const { kty, use, n, e } = publicJwk('rsa')
    const shown = { kty, kid: 'a', alg: 'RS256', use, key_ops: ['verify'], crv: 'c', n, e, x: 'x', y: 'y' }
    const leaked = Object.fromEntries(['d', 'p', 'q', 'dp', 'dq', 'qi'].map((name) => [name, 'redacted']))
    const { value } = await bodyOf('jwks_received', { keys: [key, null, 'x', 5, []], other: 1 })
    expect(value).toStrictEqual({ keys: [{ ...shown, ...leaked }, null, null, null, {}] })
  })

  test('keys: one more than may be read', async () => {
    const many = Array.from({ length: 110 }, () => jwks.keys[0])
    expect((await bodyOf('jwks_received', { keys: many })).value!.keys).toHaveLength(101)
  })

  test.each<[unknown, unknown]>([
    [{ a: 1 }, {}],
    ['canary', 'redacted'],
    [5, 5],
    [null, null],
    [undefined, undefined],
  ])('keys that are no list keep their type: %j', async (keys, left) => {
    const expected = left === undefined ? {} : { keys: left }
    expect((await bodyOf('jwks_received', { keys })).value).toStrictEqual(expected)
  })

  test('UserInfo: all that it says, or that it cannot be said again', async () => {
    expect((await bodyOf('userinfo_response_received', userinfo)).value).toStrictEqual(userinfo)
    expect((await bodyOf('userinfo_response_received', '{"sub":"user-1","level":1e999}')).text).toBe(
      '{"redacted":1e999}',
    )
  })

  const token = async (members: object | string) => bodyOf('token_response_received', members)

  test('tokens: hashed; what is quoted is bounded; whatever else is dropped', async () => {
    const endless = 'e'.repeat(3001)
    const { value } = await token({
      access_token: secrets.access_token,
      refresh_token: secrets.refresh_token,
      error: endless,
      error_description: 'no\n',
      errorCode: 'E1',
      errorSummary: 'no',
      token_type: 'Bearer',
      scope: 'openid',
      expires_in: '60',
      device_secret: 'canary',
    })
    expect(value).toStrictEqual({
      access_token: hashed(secrets.access_token),
      refresh_token: hashed(secrets.refresh_token),
      error: `${'e'.repeat(3000)}…`,
      error_description: 'no ',
      errorCode: 'E1',
      errorSummary: 'no',
      token_type: 'Bearer',
      scope: 'openid',
      expires_in: '60',
    })
  })

  test.each<[unknown, unknown]>([
    [5, 5],
    [null, null],
    [true, true],
    [['canary'], []],
    [{ canary: 1 }, {}],
  ])('a member that is no text keeps its type: %j', async (member, left) => {
    const names = ['access_token', 'id_token', 'scope']
    const { value } = await token(Object.fromEntries(names.map((name) => [name, member])))
    expect(value).toStrictEqual(Object.fromEntries(names.map((name) => [name, left])))
  })

  test.each<[unknown, unknown]>([
    [[3600], 3600],
    [['3600', 'canary'], 3600],
    [['canary'], []],
    [{ canary: 1 }, {}],
  ])('a lifetime is what the judge reads in it: %j', async (member, left) => {
    expect((await token({ expires_in: member })).value).toStrictEqual({ expires_in: left })
  })

  test.each(['1e999', '-1e999'])('a number that is out of range stays so: %s', async (number) => {
    const { text } = await token(`{"expires_in":${number},"scope":"x"}`)
    expect(text).toBe('{"scope":"x","expires_in":1e999}')
  })

  /** As many bytes, all of them zero. */
  const withoutSignature = (id_token: string) => {
    const [header, payload, signed] = id_token.split('.') as [string, string, string]
    return `${header}.${payload}.${Buffer.alloc(Buffer.from(signed, 'base64url').length).toString('base64url')}`
  }
  const redacted = 'redacted'
  test.each<[string, string, string]>([
    ['signed: without its signature', mint(), withoutSignature(mint())],
    ['not signed', mint({ alg: 'none' }), mint({ alg: 'none' })],
    ['a signature that is not base64url', 'a.b.!', 'a.b.!'],
    ['… stays so', 'a.b.canary=', 'a.b.!'],
    ['empty', '', ''],
    ['no token', 'canary', redacted],
    ['two parts', 'canary.canary', `${redacted}.${redacted}`],
    ['four parts', 'a.b.c.d', `${redacted}.${redacted}.${redacted}.${redacted}`],
    ['encrypted', 'header.key.iv.text.tag', `header.${redacted}.${redacted}.${redacted}.${redacted}`],
    ['65536 characters', `${'x'.repeat(65_534)}..`, `${'x'.repeat(65_534)}..`],
    ['65537 characters: too long is all that is left', `${'x'.repeat(65_535)}..`, redacted.padEnd(65_537, '~')],
  ])('an ID Token, %s', async (_what, id_token, left) => {
    expect((await token({ id_token })).value).toStrictEqual({ id_token: left })
  })
})

test.each<FlowEvent>([
  { type: 'request_failed', at, reason: 'timed_out' },
  { type: 'abandoned', at },
])('$type holds no secret', async (event) => {
  expect(await redactEvent(event)).toBe(event)
})
