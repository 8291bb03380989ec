/**
 * The catalogue of faults, as data: each breaks exactly one rule of an otherwise faultless message, and says which.
 * Nothing here knows when a fault strikes; that is `fault-plane.ts`.
 */
import type { Reply } from './http.ts'
import type { Jwt, PrivateJwk } from './jws.ts'
import type { AuthorizationServer, Org } from './org.ts'
import { rogueKey } from './keys.ts'

/** What every fault says about itself. */
interface Described {
  /** `<message>.<what>`. */
  name: string
  message: string
  /** What it does, in one sentence. */
  does: string
  /** The rule that is broken by it. */
  breaks: string
  /** Where the rule stands. */
  spec: string
  /** What differs from the untampered message: names of members, or of parts of a token or a reply. */
  touches: readonly string[]
  /** What is used when no `value` is given. */
  value?: unknown
}

/** A fault: in the members of a message, in a token, or in a reply. */
export type Fault =
  | (Described & {
      kind: 'members'
      alter(members: Record<string, unknown>, context: FaultContext): Record<string, unknown> | void
    })
  | (Described & { kind: 'jwt'; forge(draft: JwtDraft, context: FaultContext): void })
  | (Described & { kind: 'reply'; when: 'instead' | 'after'; reply(reply: Reply, context: FaultContext): Reply })

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

const catalogue: Fault[] = [
  {
    kind: 'members',
    name: 'discovery.issuer_mismatch',
    message: 'discovery',
    does: 'Appends `INVALID` to the issuer.',
    breaks: 'issuer MUST be identical to the URL that the document was fetched from',
    spec: 'OpenID Connect Discovery 1.0, section 4.3',
    touches: ['issuer'],
    alter: (members) => ({ ...members, issuer: `${String(members['issuer'])}INVALID` }),
  },
  {
    kind: 'jwt',
    name: 'id_token.signature_invalid',
    message: 'id_token',
    does: 'Flips bits of the signature.',
    breaks: 'signature MUST verify',
    spec: 'OpenID Connect Core 1.0, section 3.1.3.7, rule 6',
    touches: ['signature'],
    forge: (draft) => {
      draft.key = rogueKey
    },
  },
]

/** Every fault by name. */
export const faults: ReadonlyMap<string, Fault> = new Map(catalogue.map((fault) => [fault.name, fault]))

/** The catalogue as it is shown: everything that a fault says about itself. */
export function describeFaults() {
  return catalogue.map(({ name, does, breaks, spec, value }) => ({
    name,
    does,
    breaks,
    spec,
    ...(value !== undefined && { value }),
  }))
}
