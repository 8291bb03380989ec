/** Refreshing: what is sent, what is accepted, and whom it must speak of. OpenID Connect Core 1.0, section 12; RFC 6749, section 6. */
import { compactVerify, importJWK, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  driveRefresh,
  type Crypto,
  type Failure,
  type HttpRequest,
  type HttpResponse,
  type Io,
  type JwkSet,
  type PrivateJwk,
} from '@relying-party/core'
import { encode, privateJwk, publicJwk } from './support/keys.ts'
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
  metadata,
  mint,
  provider,
  relyingParty,
  secrets,
  tokenBody,
  userinfo,
  type Answers,
  type Minting,
  type Overrides,
} from './support/provider.ts'

const session = {
  refresh_token: secrets.refresh_token,
  identity: { connection_id: 'connection-1', issuer, subject: 'user-1' },
  nonce: claims.nonce,
  jti: 'assertion-1',
}
/** Renewed tokens usually carry no nonce: that one belonged to the login. */
const renewed = ({ claims: changed, ...minting }: Minting = {}) =>
  mint({ claims: { nonce: undefined, ...changed }, ...minting })
const answer = (minting: Minting = {}) => json(tokenBody({ id_token: renewed(minting) }))
const withoutIdToken = (changed: object = {}) => json(tokenBody({ id_token: undefined, ...changed }))

interface Asked {
  readonly rp?: Overrides
  readonly answers?: Answers
  readonly auth_time?: unknown
  readonly now?: number
  readonly crypto?: Crypto
}

async function refresh({ rp = known(), answers = { token: answer() }, auth_time, now = at, crypto }: Asked = {}) {
  const respond = provider(answers)
  const sent: HttpRequest[] = []
  const remembered: object[] = []
  let promoted = 0
  const io: Io = {
    now: () => now,
    request: (request) => {
      sent.push(request)
      const event = respond(request, now)
      return Promise.resolve(
        'response' in event ? { response: event.response } : { failure: (event as { reason: 'timed_out' }).reason },
      )
    },
    remember: (what) => void remembered.push(what),
    promoteStagedSecret: () => void promoted++,
    ...(crypto && { crypto }),
  }
  const result = await driveRefresh(relyingParty(rp), { ...session, ...(auth_time !== undefined && { auth_time }) }, io)
  if ('failure' in result) {
    for (const secret of Object.values(secrets)) expect(JSON.stringify(result)).not.toContain(secret)
  }
  return { result, sent, messages: sent.map(({ message }) => message), remembered, promoted }
}
const verdict = ({ result }: Awaited<ReturnType<typeof refresh>>) =>
  'failure' in result ? result.failure : 'refreshed'
const refreshed = ({ result }: Awaited<ReturnType<typeof refresh>>) => {
  if ('failure' in result) throw new Error(result.failure.code)
  return result.refreshed
}

describe('the request', () => {
  const form = ({ body }: HttpRequest) => Object.fromEntries(new URLSearchParams(body))
  const basic = { authorization: `Basic ${btoa('client-1:canary-client-secret')}` }
  const grant = { grant_type: 'refresh_token', refresh_token: secrets.refresh_token }

  test.each<[string, Overrides['client'] & object, object, object]>([
    ['client_secret_basic', {}, basic, grant],
    [
      'client_secret_post',
      { token_endpoint_auth_method: 'client_secret_post' },
      {},
      { ...grant, client_id: 'client-1', client_secret: secrets.client_secret },
    ],
    ['none', { token_endpoint_auth_method: 'none' }, {}, { ...grant, client_id: 'client-1' }],
    ['none, for want of a secret', { client_secret: undefined }, {}, { ...grant, client_id: 'client-1' }],
  ])('%s', async (_method, client, headers, parameters) => {
    const { sent } = await refresh({ rp: { ...known(), client } })
    expect(sent).toHaveLength(1)
    const { body: _, ...rest } = sent[0]!
    expect(rest).toStrictEqual({
      message: 'token',
      method: 'POST',
      url: metadata.token_endpoint,
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
        ...headers,
      },
    })
    expect(form(sent[0]!)).toStrictEqual(parameters)
  })

  const key = { ...privateJwk('p256'), alg: 'ES256' } as unknown as PrivateJwk
  test.each<[string, Overrides['client'] & object, () => Promise<CryptoKey | Uint8Array>, string]>([
    ['client_secret_jwt', {}, async () => Buffer.from(secrets.client_secret), 'HS256'],
    [
      'private_key_jwt',
      { client_secret: undefined, client_key: key },
      () => importJWK(publicJwk('p256'), 'ES256') as Promise<CryptoKey>,
      'ES256',
    ],
  ])('%s: an assertion that is named by the jti of the caller', async (method, client, verification, alg) => {
    const asked = await refresh({
      rp: { ...known(), client: { ...client, token_endpoint_auth_method: method as never } },
    })
    expect(verdict(asked)).toBe('refreshed')
    const { client_assertion, ...parameters } = form(asked.sent[0]!)
    expect(parameters).toStrictEqual({
      ...grant,
      client_id: 'client-1',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    expect(asked.sent[0]!.headers).not.toHaveProperty('authorization')
    const options = { algorithms: [alg], currentDate: new Date(at * 1000) }
    const { payload } = await jwtVerify(client_assertion!, (await verification()) as CryptoKey, options)
    expect(payload).toStrictEqual({
      iss: 'client-1',
      sub: 'client-1',
      aud: metadata.token_endpoint,
      jti: 'assertion-1',
      iat: at,
      exp: at + 60,
    })
  })

  test('a method that needs what is not there: refused before anything is sent', async () => {
    for (const method of ['client_secret_post', 'client_secret_jwt', 'private_key_jwt'] as const) {
      const asked = await refresh({
        rp: { ...known(), client: { client_secret: undefined, token_endpoint_auth_method: method } },
      })
      expect(asked.result).toMatchObject({ failure: { code: 'client_secret_required' } })
      expect(asked.sent).toEqual([])
    }
  })

  test('the refresh token goes to the token endpoint and nowhere else', async () => {
    const { sent } = await refresh({ rp: {}, answers: { token: answer({ claims: { email: undefined } }) } })
    expect(sent.map(({ message }) => message)).toEqual(['provider_metadata', 'token', 'jwks', 'userinfo'])
    for (const request of sent.filter(({ message }) => message !== 'token')) {
      expect(JSON.stringify(request)).not.toContain(secrets.refresh_token)
      expect(JSON.stringify(request)).not.toContain(secrets.client_secret)
    }
  })
})

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
    expect(refreshed(asked)).toStrictEqual({ access_token: secrets.access_token, claims: userinfo, refreshed_at: at })
    expect(asked.messages).toEqual(['token', 'userinfo'])
    expect(asked.sent[1]!.headers.authorization).toBe(`Bearer ${secrets.access_token}`)
  })

  test('no id_token and UserInfo "never": tokens alone', async () => {
    const asked = await refresh({
      crypto,
      rp: { ...known(), client: { userinfo: 'never' } },
      answers: { token: withoutIdToken() },
    })
    expect(refreshed(asked)).toStrictEqual({ access_token: secrets.access_token, refreshed_at: at })
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
    ['a kid that nobody publishes', { header: { kid: 'unknown' } }, 'id_token_key_not_found'],
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
    ['tls_failed', 'request_tls_failed'],
    ['blocked', 'request_blocked'],
    ['too_large', 'response_too_large'],
  ] as const)('the token endpoint: %s', async (reason, code) => {
    const asked = await refresh({ answers: { token: reason } })
    expect(asked.result).toStrictEqual({ failure: { code, detail: { message: 'token' } }, ends_session: false })
    expect(asked.messages).toEqual(['token'])
  })

  test.each<[string, Answers, string, string[]]>([
    ['discovery times out', { provider_metadata: 'timed_out' }, 'discovery_unavailable', ['provider_metadata']],
    ['discovery answers 503', { provider_metadata: html(503) }, 'discovery_unavailable', ['provider_metadata']],
    [
      'the keys time out',
      { jwks: 'timed_out', token: answer() },
      'jwks_http_error',
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

  test('an unknown kid asks for the keys once, when the cool-down allows; what was learnt is remembered', async () => {
    const { provider_metadata } = known()
    const old = { value: { keys: [publicJwk('rsa_next')] } as unknown as JwkSet, fetched_at: at - 30 }
    const asked = await refresh({ rp: { provider_metadata, jwks: old } })
    expect([verdict(asked), asked.messages]).toEqual(['refreshed', ['token', 'jwks']])
    expect(asked.remembered).toStrictEqual([{ jwks: { value: jwks, fetched_at: at } }])
    const soon = await refresh({ rp: { provider_metadata, jwks: { ...old, fetched_at: at - 29 } } })
    expect(soon.messages).toEqual(['token'])
    expect(verdict(soon)).toMatchObject({ code: 'id_token_key_not_found' })
  })

  test('what is not a broken rule is thrown', async () => {
    const io: Io = { now: () => at, request: () => Promise.reject(new TypeError('a mistake of ours')) }
    await expect(driveRefresh(relyingParty(known()), session, io)).rejects.toThrow('a mistake of ours')
  })
})
