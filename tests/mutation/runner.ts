/**
 * Runs every test once as it is and then once per living mutant that it covers, in one process: the sources hold all
 * mutants behind switches, so that trying the next one is setting a variable, not loading the core again.
 */
import { writeFileSync } from 'node:fs'
import { inject, TestRunner, type RunnerTask, type RunnerTestCase, type RunnerTestFile } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the findings go, the file of each mutant, and how many tests of each file with another name it must survive. */
    hunt: { readonly path: string; readonly mutants: Readonly<Record<string, string>>; readonly strangers: number }
  }
}

/** What the switches in the sources read and write. */
interface Switches {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number
  hitLimit?: number
  readonly mutantCoverage: { static: Record<string, number>; perTest: Record<string, Record<string, number>> }
}

export interface Findings {
  /** The mutant and the test that noticed it. */
  readonly killed: Record<string, string>
  /** Reached by a test. */
  covered: string[]
  /** Reached while a module was loaded. */
  loaded: string[]
}

const global_ = globalThis as unknown as { __stryker__?: Switches; findings?: Findings }
const switches = (global_.__stryker__ ??= { mutantCoverage: { static: {}, perTest: {} } })
const findings = (global_.findings ??= { killed: {}, covered: [], loaded: [] })
const { path, mutants, strangers } = inject('hunt')
const hunted = new Set(Object.keys(mutants).filter((mutant) => !(mutant in findings.killed)))
const covered = new Set(findings.covered)
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

/** `policy.test.ts` is about `policy.ts`. */
const isOwn = (test: string, source: string) =>
  test.split('/').at(-1)!.replace('.test.ts', '') === source.split('/').at(-1)!.replace('.ts', '')

const nameOf = (task: RunnerTask): string => (task.suite ? `${nameOf(task.suite)} > ${task.name}` : task.name)

export default class MutationRunner extends TestRunner {
  async runTask(test: RunnerTestCase): Promise<void> {
    const run = TestRunner.getTestFn(test)
    switches.currentTestId = 'clean'
    const started = now.call(performance)
    await run()
    const patience = 1000 + 20 * (now.call(performance) - started)
    const hits = switches.mutantCoverage.perTest['clean'] ?? {}
    delete switches.mutantCoverage.perTest['clean']
    switches.currentTestId = 'mutated'
    const reached = Object.keys(hits).filter((mutant) => hunted.has(mutant))
    for (const mutant of reached) covered.add(mutant)
    const living = reached.filter(
      (mutant) => isOwn(test.file.name, mutants[mutant]!) || (survived[mutant] ?? 0) < strangers,
    )
    // A test that cannot run twice says nothing about mutants.
    if (living.length > 0 && (await passes(run, patience))) {
      for (const mutant of living) {
        Object.assign(switches, { activeMutant: mutant, hitCount: 0, hitLimit: 100 * hits[mutant]! + 1000 })
        if (await passes(run, patience)) {
          survived[mutant] = (survived[mutant] ?? 0) + 1
          continue
        }
        findings.killed[mutant] = `${test.file.name} > ${nameOf(test)}`
        hunted.delete(mutant)
      }
      switches.activeMutant = undefined
    }
    delete switches.mutantCoverage.perTest['mutated']
    switches.currentTestId = undefined
    this.#note()
  }

  override onAfterRunFiles(files: RunnerTestFile[]): void {
    super.onAfterRunFiles(files)
    survived = {}
    this.#note()
  }

  /** After every test, so that a run that is stopped early has not been in vain. */
  #note(): void {
    findings.covered = [...covered]
    findings.loaded = Object.keys(switches.mutantCoverage.static)
    writeFileSync(path, JSON.stringify(findings))
  }
}
