/**
 * One mutant in a worker: the sources of core and server with one rule switched off as they are loaded, run through every
 * plan, or through the modules named. Answers which modules do not pass.
 */
import { readFileSync, realpathSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { applyPatches, sources } from './mutations.ts'

// A dependency is loaded from where the package manager really put it.
const urlOf = (file) => pathToFileURL(realpathSync(fileURLToPath(new URL(file, sources)))).href
const patches = workerData.patches.map((patch) => ({ ...patch, url: urlOf(patch.file) }))
const entries = {
  '@relying-party/core': new URL('core/src/index.ts', sources).href,
  '@relying-party/core/node': new URL('core/src/node.ts', sources).href,
  '@relying-party/server': new URL('server/src/index.ts', sources).href,
  '@relying-party/mock-idp': new URL('mock-idp/src/index.ts', sources).href,
}

registerHooks({
  resolve: (specifier, context, next) => next(entries[specifier] ?? specifier, context),
  load(url, context, next) {
    const mine = patches.filter((patch) => patch.url === url)
    if (mine.length === 0) return next(url, context)
    const format = url.endsWith('.ts') ? 'module-typescript' : 'module'
    return { format, shortCircuit: true, source: applyPatches(readFileSync(fileURLToPath(url), 'utf8'), mine) }
  },
})

const { runConformance } = await import('@relying-party/mock-idp')
const { default: createDriver } = await import('./relying-party-server.ts')
const { only } = workerData
const { modules } = await runConformance({
  driver: createDriver(),
  concurrency: 3,
  ...(only && { plans: [...new Set(only.map(([plan]) => plan))], modules: only.map(([, module]) => module) }),
})
parentPort.postMessage(
  modules
    .filter(({ result }) => result === 'failed')
    .map(({ plan, module, problems }) => ({ name: `${plan}/${module}`, problems })),
)
