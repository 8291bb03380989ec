#!/usr/bin/env node
/** `relying-party-conformance`: the run from the command line. Exits with 1 when a module failed, with 2 when it could not run. */
import { parseArgs } from 'node:util'
import { sentence } from './bench.ts'
import { openDriver } from './load-driver.ts'
import { plans } from './plans.ts'
import { moduleLine, planLines, summary } from './report.ts'
import { runConformance } from './run.ts'
import { writeReport } from './write-report.ts'

const usage = `Usage: relying-party-conformance --rp <module | file.json | URL | command> [--plan basic,config] [--module name,name]
         [--report folder] [--seed n] [--concurrency n] [--wait ms]

  --rp           the driver of the relying party: an ES module, a JSON file, an address of such a document, or a command
                 line that starts it, prints either of the last two as its first line, and is stopped at the end
  --plan         ${plans.map(({ name }) => name).join(', ')} (default: all)
  --module       only these modules of the plans
  --report       writes conformance.json and conformance.html into this folder
  --seed         the same seed gives the same clients, codes and tokens (default 1)
  --concurrency  modules at the same time (default 4)
  --wait         milliseconds to wait for calls that must not come (default 50; the Foundation's suite waits 5000)

Exits with 0 when nothing failed, with 1 when a module failed, and with 2 when it could not be run.`

// A reader that has seen enough, such as `head`, is no reason to fall over.
process.stdout.on('error', () => process.exit())

try {
  const { values } = parseArgs({
    options: {
      rp: { type: 'string' },
      plan: { type: 'string' },
      module: { type: 'string' },
      report: { type: 'string' },
      seed: { type: 'string' },
      concurrency: { type: 'string' },
      wait: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) console.log(usage)
  else if (values.rp === undefined) throw new TypeError(`--rp is missing\n\n${usage}`)
  else {
    const { plan, module, seed, concurrency, wait } = values
    // Whoever presses Ctrl-C stops what was started, too.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(2))
    const { driver, stop } = await openDriver(values.rp)
    const report = await runConformance({
      driver,
      ...(plan !== undefined && { plans: plan.split(',') }),
      ...(module !== undefined && { modules: module.split(',') }),
      ...(seed !== undefined && { seed }),
      ...(concurrency !== undefined && { concurrency: count('concurrency', concurrency, 1) }),
      ...(wait !== undefined && { wait_ms: count('wait', wait, 0) }),
      onModule: (each) => console.log(moduleLine(each)),
    }).finally(stop)
    const written = values.report === undefined ? [] : await writeReport(report, values.report)
    console.log(`\n${planLines(report).join('\n')}`)
    console.log(`\n${report.relying_party}: ${summary(report)} in ${(report.duration_ms / 1000).toFixed(1)} s`)
    for (const file of written) console.log(file)
    process.exitCode = report.modules.some(({ result }) => result === 'failed') ? 1 : 0
  }
} catch (error) {
  console.error(`relying-party-conformance: ${sentence(error)}`)
  process.exitCode = 2
}

function count(flag: string, text: string, least: number): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isInteger(number) || number < least)
    throw new RangeError(`--${flag} ${text} is not a whole number from ${least}`)
  return number
}
