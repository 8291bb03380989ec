/** Something that happens while somebody's sign-in is under way: just before its token request leaves. */
import type { Outbound } from '@relying-party/server'

export function interruption() {
  let act: (() => Promise<unknown>) | undefined
  return {
    /** Stands between the server and its providers. */
    wrapOutbound: (outbound: Outbound): Outbound => ({
      ...outbound,
      async request(request) {
        const now = request.message === 'token' ? act : undefined
        if (now !== undefined) {
          act = undefined
          await now()
        }
        return outbound.request(request)
      },
    }),
    /** Once, before the next token request. */
    beforeTokenRequest: (next: () => Promise<unknown>) => void (act = next),
    clear: () => void (act = undefined),
  }
}
