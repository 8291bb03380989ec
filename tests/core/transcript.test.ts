/** A transcript: what it records of a login, and that it replays to just that. Every kind of login is in `explain/opinions.test.ts`. */
import { describe, expect, test } from 'vitest'
import {
  idle,
  record,
  replay,
  replaysIdentically,
  transcriptOfRefusal,
  webCrypto,
  type Authenticated,
  type Circumstances,
  type Crypto,
  type PrivateJwk,
  type Transcript,
} from '@relying-party/core'
import { remembering, verdictOf } from '../../packages/core/src/transcript.ts'
import { privateJwk, publicJwk } from './support/keys.ts'
import { login, play } from './support/play.ts'
import {
  at,
  claims,
  issuer,
  json,
  known,
  loginRequested,
  metadata,
  mint,
  refused,
  relyingParty,
  secrets,
  thin,
  tokenBody,
  type Minting,
} from './support/provider.ts'
import { recorded } from './support/recorded.ts'

const transcriptOf = async (...asked: Parameters<typeof recorded>) => (await recorded(...asked)).transcript
const withIdToken = (id_token: unknown) => ({ token: json(tokenBody({ id_token })) })
const circumstances: Circumstances = {
  states: 1,
  browser: { method: 'GET', cookies: 1, other_flows: 0, secure: true, other_host: null, fetch_site: null },
  flow: { purpose: 'login', organization_id: 'acme', connection_id: 'connection-1', revision: 1, started_at: at },
  organization_id: 'acme',
  revision_current: true,
  claimed: true,
  still_serving: true,
}

describe('what is recorded', () => {
  test('the decisions: phases, where the browser was sent, what was asked; nothing of the parameters', async () => {
    const recorder = record(relyingParty(), idle)
    const { state } = await play(relyingParty(known()), [loginRequested()])
    recorder.observe(loginRequested(), {
      state,
      effects: [{ type: 'redirect', url: `${issuer}/authorize?state=canary` }],
    })
    expect((await recorder.transcript(state)).decisions).toStrictEqual([
      { phase: 'awaiting_authorization_response', redirect: `${issuer}/authorize` },
    ])
    const { decisions } = await transcriptOf({ answers: { token: thin } })
    expect(decisions).toStrictEqual([
      {
        phase: 'awaiting_token_response',
        request: { message: 'token', method: 'POST', url: metadata.token_endpoint },
      },
      { phase: 'awaiting_jwks', request: { message: 'jwks', method: 'GET', url: metadata.jwks_uri } },
      {
        phase: 'awaiting_userinfo_response',
        request: { message: 'userinfo', method: 'GET', url: metadata.userinfo_endpoint },
      },
      { phase: 'authenticated' },
    ])
  })

  test('a flow that was only started, and one that waits', async () => {
    const recorder = record(relyingParty(), idle)
    expect(await recorder.transcript(idle)).toStrictEqual({
      format: 1,
      relying_party: { ...relyingParty(), client: { ...relyingParty().client, client_secret: 'redacted' } },
      circumstances: null,
      state: idle,
      events: [],
      decisions: [],
      signature: null,
      verdict: { outcome: 'unfinished', phase: 'idle' },
    })
  })

  test('of a refusal before the machine was asked: why', () => {
    const rp = relyingParty()
    const failure = { code: 'flow_not_found' } as const
    expect(transcriptOfRefusal(rp, { ...circumstances, flow: null }, failure)).toStrictEqual({
      format: 1,
      relying_party: { ...rp, client: { ...rp.client, client_secret: 'redacted' } },
      circumstances: { ...circumstances, flow: null },
      state: { phase: 'idle' },
      events: [],
      decisions: [],
      signature: null,
      verdict: { outcome: 'failed', failure },
    })
  })

  test('what was learnt is known from then on, and nothing else is', () => {
    const rp = relyingParty()
    const { provider_metadata } = known()
    const effects = [
      { type: 'redirect', url: issuer },
      { type: 'remember', provider_metadata },
    ] as const
    expect(remembering(rp, { state: idle, effects })).toStrictEqual({ ...rp, provider_metadata })
  })
})

describe('the verdict', () => {
  const authenticated = async (purpose: 'login' | 'test', policy = {}) =>
    (await login({ requested: { purpose }, rp: { policy } })).state as Authenticated

  test('of a login', async () => {
    const state = await authenticated('login')
    const { identity, access } = state
    const verdict = { outcome: 'authenticated', purpose: 'login', identity, claims, access, refusal: null }
    expect(verdictOf(state)).toStrictEqual(verdict)
    expect(verdictOf(state, circumstances)).toStrictEqual(verdict)
    expect(verdictOf(state, { ...circumstances, still_serving: null })).toStrictEqual(verdict)
  })

  test('of a login that another revision overtook', async () => {
    expect(verdictOf(await authenticated('login'), { ...circumstances, still_serving: false })).toStrictEqual({
      outcome: 'failed',
      failure: { code: 'flow_revision_replaced' },
    })
  })

  test('of a test, which may be overtaken; it says what the policy would answer', async () => {
    const state = await authenticated('test', { allowed_email_domains: ['other.example'] })
    expect(verdictOf(state, { ...circumstances, still_serving: false })).toMatchObject({
      outcome: 'authenticated',
      purpose: 'test',
      refusal: { code: 'policy_email_domain_not_allowed' },
    })
  })

  test('of a flow that waits', async () => {
    const { state } = await play(relyingParty(known()), [loginRequested()])
    expect(verdictOf(state)).toStrictEqual({ outcome: 'unfinished', phase: 'awaiting_authorization_response' })
  })
})

describe('the signature', () => {
  const otherwise = { nonce: 'another' }
  const hs256 = (minting: Minting = {}) =>
    mint({ alg: 'HS256', key: Buffer.from(secrets.client_secret), ...minting, claims: otherwise })
  const wantsHs256 = { client: { id_token_signed_response_alg: 'HS256' } } as const
  const staged_client_secret = secrets.staged_client_secret
  const signedBy = (secret: string) => hs256({ key: Buffer.from(secret) })

  test.each<[string, Parameters<typeof recorded>[0], Transcript['signature']]>([
    ['valid', { rp: known() }, true],
    ['of a login that asked UserInfo', { answers: { token: thin } }, true],
    ['of another key', { answers: withIdToken(mint({ key: 'rsa_next', header: { kid: 'rsa-1' } })) }, false],
    [
      'by a key that is unsuitable',
      { answers: { jwks: json({ keys: [publicJwk('rsa_weak', { kid: 'rsa-1' })] }) } },
      'unsuitable',
    ],
    ['no token response', { answers: { token: 'timed_out' } }, null],
    ['no ID Token', { answers: withIdToken(undefined) }, null],
    ['an ID Token that is no text', { answers: withIdToken(5) }, null],
    ['an ID Token that cannot be read', { rp: known(), answers: withIdToken('a.b.c') }, null],
    ['keys not known', { answers: withIdToken(mint({ claims: otherwise })) }, null],
    ['valid, beside another rule broken', { rp: known(), answers: withIdToken(mint({ claims: otherwise })) }, true],
    ['no key', { rp: known(), answers: withIdToken(mint({ claims: otherwise, header: { kid: 'x' } })) }, null],
    ['kid no text', { rp: known(), answers: withIdToken(mint({ header: { kid: 1 } })) }, null],
    ['kid null', { rp: known(), answers: withIdToken(mint({ header: { kid: null } })) }, null],
    [
      'no kid, one key',
      { rp: known(), answers: withIdToken(mint({ claims: otherwise, header: { kid: undefined } })) },
      true,
    ],
    ['not signed', { rp: known(), answers: withIdToken(mint({ alg: 'none' })) }, null],
    ['with the client secret', { rp: wantsHs256, answers: withIdToken(hs256()) }, true],
    ['with another secret', { rp: wantsHs256, answers: withIdToken(signedBy('another')) }, false],
    [
      'with the secret of a client that has none',
      { rp: { client: { ...wantsHs256.client, client_secret: undefined } }, answers: withIdToken(hs256()) },
      null,
    ],
    [
      'with the staged secret, which was not used',
      {
        rp: { client: { ...wantsHs256.client, staged_client_secret } },
        answers: withIdToken(signedBy(staged_client_secret)),
      },
      false,
    ],
    [
      'with the staged secret, which was used',
      {
        rp: { client: { ...wantsHs256.client, staged_client_secret } },
        answers: { token: [refused, withIdToken(signedBy(staged_client_secret)).token] },
      },
      true,
    ],
    [
      'with the first secret, when the staged one was used',
      {
        rp: { client: { ...wantsHs256.client, staged_client_secret } },
        answers: { token: [refused, withIdToken(hs256()).token] },
      },
      false,
    ],
  ])('%s', async (_what, asked, expected) => {
    const transcript = await transcriptOf(asked)
    expect(transcript.signature).toBe(expected)
    expect(await replaysIdentically(transcript)).toBe(true)
  })

  test.each([{}, { answers: { token: thin } }])('is not verified again, once the machine has: %#', async (asked) => {
    let verified = 0
    const crypto: Crypto = { ...webCrypto, verify: (...all) => (verified++, webCrypto.verify(...all)) }
    await transcriptOf(asked, crypto)
    expect(verified).toBe(1)
  })
})

describe('replaying', () => {
  test('gives the decisions and the verdict', async () => {
    const transcript = await transcriptOf({ answers: { token: thin } })
    const { decisions, verdict } = transcript
    expect(await replay(transcript)).toStrictEqual({ decisions, verdict })
  })

  test('of another verdict or of other decisions is not identical', async () => {
    const transcript = await transcriptOf()
    expect(await replaysIdentically(transcript)).toBe(true)
    expect(await replaysIdentically({ ...transcript, decisions: transcript.decisions.slice(1) })).toBe(false)
    expect(await replaysIdentically({ ...transcript, signature: false })).toBe(false)
  })

  test.each<[string, Parameters<typeof recorded>[0]]>([
    [
      'an HS256 token',
      {
        rp: { client: { id_token_signed_response_alg: 'HS256' } },
        answers: withIdToken(mint({ alg: 'HS256', key: Buffer.from(secrets.client_secret) })),
      },
    ],
    [
      'a forged one',
      {
        rp: { client: { id_token_signed_response_alg: 'HS256' } },
        answers: withIdToken(mint({ alg: 'HS256', key: Buffer.from('x') })),
      },
    ],
    ['an assertion with the secret', { rp: { client: { token_endpoint_auth_method: 'client_secret_jwt' } } }],
    [
      'an assertion with a key',
      {
        rp: {
          client: {
            token_endpoint_auth_method: 'private_key_jwt',
            client_key: { ...privateJwk('p256'), alg: 'ES256' } as unknown as PrivateJwk,
          },
        },
      },
    ],
  ])('needs no secret: %s', async (_what, asked) => {
    const transcript = await transcriptOf(asked)
    for (const secret of [secrets.client_secret, privateJwk('p256').d as string]) {
      expect(JSON.stringify(transcript)).not.toContain(secret)
    }
    expect(await replaysIdentically(transcript)).toBe(true)
  })

  test('circumstances that refuse the flow refuse it before the machine is asked', async () => {
    const transcript = { ...(await transcriptOf()), circumstances: { ...circumstances, claimed: false } }
    expect(await replay(transcript)).toStrictEqual({
      decisions: [],
      verdict: { outcome: 'failed', failure: { code: 'flow_already_used' } },
    })
  })

  test('that another revision overtook the login is seen when it has succeeded', async () => {
    const transcript = { ...(await transcriptOf()), circumstances: { ...circumstances, still_serving: false } }
    expect(await replay(transcript)).toStrictEqual({
      decisions: transcript.decisions,
      verdict: { outcome: 'failed', failure: { code: 'flow_revision_replaced' } },
    })
  })

  test('stops where the machine, with something otherwise, has ended', async () => {
    const { verdict, decisions } = await replay(await transcriptOf(), (rp) => ({ ...rp, revision: 2 }))
    expect([verdict, decisions]).toStrictEqual([
      { outcome: 'failed', failure: { code: 'flow_revision_replaced' } },
      [{ phase: 'failed' }],
    ])
  })
})
