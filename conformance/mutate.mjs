/**
 * `node conformance/mutate.mjs [--only words]`: switches the rules of `mutations.ts` off one after the other, and exits
 * with 1 unless exactly the modules about the rule fail.
 */
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { mutations } from './mutations.ts'

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const waiting = mutations.filter(({ rule }) => rule.includes(values.only))
const wrong = []

// What fails with every rule in force says nothing about any of them.
const before = await run({ patches: [] })
for (const { name, problems } of before) console.log(`FAILS WITH EVERY RULE IN FORCE: ${name} (${problems[0]})`)
await Promise.all([work(), work()])
console.log(
  wrong.length === 0 ? '\nEvery rule is guarded by its modules, and by no others.' : `\nNot so: ${wrong.join('; ')}`,
)
process.exitCode = wrong.length + before.length === 0 ? 0 : 1

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

function run({ patches }) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('mutant.mjs', import.meta.url), { workerData: { patches } })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
