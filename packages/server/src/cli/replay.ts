/** `relying-party replay`: the machine runs again over what was recorded, as it was or with one thing otherwise. */
import {
  changeNames,
  parseChange,
  replay,
  whatIf,
  type Answer,
  type Change,
  type Transcript,
} from '@relying-party/core'
import { readTranscript } from './transcript-file.ts'
import { readArguments, UsageError } from './usage.ts'

export async function replayFile(args: string[]): Promise<number> {
  const { operand, values } = readArguments(args, 'FILE', { with: { type: 'string', multiple: true } })
  const changes = (values.with ?? []).map(readChange)
  const transcript = await readTranscript(operand)
  if (changes.length === 0) return replayAsItWas(transcript)
  const answers = await Promise.all(changes.map(async (change) => [change, await whatIf(transcript, change)] as const))
  for (const [change, answer] of answers) {
    process.stdout.write(`with ${change.name}=${change.value}: ${inWords(answer)}\n`)
  }
  return answers.some(([, { answer }]) => answer === 'would_succeed') ? 0 : 1
}

async function replayAsItWas(transcript: Transcript): Promise<number> {
  const { decisions, verdict } = await replay(transcript)
  const again = JSON.stringify({ decisions, verdict })
  const before = JSON.stringify({ decisions: transcript.decisions, verdict: transcript.verdict })
  process.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`)
  if (again === before) return 0
  process.stderr.write('This is not the recorded verdict: the record was made by another version, or was changed.\n')
  return 1
}

function readChange(text: string): Change {
  const change = parseChange(text)
  if (change !== undefined) return change
  throw new UsageError(`${text} is no change. Write NAME=VALUE with one of: ${changeNames.join(', ')}.`)
}

/** What the answer means, in one sentence. */
export function inWords(answer: Answer): string {
  switch (answer.answer) {
    case 'would_succeed':
      return 'it would have succeeded.'
    case 'would_fail':
      return `it would have been refused with ${answer.failure.code}.`
    case 'would_get_further':
      return `it would have come further (${answer.phase}); how it would have ended was never recorded.`
    case 'cannot_tell':
      return 'nobody can tell: the provider would have been asked for something else.'
  }
}
