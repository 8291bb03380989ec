/**
 * `pnpm conformance [--plan basic] [--report folder]`: the run against our own server. Exits with 1 when a module failed
 * or brought a warning, and when everything was run also when RESULTS.md does not say what was found (`--check`: then it
 * is left as it is; otherwise it is written anew).
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { moduleLine, plans, runConformance, summary, writeReport } from '@relying-party/mock-idp'
import { resultsPage } from './pages.ts'
import createDriver from './relying-party-server.ts'

const { values } = parseArgs({
  options: {
    plan: { type: 'string' },
    module: { type: 'string' },
    report: { type: 'string' },
    seed: { type: 'string' },
    check: { type: 'boolean', default: false },
  },
})

const report = await runConformance({
  driver: createDriver(),
  plans: values.plan?.split(',') ?? plans,
  ...(values.module && { modules: values.module.split(',') }),
  ...(values.seed && { seed: values.seed }),
  onModule: (each) => console.log(moduleLine(each)),
})
console.log(`\n${report.relying_party}: ${summary(report)} in ${(report.duration_ms / 1000).toFixed(1)} s`)
if (values.report) for (const file of await writeReport(report, values.report)) console.log(file)
if (report.modules.some(({ result, warnings }) => result === 'failed' || warnings.length > 0)) process.exitCode = 1

if (values.plan === undefined && values.module === undefined) {
  const file = fileURLToPath(new URL('RESULTS.md', import.meta.url))
  const page = resultsPage(report)
  if (!values.check) writeFileSync(file, page)
  else if (readFileSync(file, 'utf8') !== page) {
    console.error('conformance/RESULTS.md does not say what was found; `pnpm conformance` writes it anew.')
    process.exitCode = 1
  }
}
