/** What several processes on one backend must not break. RACE_PROCESSES and RACE_ROUNDS change the numbers. */
import { chmodSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backends, openIn, sqlite, type Place } from './backends.ts'
import { startWorker, type Worker } from './processes.ts'
import type { Message, Span } from './worker.ts'

const processes = Number(process.env['RACE_PROCESSES'] ?? 8)
const rounds = Number(process.env['RACE_ROUNDS'] ?? 1000)
/** Nobody starts the next ones before all have tried these: who is fast does not run away. */
const batch = 25
/** What each process adds to the one record that all of them change: the more often, the more have to try again. */
const additions = Math.ceil(rounds / processes)
const now = () => Date.now() / 1000
const timeout = 20_000 + processes * rounds * 20

describe.each(backends.filter((backend) => backend.shared && !backend.available))('$name', () => {
  test.skip('is tried when POSTGRES_URL and REDIS_URL name one', () => {})
})

describe.each(backends.filter((backend) => backend.shared && backend.available))('$name', (backend) => {
  let place: Place
  let store: Store
  let workers: Worker[]

  beforeAll(async () => {
    place = await backend.create()
    // All open at once, each ready to create what is missing.
    workers = await Promise.all(Array.from({ length: processes }, () => startWorker(place)))
    store = await openIn(place, { now })
  })
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill()))
    await store.close()
    await place.remove()
  })

  /** Writes `rounds` records for a race: their versions. */
  const prepare = (collection: 'connections' | 'sessions') =>
    Promise.all(
      Array.from(
        { length: rounds },
        async (_, i) => (await store.compareAndSet(collection, `race/${i}`, null, 0, null))!,
      ),
    )

  /** Which process won each round. Every round must have exactly one winner; in many another must have tried meanwhile. */
  const race = async (operation: 'claim' | 'set' | 'delete', versions: string[]) => {
    const winners: (number | undefined)[] = []
    let contested = 0
    for (let from = 0; from < rounds; from += batch) {
      const command = { do: 'race', operation, from, versions: versions.slice(from, from + batch) } as const
      const answers = await Promise.all(workers.map((worker) => worker.ask<{ won: number[]; tried: Span[] }>(command)))
      const won = answers.flatMap(({ won }) => won).toSorted((a, b) => a - b)
      expect(won).toEqual(command.versions.map((_, i) => from + i))
      for (const round of won) {
        const winner = answers.findIndex((answer) => answer.won.includes(round))
        const [started, ended] = answers[winner]!.tried[round - from]!
        winners.push(workers[winner]!.process.pid)
        const others = answers.toSpliced(winner, 1).map(({ tried }) => tried[round - from]!)
        if (others.some(([from, until]) => from < ended && started < until)) contested += 1
      }
    }
    // Mostly 30 to 80 in 100: in the others the winner was done before anybody else tried.
    expect(contested).toBeGreaterThan(rounds / 20)
    return winners
  }

  test(
    `a claim is granted to one of ${processes} processes, in each of ${rounds} rounds (#266)`,
    async () => {
      const winners = await race('claim', Array<string>(rounds).fill(''))
      for (const [i, pid] of winners.entries()) {
        expect(await store.get('claims', `race/${i}`)).toMatchObject({ value: pid })
      }
    },
    timeout,
  )

  test(
    `one of ${processes} processes changes a version, in each of ${rounds} rounds`,
    async () => {
      const winners = await race('set', await prepare('connections'))
      for (const [i, pid] of winners.entries()) {
        expect(await store.get('connections', `race/${i}`)).toMatchObject({ value: pid })
      }
    },
    timeout,
  )

  test(
    `one of ${processes} processes removes a record, in each of ${rounds} rounds`,
    async () => {
      await race('delete', await prepare('sessions'))
      expect(await store.list('sessions', { limit: 1 })).toEqual([])
    },
    timeout,
  )

  test(
    'no update is lost when processes try again, and no version comes twice',
    async () => {
      await store.putIfAbsent('connections', 'count', 0, null)
      const answers = await Promise.all(
        workers.map((worker) => worker.ask<{ written: string[] }>({ do: 'count', times: additions })),
      )
      expect(await store.get('connections', 'count')).toMatchObject({ value: processes * additions })
      expect(new Set(answers.flatMap(({ written }) => written)).size).toBe(processes * additions)
    },
    timeout,
  )

  test('what was acknowledged survives kill -9 (#265)', async () => {
    const worker = await startWorker(place)
    const acknowledged: number[] = []
    const enough = new Promise<void>((resolve) => {
      worker.listen((message) => {
        if ('acknowledged' in message && acknowledged.push(message.acknowledged) === 100) resolve()
      })
    })
    void worker.ask({ do: 'write' }).catch(() => {})
    await enough
    await worker.kill()

    const reopened = await openIn(place, { now })
    for (const i of acknowledged) expect(await reopened.get('audit', `write/${i}`)).toMatchObject({ value: 'x' })
    await reopened.close()
  })
})

test('SQLite on a full disk: the write that does not fit is rejected, all before it stay (#280)', async () => {
  const place = await sqlite.create()
  const first = await openIn(place, { now })
  const path = place.url.slice('sqlite:'.length)
  const limited = join(dirname(path), 'limited-node')
  writeFileSync(limited, `#!/bin/sh\nulimit -f 2000\nexec '${process.execPath}' "$@"\n`)
  chmodSync(limited, 0o700)

  const worker = await startWorker(place, { execPath: limited })
  const acknowledged: number[] = []
  const failed = new Promise<Message>((resolve) => {
    worker.listen((message) => {
      if ('acknowledged' in message) acknowledged.push(message.acknowledged)
      if ('failed' in message) resolve(message)
    })
  })
  void worker.ask({ do: 'fill' }).catch(() => {})
  expect(await failed).toEqual({ failed: 'StoreUnavailable' })
  await worker.kill()

  expect(acknowledged.length).toBeGreaterThan(10)
  for (const i of acknowledged) expect(await first.get('audit', `write/${i}`)).toBeDefined()
  expect(await first.get('audit', `write/${acknowledged.length}`)).toBeUndefined()
  await first.close()
  await place.remove()
})
