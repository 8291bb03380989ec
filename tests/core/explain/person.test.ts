/** Who it was, and what another policy would say of the same sign-in. */
import { expect, test } from 'vitest'
import { defaultPolicy, personOf, personUnder, type Policy } from '@relying-party/core'
import { finished, started } from '../support/findings.ts'
import { each, type Login } from '../support/play.ts'
import { json, mint, tokenBody, userinfo } from '../support/provider.ts'
import { recorded } from '../support/recorded.ts'

const grouped: Policy = {
  ...defaultPolicy,
  role_mapping: { claim: 'groups', rules: [{ value: 'Engineering', role: 'admin' }] },
  default_role: null,
}
const thin = { token: json(tokenBody({ id_token: mint({ claims: { email: undefined } }) })) }

each<[string, Login, string | null]>(
  [
    ['UserInfo was asked and has the claim', { answers: thin }, 'admin'],
    ['UserInfo was asked and has it not', { answers: { ...thin, userinfo: json({ ...userinfo, groups: [] }) } }, null],
    ['UserInfo was not asked, and would be now', {}, 'cannot_tell'],
    ['UserInfo is never asked', { rp: { client: { userinfo: 'never' } } }, null],
  ],
  async (_name, login, expected) => {
    const { transcript } = await recorded(login)
    const person = personUnder(transcript, grouped)
    expect(person === 'cannot_tell' ? person : person!.access.role).toBe(expected)
    expect(personUnder(transcript, defaultPolicy)).toMatchObject({
      refusal: null,
      access: personOf(transcript)!.access,
    })
  },
)

test('a login that never got as far as the policy is about nobody', async () => {
  const { transcript } = await recorded({ answers: { token: json({ error: 'invalid_grant' }, { status: 400 }) } })
  expect([personOf(transcript), personUnder(transcript, grouped)]).toEqual([null, null])
})

test('a login that has only begun is about nobody', async () => {
  const transcript = await started({})
  expect([personOf(transcript), personUnder(transcript, grouped)]).toEqual([null, null])
})

test('where UserInfo was asked, and where nothing is known of the provider, what is known decides', async () => {
  const asked = await finished({
    rp: { client: { userinfo: 'always' } },
    answers: { userinfo: json({ sub: 'user-1' }) },
  })
  expect(personUnder(asked, grouped)).toMatchObject({ access: { role: null } })
  const { provider_metadata: _, ...bare } = asked.relying_party
  expect(personUnder({ ...asked, relying_party: bare, events: [], decisions: [] }, grouped)).toMatchObject({
    access: { role: null },
  })
})
