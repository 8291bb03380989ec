/** What a flow is bound to: whoever comes back with another, the code goes nowhere. */
import { describe, expect, test } from 'vitest'
import { step, type AwaitingAuthorizationResponse, type FlowEvent } from '@relying-party/core'
import { advance, login, play, requests, settle, start, type Login } from './support/play.ts'
import {
  at,
  authorizationResponse,
  html,
  json,
  known,
  loginRequested,
  random,
  relyingParty,
  tokenBody,
} from './support/provider.ts'

describe('what a flow is bound to', () => {
  const waiting = async () =>
    (await play(relyingParty(known()), [loginRequested()])).state as AwaitingAuthorizationResponse
  const callback = async (
    rp: Parameters<typeof relyingParty>[0],
    event: Partial<ReturnType<typeof authorizationResponse>> = {},
  ) => {
    const played = await advance(
      start(relyingParty({ ...known(), ...rp }), await waiting()),
      authorizationResponse({}, event),
    )
    // The code has gone nowhere unless everything is right.
    if (played.state.phase === 'failed') expect(requests(played)).toEqual([])
    return played.state.phase === 'failed' ? played.state.failure.code : played.state.phase
  }

  test.each<[string, Parameters<typeof callback>, string]>([
    ['the same organization, connection and revision', [{}], 'awaiting_token_response'],
    [
      'the redirect URI of another organization (#29, #30)',
      [{}, { organization_id: 'other' }],
      'flow_organization_mismatch',
    ],
    [
      'another organization, in the URI and in what is known (#30, #32)',
      [{ organization_id: 'other' }, { organization_id: 'other' }],
      'flow_organization_mismatch',
    ],
    ['another organization, in what is known', [{ organization_id: 'other' }], 'flow_organization_mismatch'],
    [
      'a connection that was deleted and made anew (#32, #40)',
      [{ connection_id: 'connection-2' }],
      'flow_revision_replaced',
    ],
    ['another revision (#32)', [{ revision: 2 }], 'flow_revision_replaced'],
    ['after 900 seconds', [known(-900), { at: at + 900 }], 'awaiting_token_response'],
    ['another response mode', [{}, { response_mode: 'form_post' }], 'authorization_response_mode_mismatch'],
    ['after 901 seconds (#24)', [known(-901), { at: at + 901 }], 'flow_expired'],
    [
      'a wrong organization is told before anything else',
      [{ revision: 2 }, { organization_id: 'other', at: at + 901, response_mode: 'form_post', parameters: [] }],
      'flow_organization_mismatch',
    ],
  ])('%s', async (_name, asked, expected) => {
    expect(await callback(...asked)).toBe(expected)
  })

  test('the token request names the redirect URI that the flow was started with, whatever it is by now (#157)', async () => {
    const rp = relyingParty({ ...known(), client: { redirect_uri: 'https://moved.example/callback' } })
    const played = await advance(start(rp, await waiting()), authorizationResponse())
    expect(new URLSearchParams(requests(played)[0]!.body).get('redirect_uri')).toBe(relyingParty().client.redirect_uri)
  })

  test('the state that travels holds these members and no more', async () => {
    expect(await waiting()).toStrictEqual({
      phase: 'awaiting_authorization_response',
      purpose: 'login',
      organization_id: 'acme',
      connection_id: 'connection-1',
      revision: 1,
      return_to: '/projects',
      state: random.state,
      nonce: random.nonce,
      code_verifier: random.code_verifier,
      redirect_uri: relyingParty().client.redirect_uri,
      response_mode: 'query',
      started_at: at,
    })
  })

  test('a failure says what it was bound to, as far as that was known', async () => {
    const bound = {
      purpose: 'test',
      organization_id: 'acme',
      connection_id: 'connection-1',
      revision: 1,
      return_to: '/settings',
    }
    const requested = { purpose: 'test', return_to: '/settings' } as const
    const nobody = await login({ requested, answers: { provider_metadata: html() } })
    expect(nobody.state).toMatchObject({ phase: 'failed', failed_at: at, bound: null })
    const { state } = await play(relyingParty(known()), [loginRequested(requested)])
    const forgetful = await advance(start(relyingParty(), state), authorizationResponse())
    expect((await settle(forgetful, { provider_metadata: 'timed_out' })).state).toMatchObject({
      phase: 'failed',
      failed_at: at,
      bound,
    })
    for (const asked of [
      { response: { state: 'foreign' } },
      { answers: { token: html(500) } },
      { answers: { jwks: html(500) } },
    ] satisfies Login[]) {
      expect((await login({ requested, ...asked })).state).toMatchObject({ phase: 'failed', failed_at: at, bound })
    }
  })

  test('a caller that does not remember the metadata is told so', async () => {
    const { state } = await play(relyingParty(known()), [loginRequested(), authorizationResponse()])
    const event: FlowEvent = { type: 'token_response_received', at, response: json(tokenBody()) }
    await expect(step(relyingParty(), state, event)).rejects.toThrow('has forgotten the provider metadata')
  })
})
