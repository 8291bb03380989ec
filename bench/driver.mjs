/** Plays the browsers: complete logins, a few in flight, each checked. Whatever is not as it should be throws. */
import { Client } from 'undici'

const in_flight = 8

/** Signs in `count` times, or until `limit_ms` have passed, each time as a fresh browser; the connections are kept. */
export async function signInMany({ origin, login_path, session_cookie }, count, limit_ms = Infinity) {
  let left = count
  const until = performance.now() + limit_ms
  const worker = async () => {
    const client = new Client(origin, { pipelining: 1 })
    try {
      while (left-- > 0 && performance.now() < until) {
        const { status, cookies, text } = await signIn(client, login_path)
        if (status !== 303) throw new Error(`the callback answered ${status} instead of 303: ${text}`)
        if (
          !cookies.some(
            (cookie) => cookie.startsWith(`${session_cookie}=`) && cookie.length > session_cookie.length + 20,
          )
        ) {
          throw new Error(`the callback set no cookie ${session_cookie}: ${cookies}`)
        }
      }
    } finally {
      left = 0
      await client.close()
    }
  }
  await Promise.all(Array.from({ length: in_flight }, worker))
}

/** One login: the start, the provider's redirect (made here), the callback. What the callback answered. */
export async function signIn(client, login_path) {
  const started = await get(client, login_path)
  if (started.status !== 302 || started.location === undefined)
    throw new Error(`the login answered ${started.status}: ${started.text}`)
  const asked = new URL(started.location).searchParams
  const [state, nonce, code_challenge] = ['state', 'nonce', 'code_challenge'].map((name) => {
    const value = asked.get(name)
    if (value === null || value.length < 16)
      throw new Error(`the authorization request has no ${name}: ${started.location}`)
    return value
  })
  if (asked.get('code_challenge_method') !== 'S256') throw new Error('no PKCE with S256')
  if (started.cookies.length === 0) throw new Error('no cookie binds the flow to this browser')
  const callback = `${new URL(asked.get('redirect_uri')).pathname}?code=${nonce}.${code_challenge}&state=${state}`
  return get(client, callback, started.cookies.map((cookie) => cookie.split(';', 1)[0]).join('; '))
}

/** One request of a browser. */
export async function get(client, path, cookie) {
  const headers = { accept: 'text/html', ...(cookie !== undefined && { cookie }) }
  const { statusCode: status, headers: received, body } = await client.request({ method: 'GET', path, headers })
  const text = await body.text()
  return { status, location: received.location, cookies: [received['set-cookie'] ?? []].flat(), text }
}
