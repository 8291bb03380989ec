/** Before a file of tests loads the core: the mutant that is active, also in what a module reads once, at its top. */
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** The id of the mutant; the empty text where none is active. */
    mutant: string
  }
}

Object.assign(globalThis, {
  __stryker__: {
    activeMutant: inject('mutant'),
    hitCount: 0,
    // A loop that does not end.
    hitLimit: 1_000_000,
    mutantCoverage: { static: {}, perTest: {} },
  },
})
