/**
 * Which faults are switched on, for whom and for how long, and the three places where they strike: the members of a
 * message, a token before it is signed, a reply before it is sent. What each fault does is in `faults.ts`.
 */
import { randomUUID } from 'node:crypto'
import type { Exchange } from './exchange.ts'
import { faults } from './faults.ts'
import type { Fault, FaultContext, JwtDraft } from './faults/fault.ts'
import type { Reply } from './http.ts'
import { encode, signJwt } from './jws.ts'
import { checkFault } from './options.ts'
import type { FaultOptions } from './options.ts'

/** A fault that is switched on. */
export interface InjectedFault extends FaultOptions {
  id: string
  name: string
  /** How often it has struck. */
  struck: number
}

/** The faults of one mock. */
export interface FaultPlane {
  /** Switches a fault on; throws for a name that is not in the catalogue. */
  inject(name: string, options?: FaultOptions): InjectedFault
  /** The faults that are on and not used up. */
  list(): InjectedFault[]
  /** Switches one off, by id or by name. */
  remove(idOrName: string): void
  clear(): void
}

/** What a fault looks at to know whether it is meant. */
export type Scene = Pick<Exchange, 'org' | 'server' | 'endpoint' | 'client_id' | 'faults'>

/** No faults yet. */
export function createFaultPlane(): FaultPlane {
  let injected: InjectedFault[] = []
  return {
    inject: (name, options = {}) => {
      if (!faults.has(name)) throw new TypeError(`no fault ${name}${suggestion(name)}`)
      checkFault(options)
      const fault = { ...options, id: randomUUID(), name, struck: 0 }
      injected.push(fault)
      return fault
    },
    list: () => injected.filter(isLive),
    remove: (idOrName) => {
      injected = injected.filter(({ id, name }) => id !== idOrName && name !== idOrName)
    },
    clear: () => {
      injected = []
    },
  }
}

/** The members of a message with every fault meant for it applied. */
export function applyFaults<T extends Record<string, unknown>>(scene: Scene, message: string, members: T): T {
  for (const [fault, context] of strike(scene, (each) => each.kind === 'members' && each.message === message)) {
    if (fault.kind === 'members') members = fault.alter(members, context) as T
  }
  return members
}

/** Signs a token, after every fault meant for it has had its way with header, claims, key and signature. */
export function forgeJwt(scene: Scene, message: 'id_token' | 'logout_token', honest: JwtDraft): string {
  const draft = { ...honest }
  const finishes: ((token: string) => string)[] = []
  for (const [fault, context] of strike(scene, (each) => each.kind === 'jwt' && each.message === message)) {
    if (fault.kind === 'jwt') fault.forge(draft, context)
    if (draft.finish !== undefined) finishes.push(draft.finish)
    delete draft.finish
  }
  const isSigned = draft.header['alg'] !== 'none'
  const token = isSigned ? signJwt(draft, draft.key) : `${encode(draft.header)}.${encode(draft.payload)}.`
  return finishes.reduce((unfinished, finish) => finish(unfinished), token)
}

/** The reply that a fault gives instead of asking anybody: the request has no effect then. */
export function replyInstead(scene: Scene): Reply | undefined {
  let reply: Reply | undefined
  for (const [fault, context] of strike(scene, (each) => each.kind === 'reply' && each.when === 'instead')) {
    if (fault.kind === 'reply') reply = fault.reply(reply ?? { status: 200, headers: {}, body: '' }, context)
  }
  return reply
}

/** The reply with every fault of delivery, status or format applied to it. */
export function replyAfter(scene: Scene, reply: Reply): Reply {
  for (const [fault, context] of strike(scene, (each) => each.kind === 'reply' && each.when === 'after')) {
    if (fault.kind === 'reply') reply = fault.reply(reply, context)
  }
  return reply
}

/** The faults that are meant here; each one counts as having struck. */
function strike(scene: Scene, isKind: (fault: Fault) => boolean): [Fault, FaultContext][] {
  const struck: [Fault, FaultContext][] = []
  for (const injected of scene.org.faults.list()) {
    const fault = faults.get(injected.name)!
    if (!isKind(fault) || !isMeant(scene, fault, injected)) continue
    injected.struck += 1
    scene.faults.push(fault.name)
    const { org, server, client_id } = scene
    struck.push([fault, { org, server, client_id, value: injected.value ?? fault.value }])
  }
  return struck
}

function isMeant(scene: Scene, fault: Fault, injected: InjectedFault): boolean {
  if (injected.client_id !== undefined && injected.client_id !== scene.client_id) return false
  if (injected.issuer !== undefined && injected.issuer !== scene.server.name) return false
  if (fault.kind !== 'reply') return true
  const endpoint = injected.endpoint ?? (fault.message === 'transport' ? undefined : fault.message)
  return endpoint === undefined || endpoint === scene.endpoint
}

function isLive({ times, struck }: InjectedFault): boolean {
  return times === undefined || struck < times
}

function suggestion(name: string): string {
  const [message, what = ''] = name.split('.')
  const near = [...faults.keys()].filter(
    (each) => each.startsWith(`${message}.`) || (what !== '' && each.endsWith(`.${what}`)),
  )
  return near.length === 0 ? '' : `; there are ${near.join(', ')}`
}
