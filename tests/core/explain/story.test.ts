/** A transcript taken apart: whom it is for, and what the policy saw or would have seen. */
import { expect, test } from 'vitest'
import type { AuthorizationResponseReceived, Circumstances, Transcript } from '@relying-party/core'
import { purposeOf, storyOf } from '../../../packages/core/src/explain/story.ts'
import { finished, started } from '../support/findings.ts'
import type { Login } from '../support/play.ts'
import { claims, json, metadata, mint, tokenBody, userinfo } from '../support/provider.ts'

const unpolled: Pick<Transcript, 'state' | 'events'> = { state: { phase: 'idle' }, events: [] }
const brought = (purpose: 'login' | 'test') => ({ flow: { purpose } }) as unknown as Circumstances

test('the purpose is that of the flow, of the request, or of what the browser brought', async () => {
  const testing = { requested: { purpose: 'test' } } as const
  const whole = await finished(testing)
  expect(purposeOf(whole)).toBe('test')
  expect(purposeOf({ ...whole, circumstances: brought('login') })).toBe('test')
  const begun = await started({})
  expect(purposeOf({ ...begun, circumstances: brought('test') })).toBe('login')
  const lost = { ...whole, ...unpolled }
  expect(purposeOf({ ...lost, circumstances: brought('test') })).toBe('test')
  expect(purposeOf({ ...lost, circumstances: { ...brought('test'), flow: null } })).toBeNull()
  expect(purposeOf({ ...lost, circumstances: null })).toBeNull()
  expect(purposeOf({ ...lost, events: whole.events, circumstances: null })).toBeNull()
})

test('the flow is that of a login that was begun', async () => {
  expect(storyOf(await started({})).flow).toBeUndefined()
  const transcript = await finished({})
  expect(storyOf(transcript).flow).toBe(transcript.state)
  expect(storyOf(transcript).callback).toBe(transcript.events[0] as AuthorizationResponseReceived)
})

test.each<[string, Login, object | undefined]>([
  ['that succeeded: what it ended with', {}, claims],
  ['without a token', { answers: { token: 'timed_out' } }, undefined],
  [
    'with a fat token: what stands in it',
    { answers: { token: json(tokenBody({ id_token: mint({ claims: { nonce: 'x' } }) })) } },
    { ...claims, nonce: 'x' },
  ],
  [
    'with a thin token: not known',
    { answers: { token: json(tokenBody({ id_token: mint({ claims: { nonce: 'x', email: undefined } }) })) } },
    undefined,
  ],
  [
    'with a thin token, where UserInfo is never asked: what stands in it',
    {
      rp: { client: { userinfo: 'never' } },
      answers: { token: json(tokenBody({ id_token: mint({ claims: { nonce: 'x', email_verified: undefined } }) })) },
    },
    { ...claims, nonce: 'x', email_verified: undefined },
  ],
  [
    'with a thin token, where the provider has no UserInfo: what stands in it',
    {
      answers: {
        provider_metadata: json({ ...metadata, userinfo_endpoint: undefined }),
        token: json(tokenBody({ id_token: mint({ claims: { nonce: 'x', email_verified: undefined } }) })),
      },
    },
    { ...claims, nonce: 'x', email_verified: undefined },
  ],
  [
    'with a fat token, where UserInfo is always asked and did not answer: not known',
    { rp: { client: { userinfo: 'always' } }, answers: { userinfo: 'timed_out' } },
    undefined,
  ],
  [
    'with roles on a path: what stands in the token',
    {
      rp: { policy: { role_mapping: { claim: 'realm.roles', rules: [{ value: 'a', role: 'admin' }] } } },
      answers: { token: json(tokenBody({ id_token: mint({ claims: { nonce: 'x', realm: { roles: ['a'] } } }) })) },
    },
    { ...claims, nonce: 'x', realm: { roles: ['a'] } },
  ],
  [
    'that UserInfo was asked in: both',
    {
      rp: { client: { userinfo: 'always' }, policy: { default_role: null } },
      answers: { userinfo: json({ ...userinfo, locale: 'en' }) },
    },
    { ...claims, groups: userinfo.groups, locale: 'en' },
  ],
])('the claims of a login %s', async (_what, login, expected) => {
  const transcript = await finished(login)
  expect(JSON.parse(JSON.stringify({ claims: storyOf(transcript).claims }))).toEqual(
    JSON.parse(JSON.stringify({ claims: expected })),
  )
})

test('the claims of a login that succeeded are those of its verdict', async () => {
  const transcript = await finished({})
  if (transcript.verdict.outcome !== 'authenticated') throw new Error('it failed')
  const verdict = { ...transcript.verdict, claims: { sub: 'somebody' } }
  expect(storyOf({ ...transcript, verdict }).claims).toEqual({ sub: 'somebody' })
})
