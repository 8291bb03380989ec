/**
 * A clock per mock. oidc-provider reads `Date.now()` and takes no clock, so once a clock has been moved, `Date.now`
 * answers by instance inside a request of that instance, and truthfully everywhere else: the caller's own time,
 * faked or not, stays as it is. A clock that nobody moves touches nothing.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** The time of one mock, in whole seconds since the epoch as in every JWT. */
export interface Clock {
  /** What time it is here. */
  now(): number
  /** Moves to this instant and runs on from there (or stays, when frozen). */
  set(epochSeconds: number): void
  /** Moves by this many seconds, backwards when negative. */
  advance(seconds: number): void
  /** Stops the time, here or at the instant given. */
  freeze(epochSeconds?: number): void
  /** Back to the time of the machine. */
  reset(): void
}

/** A clock, and the way to run something by it. */
export interface RunningClock extends Clock {
  run<T>(action: () => T): T
}

/** A clock that shows the time of the machine until it is moved. */
export function createClock(): RunningClock {
  let offset = 0
  let frozen: number | undefined
  const milliseconds = () => frozen ?? ambient() + offset
  const clock: RunningClock = {
    now: () => Math.floor(milliseconds() / 1000),
    set: (epochSeconds) => {
      if (frozen === undefined) offset = epochSeconds * 1000 - ambient()
      else frozen = epochSeconds * 1000
    },
    advance: (seconds) => {
      if (frozen === undefined) offset += seconds * 1000
      else frozen += seconds * 1000
    },
    freeze: (epochSeconds) => {
      frozen = epochSeconds === undefined ? milliseconds() : epochSeconds * 1000
    },
    reset: () => {
      offset = 0
      frozen = undefined
    },
    run: (action) => {
      if (frozen === undefined && offset === 0) return action()
      makeAware(Date)
      return clockOfRequest.run(milliseconds, action)
    },
  }
  return clock
}

/** The caller's time, also while a request of ours runs and also when the caller has replaced `Date` by a fake. */
function ambient(): number {
  return clockOfRequest.exit(() => Date.now())
}

/** Test frameworks swap the whole `Date`; each one met is made aware once. */
function makeAware(constructor: DateConstructor): void {
  if (aware.has(constructor)) return
  aware.add(constructor)
  const own = constructor.now.bind(constructor)
  constructor.now = () => clockOfRequest.getStore()?.() ?? own()
}

const clockOfRequest = new AsyncLocalStorage<() => number>()
const aware = new WeakSet<DateConstructor>()
