/** Who was signed in when SSO was disabled is signed in no more, also when it is enabled again. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Json, Store } from '@relying-party/core'
import { UserAgent } from '../support/user-agent.ts'
import { createWorld, organizationIds, type World } from '../support/world.ts'

const organizations = organizationIds(8)
let world: World
let store: Store
let id: string
/** What happens between the last look at the connection and the writing of the session. */
let meanwhile: () => Promise<void>
/** The record of the last session. */
let written: string

beforeAll(async () => {
  const wrapStore = (opened: Store): Store =>
    (store = {
      ...opened,
      async putIfAbsent(collection, key, ...rest) {
        if (key.startsWith('session.')) {
          await meanwhile()
          written = key
        }
        return opened.putIfAbsent(collection, key, ...rest)
      },
    })
  world = await createWorld({ organizations: organizations.ids, wrapStore })
})
beforeEach(async () => {
  meanwhile = () => Promise.resolve()
  id = organizations.next()
  await world.enable(id)
})
afterAll(() => world.close())

const post = async (action: 'disable' | 'enable', body?: unknown) => {
  const { status } = await world.api('POST', `/organizations/${id}/oidc/${action}`, body)
  expect(status).toBe(200)
}
async function offAndOn(): Promise<void> {
  await post('disable')
  await post('enable', { fingerprint: (await world.connection(id)).candidate.fingerprint })
}
async function signedIn(): Promise<UserAgent> {
  const agent = new UserAgent()
  await world.login(id, agent)
  return agent
}

test('disabled and enabled again: a session of before is none (#228)', async () => {
  const before = await signedIn()
  await offAndOn()
  expect(await world.session(before, id)).toBeNull()
  expect(await world.session(await signedIn(), id)).toMatchObject({ subject: expect.any(String) })
})

test('in the moment before the session is written: it is none either (#228)', async () => {
  meanwhile = offAndOn
  const caught = await signedIn()
  expect([...caught.cookies.keys()].some((name) => name.includes('rp_session_'))).toBe(true)
  expect(await world.session(caught, id)).toBeNull()
})

test('settings that are enabled in the place of others end no session', async () => {
  const before = await signedIn()
  await world.enable(id, { scope: 'openid email' })
  expect(await world.session(before, id)).not.toBeNull()
})

test('what an earlier release wrote does not say how often SSO was enabled: such a session goes on until it is disabled', async () => {
  const forget = async (collection: 'connections' | 'sessions', key: string, member: string) => {
    const { value, version } = (await store.get(collection, key))!
    const { [member]: forgotten, ...rest } = value as Record<string, Json>
    expect(forgotten).toBe(1)
    await store.compareAndSet(collection, key, version, rest, null)
  }
  const member = await signedIn()
  await forget('connections', id, 'enablements')
  await forget('sessions', written, 'enablement')
  expect(await world.session(member, id)).not.toBeNull()
  await offAndOn()
  expect(await world.session(member, id)).toBeNull()
})
