/** Lets a child process run the sources without a build: the storage needs nothing of the core but its port. */
import { registerHooks } from 'node:module'

const port = new URL('../../packages/core/src/store.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) => next(specifier === '@relying-party/core' ? port : specifier, context),
})
