/** Limits hold, turns are taken, and nothing is forgotten, for every order of arrivals, endings and withdrawals. */

import { expect, test } from 'vitest'
import { createBulkhead, createLane, createShare, type Job } from '../../packages/server/src/outbound/bulkhead.ts'
import fc from '../support/property.ts'

const limits = { per_origin: 2, per_connection: 3, waiting_per_origin: 3, total: 4 }

test('limits are never exceeded and every accepted job is started once, or withdrawn', () => {
  const action = fc.tuple(fc.constantFrom('enter', 'leave', 'withdraw'), fc.nat({ max: 4 }))
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const bulkhead = createBulkhead(limits)
      // Three lanes are of one connection, two of another.
      const shares = [createShare(), createShare()] as const
      const lanes = [0, 0, 0, 1, 1].map((connection) => ({
        connection,
        lane: createLane(shares[connection]!),
        active: 0,
        waiting: [] as Job[],
      }))
      let accepted = 0
      let started = 0
      let withdrawn = 0
      for (const [what, which] of actions) {
        const own = lanes[which]!
        if (what === 'enter') {
          const job: Job = {
            start() {
              // In order of arrival within the lane.
              if (own.waiting.length > 0) expect(own.waiting.shift()).toBe(job)
              own.active += 1
              started += 1
            },
          }
          const before = started
          if (bulkhead.enter(own.lane, job)) {
            accepted += 1
            if (started === before) own.waiting.push(job)
          } else {
            expect(own.waiting).toHaveLength(limits.waiting_per_origin)
          }
        } else if (what === 'leave' && own.active > 0) {
          own.active -= 1
          bulkhead.leave(own.lane)
        } else if (what === 'withdraw' && own.waiting.length > 0) {
          bulkhead.withdraw(own.lane, own.waiting.shift()!)
          withdrawn += 1
        }
        const sum = (some: typeof lanes) => some.reduce((sum, lane) => sum + lane.active, 0)
        const active = sum(lanes)
        expect(active).toBeLessThanOrEqual(limits.total)
        for (const lane of lanes) {
          expect(lane.active).toBeLessThanOrEqual(limits.per_origin)
          const of_connection = sum(lanes.filter(({ connection }) => connection === lane.connection))
          expect(of_connection).toBeLessThanOrEqual(limits.per_connection)
          // Nobody waits without a reason.
          const is_full =
            active === limits.total || of_connection === limits.per_connection || lane.active === limits.per_origin
          if (lane.waiting.length > 0) expect(is_full).toBe(true)
        }
      }
      const waiting = lanes.reduce((sum, lane) => sum + lane.waiting.length, 0)
      expect(started + withdrawn + waiting).toBe(accepted)
    }),
    { numRuns: 1_000 },
  )
})

test('lanes that wait take turns', () => {
  const bulkhead = createBulkhead({ per_origin: 1, per_connection: 1, waiting_per_origin: 10, total: 1 })
  const [a, b] = [createLane(createShare()), createLane(createShare())]
  const order: string[] = []
  const enter = (name: string, lane: typeof a) => bulkhead.enter(lane, { start: () => void order.push(name) })
  for (const name of ['a1', 'a2', 'a3']) enter(name, a)
  for (const name of ['b1', 'b2']) enter(name, b)
  for (const lane of [a, a, b, a, b]) bulkhead.leave(lane)
  expect(order).toEqual(['a1', 'a2', 'b1', 'a3', 'b2'])
})

test('a connection whose document names many hosts takes no more than its share; one dead host leaves it the rest (#285)', () => {
  const bulkhead = createBulkhead({ per_origin: 2, per_connection: 5, waiting_per_origin: 10, total: 8 })
  const greedy = createShare()
  const lanes = Array.from({ length: 10 }, () => createLane(greedy))
  const started: string[] = []
  const enter = (name: string, lane: (typeof lanes)[number]) =>
    expect(bulkhead.enter(lane, { start: () => void started.push(name) })).toBe(true)

  for (let index = 0; index < 4; index++) enter('dead', lanes[0]!)
  enter('alive', lanes[1]!)
  expect(started).toEqual(['dead', 'dead', 'alive'])

  for (const lane of lanes.slice(2)) enter('another', lane)
  expect(started).toEqual(['dead', 'dead', 'alive', 'another', 'another'])
  enter('of somebody else', createLane(createShare()))
  expect(started.at(-1)).toBe('of somebody else')

  // What a lane gives back goes to the connection's next lane in line; the dead host's own two keep its others waiting.
  bulkhead.leave(lanes[1]!)
  expect([started.at(-1), started.length]).toEqual(['another', 7])
})

test('jobs that end while they start do not starve the others', () => {
  const bulkhead = createBulkhead({ per_origin: 1, per_connection: 1, waiting_per_origin: 10, total: 1 })
  const lane = createLane(createShare())
  let ended = 0
  const atOnce: Job = {
    start() {
      ended += 1
      bulkhead.leave(lane)
    },
  }
  bulkhead.enter(lane, { start() {} })
  for (let index = 0; index < 5; index++) bulkhead.enter(lane, { start: () => atOnce.start() })
  bulkhead.leave(lane)
  expect(ended).toBe(5)
  expect(lane).toEqual({ share: { active: 0 }, active: 0, waiting: new Set() })
})
