/** How a history is read: newest first, a page at a time. */
import type { FastifyRequest } from 'fastify'
import { outcomes, purposes, type AttemptFilter } from './attempts.ts'
import { isRecordId } from './record-id.ts'

/** Entries of one page that may be asked for. */
export const largestPage = 200

/** Some of a history; whoever gives `older` as `before` gets those that follow. */
export interface Paged<T> {
  readonly entries: readonly T[]
  /** null: there are no older ones. */
  readonly older: string | null
}

/** From where on a request reads on: an id of an entry, undefined for the newest, null when it is no id. */
export function beforeOf({ query }: FastifyRequest): string | undefined | null {
  const { before } = query as Record<string, unknown>
  if (before === undefined) return undefined
  return typeof before === 'string' && isRecordId(before) ? before : null
}

/** How many entries at most a request asks for: 50 when it does not say, null when it says what cannot be. */
export function limitOf({ query }: FastifyRequest): number | null {
  const { limit = '50' } = query as Record<string, unknown>
  const count = typeof limit === 'string' && /^[0-9]{1,3}$/.test(limit) ? Number(limit) : 0
  return count >= 1 && count <= largestPage ? count : null
}

/** Which attempts a request asks for; `unknown` names what it asks for in vain. */
export function attemptsAskedFor(request: FastifyRequest) {
  const asked = {
    outcome: choiceOf(request, 'outcome', outcomes),
    purpose: choiceOf(request, 'purpose', purposes),
    before: beforeOf(request),
    limit: limitOf(request),
  }
  const { outcome, purpose, before, limit } = asked
  return {
    filter: { outcome: outcome ?? undefined, purpose: purpose ?? undefined } satisfies AttemptFilter,
    before: before ?? undefined,
    limit,
    unknown: Object.keys(asked).filter((name) => asked[name as keyof typeof asked] === null),
  }
}

/** The choice that a request makes among these: undefined when it makes none, null when it is none of them. */
function choiceOf<T extends string>({ query }: FastifyRequest, name: string, choices: readonly T[]) {
  const chosen = (query as Record<string, unknown>)[name]
  return chosen === undefined ? undefined : (choices.find((choice) => choice === chosen) ?? null)
}
