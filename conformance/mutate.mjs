/**
 * `node conformance/mutate.mjs [--only words]`: switches the rules of `mutations.ts` off one after the other, and exits
 * with 1 unless exactly the modules about the rule fail. When it was so for all of them, MUTATIONS.md says it. With
 * `--quick` only those modules are run: that they fail is seen, that no others do is not.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { mutations } from './mutations.ts'
import { mutationsPage } from './pages.ts'

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, quick: { type: 'boolean', default: false } },
})
const waiting = mutations.filter(({ rule }) => rule.includes(values.only))
const wrong = []

// What fails with every rule in force says nothing about any of them.
const before = values.quick ? [] : await run({ patches: [] })
for (const { name, problems } of before) console.log(`FAILS WITH EVERY RULE IN FORCE: ${name} (${problems[0]})`)
await Promise.all([work(), work()])
const isRight = wrong.length + before.length === 0
const alone = values.quick ? '' : ', and by no others'
console.log(isRight ? `\nEvery rule is guarded by its modules${alone}.` : `\nNot so: ${wrong.join('; ')}`)
process.exitCode = isRight ? 0 : 1
if (isRight && !values.quick && values.only === '') {
  writeFileSync(fileURLToPath(new URL('MUTATIONS.md', import.meta.url)), mutationsPage(mutations))
}

async function work() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { rule, fails } = next
    try {
      const failed = (await run(next)).filter(({ name }) => !before.some((each) => each.name === name))
      const missed = fails.filter((name) => ![...failed, ...before].some((each) => each.name === name))
      const others = failed.filter(({ name }) => !fails.includes(name))
      const isRight = missed.length === 0 && others.length === 0
      if (!isRight) wrong.push(rule)
      const names = fails.map((name) => name.replace('oidcc-client-test-', '')).join(', ')
      console.log(`${isRight ? 'guarded' : 'NOT SO '} ${rule}${isRight ? `: ${names}` : ''}`)
      for (const name of missed) console.log(`        passes without it: ${name}`)
      for (const { name, problems } of others) console.log(`        fails as well: ${name} (${problems[0]})`)
    } catch (error) {
      wrong.push(rule)
      console.log(`NOT SO  ${rule}\n        ${error.message}`)
    }
  }
}

function run({ patches, fails }) {
  const only = values.quick ? fails.map((name) => name.split('/')) : undefined
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('mutant.mjs', import.meta.url), { workerData: { patches, only } })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
