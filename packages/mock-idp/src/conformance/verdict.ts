/**
 * The judge. A module passes only when both sides say so: the provider's ledger (nothing forbidden after the tampered
 * artefact, everything required made) and the relying party's own typed answer. Pure: an observation in, a verdict out.
 */
import type { LedgerEntry } from '../ledger.ts'
import type { Outcome, Reason } from './driver.ts'
import { faultsOfRequests } from './requests.ts'
import type { Row } from './rows/row.ts'
import type { ResponseMode } from './plans.ts'

/** What is expected of a relying party. */
export type Expected = 'accepted' | 'refused' | 'either'

/** What became of a module. */
export type Result = 'passed' | 'failed' | 'not_supported' | 'skipped'

/** One thing that the browser did, and what the relying party said to it. */
export interface StepRecord {
  name: string
  expected: Expected
  reasons: readonly Reason[]
  outcome: Outcome
  /** Who is signed in afterwards, where a refusal was expected or given. */
  afterwards?: Outcome
}

/** What was seen of a module. */
export interface Observation {
  response_mode: ResponseMode
  /** The subject of the person who signs in. */
  sub: string
  /** The requests at the provider from the moment that counts. */
  calls: readonly LedgerEntry[]
  /** The requests at the provider before that. */
  earlier: readonly LedgerEntry[]
  steps: readonly StepRecord[]
  /** What the course itself found wrong, such as the status of an answer to a logout token. */
  problems: readonly string[]
  warnings: readonly string[]
}

/** A verdict, and why. */
export interface Verdict {
  result: 'passed' | 'failed'
  problems: string[]
  warnings: string[]
}

/** Judges what was seen by what the row says. */
export function judge(row: Row, observation: Observation): Verdict {
  const requests = faultsOfRequests(row, observation)
  const found = [
    ...observation.problems,
    ...observation.steps.flatMap((step) => problemsOfStep(step, observation.sub)),
    ...problemsOfCalls(row, observation),
    ...requests.problems,
    ...(row.check?.(observation) ?? []),
  ]
  // What went wrong twice in the same way is said once.
  const problems = [...new Set(found)]
  return {
    result: problems.length === 0 ? 'passed' : 'failed',
    problems,
    warnings: [...new Set([...observation.warnings, ...requests.warnings, ...warningsOfSteps(observation)])],
  }
}

/** What is wrong with what the relying party said. */
function problemsOfStep({ name, expected, reasons, outcome, afterwards }: StepRecord, sub: string): string[] {
  const say = (text: string) => [`${capital(name)}: ${text}`]
  const survived = afterwards?.answer === 'authenticated' ? problemsOfSurvivor(afterwards.sub) : []
  function problemsOfSurvivor(who: string): string[] {
    if (name !== 'refresh') return say('it was refused, and yet somebody is signed in.')
    // Whether the session outlives a refused refresh is for the relying party to say; but it must still be the same person's.
    return who === sub ? [] : say(`it was refused, and yet ${who} is signed in.`)
  }
  switch (outcome.answer) {
    case 'none':
      return say(`no answer that could be read: ${outcome.because}`)
    case 'authenticated':
      if (expected === 'refused') return say('the relying party signed the person in, and should have refused.')
      return outcome.sub === sub ? [] : say(`signed in as ${outcome.sub} instead of ${sub}.`)
    case 'nobody':
      if (name !== 'logout') return say('nobody is signed in, and the relying party does not say why.')
      return expected === 'refused' ? say('the relying party took it for good, and should have refused.') : []
    case 'refused': {
      if (expected === 'accepted') return say(`the relying party refused (${outcome.code}), and should have accepted.`)
      const meant = outcome.reason === undefined ? reasons : [outcome.reason].flat()
      const isRight = reasons.length === 0 || meant.some((reason) => reasons.includes(reason))
      const wrong = `refused for another reason than ${reasons.join(' or ')}: ${outcome.code} (${meant.join(', ')}).`
      return [...(isRight ? [] : say(wrong)), ...survived]
    }
  }
}

function warningsOfSteps({ steps }: Observation): string[] {
  return steps.flatMap(({ outcome, expected, reasons }) => {
    if (outcome.answer !== 'refused' || outcome.reason !== undefined) return []
    if (expected === 'accepted' || reasons.length === 0) return []
    return [
      `The driver does not say what ${outcome.code} means (here it should be ${reasons.join(' or ')}), so that was not judged.`,
    ]
  })
}

/** What is wrong with what the provider saw. */
function problemsOfCalls(row: Row, { calls }: Observation): string[] {
  const problems: string[] = []
  const [artefact, ...others] = (row.faults ?? []).map((fault) => (typeof fault === 'string' ? fault : fault.name))
  const struck = new Set(calls.flatMap(({ faults }) => faults))
  for (const name of [artefact, ...others]) {
    // Whoever refuses the first artefact need not fetch the next.
    if (name === undefined || struck.has(name)) continue
    if (name === artefact || row.expected === 'accepted') {
      problems.push(`The provider never came to its ${name}: the relying party did not ask for what it strikes.`)
    }
  }
  for (const endpoint of new Set(row.required)) {
    const wanted = row.required.filter((each) => each === endpoint).length
    const made = calls.filter((call) => call.endpoint === endpoint).length
    if (made < wanted)
      problems.push(
        `The provider saw ${times(made)} at ${endpoint}, and should have seen ${wanted === 1 ? 'one' : wanted}.`,
      )
  }
  for (const [first, then] of row.order ?? []) {
    const [a, b] = [first, then].map((endpoint) => calls.findIndex((call) => call.endpoint === endpoint))
    if (b! >= 0 && (a! < 0 || a! > b!)) problems.push(`${capital(then)} was called before ${first}.`)
  }
  const mark = calls.find(({ faults }) => artefact !== undefined && faults.includes(artefact))
  for (const endpoint of row.forbidden ?? []) {
    if (calls.some((call) => mark !== undefined && call.id > mark.id && call.endpoint === endpoint)) {
      problems.push(`The relying party went on to ${endpoint} after ${artefact} had been delivered.`)
    }
  }
  return problems
}

function times(count: number): string {
  return count === 0 ? 'no request' : count === 1 ? 'one request' : `${count} requests`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
