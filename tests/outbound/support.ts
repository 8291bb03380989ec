/** Local peers that behave as told, and a client whose names lead to them. Nothing leaves the machine. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { onTestFinished, vi } from 'vitest'
import type { HttpRequest } from '@relying-party/core'
import {
  createOutbound,
  parseOutboundAllow,
  type Outbound,
  type OutboundOptions,
} from '../../packages/server/src/outbound/index.ts'

export interface Peer {
  readonly port: number
  /** Connections accepted so far. */
  readonly connections: () => number
  /** Connections open now. */
  readonly open: () => number
}

/** Listens on a free port of 127.0.0.1 until the test is over. */
export async function listen(server: net.Server): Promise<Peer> {
  const sockets = new Set<net.Socket>()
  let connections = 0
  // Counted as TCP connections, also where TLS follows.
  server.on('connection', (socket: net.Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as net.AddressInfo).port, connections: () => connections, open: () => sockets.size }
}

export const serve = (handler: http.RequestListener) => listen(http.createServer(handler))

export const serveTls = (handler: http.RequestListener, options: https.ServerOptions) =>
  listen(https.createServer(options, handler))

/** A peer that answers every connection's first bytes with these. */
export const serveRaw = (respond: (socket: net.Socket) => void) =>
  listen(net.createServer((socket) => void socket.on('error', () => {}).once('data', () => respond(socket))))

/** A client that is closed when the test is over; every name that it is allowed resolves to 127.0.0.1. */
export function client(allow: string, options: Partial<OutboundOptions> = {}): Outbound {
  const outbound = createOutbound({ allow: parseOutboundAllow(allow), lookup: async () => ['127.0.0.1'], ...options })
  onTestFinished(() => outbound.close())
  return outbound
}

/** A client of one peer, which it knows as http://idp.example:port. */
export function clientOf({ port }: Peer, options: Partial<OutboundOptions> = {}) {
  const outbound = client(`idp.example:${port}`, options)
  const url = (path: string) => `http://idp.example:${port}${path}`
  return {
    outbound,
    get: (path = '/', message: HttpRequest['message'] = 'jwks') => outbound.request(get(url(path), message)),
    post: (path: string, body: string, headers: Record<string, string>) =>
      outbound.request({ message: 'token', method: 'POST', url: url(path), headers, body }),
  }
}

export function get(url: string, message: HttpRequest['message'] = 'jwks'): HttpRequest {
  return { message, method: 'GET', url, headers: { accept: 'application/json' } }
}

/**
 * Lets TLS connections that would leave for the internet end at a local port instead, after their own lookup had its
 * say. Returns the addresses that they would have gone to.
 */
export function rerouteTls({ port }: Peer): string[] {
  const destinations: string[] = []
  const connect = tls.connect.bind(tls)
  const spy = vi.spyOn(tls, 'connect').mockImplementation(((options: tls.ConnectionOptions) => {
    const lookup: net.LookupFunction = (hostname, lookup_options, callback) =>
      options.lookup!(hostname, lookup_options, (error, answers) => {
        if (error !== null) return callback(error, [])
        destinations.push(...(answers as { address: string }[]).map(({ address }) => `${address}:${options.port}`))
        callback(null, [{ address: '127.0.0.1', family: 4 }])
      })
    return connect({ ...options, port, lookup })
  }) as typeof tls.connect)
  onTestFinished(() => spy.mockRestore())
  return destinations
}

/** A self-signed certificate for a name, valid for two days. */
export function certificate(name: string): { key: string; cert: string } {
  const directory = mkdtempSync(join(tmpdir(), 'outbound-'))
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert]
  execFileSync('openssl', [...request, ...subject], { stdio: 'ignore' })
  const made = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  rmSync(directory, { recursive: true })
  return made
}
