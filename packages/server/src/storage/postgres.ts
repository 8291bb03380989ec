/**
 * Records in one table of PostgreSQL, through Keyv's adapter. Its table (key, value) has two more columns here, `version`
 * and `expires_at`, for what must be atomic: each change is one statement, decided by the server.
 */
import { KeyvPostgres, type KeyvPostgresOptions } from '@keyv/postgres'
import type { Store } from '@relying-party/core'
import { Pool } from 'pg'
import { withinDeadline } from './deadline.ts'
import type { Row } from './envelope.ts'
import type { Range } from './keys.ts'
import { keyvStore, refuse, type AtomicAdapter, type StoreOptions } from './keyv-store.ts'

/** Opens the store in the database of this URL; creates its table, named after the namespace, if it is missing. */
export async function openPostgres(url: string, options: StoreOptions): Promise<Store> {
  const pool = new Pool({
    connectionString: url,
    connectionTimeoutMillis: options.deadline_ms,
    query_timeout: options.deadline_ms, // gives up the connection, too
    keepAlive: true,
  })
  pool.on('error', () => {}) // an idle connection was lost: the pool has dropped it, the next call makes a new one

  try {
    await withinDeadline(backend, options.deadline_ms, () => createTable(pool, options.namespace))
  } catch (error) {
    void pool.end().catch(() => {})
    throw error
  }
  return keyvStore(backend, new PostgresAdapter(pool, options), options)
}

/**
 * Keyv's adapter on a pool of its own. All instances of the original share one pool, which the next URL replaces, which any
 * of them ends, and whose lost idle connections nobody listens for: that ends the process.
 */
class PostgresAdapter extends KeyvPostgres implements AtomicAdapter {
  private readonly pool: Pool
  private readonly now: () => number
  private readonly sql: ReturnType<typeof statements>

  constructor(pool: Pool, { namespace, now }: StoreOptions) {
    super({ table: namespace, pool } as KeyvPostgresOptions)
    this.pool = pool
    this.now = now
    this.sql = statements(namespace)
  }

  /** The constructor of the original calls this, before the members above are there. */
  override async connect(): Promise<(sql: string, values?: unknown[]) => Promise<Record<string, unknown>[]>> {
    const { pool } = this.opts as { pool: Pool }
    return async (sql, values) => (await pool.query(sql, values)).rows
  }

  async put({ name, text, version, expires_at }: Row, expected: string | null): Promise<boolean> {
    const changed =
      expected === null
        ? await this.query(this.sql.insert, [name, text, version, expires_at, this.now()])
        : await this.query(this.sql.update, [name, text, version, expires_at, this.now(), expected])
    return changed.length === 1
  }

  /** The original looks first and deletes afterwards, so that several racers win. */
  override async delete(name: string, version: string | null = null): Promise<boolean> {
    return (await this.query(this.sql.delete, [name, this.now(), version])).length === 1
  }

  async list({ low, high, after, limit, newest_first }: Range): Promise<{ name: string; text: string }[]> {
    const values = [low, high, after, this.now(), limit]
    return this.query(newest_first ? this.sql.list_newest_first : this.sql.list, values)
  }

  async sweep(at: number, limit: number): Promise<number> {
    return (await this.query(this.sql.sweep, [at, limit])).length
  }

  async ping(): Promise<void> {
    await this.query('SELECT 1')
  }

  override async disconnect(): Promise<void> {
    await this.pool.end()
  }

  override set = refuse
  override clear = refuse
}

const backend = 'PostgreSQL'

const statements = (table: string) => ({
  insert: `INSERT INTO public.${table} AS present (key, value, version, expires_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, expires_at = excluded.expires_at
    WHERE present.expires_at <= $5 RETURNING 1`,
  update: `UPDATE public.${table} SET value = $2, version = $3, expires_at = $4
    WHERE key = $1 AND version = $6 AND (expires_at IS NULL OR expires_at > $5) RETURNING 1`,
  delete: `DELETE FROM public.${table}
    WHERE key = $1 AND ($3::text IS NULL OR version = $3) AND (expires_at IS NULL OR expires_at > $2) RETURNING 1`,
  list: `SELECT key AS name, value AS text FROM public.${table}
    WHERE key BETWEEN $1 AND $2 AND key <> $3 AND (expires_at IS NULL OR expires_at > $4) ORDER BY key LIMIT $5`,
  list_newest_first: `SELECT key AS name, value AS text FROM public.${table}
    WHERE key BETWEEN $1 AND $2 AND key <> $3 AND (expires_at IS NULL OR expires_at > $4) ORDER BY key DESC LIMIT $5`,
  // Locked as they are found: a record that is being rewritten is passed over, none can be rewritten in between.
  sweep: `DELETE FROM public.${table} WHERE key IN
    (SELECT key FROM public.${table} WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING 1`,
})

/** One transaction, one instance at a time: CREATE … IF NOT EXISTS alone fails when two of them meet. */
async function createTable(pool: Pool, table: string): Promise<void> {
  const found = await pool.query(`SELECT to_regclass('public.${table}') AS table`)
  if (found.rows[0]?.['table']) return // also for a role that may not create tables
  await pool.query(`
    SELECT pg_advisory_xact_lock(hashtext('${table}'));
    CREATE TABLE IF NOT EXISTS public.${table} (
      key text COLLATE "C" PRIMARY KEY, value text NOT NULL, version text NOT NULL, expires_at double precision
    );
    CREATE INDEX IF NOT EXISTS ${table}_by_expiry ON public.${table} (expires_at) WHERE expires_at IS NOT NULL`)
}
