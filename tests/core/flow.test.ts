/** The login as a table: every row of it, every pair that is not in it, and whole logins from end to end. */
import { describe, expect, test } from 'vitest'
import {
  idle,
  step,
  transitions,
  type AwaitingAuthorizationResponse,
  type Authenticated,
  type EventType,
  type FlowEvent,
  type FlowState,
  type Phase,
} from '@relying-party/core'
import { publicJwk } from './support/keys.ts'
import {
  advance,
  cryptos,
  login,
  play,
  redirects,
  requests,
  settle,
  start,
  verdict,
  viaJson,
  type Login,
  type Played,
} from './support/play.ts'
import {
  at,
  authorizationResponse,
  claims,
  html,
  issuer,
  json,
  jwks,
  known,
  loginRequested,
  metadata,
  mint,
  provider,
  random,
  relyingParty,
  secrets,
  tokenBody,
  userinfo,
  type Answers,
} from './support/provider.ts'

const thin = json(
  tokenBody({ id_token: mint({ claims: { name: undefined, email: undefined, email_verified: undefined } }) }),
)
const refused = json({ error: 'invalid_client' }, { status: 401 })
const { provider_metadata, jwks: known_jwks } = known()
const messages = (played: Played) => requests(played).map(({ message }) => message)

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
})

describe.each(cryptos)('whole logins (%s)', (_name, crypto) => {
  const story = (asked: Login = {}) => login(asked, crypto)

  test('nothing is known: metadata, redirect, token, keys, and who it is', async () => {
    const played = await story({ answers: { token: json(tokenBody({ refresh_token: secrets.refresh_token })) } })
    expect(messages(played)).toEqual(['provider_metadata', 'token', 'jwks'])
    expect(played.effects.map(({ type }) => type)).toEqual([
      'request',
      'remember',
      'redirect',
      'request',
      'request',
      'remember',
    ])
    expect(played.rp).toMatchObject(known())
    expect(played.state).toMatchObject({
      phase: 'authenticated',
      purpose: 'login',
      organization_id: 'acme',
      connection_id: 'connection-1',
      revision: 1,
      return_to: '/projects',
      identity: { connection_id: 'connection-1', issuer, subject: 'user-1' },
      claims,
      access: { email: 'ada@acme.example', email_verified: true, role: 'read', matched_rule: null },
      authenticated_at: at,
      access_token: secrets.access_token,
      refresh_token: secrets.refresh_token,
    })
    for (const gone of ['state', 'nonce', 'code_verifier', 'parameters', 'header', 'refusal'])
      expect(played.state).not.toHaveProperty(gone)
  })

  const { clock: _, ...ages } = relyingParty().tolerances
  test.each<[string, Login['rp'], string[]]>([
    ['nothing', {}, ['provider_metadata', 'token', 'jwks']],
    ['the metadata', { provider_metadata }, ['token', 'jwks']],
    ['the keys', { jwks: known_jwks }, ['provider_metadata', 'token']],
    ['both', known(), ['token']],
    ['both, for a little less than the keys are fresh', known(ages.jwks_fresh - 1), ['token']],
    ['both, for as long as the keys are fresh', known(ages.jwks_fresh), ['token', 'jwks']],
    ['both, for a little less than the metadata is fresh', known(ages.metadata_fresh - 1), ['token', 'jwks']],
    ['both, for as long as the metadata is fresh', known(ages.metadata_fresh), ['provider_metadata', 'token', 'jwks']],
  ])('known is %s: what is asked', async (_known, rp, asked) => {
    const played = await story({ rp: rp! })
    expect(verdict(played)).toBe('authenticated')
    expect(messages(played)).toEqual(asked)
  })

  test('what is known changes what is asked, never what is decided or promoted', async () => {
    const flawed: readonly Login[] = [
      {},
      { answers: { token: json(tokenBody({ id_token: mint({ key: 'rsa_next', header: { kid: 'rsa-1' } }) })) } },
      { answers: { token: json(tokenBody({ id_token: mint({ header: { kid: 'unknown' } }) })) } },
      { answers: { token: thin, userinfo: json({ sub: 'somebody else' }) } },
      { answers: { token: [refused, json(tokenBody({ id_token: `${mint()}A` }))] } },
      {
        answers: {
          token: [refused, json(tokenBody({ id_token: mint({ key: 'rsa_next', header: { kid: 'rsa-1' } }) }))],
        },
      },
      { response: { state: 'foreign' } },
    ]
    for (const asked of flawed) {
      const outcomes = new Set<string>()
      for (const rp of [{}, { provider_metadata }, { jwks: known_jwks }, known(), known(601)]) {
        const played = await story({
          ...asked,
          rp: { ...rp, client: { staged_client_secret: secrets.staged_client_secret } },
        })
        const promoted = played.effects.filter(({ type }) => type === 'promote_staged_secret')
        outcomes.add(JSON.stringify([played.state, promoted]))
      }
      expect([...outcomes]).toHaveLength(1)
    }
  })

  test('oidcc-client-test-scope-userinfo-claims: a thin ID Token, and UserInfo about the same person', async () => {
    const played = await story({ answers: { token: thin } })
    expect(messages(played)).toEqual(['provider_metadata', 'token', 'jwks', 'userinfo'])
    expect(played.state).toMatchObject({
      claims: { sub: 'user-1', groups: ['Engineering'] },
      access: { email: 'ada@acme.example', email_verified: true },
    })
  })

  test('oidcc-client-test by form_post', async () => {
    const played = await story({
      rp: { client: { response_mode: 'form_post' } },
      received: { response_mode: 'form_post' },
    })
    expect(verdict(played)).toBe('authenticated')
  })
})

describe('the two secrets', () => {
  const rp = { client: { staged_client_secret: secrets.staged_client_secret } }
  const promotions = (played: Played) => played.effects.filter(({ type }) => type === 'promote_staged_secret').length
  const sent = (played: Played) =>
    requests(played)
      .filter(({ message }) => message === 'token')
      .map(({ headers }) => atob(headers.authorization!.slice(6)).split(':')[1])

  test('the current one is accepted: the staged one stays at home', async () => {
    const played = await login({ rp })
    expect(sent(played)).toEqual([secrets.client_secret])
    expect(promotions(played)).toBe(0)
  })

  test('the current one is refused: the staged one presents the same code, and is promoted', async () => {
    const played = await login({ rp, answers: { token: [refused, json(tokenBody())] } })
    expect(verdict(played)).toBe('authenticated')
    expect(sent(played)).toEqual([secrets.client_secret, secrets.staged_client_secret])
    const [first, second] = requests(played).filter(({ message }) => message === 'token')
    expect(second!.body).toBe(first!.body)
    expect(promotions(played)).toBe(1)
  })

  test('both are refused', async () => {
    const played = await login({ rp, answers: { token: refused } })
    expect(verdict(played)).toMatchObject({ code: 'token_invalid_client' })
    expect(sent(played)).toHaveLength(2)
    expect(promotions(played)).toBe(0)
  })

  test.each<[string, Answers['token']]>([
    ['invalid_grant', json({ error: 'invalid_grant' }, { status: 400 })],
    ['a server error', html(500)],
    ['no answer', 'timed_out'],
    ['a bad ID Token', json(tokenBody({ id_token: mint({ claims: { nonce: 'other' } }) }))],
  ])('after %s the code may be spent: nothing is tried again (#138, #142)', async (_name, token) => {
    expect(sent(await login({ rp, answers: { token: token! } }))).toEqual([secrets.client_secret])
  })

  test('a staged secret that was accepted along with a bad ID Token is not promoted', async () => {
    const played = await login({
      rp,
      answers: { token: [refused, json(tokenBody({ id_token: mint({ claims: { nonce: 'other' } }) }))] },
    })
    expect(verdict(played)).toEqual({ code: 'id_token_nonce_mismatch' })
    expect(promotions(played)).toBe(0)
  })
})

describe('a provider that is down', () => {
  const hour = 3600
  test.each<[string, Answers['provider_metadata']]>([
    ['503', html(503)],
    ['429', html(429)],
    ['no answer', 'timed_out'],
    ['a broken certificate', 'tls_failed'],
  ])('%s: the last good copy serves (#127)', async (_name, down) => {
    const played = await advance(start(relyingParty(known(23 * hour))), loginRequested())
    const { state, rp } = await settle(played, { provider_metadata: down! })
    expect(state.phase).toBe('awaiting_authorization_response')
    expect(rp).toEqual(relyingParty(known(23 * hour)))
  })

  test.each<[string, Answers['provider_metadata'], string]>([
    ['503', html(503), 'discovery_unavailable'],
    ['no answer', 'timed_out', 'request_timed_out'],
  ])('%s: a copy of a day is too old (#127)', async (_name, down, code) => {
    const played = await advance(start(relyingParty(known(24 * hour))), loginRequested())
    expect(verdict(await settle(played, { provider_metadata: down! }))).toMatchObject({ code })
  })

  test.each<[string, Answers['provider_metadata'], string]>([
    ['another issuer', json({ ...metadata, issuer: 'https://other.example' }), 'discovery_issuer_mismatch'],
    ['a page', html(), 'discovery_response_not_json'],
    ['404', html(404), 'discovery_http_error'],
  ])('%s is not “down”: the copy does not serve (#126)', async (_name, changed, code) => {
    const played = await advance(start(relyingParty(known(2 * hour))), loginRequested())
    expect(verdict(await settle(played, { provider_metadata: changed! }))).toMatchObject({ code })
  })

  test('at the callback a copy of an hour serves without asking', async () => {
    const started = await play(relyingParty(known()), [loginRequested()])
    const rp = relyingParty(known(2 * hour))
    expect(messages(await advance({ ...started, rp, effects: [] }, authorizationResponse()))).toEqual(['token'])
  })

  test('metadata that was fetched is remembered, although the response it was fetched for is refused', async () => {
    const { state } = await play(relyingParty(known()), [loginRequested()])
    const played = await settle(
      await advance(start(relyingParty(), state), authorizationResponse({ state: 'foreign' })),
    )
    expect(verdict(played)).toMatchObject({ code: 'authorization_response_state_mismatch' })
    expect(played.rp.provider_metadata).toEqual(provider_metadata)
  })
})

describe('keys that change', () => {
  const rotated = {
    jwks: json({ keys: [publicJwk('rsa_next')] }),
    token: json(tokenBody({ id_token: mint({ key: 'rsa_next' }) })),
  }

  test('oidcc-client-test-signing-key-rotation: an unknown kid asks for the keys again (#128)', async () => {
    const played = await login({ rp: known(31), answers: rotated })
    expect(verdict(played)).toBe('authenticated')
    expect(messages(played)).toEqual(['token', 'jwks'])
    expect(played.rp.jwks?.value.keys).toEqual([publicJwk('rsa_next')])
  })

  test('oidcc-client-test-signing-key-rotation-just-before-signing: keys that were just fetched are asked for once (#128)', async () => {
    const played = await login({ rp: { provider_metadata }, answers: rotated })
    expect(verdict(played)).toBe('authenticated')
  })

  test.each([
    [29, ['token']],
    [30, ['token', 'jwks']],
  ])('an unknown kid within the cool-down (keys of %d s): %j (#129)', async (age, asked) => {
    const played = await login({
      rp: known(age),
      answers: { token: json(tokenBody({ id_token: mint({ header: { kid: 'storm' } }) })) },
    })
    expect(verdict(played)).toEqual({ code: 'id_token_key_not_found', detail: { kid: 'storm' } })
    expect(messages(played)).toEqual(asked)
  })

  test('a storm of unknown kids makes one request per cool-down (#129)', async () => {
    let rp = relyingParty(known(31))
    let asked = 0
    for (let second = 0; second < 30; second++) {
      const answers = { token: json(tokenBody({ id_token: mint({ header: { kid: `storm-${second}` } }) })) }
      const played = await login({ rp, now: at + second, answers })
      asked += messages(played).filter((message) => message === 'jwks').length
      rp = played.rp
    }
    expect(asked).toBe(1)
  })

  test('a wrong signature does not ask for keys that are fresh', async () => {
    const forged = mint({ key: 'rsa_next', header: { kid: 'rsa-1' } })
    const played = await login({ rp: known(31), answers: { token: json(tokenBody({ id_token: forged })) } })
    expect(verdict(played)).toEqual({ code: 'id_token_signature_invalid' })
    expect(messages(played)).toEqual(['token'])
  })

  test('keys that were fetched are remembered, although the signature is wrong', async () => {
    const forged = mint({ key: 'rsa_next', header: { kid: 'rsa-1' } })
    const played = await login({ rp: { provider_metadata }, answers: { token: json(tokenBody({ id_token: forged })) } })
    expect(verdict(played)).toEqual({ code: 'id_token_signature_invalid' })
    expect(played.rp.jwks).toEqual(known_jwks)
  })

  test('a key that the provider has withdrawn dies with the keys’ freshness (#132)', async () => {
    const answers = { jwks: json({ keys: [publicJwk('rsa_next')] }) }
    expect(verdict(await login({ rp: known(600), answers }))).toMatchObject({ code: 'id_token_key_not_found' })
  })
})

describe('what a flow is bound to', () => {
  const waiting = async () =>
    (await play(relyingParty(known()), [loginRequested()])).state as AwaitingAuthorizationResponse
  const callback = async (
    rp: Parameters<typeof relyingParty>[0],
    event: Partial<ReturnType<typeof authorizationResponse>> = {},
  ) => {
    const played = await advance(
      start(relyingParty({ ...known(), ...rp }), await waiting()),
      authorizationResponse({}, event),
    )
    // The code has gone nowhere unless everything is right.
    if (played.state.phase === 'failed') expect(requests(played)).toEqual([])
    return played.state.phase === 'failed' ? played.state.failure.code : played.state.phase
  }

  test.each<[string, Parameters<typeof callback>, string]>([
    ['the same organization, connection and revision', [{}], 'awaiting_token_response'],
    [
      'the redirect URI of another organization (#29, #30)',
      [{}, { organization_id: 'other' }],
      'flow_organization_mismatch',
    ],
    [
      'another organization, in the URI and in what is known (#30, #32)',
      [{ organization_id: 'other' }, { organization_id: 'other' }],
      'flow_organization_mismatch',
    ],
    ['another organization, in what is known', [{ organization_id: 'other' }], 'flow_organization_mismatch'],
    [
      'a connection that was deleted and made anew (#32, #40)',
      [{ connection_id: 'connection-2' }],
      'flow_revision_replaced',
    ],
    ['another revision (#32)', [{ revision: 2 }], 'flow_revision_replaced'],
    ['after 900 seconds', [known(-900), { at: at + 900 }], 'awaiting_token_response'],
    ['another response mode', [{}, { response_mode: 'form_post' }], 'authorization_response_mode_mismatch'],
    ['after 901 seconds (#24)', [known(-901), { at: at + 901 }], 'flow_expired'],
    [
      'a wrong organization is told before anything else',
      [{ revision: 2 }, { organization_id: 'other', at: at + 901, response_mode: 'form_post', parameters: [] }],
      'flow_organization_mismatch',
    ],
  ])('%s', async (_name, asked, expected) => {
    expect(await callback(...asked)).toBe(expected)
  })

  test('the token request names the redirect URI that the flow was started with, whatever it is by now (#157)', async () => {
    const rp = relyingParty({ ...known(), client: { redirect_uri: 'https://moved.example/callback' } })
    const played = await advance(start(rp, await waiting()), authorizationResponse())
    expect(new URLSearchParams(requests(played)[0]!.body).get('redirect_uri')).toBe(relyingParty().client.redirect_uri)
  })

  test('the state that travels holds these members and no more', async () => {
    expect(await waiting()).toStrictEqual({
      phase: 'awaiting_authorization_response',
      purpose: 'login',
      organization_id: 'acme',
      connection_id: 'connection-1',
      revision: 1,
      return_to: '/projects',
      state: random.state,
      nonce: random.nonce,
      code_verifier: random.code_verifier,
      redirect_uri: relyingParty().client.redirect_uri,
      response_mode: 'query',
      started_at: at,
    })
  })

  test('a failure says what it was bound to, as far as that was known', async () => {
    const bound = {
      purpose: 'test',
      organization_id: 'acme',
      connection_id: 'connection-1',
      revision: 1,
      return_to: '/settings',
    }
    const requested = { purpose: 'test', return_to: '/settings' } as const
    const nobody = await login({ requested, answers: { provider_metadata: html() } })
    expect(nobody.state).toMatchObject({ phase: 'failed', failed_at: at, bound: null })
    for (const asked of [
      { response: { state: 'foreign' } },
      { answers: { token: html(500) } },
      { answers: { jwks: html(500) } },
    ] satisfies Login[]) {
      expect((await login({ requested, ...asked })).state).toMatchObject({ phase: 'failed', failed_at: at, bound })
    }
  })

  test('a caller that does not remember the metadata is told so', async () => {
    const { state } = await play(relyingParty(known()), [loginRequested(), authorizationResponse()])
    const event: FlowEvent = { type: 'token_response_received', at, response: json(tokenBody()) }
    await expect(step(relyingParty(), state, event)).rejects.toThrow(TypeError)
  })
})

describe('the policy', () => {
  const demanding = { allowed_email_domains: ['other.example'] }
  const failure = {
    code: 'policy_email_domain_not_allowed',
    detail: { allowed: ['other.example'], domain: 'acme.example' },
  }

  test('refuses a login', async () => {
    const { state } = await login({ rp: { policy: demanding } })
    expect(state).toMatchObject({ phase: 'failed', failure, bound: { purpose: 'login' } })
  })

  test('is only reported for a test', async () => {
    const { state } = await login({ rp: { policy: demanding }, requested: { purpose: 'test' } })
    expect(state).toMatchObject({ phase: 'authenticated', purpose: 'test', refusal: failure })
  })

  test('a test that it has nothing against says so', async () => {
    expect((await login({ requested: { purpose: 'test' } })).state).toMatchObject({ purpose: 'test', refusal: null })
  })

  test('sees what UserInfo adds', async () => {
    const policy = { role_mapping: { claim: 'groups', rules: [{ value: 'Engineering', role: 'admin' }] } }
    const { state } = await login({ rp: { policy }, answers: { token: thin } })
    expect((state as Authenticated).access).toMatchObject({
      role: 'admin',
      matched_rule: { value: 'Engineering', role: 'admin' },
    })
  })
})

test('two connections with the same issuer and subject are two identities (CVE-2026-110863) (#33, #34, #202)', async () => {
  const identities = await Promise.all(
    ['connection-1', 'connection-2'].map(
      async (connection_id) => ((await login({ rp: { connection_id } })).state as Authenticated).identity,
    ),
  )
  expect(identities[0]).not.toEqual(identities[1])
})

test('the redirect goes to the provider alone, once', async () => {
  const urls = redirects(await login())
  expect(urls.map(({ origin, pathname }) => origin + pathname)).toEqual([metadata.authorization_endpoint])
})

test('idle is idle', () => {
  expect(viaJson(idle)).toEqual({ phase: 'idle' })
})
