/**
 * Runs every test once as it is and then once per living mutant that it covers, in one process: the source holds all
 * mutants behind switches, so that trying the next one is setting a variable, not loading the core again.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { inject, TestRunner, type RunnerTask, type RunnerTestCase, type RunnerTestFile } from 'vitest'
import { isAbout } from './about.ts'

declare module 'vitest' {
  interface ProvidedContext {
    hunt: {
      /** Where the findings are. */
      readonly found: string
      /** The source that holds the mutants, and those of them that live. */
      readonly file: string
      readonly living: readonly string[]
      /** How many tests of each file that is not about the source a mutant meets. */
      readonly strangers: number
      /** The digest of each file of tests. */
      readonly tests: Readonly<Record<string, string>>
    }
  }
}

/** What the switches in the source read and write. */
interface Switches {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number
  hitLimit?: number
  readonly mutantCoverage: { static: Record<string, number>; perTest: Record<string, Record<string, number>> }
}

interface Findings {
  /** Files of tests that every mutant has met that was not killed before, each with its digest. */
  readonly met: Record<string, string>
  /** The mutants and the test that noticed each. */
  readonly killed: Record<string, { readonly file: string; readonly test: string }>
  /** Reached by a test. */
  covered: string[]
  /** Reached while a module was loaded. */
  loaded: string[]
}

const global_ = globalThis as unknown as { __stryker__?: Switches; findings?: Findings }
const { found, file, living, strangers, tests } = inject('hunt')
const switches = (global_.__stryker__ ??= { mutantCoverage: { static: {}, perTest: {} } })
const findings = (global_.findings ??= JSON.parse(readFileSync(found, 'utf8')) as Findings)
const hunted = new Set(living.filter((mutant) => !(mutant in findings.killed)))
const covered = new Set(findings.covered)
const loaded = new Set(findings.loaded)
/** Tests of the present file that a mutant has survived. */
let survived: Record<string, number> = {}
// Tests may replace the ambient ones.
const { setTimeout, clearTimeout } = globalThis
const { now } = performance

async function passes(run: () => unknown, patience: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), patience)
  })
  try {
    await Promise.race([run(), late])
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

const nameOf = (task: RunnerTask): string => (task.suite ? `${nameOf(task.suite)} > ${task.name}` : task.name)

export default class MutationRunner extends TestRunner {
  async runTask(test: RunnerTestCase): Promise<void> {
    if (hunted.size === 0) return
    const run = TestRunner.getTestFn(test)
    switches.currentTestId = 'clean'
    const started = now.call(performance)
    await run()
    const patience = 1000 + 20 * (now.call(performance) - started)
    const hits = switches.mutantCoverage.perTest['clean'] ?? {}
    delete switches.mutantCoverage.perTest['clean']
    switches.currentTestId = 'mutated'
    for (const mutant of Object.keys(hits)) covered.add(mutant)
    const isOwn = isAbout(test.file.name, file)
    const reached = Object.keys(hits).filter(
      (mutant) => hunted.has(mutant) && (isOwn || (survived[mutant] ?? 0) < strangers),
    )
    // A test that cannot run twice says nothing about mutants.
    if (reached.length > 0 && (await passes(run, patience))) {
      for (const mutant of reached) {
        Object.assign(switches, { activeMutant: mutant, hitCount: 0, hitLimit: 100 * hits[mutant]! + 1000 })
        if (await passes(run, patience)) {
          survived[mutant] = (survived[mutant] ?? 0) + 1
          continue
        }
        findings.killed[mutant] = { file: test.file.name, test: nameOf(test) }
        hunted.delete(mutant)
      }
      switches.activeMutant = undefined
    }
    delete switches.mutantCoverage.perTest['mutated']
    switches.currentTestId = undefined
  }

  override onAfterRunFiles(files: RunnerTestFile[]): void {
    super.onAfterRunFiles(files)
    survived = {}
    for (const mutant of Object.keys(switches.mutantCoverage.static)) loaded.add(mutant)
    for (const { name } of files) findings.met[name] = tests[name]!
    Object.assign(findings, { covered: [...covered], loaded: [...loaded] })
    // After every file of tests, so that a run that is stopped early has not been in vain.
    writeFileSync(found, JSON.stringify(findings))
  }
}
