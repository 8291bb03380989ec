/** The table of failures: codes that are never renamed, statuses that follow from who has to act. */
import { describe, expect, test } from 'vitest'
import {
  bounded,
  checks,
  failures,
  nearMisses,
  RuleBroken,
  statusOf,
  type FailureCode,
  type FailureRule,
} from '@relying-party/core'

const rules = Object.entries(failures) as [FailureCode, FailureRule][]

test.each(rules)('%s: a code, a sentence, a remedy and a clause', (code, { blame, message, remedy, spec }) => {
  expect(code).toMatch(/^[a-z]+(?:_[a-z]+)+$/)
  expect(['end_user', 'organization_admin', 'provider', 'operator', 'network']).toContain(blame)
  expect(message).toMatch(/^[A-Z][^\n]*[.]$/)
  expect(remedy).toMatch(/^[A-Z][^\n]*[.]$/)
  if (spec !== null) expect(spec).toMatch(/^(?:RFC \d{4}|OpenID Connect [A-Z]|OAuth 2\.0 )/)
})

test.each(Object.entries(nearMisses))('%s: a sentence and a remedy', (_id, { message, remedy }) => {
  expect(message).toMatch(/^[A-Z][^\n]*[.]$/)
  expect(remedy).toMatch(/^[A-Z][^\n]*[.]$/)
})

test.each(Object.entries(checks))('%s: a rule in a sentence', (_id, { rule }) => {
  expect(rule).toMatch(/^[A-Z][^\n]*[.]$/)
})

test.each<[number, FailureCode]>([
  [400, 'flow_not_found'],
  [400, 'authorization_response_state_mismatch'],
  [403, 'access_denied'],
  [403, 'policy_role_not_mapped'],
  [404, 'organization_not_found'],
  [409, 'not_tested'],
  [409, 'sso_not_enabled'],
  [422, 'settings_invalid'],
  [500, 'token_invalid_client'],
  [502, 'id_token_signature_invalid'],
  [503, 'request_timed_out'],
])('%d: %s', (status, code) => {
  expect(statusOf(code)).toBe(status)
})

test('every code has a status of its kind', () => {
  for (const [code] of rules) expect(statusOf(code)).toSatisfy((status: number) => status >= 400 && status < 600)
})

describe('texts of the peer', () => {
  test.each<[string, unknown, string]>([
    ['controls', 'a\u0000\u001b[31mb\u007f\u0085c', 'a [31mb c'],
    ['line breaks', 'a\r\n\u2028b', 'a b'],
    ['bidirectional controls', 'a\u202Eb\u2066c\u200Fd', 'a b c d'],
    ['zero width', 'a\u200Bb\uFEFFc', 'a b c'],
    ['what is no text', { a: [1] }, '{"a":[1]}'],
    ['nothing', undefined, 'nothing'],
    ['too much', 'x'.repeat(301), `${'x'.repeat(300)}…`],
    ['just enough', 'x'.repeat(300), 'x'.repeat(300)],
  ])('%s', (_name, text, expected) => {
    expect(bounded(text)).toBe(expected)
  })
})

test('a broken rule carries its failure', () => {
  const error = new RuleBroken({ code: 'not_tested' })
  expect([error.name, error.message, error.failure]).toEqual(['RuleBroken', 'not_tested', { code: 'not_tested' }])
})
