/** A server that stops answers whoever is connected: a proxy may have sent a request just before it heard of the stop. */
import { readConfig, startServer } from '@relying-party/server'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'

test('a request that arrives while the server stops is answered like any other, and takes its connection with it', async () => {
  const server = await startServer(readConfig({ PORT: '0', STORE_URL: 'memory:', LOG_LEVEL: 'silent' }))
  const { port } = new URL(server.base_url)
  const accepted = once(server.app.server, 'connection')
  const socket = connect({ port: Number(port), host: '127.0.0.1' })
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
  const ended = once(socket, 'close')
  await accepted
  const refusing = once(server.app.server, 'close')
  const closed = server.close()
  await expect.poll(() => server.app.server.listening).toBe(false)
  socket.write('GET /organizations/nobody/oidc/login HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n')
  await Promise.all([ended, refusing, closed])
  expect(answer).toMatch(/^HTTP\/1\.1 404 /)
  expect(answer).toMatch(/^content-security-policy: /im)
  expect(answer).toMatch(/^connection: close\r$/im)
  expect(answer).toContain('"code":"organization_not_found"')
})
