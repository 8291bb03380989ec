/** The one door to storage: a URL in, a {@link Store} out. */
import type { Store } from '@relying-party/core'

/**
 * Opens the store that the URL names: `memory:`, `sqlite:./path/file.sqlite`, `postgres://…` or `redis://…`. Rejects with
 * StoreUnavailable when the backend does not answer: a server without its store does not start.
 */
export async function openStore(
  url: string,
  options: { now: () => number; deadline_ms?: number; namespace?: string },
): Promise<Store> {
  const settings = { deadline_ms: 2000, namespace: 'relying_party', ...options }
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(settings.namespace)) {
    throw new Error('A storage namespace is made of a-z, 0-9 and _, at most 40 characters.')
  }

  // Imported when named: a server on SQLite loads the clients of no database.
  const scheme = url.slice(0, url.indexOf(':') + 1)
  switch (scheme) {
    case 'memory:':
      return (await import('./memory.ts')).openMemory(settings)
    case 'sqlite:':
      return (await import('./sqlite.ts')).openSqlite(pathOf(url), settings)
    case 'postgres:':
    case 'postgresql:':
      return (await import('./postgres.ts')).openPostgres(parsed(url), settings)
    case 'redis:':
    case 'rediss:':
      return (await import('./redis.ts')).openRedis(parsed(url), settings)
    default:
      throw new Error(`Unknown storage scheme "${scheme}". Accepted: ${accepted}.`)
  }
}

const accepted = 'memory:, sqlite:./path/file.sqlite, postgres://…, redis://…'

/** The URL itself stays out of every message: it may hold a password. */
function parsed(url: string): string {
  if (!URL.canParse(url))
    throw new Error('The storage URL cannot be parsed: is a character in the password not escaped?')
  return url
}

/** `sqlite:./a`, `sqlite:/a`, and the spellings with two slashes that other tools use. */
function pathOf(url: string): string {
  const path = url.slice('sqlite:'.length).replace(/^\/\//, '')
  if (path === '' || path === ':memory:') throw new Error('sqlite: needs the path of a file; for none, use memory:.')
  return path
}
