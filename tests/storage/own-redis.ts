/** A Redis that the test may kill, fill and demote: its own, on a port of its own. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../packages/server/src/free-port.ts'
import type { Place } from './backends.ts'

export interface OwnRedis {
  readonly place: Place
  readonly url: string
  readonly port: number
  /** Ends it as a power cut would, and waits until it is gone. */
  kill(): Promise<void>
  /** Starts it again after it was killed, on the same port with the same files. */
  start(): Promise<void>
  /** Runs a command as `redis-cli` takes it; returns what it prints. */
  command(...words: string[]): string
  /** Kills it and removes its files. */
  remove(): Promise<void>
}

export const own_redis = (() => {
  try {
    return execFileSync('redis-server', ['--version']).length > 0
  } catch {
    return false
  }
})()

/** Starts one with these options: it keeps nothing on disk unless they say so. */
export async function ownRedis(...options: string[]): Promise<OwnRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'rp-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const usual = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory],
    ...['--repl-diskless-sync-delay', '0'],
  ]
  let server: ChildProcess & { stdout: NonNullable<ChildProcess['stdout']> }
  const start = async () => {
    server = spawn('redis-server', [...usual, ...options], { stdio: ['ignore', 'pipe', 'ignore'] })
    for await (const chunk of server.stdout.iterator({ destroyOnReturn: false }))
      if (String(chunk).includes('Ready to accept connections')) break
    server.stdout.resume()
  }
  // Of a test that fails, nothing stays.
  process.once('exit', () => server.kill('SIGKILL'))
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  const remove = async () => {
    await kill()
    rmSync(directory, { recursive: true })
  }
  await start()
  const nothing = () => Promise.reject(new Error('nothing looks into this place'))
  return {
    place: { url, namespace: 'records', overwrite: nothing, count: nothing, remove },
    ...{ url, port, kill, start, remove },
    command: (...words) => execFileSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' }).trim(),
  }
}
