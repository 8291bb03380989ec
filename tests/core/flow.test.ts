/** The login as a table: every row of it, and every pair that is not in it. */
import { describe, expect, test } from 'vitest'
import {
  idle,
  step,
  transitions,
  webCrypto,
  type Crypto,
  type EventType,
  type FlowEvent,
  type FlowState,
  type Phase,
} from '@relying-party/core'
import { advance, cryptos, play, settle, start, viaJson, type Login, type Played } from './support/play.ts'
import {
  at,
  authorizationResponse,
  html,
  json,
  jwks,
  known,
  loginRequested,
  metadata,
  mint,
  provider,
  refused,
  relyingParty,
  secrets,
  thin,
  tokenBody,
  userinfo,
} from './support/provider.ts'

const { provider_metadata } = known()

describe.each(cryptos)('the table (%s)', (_name, crypto) => {
  /** A login that has just reached a phase, by the answers that it got until then. */
  const reach = async (phase: Phase, asked: Login = {}): Promise<Played> => {
    const respond = provider(asked.answers)
    let played = await advance(start(relyingParty(asked.rp)), loginRequested(asked.requested), crypto)
    for (let left = 9; played.state.phase !== phase; left--) {
      expect(left, `${phase} was never reached`).toBeGreaterThan(0)
      const event = played.outstanding === null ? authorizationResponse() : respond(played.outstanding, at)
      played = await advance(played, event, crypto)
    }
    return played
  }
  const awaitingMetadataAtCallback = async () => {
    const played = await reach('awaiting_authorization_response')
    const { provider_metadata: _, ...forgetful } = played.rp
    return advance({ ...played, rp: forgetful }, authorizationResponse(), crypto)
  }
  const received = (type: EventType, response: unknown): FlowEvent => ({ type, at, response }) as FlowEvent
  const missed = { type: 'request_failed', at, reason: 'timed_out' } as const
  const staged = { client: { staged_client_secret: secrets.staged_client_secret } }
  const remembering = (played: Played): Played => ({ ...played, rp: { ...played.rp, provider_metadata } })

  type Row = readonly [
    from: Phase,
    event: EventType,
    to: Phase,
    because: string,
    from: () => Promise<Played>,
    event: FlowEvent,
  ]
  const rows: readonly Row[] = [
    [
      'idle',
      'login_requested',
      'awaiting_provider_metadata',
      'nothing is known',
      async () => start(relyingParty()),
      loginRequested(),
    ],
    [
      'idle',
      'login_requested',
      'awaiting_authorization_response',
      'the metadata is known',
      async () => start(relyingParty(known())),
      loginRequested(),
    ],

    [
      'awaiting_provider_metadata',
      'provider_metadata_received',
      'awaiting_authorization_response',
      'a login waits',
      () => reach('awaiting_provider_metadata'),
      received('provider_metadata_received', json(metadata)),
    ],
    [
      'awaiting_provider_metadata',
      'provider_metadata_received',
      'awaiting_token_response',
      'a callback waits',
      awaitingMetadataAtCallback,
      received('provider_metadata_received', json(metadata)),
    ],
    [
      'awaiting_provider_metadata',
      'provider_metadata_received',
      'failed',
      'it is none',
      () => reach('awaiting_provider_metadata'),
      received('provider_metadata_received', html()),
    ],
    [
      'awaiting_provider_metadata',
      'request_failed',
      'awaiting_authorization_response',
      'an older copy serves',
      () => reach('awaiting_provider_metadata', { rp: known(4000) }),
      missed,
    ],
    [
      'awaiting_provider_metadata',
      'request_failed',
      'awaiting_token_response',
      'somebody else has fetched it meanwhile',
      async () => remembering(await awaitingMetadataAtCallback()),
      missed,
    ],
    [
      'awaiting_provider_metadata',
      'request_failed',
      'failed',
      'there is no older copy',
      () => reach('awaiting_provider_metadata'),
      missed,
    ],

    [
      'awaiting_authorization_response',
      'authorization_response_received',
      'awaiting_token_response',
      'it is in order',
      () => reach('awaiting_authorization_response'),
      authorizationResponse(),
    ],
    [
      'awaiting_authorization_response',
      'authorization_response_received',
      'awaiting_provider_metadata',
      'the metadata is forgotten',
      async () => ({ ...(await reach('awaiting_authorization_response')), rp: relyingParty() }),
      authorizationResponse(),
    ],
    [
      'awaiting_authorization_response',
      'authorization_response_received',
      'failed',
      'it is an error',
      () => reach('awaiting_authorization_response'),
      authorizationResponse({ code: undefined, error: 'access_denied' }),
    ],

    [
      'awaiting_token_response',
      'token_response_received',
      'awaiting_token_response',
      'the staged secret is tried',
      () => reach('awaiting_token_response', { rp: staged }),
      received('token_response_received', refused),
    ],
    [
      'awaiting_token_response',
      'token_response_received',
      'awaiting_jwks',
      'the keys are not known',
      () => reach('awaiting_token_response'),
      received('token_response_received', json(tokenBody())),
    ],
    [
      'awaiting_token_response',
      'token_response_received',
      'awaiting_userinfo_response',
      'the keys are known, the ID Token is thin',
      () => reach('awaiting_token_response', { rp: known() }),
      received('token_response_received', thin),
    ],
    [
      'awaiting_token_response',
      'token_response_received',
      'authenticated',
      'the keys are known, the ID Token is fat',
      () => reach('awaiting_token_response', { rp: known() }),
      received('token_response_received', json(tokenBody())),
    ],
    [
      'awaiting_token_response',
      'token_response_received',
      'failed',
      'the client is refused',
      () => reach('awaiting_token_response'),
      received('token_response_received', refused),
    ],
    [
      'awaiting_token_response',
      'request_failed',
      'failed',
      'nobody answered',
      () => reach('awaiting_token_response'),
      missed,
    ],

    [
      'awaiting_authorization_response',
      'abandoned',
      'failed',
      'nobody came back',
      () => reach('awaiting_authorization_response'),
      { type: 'abandoned', at: at + 901 },
    ],

    [
      'awaiting_jwks',
      'jwks_received',
      'awaiting_userinfo_response',
      'the ID Token is thin',
      () => reach('awaiting_jwks', { answers: { token: thin } }),
      received('jwks_received', json(jwks)),
    ],
    [
      'awaiting_jwks',
      'jwks_received',
      'authenticated',
      'the ID Token is fat',
      () => reach('awaiting_jwks'),
      received('jwks_received', json(jwks)),
    ],
    [
      'awaiting_jwks',
      'jwks_received',
      'failed',
      'the key is not among them',
      () => reach('awaiting_jwks'),
      received('jwks_received', json({ keys: [] })),
    ],
    ['awaiting_jwks', 'request_failed', 'failed', 'nobody answered', () => reach('awaiting_jwks'), missed],

    [
      'awaiting_userinfo_response',
      'userinfo_response_received',
      'authenticated',
      'it is in order',
      () => reach('awaiting_userinfo_response', { answers: { token: thin } }),
      received('userinfo_response_received', json(userinfo)),
    ],
    [
      'awaiting_userinfo_response',
      'userinfo_response_received',
      'failed',
      'it is about somebody else',
      () => reach('awaiting_userinfo_response', { answers: { token: thin } }),
      received('userinfo_response_received', json({ sub: 'user-2' })),
    ],
    [
      'awaiting_userinfo_response',
      'request_failed',
      'failed',
      'nobody answered',
      () => reach('awaiting_userinfo_response', { answers: { token: thin } }),
      missed,
    ],
  ]

  test.each(rows)('%s + %s → %s: %s', async (from, _event, to, _because, reached, event) => {
    const played = await reached()
    expect(played.state.phase).toBe(from)
    expect((await advance(played, event, crypto)).state.phase).toBe(to)
  })

  test('these rows are the whole table', () => {
    const table = Object.entries(transitions).flatMap(([from, events]) =>
      Object.entries<{ to: readonly string[] }>(events).flatMap(([event, { to }]) =>
        to.map((phase) => `${from} + ${event} → ${phase}`),
      ),
    )
    expect(rows.map(([from, event, to]) => `${from} + ${event} → ${to}`).sort()).toEqual(table.sort())
  })
})

describe('what is not in the table', () => {
  const phases = Object.keys(transitions) as Phase[]
  const events = [...new Set(Object.values(transitions).flatMap((row) => Object.keys(row)))] as EventType[]
  const absent = phases.flatMap((phase) =>
    events.filter((event) => !Object.hasOwn(transitions[phase], event)).map((event) => [phase, event] as const),
  )

  test('there are eight phases and eight events', () => {
    expect(phases).toHaveLength(8)
    expect(events).toHaveLength(8)
    expect(absent).toHaveLength(8 * 8 - 11)
  })

  test.each<readonly [string, string]>([
    ...absent,
    ['authenticated', 'toString'],
    ['idle', '__proto__'],
    ['nowhere', 'login_requested'],
    ['constructor', 'name'],
  ])('%s does not accept %s', async (phase, type) => {
    await expect(step(relyingParty(), { phase } as FlowState, { type, at } as FlowEvent)).rejects.toThrow(TypeError)
  })

  test('the caller is told which phase does not accept which event', async () => {
    const refused = step(relyingParty(), idle, { type: 'abandoned', at })
    await expect(refused).rejects.toThrow('the phase idle does not accept the event abandoned')
  })
})

test('what is not a broken rule is thrown: it is nobody else’s mistake', async () => {
  const mistake = new Error('a mistake of ours')
  const broken: Crypto = { ...webCrypto, hmac: () => Promise.reject(mistake), digest: () => Promise.reject(mistake) }
  await expect(step(relyingParty(known()), idle, loginRequested(), broken)).rejects.toBe(mistake)
  const asked = await play(relyingParty(), [loginRequested()])
  await expect(settle(asked, {}, broken)).rejects.toBe(mistake)
  const rp = relyingParty({ ...known(), client: { id_token_signed_response_alg: 'HS256' } })
  const returned = await play(rp, [loginRequested(), authorizationResponse()])
  const token = json(tokenBody({ id_token: mint({ alg: 'HS256', key: Buffer.from(secrets.client_secret) }) }))
  await expect(settle(returned, { token }, broken)).rejects.toBe(mistake)
})

test('idle is idle', () => {
  expect(viaJson(idle)).toEqual({ phase: 'idle' })
})
