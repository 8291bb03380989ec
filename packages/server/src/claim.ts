/** One-time rights: what may happen once, on whatever instance and however often it is asked for. */
import type { AwaitingAuthorizationResponse } from '@relying-party/core'
import type { Context } from './context.ts'
import { digestOf } from './digest.ts'

type Claiming = Pick<Context, 'session_store' | 'now'>

/** True for the first who claims this name, until it expires. */
export function claim({ session_store, now }: Claiming, name: string, expires_at: number): Promise<boolean> {
  return session_store.putIfAbsent('claims', digestOf(name), { at: now() }, expires_at)
}

/** Gives a right back that was claimed and came to nothing. */
export async function release({ session_store }: Pick<Claiming, 'session_store'>, name: string): Promise<void> {
  await session_store.delete('claims', digestOf(name))
}

/** Seconds that a claim outlives its flow: whoever looks for flows that nobody came back from must still find it. */
export const claimOutlivesFlow = 900

const nameOf = ({ state }: AwaitingAuthorizationResponse) => `flow.${state}`

/**
 * The right to finish this flow: before the code is sent anywhere, and for as long as the flow could live. One that has
 * expired is refused by the core, however often it comes.
 */
export function claimFlow(
  context: Claiming & Pick<Context, 'tolerances'>,
  flow: AwaitingAuthorizationResponse,
): Promise<boolean> {
  const { now, tolerances } = context
  return claim(context, nameOf(flow), Math.max(flow.started_at + tolerances.flow + claimOutlivesFlow, now() + 60))
}

/** Whether somebody came back with this flow, to whatever instance. */
export async function isFlowClaimed(
  { session_store }: Claiming,
  flow: AwaitingAuthorizationResponse,
): Promise<boolean> {
  return (await session_store.get('claims', digestOf(nameOf(flow)))) !== undefined
}
