/** Records in a Map of this process: for tests and for trying things out. Nothing survives the process. */
import type { Store } from '@relying-party/core'
import { isLive, type Row } from './envelope.ts'
import { compareText, type Range } from './keys.ts'
import { keyvStore, refuse, type AtomicAdapter, type StoreOptions } from './keyv-store.ts'

/** Opens a store that lives in memory. */
export function openMemory(options: StoreOptions): Store {
  return keyvStore('The memory store', new MemoryAdapter(options.now), { ...options, deadline_ms: Infinity })
}

/** Each method runs to its end before another begins: that is all the atomicity that one process needs. */
class MemoryAdapter implements AtomicAdapter {
  readonly opts = {}
  readonly set = refuse
  readonly clear = refuse
  private readonly rows = new Map<string, Row>()
  private readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  on(): this {
    return this // no connection, no events
  }

  async get(name: string): Promise<string | undefined> {
    return this.rows.get(name)?.text
  }

  async put(row: Row, expected: string | null): Promise<boolean> {
    if ((this.live(row.name)?.version ?? null) !== expected) return false
    this.rows.set(row.name, row)
    return true
  }

  async delete(name: string, version?: string): Promise<boolean> {
    const row = this.live(name)
    if (!row || (version !== undefined && row.version !== version)) return false
    return this.rows.delete(name)
  }

  async list({ low, high, after, limit, newest_first }: Range): Promise<readonly Row[]> {
    const found = [...this.rows.values()].filter(
      ({ name, expires_at }) =>
        name !== after && isLive(expires_at, this.now()) && compareText(low, name) <= 0 && compareText(name, high) <= 0,
    )
    found.sort((a, b) => (newest_first ? compareText(b.name, a.name) : compareText(a.name, b.name)))
    return found.slice(0, limit)
  }

  async sweep(at: number, limit: number): Promise<number> {
    let removed = 0
    for (const { name, expires_at } of this.rows.values()) {
      if (removed === limit) break
      if (!isLive(expires_at, at) && this.rows.delete(name)) removed += 1
    }
    return removed
  }

  async ping(): Promise<void> {}

  async disconnect(): Promise<void> {
    this.rows.clear()
  }

  private live(name: string): Row | undefined {
    const row = this.rows.get(name)
    return row && isLive(row.expires_at, this.now()) ? row : undefined
  }
}
