/** `relying-party disable`: recovery when the provider is down, straight in the store, with or without a running server. */
import { transition, type Connection, type Json } from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import { readConfig } from '../config.ts'
import { openStore } from '../storage/open.ts'
import { readArguments, UsageError } from './usage.ts'

export async function disable(args: string[]): Promise<number> {
  const { operand: organization_id } = readArguments(args, 'ORGANIZATION', {})
  const { store_url } = readConfig({ ...process.env, NODE_ENV: 'development' })
  const now = () => Date.now() / 1000
  const store = await openStore(store_url, { now })
  try {
    for (;;) {
      const found = await store.get('connections', organization_id)
      if (found === undefined)
        throw new UsageError(`There is no organization ${organization_id} in ${withoutPassword(store_url)}.`)
      const connection = found.value as unknown as Connection
      const moved = await transition(connection, { type: 'disable', at: now(), by: 'operator' }, nodeCrypto)
      if ('failure' in moved) throw new UsageError(`SSO of ${organization_id} is not enabled: nothing was changed.`)
      const next = moved.connection as unknown as Json
      // Somebody else may be writing at the same time: then what they wrote is disabled.
      if ((await store.compareAndSet('connections', organization_id, found.version, next, null)) === undefined) continue
      process.stdout.write(
        `SSO of ${organization_id} is disabled: no new sign-ins, and its sessions are worth nothing.\n`,
      )
      return 0
    }
  } finally {
    await store.close()
  }
}

function withoutPassword(store_url: string): string {
  const url = URL.parse(store_url)
  return url === null || url.password === '' ? store_url : store_url.replace(url.password, '…')
}
