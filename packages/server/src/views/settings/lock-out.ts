/** A policy that would keep out whoever tested: who that is, and why. */
import { bounded, failures, type FailureCode } from '@relying-party/core'
import { html, type Content, type Html } from '../html.ts'
import type { FailureView } from '../model.ts'

/** What refuses them; null where the record does not tell. */
export function innerRefusal({ detail: { refusal } }: FailureView): FailureCode | null {
  return typeof refusal === 'string' && Object.hasOwn(failures, refusal) ? (refusal as FailureCode) : null
}

/** Returns who would be refused and why: the words for it are those of a refused sign-in. */
export function whoIsLockedOut(failure: FailureView): Content {
  const { tested_by } = failure.detail
  const inner = innerRefusal(failure)
  if (typeof tested_by !== 'string' || inner === null) return null
  return whoIsRefused(tested_by, failures[inner].message)
}

/** Returns who would be refused, and why. */
export function whoIsRefused(person: string, message: string): Html {
  return html`<p>
    <strong><bdi>${bounded(person, 120)}</bdi></strong> would be refused: ${message}
  </p>`
}
