/** What the organization demands of the people who sign in. */
import { claimAt, claimValues, emailDomain, emailIn, type Claims } from '../policy.ts'
import {
  core,
  doesNotApply,
  failed,
  holds,
  nearMiss,
  noticed,
  passed,
  type Finding,
  type NearMiss,
  type Rule,
} from './check.ts'
import type { Story } from './story.ts'

/** A check on the claims that the policy saw; a test is warned where a login would be refused. */
function inPolicy(find: (claims: Claims, story: Story) => Finding): (story: Story) => Finding {
  return (story) => {
    const finding = story.claims === undefined ? null : find(story.claims, story)
    return finding?.outcome === 'failed' && story.purpose === 'test' ? { ...finding, outcome: 'warned' } : finding
  }
}

export const policyChecks = {
  policy_email: {
    leg: 'policy',
    rule: 'An e-mail address came, where the organization demands one.',
    spec: core('5.1'),
    codes: ['policy_email_missing'],
    near_misses: ['email_scope_missing', 'claims_only_at_userinfo'],
    find: inPolicy((claims, story) => {
      if (story.rp.policy.allowed_email_domains.length === 0) return anyDomain
      return holds(emailIn(claims) !== null, 'policy_email_missing', {}, whyNoEmail(story))
    }),
  },
  policy_email_verified: {
    leg: 'policy',
    rule: 'The provider vouches for the e-mail address, where the organization looks at it.',
    spec: core('5.1'),
    codes: ['policy_email_not_verified'],
    near_misses: ['email_verified_is_text', 'email_verified_missing', 'email_not_verified'],
    find: inPolicy((claims, { rp }) => {
      const { email_verified } = claims
      if (emailIn(claims) === null) return doesNotApply('No e-mail address came.')
      if (email_verified === true) return passed()
      const near = notVerified(email_verified)
      const compared = { expected: true, actual: email_verified ?? 'nothing' }
      return rp.policy.allowed_email_domains.length > 0
        ? failed('policy_email_not_verified', compared, near)
        : noticed(near, compared)
    }),
  },
  policy_email_domain: {
    leg: 'policy',
    rule: 'The e-mail address belongs to a domain of the organization.',
    spec: null,
    codes: ['policy_email_domain_not_allowed'],
    near_misses: ['google_any_account'],
    find: inPolicy((claims, { rp }) => {
      const { allowed_email_domains: allowed } = rp.policy
      const email = emailIn(claims)
      if (allowed.length === 0) {
        const near = rp.issuer === 'https://accounts.google.com' ? nearMiss('google_any_account') : undefined
        const isLimited =
          rp.client.authorization_parameters?.hd !== undefined && claims.hd === rp.client.authorization_parameters.hd
        return near === undefined || isLimited ? anyDomain : noticed(near)
      }
      if (email === null || claims.email_verified !== true)
        return doesNotApply('There is no verified e-mail address to look at.')
      const domain = emailDomain(email)
      const isAllowed = allowed.some((one) => one === domain)
      return holds(isAllowed, 'policy_email_domain_not_allowed', {
        expected: allowed.join(', '),
        actual: domain ?? 'none',
      })
    }),
  },
  policy_role: {
    leg: 'policy',
    rule: 'The person has a role in the organization.',
    spec: null,
    codes: ['policy_role_not_mapped'],
    near_misses: [
      'groups_claim_missing',
      'groups_claim_not_a_list',
      'groups_too_many',
      'groups_letter_case',
      'groups_without_rule',
      'claims_only_at_userinfo',
    ],
    find: inPolicy((claims, story) => {
      const { role_mapping: mapping, default_role } = story.rp.policy
      const values = mapping === null ? [] : claimValues(claims, mapping.claim)
      const matches = mapping?.rules.some(({ value }) => values.includes(value)) === true
      if (matches) return passed({ actual: values.join(', ') })
      const near = mapping === null ? undefined : whyNoRole(claims, mapping, values, story)
      const compared = {
        expected: mapping?.rules.map(({ value }) => value).join(', ') ?? 'a default role',
        actual: values.length > 0 ? values.join(', ') : `no ${mapping?.claim ?? 'role'}`,
      }
      if (default_role === null) return failed('policy_role_not_mapped', compared, near)
      // Most people are in groups that no rule names: that is what the default is for.
      return near === undefined || near.id === 'groups_without_rule'
        ? passed({ actual: default_role })
        : noticed(near, { ...compared, actual: `${compared.actual}: ${default_role}` })
    }),
  },
} as const satisfies Record<string, Rule>

const anyDomain = doesNotApply('E-mail addresses of any domain may sign in.')

function notVerified(email_verified: unknown): NearMiss {
  if (email_verified === 'true') return nearMiss('email_verified_is_text')
  const isDenied = email_verified === false || email_verified === 'false'
  return nearMiss(isDenied ? 'email_not_verified' : 'email_verified_missing')
}

function whyNoEmail(story: Story): NearMiss | undefined {
  const { client } = story.rp
  if (!client.scope.split(' ').includes('email')) return nearMiss('email_scope_missing', `${client.scope} email`)
  return notAsked(story)
}

function notAsked({ rp, metadata }: Story): NearMiss | undefined {
  const isThin = rp.client.userinfo === 'never' && metadata?.userinfo_endpoint !== undefined
  return isThin ? nearMiss('claims_only_at_userinfo') : undefined
}

function whyNoRole(
  claims: Claims,
  mapping: NonNullable<Story['rp']['policy']['role_mapping']>,
  values: readonly string[],
  story: Story,
): NearMiss | undefined {
  const { claim, rules } = mapping
  if (values.length > 0) {
    const loosely = (text: string) => text.trim().toLowerCase()
    const almost = values.find((value) => rules.some((rule) => loosely(rule.value) === loosely(value)))
    return almost === undefined ? nearMiss('groups_without_rule') : nearMiss('groups_letter_case', almost)
  }
  const elsewhere = claims._claim_names
  const isOverage = typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, claim)
  if (isOverage || claims.hasgroups === true) return nearMiss('groups_too_many')
  const found = claimAt(claims, claim)
  if (Array.isArray(found) && found.length === 0) return nearMiss('groups_without_rule')
  if (found !== undefined) return nearMiss('groups_claim_not_a_list', claim)
  return notAsked(story) ?? nearMiss('groups_claim_missing', claim)
}
