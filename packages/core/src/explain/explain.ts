/**
 * The second opinion on a login: every rule as a check with what was expected, what came, the clause, who can fix it and
 * how. All of them are listed, also those after the first that failed, also when the login succeeded.
 *
 * Rule: it reads a transcript and nothing else. What a check judges, it judges for itself, and a property test holds it
 * to the judge: a login is refused if and only if a check failed. What checks stand on (what a document means, which
 * method is in use, whether UserInfo is needed) is asked of the judge. It never runs on the way of a login.
 */
import { failures, type Blame, type FailureCode } from '../failures.ts'
import type { Transcript } from '../transcript.ts'
import { authorizationChecks } from './authorization.ts'
import { browserChecks } from './browser.ts'
import type { Finding, Leg, Rule } from './check.ts'
import { discoveryChecks } from './discovery.ts'
import { idTokenChecks } from './id-token.ts'
import { keyChecks } from './keys.ts'
import { nearMisses, type NearMissId } from './near-misses.ts'
import { policyChecks } from './policy.ts'
import { storyOf } from './story.ts'
import { tokenChecks } from './token.ts'
import { userinfoChecks } from './userinfo.ts'

const all = {
  ...discoveryChecks,
  ...browserChecks,
  ...authorizationChecks,
  ...tokenChecks,
  ...idTokenChecks,
  ...keyChecks,
  ...userinfoChecks,
  ...policyChecks,
} as const satisfies Record<string, Rule>

export type CheckId = keyof typeof all

/** Every check, in the order in which a login meets them. */
export const checks: Readonly<Record<CheckId, Rule>> = all

export interface Check {
  readonly id: CheckId
  readonly leg: Leg
  /** The rule, in one sentence. */
  readonly rule: string
  readonly spec: string | null
  readonly outcome: 'passed' | 'failed' | 'warned' | 'skipped'
  /** Of a skipped check: why the rule does not apply; null when the login did not get that far. */
  readonly reason: string | null
  /** Bounded, free of secrets; null where there is nothing to show. */
  readonly expected: string | null
  readonly actual: string | null
  readonly problem: Problem | null
}

/** What is wrong, for people. */
export interface Problem {
  /** The code that a login is refused with; null for a warning that refuses nobody. */
  readonly code: FailureCode | null
  readonly near_miss: NearMissId | null
  readonly blame: Blame
  readonly message: string
  readonly remedy: string
  /** The setting to look at; null where none of ours is to blame. */
  readonly field: string | null
  /** What to enter, register or compare, ready to be copied. */
  readonly value: string | null
}

export interface Explanation {
  readonly checks: readonly Check[]
  /** The check that decided, when the login was refused. */
  readonly cause: Check | null
}

/** Explains a login. Pure: the same transcript, the same explanation. */
export function explain(transcript: Transcript): Explanation {
  const story = storyOf(transcript)
  const found = Object.entries(checks).map(([id, rule]) => checkOf(id as CheckId, rule, rule.find(story)))
  const { verdict } = transcript
  const failed = found.filter(({ outcome }) => outcome === 'failed')
  const code = verdict.outcome === 'failed' ? verdict.failure.code : null
  return { checks: found, cause: failed.find(({ problem }) => problem!.code === code) ?? failed[0] ?? null }
}

function checkOf(id: CheckId, { leg, rule, spec }: Rule, finding: Finding): Check {
  const common = { id, leg, rule, spec, reason: null, expected: null, actual: null, problem: null }
  if (finding === null) return { ...common, outcome: 'skipped' }
  if (finding.outcome === 'skipped') return { ...common, ...finding }
  const { outcome, expected = null, actual = null } = finding
  return { ...common, outcome, expected, actual, problem: problemOf(finding) }
}

function problemOf(finding: Exclude<Finding, null | { readonly outcome: 'skipped' }>): Problem | null {
  if (finding.outcome === 'passed') return null
  const { code, near_miss } = finding
  const rule = near_miss === undefined ? null : nearMisses[near_miss.id]
  const { blame, message, remedy } = rule ?? failures[code!]
  // A near miss knows better which setting it is about, also when it is about none.
  const field = rule === null ? fieldOf(code) : rule.field
  return { code, near_miss: near_miss?.id ?? null, blame, message, remedy, field, value: near_miss?.value ?? null }
}

/** The setting that a failure is about, where it is about one. */
export function fieldOf(code: FailureCode | null): string | null {
  return code !== null && Object.hasOwn(fields, code) ? fields[code]! : null
}

const fields: Partial<Record<FailureCode, string>> = {
  request_blocked: 'issuer',
  discovery_http_error: 'issuer',
  discovery_redirected: 'issuer',
  discovery_response_not_json: 'issuer',
  discovery_response_malformed: 'issuer',
  discovery_issuer_mismatch: 'issuer',
  discovery_metadata_missing: 'issuer',
  authorization_response_mode_mismatch: 'response_mode',
  token_invalid_client: 'client_secret',
  id_token_alg_not_allowed: 'id_token_signed_response_alg',
  id_token_auth_time_too_old: 'max_age',
  id_token_acr_not_satisfied: 'acr_values',
  id_token_signature_invalid: 'issuer',
  id_token_key_not_found: 'issuer',
  policy_email_missing: 'allowed_email_domains',
  policy_email_not_verified: 'allowed_email_domains',
  policy_email_domain_not_allowed: 'allowed_email_domains',
  policy_role_not_mapped: 'role_mapping.rules',
  client_secret_required: 'client_secret',
  enforcement_would_lock_out: 'enforcement',
}
