/** How long each leg of a login took: what the person did at the provider, and what the provider took for each answer. */
import type { Message } from '../http.ts'
import type { Transcript } from '../transcript.ts'
import type { Leg } from './check.ts'

/** Seconds, to the millisecond; a leg that the login did not take is left out. */
export type Durations = Readonly<Partial<Record<Leg, number>>>

const legOfMessage = {
  provider_metadata: 'discovery',
  token: 'token',
  jwks: 'keys',
  userinfo: 'userinfo',
} as const satisfies Record<Message, Leg>

/**
 * Durations per leg: `authorization` is the person's time at the provider, from the redirect to the response; of a leg
 * that was taken twice (a token request with the staged secret) the sum. Pure: differences of the events' times.
 */
export function durationsOf({ state, events, decisions }: Transcript): Durations {
  const seconds = new Map<Leg, number>()
  for (const [index, event] of events.entries()) {
    if (event.type === 'authorization_response_received' && state.phase !== 'idle') {
      seconds.set('authorization', event.at - state.started_at)
    }
    const asked = decisions[index - 1]?.request
    if (asked === undefined) continue
    const leg = legOfMessage[asked.message]
    seconds.set(leg, (seconds.get(leg) ?? 0) + event.at - events[index - 1]!.at)
  }
  return Object.fromEntries([...seconds].map(([leg, taken]) => [leg, Math.round(taken * 1000) / 1000]))
}
