/** The environment: one row per rule, and the secrets that development may leave to us. */

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ConfigError, loadOrCreateDevelopmentSecrets, readConfig } from '../packages/server/src/config.ts'

const newKey = () => randomBytes(32).toString('base64url')
const key = newKey()
const other_key = newKey()
const token = 'an-admin-token-of-some-length'
const production = {
  NODE_ENV: 'production',
  BASE_URL: 'https://sso.example.com',
  SECRET_KEYS: key,
  ADMIN_TOKEN: token,
}

function faultsOf(env: Record<string, string | undefined>): ConfigError {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
  }
  throw new Error('readConfig found no fault')
}

test('nothing set: development on the SQLite file', () => {
  expect(readConfig({})).toEqual({
    production: false,
    port: 3000,
    host: '127.0.0.1',
    base_url: null,
    store_url: 'sqlite:./data/relying-party.sqlite',
    session_store_url: 'sqlite:./data/relying-party.sqlite',
    secret_keys: null,
    admin_token: null,
    outbound_allow: [],
    trust_proxy: false,
    rate_limits: {},
    log_level: 'info',
  })
})

test('everything set', () => {
  const env = {
    PORT: '8443',
    HOST: '::',
    BASE_URL: 'https://SSO.example.com:443/',
    STORE_URL: 'postgres://app:password@db.internal/relying_party',
    SESSION_STORE_URL: 'rediss://:password@cache.internal:6380/1',
    SECRET_KEYS: `${key}, ${other_key}`,
    ADMIN_TOKEN: token,
    OUTBOUND_ALLOW: 'localhost:9000,10.0.0.0/8',
    TRUST_PROXY: '10.0.0.0/8, ::1',
    RATE_LIMITS: 'login_per_address=600, callback_per_organization=off',
    LOG_LEVEL: 'warn',
    NODE_ENV: 'production',
  }
  expect(readConfig(env)).toEqual({
    production: true,
    port: 8443,
    host: '::',
    base_url: 'https://sso.example.com',
    store_url: env.STORE_URL,
    session_store_url: env.SESSION_STORE_URL,
    secret_keys: [key, other_key],
    admin_token: token,
    outbound_allow: [{ host: 'localhost', port: 9000 }, { cidr: '10.0.0.0/8' }],
    trust_proxy: ['10.0.0.0/8', '::1'],
    rate_limits: { login_per_address: 600, callback_per_organization: Infinity },
    log_level: 'warn',
  })
})

test('empty variables are unset ones', () => {
  const env = Object.fromEntries(Object.keys(production).map((name) => [name, ' ']))
  expect(readConfig({ ...env, PORT: '', STORE_URL: '' })).toEqual(readConfig({}))
})

describe('accepted', () => {
  test.each([
    [{ PORT: '0' }, { port: 0 }],
    [{ PORT: '65535' }, { port: 65535 }],
    [{ HOST: 'localhost' }, { host: 'localhost' }],
    [{ HOST: '0.0.0.0' }, { host: '0.0.0.0' }],
    [{ BASE_URL: 'http://sso.internal:8080' }, { base_url: 'http://sso.internal:8080' }],
    [{ ...production, BASE_URL: 'http://localhost:3000' }, { base_url: 'http://localhost:3000' }],
    [{ ...production, BASE_URL: 'http://127.0.0.1:3000' }, { base_url: 'http://127.0.0.1:3000' }],
    [{ ...production, BASE_URL: 'http://[::1]:3000' }, { base_url: 'http://[::1]:3000' }],
    [{ STORE_URL: 'memory:' }, { store_url: 'memory:', session_store_url: 'memory:' }],
    [{ STORE_URL: 'sqlite:/var/lib/x.sqlite' }, { session_store_url: 'sqlite:/var/lib/x.sqlite' }],
    [{ ...production, STORE_URL: 'postgresql://db/x' }, { session_store_url: 'postgresql://db/x' }],
    [{ SESSION_STORE_URL: 'redis://cache' }, { session_store_url: 'redis://cache' }],
    [{ TRUST_PROXY: 'false' }, { trust_proxy: false }],
    [{ TRUST_PROXY: '0' }, { trust_proxy: false }],
    [{ TRUST_PROXY: '2' }, { trust_proxy: 2 }],
    [{ TRUST_PROXY: 'true' }, { trust_proxy: 1 }],
    [{ SECRET_KEYS: `${key}=` }, { secret_keys: [key] }],
    [{ ADMIN_TOKEN: 'secret' }, { admin_token: 'secret' }],
    [{ STORE_URL: 'postgres://db/x' }, { secret_keys: null, admin_token: null }],
    [{ ...production, BASE_URL: '' }, { base_url: null }],
    [{ STORE_URL: 'sqlite:///var/lib/x.sqlite' }, { store_url: 'sqlite:/var/lib/x.sqlite' }],
    [{ LOG_LEVEL: 'INFO' }, { log_level: 'info' }],
    [{ TRUST_PROXY: '10.0.0.1' }, { trust_proxy: ['10.0.0.1'] }],
    [{ RATE_LIMITS: 'off' }, { rate_limits: false }],
    [{ RATE_LIMITS: 'admin_sign_in_per_address=1' }, { rate_limits: { admin_sign_in_per_address: 1 } }],
    [{ LOG_LEVEL: 'silent' }, { log_level: 'silent' }],
    [{ NODE_ENV: 'test' }, { production: false }],
  ])('%j', (env, expected) => {
    expect(readConfig(env)).toMatchObject(expected)
  })
})

describe('refused', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['PORT', { PORT: 'http' }, /is "http", which is not a port/],
    ['PORT', { PORT: '65536' }, /not a port/],
    ['PORT', { PORT: '-1' }, /not a port/],
    ['PORT', { PORT: '80.5' }, /not a port/],
    ['PORT', { PORT: '0x50' }, /not a port/],
    ['HOST', { HOST: 'localhost:3000' }, /not an address or a host name/],
    ['HOST', { HOST: '[::1]' }, /not an address or a host name/],
    ['HOST', { HOST: 'http://localhost' }, /not an address or a host name/],
    ['BASE_URL', { BASE_URL: 'sso.example.com' }, /not an absolute http or https URL/],
    ['BASE_URL', { BASE_URL: 'ftp://sso.example.com' }, /not an absolute http or https URL/],
    ['BASE_URL', { BASE_URL: 'https://sso.example.com/sso' }, /path, query or fragment/],
    ['BASE_URL', { BASE_URL: 'https://sso.example.com?x' }, /path, query or fragment/],
    ['BASE_URL', { BASE_URL: 'https://sso.example.com/?' }, /path, query or fragment/],
    ['BASE_URL', { BASE_URL: 'https://sso.example.com#' }, /path, query or fragment/],
    ['BASE_URL', { BASE_URL: 'https://user:pass@sso.example.com' }, /user name or password/],
    ['BASE_URL', { ...production, BASE_URL: 'http://sso.example.com' }, /in the clear/],
    ['BASE_URL', { ...production, BASE_URL: 'http://localhost.example.com' }, /in the clear/],
    ['BASE_URL', { ...production, BASE_URL: 'http://127.0.0.1.example.com' }, /in the clear/],
    ['STORE_URL', { STORE_URL: 'redis://cache' }, /may forget connections/],
    ['STORE_URL', { STORE_URL: 'rediss://cache' }, /may forget connections/],
    ['STORE_URL', { STORE_URL: 'mysql://db' }, /no store that is known/],
    ['STORE_URL', { STORE_URL: './data.sqlite' }, /no store that is known/],
    ['STORE_URL', { STORE_URL: 'postgres:db' }, /no store that is known/],
    ['STORE_URL', { STORE_URL: 'memory' }, /no store that is known/],
    ['STORE_URL', { STORE_URL: 'sqlite:' }, /names no file/],
    ['STORE_URL', { STORE_URL: 'sqlite::memory:' }, /names no file/],
    ['STORE_URL', { STORE_URL: 'sqlite://data/x.sqlite' }, /sqlite:\/\//],
    ['SESSION_STORE_URL', { SESSION_STORE_URL: 'memcached://cache' }, /no store that is known/],
    ['SECRET_KEYS', { SECRET_KEYS: randomBytes(31).toString('base64url') }, /number 1/],
    ['SECRET_KEYS', { SECRET_KEYS: randomBytes(33).toString('base64url') }, /number 1/],
    ['SECRET_KEYS', { SECRET_KEYS: `${key},` }, /number 2/],
    ['SECRET_KEYS', { SECRET_KEYS: `${key},${randomBytes(32).toString('hex')}` }, /number 2/],
    ['SECRET_KEYS', { SECRET_KEYS: Buffer.alloc(32, 0xff).toString('base64') }, /number 1/],
    ['SECRET_KEYS', { SECRET_KEYS: `${'A'.repeat(42)}B` }, /number 1/],
    ['SECRET_KEYS', { SECRET_KEYS: `${key},${key}` }, /same key twice/],
    ['SECRET_KEYS', { ...production, SECRET_KEYS: '' }, /required when NODE_ENV is production/],
    ['ADMIN_TOKEN', { ...production, ADMIN_TOKEN: 'fifteen-letters' }, /too short/],
    ['ADMIN_TOKEN', { ADMIN_TOKEN: 'sixteen letters and spaces' }, /cannot be sent in a header/],
    ['ADMIN_TOKEN', { ADMIN_TOKEN: 'ein-schlüssel-mit-umlaut' }, /cannot be sent in a header/],
    ['ADMIN_TOKEN', { ...production, ADMIN_TOKEN: '' }, /required when NODE_ENV is production/],
    ['OUTBOUND_ALLOW', { OUTBOUND_ALLOW: 'ok, http://localhost:9000' }, /"http:\/\/localhost:9000"/],
    ['TRUST_PROXY', { TRUST_PROXY: 'yes' }, /no address or network/],
    ['TRUST_PROXY', { TRUST_PROXY: '0.0.0.0/0' }, /no address or network/],
    ['TRUST_PROXY', { TRUST_PROXY: '::/0' }, /no address or network/],
    ['TRUST_PROXY', { TRUST_PROXY: '10.0.0.1, proxy' }, /no address or network: "proxy"/],
    ['TRUST_PROXY', { TRUST_PROXY: '10.0.0.0/33' }, /no address or network/],
    ['RATE_LIMITS', { RATE_LIMITS: 'login=600' }, /no limit: "login=600"/],
    ['RATE_LIMITS', { RATE_LIMITS: 'login_per_address' }, /no limit: "login_per_address"/],
    ['RATE_LIMITS', { RATE_LIMITS: 'login_per_address=0' }, /no limit/],
    ['RATE_LIMITS', { RATE_LIMITS: 'login_per_address=1.5' }, /no limit/],
    ['RATE_LIMITS', { RATE_LIMITS: 'login_per_address=1e3' }, /no limit/],
    ['RATE_LIMITS', { RATE_LIMITS: 'login_per_address=600,' }, /no limit: ""/],
    ['RATE_LIMITS', { RATE_LIMITS: '__proto__=600' }, /no limit/],
    ['RATE_LIMITS', { RATE_LIMITS: 'login_per_address=6,login_per_address=7' }, /login_per_address twice/],
    ['LOG_LEVEL', { LOG_LEVEL: 'verbose' }, /is "verbose"/],
    ['NODE_ENV', { NODE_ENV: 'Production' }, /is "Production"/],
  ])('%s: %j', (variable, env, problem) => {
    const { faults, message } = faultsOf(env)
    expect(faults).toEqual([{ variable, problem: expect.stringMatching(problem), accepted: expect.any(String) }])
    expect(message).toContain(`${variable} ${faults[0]!.problem}. Accepted: ${faults[0]!.accepted}.`)
  })

  test('all faults are named at once', () => {
    const env = { NODE_ENV: 'production', PORT: 'x', STORE_URL: 'redis://cache', TRUST_PROXY: 'yes', LOG_LEVEL: 'x' }
    const variables = faultsOf(env).faults.map(({ variable }) => variable)
    expect(variables.sort()).toEqual(['ADMIN_TOKEN', 'LOG_LEVEL', 'PORT', 'SECRET_KEYS', 'STORE_URL', 'TRUST_PROXY'])
  })

  test('no secret is printed', () => {
    const canary = 'canary'
    const { message } = faultsOf({
      SECRET_KEYS: canary,
      ADMIN_TOKEN: canary,
      BASE_URL: `https://user:${canary}@sso.example.com`,
      STORE_URL: `mysql://user:${canary}@db`,
      SESSION_STORE_URL: `memcached://user:${canary}@cache`,
      OUTBOUND_ALLOW: `https://user:${canary}@idp.example`,
    })
    expect(message).not.toContain(canary)
  })
})

describe('loadOrCreateDevelopmentSecrets', () => {
  const directory = () => {
    const path = mkdtempSync(join(tmpdir(), 'config-'))
    onTestFinished(() => rmSync(path, { recursive: true }))
    return path
  }

  test('generates once into a 0600 file beside the SQLite store, and reuses it', () => {
    const path = directory()
    const config = readConfig({ STORE_URL: `sqlite:${path}/data/relying-party.sqlite` })
    const first = loadOrCreateDevelopmentSecrets(config)
    expect(first).toEqual({ ...config, secret_keys: [expect.any(String)], admin_token: expect.any(String) })
    expect(readdirSync(join(path, 'data'))).toEqual(['relying-party.secrets.json'])
    expect(statSync(join(path, 'data/relying-party.secrets.json')).mode & 0o777).toBe(0o600)
    expect(loadOrCreateDevelopmentSecrets(config)).toEqual(first)
    // What is generated is also accepted.
    const env = { SECRET_KEYS: first.secret_keys.join(','), ADMIN_TOKEN: first.admin_token }
    expect(readConfig(env)).toMatchObject({ secret_keys: first.secret_keys, admin_token: first.admin_token })
  })

  test('what is set stays as it is; only the rest is generated', () => {
    const path = directory()
    const store = { STORE_URL: `sqlite:${path}/x.sqlite` }
    const both = { ...store, SECRET_KEYS: key, ADMIN_TOKEN: token }
    expect(loadOrCreateDevelopmentSecrets(readConfig(both))).toEqual(readConfig(both))
    expect(readdirSync(path)).toEqual([])
    const generated = loadOrCreateDevelopmentSecrets(readConfig(store))
    expect(loadOrCreateDevelopmentSecrets(readConfig({ ...store, ADMIN_TOKEN: token }))).toMatchObject({
      secret_keys: generated.secret_keys,
      admin_token: token,
    })
    expect(loadOrCreateDevelopmentSecrets(readConfig({ ...store, SECRET_KEYS: key }))).toMatchObject({
      secret_keys: [key],
      admin_token: generated.admin_token,
    })
  })

  test('memory: new ones at every start', () => {
    const config = readConfig({ STORE_URL: 'memory:' })
    const [first, second] = [loadOrCreateDevelopmentSecrets(config), loadOrCreateDevelopmentSecrets(config)]
    expect(first.secret_keys).not.toEqual(second.secret_keys)
    expect(first.admin_token).not.toEqual(second.admin_token)
  })

  test('never in production', () => {
    expect(() => loadOrCreateDevelopmentSecrets({ ...readConfig({}), production: true })).toThrow(TypeError)
  })

  test.each(['', 'null', '{}', '{"secret_keys":[],"admin_token":"0123456789abcdef"}', '{"secret_keys":["x"]}'])(
    'a file that does not hold them is named, not replaced: %j',
    (text) => {
      const path = directory()
      const file = join(path, 'x.secrets.json')
      writeFileSync(file, text)
      const config = readConfig({ STORE_URL: `sqlite:${path}/x.sqlite` })
      expect(() => loadOrCreateDevelopmentSecrets(config)).toThrow(ConfigError)
      expect(() => loadOrCreateDevelopmentSecrets(config)).toThrow(file)
      expect(readFileSync(file, 'utf8')).toBe(text)
    },
  )

  test('processes that start at once agree', async () => {
    const path = directory()
    const module = fileURLToPath(new URL('../packages/server/src/config.ts', import.meta.url))
    // Each waits for its start time, so that all reach the file together.
    const program = `
      const { loadOrCreateDevelopmentSecrets, readConfig } = await import(${JSON.stringify(module)})
      const config = readConfig({ STORE_URL: ${JSON.stringify(`sqlite:${path}/data/x.sqlite`)} })
      process.stdout.write('ready')
      process.stdin.once('data', () => {
        const { secret_keys, admin_token } = loadOrCreateDevelopmentSecrets(config)
        process.stdout.write(JSON.stringify({ secret_keys, admin_token }), () => process.exit())
      })`
    const children = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const output = { child, ready: Promise.withResolvers<void>(), text: '', done: Promise.withResolvers<string>() }
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output.text += text
        output.ready.resolve()
      })
      child.on('close', () => output.done.resolve(output.text))
      return output
    })
    await Promise.all(children.map(({ ready }) => ready.promise))
    for (const { child } of children) child.stdin.write('go')
    const texts = await Promise.all(children.map(({ done }) => done.promise))
    expect(new Set(texts).size).toBe(1)
    expect(texts[0]).toContain('secret_keys')
    expect(readdirSync(join(path, 'data'))).toEqual(['x.secrets.json'])
  })
})
