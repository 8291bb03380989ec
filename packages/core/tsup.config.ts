import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/node.ts'],
  format: 'esm',
  removeNodeProtocol: false,
  target: 'es2023',
  platform: 'neutral',
  external: [/^node:/],
  // `node.ts` is the one file that knows the platform's types.
  dts: { compilerOptions: { types: ['node'] } },
  clean: true,
})
