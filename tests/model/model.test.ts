/** The model, as deep as a test run can afford: nothing breaks, and without any one guard something does. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { check, type Checked } from './check.ts'
import { invariants } from './invariants.ts'
import { mutants } from './mutants.ts'
import { scenes } from './scenes.ts'

/** Far below what is explored: it tells an explorer that has stopped exploring, not one that explores a little less. */
const floor = { states: 10_000, transitions: 50_000 }

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
    for (const event of [
      'codes sent',
      'callbacks refused',
      'sessions begun',
      'sessions served',
      'sessions not served',
    ]) {
      expect(sum(({ seen }) => seen[event] ?? 0)).toBeGreaterThan(200)
    }
    expect(sum(({ seen }) => seen['store failures'] ?? 0)).toBeGreaterThan(200)
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
