/** What a policy would change for the people who signed in lately: asked before it is saved, answered from the record. */
import { evaluatePolicy, personOf, type Failure, type Policy } from '@relying-party/core'
import type { AnyAttempt } from './attempts.ts'
import { failureView } from './problems.ts'
import type { PolicyPreviewView } from './views/model.ts'

/** Somebody for whom the policy would change something. */
interface ChangedPerson {
  readonly attempt_id: string
  readonly at: number
  readonly subject: string
  readonly email: string | null
  /** null: refused. */
  readonly role_before: string | null
  readonly role_after: string | null
  /** Why they would be refused. */
  readonly refusal: Failure | null
}

/** A policy is previewed on as many attempts. */
export const previewedAttempts = 500

/** Of each person the latest sign-in counts; attempts come newest first. Pure. */
function comparePolicies(attempts: readonly AnyAttempt[], before: Policy, after: Policy) {
  const seen = new Set<string>()
  const people: ChangedPerson[] = []
  for (const { transcript, attempt_id, at } of attempts) {
    const claims = transcript && personOf(transcript)?.claims
    if (claims === undefined || typeof claims.sub !== 'string' || seen.has(claims.sub)) continue
    seen.add(claims.sub)
    const [was, would] = [evaluatePolicy(before, claims), evaluatePolicy(after, claims)]
    const role_before = was.refusal === null ? was.access.role : null
    const role_after = would.refusal === null ? would.access.role : null
    if (role_before === role_after) continue
    const { email } = would.access
    people.push({ attempt_id, at, subject: claims.sub, email, role_before, role_after, refusal: would.refusal })
  }
  return { considered: seen.size, people }
}

/** The comparison as the settings page tells it. */
export function previewPolicy(attempts: readonly AnyAttempt[], before: Policy, after: Policy): PolicyPreviewView {
  const { considered, people } = comparePolicies(attempts, before, after)
  const changes = people.map(({ attempt_id, at, subject, email, role_before, role_after, refusal }) => ({
    attempt_id,
    at,
    person: email ?? subject,
    from: role_before,
    to: role_after,
    refusal: refusal === null ? null : failureView(refusal),
  }))
  return { considered, changes }
}

/** The comparison as the admin API tells it. */
export function previewDocument(attempts: readonly AnyAttempt[], before: Policy, after: Policy) {
  const { considered, people } = comparePolicies(attempts, before, after)
  return {
    considered,
    refused: people.flatMap(({ subject, email, refusal }) => (refusal ? [{ subject, email, code: refusal.code }] : [])),
    changed: people.flatMap(({ subject, email, role_before, role_after, refusal }) =>
      refusal ? [] : [{ subject, email, role_before, role_after }],
    ),
  }
}
