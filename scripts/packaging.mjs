/** Packs the packages as they would be published, checks the tarballs, and imports them from an empty project. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const pnpmPackage = `pnpm@${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).config.pnpm}`
const pnpm = (args, cwd) =>
  execFileSync('npx', ['--yes', pnpmPackage, ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const work = mkdtempSync(join(tmpdir(), 'relying-party-packaging-'))
try {
  const packages = readdirSync(join(root, 'packages'))
  for (const name of packages) {
    execFileSync(join(root, 'node_modules', '.bin', 'publint'), ['--strict', join(root, 'packages', name)], {
      stdio: 'inherit',
    })
    pnpm(['pack', '--pack-destination', work], join(root, 'packages', name))
  }
  const tarballs = Object.fromEntries(
    readdirSync(work).map((file) => [
      `@relying-party/${/^relying-party-(.*)-\d/.exec(file)[1]}`,
      `file:${join(work, file)}`,
    ]),
  )
  const { fastify } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies
  writeFileSync(
    join(work, 'package.json'),
    JSON.stringify({ name: 'packaging', private: true, type: 'module', dependencies: { ...tarballs, fastify } }),
  )
  writeFileSync(
    join(work, 'pnpm-workspace.yaml'),
    `overrides:\n${Object.entries(tarballs)
      .map(([name, file]) => `  '${name}': '${file}'\n`)
      .join('')}`,
  )
  pnpm(['install', '--prefer-offline', '--reporter=silent'], work)
  writeFileSync(
    join(work, 'import.mjs'),
    `import { createRequire } from 'node:module'
import * as core from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import * as server from '@relying-party/server'
import * as mock from '@relying-party/mock-idp'
for (const [name, value] of Object.entries({ step: core.step, transition: core.transition, drive: core.drive, verify: nodeCrypto.verify, relyingParty: server.relyingParty, startServer: server.startServer, startMockOkta: mock.startMockOkta })) {
  if (typeof value !== 'function') throw new Error(name + ' is not exported')
}
// The plugin is written for the Fastify of whoever embeds it.
const own = createRequire(import.meta.url)
const [mine, theirs] = [own, createRequire(own.resolve('@relying-party/server/package.json'))].map((one) => one.resolve('fastify'))
if (mine !== theirs) throw new Error('the server brings a Fastify of its own: ' + theirs)
`,
  )
  // What an embedding developer writes, with the types of the tarballs: the example of the core's README is checked whole.
  writeFileSync(join(work, 'app.ts'), readFileSync(join(root, 'examples', 'node-http.ts')))
  writeFileSync(
    join(work, 'embed.ts'),
    `export { createApp } from './app.js'
export { nodeCrypto } from '@relying-party/core/node'
import { fastify } from 'fastify'
import { startMockOkta, type MockOkta } from '@relying-party/mock-idp'
import { createOutbound, openStore, relyingParty, type RelyingPartyOptions } from '@relying-party/server'
export const idp: Promise<MockOkta> = startMockOkta()
const store = await openStore('memory:', { now: () => Date.now() / 1000 })
export const options: RelyingPartyOptions = {
  base_url: 'https://app.example.com',
  store,
  session_store: store,
  outbound: createOutbound({ allow: [] }),
  secret_keys: [],
  authorizeAdmin: (request, organization_id) => (request.ip === organization_id ? { name: 'ada' } : null),
  onAuthenticated: (login, session, reply) => void reply.header('x-role', \`\${login.access.role} \${session.subject}\`),
  count: (counter, labels) => void [counter, labels],
}
await fastify().register(relyingParty, options)
`,
  )
  const blocks = packages.flatMap((name) => {
    const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8')
    return [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block], index) => {
      const file = `readme-${name}-${index + 1}.ts`
      writeFileSync(join(work, file), block)
      return file
    })
  })
  // What the code of a README leaves to its reader.
  writeFileSync(
    join(work, 'readme.d.ts'),
    `import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Identity } from '@relying-party/core'
import type { Reason } from '@relying-party/mock-idp'
import type { Admin } from '@relying-party/server'
declare global {
  function whoMayAdminister(request: FastifyRequest, organization_id: string | null): Promise<Admin | null>
  function signInToYourApp(identity: Identity, role: string | null, reply: FastifyReply): Promise<void>
  function configure(id: string, settings: { issuer: string; client_id: string }): Promise<void>
  function meaningOf(code: string): Reason
  function expect(value: unknown): { toEqual(expected: unknown): void }
}
`,
  )
  execFileSync(join(root, 'node_modules', '.bin', 'node'), ['import.mjs'], { cwd: work, stdio: 'inherit' })
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const options = [
      '--module',
      module,
      '--moduleResolution',
      moduleResolution,
      '--target',
      'es2024',
      '--types',
      'node',
    ]
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noEmit']
    const tsc = join(root, 'node_modules', '.bin', 'tsc')
    const files = ['embed.ts', 'readme.d.ts', ...blocks]
    execFileSync(tsc, [...options, ...strict, '--typeRoots', join(root, 'node_modules', '@types'), ...files], {
      cwd: work,
      stdio: 'inherit',
    })
  }
  runsAlone(['core', 'server'].map((name) => tarballs[`@relying-party/${name}`]))
  process.stdout.write(
    `packaging: ${packages.length} tarballs import cleanly, their types resolve for Node and for bundlers, ${blocks.length} blocks of the READMEs type-check\n`,
  )
} finally {
  rmSync(work, { recursive: true, force: true })
}

/** The runnable server, installed as `npx` installs it: nobody has named Fastify. */
function runsAlone(packages) {
  const cwd = join(work, 'alone')
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ name: 'alone', private: true }))
  execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent', ...packages], { cwd })
  const { status, stderr } = spawnSync(join(cwd, 'node_modules', '.bin', 'relying-party-server'), ['--help'], { cwd })
  if (status !== 2 || !String(stderr).includes('configured by the environment')) throw new Error(String(stderr))
}
