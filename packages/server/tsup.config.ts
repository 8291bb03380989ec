import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', main: 'src/main.ts', 'cli/main': 'src/cli/main.ts' },
  format: 'esm',
  // `node:sqlite` has no name without the prefix.
  removeNodeProtocol: false,
  target: 'node22',
  dts: { entry: 'src/index.ts' },
  clean: true,
})
