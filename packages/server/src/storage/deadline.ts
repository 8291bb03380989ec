/** What keeps a broken backend from looking like an empty one: every answer in time, or {@link StoreUnavailable}. */
import { StoreUnavailable } from '@relying-party/core'

/**
 * Returns what `work` returns within `deadline_ms`; every failure, and silence, rejects with StoreUnavailable. `onSilence`
 * is called when the deadline passed, to give up the connection that did not answer.
 */
export async function withinDeadline<T>(
  backend: string,
  deadline_ms: number,
  work: () => Promise<T>,
  onSilence: () => void = () => {},
): Promise<T> {
  // A backend in this process cannot be silent: a timer for each of its answers would cost as much as they do.
  if (deadline_ms === Infinity) return answerOf(backend, work)
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StoreUnavailable(`${backend} did not answer within ${deadline_ms} ms.`))
      onSilence()
    }, deadline_ms)
  })
  try {
    return await Promise.race([answerOf(backend, work), silence])
  } finally {
    clearTimeout(timer)
  }
}

/** Returns what `work` returns; every failure rejects with StoreUnavailable. */
export async function answerOf<T>(backend: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof StoreUnavailable
      ? error
      : new StoreUnavailable(`${backend} failed: ${reason(error)}`, { cause: error })
  }
}

/** What went wrong, in words; a refused connection to a name with several addresses has only a code. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
