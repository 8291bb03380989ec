/** What an administrator enters: read with good will, checked with none. */
import { describe, expect, test } from 'vitest'
import {
  defaultPolicy,
  noticeOf,
  readClientSecret,
  readPolicy,
  readSettings,
  type Policy,
  type Settings,
} from '@relying-party/core'

type Input = Readonly<Record<string, unknown>>

const base: Settings = {
  issuer: 'https://idp.example',
  client_id: 'client-1',
  scope: 'openid email',
  response_mode: 'form_post',
  userinfo: 'always',
  max_age: 60,
  token_endpoint_auth_method: 'client_secret_post',
  authorization_parameters: { idp: '0oa1' },
}
const entered = { issuer: 'https://idp.example', client_id: 'client-1' }
const secureOnly = () => false
const read = (input: Input, on: Settings | null = null, allowsHttp: (url: string) => boolean = secureOnly) =>
  readSettings(JSON.parse(JSON.stringify(input)) as Input, on, allowsHttp)
const value = (input: Input, on: Settings | null = null) => {
  const result = read(input, on)
  if ('faults' in result) throw new Error(JSON.stringify(result.faults))
  return result.value
}
const faults = (input: Input, on: Settings | null = null) => {
  const result = read(input, on)
  return 'faults' in result ? [...new Set(result.faults.map(({ member }) => member))] : []
}

test('issuer and client id are enough', () => {
  expect(read(entered)).toEqual({
    value: { ...entered, scope: 'openid profile email', response_mode: 'query', userinfo: 'when_needed' },
    notices: [],
  })
})

test('read again, settings are the same settings', () => {
  expect(value(base as unknown as Input)).toEqual(base)
  expect(value(base as unknown as Input, base)).toEqual(base)
})

describe('left out, null and empty', () => {
  test('what is left out stays as it is: every member', () => {
    expect(value({}, base)).toEqual(base)
    for (const name of Object.keys(base)) {
      const { [name as 'scope']: _, ...rest } = base
      expect(value(rest, base)).toEqual(base)
    }
  })

  test('null brings back the default', () => {
    const reset = {
      scope: null,
      response_mode: null,
      userinfo: null,
      max_age: null,
      token_endpoint_auth_method: null,
      authorization_parameters: null,
    }
    expect(value(reset, base)).toEqual({
      ...entered,
      scope: 'openid profile email',
      response_mode: 'query',
      userinfo: 'when_needed',
    })
  })

  test.each(['issuer', 'client_id'])('%s has no default', (name) => {
    expect(faults({ [name]: null }, base)).toEqual([name])
    expect(faults({ [name]: '' }, base)).toEqual([name])
    expect(faults({ [name]: '  ' }, base)).toEqual([name])
  })
})

describe('the issuer', () => {
  test.each<[string, string]>([
    ['https://idp.example', 'https://idp.example'],
    ['https://idp.example/', 'https://idp.example/'],
    ['https://idp.example/oauth2/default', 'https://idp.example/oauth2/default'],
    ['https://idp.example/oauth2/default/', 'https://idp.example/oauth2/default/'],
    ['https://idp.example:8443/x', 'https://idp.example:8443/x'],
    ['HTTPS://IDP.example', 'HTTPS://IDP.example'],
  ])('%s is kept to the letter', (issuer, expected) => {
    expect(value({ ...entered, issuer }).issuer).toBe(expected)
  })

  test.each<[string, string]>([
    ['https://idp.example/.well-known/openid-configuration', 'https://idp.example'],
    ['https://idp.example/oauth2/default/.well-known/openid-configuration', 'https://idp.example/oauth2/default'],
    ['https://idp.example/.well-known/openid-configuration/', 'https://idp.example'],
    ['https://idp.example/.well-known/openid-configuration?client_id=0oa1', 'https://idp.example'],
    ['https://idp.example/a/.well-known/oauth-authorization-server', 'https://idp.example/a'],
  ])('%s is understood, and said', (given, issuer) => {
    expect(read({ ...entered, issuer: given })).toMatchObject({
      value: { issuer },
      notices: [{ member: 'issuer', code: 'metadata_url_read_as_issuer', given, read_as: issuer }],
    })
  })

  test('white space around it is taken away, and said', () => {
    const given = ' \thttps://idp.example\r\n'
    const { notices } = read({ ...entered, issuer: given })
    expect(value({ ...entered, issuer: given }).issuer).toBe('https://idp.example')
    expect(notices).toMatchObject([{ member: 'issuer', code: 'white_space_removed', read_as: 'https://idp.example' }])
  })

  test.each([
    'http://idp.example',
    'idp.example',
    '//idp.example',
    'ftp://idp.example',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://',
    'https://idp.example?tenant=1',
    'https://idp.example?',
    'https://idp.example#x',
    'https://idp.example#',
    'https://user@idp.example',
    'https://:password@idp.example',
    'https://idp.example/\u0000',
    'https://idp.example/a b',
    'https://idp.example/a\nb',
    'https:\\\\idp.example',
    'https://idp.example/\u202E',
    `https://idp.example/${'x'.repeat(2048)}`,
    '/.well-known/openid-configuration',
  ])('%j is refused', (issuer) => {
    expect(faults({ ...entered, issuer })).toEqual(['issuer'])
  })

  test.each([1, true, ['https://idp.example'], { url: 'https://idp.example' }])('%j is no text', (issuer) => {
    expect(faults({ ...entered, issuer })).toEqual(['issuer'])
  })

  test('plain http only where the operator allows it (#104)', () => {
    const issuer = 'http://localhost:4000'
    expect(read({ ...entered, issuer }, null, (url) => url === issuer)).toMatchObject({ value: { issuer } })
    expect(read({ ...entered, issuer: 'http://localhost:4001' }, null, (url) => url === issuer)).toMatchObject({
      faults: [{ member: 'issuer' }],
    })
    expect(read({ ...entered, issuer: 'ftp://localhost' }, null, () => true)).toMatchObject({
      faults: [{ member: 'issuer' }],
    })
  })

  test('an issuer that is stored is checked again: what was allowed may be allowed no more (#104, #113)', () => {
    expect(read({}, { ...base, issuer: 'http://localhost:4000' })).toMatchObject({ faults: [{ member: 'issuer' }] })
  })
})

describe('the other members', () => {
  const twenty = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`p${index}`, 'x'.repeat(1024)]))
  test.each<[string, Input, object]>([
    [
      'scope: order kept, doubles and white space gone',
      { scope: ' openid  groups openid\temail ' },
      { scope: 'openid groups email' },
    ],
    ['client_id: punctuation', { client_id: 'a:b/c?d=%20+"' }, { client_id: 'a:b/c?d=%20+"' }],
    ['client_id: white space around it', { client_id: ' client-1\n' }, { client_id: 'client-1' }],
    ['acr_values: white space', { acr_values: ' phr \n mfa' }, { acr_values: 'phr mfa' }],
    ['max_age 0', { max_age: 0 }, { max_age: 0 }],
    ['max_age, the longest', { max_age: 2 ** 31 - 1 }, { max_age: 2 ** 31 - 1 }],
    ['client_id of 255 characters', { client_id: 'x'.repeat(255) }, { client_id: 'x'.repeat(255) }],
    [
      '20 authorization_parameters of 1024 characters',
      { authorization_parameters: twenty },
      { authorization_parameters: twenty },
    ],
    [
      'id_token_signed_response_alg',
      { id_token_signed_response_alg: 'ES256' },
      { id_token_signed_response_alg: 'ES256' },
    ],
    [
      'authorization_parameters',
      { authorization_parameters: { hd: 'acme.example' } },
      { authorization_parameters: { hd: 'acme.example' } },
    ],
  ])('%s', (_name, input, expected) => {
    expect(value({ ...entered, ...input })).toMatchObject(expected)
  })

  test.each<[string, unknown]>([
    ['client_id', 'x'.repeat(256)],
    ['client_id', 'a\u0000b'],
    ['client_id', 'a\nb'],
    ['client_id', '“client-1”'],
    ['client_id', '"client-1"'],
    ['client_id', "'client-1'"],
    ['client_id', 'cliеnt-1'],
    ['client_id', 'client\u200b-1'],
    ['client_id', 'client\u00a01'],
    ['client_id', 'a\ud800b'],
    ['scope', 'profile email'],
    ['scope', 'openid a"b'],
    ['scope', 'openid ü'],
    ['scope', ['openid']],
    ['response_mode', 'fragment'],
    ['userinfo', 'sometimes'],
    ['token_endpoint_auth_method', 'tls_client_auth'],
    ['token_endpoint_auth_method', 'toString'],
    ['id_token_signed_response_alg', 'none'],
    ['id_token_signed_response_alg', 'none'],
    ['id_token_signed_response_alg', 'constructor'],
    ['max_age', -1],
    ['max_age', 1.5],
    ['max_age', '60'],
    ['max_age', 2 ** 31],
    ['acr_values', 'x'.repeat(1025)],
    ['authorization_parameters', 'hd=acme.example'],
    ['authorization_parameters', [['hd', 'acme.example']]],
    ['authorization_parameters', { hd: 1 }],
    ['authorization_parameters', { hd: ['x'] }],
    ['authorization_parameters', { hd: 'x', idp: 1 }],
    ['authorization_parameters', { hd: 'x'.repeat(1025) }],
    ['authorization_parameters', Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`p${index}`, 'x']))],
  ])('%s: %j is refused', (name, given) => {
    expect(faults({ ...entered, [name]: given })).toEqual([name])
  })

  const reserved = [
    'response_type',
    'client_id',
    'client_secret',
    'redirect_uri',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'response_mode',
    'max_age',
    'acr_values',
    'login_hint',
    'prompt',
    'request',
    'request_uri',
  ]
  test.each(reserved)('authorization_parameters: %s is ours to set (#22)', (name) => {
    expect(faults({ ...entered, authorization_parameters: { [name]: 'x' } })).toEqual(['authorization_parameters'])
  })

  test.each([
    ['state', /each sign-in/],
    ['prompt', /not allowed here: whoever starts/],
    ['login_hint', /not allowed here: whoever starts/],
    ['request_uri', /not allowed here: it would replace/],
    ['client_secret', /not allowed here: a secret/],
    ['max_age', /setting of its own/],
  ])('authorization_parameters: why not %s', (name, why) => {
    const { faults } = read({ ...entered, authorization_parameters: { [name]: 'none' } }) as {
      faults: readonly { fault: string }[]
    }
    expect(faults).toEqual([{ member: 'authorization_parameters', fault: expect.stringMatching(why) as string }])
  })

  test.each([
    ['“client-1”', /quotation marks/],
    ['"client-1"', /quotation marks/],
    ['cliеnt-1', /“е”/],
    ['client\u200b-1', /invisible/],
    ['client\u00a01', /invisible/],
    ['a\nb', /invisible/],
  ])('client_id: what is wrong with %j', (client_id, why) => {
    expect(read({ ...entered, client_id })).toMatchObject({
      faults: [{ member: 'client_id', fault: expect.stringMatching(why) as string }],
    })
  })

  test('all faults are told at once', () => {
    const told = faults({ issuer: 'idp.example', scope: 'email', max_age: -1, userinfo: 'x' })
    expect(told).toEqual(['issuer', 'client_id', 'scope', 'userinfo', 'max_age'])
  })

  test('members of a prototype are not read', () => {
    expect(readSettings(Object.create({ scope: 'openid evil' }, {}) as Input, base, secureOnly)).toEqual({
      value: base,
      notices: [],
    })
    expect(value({ ...entered, unknown: 1, constructor: 2 })).not.toHaveProperty('unknown')
  })
})

describe('what was read in another way than it was written', () => {
  test('of white space alone nothing is said', () => {
    expect(read({ ...entered, scope: '  ' }).notices).toEqual([])
  })

  test.each<[string, string, object | undefined]>([
    [
      'issuer',
      'metadata_url_read_as_issuer',
      { given: 'https://idp.example/.well-known/openid-configuration', read_as: 'https://idp.example' },
    ],
    ['client_id', 'white_space_removed', { given: 'client-1', read_as: 'client-1' }],
    ['client_secret', 'white_space_removed', { given: '(hidden)', read_as: '(hidden)' }],
    ['max_age', 'white_space_removed', undefined],
    ['issuer', 'toString', undefined],
    ['issuer', '', undefined],
  ])('is told by its code alone: %s, %s', (member, code, told) => {
    expect(noticeOf(base, member, code)).toEqual(told && { member, code, ...told })
  })
})

describe('the policy', () => {
  const policy = (input: Input, on?: Policy) => readPolicy(JSON.parse(JSON.stringify(input)) as Input, on)
  const rules = [{ value: 'Admins', role: 'admin' }]
  const hundred = Array.from({ length: 100 }, (_, index) => `d${index}.example`)
  const other: Policy = {
    session_lifetime: 3600,
    enforcement: 'optional',
    allowed_email_domains: ['acme.example'],
    roles: ['read', 'admin'],
    role_mapping: { claim: 'groups', rules },
    default_role: null,
  }

  test('what is left out stays as it is', () => {
    expect(policy({})).toEqual({ value: defaultPolicy, notices: [] })
    expect(policy({}, other)).toEqual({ value: other, notices: [] })
  })

  test('read again, a policy is the same policy', () => {
    expect(policy(other as unknown as Input)).toEqual({ value: other, notices: [] })
  })

  test.each<[string, Input, Partial<Policy>]>([
    ['session_lifetime', { session_lifetime: null }, { session_lifetime: 604_800 }],
    ['enforcement', { enforcement: null }, { enforcement: 'enforced' }],
    ['allowed_email_domains', { allowed_email_domains: null }, { allowed_email_domains: [] }],
    ['role_mapping', { role_mapping: null }, { role_mapping: null }],
    ['default_role', { default_role: null }, { default_role: null }],
    [
      'domains are tidied',
      { allowed_email_domains: [' ACME.example ', ''] },
      { allowed_email_domains: ['acme.example'] },
    ],
    [
      'roles keep their letters',
      { roles: ['Read', ' Owner '], role_mapping: null },
      { roles: ['Read', 'Owner'], role_mapping: null },
    ],
    ['a hundred domains', { allowed_email_domains: hundred }, { allowed_email_domains: hundred }],
    [
      'two hundred rules on a long claim',
      { role_mapping: { claim: 'c'.repeat(255), rules: Array(200).fill(rules[0]) } },
      { role_mapping: { claim: 'c'.repeat(255), rules: Array(200).fill(rules[0]) } },
    ],
    [
      'a claim is tidied',
      { role_mapping: { claim: ' groups ', rules: [{ value: 'Admins', role: 'admin', more: 1 }] } },
      { role_mapping: { claim: 'groups', rules } },
    ],
  ])('%s', (_name, input, expected) => {
    expect(policy(input, other)).toEqual({ value: { ...other, ...expected }, notices: [] })
  })

  test.each<[string, unknown, string?]>([
    ['session_lifetime', 59],
    ['session_lifetime', '3600'],
    ['enforcement', 'sometimes'],
    ['allowed_email_domains', 'acme.example'],
    ['allowed_email_domains', ['not a domain']],
    ['allowed_email_domains', [1]],
    ['allowed_email_domains', ['acme.example', 1]],
    ['allowed_email_domains', Array.from({ length: 101 }, (_, index) => `d${index}.example`)],
    ['roles', []],
    ['default_role', 'owner'],
    ['role_mapping', 'groups'],
    ['role_mapping', { claim: 'groups' }],
    ['role_mapping', { claim: 5, rules }],
    ['role_mapping', { rules }],
    ['role_mapping', { claim: ['groups'], rules }],
    ['role_mapping', { claim: 'c'.repeat(256), rules }],
    ['role_mapping', { claim: 'groups', rules: Array(201).fill(rules[0]) }],
    ['role_mapping', { claim: 'groups', rules: [null] }],
    ['role_mapping', { claim: 'groups', rules: [...rules, { value: 'x', role: 1 }] }],
    ['role_mapping', { claim: 'groups', rules: [{ value: 1, role: 'admin' }] }],
    ['role_mapping', { claim: 'groups', rules: [{ value: 'Staff', role: 'read' }] }, 'role_mapping.rules'],
    ['role_mapping', { claim: 'groups', rules: [...rules, { value: 'x', role: 'owner' }] }, 'role_mapping.rules'],
  ])('%s: %j is refused', (name, given, member = name) => {
    const result = policy({ [name]: given })
    expect('faults' in result && result.faults.map((fault) => fault.member)).toContain(member)
  })

  test('what cannot be read is told before what does not fit together', () => {
    const result = policy({ enforcement: 'sometimes', default_role: 'owner' })
    expect('faults' in result && result.faults.map(({ member }) => member)).toEqual(['enforcement'])
  })
})

describe('a client secret', () => {
  const removed = { member: 'client_secret', code: 'white_space_removed', given: '(hidden)', read_as: '(hidden)' }

  test.each<[string, unknown, string | null]>([
    ['left out', undefined, null],
    ['null', null, null],
    ['empty', '', null],
    ['as it was shown', '!~', '!~'],
    ['with a space inside', 'a b', 'a b'],
    ['of 2048 characters', 'x'.repeat(2048), 'x'.repeat(2048)],
  ])('%s', (_what, entered, value) => {
    expect(readClientSecret(entered)).toEqual({ value, notices: [] })
  })

  test.each<[string, unknown, string | null]>([
    ['with white space around it', ' \ts3cret\r\n', 's3cret'],
    ['of white space alone: none', ' \n', null],
  ])('%s: the notice shows nothing of it', (_what, entered, value) => {
    expect(readClientSecret(entered)).toEqual({ value, notices: [removed] })
  })

  test.each<[string, unknown]>([
    ['of 2049 characters', 'x'.repeat(2049)],
    ['that is no text', 5],
    ['with a control character', 'a\u0000b'],
    ['with a line break inside', 'a\nb'],
    ['with a space inside that is not ASCII', 'a\u00a0b'],
    ['with a character that is not ASCII', 'sécret'],
  ])('%s is refused', (_what, entered) => {
    const fault = expect.any(String) as string
    expect(readClientSecret(entered)).toEqual({ faults: [{ member: 'client_secret', fault }], notices: [] })
  })
})
