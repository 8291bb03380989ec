/** The signature of an ID Token, algorithm by algorithm. OpenID Connect Core 1.0, section 3.1.3.7, rules 6 to 8; RFC 7518, section 3. */
import { CompactSign, importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import keys from '../fixtures/test-keys.json' with { type: 'json' }
import { encode, publicJwk, signature } from '../support/keys.ts'
import { cryptos, login, verdict, type Login } from '../support/play.ts'
import { claims, json, mint, tokenBody } from '../support/provider.ts'

const withIdToken = (id_token: unknown): Login => ({ answers: { token: json(tokenBody({ id_token })) } })

describe.each(cryptos)('signatures (%s)', (_name, crypto) => {
  const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const

  test.each(algorithms)('oidcc-client-test-invalid-sig: %s, no byte may change (#99)', async (alg) => {
    const id_token = mint({ alg })
    const dot = id_token.lastIndexOf('.')
    const bytes = Buffer.from(id_token.slice(dot + 1), 'base64url')
    for (const index of [0, 1, bytes.length >> 1, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[index]! ^= 0x5a
      const played = await login(withIdToken(`${id_token.slice(0, dot)}.${changed.toString('base64url')}`), crypto)
      expect(verdict(played)).toEqual({ code: 'id_token_signature_invalid' })
    }
  })

  test.each(algorithms)('%s: of another length, or all zeros (#80)', async (alg) => {
    const input = mint({ alg }).split('.').slice(0, 2).join('.')
    const length = Buffer.from(
      signature(alg, 'p256' === alg.toLowerCase() ? 'p256' : keyNameOf(alg), input),
      'base64url',
    ).length
    for (const bytes of [
      Buffer.alloc(length),
      Buffer.alloc(length - 1, 1),
      Buffer.alloc(length + 1, 1),
      Buffer.alloc(1),
    ]) {
      const played = await login(withIdToken(`${input}.${bytes.toString('base64url')}`), crypto)
      expect(verdict(played)).toEqual({ code: 'id_token_signature_invalid' })
    }
  })

  test.each(algorithms)('%s: the payload of another token', async (alg) => {
    const [header, , signed] = mint({ alg }).split('.')
    const [, payload] = mint({ alg, claims: { sub: 'admin' } }).split('.')
    expect(verdict(await login(withIdToken([header, payload, signed].join('.')), crypto))).toEqual({
      code: 'id_token_signature_invalid',
    })
  })

  test.each(algorithms)('%s: what jose signs is verified', async (alg) => {
    const key = await importJWK(keys[keyNameOf(alg)], alg)
    const bytes = new TextEncoder().encode(JSON.stringify(claims))
    const id_token = await new CompactSign(bytes).setProtectedHeader({ alg, typ: 'JWT' }).sign(key)
    const published = json({ keys: [publicJwk(keyNameOf(alg))] })
    const played = await login({ answers: { ...withIdToken(id_token).answers, jwks: published } }, crypto)
    expect(verdict(played)).toBe('authenticated')
  })

  test('RS256 and PS256 are not the same, though the key is (#79)', async () => {
    const input = `${encode({ alg: 'PS256', kid: 'rsa-1' })}.${encode(claims)}`
    const played = await login(withIdToken(`${input}.${signature('RS256', 'rsa', input)}`), crypto)
    expect(verdict(played)).toEqual({ code: 'id_token_signature_invalid' })
  })

  test('an ES256 signature in DER is none (#80)', async () => {
    const { createPrivateKey, sign } = await import('node:crypto')
    const input = mint({ alg: 'ES256' }).split('.').slice(0, 2).join('.')
    const der = sign('sha256', Buffer.from(input), createPrivateKey({ format: 'jwk', key: keys.p256 }))
    const played = await login(withIdToken(`${input}.${der.toString('base64url')}`), crypto)
    expect(verdict(played)).toEqual({ code: 'id_token_signature_invalid' })
  })
})

function keyNameOf(alg: string): 'rsa' | 'p256' | 'p384' | 'p521' | 'ed25519' {
  if (alg.startsWith('E'))
    return ({ ES256: 'p256', ES384: 'p384', ES512: 'p521' } as const)[alg as 'ES256'] ?? 'ed25519'
  return 'rsa'
}
