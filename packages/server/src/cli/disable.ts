/**
 * `relying-party disable`: recovery when the provider is down, straight in the store, with or without a running server. It
 * is the command of the settings page, on record like any other, by `operator`.
 *
 * Rule: it creates no file. Called in another folder than the server's, a new store would only look like an empty one.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createAudit } from '../audit.ts'
import { createCommands } from '../commands.ts'
import { generatedKeys, readConfig } from '../config.ts'
import { createConnections } from '../connections.ts'
import { contextOf } from '../context.ts'
import { createKnowledgeBase } from '../knowledge.ts'
import { createOutbound } from '../outbound/index.ts'
import { openStore } from '../storage/open.ts'
import { readArguments, UsageError } from './usage.ts'

export async function disable(args: string[]): Promise<number> {
  const { operand: organization_id } = readArguments(args, 'ORGANIZATION', {})
  const { store_url, ...config } = readConfig(process.env)
  const where = placeOf(store_url)
  const secret_keys = config.secret_keys ?? generatedKeys(store_url)
  if (secret_keys === undefined)
    throw new UsageError(`The file with the generated secrets is not beside ${where}: set SECRET_KEYS.`)
  const base_url = config.base_url ?? `http://localhost:${config.port}`
  const store = await openStore(store_url, { now: () => Date.now() / 1000 })
  const outbound = createOutbound({ allow: [] })
  try {
    const context = await contextOf({ base_url, store, session_store: store, outbound, secret_keys }, log)
    const connections = createConnections(context, createKnowledgeBase(context), createAudit(context))
    const outcome = await createCommands(context, connections).disable(organization_id, { by: 'operator' })
    if ('conflict' in outcome)
      throw new UsageError(`SSO of ${organization_id} is being changed all the time: try again.`)
    if ('failure' in outcome) {
      throw new UsageError(
        outcome.failure.code === 'organization_not_found'
          ? `There is no organization ${organization_id} in ${where}.`
          : `SSO of ${organization_id} is not enabled: nothing was changed.`,
      )
    }
    process.stdout.write(
      `SSO of ${organization_id} is disabled: no new sign-ins, and its sessions are worth nothing.\n`,
    )
    return 0
  } finally {
    await outbound.close()
    await store.close()
  }
}

/** What the command did is told on standard output, what went wrong on the other. */
const log = {
  info: () => {},
  warn: (facts: object, message: string) => say(facts, message),
  error: (facts: object, message: string) => say(facts, message),
}

function say(facts: object, message: string): void {
  const { err, ...rest } = facts as { err?: unknown }
  process.stderr.write(
    `${message}: ${JSON.stringify({ ...rest, ...(err instanceof Error && { err: err.message }) })}\n`,
  )
}

/** Which store it is, as people find it: by the whole path, or the URL without its password. */
function placeOf(store_url: string): string {
  if (store_url === 'memory:') throw new UsageError('A store in memory is seen by its server alone: set STORE_URL.')
  if (store_url.startsWith('sqlite:')) {
    const file = resolve(store_url.slice('sqlite:'.length))
    if (existsSync(file)) return file
    throw new UsageError(
      `There is no store at ${file}: run this in the folder where the server runs, or set STORE_URL.`,
    )
  }
  const { password } = new URL(store_url)
  return password === '' ? store_url : store_url.replace(password, '…')
}
