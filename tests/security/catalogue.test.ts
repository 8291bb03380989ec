/** Every case of the catalogue has a test that names it, or a reason why it cannot arise. */
import { expect, test } from 'vitest'
import { advisories, cases, pending, sections } from './catalogue.ts'
import { findProofs, proofsIn } from './titles.ts'

const proofs = findProofs()
const proved = new Set(proofs.flatMap((proof) => proof.cases))
const numbers = [...cases.keys()]

test('a case has a test or a reason', () => {
  const neither = numbers.filter((number) => !proved.has(number) && cases.get(number)?.not_applicable === undefined)
  expect(neither.filter((number) => !pending.includes(number))).toEqual([])
})

test('a test names no case that the catalogue lacks', () => {
  const unknown = (proof: { cases: readonly number[] }) => proof.cases.some((number) => !cases.has(number))
  expect(proofs.filter(unknown)).toEqual([])
})

test('a case that cannot arise has no test', () => {
  expect(numbers.filter((number) => cases.get(number)?.not_applicable !== undefined && proved.has(number))).toEqual([])
})

test('numbers rise from section to section, none stands twice', () => {
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  expect(sections.flatMap((section) => Object.keys(section.cases))).toHaveLength(numbers.length)
})

test('every advisory is covered by cases that the catalogue has', () => {
  for (const { id, cases: covering } of advisories) {
    expect(covering, id).not.toEqual([])
    expect(
      covering.filter((number) => !cases.has(number)),
      id,
    ).toEqual([])
  }
})

test('numbers are found at the end of a title, in whichever quotes, in tables as well', () => {
  const source = [
    `it('one (#1)', () => {})`,
    `it("it's two (#2, #3)", () => {})`,
    `test.each([['a row (#4)', 'x'], ["no number", 'not at the end (#5) of it']])('%s', () => {})`,
    `it('a \\'quoted\\' word (#6)', () => {})`,
    'it(`in ${mode} (#7)`, () => {})',
    `// it's no title (#8)`,
  ].join('\n')
  expect(proofsIn('a.test.ts', source).map(({ title, cases }) => [title, ...cases])).toEqual([
    ['one', 1],
    ["it's two", 2, 3],
    ['a row', 4],
    ["a 'quoted' word", 6],
    ['in ${mode}', 7],
  ])
})
