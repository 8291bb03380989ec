/** The model, as deep as a test run can afford: nothing breaks, and without any one guard something does. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { check, type Checked } from './check.ts'
import { invariants } from './invariants.ts'
import { mutants } from './mutants.ts'
import { scenes } from './scenes.ts'

/**
 * Just below what a test run explores, 21,290 states and 91,209 transitions (`pnpm model` goes deeper): who explores less on
 * purpose lowers them, and says why.
 */
const floor = { states: 21_000, transitions: 91_000 }
/** What is looked for must have happened about so often. */
const happenings = {
  'codes sent': 5200,
  'callbacks refused': 36_500,
  'sessions begun': 860,
  'sessions served': 2200,
  'sessions not served': 680,
  'store failures': 3400,
}

let checked: Checked
beforeAll(async () => {
  checked = await check()
}, 600_000)

describe('the scenes', () => {
  it.each(Object.keys(scenes))('%s: no invariant breaks', (name) => {
    const { explored } = checked.scenes.find(({ scene }) => scene === name)!
    expect(explored.counter_example).toBeNull()
    expect(explored.depth).toBe(scenes[name as keyof typeof scenes].depth)
  })

  it('are large, and what is looked for can happen in them', () => {
    const sum = (of: (one: Checked['scenes'][number]['explored']) => number) =>
      checked.scenes.reduce((total, { explored }) => total + of(explored), 0)
    expect(sum(({ states }) => states)).toBeGreaterThan(floor.states)
    expect(sum(({ transitions }) => transitions)).toBeGreaterThan(floor.transitions)
    for (const [event, times] of Object.entries(happenings)) {
      expect([event, sum(({ seen }) => seen[event] ?? 0)]).toEqual([event, expect.toSatisfy((n: number) => n > times)])
    }
  })
})

describe('a mutant is caught that lacks the rule:', () => {
  it.each(mutants.map(({ lacks }) => lacks))('%s', (lacks) => {
    const hunted = checked.mutants.find(({ mutant }) => mutant.lacks === lacks)!
    expect(hunted.explored.counter_example?.broken.map(({ invariant }) => invariant)).toEqual([hunted.mutant.breaks])
  })

  it('every invariant is broken by one', () => {
    const broken = new Set<string>(mutants.map(({ breaks }) => breaks))
    expect(Object.keys(invariants).filter((name) => !broken.has(name))).toEqual([])
  })
})

it('docs/model.md shows every invariant, scene and mutant', () => {
  const page = readFileSync(new URL('../../docs/model.md', import.meta.url), 'utf8').replaceAll(/\s+/g, ' ')
  for (const { says } of Object.values(invariants)) expect(page).toContain(says)
  for (const { about } of Object.values(scenes)) expect(page).toContain(about)
  for (const { lacks } of mutants) expect(page).toContain(lacks)
})
