/** A PostgreSQL that the test may stop, fill and copy: its own, on a port and in a directory of its own. */
import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../packages/server/src/free-port.ts'
import type { Place } from './backends.ts'

export interface OwnPostgres {
  readonly place: Place
  start(): void
  stop(mode: 'fast' | 'immediate'): void
  /** Resolves when it has ended by itself. */
  ended(): Promise<void>
  /** Runs SQL in a session of its own. */
  sql(statement: string): void
  /** Another server that follows this one, read-only until it is promoted. */
  standby(): Promise<OwnPostgres & { promote(): void }>
}

export interface OwnPostgresOptions {
  /** Where its write-ahead log lies, if not with the rest. */
  readonly log_directory?: string
  /** Settings of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Where Debian and others put what a cluster of one's own needs; `initdb` is not on the PATH. */
const programs = (() => {
  try {
    return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim()
  } catch {
    return globSync('/usr/lib/postgresql/*/bin').at(-1)
  }
})()

export const own_postgres = programs !== undefined && existsSync(join(programs, 'initdb'))

/** It refuses to run as root. */
const owner = own_postgres && process.getuid!() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}

/** Hands a directory to the user that PostgreSQL runs as. */
export function giveToPostgres(directory: string): void {
  if (owner.uid !== undefined) chownSync(directory, owner.uid, owner.gid)
}

export async function ownPostgres({ log_directory, settings = {} }: OwnPostgresOptions = {}): Promise<OwnPostgres> {
  return server(settings, (run, data) => {
    const log = log_directory === undefined ? [] : ['--wal-segsize=1', '-X', join(log_directory, 'log')]
    run('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', ...log)
  })
}

type Run = (program: string, ...options: string[]) => void

async function server(settings: Readonly<Record<string, string>>, make: (run: Run, data: string) => void) {
  const directory = mkdtempSync(join(tmpdir(), 'rp-postgres-'))
  const [data, port] = [join(directory, 'data'), await freePort()]
  giveToPostgres(directory)
  const run: Run = (program, ...options) =>
    void execFileSync(join(programs!, program), options, { ...owner, cwd: directory, stdio: 'ignore' })
  const control = (command: string, ...options: string[]) => run('pg_ctl', command, '-D', data, ...options)
  const given = { port, listen_addresses: '127.0.0.1', unix_socket_directories: "''", ...settings }
  const options = Object.entries(given).map(([name, value]) => `-c ${name}=${value}`)
  const start = () => control('start', '--wait', '-l', join(directory, 'log'), '-o', options.join(' '))
  const stop = (mode: 'fast' | 'immediate') => control('stop', '--wait', '-m', mode)
  const runs = () => {
    try {
      control('status')
      return true
    } catch {
      return false
    }
  }
  const ended = async () => {
    while (runs()) await sleep(50)
  }
  // Of a test that fails, nothing stays.
  process.once('exit', () => existsSync(data) && runs() && stop('immediate'))
  make(run, data)
  start()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const nothing = () => Promise.reject(new Error('nothing looks into this place'))
  const remove = async () => {
    if (runs()) stop('immediate')
    rmSync(directory, { recursive: true })
  }
  const place: Place = { url, namespace: 'records', overwrite: nothing, count: nothing, remove }
  return {
    ...{ place, start, stop, ended },
    sql: (statement: string) => run('psql', '-d', url, '-v', 'ON_ERROR_STOP=1', '-c', statement),
    async standby() {
      const copy = await server(settings, (run, data) => run('pg_basebackup', '-d', url, '-D', data, '-R', '--no-sync'))
      return { ...copy, promote: () => copy.control('promote', '--wait') }
    },
    control,
  }
}

function idOf(which: '-u' | '-g'): number {
  return Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }))
}
