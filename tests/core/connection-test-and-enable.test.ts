/** The story of the settings page: tested, enabled, back again, and never locked out. */
import { describe, expect, test } from 'vitest'
import {
  defaultPolicy,
  enablementOf,
  revisionToTest,
  statusOfConnection,
  transition,
  type Command,
  type Connection,
  type Failure,
  type Policy,
  type Settings,
} from '@relying-party/core'
import {
  after,
  at,
  begin,
  besideDraft,
  besideTested,
  by,
  candidate,
  claims,
  disable,
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
  setPolicy,
  stage,
  tell,
  tested,
  type Move,
} from './support/connection.ts'

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
    expect(await tell(off, enable())).toEqual({ ...before, enablements: 2 })
  })

  test('how often members began to be served is counted: not what takes the place of something live', async () => {
    const times = async (...moves: Move[]) => enablementOf(await after(...moves))
    expect(await times(...tested)).toBe(0)
    for (const moves of [enabled, besideTested, enabledTwice, [...enabledTwice, enable(previous)]]) {
      expect(await times(...moves)).toBe(1)
    }
    expect(await times(...enabled, disable)).toBe(1)
    expect(await times(...besideDraft, disable, enable(previous))).toBe(2)
    expect(await times(...emptyAgain, enable(previous))).toBe(2)
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

describe('enforcement never locks out whoever tested last', () => {
  const policy = (changes: Partial<Policy>): Command => ({
    type: 'set_policy',
    policy: { ...defaultPolicy, ...changes },
    at,
    by,
  })
  const optional = policy({ enforcement: 'optional' })
  const elsewhere = { allowed_email_domains: ['globex.example'] }
  const elsewhereClaims = { email: 'ada@globex.example', email_verified: true }
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

  test('of a person with more claims than are kept the largest count as ones that never came', async () => {
    const many: Move = (connection) => ({
      type: 'pass_test',
      fingerprint: candidate(connection),
      attempt_id: 'attempt',
      claims: { groups: ['admins', 'g'.repeat(65_536)], sub: 'ada', ...elsewhereClaims },
      at,
      by,
    })
    const before = await after(...draft, many)
    expect(await tell(before, enable())).toMatchObject({
      live: { tested: { claims: { sub: 'ada', ...elsewhereClaims } } },
    })
    const rules = [{ value: 'admins', role: 'admin' }]
    const byGroup = policy({ role_mapping: { claim: 'groups', rules }, default_role: null })
    expect(await tell(await after(...draft, many, byGroup), enable())).toBe(refused)
    expect(await tell(await after(...draft, many, policy(elsewhere)), enable())).toMatchObject({ phase: 'enabled' })
    const acme = policy({ allowed_email_domains: ['acme.example'] })
    expect(await tell(await after(...draft, many, acme), enable())).toBe(refused)
  })

  test('claims of exactly the length that is kept are kept whole', async () => {
    const claims = { sub: 'ada', groups: 'g'.repeat(65_536 - '{"sub":"ada","groups":""}'.length) }
    const whole =
      (more: string): Move =>
      (connection) => ({
        type: 'pass_test',
        fingerprint: candidate(connection),
        attempt_id: 'attempt',
        claims: { ...claims, groups: claims.groups + more },
        at,
        by,
      })
    expect(await after(...draft, whole(''))).toMatchObject({ candidate: { tested: { claims } } })
    expect((await after(...draft, whole('g'))).candidate?.tested?.claims).toEqual({ sub: 'ada' })
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
