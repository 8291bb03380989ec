/** The runnable server as a process: its environment, its file, its signals, and a second instance beside it. */
import { startMockOkta, type MockOkta } from '@relying-party/mock-idp'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../packages/server/src/free-port.ts'
import { startProcess, untilReady, type ServerProcess } from '../support/process.ts'
import { UserAgent } from '../support/user-agent.ts'
import { clientId, clientSecret } from '../support/world.ts'

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const admin_token = 'admin-token-of-the-process-tests'
const running: ServerProcess[] = []
let directory: string
let idp: MockOkta
let port: number
let base_url: string
/** Everything that any of the processes wrote. */
const written: string[] = []

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'relying-party-'))
  port = await freePort()
  base_url = `http://localhost:${port}`
  const client = {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [`${base_url}/organizations/acme/oidc/consume`],
  }
  idp = await startMockOkta({ auto_login: 'ada@acme.example', clients: [client] })
})
afterEach(async () => {
  for (const server of running.splice(0)) {
    if (server.child.exitCode === null) await server.stop('SIGKILL')
    written.push(server.output())
  }
})
afterAll(async () => {
  await idp.close()
  rmSync(directory, { recursive: true, force: true })
})

function start(changes: Record<string, string> = {}): ServerProcess {
  const server = startProcess({
    PORT: String(port),
    BASE_URL: base_url,
    STORE_URL: `sqlite:${join(directory, 'store.sqlite')}`,
    ADMIN_TOKEN: admin_token,
    OUTBOUND_ALLOW: `localhost:${new URL(idp.issuer).port}`,
    ...changes,
  })
  running.push(server)
  return server
}

async function api(method: string, path: string, body?: unknown, at = base_url) {
  const response = await fetch(`${at}/api/organizations/acme${path}`, {
    method,
    headers: {
      authorization: `Bearer ${admin_token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return JSON.parse((await response.text()) || 'null') as Record<string, never> & {
    candidate: { fingerprint: string }
    test_url: string
    status: string
  }
}

async function enable() {
  await api('DELETE', '/oidc')
  await api('PUT', '/oidc', { issuer: idp.issuer, client_id: clientId, client_secret: clientSecret })
  const { test_url } = await api('POST', '/oidc/test')
  await new UserAgent().visit(test_url, { until: ({ pathname }) => pathname.endsWith('/settings/sso') })
  const { candidate } = await api('GET', '/oidc')
  await api('POST', '/oidc/enable', { fingerprint: candidate.fingerprint })
}

const callback = (agent: UserAgent) =>
  agent.visit(`${base_url}/organizations/acme/oidc/login?return_to=/welcome`, {
    until: ({ pathname }) => pathname.endsWith('/oidc/consume'),
  })
const session = async (agent: UserAgent, at = base_url) => {
  const { status, body } = await agent.visit(`${at}/organizations/acme/session`)
  return status === 200 ? (JSON.parse(body) as { email: string }) : null
}

describe('a bad environment', () => {
  test('is named fault by fault, nothing starts, and no secret is repeated', async () => {
    const server = start({
      PORT: '70000',
      HOST: 'a b',
      BASE_URL: 'https://sso.example/path',
      STORE_URL: 'mysql://ada:canary-1@db',
      SESSION_STORE_URL: 'mongodb://ada:canary-2@db',
      SECRET_KEYS: 'canary-3',
      ADMIN_TOKEN: 'canary-4 with spaces',
      OUTBOUND_ALLOW: 'a b c',
      TRUST_PROXY: 'yes',
      LOG_LEVEL: 'loud',
      NODE_ENV: 'producton',
    })
    expect(await server.ended).toBe(1)
    for (const variable of [
      'PORT',
      'HOST',
      'BASE_URL',
      'STORE_URL',
      'SESSION_STORE_URL',
      'SECRET_KEYS',
      'ADMIN_TOKEN',
      'OUTBOUND_ALLOW',
      'TRUST_PROXY',
      'LOG_LEVEL',
      'NODE_ENV',
    ]) {
      expect(server.output()).toMatch(new RegExp(`^  ${variable} `, 'm'))
    }
    expect(server.output()).not.toMatch(/canary|\bat .*\.ts:/)
  })

  test('an argument, which nobody would read: exit code 2, and nothing is started', async () => {
    const server = startProcess({ PORT: String(port), STORE_URL: 'memory:' }, '--help')
    running.push(server)
    expect(await server.ended).toBe(2)
    expect(server.output()).toMatch(/^relying-party-server takes no arguments: .*PORT/)
  })

  test('a port that is taken, or a store that cannot be opened: exit code 1 and the reason, no stack', async () => {
    const occupant = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => occupant.once('listening', resolve))
    const { port: taken } = occupant.address() as { port: number }
    const [listening, opening] = [
      start({ PORT: String(taken), STORE_URL: 'memory:' }),
      start({ STORE_URL: `sqlite:${directory}` }),
    ]
    expect(await Promise.all([listening.ended, opening.ended])).toEqual([1, 1])
    expect(listening.output()).toContain('EADDRINUSE')
    expect(opening.output()).toContain('SQLite')
    occupant.close()
  })
})

test('data survives a restart, sessions and flows under way included; secrets are generated once into a 0600 file', async () => {
  const first = start()
  await untilReady(first, base_url)
  await enable()
  const [member, underWay] = [new UserAgent(), new UserAgent()]
  const { url } = await callback(member)
  await member.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
  const pending = await callback(underWay)
  expect((await session(member))!.email).toBe('ada@acme.example')
  const secrets = join(directory, 'store.secrets.json')
  expect(statSync(secrets).mode & 0o777).toBe(0o600)
  const before = readFileSync(secrets, 'utf8')

  expect(await first.stop('SIGINT')).toBe(0)
  const second = start()
  await untilReady(second, base_url)
  expect(readFileSync(secrets, 'utf8')).toBe(before)
  expect((await api('GET', '/oidc')).status).toBe('enabled')
  expect((await session(member))!.email).toBe('ada@acme.example')
  await underWay.visit(pending.url, { until: ({ pathname }) => pathname === '/welcome' })
  expect((await session(underWay))!.email).toBe('ada@acme.example')
  expect(await second.stop()).toBe(0)

  // What lies in the file shows no secret.
  const file = readFileSync(join(directory, 'store.sqlite'))
  for (const canary of [clientSecret, admin_token]) expect(file.includes(canary)).toBe(false)
})

test('a second instance on the same file: login on one, callback on the other; a double callback wins once (#178, #267)', async () => {
  const other = await freePort()
  const [one, two] = [start(), start({ PORT: String(other) })]
  await Promise.all([untilReady(one, base_url), untilReady(two, `http://localhost:${other}`)])
  await enable()
  const there = (url: URL) => new URL(url.href.replace(`:${port}/`, `:${other}/`))
  const welcome = ({ pathname }: URL) => pathname === '/welcome'

  const member = new UserAgent()
  const signedIn = there((await callback(member)).url)
  await member.visit(signedIn, { until: welcome })
  expect((await session(member))!.email).toBe('ada@acme.example')
  expect((await session(member, `http://localhost:${other}`))!.email).toBe('ada@acme.example')

  // Back to the callback, on whichever instance (#177, #178): where the login led, and no second exchange.
  idp.requests.clear()
  for (const again of [signedIn, new URL(signedIn.href.replace(`:${other}/`, `:${port}/`))]) {
    expect((await member.visit(again)).via[1]!.pathname).toBe('/organizations/acme')
  }
  expect(idp.requests.of('token')).toEqual([])

  for (let round = 0; round < 5; round++) {
    const agent = new UserAgent()
    const { url } = await callback(agent)
    idp.requests.clear()
    const [a, b] = [agent.copy(), agent.copy()]
    const visits = await Promise.all([a.visit(url, { until: welcome }), b.visit(there(url), { until: welcome })])
    expect(visits.filter(({ url }) => url.pathname === '/welcome')).toHaveLength(1)
    expect(visits.find(({ url }) => url.pathname !== '/welcome')!.body).toContain('data-code="flow_already_used"')
    expect(idp.requests.of('token')).toHaveLength(1)
  }

  // What one instance disables, the other does not serve.
  await api('POST', '/oidc/disable', undefined, `http://localhost:${other}`)
  expect((await fetch(`${base_url}/organizations/acme/oidc/login`, { redirect: 'manual' })).status).toBe(409)
  expect(await session(member)).toBeNull()
  expect(await Promise.all([one.stop(), two.stop()])).toEqual([0, 0])
})

test('SIGTERM: what is under way is answered, then the process ends with 0, at once', async () => {
  const server = start({ STORE_URL: 'memory:' })
  await untilReady(server, base_url)
  for (const [path, type] of [
    ['/healthz', 'application/json'],
    ['/readyz', 'application/json'],
    ['/metrics', 'text/plain'],
    ['/openapi.json', 'application/json'],
    ['/docs', 'text/html'],
    ['/', 'text/html'],
  ] as const) {
    const response = await fetch(base_url + path)
    expect([path, response.status, response.headers.get('content-type')?.split(';')[0]]).toEqual([path, 200, type])
  }

  await enable()
  const agent = new UserAgent()
  const { url } = await callback(agent)
  idp.inject('token.slow', { times: 1, value: 500 })
  idp.requests.clear()
  const finished = agent.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
  await expect.poll(() => idp.requests.of('token').length).toBe(1)
  const code = server.stop('SIGTERM')
  expect((await finished).url.pathname).toBe('/welcome')
  const answered = performance.now()
  expect(await code).toBe(0)
  expect(performance.now() - answered).toBeLessThan(5000)
  await expect(fetch(`${base_url}/healthz`)).rejects.toThrow()
})

test('nothing secret was written by any of them', () => {
  const all = written.join('')
  expect(all).toContain('attempt succeeded')
  for (const canary of [clientSecret, admin_token, 'code=', 'state=', 'ticket=']) expect(all).not.toContain(canary)
  const tokens = idp.requests
    .of('token')
    .flatMap(({ response, params }) => [params.code, (response.body as Record<string, string>).id_token])
  for (const token of tokens) if (token !== undefined) expect(all).not.toContain(token)
})
