/** The plans are whole: held against what is known of the Foundation's modules. */
import { modules, plans, plansNamed } from '@relying-party/mock-idp'
import { describe, expect, it } from 'vitest'
import { facts } from './facts.ts'

const inPlan = (name: string) => facts.filter(([, , of]) => of.split(' ').includes(name)).map(([module]) => module)
const sizes = {
  basic: 14,
  config: 6,
  form_post: 14,
  third_party_initiated_login: 1,
  rp_initiated_logout: 3,
  backchannel_logout: 8,
  refresh_token: 3,
  comprehensive: 9,
}

describe('the plans', () => {
  it('are these, with as many modules', () => {
    expect(Object.fromEntries(plans.map(({ name, modules }) => [name, modules.length]))).toEqual(sizes)
  })

  it.each(Object.keys(sizes).filter((name) => name !== 'comprehensive'))(
    '%s has every module of the Foundation',
    (name) => {
      const plan = plans.find((each) => each.name === name)!
      expect([...plan.modules].sort()).toEqual(inPlan(name).sort())
    },
  )

  it('have every module of the comprehensive plan that no certification has', () => {
    const left = facts.filter(([, , of]) => of === 'comprehensive').map(([module]) => module)
    expect([...plans.find(({ name }) => name === 'comprehensive')!.modules].sort()).toEqual(left.sort())
  })

  it('have a row for each module, and no row is for none', () => {
    expect([...modules.keys()].sort()).toEqual([...new Set(plans.flatMap((plan) => plan.modules))].sort())
  })

  it('are found by name, and by the name of the Foundation', () => {
    expect(plansNamed(['form-post', 'oidcc-client-basic-certification-test-plan']).map(({ name }) => name)).toEqual([
      'form_post',
      'basic',
    ])
    expect(() => plansNamed(['advanced'])).toThrow(/no plan advanced; there are basic, config/)
  })
})

describe('a row', () => {
  it('expects what the suite expects, and knows the right reasons for a refusal', () => {
    const expected = Object.fromEntries([...modules].map(([module, row]) => [module, row.expected]))
    const known = facts.filter(([module]) => modules.has(module))
    expect(expected).toEqual(Object.fromEntries(known.map(([module, what]) => [module, what])))
    for (const [, { expected, course, reasons }] of modules) {
      if (expected !== 'accepted' && course !== 'backchannel_logout') expect(reasons?.length).toBeGreaterThan(0)
    }
  })

  it('says what the provider does, what is expected, and where it stands', () => {
    for (const [, { does, expects, clause }] of modules) {
      for (const text of [does, expects]) expect(text).toMatch(/^[A-Za-z].*[.)]$/)
      expect(clause).toMatch(/section \d/)
    }
  })
})
