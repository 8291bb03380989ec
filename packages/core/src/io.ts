/**
 * The world as every runtime offers it: global `fetch`, the ambient clock, the runtime's random source. The only file
 * of the core that touches them.
 *
 * It calls whatever URL it is given. A product whose tenants enter issuers brings a client that refuses private
 * addresses, as `@relying-party/server` does.
 */
import { base64url } from './bytes.ts'
import type { Io } from './driver.ts'
import type { LoginRequested } from './flow.ts'
import type { HttpOutcome, HttpRequest } from './http.ts'

/** An {@link Io} on global `fetch`: no redirects, one deadline in milliseconds, at most `limit` bytes of body. */
export function fetchIo({ deadline = 10_000, limit = 1_048_576 } = {}): Io {
  return { now: () => Date.now() / 1000, request: (request) => send(request, deadline, limit) }
}

async function send(
  { url, method, headers, body }: HttpRequest,
  deadline: number,
  limit: number,
): Promise<HttpOutcome> {
  const signal = AbortSignal.timeout(deadline)
  let answered = false
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal,
      ...(body !== undefined && { body }),
    })
    answered = true
    const decoder = new TextDecoder()
    let text = ''
    let received = 0
    for (const reader = response.body?.getReader(); reader !== undefined;) {
      const { done, value } = await reader.read()
      if (done) break
      received += value.length
      if (received > limit) {
        await reader.cancel()
        return { failure: 'too_large' }
      }
      text += decoder.decode(value, { stream: true })
    }
    const recorded = {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: text + decoder.decode(),
    }
    return { response: recorded }
  } catch {
    if (signal.aborted) return { failure: 'timed_out' }
    // `fetch` says no more than this of a connection that broke off, or was never made, before the headers.
    return { failure: answered ? 'cut_off' : 'unreachable' }
  }
}

/** The randomness of one login: three independent values of 256 bits. @see {@link https://www.rfc-editor.org/rfc/rfc7636#section-4.1 | RFC 7636, section 4.1} */
export function loginRandom(): LoginRequested['random'] {
  const value = () => base64url(crypto.getRandomValues(new Uint8Array(32)))
  return { state: value(), nonce: value(), code_verifier: value() }
}
