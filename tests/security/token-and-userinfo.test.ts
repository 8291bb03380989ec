/** Sections F and G of the catalogue: what token responses and UserInfo may say, generated. */
import { describe, expect, test } from 'vitest'
import { login, requests, verdict, type Login } from '../core/support/play.ts'
import { issuer, json, mint, tokenBody, userinfo, type Answers } from '../core/support/provider.ts'
import fc from '../support/property.ts'

const asked = (answers: Answers): Login => ({ answers, rp: { client: { userinfo: 'always' } } })
const failureOf = async (answers: Answers) => {
  const said = verdict(await login(asked(answers)))
  return said === 'authenticated' ? said : said.code
}

describe('the token response', () => {
  test('whatever Retry-After says, nobody waits and nothing is sent again (#141)', async () => {
    const value = fc.oneof(
      fc.constantFrom('0', '-1', '1e9', '99999999999999', 'Wed, 21 Oct 2099 07:28:00 GMT', 'soon', ''),
      fc.string(),
    )
    await fc.assert(
      fc.asyncProperty(value, fc.constantFrom(429, 503), async (after, status) => {
        const headers = { 'content-type': 'application/json', 'retry-after': after }
        const played = await login({ answers: { token: json({}, { status, headers }) } })
        expect(verdict(played)).toMatchObject({ code: status === 429 ? 'token_rate_limited' : 'token_http_error' })
        expect(requests(played).filter(({ message: name }) => name === 'token')).toHaveLength(1)
      }),
      { numRuns: 50 },
    )
  })

  test('expires_in is no matter: it changes nothing of who signs in, nor for how long (#149)', async () => {
    const states = await Promise.all(
      [undefined, 1, 0.5, 3600, 1e12, Number.MAX_SAFE_INTEGER, '3600'].map(
        async (expires_in) => (await login({ answers: { token: json(tokenBody({ expires_in })) } })).state,
      ),
    )
    for (const state of states) expect(state).toEqual(states[0])
    expect(JSON.stringify(states)).not.toContain('expires_in')
  })

  test('members that nobody asked for are not kept, however large (#151)', async () => {
    const extra = fc.dictionary(
      fc.string({ minLength: 1 }).filter((name) => !(name in tokenBody()) && !/^(error|refresh_token)/.test(name)),
      fc.jsonValue(),
    )
    const { state: usual } = await login({})
    await fc.assert(
      fc.asyncProperty(extra, async (members) => {
        const body = JSON.stringify({ ...members, filler: 'x'.repeat(100_000), ...tokenBody() })
        expect((await login({ answers: { token: json({}, { body }) } })).state).toEqual(usual)
      }),
      { numRuns: 50 },
    )
  })

  test('token_type is bearer in any case, and nothing else (#146)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.mixedCase(fc.constant('bearer')), async (token_type) => {
        expect(await failureOf({ token: json(tokenBody({ token_type })) })).toBe('authenticated')
      }),
      { numRuns: 20 },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.jsonValue(), fc.constantFrom('Bearer ', ' bearer', 'DPoP', 'mac', 'N_A')),
        async (other) => {
          if (typeof other === 'string' && other.toLowerCase() === 'bearer') return
          expect(await failureOf({ token: json(tokenBody({ token_type: other })) })).toMatch(
            /^token_(type_unsupported|response_malformed)$/,
          )
        },
      ),
    )
  })

  test('an access token that is no string of visible characters, or no id_token at all, is refused (#147, #148)', async () => {
    const bad = fc.oneof(
      fc.jsonValue().filter((value) => typeof value !== 'string'),
      fc.constantFrom('', 'a\nb', 'a\u0000', 'ü', 'a\r\nx: y'),
    )
    await fc.assert(
      fc.asyncProperty(bad, async (access_token) => {
        expect(await failureOf({ token: json(tokenBody({ access_token })) })).toBe('token_response_malformed')
      }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue().filter((value) => typeof value !== 'string' || value === ''),
        async (id_token) => {
          const played = await login(asked({ token: json(tokenBody({ id_token })) }))
          expect(verdict(played)).toMatchObject({ code: 'id_token_missing' })
          // UserInfo is never the second best proof of who somebody is.
          expect(requests(played).map(({ message: name }) => name)).not.toContain('userinfo')
        },
      ),
    )
  })
})

describe('UserInfo', () => {
  test('a sub that is not that of the ID Token fails the login, whatever it is (#160, #161)', async () => {
    const other = fc.oneof(fc.jsonValue(), fc.constantFrom('User-1', 'user-1 ', 'user-', ['user-1'], undefined))
    await fc.assert(
      fc.asyncProperty(
        other.filter((value) => value !== userinfo.sub),
        async (sub) => {
          expect(await failureOf({ userinfo: json({ ...userinfo, sub }) })).toMatch(
            /^userinfo_(sub_mismatch|response_malformed)$/,
          )
        },
      ),
    )
  })

  test('a signed answer was not asked for: it is refused, rightly signed or not (#163)', async () => {
    const claims = { ...userinfo, iss: issuer, aud: 'client-1' }
    const forms = [
      mint({ claims }),
      mint({ alg: 'none', claims }),
      mint({ claims: { ...claims, iss: 'https://evil.example' } }),
      mint({ claims: { ...claims, aud: 'client-2' } }),
      `${mint().split('.').slice(0, 2).join('.')}.`,
      'a.b.c.d.e',
    ]
    for (const body of forms) {
      for (const type of ['application/jwt', 'application/json', 'application/token-introspection+jwt']) {
        const response = { status: 200, headers: { 'content-type': type }, body }
        expect(await failureOf({ userinfo: response })).toBe('userinfo_response_malformed')
      }
    }
  })

  test('where it is never asked it cannot stop a login; where it is asked, no answer is a failure (#162)', async () => {
    const down: Answers = { userinfo: 'timed_out' }
    expect(verdict(await login({ answers: down, rp: { client: { userinfo: 'never' } } }))).toBe('authenticated')
    expect(await failureOf(down)).toBe('request_timed_out')
  })

  test('an e-mail address and its verification come from one document, the signed one first (#165)', async () => {
    const person = fc.record(
      {
        email: fc.constantFrom('a@acme.example', 'b@acme.example'),
        email_verified: fc.constantFrom<unknown>(true, false, 'true'),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(person, person, async (signed, said) => {
        const own = { email: undefined, email_verified: undefined, ...signed }
        const token = json(tokenBody({ id_token: mint({ alg: 'ES256', claims: own }) }))
        const { state } = await login(asked({ token, userinfo: json({ sub: userinfo.sub, ...said }) }))
        if (state.phase !== 'authenticated') throw new Error('refused')
        const { email, email_verified } = state.access
        const whole = [signed, said].filter((one) => one.email === email)
        if (email_verified) expect(whole.map((one) => one.email_verified)).toContain(true)
        const isWhole = signed.email !== undefined && signed.email_verified !== undefined
        expect(email).toBe(isWhole ? signed.email : (said.email ?? signed.email ?? null))
      }),
    )
  })
})
