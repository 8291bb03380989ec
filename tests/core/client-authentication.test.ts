/** How the client proves to be itself, and ID Tokens that are authenticated with what it proves it with. OpenID Connect Core 1.0, sections 9 and 3.1.3.7. */
import { CompactSign, importJWK, jwtVerify, type JWTPayload } from 'jose'
import { describe, expect, test } from 'vitest'
import type { ClientSettings, HttpRequest, PrivateJwk } from '@relying-party/core'
import { privateJwk, publicJwk, type KeyName } from './support/keys.ts'
import { cryptos, login, redirects, requests, verdict, type Login } from './support/play.ts'
import {
  at,
  claims,
  json,
  known,
  metadata,
  mint,
  refused,
  secrets,
  tokenBody,
  withoutUndefined,
} from './support/provider.ts'

type Client = { readonly [M in keyof ClientSettings]?: ClientSettings[M] | undefined }

const staged_client_secret = secrets.staged_client_secret
const client_key = (alg: string, name: KeyName = 'rsa') => ({ ...privateJwk(name), alg }) as unknown as PrivateJwk
const keyOf = (alg: string): KeyName =>
  (({ ES256: 'p256', ES384: 'p384', ES512: 'p521', EdDSA: 'ed25519', Ed25519: 'ed25519' }) as const)[alg as 'ES256'] ??
  'rsa'

const tokenRequests = (played: Parameters<typeof requests>[0]) =>
  requests(played).filter(({ message }) => message === 'token')
const form = ({ body }: HttpRequest) => Object.fromEntries(new URLSearchParams(body))
const bytes = (secret: string) => new TextEncoder().encode(secret)

/** The assertion of a token request, verified by jose at the instant of the login. */
async function assertion(
  request: HttpRequest,
  key: CryptoKey | Uint8Array,
  alg: string,
  now = at,
): Promise<JWTPayload> {
  const options = { algorithms: [alg], currentDate: new Date(now * 1000), audience: metadata.token_endpoint }
  return (await jwtVerify(form(request).client_assertion!, key as CryptoKey, options)).payload
}

describe.each(cryptos)('%s', (_name, crypto) => {
  const play = (client: Client, asked: Login = {}) => login({ ...asked, rp: { ...asked.rp, client } }, crypto)

  describe('client_secret_jwt', () => {
    const client = { token_endpoint_auth_method: 'client_secret_jwt' } as const

    test('an assertion instead of the secret: iss = sub = client_id, aud = token endpoint, good for a minute (#38, #159)', async () => {
      const played = await play(client)
      expect(verdict(played)).toBe('authenticated')
      const [request, ...more] = tokenRequests(played)
      expect(more).toEqual([])
      const { client_assertion, ...parameters } = form(request!)
      expect(parameters).toMatchObject({
        grant_type: 'authorization_code',
        client_id: 'client-1',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      })
      expect(request!.headers).not.toHaveProperty('authorization')
      const payload = await assertion(request!, bytes(secrets.client_secret), 'HS256')
      const jti = expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string
      expect(payload).toStrictEqual({
        iss: 'client-1',
        sub: 'client-1',
        aud: metadata.token_endpoint,
        jti,
        iat: at,
        exp: at + 60,
      })
      expect(client_assertion!.split('.')[0]).toBe(Buffer.from('{"alg":"HS256"}').toString('base64url'))
    })

    test('the secret itself is in nothing that is sent', async () => {
      for (const request of requests(await play(client))) {
        expect(JSON.stringify(request)).not.toContain(secrets.client_secret)
      }
    })

    test('a fraction of a second is no part of the assertion', async () => {
      const played = await play(client, { now: at + 0.75 })
      expect(await assertion(tokenRequests(played)[0]!, bytes(secrets.client_secret), 'HS256')).toMatchObject({
        iat: at,
        exp: at + 60,
      })
    })

    test('the assertion is made at the token request, not when the login began', async () => {
      const played = await play(client, {
        now: at + 300,
        answers: { token: json(tokenBody({ id_token: mint({ claims: { iat: at + 300 } }) })) },
      })
      expect(await assertion(tokenRequests(played)[0]!, bytes(secrets.client_secret), 'HS256', at + 300)).toMatchObject(
        { iat: at + 300, exp: at + 360 },
      )
      expect(verdict(played)).toBe('authenticated')
    })

    test('the assertion expires: jose refuses it a minute later', async () => {
      const [request] = tokenRequests(await play(client))
      await expect(assertion(request!, bytes(secrets.client_secret), 'HS256', at + 60)).rejects.toThrow('"exp"')
    })

    test('the jti tells nothing of the verifier, and is another one for another flow (#159)', async () => {
      const jtiOf = async (code_verifier: string) => {
        const random = { state: 'state-of-this-flow', nonce: secrets.nonce, code_verifier }
        const [request] = tokenRequests(await play(client, { requested: { random } }))
        return (await assertion(request!, bytes(secrets.client_secret), 'HS256')).jti!
      }
      const [first, again, other] = [
        await jtiOf('a'.repeat(43)),
        await jtiOf('a'.repeat(43)),
        await jtiOf('b'.repeat(43)),
      ]
      expect(again).toBe(first)
      expect(other).not.toBe(first)
      const played = await play(client)
      const challenge = redirects(played)[0]!.searchParams.get('code_challenge')
      const { jti } = await assertion(tokenRequests(played)[0]!, bytes(secrets.client_secret), 'HS256')
      expect([challenge, secrets.code_verifier]).not.toContain(jti)
    })

    test('the staged secret signs an assertion of its own, with a jti of its own (#159)', async () => {
      const played = await play(
        { ...client, staged_client_secret },
        { answers: { token: [refused, json(tokenBody())] } },
      )
      expect(verdict(played)).toBe('authenticated')
      const [first, second, ...more] = tokenRequests(played)
      expect(more).toEqual([])
      const current = await assertion(first!, bytes(secrets.client_secret), 'HS256')
      const staged = await assertion(second!, bytes(staged_client_secret), 'HS256')
      await expect(assertion(second!, bytes(secrets.client_secret), 'HS256')).rejects.toThrow('signature')
      expect(staged.jti).not.toBe(current.jti)
      expect({ ...staged, jti: current.jti }).toStrictEqual(current)
      expect(played.effects.filter(({ type }) => type === 'promote_staged_secret')).toHaveLength(1)
    })

    test('without a secret: refused before the code is sent', async () => {
      const played = await play({ ...client, client_secret: undefined })
      expect(verdict(played)).toMatchObject({ code: 'client_secret_required' })
      expect(tokenRequests(played)).toEqual([])
    })
  })

  describe('private_key_jwt', () => {
    const client = { token_endpoint_auth_method: 'private_key_jwt', client_secret: undefined } as const

    test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
      '%s',
      async (alg) => {
        const played = await play({ ...client, client_key: client_key(alg, keyOf(alg)) })
        expect(verdict(played)).toBe('authenticated')
        const [request] = tokenRequests(played)
        const key = (await importJWK(publicJwk(keyOf(alg)), alg)) as CryptoKey
        const { jti, ...payload } = await assertion(request!, key, alg)
        expect(jti).toMatch(/^[A-Za-z0-9_-]{43}$/)
        expect(payload).toStrictEqual({
          iss: 'client-1',
          sub: 'client-1',
          aud: metadata.token_endpoint,
          iat: at,
          exp: at + 60,
        })
        const header = JSON.parse(
          Buffer.from(form(request!).client_assertion!.split('.')[0]!, 'base64url').toString(),
        ) as object
        expect(header).toStrictEqual({ alg, kid: publicJwk(keyOf(alg)).kid })
      },
    )

    test('no part of the private key, and no secret that lies about, is in anything that is sent', async () => {
      const key = client_key('ES256', 'p256')
      const played = await play({ ...client, client_key: key, client_secret: secrets.client_secret })
      expect(verdict(played)).toBe('authenticated')
      for (const request of requests(played)) {
        for (const secret of [key.d, secrets.client_secret]) expect(JSON.stringify(request)).not.toContain(secret)
      }
    })

    test.each<[string, Client]>([
      ['private_key_jwt', { client_key: client_key('ES256', 'p256') }],
      ['none', { token_endpoint_auth_method: 'none' }],
    ])(
      '%s: a staged secret is no reason to ask again, for it would prove nothing about the secret',
      async (_method, changed) => {
        const played = await play(
          { ...client, ...changed, staged_client_secret },
          { answers: { token: [refused, json(tokenBody())] } },
        )
        expect(verdict(played)).toMatchObject({ code: 'token_invalid_client' })
        expect(tokenRequests(played)).toHaveLength(1)
        expect(played.effects.filter(({ type }) => type === 'promote_staged_secret')).toEqual([])
      },
    )

    test.each<[string, Client]>([
      ['without a key', {}],
      ['with a key whose alg nobody knows', { client_key: client_key('RS1') }],
      ['with a key whose alg is symmetric', { client_key: client_key('HS256') }],
      ['with a key whose alg is none', { client_key: client_key('none') }],
      ['with a secret but without a key', { client_secret: secrets.client_secret }],
    ])('%s: refused before the code is sent', async (_what, changed) => {
      const played = await play({ ...client, ...changed })
      expect(verdict(played)).toMatchObject({ code: 'client_secret_required' })
      expect(tokenRequests(played)).toEqual([])
    })
  })

  test('section 9: an assertion is made by explicit choice only, whatever the provider announces', async () => {
    const announced = json({
      ...metadata,
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_jwt', 'client_secret_post'],
    })
    const played = await play({ client_key: client_key('RS256') }, { answers: { provider_metadata: announced } })
    expect(form(tokenRequests(played)[0]!)).toMatchObject({ client_secret: secrets.client_secret })
    expect(form(tokenRequests(played)[0]!)).not.toHaveProperty('client_assertion')
  })

  describe('3.1.3.7, 8: ID Tokens that are authenticated with the client secret', () => {
    const wanted = (alg?: string) => ({ id_token_signed_response_alg: alg as never })
    const mac = async (alg: string, secret: string, changed: object = {}) => {
      const text = bytes(JSON.stringify(withoutUndefined({ ...claims, ...changed })))
      return json(tokenBody({ id_token: await new CompactSign(text).setProtectedHeader({ alg }).sign(bytes(secret)) }))
    }
    /** HS384 and HS512 want longer keys than the canary is. */
    const long = 'canary-client-secret'.repeat(4)

    test.each(['HS256', 'HS384', 'HS512'])(
      '%s, where the connection names it: accepted, and no keys are asked for',
      async (alg) => {
        const played = await play({ ...wanted(alg), client_secret: long }, { answers: { token: await mac(alg, long) } })
        expect(verdict(played)).toBe('authenticated')
        expect(requests(played).map(({ message }) => message)).toEqual(['provider_metadata', 'token'])
      },
    )

    test('a provider that announces nothing else will do then', async () => {
      const only = json({ ...metadata, id_token_signing_alg_values_supported: ['HS256'] })
      const answers = { provider_metadata: only, token: await mac('HS256', secrets.client_secret) }
      expect(verdict(await play(wanted('HS256'), { answers }))).toBe('authenticated')
    })

    const publicKey = JSON.stringify(publicJwk('rsa'))
    const empty = async () => {
      const { body, ...rest } = await mac('HS256', secrets.client_secret)
      const whole = JSON.parse(body) as { id_token: string }
      return { ...rest, body: JSON.stringify({ ...whole, id_token: whole.id_token.replace(/[^.]*$/, '') }) }
    }
    test.each<[string, Client, () => Promise<ReturnType<typeof json>>, string]>([
      [
        'HS256, but the connection names nothing',
        {},
        () => mac('HS256', secrets.client_secret),
        'id_token_alg_not_allowed',
      ],
      [
        'HS256, but the connection names RS256',
        wanted('RS256'),
        () => mac('HS256', secrets.client_secret),
        'id_token_alg_not_allowed',
      ],
      [
        'HS256, but the connection names HS512',
        wanted('HS512'),
        () => mac('HS256', secrets.client_secret),
        'id_token_alg_not_allowed',
      ],
      [
        'RS256, but the connection names HS256',
        wanted('HS256'),
        async () => json(tokenBody()),
        'id_token_alg_not_allowed',
      ],
      [
        'none, but the connection names HS256',
        wanted('HS256'),
        async () => json(tokenBody({ id_token: mint({ alg: 'none' }) })),
        'id_token_alg_not_allowed',
      ],
      [
        'none, and the connection names none',
        wanted('none'),
        async () => json(tokenBody({ id_token: mint({ alg: 'none' }) })),
        'id_token_alg_not_allowed',
      ],
      [
        'HS256 with another secret',
        wanted('HS256'),
        () => mac('HS256', 'another secret that is long enough'),
        'id_token_signature_invalid',
      ],
      [
        'HS256 with the public key as the secret',
        wanted('HS256'),
        () => mac('HS256', publicKey),
        'id_token_signature_invalid',
      ],
      [
        'HS256 with the client id as the secret',
        wanted('HS256'),
        () => mac('HS256', 'client-1'),
        'id_token_signature_invalid',
      ],
      ['HS256 without signature', wanted('HS256'), empty, 'id_token_signature_invalid'],
      [
        'HS256 for a client without a secret',
        { ...wanted('HS256'), client_secret: undefined },
        () => mac('HS256', secrets.client_secret),
        'client_secret_required',
      ],
      [
        'HS256, authentic, but its nonce is another',
        wanted('HS256'),
        () => mac('HS256', secrets.client_secret, { nonce: 'another' }),
        'id_token_nonce_mismatch',
      ],
      [
        'HS256, authentic, but its aud is another',
        wanted('HS256'),
        () => mac('HS256', secrets.client_secret, { aud: 'client-2' }),
        'id_token_aud_mismatch',
      ],
      [
        'HS256, authentic, but its at_hash is another',
        wanted('HS256'),
        () => mac('HS256', secrets.client_secret, { at_hash: 'another' }),
        'id_token_at_hash_mismatch',
      ],
    ])('%s', async (_what, client, token, code) => {
      const played = await play(client, { answers: { token: await token() } })
      expect(verdict(played)).toMatchObject({ code })
      expect(requests(played).map(({ message }) => message)).not.toContain('userinfo')
    })

    test.each<[string, boolean, string, string]>([
      ['the current one is in use and authenticates', false, secrets.client_secret, 'authenticated'],
      [
        'the current one is in use, the staged one authenticates',
        false,
        staged_client_secret,
        'id_token_signature_invalid',
      ],
      ['the staged one is in use and authenticates', true, staged_client_secret, 'authenticated'],
      [
        'the staged one is in use, the current one authenticates',
        true,
        secrets.client_secret,
        'id_token_signature_invalid',
      ],
    ])('of two secrets, %s', async (_what, isStaged, secret, expected) => {
      const accepted = await mac('HS256', secret)
      const token = isStaged ? [refused, accepted] : accepted
      const played = await play({ ...wanted('HS256'), staged_client_secret }, { answers: { token }, rp: known() })
      const reached = verdict(played)
      expect(reached === 'authenticated' ? reached : reached.code).toBe(expected)
      // The provider took the secret, whatever its token is worth.
      expect(played.effects.filter(({ type }) => type === 'promote_staged_secret')).toHaveLength(isStaged ? 1 : 0)
    })
  })
})
