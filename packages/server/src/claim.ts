/** One-time rights: what may happen once, on whatever instance and however often it is asked for. */
import type { Context } from './context.ts'
import { digestOf } from './digest.ts'

/** True for the first who claims this name, until it expires. */
export function claim(
  { session_store, now }: Pick<Context, 'session_store' | 'now'>,
  name: string,
  expires_at: number,
): Promise<boolean> {
  return session_store.putIfAbsent('claims', digestOf(name), { at: now() }, expires_at)
}
