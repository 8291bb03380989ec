/**
 * What an organization demands of the people who sign in, and what it makes of their claims: pure functions.
 *
 * Rule: e-mail is display data unless `email_verified` is the boolean `true`; it never identifies anybody.
 */
import { bounded, type Failure } from './failures.ts'

/** Claims of an End-User, as they came: any member may be missing or of the wrong type. */
export type Claims = Readonly<Record<string, unknown>>

export interface RoleRule {
  /** Compared for equality with each value of the claim. */
  readonly value: string
  readonly role: string
}

export interface RoleMapping {
  /** Dotted path to a string or an array of strings: `groups`, `realm_access.roles`. A claim of exactly that name wins. */
  readonly claim: string
  readonly rules: readonly RoleRule[]
}

export interface Policy {
  /** Seconds until a member has to sign in again; 604800 (7 days) by default. */
  readonly session_lifetime: number
  /** Whether members must use SSO (`enforced`) or may (`optional`): for the embedding product to act upon. */
  readonly enforcement: 'enforced' | 'optional'
  /** Lower-case domains; when not empty, a verified e-mail address of one of them is demanded. */
  readonly allowed_email_domains: readonly string[]
  /** Least privileged first. */
  readonly roles: readonly string[]
  readonly role_mapping: RoleMapping | null
  /** The role when no rule matches; null refuses. */
  readonly default_role: string | null
}

export const defaultPolicy: Policy = {
  session_lifetime: 604_800,
  enforcement: 'enforced',
  allowed_email_domains: [],
  roles: ['read', 'contributor', 'write', 'admin'],
  role_mapping: null,
  default_role: 'read',
}

/** Characters of JSON. Whoever has more claims has hundreds of groups; a provider decides how many it sends. */
const largestClaims = 65_536

/**
 * Claims that are kept, with a session or with a test: of a person with too many the largest are left out, and count as
 * ones that never came.
 */
export function boundedClaims(claims: Claims): Claims {
  const lengthOf = (value: unknown) => JSON.stringify(value).length
  if (lengthOf(claims) <= largestClaims) return claims
  let length = 0
  const bySize = Object.entries(claims).sort(([, one], [, other]) => lengthOf(one) - lengthOf(other))
  return Object.fromEntries(bySize.filter((claim) => (length += lengthOf(claim)) <= largestClaims))
}

/** What the policy made of somebody's claims. */
export interface Access {
  readonly email: string | null
  readonly email_verified: boolean
  readonly role: string | null
  /** The rule that gave the role; null when it is the default role. */
  readonly matched_rule: RoleRule | null
}

/** Applies the policy to validated claims: who this is to the organization, or why it is refused. */
export function evaluatePolicy(policy: Policy, claims: Claims): { access: Access; refusal: Failure | null } {
  const email = emailIn(claims)
  // Without an address there is nothing that could be verified.
  const email_verified = email !== null && claims.email_verified === true
  const matched_rule = policy.role_mapping === null ? null : mostPrivileged(policy, policy.role_mapping, claims)
  const access = { email, email_verified, role: matched_rule?.role ?? policy.default_role, matched_rule }
  return { access, refusal: refusalOf(policy, access) }
}

/**
 * The e-mail address, where there is one: nothing of more than 320 characters is.
 * @see {@link https://www.rfc-editor.org/rfc/rfc3696#section-3 | RFC 3696, section 3}
 */
export function emailIn({ email }: Claims): string | null {
  return typeof email === 'string' && email !== '' && email.length <= 320 ? email : null
}

function refusalOf(policy: Policy, { email, email_verified, role }: Access): Failure | null {
  if (policy.allowed_email_domains.length > 0) {
    if (email === null) return { code: 'policy_email_missing' }
    if (!email_verified) return { code: 'policy_email_not_verified' }
    const domain = emailDomain(email)
    if (domain === null || !policy.allowed_email_domains.includes(domain)) {
      return { code: 'policy_email_domain_not_allowed', detail: { allowed: policy.allowed_email_domains, domain } }
    }
  }
  if (role === null) return { code: 'policy_role_not_mapped', detail: { claim: policy.role_mapping?.claim ?? null } }
  return null
}

/** Of several matches the most privileged wins. */
function mostPrivileged(policy: Policy, mapping: RoleMapping, claims: Claims): RoleRule | null {
  const values = claimValues(claims, mapping.claim)
  const rank = (rule: RoleRule) => policy.roles.indexOf(rule.role)
  return mapping.rules
    .filter((rule) => values.includes(rule.value))
    .reduce<RoleRule | null>((best, rule) => (best === null || rank(rule) > rank(best) ? rule : best), null)
}

/** What stands at a dotted path; a claim whose own name contains the dots (as Auth0's URL-named ones do) comes first. */
export function claimAt(claims: Claims, path: string): unknown {
  return Object.hasOwn(claims, path) ? claims[path] : path.split('.').reduce<unknown>(member, claims)
}

/** The strings at a dotted path. */
export function claimValues(claims: Claims, path: string): readonly string[] {
  const found = claimAt(claims, path)
  if (typeof found === 'string') return [found]
  return Array.isArray(found) ? found.filter((value): value is string => typeof value === 'string') : []
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, name)
    ? (of as Record<string, unknown>)[name]
    : undefined
}

/** The lower-case domain of an address with exactly one `@` and an ASCII domain; null otherwise. */
export function emailDomain(email: string): string | null {
  const match =
    /^[^@\s]+@([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+)$/.exec(email)
  return match === null ? null : match[1]!.toLowerCase()
}

/** The claims that this policy looks at: whoever lacks one in the ID Token is looked up at UserInfo. */
export function claimsWanted(policy: Policy, scope: string): readonly string[] {
  const wanted = new Set<string>()
  if (scope.split(' ').includes('email') || policy.allowed_email_domains.length > 0) {
    wanted.add('email').add('email_verified')
  }
  if (policy.role_mapping !== null) wanted.add(policy.role_mapping.claim)
  return [...wanted]
}

function isEmailDomain(domain: string): boolean {
  return emailDomain(`x@${domain}`) === domain
}

/** What is entered in the place of a domain, and what to enter instead where that can be told. */
function whyNoDomain(text: string): string {
  const [host, mail] = [URL.parse(text)?.hostname ?? '', text.slice(text.lastIndexOf('@') + 1)]
  if (text.includes('*')) return 'has a wildcard: enter each domain by itself'
  if (isEmailDomain(host)) return `is a web address: enter ${host}`
  if (text.includes('@') && isEmailDomain(mail)) return `is an e-mail address: enter ${mail}`
  if (/^[a-z0-9-]+$/.test(text)) return 'has no top-level domain, such as .com'
  return 'is no domain name in lower case, such as acme.example'
}

/** Faults of a policy that somebody wants to save, by member. An empty list means that it is sound. */
export function policyFaults(policy: Policy): readonly { member: string; fault: string }[] {
  const faults: { member: string; fault: string }[] = []
  const say = (member: string, fault: string) => faults.push({ member, fault })
  const { session_lifetime, roles, role_mapping, default_role } = policy
  if (!Number.isInteger(session_lifetime) || session_lifetime < 60 || session_lifetime > 31_536_000) {
    say('session_lifetime', 'must be whole seconds between 60 and 31536000 (one year)')
  }
  for (const domain of policy.allowed_email_domains) {
    if (!isEmailDomain(domain)) say('allowed_email_domains', `“${bounded(domain, 80)}” ${whyNoDomain(domain)}`)
  }
  if (roles.length === 0 || new Set(roles).size !== roles.length)
    say('roles', 'must name each role once, least privileged first')
  if (default_role !== null && !roles.includes(default_role)) say('default_role', `must be one of ${roles.join(', ')}`)
  if (role_mapping !== null) {
    if (role_mapping.claim.trim() === '') say('role_mapping.claim', 'must name a claim, such as groups')
    for (const { role } of role_mapping.rules) {
      if (!roles.includes(role)) say('role_mapping.rules', `the role “${role}” must be one of ${roles.join(', ')}`)
    }
    // Without an administrator the next wrong edit could be repaired by nobody who signs in through SSO.
    if (!role_mapping.rules.some(({ role }) => role === roles.at(-1))) {
      say('role_mapping.rules', `at least one rule must give the role “${roles.at(-1)}”`)
    }
  }
  return faults
}
