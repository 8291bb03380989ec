/** “Preview” beside “Save policy”: who of the people who signed in lately would be refused, and whose role changes. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorld, type World } from '../support/world.ts'
import type { UserAgent } from '../support/user-agent.ts'
import { byId, find, posted, textOf, type Element } from '../views/document.ts'

let world: World
let admin: UserAgent
beforeAll(async () => {
  world = await createWorld()
  await world.enable()
  for (const login of ['grace@acme.example', 'eve@elsewhere.example', 'grace@acme.example']) {
    world.idp.loginAs(login)
    await world.login()
  }
  admin = await world.admin()
})
afterAll(() => world.close())

const settings = () => `${world.organization()}/settings/sso`

/** What a browser answers when the policy form, filled in so, is sent with that button. */
async function send(button_id: string, typed: Record<string, string>) {
  const { body: page } = await admin.visit(settings())
  const button = byId(page, button_id)!
  const fields = { ...posted(byId(page, 'settings')!), ...posted(byId(page, 'policy')!, button), ...typed }
  return admin.visit(`${settings()}/policy`, { form: fields })
}

const people = (preview: Element) =>
  find(preview, ({ attributes }) => 'data-person' in attributes).map((row) => [
    textOf(find(row, ({ tag }) => tag === 'th')[0]!),
    row.attributes['data-to'],
    find(row, ({ attributes }) => 'data-code' in attributes)[0]?.attributes['data-code'],
  ])

test('each person is judged once, nothing is saved, and what was typed stays', async () => {
  const before = (await world.connection()).policy
  const { status, body } = await send('preview-button', {
    allowed_email_domains: 'acme.example',
    default_role: 'write',
  })
  expect(status).toBe(200)
  const preview = byId(body, 'preview')!
  expect(preview.attributes['data-considered']).toBe('3')
  expect(people(preview).sort()).toEqual([
    ['ada@acme.example', 'write', undefined],
    ['eve@elsewhere.example', '', 'policy_email_domain_not_allowed'],
    ['grace@acme.example', 'write', undefined],
  ])
  expect(posted(byId(body, 'policy')!)).toMatchObject({ allowed_email_domains: 'acme.example', default_role: 'write' })
  expect((await world.connection()).policy).toEqual(before)
})

test('the admin API says the same, by subject, and saves nothing', async () => {
  const before = (await world.connection()).policy
  const address = '/organizations/acme/oidc/policy/preview'
  const proposed = { allowed_email_domains: ['acme.example'], default_role: 'write' }
  const { status, body } = await world.api('POST', address, proposed)
  expect([status, body.considered]).toEqual([200, 3])
  const subject = expect.any(String) as string
  expect(body.refused).toEqual([{ subject, email: 'eve@elsewhere.example', code: 'policy_email_domain_not_allowed' }])
  const roles = { role_before: 'read', role_after: 'write' }
  expect([...body.changed].sort((a, b) => (a.email < b.email ? -1 : 1))).toEqual([
    { subject, email: 'ada@acme.example', ...roles },
    { subject, email: 'grace@acme.example', ...roles },
  ])
  expect(body.unknown).toBe(0)
  const refused = await world.api('POST', address, { session_lifetime: 0 })
  expect([refused.status, refused.body.code]).toEqual([422, 'policy_invalid'])
  expect(refused.body.faults[0].member).toBe('session_lifetime')
  expect((await world.api('POST', '/organizations/nobody/oidc/policy/preview', {})).status).toBe(404)
  expect((await world.connection()).policy).toEqual(before)
})

test('a policy that is not sound is not previewed', async () => {
  const { status, body } = await send('preview-button', { session_lifetime_value: '0' })
  expect(status).toBe(422)
  expect(byId(body, 'preview')).toBeUndefined()
  expect(byId(body, 'session_lifetime_value')!.attributes['aria-invalid']).toBe('true')
})

test('saving is one press away', async () => {
  await send('policy-button', { default_role: 'write' })
  expect((await world.connection()).policy.default_role).toBe('write')
  const { body } = await send('preview-button', {})
  expect(people(byId(body, 'preview')!)).toEqual([])
})

test('the transcript of an attempt is handed to an administrator as a file, and to nobody else', async () => {
  const { attempt_id } = await world.lastAttempt()
  const address = `${settings()}/attempts/${attempt_id as string}/transcript`
  const answer = await admin.visit(address)
  expect(answer.status).toBe(200)
  const api = await world.api('GET', `/organizations/acme/attempts/${attempt_id as string}/transcript`)
  for (const { headers } of [answer, api]) {
    expect(headers.get('content-disposition')).toBe(`attachment; filename="transcript-${attempt_id as string}.json"`)
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
  }
  expect(JSON.parse(answer.body)).toMatchObject({ format: 1, verdict: { outcome: 'authenticated' } })
  const stranger = await fetch(address, { redirect: 'manual' })
  expect(stranger.status).toBe(303)
  expect((await admin.visit(`${settings()}/attempts/none/transcript`)).status).toBe(404)
})

test('a check has its page, and what is none has not', async () => {
  const { status, body } = await admin.visit(`${settings()}/checks/id_token_nonce`)
  expect(status).toBe(200)
  expect(find(body, ({ attributes }) => attributes['data-cause'] === 'id_token_nonce_mismatch')).toHaveLength(1)
  expect((await admin.visit(`${settings()}/checks/constructor`)).status).toBe(404)
})
