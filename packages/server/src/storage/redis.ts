/**
 * Records in Redis, through Keyv's adapter: each one a text under its name, beside two indexes, the keys of a collection in
 * order and the names by expiry. What must be atomic is a script that Redis runs. Redis may lose its last second when it
 * fails over: it is for sessions and claims, never for connections.
 */
import KeyvRedis, { createClient, type RedisClientType } from '@keyv/redis'
import type { Store } from '@relying-party/core'
import { withinDeadline } from './deadline.ts'
import { isLive, kept_after_expiry, unwrap, type Row } from './envelope.ts'
import { keyOf, type Range } from './keys.ts'
import { keyvStore, refuse, type AtomicAdapter, type StoreOptions } from './keyv-store.ts'

/** Opens the store in the Redis of this URL. */
export async function openRedis(url: string, options: StoreOptions): Promise<Store> {
  const { deadline_ms } = options
  const client = createClient({
    url,
    disableOfflineQueue: true, // without a connection a call is rejected at once
    pingInterval: deadline_ms,
    socket: {
      connectTimeout: deadline_ms,
      socketTimeout: 2 * deadline_ms, // ends a connection that is silent although it is pinged
      reconnectStrategy: (attempts) => Math.min(50 * 2 ** attempts, 1000) * (0.5 + Math.random() / 2),
    },
  })
  const store = keyvStore(backend, new RedisAdapter(client, options), options)
  try {
    const memory = await withinDeadline(backend, deadline_ms, async () => {
      await client.connect()
      return client.info('memory')
    })
    refuseEviction(memory)
  } catch (error) {
    if (client.isOpen) client.destroy()
    throw error
  }
  return store
}

class RedisAdapter extends KeyvRedis<string> implements AtomicAdapter {
  private readonly redis: RedisClientType
  private readonly now: () => number
  private readonly prefix: string
  private next_look = 0

  constructor(redis: RedisClientType, { namespace, now }: StoreOptions) {
    // The original swallows errors unless told.
    super(redis, { namespace, throwOnErrors: true })
    this.redis = redis
    this.now = now
    this.prefix = namespace
  }

  async put({ name, text, expires_at }: Row, expected: string | null): Promise<boolean> {
    const now = this.now()
    // `now` decides what is live; Redis removes on its own clock in the end, also if nobody sweeps.
    const lifetime_ms = expires_at === null ? '' : Math.ceil((expires_at - now + kept_after_expiry) * 1000)
    return this.change(put, name, [now, quoted(expected), text, expires_at ?? '', lifetime_ms])
  }

  override async delete(name: string, version: string | null = null): Promise<boolean> {
    return this.change(remove, name, [this.now(), quoted(version)])
  }

  /** The index also names what has expired: it is asked for more until enough is found live. */
  async list({ low, high, after, limit, newest_first }: Range): Promise<{ name: string; text: string }[]> {
    const found: { name: string; text: string }[] = []
    const end = `[${keyOf(newest_first ? low : high)}`
    let start = `[${keyOf(newest_first ? high : low)}`
    for (;;) {
      const options = { BY: 'LEX', REV: newest_first, LIMIT: { offset: 0, count: limit + 1 } } as const
      const keys = await this.redis.zRange(this.indexOf(low), start, end, options)
      const names = keys.map((key) => low.slice(0, low.indexOf(':') + 1) + key)
      const texts = names.length > 0 ? await this.redis.mGet(names.map((name) => this.recordOf(name))) : []
      for (const [i, name] of names.entries()) {
        const text = texts[i]
        if (text && name !== after && isLive(unwrap(text).expires_at, this.now())) found.push({ name, text })
      }
      if (found.length >= limit || keys.length <= limit) return found.slice(0, limit)
      start = `(${keys.at(-1)}`
    }
  }

  async sweep(at: number, limit: number): Promise<number> {
    const values = [at, limit, this.recordOf(''), this.indexOf(':')]
    return Number(await this.run(sweep, [this.expiry], values))
  }

  async ping(): Promise<void> {
    await this.redis.ping()
  }

  /** A connection that stopped answering stalls every later call; a new one is made in the background. */
  giveUp(): void {
    if (!this.redis.isReady) return // one is being made already
    this.redis.destroy()
    this.redis.connect().catch(() => {})
  }

  /** At once: the original would wait for a ping that may never be answered. */
  override async disconnect(): Promise<void> {
    if (this.redis.isOpen) this.redis.destroy()
  }

  override set = refuse
  override clear = refuse

  private async change(script: string, name: string, values: readonly (string | number)[]): Promise<boolean> {
    const keys = [this.recordOf(name), this.indexOf(name), this.expiry]
    return 1 === (await this.run(script, keys, [keyOf(name), name, ...values]))
  }

  private async run(script: string, keys: string[], values: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.redis.eval(script, { keys, arguments: values.map(String) })
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('READONLY')) this.lookElsewhere()
      throw error
    }
  }

  /**
   * After a failover the name may lead to another server, while the old one keeps this connection and only refuses to write.
   * Now and then, so that what can be read there still is.
   */
  private lookElsewhere(): void {
    if (performance.now() < this.next_look) return
    this.next_look = performance.now() + between_looks_ms
    this.giveUp()
  }

  private recordOf(name: string): string {
    return this.createKeyPrefix(name, this.prefix) // as the original names it in `get`
  }

  private indexOf(name: string): string {
    return `${this.prefix}:index:${name.slice(0, name.indexOf(':'))}`
  }

  private get expiry(): string {
    return `${this.prefix}:expiry`
  }
}

const backend = 'Redis'
const between_looks_ms = 1000

/** A version as the scripts compare it, in quotes, so that no version looks like none. */
function quoted(version: string | null): string {
  return version === null ? '' : JSON.stringify(version)
}

/**
 * Writes that change nothing. Where Redis would refuse a write (a replica, a full disk), a script must not answer "no" from
 * what it read either: a replica may not have heard yet of the record that is to be removed. They come first, and are of the
 * kind of the script: once one has written, Redis does not stop it any more, not even for want of memory.
 */
const refuse_as_a_write = `redis.call('ZADD', KEYS[3], 'XX', 0, '')`
const refuse_as_a_removal = `redis.call('ZREM', KEYS[#KEYS], '')`

/** The record's live version, quoted: '' if there is none. It stands in the header of the envelope, read as text. */
const live_version = `
  local record, index, expiry = KEYS[1], KEYS[2], KEYS[3]
  local key, name, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
  local function live_version()
    local text = redis.call('GET', record)
    if not text then return '' end
    local version, expires_at = text:match('^{"format":%d+,"version":("[^"]+"),"expires_at":([^,]+),')
    if not version then error('a stored record is damaged') end
    if expires_at ~= 'null' and tonumber(expires_at) <= now then return '' end
    return version
  end`

const put = `${refuse_as_a_write}
  ${live_version}
  local expected, text, expires_at, lifetime_ms = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
  if live_version() ~= expected then return 0 end
  redis.call('ZADD', index, 0, key)
  if expires_at == '' then
    redis.call('SET', record, text)
    redis.call('ZREM', expiry, name)
  else
    redis.call('SET', record, text, 'PX', lifetime_ms)
    redis.call('ZADD', expiry, expires_at, name)
  end
  return 1`

const remove = `${refuse_as_a_removal}
  ${live_version}
  local version = live_version()
  if version == '' or (ARGV[4] ~= '' and ARGV[4] ~= version) then return 0 end
  redis.call('UNLINK', record)
  redis.call('ZREM', index, key)
  redis.call('ZREM', expiry, name)
  return 1`

const sweep = `
  ${refuse_as_a_removal}
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
  for _, name in ipairs(due) do
    local collection, key = name:match('^([^:]*):(.*)$')
    redis.call('UNLINK', ARGV[3] .. name)
    redis.call('ZREM', ARGV[4] .. collection, key)
    redis.call('ZREM', KEYS[1], name)
  end
  return #due`

/** A claim that is evicted would be granted again. */
function refuseEviction(memory: string): void {
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(memory)?.[1]?.trim()
  const [limit, policy] = [field('maxmemory'), field('maxmemory_policy')]
  if (limit === '0' || policy === 'noeviction' || policy === undefined) return
  throw new Error(`Redis evicts records when its memory is full (maxmemory-policy ${policy}): set it to noeviction.`)
}
