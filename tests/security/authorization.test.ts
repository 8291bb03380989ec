/** Section A of the catalogue: whatever comes back from the provider, the code leaves only when everything is right. */
import { expect, test } from 'vitest'
import type { AuthorizationResponseReceived } from '@relying-party/core'
import { login, requests, verdict } from '../core/support/play.ts'
import { issuer, json, mint, random, secrets, tokenBody } from '../core/support/provider.ts'
import fc from '../support/property.ts'

type Pairs = AuthorizationResponseReceived['parameters']

const good: Pairs = [
  ['code', secrets.code],
  ['state', random.state],
  ['iss', issuer],
]
const tokenRequests = (played: Parameters<typeof requests>[0]) =>
  requests(played).filter(({ message }) => message === 'token')

test('a parameter that comes twice is refused, wherever the second stands and whatever it says (#7)', async () => {
  const names = ['state', 'code', 'iss', 'error', 'error_description', 'id_token', 'access_token', 'response']
  const second = fc.oneof(fc.string(), fc.constantFrom(secrets.code, random.state, issuer, ''))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), second, second, fc.nat(4), async (name, value, other, at) => {
      const first: Pairs = good.some(([known]) => known === name) ? good : [...good, [name, value]]
      const played = await login({ response: first.toSpliced(at, 0, [name, other]) })
      expect(verdict(played)).toEqual({ code: 'authorization_response_malformed', detail: { duplicate: name } })
      expect(tokenRequests(played)).toEqual([])
    }),
  )
})

test('a state that is not ours to the last character is refused (#2, #3)', async () => {
  const { state } = random
  const near = fc.oneof(
    fc.string(),
    fc.string().map((text) => state + text),
    fc.nat(state.length - 1).map((at) => state.slice(0, at) + state.slice(at + 1)),
    fc.nat(state.length - 1).map((at) => state.slice(0, at) + state[at]!.toUpperCase() + state.slice(at + 1)),
    fc.constantFrom(` ${state}`, `${state} `, `${state}\u0000`, encodeURIComponent(`${state}%`), `states:${state}`),
  )
  await fc.assert(
    fc.asyncProperty(
      near.filter((text) => text !== state),
      async (other) => {
        const played = await login({ response: { state: other } })
        expect(verdict(played)).toMatchObject({ code: 'authorization_response_state_mismatch' })
        expect(tokenRequests(played)).toEqual([])
      },
    ),
  )
})

test('an iss that is not the issuer to the last character is refused (#26, #28)', async () => {
  const near = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.constantFrom(
      '',
      `${issuer}/`,
      `${issuer}:443`,
      issuer.toUpperCase(),
      issuer.replace('https', 'http'),
      `${issuer} `,
    ),
  )
  await fc.assert(
    fc.asyncProperty(
      near.filter((text) => text !== issuer),
      async (iss) => {
        const played = await login({ response: { iss } })
        expect(verdict(played)).toMatchObject({ code: 'authorization_response_iss_mismatch' })
        expect(tokenRequests(played)).toEqual([])
      },
    ),
  )
})

test('a code of whatever characters arrives at the token endpoint as it came, and in no failure (#14)', async () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
    fc.constantFrom('a b', 'a\r\nb: c', 'a\u0000b', 'a&redirect_uri=https://evil.example', 'a%26b', '+', '=', '%'),
  )
  await fc.assert(
    fc.asyncProperty(anything, async (text) => {
      const code = text.toWellFormed()
      const refused = json({ error: 'invalid_grant', error_description: 'no' }, { status: 400 })
      const played = await login({ response: { code }, answers: { token: refused } })
      const [request, ...more] = tokenRequests(played)
      const form = new URLSearchParams(request!.body)
      expect([form.getAll('code'), form.getAll('redirect_uri').length, more]).toEqual([[code], 1, []])
      expect(verdict(played)).toEqual({
        code: 'token_invalid_grant',
        detail: { status: 400, error: 'invalid_grant', error_description: 'no' },
      })
    }),
  )
})

test('a description of an error is bounded, in one line and without controls, whatever it is (#13)', async () => {
  const nasty = fc.string({
    unit: fc.constantFrom('\r', '\n', '\u001b[31m', '\u202e', '\u2066', '\u0000', '\u2028', '\ufeff', '<', 'x', '𝕏'),
    maxLength: 2000,
  })
  await fc.assert(
    fc.asyncProperty(nasty, nasty, async (error, error_description) => {
      const played = await login({ response: { code: undefined, error: `e${error}`, error_description } })
      const failure = verdict(played)
      expect(failure).toMatchObject({ code: 'authorization_error_response' })
      for (const text of Object.values((failure as { detail: Record<string, string> }).detail)) {
        expect(text.length).toBeLessThan(310)
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/)
      }
    }),
  )
})

test('the answer to a request whose nonce or code challenge somebody took out is refused (#19)', async () => {
  // Without a nonce in the request there is none in the ID Token.
  const played = await login({
    answers: { token: json(tokenBody({ id_token: mint({ claims: { nonce: undefined } }) })) },
  })
  expect(verdict(played)).toEqual({ code: 'id_token_nonce_mismatch' })
  // Without a challenge in the request the provider must refuse the verifier, which is always sent (RFC 9700, 4.8.2).
  const [request] = tokenRequests(played)
  expect(new URLSearchParams(request!.body).get('code_verifier')).toBe(random.code_verifier)
})
