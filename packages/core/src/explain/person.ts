/** Who it was that signed in, once that is proved: what the policy saw of the person, and what it made of it. */
import type { Failure } from '../failures.ts'
import { evaluatePolicy, type Access, type Claims } from '../policy.ts'
import type { Transcript } from '../transcript.ts'
import { storyOf } from './story.ts'

export interface Person {
  readonly claims: Claims
  readonly access: Access
  /** Why the policy refuses this person; a test passes all the same. */
  readonly refusal: Failure | null
}

/** The person of a login that got as far as the policy; null of any other: what is not verified is about nobody. */
export function personOf(transcript: Transcript): Person | null {
  const { verdict, relying_party } = transcript
  if (verdict.outcome === 'authenticated') {
    const { claims, access, refusal } = verdict
    return { claims, access, refusal }
  }
  if (verdict.outcome !== 'failed' || !verdict.failure.code.startsWith('policy_')) return null
  const { claims } = storyOf(transcript)
  return claims === undefined ? null : { claims, ...evaluatePolicy(relying_party.policy, claims) }
}
