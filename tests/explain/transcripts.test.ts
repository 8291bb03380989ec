/**
 * Records of refused logins, kept as they were carried home: each still replays to the same bytes, and still says the
 * same. `RECORD=fault,fault vitest run tests/explain/transcripts.test.ts` adds a record of a login with these faults.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { explain, replay, type Transcript } from '@relying-party/core'
import { isTranscript } from '../../packages/server/src/cli/transcript-file.ts'
import { openBench } from './faulty-login.ts'

const folder = fileURLToPath(new URL('transcripts/', import.meta.url))

interface Kept {
  /** The check that decided. */
  readonly cause: string
  readonly transcript: Transcript
}

const wanted = process.env.RECORD?.split(',') ?? []
if (wanted.length > 0) {
  const bench = await openBench()
  for (const fault of wanted) {
    const { transcript, explanation } = await bench.play(fault)
    const kept = { cause: explanation.cause?.id, transcript }
    writeFileSync(`${folder}${fault}.json`, `${JSON.stringify(kept, null, 2)}\n`)
  }
  await bench.close()
}

test.each(readdirSync(folder).filter((name) => name.endsWith('.json')))('%s', async (name) => {
  const { cause, transcript } = JSON.parse(readFileSync(folder + name, 'utf8')) as Kept
  expect(isTranscript(transcript), JSON.stringify(isTranscript.errors)).toBe(true)
  const { decisions, verdict } = await replay(transcript)
  expect(JSON.stringify(decisions)).toBe(JSON.stringify(transcript.decisions))
  expect(JSON.stringify(verdict)).toBe(JSON.stringify(transcript.verdict))
  expect(explain(transcript).cause?.id).toBe(cause)
})
