/** `node --import` this: packages are run from their sources, as vitest does, with or without a build. */
import { registerHooks } from 'node:module'

const sources = {
  '@relying-party/core': '../../packages/core/src/index.ts',
  '@relying-party/core/transcript.schema.json': '../../packages/core/transcript.schema.json',
  '@relying-party/core/node': '../../packages/core/src/node.ts',
  '@relying-party/mock-idp': '../../packages/mock-idp/src/index.ts',
  '@relying-party/server': '../../packages/server/src/index.ts',
}

registerHooks({
  resolve: (specifier, context, next) =>
    Object.hasOwn(sources, specifier)
      ? { url: new URL(sources[specifier], import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
})
