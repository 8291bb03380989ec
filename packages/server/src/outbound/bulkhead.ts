/**
 * Who may start now and who waits, so that one dead provider cannot take every slot, nor one connection by naming many hosts.
 *
 * A lane is one origin, asked on behalf of one connection. Each has its own limit; above them is one for all lanes of a
 * connection, its share, and one for everybody. Lanes that wait take turns.
 */

/** What all lanes of one connection have under way. */
export interface Share {
  active: number
}

export interface Lane {
  readonly share: Share
  active: number
  /** In order of arrival; a set, so that one that gave up is removed without a search. */
  readonly waiting: Set<Job>
}

export interface Job {
  start(): void
}

export interface Bulkhead {
  /** Starts the job now or later; false when its lane has too many waiting. */
  enter(lane: Lane, job: Job): boolean
  /** The job no longer waits. */
  withdraw(lane: Lane, job: Job): void
  /** A started job has ended: its slot goes to the next one. */
  leave(lane: Lane): void
}

export function createShare(): Share {
  return { active: 0 }
}

export function createLane(share: Share): Lane {
  return { share, active: 0, waiting: new Set() }
}

export function createBulkhead(limits: {
  per_origin: number
  per_connection: number
  waiting_per_origin: number
  total: number
}): Bulkhead {
  const waiting_lanes = new Set<Lane>()
  let active = 0

  function hasRoom({ active, share }: Lane): boolean {
    return active < limits.per_origin && share.active < limits.per_connection
  }

  function start(lane: Lane, job: Job): void {
    lane.active += 1
    lane.share.active += 1
    active += 1
    job.start()
  }

  function withdraw(lane: Lane, job: Job): void {
    lane.waiting.delete(job)
    if (lane.waiting.size === 0) waiting_lanes.delete(lane)
  }

  function startNext(): void {
    for (const lane of waiting_lanes) {
      if (active >= limits.total) return
      if (!hasRoom(lane)) continue
      const [job] = lane.waiting
      withdraw(lane, job!)
      // To the end of the row: the others are next.
      if (waiting_lanes.delete(lane)) waiting_lanes.add(lane)
      start(lane, job!)
    }
  }

  return {
    enter(lane, job) {
      if (hasRoom(lane) && active < limits.total && lane.waiting.size === 0) start(lane, job)
      else if (lane.waiting.size >= limits.waiting_per_origin) return false
      else {
        lane.waiting.add(job)
        waiting_lanes.add(lane)
      }
      return true
    },
    withdraw,
    leave(lane) {
      lane.active -= 1
      lane.share.active -= 1
      active -= 1
      if (waiting_lanes.size > 0) startNext()
    },
  }
}
