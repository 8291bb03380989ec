/**
 * A flow travels sealed in a cookie of the browser that started it, one per `state`: tabs do not collide, nothing is
 * written to a store by starting, and whoever else gets hold of the response URL cannot finish it.
 */
import { open, seal, type AwaitingAuthorizationResponse } from '@relying-party/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from './context.ts'
import { cookieName, cookieNames, readCookie, setCookie } from './cookies.ts'

/** More tabs than anybody signs in with at once, and few enough for every proxy's header limit. */
const maximumFlows = 8

const prefix = ({ secure }: Context) => cookieName('rp_flow_', secure)
const nameFor = (context: Context, state: string) => prefix(context) + state.slice(0, 22)

/** Gives the flow to this browser; beyond a small number the oldest flow is dropped. */
export async function giveFlow(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  flow: AwaitingAuthorizationResponse,
): Promise<void> {
  const { ring, random, crypto, secure, tolerances } = context
  const names = cookieNames(request, prefix(context))
  for (const name of names.slice(0, Math.max(0, names.length + 1 - maximumFlows))) {
    setCookie(reply, name, '', { secure, max_age: 0 })
  }
  const sealed = await seal(ring, 'flow', flow, random(12), crypto)
  // A form_post response is a cross-site POST, with which browsers send no Lax cookie. They refuse `None` without
  // `Secure`; on plain http (development) provider and server share the site `localhost`, where Lax is enough.
  const same_site = flow.response_mode === 'form_post' && secure ? 'None' : 'Lax'
  setCookie(reply, nameFor(context, flow.state), sealed, { secure, max_age: tolerances.flow, same_site })
}

/** The flow of this browser that the response belongs to, or undefined. */
export async function flowOf(
  context: Context,
  request: FastifyRequest,
  state: string,
): Promise<AwaitingAuthorizationResponse | undefined> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(state)) return undefined
  const sealed = readCookie(request, nameFor(context, state))
  if (sealed === undefined || sealed.length > 8192) return undefined
  const opened = await open<AwaitingAuthorizationResponse>(context.ring, 'flow', sealed, context.crypto)
  return 'value' in opened && opened.value.state === state ? opened.value : undefined
}

/** Takes the flow back: it was used. */
export function takeFlow(context: Context, reply: FastifyReply, { state }: AwaitingAuthorizationResponse): void {
  setCookie(reply, nameFor(context, state), '', { secure: context.secure, max_age: 0 })
}
