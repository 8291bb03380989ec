/**
 * `relying-party disable`: recovery when the provider is down, straight in the store, with or without a running server. It
 * is the command of the settings page, on record like any other, by `operator`.
 */
import { createAudit } from '../audit.ts'
import { createCommands } from '../commands.ts'
import { loadOrCreateDevelopmentSecrets, readConfig } from '../config.ts'
import { createConnections } from '../connections.ts'
import { contextOf } from '../context.ts'
import { createKnowledgeBase } from '../knowledge.ts'
import { createOutbound } from '../outbound/index.ts'
import { openStore } from '../storage/open.ts'
import { readArguments, UsageError } from './usage.ts'

export async function disable(args: string[]): Promise<number> {
  const { operand: organization_id } = readArguments(args, 'ORGANIZATION', {})
  const { store_url, secret_keys, ...config } = loadOrCreateDevelopmentSecrets(readConfig(process.env))
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
          ? `There is no organization ${organization_id} in ${withoutPassword(store_url)}.`
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

function withoutPassword(store_url: string): string {
  const url = URL.parse(store_url)
  return url === null || url.password === '' ? store_url : store_url.replace(url.password, '…')
}
