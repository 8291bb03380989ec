/** What a fault is, and the few verbs in which the catalogue is written. */
import type { Reply } from '../http.ts'
import type { Jwt, PrivateJwk } from '../jws.ts'
import type { AuthorizationServer, Org } from '../org.ts'

/** What every fault says about itself. */
export interface Description {
  /** `<message>.<what>`. */
  name: string
  /** What it does, in one sentence. */
  does: string
  /** The one rule that is broken by it, or why none is. */
  breaks: string
  /** Where the rule stands. */
  spec: string
  /**
   * What a correct relying party does: `reject` the login (or the logout token), `accept` because no rule is broken,
   * or `either` where the specification leaves it open.
   */
  expect: 'reject' | 'accept' | 'either'
  /**
   * What differs from the untampered twin, and nothing else does: members of a message; `header.…`, `payload.…` or
   * `signature` of a token; `status`, `headers.…`, `body` or `delivery` of a reply.
   */
  touches: readonly string[]
  /** What is used when no `value` is given. */
  value?: unknown
}

/** The members of a JSON message, or the parameters of a redirect. */
export type Members = Record<string, unknown>

/** A fault in the members of a message. */
export interface MembersFault extends Description {
  kind: 'members'
  message: string
  alter(members: Members, context: FaultContext): Members
}

/** A fault in a token. */
export interface JwtFault extends Description {
  kind: 'jwt'
  message: 'id_token' | 'logout_token'
  forge(draft: JwtDraft, context: FaultContext): void
}

/** A fault in a reply: its status, its headers, its body, or how its bytes arrive. */
export interface ReplyFault extends Description {
  kind: 'reply'
  message: string
  /** `instead` of asking anybody, so that the request has no effect; or `after` the true reply is there. */
  when: 'instead' | 'after'
  reply(reply: Reply, context: FaultContext): Reply
}

/** Any fault. */
export type Fault = MembersFault | JwtFault | ReplyFault

/** What a fault may look at. */
export interface FaultContext {
  org: Org
  server: AuthorizationServer
  client_id: string | undefined
  value: unknown
}

/** A token that is about to be signed. */
export interface JwtDraft extends Jwt {
  key: PrivateJwk | Uint8Array
  /** What happens to the token after it has been signed. */
  finish?: (token: string) => string
}

/** A row of the catalogue: a description without its message, and with `expect: reject` left unsaid. */
export type Row<F extends Fault> = Omit<F, 'name' | 'kind' | 'message' | 'expect'> & { expect?: F['expect'] }

/** The faults of one message, from a table of names and rows. */
export const membersFaults = tableOf<MembersFault>('members')

/** The faults of one kind of token, from a table of names and rows. */
export const jwtFaults = tableOf<JwtFault>('jwt')

/** The faults of replies, from a table of names and rows. */
export const replyFaults = tableOf<ReplyFault>('reply')

function tableOf<F extends Fault>(kind: F['kind']) {
  return (message: F['message'], rows: Record<string, Row<F>>): F[] =>
    Object.entries(rows).map(
      ([what, row]) => ({ expect: 'reject', ...row, kind, message, name: `${message}.${what}` }) as unknown as F,
    )
}

/** Gives a member another value, made from the one it has. */
export function set(member: string, change: (value: unknown, context: FaultContext) => unknown) {
  return (members: Members, context: FaultContext): Members => ({
    ...members,
    [member]: change(members[member], context),
  })
}

/** Takes a member away. */
export function drop(member: string) {
  return ({ [member]: _dropped, ...rest }: Members): Members => rest
}

/** Gives a claim another value, made from the one it has. */
export function setClaim(claim: string, change: (value: unknown, context: FaultContext) => unknown) {
  return (draft: JwtDraft, context: FaultContext): void => {
    draft.payload = set(claim, change)(draft.payload, context)
  }
}

/** Takes a claim away. */
export function dropClaim(claim: string) {
  return (draft: JwtDraft): void => {
    draft.payload = drop(claim)(draft.payload)
  }
}

/** Puts text at the end: the nearest of misses, which every comparison by prefix lets pass. */
export function append(text: string) {
  return (value: unknown): string => `${String(value)}${text}`
}

/** The value given with the injection, or else the fault's own. */
export function given(_value: unknown, { value }: FaultContext): unknown {
  return value
}
