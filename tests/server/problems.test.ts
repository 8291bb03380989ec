/** Refusals that are about the request itself: words as the core's tables have them, one code for each. */
import { failures } from '@relying-party/core'
import { describe, expect, test } from 'vitest'
import { failureView, requestProblems, type RequestProblem } from '../../packages/server/src/problems.ts'
import { sentence } from '../../packages/server/src/views/fields.ts'

describe.each(Object.keys(requestProblems) as RequestProblem[])('%s', (code) => {
  test('has a sentence and a remedy, and a code of its own', () => {
    const { message, remedy } = failureView({ code })
    expect(message).toMatch(/^[A-Z][^\n]*[.]$/)
    expect(remedy).toMatch(/^[A-Z][^\n]*[.]$/)
    expect(Object.keys(failures)).not.toContain(code)
  })
})

test.each([
  ['must start with https:// (OUTBOUND_ALLOW)', 'Must start with https:// (OUTBOUND_ALLOW).'],
  ['is missing', 'Is missing.'],
  ['Is it there?', 'Is it there?'],
  ['too long …', 'Too long …'],
])('a fault becomes a sentence: %s', (fault, said) => {
  expect(sentence(fault)).toBe(said)
})
