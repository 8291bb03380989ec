/** Whoever can write into the store moves what is sealed: it opens nowhere but where it was sealed for, and goes to nobody. */
import type { Json, Store } from '@relying-party/core'
import type { Session } from '@relying-party/server'
import { beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../packages/server/src/digest.ts'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { clientId, sharedWorld } from '../support/world.ts'

let records: Store
const world = await sharedWorld({ wrapStore: (store) => (records = store) })

interface Sealed {
  readonly secret_id: string
  readonly sealed: string
}
interface Held {
  readonly live: { readonly client_secret: Sealed; readonly staged_client_secret: Sealed }
}
const recordOf = async (id: string) => (await records.get('connections', id))!.value as unknown as Held
async function write(id: string, record: unknown): Promise<void> {
  const { version } = (await records.get('connections', id))!
  expect(await records.compareAndSet('connections', id, version, record as Json, null)).toBeDefined()
}

/** Who signed in at acme, as it is stored. */
async function sessionOf(agent: UserAgent) {
  await world.login('acme', agent)
  const [, cookie] = [...agent.cookies].find(([name]) => name.startsWith('rp_session_acme|'))!
  const key = `session.${digestOf(cookie.value)}`
  const { value, version } = (await records.get('sessions', key))!
  return { key, version, session: value as unknown as Session }
}

let before_deletion: Held
beforeAll(async () => {
  await world.enable('acme')
  before_deletion = await recordOf('acme')
  await world.api('DELETE', '/organizations/acme/oidc')
  for (const id of ['acme', 'globex']) {
    await world.enable(id)
    await world.api('PUT', `/organizations/${id}/oidc/staged-secret`, { client_secret: 'the second' })
  }
})

/** Its record with something else in it, for as long as `use` takes. */
async function holding(id: string, change: (own: Held, other: Held) => unknown, use: () => Promise<void>) {
  const own = await recordOf(id)
  await write(id, await change(own, await recordOf('globex')))
  world.idp.requests.clear()
  await use().finally(() => write(id, own))
}
function withSecret(own: Held, secret: Partial<Sealed>): unknown {
  return { ...own, live: { ...own.live, client_secret: { ...own.live.client_secret, ...secret } } }
}

test.each<[string, (own: Held, other: Held) => unknown]>([
  ['the record of another organization', (_, other) => other],
  ['the secret of another organization', (own, { live }) => withSecret(own, live.client_secret)],
  [
    'the secret of another organization under the id of its own',
    (own, { live }) => withSecret(own, { sealed: live.client_secret.sealed }),
  ],
  ['the secret of an earlier organization of its name', (own) => withSecret(own, before_deletion.live.client_secret)],
  [
    'its staged secret under the id of the first',
    (own) => withSecret(own, { sealed: own.live.staged_client_secret.sealed }),
  ],
  [
    'a token of a session',
    async (own) => withSecret(own, { sealed: (await sessionOf(new UserAgent())).session.id_token! }),
  ],
])('%s in the place of its own: 500, and no provider is asked; put back, all is well (#221)', async (_, change) => {
  await holding('acme', change, async () => {
    const agent = new UserAgent()
    const visit = await world.login('acme', agent)
    expect([visit.status, codeOf(visit)]).toEqual([500, 'internal_error'])
    expect(world.idp.requests.list()).toEqual([])
  })
  expect(await world.canSignIn('acme')).toBe(true)
})

test('the record of another organization in the place of its own shows and changes nothing of the other: 500', async () => {
  await holding(
    'acme',
    (_, other) => other,
    async () => {
      const body = { issuer: world.idp.customIssuer, client_id: 'mine', client_secret: 'mine' }
      for (const [method, sent] of [['GET'], ['PUT', body], ['DELETE']] as const) {
        const answer = await world.api(method, '/organizations/acme/oidc', sent)
        expect([method, answer]).toMatchObject([method, { status: 500, body: { code: 'internal_error' } }])
        expect(JSON.stringify(answer.body)).not.toContain('globex')
      }
      expect((await world.connection('globex')).status).toBe('enabled')
    },
  )
})

test('a client secret in the place of a session’s token: it is sent nowhere as a hint (#221)', async () => {
  const agent = new UserAgent()
  const { key, version, session } = await sessionOf(agent)
  const moved = { ...session, id_token: (await recordOf('acme')).live.client_secret.sealed }
  expect(await records.compareAndSet('sessions', key, version, moved as Json, null)).toBeDefined()
  await agent.visit(`${world.organization('acme')}/oidc/logout`, { method: 'POST' })
  const [ended] = world.idp.requests.of('end_session')
  expect(ended!.params).toMatchObject({ client_id: clientId })
  expect(ended!.params).not.toHaveProperty('id_token_hint')
  expect(await world.session(agent, 'acme')).toBeNull()
})
