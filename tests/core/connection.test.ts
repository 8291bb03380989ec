/** The connection as a table: every row, every pair that is not in it, the rules about secrets, and what always holds. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  connectionTransitions,
  defaultPolicy,
  emptyConnection,
  fingerprintOf,
  relyingPartyOf,
  revisionToTest,
  statusOfConnection,
  transition,
  type Command,
  type CommandType,
  type Connection,
  type ConnectionPhase,
  type Failure,
  type Policy,
  type SealedSecret,
  type Settings,
} from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import { viaJson } from './support/play.ts'

const at = 1_900_000_000
const by = 'admin@acme.example'
const settings: Settings = {
  issuer: 'https://idp.example',
  client_id: 'client-1',
  scope: 'openid profile email',
  response_mode: 'query',
  userinfo: 'when_needed',
}
const secret = (secret_id: string): SealedSecret => ({ secret_id, sealed: `v1.key.${secret_id}` })
const failure: Failure = { code: 'token_invalid_client' }
const claims = { sub: 'ada', email: 'ada@acme.example', email_verified: true }

// ── the commands, as an administrator gives them ────────────────────────────────────────────────────────────────────

type Move = Command | ((connection: Connection) => Command)

const save = (changed: Partial<Settings> = {}, client_secret?: SealedSecret): Command => ({
  type: 'save',
  settings: { ...settings, ...changed },
  ...(client_secret && { client_secret }),
  at,
  by,
})
const candidate = (connection: Connection) => connection.candidate!.fingerprint
const live = (connection: Connection) => connection.live!.fingerprint
const previous = (connection: Connection) => connection.previous!.fingerprint
const pass =
  (which = candidate): Move =>
  (connection) => ({ type: 'pass_test', fingerprint: which(connection), attempt_id: 'attempt', claims, at, by })
const failed =
  (which = candidate): Move =>
  (connection) => ({ type: 'fail_test', fingerprint: which(connection), attempt_id: 'attempt', failure, at, by })
const enable =
  (which = candidate): Move =>
  (connection) => ({ type: 'enable', fingerprint: which(connection), at, by })
const begin: Command = { type: 'begin_test', at, by }
const disable: Command = { type: 'disable', at, by }
const discard: Command = { type: 'discard', at, by }
const setPolicy: Command = { type: 'set_policy', policy: { ...defaultPolicy, session_lifetime: 3600 }, at, by }
const stage: Command = { type: 'stage_secret', client_secret: secret('staged'), at, by }
const promote: Move = ({ live }) => ({
  type: 'promote_staged_secret',
  revision: live?.revision ?? 0,
  secret_id: 'staged',
  attempt_id: 'login',
  at,
  by: 'a login',
})

async function tell(connection: Connection, move: Move): Promise<Connection | Failure['code']> {
  const command = viaJson(typeof move === 'function' ? move(connection) : move)
  const { type } = command
  const result = await transition(viaJson(connection), command, nodeCrypto)
  if ('failure' in result) return result.failure.code
  const rows: Partial<Record<string, { to: readonly string[] }>> = connectionTransitions[connection.phase]
  expect(rows[type]?.to).toContain(result.connection.phase)
  return viaJson(result.connection)
}

async function after(...moves: readonly Move[]): Promise<Connection> {
  let connection: Connection = emptyConnection('acme', 'connection-1')
  for (const move of moves) {
    const next = await tell(connection, move)
    if (typeof next === 'string') throw new Error(`${move.toString()} was refused: ${next}`)
    connection = next
  }
  return connection
}

const draft = [save({}, secret('s1'))]
const tested = [...draft, begin, pass()]
const enabled = [...tested, enable()]
const besideDraft = [...enabled, save({ client_id: 'client-2' })]
const besideTested = [...besideDraft, begin, pass()]
const enabledTwice = [...besideTested, enable()]
const emptyAgain = [...besideDraft, disable, discard]
const states: Record<ConnectionPhase, readonly Move[]> = {
  empty: [],
  draft,
  tested,
  enabled,
  enabled_beside_draft: besideDraft,
  enabled_beside_tested: besideTested,
}

// ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────────

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

// ── the story of the page ───────────────────────────────────────────────────────────────────────────────────────────

describe('test and enable', () => {
  test('saved, tested, enabled: what the outside calls it', async () => {
    const told = async (...moves: Move[]) => statusOfConnection(await after(...moves))
    expect(await told()).toBe('draft')
    expect(await told(...draft)).toBe('draft')
    expect(await told(...tested)).toBe('tested')
    for (const moves of [enabled, besideDraft, besideTested]) expect(await told(...moves)).toBe('enabled')
    expect(await told(...enabled, disable)).toBe('tested')
  })

  test('the last test is told: running, failed, passed', async () => {
    expect((await after(...draft, begin)).candidate?.last_test).toEqual({ outcome: 'running', at })
    expect((await after(...draft, begin, failed())).candidate).toMatchObject({
      last_test: { outcome: 'failed', failure, attempt_id: 'attempt' },
      tested: null,
    })
    expect((await after(...draft, begin, failed(), begin, pass())).candidate).toMatchObject({
      last_test: { outcome: 'passed' },
      tested: { at, by, attempt_id: 'attempt' },
    })
    expect((await after(...tested, begin, failed())).candidate).toMatchObject({
      last_test: { outcome: 'failed' },
      tested: { at },
    })
  })

  test('a test that ends unnoticed says nothing once there is a newer one', async () => {
    const late =
      (started_at: number): Move =>
      ({ candidate }) => ({
        ...{ type: 'fail_test', fingerprint: candidate!.fingerprint, attempt_id: 'late', failure, at: at + 1000, by },
        started_at,
      })
    const told = { outcome: 'failed', at: at + 1000, attempt_id: 'late', failure }
    for (const moves of [draft, [...draft, begin], [...tested, begin], [...besideTested, begin]]) {
      expect((await after(...moves, late(at))).candidate?.last_test).toEqual(told)
    }
    for (const newer of [begin, pass(), failed()]) {
      expect(await tell(await after(...draft, begin, newer), late(at - 1))).toBe('flow_revision_replaced')
    }
  })

  test('a draft cannot be enabled, not even by its own fingerprint', async () => {
    expect(await tell(await after(...draft), enable())).toBe('not_tested')
    expect(await tell(await after(...besideDraft), enable())).toBe('not_tested')
    expect(await tell(await after(...enabledTwice, save({ client_id: 'client-3' })), enable())).toBe('not_tested')
    expect(await tell(await after(...draft, begin, failed()), enable())).toBe('not_tested')
  })

  test.each<[string, readonly Move[]]>([
    ['tested', tested],
    ['enabled', enabled],
    ['enabled_beside_tested', besideTested],
    ['empty', []],
  ])('another fingerprint than the tested one enables nothing (%s)', async (_phase, moves) => {
    expect(
      await tell(
        await after(...moves),
        enable(() => 'another'),
      ),
    ).toBe('not_tested')
  })

  test('an edit while the test is under way: its result counts for nothing', async () => {
    const under_way = await after(...draft, begin)
    const edited = (await tell(under_way, save({ client_id: 'client-2' }))) as Connection
    expect(
      await tell(
        edited,
        pass(() => candidate(under_way)),
      ),
    ).toBe('flow_revision_replaced')
    expect(
      await tell(
        edited,
        failed(() => candidate(under_way)),
      ),
    ).toBe('flow_revision_replaced')
    expect(edited.candidate).toMatchObject({ revision: 2, tested: null, last_test: null })
  })

  test('an edit beside a test of what is live: the result belongs to what is live', async () => {
    const edited = await after(...enabled, begin, save({ client_id: 'client-2' }))
    expect(await tell(edited, failed(live))).toMatchObject({
      live: { last_test: { outcome: 'failed' } },
      candidate: { last_test: null },
    })
  })

  test('an edit that takes nothing back keeps the test', async () => {
    const before = await after(...tested)
    expect(await tell(before, save())).toEqual(before)
    expect(await tell(before, setPolicy)).toEqual({ ...before, policy: { ...defaultPolicy, session_lifetime: 3600 } })
  })

  test.each<[string, Partial<Settings>]>([
    ['client id', { client_id: 'client-2' }],
    ['scope', { scope: 'openid' }],
    ['response mode', { response_mode: 'form_post' }],
    ['UserInfo', { userinfo: 'always' }],
    ['algorithm', { id_token_signed_response_alg: 'ES256' }],
    ['max_age', { max_age: 60 }],
    ['acr_values', { acr_values: 'phr' }],
    ['parameters', { authorization_parameters: { idp: '0oa1' } }],
    ['issuer', { issuer: 'https://idp.example/' }],
    ['client authentication', { token_endpoint_auth_method: 'client_secret_post' }],
  ])('an edit of what matters (%s) undoes the test, and never touches what is live', async (_name, changed) => {
    expect(await tell(await after(...tested), save(changed))).toMatchObject({
      phase: 'draft',
      candidate: { tested: null },
    })
    const serving = await after(...enabled)
    expect(await tell(serving, save(changed))).toMatchObject({ phase: 'enabled_beside_draft', live: serving.live })
  })

  test('while a draft fails its tests members keep signing in with what works', async () => {
    const serving = await after(...enabled)
    const edited = await after(...besideDraft, begin, failed())
    expect(edited.live).toEqual(serving.live)
    expect(revisionToTest(edited)).toEqual(edited.candidate)
    expect(revisionToTest(serving)).toEqual(serving.live)
    expect(revisionToTest(await after())).toBeNull()
  })
})

describe('back to what was live before', () => {
  test('enabling another revision keeps the one before, without what only a live one has', async () => {
    const { live, previous } = await after(...enabled, stage, save({ client_id: 'client-2' }), begin, pass(), enable())
    expect(live).toMatchObject({ settings: { client_id: 'client-2' }, enabled_at: at, staged_client_secret: null })
    expect(previous).toMatchObject({ settings: { client_id: 'client-1' }, tested: { at } })
    expect(previous).not.toHaveProperty('staged_client_secret')
    expect(previous).not.toHaveProperty('enabled_at')
  })

  test('rolled back and forth without a new test', async () => {
    const twice = await after(...enabledTwice)
    const back = (await tell(twice, enable(previous))) as Connection
    expect([live(back), previous(back)]).toEqual([previous(twice), live(twice)])
    expect(await tell(back, enable(previous))).toEqual(twice)
    for (const revision of [back.live, back.previous]) expect(revision?.tested).not.toBeNull()
  })

  test('a draft beside stays when the live one is rolled back', async () => {
    const back = await tell(await after(...enabledTwice, save({ client_id: 'client-3' })), enable(previous))
    expect(back).toMatchObject({
      phase: 'enabled_beside_draft',
      candidate: { settings: { client_id: 'client-3' } },
      live: { settings: { client_id: 'client-1' } },
    })
  })

  test('a draft that is the previous revision once more needs no test, and is no draft afterwards', async () => {
    const back = await after(...enabledTwice, save(), enable())
    expect(back).toMatchObject({
      phase: 'enabled',
      candidate: null,
      live: { settings: { client_id: 'client-1' }, tested: { at } },
    })
  })

  test('disabled and enabled again', async () => {
    const before = await after(...enabled)
    const off = await after(...enabled, disable)
    expect(off).toMatchObject({ phase: 'tested', live: null })
    expect(off.candidate).not.toHaveProperty('enabled_at')
    expect(await tell(off, enable())).toEqual(before)
  })

  test('disabled beside a draft: the draft is edited, and what was live can come back', async () => {
    const off = await after(...besideDraft, disable)
    expect(off).toMatchObject({ phase: 'draft', live: null, previous: { settings: { client_id: 'client-1' } } })
    expect(await tell(off, enable(previous))).toMatchObject({
      phase: 'enabled',
      live: { settings: { client_id: 'client-1' } },
    })
  })
})

// ── secrets ─────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('a stored secret', () => {
  const kept = async (moves: readonly Move[], changed: Partial<Settings>) =>
    ((await tell(await after(...moves), save(changed))) as Connection).candidate?.client_secret ?? null

  test.each<[string, Partial<Settings>, boolean]>([
    ['nothing of note', { scope: 'openid' }, true],
    ['the client id', { client_id: 'client-2' }, true],
    ['the issuer', { issuer: 'https://evil.example' }, false],
    ['a slash of the issuer', { issuer: 'https://idp.example/' }, false],
    ['the client authentication', { token_endpoint_auth_method: 'client_secret_post' }, false],
    ['to no client authentication', { token_endpoint_auth_method: 'none' }, false],
  ])('changed is %s', async (_name, changed, stays) => {
    for (const moves of [draft, tested, enabled, besideDraft, besideTested]) {
      expect(await kept(moves, { ...changed, max_age: 1 })).toEqual(stays ? secret('s1') : null)
    }
  })

  test('goes, and does not come back with the issuer', async () => {
    const gone = await after(...draft, save({ issuer: 'https://evil.example' }), save())
    expect(gone.candidate?.client_secret).toBeNull()
    expect(await tell(gone, begin)).toBe('client_secret_required')
  })

  test('goes for a test as well: what was pasted in is not sent the old secret (#218)', async () => {
    expect(await tell(await after(...tested, save({ issuer: 'https://evil.example' })), begin)).toBe(
      'client_secret_required',
    )
    expect(await tell(await after(...enabled, save({ issuer: 'https://evil.example' })), begin)).toBe(
      'client_secret_required',
    )
  })

  test('is replaced by one that is entered, which has to be tested', async () => {
    const entered = await tell(await after(...tested), save({}, secret('s2')))
    expect(entered).toMatchObject({ phase: 'draft', candidate: { client_secret: secret('s2'), tested: null } })
  })

  test('a public client has none, and keeps none that is entered', async () => {
    const open = await after(save({ token_endpoint_auth_method: 'none' }, secret('s1')), begin)
    expect(open.candidate).toMatchObject({ client_secret: null, last_test: { outcome: 'running' } })
  })

  test('without one there is no test', async () => {
    expect(await tell(await after(save()), begin)).toBe('client_secret_required')
  })
})

describe('a staged secret', () => {
  test('stands beside the current one, can be taken back, and undoes no test', async () => {
    const before = await after(...enabled)
    const staged = (await tell(before, stage)) as Connection
    expect(staged.live).toEqual({ ...before.live, staged_client_secret: secret('staged') })
    expect(await tell(staged, { ...stage, client_secret: null } as Command)).toEqual(before)
  })

  test('becomes the current one by a login, with the fingerprint that it makes', async () => {
    const promoted = await after(...enabled, stage, promote)
    expect(promoted.live).toMatchObject({
      client_secret: secret('staged'),
      staged_client_secret: null,
      tested: { attempt_id: 'login', by: 'a login' },
    })
    expect(live(promoted)).toBe(await fingerprintOf(settings, secret('staged')))
    expect(live(promoted)).not.toBe(live(await after(...enabled)))
  })

  test.each<[string, Partial<Extract<Command, { type: 'promote_staged_secret' }>>]>([
    ['another secret', { secret_id: 's1' }],
    ['another revision', { revision: 7 }],
  ])('is not promoted for %s', async (_name, changed) => {
    const connection = await after(...enabled, stage)
    const command = {
      type: 'promote_staged_secret',
      revision: 1,
      secret_id: 'staged',
      attempt_id: 'x',
      at,
      by,
    } as const
    expect(await tell(connection, { ...command, ...changed })).toBe('secret_not_staged')
  })

  test('is promoted once', async () => {
    expect(await tell(await after(...enabled, stage, promote), promote)).toBe('secret_not_staged')
  })

  test('has no place beside a public client', async () => {
    const open = [save({ token_endpoint_auth_method: 'none' }), begin, pass(), enable()]
    expect(await tell(await after(...open), stage)).toBe('secret_not_staged')
  })
})

describe('the fingerprint', () => {
  test('does not depend on the order of members, and shows nothing of the secret', async () => {
    const reversed = Object.fromEntries(Object.entries(settings).reverse()) as unknown as Settings
    const parameters = { authorization_parameters: { a: '1', b: '2' } }
    const turned = { authorization_parameters: { b: '2', a: '1' } }
    expect(await fingerprintOf({ ...reversed, ...turned }, secret('s1'))).toBe(
      await fingerprintOf({ ...settings, ...parameters }, secret('s1')),
    )
    expect(await fingerprintOf(settings, { secret_id: 's1', sealed: 'sealed anew' })).toBe(
      await fingerprintOf(settings, secret('s1')),
    )
    expect(await fingerprintOf(settings, null)).not.toBe(await fingerprintOf(settings, secret('s1')))
  })
})

test('what a flow knows of a revision', async () => {
  const connection = await after(...enabled)
  const client = { redirect_uri: 'https://app.example/callback', client_secret: 'opened' }
  expect(relyingPartyOf(connection, connection.live!, client)).toMatchObject({
    organization_id: 'acme',
    connection_id: 'connection-1',
    revision: 1,
    issuer: settings.issuer,
    client: { client_id: 'client-1', ...client, scope: settings.scope },
    policy: defaultPolicy,
  })
  expect(relyingPartyOf(connection, connection.live!, client).client).not.toHaveProperty('issuer')
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

describe('enforcement never locks out whoever tested last', () => {
  const policy = (changes: Partial<Policy>): Command => ({
    type: 'set_policy',
    policy: { ...defaultPolicy, ...changes },
    at,
    by,
  })
  const optional = policy({ enforcement: 'optional' })
  const elsewhere = { allowed_email_domains: ['globex.example'] }
  const refused = 'enforcement_would_lock_out'
  /** As an earlier release stored it: nothing is known of the person who tested. */
  const unknown = (connection: Connection): Connection => {
    const { claims: _, ...tested } = connection.live!.tested
    return { ...connection, live: { ...connection.live!, tested } } as Connection
  }

  test('while something is live, an enforced policy lets that person in', async () => {
    const before = await after(...enabled)
    expect(await tell(before, policy(elsewhere))).toBe(refused)
    expect(await tell(before, policy({ role_mapping: null, default_role: null }))).toBe(refused)
    expect(await tell(before, policy({ allowed_email_domains: ['acme.example'] }))).toMatchObject({ phase: 'enabled' })
    const { failure } = (await transition(before, policy(elsewhere) as never)) as { failure: Failure }
    expect(failure.detail).toEqual({ refusal: 'policy_email_domain_not_allowed', tested_by: by })
  })

  test('an optional policy may refuse anybody, and cannot become enforced as it is', async () => {
    const before = await after(...enabled, policy({ ...elsewhere, enforcement: 'optional' }))
    expect(await tell(before, policy(elsewhere))).toBe(refused)
    expect(await tell(before, policy({}))).toMatchObject({ policy: { enforcement: 'enforced' } })
  })

  test('while nothing is live any policy can be set; it is held to this when the settings are enabled', async () => {
    const before = await after(...tested, policy(elsewhere))
    expect(await tell(before, enable())).toBe(refused)
    expect(await tell((await tell(before, optional)) as Connection, enable())).toMatchObject({ phase: 'enabled' })
    const stranger: Move = (connection) => ({
      type: 'pass_test',
      fingerprint: candidate(connection),
      attempt_id: 'attempt',
      claims: { sub: 'eve' },
      at,
      by,
    })
    const strict = [...enabled, policy({ allowed_email_domains: ['acme.example'] }), save({ client_id: 'client-2' })]
    expect(await tell(await after(...strict, stranger), enable())).toBe(refused)
    expect(await tell(await after(...strict, pass()), enable())).toMatchObject({ phase: 'enabled' })
  })

  test('of a test that an earlier release ran: what is enforced may change, but enforcement cannot begin', async () => {
    const before = unknown(await after(...enabled))
    expect(await tell(before, policy(elsewhere))).toMatchObject({ policy: elsewhere })
    const off = (await tell(before, optional)) as Connection
    expect(await tell(off, policy({}))).toBe(refused)
    const again = (await tell(off, pass(live))) as Connection
    expect(await tell(again, policy({}))).toMatchObject({ policy: { enforcement: 'enforced' } })
  })

  test('a person with more claims than are kept counts as unknown', async () => {
    const many: Move = (connection) => ({
      type: 'pass_test',
      fingerprint: candidate(connection),
      attempt_id: 'attempt',
      claims: { sub: 'ada', groups: ['g'.repeat(65_536)] },
      at,
      by,
    })
    const before = await after(...draft, many, optional, enable())
    expect(before.live?.tested.claims).toBeNull()
    expect(await tell(before, policy({}))).toBe(refused)
  })

  test('a staged secret that proves itself leaves known who tested', async () => {
    expect((await after(...enabled, stage, promote)).live?.tested).toEqual({
      at,
      by: 'a login',
      attempt_id: 'login',
      claims,
    })
  })
})
