/**
 * The backends that the suites run against, each opened in a place of its own and emptied afterwards. PostgreSQL and Redis
 * are used when POSTGRES_URL and REDIS_URL name one; otherwise their suites show as skipped.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openStore } from '../../packages/server/src/storage/open.ts'
import type { Store } from '@relying-party/core'

/** The place where a suite keeps its records, seen past the store. */
export interface Place {
  readonly url: string
  readonly namespace: string
  /** Replaces the stored text of a record, as another release or an accident would. */
  overwrite(name: string, text: string): Promise<void>
  /** How many records are physically there, or named in an index. */
  count(): Promise<number>
  /** Everything that a backend holds of this place that no file shows. */
  dump?(): Promise<string>
  /** When the backend itself removes a record, in epoch seconds, where it does. */
  forgetsAt?(name: string): Promise<number>
  remove(): Promise<void>
}

export interface Backend {
  readonly name: string
  /** Whether it can be tried here. */
  readonly available: boolean
  /** Whether what it holds outlives the store that wrote it, so that other stores and processes see it. */
  readonly shared: boolean
  create(): Promise<Place>
}

export interface Clock {
  readonly now: () => number
  advance(seconds: number): void
}

/** A clock that tests move by hand. It starts at the real time, since Redis expires on its own clock in the end. */
export function handClock(): Clock {
  let time = Math.floor(Date.now() / 1000)
  return { now: () => time, advance: (seconds) => void (time += seconds) }
}

/** Opens a store in this place. */
export function openIn(
  place: Place,
  options: { now: () => number; deadline_ms?: number; url?: string },
): Promise<Store> {
  const { url = place.url, ...rest } = options
  return openStore(url, { ...rest, namespace: place.namespace })
}

const fromServer = createRequire(new URL('../../packages/server/package.json', import.meta.url))

const namespace = () => `test_${randomBytes(6).toString('hex')}`

const memory: Backend = {
  name: 'memory',
  available: true,
  shared: false,
  create: async () => ({
    url: 'memory:',
    namespace: 'memory',
    overwrite: () => Promise.reject(new Error('nothing reaches into memory')),
    count: () => Promise.reject(new Error('nothing reaches into memory')),
    remove: async () => {},
  }),
}

const sqlite: Backend = {
  name: 'SQLite',
  available: true,
  shared: true,
  create: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rp-storage-'))
    const file = join(directory, 'deep', 'down', 'store.sqlite')
    const ask = <T>(work: (db: DatabaseSync) => T): T => {
      const db = new DatabaseSync(file, { timeout: 1000 })
      try {
        return work(db)
      } finally {
        db.close()
      }
    }
    return {
      url: `sqlite:${file}`,
      namespace: 'records',
      overwrite: async (name, text) => {
        ask((db) => db.prepare('UPDATE records SET value = ? WHERE key = ?').run(text, name))
      },
      count: async () => ask((db) => Number(db.prepare('SELECT count(*) AS n FROM records').get()?.['n'])),
      remove: async () => rmSync(directory, { recursive: true }),
    }
  },
}

const postgres_url = process.env['POSTGRES_URL']

/** Runs SQL on the database of POSTGRES_URL, or another, over a pool of its own. */
export async function sql(text: string, values?: unknown[], url = postgres_url): Promise<Record<string, unknown>[]> {
  const { Pool } = fromServer('pg') as {
    Pool: new (options: { connectionString: string | undefined }) => {
      query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
      end(): Promise<void>
    }
  }
  const pool = new Pool({ connectionString: url })
  try {
    return (await pool.query(text, values)).rows
  } finally {
    await pool.end()
  }
}

const postgres: Backend = {
  name: 'PostgreSQL',
  available: postgres_url !== undefined,
  shared: true,
  create: async () => {
    const table = namespace()
    return {
      url: postgres_url!,
      namespace: table,
      overwrite: async (name, text) => void (await sql(`UPDATE ${table} SET value = $2 WHERE key = $1`, [name, text])),
      count: async () => Number((await sql(`SELECT count(*) AS n FROM ${table}`))[0]?.['n']),
      remove: async () => void (await sql(`DROP TABLE IF EXISTS ${table}`)),
    }
  },
}

/** A database of its own in the PostgreSQL of POSTGRES_URL, for servers that run as their users start them. */
export async function ownDatabase(): Promise<Place> {
  const name = namespace()
  await sql(`CREATE DATABASE ${name}`)
  const url = new URL(postgres_url!)
  url.pathname = name
  return {
    ...(await postgres.create()),
    url: url.href,
    namespace: 'relying_party',
    remove: async () => void (await sql(`DROP DATABASE ${name} WITH (FORCE)`)),
  }
}

const redis_url = process.env['REDIS_URL']

interface RedisClient {
  connect(): Promise<unknown>
  close(): Promise<unknown>
  set(key: string, value: string): Promise<unknown>
  keys(pattern: string): Promise<string[]>
  get(key: string): Promise<string | null>
  zCard(key: string): Promise<number>
  unlink(keys: string[]): Promise<unknown>
  pExpireTime(key: string): Promise<number>
}

async function askRedis<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
  const { createClient } = fromServer('@keyv/redis') as { createClient(options: { url: string }): RedisClient }
  const client = createClient({ url: redis_url! })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

const redis: Backend = {
  name: 'Redis',
  available: redis_url !== undefined,
  shared: true,
  create: async () => {
    const prefix = namespace()
    return {
      url: redis_url!,
      namespace: prefix,
      overwrite: (name, text) => askRedis(async (client) => void (await client.set(`${prefix}::${name}`, text))),
      count: () =>
        askRedis(async (client) => {
          const records = (await client.keys(`${prefix}::*`)).length
          const indexes = await client.keys(`${prefix}:index:*`)
          const indexed = await Promise.all(indexes.map((index) => client.zCard(index)))
          return Math.max(
            records,
            indexed.reduce((sum, size) => sum + size, 0),
          )
        }),
      dump: () =>
        askRedis(async (client) => {
          const records = await client.keys(`${prefix}::*`)
          const texts = await Promise.all(records.map((key) => client.get(key)))
          return JSON.stringify([await client.keys(`${prefix}:*`), texts])
        }),
      forgetsAt: (name) => askRedis(async (client) => (await client.pExpireTime(`${prefix}::${name}`)) / 1000),
      remove: () =>
        askRedis(async (client) => {
          const keys = await client.keys(`${prefix}:*`)
          if (keys.length > 0) await client.unlink(keys)
        }),
    }
  },
}

export const backends = [memory, sqlite, postgres, redis]
export { memory, sqlite, postgres, redis }
