/** "Would it have succeeded if …?", and the smallest change that is proposed for each failure. */
import { expect, test } from 'vitest'
import { changeNames, parseChange, proposeChange, whatIf, type Answer } from '@relying-party/core'
import { each, type Login } from '../support/play.ts'
import { at, html, issuer, json, jwks, known, metadata, mint, tokenBody, userinfo } from '../support/provider.ts'
import { recorded } from '../support/recorded.ts'

const token = (minting: Parameters<typeof mint>[0]) => json(tokenBody({ id_token: mint(minting) }))
const expired: Login = { rp: known(), answers: { token: token({ claims: { exp: at - 40 } }) } }
const slashed: Login = { answers: { provider_metadata: json({ ...metadata, issuer: `${issuer}/` }) } }
const refused: Login = { answers: { token: json({ error: 'invalid_client' }, { status: 401 }) } }
const foreign: Login = { rp: { policy: { allowed_email_domains: ['other.example'] } } }
const roleless: Login = { rp: { policy: { default_role: null } } }
const thin: Login = {
  rp: { client: { userinfo: 'never' }, policy: { allowed_email_domains: ['acme.example'] } },
  answers: { token: token({ claims: { email: undefined, email_verified: undefined } }) },
}

const timed = (claims: Record<string, unknown>): Login => ({ rp: known(), answers: { token: token({ claims }) } })
const foreignTo = (aud: unknown) => timed({ aud })
const movedTo = (location: string): Login => ({
  answers: { provider_metadata: { status: 302, headers: { location }, body: '' } },
})
const slashedToken = timed({ iss: `${issuer}/` })
const refusedIssuer: Answer = {
  answer: 'would_fail',
  failure: { code: 'id_token_iss_mismatch', detail: { expected: issuer, received: `${issuer}/` } },
}
const elsewhere = timed({ iss: 'https://other.example' })

each<[string, Login, string, Answer]>(
  [
    ['the issuer that the token names', slashedToken, `issuer=${issuer}/`, { answer: 'cannot_tell' }],
    ['the issuer that is entered', slashedToken, `issuer=${issuer}`, refusedIssuer],
    [
      'an issuer, where a page came',
      { answers: { provider_metadata: html() } },
      'issuer=https://x.example',
      { answer: 'cannot_tell' },
    ],
    ['another client, after a refusal', refused, 'client_id=client-2', { answer: 'cannot_tell' }],
    ['another client, for whom the token is', foreignTo('client-2'), 'client_id=client-2', { answer: 'would_succeed' }],
    [
      'another role, after a refusal',
      refused,
      'default_role=write',
      {
        answer: 'would_fail',
        failure: { code: 'token_invalid_client', detail: { status: 401, error: 'invalid_client' } },
      },
    ],
    ['a role that there is not', refused, 'default_role=x', { answer: 'cannot_tell' }],
    ['what is no domain', refused, 'allowed_email_domains=a b', { answer: 'cannot_tell' }],
    [
      'a key that is not there',
      {},
      'client_auth=private_key_jwt',
      { answer: 'would_fail', failure: { code: 'client_secret_required' } },
    ],
    ['no authentication', {}, 'client_auth=none', { answer: 'would_succeed' }],
    ['a tolerance that is large enough', expired, 'clock_tolerance=45', { answer: 'would_succeed' }],
    [
      'a tolerance, while the keys are not known',
      { answers: expired.answers! },
      'clock_tolerance=45',
      { answer: 'would_get_further', phase: 'awaiting_jwks' },
    ],
    [
      'a tolerance that is not',
      expired,
      'clock_tolerance=40',
      { answer: 'would_fail', failure: { code: 'id_token_expired', detail: { exp: at - 40 } } },
    ],
    [
      'the issuer that the document names',
      slashed,
      `issuer=${issuer}/`,
      { answer: 'would_get_further', phase: 'awaiting_authorization_response' },
    ],
    ['an issuer whose document nobody has seen', slashed, 'issuer=https://another.example', { answer: 'cannot_tell' }],
    ['another authentication, after a refusal', refused, 'client_auth=post', { answer: 'cannot_tell' }],
    ['another authentication, where that was not the problem', {}, 'client_auth=post', { answer: 'would_succeed' }],
    ['a domain that is allowed', foreign, 'allowed_email_domains=acme.example', { answer: 'would_succeed' }],
    ['a domain among others', foreign, 'allowed_email_domains=b.example, Acme.example', { answer: 'would_succeed' }],
    ['no domain at all', foreign, 'allowed_email_domains=none', { answer: 'would_succeed' }],
    ['a default role', roleless, 'default_role=read', { answer: 'would_succeed' }],
    [
      'an answer that was never asked for',
      thin,
      'userinfo=always',
      { answer: 'would_get_further', phase: 'awaiting_userinfo_response' },
    ],
    [
      'a rule that would refuse what succeeded',
      {},
      'acr_values=urn:strong',
      {
        answer: 'would_fail',
        failure: { code: 'id_token_acr_not_satisfied', detail: { expected: 'urn:strong', received: 'nothing' } },
      },
    ],
    [
      'the mode that the response came in',
      { received: { response_mode: 'form_post' } },
      'response_mode=form_post',
      { answer: 'would_get_further', phase: 'awaiting_token_response' },
    ],
    [
      'what was asked too much',
      { rp: { client: { userinfo: 'always' } }, answers: { userinfo: html(500) } },
      'userinfo=when_needed',
      { answer: 'would_succeed' },
    ],
  ],
  async (_name, login, change, answer) => {
    const { transcript } = await recorded(login)
    expect(await whatIf(transcript, parseChange(change)!)).toEqual(answer)
  },
)

each<[string, Login, string | null, Answer['answer'] | null]>(
  [
    ['a clock that is off', expired, 'clock_tolerance=41', 'would_succeed'],
    ['a token that was never fresh', { answers: { token: token({ claims: { exp: at - 4000 } }) } }, null, null],
    ['a slash too many', slashed, `issuer=${issuer}/`, 'would_get_further'],
    [
      'an address that moved on its host',
      movedTo(`${issuer}/oauth2/default`),
      `issuer=${issuer}/oauth2/default`,
      'cannot_tell',
    ],
    ['an address that leads to another host', movedTo('https://new.example'), null, null],
    ['a client that was refused', refused, 'client_auth=client_secret_post', 'cannot_tell'],
    ['an e-mail domain', foreign, 'allowed_email_domains=other.example,acme.example', 'would_succeed'],
    ['no role', roleless, 'default_role=read', 'would_succeed'],
    ['a thin ID Token', thin, 'userinfo=when_needed', 'would_get_further'],
    ['another mode', { received: { response_mode: 'form_post' } }, 'response_mode=form_post', 'would_get_further'],
    [
      'another algorithm',
      {
        rp: known(),
        answers: {
          provider_metadata: json({ ...metadata, id_token_signing_alg_values_supported: ['RS256'] }),
          jwks: json(jwks),
          userinfo: json(userinfo),
          token: token({ alg: 'RS512' }),
        },
      },
      'id_token_alg=RS512',
      'would_succeed',
    ],
    [
      'a person who authenticated too long ago',
      { rp: { ...known(), client: { max_age: 60 } }, answers: { token: token({ claims: { auth_time: at - 500 } }) } },
      'max_age=none',
      'would_succeed',
    ],
    ['the issuer that the token names', elsewhere, null, null],
    ['an issuer that the token names and the document does not', slashedToken, null, null],
    [
      'a template',
      { answers: { provider_metadata: json({ ...metadata, issuer: 'https://idp.example/{tenant}' }) } },
      null,
      null,
    ],
    ['another client', foreignTo('client-2'), null, null],
    ['several other clients', foreignTo(['client-2', 'client-3']), null, null],
    ['a token that begins too late', timed({ nbf: at + 40 }), 'clock_tolerance=40', 'would_succeed'],
    ['a token that was issued too late', timed({ iat: at + 40 }), 'clock_tolerance=40', 'would_succeed'],
    ['a token that was issued too early', timed({ iat: at - 640 }), 'clock_tolerance=40', 'would_succeed'],
    [
      'a token that is off in every way',
      timed({ exp: at - 40, nbf: at + 50, iat: at + 60 }),
      'clock_tolerance=60',
      'would_succeed',
    ],
    ['a token that is off by five minutes', timed({ exp: at - 299 }), 'clock_tolerance=300', 'would_succeed'],
    ['a token that is off by more', timed({ exp: at - 300 }), null, null],
    [
      'a context that did not come',
      { rp: { ...known(), client: { acr_values: 'urn:x' } } },
      'acr_values=none',
      'would_succeed',
    ],
    [
      'an address of no domain',
      { ...timed({ email: 'x' }), rp: { ...known(), policy: { allowed_email_domains: ['other.example'] } } },
      null,
      null,
    ],
    ['no role, and none to give', { rp: { policy: { default_role: null, roles: [] } } }, null, null],
    ['nothing that a setting could mend', { answers: { token: token({ claims: { nonce: 'x' } }) } }, null, null],
    ['nothing that failed', {}, null, null],
  ],
  async (name, login, change, answer) => {
    const { transcript } = await recorded(login)
    const proposed = await proposeChange(transcript)
    expect(proposed && `${proposed.change.name}=${proposed.change.value}`, name).toBe(change)
    expect(proposed && proposed.answer.answer).toBe(answer)
  },
)

test.each([
  'client_id=',
  'acr_values=',
  'default_role=',
  'max_age=x',
  'max_age=1x',
  'max_age=x1',
  'max_age=1234567890',
  'clock_tolerance=1x',
  'clock_tolerance=x1',
  'clock_tolerance=1234567',
  'response_mode=fragment',
  'issue=https://idp.example',
  'issuer=nothing',
  'client_auth=magic',
  'clock_tolerance=-1',
  'clock_tolerance=long',
  'userinfo=sometimes',
  'id_token_alg=none2',
  'unknown=1',
  'clock_tolerance',
  '',
])('%s is no change', (text) => {
  expect(parseChange(text)).toBeUndefined()
})

test.each([
  'max_age=0',
  'max_age=123456789',
  'clock_tolerance=123456',
  'response_mode=form_post',
  'client_auth=client_secret_post',
  'client_auth=private_key_jwt',
  'id_token_alg=HS256',
  'id_token_alg=ES256',
])('%s is one', (text) => {
  const [name, value] = text.split('=')
  expect(parseChange(text)).toEqual({ name, value })
})

test('of what is no change nothing can be told', async () => {
  const { transcript } = await recorded()
  expect(await whatIf(transcript, { name: 'issuer', value: 'nothing' })).toEqual({ answer: 'cannot_tell' })
})

test('every change can be written', () => {
  const values: Record<(typeof changeNames)[number], string> = {
    issuer: 'https://idp.example',
    client_id: 'x',
    client_auth: 'basic',
    response_mode: 'query',
    userinfo: 'never',
    id_token_alg: 'none',
    max_age: 'none',
    acr_values: 'none',
    clock_tolerance: '0',
    allowed_email_domains: 'a.example,b.example',
    default_role: 'none',
  }
  for (const [name, value] of Object.entries(values)) expect(parseChange(`${name}=${value}`)).toEqual({ name, value })
})
