/** `drive`: what `step` decides is done, once, in order; nothing else is done. */
import { describe, expect, test } from 'vitest'
import {
  drive,
  driveLogout,
  driveRefresh,
  idle,
  webCrypto,
  type Crypto,
  type FlowEvent,
  type HttpRequest,
  type Io,
} from '@relying-party/core'
import {
  at,
  authorizationResponse,
  html,
  json,
  known,
  loginRequested,
  metadata,
  mint,
  provider,
  refused,
  relyingParty,
  secrets,
  tokenBody,
  userinfo,
  type Answers,
} from './support/provider.ts'

/** A world that answers as the provider does, and a diary of what was asked of it. */
function world(answers: Answers = {}) {
  const respond = provider(answers)
  const diary: string[] = []
  const requests: HttpRequest[] = []
  const remembered: object[] = []
  const observed: FlowEvent[] = []
  let clock = at
  const io: Io = {
    now: () => clock,
    request: (request) => {
      diary.push(`request ${request.message}`)
      requests.push(request)
      clock += 1
      const event = respond(request, clock)
      return Promise.resolve(
        'response' in event ? { response: event.response } : { failure: (event as { reason: 'timed_out' }).reason },
      )
    },
    remember: (what) => {
      diary.push(`remember ${Object.keys(what).join()}`)
      remembered.push(what)
    },
    promoteStagedSecret: () => diary.push('promote'),
    observe: (event) => {
      diary.push(`event ${event.type}`)
      observed.push(event)
    },
  }
  return { io, diary, requests, remembered, observed }
}

const thin = json(tokenBody({ id_token: mint({ claims: { email: undefined } }) }))

test('a whole login, with everything to be asked', async () => {
  const { io, diary, remembered } = world({ token: thin })
  const rp = relyingParty()
  const started = await drive(rp, idle, loginRequested(), io)
  expect(new URL(started.redirect!).origin).toBe(metadata.issuer)
  expect(diary).toEqual([
    'event login_requested',
    'request provider_metadata',
    'event provider_metadata_received',
    'remember provider_metadata',
  ])

  diary.length = 0
  const { state, redirect } = await drive(
    { ...rp, provider_metadata: known().provider_metadata },
    started.state,
    authorizationResponse(),
    io,
  )
  expect(state).toMatchObject({ phase: 'authenticated', claims: { groups: userinfo.groups } })
  expect(redirect).toBeNull()
  expect(diary).toEqual([
    'event authorization_response_received',
    'request token',
    'event token_response_received',
    'request jwks',
    'event jwks_received',
    'remember jwks',
    'request userinfo',
    'event userinfo_response_received',
  ])
  expect(remembered).toEqual([
    { provider_metadata: { value: metadata, fetched_at: at + 1 } },
    { jwks: { value: known().jwks.value, fetched_at: at + 3 } },
  ])
})

test('what was learnt on the way serves the same login, whether or not anybody remembers it', async () => {
  const { io } = world()
  const forgetful: Io = { now: io.now, request: io.request }
  const started = await drive(relyingParty(), idle, loginRequested(), forgetful)
  const { state } = await drive(relyingParty(), started.state, authorizationResponse(), forgetful)
  expect(state.phase).toBe('authenticated')
  const session = {
    refresh_token: secrets.refresh_token,
    identity: { connection_id: 'connection-1', issuer: metadata.issuer, subject: userinfo.sub },
    claims: {},
    jti: 'assertion-1',
  }
  expect(await driveRefresh(relyingParty(), session, forgetful)).toHaveProperty('refreshed')
})

test('every event carries the time at which the answer came', async () => {
  const { io, observed } = world()
  await drive(relyingParty(known()), idle, loginRequested(), io)
  const { state } = await drive(relyingParty(), idle, loginRequested(), io)
  expect(observed.map(({ at }) => at)).toEqual([at, at, at + 1])
  expect(state).toMatchObject({ started_at: at + 1 })
})

test('a request without an answer is an event, too', async () => {
  const { io, observed } = world({ token: 'timed_out' })
  const { state: waiting } = await drive(relyingParty(known()), idle, loginRequested(), io)
  const { state } = await drive(relyingParty(known()), waiting, authorizationResponse(), io)
  expect(state).toMatchObject({ phase: 'failed', failure: { code: 'request_timed_out' } })
  expect(observed.at(-1)).toEqual({ type: 'request_failed', at: at + 1, reason: 'timed_out' })
})

test('the staged secret is tried and promoted', async () => {
  const { io, diary } = world({ token: [refused, json(tokenBody())] })
  const rp = relyingParty({ ...known(), client: { staged_client_secret: secrets.staged_client_secret } })
  const { state: waiting } = await drive(rp, idle, loginRequested(), io)
  diary.length = 0
  const { state } = await drive(rp, waiting, authorizationResponse(), io)
  expect(state.phase).toBe('authenticated')
  expect(diary.filter((line) => !line.startsWith('event'))).toEqual(['request token', 'request token', 'promote'])
})

test('the crypto that is handed in is the one that computes', async () => {
  const { io } = world()
  let verified = 0
  const crypto: Crypto = { ...webCrypto, verify: (...all) => (verified++, webCrypto.verify(...all)) }
  const { state: waiting } = await drive(relyingParty(known()), idle, loginRequested(), { ...io, crypto })
  await drive(relyingParty(known()), waiting, authorizationResponse(), { ...io, crypto })
  expect(verified).toBe(1)
})

test('misuse throws, and nothing is asked', async () => {
  const { io, requests } = world()
  await expect(drive(relyingParty(), idle, authorizationResponse(), io)).rejects.toThrow(TypeError)
  expect(requests).toEqual([])
})

describe('driveLogout', () => {
  test.each([
    [7000, 'x'.repeat(7000)],
    [7001, null],
  ])('a hint of %d characters: no more than servers read of a URL', async (length, expected) => {
    const request = { id_token_hint: 'x'.repeat(length), state: 's' }
    const { searchParams } = new URL((await driveLogout(relyingParty(known()), request, world().io))!)
    expect([searchParams.get('id_token_hint'), searchParams.get('state')]).toEqual([expected, 's'])
  })

  const request = { id_token_hint: 'a.b.c', post_logout_redirect_uri: 'https://app.example/', state: 's' }

  test('the URL that ends the session at the provider', async () => {
    const { io, requests } = world()
    const url = new URL((await driveLogout(relyingParty(known()), request, io))!)
    expect(url.origin + url.pathname).toBe(metadata.end_session_endpoint)
    expect(Object.fromEntries(url.searchParams)).toEqual({ client_id: 'client-1', ...request })
    expect(requests).toEqual([])
  })

  test('what is not known is not said', async () => {
    const url = await driveLogout(relyingParty(known()), { id_token_hint: undefined }, world().io)
    expect(url).toBe(`${metadata.end_session_endpoint}?client_id=client-1`)
  })

  test('metadata that is not known is fetched and remembered', async () => {
    const { io, diary } = world()
    expect(await driveLogout(relyingParty(), {}, io)).toBe(`${metadata.end_session_endpoint}?client_id=client-1`)
    expect(diary).toEqual(['request provider_metadata', 'remember provider_metadata'])
  })

  test('what is not a broken rule is thrown', async () => {
    const io: Io = { now: () => at, request: () => Promise.resolve({ response: null as never }) }
    await expect(driveLogout(relyingParty(), request, io)).rejects.toThrow(TypeError)
  })

  test.each<[string, Answers['provider_metadata']]>([
    ['has no such endpoint', json({ ...metadata, end_session_endpoint: undefined })],
    ['is down', 'unreachable'],
    ['answers with a page', html()],
  ])('null, when the provider %s', async (_name, provider_metadata) => {
    expect(await driveLogout(relyingParty(), request, world({ provider_metadata: provider_metadata! }).io)).toBeNull()
  })
})
