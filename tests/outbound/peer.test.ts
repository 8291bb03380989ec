/** What peers do: answer, stall, drip, flood, lie, vanish. Every one of it is an outcome, in bounded time and space. */

import type { ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, test, vi } from 'vitest'
import { client, clientOf, get, serve, serveRaw } from './support.ts'

const KiB = 1024
const short = { limits: { deadline_ms: 100 } }
const too_large = { failure: 'too_large' }
const timed_out = { failure: 'timed_out' }
const unreachable = { failure: 'unreachable' }
const ok = { response: expect.objectContaining({ status: 200 }) }

const soon = () => new Promise((resolve) => setImmediate(resolve))
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

describe('a well-behaved exchange', () => {
  test('sends method, path, headers and body; asks for no encoding', async () => {
    let seen: unknown
    const peer = await serve(async (request, response) => {
      const body = (await request.toArray()).join('')
      seen = { method: request.method, url: request.url, headers: request.headers, body }
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
    const outcome = await clientOf(peer).post('/token?x=1', 'code=a', headers)
    expect(outcome).toMatchObject({ response: { status: 400, body: '{"error":"invalid_grant"}' } })
    expect(seen).toEqual({
      method: 'POST',
      url: '/token?x=1',
      headers: {
        ...headers,
        host: `idp.example:${peer.port}`,
        connection: 'keep-alive',
        'content-length': '6',
        'accept-encoding': 'identity',
        'user-agent': 'relying-party',
      },
      body: 'code=a',
    })
  })

  test('keeps only the headers that the engine reads, repeated ones joined (#133)', async () => {
    const peer = await serve((_, response) => {
      response.setHeader('Content-Type', 'application/json')
      response.setHeader('WWW-Authenticate', ['Bearer', 'DPoP algs="ES256"'])
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      response.setHeader('Alt-Svc', 'h3=":443"')
      response.setHeader('X-Okta-Request-Id', 'Yx')
      response.setHeader('__proto__', 'x')
      response.end('{}')
    })
    expect(await clientOf(peer).get()).toEqual({
      response: {
        status: 200,
        headers: {
          'content-type': 'application/json',
          'www-authenticate': 'Bearer, DPoP algs="ES256"',
          'x-okta-request-id': 'Yx',
          date: expect.any(String),
        },
        body: '{}',
      },
    })
  })

  test('connections are kept, and the answer of a lookup with them', async () => {
    const peer = await serve((_, response) => response.end('{}'))
    const lookup = vi.fn(async () => ['127.0.0.1'])
    const { get: request } = clientOf(peer, { lookup })
    for (let index = 0; index < 10; index++) expect(await request()).toEqual(ok)
    // undici rests a connection for one turn of the event loop, so two of them take turns.
    expect(peer.connections()).toBeLessThanOrEqual(2)
    expect(lookup).toHaveBeenCalledTimes(peer.connections())
  })

  test('UTF-8 that is cut between chunks', async () => {
    const bytes = Buffer.from('{"name":"Jörg €"}')
    const peer = await serve(async (_, response) => {
      for (const byte of bytes) {
        response.write(Buffer.of(byte))
        await soon()
      }
      response.end()
    })
    expect(await clientOf(peer).get()).toMatchObject({ response: { body: '{"name":"Jörg €"}' } })
  })

  test('interim responses are passed over', async () => {
    const peer = await serve((_, response) => {
      response.writeProcessing()
      response.writeEarlyHints({ link: '</x>; rel=preload' })
      response.end('{}')
    })
    expect(await clientOf(peer).get()).toMatchObject({ response: { status: 200, body: '{}' } })
  })
})

describe('too many bytes', () => {
  const caps = [
    ['provider_metadata', 256],
    ['token', 256],
    ['jwks', 512],
    ['userinfo', 1024],
  ] as const

  test.each(caps)('%s: %i KiB pass, one byte more does not (#118)', async (message, size) => {
    const peer = await serve((request, response) => response.end('x'.repeat(Number(request.url!.slice(1)))))
    const { get: request } = clientOf(peer)
    const outcome = await request(`/${size * KiB}`, message)
    expect('response' in outcome && outcome.response.body.length).toBe(size * KiB)
    expect(await request(`/${size * KiB + 1}`, message)).toEqual(too_large)
  })

  test.each(caps)('%s: the same without a content-length, in chunks (#118)', async (message, size) => {
    const peer = await serve((request, response) => {
      for (let left = Number(request.url!.slice(1)); left > 0; left -= 5_000)
        response.write('x'.repeat(Math.min(left, 5_000)))
      response.end()
    })
    const { get: request } = clientOf(peer)
    const outcome = await request(`/${size * KiB}`, message)
    expect('response' in outcome && outcome.response.body).toBe('x'.repeat(size * KiB))
    expect(await request(`/${size * KiB + 1}`, message)).toEqual(too_large)
  })

  test('announced only: refused before the body', async () => {
    const peer = await serveRaw((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n'))
    expect(await clientOf(peer).get()).toEqual(too_large)
  })

  test('a body without end: refused at the cap, and the connection is dropped (#117, #118)', async () => {
    const peer = await serve((_, response) => {
      const more = () => {
        while (response.write('x'.repeat(64 * KiB)));
      }
      response.on('drain', more)
      more()
    })
    expect(await clientOf(peer).get()).toEqual(too_large)
    await vi.waitFor(() => expect(peer.open()).toBe(0))
  })

  test('a body in crumbs', async () => {
    const peer = await serveRaw((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n' + chunk('x').repeat(20_000)),
    )
    expect(await clientOf(peer).get()).toEqual(too_large)
  })

  test.each(['gzip', 'deflate', 'br', 'zstd', 'identity, gzip', 'gzip'.concat(', gzip'.repeat(500))])(
    'content-encoding %s, which was not asked for (#118)',
    async (encoding) => {
      const peer = await serve((_, response) => {
        response.writeHead(200, { 'content-encoding': encoding }).end(gzipSync('{}'.padEnd(1024 * KiB)))
      })
      expect(await clientOf(peer).get()).toEqual(too_large)
    },
  )

  test('content-encoding identity is none', async () => {
    const peer = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'Identity' }).end('{}'))
    expect(await clientOf(peer).get()).toEqual(ok)
  })

  test.each([
    ['many headers (#133)', 'x: y\r\n'.repeat(10_000)],
    ['one long header (#133)', `x: ${'y'.repeat(64 * KiB)}\r\n`],
    ['one long name', `${'x'.repeat(64 * KiB)}: y\r\n`],
    ['many cookies (#133)', 'set-cookie: a=b; path=/\r\n'.repeat(5_000)],
  ])('%s', async (_, flood) => {
    const peer = await serveRaw((socket) => socket.write(`HTTP/1.1 200 OK\r\n${flood}\r\n`))
    expect(await clientOf(peer).get()).toEqual(too_large)
  })

  test('trailers count as headers', async () => {
    const trailers = 'x: y\r\n'.repeat(10_000)
    const peer = await serveRaw((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk('{}')}0\r\n${trailers}\r\n`),
    )
    expect(await clientOf(peer).get()).toEqual(too_large)
  })
})

describe('one deadline over the whole exchange (#117)', () => {
  test.each<[string, (response: ServerResponse) => unknown]>([
    ['no answer', () => {}],
    ['headers, then nothing', (response) => response.writeHead(200, { 'content-length': '10' }).flushHeaders()],
    ['half a body', (response) => response.writeHead(200, { 'content-length': '10' }).write('half')],
  ])('%s', async (_, respond) => {
    const peer = await serve((_, response) => void respond(response))
    expect(await clientOf(peer, short).get()).toEqual(timed_out)
    await vi.waitFor(() => expect(peer.open()).toBe(0))
  })

  test.each([
    ['of headers', 'HTTP/1.1 200 OK\r\n', 'x: y\r\n'],
    ['of a body', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', chunk('x')],
    ['of chunk extensions', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;', 'x'],
    ['of interim responses', '', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ])('a steady drip %s', async (_, head, drop) => {
    const peer = await serveRaw((socket) => {
      socket.write(head)
      const drip = setInterval(() => socket.write(drop), 5)
      socket.on('close', () => clearInterval(drip))
    })
    const started = performance.now()
    expect(await clientOf(peer, short).get()).toEqual(timed_out)
    expect(performance.now() - started).toBeLessThan(2_000)
    await vi.waitFor(() => expect(peer.open()).toBe(0))
  })

  test('the connection that stalled is not used again', async () => {
    let stall = true
    const peer = await serve((_, response) => {
      if (!stall) response.end('{}')
      stall = false
    })
    const { get: request } = clientOf(peer, { limits: { deadline_ms: 300 } })
    expect(await request()).toEqual(timed_out)
    expect(await request()).toEqual(ok)
    expect(peer.connections()).toBe(2)
  })
})

describe('what is no response', () => {
  test.each<[string, string | null]>([
    ['reset without an answer', null],
    ['closed without an answer', ''],
    ['not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['half a status line', 'HTTP/1.1 2'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}'],
    ['a body that is cut off (#139)', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'],
    ['chunks that are cut off (#139)', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf'],
    ['a bad chunk size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ])('%s', async (_, answer) => {
    const peer = await serveRaw((socket) => (answer === null ? socket.resetAndDestroy() : socket.end(answer)))
    expect(await clientOf(peer).get()).toEqual({ failure: 'cut_off' })
  })

  test('nobody listens (#137)', async () => {
    expect(await client('idp.example:1').request(get('http://idp.example:1/'))).toEqual(unreachable)
  })

  test('a second response that nobody asked for does not answer the next request', async () => {
    const response = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    const peer = await serveRaw((socket) => socket.write(response('first') + response('smuggled')))
    const { get: request } = clientOf(peer)
    expect(await request()).toMatchObject({ response: { body: 'first' } })
    expect(await request()).toMatchObject({ response: { body: 'first' } })
    expect(peer.connections()).toBe(2)
  })
})

test('a header that would break out of its line is not sent', async () => {
  const peer = await serve((_, response) => response.end('{}'))
  const { post } = clientOf(peer)
  const authorization = 'Bearer token\r\nx-injected: 1'
  expect(await post('/', '', { authorization })).toEqual({ failure: 'blocked' })
  expect(await post('/', '', { authorization: 'Bearer token' })).toEqual(ok)
  expect(peer.connections()).toBe(1)
})

describe('many at once', () => {
  test('no more than the limit at a time, everything is answered', async () => {
    let now = 0
    let most = 0
    const peer = await serve(async (_, response) => {
      now += 1
      most = Math.max(most, now)
      await setTimeout(2)
      now -= 1
      response.end('{}')
    })
    const { get: request } = clientOf(peer, { limits: { per_origin: 3 } })
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => request()))
    expect(outcomes).toEqual(outcomes.map(() => ok))
    expect(most).toBe(3)
    expect(peer.connections()).toBe(3)
  })

  test('a dead provider keeps its own requests waiting and nobody else (#285)', async () => {
    const held: ServerResponse[] = []
    let dead = true
    const silent = await serve((_, response) => void (dead ? held.push(response) : response.end('{}')))
    const alive = await serve((_, response) => response.end('{}'))
    const outbound = client('idp.example', { limits: { per_origin: 2, waiting_per_origin: 5, total: 4 } })
    const request = ({ port }: { port: number }) => outbound.request(get(`http://idp.example:${port}/`))

    const told: unknown[] = []
    const stuck = Array.from({ length: 20 }, async () => told.push(await request(silent)))
    for (let index = 0; index < 50; index++) expect(await request(alive)).toEqual(ok)
    // 2 are under way and 5 wait; the other 13 were told at once.
    expect(told).toEqual(Array.from({ length: 13 }, () => timed_out))
    expect(silent.connections()).toBe(2)

    dead = false
    for (const response of held) response.end('{}')
    await Promise.all(stuck)
    expect(told.slice(13)).toEqual(Array.from({ length: 7 }, () => ok))
  })

  test('who fills the queue of a provider keeps nobody else at the same host waiting (#285)', async () => {
    const held: ServerResponse[] = []
    const shared = await serve(
      (request, response) => void (request.url === '/held' ? held.push(response) : response.end('{}')),
    )
    const outbound = client('idp.example', { limits: { per_origin: 2, waiting_per_origin: 5, total: 4 } })
    const request = (path: string, connection_id: string) =>
      outbound.request(get(`http://idp.example:${shared.port}${path}`), connection_id)

    const stuck = Array.from({ length: 7 }, () => request('/held', 'loud'))
    expect(await request('/held', 'loud')).toEqual(timed_out)
    for (let index = 0; index < 20; index++) expect(await request('/', 'quiet')).toEqual(ok)
    expect(held).toHaveLength(2)

    const answering = setInterval(() => held.splice(0).forEach((response) => response.end('{}')), 1)
    expect(await Promise.all(stuck)).toEqual(stuck.map(() => ok))
    clearInterval(answering)
  })

  test('hosts without number that one connection is told to ask are no more slots for it (#285)', async () => {
    const held: ServerResponse[] = []
    const hosts = await Promise.all(Array.from({ length: 6 }, () => serve((_, response) => void held.push(response))))
    const alive = await serve((_, response) => response.end('{}'))
    const limits = { per_origin: 2, per_connection: 3, total: 4 }
    const outbound = client('idp.example', { limits })
    const request = ({ port }: { port: number }, connection_id: string) =>
      outbound.request(get(`http://idp.example:${port}/`), connection_id)

    const stuck = hosts.flatMap((host) => [request(host, 'loud'), request(host, 'loud')])
    for (let index = 0; index < 20; index++) expect(await request(alive, 'quiet')).toEqual(ok)
    expect(held).toHaveLength(3)

    const answering = setInterval(() => held.splice(0).forEach((response) => response.end('{}')), 1)
    expect(await Promise.all(stuck)).toEqual(stuck.map(() => ok))
    clearInterval(answering)
  })

  test('requests that waited in vain are never sent, nor connections made for them', async () => {
    let received = 0
    let dead = true
    const peer = await serve((_, response) => {
      received += 1
      if (!dead) response.end('{}')
    })
    const { get: request } = clientOf(peer, { limits: { deadline_ms: 300, per_origin: 1 } })
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => request()))
    expect(outcomes).toEqual(outcomes.map(() => timed_out))
    dead = false
    expect(await request()).toEqual(ok)
    expect(received).toBe(2)
    // One for the first, one at most for the next in line, whose time was up a moment later, and one for the last.
    expect(peer.connections()).toBeLessThanOrEqual(3)
  })

  test('a name that never resolves holds its slots, and gives them back', async () => {
    const peer = await serve((_, response) => response.end('{}'))
    let dead = true
    const lookup = () => (dead ? new Promise<never>(() => {}) : Promise.resolve(['127.0.0.1']))
    const { get: request } = clientOf(peer, { lookup, limits: { deadline_ms: 100, per_origin: 2 } })
    expect(await Promise.all([request(), request(), request()])).toEqual([timed_out, timed_out, timed_out])
    dead = false
    await vi.waitFor(async () => expect(await request()).toEqual(ok), { timeout: 5_000 })
  })

  test('connections are kept for a bounded number of origins (#287)', async () => {
    const peers = await Promise.all([0, 1, 2].map(() => serve((_, response) => response.end('{}'))))
    const outbound = client('idp.example', { limits: { origins: 2 } })
    const request = (index: number) => outbound.request(get(`http://idp.example:${peers[index]!.port}/`))
    for (const index of [0, 1, 0, 2]) expect(await request(index)).toEqual(ok)
    // The one unused for longest was let go.
    await vi.waitFor(() => expect(peers.map((peer) => peer.open())).toEqual([1, 0, 1]))
    expect(await request(1)).toEqual(ok)
    expect(peers.map((peer) => peer.connections())).toEqual([1, 2, 1])
  })

  test('an origin in use is not let go', async () => {
    const { promise: received, resolve: receive } = Promise.withResolvers<ServerResponse>()
    let first = true
    const slow = await serve((_, response) => {
      if (first) receive(response)
      else response.end('{}')
      first = false
    })
    const other = await serve((_, response) => response.end('{}'))
    const outbound = client('idp.example', { limits: { origins: 1, per_origin: 1 } })
    const request = ({ port }: { port: number }) => outbound.request(get(`http://idp.example:${port}/`))
    const both = Promise.all([request(slow), request(slow)])
    const response = await received
    expect(await request(other)).toEqual(ok)
    response.end('{}')
    expect(await both).toEqual([ok, ok])
  })
})

describe('close', () => {
  test('lets what is under way end, closes connections, refuses what comes after', async () => {
    const { promise: received, resolve: receive } = Promise.withResolvers<ServerResponse>()
    const peer = await serve((_, response) => receive(response))
    const { outbound, get: request } = clientOf(peer)
    const first = request()
    const response = await received
    const closing = outbound.close()
    expect(await request()).toEqual(unreachable)
    response.end('{}')
    expect(await first).toEqual(ok)
    await closing
    await vi.waitFor(() => expect(peer.open()).toBe(0))
  })

  test('no other origin is connected to afterwards', async () => {
    const peer = await serve((_, response) => response.end('{}'))
    const { outbound, get: request } = clientOf(peer)
    await outbound.close()
    expect(await request()).toEqual(unreachable)
    expect(peer.connections()).toBe(0)
  })

  test('a dead provider delays it by the deadline at most', async () => {
    const peer = await serve(() => {})
    const { outbound, get: request } = clientOf(peer, short)
    const lost = request()
    await outbound.close()
    expect(await lost).toEqual(timed_out)
  })
})
