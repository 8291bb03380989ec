/**
 * Takes the core apart: every mutant that Stryker's instrumenter knows, against the tests of the core. `pnpm mutation`
 * hunts all of them, `pnpm mutation policy.ts messages/` those of some files. Of each file it prints what survived and
 * writes the row into docs/mutation.md before it goes on to the next. What a file's mutants have met stays known while
 * source and tests are the same; `--fresh` forgets it. Exits with 1 when fewer than 90 in 100 are killed or justified.
 */
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { format, resolveConfig } from 'prettier'
import { startVitest } from 'vitest/node'
import { isAbout } from '../tests/mutation/about.ts'
import { equivalents } from '../tests/mutation/equivalents.ts'
import { table } from './docs/tables.mjs'

const demanded = 90
/** So many tests of each file that is not about a mutant's source does the mutant meet. */
const strangers = 10
const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))
const source = path('packages/core/src/')
const options = process.argv.slice(2)
const fresh = options.includes('--fresh')
const wanted = options.filter((option) => option !== '--fresh')
const isWanted = (file) =>
  file.endsWith('.ts') && file !== 'io.ts' && (wanted.length === 0 || wanted.some((one) => file.startsWith(one)))
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(isWanted).sort()

/** A module with a state of its own: what one mutant leaves behind there must not meet the next. */
const stateful = ['bytes.ts']
const onlyAtLoad = (mutants) => ({ killed: {}, covered: [], loaded: mutants.map(({ id }) => id) })

/** They read the sources or the world, or replace the ambient clock and chance. */
const excluded = ['architecture', 'docs', 'io', 'purity'].map((name) => `tests/core/${name}.test.ts`)
const support = globSync(['tests/core/support/*.ts', 'tests/mutation/{about,runner,setup}.ts'], {
  cwd: path(''),
}).sort()
const tests = Object.fromEntries(
  ['tests/explain/transcripts.test.ts', ...globSync('tests/core/**/*.test.ts', { cwd: path('') }).sort()]
    .filter((test) => !excluded.includes(test))
    .map((test) => [test, digest(test, ...support)]),
)

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

const totals = { mutants: 0, dead: 0 }
for (const file of files) {
  const { mutants, content } = await mutantsOf(file)
  const findings = stateful.includes(file) ? onlyAtLoad(mutants) : await hunt(file, mutants, content)
  await huntAtLoad(file, mutants, content, findings)
  const tallied = tally(file, mutants, findings)
  for (const mutant of tallied.left) console.log(`${file}:${shown(mutant, findings)}`)
  await writeDocument(file, tallied)
  totals.mutants += tallied.mutants
  totals.dead += tallied.killed + tallied.justified
}
const total = totals.mutants === 0 ? 100 : (100 * totals.dead) / totals.mutants
console.log(`${total.toFixed(1)} in 100 of ${totals.mutants} killed or justified`)
if (total < demanded) process.exitCode = 1

function digest(...names) {
  const hash = createHash('sha256')
  for (const name of names) hash.update(readFileSync(path(name)))
  return hash.digest('base64url')
}

/**
 * The mutants of a file, and its text with all of them in it, each behind its switch. What is said to be constant Stryker
 * takes for a type and leaves alone, a whole table of functions with it: here it is not said.
 */
async function mutantsOf(file) {
  const quiet = { debug() {}, info() {}, isDebugEnabled: () => false }
  const text = readFileSync(source + file, 'utf8')
  const { mutants, files } = await new Instrumenter(quiet).instrument(
    [{ name: source + file, mutate: true, content: text.replace(/ as const\b/g, (word) => ' '.repeat(word.length)) }],
    { plugins: null, excludedMutations: [], ignorers: [prose] },
  )
  return { mutants: mutants.filter(({ status }) => status !== 'Ignored'), content: files[0].content }
}

/** Runs the tests that the living mutants of a file have not met. */
async function hunt(file, mutants, content) {
  const found = path(`artifacts/mutation/${file.replace('.ts', '.json')}`)
  mkdirSync(dirname(found), { recursive: true })
  const of = createHash('sha256').update(content).digest('base64url')
  const before = !fresh && existsSync(found) ? JSON.parse(readFileSync(found, 'utf8')) : {}
  const findings = before.of === of ? before : { of, met: {}, killed: {}, covered: [], loaded: [] }
  const isMet = (test) => findings.met[test] === tests[test] && test in tests
  const killed = Object.entries(findings.killed).filter(([, { file }]) => isMet(file))
  findings.killed = Object.fromEntries(killed)
  findings.met = Object.fromEntries(Object.entries(findings.met).filter(([test]) => isMet(test)))
  const toMeet = Object.keys(tests).filter((test) => !isMet(test))
  const living = mutants.map(({ id }) => id).filter((id) => !(id in findings.killed))
  console.log(`\n${file}: ${living.length} of ${mutants.length} mutants meet ${toMeet.length} files of tests`)
  writeFileSync(found, JSON.stringify(findings))
  if (living.length === 0 || toMeet.length === 0) return findings
  const load = (id) =>
    id.startsWith(source) ? forgetful(id === source + file ? content : readFileSync(id, 'utf8')) : undefined
  const vitest = await startVitest(
    'test',
    toMeet,
    {
      watch: false,
      // One process sees every test, and the core is loaded once.
      isolate: false,
      // What is loaded is not what stands in the files.
      fsModuleCache: false,
      maxWorkers: 1,
      runner: path('tests/mutation/runner.ts'),
      setupFiles: [path('tests/mutation/setup.ts')],
      sequence: { sequencer: sequencerFor(file) },
      env: { FC_RUNS: '100' },
      // A test takes as long as its mutants do; the runner has a clock of its own.
      testTimeout: 24 * 3600 * 1000,
      exclude: excluded,
      reporters: ['./tests/summary-reporter.ts'],
      provide: { hunt: { found, file, living, strangers, tests } },
    },
    { plugins: [{ name: 'mutants', enforce: 'pre', load }] },
  )
  const failed = vitest.state.getCountOfFailedTests()
  await vitest.close()
  if (failed > 0) {
    rmSync(found)
    throw new Error(`${failed} tests fail without any mutant`)
  }
  return JSON.parse(readFileSync(found, 'utf8'))
}

/**
 * Runs the tests that are about a file once per mutant that only the loading of the module reaches: a table, a regular
 * expression at its top. The runner's switch would come too late for these, so the core is loaded again for each.
 */
async function huntAtLoad(file, mutants, content, findings) {
  const atLoad = mutants
    .map(({ id }) => id)
    .filter((id) => !(id in findings.killed) && !findings.covered.includes(id) && findings.loaded.includes(id))
  const own = Object.keys(tests)
    .filter((test) => isAbout(test, file))
    .sort((a, b) => statSync(path(a)).size - statSync(path(b)).size)
  if (atLoad.length === 0 || own.length === 0) return
  const found = path(`artifacts/mutation/${file.replace('.ts', '.at-load.json')}`)
  const of = createHash('sha256')
    .update(content)
    .update(JSON.stringify(own.map((test) => [test, tests[test]])))
    .digest('base64url')
  const before = !fresh && existsSync(found) ? JSON.parse(readFileSync(found, 'utf8')) : {}
  if (before.of !== of) {
    console.log(`${file}: ${atLoad.length} mutants that act while it is loaded meet ${own.length} files of tests`)
    before.killed = await killedAtLoad(file, atLoad, content, own)
    writeFileSync(found, JSON.stringify({ of, killed: before.killed }))
  }
  Object.assign(findings.killed, before.killed)
}

async function killedAtLoad(file, atLoad, content, own) {
  const vitest = await startVitest(
    'test',
    own,
    {
      watch: false,
      isolate: true,
      pool: 'threads',
      fsModuleCache: false,
      maxWorkers: 1,
      setupFiles: [path('tests/mutation/setup.ts'), path('tests/mutation/at-load.ts')],
      env: { FC_RUNS: '100' },
      exclude: excluded,
      reporters: [{}],
      provide: { mutant: '' },
    },
    { plugins: [{ name: 'mutants', enforce: 'pre', load: (id) => (id === source + file ? content : undefined) }] },
  )
  const specifications = await vitest.globTestSpecifications(own.map(path))
  const passes = async (mutant, specification) => {
    vitest.provide('mutant', mutant)
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification])
    return unhandledErrors.length === 0 && testModules.every((module) => module.ok())
  }
  const killed = {}
  for (const test of own) {
    const specification = specifications.find(({ moduleId }) => moduleId === path(test))
    for (const mutant of atLoad) {
      if (!(mutant in killed) && !(await passes(mutant, specification))) killed[mutant] = { file: test }
    }
    if (!(await passes('', specification))) throw new Error(`${test} fails without any mutant`)
  }
  await vitest.close()
  return killed
}

/** What is remembered of a key or of metadata would answer for the mutant. */
function forgetful(content) {
  return content.replace(/new WeakMap<.+>\(\)/g, '{ get: () => undefined, set: () => {} }')
}

/** The tests that are about a file come first: they notice most. */
function sequencerFor(file) {
  const rank = ({ moduleId }) => (isAbout(moduleId.slice(path('').length), file) ? 0 : 1)
  return class {
    shard = (specifications) => specifications
    sort = (specifications) => [...specifications].sort((a, b) => rank(a) - rank(b))
  }
}

/** What became of the mutants. */
function tally(file, mutants, { killed }) {
  const alive = mutants.filter(({ id }) => !(id in killed))
  const left = alive.filter((mutant) => !isJustified(file, mutant))
  return {
    mutants: mutants.length,
    killed: mutants.length - alive.length,
    justified: alive.length - left.length,
    left,
  }
}

function isJustified(file, mutant) {
  const change = changeOf(mutant)
  return equivalents.some((one) => one.file === file && change.from === one.from && change.to === one.to)
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

function shown(mutant, { covered, loaded }) {
  const { from, to } = changeOf(mutant)
  const reached = covered.includes(mutant.id) ? '' : loaded.includes(mutant.id) ? ' (at load)' : ' (no test comes here)'
  return `${mutant.location.start.line + 1} ${from} → ${to}${reached}`
}

/** Writes the row of one file; the rows of others stay as they are. */
async function writeDocument(file, { mutants, killed, justified }) {
  const name = path('docs/mutation.md')
  let text = readFileSync(name, 'utf8')
  const rows = new Map(
    [...text.matchAll(/^\| (\S+\.ts) +\|(.+)\|$/gm)].map(([, file, cells]) => [file, numbers(cells)]),
  )
  const today = new Date().toISOString().slice(0, 10)
  if (mutants > 0) rows.set(file, [today, mutants, killed, justified])
  const sums = [1, 2, 3].map((column) => [...rows.values()].reduce((sum, cells) => sum + Number(cells[column]), 0))
  const parts = {
    scores: table(
      ['file', 'run', 'mutants', 'killed', 'justified', 'survived', 'score'],
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
    .slice(0, 4)
    .map((cell) => cell.trim())
}

function score([, mutants, killed, justified]) {
  const dead = Number(killed) + Number(justified)
  return [String(mutants - dead), `${((100 * dead) / mutants).toFixed(1)} %`]
}
