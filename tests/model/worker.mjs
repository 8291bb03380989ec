/**
 * Explores in a thread of its own, job after job. Each job has the sources of core and server loaded anew, with its
 * patches: modules are told apart by the number of the job in their address, and what was read once is kept.
 */
import { readFileSync, realpathSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parentPort } from 'node:worker_threads'
import { applyPatches, sources } from '../../conformance/mutations.ts'

const core = new Map([
  ['@relying-party/core', new URL('core/src/index.ts', sources).href],
  ['@relying-party/core/node', new URL('core/src/node.ts', sources).href],
])
// A dependency is loaded from where the package manager really put it.
const urlOf = (file) => pathToFileURL(realpathSync(fileURLToPath(new URL(file, sources)))).href
const isOurs = (url) => /\/(core|server)\/src\/|\/tests\/model\/|\/oauth4webapi\//.test(url)
const plain = new Map()
let job = { number: 0, patches: [] }

registerHooks({
  resolve(specifier, context, next) {
    const found = next(core.get(specifier) ?? specifier, context)
    return isOurs(found.url) ? { ...found, url: `${found.url.split('?')[0]}?${job.number}` } : found
  },
  load(address, context, next) {
    const [url] = address.split('?')
    if (!isOurs(url)) return next(address, context)
    const patches = job.patches.filter((patch) => patch.url === url)
    const source = patches.length > 0 ? javaScript(url, patches) : (plain.get(url) ?? javaScript(url, []))
    if (patches.length === 0) plain.set(url, source)
    return { format: 'module', shortCircuit: true, source }
  },
})

function javaScript(url, patches) {
  const source = applyPatches(readFileSync(fileURLToPath(url), 'utf8'), patches)
  return url.endsWith('.ts') ? stripTypeScriptTypes(source) : source
}

parentPort.on('message', async ({ scene, depth, patches, breaks }) => {
  job = { number: job.number + 1, patches: patches.map((patch) => ({ ...patch, url: urlOf(patch.file) })) }
  const started = process.threadCpuUsage()
  const { explore } = await import(`./explorer.ts?${job.number}`)
  const { scenes } = await import(`./scenes.ts?${job.number}`)
  const explored = await explore(scenes[scene], depth, breaks)
  const { user, system } = process.threadCpuUsage(started)
  parentPort.postMessage({ ...explored, milliseconds: (user + system) / 1000 })
})
