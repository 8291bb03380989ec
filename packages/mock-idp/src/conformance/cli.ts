#!/usr/bin/env node
/** `relying-party-conformance`: the run from the command line. Exits with 1 when a module failed, with 2 when it could not run. */
import { parseArgs } from 'node:util'
import { loadDriver } from './load-driver.ts'
import { plans } from './plans.ts'
import { moduleLine, summary } from './report.ts'
import { runConformance } from './run.ts'
import { writeReport } from './write-report.ts'

const usage = `Usage: relying-party-conformance --rp <module | file.json | URL> [--plan basic,config] [--module name,name]
         [--report folder] [--seed n] [--concurrency n] [--wait ms]

  --rp           the driver of the relying party: an ES module, a JSON file, or an address of such a document
  --plan         ${plans.map(({ name }) => name).join(', ')} (default: all)
  --module       only these modules of the plans
  --report       writes conformance.json and conformance.html into this folder
  --seed         the same seed gives the same clients, codes and tokens (default 1)
  --concurrency  modules at the same time (default 4)
  --wait         milliseconds to wait for calls that must not come (default 50; the Foundation's suite waits 5000)`

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
  if (values.help === true || values.rp === undefined) {
    console.log(usage)
    process.exitCode = values.help === true ? 0 : 2
  } else {
    const { plan, module, seed, concurrency, wait } = values
    const report = await runConformance({
      driver: await loadDriver(values.rp),
      ...(plan !== undefined && { plans: plan.split(',') }),
      ...(module !== undefined && { modules: module.split(',') }),
      ...(seed !== undefined && { seed }),
      ...(concurrency !== undefined && { concurrency: Number(concurrency) }),
      ...(wait !== undefined && { wait_ms: Number(wait) }),
      onModule: (each) => console.log(moduleLine(each)),
    })
    const written = values.report === undefined ? [] : await writeReport(report, values.report)
    console.log(`\n${report.relying_party}: ${summary(report)} in ${(report.duration_ms / 1000).toFixed(1)} s`)
    for (const file of written) console.log(file)
    process.exitCode = report.modules.some(({ result }) => result === 'failed') ? 1 : 0
  }
} catch (error) {
  console.error(`relying-party-conformance: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
