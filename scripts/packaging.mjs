/** Packs the packages as they would be published, checks the tarballs, and imports them from an empty project. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
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
  writeFileSync(
    join(work, 'package.json'),
    JSON.stringify({ name: 'packaging', private: true, type: 'module', dependencies: tarballs }),
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
    `import * as core from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import * as server from '@relying-party/server'
import * as mock from '@relying-party/mock-idp'
for (const [name, value] of Object.entries({ step: core.step, transition: core.transition, drive: core.drive, verify: nodeCrypto.verify, relyingParty: server.relyingParty, startServer: server.startServer, startMockOkta: mock.startMockOkta })) {
  if (typeof value !== 'function') throw new Error(name + ' is not exported')
}
`,
  )
  execFileSync(join(root, 'node_modules', '.bin', 'node'), ['import.mjs'], { cwd: work, stdio: 'inherit' })
  process.stdout.write(`packaging: ${packages.length} tarballs import cleanly\n`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
