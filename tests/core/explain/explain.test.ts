/** The explanation as a whole: what decided, which setting it is about, and that any part of a record can be explained. */
import { describe, expect, test } from 'vitest'
import { checks, explain, failures, fieldOf, nearMisses, type FailureCode, type Transcript } from '@relying-party/core'
import type { Login } from '../support/play.ts'
import { html, issuer, json, known, metadata, mint, refused, secrets, thin, tokenBody } from '../support/provider.ts'
import { recorded } from '../support/recorded.ts'

const explained = async (login: Login) => explain((await recorded(login)).transcript)

describe('what decided', () => {
  test('nothing, of a login that succeeded, whatever is warned of', async () => {
    expect((await explained({})).cause).toBeNull()
    const odd = await explained({
      answers: { token: json(tokenBody({ id_token: mint({ claims: { email_verified: false } }) })) },
    })
    expect(odd.checks.map(({ outcome }) => outcome)).toContain('warned')
    expect(odd.cause).toBeNull()
  })

  test('the check with the code that refused, though another failed before it', async () => {
    const claims = { iss: `${issuer}/`, aud: 'client-2', nonce: 'x' }
    const { checks: found, cause } = await explained({
      answers: { token: json(tokenBody({ id_token: mint({ claims }) })) },
    })
    const failed = found.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id)
    expect(failed).toEqual(['id_token_issuer', 'id_token_audience', 'id_token_nonce'])
    expect(cause?.id).toBe('id_token_issuer')
    const { transcript } = await recorded({ answers: { token: json(tokenBody({ id_token: mint({ claims }) })) } })
    const failure = { code: 'id_token_nonce_mismatch' } as const
    expect(explain({ ...transcript, verdict: { outcome: 'failed', failure } }).cause?.id).toBe('id_token_nonce')
  })

  test('the first that failed, where no check has that code', async () => {
    const { transcript } = await recorded({ answers: { token: refused } })
    const failure = { code: 'flow_expired' } as const
    expect(explain({ ...transcript, verdict: { outcome: 'failed', failure } }).cause?.id).toBe('token_not_an_error')
  })
})

describe('a check', () => {
  test('carries its rule, its leg and its clause, whatever it found', async () => {
    const { checks: found } = await explained({ answers: { token: refused } })
    expect(found.map(({ id }) => id)).toEqual(Object.keys(checks))
    for (const { id, leg, rule, spec } of found) {
      expect({ leg, rule, spec }).toEqual({ leg: checks[id].leg, rule: checks[id].rule, spec: checks[id].spec })
    }
  })

  test('that failed says who is to blame and what to do: as the code says, or as the near miss does', async () => {
    const { cause } = await explained({ answers: { token: html(500) } })
    const { blame, message, remedy } = failures.token_http_error
    expect(cause?.problem).toStrictEqual({
      code: 'token_http_error',
      near_miss: null,
      blame,
      message,
      remedy,
      field: null,
      value: null,
    })
    const near = await explained({ answers: { token: refused } })
    expect(near.cause?.problem).toStrictEqual({
      code: 'token_invalid_client',
      near_miss: 'client_authentication_other_offered',
      ...nearMisses.client_authentication_other_offered,
      value: 'client_secret_post',
    })
  })

  test('that does not apply says why, and each reason is another one', async () => {
    const reason = async (login: Login) =>
      (await explained(login)).checks.find(({ id }) => id === 'userinfo_answered')!.reason
    const reasons = [
      await reason({}),
      await reason({ rp: { client: { userinfo: 'never' } } }),
      await reason({ answers: { provider_metadata: json({ ...metadata, userinfo_endpoint: undefined }) } }),
    ]
    expect(reasons).not.toContain(null)
    expect(new Set(reasons).size).toBe(3)
  })
})

describe('the setting that a code is about', () => {
  test.each<[FailureCode | null, string | null]>([
    ['discovery_issuer_mismatch', 'issuer'],
    ['token_invalid_client', 'client_secret'],
    ['policy_role_not_mapped', 'role_mapping.rules'],
    ['token_http_error', null],
    [null, null],
    ['toString' as FailureCode, null],
  ])('%s: %s', (code, field) => {
    expect(fieldOf(code)).toBe(field)
  })

  test('stands with the check that failed', async () => {
    const { cause } = await explained({ received: { response_mode: 'form_post' } })
    expect(cause?.problem).toMatchObject({ near_miss: null, field: 'response_mode' })
  })
})

/** A record is carried home by people and may have lost a part on the way: what is left is explained as far as it goes. */
describe('a part of a record', () => {
  const logins: readonly Login[] = [
    {},
    { rp: known() },
    { answers: { token: thin } },
    { rp: { policy: { allowed_email_domains: ['other.example'], default_role: null } } },
    { answers: { token: refused } },
    { answers: { token: 'timed_out' } },
    { answers: { jwks: 'timed_out' } },
    { answers: { jwks: json({ keys: [] }) } },
    { rp: { client: { userinfo: 'always' } }, answers: { userinfo: 'timed_out' } },
    { rp: { client: { userinfo: 'always' } }, answers: { userinfo: html() } },
    { rp: { client: { max_age: 1, acr_values: 'a' } }, response: { iss: issuer } },
    {
      answers: {
        token: json(tokenBody({ id_token: mint({ claims: { at_hash: 'x', c_hash: 'x', azp: 'y', exp: 1, iat: 1 } }) })),
      },
    },
    {
      answers: {
        token: json(tokenBody({ id_token: mint({ alg: 'HS256', key: Buffer.from(secrets.client_secret) }) })),
      },
    },
  ]

  function partsOf(transcript: Transcript): Transcript[] {
    const { relying_party, events, decisions } = transcript
    const { provider_metadata: _, jwks: __, ...bare } = relying_party
    const rps = [relying_party, bare, { ...relying_party, client: { ...relying_party.client, client_id: '' } }]
    const cut = events.flatMap((_event, length) => [
      { events: events.slice(0, length), decisions: decisions.slice(0, length) },
      { events: events.slice(length), decisions: decisions.slice(length) },
    ])
    const without = events.map((_event, index) => ({
      events: events.filter((_one, at) => at !== index),
      decisions: decisions.filter((_one, at) => at !== index),
    }))
    return rps.flatMap((rp) =>
      [transcript.state, { phase: 'idle' } as const].flatMap((state) =>
        [{ events, decisions }, ...cut, ...without].map((part) => ({
          ...transcript,
          ...part,
          state,
          relying_party: rp,
        })),
      ),
    )
  }

  test.each(logins)('of login %#: nothing is thrown, and whatever failed has a code of its check', async (login) => {
    const { transcript } = await recorded(login)
    for (const part of partsOf(transcript)) {
      for (const { id, outcome, problem } of explain(part).checks) {
        if (outcome === 'failed') expect(checks[id].codes).toContain(problem!.code)
      }
    }
  })
})

test.each<[FailureCode, string]>([
  ['request_blocked', 'issuer'],
  ['discovery_http_error', 'issuer'],
  ['discovery_redirected', 'issuer'],
  ['discovery_response_not_json', 'issuer'],
  ['discovery_response_malformed', 'issuer'],
  ['discovery_issuer_mismatch', 'issuer'],
  ['discovery_metadata_missing', 'issuer'],
  ['authorization_response_mode_mismatch', 'response_mode'],
  ['token_invalid_client', 'client_secret'],
  ['id_token_alg_not_allowed', 'id_token_signed_response_alg'],
  ['id_token_auth_time_too_old', 'max_age'],
  ['id_token_acr_not_satisfied', 'acr_values'],
  ['id_token_signature_invalid', 'issuer'],
  ['id_token_key_not_found', 'issuer'],
  ['policy_email_missing', 'allowed_email_domains'],
  ['policy_email_not_verified', 'allowed_email_domains'],
  ['policy_email_domain_not_allowed', 'allowed_email_domains'],
  ['policy_role_not_mapped', 'role_mapping.rules'],
  ['client_secret_required', 'client_secret'],
  ['enforcement_would_lock_out', 'enforcement'],
])('%s is about the setting %s', (code, field) => {
  expect(fieldOf(code)).toBe(field)
})

test('of what is about no setting none is named', () => {
  const codes = [
    'access_denied',
    'toString',
    'authorization_error_response',
    'token_invalid_grant',
    'id_token_iss_mismatch',
    'id_token_aud_mismatch',
    'id_token_azp_mismatch',
    'userinfo_http_error',
    'userinfo_response_malformed',
    'userinfo_sub_mismatch',
    'request_timed_out',
    'request_failed',
    'request_cut_off',
    'response_too_large',
  ]
  expect([null, ...(codes as FailureCode[])].filter((code) => fieldOf(code) !== null)).toEqual([])
})
