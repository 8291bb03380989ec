/** Refreshing: who the person is today, and whom the policy lets in no more. OpenID Connect Core 1.0, section 12.2. */
import { describe, expect, test } from 'vitest'
import { json, known, userinfo, type Answers, type Overrides } from './support/provider.ts'
import { answer, refresh, refreshed, withoutIdToken } from './support/refresh.ts'

describe('who the person is today', () => {
  const byGroup = {
    policy: {
      role_mapping: {
        claim: 'groups',
        rules: [
          { value: 'Engineering', role: 'write' },
          { value: 'Admins', role: 'admin' },
        ],
      },
    },
  }
  const before = {
    email: 'ada@acme.example',
    email_verified: true,
    groups: ['Admins'],
    nickname: 'Ada',
    acr: 'phr',
    sid: 's',
  }
  const person = async (answers: Answers, overrides: Overrides = byGroup) =>
    refreshed(await refresh({ before, answers, rp: { ...known(), ...overrides } }))
  const thin = () => answer({ claims: { email: undefined, email_verified: undefined } })
  const { groups: _, ...ungrouped } = userinfo

  test.each<[string, Answers, Overrides, object]>([
    [
      'another group today',
      { token: thin(), userinfo: json(userinfo) },
      byGroup,
      { access: { role: 'write' }, claims: { groups: ['Engineering'] } },
    ],
    [
      'no group any more, as UserInfo says',
      { token: thin(), userinfo: json(ungrouped) },
      byGroup,
      { access: { role: 'read' } },
    ],
    [
      'no group any more, and no ID Token',
      { token: withoutIdToken(), userinfo: json(ungrouped) },
      byGroup,
      { access: { role: 'read' } },
    ],
    [
      'no group any more, on a path',
      { token: thin(), userinfo: json(ungrouped) },
      { policy: { role_mapping: { claim: 'groups.of', rules: [{ value: 'Admins', role: 'admin' }] } } },
      { access: { role: 'read' } },
    ],
    [
      'UserInfo may not be asked: as the login learnt it',
      { token: thin() },
      { ...byGroup, client: { userinfo: 'never' } },
      { access: { role: 'admin', email: 'ada@acme.example', email_verified: true } },
    ],
    [
      'nothing is looked at that is missing: what the login learnt stays',
      { token: answer() },
      {},
      { claims: { groups: ['Admins'], nickname: 'Ada', acr: 'phr', sid: 's' } },
    ],
    [
      'an address that nobody vouches for today',
      { token: thin(), userinfo: json({ ...userinfo, email: 'ada@new.example', email_verified: undefined }) },
      {},
      { access: { email: 'ada@new.example', email_verified: false } },
    ],
    [
      'no address any more',
      { token: thin(), userinfo: json({ sub: userinfo.sub }) },
      {},
      { access: { email: null, email_verified: false } },
    ],
    [
      'the word for an address, without one: nothing new',
      { token: answer({ claims: { email: undefined, email_verified: false } }) },
      { client: { userinfo: 'never' } },
      { access: { email: 'ada@acme.example', email_verified: true } },
    ],
    [
      'what UserInfo says of tokens is not believed (#161)',
      {
        token: withoutIdToken(),
        userinfo: json({ ...userinfo, iat: 1, auth_time: 1, acr: 'x', sid: 'y', iss: 'https://evil.example' }),
      },
      {},
      { claims: { acr: 'phr', sid: 's' } },
    ],
  ])('%s', async (_what, answers, overrides, expected) => {
    const { claims, access } = await person(answers, overrides)
    expect({ claims, access }).toMatchObject(expected)
    expect(claims).not.toMatchObject({ iat: 1 })
  })

  test.each<[string, Answers, Overrides['policy'] & object, string]>([
    [
      'no role',
      { token: thin(), userinfo: json(ungrouped) },
      { ...byGroup.policy, default_role: null },
      'policy_role_not_mapped',
    ],
    [
      'another domain',
      { token: thin(), userinfo: json({ ...userinfo, email: 'ada@evil.example' }) },
      { allowed_email_domains: ['acme.example'] },
      'policy_email_domain_not_allowed',
    ],
  ])('whom the policy lets in no more is signed out: %s', async (_what, answers, policy, code) => {
    const { result } = await refresh({ before, answers, rp: { ...known(), policy } })
    expect(result).toMatchObject({ failure: { code }, ends_session: true })
  })
})
