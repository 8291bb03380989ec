/** Starts {@link file://./instance.ts | instances} and ends them, kindly or not. */
import { fork, type ForkOptions } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { InstanceOptions, Order, Report } from './instance.ts'

export interface Instance {
  readonly port: number
  /** What it wrote so far. */
  output(): string
  /** Bytes of memory that live in it. */
  heap(): Promise<number>
  /** Lets it die at the n-th point from now. */
  dieAt(n: number): void
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** Answers what is under way, then ends. */
  stop(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Resolves when the instance listens. `execPath` may be a script that starts Node under limits. */
export async function startInstance(
  options: InstanceOptions,
  { execPath }: Pick<ForkOptions, 'execPath'> = {},
): Promise<Instance> {
  const child = fork(path('instance.ts'), [JSON.stringify(options)], {
    execArgv: ['--expose-gc', '--import', path('../support/sources.mjs')],
    // Dozens are started: what was compiled once is not compiled again.
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(tmpdir(), 'relying-party-compile-cache') },
    ...(execPath !== undefined && { execPath }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => (output += text))
  }
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal!)),
  )
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (report: Report & { port: number }) => resolve(report.port))
    void ended.then((how) => reject(new Error(`the instance did not start (${how}):\n${output}`)))
  })
  const order = (message: Order) => child.connected && child.send(message)
  return {
    port,
    output: () => output,
    heap: () =>
      new Promise((resolve) => {
        child.once('message', (report: Report & { heap: number }) => resolve(report.heap))
        order({ measure: true })
      }),
    dieAt: (n) => void order({ die_at: n }),
    ended,
    async stop() {
      order({ stop: true })
      await ended
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
