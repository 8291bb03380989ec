/** Where drivers come from: an ES module, a JSON file, or an address that answers with such a document. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Driver } from './driver.ts'
import { createJsonDriver } from './json-driver.ts'
import type { JsonDriver } from './json-driver.ts'

/** Loads the driver that `--rp` names; one that is not there or not a driver throws, and says which it is. */
export async function loadDriver(where: string): Promise<Driver> {
  if (/^https?:\/\//.test(where)) {
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

function parse(where: string, text: string): JsonDriver {
  try {
    return JSON.parse(text) as JsonDriver
  } catch (cause) {
    throw new Error(`${where} is not JSON`, { cause })
  }
}
