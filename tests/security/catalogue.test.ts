/** Every case of the catalogue has a test that names it, or a reason why it cannot arise. */
import { expect, test } from 'vitest'
import { advisories, cases, gaps, sections } from './catalogue.ts'
import { findProofs, proofsIn } from './titles.ts'

const proofs = findProofs()
const proved = new Set(proofs.flatMap((proof) => proof.cases))
const numbers = [...cases.keys()]
const isAnswered = (number: number) => proved.has(number) || cases.get(number)?.not_applicable !== undefined

test('a case has a test or a reason', () => {
  expect(numbers.filter((number) => !isAnswered(number))).toEqual([])
})

test('all cases but these have a test that runs wherever the tests run', () => {
  const anywhere = new Set(proofs.filter(({ needs }) => needs.length === 0).flatMap((proof) => proof.cases))
  expect(numbers.filter((number) => proved.has(number) && !anywhere.has(number))).toEqual([215, 279])
})

test('a test names no case that the catalogue lacks', () => {
  const unknown = (proof: { cases: readonly number[] }) => proof.cases.some((number) => !cases.has(number))
  expect(proofs.filter(unknown)).toEqual([])
})

test('a case that cannot arise has no test', () => {
  expect(numbers.filter((number) => cases.get(number)?.not_applicable !== undefined && proved.has(number))).toEqual([])
})

test('numbers rise from section to section, none stands twice, and none is missing but those that were never given', () => {
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  const all = Array.from({ length: 291 }, (_, index) => index + 1)
  expect(all.filter((number) => !gaps.includes(number))).toEqual(numbers)
  expect(sections.flatMap((section) => Object.keys(section.cases))).toHaveLength(numbers.length)
})

test('every advisory stands once, and is covered by cases that are proved or cannot arise, or says why it needs none', () => {
  const ids = advisories.flatMap(({ id, also = [] }) => [id, ...also])
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  for (const { id, cases: covering, not_applicable } of advisories) {
    expect([id, covering.length > 0]).toEqual([id, not_applicable === undefined])
    expect([id, covering.filter((number) => !cases.has(number) || !isAnswered(number))]).toEqual([id, []])
  }
})

const found = (...lines: string[]) =>
  proofsIn('a.test.ts', lines.join('\n')).map(({ title, cases, needs }) => [title, ...cases, ...needs])

test('numbers are found at the end of a title, in whichever quotes, in tables as well', () => {
  expect(
    found(
      `it('one (#1)', () => {})`,
      `it("it's two (#2, #3)", () => {})`,
      `test.each([['a row (#4)', 'x'], ["no number", 'not at the end (#5) of it']])('%s', () => {})`,
      `it('a \\'quoted\\' word (#6)', () => {})`,
      'it(`in ${mode} (#7)`, () => {})',
      `// it('is no title (#8)', () => {})`,
      `const rows = [['a named row (#9)', 'x']] as const`,
      `describe('a group (#10)', () => { test.each(rows)('%s', () => {}) })`,
    ),
  ).toEqual([
    ['one', 1],
    ["it's two", 2, 3],
    ['a row', 4],
    ["a 'quoted' word", 6],
    ['in ${mode}', 7],
    ['a named row', 9],
    ['a group', 10],
  ])
})

test('a text that is no title proves nothing, nor does a title of what is skipped', () => {
  expect(
    found(
      `const text = 'a text (#1)'`,
      `const rows = [['rows of no table (#2)']]`,
      `test('a test', () => { say('something (#3)') })`,
      `test.skip('skipped (#4)', () => {})`,
      `test.todo('to do (#5)')`,
      `describe.skip('skipped', () => { test('in it (#6)', () => {}) })`,
      `test.skip.each([['a row (#7)']])('%s', () => {})`,
    ),
  ).toEqual([])
})

test('a test that runs only where something is installed says what; an unknown condition has to be named', () => {
  expect(
    found(
      `describe.runIf(postgres.available)('there', () => { test.runIf(redis.available)('both (#1)', () => {}) })`,
      `test.runIf(it.backend.shared)('SQLite will do (#2)', () => {})`,
    ),
  ).toEqual([
    ['both', 1, 'Redis', 'PostgreSQL'],
    ['SQLite will do', 2],
  ])
  expect(() => found(`test.runIf(process.env.SLOW)('slow (#3)', () => {})`)).toThrow('runIf(process.env.SLOW)')
})
