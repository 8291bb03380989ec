/** From the page through a browser's form post back to the JSON that the core reads: nothing changes on the way. */
import { defaultPolicy, readPolicy, readSettings, type Policy, type Settings } from '@relying-party/core'
import { describe, expect, test } from 'vitest'
import {
  clientSecretFromForm,
  policyFromForm,
  renderSettingsPage,
  settingsFromForm,
  typedValues,
} from '../../packages/server/src/views/index.ts'
import { formatPairs, parsePairs } from '../../packages/server/src/views/pairs.ts'
import fc from '../support/property.ts'
import { byId, parsed, posted } from './document.ts'
import { revision, settings, view } from './fixtures.ts'

const everywhere = () => true
const anything = fc.string({ unit: 'grapheme' })
/** A text that fits on one line of a text field, as the core leaves it: without white space around it. */
const line = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((text) => text === text.trim() && text !== '' && !/[\u0000-\u001f\u007f\r\n]/.test(text))

const anySettings: fc.Arbitrary<Settings> = fc.record(
  {
    issuer: fc.webUrl({ validSchemes: ['https'] }),
    client_id: line,
    scope: fc.constantFrom('openid', 'openid profile email', 'openid groups'),
    response_mode: fc.constantFrom('query', 'form_post'),
    userinfo: fc.constantFrom('when_needed', 'always', 'never'),
    token_endpoint_auth_method: fc.constantFrom('client_secret_basic', 'client_secret_post', 'none'),
    id_token_signed_response_alg: fc.constantFrom('RS256', 'ES256', 'EdDSA'),
    max_age: fc.nat(),
    acr_values: line.map((text) => text.replace(/\s+/g, ' ')),
    authorization_parameters: fc.dictionary(
      anything.map((name) => `x${name}`),
      anything,
      { minKeys: 1, maxKeys: 5 },
    ),
  },
  { requiredKeys: ['issuer', 'client_id', 'scope', 'response_mode', 'userinfo'] },
)

const anyPolicy: fc.Arbitrary<Policy> = fc.record({
  session_lifetime: fc.oneof(
    fc.integer({ min: 60, max: 31_536_000 }),
    fc.integer({ min: 1, max: 365 }).map((days) => days * 86_400),
  ),
  enforcement: fc.constantFrom('enforced', 'optional'),
  allowed_email_domains: fc.uniqueArray(fc.constantFrom('acme.example', 'a.b.example', 'xn--bcher-kva.example')),
  roles: fc.constant(defaultPolicy.roles),
  role_mapping: fc.option(
    fc.record({
      claim: line,
      rules: fc
        .array(fc.record({ value: anything, role: fc.constantFrom(...defaultPolicy.roles) }), { maxLength: 5 })
        .map((rules) => [...rules, { value: 'Admins', role: 'admin' }]),
    }),
  ),
  default_role: fc.constantFrom(null, ...defaultPolicy.roles),
})

describe('page, form, JSON', () => {
  test('settings come back as they are', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        fc.pre('value' in readSettings({ ...settings }, null, everywhere))
        const page = parsed(renderSettingsPage(view({ candidate: revision({ settings }) })))
        const input = settingsFromForm(posted(byId(page, 'settings')!))
        expect(readSettings(input, null, everywhere)).toMatchObject({ value: settings, notices: [] })
      }),
    )
  })

  test('a policy comes back as it is', () => {
    fc.assert(
      fc.property(anyPolicy, (policy) => {
        fc.pre('value' in readPolicy({ ...policy }))
        const page = parsed(renderSettingsPage(view({ policy })))
        const input = policyFromForm(posted(byId(page, 'policy')!))
        expect(readPolicy(input, policy)).toEqual({ value: policy, notices: [] })
      }),
    )
  })

  test('what was typed comes back as it was typed', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('issuer', 'client_id', 'scope', 'acr_values', 'role_claim'), line),
        (typed) => {
          const page = parsed(renderSettingsPage(view({ typed })))
          const fields = { ...posted(byId(page, 'settings')!), ...posted(byId(page, 'policy')!) }
          expect(typedValues(fields)).toMatchObject(typed)
        },
      ),
    )
  })
})

describe('settings', () => {
  test('a field that is empty means its default, one that is missing stays as it is', () => {
    expect(settingsFromForm({ scope: '', max_age: ' ', authorization_parameters: '\r\n' })).toEqual({
      scope: null,
      max_age: null,
      authorization_parameters: null,
    })
    expect(settingsFromForm({})).toEqual({})
  })

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['a number of seconds', { max_age: '3600' }, { max_age: 3600 }],
    ['no number', { max_age: '1h' }, { max_age: '1h' }],
    [
      'lines',
      { authorization_parameters: 'hd=acme.example\r\n\r\nidp = a=b ' },
      { authorization_parameters: { hd: 'acme.example', idp: 'a=b' } },
    ],
    ['a line without a name', { authorization_parameters: '=x' }, { authorization_parameters: '=x' }],
    ['a name twice', { authorization_parameters: 'a=1\na=2' }, { authorization_parameters: 'a=1\na=2' }],
    ['a field twice', { issuer: ['https://a.example', 'https://b.example'] }, { issuer: 'https://b.example' }],
    ['no text', { issuer: { $gt: '' } }, {}],
    ['what the form does not have', { csrf_token: 'x', version: 'v', __proto__: null }, {}],
  ])('%s', (_, fields, input) => {
    expect(settingsFromForm(fields)).toEqual(input)
  })

  test('lines that cannot be read are refused by the core, not dropped', () => {
    expect(
      readSettings(settingsFromForm({ authorization_parameters: 'nonsense' }), settings, everywhere),
    ).toMatchObject({
      faults: [{ member: 'authorization_parameters' }],
    })
    expect(readPolicy(policyFromForm({ role_claim: 'groups', role_rules: 'nonsense' }))).toMatchObject({
      faults: [{ member: 'role_mapping' }],
    })
  })

  test('an empty secret is none', () => {
    expect(clientSecretFromForm({ client_secret: '  ' })).toBeUndefined()
    expect(clientSecretFromForm({})).toBeUndefined()
    expect(clientSecretFromForm({ client_secret: ' s ' })).toBe(' s ')
  })
})

describe('policy', () => {
  test.each<[string, Record<string, string>, Record<string, unknown>]>([
    ['minutes', { session_lifetime_value: '90', session_lifetime_unit: 'minutes' }, { session_lifetime: 5400 }],
    [
      'part of a day',
      { session_lifetime_value: ' 1,5 ', session_lifetime_unit: 'days' },
      { session_lifetime: 129_600 },
    ],
    ['no unit', { session_lifetime_value: '7' }, { session_lifetime: 604_800 }],
    ['no number', { session_lifetime_value: 'x', session_lifetime_unit: 'days' }, { session_lifetime: 'x' }],
    ['no such unit', { session_lifetime_value: '1', session_lifetime_unit: 'toString' }, { session_lifetime: '1' }],
    ['no lifetime', { session_lifetime_value: ' ', session_lifetime_unit: 'days' }, { session_lifetime: '' }],
    [
      'domains',
      { allowed_email_domains: '@A.example, b.example\r\nc.example;' },
      { allowed_email_domains: ['A.example', 'b.example', 'c.example'] },
    ],
    ['no domains', { allowed_email_domains: '' }, { allowed_email_domains: null }],
    ['no mapping', { role_claim: '', role_rules: '\r\n' }, { role_mapping: null }],
    [
      'rules without a claim',
      { role_rules: 'a = read' },
      { role_mapping: { claim: '', rules: [{ value: 'a', role: 'read' }] } },
    ],
    [
      'a distinguished name',
      { role_claim: 'g', role_rules: 'cn=a,dc=b=admin' },
      { role_mapping: { claim: 'g', rules: [{ value: 'cn=a,dc=b', role: 'admin' }] } },
    ],
    ['nobody by default', { default_role: '' }, { default_role: null }],
    ['nothing', {}, {}],
  ])('%s', (_, fields, input) => {
    expect(policyFromForm(fields)).toEqual(input)
  })
})

test('what was typed is kept, save for secrets and the form’s own fields', () => {
  const fields = { issuer: ' x ', client_secret: 's', csrf_token: 't', version: 'v', intent: 'test', fingerprint: 'f' }
  expect(typedValues(fields)).toEqual({ issuer: ' x ' })
})

describe.each(['first', 'last'] as const)('pairs divided at the %s =', (divider) => {
  test('any two texts come back', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('=', '"', '\\', ' ', 'a', '\n', '\u2028') }),
    )
    fc.assert(
      fc.property(fc.array(fc.record({ left: text, right: text })), (pairs) => {
        expect(parsePairs(formatPairs(pairs, divider), divider)).toEqual({ pairs, unreadable: [] })
      }),
      { numRuns: 2000 },
    )
  })

  test('any text is read, or named by its line', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('=', '"', '\\', ' ', 'a', '\n', '\r') }), (text) => {
        const { pairs, unreadable } = parsePairs(text, divider)
        expect(pairs.length + unreadable.length).toBe(
          text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '').length,
        )
      }),
    )
  })

  test('10 kB of quotes are read at once', () => {
    const started = performance.now()
    for (const text of ['"'.repeat(10_000), `${'='.repeat(5000)}"${'\\"'.repeat(2500)}`, '="'.repeat(5000)])
      parsePairs(text, divider)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
