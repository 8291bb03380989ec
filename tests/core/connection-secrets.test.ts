/** Where a client secret stays and where it goes, and what the fingerprint says of it. */
import { describe, expect, test } from 'vitest'
import {
  defaultPolicy,
  fingerprintOf,
  relyingPartyOf,
  type Command,
  type Connection,
  type Settings,
  type SealedSecret,
} from '@relying-party/core'
import {
  after,
  at,
  begin,
  besideDraft,
  besideTested,
  by,
  draft,
  enable,
  enabled,
  live,
  pass,
  promote,
  save,
  secret,
  settings,
  stage,
  tell,
  tested,
  type Move,
} from './support/connection.ts'

describe('a stored secret', () => {
  const kept = async (moves: readonly Move[], changed: Partial<Settings>) =>
    ((await tell(await after(...moves), save(changed))) as Connection).candidate?.client_secret ?? null

  test.each<[string, Partial<Settings>, boolean]>([
    ['nothing of note', { scope: 'openid' }, true],
    ['the client id', { client_id: 'client-2' }, true],
    ['the issuer', { issuer: 'https://evil.example' }, false],
    ['a slash of the issuer', { issuer: 'https://idp.example/' }, false],
    ['the client authentication', { token_endpoint_auth_method: 'client_secret_post' }, false],
    ['to no client authentication', { token_endpoint_auth_method: 'none' }, false],
  ])('changed is %s', async (_name, changed, stays) => {
    for (const moves of [draft, tested, enabled, besideDraft, besideTested]) {
      expect(await kept(moves, { ...changed, max_age: 1 })).toEqual(stays ? secret('s1') : null)
    }
  })

  test('goes, and does not come back with the issuer', async () => {
    const gone = await after(...draft, save({ issuer: 'https://evil.example' }), save())
    expect(gone.candidate?.client_secret).toBeNull()
    expect(await tell(gone, begin)).toBe('client_secret_required')
  })

  test('goes for a test as well: what was pasted in is not sent the old secret (#218)', async () => {
    expect(await tell(await after(...tested, save({ issuer: 'https://evil.example' })), begin)).toBe(
      'client_secret_required',
    )
    expect(await tell(await after(...enabled, save({ issuer: 'https://evil.example' })), begin)).toBe(
      'client_secret_required',
    )
  })

  test('is replaced by one that is entered, which has to be tested', async () => {
    const entered = await tell(await after(...tested), save({}, secret('s2')))
    expect(entered).toMatchObject({ phase: 'draft', candidate: { client_secret: secret('s2'), tested: null } })
  })

  test('a public client has none, and keeps none that is entered', async () => {
    const open = await after(save({ token_endpoint_auth_method: 'none' }, secret('s1')), begin)
    expect(open.candidate).toMatchObject({ client_secret: null, last_test: { outcome: 'running' } })
  })

  test('without one there is no test', async () => {
    expect(await tell(await after(save()), begin)).toBe('client_secret_required')
  })
})

describe('a staged secret', () => {
  test('stands beside the current one, can be taken back, and undoes no test', async () => {
    const before = await after(...enabled)
    const staged = (await tell(before, stage)) as Connection
    expect(staged.live).toEqual({ ...before.live, staged_client_secret: secret('staged') })
    expect(await tell(staged, { ...stage, client_secret: null } as Command)).toEqual(before)
  })

  test('becomes the current one by a login, with the fingerprint that it makes', async () => {
    const promoted = await after(...enabled, stage, promote)
    expect(promoted.live).toMatchObject({
      client_secret: secret('staged'),
      staged_client_secret: null,
      tested: { attempt_id: 'login', by: 'a login' },
    })
    expect(live(promoted)).toBe(await fingerprintOf(settings, secret('staged')))
    expect(live(promoted)).not.toBe(live(await after(...enabled)))
  })

  test.each<[string, Partial<Extract<Command, { type: 'promote_staged_secret' }>>]>([
    ['another secret', { secret_id: 's1' }],
    ['another revision', { revision: 7 }],
  ])('is not promoted for %s', async (_name, changed) => {
    const connection = await after(...enabled, stage)
    const command = {
      type: 'promote_staged_secret',
      revision: 1,
      secret_id: 'staged',
      attempt_id: 'x',
      at,
      by,
    } as const
    expect(await tell(connection, { ...command, ...changed })).toBe('secret_not_staged')
  })

  test('is promoted once', async () => {
    expect(await tell(await after(...enabled, stage, promote), promote)).toBe('secret_not_staged')
  })

  test('has no place beside a public client', async () => {
    const open = [save({ token_endpoint_auth_method: 'none' }), begin, pass(), enable()]
    expect(await tell(await after(...open), stage)).toBe('secret_not_staged')
    const key = { ...secret('key'), public_jwk: { kty: 'EC' } } as SealedSecret
    const keyed = await after(save({ token_endpoint_auth_method: 'private_key_jwt' }, key), begin, pass(), enable())
    expect(await tell(keyed, stage)).toBe('secret_not_staged')
  })
})

describe('the fingerprint', () => {
  test('does not depend on the order of members, and shows nothing of the secret', async () => {
    const reversed = Object.fromEntries(Object.entries(settings).reverse()) as unknown as Settings
    const parameters = { authorization_parameters: { a: '1', b: '2' } }
    const turned = { authorization_parameters: { b: '2', a: '1' } }
    expect(await fingerprintOf({ ...reversed, ...turned }, secret('s1'))).toBe(
      await fingerprintOf({ ...settings, ...parameters }, secret('s1')),
    )
    expect(await fingerprintOf(settings, { secret_id: 's1', sealed: 'sealed anew' })).toBe(
      await fingerprintOf(settings, secret('s1')),
    )
    expect(await fingerprintOf(settings, null)).not.toBe(await fingerprintOf(settings, secret('s1')))
  })
})

test('what a flow knows of a revision', async () => {
  const connection = await after(...enabled)
  const client = { redirect_uri: 'https://app.example/callback', client_secret: 'opened' }
  expect(relyingPartyOf(connection, connection.live!, client)).toMatchObject({
    organization_id: 'acme',
    connection_id: 'connection-1',
    revision: 1,
    issuer: settings.issuer,
    client: { client_id: 'client-1', ...client, scope: settings.scope },
    policy: defaultPolicy,
  })
  expect(relyingPartyOf(connection, connection.live!, client).client).not.toHaveProperty('issuer')
})
