/** Refreshing: what is accepted, and whom it must speak of. OpenID Connect Core 1.0, section 12.2. */
import { compactVerify, decodeJwt, importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { driveRefresh, type Failure, type HttpResponse, type Io, type JwkSet } from '@relying-party/core'
import { encode, publicJwk } from './support/keys.ts'
import { cryptos } from './support/play.ts'
import {
  at,
  claims,
  halfHash,
  html,
  issuer,
  json,
  jwks,
  known,
  mint,
  relyingParty,
  secrets,
  tokenBody,
  userinfo,
  type Answers,
  type Minting,
  type Overrides,
} from './support/provider.ts'
import { answer, type Asked, refresh, refreshed, renewed, session, verdict, withoutIdToken } from './support/refresh.ts'

describe.each(cryptos)('what is accepted (%s)', (_name, crypto) => {
  const full = json(tokenBody({ id_token: renewed(), refresh_token: 'the next one' }))
  test('new tokens, the next refresh token, and the claims of the renewed ID Token', async () => {
    const asked = await refresh({ crypto, answers: { token: full } })
    const { nonce: _, ...whole } = claims
    expect(refreshed(asked)).toStrictEqual({
      access_token: secrets.access_token,
      refresh_token: 'the next one',
      id_token: renewed(),
      claims: whole,
      access: { email: 'ada@acme.example', email_verified: true, role: 'read', matched_rule: null },
      refreshed_at: at,
    })
    expect([asked.messages, asked.promoted, asked.remembered]).toEqual([['token'], 0, []])
  })

  test('no next refresh token: the old one stays, which is for the caller to keep', async () => {
    expect(refreshed(await refresh({ crypto }))).not.toHaveProperty('refresh_token')
  })

  test.each<[string, Asked]>([
    [
      '12.2: the same auth_time',
      { auth_time: at - 500, answers: { token: answer({ claims: { auth_time: at - 500 } }) } },
    ],
    ['12.2: no auth_time in the renewed token', { auth_time: at - 500 }],
    ['12.2: no auth_time in the original token', { answers: { token: answer({ claims: { auth_time: at } }) } }],
    [
      '12.2: a nonce, where the provider repeats it',
      { answers: { token: answer({ claims: { nonce: claims.nonce } }) } },
    ],
    ['12.2: aud is a list of this client', { answers: { token: answer({ claims: { aud: ['client-1'] } }) } }],
    ['12.2: azp is this client', { answers: { token: answer({ claims: { azp: 'client-1' } }) } }],
    [
      '3.1.3.8: at_hash of the new access token',
      { answers: { token: answer({ claims: { at_hash: halfHash('sha256', secrets.access_token) } }) } },
    ],
    [
      '3.1.3.3: a c_hash is not looked at, for there was no code',
      { answers: { token: answer({ claims: { c_hash: 'x' } }) } },
    ],
    ['signed with ES256', { answers: { token: answer({ alg: 'ES256' }) } }],
    ['signed with EdDSA', { answers: { token: answer({ alg: 'EdDSA' }) } }],
    [
      'RFC 6749, 7.1: token_type in any case',
      { answers: { token: json(tokenBody({ id_token: renewed(), token_type: 'bEaReR' })) } },
    ],
  ])('%s', async (_rule, asked) => {
    const played = await refresh({ crypto, ...asked })
    expect([verdict(played), played.messages]).toEqual(['refreshed', ['token']])
  })

  test('12.2: "the refresh response might not contain an id_token": UserInfo says who it is today', async () => {
    const asked = await refresh({ crypto, answers: { token: withoutIdToken() } })
    const { sub: _, ...said } = userinfo
    expect(refreshed(asked)).toMatchObject({ access_token: secrets.access_token, claims: said })
    expect(refreshed(asked)).not.toHaveProperty('id_token')
    expect(asked.messages).toEqual(['token', 'userinfo'])
    expect(asked.sent[1]!.headers.authorization).toBe(`Bearer ${secrets.access_token}`)
  })

  test('no id_token and UserInfo "never": tokens alone, and the person is who they were', async () => {
    const asked = await refresh({
      crypto,
      rp: { ...known(), client: { userinfo: 'never' } },
      answers: { token: withoutIdToken() },
    })
    expect(refreshed(asked)).toMatchObject({ access_token: secrets.access_token, claims: session.claims })
    expect(asked.messages).toEqual(['token'])
  })

  test('a thin ID Token is filled up from UserInfo; what is signed goes first', async () => {
    const thin = renewed({ claims: { email: undefined, name: 'Signed' } })
    const asked = await refresh({
      crypto,
      answers: {
        token: json(tokenBody({ id_token: thin })),
        userinfo: json({ ...userinfo, iss: 'https://evil.example', name: 'Unsigned' }),
      },
    })
    expect(refreshed(asked).claims).toMatchObject({
      iss: issuer,
      sub: 'user-1',
      name: 'Signed',
      email: 'ada@acme.example',
      groups: ['Engineering'],
    })
    expect(asked.messages).toEqual(['token', 'userinfo'])
  })

  test('the claims are those of the token that was verified', async () => {
    const asked = await refresh({ crypto })
    const { payload } = await compactVerify(
      refreshed(asked).id_token!,
      (await importJWK(publicJwk('rsa'), 'RS256')) as CryptoKey,
    )
    expect(refreshed(asked).claims).toEqual(JSON.parse(new TextDecoder().decode(payload)))
  })

  const hs256 = { id_token_signed_response_alg: 'HS256' } as const
  const mac = (secret: string) => answer({ alg: 'HS256', key: Buffer.from(secret) })
  test.each<[string, HttpResponse, Overrides['client'] & object, string]>([
    ['HS256 where the connection names it', mac(secrets.client_secret), hs256, 'refreshed'],
    [
      'HS256 with the staged secret, which was not used',
      mac(secrets.staged_client_secret),
      { ...hs256, staged_client_secret: secrets.staged_client_secret },
      'id_token_signature_invalid',
    ],
    ['HS256 where the connection does not name it', mac(secrets.client_secret), {}, 'id_token_alg_not_allowed'],
    ['RS256 where the connection names HS256', answer(), hs256, 'id_token_alg_not_allowed'],
    [
      'HS256 for a client without secret',
      mac(secrets.client_secret),
      { ...hs256, client_secret: undefined },
      'client_secret_required',
    ],
  ])('%s', async (_rule, token, client, code) => {
    const asked = await refresh({
      crypto,
      rp: { provider_metadata: known().provider_metadata, client },
      answers: { token },
    })
    expect(asked.result).toMatchObject(code === 'refreshed' ? { refreshed: {} } : { failure: { code } })
    expect(asked.messages).toEqual(['token'])
  })
})

describe('the staged secret', () => {
  const staged = { client: { staged_client_secret: secrets.staged_client_secret } }
  const no = json({ error: 'invalid_client' }, { status: 401 })
  const basic = (secret: string) => `Basic ${Buffer.from(`client-1:${secret}`).toString('base64')}`

  test('is tried where the provider takes the current one no more; what it is worth is for a login to prove', async () => {
    const asked = await refresh({ rp: { ...known(), ...staged }, answers: { token: [no, answer()] } })
    expect([verdict(asked), asked.messages, asked.promoted]).toEqual(['refreshed', ['token', 'token'], 0])
    expect(asked.sent.map(({ headers }) => headers.authorization)).toEqual(
      [secrets.client_secret, secrets.staged_client_secret].map(basic),
    )
  })

  test('verifies an ID Token that is keyed with it', async () => {
    const client = { ...staged.client, id_token_signed_response_alg: 'HS256' } as const
    const keyed = answer({ alg: 'HS256', key: Buffer.from(secrets.staged_client_secret) })
    const asked = await refresh({ rp: { ...known(), client }, answers: { token: [no, keyed] } })
    expect(verdict(asked)).toBe('refreshed')
  })

  test('makes an assertion of its own', async () => {
    const client = { ...staged.client, token_endpoint_auth_method: 'client_secret_jwt' } as const
    const asked = await refresh({ rp: { ...known(), client }, answers: { token: [no, answer()] } })
    const jti = ({ body }: (typeof asked.sent)[number]) =>
      (decodeJwt(new URLSearchParams(body).get('client_assertion')!) as { jti: string }).jti
    expect(asked.sent.map(jti)).toEqual(['assertion-1', 'assertion-1.staged'])
  })

  test.each<[string, Overrides['client'] & object, HttpResponse, number]>([
    ['refused as well', {}, no, 2],
    ['another refusal than invalid_client', {}, json({ error: 'invalid_grant' }, { status: 400 }), 1],
    ['none is there', { staged_client_secret: undefined }, no, 1],
  ])('%s', async (_what, client, token, count) => {
    const asked = await refresh({
      rp: { ...known(), client: { ...staged.client, ...client } },
      answers: { token: [token, token] },
    })
    expect([asked.messages.length, 'failure' in asked.result]).toEqual([count, true])
  })
})

describe.each(cryptos)('whom it must speak of, rule by rule (%s)', (_name, crypto) => {
  const stripped = renewed().replace(/[^.]*$/, '')
  const altered = renewed().replace(/\.[^.]+\./, `.${encode({ ...claims, email: 'eve@acme.example' })}.`)
  test.each<[rule: string, minting: Minting | string, code: string]>([
    ['12.2: sub of another', { claims: { sub: 'user-2' } }, 'id_token_sub_mismatch'],
    ['12.2: sub in other case', { claims: { sub: 'User-1' } }, 'id_token_sub_mismatch'],
    ['12.2: sub with a space', { claims: { sub: 'user-1 ' } }, 'id_token_sub_mismatch'],
    ['12.2: no sub', { claims: { sub: undefined } }, 'id_token_claim_missing'],
    ['12.2: iss of another', { claims: { iss: 'https://evil.example' } }, 'id_token_iss_mismatch'],
    ['12.2: iss with a slash', { claims: { iss: `${issuer}/` } }, 'id_token_iss_mismatch'],
    ['12.2: aud of another', { claims: { aud: 'client-2' } }, 'id_token_aud_mismatch'],
    ['12.2: aud is empty', { claims: { aud: [] } }, 'id_token_aud_mismatch'],
    ['12.2: azp of another', { claims: { azp: 'client-2' } }, 'id_token_azp_mismatch'],
    ['12.2: a nonce that is not that of the login (#58)', { claims: { nonce: 'other' } }, 'id_token_nonce_mismatch'],
    ['12.2: the nonce of the login in a list (#58)', { claims: { nonce: [claims.nonce] } }, 'id_token_nonce_mismatch'],
    ['12.2: auth_time of another authentication', { claims: { auth_time: at - 499 } }, 'id_token_auth_time_mismatch'],
    ['12.2: auth_time of now', { claims: { auth_time: at } }, 'id_token_auth_time_mismatch'],
    ['12.2: iat is not that of the new token', { claims: { iat: at - 4000 } }, 'id_token_iat_unreasonable'],
    ['3.1.3.7, 9: exp is past', { claims: { exp: at - 31 } }, 'id_token_expired'],
    ['3.1.3.7: exp is missing', { claims: { exp: undefined } }, 'id_token_claim_missing'],
    [
      '3.1.3.7: a claim that JSON cannot keep',
      { payload: JSON.stringify({ ...claims, toe: 0 }).replace('"toe":0', '"toe":1e999') },
      'id_token_malformed',
    ],
    [
      '3.1.3.8: at_hash of another access token',
      { claims: { at_hash: halfHash('sha256', 'another') } },
      'id_token_at_hash_mismatch',
    ],
    [
      '3.1.3.7, 6: a signature of somebody else',
      { key: 'rsa_next', header: { kid: publicJwk('rsa').kid } },
      'id_token_signature_invalid',
    ],
    ['3.1.3.7, 6: no signature', stripped, 'id_token_signature_invalid'],
    ['3.1.3.7, 6: a claim altered', altered, 'id_token_signature_invalid'],
    ['3.1.3.7, 7: alg none', { alg: 'none' }, 'id_token_alg_not_allowed'],
    ['3.1.3.7, 7: an alg that is not announced', { alg: 'RS512' }, 'id_token_alg_not_allowed'],
    [
      '3.1.3.7, 8: HS256 with the client secret',
      { alg: 'HS256', key: Buffer.from(secrets.client_secret) },
      'id_token_alg_not_allowed',
    ],
    ['RFC 7515, 4.1.11: crit', { header: { crit: ['exp'] } }, 'id_token_crit_unsupported'],
    ['encrypted', 'a.b.c.d.e', 'id_token_encrypted'],
    ['no JWT', 'nonsense', 'id_token_malformed'],
  ])('%s', async (_rule, minting, code) => {
    const id_token =
      typeof minting === 'string' ? minting : minting.payload === undefined ? renewed(minting) : mint(minting)
    const asked = await refresh({ crypto, auth_time: at - 500, answers: { token: json(tokenBody({ id_token })) } })
    expect(asked.result).toMatchObject({ failure: { code }, ends_session: true })
    expect(asked.messages).toEqual(['token'])
  })

  test('acr_values: the renewed token must satisfy them too', async () => {
    const rp = { ...known(), client: { acr_values: 'phr phrh' } }
    expect(verdict(await refresh({ crypto, rp, answers: { token: answer({ claims: { acr: 'phrh' } }) } }))).toBe(
      'refreshed',
    )
    expect(verdict(await refresh({ crypto, rp }))).toMatchObject({ code: 'id_token_acr_not_satisfied' })
  })

  test.each<[string, HttpResponse | 'timed_out', object, ends_session: boolean]>([
    ['5.3.2: UserInfo of another', json({ ...userinfo, sub: 'user-2' }), { code: 'userinfo_sub_mismatch' }, true],
    ['5.3.2: UserInfo without sub', json({ email: 'x@acme.example' }), { code: 'userinfo_response_malformed' }, false],
    ['UserInfo answers 401', json({}, { status: 401 }), { code: 'userinfo_http_error' }, false],
    ['UserInfo times out', 'timed_out', { code: 'request_timed_out', detail: { message: 'userinfo' } }, false],
  ])('%s: no refresh, with and without ID Token', async (_rule, answered, failure, ends_session) => {
    for (const token of [withoutIdToken(), answer({ claims: { email: undefined } })]) {
      const { result } = await refresh({ crypto, answers: { token, userinfo: answered } })
      expect(result).toMatchObject({ failure, ends_session })
    }
  })
})

describe('what goes wrong', () => {
  const error = (code: string, status = 400) => json({ error: code, error_description: 'because' }, { status })
  /** Nothing else that may happen at the token endpoint signs anybody out. */
  const over = new Set<string>(['token_invalid_grant', 'id_token_missing', 'id_token_malformed'])
  const said = (code: string, status = 400) => ({ status, error: code, error_description: 'because' })
  test.each<[string, HttpResponse, object]>([
    [
      'RFC 6749, 5.2: invalid_grant',
      error('invalid_grant'),
      { code: 'token_invalid_grant', detail: said('invalid_grant') },
    ],
    ['invalid_grant with status 200', error('invalid_grant', 200), { code: 'token_invalid_grant' }],
    [
      'invalid_client',
      error('invalid_client', 401),
      { code: 'token_invalid_client', detail: said('invalid_client', 401) },
    ],
    ['unauthorized_client', error('unauthorized_client'), { code: 'token_error_response' }],
    ['invalid_scope', error('invalid_scope'), { code: 'token_error_response' }],
    ['temporarily_unavailable', error('temporarily_unavailable'), { code: 'provider_unavailable' }],
    ['500', html(500), { code: 'token_http_error', detail: { status: 500 } }],
    ['500 that says invalid_grant', error('invalid_grant', 500), { code: 'token_http_error' }],
    ['429', error('slow_down', 429), { code: 'token_rate_limited' }],
    ['302', json({}, { status: 302, headers: { location: 'https://evil.example' } }), { code: 'token_redirected' }],
    ['204', json({}, { status: 204 }), { code: 'token_http_error' }],
    ['a page', html(), { code: 'token_response_malformed' }],
    ['a list', json([]), { code: 'token_response_malformed' }],
    [
      'no access token',
      json(tokenBody({ access_token: undefined, id_token: renewed() })),
      { code: 'token_response_malformed' },
    ],
    [
      'an access token that breaks a header',
      json(tokenBody({ access_token: 'a\r\nb', id_token: renewed() })),
      { code: 'token_response_malformed' },
    ],
    [
      'token_type DPoP',
      json(tokenBody({ token_type: 'DPoP', id_token: renewed() })),
      { code: 'token_type_unsupported' },
    ],
    [
      'no token_type',
      json(tokenBody({ token_type: undefined, id_token: renewed() })),
      { code: 'token_response_malformed' },
    ],
    ['an id_token that is null', json(tokenBody({ id_token: null })), { code: 'id_token_missing' }],
    ['an id_token that is a number', json(tokenBody({ id_token: 1 })), { code: 'id_token_missing' }],
    ['an endless id_token', json(tokenBody({ id_token: 'x'.repeat(65_537) })), { code: 'id_token_malformed' }],
    [
      'a refresh_token that is a number',
      json(tokenBody({ id_token: renewed(), refresh_token: 1 })),
      { code: 'token_response_malformed' },
    ],
  ])('%s', async (_what, token, failure) => {
    const asked = await refresh({ answers: { token } })
    expect(asked.result).toMatchObject({ failure, ends_session: over.has((failure as Failure).code) })
    expect(asked.messages).toEqual(['token'])
  })

  test.each([
    ['timed_out', 'request_timed_out'],
    ['unreachable', 'request_failed'],
    ['cut_off', 'request_cut_off'],
    ['tls_failed', 'request_tls_failed'],
    ['no_tls', 'request_no_tls'],
    ['blocked', 'request_blocked'],
    ['too_large', 'response_too_large'],
  ] as const)('the token endpoint: %s', async (reason, code) => {
    const asked = await refresh({ answers: { token: reason } })
    expect(asked.result).toStrictEqual({ failure: { code, detail: { message: 'token' } }, ends_session: false })
    expect(asked.messages).toEqual(['token'])
  })

  test.each<[string, Answers, string, string[]]>([
    ['discovery times out', { provider_metadata: 'timed_out' }, 'request_timed_out', ['provider_metadata']],
    ['discovery is a page', { provider_metadata: html() }, 'discovery_response_not_json', ['provider_metadata']],
    ['discovery answers 503', { provider_metadata: html(503) }, 'discovery_unavailable', ['provider_metadata']],
    [
      'the keys time out',
      { jwks: 'timed_out', token: answer() },
      'request_timed_out',
      ['provider_metadata', 'token', 'jwks'],
    ],
    [
      'the keys are a page',
      { jwks: html(), token: answer() },
      'jwks_response_malformed',
      ['provider_metadata', 'token', 'jwks'],
    ],
  ])('%s', async (_what, answers, code, messages) => {
    const asked = await refresh({ rp: {}, answers })
    expect(asked.result).toMatchObject({ failure: { code }, ends_session: false })
    expect(asked.messages).toEqual(messages)
  })

  const rotated = (changed: object) => json(tokenBody({ refresh_token: 'the next one', ...changed }))
  test.each<[string, Overrides, Answers]>([
    ['UserInfo times out', known(), { token: rotated({ id_token: undefined }), userinfo: 'timed_out' }],
    [
      'UserInfo answers 503, after a thin ID Token',
      known(),
      { token: rotated({ id_token: renewed({ claims: { email: undefined } }) }), userinfo: html(503) },
    ],
    ['the keys time out', {}, { token: rotated({ id_token: renewed() }), jwks: 'timed_out' }],
    ['a kid that nobody publishes', known(), { token: rotated({ id_token: renewed({ header: { kid: 'unknown' } }) }) }],
    [
      'several keys that fit',
      { provider_metadata: known().provider_metadata },
      {
        token: rotated({ id_token: renewed({ header: { kid: undefined } }) }),
        jwks: json({ keys: [publicJwk('rsa'), publicJwk('rsa_next')] }),
      },
    ],
  ])('%s: the refresh token that the provider has issued meanwhile is handed on', async (_what, rp, answers) => {
    expect((await refresh({ rp, answers })).result).toMatchObject({
      ends_session: false,
      refresh_token: 'the next one',
    })
  })

  test.each<[string, Answers]>([
    ['no other was issued', { token: withoutIdToken(), userinfo: 'timed_out' }],
    ['the session is over', { token: rotated({ id_token: renewed({ claims: { sub: 'user-2' } }) }) }],
    ['the token response is refused', { token: rotated({ access_token: undefined }) }],
  ])('%s: there is none to hand on', async (_what, answers) => {
    expect((await refresh({ answers })).result).not.toHaveProperty('refresh_token')
  })

  test('an unknown kid asks for the keys once, when the cool-down allows; what was learnt is remembered', async () => {
    const { provider_metadata } = known()
    const old = { value: { keys: [publicJwk('rsa_next')] } as unknown as JwkSet, fetched_at: at }
    const asked = await refresh({ rp: { provider_metadata, jwks: old } })
    expect([verdict(asked), asked.messages]).toEqual(['refreshed', ['token', 'jwks']])
    expect(asked.remembered).toStrictEqual([{ jwks: { value: jwks, fetched_at: at } }])
    const soon = await refresh({ rp: { provider_metadata, jwks: { ...old, missed_at: at - 29 } } })
    expect(soon.messages).toEqual(['token'])
    // The key may be one that was published within the last seconds: nobody is signed out for that.
    expect(soon.result).toMatchObject({ failure: { code: 'id_token_key_not_found' }, ends_session: false })
  })

  test('what is not a broken rule is thrown', async () => {
    const io: Io = { now: () => at, request: () => Promise.reject(new TypeError('a mistake of ours')) }
    await expect(driveRefresh(relyingParty(known()), session, io)).rejects.toThrow('a mistake of ours')
  })
})
