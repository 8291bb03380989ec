import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Tests import the packages by name and run their sources: what is tested is what is written, with or without a build. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@relying-party\/core$/, replacement: source('packages/core/src/index.ts') },
      {
        find: /^@relying-party\/core\/transcript\.schema\.json$/,
        replacement: source('packages/core/transcript.schema.json'),
      },
      { find: /^@relying-party\/core\/node$/, replacement: source('packages/core/src/node.ts') },
      { find: /^@relying-party\/server$/, replacement: source('packages/server/src/index.ts') },
      { find: /^@relying-party\/mock-idp$/, replacement: source('packages/mock-idp/src/index.ts') },
    ],
  },
  test: {
    include: ['tests/**/*.test.ts'],
    pool: 'forks',
    reporters: ['default', './tests/summary-reporter.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // What is waited for comes soon, but machines may be busy.
    expect: { poll: { timeout: 10_000 } },
  },
})
