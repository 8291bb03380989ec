/** What the runnable server takes from one connection, tried over bare sockets with small limits. */
import { readConfig, startServer, type RunningServer } from '@relying-party/server'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultHttpLimits } from '../../packages/server/src/http-limits.ts'

let impatient: RunningServer
let narrow: RunningServer
beforeAll(async () => {
  const config = () => readConfig({ PORT: '0', STORE_URL: 'memory:', LOG_LEVEL: 'silent' })
  impatient = await startServer(config(), { headers_ms: 60, request_ms: 120, checking_ms: 10, idle_ms: 150 })
  narrow = await startServer(config(), { header_bytes: 2048, body_bytes: 4096, connections: 20 })
})
afterAll(() => Promise.all([impatient.close(), narrow.close()]))

interface Exchange {
  readonly socket: Socket
  /** All that came until the server closed the connection. */
  readonly ended: Promise<string>
}

function open({ base_url }: RunningServer, ...parts: string[]): Exchange {
  const { hostname, port } = new URL(base_url)
  const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname)
  let received = ''
  socket.setEncoding('utf8').on('data', (text: string) => (received += text))
  // Closing in the face of somebody who is still sending is a reset.
  socket.on('error', () => {})
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  for (const part of parts) socket.write(part)
  return { socket, ended }
}

function parse(answer: string) {
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  const [status = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => line.toLowerCase().split(': ')))
  return { status: Number(status.split(' ')[1]), headers, body: JSON.parse(body || 'null') as { code?: string } | null }
}

describe('slow clients', () => {
  test('headers that never end: 408 request_too_slow, with the headers of every answer; the connection is gone', async () => {
    const { status, headers, body } = parse(await open(impatient, 'GET / HTTP/1.1\r\nhost: x\r\nx: ').ended)
    expect([status, body]).toEqual([408, expect.objectContaining({ code: 'request_too_slow', status: 408 })])
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    })
    expect(headers['content-security-policy']).toContain("default-src 'none'")
  })

  test('a byte now and then does not help', async () => {
    const { socket, ended } = open(impatient, 'GET / HTTP/1.1\r\nhost: x\r\nx: ')
    const drip = setInterval(() => socket.write('y'), 5)
    const answer = await ended
    clearInterval(drip)
    expect(parse(answer).status).toBe(408)
  })

  test('a body that never ends: the connection is gone, and nothing was done', async () => {
    const head = 'POST /admin/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n'
    const answer = await open(impatient, `${head}content-length: 100\r\n\r\nadmin_token=`).ended
    expect(parse(answer)).toMatchObject({ status: 408, body: { code: 'request_too_slow' } })
  })

  test('a connection on which nothing is asked', async () => {
    expect(await open(impatient).ended).not.toContain('200')
  })

  test('an answer that nobody reads', async () => {
    const { hostname, port } = new URL(impatient.base_url)
    expect(hostname).toBe('localhost')
    const socket = connect({ port: Number(port), host: '127.0.0.1' })
    socket.on('error', () => {}).pause()
    // More answers than the buffers between us hold.
    const request = 'GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n'
    socket.write(request.repeat(2000))
    const connections = () =>
      new Promise<number>((resolve) => impatient.app.server.getConnections((_, count) => resolve(count)))
    await new Promise((resolve) => impatient.app.server.once('connection', resolve).once('request', resolve))
    await expect.poll(connections, { timeout: 10_000 }).toBe(0)
    socket.destroy()
  })
})

describe('large requests', () => {
  test.each([
    ['one header', `x: ${'y'.repeat(3000)}\r\n`],
    ['many headers', 'x: y\r\n'.repeat(1200)],
    ['many cookies', `cookie: ${Array.from({ length: 300 }, (_, at) => `rp_flow_${at}=y`).join('; ')}\r\n`],
    ['cookies in many headers', 'cookie: a=b\r\n'.repeat(300)],
  ])('%s: 431 request_headers_too_large, with the headers of every answer (#174)', async (_, lines) => {
    const { status, headers, body } = parse(await open(narrow, `GET / HTTP/1.1\r\nhost: x\r\n${lines}\r\n`).ended)
    expect([status, body?.code]).toEqual([431, 'request_headers_too_large'])
    expect([headers['cache-control'], headers['x-content-type-options']]).toEqual(['no-store', 'nosniff'])
  })

  test('a path of 4 KiB: 431', async () => {
    expect(parse(await open(narrow, `GET /${'a'.repeat(4096)} HTTP/1.1\r\nhost: x\r\n\r\n`).ended).status).toBe(431)
  })

  test('a body is refused by what it announces, and by what comes when it announces nothing', async () => {
    const head =
      'PUT /api/organizations/acme/oidc HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n'
    const token = `authorization: Bearer ${narrow.config.admin_token}\r\n`
    const announced = open(narrow, `${head}${token}content-length: 5000\r\n\r\n`)
    expect(parse(await announced.ended)).toMatchObject({ status: 413, body: { code: 'request_too_large' } })
    const chunk = `${(1024).toString(16)}\r\n${' '.repeat(1024)}\r\n`
    const chunked = open(narrow, `${head}${token}transfer-encoding: chunked\r\n\r\n${chunk.repeat(6)}0\r\n\r\n`)
    expect(parse(await chunked.ended)).toMatchObject({ status: 413, body: { code: 'request_too_large' } })
  })
})

describe('what is no request (#193)', () => {
  test.each([
    ['noise', '\0\x01\x02\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost: x\r\nnonsense\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nhost: x\r\ncookie: a=\0\r\n\r\n'],
    ['two lengths', 'POST /admin/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST /admin/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
    ],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('%s: 400 request_malformed, with the headers of every answer', async (_, text) => {
    const { status, headers, body } = parse(await open(narrow, text).ended)
    expect([status, body?.code]).toEqual([400, 'request_malformed'])
    expect(headers['cache-control']).toBe('no-store')
  })
})

test('no more connections than allowed; when one ends, the next is served', async () => {
  const held = Array.from({ length: 20 }, () => open(narrow))
  await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))))
  const request = 'GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'
  expect(await open(narrow, request).ended).toBe('')
  await Promise.all(held.map(({ socket, ended }) => (socket.end(), ended)))
  expect(await open(narrow, request).ended).toContain('200 OK')
})

test('by default a client has ten seconds for headers and thirty for a request', () => {
  const { headersTimeout, requestTimeout, timeout, keepAliveTimeout } = narrow.app.server
  expect([headersTimeout, requestTimeout, timeout, keepAliveTimeout]).toEqual([10_000, 30_000, 120_000, 72_000])
  expect(impatient.app.server.maxConnections).toBe(defaultHttpLimits.connections)
})
