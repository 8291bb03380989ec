/** Who changed what of a connection, and when: derived, written before the change, read by those whom it concerns. */
import {
  defaultPolicy,
  emptyConnection,
  StoreUnavailable,
  transition,
  type Command,
  type Connection,
  type Settings,
  type Store,
} from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventsOf } from '../../packages/server/src/audit.ts'
import { adminToken, clientId, clientSecret, createWorld, organizationIds, type World } from '../support/world.ts'

const settings: Settings = {
  issuer: 'https://idp.example',
  client_id: 'client',
  scope: 'openid',
  response_mode: 'query',
  userinfo: 'when_needed',
}
const secret = (secret_id: string) => ({ secret_id, sealed: `sealed-${secret_id}` })
const ordered = { at: 1_800_000_000, by: 'ada' }
const admin = { sub: 'ada', email: 'ada@acme.example', email_verified: true }

type Change = Command extends infer C ? (C extends Command ? Omit<C, 'at' | 'by'> : never) : never

/** Carries out one command after the other; the events of the last one. */
async function eventsAfter(...steps: readonly ((connection: Connection) => Change)[]) {
  let connection: Connection = emptyConnection('acme', 'connection-1')
  let events: ReturnType<typeof eventsOf> = []
  for (const step of steps) {
    const command = { ...ordered, ...step(connection) } as Command
    const next = await transition(connection, command)
    if ('failure' in next) throw new Error(next.failure.code)
    events = eventsOf(connection, next.connection, command)
    connection = next.connection
  }
  return { events, connection }
}

const save =
  (changes: Partial<Settings> = {}, secret_id = 'first') =>
  (): Change => ({ type: 'save', settings: { ...settings, ...changes }, client_secret: secret(secret_id) })
const beginTest = (): Change => ({ type: 'begin_test' })
const fingerprint = ({ candidate, live }: Connection) => (candidate ?? live)!.fingerprint
const attempt = { attempt_id: 'attempt-1' }
const passTest = (now: Connection): Change => ({
  type: 'pass_test',
  fingerprint: fingerprint(now),
  ...attempt,
  claims: admin,
})
const failTest = (now: Connection): Change => ({
  type: 'fail_test',
  fingerprint: fingerprint(now),
  ...attempt,
  failure: { code: 'token_invalid_client' },
})
const enable = (now: Connection): Change => ({ type: 'enable', fingerprint: fingerprint(now) })
const disable = (): Change => ({ type: 'disable' })
const discard = (): Change => ({ type: 'discard' })
const setPolicy = (policy: object) => (): Change => ({ type: 'set_policy', policy: { ...defaultPolicy, ...policy } })
const stage = (secret_id: string | null) => (): Change => ({
  type: 'stage_secret',
  client_secret: secret_id === null ? null : secret(secret_id),
})
const promote = ({ live }: Connection): Change => ({
  type: 'promote_staged_secret',
  revision: live!.revision,
  secret_id: live!.staged_client_secret!.secret_id,
  ...attempt,
})
const live = [save(), passTest, enable] as const

describe('what a command did', () => {
  const first = { revision: 1 }
  test.each([
    ['the first save names everything', [save()], { type: 'saved', ...first }],
    ['a changed setting', [save(), save({ scope: 'openid email' })], { type: 'saved', revision: 2, fields: ['scope'] }],
    ['a new secret', [save(), save({}, 'second')], { type: 'saved', revision: 2, fields: ['client_secret'] }],
    ['a change beside what is live', [...live, save({ max_age: 60 })], { revision: 2, fields: ['max_age'] }],
    [
      'taking it back by saving what is live',
      [...live, save({ max_age: 60 }), save()],
      { type: 'saved', ...first, fields: ['max_age'] },
    ],
    ['a test begins', [save(), beginTest], { type: 'test_begun', ...first }],
    ['a test passes', [save(), passTest], { type: 'test_passed', ...first, ...attempt }],
    ['a test fails', [save(), failTest], { type: 'test_failed', ...first, ...attempt }],
    ['enabled', live, { type: 'enabled', ...first }],
    ['disabled', [...live, disable], { type: 'disabled', ...first }],
    ['discarded', [...live, save({ max_age: 60 }), discard], { type: 'discarded', revision: 2 }],
    [
      'members of the policy',
      [setPolicy({ session_lifetime: 60, roles: ['member'] })],
      { type: 'policy_set', fields: ['roles', 'session_lifetime'] },
    ],
    ['a second secret is staged', [...live, stage('second')], { type: 'secret_staged', ...first }],
    ['and taken back', [...live, stage('second'), stage(null)], { type: 'secret_unstaged', ...first }],
    ['and promoted', [...live, stage('second'), promote], { type: 'secret_promoted', ...first, ...attempt }],
  ])('%s', async (_, steps, expected) => {
    const { events, connection } = await eventsAfter(...steps)
    expect(events).toEqual([expect.objectContaining({ ...ordered, organization_id: 'acme', ...expected })])
    expect(events[0]!.connection_id).toBe(connection.connection_id)
    expect(JSON.stringify(events)).not.toContain('sealed')
  })

  test('the first save names every setting that was entered, and the secret', async () => {
    const { events, connection } = await eventsAfter(save())
    expect(events[0]!.fields).toEqual([...Object.keys(settings), 'client_secret'].sort())
    expect(events[0]!.fingerprint).toBe(fingerprint(connection))
  })

  test('a promoted secret is told by the fingerprint that it gave', async () => {
    const { events, connection } = await eventsAfter(...live, stage('second'), promote)
    expect(events[0]!.fingerprint).toBe(connection.live!.fingerprint)
  })

  test.each([
    ['saving the same once more', [save(), save()]],
    ['enabling what is live', [...live, enable]],
    ['the policy that is there', [setPolicy({})]],
    ['taking back what was not staged', [...live, stage(null)]],
  ])('nothing changed, nothing to tell: %s', async (_, steps) => {
    expect((await eventsAfter(...steps)).events).toEqual([])
  })
})

const organizations = organizationIds(12)
let world: World
/** What the next operations of the store on these collections do instead of being carried out. */
const faults: { operation: string; instead: () => Promise<never> | Promise<undefined> }[] = []
/** Collections in the order in which they were written. */
let written: string[] = []

beforeAll(async () => {
  const wrapStore = (store: Store): Store => {
    const operate = <T>(operation: string, run: () => Promise<T>): Promise<T> => {
      const index = faults.findIndex((fault) => fault.operation === operation)
      if (index >= 0) return faults.splice(index, 1)[0]!.instead() as Promise<T>
      written.push(operation)
      return run()
    }
    return {
      ...store,
      putIfAbsent: (...args) => operate(`putIfAbsent ${args[0]}`, () => store.putIfAbsent(...args)),
      compareAndSet: (...args) => operate(`compareAndSet ${args[0]}`, () => store.compareAndSet(...args)),
      delete: (...args) => operate(`delete ${args[0]}`, () => store.delete(...args)),
    }
  }
  world = await createWorld({
    organizations: organizations.ids,
    wrapStore,
    server: {
      // Tokens of the test's own: the operator's, and `org-1`, `org-2` … each for its organization alone.
      authorizeAdmin: ({ headers }, organization_id) => {
        const token = headers.authorization?.replace('Bearer ', '')
        if (token === adminToken) return { name: 'operator' }
        return organization_id !== null && token === organization_id ? { name: `admin of ${token}` } : null
      },
    },
  })
})
afterAll(() => world.close())

const unavailable = () => Promise.reject(new StoreUnavailable('gone for a moment'))

interface Listed {
  readonly event_id: string
  readonly type: string
  readonly by: string
  readonly at: string
}

async function audit(id: string, query = '', token = adminToken) {
  const { status, body } = await world.api('GET', `/organizations/${id}/audit${query}`, undefined, {
    authorization: `Bearer ${token}`,
  })
  return { status, code: body.code as string | undefined, events: (body.events ?? []) as Listed[] }
}
const types = async (id: string, token = adminToken) => (await audit(id, '', token)).events.map(({ type }) => type)
const remove = (id: string) => world.api('DELETE', `/organizations/${id}/oidc`)

describe('the history of an organization', () => {
  test('a whole life, newest first, with who, what, when and by which attempt; its end included (#233)', async () => {
    const id = organizations.next()
    await world.enable(id)
    const tested = (await world.lastAttempt(id)).attempt_id
    const { live: first } = await world.connection(id)
    await world.api('PUT', `/organizations/${id}/oidc/policy`, { session_lifetime: 3600 })
    await world.api('PUT', `/organizations/${id}/oidc/policy`, { session_lifetime: 3600 })
    await world.api('PUT', `/organizations/${id}/oidc/staged-secret`, { client_secret: 'the-staged-secret-0123456789' })
    await world.api('DELETE', `/organizations/${id}/oidc/staged-secret`)
    await world.save(id, { scope: 'openid email groups' })
    await world.api('POST', `/organizations/${id}/oidc/discard`)
    await world.api('POST', `/organizations/${id}/oidc/disable`)
    await remove(id)
    const { status, events } = await audit(id)
    expect(status).toBe(200)
    const about = { organization_id: id, by: 'operator', at: new Date(world.clock.now * 1000).toISOString() }
    const ofFirst = { ...about, revision: 1, fingerprint: first.fingerprint }
    expect(events).toEqual(
      [
        { ...ofFirst, type: 'saved', fields: expect.arrayContaining(['issuer', 'client_id', 'client_secret']) },
        { ...ofFirst, type: 'test_begun' },
        { ...ofFirst, type: 'test_passed', by: 'ada@acme.example', attempt_id: tested },
        { ...ofFirst, type: 'enabled' },
        { ...about, type: 'policy_set', fields: ['session_lifetime'] },
        { ...ofFirst, type: 'secret_staged' },
        { ...ofFirst, type: 'secret_unstaged' },
        { ...about, type: 'saved', revision: 2, fields: ['scope'] },
        { ...about, type: 'discarded', revision: 2 },
        { ...ofFirst, type: 'disabled' },
        { ...about, type: 'deleted' },
      ]
        .reverse()
        .map((event) => expect.objectContaining(event)),
    )
    expect(new Set(events.map((event) => (event as unknown as { connection_id: string }).connection_id)).size).toBe(1)
    expect(JSON.stringify(events)).not.toContain(clientSecret)
  })

  test('a failed test names its attempt; a promoted secret the login that proved it', async () => {
    const id = organizations.next()
    await world.save(id)
    world.idp.inject('id_token.nonce_mismatch', { times: 1 })
    await world.runTest(id)
    const failed = await world.lastAttempt(id)
    expect((await audit(id)).events[0]).toMatchObject({ type: 'test_failed', attempt_id: failed.attempt_id })
    await world.enable(id)
    await world.api('PUT', `/organizations/${id}/oidc/staged-secret`, { client_secret: 'the second secret' })
    const [client] = world.idp.clients
    const swap = (client_secret: string) => {
      world.idp.removeClient(clientId)
      world.idp.addClient({ ...client!, client_secret })
    }
    swap('the second secret')
    await world.login(id)
    swap(clientSecret)
    const login = await world.lastAttempt(id)
    expect((await audit(id)).events[0]).toMatchObject({
      type: 'secret_promoted',
      by: 'login',
      attempt_id: login.attempt_id,
      fingerprint: (await world.connection(id)).live.fingerprint,
    })
  })

  test('in pages: each event once, in one order', async () => {
    const id = organizations.next()
    for (const lifetime of [60, 120, 180, 240, 300])
      await world.api('PUT', `/organizations/${id}/oidc/policy`, { session_lifetime: lifetime })
    const whole = (await audit(id)).events.map(({ event_id }) => event_id)
    expect(whole).toHaveLength(5)
    const paged: string[] = []
    for (let query = '?limit=2'; ; query = `?limit=2&before=${paged.at(-1)}`) {
      const { events } = await audit(id, query)
      if (events.length === 0) break
      paged.push(...events.map(({ event_id }) => event_id))
    }
    expect(paged).toEqual(whole)
    expect(await audit(id, '?before=a/b')).toMatchObject({ status: 400, code: 'request_malformed' })
  })

  test('four hundred days it is kept', async () => {
    const id = organizations.next()
    await world.save(id)
    const then = world.clock.now
    world.clock.now = then + 400 * 86_400 - 1
    expect(await types(id)).toEqual(['saved'])
    world.clock.now = then + 400 * 86_400
    expect(await types(id)).toEqual([])
    world.clock.now = then
  })

  test('of an organization that never was there is none: 404', async () => {
    expect(await audit(organizations.next())).toMatchObject({ status: 404, code: 'organization_not_found' })
    expect(await audit(organizations.next(), '', 'nobody')).toMatchObject({ status: 401, code: 'admin_required' })
  })

  test('whoever takes the name of a deleted organization sees nothing of the one before; the operator sees both (#234)', async () => {
    const id = organizations.next()
    await world.save(id)
    await remove(id)
    expect(await audit(id, '', id)).toMatchObject({ status: 404, events: [] })
    await world.save(id)
    expect(await types(id, id)).toEqual(['saved'])
    expect(await types(id)).toEqual(['saved', 'deleted', 'saved'])
    expect((await audit(organizations.next(), '', id)).status).toBe(401)
  })
})

describe('on record before it is done', () => {
  test('the event is written first, and the change after it (#233)', async () => {
    const id = organizations.next()
    written = []
    await world.save(id)
    await remove(id)
    expect(written).toEqual([
      'putIfAbsent audit',
      'compareAndSet connections',
      'putIfAbsent audit',
      'delete connections',
    ])
  })

  test('what cannot be recorded is not done: 503, and everything is as it was (#233)', async () => {
    const id = organizations.next()
    await world.save(id)
    const before = await world.connection(id)
    faults.push({ operation: 'putIfAbsent audit', instead: unavailable })
    const saved = await world.save(id, { scope: 'openid email' })
    expect([saved.status, saved.body.code]).toEqual([503, 'store_unavailable'])
    faults.push({ operation: 'putIfAbsent audit', instead: unavailable })
    expect((await remove(id)).status).toBe(503)
    expect(await world.connection(id)).toEqual(before)
    expect(await types(id)).toEqual(['saved'])
  })

  test('a change that somebody else’s came before is taken back, or recorded once when it is repeated', async () => {
    const id = organizations.next()
    await world.save(id)
    faults.push({ operation: 'compareAndSet connections', instead: () => Promise.resolve(undefined) })
    expect((await world.api('PUT', `/organizations/${id}/oidc/policy`, { session_lifetime: 60 })).status).toBe(200)
    expect(await types(id)).toEqual(['policy_set', 'saved'])
    const stale = await world.api(
      'PUT',
      `/organizations/${id}/oidc/policy`,
      { session_lifetime: 90 },
      { 'if-match': '"x"' },
    )
    expect(stale.status).toBe(412)
    expect(await types(id)).toEqual(['policy_set', 'saved'])
  })

  test('an event that cannot be taken back is an error in the log, and no other answer', async () => {
    const id = organizations.next()
    const logged = world.logs.length
    faults.push({ operation: 'compareAndSet connections', instead: () => Promise.resolve(undefined) })
    faults.push({ operation: 'delete audit', instead: unavailable })
    expect((await world.save(id)).status).toBe(200)
    const errors = world.logs.slice(logged).filter((line) => (JSON.parse(line) as { level: number }).level >= 50)
    expect(errors).toEqual([expect.stringContaining('could not be taken back')])
  })
})
