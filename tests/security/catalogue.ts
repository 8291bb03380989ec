/**
 * What a relying party must withstand, by number. A test that proves a case says so at the end of its title: ` (#12)`,
 * or ` (#12, #13)`. The numbers never change; `catalogue.test.ts` sees to it that none is forgotten, and
 * docs/security.md shows which test proves what.
 */
import { productSections } from './catalogue/product.ts'
import { protocolSections } from './catalogue/protocol.ts'

export { advisories } from './catalogue/advisories.ts'

/** An attack or a fault. As a string: its title. */
export type Case =
  | string
  | {
      readonly title: string
      /** Why the case cannot arise here. It then has no test. */
      readonly not_applicable?: string
      /** Where the product answers otherwise than one might expect: how, and why. */
      readonly chosen?: string
    }

export interface Section {
  readonly letter: string
  readonly title: string
  readonly cases: { readonly [number: number]: Case }
}

/** What happened to somebody else's product, and the cases that would have caught it. */
export interface Advisory {
  readonly id: string
  /** Other numbers of the same weakness, and its neighbours that the same cases would have caught. */
  readonly also?: readonly string[]
  readonly title: string
  readonly cases: readonly number[]
  /** Why it could not have happened here, where no case says so. */
  readonly not_applicable?: string
}

export const sections: readonly Section[] = [...protocolSections, ...productSections]

/** Numbers that no case has: left out from the beginning, and never given to another. */
export const gaps: readonly number[] = [
  23, 37, 52, 60, 68, 69, 70, 81, 85, 89, 103, 119, 131, 150, 153, 175, 181, 183, 200, 249, 254, 271,
]

export const cases = new Map(
  sections.flatMap(({ cases }) =>
    Object.entries(cases).map(([number, one]) => [Number(number), typeof one === 'string' ? { title: one } : one]),
  ),
)
