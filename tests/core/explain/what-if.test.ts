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

each<[string, Login, string, Answer]>(
  [
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
