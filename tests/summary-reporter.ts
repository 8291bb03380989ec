/**
 * Prints what cannot be tried here, and one plain closing line, `N passed, N failed, N skipped`, that people and CI can read
 * without knowing vitest.
 */
import type { Reporter, TestModule } from 'vitest/node'

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 }
    const untried = new Set<string>()
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed++
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        counts[state]++
        if (state === 'skipped' && /\b(is|are) tried\b/.test(test.name)) untried.add(test.fullName)
      }
    }
    for (const name of untried) process.stdout.write(`\nskipped: ${name}`)
    process.stdout.write(
      `\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped + counts.pending} skipped\n`,
    )
  }
}
