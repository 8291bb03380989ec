/** Where a request may lead: the catalogue's cases 104 to 116, through the client itself. */

import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { certificate, client, clientOf, get, listen, rerouteTls, serve, serveTls } from './support.ts'
import { createOutbound, parseOutboundAllow } from '../../packages/server/src/outbound/index.ts'
import net from 'node:net'

const ok = { response: expect.objectContaining({ status: 200 }) }
const blocked = { failure: 'blocked' }
const public_address = '93.184.216.34'
const own = certificate('idp.example')
const expired = readFileSync(new URL('fixtures/expired.pem', import.meta.url), 'utf8')

beforeAll(() => tls.setDefaultCACertificates([...tls.getCACertificates('default'), own.cert, expired]))

describe('literals and names that are not public', () => {
  test.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://①②⑦.0.0.1/',
    'https://127.0.0.1./',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://localhost/',
    'https://metadata.google.internal/',
    'http://idp.example/',
    'https://idp.example:8443/',
    'https://user@idp.example/',
    'https://user:password@idp.example/',
    'file:///etc/passwd',
    'javascript:1',
    '//idp.example/',
    'not a url',
    '',
  ])('%j is blocked before anything is resolved or connected (#106, #107, #108, #114)', async (url) => {
    const lookup = vi.fn(async () => [public_address])
    const connect = vi.spyOn(tls, 'connect')
    const outbound = client('', { lookup })
    expect(await outbound.request(get(url))).toEqual(blocked)
    expect(lookup).not.toHaveBeenCalled()
    expect(connect).not.toHaveBeenCalled()
    connect.mockRestore()
  })

  test('userinfo is refused also for a host that is known and opened', async () => {
    const peer = await serve((_, response) => response.end('{}'))
    const { outbound, get: request } = clientOf(peer)
    expect(await request()).toEqual(ok)
    expect(await outbound.request(get(`http://user:password@idp.example:${peer.port}/`))).toEqual(blocked)
    expect(peer.connections()).toBe(1)
  })
})

describe('what a name resolves to', () => {
  test.each([
    ['loopback', ['127.0.0.1']],
    ['metadata', ['169.254.169.254']],
    ['IPv6 loopback', ['::1']],
    ['mapped loopback', ['::ffff:127.0.0.1']],
    ['NAT64 of loopback', ['64:ff9b::127.0.0.1']],
    ['Azure platform', ['168.63.129.16']],
    ['public first, private second', [public_address, '10.0.0.1']],
    ['private first, public second', ['10.0.0.1', public_address]],
    ['public IPv4, local IPv6', [public_address, 'fe80::1']],
    ['no address at all, but a name', ['localhost']],
    ['an address with a zone', ['2606:4700::1%eth0']],
  ])('%s: blocked, and no connection is tried (#110, #111)', async (_, answers) => {
    const peer = await serveTls((_, response) => response.end('{}'), own)
    const destinations = rerouteTls(peer)
    const outbound = client('', { lookup: async () => answers })
    expect(await outbound.request(get('https://idp.example/'))).toEqual(blocked)
    expect(destinations).toEqual([])
    expect(peer.connections()).toBe(0)
  })

  test('public: the checked addresses are the ones connected to, with the name in SNI and Host (#110)', async () => {
    let seen: unknown
    const peer = await serveTls((request, response) => {
      seen = { host: request.headers.host, sni: (request.socket as tls.TLSSocket).servername }
      response.end('{}')
    }, own)
    const destinations = rerouteTls(peer)
    const lookup = vi.fn(async () => [public_address, '2606:4700::1111'])
    const outbound = client('', { lookup })
    expect(await outbound.request(get('https://idp.example/jwks'))).toEqual(ok)
    expect(seen).toEqual({ host: 'idp.example', sni: 'idp.example' })
    expect(destinations).toEqual([`${public_address}:443`, '2606:4700::1111:443'])
    expect(lookup.mock.calls).toEqual([['idp.example']])
  })

  test('rebinding: one lookup per connection; the next connection is checked again (#110)', async () => {
    const peer = await serveTls((_, response) => response.setHeader('connection', 'close').end('{}'), own)
    const destinations = rerouteTls(peer)
    const answers = [[public_address], ['127.0.0.1'], ['127.0.0.1']]
    const lookup = vi.fn(async () => answers.shift()!)
    const outbound = client('', { lookup })
    expect(await outbound.request(get('https://idp.example/'))).toEqual(ok)
    expect(lookup).toHaveBeenCalledTimes(1)
    expect(await outbound.request(get('https://idp.example/'))).toEqual(blocked)
    expect(await outbound.request(get('https://idp.example/'))).toEqual(blocked)
    expect(destinations).toEqual([`${public_address}:443`])
    expect(peer.connections()).toBe(1)
  })

  test('an opened network admits names that resolve into it, on port 443 with https (#113)', async () => {
    const peer = await serveTls((_, response) => response.end('{}'), own)
    const destinations = rerouteTls(peer)
    const outbound = client('10.0.0.0/8', { lookup: async () => ['10.1.2.3'] })
    expect(await outbound.request(get('https://idp.example/'))).toEqual(ok)
    expect(destinations).toEqual(['10.1.2.3:443'])
    expect(await outbound.request(get('http://idp.example/'))).toEqual(blocked)
    expect(await outbound.request(get('https://idp.example:8443/'))).toEqual(blocked)
  })

  test('an opened host may be private and http, on the opened port alone (#113)', async () => {
    const peer = await serve((_, response) => response.end('{}'))
    const { outbound, get: request } = clientOf(peer)
    expect(await request()).toEqual(ok)
    expect(await outbound.request(get(`http://idp.example:${peer.port + 1}/`))).toEqual(blocked)
    expect(await outbound.request(get(`http://127.0.0.1:${peer.port}/`))).toEqual(blocked)
    expect(peer.connections()).toBe(1)
  })
})

describe('lookups that fail', () => {
  test.each([
    ['not found', 'ENOTFOUND', 'unreachable'],
    ['server failure', 'ESERVFAIL', 'unreachable'],
    ['time-out', 'ETIMEOUT', 'timed_out'],
  ])('%s', async (_, code, failure) => {
    const lookup = async () => Promise.reject(Object.assign(new Error('query'), { code }))
    expect(await client('', { lookup }).request(get('https://idp.example/'))).toEqual({ failure })
  })

  test('no answers', async () => {
    const outbound = client('', { lookup: async () => [] })
    expect(await outbound.request(get('https://idp.example/'))).toEqual({ failure: 'unreachable' })
  })

  test('never answering', async () => {
    const outbound = client('', { lookup: () => new Promise(() => {}), limits: { deadline_ms: 50 } })
    expect(await outbound.request(get('https://idp.example/'))).toEqual({ failure: 'timed_out' })
  })
})

describe('TLS', () => {
  const failed = { failure: 'tls_failed' }

  test('a certificate that nobody trusts (#116)', async () => {
    const peer = await serveTls((_, response) => response.end('{}'), certificate('idp.example'))
    rerouteTls(peer)
    const outbound = client('', { lookup: async () => [public_address] })
    expect(await outbound.request(get('https://idp.example/'))).toEqual(failed)
  })

  test('… also when NODE_TLS_REJECT_UNAUTHORIZED is 0, and for an opened host (#116)', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    onTestFinished(() => void vi.unstubAllEnvs())
    const peer = await serveTls((_, response) => response.end('{}'), certificate('idp.example'))
    const outbound = client(`idp.example:${peer.port}`)
    expect(await outbound.request(get(`https://idp.example:${peer.port}/`))).toEqual(failed)
  })

  test('a certificate that has expired, though it is trusted (#116)', async () => {
    const peer = await serveTls((_, response) => response.end('{}'), { cert: expired, key: expired })
    rerouteTls(peer)
    const report = vi.fn()
    const outbound = client('', { lookup: async () => [public_address], report })
    expect(await outbound.request(get('https://idp.example/'))).toEqual(failed)
    expect(report.mock.calls).toEqual([[expect.objectContaining({ reason: 'certificate has expired' })]])
  })

  test('a certificate for another name (#116)', async () => {
    const peer = await serveTls((_, response) => response.end('{}'), own)
    rerouteTls(peer)
    const outbound = client('', { lookup: async () => [public_address] })
    expect(await outbound.request(get('https://other.example/'))).toEqual(failed)
    expect(await outbound.request(get('https://idp.example/'))).toEqual(ok)
  })

  test('a Host header of the caller changes neither the name asked for nor the one checked', async () => {
    let host: string | undefined
    const peer = await serveTls((request, response) => {
      host = request.headers.host
      response.end('{}')
    }, own)
    const outbound = client(`idp.example:${peer.port}`)
    const request = { ...get(`https://idp.example:${peer.port}/`), headers: { host: 'other.example' } }
    expect(await outbound.request(request)).toEqual(ok)
    expect(host).toBe(`idp.example:${peer.port}`)
  })

  test('only TLS 1.1 (#116)', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const peer = await serveTls((_, response) => response.end('{}'), { ...own, ...old })
    const outbound = client(`idp.example:${peer.port}`)
    expect(await outbound.request(get(`https://idp.example:${peer.port}/`))).toEqual({ failure: 'no_tls' })
  })

  test('plain HTTP where TLS was expected', async () => {
    const peer = await serve((_, response) => response.end('{}'))
    const outbound = client(`idp.example:${peer.port}`)
    expect(await outbound.request(get(`https://idp.example:${peer.port}/`))).toEqual({ failure: 'no_tls' })
  })

  test('a handshake that is never answered', async () => {
    const peer = await listen(net.createServer(() => {}))
    const outbound = client(`idp.example:${peer.port}`, { limits: { deadline_ms: 50 } })
    expect(await outbound.request(get(`https://idp.example:${peer.port}/`))).toEqual({ failure: 'timed_out' })
  })
})

test('proxy variables are ignored (#115)', async () => {
  const proxy = await serve((_, response) => response.end('{}'))
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']) {
    vi.stubEnv(name, `http://127.0.0.1:${proxy.port}`)
  }
  vi.stubEnv('NODE_USE_ENV_PROXY', '1')
  onTestFinished(() => void vi.unstubAllEnvs())
  const peer = await serve((_, response) => response.end('{}'))
  expect(await clientOf(peer).get()).toEqual(ok)
  expect([peer.connections(), proxy.connections()]).toEqual([1, 0])
})

test('a redirect is an answer with its location; nothing follows it (#105)', async () => {
  const target = await serve((_, response) => response.end('secret'))
  for (const status of [301, 302, 303, 307, 308]) {
    const location = `http://idp.example:${target.port}/`
    const peer = await serve((_, response) => response.writeHead(status, { location }).end('moved'))
    const outbound = client(`idp.example:${peer.port}, idp.example:${target.port}`)
    expect(await outbound.request(get(`http://idp.example:${peer.port}/`))).toEqual({
      response: { status, headers: { location, date: expect.any(String) }, body: 'moved' },
    })
  }
  expect(target.connections()).toBe(0)
})

test('a path that looks like a URL stays a path', async () => {
  const paths: string[] = []
  const peer = await serve((request, response) => {
    paths.push(request.url!)
    response.end('{}')
  })
  const { outbound } = clientOf(peer)
  const origin = `http://idp.example:${peer.port}`
  for (const path of [
    '//evil.example/x',
    '/@evil.example',
    '/\\evil.example',
    '/x?next=https://evil.example#fragment',
  ]) {
    expect(await outbound.request(get(origin + path))).toEqual(ok)
  }
  expect(paths).toEqual(['//evil.example/x', '/@evil.example', '//evil.example', '/x?next=https://evil.example'])
})

test('failures are reported to the operator with their reason, and to nobody else (#134)', async () => {
  const report = vi.fn()
  const outbound = createOutbound({ allow: parseOutboundAllow(''), lookup: async () => ['10.0.0.1'], report })
  onTestFinished(() => outbound.close())
  expect(await outbound.request(get('https://idp.example/path?token=1'))).toEqual(blocked)
  expect(report.mock.calls).toEqual([
    [
      {
        message: 'jwks',
        origin: 'https://idp.example',
        failure: 'blocked',
        reason: 'idp.example resolves to 10.0.0.1, which is not public',
      },
    ],
  ])
})
