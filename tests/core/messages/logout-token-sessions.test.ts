/** Whose session a Logout Token ends. OpenID Connect Back-Channel Logout 1.0, section 2.4. */
import { describe, expect, test } from 'vitest'
import { isEnded, logoutMarks, marksAgainst } from '@relying-party/core'
import { at, issuer } from '../support/provider.ts'

test.each<[string, string | null, string | null, object]>([
  ['sub: all of the person', 'ada', null, [[issuer, 'sub', 'ada']]],
  ['sid: that one', null, 's1', [[issuer, 'sid', 's1']]],
  [
    'both: that one, and those of the person that know no sid',
    'ada',
    's1',
    [
      [issuer, 'sid', 's1'],
      [issuer, 'sub_without_sid', 'ada'],
    ],
  ],
])('the marks of a token with %s', (_name, sub, sid, marks) => {
  expect(logoutMarks({ iss: issuer, sub, sid })).toStrictEqual(marks)
})

describe('whose session ends', () => {
  const session = { issuer, subject: 'ada', sid: 's1', issued_at: at, started_at: at + 0.3 } as const
  const without_sid = { ...session, sid: null }
  const token = { iss: issuer, sub: 'ada', sid: 's1', iat: at, received_at: at + 60 } as const

  test.each([
    ['its sid', { sub: null }, session, true],
    ['another sid', { sub: null, sid: 's2' }, session, false],
    ['another sid of the same person', { sid: 's2' }, session, false],
    ['its sid, with another sub', { sub: 'bob' }, session, true],
    ['its sub, no sid: all of the person', { sid: null }, session, true],
    ['another sub', { sid: null, sub: 'bob' }, session, false],
    ['sub and sid, of a session that knows no sid', {}, without_sid, true],
    ['its sub, no sid, of a session that knows no sid', { sid: null }, without_sid, true],
    ['a sid alone, of a session that knows no sid', { sub: null }, without_sid, false],
    ['a sid that reads like the sub', { sub: null, sid: 'ada' }, without_sid, false],
    ['another issuer', { iss: 'https://other.example' }, session, false],
    ['issued in the second of the login, which was under way when it came', { received_at: at + 0.3 }, session, true],
    [
      'issued in the second of the login, which was started after it had come',
      { received_at: at + 0.2 },
      session,
      false,
    ],
    ['issued before the login', { iat: at - 1 }, session, false],
    ['issued after the login, however late that was started', { iat: at + 1, received_at: 0 }, session, true],
  ])('%s: %#', (_, changed, held, ends) => {
    const said = { ...token, ...changed }
    const marks = logoutMarks(said).map(String)
    const meant = marksAgainst(held).some((mark) => marks.includes(String(mark)))
    expect(meant && isEnded(held, said)).toBe(ends)
  })
})
