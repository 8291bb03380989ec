/** Ids of what is kept as a history: attempts and audit events. */
import { base64url } from '@relying-party/core'
import type { Context } from './context.ts'

/** Makes ids that sort by time and say nothing else; two of the same millisecond keep their order. */
export function createRecordIds({ now, random }: Pick<Context, 'now' | 'random'>): () => string {
  let newest = 0
  return () => {
    newest = Math.max(Math.floor(now() * 1000), newest + 1)
    return `${newest.toString(36).padStart(9, '0')}${base64url(random(6)).replaceAll(/[-_]/g, 'x')}`
  }
}

/** Whether it can be such an id: only then it may stand in a key. */
export function isRecordId(text: string): boolean {
  return /^[a-zA-Z0-9]{1,40}$/.test(text)
}
