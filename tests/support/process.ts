/** The runnable server as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export interface ServerProcess {
  readonly child: ChildProcess
  /** What it wrote so far, stdout and stderr together. */
  output(): string
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** Asks it to stop and waits until it has. */
  stop(signal?: NodeJS.Signals): Promise<number | string>
}

/** Starts `relying-party-server` with exactly this environment. */
export function startProcess(env: Readonly<Record<string, string>>, ...given: readonly string[]): ServerProcess {
  const args = ['--import', path('sources.mjs'), path('../../packages/server/src/main.ts'), ...given]
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => (output += text))
  }
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'lost')),
  )
  return {
    child,
    output: () => output,
    ended,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

/** Waits until the server at this address answers, or says what it wrote instead. */
export async function untilReady(server: ServerProcess, base_url: string): Promise<void> {
  let ended: number | string | undefined
  void server.ended.then((code) => (ended = code))
  for (const deadline = Date.now() + 20_000; Date.now() < deadline && ended === undefined;) {
    const answer = await fetch(`${base_url}/readyz`).catch(() => undefined)
    if (answer?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the server did not become ready (${ended ?? 'still running'}):\n${server.output()}`)
}
