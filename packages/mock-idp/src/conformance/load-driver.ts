/** Where drivers come from: an ES module, a JSON file, an address of such a document, or a command that prints either. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startCommand } from './command.ts'
import type { Driver } from './driver.ts'
import { createJsonDriver } from './json-driver.ts'
import type { JsonDriver } from './json-driver.ts'

/** The driver that `--rp` names, and what ends that which was started for it: of a command, all that it runs. */
export async function openDriver(where: string): Promise<{ driver: Driver; stop: () => Promise<void> }> {
  if (isAddress(where) || isFile(where)) return { driver: await loadDriver(where), stop: async () => {} }
  const { said, stop } = await startCommand(where)
  try {
    if (isAddress(said)) return { driver: await loadDriver(said), stop }
    if (said.startsWith('{')) return { driver: createJsonDriver(parse('the line that it printed', said)), stop }
    throw new Error(`the first line that it printed is neither an address nor a JSON document: ${said}`)
  } catch (error) {
    await stop()
    throw error
  }
}

/** Loads the driver from a file or an address; one that is not there or not a driver throws, and says which it is. */
export async function loadDriver(where: string): Promise<Driver> {
  if (isAddress(where)) {
    const response = await fetch(where, { headers: { accept: 'application/json' } }).catch((cause: unknown) => {
      throw new Error(`nothing answers at ${where}`, { cause })
    })
    if (!response.ok) throw new Error(`${where} answered ${response.status}`)
    return createJsonDriver(parse(where, await response.text()))
  }
  const text = await readFile(where, 'utf8')
  if (where.endsWith('.json')) return createJsonDriver(parse(where, text))
  const module = (await import(pathToFileURL(resolve(where)).href)) as { default?: unknown }
  const exported = module.default ?? module
  const driver = (typeof exported === 'function' ? await (exported as () => unknown)() : exported) as Partial<Driver>
  if (typeof driver.addresses !== 'function' || typeof driver.setUp !== 'function') {
    throw new TypeError(`${where} exports no driver: that is an object with name, addresses and setUp`)
  }
  return driver as Driver
}

function isAddress(where: string): boolean {
  return /^https?:\/\//.test(where)
}

/** A file that is not there is misspelt, and nothing to run. */
function isFile(where: string): boolean {
  return existsSync(where) || /^\S+\.(?:json|[cm]?[jt]s)$/.test(where)
}

function parse(where: string, text: string): JsonDriver {
  try {
    return JSON.parse(text) as JsonDriver
  } catch (cause) {
    throw new Error(`${where} is not JSON`, { cause })
  }
}
