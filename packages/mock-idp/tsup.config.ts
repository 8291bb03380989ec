import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    cli: 'src/cli.ts',
    'relying-party-conformance': 'src/conformance/cli.ts',
  },
  format: 'esm',
  removeNodeProtocol: false,
  target: 'node22',
  dts: { entry: 'src/index.ts' },
  clean: true,
})
