/** The diagrams and tables in docs/ are those of the code. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { checks, connectionTransitions, failures, transitions } from '@relying-party/core'

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

test('the documents in docs/ and the generated parts of the READMEs are not stale', async () => {
  await expect(promisify(execFile)(process.execPath, [at('scripts/docs.mjs'), '--check'])).resolves.toMatchObject({
    stderr: '',
  })
})

test('they show every phase and every code', () => {
  const machines = readFileSync(at('docs/machines.md'), 'utf8')
  for (const phase of Object.keys({ ...transitions, ...connectionTransitions })) expect(machines).toContain(phase)
  const table = readFileSync(at('docs/failures.md'), 'utf8')
  for (const code of Object.keys(failures)) expect(table).toContain(`| \`${code}\``)
})

test('there is a page for every check, and no other', () => {
  const pages = readdirSync(at('docs/checks')).filter((name) => name !== 'README.md')
  expect(pages.sort()).toEqual(
    Object.keys(checks)
      .map((id) => `${id}.md`)
      .sort(),
  )
  const index = readFileSync(at('docs/checks/README.md'), 'utf8')
  for (const id of Object.keys(checks)) expect(index).toContain(`(${id}.md)`)
})
