/** Two administrators of one organization: nobody overwrites what they have not seen. */
import type { Store } from '@relying-party/core'
import { describe, expect, test } from 'vitest'
import { clientId, organizationIds, sharedWorld, type ApiAnswer } from '../support/world.ts'

const organizations = organizationIds(60)
/** Who has read the connection and is to go on only later. */
let held: { readonly until: Promise<void>; read: () => void } | null = null
const wrapStore = (store: Store): Store => ({
  ...store,
  async get(collection, key) {
    const read = await store.get(collection, key)
    const waiting = collection === 'connections' ? held : null
    waiting?.read()
    await waiting?.until
    return read
  },
})
const world = await sharedWorld({ organizations: organizations.ids, wrapStore })

/** Requests that have all read the same version before the first of them writes. */
async function atOnce(...requests: readonly (() => Promise<ApiAnswer>)[]): Promise<ApiAnswer[]> {
  const goOn = Promise.withResolvers<void>()
  let readers = 0
  held = { until: goOn.promise, read: () => ++readers === requests.length && ((held = null), goOn.resolve()) }
  return Promise.all(requests.map((request) => request()))
}

/** A request that has read, and writes after another one was answered. */
async function overtaken(slow: () => Promise<ApiAnswer>, fast: () => Promise<ApiAnswer>) {
  const [goOn, hasRead] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  held = { until: goOn.promise, read: () => ((held = null), hasRead.resolve()) }
  const answer = slow()
  await hasRead.promise
  const first = await fast()
  goOn.resolve()
  return [first, await answer] as const
}

const enable = (id: string, fingerprint: unknown) =>
  world.api('POST', `/organizations/${id}/oidc/enable`, { fingerprint })

describe('two administrators', () => {
  const put = (id: string, body: unknown, version?: string) =>
    world.api('PUT', `/organizations/${id}/oidc`, body, version === undefined ? {} : { 'if-match': `"${version}"` })

  test('If-Match: whoever saw an old version is told, and nothing is overwritten', async () => {
    const id = organizations.next()
    const { version } = (await world.save(id)).body
    const second = await put(id, { scope: 'openid email' }, version)
    expect(second.status).toBe(200)
    expect(second.headers.get('etag')).toBe(`"${second.body.version}"`)
    expect(await put(id, { scope: 'openid groups' }, version)).toMatchObject({
      status: 412,
      body: { code: 'version_conflict' },
    })
    expect((await world.connection(id)).candidate.scope).toBe('openid email')
  })

  test.each(['test', 'enable', 'disable', 'discard'])('If-Match guards %s', async (command) => {
    const id = organizations.ids[54]!
    await world.enable(id)
    const refused = await world.api(
      'POST',
      `/organizations/${id}/oidc/${command}`,
      { fingerprint: 'a' },
      { 'if-match': '"old"' },
    )
    expect(refused).toMatchObject({ status: 412, body: { code: 'version_conflict' } })
  })

  test('If-Match guards delete, policy and the staged secret', async () => {
    const id = organizations.ids[54]!
    const old = { 'if-match': '"old"' }
    expect((await world.api('DELETE', `/organizations/${id}/oidc`, undefined, old)).status).toBe(412)
    expect((await world.api('PUT', `/organizations/${id}/oidc/policy`, {}, old)).status).toBe(412)
    expect(
      (await world.api('PUT', `/organizations/${id}/oidc/staged-secret`, { client_secret: 'a' }, old)).status,
    ).toBe(412)
    expect((await world.connection(id)).status).toBe('enabled')
    const { version } = await world.connection(id)
    expect(
      (await world.api('DELETE', `/organizations/${id}/oidc`, undefined, { 'if-match': `"${version}"` })).status,
    ).toBe(204)
  })

  test('If-Match on what does not exist creates nothing', async () => {
    const id = organizations.next()
    expect((await put(id, { issuer: world.idp.issuer, client_id: clientId }, 'any')).status).toBe(412)
    expect((await world.api('GET', `/organizations/${id}/oidc`)).status).toBe(404)
  })

  test('at once, each another member, without If-Match: both changes stand', async () => {
    const id = organizations.next()
    await world.save(id)
    for (let round = 0; round < 5; round++) {
      const answers = await atOnce(
        () => put(id, { scope: `openid email r${round}` }),
        () => put(id, { max_age: round + 1 }),
        () => world.api('PUT', `/organizations/${id}/oidc/policy`, { session_lifetime: 1000 + round }),
        () => world.api('PUT', `/organizations/${id}/oidc/policy`, { allowed_email_domains: [`r${round}.example`] }),
        () => put(id, { policy: { default_role: round % 2 === 0 ? 'write' : 'read' } }),
      )
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
      expect(await world.connection(id)).toMatchObject({
        candidate: { scope: `openid email r${round}`, max_age: round + 1 },
        policy: {
          session_lifetime: 1000 + round,
          allowed_email_domains: [`r${round}.example`],
          default_role: round % 2 === 0 ? 'write' : 'read',
        },
      })
    }
  })

  test('at once with the same If-Match: exactly one wins (#214)', async () => {
    const id = organizations.next()
    const { version } = (await world.save(id)).body
    const answers = await atOnce(
      ...Array.from({ length: 8 }, (_, n) => () => put(id, { scope: `openid s${n}` }, version)),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, ...Array<number>(7).fill(412)])
    const won = answers.find(({ status }) => status === 200)!
    expect((await world.connection(id)).candidate).toEqual(won.body.candidate)
  })

  test.each(['the edit first', 'the enable first'])(
    'an edit and an enable at once, %s: what is enabled was tested (#214)',
    async (order) => {
      const id = organizations.next()
      const { fingerprint } = (await world.save(id)).body.candidate
      await world.runTest(id)
      const edits = () => world.save(id, { scope: 'openid' })
      const enables = () => enable(id, fingerprint)
      const isEditFirst = order === 'the edit first'
      const [first, second] = await (isEditFirst ? overtaken(enables, edits) : overtaken(edits, enables))
      const told = [first, second].map(({ status, body }) => [status, body.code])
      expect(told).toEqual([[200, undefined], isEditFirst ? [409, 'not_tested'] : [200, undefined]])
      const { live, candidate } = await world.connection(id)
      expect(live?.fingerprint).toBe(isEditFirst ? undefined : fingerprint)
      expect(candidate).toMatchObject({ scope: 'openid', status: 'draft' })
      expect(candidate.fingerprint).not.toBe(fingerprint)
    },
  )

  test('settings and policy of one submission are written together or not at all', async () => {
    const id = organizations.next()
    await world.save(id)
    const { version } = await world.connection(id)
    const refused = await put(id, { scope: 'openid', policy: { session_lifetime: 1 } })
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'settings_invalid', faults: [{ member: 'policy.session_lifetime' }] },
    })
    expect((await world.connection(id)).version).toBe(version)
  })
})
