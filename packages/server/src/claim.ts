/** One-time rights: what may happen once, on whatever instance and however often it is asked for. */
import { base64url, utf8 } from '@relying-party/core'
import type { Context } from './context.ts'

/** True for the first who claims this name, until it expires. */
export async function claim(
  { session_store, crypto, now }: Pick<Context, 'session_store' | 'crypto' | 'now'>,
  name: string,
  expires_at: number,
): Promise<boolean> {
  const key = base64url(await crypto.digest('SHA-256', utf8(name)))
  return session_store.putIfAbsent('claims', key, { at: now() }, expires_at)
}
