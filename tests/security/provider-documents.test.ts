/** Section E of the catalogue, and what holds for every answer of a provider: what its documents may say, generated. */
import { describe, expect, test } from 'vitest'
import type { HttpResponse } from '@relying-party/core'
import { advance, login, play, redirects, requests, settle, start, verdict, type Login } from '../core/support/play.ts'
import {
  at,
  authorizationResponse,
  issuer,
  json,
  jwks,
  known,
  loginRequested,
  metadata,
  relyingParty,
  secrets,
  tokenBody,
  userinfo,
  type Answers,
} from '../core/support/provider.ts'
import fc from '../support/property.ts'

const documents = { provider_metadata: metadata, token: tokenBody(), jwks, userinfo }
type Message = keyof typeof documents
const messages = Object.keys(documents) as Message[]
const message = fc.constantFrom(...messages)
const asked = (answers: Answers): Login => ({ answers, rp: { client: { userinfo: 'always' } } })
const failureOf = async (answers: Answers) => {
  const said = verdict(await login(asked(answers)))
  return said === 'authenticated' ? said : said.code
}

describe('a body that is no JSON object', () => {
  const malformed: Record<Message, RegExp> = {
    provider_metadata: /^discovery_response_(malformed|not_json)$/,
    token: /^token_response_malformed$/,
    jwks: /^jwks_response_malformed$/,
    userinfo: /^userinfo_response_malformed$/,
  }

  test('is refused by the name of its message, whatever it is (#121, #145, #164)', async () => {
    const value = fc.jsonValue().filter((one) => typeof one !== 'object' || one === null || Array.isArray(one))
    const body = fc.oneof(
      value.map((one) => JSON.stringify(one)),
      fc.string(),
      fc.constantFrom('', 'NaN', 'undefined', '{', '{}{}', "{'a':1}", '{"a":1,}', '// {}', '<!doctype html>', '\u0000'),
    )
    await fc.assert(
      fc.asyncProperty(message, body, async (name, text) => {
        expect(await failureOf({ [name]: json({}, { body: text }) })).toMatch(malformed[name])
      }),
    )
  })

  test('nor is one with a byte order mark, in a list, or cut anywhere (#121, #139, #164)', async () => {
    const change = fc.oneof(
      fc.constantFrom<(text: string) => string>(
        (text) => `\ufeff${text}`,
        (text) => `[${text}]`,
        (text) => `${text}}`,
        (text) => JSON.stringify(text),
      ),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }).map((part) => (text: string) => {
        return text.slice(0, Math.floor(text.length * part))
      }),
    )
    await fc.assert(
      fc.asyncProperty(message, change, async (name, alter) => {
        const body = alter(JSON.stringify(documents[name]))
        expect(await failureOf({ [name]: json({}, { body }) })).toMatch(malformed[name])
      }),
    )
  })

  test('of another content type, its type alone is told, nothing of what it says (#120, #134)', async () => {
    const canary = 'canary-of-an-internal-page'
    const page: HttpResponse = { status: 200, headers: { 'content-type': 'text/html' }, body: `<h1>${canary}</h1>` }
    for (const name of messages) {
      const { state } = await login(asked({ [name]: page }))
      expect(state).toMatchObject({ phase: 'failed', failure: { code: expect.stringMatching(malformed[name]) } })
      expect(JSON.stringify(state)).not.toContain(canary)
    }
  })

  test('members named like those of every object change nothing (#122)', async () => {
    for (const name of messages) {
      for (const member of ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'then']) {
        const own = member === '__proto__' ? '{"issuer":"https://evil.example","keys":[],"error":"x","sub":"x"}' : '"x"'
        const body = JSON.stringify(documents[name]).replace('{', `{"${member}":${own},`)
        expect([name, member, await failureOf({ [name]: json({}, { body }) })]).toEqual([name, member, 'authenticated'])
      }
    }
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('a redirect is an error that nobody follows, whichever message it answers (#105, #152, #164)', async () => {
    const codes: Record<Message, string> = {
      provider_metadata: 'discovery_redirected',
      token: 'token_redirected',
      jwks: 'jwks_http_error',
      userinfo: 'userinfo_http_error',
    }
    for (const name of messages) {
      for (const status of [301, 302, 303, 307, 308]) {
        const response = json(documents[name], { status, headers: { location: 'https://evil.example/' } })
        const played = await login(asked({ [name]: response }))
        expect(verdict(played)).toMatchObject({ code: codes[name] })
        expect(requests(played).map(({ url }) => new URL(url).origin)).toEqual(requests(played).map(() => issuer))
      }
    }
  })
})

describe('provider metadata', () => {
  const endpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
  const having = (changed: object) => ({ provider_metadata: json({ ...metadata, ...changed }) })

  test('a required member that is missing or no address is refused by its name, whatever it is (#123)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...endpoints), fc.jsonValue(), async (member, value) => {
        const said = verdict(await login({ answers: having({ [member]: value }) }))
        expect(said).toMatchObject({
          code: value === null ? 'discovery_metadata_missing' : 'discovery_metadata_invalid',
          detail: { member },
        })
        expect(verdict(await login({ answers: having({ [member]: undefined }) }))).toEqual({
          code: 'discovery_metadata_missing',
          detail: { member },
        })
      }),
      { numRuns: 50 },
    )
  })

  test('an endpoint that is no plain https address is refused, and the browser is sent nowhere (#104, #124)', async () => {
    const scheme = fc.constantFrom('http', 'javascript', 'data', 'file', 'ftp', 'blob', 'vbscript', 'about', 'ws')
    const address = fc.oneof(
      scheme.map((name) => `${name}://idp.example/authorize`),
      scheme.map((name) => `${name}:alert(1)`),
      fc.constantFrom(
        '//idp.example/',
        '/authorize',
        'https://',
        `${issuer}/a#b`,
        `${issuer}#`,
        'https://user@idp.example/',
        'https://:p@idp.example/',
        ' javascript:alert(1)',
        'java\nscript:alert(1)',
      ),
    )
    const member = fc.constantFrom(...endpoints, 'userinfo_endpoint', 'end_session_endpoint')
    await fc.assert(
      fc.asyncProperty(member, address, async (name, url) => {
        const played = await login({ answers: having({ [name]: url }) })
        expect(verdict(played)).toMatchObject({ code: 'discovery_metadata_invalid', detail: { member: name } })
        expect(redirects(played)).toEqual([])
      }),
    )
  })

  test('an issuer that is not ours to the last character is refused (#100, #101)', async () => {
    const near = fc.oneof(
      fc.string(),
      fc.constantFrom(`${issuer}/`, `${issuer}:443`, `${issuer}.`, ` ${issuer}`, issuer.toUpperCase(), `${issuer}#`),
    )
    await fc.assert(
      fc.asyncProperty(
        near.filter((text) => text !== issuer),
        async (other) => {
          const played = await login({ answers: having({ issuer: other }) })
          expect(verdict(played)).toMatchObject({ code: 'discovery_issuer_mismatch', detail: { expected: issuer } })
        },
      ),
    )
  })

  test('what the issuer says today counts, also in the middle of a login: but never another issuer (#126, #166)', async () => {
    const { state } = await play(relyingParty(known()), [loginRequested()])
    const callback = () => advance(start(relyingParty(), state), authorizationResponse())
    const moved = { ...metadata, token_endpoint: 'https://new.idp.example/token', userinfo_endpoint: undefined }
    const played = await settle(await callback(), { provider_metadata: json(moved) })
    expect(verdict(played)).toBe('authenticated')
    const { url } = requests(played).find(({ message: name }) => name === 'token')!
    expect(url).toBe(moved.token_endpoint)

    const replaced = await settle(await callback(), {
      provider_metadata: json({ ...moved, issuer: 'https://x.example' }),
    })
    expect(verdict(replaced)).toMatchObject({ code: 'discovery_issuer_mismatch' })
    expect(requests(replaced).map(({ message: name }) => name)).toEqual(['provider_metadata'])
  })

  test('the access token goes to the endpoint of the issuer’s own document, which was there when the code was redeemed (#166)', async () => {
    const played = await login({ rp: { client: { userinfo: 'always' } } })
    const carrying = requests(played).filter((request) => JSON.stringify(request).includes(secrets.access_token))
    expect(carrying.map(({ url }) => url)).toEqual([metadata.userinfo_endpoint])
  })
})

test('the keys have no say beyond their own document: of two for one kid neither is taken (#84, #132)', async () => {
  expect(await failureOf({ jwks: json({ keys: [...jwks.keys, ...jwks.keys] }) })).toBe('id_token_key_ambiguous')
  const stale = relyingParty({ ...known(600), client: { userinfo: 'never' } })
  const started = await advance(start(stale), loginRequested())
  const played = await settle(
    await advance(started, authorizationResponse()),
    { jwks: json({ keys: [] }) },
    undefined,
    at,
  )
  expect(verdict(played)).toMatchObject({ code: 'id_token_key_not_found' })
})
