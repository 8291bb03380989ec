/** A login whose provider is down, or changes its keys. */
import { describe, expect, test } from 'vitest'
import { publicJwk } from './support/keys.ts'
import { advance, login, messages, play, settle, start, verdict } from './support/play.ts'
import {
  at,
  authorizationResponse,
  html,
  json,
  known,
  loginRequested,
  metadata,
  mint,
  relyingParty,
  tokenBody,
  type Answers,
} from './support/provider.ts'

const { provider_metadata, jwks: known_jwks } = known()

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
    const played = await login({ rp: known(0), answers: rotated })
    expect(verdict(played)).toBe('authenticated')
    expect(messages(played)).toEqual(['token', 'jwks'])
    expect(played.rp.jwks?.value.keys).toEqual([publicJwk('rsa_next')])
  })

  test('keys that change twice within a second: whoever signs in gets in (#128)', async () => {
    const once = await login({ rp: known(0), answers: rotated })
    const again = {
      jwks: json({ keys: [publicJwk('rsa')] }),
      token: json(tokenBody({ id_token: mint() })),
    }
    const twice = await login({ rp: once.rp, answers: again })
    expect([verdict(once), verdict(twice)]).toEqual(['authenticated', 'authenticated'])
    expect([...messages(once), ...messages(twice)]).toEqual(['token', 'jwks', 'token', 'jwks'])
  })

  test('oidcc-client-test-signing-key-rotation-just-before-signing: keys that were just fetched are asked for once (#128)', async () => {
    const played = await login({ rp: { provider_metadata }, answers: rotated })
    expect(verdict(played)).toBe('authenticated')
  })

  test.each([
    [undefined, ['token', 'jwks']],
    [29, ['token']],
    [30, ['token', 'jwks']],
  ])('an unknown kid, when one was asked for in vain %d s ago: %j (#129)', async (missed, asked) => {
    const played = await login({
      rp: known(0, missed),
      answers: { token: json(tokenBody({ id_token: mint({ header: { kid: 'storm' } }) })) },
    })
    expect(verdict(played)).toEqual({ code: 'id_token_key_not_found', detail: { kid: 'storm' } })
    expect(messages(played)).toEqual(asked)
  })

  test('a storm of unknown kids makes one request per cool-down (#129)', async () => {
    let rp = relyingParty(known(0))
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
