/** How the server authenticates at the token endpoint, whatever the secret and the provider. */
import type { Crypto, PrivateJwk } from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import type { ClientOptions } from '@relying-party/mock-idp'
import type { Outbound } from '@relying-party/server'
import { describe, expect, test } from 'vitest'
import { UserAgent } from '../support/user-agent.ts'
import { clientId, clientSecret, createWorld, organizationIds, sharedWorld } from '../support/world.ts'

const organizations = organizationIds(60)
const world = await sharedWorld({ organizations: organizations.ids })
const acme = organizations.next()
await world.enable(acme)

const signIn = (id = acme, agent?: UserAgent) => world.signIn(id, agent)

describe('client authentication', () => {
  const punctuation = '%+:/=?&#@ ~"\\\'<>{}|^`$!*(),;[]é'.replace('é', '')
  const client = (id: string, options: Partial<ClientOptions>): ClientOptions => {
    const { redirect_uris } = world.idp.clients[0]!
    const added = { client_id: `client-${id}`, client_secret: clientSecret, redirect_uris, ...options } as ClientOptions
    world.idp.addClient(added)
    return added
  }

  test.each<[string, Partial<ClientOptions>, string | null, string]>([
    ['chosen from the metadata: basic first', {}, null, 'client_secret_basic'],
    [
      'strictly basic',
      { token_endpoint_auth_method: 'client_secret_basic', strict_auth_method: true },
      null,
      'client_secret_basic',
    ],
    [
      'strictly post',
      { token_endpoint_auth_method: 'client_secret_post', strict_auth_method: true },
      'client_secret_post',
      'client_secret_post',
    ],
    ['basic, explicitly', { strict_auth_method: true }, 'client_secret_basic', 'client_secret_basic'],
    ['basic with a secret of punctuation', { client_secret: punctuation }, null, 'client_secret_basic'],
    ['post with a secret of punctuation', { client_secret: punctuation }, 'client_secret_post', 'client_secret_post'],
    [
      'basic with an id and a secret of punctuation',
      { client_id: `id ${punctuation}`, client_secret: punctuation },
      null,
      'client_secret_basic',
    ],
    ['post with an id of punctuation', { client_id: `id2 ${punctuation}` }, 'client_secret_post', 'client_secret_post'],
    [
      'basic at a provider that does not decode',
      { basic_decoding: 'raw', client_secret: 'aZ09-._aZ09' },
      null,
      'client_secret_basic',
    ],
    ['none: a public client with PKCE', { token_endpoint_auth_method: 'none' }, 'none', 'none'],
  ])('%s', async (_, options, method, seen) => {
    const id = organizations.next()
    const { client_secret, ...registered } = client(id, options)
    const public_ = options.token_endpoint_auth_method === 'none'
    await world.enable(id, {
      client_id: registered.client_id,
      client_secret: public_ ? undefined : client_secret,
      ...(method !== null && { token_endpoint_auth_method: method }),
    })
    world.idp.requests.clear()
    expect((await signIn(id)).email).toBe('ada@acme.example')
    const [request, ...more] = world.idp.requests.of('token')
    expect([request!.client_authentication, request!.client_id, more]).toEqual([seen, registered.client_id, []])
    expect(request!.params.code_verifier).toMatch(/^[A-Za-z0-9_-]{43}$/)
    if (public_) expect([request!.headers.authorization, request!.params.client_secret]).toEqual([undefined, undefined])
  })

  test('basic where the provider insists on post: token_invalid_client, mended by the override (#143, #154)', async () => {
    const id = organizations.next()
    const { client_id } = client(id, { token_endpoint_auth_method: 'client_secret_post', strict_auth_method: true })
    await world.save(id, { client_id })
    await world.runTest(id)
    expect((await world.connection(id)).candidate.last_test.failure.code).toBe('token_invalid_client')
    await world.enable(id, { client_id, token_endpoint_auth_method: 'client_secret_post' })
    expect((await signIn(id)).email).toBe('ada@acme.example')
  })

  test('a method that nobody knows at the provider: discovery_unsupported before anything is sent (#125)', async () => {
    const id = organizations.next()
    world.idp.inject('discovery.auth_methods_unknown')
    await world.save(id)
    await world.runTest(id)
    expect((await world.connection(id)).candidate.last_test.failure.code).toBe('discovery_unsupported')
    expect(world.idp.requests.of('token')).toEqual([])
  })

  test('private_key_jwt: the key is read once, not at every login, so that it is imported once', async () => {
    const id = organizations.next()
    const keys: PrivateJwk[] = []
    const crypto: Crypto = {
      ...nodeCrypto,
      sign: (alg, key, data) => {
        keys.push(key)
        return nodeCrypto.sign(alg, key, data)
      },
    }
    // The mock knows no client keys: what is signed is taken for its secret.
    const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
    const wrapOutbound = (outbound: Outbound): Outbound => ({
      ...outbound,
      request(asked, owner) {
        const body = new URLSearchParams(asked.body)
        const isSigned = body.has('client_assertion')
        for (const name of ['client_assertion', 'client_assertion_type']) body.delete(name)
        const basic = { ...asked, headers: { ...asked.headers, authorization }, body: body.toString() }
        return outbound.request(isSigned ? basic : asked, owner)
      },
    })
    const signing = await createWorld({ organizations: [id], wrapOutbound, server: { crypto } })
    try {
      await signing.enable(id, { token_endpoint_auth_method: 'private_key_jwt', client_secret: null })
      keys.length = 0
      for (let n = 0; n < 3; n++) expect((await signing.signIn(id)).email).toBe('ada@acme.example')
      expect([keys.length, new Set(keys).size]).toEqual([3, 1])
    } finally {
      await signing.close()
    }
  })
})
