/** `relying-party explain`: the story of a recorded login for people, or as JSON for programs. */
import { explain, proposeChange, type Check, type Transcript } from '@relying-party/core'
import { inWords } from './replay.ts'
import { readTranscript } from './transcript-file.ts'
import { readArguments } from './usage.ts'

export async function explainFile(args: string[]): Promise<number> {
  const { operand, values } = readArguments(args, 'FILE', { json: { type: 'boolean', default: false } })
  const transcript = await readTranscript(operand)
  const { checks, cause } = explain(transcript)
  const proposal = await proposeChange(transcript)
  const { verdict } = transcript
  if (values.json) process.stdout.write(`${JSON.stringify({ verdict, cause, proposal, checks }, null, 2)}\n`)
  else {
    const help = proposal && `${proposal.change.name}=${proposal.change.value}: ${inWords(proposal.answer)}`
    process.stdout.write(
      `${[...headline(transcript), ...causeLines(cause, help), ...story(transcript), ...list(checks)].join('\n')}\n`,
    )
  }
  return verdict.outcome === 'authenticated' ? 0 : 1
}

function headline({ relying_party, verdict, events }: Transcript): string[] {
  const { organization_id, revision, issuer } = relying_party
  const at = events.at(-1)?.at
  const when = at === undefined ? '' : ` at ${new Date(at * 1000).toISOString()}`
  const ended =
    verdict.outcome === 'authenticated'
      ? `signed in ${verdict.identity.subject} as ${verdict.access.role ?? 'nobody'}`
      : verdict.outcome === 'failed'
        ? `refused with ${verdict.failure.code}`
        : `not finished (${verdict.phase})`
  return [`${organization_id}, revision ${revision}, ${issuer}${when}: ${ended}`]
}

function causeLines(cause: Check | null, help: string | null): string[] {
  if (cause?.problem == null) return []
  const { message, remedy, blame, field, value } = cause.problem
  const facts: readonly (readonly [string, string | null])[] = [
    ['expected', cause.expected],
    ['came', cause.actual],
    ['who can fix it', blame.replaceAll('_', ' ')],
    ['what to do', remedy],
    ['setting', field],
    ['to copy', value],
    ['with', help],
  ]
  const shown = facts.flatMap(([name, text]) => (text === null ? [] : [`  ${name.padEnd(15)} ${printable(text)}`]))
  return ['', message, ...shown]
}

function story({ events, decisions }: Transcript): string[] {
  const start = events[0]?.at ?? 0
  const lines = events.map(({ type, at }, index) => {
    const { phase, request, redirect } = decisions[index]!
    const asks = request === undefined ? '' : `, asks ${request.method} ${printable(request.url)}`
    const sends = redirect === undefined ? '' : `, sends the browser to ${printable(redirect)}`
    return `  +${(at - start).toFixed(3)} s  ${type} → ${phase}${asks}${sends}`
  })
  return lines.length === 0 ? [] : ['', ...lines]
}

const marks = { passed: '✓', failed: '✗', warned: '!', skipped: '·' } as const

function list(checks: readonly Check[]): string[] {
  const lines = checks.map(({ id, outcome, reason, expected, actual }) => {
    const said = [
      expected !== null && `expected ${expected}`,
      actual !== null && `came ${actual}`,
      outcome === 'skipped' && (reason ?? 'Not reached.'),
    ].filter((part) => part !== false)
    return `  ${marks[outcome]} ${id}${said.length > 0 ? `  ${printable(said.join('; '))}` : ''}`
  })
  return ['', ...lines]
}

/** A terminal obeys control characters, and the file may come from anybody. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�')
}
