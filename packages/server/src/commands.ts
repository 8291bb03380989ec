/**
 * What an administrator can do to a connection, once for the admin API and once for the settings page: read what was
 * entered, seal what is secret, carry out the command.
 */
import {
  keepsSecret,
  readClientSecret,
  readPolicy,
  readSettings,
  revisionToTest,
  type Command,
  type Connection,
  type Failure,
  type Fault,
  type Notice,
  type Policy,
  type Save,
  type Settings,
} from '@relying-party/core'
import type { Applied, Connections, IfVersion } from './connections.ts'
import type { Context } from './context.ts'
import { createTestUrl } from './test-logins.ts'

export type Input = Readonly<Record<string, unknown>>

/** The command was carried out, or it says why it was not. */
export type Outcome =
  | (Extract<Applied, { version: string }> & { readonly notices: readonly Notice[] })
  | { readonly failure: Failure; readonly faults: readonly Fault[]; readonly notices: readonly Notice[] }
  | { readonly conflict: true }

/** Who commands, and which version of the connection was seen when it was decided. */
export interface Order {
  readonly by: string
  readonly if_version?: IfVersion
}

export type Commands = ReturnType<typeof createCommands>

export function createCommands(context: Context, connections: Connections) {
  const { now, allowsHttp } = context

  const outcome = (applied: Applied, notices: readonly Notice[] = []): Outcome =>
    'failure' in applied
      ? { ...applied, faults: [], notices }
      : 'conflict' in applied
        ? applied
        : { ...applied, notices }

  const order =
    (command: { type: 'disable' | 'discard' }) =>
    async (organization_id: string, { by, if_version }: Order) =>
      outcome(await connections.apply(organization_id, () => ({ ...command, at: now(), by }), { if_version }))

  /**
   * Settings and policy of one submission are read together, so that either both are sound or nothing is written; and on
   * top of what is there when they are written, so that a member that was left out undoes nobody's change.
   */
  async function save(organization_id: string, input: Input, { by, if_version }: Order): Promise<Outcome> {
    let faults: readonly Fault[] = []
    let notices: readonly Notice[] = []
    const withPolicy = (command: Save, policy: Policy): Command[] =>
      input.policy === undefined ? [command] : [command, { type: 'set_policy', at: now(), by, policy }]
    const secret = readClientSecret(input.client_secret)
    const saved = await connections.apply(
      organization_id,
      async (current) => {
        const base = revisionToTest(current)
        const settings = readSettings(input, base?.settings ?? null, allowsHttp)
        const policy = readPolicyMember(input, current)
        notices = [...settings.notices, ...policy.notices, ...secret.notices]
        faults = [...faultsOf(settings), ...faultsOf(policy), ...faultsOf(secret)]
        if (!('value' in settings) || !('value' in policy) || !('value' in secret))
          return { refused: { code: 'settings_invalid' } }

        if (settings.value.token_endpoint_auth_method === 'private_key_jwt' && secret.value !== null) {
          faults = [{ member: 'client_secret', fault: 'is not used with private_key_jwt: register our keys instead' }]
          return { refused: { code: 'settings_invalid' } }
        }
        const client_secret = await newSecret(current, settings.value, secret.value)
        const saved = { type: 'save', at: now(), by, settings: settings.value } as const
        return withPolicy({ ...saved, ...(client_secret && { client_secret }) }, policy.value)
      },
      { if_version, create: true },
    )
    return 'failure' in saved ? { ...saved, faults, notices } : outcome(saved, notices)
  }

  /** What settings bring along to authenticate with: a key of ours, or what was entered; nothing where it stays as it was. */
  async function newSecret(connection: Connection, settings: Settings, entered: string | null) {
    const base = revisionToTest(connection)
    if (settings.token_endpoint_auth_method === 'private_key_jwt') {
      const kept = keepsSecret(base, settings) ? base.client_secret : null
      return kept ?? connections.sealNewKey(connection)
    }
    return entered === null ? undefined : connections.sealSecret(connection, base?.client_secret ?? null, entered)
  }

  return {
    save,

    /** Marks the revision as being tested and makes the one-time link that runs the test. */
    async beginTest(
      organization_id: string,
      { by, if_version }: Order,
    ): Promise<Outcome | { test_url: string; connection: Connection; version: string }> {
      const begun = await connections.apply(organization_id, () => ({ type: 'begin_test', at: now(), by }), {
        if_version,
      })
      if (!('version' in begun)) return outcome(begun)
      const revision = revisionToTest(begun.connection)!
      return { ...begun, test_url: await createTestUrl(context, begun.connection, revision) }
    },

    async enable(organization_id: string, fingerprint: string, { by, if_version }: Order): Promise<Outcome> {
      const command = { type: 'enable', at: now(), by, fingerprint } as const
      return outcome(await connections.apply(organization_id, () => command, { if_version }))
    },

    disable: order({ type: 'disable' }),
    discard: order({ type: 'discard' }),

    async setPolicy(organization_id: string, input: Input, { by, if_version }: Order): Promise<Outcome> {
      let faults: readonly Fault[] = []
      let notices: readonly Notice[] = []
      const applied = await connections.apply(
        organization_id,
        (current) => {
          const policy = readPolicy(input, current.policy)
          faults = faultsOf(policy)
          notices = policy.notices
          if (!('value' in policy)) return { refused: { code: 'policy_invalid' } }
          return { type: 'set_policy', at: now(), by, policy: policy.value }
        },
        { if_version, create: true },
      )
      return 'failure' in applied ? { ...applied, faults, notices } : outcome(applied, notices)
    },

    /** Stages a second secret beside the one in use; null takes it back. */
    async stageSecret(organization_id: string, entered: unknown, { by, if_version }: Order): Promise<Outcome> {
      const secret = readClientSecret(entered)
      if (!('value' in secret))
        return { failure: { code: 'settings_invalid' }, faults: secret.faults, notices: secret.notices }
      let faults: readonly Fault[] = []
      const applied = await connections.apply(
        organization_id,
        async (connection) => {
          const used = connection.live?.client_secret ?? null
          const sealed = secret.value === null ? null : await connections.sealSecret(connection, used, secret.value)
          const isInUse = sealed !== null && sealed.secret_id === used?.secret_id
          faults = isInUse ? [{ member: 'client_secret', fault: 'is the one that is in use already' }] : []
          if (isInUse) return { refused: { code: 'settings_invalid' } }
          return { type: 'stage_secret', at: now(), by, client_secret: sealed }
        },
        { if_version },
      )
      return 'failure' in applied ? { ...applied, faults, notices: secret.notices } : outcome(applied, secret.notices)
    },
  }
}

function readPolicyMember(input: Input, { policy }: Connection) {
  if (input.policy === undefined) return { value: policy, notices: [] }
  if (typeof input.policy !== 'object' || input.policy === null || Array.isArray(input.policy)) {
    return { faults: [{ member: 'policy', fault: 'must be an object' }], notices: [] }
  }
  const read = readPolicy(input.policy as Input, policy)
  return 'value' in read
    ? read
    : { ...read, faults: read.faults.map(({ member, fault }) => ({ member: `policy.${member}`, fault })) }
}

function faultsOf(read: { readonly faults?: readonly Fault[] } | object): readonly Fault[] {
  return 'faults' in read && Array.isArray(read.faults) ? (read.faults as readonly Fault[]) : []
}
