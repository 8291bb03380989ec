/**
 * A process beside the test's own, on the same backend. It opens the store, says `ready`, and does what it is told:
 * - `race`: some keys once each, for a claim, a compare-and-set at a given version, or a delete; answers which it won, and
 *   when it tried each;
 * - `count`: increments one record, trying again after each conflict; answers the versions that it wrote;
 * - `write`: one audit record after the other, telling of each when it was acknowledged, until it is killed;
 * - `fill`: like `write` with large values, until a write fails; answers the name of the error.
 */
import { openStore } from '../../packages/server/src/storage/open.ts'

export type Command =
  | {
      readonly do: 'race'
      readonly operation: 'claim' | 'set' | 'delete'
      /** The first key. */
      readonly from: number
      readonly versions: readonly string[]
    }
  | { readonly do: 'count'; readonly times: number }
  | { readonly do: 'write' }
  | { readonly do: 'fill' }

export type Message =
  | { readonly ready: true }
  | { readonly won: readonly number[]; readonly tried: readonly Span[] }
  | { readonly written: readonly string[] }
  | { readonly acknowledged: number }
  | { readonly failed: string }

/** From and until when, in milliseconds that all processes count alike. */
export type Span = readonly [number, number]

const [url, namespace] = process.argv.slice(2)
const now = () => Date.now() / 1000
const store = await openStore(url!, { now, namespace: namespace! })
const say = (message: Message) => process.send!(message)

process.on('message', (command: Command) => {
  if (command.do === 'race') void race(command)
  else if (command.do === 'count') void count(command.times)
  else if (command.do === 'write') void write('x', 8)
  else void write('x'.repeat(10_000), 1)
})
process.on('disconnect', () => process.exit())
say({ ready: true })

async function race({ operation, from, versions }: Command & { do: 'race' }): Promise<void> {
  const won: number[] = []
  const tried: Span[] = []
  const clock = () => performance.timeOrigin + performance.now()
  let next = 0
  const run = async () => {
    for (let i = next++; i < versions.length; i = next++) {
      const started = clock()
      if (await attempt(operation, from + i, versions[i]!)) won.push(from + i)
      tried[i] = [started, clock()]
    }
  }
  await Promise.all([run(), run(), run(), run()])
  say({ won, tried })
}

async function attempt(operation: string, i: number, version: string): Promise<boolean> {
  if (operation === 'claim') return store.putIfAbsent('claims', `race/${i}`, process.pid, now() + 600)
  if (operation === 'delete') return store.delete('sessions', `race/${i}`)
  return undefined !== (await store.compareAndSet('connections', `race/${i}`, version, process.pid, null))
}

async function count(times: number): Promise<void> {
  const written: string[] = []
  while (written.length < times) {
    const { value, version } = (await store.get('connections', 'count'))!
    const after = await store.compareAndSet('connections', 'count', version, (value as number) + 1, null)
    if (after) written.push(after)
  }
  say({ written })
}

async function write(value: string, in_flight: number): Promise<void> {
  let next = 0
  const run = async () => {
    for (;;) {
      const i = next++
      await store.putIfAbsent('audit', `write/${i}`, value, null)
      say({ acknowledged: i })
    }
  }
  await Promise.all(Array.from({ length: in_flight }, run)).catch((error: Error) => say({ failed: error.name }))
}
