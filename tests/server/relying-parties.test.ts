/** The relying party stands once beside the attempts of a day; whoever reads an attempt finds it in there. */
import { expect, test } from 'vitest'
import {
  StoreUnavailable,
  type Json,
  type JwkSet,
  type RelyingParty,
  type Store,
  type Transcript,
} from '@relying-party/core'
import { openStore } from '@relying-party/server'
import { createAttempts } from '../../packages/server/src/attempts.ts'
import type { Login } from '../core/support/play.ts'
import { at, jwks as published } from '../core/support/provider.ts'
import { recorded } from '../core/support/recorded.ts'

const day = 86_400
const owner = { connection_id: 'connection-1' }
const jwks = published as unknown as JwkSet
const login = await transcriptOf({})
const failed = await transcriptOf({ answers: { token: 'timed_out' } })

/** Of a provider whose metadata and keys are known when the person comes back. */
async function transcriptOf(asked: Login): Promise<Transcript> {
  return (await recorded({ ...asked, rp: { jwks: { value: jwks, fetched_at: at } } })).transcript
}

async function kept(wrapStore: (store: Store) => Store = (store) => store) {
  // In the middle of a day.
  const clock = { now: 22_000 * day + day / 2 }
  const now = () => clock.now
  const store = await openStore('memory:', { now })
  const wrapped = wrapStore(store)
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  let drawn = 0
  const random = (bytes: number) => new Uint8Array(bytes).fill(drawn++)
  const instance = () => createAttempts({ store: wrapped, now, random, log, count: () => {} })
  const shown = ({ connection_id } = owner) =>
    store.list('attempts', { prefix: `${connection_id}.relying_party/`, limit: 1000 })
  return { clock, store, instance, attempts: instance(), shown }
}

test('however many logins a day has, on however many instances, it is stored once, and is in no attempt', async () => {
  const { attempts, instance, store, shown } = await kept()
  for (const one of [attempts, attempts, instance()]) await one.record(login, { claimed: true })
  expect(await shown()).toMatchObject([{ value: { issuer: login.relying_party.issuer, jwks: { value: jwks } } }])
  const rows = await store.list('attempts', { prefix: `${owner.connection_id}.succeeded/`, limit: 10 })
  expect(rows).toHaveLength(3)
  expect(JSON.stringify(rows)).not.toContain('jwks_uri')
  expect(JSON.stringify(rows)).not.toContain('default_role')
})

test('an attempt reads as it was recorded, alone and in a list', async () => {
  const { attempts } = await kept()
  const ids = [await attempts.record(login, { claimed: true }), await attempts.record(failed, { claimed: true })]
  const { entries } = await attempts.list(owner, 10)
  for (const [index, transcript] of [login, failed].entries()) {
    const attempt = await attempts.get(owner, ids[index]!)
    expect(JSON.stringify(attempt!.transcript)).toBe(JSON.stringify(transcript))
    expect(entries).toContainEqual(attempt)
    expect(attempt).toMatchObject({ omitted: false })
  }
})

test('a document that is fetched again and is the same changes nothing but the time', async () => {
  const { attempts, shown } = await kept()
  const again = { ...login.relying_party, jwks: { value: structuredClone(jwks), fetched_at: at + 600 } }
  const ids = [
    await attempts.record(login, { claimed: true }),
    await attempts.record({ ...login, relying_party: again }, { claimed: true }),
  ]
  expect(await shown()).toHaveLength(1)
  const read = await Promise.all(ids.map((id) => attempts.get(owner, id)))
  expect(read.map((attempt) => attempt!.transcript!.relying_party)).toEqual([login.relying_party, again])
})

test.each<[string, Partial<RelyingParty>]>([
  ['a document', { jwks: { value: { keys: [{ ...jwks.keys[0]!, kid: 'another' }] }, fetched_at: at } }],
  ['the settings', { issuer: 'https://another.example' }],
])('%s changed: attempts from before show the earlier one', async (_, change) => {
  const { attempts, shown } = await kept()
  const after = { ...login, relying_party: { ...login.relying_party, ...change } }
  const ids = [await attempts.record(login, { claimed: true }), await attempts.record(after, { claimed: true })]
  expect(await shown()).toHaveLength(2)
  const read = await Promise.all(ids.map((id) => attempts.get(owner, id)))
  expect(read.map((attempt) => attempt!.transcript!.relying_party)).toEqual([login.relying_party, after.relying_party])
})

test('a list reads it once, however many attempts name it', async () => {
  let reads = 0
  const { attempts } = await kept((store) => ({
    ...store,
    get: (...asked) => {
      reads += 1
      return store.get(...asked)
    },
  }))
  for (let n = 0; n < 20; n++) await attempts.record(login, { claimed: true })
  expect((await attempts.list(owner, 50)).entries).toHaveLength(20)
  expect(reads).toBe(1)
})

test.each([
  ['a failure, 30 days', failed, 30],
  ['a login, 7 days', login, 7],
])('it is there as long as the last attempt of their day: %s', async (_, transcript, days) => {
  const { clock, store, attempts, shown } = await kept()
  await attempts.record(transcript, { claimed: true })
  // The last second of the day.
  clock.now += day / 2 - 1
  const attempt_id = await attempts.record(transcript, { claimed: true })
  expect(await shown()).toHaveLength(1)
  clock.now += days * day - 1
  await store.sweep(clock.now, 1000)
  expect((await attempts.get(owner, attempt_id))!.transcript).toEqual(transcript)
  clock.now += 31 * day
  expect(await shown()).toEqual([])
})

test('the next day stores it anew', async () => {
  const { clock, attempts, shown } = await kept()
  await attempts.record(login, { claimed: true })
  clock.now += day
  await attempts.record(login, { claimed: true })
  expect(await shown()).toHaveLength(2)
})

test('each connection has its own', async () => {
  const { attempts, shown } = await kept()
  await attempts.record(login, { claimed: true })
  const another = { ...login, relying_party: { ...login.relying_party, connection_id: 'connection-2' } }
  await attempts.record(another, { claimed: true })
  expect([await shown(), await shown({ connection_id: 'connection-2' })]).toMatchObject([
    [{ value: { connection_id: 'connection-1' } }],
    [{ value: { connection_id: 'connection-2' } }],
  ])
})

test.each([
  ['succeeded', login, { failure: null, access: { role: 'read' }, claims: { sub: 'user-1' }, refusal: null }],
  ['failed', failed, { failure: { code: 'request_timed_out' }, access: null, claims: null, refusal: null }],
])(
  'where the store has lost it, an attempt that %s tells how it ended, and is no error',
  async (outcome, transcript, told) => {
    const { attempts, store, shown } = await kept()
    const attempt_id = await attempts.record(transcript, { claimed: true })
    for (const { key } of await shown()) await store.delete('attempts', key)
    const attempt = await attempts.get(owner, attempt_id)
    expect(attempt).toMatchObject({ attempt_id, outcome, ...told })
    expect(attempt!.transcript).toBeUndefined()
    expect((await attempts.list(owner, 10)).entries).toEqual([attempt])
  },
)

test('an attempt of a release that left it in there reads as it did', async () => {
  const { attempts, store } = await kept()
  const attempt_id = await attempts.record(login, { claimed: true })
  const earlier = { ...(await attempts.get(owner, attempt_id))!, attempt_id: 'earlier' }
  await store.putIfAbsent('attempts', `${owner.connection_id}.succeeded/earlier`, earlier as unknown as Json, null)
  expect(await attempts.get(owner, 'earlier')).toEqual(earlier)
})

test('one that could not be stored is stored with the next attempt', async () => {
  const trouble = { now: true }
  const { attempts, shown } = await kept((store) => ({
    ...store,
    putIfAbsent: (collection, key, ...rest) =>
      trouble.now && key.includes('.relying_party/')
        ? Promise.reject(new StoreUnavailable('it does not answer'))
        : store.putIfAbsent(collection, key, ...rest),
  }))
  await expect(attempts.record(login, { claimed: true })).rejects.toThrow(StoreUnavailable)
  expect((await attempts.list(owner, 10)).entries).toEqual([])
  trouble.now = false
  const attempt_id = await attempts.record(login, { claimed: true })
  expect(await shown()).toHaveLength(1)
  expect((await attempts.get(owner, attempt_id))!.transcript).toEqual(login)
})
