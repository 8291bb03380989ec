/** Who it was that signed in, once that is proved: what the policy saw of the person, and what it made of it. */
import type { Failure } from '../failures.ts'
import { needsUserInfo } from '../messages/userinfo.ts'
import { evaluatePolicy, type Access, type Claims, type Policy } from '../policy.ts'
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

/** What another policy would say of this person; `cannot_tell` when it wants a claim that UserInfo was never asked for. */
export function personUnder(transcript: Transcript, policy: Policy): Person | 'cannot_tell' | null {
  const person = personOf(transcript)
  if (person === null) return null
  const { metadata, userinfo, rp } = storyOf(transcript)
  const wouldAsk = metadata !== undefined && needsUserInfo({ ...rp, policy }, metadata, person.claims)
  if (userinfo === undefined && wouldAsk) return 'cannot_tell'
  return { claims: person.claims, ...evaluatePolicy(policy, person.claims) }
}
