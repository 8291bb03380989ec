/** The world as every runtime offers it: a server on this machine plays the provider. */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { fetchIo, fromBase64url, loginRandom, type HttpRequest, type RequestFailure } from '@relying-party/core'

let server: Server | undefined
afterEach(() => server?.closeAllConnections())
afterEach(() => void server?.close())

async function serving(listener: RequestListener): Promise<(changed?: Partial<HttpRequest>) => HttpRequest> {
  const listening = createServer(listener)
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}/`
  return (changed) => ({ message: 'token', method: 'GET', url, headers: {}, ...changed })
}

test('a request goes out as it is, and the answer comes back as it is', async () => {
  const seen: unknown[] = []
  const request = await serving(async (message, response) => {
    let body = ''
    for await (const chunk of message) body += String(chunk)
    const { authorization, 'content-type': type, cookie } = message.headers
    seen.push({ method: message.method, url: message.url, authorization, type, cookie, body })
    response
      .writeHead(401, { 'Content-Type': 'application/json', 'X-Twice': ['a', 'b'], 'Set-Cookie': 'a=b' })
      .end('{"error":"ü"}')
  })
  const headers = { authorization: 'Basic x', 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' }
  const io = fetchIo()
  for (let times = 0; times < 2; times++) {
    expect(await io.request(request({ method: 'POST', headers, body: 'code=x' }))).toMatchObject({
      response: {
        status: 401,
        headers: { 'content-type': 'application/json', 'x-twice': 'a, b' },
        body: '{"error":"ü"}',
      },
    })
  }
  const once = {
    method: 'POST',
    url: '/',
    authorization: 'Basic x',
    type: headers['content-type'],
    cookie: undefined,
    body: 'code=x',
  }
  expect(seen).toEqual([once, once])
})

test('a redirect is an answer, not an order (#105)', async () => {
  let asked = 0
  const request = await serving((_message, response) => {
    asked++
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  expect(await fetchIo().request(request())).toMatchObject({
    response: { status: 307, headers: { location: '/elsewhere' }, body: '' },
  })
  expect(asked).toBe(1)
})

test('a character that arrives in two pieces is one character', async () => {
  const bytes = Buffer.from('{"name":"Ü"}')
  const request = await serving((_message, response) => {
    response.write(bytes.subarray(0, 10))
    setTimeout(() => response.end(bytes.subarray(10)), 20)
  })
  expect(await fetchIo().request(request())).toMatchObject({ response: { body: '{"name":"Ü"}' } })
})

test('exactly as many bytes as are allowed, and one more', async () => {
  const request = await serving((_message, response) => response.end('x'.repeat(1000)))
  expect(await fetchIo({ limit: 1000 }).request(request())).toMatchObject({ response: { status: 200 } })
  expect(await fetchIo({ limit: 999 }).request(request())).toEqual({ failure: 'too_large' })
})

test('bytes are counted after they are unpacked (#118)', async () => {
  const packed = gzipSync(Buffer.alloc(5_000_000, 'x'))
  const request = await serving((_message, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed),
  )
  expect(await fetchIo().request(request())).toEqual({ failure: 'too_large' })
})

test('an answer without end stops at the limit (#117, #118)', async () => {
  const request = await serving((_message, response) => {
    const chunk = 'x'.repeat(65_536)
    const more = () => {
      while (response.write(chunk));
    }
    response.on('drain', more)
    more()
  })
  expect(await fetchIo({ limit: 1_000_000 }).request(request())).toEqual({ failure: 'too_large' })
})

test.each<[string, RequestListener]>([
  ['nothing', () => undefined],
  ['headers and nothing more', (_message, response) => void response.flushHeaders()],
  ['one byte now and then', (_message, response) => dripInto(response)],
])('%s: the deadline is for the whole of it', async (_name, listener) => {
  const request = await serving(listener)
  expect(await fetchIo({ deadline: 120 }).request(request())).toEqual({ failure: 'timed_out' })
})

function dripInto(response: ServerResponse): void {
  const drip = setInterval(() => response.write('x'), 10)
  response.on('close', () => clearInterval(drip))
}

test.each<[RequestFailure, RequestListener]>([
  ['unreachable', (message) => void message.socket.destroy()],
  [
    'cut_off',
    (message, response) =>
      void response.writeHead(200, { 'content-length': '10' }).write('x', () => message.socket.destroy()),
  ],
])('a connection that breaks before or in the answer: %s', async (failure, listener) => {
  expect(await fetchIo().request((await serving(listener))())).toEqual({ failure })
})

test.each(['http://127.0.0.1:1/', 'not a URL', 'https://user:password@127.0.0.1:1/'])(
  '%s: unreachable',
  async (url) => {
    expect(await fetchIo().request({ message: 'jwks', method: 'GET', url, headers: {} })).toEqual({
      failure: 'unreachable',
    })
  },
)

test('the clock counts seconds', () => {
  expect(fetchIo().now()).toBeCloseTo(Date.now() / 1000, 0)
})

test('the randomness of a login: three independent values of 256 bits, never the same (#20)', () => {
  const values = Array.from({ length: 200 }, () => Object.values(loginRandom())).flat()
  expect(new Set(values).size).toBe(600)
  for (const value of values) {
    expect(value).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(fromBase64url(value)).toHaveLength(32)
  }
})
