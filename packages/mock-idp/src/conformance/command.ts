/** A relying party that is started for the run, by a command line, and stopped at its end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Milliseconds: how long it may take to print the line, and to end after SIGTERM. */
const patience = { start: 60_000, stop: 5000 }

export interface Command {
  /** The first line that it printed. */
  readonly said: string
  /** Ends all that it started. */
  stop(): Promise<void>
}

/** Runs a shell command line until it has printed a line; what it prints after that is ignored, its errors are shown. */
export async function startCommand(line: string): Promise<Command> {
  // A process group of its own: what the shell starts is stopped with it.
  const child = spawn(line, { shell: true, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const send = (signal: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, signal)
    } catch {
      // It has ended.
    }
  }
  const onExit = () => send('SIGTERM')
  process.once('exit', onExit)

  async function stop(): Promise<void> {
    send('SIGTERM')
    const last = setTimeout(() => send('SIGKILL'), patience.stop)
    await closed
    clearTimeout(last)
    process.off('exit', onExit)
  }

  const late = setTimeout(() => send('SIGTERM'), patience.start)
  const lines = createInterface({ input: child.stdout })
  const first = once(lines, 'line').then(([text]) => String(text))
  const ended = closed.then(([code, signal]) => {
    throw new Error(`it ended with ${code ?? signal} and had printed no driver: ${line}`)
  })
  try {
    return { said: await Promise.race([first, ended]), stop }
  } catch (error) {
    process.off('exit', onExit)
    throw error
  } finally {
    clearTimeout(late)
  }
}
