/**
 * A round-robin reverse proxy as nginx is by default: every request goes to the next instance in turn; one whose instance
 * is gone is tried at the other, unless it is a POST that may have been acted upon.
 */
import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Balancer {
  readonly base_url: string
  /** The ports that requests go to, in turn. */
  targets: readonly number[]
  /** Which instance answered what, in the order of the answers; an instance that failed is not in it. */
  readonly answered: { readonly port: number; readonly path: string; readonly status: number }[]
  /** The answers themselves, head and body. */
  readonly texts: string[]
  close(): Promise<void>
}

export async function startBalancer(): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true })
  let turn = 0

  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
      const start = turn++
      const { targets } = balancer
      for (let tries = 0; tries < targets.length; tries++) {
        const port = targets[(start + tries) % targets.length]!
        const failure = await forward(agent, port, incoming, Buffer.concat(chunks), outgoing, balancer.texts)
        if (failure === null) {
          balancer.answered.push({ port, path: incoming.url!.split('?')[0]!, status: outgoing.statusCode })
          return
        }
        const sent = failure !== 'ECONNREFUSED'
        if (outgoing.headersSent || (sent && incoming.method === 'POST')) break
      }
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(502, { 'content-type': 'text/plain' }).end('bad gateway')
    })()
  })
  // Connections that a test's browsers keep open are theirs to close.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const balancer: Balancer = {
    base_url: `http://localhost:${(server.address() as AddressInfo).port}`,
    targets: [],
    answered: [],
    texts: [],
    async close() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return balancer
}

/** Null when the answer was passed on whole; otherwise what happened to the connection. */
function forward(
  agent: Agent,
  port: number,
  incoming: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
  texts: string[],
) {
  const { method, url: path, headers } = incoming
  return new Promise<string | null>((resolve) => {
    const fail = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)
    const request = httpRequest({ agent, host: '127.0.0.1', port, method, path, headers }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('error', fail)
      answer.on('end', () => {
        const whole = Buffer.concat(parts)
        texts.push(`${answer.rawHeaders.join('\n')}\n\n${whole.toString()}`)
        outgoing.writeHead(answer.statusCode!, answer.rawHeaders).end(whole)
        resolve(null)
      })
    })
    request.on('error', fail).end(body)
  })
}
