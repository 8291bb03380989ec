/**
 * Takes the core apart: every mutant that Stryker's instrumenter knows, against the tests of the core. `pnpm mutation`
 * hunts all of them, `pnpm mutation policy.ts messages/` those of some files; prints what survived, and writes the rows of
 * the files into docs/mutation.md. Exits with 1 when fewer than 90 in 100 are killed or justified.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { format, resolveConfig } from 'prettier'
import { startVitest } from 'vitest/node'
import { equivalents } from '../tests/mutation/equivalents.ts'
import { table } from './docs/tables.mjs'

const demanded = 90
/** So many tests of each file that is not named like its own does a mutant meet. */
const strangers = 10
const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))
const source = path('packages/core/src/')
const wanted = process.argv.slice(2)
const isWanted = (file) =>
  file.endsWith('.ts') && file !== 'io.ts' && (wanted.length === 0 || wanted.some((one) => file.startsWith(one)))
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(isWanted).sort()

/** Three words or more are said to people. Tests assert codes: the wording is free. */
const prose = {
  shouldIgnore: ({ node }) => {
    const text =
      node.type === 'StringLiteral'
        ? node.value
        : node.type === 'TemplateLiteral'
          ? node.quasis.map(({ value }) => value.raw).join('…')
          : ''
    return /\S \S+ \S/.test(text) ? 'wording' : undefined
  },
}
const quiet = { debug() {}, info() {}, isDebugEnabled: () => false }
const instrumented = await new Instrumenter(quiet).instrument(
  files.map((file) => ({ name: source + file, mutate: true, content: readFileSync(source + file, 'utf8') })),
  { plugins: null, excludedMutations: [], ignorers: [prose] },
)
const mutants = instrumented.mutants.filter(({ status }) => status !== 'Ignored')
console.log(`${mutants.length} mutants in ${files.length} files`)

const findings = await hunt()
const tallies = files.map((file) => [file, tally(mutants.filter(({ fileName }) => fileName === source + file))])
for (const [file, { left }] of tallies) for (const mutant of left) console.log(`${file}:${shown(mutant)}`)
await writeDocument()
const total = tally(mutants)
console.log(`${total.score.toFixed(1)} in 100 killed or justified`)
if (total.score < demanded) process.exitCode = 1

/** Runs the tests with all mutants in the sources, each behind its switch. */
async function hunt() {
  mkdirSync(path('artifacts/mutation'), { recursive: true })
  const found = path('artifacts/mutation/findings.json')
  const fileOf = Object.fromEntries(mutants.map(({ id, fileName }) => [id, fileName.slice(source.length)]))
  const contents = new Map(instrumented.files.map(({ name, content }) => [name, forgetful(content)]))
  const vitest = await startVitest(
    'test',
    ['tests/core/', 'tests/explain/transcripts.test.ts'],
    {
      watch: false,
      // One process sees every test, and the core is loaded once.
      isolate: false,
      // What is loaded is not what stands in the files.
      fsModuleCache: false,
      maxWorkers: 1,
      runner: path('tests/mutation/runner.ts'),
      // A test takes as long as its mutants do; the runner has a clock of its own.
      testTimeout: 24 * 3600 * 1000,
      // They read the sources or the world, replace the ambient clock and chance, or play hundreds of logins in one test.
      exclude: ['tests/core/{architecture,docs,io,purity}.test.ts', 'tests/core/explain/opinions.test.ts'],
      reporters: ['./tests/summary-reporter.ts'],
      provide: { hunt: { path: found, mutants: fileOf, strangers } },
    },
    { plugins: [{ name: 'mutants', enforce: 'pre', load: (id) => contents.get(id) }] },
  )
  const failed = vitest.state.getCountOfFailedTests()
  await vitest.close()
  if (failed > 0) throw new Error(`${failed} tests fail without any mutant`)
  return JSON.parse(readFileSync(found, 'utf8'))
}

/** What is remembered of a key or of metadata would answer for the mutant. */
function forgetful(content) {
  return content.replace(/new WeakMap<.+>\(\)/g, '{ get: () => undefined, set: () => {} }')
}

/** What became of some mutants. Those that only loading a module reaches are not counted: the switch is read too early. */
function tally(some) {
  const killed = some.filter(({ id }) => id in findings.killed)
  const alive = some.filter(({ id }) => !(id in findings.killed))
  const at_load = alive.filter(({ id }) => !findings.covered.includes(id) && findings.loaded.includes(id))
  const justified = alive.filter((mutant) => !at_load.includes(mutant) && isJustified(mutant))
  const left = alive.filter((mutant) => !at_load.includes(mutant) && !justified.includes(mutant))
  const counted = killed.length + justified.length + left.length
  const score = counted === 0 ? 100 : (100 * (killed.length + justified.length)) / counted
  return { mutants: counted, killed: killed.length, justified: justified.length, left, score, at_load: at_load.length }
}

function isJustified(mutant) {
  const change = changeOf(mutant)
  return equivalents.some(
    ({ file, from, to }) => mutant.fileName === source + file && change.from === from && change.to === to,
  )
}

/** The text that a mutant replaces, and what it says instead, each on one line. */
function changeOf({ fileName, location: { start, end }, replacement }) {
  const lines = readFileSync(fileName, 'utf8')
    .split('\n')
    .slice(start.line, end.line + 1)
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column)
  lines[0] = lines[0].slice(start.column)
  const oneLine = (text) => text.replace(/\s+/g, ' ')
  return { from: oneLine(lines.join(' ')), to: oneLine(replacement) }
}

function shown(mutant) {
  const { from, to } = changeOf(mutant)
  const reached = findings.covered.includes(mutant.id) ? '' : ' (no test comes here)'
  return `${mutant.location.start.line + 1} ${from} → ${to}${reached}`
}

/** Rows of files that this run has not hunted stay as they are. */
async function writeDocument() {
  const name = path('docs/mutation.md')
  let text = readFileSync(name, 'utf8')
  const today = new Date().toISOString().slice(0, 10)
  const rows = new Map(
    [...text.matchAll(/^\| (\S+\.ts) +\|(.+)\|$/gm)].map(([, file, cells]) => [file, numbers(cells)]),
  )
  for (const [file, { mutants, killed, justified, at_load }] of tallies) {
    if (mutants > 0) rows.set(file, [today, mutants, killed, justified, at_load])
  }
  const sums = [1, 2, 3, 4].map((column) => [...rows.values()].reduce((sum, cells) => sum + Number(cells[column]), 0))
  const parts = {
    scores: table(
      ['file', 'run', 'mutants', 'killed', 'justified', 'at load', 'survived', 'score'],
      [...[...rows].sort(), ['**all**', ['', ...sums]]].map(([file, cells]) => [
        file,
        ...cells.map(String),
        ...score(cells),
      ]),
    ),
    justified: table(
      ['file', 'instead of', 'the mutant says', 'and nobody can tell, because'],
      equivalents.map(({ file, from, to, why }) => [`\`${file}\``, `\`${from}\``, `\`${to}\``, why]),
    ),
  }
  for (const [part, content] of Object.entries(parts)) {
    const marked = new RegExp(`(<!-- ${part} -->)[^]*(<!-- /${part} -->)`)
    text = text.replace(marked, (_, open, close) => `${open}\n\n${content}\n\n${close}`)
  }
  writeFileSync(name, await format(text, { ...(await resolveConfig(name)), parser: 'markdown' }))
}

function numbers(cells) {
  return cells
    .split('|')
    .slice(0, 5)
    .map((cell) => cell.trim())
}

function score([, mutants, killed, justified]) {
  const dead = Number(killed) + Number(justified)
  return [String(mutants - dead), `${((100 * dead) / mutants).toFixed(1)} %`]
}
