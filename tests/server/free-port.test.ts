import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from '../../packages/server/src/free-port.ts'

test('a free port can be listened on, and is none that the system gives to outgoing connections', async () => {
  const port = await freePort()
  expect(port).toBeLessThan(32_768)
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  await new Promise((resolve) => server.close(resolve))
})

test('a host that is none of ours has no port', async () => {
  await expect(freePort('192.0.2.1')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
})
