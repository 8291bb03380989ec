/** What an instance keeps of the flows that it has sealed is bounded, and none of them depends on it. */
import { createOutbound, openStore } from '@relying-party/server'
import type { AwaitingAuthorizationResponse as Flow } from '@relying-party/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import { contextOf } from '../../packages/server/src/context.ts'
import { flowOf, giveFlow } from '../../packages/server/src/flow-cookies.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }

/** An instance, with browsers that hold one flow each. */
async function sealing() {
  const store = await openStore('memory:', { now: () => 1_900_000_000 })
  const secret_keys = [Buffer.alloc(32, 7).toString('base64url')]
  const options = {
    base_url: 'https://rp.example',
    store,
    session_store: store,
    outbound: createOutbound({ allow: [] }),
    secret_keys,
  }
  const context = await contextOf(options, silent)
  const request = (cookie: string) => ({ headers: { cookie } }) as unknown as FastifyRequest
  return {
    context,
    /** Gives a browser this flow: its cookie. */
    async give(flow: Flow): Promise<string> {
      let cookie = ''
      const reply = { header: (_: string, value: string) => (cookie = value.split(';')[0]!) } as unknown as FastifyReply
      await giveFlow(context, request(''), reply, flow)
      return cookie
    },
    find: (cookie: string, { state }: Flow) => flowOf(context, request(cookie), state),
  }
}

const flow = (n: number) => ({ purpose: 'login', state: String(n).padStart(43, 's'), started_at: 0 }) as unknown as Flow

test('two thousand sealed flows are kept, the latest; those of before are opened from their cookies', async () => {
  const { context, give, find } = await sealing()
  const cookies: string[] = []
  for (let n = 0; n < 2500; n++) cookies.push(await give(flow(n)))
  expect(context.sealed_flows.size).toBe(2000)
  expect([context.sealed_flows.has(flow(499).state), context.sealed_flows.has(flow(500).state)]).toEqual([false, true])
  for (const n of [0, 499, 500, 2499]) expect(await find(cookies[n]!, flow(n))).toEqual(flow(n))
})

test('what came back is let go of, and comes again from its cookie', async () => {
  const { context, give, find } = await sealing()
  const cookie = await give(flow(1))
  expect(await find(cookie, flow(1))).toEqual(flow(1))
  expect(context.sealed_flows.size).toBe(0)
  expect(await find(cookie, flow(1))).toEqual(flow(1))
})
