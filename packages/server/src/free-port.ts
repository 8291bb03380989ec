import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Where systems take the ports of outgoing connections from, at the lowest (Linux: net.ipv4.ip_local_port_range). */
const firstEphemeralPort = 32_768

/**
 * A port that nobody listens on, for whoever has to know it before listening.
 * Not one that the system would choose: until somebody listens there, any outgoing connection could be given it.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, firstEphemeralPort)
    if (await isFree(port, host)) return port
  }
}

/** Rejects where no port is to be had, because the host is none of ours. */
function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
      .once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)))
      .listen(port, host, () => probe.close(() => resolve(true)))
  })
}
