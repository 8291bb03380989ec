/**
 * Audit: who changed what of a connection, and when. It outlives the connection: that it was deleted stands here.
 *
 * Rule 1: an event is written before its change, and taken back when the change was not made because somebody else's came
 * first. What took effect is therefore on record, and what cannot be recorded is not done. The price: when the store fails
 * in between, an event may stay of a change of which nobody knows whether it was made.
 * Rule 2: settings and policy are told by the names of the members that changed, never by their values.
 */
import { revisionToTest, type Command, type Connection, type Json, type Revision } from '@relying-party/core'
import { isDeepStrictEqual } from 'node:util'
import type { Context } from './context.ts'
import type { Paged } from './paging.ts'
import { createRecordIds } from './record-id.ts'

/** What can happen to a connection. */
export const auditTypes = [
  'saved',
  'test_begun',
  'test_passed',
  'test_failed',
  'enabled',
  'disabled',
  'discarded',
  'policy_set',
  'secret_staged',
  'secret_unstaged',
  'secret_promoted',
  'deleted',
] as const

/** One change of a connection. */
export interface AuditEvent {
  readonly at: number
  readonly organization_id: string
  readonly connection_id: string
  readonly by: string
  readonly type: (typeof auditTypes)[number]
  /** The revision that it is about, and its fingerprint. */
  readonly revision?: number
  readonly fingerprint?: string
  /** Names of the settings or members of the policy that changed. */
  readonly fields?: readonly string[]
  /** The login or test that brought it about. */
  readonly attempt_id?: string
}

/** As it is kept. */
export interface AuditRecord extends AuditEvent {
  readonly event_id: string
}

export type Audit = ReturnType<typeof createAudit>

/** Seconds. Longer than a year, so that a yearly review sees all of it. */
const retention = 400 * 86_400

export function createAudit(context: Pick<Context, 'store' | 'now' | 'random' | 'log'>) {
  const { store, now, log } = context
  const newId = createRecordIds(context)
  const prefixOf = (organization_id: string) => `${organization_id}/`

  async function write(event: AuditEvent): Promise<string> {
    const record: AuditRecord = { event_id: newId(), ...event }
    const key = prefixOf(event.organization_id) + record.event_id
    await store.putIfAbsent('audit', key, record as unknown as Json, now() + retention)
    return key
  }

  return {
    /**
     * Makes a change and puts it on record, in the history and in the log.
     * @param change answers the version that it wrote, or undefined when it changed nothing
     */
    async recorded(
      events: readonly AuditEvent[],
      change: () => Promise<string | undefined>,
    ): Promise<string | undefined> {
      const keys: string[] = []
      // One after the other: their ids are in the order of what happened.
      for (const event of events) keys.push(await write(event))
      const version = await change()
      if (version !== undefined) {
        for (const event of events) log.info({ ...event, version }, 'connection changed')
        return version
      }
      try {
        await Promise.all(keys.map((key) => store.delete('audit', key)))
      } catch (error) {
        log.error({ err: error, keys }, 'the audit event of a change that was not made could not be taken back')
      }
      return undefined
    },

    /** Newest first: of every connection that had the organization's name, or of one of them. */
    async list(
      organization_id: string,
      of: 'all' | Pick<Connection, 'connection_id'>,
      limit: number,
      before?: string,
    ): Promise<Paged<AuditRecord>> {
      const prefix = prefixOf(organization_id)
      const after = before === undefined ? {} : { after: prefix + before }
      const rows = await store.list('audit', { prefix, limit: limit + 1, newest_first: true, ...after })
      const records = rows.map(({ value }) => value as unknown as AuditRecord)
      // Connections of one name follow each other: what is left out here is older than everything that is not.
      const found = of === 'all' ? records : records.filter((one) => one.connection_id === of.connection_id)
      const entries = found.slice(0, limit)
      return { entries, older: found.length > limit ? entries.at(-1)!.event_id : null }
    },
  }
}

/** What a command that was carried out did; nothing when it left everything as it was. */
export function eventsOf(before: Connection, after: Connection, command: Command): readonly AuditEvent[] {
  if (after === before) return []
  const event = (type: AuditEvent['type'], revision: Revision | null, more: Partial<AuditEvent> = {}) => [
    { ...eventOf(before, command, type, revision), ...more },
  ]
  switch (command.type) {
    case 'save': {
      const saved = revisionToTest(after)
      return event('saved', saved, { fields: changedSettings(revisionToTest(before), saved) })
    }
    case 'begin_test':
      return event('test_begun', revisionToTest(after))
    case 'pass_test':
      return event('test_passed', revisionWith(after, command.fingerprint), { attempt_id: command.attempt_id })
    case 'fail_test':
      return event('test_failed', revisionWith(after, command.fingerprint), { attempt_id: command.attempt_id })
    case 'enable':
      return event('enabled', after.live)
    case 'disable':
      return event('disabled', before.live)
    case 'discard':
      return event('discarded', before.candidate)
    case 'set_policy': {
      const fields = changedMembers(before.policy, after.policy)
      return fields.length === 0 ? [] : event('policy_set', null, { fields })
    }
    case 'stage_secret': {
      const [had, has] = [before, after].map(({ live }) => live?.staged_client_secret?.secret_id)
      if (had === has) return []
      return event(has === undefined ? 'secret_unstaged' : 'secret_staged', after.live)
    }
    case 'promote_staged_secret':
      return event('secret_promoted', after.live, { attempt_id: command.attempt_id })
  }
}

/** The end of a connection. */
export function deletionOf(connection: Connection, ordered: { readonly at: number; readonly by: string }): AuditEvent {
  return eventOf(connection, ordered, 'deleted', connection.live)
}

function eventOf(
  { organization_id, connection_id }: Connection,
  { at, by }: { readonly at: number; readonly by: string },
  type: AuditEvent['type'],
  revision: Revision | null,
): AuditEvent {
  const about = revision && { revision: revision.revision, fingerprint: revision.fingerprint }
  return { at, organization_id, connection_id, by, type, ...about }
}

function revisionWith({ candidate, live }: Connection, fingerprint: string): Revision | null {
  return [candidate, live].find((revision) => revision?.fingerprint === fingerprint) ?? null
}

function changedSettings(before: Revision | null, after: Revision | null): readonly string[] {
  const members = (revision: Revision | null) => {
    const { public_jwk, secret_id } = revision?.client_secret ?? {}
    return { ...revision?.settings, [public_jwk === undefined ? 'client_secret' : 'client_key']: secret_id }
  }
  const names = changedMembers(members(before), members(after))
  // In place of a secret a key is made, and nobody enters one; the other way round the key goes without anybody's doing.
  const other = after?.client_secret?.public_jwk === undefined ? 'client_key' : 'client_secret'
  return names.filter((name) => name !== other)
}

function changedMembers(before: object, after: object): readonly string[] {
  const [old, now] = [before, after].map((members) => new Map<string, unknown>(Object.entries(members)))
  const names = new Set([...old!.keys(), ...now!.keys()])
  return [...names].filter((name) => !isDeepStrictEqual(old!.get(name), now!.get(name))).sort()
}
