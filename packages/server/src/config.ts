/**
 * The environment, read once at the start into a plain value.
 *
 * Rule: every fault is found and named in one error, with what would be accepted. No value is printed of a variable that
 * can hold a secret. What is not here cannot be configured.
 */

import { randomBytes, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname, join, parse } from 'node:path'
import ipaddr from 'ipaddr.js'
import { parseOutboundAllow, type OutboundRule } from './outbound/index.ts'
import { defaultRateLimits, parseRateLimits, type RateLimits } from './rate-limits.ts'

export interface Config {
  readonly production: boolean
  /** 0 is any free port. */
  readonly port: number
  readonly host: string
  /** The origin that browsers see; null, never in production: http://localhost with the port that the server listens on. */
  readonly base_url: string | null
  /** `sqlite:path`, `postgres://…` or `memory:`. */
  readonly store_url: string
  /** The same, or `redis://…`. */
  readonly session_store_url: string
  /** base64url of 32 bytes each: the first seals, all open. Null: {@link loadOrCreateDevelopmentSecrets} supplies them. */
  readonly secret_keys: readonly string[] | null
  /** Null like `secret_keys`. */
  readonly admin_token: string | null
  readonly outbound_allow: readonly OutboundRule[]
  /** Whose X-Forwarded-* headers count: nobody's, those of this many proxies, those of these addresses and networks. */
  readonly trust_proxy: false | number | readonly string[]
  /** What differs from the default limits; false: none at all. */
  readonly rate_limits: Partial<RateLimits> | false
  readonly log_level: LogLevel
}

/** A configuration that lacks no secret. */
export interface CompleteConfig extends Config, Secrets {
  readonly secret_keys: readonly string[]
  readonly admin_token: string
}

export type LogLevel = (typeof log_levels)[number]

/** One variable (or file) that cannot be used. */
export interface ConfigFault {
  readonly variable: string
  readonly problem: string
  readonly accepted: string
}

/** Everything that is wrong with the configuration. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[]

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(({ variable, problem, accepted }) => `\n  ${variable} ${problem}. Accepted: ${accepted}.`)
    super(`The configuration cannot be used:${lines.join('')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/** The configuration that the environment states. A variable that is empty counts as unset. Throws {@link ConfigError}. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const faults: ConfigFault[] = []
  const textOf = (variable: Variable) => env[variable]?.trim() ?? ''
  const fault = (variable: Variable, problem: string) =>
    faults.push({ variable, problem, accepted: accepted[variable] })

  function read<Value, Unset>(variable: Variable, reader: Reader<Value>, unset: Unset): Value | Unset {
    if (textOf(variable) === '') return unset
    const result = reader(textOf(variable))
    if ('value' in result) return result.value
    fault(variable, result.problem)
    return unset
  }

  const production = read('NODE_ENV', readNodeEnv, 'development') === 'production'
  const store_url = read('STORE_URL', readStoreUrl, defaultStore)
  const config: Config = {
    production,
    port: read('PORT', readPort, 3000),
    host: read('HOST', readHost, '127.0.0.1'),
    base_url: read('BASE_URL', (text) => readBaseUrl(text, production), null),
    store_url,
    session_store_url: read('SESSION_STORE_URL', readSessionStoreUrl, store_url),
    secret_keys: read('SECRET_KEYS', readSecretKeys, null),
    admin_token: read('ADMIN_TOKEN', (text) => readAdminToken(text, production), null),
    outbound_allow: read('OUTBOUND_ALLOW', readOutboundAllow, []),
    trust_proxy: read('TRUST_PROXY', readTrustProxy, false),
    rate_limits: read('RATE_LIMITS', parseRateLimits, {}),
    log_level: read('LOG_LEVEL', readLogLevel, 'info'),
  }
  for (const variable of ['SECRET_KEYS', 'ADMIN_TOKEN'] as const) {
    if (production && textOf(variable) === '') fault(variable, 'is required when NODE_ENV is production')
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return config
}

/**
 * The configuration with the secrets that development may leave unset. They are generated once into a 0600 file beside
 * the SQLite store (for PostgreSQL: where that would be by default) and used again afterwards; for `memory:`, which
 * forgets as well, they are generated at every start.
 */
export function loadOrCreateDevelopmentSecrets(config: Config): CompleteConfig {
  const { secret_keys, admin_token } = config
  if (secret_keys !== null && admin_token !== null) return { ...config, secret_keys, admin_token }
  if (config.production) throw new TypeError('secrets are not generated when NODE_ENV is production')
  const secrets = config.store_url === 'memory:' ? generateSecrets() : loadOrCreate(secretsFile(config.store_url))
  return {
    ...config,
    secret_keys: secret_keys ?? secrets.secret_keys,
    admin_token: admin_token ?? secrets.admin_token,
  }
}

/** The keys that were generated for a store, for whoever may not generate any; undefined where there are none. */
export function generatedKeys(store_url: string): readonly string[] | undefined {
  return isSqlite(store_url) ? readSecrets(secretsFile(store_url))?.secret_keys : undefined
}

interface Secrets {
  readonly secret_keys: readonly string[]
  readonly admin_token: string
}

type Reader<Value> = (text: string) => { readonly value: Value } | { readonly problem: string }

const readNodeEnv: Reader<string> = (text) =>
  // A misspelt "production" would otherwise quietly run with development's rules.
  ['production', 'development', 'test'].includes(text) ? { value: text } : { problem: `is ${JSON.stringify(text)}` }

const readPort: Reader<number> = (text) =>
  /^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535
    ? { value: Number(text) }
    : { problem: `is ${JSON.stringify(text)}, which is not a port` }

const readHost: Reader<string> = (text) =>
  isIP(text) > 0 || /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i.test(text)
    ? { value: text }
    : { problem: `is ${JSON.stringify(text)}, which is not an address or a host name` }

function readBaseUrl(text: string, production: boolean): ReturnType<Reader<string>> {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return { problem: 'is not an absolute http or https URL' }
  if (url.username !== '' || url.password !== '') return { problem: 'contains a user name or password' }
  if (url.pathname !== '/' || /[?#]/.test(text)) return { problem: 'contains a path, query or fragment' }
  if (production && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return { problem: 'is http, which in production would send sessions in the clear' }
  }
  return { value: url.origin }
}

const readStoreUrl: Reader<string> = (text) => {
  if (isRedis(text))
    return { problem: 'is Redis, which may forget connections; it can hold sessions (SESSION_STORE_URL)' }
  if (text === 'memory:' || isPostgres(text)) return { value: text }
  if (!text.startsWith('sqlite:')) return { problem: 'names no store that is known' }
  const path = text.replace(/^sqlite:\/\/(?=\/)/, 'sqlite:')
  if (path.startsWith('sqlite://')) return { problem: 'begins with sqlite://, while a path follows sqlite: directly' }
  return isSqlite(path) ? { value: path } : { problem: 'names no file' }
}

const readSessionStoreUrl: Reader<string> = (text) => (isRedis(text) ? { value: text } : readStoreUrl(text))

const readSecretKeys: Reader<readonly string[]> = (text) => {
  const keys = text.split(',').map((key) => key.trim().replace(/=$/, ''))
  for (const [index, key] of keys.entries()) {
    if (!isSecretKey(key)) return { problem: `has an entry (number ${index + 1}) that is not such a key` }
    if (keys.indexOf(key) !== index) return { problem: `has the same key twice (number ${index + 1})` }
  }
  return { value: keys }
}

function readAdminToken(text: string, production: boolean): ReturnType<Reader<string>> {
  if (production && text.length < 16) return { problem: 'is too short to resist guessing' }
  return /^[\x21-\x7e]+$/.test(text) ? { value: text } : { problem: 'cannot be sent in a header' }
}

const readOutboundAllow: Reader<readonly OutboundRule[]> = (text) => {
  try {
    return { value: parseOutboundAllow(text) }
  } catch (error) {
    return { problem: `has an entry that is ${(error as Error).message}` }
  }
}

const readTrustProxy: Reader<Config['trust_proxy']> = (text) => {
  if (text === 'false') return { value: false }
  // Not everybody who claims to be one: every client could choose its own address.
  if (text === 'true') return { value: 1 }
  if (/^[0-9]{1,2}$/.test(text)) return { value: Number(text) > 0 && Number(text) }
  const addresses = text.split(',').map((address) => address.trim())
  const bad = addresses.filter((address) => isIP(address) === 0 && !isNetwork(address))
  if (bad.length > 0) return { problem: `has an entry that is no address or network: ${JSON.stringify(bad[0])}` }
  return { value: addresses }
}

const readLogLevel: Reader<LogLevel> = (text) => {
  const value = log_levels.find((level) => level === text.toLowerCase())
  return value === undefined ? { problem: `is ${JSON.stringify(text)}` } : { value }
}

function loadOrCreate(file: string): Secrets {
  const existing = readSecrets(file)
  if (existing !== undefined) return existing
  mkdirSync(dirname(file), { recursive: true })
  // Written whole under another name, then linked, which fails if the file exists: of two processes that start at once
  // one wins, and the other never reads half a file.
  const temporary = `${file}.${randomUUID()}`
  writeFileSync(temporary, `${JSON.stringify(generateSecrets(), null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true })
  try {
    linkSync(temporary, file)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    rmSync(temporary)
  }
  return readSecrets(file)!
}

/** The secrets in the file, or undefined if there is none. */
function readSecrets(file: string): Secrets | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
  const secrets = parseSecrets(text)
  if (secrets !== undefined) return secrets
  const unusable = 'the file as it was generated (without it new secrets are, and nothing sealed before can be opened)'
  throw new ConfigError([{ variable: file, problem: 'does not hold the generated secrets', accepted: unusable }])
}

function parseSecrets(text: string): Secrets | undefined {
  try {
    const { secret_keys, admin_token } = JSON.parse(text) as Secrets
    return secret_keys.length > 0 && secret_keys.every(isSecretKey) && 'value' in readAdminToken(admin_token, true)
      ? { secret_keys, admin_token }
      : undefined
  } catch {
    return undefined
  }
}

function generateSecrets(): Secrets {
  return { secret_keys: [randomBytes(32).toString('base64url')], admin_token: randomBytes(32).toString('base64url') }
}

/** `data/relying-party.secrets.json` for `sqlite:./data/relying-party.sqlite`. */
function secretsFile(store_url: string): string {
  const { dir, name } = parse((isSqlite(store_url) ? store_url : defaultStore).slice('sqlite:'.length))
  return join(dir, `${name}.secrets.json`)
}

/** The one canonical spelling of 32 bytes: the last character of another has bits that mean nothing. */
function isSecretKey(text: string): boolean {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === 32 && bytes.toString('base64url') === text
}

function isSqlite(text: string): boolean {
  return /^sqlite:(?!\/\/|:memory:)./.test(text)
}

function isPostgres(text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text)
}

function isRedis(text: string): boolean {
  return /^rediss?:\/\/./.test(text) && URL.canParse(text)
}

function isLoopback(hostname: string): boolean {
  return /^(?:.+\.)?localhost$|^127(?:\.[0-9]+){3}$|^\[::1\]$/.test(hostname)
}

function isNetwork(text: string): boolean {
  return isIP(text.split('/')[0]!) > 0 && ipaddr.isValidCIDR(text) && !text.endsWith('/0')
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

const defaultStore = 'sqlite:./data/relying-party.sqlite'

const log_levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const accepted = {
  PORT: 'a number from 0 (any free port) to 65535',
  HOST: 'an IP address or host name to listen on, without port, such as 127.0.0.1 or ::',
  BASE_URL: 'an origin such as https://sso.example.com; http only outside production or for a loopback host',
  STORE_URL: 'sqlite:path, postgres://… or memory:',
  SESSION_STORE_URL: 'sqlite:path, postgres://…, redis://… or memory:',
  SECRET_KEYS: 'comma-separated keys of 32 random bytes in base64url (43 characters), the first one seals',
  ADMIN_TOKEN: 'visible ASCII characters without spaces, in production at least 16',
  OUTBOUND_ALLOW: 'comma-separated host, host:port, [IPv6]:port or network/bits',
  TRUST_PROXY:
    'false, true for one proxy in front, the number of proxies, or their comma-separated addresses and networks',
  RATE_LIMITS: `off, or comma-separated numbers of requests per minute such as login_per_address=600 or callback_per_address=off; there are ${Object.keys(defaultRateLimits).join(', ')}`,
  LOG_LEVEL: log_levels.join(', '),
  NODE_ENV: 'production, development or test',
} as const

type Variable = keyof typeof accepted
