/**
 * `node conformance/mutate.mjs` switches rules of the engine off; here only that its patches still fit the sources, and
 * that MUTATIONS.md is of these mutations.
 */
import { readFileSync } from 'node:fs'
import { modules, plans } from '@relying-party/mock-idp'
import { describe, expect, it } from 'vitest'
import { applyPatches, mutations, sources } from '../../conformance/mutations.ts'
import { mutationsPage } from '../../conformance/pages.ts'

const names = plans.flatMap((plan) => plan.modules.map((module) => `${plan.name}/${module}`))

describe('the mutations', () => {
  it.each(mutations.map(({ rule, patches, fails }) => [rule, patches, fails] as const))('%s', (_, patches, fails) => {
    for (const patch of patches) {
      const source = readFileSync(new URL(patch.file, sources), 'utf8')
      expect(applyPatches(source, [patch])).not.toBe(source)
    }
    expect(fails.length).toBeGreaterThan(0)
    expect(names).toEqual(expect.arrayContaining([...fails]))
  })

  it('have all been run: MUTATIONS.md says what was seen, and `pnpm conformance:mutations` writes it anew', () => {
    const page = readFileSync(new URL('../../conformance/MUTATIONS.md', import.meta.url), 'utf8')
    expect(page).toBe(mutationsPage(mutations))
  })

  it('together switch off what every negative module is about', () => {
    const guarded = new Set(mutations.flatMap(({ fails }) => fails))
    const negative = names.filter((name) => modules.get(name.split('/')[1]!)!.expected === 'refused')
    // The error comes from the provider in so many words; there is no rule to switch off.
    const open = negative.filter((name) => !guarded.has(name))
    expect(open).toEqual(['comprehensive/oidcc-client-test-form-post-error'])
  })
})
