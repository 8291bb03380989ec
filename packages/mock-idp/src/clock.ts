/**
 * A clock per mock. oidc-provider reads `Date.now()` and takes no clock, so once a clock has been moved, `Date.now`
 * answers by instance inside a request of that instance, and truthfully everywhere else: the caller's own time,
 * faked or not, stays as it is. A clock that nobody moves touches nothing.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** Epoch seconds (milliseconds where those would lie beyond the year 5000), a date, or one as ISO 8601 writes it. */
export type Instant = number | Date | string

/** @throws {TypeError} when it is none */
function millisecondsOf(instant: Instant): number {
  const milliseconds = new Date(typeof instant === 'number' && instant < 1e11 ? instant * 1000 : instant).getTime()
  if (Number.isNaN(milliseconds))
    throw new TypeError(`${String(instant)} is no instant: epoch seconds, a date or ISO 8601`)
  return milliseconds
}

/** The time of one mock, in whole seconds since the epoch as in every JWT. */
export interface Clock {
  /** What time it is here. */
  now(): number
  /** Moves to this instant and runs on from there (or stays, when frozen). */
  set(instant: Instant): void
  /** Moves by this many seconds, backwards when negative. */
  advance(seconds: number): void
  /** Stops the time, here or at the instant given. */
  freeze(instant?: Instant): void
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
    set: (instant) => {
      if (frozen === undefined) offset = millisecondsOf(instant) - ambient()
      else frozen = millisecondsOf(instant)
    },
    advance: (seconds) => {
      if (frozen === undefined) offset += seconds * 1000
      else frozen += seconds * 1000
    },
    freeze: (instant) => {
      frozen = instant === undefined ? milliseconds() : millisecondsOf(instant)
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
