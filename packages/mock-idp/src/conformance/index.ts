/** The conformance run: the Foundation's modules for relying parties, played by the mock and judged from both sides. */
export type {
  Ability,
  Addresses,
  Assignment,
  Authenticated,
  ClientUnderTest,
  Driver,
  NoAnswer,
  Nobody,
  Outcome,
  Party,
  Reason,
  Refused,
  SetUp,
  Step,
} from './driver.ts'
export { UserAgent } from './user-agent.ts'
export type { Visit, VisitOptions } from './user-agent.ts'
export { plans, plansNamed } from './plans.ts'
export type { Plan, ResponseMode } from './plans.ts'
export { modules } from './modules.ts'
export type { Row } from './rows/row.ts'
export { judge } from './verdict.ts'
export type { Expected, Observation, Result, StepRecord, Verdict } from './verdict.ts'
export { runConformance } from './run.ts'
export type { RunOptions } from './run.ts'
export { countResults, markdownTable, moduleLine, planLines, summary } from './report.ts'
export type { ModuleReport, Report } from './report.ts'
export type { Call } from './evidence.ts'
export { reportPage } from './report-page.ts'
export { writeReport } from './write-report.ts'
export { createJsonDriver } from './json-driver.ts'
export type { JsonDriver } from './json-driver.ts'
export { loadDriver } from './load-driver.ts'
