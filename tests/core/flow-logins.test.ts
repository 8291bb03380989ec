/** Whole logins, from the request to who it is. */
import { describe, expect, test } from 'vitest'
import { type Authenticated } from '@relying-party/core'
import { cryptos, login, messages, redirects, requests, verdict, type Login, type Played } from './support/play.ts'
import {
  at,
  claims,
  html,
  issuer,
  json,
  known,
  metadata,
  mint,
  refused,
  relyingParty,
  secrets,
  thin,
  tokenBody,
  type Answers,
} from './support/provider.ts'

const { provider_metadata, jwks: known_jwks } = known()

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
