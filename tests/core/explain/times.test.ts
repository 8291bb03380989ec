/** Times and durations as they stand in what was expected and what came. */
import { expect, test } from 'vitest'
import { spell, timeOf } from '../../../packages/core/src/explain/times.ts'

test.each([
  [0, '0 seconds'],
  [0.4, '0 seconds'],
  [1, '1 second'],
  [59.6, '1 minute'],
  [61, '1 minute 1 second'],
  [900, '15 minutes'],
  [3600, '1 hour'],
  [90_061, '1 day 1 hour 1 minute 1 second'],
  [2 * 86_400, '2 days'],
  [1e300, '1e+300 seconds'],
  [Infinity, 'Infinity seconds'],
])('%s: %s', (seconds, expected) => {
  expect(spell(seconds)).toBe(expected)
})

test.each([
  [0, '1970-01-01T00:00:00Z'],
  [-1, '1969-12-31T23:59:59Z'],
  [1_900_000_000.6, '2030-03-17T17:46:41Z'],
  [253_402_300_799, '9999-12-31T23:59:59Z'],
  [253_402_300_800, '253402300800'],
  [-62_167_219_200, '0000-01-01T00:00:00Z'],
  [-62_167_219_201, '-62167219201'],
  [NaN, 'NaN'],
  [1e300, '1e+300'],
  [Infinity, 'Infinity'],
])('the time %s: %s', (seconds, expected) => {
  expect(timeOf(seconds)).toBe(expected)
})

test('every day from 1896 to 2104 is the one of the calendar', () => {
  for (let day = -27_028; day < 49_308; day++) {
    const seconds = day * 86_400 + 45_296
    expect(timeOf(seconds)).toBe(new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'))
  }
})
