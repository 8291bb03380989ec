/** Starts {@link file://./worker.ts | workers} and talks with them. */
import { fork, type ChildProcess, type ForkOptions } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Place } from './backends.ts'
import type { Command, Message } from './worker.ts'

export interface Worker {
  readonly process: ChildProcess
  /** Sends a command and returns its answer. */
  ask<Answer extends Message>(command: Command): Promise<Answer>
  /** Calls back on every message. */
  listen(listener: (message: Message) => void): void
  /** Kills it as a power cut would, and waits until it is gone. */
  kill(): Promise<void>
}

/** A process with the store of this place open. `exec` may be a shell command that starts Node under limits. */
export async function startWorker(place: Place, options: Pick<ForkOptions, 'execPath'> = {}): Promise<Worker> {
  const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [place.url, place.namespace], {
    execArgv: ['--import', new URL('source-hooks.mjs', import.meta.url).href],
    ...options,
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const answer = <Answer extends Message>() =>
    new Promise<Answer>((resolve, reject) => {
      child.once('message', (message) => resolve(message as Answer))
      void gone.then(() => reject(new Error('the worker ended')))
    })
  await answer()
  return {
    process: child,
    ask: (command) => {
      const answered = answer()
      child.send(command)
      return answered as never
    },
    listen: (listener) => void child.on('message', (message) => listener(message as Message)),
    kill: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}
