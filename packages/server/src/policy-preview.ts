/** What a policy would change for the people who signed in lately: asked before it is saved, answered from the record. */
import { evaluatePolicy, personOf, personUnder, type Connection, type Failure, type Policy } from '@relying-party/core'
import { outcomes, type AnyAttempt, type Attempts } from './attempts.ts'
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

/** A policy is previewed on as many sign-ins that worked, and as many that did not: a flood of either hides none of the other. */
const previewed = 400

/** The attempts to preview a policy on, newest first. */
export async function previewedAttempts(attempts: Attempts, connection: Connection): Promise<readonly AnyAttempt[]> {
  const found = await Promise.all(outcomes.map((outcome) => attempts.list(connection, previewed, { outcome })))
  return found.flatMap(({ entries }) => entries).sort((a, b) => (a.attempt_id < b.attempt_id ? 1 : -1))
}

/** Of each person the latest sign-in counts; attempts come newest first. Pure. */
function comparePolicies(attempts: readonly AnyAttempt[], before: Policy, after: Policy) {
  const seen = new Set<string>()
  const people: ChangedPerson[] = []
  let unknown = 0
  for (const { transcript, attempt_id, at } of attempts) {
    const would = transcript && personUnder(transcript, after)
    const claims = transcript && personOf(transcript)?.claims
    if (would == null || claims === undefined || typeof claims.sub !== 'string') continue
    const person = JSON.stringify([claims.iss, claims.sub])
    if (seen.has(person)) continue
    seen.add(person)
    if (would === 'cannot_tell') {
      unknown += 1
      continue
    }
    const was = evaluatePolicy(before, claims)
    const role_before = was.refusal === null ? was.access.role : null
    const role_after = would.refusal === null ? would.access.role : null
    if (role_before === role_after) continue
    const { email } = would.access
    people.push({ attempt_id, at, subject: claims.sub, email, role_before, role_after, refusal: would.refusal })
  }
  return { considered: seen.size, unknown, people }
}

/** The comparison as the settings page tells it. */
export function previewPolicy(attempts: readonly AnyAttempt[], before: Policy, after: Policy): PolicyPreviewView {
  const { considered, unknown, people } = comparePolicies(attempts, before, after)
  const changes = people.map(({ attempt_id, at, subject, email, role_before, role_after, refusal }) => ({
    attempt_id,
    at,
    person: email ?? subject,
    from: role_before,
    to: role_after,
    refusal: refusal === null ? null : failureView(refusal),
  }))
  return { considered, unknown, changes }
}

/** The comparison as the admin API tells it. */
export function previewDocument(attempts: readonly AnyAttempt[], before: Policy, after: Policy) {
  const { considered, unknown, people } = comparePolicies(attempts, before, after)
  return {
    considered,
    unknown,
    refused: people.flatMap(({ subject, email, refusal }) => (refusal ? [{ subject, email, code: refusal.code }] : [])),
    changed: people.flatMap(({ subject, email, role_before, role_after, refusal }) =>
      refusal ? [] : [{ subject, email, role_before, role_after }],
    ),
  }
}
