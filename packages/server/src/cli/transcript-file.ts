/** A transcript from a file, which may come from anybody: held against the published schema before anything looks at it. */
import schema from '@relying-party/core/transcript.schema.json' with { type: 'json' }
import type { Transcript } from '@relying-party/core'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { UsageError } from './usage.ts'

/** Whether a value has the form of a transcript, as the published schema says. */
export const isTranscript = new Ajv2020({ strict: false }).compile<Transcript>(schema)

/** Reads a file, or standard input for `-`; throws {@link UsageError} when it holds no transcript. */
export async function readTranscript(file: string): Promise<Transcript> {
  const content = await (file === '-' ? text(process.stdin) : readFile(file, 'utf8')).catch((error: Error) => {
    throw new UsageError(`${file} cannot be read: ${error.message}`)
  })
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    throw new UsageError(`${file} is not JSON. Download the transcript of an attempt and give that file.`)
  }
  if (isTranscript(value)) return value
  const [fault] = isTranscript.errors ?? []
  throw new UsageError(
    `${file} is not a transcript: ${fault?.instancePath || 'it'} ${fault?.message ?? 'is something else'}.`,
  )
}
