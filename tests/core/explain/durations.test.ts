/** How long every leg took, from the times of the events; and who it was, as far as that was proved. */
import { describe, expect, test } from 'vitest'
import { durationsOf, personOf, type Transcript } from '@relying-party/core'
import type { Login } from '../support/play.ts'
import { at, json, known, secrets, tokenBody } from '../support/provider.ts'
import { recorded } from '../support/recorded.ts'

/** The login, with the times that its events came at, in seconds after the flow was started. */
async function timed(login: Login, ...seconds: readonly number[]): Promise<Transcript> {
  const { transcript } = await recorded(login)
  expect(transcript.events).toHaveLength(seconds.length)
  const events = transcript.events.map((event, index) => ({ ...event, at: at + seconds[index]! }))
  return { ...transcript, events }
}

describe('durations', () => {
  test('of a login that asks for everything: the person’s time at the provider, and every answer', async () => {
    const transcript = await timed({ rp: { client: { userinfo: 'always' } } }, 41.5, 41.75, 42, 42.1)
    expect(durationsOf(transcript)).toEqual({ authorization: 41.5, token: 0.25, keys: 0.25, userinfo: 0.1 })
  })

  test('what is known already takes no time', async () => {
    const transcript = await timed({ rp: known() }, 3, 3.0004)
    expect(durationsOf(transcript)).toEqual({ authorization: 3, token: 0 })
  })

  test('of a start that failed: discovery', async () => {
    const transcript = await timed({ answers: { provider_metadata: 'timed_out' } }, 0, 10)
    expect(durationsOf(transcript)).toEqual({ discovery: 10 })
  })

  test('of a token request that was made twice, with the staged secret: the sum', async () => {
    const { staged_client_secret } = secrets
    const token = [json({ error: 'invalid_client' }, { status: 401 }), json(tokenBody())]
    const login = { rp: { ...known(), client: { staged_client_secret } }, answers: { token } }
    expect(durationsOf(await timed(login, 1, 3, 6))).toEqual({ authorization: 1, token: 5 })
  })

  test('of a response that belongs to no flow: nothing', async () => {
    const { transcript } = await recorded()
    expect(durationsOf({ ...transcript, events: [], decisions: [] })).toEqual({})
  })
})

describe('the person', () => {
  const elsewhere = { policy: { allowed_email_domains: ['globex.example'] } }

  test('of a login that succeeded: claims and access', async () => {
    const { transcript } = await recorded()
    expect(personOf(transcript)).toMatchObject({
      claims: { sub: expect.any(String) },
      access: { role: 'read' },
      refusal: null,
    })
  })

  test('of a login that the policy refused: whom it refused, and why', async () => {
    const { transcript } = await recorded({ rp: elsewhere })
    expect(transcript.verdict).toMatchObject({
      outcome: 'failed',
      failure: { code: 'policy_email_domain_not_allowed' },
    })
    expect(personOf(transcript)).toMatchObject({
      claims: { sub: expect.any(String) },
      refusal: { code: 'policy_email_domain_not_allowed' },
    })
  })

  test('of a login that failed before: nobody, whatever the token says', async () => {
    const { transcript } = await recorded({ answers: { jwks: json({ keys: [] }) } })
    expect(transcript.verdict.outcome).toBe('failed')
    expect(personOf(transcript)).toBeNull()
  })
})
