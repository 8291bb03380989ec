/** What a policy would change for the people who signed in lately: asked before it is saved, answered from the record. */
import { evaluatePolicy, personOf, type Policy } from '@relying-party/core'
import type { AnyAttempt } from './attempts.ts'
import { failureView } from './problems.ts'
import type { PolicyPreviewView } from './views/model.ts'

/** Of each person the latest sign-in counts; attempts come newest first. Pure. */
export function previewPolicy(attempts: readonly AnyAttempt[], before: Policy, after: Policy): PolicyPreviewView {
  const seen = new Set<string>()
  const changes: PolicyPreviewView['changes'][number][] = []
  for (const { transcript, attempt_id, at } of attempts) {
    const claims = transcript && personOf(transcript)?.claims
    if (claims === undefined || typeof claims.sub !== 'string' || seen.has(claims.sub)) continue
    seen.add(claims.sub)
    const [was, would] = [evaluatePolicy(before, claims), evaluatePolicy(after, claims)]
    const [from, to] = [was, would].map(({ access, refusal }) => (refusal === null ? access.role : null)) as [
      string | null,
      string | null,
    ]
    if (from === to) continue
    const person = would.access.email ?? claims.sub
    const refusal = would.refusal === null ? null : failureView(would.refusal)
    changes.push({ attempt_id, at, person, from, to, refusal })
  }
  return { considered: seen.size, changes }
}
