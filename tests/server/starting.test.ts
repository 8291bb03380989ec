/** A server that cannot start keeps nothing open: whoever embeds it may try again. */
import { readConfig, startServer } from '@relying-party/server'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const taken = createServer()
beforeAll(() => new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve)))
afterAll(() => new Promise((resolve) => taken.close(resolve)))

test.each<[string, () => object, RegExp]>([
  ['its port is taken', () => ({ port: (taken.address() as AddressInfo).port }), /EADDRINUSE/],
  ['its session store does not answer', () => ({ session_store_url: 'redis://127.0.0.1:1' }), /redis/i],
  ['the plugin refuses what it is handed', () => ({ secret_keys: ['no key'] }), /key/],
])('%s: it rejects, and its store is closed', async (_, change, reason) => {
  const folder = mkdtempSync(join(tmpdir(), 'starting-'))
  try {
    const usual = readConfig({ PORT: '0', STORE_URL: `sqlite:${folder}/store.sqlite`, LOG_LEVEL: 'silent' })
    await expect(startServer({ ...usual, ...change() })).rejects.toThrow(reason)
    // SQLite takes its log of changes away with the last connection.
    expect(readdirSync(folder).sort()).toEqual(['store.secrets.json', 'store.sqlite'])
    await (await startServer(usual)).close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
