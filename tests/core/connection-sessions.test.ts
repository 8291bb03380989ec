/** Whose provider may end sessions: that of the revision that serves members, or of those that may have served them last. */
import { expect, test } from 'vitest'
import { revisionsOfSessions, type Connection } from '../../packages/core/src/connection.ts'

const tested = { tested: { at: 1 } }
const [candidate, live, previous] = [
  { revision: 3, tested: null },
  { revision: 2, ...tested },
  { revision: 1, ...tested },
]

test.each<[string, object, object[]]>([
  ['none', { candidate: null, live: null, previous: null }, []],
  ['the live one alone', { candidate: { ...candidate, ...tested }, live, previous }, [live]],
  ['disabled: the previous one', { candidate, live: null, previous }, [previous]],
  [
    'disabled, and a candidate that was tested',
    { candidate: { ...candidate, ...tested }, live: null, previous },
    [{ ...candidate, ...tested }, previous],
  ],
  [
    'a candidate that was tested',
    { candidate: { ...candidate, ...tested }, live: null, previous: null },
    [{ ...candidate, ...tested }],
  ],
  ['a candidate that was not', { candidate, live: null, previous: null }, []],
])('%s', (_what, revisions, expected) => {
  expect(revisionsOfSessions(revisions as Connection)).toStrictEqual(expected)
})
