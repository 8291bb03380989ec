/** Where a browser goes after a login. The corpus is that of security.md, rows 180 to 184, and of its peers' advisories. */
import { expect, test } from 'vitest'
import { safeReturnTo } from '@relying-party/core'
import fc from '../support/property.ts'

const base = 'https://app.example'

test.each<[string, string]>([
  ['/', '/'],
  ['/projects', '/projects'],
  ['/projects/1?tab=2#top', '/projects/1?tab=2#top'],
  ['/a/../b', '/b'],
  ['/a//b', '/a//b'],
  ['/?next=https://other.example/', '/?next=https://other.example/'],
  ['/?next=//other.example', '/?next=//other.example'],
  ['/%0d%0aSet-Cookie:a', '/%0d%0aSet-Cookie:a'],
  ['/%2f%2fevil.example', '/%2f%2fevil.example'],
  ['/%5cevil.example', '/%5cevil.example'],
  ['/@evil.example', '/@evil.example'],
  ['/ü', '/%C3%BC'],
  ['/\u202Ereversed', '/%E2%80%AEreversed'],
  ['/javascript:alert(1)', '/javascript:alert(1)'],
  ['//app.example/projects', '/projects'],
])('%j is emitted as %j', (given, emitted) => {
  expect(safeReturnTo(given, base)).toBe(emitted)
})

const evil = 'evil.example'
test.each([
  '',
  ' ',
  'projects',
  './projects',
  '../projects',
  '?a',
  '#a',
  `//${evil}`,
  `///${evil}`,
  `////${evil}`,
  `/\\${evil}`,
  `\\\\${evil}`,
  `\\/${evil}`,
  `/\\/${evil}`,
  `//\\${evil}`,
  `/\t/${evil}`,
  `/\n/${evil}`,
  `/\r/${evil}`,
  `\t//${evil}`,
  ` //${evil}`,
  `\u0000//${evil}`,
  `/\u0000/${evil}`,
  `/\u000b/${evil}`,
  `/.//${evil}`,
  `/..//${evil}`,
  `/././/${evil}`,
  `/a/..//${evil}`,
  `/%2e//${evil}`,
  `/%2E%2e//${evil}`,
  `/.//\\${evil}`,
  `/a/../..//${evil}`,
  `/.///${evil}`,
  '/.//[',
  `//${evil}//${evil}`,
  `//${evil}/.//${evil}`,
  `https://${evil}`,
  `https:${evil}`,
  `https:/${evil}`,
  `https:///${evil}`,
  `http://${evil}`,
  `HTTPS://${evil}`,
  `//app.example@${evil}`,
  `//app.example.${evil}`,
  `https://app.example@${evil}/`,
  'https://app.example/projects',
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/passwd',
  'blob:https://app.example/x',
  'about:blank',
  '/a b',
  '/a\r\nSet-Cookie: b',
  '/a\u007f',
  `/${'x'.repeat(2048)}`,
])('%j is refused', (given) => {
  expect(safeReturnTo(given, base)).toBeUndefined()
})

test('2048 characters are not too many', () => {
  expect(safeReturnTo(`/${'x'.repeat(2047)}`, base)).toHaveLength(2048)
})

test('whatever is emitted leads to our own origin, however it is resolved, and is emitted again unchanged (#180)', () => {
  const piece = fc.constantFrom(
    '/',
    '//',
    '\\',
    '.',
    '..',
    '%2e',
    '%2f',
    '%5c',
    '@',
    ':',
    '?',
    '#',
    ';',
    '\t',
    '\n',
    ' ',
    'https:',
    evil,
    'a',
    'ü',
    '\u3002',
    '\uff0f',
    '[::1]',
    '\ud800',
  )
  const given = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`),
    fc.string({ unit: 'binary' }).map((text) => `/${text}`),
    fc.webUrl(),
  )
  const bases = fc.constantFrom(
    base,
    'https://app.example/',
    'https://app.example/sub/path?x#y',
    'http://localhost:3000',
  )
  let emitted = 0
  fc.assert(
    fc.property(given, bases, (return_to, base) => {
      const safe = safeReturnTo(return_to, base)
      if (safe === undefined) return
      emitted++
      const { origin } = new URL(base)
      expect(new URL(safe, base).origin).toBe(origin)
      expect(new URL(safe, `${origin}/organizations/acme/sso/callback`).origin).toBe(origin)
      expect(new URL(origin + safe).origin).toBe(origin)
      expect(safe).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
      expect(safeReturnTo(safe, base)).toBe(safe)
    }),
    { numRuns: 2000 },
  )
  expect(emitted).toBeGreaterThan(200)
})
