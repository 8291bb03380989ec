/**
 * What a login costs: CPU of the relying party's process per complete login, ours beside a floor and openid-client.
 * `node bench/run.mjs [--thin] [--rounds 24] [--logins 500] [--only floor,ours-memory] [--json file] [--cpu-prof folder]`
 * Exits with 1 when ours costs more than 0.8 of openid-client, or when any login goes wrong. See README.md.
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { signInMany } from './driver.mjs'

const limit = 0.8
/** Logins before anything counts, so that V8 has compiled what it will compile; a slow machine stops earlier. */
const warm_up = { logins: 4000, limit_ms: 12_000 }
/** No round begins that would probably end later; and whatever happens, the bench ends. */
const budget_ms = 120_000
const deadline_ms = 175_000
const options = parseArgs({
  options: {
    thin: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '24' },
    logins: { type: 'string', default: '500' },
    only: { type: 'string' },
    json: { type: 'string' },
    'cpu-prof': { type: 'string' },
  },
}).values
const rounds = Number(options.rounds)
const logins = Number(options.logins)

const folder = mkdtempSync(join(tmpdir(), 'relying-party-bench-'))
const contenders = {
  floor: { file: 'floor' },
  'ours-memory': { file: 'ours', env: { STORE_URL: 'memory:' } },
  'ours-sqlite': { file: 'ours', env: { STORE_URL: `sqlite:${join(folder, 'bench.sqlite')}` } },
  'openid-client': { file: 'openid-client' },
}
const names = options.only?.split(',') ?? Object.keys(contenders)
const children = []

process.on('exit', () => {
  for (const { child } of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))
setTimeout(() => abort(`not finished after ${deadline_ms / 1000} s`), deadline_ms).unref()

try {
  await main()
} catch (error) {
  abort(error.stack)
}

async function main() {
  const stub = await start('stub-provider', { THIN: options.thin ? '1' : '0' })
  const { issuer, client_id, client_secret } = stub.facts
  const runs = []
  for (const name of names) {
    const { file, env } = contenders[name] ?? abort(`unknown contender ${name}: ${Object.keys(contenders)}`)
    const given = { ISSUER: issuer, CLIENT_ID: client_id, CLIENT_SECRET: client_secret, ...env }
    const flags = options['cpu-prof']
      ? ['--cpu-prof', `--cpu-prof-dir=${options['cpu-prof']}`, `--cpu-prof-name=${name}.cpuprofile`]
      : []
    const started = await start(`contenders/${file}`, given, flags)
    await signInMany(started.facts, warm_up.logins, warm_up.limit_ms)
    runs.push({ name, samples: [], ...started })
  }
  let longest = 0
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    if (round > 0 && began + longest > budget_ms) break
    // Whoever was first is last in the next round: no one always runs beside the same noise.
    for (const run of [...runs.slice(round % runs.length), ...runs.slice(0, round % runs.length)]) {
      const before = await run.cpu()
      await signInMany(run.facts, logins)
      run.samples.push(((await run.cpu()) - before) / logins)
    }
    longest = Math.max(longest, performance.now() - began)
    process.stderr.write(
      `round ${round + 1}: ${runs.map(({ name, samples }) => `${name} ${Math.round(samples.at(-1))}`).join(', ')}\n`,
    )
  }
  const ended = children.map(({ child }) => new Promise((resolve) => child.once('exit', resolve)))
  for (const one of children) one.end()
  await Promise.all(ended)
  report(runs)
}

function report(runs) {
  /** The median of the ratios of each round: what disturbs a round disturbs both. */
  const ratio = ({ samples }, name) => {
    const other = runs.find((run) => run.name === name)
    return other && Number(median(samples.map((sample, round) => sample / other.samples[round])).toFixed(2))
  }
  const results = runs.map((run) => ({
    contender: run.name,
    cpu_us: Math.round(median(run.samples)),
    lowest: Math.round(Math.min(...run.samples)),
    highest: Math.round(Math.max(...run.samples)),
    of_floor: ratio(run, 'floor'),
    of_openid_client: ratio(run, 'openid-client'),
  }))
  const machine = `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model}`
  const done = runs[0].samples.length
  const how = `${done}${done < rounds ? ` (of ${rounds}: the machine is slow)` : ''} rounds of ${logins} logins, ${options.thin ? 'thin' : 'fat'} ID Token`
  const columns = ['µs CPU per login', 'lowest', 'highest', '× floor', '× openid-client']
  const line = (first, rest) =>
    `${first.padEnd(14)}${rest.map((cell, at) => String(cell ?? '').padStart(columns[at].length + 3)).join('')}`
  console.log(`\n${how}; ${machine}\n\n${line('', columns)}`)
  for (const { contender, ...cells } of results) console.log(line(contender, Object.values(cells)))
  const measured = results.find(({ contender }) => contender === 'ours-memory')?.of_openid_client
  const passed = measured === undefined ? null : measured <= limit
  if (passed !== null)
    console.log(`\nours-memory / openid-client: ${measured}, at most ${limit}: ${passed ? 'passed' : 'FAILED'}`)
  if (options.json) {
    const document = {
      rounds: done,
      logins,
      thin: options.thin,
      machine,
      limit,
      passed,
      results,
      samples: Object.fromEntries(runs.map(({ name, samples }) => [name, samples])),
    }
    writeFileSync(options.json, `${JSON.stringify(document, null, 2)}\n`)
  }
  process.exitCode = passed === false ? 1 : 0
}

/** A child process, as soon as it is ready; that it ends before it is told to is an error. */
function start(file, env, execArgv = []) {
  // What it prints goes to our standard error: a log line of a contender is a warning worth seeing.
  const path = fileURLToPath(new URL(`${file}.mjs`, import.meta.url))
  const child = fork(path, {
    env: { ...process.env, NODE_ENV: undefined, ...env },
    execArgv,
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const next = () => new Promise((resolve) => child.once('message', resolve))
  const unexpected = (code) => abort(`${file} ended with ${code}`)
  child.once('exit', unexpected)
  const cpu = async () => {
    child.send('cpu')
    return (await next()).cpu_us
  }
  const end = () => {
    child.off('exit', unexpected)
    child.disconnect()
  }
  children.push({ child, end })
  return next().then((facts) => ({ facts, cpu }))
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function abort(why) {
  console.error(`The bench failed: ${why}`)
  process.exit(1)
}
