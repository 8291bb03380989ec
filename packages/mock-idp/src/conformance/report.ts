/** What a run found: the JSON report, the lines for a terminal, and the table that is committed. */
import type { Call } from './evidence.ts'
import type { Plan } from './plans.ts'
import type { Expected, Result } from './verdict.ts'

/** One module of a report. */
export interface ModuleReport {
  plan: string
  module: string
  result: Result
  /** Why it was not run, or has no verdict. */
  reason?: string
  does: string
  expects: string
  clause: string
  expected: Expected
  /** What the relying party said, in one line. */
  answer: string
  /** What it said to the thing that the module is about: `signed in`, its code, or the status for a logout token. */
  said: string
  problems: string[]
  warnings: string[]
  steps: { name: string; expected: Expected; answer: string }[]
  /** The provider's ledger, without secrets; what came before the moment that counts is marked. */
  calls: (Call & { earlier?: boolean })[]
  duration_ms: number
}

/** The whole of a run. */
export interface Report {
  relying_party: string
  seed: string
  /** When it began, in ISO 8601. */
  started_at: string
  duration_ms: number
  plans: readonly Plan[]
  modules: ModuleReport[]
}

/** How many modules ended how. */
export function countResults({ modules }: Pick<Report, 'modules'>): Record<Result, number> {
  const counts = { passed: 0, failed: 0, not_supported: 0, skipped: 0 }
  for (const { result } of modules) counts[result] += 1
  return counts
}

/** The counts in words: `45 passed, 2 not supported`. */
export function summary(report: Pick<Report, 'modules'>): string {
  const counts = Object.entries(countResults(report)).filter(([result, count]) => count > 0 || result === 'passed')
  return counts.map(([result, count]) => `${count} ${words[result as Result]}`).join(', ')
}

/** The counts of each plan, for the end of a run in a terminal. */
export function planLines({ plans, modules }: Pick<Report, 'plans' | 'modules'>): string[] {
  const width = Math.max(...plans.map(({ name }) => name.length))
  return plans.map(
    ({ name }) => `${name.padEnd(width)}  ${summary({ modules: modules.filter(({ plan }) => plan === name) })}`,
  )
}

/** A module in a line or a few, for a terminal. */
export function moduleLine({ plan, module, result, reason, problems, warnings }: ModuleReport): string {
  const head = `${words[result].toUpperCase().padEnd(13)} ${plan}/${module}`
  const more = [
    ...(reason === undefined ? [] : [reason]),
    ...problems,
    ...warnings.map((warning) => `warning: ${warning}`),
  ]
  return [head, ...more.map((line) => `${' '.repeat(14)}${line}`)].join('\n')
}

/** The result of each module as a Markdown table per plan: the same for the same verdicts, so that it can be committed. */
export function markdownTable({ plans, modules }: Pick<Report, 'plans' | 'modules'>): string {
  return plans
    .map((plan) => {
      const own = modules.filter((each) => each.plan === plan.name)
      const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
      const rows = own.map(
        ({ module, expected, said, result, reason }) =>
          `| \`${module}\` | ${expected} | ${cell(said)} | ${words[result]}${reason === undefined ? '' : `: ${cell(reason)}`} |`,
      )
      const title = `## ${plan.title}\n\n\`${plan.plan}\`${plan.certification ? '' : ', not a certification'}: ${summary({ modules: own })}`
      return `${title}\n\n| module | expected | relying party | result |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
    })
    .join('\n')
}

/** Results as people read them. */
export const words: Record<Result, string> = {
  passed: 'passed',
  failed: 'failed',
  not_supported: 'not supported',
  skipped: 'skipped',
}
