/**
 * Explores the model deeper than a test run does, prints a table and writes docs/model.md: `pnpm model`.
 * With `--depth N` every scene goes to that depth, with `--only words` only what has them in its name is run; then
 * nothing is written. Exits with 1 when an invariant breaks or a mutant survives.
 */
import { writeFile } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'

// The sources, without a build.
const core = new URL('../packages/core/src/index.ts', import.meta.url).href
registerHooks({
  resolve: (specifier, context, next) => next(specifier === '@relying-party/core' ? core : specifier, context),
})
const { check } = await import('../tests/model/check.ts')
const { document, isCaught } = await import('../tests/model/report.ts')

const { values } = parseArgs({ options: { depth: { type: 'string' }, only: { type: 'string', default: '' } } })
const depthOf = (scene) => (values.depth === undefined ? scene.deep : Number(values.depth))

const columns = [6, 9, 13, 8]
const row = (cells, name) => console.log(`${cells.map((cell, at) => cell.padStart(columns[at])).join('')}  ${name}`)
row(['depth', 'states', 'transitions', 'seconds'], 'scene, or mutant and what it breaks')

const checked = await check({
  depthOf,
  only: values.only,
  progress: (name, { depth, states, transitions, milliseconds, counter_example }) => {
    const broken = counter_example === null ? '' : `: ${counter_example.broken.map((one) => one.invariant).join()}`
    row([String(depth), String(states), String(transitions), (milliseconds / 1000).toFixed(1)], `${name}${broken}`)
  },
})

const violated = checked.scenes.filter(({ explored }) => explored.counter_example !== null)
const survived = checked.mutants.filter((hunted) => !isCaught(hunted))
for (const { scene, explored } of violated) {
  const { broken, trace } = explored.counter_example
  console.log(`\n${scene} breaks ${broken.map(({ invariant, why }) => `${invariant} (${why})`).join()}`)
  for (const line of trace) console.log(`  ${line}`)
}
const sum = (what) => checked.scenes.reduce((total, { explored }) => total + explored[what], 0)
console.log(
  `\n${sum('states')} states, ${sum('transitions')} transitions, ${violated.length} violations; ` +
    `${checked.mutants.length - survived.length} of ${checked.mutants.length} mutants caught`,
)
for (const { mutant } of survived) console.log(`  not caught: without ${mutant.lacks}`)

if (values.only === '' && values.depth === undefined) {
  const path = fileURLToPath(new URL('../docs/model.md', import.meta.url))
  await writeFile(path, await format(document(checked), { ...(await resolveConfig(path)), parser: 'markdown' }))
}
process.exitCode = violated.length + survived.length === 0 ? 0 : 1
