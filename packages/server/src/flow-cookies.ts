/**
 * A flow travels sealed in a cookie of the browser that started it, one per `state`: tabs do not collide, nothing is
 * written to a store by starting, and whoever else gets hold of the response URL cannot finish it.
 */
import { open, seal, type AwaitingAuthorizationResponse } from '@relying-party/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from './context.ts'
import { cookieName, cookiesStartingWith, readCookie, setCookie } from './cookies.ts'

/** More tabs than anybody signs in with at once. */
const maximumFlows = 8
/** Characters of all flow cookies together: below the header limit of every proxy (nginx takes 8 KiB for the whole line). */
const maximumLength = 6500
/** A flow that has expired is still recognised, so that whoever comes late reads just that. */
const recognised = 3600

const prefix = ({ secure }: Context) => cookieName('rp_flow_', secure)
const nameFor = (context: Context, state: string) => prefix(context) + state.slice(0, 22)

/** Gives the flow to this browser; beyond a small number the oldest flow is dropped. */
export async function giveFlow(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  flow: AwaitingAuthorizationResponse,
): Promise<void> {
  const { ring, random, crypto, secure, tolerances, sealed_flows } = context
  const sealed = await seal(ring, 'flow', flow, random(12), crypto)
  sealed_flows.set(flow.state, { sealed, flow })
  const held = cookiesStartingWith(request, prefix(context))
  let length = sealed.length + held.reduce((sum, { value }) => sum + value.length, 0)
  for (const [index, { name, value }] of held.entries()) {
    if (held.length - index < maximumFlows && length <= maximumLength) break
    setCookie(reply, name, '', { secure, max_age: 0 })
    length -= value.length
  }
  // A form_post response is a cross-site POST, with which browsers send no Lax cookie. They refuse `None` without
  // `Secure`; on plain http (development) provider and server share the site `localhost`, where Lax is enough.
  const same_site = flow.response_mode === 'form_post' && secure ? 'None' : 'Lax'
  setCookie(reply, nameFor(context, flow.state), sealed, { secure, max_age: tolerances.flow + recognised, same_site })
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
  const known = context.sealed_flows.get(state)
  if (known?.sealed === sealed) {
    // Most flows come back once; one that comes again is opened.
    context.sealed_flows.delete(state)
    return known.flow
  }
  const flow = await openFlow(context, sealed)
  return flow?.state === state ? flow : undefined
}

async function openFlow({ ring, crypto }: Context, sealed: string): Promise<AwaitingAuthorizationResponse | undefined> {
  const opened = await open<AwaitingAuthorizationResponse>(ring, 'flow', sealed, crypto)
  return 'value' in opened ? opened.value : undefined
}

/** How many flows this browser holds. */
export function countFlows(context: Context, request: FastifyRequest): number {
  return cookiesStartingWith(request, prefix(context)).length
}

/** Takes the flow back: it was used. */
export function takeFlow(context: Context, reply: FastifyReply, { state }: AwaitingAuthorizationResponse): void {
  setCookie(reply, nameFor(context, state), '', { secure: context.secure, max_age: 0 })
}
