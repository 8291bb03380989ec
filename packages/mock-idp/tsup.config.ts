import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/cli.ts'],
  format: 'esm',
  removeNodeProtocol: false,
  target: 'node22',
  dts: { entry: 'src/index.ts' },
  clean: true,
})
