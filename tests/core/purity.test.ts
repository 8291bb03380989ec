/**
 * The same arguments, the same answer: with `fetch`, timers and random sources throwing, at whatever the ambient clock
 * says, byte for byte.
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  base64url,
  emptyConnection,
  keyRing,
  open,
  safeReturnTo,
  seal,
  transition,
  type Connection,
  type Command,
} from '@relying-party/core'
import { cryptos, login, type Login } from './support/play.ts'
import { at, claims, html, json, known, mint, secrets, tokenBody } from './support/provider.ts'

// Made once: an ECDSA signature is another one every time.
const token = (minting: Parameters<typeof mint>[0] = {}) => json(tokenBody({ id_token: mint(minting) }))
const refused = json({ error: 'invalid_client' }, { status: 401 })
const stories: Readonly<Record<string, Login>> = {
  'everything asked': { answers: { token: token({ claims: { email: undefined } }) } },
  'everything known': { rp: known(), answers: { token: token() } },
  ES256: { answers: { token: token({ alg: 'ES256' }) } },
  EdDSA: { answers: { token: token({ alg: 'EdDSA' }) } },
  'the staged secret': {
    rp: { client: { staged_client_secret: secrets.staged_client_secret } },
    answers: { token: [refused, token()] },
  },
  'a test': { requested: { purpose: 'test' }, answers: { token: token() } },
  'expired by a second': { answers: { token: token({ claims: { exp: at - 30 } }) } },
  'not expired by a second': { answers: { token: token({ claims: { exp: at - 29 } }) } },
  'not yet valid by a second': { answers: { token: token({ claims: { nbf: at + 31 } }) } },
  'too old by a second': { answers: { token: token({ claims: { iat: at - 631 } }) } },
  max_age: { rp: { client: { max_age: 60 } }, answers: { token: token({ claims: { auth_time: at - 90 } }) } },
  'a fraction of a second': { now: at + 0.999, answers: { token: token({ claims: { exp: at - 29 } }) } },
  'a bad signature': { answers: { token: token({ key: 'rsa_next', header: { kid: 'rsa-1' } }) } },
  'a bad nonce': { answers: { token: token({ claims: { nonce: `${claims.nonce}x` } }) } },
  'a provider that is down': { rp: known(4000), answers: { provider_metadata: 'timed_out', token: html(503) } },
  'access denied': { response: { code: undefined, error: 'access_denied' }, answers: { token: token() } },
}

const play = async (crypto: (typeof cryptos)[number][1]) => {
  const verdicts: Record<string, string> = {}
  for (const [name, story] of Object.entries(stories)) verdicts[name] = JSON.stringify(await login(story, crypto))
  return verdicts
}

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

function hostile(name: string): () => never {
  return () => {
    throw new Error(`the core called ${name}`)
  }
}

function forbidTheWorld(): void {
  for (const name of ['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])
    vi.stubGlobal(name, hostile(name))
  vi.spyOn(Math, 'random').mockImplementation(hostile('Math.random'))
  vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation(hostile('getRandomValues'))
  vi.spyOn(globalThis.crypto, 'randomUUID').mockImplementation(hostile('randomUUID'))
  vi.spyOn(performance, 'now').mockImplementation(hostile('performance.now'))
}

describe.each(cryptos)('a login (%s)', (_name, crypto) => {
  test('the same arguments twice give the same bytes', async () => {
    expect(await play(crypto)).toEqual(await play(crypto))
  })

  test.each(['1999-12-31T23:59:59.999Z', '2099-06-01T00:00:00Z'])(
    'the world forbidden, the ambient clock at %s: the same bytes',
    async (now) => {
      const verdicts = await play(crypto)
      vi.useFakeTimers({ toFake: ['Date'], now: new Date(now) })
      forbidTheWorld()
      const again = await play(crypto)
      vi.unstubAllGlobals()
      expect(again).toEqual(verdicts)
    },
  )

  test('the ambient second ticks over while the judge judges: the same bytes', async () => {
    const { 'not expired by a second': within, 'expired by a second': beyond } = await play(crypto)
    const real = Date.now()
    let looks = 0
    // The first look at the clock sees one second, all later ones the next: the token would seem a second older.
    vi.spyOn(Date, 'now').mockImplementation(() => (looks++ === 0 ? real : real + 1000))
    expect(JSON.stringify(await login(stories['not expired by a second'], crypto))).toBe(within)
    expect(looks).toBeGreaterThan(4)
    looks = 0
    expect(JSON.stringify(await login(stories['expired by a second'], crypto))).toBe(beyond)
  })
})

test('both implementations decide alike', async () => {
  const [one, other] = await Promise.all(cryptos.map(([, crypto]) => play(crypto)))
  expect(one).toEqual(other)
})

test.each(cryptos)('the connection, the seal and the rest (%s)', async (_name, crypto) => {
  const settings = {
    issuer: 'https://idp.example',
    client_id: 'c',
    scope: 'openid',
    response_mode: 'query',
    userinfo: 'never',
  } as const
  const all = async () => {
    let connection: Connection = emptyConnection('acme', 'connection-1')
    const tell = async (command: Command) => {
      const result = await transition(connection, command, crypto)
      if ('failure' in result) throw new Error(result.failure.code)
      connection = result.connection
    }
    await tell({ type: 'save', settings, client_secret: { secret_id: 's', sealed: 'x' }, at, by: 'admin' })
    await tell({ type: 'begin_test', at, by: 'admin' })
    const { fingerprint } = connection.candidate!
    await tell({ type: 'pass_test', fingerprint, attempt_id: 'a', claims: { sub: 'ada' }, at, by: 'admin' })
    await tell({ type: 'enable', fingerprint, at, by: 'admin' })
    const ring = await keyRing([base64url(new Uint8Array(32))], crypto)
    const sealed = await seal(ring, 'context', connection, new Uint8Array(12), crypto)
    return JSON.stringify([
      connection,
      sealed,
      await open(ring, 'context', sealed, crypto),
      safeReturnTo('/a', 'https://app.example'),
    ])
  }
  const before = await all()
  vi.useFakeTimers({ toFake: ['Date'], now: 0 })
  forbidTheWorld()
  const after = await all()
  vi.unstubAllGlobals()
  expect(after).toBe(before)
})
