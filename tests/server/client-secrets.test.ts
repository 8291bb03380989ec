/** Where a client secret goes: only to whom it was entered for; and how a second one takes its place. */
import { startMockOkta, type MockOkta } from '@relying-party/mock-idp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../packages/server/src/free-port.ts'
import { interruption } from '../support/interruption.ts'
import { codeOf, UserAgent } from '../support/user-agent.ts'
import { clientId, clientSecret, createWorld, organizationIds, type World } from '../support/world.ts'

const organizations = organizationIds(60)
const meanwhile = interruption()
let world: World
let other: MockOkta

beforeAll(async () => {
  const port = await freePort()
  const { wrapOutbound } = meanwhile
  world = await createWorld({ organizations: organizations.ids, wrapOutbound, allow: [`localhost:${port}`] })
  const client = {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: world.idp.clients[0]!.redirect_uris,
  }
  other = await startMockOkta({ port, auto_login: 'ada@acme.example', clients: [client] })
})
beforeEach(() => {
  world.idp.requests.clear()
  other.requests.clear()
})
afterEach(() => {
  world.idp.clearFaults()
  meanwhile.clear()
})
afterAll(async () => {
  await world.close()
  await other.close()
})

const remove = (id: string) => world.api('DELETE', `/organizations/${id}/oidc`)
const stage = (id: string, client_secret: string) =>
  world.api('PUT', `/organizations/${id}/oidc/staged-secret`, { client_secret })

describe('the stored secret goes only where it was entered for', () => {
  const settled = async (id: string, changes: Record<string, unknown>) => {
    const saved = await world.api('PUT', `/organizations/${id}/oidc`, changes)
    return { saved, tested: await world.api('POST', `/organizations/${id}/oidc/test`) }
  }

  test('another issuer with the old secret: cleared, asked for again, never sent there (#217, #225)', async () => {
    const id = organizations.next()
    await world.enable(id)
    const { saved, tested } = await settled(id, { issuer: other.issuer })
    expect(saved.body).toMatchObject({
      status: 'enabled',
      candidate: { issuer: other.issuer, client_secret_set: false },
    })
    expect(tested).toMatchObject({ status: 422, body: { code: 'client_secret_required' } })
    expect(other.requests.list()).toEqual([])
    // Back again does not bring it back either: nobody can probe for it.
    const back = await world.api('PUT', `/organizations/${id}/oidc`, { issuer: world.idp.issuer, scope: 'openid' })
    expect(back.body.candidate.client_secret_set).toBe(false)

    const entered = await settled(id, { issuer: other.issuer, client_secret: clientSecret })
    expect(entered.tested.status).toBe(200)
    await new UserAgent().visit(entered.tested.body.test_url, {
      until: ({ pathname }) => pathname.endsWith('/settings/sso'),
    })
    expect(other.requests.of('token')).toHaveLength(1)
    world.idp.requests.clear()
    expect(await world.canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('token')).toHaveLength(1)
  })

  test.each(['client_secret_basic', 'client_secret_post', 'none'])(
    'another client authentication (%s): cleared',
    async (method) => {
      const id = organizations.ids[52]!
      await remove(id)
      await world.save(id)
      const { saved, tested } = await settled(id, { token_endpoint_auth_method: method })
      expect(saved.body.candidate).toMatchObject({ token_endpoint_auth_method: method, client_secret_set: false })
      if (method !== 'none') expect(tested).toMatchObject({ status: 422, body: { code: 'client_secret_required' } })
    },
  )

  test.each([{ scope: 'openid' }, { client_id: clientId }, { response_mode: 'form_post' }])(
    'a change of %j keeps it',
    async (changes) => {
      const id = organizations.ids[53]!
      await remove(id)
      await world.save(id)
      const { saved, tested } = await settled(id, changes)
      expect([saved.body.candidate.client_secret_set, tested.status]).toEqual([true, 200])
    },
  )

  test('a member that is left out stays, null brings back the default (#216)', async () => {
    const id = organizations.next()
    await world.save(id, { scope: 'openid email groups', max_age: 60 })
    const kept = await world.api('PUT', `/organizations/${id}/oidc`, {})
    expect(kept.body.candidate).toMatchObject({ scope: 'openid email groups', max_age: 60, client_secret_set: true })
    const reset = await world.api('PUT', `/organizations/${id}/oidc`, { scope: null, max_age: null })
    expect(reset.body.candidate).toMatchObject({ scope: 'openid profile email' })
    expect(reset.body.candidate.max_age).toBeUndefined()
  })
})

describe('a second client secret is staged', () => {
  const swap = (client_secret: string) => {
    const [client] = world.idp.clients
    world.idp.removeClient(clientId)
    world.idp.addClient({ ...client!, client_secret })
  }
  afterEach(() => swap(clientSecret))

  test('the provider swaps: the next member gets in with the second, which becomes the first', async () => {
    const id = organizations.next()
    await world.enable(id)
    const before = (await world.connection(id)).live
    expect((await stage(id, 'the second secret')).body.live).toMatchObject({
      staged_client_secret_set: true,
      fingerprint: before.fingerprint,
    })
    world.idp.requests.clear()
    expect(await world.canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('token').map(({ response }) => response.status)).toEqual([200])

    swap('the second secret')
    world.idp.requests.clear()
    expect(await world.canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('token').map(({ response }) => response.status)).toEqual([401, 200])
    await expect
      .poll(() => world.connection(id))
      .toMatchObject({ status: 'enabled', live: { staged_client_secret_set: false, revision: before.revision } })

    world.idp.requests.clear()
    expect(await world.canSignIn(id)).toBe(true)
    expect(world.idp.requests.of('token').map(({ response }) => response.status)).toEqual([200])
  })

  test('five members at once: all get in', async () => {
    const id = organizations.next()
    await world.enable(id)
    await stage(id, 'the second secret')
    swap('the second secret')
    expect(await Promise.all(Array.from({ length: 5 }, () => world.canSignIn(id)))).toEqual(Array(5).fill(true))
  })

  test('taken back before the swap: it is not used', async () => {
    const id = organizations.next()
    await world.enable(id)
    await stage(id, 'the second secret')
    expect(
      (await world.api('DELETE', `/organizations/${id}/oidc/staged-secret`)).body.live.staged_client_secret_set,
    ).toBe(false)
    swap('the second secret')
    world.idp.requests.clear()
    expect(codeOf(await world.login(id))).toBe('token_invalid_client')
    expect(world.idp.requests.of('token')).toHaveLength(1)
  })

  test('another one staged while a login proves the first: that one is not promoted unproved', async () => {
    const id = organizations.next()
    await world.enable(id)
    await stage(id, 'the second secret')
    swap('the second secret')
    const member = new UserAgent()
    const url = await world.callback(id, member)
    meanwhile.beforeTokenRequest(() => stage(id, 'a third secret'))
    await member.visit(url, { until: ({ pathname }) => pathname === '/welcome' })
    await new Promise((resolve) => setImmediate(resolve))
    const { live } = await world.connection(id)
    expect(live.staged_client_secret_set).toBe(true)
  })

  test('both are refused: token_invalid_client, two requests, nothing promoted', async () => {
    const id = organizations.next()
    await world.enable(id)
    await stage(id, 'the second secret')
    swap('a third secret')
    world.idp.requests.clear()
    expect(codeOf(await world.login(id))).toBe('token_invalid_client')
    expect(world.idp.requests.of('token')).toHaveLength(2)
    expect((await world.connection(id)).live.staged_client_secret_set).toBe(true)
  })

  test('without a live secret there is nothing to stage beside', async () => {
    const id = organizations.next()
    await world.save(id)
    expect(await stage(id, 'second')).toMatchObject({ status: 409, body: { code: 'secret_not_staged' } })
  })
})
