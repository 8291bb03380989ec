/** The production set-up, as far as it can be proved without a container engine: it parses, and names only what there is. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ConfigError, readConfig } from '@relying-party/server'
import { transitions } from '../packages/core/src/flow.ts'
import { defaultHttpLimits } from '../packages/server/src/http-limits.ts'
import { default_limits } from '../packages/server/src/outbound/limits.ts'
import { longest_stop_ms } from '../packages/server/src/start.ts'
import { adminToken, createWorld } from './support/world.ts'

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')

interface Service {
  readonly image?: string
  readonly build?: string
  readonly deploy?: { readonly replicas: number }
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly volumes?: readonly string[]
  readonly command?: readonly string[]
  readonly stop_grace_period?: string
}
const compose = parse(read('compose.yaml')) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, null>>
  readonly configs: { readonly caddyfile: { readonly content: string } }
}
const server = compose.services['relying-party']!

/** What an operator fills in, with the variables of compose.env.example. */
const filledIn: Readonly<Record<string, string>> = {
  SSO_HOST: 'sso.example.com',
  POSTGRES_PASSWORD: 'of-postgres',
  SECRET_KEYS: Buffer.alloc(32, 1).toString('base64url'),
  ADMIN_TOKEN: adminToken,
  OUTBOUND_ALLOW: '',
  RATE_LIMITS: '',
}
const substituted = (text: string) =>
  text.replaceAll(/(?<!\$)\$\{([A-Z_]+)(?::[?-][^}]*)?\}/g, (_, name: string) => {
    expect(Object.keys(filledIn)).toContain(name)
    return filledIn[name]!
  })
const environment = Object.fromEntries(
  Object.entries(server.environment!).map(([name, value]) => [name, substituted(value)]),
)

/** The variables that the server reads: those that it complains about when they make no sense. */
const isRead = (name: string) => {
  try {
    readConfig({ ...environment, [name]: 'no sense at all' })
  } catch (error) {
    return (error as ConfigError).faults.some(({ variable }) => variable === name)
  }
  return false
}

test('compose.yaml starts two replicas on PostgreSQL and Redis, behind a proxy, when all that they need is healthy', () => {
  expect(Object.keys(compose.services)).toEqual(['proxy', 'relying-party', 'postgres', 'redis'])
  expect(server.deploy).toEqual({ replicas: 2 })
  for (const [name, { depends_on = {}, volumes = [] }] of Object.entries(compose.services)) {
    for (const [needed, { condition }] of Object.entries(depends_on)) {
      expect([name, needed, condition]).toEqual([name, needed, 'service_healthy'])
      expect(compose.services[needed]!.healthcheck!.test.length).toBeGreaterThan(1)
    }
    for (const volume of volumes) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0])
  }
  expect(compose.services['redis']!.command).toEqual(expect.arrayContaining(['--maxmemory-policy', 'noeviction']))
  expect(compose.configs.caddyfile.content).toContain(`relying-party ${environment['PORT']}`)
})

test('its server has a configuration that starts: every variable is read, none is missing', () => {
  const config = readConfig(environment)
  expect(config).toMatchObject({
    production: true,
    host: '0.0.0.0',
    base_url: 'https://sso.example.com',
    trust_proxy: 1,
  })
  expect(new URL(config.store_url)).toMatchObject({ hostname: 'postgres', password: 'of-postgres' })
  expect(new URL(config.session_store_url).hostname).toBe('redis')
  for (const name of Object.keys(environment)) expect([name, isRead(name)]).toEqual([name, true])
})

test('compose.env.example names exactly what compose.yaml asks for', () => {
  const offered = [...read('compose.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name)
  const asked = [...read('compose.yaml').matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name]) => name)
  expect(offered.toSorted()).toEqual([...new Set(asked)].toSorted())
  expect(offered.toSorted()).toEqual(Object.keys(filledIn).toSorted())
})

test('the Dockerfile builds with the pinned tools and runs as nobody in particular', () => {
  const dockerfile = read('Dockerfile')
  const { config, devDependencies } = JSON.parse(read('package.json')) as {
    config: { pnpm: string }
    devDependencies: { node: string }
  }
  const versions = [...dockerfile.matchAll(/pnpm@([0-9.]+)/g)].map(([, version]) => version)
  expect(new Set(versions)).toEqual(new Set([config.pnpm]))
  const images = [...dockerfile.matchAll(/^FROM node:([0-9]+)-slim/gm)].map(([, major]) => major)
  expect(images).toEqual(Array(2).fill(devDependencies.node.split('.')[0]))
  expect(dockerfile).toMatch(/^USER node$/m)
  expect(dockerfile).toContain(`EXPOSE ${environment['PORT']}`)
})

test('a login that is under way is answered before anybody gives up: the process, its supervisor, the proxy', () => {
  // A provider may be asked in each phase but the one in which the browser is there, and for tokens with two secrets.
  const phases = Object.entries(transitions).filter(([, events]) => 'request_failed' in events)
  const again = phases.filter(([phase, events]) =>
    Object.values(events).some(({ to }) => (to as readonly string[]).includes(phase)),
  )
  const slowest_ms = (phases.length + again.length) * default_limits.deadline_ms
  expect(slowest_ms).toBe(50_000)
  const page = read('docs/production.md')
  const patience = [
    server.stop_grace_period,
    /give it (\d+) seconds before a kill/.exec(page)?.[1],
    /proxy_read_timeout (\d+)s;/.exec(page)?.[1],
  ].map((text) => parseInt(text!) * 1000)
  for (const ms of patience) expect(ms).toBeGreaterThan(longest_stop_ms)
  // Stores answer within two seconds, or not at all.
  expect(longest_stop_ms).toBeGreaterThanOrEqual(slowest_ms + 10 * 2000)
  expect(defaultHttpLimits.idle_ms).toBeGreaterThan(longest_stop_ms)
})

test('what is for operators alone is kept inside by both proxies', async () => {
  const operators = ['/metrics', '/healthz', '/readyz']
  const [caddy] = /(?<=@private path ).*/.exec(compose.configs.caddyfile.content)!
  expect(caddy.split(' ').toSorted()).toEqual(operators.toSorted())
  const [nginx] = /(?<=location ~ )\S+/.exec(read('docs/production.md'))!
  expect(operators.filter((path) => new RegExp(nginx).test(path))).toEqual(operators)
  expect(['/metricsx', '/docs', '/organizations/acme/readyz'].filter((path) => new RegExp(nginx).test(path))).toEqual(
    [],
  )
})

test('docs/production.md names variables, routes and metrics that exist, and every metric of ours', async () => {
  const page = read('docs/production.md')
  const settings = page.slice(page.indexOf('## Settings'), page.indexOf('## The reverse proxy'))
  const named = [...settings.matchAll(/^\| ([^|]+)\|/gm)].flatMap(([, cell]) => cell!.match(/[A-Z_]{4,}/g) ?? [])
  for (const name of named) expect([name, isRead(name)]).toEqual([name, true])
  expect(named.toSorted()).toEqual(Object.keys(environment).toSorted())

  const world = await createWorld()
  try {
    await world.enable()
    await world.login()
    const metrics = await (await fetch(`${world.base_url}/metrics`)).text()
    const ours = [...metrics.matchAll(/^# TYPE (relying_party_\w+) /gm)].map(([, name]) => name!)
    const shown = [...page.matchAll(/`(relying_party_\w+)`/g)].map(([, name]) => name!)
    expect(shown.filter((name) => name !== 'relying_party').toSorted()).toEqual(ours.toSorted())
    const routes = world.routes.map(({ url }) => url)
    for (const [, path] of page.matchAll(/`(?:GET|PUT|POST) (\/[\w/:.-]+)`/g)) expect(routes).toContain(path)
    for (const [, path] of page.matchAll(/\/organizations\/acme(\/[\w/]+)/g)) {
      expect(routes.filter((url) => url.endsWith(`/organizations/:id${path}`))).not.toEqual([])
    }
  } finally {
    await world.close()
  }
})
