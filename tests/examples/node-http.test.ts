/** The embedding example of the README runs as it stands there. */
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { demoClient, startMockOkta, type MockOkta } from '@relying-party/mock-idp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../../examples/node-http.ts'
import { freePort } from '../../packages/server/src/free-port.ts'
import { UserAgent } from '../support/user-agent.ts'

let idp: MockOkta
let app: Server
let origin: string
beforeAll(async () => {
  idp = await startMockOkta({ auto_login: 'ada@acme.example' })
  const port = await freePort()
  origin = `http://localhost:${port}`
  idp.addClient({ ...demoClient, client_id: 'embedded', redirect_uris: [`${origin}/callback`] })
  app = await createApp(idp.issuer, 'embedded', demoClient.client_secret!, origin)
  await new Promise<void>((resolve) => app.listen(port, '127.0.0.1', resolve))
})
afterAll(async () => {
  app.close()
  await idp.close()
})

test('an app on bare node:http signs somebody in with the core alone', async () => {
  const agent = new UserAgent()
  const arrived = await agent.visit(`${origin}/login`)
  expect(arrived.body).toBe(`Signed in as ${idp.users[0]!.id}`)
  expect(idp.requests.of('token').map(({ response }) => response?.status)).toEqual([200])
})

test('it answers a failure with its code, and makes no session', async () => {
  idp.inject('id_token.nonce_mismatch', { times: 1 })
  const agent = new UserAgent()
  const refused = await agent.visit(`${origin}/login`)
  expect([refused.status, refused.body]).toEqual([400, 'id_token_nonce_mismatch'])
  expect((await agent.visit(origin)).body).toContain('Nobody is signed in')
})

test('a response counts once', async () => {
  const agent = new UserAgent()
  const callback = (await agent.visit(`${origin}/login`, { until: ({ pathname }) => pathname === '/callback' })).url
  await agent.visit(callback)
  expect((await agent.visit(callback)).status).toBe(400)
})

test('the README shows this very code', () => {
  const readme = readFileSync(new URL('../../packages/core/README.md', import.meta.url), 'utf8')
  const example = readFileSync(new URL('../../examples/node-http.ts', import.meta.url), 'utf8')
  expect(readme).toContain(example.trim())
})
