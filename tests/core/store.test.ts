/** The one word of the store port that is more than a type. What a store must promise is in `tests/storage`. */
import { expect, test } from 'vitest'
import { StoreUnavailable } from '@relying-party/core'

test('a store that fails says so by name, with the cause', () => {
  const cause = new Error('connection refused')
  expect(new StoreUnavailable('no answer', { cause })).toMatchObject({
    name: 'StoreUnavailable',
    message: 'no answer',
    cause,
  })
})
