/** Flows that nobody comes back from: an attempt once they cannot be finished any more, and nothing before. */
import {
  emptyConnection,
  nearMisses,
  replaysIdentically,
  StoreUnavailable,
  type AwaitingAuthorizationResponse,
  type Connection,
  type Store,
} from '@relying-party/core'
import { openStore, relyingParty, type Outbound } from '@relying-party/server'
import { fastify } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { watchFlows } from '../../packages/server/src/abandoned.ts'
import { createAttempts, type Attempt } from '../../packages/server/src/attempts.ts'
import { UserAgent } from '../support/user-agent.ts'
import { createWorld, organizationIds, type World } from '../support/world.ts'

const organizations = organizationIds(30)
let world: World
let store: Store
let outbound: Outbound
/** What the store is asked to write; while `fails` holds of it, it refuses. */
const writes: string[] = []
let fails: (operation: string) => boolean = () => false

beforeAll(async () => {
  const wrapStore = (opened: Store): Store => {
    const watched = <A extends unknown[], R>(name: string, carryOut: (collection: string, ...more: A) => Promise<R>) =>
      ((collection: string, ...more: A) => {
        const operation = `${name} ${collection}`
        if (name !== 'get') writes.push(operation)
        return fails(operation)
          ? Promise.reject(new StoreUnavailable('the test says so'))
          : carryOut(collection, ...more)
      }) as never
    store = {
      ...opened,
      get: watched('get', opened.get as never),
      putIfAbsent: watched('putIfAbsent', opened.putIfAbsent as never),
      compareAndSet: watched('compareAndSet', opened.compareAndSet as never),
    }
    return store
  }
  const wrapOutbound = (made: Outbound) => (outbound = made)
  world = await createWorld({ organizations: organizations.ids, wrapStore, wrapOutbound })
})
beforeEach(() => {
  fails = () => false
  world.idp.clearFaults()
  // The mock's clock is its own. A whole minute: what is started now waits the longest.
  world.clock.now = Math.ceil(Date.now() / 60_000) * 60
})
afterAll(() => world.close())

const lifetime = 900
/** The whole minute, the flow's lifetime, and a minute of grace. */
const untilDue = 60 + lifetime + 60

function pass(seconds: number): Promise<void> {
  world.clock.now += seconds
  return world.sweep()
}
const attempts = async (id: string) =>
  (await world.api('GET', `/organizations/${id}/attempts`)).body.attempts as Record<string, unknown>[]
const abandoned = async (id: string) => (await attempts(id)).filter(({ code }) => code === 'flow_abandoned')
const whole = async (id: string, attempt_id: unknown) =>
  (await world.api('GET', `/organizations/${id}/attempts/${String(attempt_id)}`)).body
const lastTest = async (id: string) => (await world.connection(id)).candidate.last_test as unknown
async function enabled(): Promise<string> {
  const id = organizations.next()
  await world.enable(id)
  return id
}

describe('a test', () => {
  test('says that it never came back, with the address to register, on the attempt and on the connection', async () => {
    const id = organizations.next()
    await world.save(id)
    await world.testCallback(id)
    await pass(untilDue - 1)
    expect([await attempts(id), await lastTest(id)]).toMatchObject([[], { outcome: 'running' }])
    await pass(1)
    const [{ attempt_id } = { attempt_id: '' }, ...more] = await attempts(id)
    expect(more).toEqual([])
    expect(await whole(id, attempt_id)).toMatchObject({
      purpose: 'test',
      outcome: 'failed',
      code: 'flow_abandoned',
      blame: 'organization_admin',
      remedy: nearMisses.never_came_back.remedy,
      value: `${world.organization(id)}/oidc/consume`,
      duration: untilDue,
      cause: {
        id: 'response_returned',
        problem: { near_miss: 'never_came_back', value: `${world.organization(id)}/oidc/consume` },
      },
    })
    expect(await lastTest(id)).toMatchObject({
      outcome: 'failed',
      attempt_id,
      failure: { code: 'flow_abandoned', blame: 'organization_admin', remedy: nearMisses.never_came_back.remedy },
    })
    const transcript = (await world.api('GET', `/organizations/${id}/attempts/${String(attempt_id)}/transcript`)).body
    expect(transcript).toMatchObject({ circumstances: null, events: [{ type: 'abandoned' }] })
    expect(await replaysIdentically(transcript)).toBe(true)
    await pass(600)
    expect(await attempts(id)).toHaveLength(1)
  })

  test('each is an attempt, and none hides what a newer one has found out', async () => {
    const id = organizations.next()
    await world.save(id)
    await world.testCallback(id)
    world.clock.now += 1
    await world.testCallback(id)
    world.clock.now += 1
    await world.runTest(id)
    await pass(untilDue)
    expect(await abandoned(id)).toHaveLength(2)
    expect(await lastTest(id)).toMatchObject({ outcome: 'passed' })
  })

  test('of settings that were replaced meanwhile: nothing', async () => {
    const id = organizations.next()
    await world.save(id)
    await world.testCallback(id)
    await world.save(id, { client_id: 'another' })
    world.logs.length = 0
    await pass(untilDue)
    expect([await attempts(id), await lastTest(id)]).toEqual([[], undefined])
    expect(world.logs.filter((line) => line.includes('could not be recorded'))).toEqual([])
  })

  test('of an organization that was deleted and made anew: nothing', async () => {
    const id = organizations.next()
    await world.save(id)
    await world.testCallback(id)
    await world.api('DELETE', `/organizations/${id}/oidc`)
    await pass(untilDue)
    await world.save(id)
    await pass(0)
    expect([await attempts(id), await lastTest(id)]).toEqual([[], undefined])
  })
})

describe('logins', () => {
  test('starting writes nothing; those of one minute are one attempt, those of the next another', async () => {
    const id = await enabled()
    writes.length = 0
    for (let n = 0; n < 3; n++) await world.callback(id)
    expect(writes).toEqual([])
    world.clock.now += 60
    await world.callback(id)
    await pass(untilDue)
    expect((await abandoned(id)).map(({ purpose, count = 1 }) => [purpose, count])).toEqual([
      ['login', 1],
      ['login', 3],
    ])
    const [{ attempt_id } = { attempt_id: '' }] = await abandoned(id)
    // Of somebody who closed the window there is nothing to say.
    expect((await whole(id, attempt_id)).cause.problem).toMatchObject({ code: 'flow_abandoned', near_miss: null })
  })

  test('who came back did not abandon it, whatever became of it', async () => {
    const id = await enabled()
    await world.login(id)
    world.idp.inject('token.invalid_client', { times: 1 })
    await world.login(id)
    await pass(untilDue)
    expect((await attempts(id)).map(({ code }) => code)).toEqual(['token_invalid_client', null, null])
  })
})

test('who came back makes room for others', async () => {
  const id = await enabled()
  for (let n = 0; n < 20; n++) await world.login(id)
  await world.callback(id)
  await pass(untilDue)
  expect(await abandoned(id)).toHaveLength(1)
})

describe('a store that fails', () => {
  test.each(['get connections', 'get claims', 'putIfAbsent claims'])(
    '%s: the sweep ends, the next one records it',
    async (operation) => {
      const id = await enabled()
      await world.callback(id)
      fails = (one) => one === operation
      await pass(untilDue)
      expect(world.logs.at(-1)).toContain('the test says so')
      fails = () => false
      expect(await abandoned(id)).toEqual([])
      await pass(300)
      expect(await abandoned(id)).toHaveLength(1)
    },
  )

  test('a result that cannot be told to the connection is an attempt nevertheless, once', async () => {
    const id = organizations.next()
    await world.save(id)
    await world.testCallback(id)
    fails = (one) => one === 'compareAndSet connections'
    await pass(untilDue)
    fails = () => false
    await pass(300)
    expect(await abandoned(id)).toHaveLength(1)
  })

  // The claim of a flow outlives it by as much: later, one that was finished elsewhere looks like one that never was.
  test.each([
    [899, 1],
    [900, 0],
  ])('until %i seconds after the end of the flow: %i recorded', async (later, count) => {
    const id = await enabled()
    await world.callback(id)
    fails = () => true
    await pass(untilDue)
    fails = () => false
    await pass(lifetime + later - untilDue)
    expect(await abandoned(id)).toHaveLength(count)
  })
})

describe('two instances', () => {
  /** Another instance on the same store, and its housekeeping. */
  async function another() {
    const app = fastify()
    const { base_url, clock } = world
    const now = () => clock.now
    const tasks: (() => Promise<void>)[] = []
    await app.register(relyingParty, {
      ...{ base_url, store, session_store: store, outbound, now, rate_limits: false, allowsHttp: () => true },
      secret_keys: [Buffer.alloc(32, 7).toString('base64url')],
      schedule: (_seconds, task) => {
        tasks.push(task)
        return () => {}
      },
    })
    const get = (url: string, agent = new UserAgent()) => {
      const cookie = [...agent.cookies].map(([name, { value }]) => `${name.split('|')[0]}=${value}`).join('; ')
      return app.inject({ url, headers: { cookie } })
    }
    return { app, get, sweep: () => Promise.all(tasks.map((task) => task())) }
  }

  test('what was finished on the other one was not abandoned', async () => {
    const id = await enabled()
    const other = await another()
    const agent = new UserAgent()
    const { pathname, search } = await world.callback(id, agent)
    expect((await other.get(pathname + search, agent)).headers.location).toBe(`${world.base_url}/welcome`)
    await world.callback(id)
    await pass(untilDue)
    expect((await abandoned(id)).map(({ count = 1 }) => count)).toEqual([1])
    await other.app.close()
  })

  test('of a minute there is one attempt, from whichever sweeps first', async () => {
    const id = await enabled()
    const other = await another()
    await world.callback(id)
    expect((await other.get(`/organizations/${id}/oidc/login`)).statusCode).toBe(302)
    await pass(untilDue)
    await other.sweep()
    expect(await abandoned(id)).toHaveLength(1)
    await other.app.close()
  })
})

describe('ten thousand starts', () => {
  /** Flows of connections that are named like their organization; the settings of `broken` cannot be read. */
  async function watching() {
    const clock = { now: 1_900_000_020 }
    const now = () => clock.now
    const memory = await openStore('memory:', { now })
    const errors: unknown[] = []
    const log = { info: () => {}, warn: () => {}, error: (facts: unknown) => void errors.push(facts) }
    const context = { store: memory, session_store: memory, now, log, count: () => {}, tolerances: { flow: lifetime } }
    const attempts = createAttempts({ ...context, random: (bytes) => new Uint8Array(bytes) })
    const live = { revision: 1, settings: { issuer: 'https://idp.example' } }
    const connections = {
      load: (id: string) => Promise.resolve({ connection: { ...emptyConnection(id, id), live }, version: '1' }),
      relyingParty({ organization_id, connection_id }: Connection) {
        if (organization_id === 'broken') return Promise.reject(new Error('its key is gone'))
        const client = { redirect_uri: 'https://rp.example' }
        return Promise.resolve({ organization_id, connection_id, revision: 1, client })
      },
    }
    const parts = { context, connections, knowledge: {}, attempts } as unknown as Parameters<typeof watchFlows>[0]
    const outstanding = watchFlows(parts)
    let started = 0
    return {
      clock,
      errors,
      outstanding,
      start(id: string) {
        const bound = { purpose: 'login', organization_id: id, connection_id: id, revision: 1 }
        const flow = { phase: 'awaiting_authorization_response', ...bound, nonce: 'nonce', return_to: '/' }
        const values = { state: `state-${started++}`, started_at: clock.now }
        outstanding.watch({ ...flow, ...values } as unknown as AwaitingAuthorizationResponse)
      },
      /** How many attempts were written, and for how many flows. */
      async told() {
        const rows = (await memory.list('attempts', { limit: 5000 })).filter(({ key }) => key.includes('.failed/'))
        return [rows.length, rows.reduce((sum, { value }) => sum + (value as unknown as Attempt).count, 0)]
      },
    }
  }

  test.each([
    ['of one connection', 10_000, 1, [1, 20]],
    ['of a thousand', 10_000, 1000, [500, 5000]],
    ['of a thousand, three times', 30_000, 1000, [500, 10_000]],
  ] as const)(
    '%s leave memory and store flat: 20 of each of 500 connections are watched',
    async (_name, starts, count, told) => {
      const watched = await watching()
      for (let n = 0; n < starts; n++) watched.start(`org-${n % count}`)
      watched.clock.now += untilDue
      await watched.outstanding.sweep()
      expect(await watched.told()).toEqual(told)
      watched.clock.now += 600
      await watched.outstanding.sweep()
      expect(await watched.told()).toEqual(told)
    },
  )

  test('that go on and on: what is watched comes to its end all the same', async () => {
    const watched = await watching()
    for (let minute = 0; minute < 50; minute++) {
      for (let n = 0; n < 200; n++) watched.start('acme')
      watched.clock.now += 60
      await watched.outstanding.sweep()
    }
    expect(await watched.told()).toEqual([2, 40])
  })

  test('what cannot be told of one connection is logged, and told of the others', async () => {
    const watched = await watching()
    for (const id of ['broken', 'acme']) watched.start(id)
    watched.clock.now += untilDue
    await watched.outstanding.sweep()
    expect(await watched.told()).toEqual([1, 1])
    expect(watched.errors).toMatchObject([{ err: { message: 'its key is gone' } }])
  })
})

test('the housekeeping is repeated by a timer, as long as the application lives', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const app = fastify()
  const swept: number[] = []
  const sweeping: Store = { ...store, sweep: (at) => Promise.resolve(swept.push(at) && 0) }
  try {
    const { base_url } = world
    const secret_keys = [Buffer.alloc(32, 7).toString('base64url')]
    await app.register(relyingParty, { base_url, store: sweeping, session_store: sweeping, outbound, secret_keys })
    vi.advanceTimersByTime(300_000)
    await expect.poll(() => swept).toHaveLength(1)
    await app.close()
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
