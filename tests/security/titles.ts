/**
 * Finds the tests that name a case of the catalogue, by parsing the test files: the title is where the number stands, be it
 * of a test, of a group of tests or of a row of a table of tests. What never runs proves nothing, and what runs only where
 * something is installed says so.
 */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export interface Proof {
  /** From the root of the repository. */
  readonly file: string
  readonly title: string
  readonly cases: readonly number[]
  /** What has to be there, or else the test does not run. */
  readonly needs: readonly string[]
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Ends with ` (#12)` or ` (#12, #13)`. */
const numbered = /^([^]*) \((#\d+(?:, #\d+)*)\)$/

export function findProofs(): Proof[] {
  return globSync('tests/**/*.test.ts', { cwd: root })
    .filter((file) => !file.endsWith('catalogue.test.ts'))
    .toSorted()
    .flatMap((file) => proofsIn(file, readFileSync(`${root}${file}`, 'utf8')))
}

export function proofsIn(file: string, text: string): Proof[] {
  const proofs: Proof[] = []
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const visit = (node: ts.Node): void => {
    const [, title, numbers] = numbered.exec(textOf(node)) ?? []
    const runner = title === undefined ? undefined : runnerOf(node, source)
    const around = runner === undefined ? undefined : circumstancesOf(runner)
    if (around !== undefined && !around.skipped) {
      const cases = numbers!.split(', ').map((number) => Number(number.slice(1)))
      proofs.push({ file: file.replaceAll('\\', '/'), title: title!, cases, needs: around.needs })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return proofs
}

function textOf(node: ts.Node): string {
  if (ts.isStringLiteralLike(node)) return node.text
  return ts.isTemplateExpression(node) ? node.getText().slice(1, -1) : ''
}

/** The call that makes a test of this title or of the row that it stands in; undefined when it is any other text. */
function runnerOf(title: ts.Node, source: ts.SourceFile): ts.CallExpression | undefined {
  let node = title
  while (ts.isArrayLiteralExpression(node.parent) || ts.isAsExpression(node.parent)) node = node.parent
  const isRow = node !== title
  const { parent } = node
  if (ts.isVariableDeclaration(parent)) return isRow ? callWith(parent.name.getText(), source) : undefined
  const isArgument =
    ts.isCallExpression(parent) &&
    (isRow ? parent.arguments.includes(node as ts.Expression) : parent.arguments[0] === node)
  return isArgument && runners.test(chainOf(parent).name) ? parent : undefined
}

/** The call that makes tests of the rows of this name. */
function callWith(rows: string, node: ts.Node): ts.CallExpression | undefined {
  const isIt =
    ts.isCallExpression(node) &&
    runners.test(chainOf(node).name) &&
    node.arguments.some((argument) => argument.getText() === rows)
  return isIt ? node : ts.forEachChild(node, (child) => callWith(rows, child))
}

/** Makes tests, or is a helper of ours that does with each row of a table. */
const runners = /^(?:test|it|describe|each|table)$/

/** `test.runIf(a).each(b)('…')`: whose it is, and what stands between, `runIf` and `each` with what they were given. */
function chainOf(call: ts.CallExpression): {
  name: string
  links: readonly (readonly [name: string, given: string])[]
} {
  const links: [string, string][] = []
  let given = ''
  let node: ts.Expression = call
  while (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node)) {
    if (ts.isPropertyAccessExpression(node)) links.push([node.name.text, given])
    given = ts.isCallExpression(node) ? (node.arguments[0]?.getText() ?? '').replaceAll(/\s+/g, ' ') : ''
    node = node.expression
  }
  return { name: node.getText(), links }
}

/** What the call and all around it say of whether it runs. */
function circumstancesOf(runner: ts.CallExpression): { skipped: boolean; needs: readonly string[] } {
  let skipped = false
  const needs = new Set<string>()
  for (let node: ts.Node = runner; !ts.isSourceFile(node); node = node.parent) {
    if (!ts.isCallExpression(node) || !runners.test(chainOf(node).name)) continue
    for (const [name, given] of chainOf(node).links) {
      skipped ||= name === 'skip' || name === 'todo'
      if (name === 'runIf' || name === 'skipIf' || (name === 'each' && given.includes('.available'))) {
        const need = requirements[`${name} ${given}`]
        if (need === undefined) throw new Error(`what is needed by tests under ${name}(${given})?`)
        if (need !== null) needs.add(need)
      }
    }
  }
  return { skipped, needs: [...needs] }
}

/** What the conditions of tests come to; null for one that holds wherever the tests run. */
const requirements: { readonly [condition: string]: string | null } = {
  'runIf postgres.available': 'PostgreSQL',
  'runIf redis.available': 'Redis',
  'runIf postgres.available && redis.available': 'PostgreSQL and Redis',
  'each [postgres, redis].filter((backend) => backend.available)': 'PostgreSQL or Redis',
  'runIf own_postgres': 'PostgreSQL’s programs',
  'runIf own_redis': 'Redis’s program',
  'runIf small_disks && own_postgres': 'PostgreSQL’s programs and a tmpfs',
  'runIf small_disks && own_redis': 'Redis’s program and a tmpfs',
  'runIf canFreeze': 'chattr +i',
  'skipIf executable === undefined': 'Chromium',
  // SQLite is always there.
  'runIf it.backend.shared': null,
  'each [sqlite, postgres].filter((backend) => backend.available)': null,
  'each backends.filter((backend) => backend.shared && backend.available)': null,
}
