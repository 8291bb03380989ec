/** What an organization demands of people, and what it makes of their claims. */
import { describe, expect, test } from 'vitest'
import {
  claimsWanted,
  claimValues,
  defaultPolicy,
  emailDomain,
  evaluatePolicy,
  policyFaults,
  type Claims,
  type Policy,
  type RoleRule,
} from '@relying-party/core'

const policy = (changed: Partial<Policy>): Policy => ({ ...defaultPolicy, ...changed })
const ada: Claims = { sub: 'user-1', email: 'ada@acme.example', email_verified: true }

test('by default: seven days, enforced, four roles, and read for everybody', () => {
  expect(defaultPolicy).toEqual({
    session_lifetime: 7 * 24 * 3600,
    enforcement: 'enforced',
    allowed_email_domains: [],
    roles: ['read', 'contributor', 'write', 'admin'],
    role_mapping: null,
    default_role: 'read',
  })
  expect(policyFaults(defaultPolicy)).toEqual([])
  expect(evaluatePolicy(defaultPolicy, { sub: 'user-1' })).toEqual({
    access: { email: null, email_verified: false, role: 'read', matched_rule: null },
    refusal: null,
  })
})

describe('email_verified (nOAuth): the boolean true, and nothing else (#66)', () => {
  test.each<[unknown, boolean]>([
    [true, true],
    [false, false],
    ['true', false],
    ['false', false],
    [1, false],
    [[true], false],
    [null, false],
    [undefined, false],
  ])('%j: %s', (email_verified, expected) => {
    expect(evaluatePolicy(defaultPolicy, { ...ada, email_verified }).access.email_verified).toBe(expected)
    const { refusal } = evaluatePolicy(policy({ allowed_email_domains: ['acme.example'] }), { ...ada, email_verified })
    expect(refusal).toEqual(expected ? null : { code: 'policy_email_not_verified' })
  })
})

test.each([undefined, '', null, ['ada@acme.example'], `${'a'.repeat(308)}@acme.example`])(
  'no address (%j) is never verified (#66, #165)',
  (email) => {
    expect(evaluatePolicy(defaultPolicy, { ...ada, email }).access).toMatchObject({
      email: null,
      email_verified: false,
    })
  },
)

describe('allowed e-mail domains (#199, #201)', () => {
  const allowed = ['acme.example', 'acme.test']
  const refusal = (email: unknown) =>
    evaluatePolicy(policy({ allowed_email_domains: allowed }), { ...ada, email }).refusal
  const other = (domain: string | null) => ({ code: 'policy_email_domain_not_allowed', detail: { allowed, domain } })

  test.each<[string, unknown, object | null]>([
    ['one of them', 'ada@acme.example', null],
    ['the other one', 'ada@acme.test', null],
    ['in capitals', 'ADA@ACME.EXAMPLE', null],
    ['none', undefined, { code: 'policy_email_missing' }],
    ['320 characters', `${'a'.repeat(307)}@acme.example`, null],
    ['321 characters, which no address has', `${'a'.repeat(308)}@acme.example`, { code: 'policy_email_missing' }],
    ['an empty address', '', { code: 'policy_email_missing' }],
    ['a list of addresses', ['ada@acme.example'], { code: 'policy_email_missing' }],
    ['another domain', 'ada@other.example', other('other.example')],
    ['a domain that ends alike', 'ada@evilacme.example', other('evilacme.example')],
    ['a subdomain', 'ada@mail.acme.example', other('mail.acme.example')],
    ['a domain that begins alike', 'ada@acme.example.evil.example', other('acme.example.evil.example')],
    ['two at signs (CVE-2026-40574)', 'ada@evil.example@acme.example', other(null)],
    ['a quoted at sign', '"ada@evil.example"@acme.example', other(null)],
    ['white space after it', 'ada@acme.example ', other(null)],
    ['a line break', 'ada@evil.example\n@acme.example', other(null)],
    ['a full-width at sign', 'ada\uFF20acme.example', other(null)],
    ['a letter of another script', 'ada@\u0430cme.example', other(null)],
    ['a trailing dot', 'ada@acme.example.', other(null)],
    ['no local part', '@acme.example', other(null)],
    ['no dot', 'ada@localhost', other(null)],
  ])('%s', (_name, email, expected) => {
    expect(refusal(email)).toEqual(expected)
  })

  test.each(['a.example', 'acme.x', 'a.b'])('labels of one letter: %s', (domain) => {
    expect(emailDomain(`ada@${domain}`)).toBe(domain)
  })

  test('an address of 64 KiB takes no time (#286)', () => {
    const started = performance.now()
    for (const filler of ['a', 'a.', '-', 'a-', '@', ' ']) emailDomain(`x@${filler.repeat(32_768)}!`)
    expect(performance.now() - started).toBeLessThan(200)
  })
})

describe('roles (#209)', () => {
  const rules: readonly RoleRule[] = [
    { value: 'Staff', role: 'contributor' },
    { value: 'Admins', role: 'admin' },
    { value: 'Writers', role: 'write' },
  ]
  const role = (claims: Claims, claim = 'groups', changed: Partial<Policy> = {}) =>
    evaluatePolicy(policy({ role_mapping: { claim, rules }, ...changed }), claims).access.role

  test.each<[string, Claims, string]>([
    ['one group', { groups: ['Writers'] }, 'write'],
    ['several: the most privileged wins, whatever the order', { groups: ['Writers', 'Admins', 'Staff'] }, 'admin'],
    ['no group of ours', { groups: ['Others'] }, 'read'],
    ['no groups', {}, 'read'],
    ['one group as a text', { groups: 'Admins' }, 'admin'],
    ['a text with commas is one value (#72)', { groups: 'Admins,Staff' }, 'read'],
    ['another case', { groups: ['admins'] }, 'read'],
    ['a longer name', { groups: ['Admins-Old'] }, 'read'],
    ['objects in the list (#72)', { groups: [{ name: 'Admins' }, ['Admins'], 'Staff'] }, 'contributor'],
    ['an object (#72)', { groups: { 0: 'Admins' } }, 'read'],
  ])('%s', (_name, claims, expected) => {
    expect(role(claims)).toBe(expected)
  })

  test('of two rules that give the same role the first is on record', () => {
    const alike = [...rules, { value: 'Owners', role: 'admin' }]
    const { access } = evaluatePolicy(policy({ role_mapping: { claim: 'groups', rules: alike } }), {
      groups: ['Owners', 'Admins'],
    })
    expect(access.matched_rule).toBe(alike[1])
  })

  test('200 groups of 8 KiB are no matter (#71)', () => {
    expect(role({ groups: [...Array.from({ length: 200 }, (_, index) => `${index}`.repeat(2000)), 'Writers'] })).toBe(
      'write',
    )
  })

  test('without a default role whoever matches no rule is refused', () => {
    const strict = policy({ role_mapping: { claim: 'groups', rules }, default_role: null })
    expect(evaluatePolicy(strict, {}).refusal).toEqual({ code: 'policy_role_not_mapped', detail: { claim: 'groups' } })
    expect(evaluatePolicy(strict, { groups: ['Staff'] })).toEqual({
      access: { email: null, email_verified: false, role: 'contributor', matched_rule: rules[0] },
      refusal: null,
    })
  })

  test.each<[string, string, Claims, readonly string[]]>([
    ['a path', 'realm_access.roles', { realm_access: { roles: ['a', 'b'] } }, ['a', 'b']],
    [
      'a name with dots and slashes wins over a path',
      'https://acme.example/groups',
      { 'https://acme.example/groups': ['a'] },
      ['a'],
    ],
    ['both: the name wins', 'a.b', { 'a.b': 'name', a: { b: 'path' } }, ['name']],
    ['a path that ends early', 'realm_access.roles', { realm_access: 'roles' }, []],
    ['a path through a list', 'groups.0', { groups: ['a'] }, ['a']],
    ['a prototype (#67)', 'constructor.name', {}, []],
    ['__proto__ (#67)', '__proto__.toString', {}, []],
    ['the length of a text', 'groups.length', { groups: 'x' }, []],
    ['a path through null', 'realm_access.roles', { realm_access: null }, []],
    ['only texts of a list', 'groups', { groups: ['a', 1, null, ['b'], 'c'] }, ['a', 'c']],
  ])('%s', (_name, path, claims, expected) => {
    expect(claimValues(claims, path)).toEqual(expected)
  })
})

test.each<[string, Partial<Policy>, string, readonly string[]]>([
  ['nothing', {}, 'openid profile', []],
  ['the scope email', {}, 'openid email', ['email', 'email_verified']],
  ['allowed domains', { allowed_email_domains: ['acme.example'] }, 'openid', ['email', 'email_verified']],
  ['role rules', { role_mapping: { claim: 'groups', rules: [] } }, 'openid', ['groups']],
  ['a scope that only begins alike', {}, 'openid email_x', []],
])('claims wanted: %s', (_name, changed, scope, expected) => {
  expect(claimsWanted(policy(changed), scope)).toEqual(expected)
})

test.each([
  ['ada@acme.example', /an e-mail address: enter acme\.example$/],
  ['@acme.example', /an e-mail address: enter acme\.example$/],
  ['https://acme.example', /a web address: enter acme\.example$/],
  ['https://acme.example:8443/sso', /a web address: enter acme\.example$/],
  ['*.acme.example', /wildcard/],
  ['ada@*.acme.example', /wildcard/],
  ['acme', /no top-level domain/],
  ['acme.example.', /no domain name/],
  ['acme example', /no domain name/],
  ['ada@acme', /no domain name/],
  ['bücher.example', /no domain name/],
  ['ACME.example', /no domain name in lower case/],
])('the domain %s: what is wrong with it', (domain, why) => {
  expect(policyFaults(policy({ allowed_email_domains: ['acme.example', domain] }))).toEqual([
    { member: 'allowed_email_domains', fault: expect.stringMatching(why) as string },
  ])
})

describe('faults of a policy', () => {
  const mapping = (rules: readonly RoleRule[], claim = 'groups') => ({ role_mapping: { claim, rules } })
  const admins: RoleRule = { value: 'Admins', role: 'admin' }
  test.each<[string, Partial<Policy>, readonly string[]]>([
    ['a minute', { session_lifetime: 60 }, []],
    ['less than a minute', { session_lifetime: 59 }, ['session_lifetime']],
    ['a year', { session_lifetime: 31_536_000 }, []],
    ['more than a year', { session_lifetime: 31_536_001 }, ['session_lifetime']],
    ['half a second', { session_lifetime: 60.5 }, ['session_lifetime']],
    ['a domain in capitals', { allowed_email_domains: ['ACME.example'] }, ['allowed_email_domains']],
    ['a domain with an at sign', { allowed_email_domains: ['@acme.example'] }, ['allowed_email_domains']],
    ['a domain without a dot', { allowed_email_domains: ['localhost'] }, ['allowed_email_domains']],
    ['no roles', { roles: [], default_role: null }, ['roles']],
    ['a role twice', { roles: ['read', 'read'] }, ['roles']],
    ['an unknown default role', { default_role: 'owner' }, ['default_role']],
    ['no default role', { default_role: null }, []],
    ['a rule for an administrator', mapping([admins]), []],
    ['no rule for an administrator', mapping([{ value: 'Staff', role: 'read' }]), ['role_mapping.rules']],
    ['no rule at all', mapping([]), ['role_mapping.rules']],
    ['a rule for an unknown role', mapping([admins, { value: 'x', role: 'owner' }]), ['role_mapping.rules']],
    ['no claim', mapping([admins], ' '), ['role_mapping.claim']],
  ])('%s', (_name, changed, members) => {
    expect(policyFaults(policy(changed)).map(({ member }) => member)).toEqual(members)
  })
})
