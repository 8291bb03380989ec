/**
 * What a relying party must withstand, by number. A test that proves a case says so at the end of its title: ` (#12)`,
 * or ` (#12, #13)`. The numbers have gaps and never change; `catalogue.test.ts` sees to it that none is forgotten, and
 * docs/security.md shows which test proves what.
 */
import { pendingOfTheProduct, productSections } from './catalogue/product.ts'
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
  readonly title: string
  readonly cases: readonly number[]
}

export const sections: readonly Section[] = [...protocolSections, ...productSections]

/** Cases whose tests are being written. */
export const pending: readonly number[] = pendingOfTheProduct

export const cases = new Map(
  sections.flatMap(({ cases }) =>
    Object.entries(cases).map(([number, one]) => [Number(number), typeof one === 'string' ? { title: one } : one]),
  ),
)
