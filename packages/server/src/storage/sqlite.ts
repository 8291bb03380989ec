/**
 * Records in one SQLite file, through the `node:sqlite` of the platform: the embedded default. Its calls are synchronous,
 * so writes that are issued in the same turn of the event loop share one transaction: N logins in flight cost one fsync.
 * Rule: a promise resolves after COMMIT (`synchronous=FULL`), so what was acknowledged survives a crash or a power cut.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '@relying-party/core'
import { withinDeadline } from './deadline.ts'
import type { Row } from './envelope.ts'
import type { Range } from './keys.ts'
import { keyvStore, refuse, type AtomicAdapter, type StoreOptions } from './keyv-store.ts'

/** Opens the store in this file; creates it, readable by its owner only, and the directories above it. */
export async function openSqlite(path: string, options: StoreOptions): Promise<Store> {
  const adapter = await withinDeadline(backend, options.deadline_ms, async () => {
    createPrivately(path)
    const open = () => openFile(path)
    return new SqliteAdapter(open, await patiently(options.deadline_ms, open), options)
  })
  return keyvStore(backend, adapter, options)
}

/** A write that waits for its transaction. It runs again from the start if that transaction finds the file locked. */
interface Write {
  readonly until: number
  run(): void
  done(): void
  failed(error: unknown): void
}

class SqliteAdapter implements AtomicAdapter {
  readonly opts = {}
  readonly set = refuse
  readonly clear = refuse
  private readonly open: () => DatabaseSync
  private db: DatabaseSync
  private readonly now: () => number
  private readonly deadline_ms: number
  private sql: Statements
  private waiting: Write[] = []
  private scheduled = false

  constructor(open: () => DatabaseSync, db: DatabaseSync, options: StoreOptions) {
    this.open = open
    this.db = db
    this.now = options.now
    this.deadline_ms = options.deadline_ms
    this.sql = prepareAll(db)
  }

  on(): this {
    return this // no connection, no events
  }

  async get(name: string): Promise<string | undefined> {
    return patiently(this.deadline_ms, () => this.sql.get.get(name)?.['value'] as string | undefined)
  }

  async put({ name, text, version, expires_at }: Row, expected: string | null): Promise<boolean> {
    return this.write(() =>
      expected === null
        ? this.sql.insert.run(name, text, version, expires_at, this.now()).changes === 1
        : this.sql.update.run(text, version, expires_at, name, expected, this.now()).changes === 1,
    )
  }

  async delete(name: string, version?: string): Promise<boolean> {
    return this.write(() =>
      version === undefined
        ? this.sql.delete.run(name, this.now()).changes === 1
        : this.sql.delete_version.run(name, version, this.now()).changes === 1,
    )
  }

  async list({ low, high, after, limit, newest_first }: Range): Promise<readonly { name: string; text: string }[]> {
    const statement = newest_first ? this.sql.list_newest_first : this.sql.list
    const rows = await patiently(this.deadline_ms, () => statement.all(low, high, after, this.now(), limit))
    return rows as unknown as { name: string; text: string }[]
  }

  async sweep(at: number, limit: number): Promise<number> {
    return this.write(() => Number(this.sql.sweep.run(at, limit).changes))
  }

  async ping(): Promise<void> {
    await patiently(this.deadline_ms, () => this.sql.ping.get())
  }

  async disconnect(): Promise<void> {
    this.db.close()
  }

  /** Resolves with what `change` returned once the transaction that it was part of is on disk. */
  private write<T>(change: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T
      this.waiting.push({
        until: performance.now() + this.deadline_ms,
        run: () => void (result = change()),
        done: () => resolve(result),
        failed: reject,
      })
      if (!this.scheduled) this.schedule(0)
    })
  }

  private schedule(delay_ms: number): void {
    this.scheduled = true
    const flush = () => {
      this.scheduled = false
      this.flush()
    }
    if (delay_ms === 0) setImmediate(flush)
    else setTimeout(flush, delay_ms)
  }

  private flush(): void {
    const batch = this.waiting.splice(0, batch_limit).filter((write) => !this.isLate(write))
    let postponed = false
    try {
      this.sql.begin.run()
      for (const write of batch) write.run()
      this.sql.commit.run()
      for (const write of batch) write.done()
    } catch (error) {
      this.rollback()
      // The lock of another process postpones the batch, of which nothing has happened; any other failure ends it.
      postponed = isBusy(error)
      if (postponed) this.waiting.unshift(...batch)
      else for (const write of batch) write.failed(error)
      if (isReadOnly(error)) this.openAgain()
    }
    if (this.waiting.length > 0) this.schedule(postponed ? jitter() : 0)
  }

  /** Its caller has been told that the store is unavailable; to write now would surprise. */
  private isLate(write: Write): boolean {
    if (performance.now() < write.until) return false
    write.failed(new Error('another process held the file for too long'))
    return true
  }

  /** To a handle that was opened when the file could not be written it stays so, whatever becomes of the file. */
  private openAgain(): void {
    try {
      const db = this.open()
      this.sql = prepareAll(db)
      this.db.close()
      this.db = db
    } catch {
      // Then the next write says so again.
    }
  }

  private rollback(): void {
    try {
      if (this.db.isTransaction) this.sql.rollback.run()
    } catch {
      // Then the transaction is still open, and every BEGIN from now on fails aloud.
    }
  }
}

const backend = 'SQLite'

/** How long SQLite itself may wait for a lock, blocking the event loop: a little, for fairness among processes. */
const blocking_wait_ms = 5

/** How many writes share a transaction at most, so that none keeps the event loop for long. */
const batch_limit = 250

const file_format = 1

const statements = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  ping: 'SELECT 1 FROM records LIMIT 1',
  get: 'SELECT value FROM records WHERE key = ?',
  insert: `INSERT INTO records (key, value, version, expires_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, expires_at = excluded.expires_at
    WHERE records.expires_at <= ?`,
  update: `UPDATE records SET value = ?, version = ?, expires_at = ?
    WHERE key = ? AND version = ? AND (expires_at IS NULL OR expires_at > ?)`,
  delete: 'DELETE FROM records WHERE key = ? AND (expires_at IS NULL OR expires_at > ?)',
  delete_version: 'DELETE FROM records WHERE key = ? AND version = ? AND (expires_at IS NULL OR expires_at > ?)',
  list: `SELECT key AS name, value AS text FROM records WHERE key BETWEEN ? AND ? AND key <> ?
    AND (expires_at IS NULL OR expires_at > ?) ORDER BY key LIMIT ?`,
  list_newest_first: `SELECT key AS name, value AS text FROM records WHERE key BETWEEN ? AND ? AND key <> ?
    AND (expires_at IS NULL OR expires_at > ?) ORDER BY key DESC LIMIT ?`,
  sweep: `DELETE FROM records WHERE key IN
    (SELECT key FROM records WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
}

type Statements = { readonly [name in keyof typeof statements]: StatementSync }

function prepareAll(db: DatabaseSync): Statements {
  const prepared = Object.entries(statements).map(([name, sql]) => [name, db.prepare(sql)])
  return Object.fromEntries(prepared) as Statements
}

/** Only a new file is touched: closing another handle on an open SQLite file would drop SQLite's locks on it. */
function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** The lock of another process is waited for in the event loop, not in SQLite, which would block it. */
function openFile(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: blocking_wait_ms })
  try {
    prepareFile(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function prepareFile(db: DatabaseSync): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864') // KiB and bytes
  const found = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (found > file_format) throw new Error(`the file has format ${found}, this release knows ${file_format}`)
  if (found === file_format) return
  db.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS records (
      key TEXT PRIMARY KEY, value TEXT NOT NULL, version TEXT NOT NULL, expires_at REAL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS records_by_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
    PRAGMA user_version = ${file_format};
    COMMIT`)
}

/** Calls again while another process holds the lock. "Database is locked" is no answer: neither absence nor conflict. */
async function patiently<T>(deadline_ms: number, call: () => T): Promise<T> {
  const until = performance.now() + deadline_ms
  for (;;) {
    try {
      return call()
    } catch (error) {
      if (!isBusy(error) || performance.now() >= until) throw error
    }
    await sleep(jitter())
  }
}

/** SQLITE_BUSY or SQLITE_LOCKED. */
function isBusy(error: unknown): boolean {
  return primaryCode(error) === 5 || primaryCode(error) === 6
}

/** SQLITE_READONLY. */
function isReadOnly(error: unknown): boolean {
  return primaryCode(error) === 8
}

/** SQLite's code without what its extended codes add. */
function primaryCode(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff
}

function jitter(): number {
  return 1 + Math.random() * 9
}
