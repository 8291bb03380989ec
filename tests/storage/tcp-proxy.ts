/** A TCP proxy whose link can fail in the ways that networks and servers do. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface TcpProxy {
  /** The URL of the backend, by way of the proxy. */
  readonly url: string
  /**
   * - `pass`: as if it were not there;
   * - `silent`: accepts and holds everything back, as a host that has lost its power;
   * - `mute`: requests arrive, answers do not, so that a write happens and nobody learns of it;
   * - `cut`: ends every connection, and every new one at once.
   */
  set(mode: 'pass' | 'silent' | 'mute' | 'cut'): void
  /** Leads new connections to this backend, as a name does after a failover; those that there are stay where they are. */
  lead(url: string): void
  close(): Promise<void>
}

export async function startProxy(url: string): Promise<TcpProxy> {
  let target = new URL(url)
  let mode = 'pass'
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    if (mode === 'cut') return void client.destroy()
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (data) => mode !== 'silent' && upstream.write(data))
    upstream.on('data', (data) => mode === 'pass' && client.write(data))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as AddressInfo).port)
  const cut = () => sockets.forEach((socket) => socket.destroy())
  return {
    url: through.href,
    set: (next) => {
      mode = next
      if (mode === 'cut') cut()
    },
    lead: (url) => void (target = new URL(url)),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
  }
}
