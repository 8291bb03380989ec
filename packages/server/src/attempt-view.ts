/** An attempt as people read it: what its transcript means, told when somebody looks. */
import {
  durationsOf,
  explain,
  personOf,
  personUnder,
  proposeChange,
  type Explanation,
  type Failure,
  type Policy,
  type Problem,
} from '@relying-party/core'
import type { AnyAttempt } from './attempts.ts'
import { failureView } from './problems.ts'
import type { AttemptView, FailureView, ProposalView } from './views/model.ts'

/** An attempt in words, with every check. */
export function attemptView(attempt: AnyAttempt): AttemptView {
  const { attempt_id, purpose, outcome, at, revision, subject } = attempt
  const common = { attempt_id, purpose, outcome, at, revision }
  if (attempt.transcript === undefined) {
    const { failure, refusal, claims, access } = attempt
    return {
      ...common,
      subject,
      claims,
      access,
      failure: failure === null ? null : failureView(failure),
      refusal: refusal === null ? null : failureView(refusal),
      explanation: { checks: [], cause: null },
      durations: {},
      count: 1,
      omitted: true,
    }
  }
  const { transcript, count, omitted } = attempt
  const { verdict } = transcript
  const explanation = omitted ? { checks: [], cause: null } : explain(transcript)
  const person = personOf(transcript)
  const sub = person?.claims.sub
  return {
    ...common,
    subject: subject ?? (typeof sub === 'string' ? sub : null),
    claims: person?.claims ?? null,
    access: person?.access ?? null,
    failure: verdict.outcome === 'failed' ? explained(verdict.failure, explanation) : null,
    refusal: verdict.outcome === 'authenticated' && person?.refusal ? failureView(person.refusal) : null,
    explanation,
    durations: durationsOf(transcript),
    count,
    omitted,
  }
}

/** A failure in words; the record knows better than the code alone what happened, who can fix it and how. */
function explained(failure: Failure, { cause }: Explanation): FailureView {
  const view = failureView(failure)
  if (cause?.problem?.code !== failure.code) return view
  const { blame, message, remedy } = cause.problem
  return { ...view, blame, message, remedy }
}

/** The attempt as if the policy had been this one: what it would make of the person today. */
export function under(policy: Policy, attempt: AnyAttempt): AnyAttempt {
  if (attempt.transcript === undefined) return attempt
  const { transcript } = attempt
  const person = personUnder(transcript, policy)
  if (person === null || person === 'cannot_tell' || transcript.verdict.outcome !== 'authenticated') return attempt
  const { access, refusal } = person
  const relying_party = { ...transcript.relying_party, policy }
  return {
    ...attempt,
    transcript: { ...transcript, relying_party, verdict: { ...transcript.verdict, access, refusal } },
  }
}

/** Why no rule of this policy matches whoever tested, so that they get the default role; null where one does, or nobody can tell. */
export function unmatchedBy(policy: Policy, attempt: AnyAttempt): Problem | null {
  if (policy.role_mapping === null || attempt.transcript === undefined || attempt.outcome === 'failed') return null
  // Most people may well be in no group that a rule names; who writes the rules should know whether they are.
  const strict = { ...policy, default_role: null }
  if (personUnder(attempt.transcript, strict) === 'cannot_tell') return null
  const { checks } = attemptView(under(strict, attempt)).explanation
  return checks.find(({ id }) => id === 'policy_role')?.problem ?? null
}

/** What would have mended a login, as far as its record tells. */
export async function proposalFor(attempt: AnyAttempt): Promise<ProposalView | null> {
  if (attempt.outcome === 'succeeded' || attempt.transcript === undefined || attempt.omitted) return null
  return proposeChange(attempt.transcript)
}
