import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/main.ts'],
  format: 'esm',
  // `node:sqlite` has no name without the prefix.
  removeNodeProtocol: false,
  target: 'node22',
  dts: { entry: 'src/index.ts' },
  clean: true,
})
