/** Finds the tests that name a case of the catalogue, by reading the test files: the title is where the number stands. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A test, a group of tests or a row of a table of tests that proves cases of the catalogue. */
export interface Proof {
  /** From the root of the repository. */
  readonly file: string
  readonly title: string
  readonly cases: readonly number[]
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A string literal in one line that ends with ` (#12)` or ` (#12, #13)`. */
const numbered = /(['"`])((?:\\.|(?!\1)[^\\\n])*?) \((#\d+(?:, #\d+)*)\)\1/g

export function findProofs(): Proof[] {
  return globSync('tests/**/*.test.ts', { cwd: root })
    .filter((file) => !file.endsWith('catalogue.test.ts'))
    .toSorted()
    .flatMap((file) => proofsIn(file, readFileSync(`${root}${file}`, 'utf8')))
}

export function proofsIn(file: string, source: string): Proof[] {
  return [...source.matchAll(numbered)].map(([, , title = '', numbers = '']) => ({
    file: file.replaceAll('\\', '/'),
    title: title.replaceAll(/\\(.)/g, '$1'),
    cases: numbers.split(', ').map((number) => Number(number.slice(1))),
  }))
}
