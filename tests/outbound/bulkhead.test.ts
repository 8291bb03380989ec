/** Limits hold, turns are taken, and nothing is forgotten, for every order of arrivals, endings and withdrawals. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBulkhead, createLane, type Job } from '../../packages/server/src/outbound/bulkhead.ts'

const limits = { per_origin: 2, waiting_per_origin: 3, total: 4 }

test('limits are never exceeded and every accepted job is started once, or withdrawn', () => {
  const action = fc.tuple(fc.constantFrom('enter', 'leave', 'withdraw'), fc.nat({ max: 3 }))
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const bulkhead = createBulkhead(limits)
      const lanes = [0, 1, 2, 3].map((name) => ({ name, lane: createLane(), active: 0, waiting: [] as Job[] }))
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
        const active = lanes.reduce((sum, lane) => sum + lane.active, 0)
        expect(active).toBeLessThanOrEqual(limits.total)
        for (const lane of lanes) {
          expect(lane.active).toBeLessThanOrEqual(limits.per_origin)
          // Nobody waits without a reason.
          if (lane.waiting.length > 0) expect(active === limits.total || lane.active === limits.per_origin).toBe(true)
        }
      }
      const waiting = lanes.reduce((sum, lane) => sum + lane.waiting.length, 0)
      expect(started + withdrawn + waiting).toBe(accepted)
    }),
    { numRuns: 1_000 },
  )
})

test('lanes that wait take turns', () => {
  const bulkhead = createBulkhead({ per_origin: 1, waiting_per_origin: 10, total: 1 })
  const [a, b] = [createLane(), createLane()]
  const order: string[] = []
  const enter = (name: string, lane: typeof a) => bulkhead.enter(lane, { start: () => void order.push(name) })
  for (const name of ['a1', 'a2', 'a3']) enter(name, a)
  for (const name of ['b1', 'b2']) enter(name, b)
  for (const lane of [a, a, b, a, b]) bulkhead.leave(lane)
  expect(order).toEqual(['a1', 'a2', 'b1', 'a3', 'b2'])
})

test('jobs that end while they start do not starve the others', () => {
  const bulkhead = createBulkhead({ per_origin: 1, waiting_per_origin: 10, total: 1 })
  const lane = createLane()
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
  expect(lane).toEqual({ active: 0, waiting: new Set() })
})
