/**
 * The same arguments, the same answer: with `fetch`, timers and random sources throwing, at whatever the ambient clock
 * says, byte for byte.
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  base64url,
  changeNames,
  defaultPolicy,
  driveLogoutToken,
  durationsOf,
  emptyConnection,
  examineProvider,
  explain,
  keyRing,
  open,
  personUnder,
  proposeChange,
  replay,
  safeReturnTo,
  seal,
  transition,
  whatIf,
  type Connection,
  type Command,
  type Crypto,
  type Io,
  type Policy,
  type Transcript,
} from '@relying-party/core'
import type { AnyAttempt } from '../../packages/server/src/attempts.ts'
import { previewDocument } from '../../packages/server/src/policy-preview.ts'
import { cryptos, login, type Login } from './support/play.ts'
import {
  at,
  claims,
  html,
  issuer,
  json,
  jwks,
  known,
  mint,
  provider,
  refused,
  relyingParty,
  secrets,
  tokenBody,
} from './support/provider.ts'
import { recorded } from './support/recorded.ts'
import { refresh, renewed, withoutIdToken } from './support/refresh.ts'

// Made once: an ECDSA signature is another one every time.
const token = (minting: Parameters<typeof mint>[0] = {}) => json(tokenBody({ id_token: mint(minting) }))
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

function allowTheWorld(): void {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
}
afterEach(allowTheWorld)

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

/** The same answer twice, the second time with nothing of the world at hand. */
async function expectPure(ask: () => Promise<string>): Promise<void> {
  const before = await ask()
  expect(before.length).toBeGreaterThan(100)
  vi.useFakeTimers({ toFake: ['Date'], now: 0 })
  forbidTheWorld()
  const after = await ask().finally(allowTheWorld)
  expect(after).toBe(before)
}

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
  await expectPure(all)
})

const inTurn = async (asked: readonly (() => unknown)[]) => {
  const told: unknown[] = []
  for (const ask of asked) told.push(await ask())
  return JSON.stringify(told)
}
/** The world of a driver, at one second and with a provider that is played. */
const played = (crypto: Crypto, answers: Login['answers'] = {}): Io => ({
  now: () => at,
  crypto,
  request: async (request) => {
    const event = provider(answers)(request, at)
    if (!('response' in event)) throw new Error(`nobody answers with ${event.type}`)
    return { response: event.response }
  },
})

test.each(cryptos)('a refresh (%s)', async (_name, crypto) => {
  const whole = json(tokenBody({ id_token: renewed(), refresh_token: 'the next one' }))
  const of_another = json(tokenBody({ id_token: renewed({ claims: { sub: 'user-2' } }) }))
  const expired = json(tokenBody({ id_token: renewed({ claims: { exp: at - 31 } }) }))
  const gone = json({ error: 'invalid_grant' }, { status: 400 })
  await expectPure(() =>
    inTurn(
      [whole, of_another, expired, withoutIdToken(), gone].map(
        (token) => () => refresh({ crypto, answers: { token } }),
      ),
    ),
  )
})

test.each(cryptos)('a logout token, and a provider that is examined (%s)', async (_name, crypto) => {
  const logoutToken = (changed: object = {}) => {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    const payload = { iss: issuer, aud: 'client-1', iat: at, exp: at + 120, jti: 'logout-1', sub: 'user-1', events }
    return mint({ payload: JSON.stringify({ ...payload, ...changed }), header: { typ: 'logout+jwt' } })
  }
  const tokens = [logoutToken(), logoutToken({ exp: at - 31 }), logoutToken({ sid: 's' }), logoutToken({ nonce: 'n' })]
  await expectPure(() =>
    inTurn([
      ...tokens.map((token) => () => driveLogoutToken(relyingParty(known()), token, played(crypto))),
      () => driveLogoutToken(relyingParty(), tokens[0]!, played(crypto, { jwks: json(jwks) })),
      () => examineProvider(issuer, played(crypto)),
    ]),
  )
})

test.each(cryptos)('a record, and all that is read out of it later (%s)', async (_name, crypto) => {
  const transcripts = async () => {
    const all: Transcript[] = []
    for (const story of Object.values(stories)) all.push((await recorded(story, crypto)).transcript)
    return all
  }
  await expectPure(async () => JSON.stringify(await transcripts()))

  const kept = await transcripts()
  await expectPure(() => inTurn(kept.flatMap((one) => [() => explain(one), () => replay(one), () => durationsOf(one)])))
  const values = ['none', '45', 'query', 'client-2', `${issuer}/`, 'always', 'ES256', 'acme.example', 'basic']
  const changes = changeNames.flatMap((name) => values.map((value) => ({ name, value })))
  await expectPure(() =>
    inTurn(kept.flatMap((one) => [() => proposeChange(one), ...changes.map((change) => () => whatIf(one, change))])),
  )
})

test('the preview of a policy', async () => {
  const role_mapping = { claim: 'groups', rules: [{ value: 'Engineering', role: 'admin' }] }
  const policies: Policy[] = [
    { ...defaultPolicy, role_mapping, default_role: null },
    { ...defaultPolicy, allowed_email_domains: ['elsewhere.example'] },
  ]
  const kept: Transcript[] = []
  for (const story of Object.values(stories)) kept.push((await recorded(story)).transcript)
  const attempts = kept.map((transcript, n) => ({ transcript, attempt_id: `a${n}`, at }) as unknown as AnyAttempt)
  await expectPure(() =>
    inTurn(
      policies.flatMap((policy) => [
        ...kept.map((one) => () => personUnder(one, policy)),
        () => previewDocument(attempts, defaultPolicy, policy),
      ]),
    ),
  )
})
