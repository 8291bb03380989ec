/** An attempt as people read it: what its transcript means, told when somebody looks. */
import { durationsOf, explain, personOf } from '@relying-party/core'
import type { AnyAttempt } from './attempts.ts'
import { failureView } from './problems.ts'
import type { AttemptView } from './views/model.ts'

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
  const person = personOf(transcript)
  const sub = person?.claims.sub
  return {
    ...common,
    subject: subject ?? (typeof sub === 'string' ? sub : null),
    claims: person?.claims ?? null,
    access: person?.access ?? null,
    failure: verdict.outcome === 'failed' ? failureView(verdict.failure) : null,
    refusal: verdict.outcome === 'authenticated' && person?.refusal ? failureView(person.refusal) : null,
    explanation: omitted ? { checks: [], cause: null } : explain(transcript),
    durations: durationsOf(transcript),
    count,
    omitted,
  }
}
