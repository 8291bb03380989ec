/** A backend has its deadline, or none. */
import { StoreUnavailable } from '@relying-party/core'
import { expect, test } from 'vitest'
import { withinDeadline } from '../../packages/server/src/storage/deadline.ts'

const later = () => new Promise((resolve) => setTimeout(resolve, 5, 'the answer'))

test('an answer after the deadline is none', async () => {
  await expect(withinDeadline('The store', 1, later)).rejects.toThrow(StoreUnavailable)
})

// A timer takes no more than 32 bits of milliseconds: Infinity would fire it at once.
test('without a deadline the answer may take its time', async () => {
  expect(await withinDeadline('The store', Infinity, later)).toBe('the answer')
})
