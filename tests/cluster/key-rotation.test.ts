/** SECRET_KEYS change while the product runs: what lies under the old key opens until nothing needs it any more. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Connection } from '@relying-party/core'
import { sqlite } from '../storage/backends.ts'
import { UserAgent } from '../support/user-agent.ts'
import { clientId } from '../support/world.ts'
import { codeOf, createCluster, type Cluster } from './cluster.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const [old, fresh] = [7, 8].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer]
const key = (bytes: Buffer) => bytes.toString('base64url')
/** How a sealed text names its key. */
const idOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest().subarray(0, 6).toString('base64url')

let cluster: Cluster
beforeAll(async () => {
  cluster = await createCluster({ place: await sqlite.create(), organizations: ['acme', 'keys'] })
})
afterAll(() => cluster.close())

const welcome = { until: ({ pathname }: URL) => pathname === '/welcome' }
const serveWith = async (...secret_keys: readonly string[]) => {
  cluster.balancer.targets = [(await cluster.start({ secret_keys })).port]
}
/** The keys that the secrets of a connection lie under. */
const keysOf = async (organization_id: string) => {
  const { candidate, live, previous } = (await cluster.store.get('connections', organization_id))!
    .value as unknown as Connection
  const secrets = [candidate?.client_secret, live?.client_secret, live?.staged_client_secret, previous?.client_secret]
  return [...new Set(secrets.flatMap((secret) => (secret ? [secret.sealed.split('.')[1]] : [])))]
}

test('old, then both, then the new one alone: sessions and flows go on, and any save seals again (#273)', async () => {
  await serveWith(key(old))
  await cluster.enable()
  // A second revision with a staged secret, and the first one behind it.
  const { api } = cluster
  const secret = 'another-secret-0123456789-0123456789-012345'
  await api('PUT', 'keys/oidc', { issuer: cluster.idp.issuer, client_id: clientId, client_secret: secret })
  await api('PUT', 'acme/oidc/staged-secret', { client_secret: secret })
  await api('PUT', 'keys/oidc', { token_endpoint_auth_method: 'private_key_jwt', client_secret: null })
  expect([await keysOf('acme'), await keysOf('keys')]).toEqual([[idOf(old)], [idOf(old)]])
  const { keys: published } = (await (await fetch(`${cluster.base_url}/organizations/keys/oidc/jwks`)).json()) as {
    keys: object[]
  }
  expect(published).toHaveLength(1)
  const [member, underWay, late] = [new UserAgent(), new UserAgent(), new UserAgent()]
  await cluster.login(member)
  const [response, lateResponse] = [await cluster.callback(underWay), await cluster.callback(late)]

  await serveWith(key(fresh), key(old))
  expect(await cluster.session(member)).not.toBeNull()
  expect((await underWay.visit(response, welcome)).url.pathname).toBe('/welcome')
  expect((await cluster.login(new UserAgent())).url.pathname).toBe('/welcome')
  const before = (await api('GET', 'acme/oidc')).body as { live: { fingerprint: string }; version: string }
  const saved = await api('PUT', 'acme/oidc', {})
  await api('PUT', 'keys/oidc', {})
  expect(saved.body).toMatchObject({ status: 'enabled', live: { fingerprint: before.live.fingerprint } })
  expect([await keysOf('acme'), await keysOf('keys')]).toEqual([[idOf(fresh)], [idOf(fresh)]])
  const { version } = saved.body as { version: string }
  expect((await api('PUT', 'acme/oidc', {})).body.version).toBe(version)

  await serveWith(key(fresh))
  expect((await cluster.login(new UserAgent())).url.pathname).toBe('/welcome')
  expect(await cluster.session(member)).not.toBeNull()
  const again = (await (await fetch(`${cluster.base_url}/organizations/keys/oidc/jwks`)).json()) as { keys: object[] }
  expect(again.keys).toEqual(published)
  // A flow of before cannot be read any more: it says so, and starting again works.
  expect(codeOf(await late.visit(lateResponse, welcome))).toBe('flow_not_found')
  expect((await cluster.login(late)).url.pathname).toBe('/welcome')
})

test('a key that was dropped too early is an error of ours, not "not enabled"; with it back, all is well (#273)', async () => {
  await serveWith(key(Buffer.alloc(32, 9)))
  const login = `${cluster.base_url}/organizations/acme/oidc/login`
  const response = await fetch(login, { headers: { accept: 'application/json' }, redirect: 'manual' })
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([500, 'internal_error'])
  expect((await cluster.api('GET', 'acme/oidc')).body.status).toBe('enabled')
  // What cannot be opened stays as it is, whatever else is changed.
  expect((await cluster.api('PUT', 'acme/oidc/policy', { session_lifetime: 3600 })).status).toBe(200)
  expect(await keysOf('acme')).toEqual([idOf(fresh)])
  await serveWith(key(fresh))
  expect((await cluster.login(new UserAgent())).url.pathname).toBe('/welcome')
})
