/** A run: every module of the plans, each with a provider of its own, a few at a time; then one report. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createBench, sentence, Skipped } from './bench.ts'
import { takeCourse } from './courses.ts'
import type { Driver } from './driver.ts'
import { answerOf, callOf, saidOf } from './evidence.ts'
import { modules } from './modules.ts'
import { plans as everyPlan, plansNamed } from './plans.ts'
import type { Plan } from './plans.ts'
import type { ModuleReport, Report } from './report.ts'
import type { Row } from './rows/row.ts'
import { judge } from './verdict.ts'
import type { Observation } from './verdict.ts'

/** How to run. */
export interface RunOptions {
  driver: Driver
  /** Plans, or their names. Default: all. */
  plans?: readonly (Plan | string)[]
  /** Only these modules of them. */
  modules?: readonly string[]
  /** The same seed gives the same clients, codes and tokens. Default 1. */
  seed?: string | number
  /** Modules at the same time. Default 4; 1 for a relying party whose provider has a fixed port. */
  concurrency?: number
  /** How long to wait for calls that must not come, in milliseconds. Default 50; the Foundation waits 5000. */
  wait_ms?: number
  /** When a module is given up. Default 20000. */
  timeout_ms?: number
  /** Told of every module, in the order of the plans, as soon as it and those before it have ended. */
  onModule?: (report: ModuleReport) => void
}

/** Runs the plans against a relying party. */
export async function runConformance(options: RunOptions): Promise<Report> {
  const { driver, seed = 1 } = options
  const plans = (options.plans ?? everyPlan).flatMap((plan) => (typeof plan === 'string' ? plansNamed([plan]) : [plan]))
  const jobs = jobsOf(plans, options.modules)
  const started_at = new Date().toISOString()
  const started = performance.now()
  await driver.start?.()
  try {
    const reports: ModuleReport[] = []
    const waiting = [...jobs.entries()]
    let told = 0
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, { plan, module }] = next
        reports[index] = await runModule(options, plan, module)
        for (let each = reports[told]; each !== undefined; each = reports[++told]) options.onModule?.(each)
      }
    }
    const concurrency = driver.provider?.port === undefined ? (options.concurrency ?? 4) : 1
    await Promise.all(Array.from({ length: concurrency }, work))
    return {
      relying_party: driver.name,
      seed: String(seed),
      started_at,
      duration_ms: Math.round(performance.now() - started),
      plans,
      modules: reports,
    }
  } finally {
    await driver.stop?.()
  }
}

/** What there is to do; a module that is in none of the plans throws, for a run of nothing would find nothing wrong. */
function jobsOf(plans: readonly Plan[], only: readonly string[] | undefined): { plan: Plan; module: string }[] {
  const jobs = plans.flatMap((plan) => plan.modules.map((module) => ({ plan, module })))
  if (only === undefined) return jobs
  const unknown = only.filter((module) => jobs.every((job) => job.module !== module))
  if (unknown.length > 0)
    throw new TypeError(`no module ${unknown.join(', ')} in ${plans.map(({ name }) => name).join(', ')}`)
  return jobs.filter(({ module }) => only.includes(module))
}

async function runModule(options: RunOptions, plan: Plan, module: string): Promise<ModuleReport> {
  const { driver, seed = 1, timeout_ms = 20_000, wait_ms = 50 } = options
  const started = performance.now()
  const row = modules.get(module)
  const report = (rest: Partial<ModuleReport> & Pick<ModuleReport, 'result'>): ModuleReport => ({
    plan: plan.name,
    module,
    does: row?.does ?? '',
    expects: row?.expects ?? '',
    clause: row?.clause ?? '',
    expected: (row?.expected === 'either' ? driver.promises?.[module] : undefined) ?? row?.expected ?? 'accepted',
    answer: '',
    said: '',
    problems: [],
    warnings: [],
    steps: [],
    calls: [],
    duration_ms: Math.round(performance.now() - started),
    ...rest,
  })
  if (row === undefined) return report({ result: 'failed', problems: ['There is no row for this module.'] })
  const unable = inability(driver, plan, row)
  if (unable !== undefined) return report({ result: 'not_supported', reason: unable })

  const held = heldToItsWord(driver, module, row)
  const seen = (observation: Observation): Partial<ModuleReport> => ({
    answer: observation.steps.map(({ name, outcome }) => `${name}: ${answerOf(outcome)}`).join('; '),
    said: saidOf(observation),
    steps: observation.steps.map(({ name, expected, outcome }) => ({ name, expected, answer: answerOf(outcome) })),
    calls: [
      ...observation.earlier.map((entry) => ({ ...callOf(entry), earlier: true })),
      ...observation.calls.map(callOf),
    ],
  })
  let bench
  try {
    bench = await createBench({ driver, plan, module, row: held, seed: String(seed), timeout_ms })
    await takeCourse(bench)
    if (held.forbidden !== undefined) await sleep(wait_ms)
    const observation = bench.observation()
    return report({ ...judge(held, observation), ...seen(observation) })
  } catch (error) {
    const observed = bench === undefined ? {} : seen(bench.observation())
    if (error instanceof Skipped) return report({ result: 'skipped', reason: error.message, ...observed })
    return report({ result: 'failed', problems: [`The module could not be run: ${sentence(error)}`], ...observed })
  } finally {
    await bench?.close()
  }
}

/** Where either is right, the one that the relying party says it does. */
function heldToItsWord(driver: Driver, module: string, row: Row): Row {
  const promised = row.expected === 'either' ? driver.promises?.[module] : undefined
  return promised === undefined ? row : { ...row, expected: promised }
}

/** Why the relying party cannot take part in a module. */
function inability({ abilities = {} }: Driver, plan: Plan, row: Row): string | undefined {
  const needs = plan.response_mode === 'form_post' ? (['form_post', ...(row.needs ?? [])] as const) : (row.needs ?? [])
  for (const ability of needs) {
    const able = abilities[ability]
    if (able !== true) return `${ability}: ${able ?? 'the driver does not say that the relying party can.'}`
  }
  return undefined
}
