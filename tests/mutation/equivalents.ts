/** Mutants that nobody can tell from the original, each with the reason. The texts are those that `pnpm mutation` prints. */
export interface Equivalent {
  /** Below packages/core/src. */
  readonly file: string
  readonly from: string
  readonly to: string
  readonly why: string
}

export const equivalents: readonly Equivalent[] = [
  {
    file: 'policy.ts',
    from: 'domain === null',
    to: 'false',
    why: 'a list of domains does not hold null; the comparison is for the compiler',
  },
]
