/** The state of one mock, handed to every part of it: an Okta organization with its two authorization servers. */
import type Provider from 'oidc-provider'
import type { RunningClock } from './clock.ts'
import type { Directory } from './directory.ts'
import type { FaultPlane } from './fault-plane.ts'
import type { Ids } from './ids.ts'
import type { KeyRing } from './keys.ts'
import type { WritableLedger } from './ledger.ts'
import type { MockOktaOptions } from './options.ts'
import type { Store } from './store.ts'

/** Which of the two authorization servers: the org's at the root, or the custom one at `/oauth2/default`. */
export type ServerName = 'org' | 'custom'

/** One authorization server. */
export interface AuthorizationServer {
  name: ServerName
  issuer: string
  /** What stands before `/v1/token` and its siblings. */
  endpoints: string
  /** `aud` of the access tokens. */
  audience: string
  /** The scopes that one may ask for. */
  scopes: string[]
  provider: Provider
}

/** One mock. */
export interface Org {
  /** `http://localhost:9000`: the issuer of the org server, and what every URL starts with. */
  origin: string
  /** The organization's id, `00o…`; the `idp` claim of people who sign in with a password. */
  id: string
  options: MockOktaOptions
  clock: RunningClock
  ids: Ids
  keys: KeyRing
  store: Store
  directory: Directory
  ledger: WritableLedger
  faults: FaultPlane
  servers: Record<ServerName, AuthorizationServer>
  /** Who signs in without being asked, and for how many more authorizations. */
  loginAs: { login: string; times: number } | undefined
}
