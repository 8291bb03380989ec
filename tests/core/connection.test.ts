/** The connection as a table: every row, every pair that is not in it, and what always holds. */
import { describe, expect, test } from 'vitest'
import {
  connectionTransitions,
  defaultPolicy,
  emptyConnection,
  fingerprintOf,
  statusOfConnection,
  transition,
  type Command,
  type CommandType,
  type Connection,
  type ConnectionPhase,
  type Failure,
  type Settings,
} from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import fc from '../support/property.ts'
import {
  after,
  at,
  begin,
  besideDraft,
  besideTested,
  by,
  claims,
  disable,
  discard,
  draft,
  emptyAgain,
  enable,
  enabled,
  enabledTwice,
  failed,
  failure,
  live,
  pass,
  previous,
  promote,
  save,
  secret,
  setPolicy,
  settings,
  stage,
  states,
  tell,
  tested,
  type Move,
} from './support/connection.ts'

type Row = readonly [
  from: ConnectionPhase,
  command: CommandType,
  to: ConnectionPhase,
  because: string,
  before: readonly Move[],
  move: Move,
]

const rows: readonly Row[] = [
  ['empty', 'save', 'draft', 'the first settings', [], save()],
  ['empty', 'enable', 'enabled', 'what was live before', emptyAgain, enable(previous)],
  ['empty', 'set_policy', 'empty', 'the policy comes first', [], setPolicy],

  ['draft', 'save', 'draft', 'another draft', draft, save({ client_id: 'client-2' })],
  ['draft', 'begin_test', 'draft', 'it runs', draft, begin],
  ['draft', 'pass_test', 'tested', 'it has passed', draft, pass()],
  ['draft', 'fail_test', 'draft', 'it has failed', draft, failed()],
  ['draft', 'enable', 'enabled', 'what was live before', [...besideDraft, disable], enable(previous)],
  ['draft', 'discard', 'empty', 'nothing is left', draft, discard],
  ['draft', 'set_policy', 'draft', 'no matter', draft, setPolicy],

  ['tested', 'save', 'draft', 'something that matters', tested, save({ client_id: 'client-2' })],
  ['tested', 'save', 'tested', 'nothing new', tested, save()],
  ['tested', 'begin_test', 'tested', 'once more', tested, begin],
  ['tested', 'pass_test', 'tested', 'passed again', tested, pass()],
  ['tested', 'fail_test', 'tested', 'what passed has passed', tested, failed()],
  ['tested', 'enable', 'enabled', 'it goes live', tested, enable()],
  ['tested', 'discard', 'empty', 'nothing is left', tested, discard],
  ['tested', 'set_policy', 'tested', 'the test still holds', tested, setPolicy],

  ['enabled', 'save', 'enabled', 'nothing new', enabled, save()],
  ['enabled', 'save', 'enabled_beside_draft', 'something that matters', enabled, save({ client_id: 'client-2' })],
  ['enabled', 'begin_test', 'enabled', 'what is live is tested', enabled, begin],
  ['enabled', 'pass_test', 'enabled', 'what is live has passed', enabled, pass(live)],
  ['enabled', 'fail_test', 'enabled', 'what is live has failed, and serves', enabled, failed(live)],
  ['enabled', 'enable', 'enabled', 'it is already', enabled, enable(live)],
  ['enabled', 'disable', 'tested', 'one press away from going live again', enabled, disable],
  ['enabled', 'set_policy', 'enabled', 'the test still holds', enabled, setPolicy],
  ['enabled', 'stage_secret', 'enabled', 'a second secret', enabled, stage],
  ['enabled', 'promote_staged_secret', 'enabled', 'it has proved itself', [...enabled, stage], promote],

  ['enabled_beside_draft', 'save', 'enabled', 'back to what is live', besideDraft, save()],
  [
    'enabled_beside_draft',
    'save',
    'enabled_beside_draft',
    'another draft',
    besideDraft,
    save({ client_id: 'client-3' }),
  ],
  ['enabled_beside_draft', 'begin_test', 'enabled_beside_draft', 'it runs', besideDraft, begin],
  ['enabled_beside_draft', 'pass_test', 'enabled_beside_tested', 'it has passed', besideDraft, pass()],
  ['enabled_beside_draft', 'pass_test', 'enabled_beside_draft', 'what is live has passed', besideDraft, pass(live)],
  ['enabled_beside_draft', 'fail_test', 'enabled_beside_draft', 'it has failed', besideDraft, failed()],
  ['enabled_beside_draft', 'enable', 'enabled_beside_draft', 'it is live already', besideDraft, enable(live)],
  [
    'enabled_beside_draft',
    'enable',
    'enabled',
    'the draft is what was live before',
    [...enabledTwice, save()],
    enable(),
  ],
  ['enabled_beside_draft', 'disable', 'draft', 'the draft stays', besideDraft, disable],
  ['enabled_beside_draft', 'discard', 'enabled', 'the draft goes', besideDraft, discard],
  ['enabled_beside_draft', 'set_policy', 'enabled_beside_draft', 'no matter', besideDraft, setPolicy],
  ['enabled_beside_draft', 'stage_secret', 'enabled_beside_draft', 'of what is live', besideDraft, stage],
  [
    'enabled_beside_draft',
    'promote_staged_secret',
    'enabled_beside_draft',
    'of what is live',
    [...besideDraft, stage],
    promote,
  ],

  ['enabled_beside_tested', 'save', 'enabled', 'back to what is live', besideTested, save()],
  [
    'enabled_beside_tested',
    'save',
    'enabled_beside_draft',
    'something that matters',
    besideTested,
    save({ client_id: 'client-3' }),
  ],
  [
    'enabled_beside_tested',
    'save',
    'enabled_beside_tested',
    'nothing new',
    besideTested,
    save({ client_id: 'client-2' }),
  ],
  ['enabled_beside_tested', 'begin_test', 'enabled_beside_tested', 'once more', besideTested, begin],
  ['enabled_beside_tested', 'pass_test', 'enabled_beside_tested', 'passed again', besideTested, pass()],
  ['enabled_beside_tested', 'fail_test', 'enabled_beside_tested', 'what passed has passed', besideTested, failed()],
  ['enabled_beside_tested', 'enable', 'enabled', 'it goes live', besideTested, enable()],
  ['enabled_beside_tested', 'enable', 'enabled_beside_tested', 'the other is live already', besideTested, enable(live)],
  ['enabled_beside_tested', 'disable', 'tested', 'the tested one stays', besideTested, disable],
  ['enabled_beside_tested', 'discard', 'enabled', 'it goes', besideTested, discard],
  ['enabled_beside_tested', 'set_policy', 'enabled_beside_tested', 'both tests still hold', besideTested, setPolicy],
  ['enabled_beside_tested', 'stage_secret', 'enabled_beside_tested', 'of what is live', besideTested, stage],
  [
    'enabled_beside_tested',
    'promote_staged_secret',
    'enabled_beside_tested',
    'of what is live',
    [...besideTested, stage],
    promote,
  ],
]

describe('the table', () => {
  test.each(rows)('%s + %s → %s: %s', async (from, _command, to, _because, before, move) => {
    const connection = await after(...before)
    expect(connection.phase).toBe(from)
    expect(await tell(connection, move)).toMatchObject({ phase: to })
  })

  test('these rows are the whole table', () => {
    const table = Object.entries(connectionTransitions).flatMap(([from, commands]) =>
      Object.entries<{ to: readonly string[] }>(commands).flatMap(([command, { to }]) =>
        to.map((phase) => `${from} + ${command} → ${phase}`),
      ),
    )
    expect(rows.map(([from, command, to]) => `${from} + ${command} → ${to}`).sort()).toEqual(table.sort())
  })
})

describe('what is not in the table is refused with its code', () => {
  const refusals: Record<CommandType, Failure['code'] | null> = {
    save: null,
    set_policy: null,
    begin_test: 'nothing_to_test',
    pass_test: 'flow_revision_replaced',
    fail_test: 'flow_revision_replaced',
    enable: null,
    disable: 'not_enabled',
    discard: 'nothing_to_discard',
    stage_secret: 'secret_not_staged',
    promote_staged_secret: 'secret_not_staged',
  }
  const absent = (Object.keys(states) as ConnectionPhase[]).flatMap((phase) =>
    (Object.keys(refusals) as CommandType[])
      .filter((type) => !Object.hasOwn(connectionTransitions[phase], type))
      .map((type) => [phase, type, refusals[type]] as const),
  )

  test.each(absent)('%s + %s: %s', async (phase, type, code) => {
    expect(code).not.toBeNull()
    expect(await transition(await after(...states[phase]), { type, at, by } as Command)).toEqual({ failure: { code } })
  })

  test('there are 14 such pairs, and each command is refused somewhere or never', () => {
    expect(absent).toHaveLength(14)
    const refused = new Set(absent.map(([, type]) => type))
    for (const [type, code] of Object.entries(refusals)) expect(refused.has(type as CommandType)).toBe(code !== null)
  })

  test.each(['toString', '__proto__', 'nothing'])(
    'a command that does not exist (%s) is a mistake of the caller',
    async (type) => {
      await expect(transition(emptyConnection('acme', 'c'), { type, at, by } as unknown as Command)).rejects.toThrow(
        TypeError,
      )
    },
  )
})

// ── what always holds ───────────────────────────────────────────────────────────────────────────────────────────────

test('whatever is commanded: live has passed, secrets stay where they were entered, and the rest', async () => {
  const which = fc.constantFrom('candidate', 'live', 'previous', 'old', 'none')
  const issuer = fc.constantFrom('https://idp.example', 'https://evil.example')
  const method = fc.constantFrom(undefined, 'client_secret_post', 'none')
  const deed = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('save'),
        issuer,
        method,
        client_id: fc.constantFrom('a', 'b'),
        enters: fc.boolean(),
      }),
    },
    { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('pass_test', 'enable'), which }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('fail_test'), which }) },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constantFrom(
          'begin_test',
          'disable',
          'discard',
          'set_policy',
          'stage_secret',
          'promote_staged_secret',
        ),
      }),
    },
  )
  type Deed = {
    type: CommandType
    which?: string
    issuer?: string
    method?: 'client_secret_post' | 'none'
    client_id?: string
    enters?: boolean
  }

  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 40 }), async (deeds) => {
      const passed = new Set<string>()
      const enteredFor = new Map<string, string>()
      const seen: string[] = ['never seen']
      let connection: Connection = emptyConnection('acme', 'connection-1')
      let fresh = 0

      for (const deed of deeds as Deed[]) {
        const { type, which } = deed
        const named = which === 'old' ? undefined : connection[which as 'live']?.fingerprint
        const fingerprint = named ?? seen[fresh % seen.length]!
        const secret_id = `secret-${++fresh}`
        const place = ({ issuer, token_endpoint_auth_method: chosen }: Settings) => `${issuer} ${chosen ?? 'any'}`
        const changed: Settings = {
          ...settings,
          issuer: deed.issuer!,
          client_id: deed.client_id!,
          ...(deed.method && { token_endpoint_auth_method: deed.method }),
        }
        const staged = connection.live?.staged_client_secret?.secret_id ?? 'none'
        const command = {
          save: { type, settings: changed, ...(deed.enters && { client_secret: secret(secret_id) }) },
          pass_test: { type, fingerprint, attempt_id: 'test', claims },
          fail_test: { type, fingerprint, attempt_id: 'test', failure },
          enable: { type, fingerprint },
          set_policy: { type, policy: { ...defaultPolicy, session_lifetime: 60 + fresh } },
          stage_secret: { type, client_secret: secret(secret_id) },
          promote_staged_secret: {
            type,
            revision: connection.live?.revision ?? 0,
            secret_id: staged,
            attempt_id: 'login',
          },
          begin_test: { type },
          disable: { type },
          discard: { type },
        }[type] as unknown as Command
        if (type === 'save' && deed.enters) enteredFor.set(secret_id, place(changed))
        if (type === 'stage_secret' && connection.live) enteredFor.set(secret_id, place(connection.live.settings))

        const next = await tell(connection, { ...command, at: at + fresh, by })
        if (typeof next === 'string') continue
        if (type === 'pass_test') passed.add(fingerprint)
        if (type === 'enable') expect(next.live?.fingerprint).toBe(fingerprint)
        if (type === 'promote_staged_secret') passed.add(next.live!.fingerprint)
        expect(next.revisions).toBeGreaterThanOrEqual(connection.revisions)
        connection = next

        const { phase, candidate, live, previous } = connection
        for (const revision of [live, previous]) {
          if (revision === null) continue
          expect(revision.tested).not.toBeNull()
          expect(passed).toContain(revision.fingerprint)
        }
        if (candidate?.tested) expect(passed).toContain(candidate.fingerprint)
        if (live) expect(candidate?.fingerprint).not.toBe(live.fingerprint)
        for (const revision of [candidate, live, previous]) {
          if (revision === null) continue
          seen.push(revision.fingerprint)
          expect(revision.fingerprint).toBe(await fingerprintOf(revision.settings, revision.client_secret, nodeCrypto))
          if (revision.client_secret)
            expect(enteredFor.get(revision.client_secret.secret_id)).toBe(place(revision.settings))
        }
        const proven = candidate && (candidate.tested ? 'tested' : 'draft')
        expect(phase).toBe(live ? (proven ? `enabled_beside_${proven}` : 'enabled') : (proven ?? 'empty'))
        expect(statusOfConnection(connection)).toBe(live ? 'enabled' : proven === 'tested' ? 'tested' : 'draft')
      }
    }),
    { numRuns: 300 },
  )
})
