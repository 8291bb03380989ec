/**
 * Minutes of the highest load that this machine carries, on loopback: does anything fail, does anything grow?
 * `node bench/soak.mjs [--minutes 10] [--in-flight 16] [--json file]`, with STORE_URL for another store than SQLite.
 * Exits with 1 when an answer is not the one that was due, or when memory after a forced collection is higher in the last
 * third than in the second. See README.md.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Client } from 'undici'
import { get, signIn } from './driver.mjs'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    'in-flight': { type: 'string', default: '16' },
    json: { type: 'string' },
  },
})
const duration_ms = Math.min(Number(values.minutes), 60) * 60_000
const in_flight = Number(values['in-flight'])
const samples_wanted = 30
/** What memory may differ by between the thirds: a tenth, and 4 MB that caches and the collector's mood may take. */
const tolerated = (before) => before * 1.1 + 4 * 2 ** 20

const folder = mkdtempSync(join(tmpdir(), 'relying-party-soak-'))
const file = join(folder, 'soak.sqlite')
const children = []
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))

const [stub, { issuer, client_id, client_secret }] = await start('stub-provider')
const [server, { origin, login_path, session_cookie }] = await start('contenders/ours', {
  ISSUER: issuer,
  CLIENT_ID: client_id,
  CLIENT_SECRET: client_secret,
  LOG_LEVEL: 'error', // strangers are warnings
  STORE_URL: process.env.STORE_URL ?? `sqlite:${file}`,
})

const counts = { logins: 0, sessions_read: 0, strangers_refused: 0 }
/** Every answer that was not due, by what it was. */
const unexplained = new Map()
const samples = []
const started = performance.now()
const until = started + duration_ms
const elapsed = () => performance.now() - started

const load = Promise.all(Array.from({ length: in_flight }, browse))
for (let n = 1; n <= samples_wanted; n++) {
  await new Promise((resolve) => setTimeout(resolve, started + (duration_ms * n) / samples_wanted - performance.now()))
  await sample()
}
await load
await finish()

/** Signs in again and again, each time as a fresh browser, looks at its session, and now and then plays the stranger. */
async function browse() {
  const client = new Client(origin, { pipelining: 1 })
  while (performance.now() < until) {
    await expectDue('login', async () => {
      const { status, cookies, text } = await signIn(client, login_path)
      const session = cookies.find((cookie) => cookie.startsWith(`${session_cookie}=`))
      if (status !== 303 || session === undefined) return `${status} ${text.slice(0, 200)}`
      counts.logins++
      const read = await get(client, '/organizations/bench/session', session.split(';', 1)[0])
      if (read.status !== 200) return `the session answered ${read.status}`
      counts.sessions_read++
    })
    if (counts.logins % 20 === 0) {
      await expectDue('stranger', async () => {
        const state = 'of-nobody-'.padEnd(43, 'x')
        const { status } = await get(client, `/organizations/bench/oidc/consume?code=a&state=${state}`)
        if (status !== 400) return `a stranger's response answered ${status}`
        counts.strangers_refused++
      })
    }
  }
  await client.close()
}

async function expectDue(what, work) {
  const fault = await work().catch((error) => error.message)
  if (fault !== undefined) unexplained.set(`${what}: ${fault}`, (unexplained.get(`${what}: ${fault}`) ?? 0) + 1)
}

async function sample() {
  server.send('memory')
  const [{ cpu_us, heap, rss, handles }] = await once(server, 'message')
  const store = sizeOf(file) + sizeOf(`${file}-wal`)
  const before = samples.at(-1) ?? { at: 0, logins: 0, cpu_us: 0 }
  const at = elapsed() / 1000
  samples.push({ at, logins: counts.logins, cpu_us, heap, rss, handles, store })
  const rate = (counts.logins - before.logins) / (at - before.at)
  const cells = [at.toFixed(0), counts.logins, rate.toFixed(0), ...[heap, rss, store].map(megabytes), handles]
  if (samples.length === 1) print(['seconds', 'logins', 'per second', 'heap MB', 'rss MB', 'store MB', 'handles'])
  print(cells)
}

async function finish() {
  const third = samples.length / 3
  const middle = median(samples.slice(third, 2 * third).map(({ heap }) => heap))
  const last = median(samples.slice(2 * third).map(({ heap }) => heap))
  const [end] = samples.slice(-1)
  const result = {
    seconds: Math.round(elapsed() / 1000),
    ...counts,
    logins_per_second: Math.round(counts.logins / (elapsed() / 1000)),
    cpu_us_per_login: Math.round(end.cpu_us / counts.logins),
    store_bytes_per_login: Math.round(end.store / counts.logins),
    heap_mb: { second_third: megabytes(middle), last_third: megabytes(last) },
    unexplained: Object.fromEntries(unexplained),
  }
  const grows = last > tolerated(middle)
  process.stdout.write(`\n${JSON.stringify(result, null, 2)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ ...result, samples }, null, 2))
  if (grows) process.stdout.write('FAILED: memory grows\n')
  if (unexplained.size > 0) process.stdout.write('FAILED: unexplained failures\n')
  stub.disconnect()
  server.disconnect()
  process.exit(grows || unexplained.size > 0 || counts.logins === 0 ? 1 : 0)
}

async function start(name, env = {}) {
  const child = fork(fileURLToPath(new URL(`${name}.mjs`, import.meta.url)), {
    execArgv: ['--expose-gc'],
    env: { ...process.env, ...env },
  })
  children.push(child)
  child.once('exit', (code, signal) => {
    process.stderr.write(`${name} ended (${code ?? signal})\n`)
    process.exit(1)
  })
  const [facts] = await once(child, 'message')
  return [child, facts]
}

function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
}

function megabytes(bytes) {
  return (bytes / 2 ** 20).toFixed(1)
}

function print(cells) {
  process.stdout.write(`${cells.map((cell) => String(cell).padStart(10)).join('')}\n`)
}
