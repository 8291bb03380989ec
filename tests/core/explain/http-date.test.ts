/** Dates of HTTP headers. RFC 9110, section 5.6.7: the preferred format, and no other. */
import { expect, test } from 'vitest'
import { secondsOf } from '../../../packages/core/src/explain/http-date.ts'

test.each([
  ['Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['Sat, 01 Jan 2000 00:00:00 GMT', 946_684_800],
])('%s', (date, seconds) => {
  expect(secondsOf(date)).toBe(seconds)
})

test('every day from 1896 to 2104, whether or not its year has a leap day', () => {
  for (let day = -27_028; day < 49_308; day++) {
    const seconds = day * 86_400 + 45_296
    expect(secondsOf(new Date(seconds * 1000).toUTCString())).toBe(seconds)
  }
})

test.each([
  '',
  'today',
  '1994-11-06T08:49:37Z',
  'Sunday, 06-Nov-94 08:49:37 GMT',
  'Sun Nov  6 08:49:37 1994',
  'x Sun, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 08:49:37 GMT+1',
  'Sun, 06 Nov 1994 08:49:37 CET',
  'Sun, 06 Xyz 1994 08:49:37 GMT',
  'Sun, 6 Nov 1994 08:49:37 GMT',
])('%j is none', (date) => {
  expect(secondsOf(date)).toBeNaN()
})
