/** One request on its way through the mock: what was asked, of whom, by which client, and which faults struck. */
import type { IncomingMessage } from 'node:http'
import type { WireRequest } from './http.ts'
import type { Endpoint } from './ledger.ts'
import type { AuthorizationServer, Org } from './org.ts'

/** One request on its way through the mock. */
export interface Exchange {
  org: Org
  server: AuthorizationServer
  endpoint: Endpoint
  request: WireRequest
  client_id: string | undefined
  client_authentication: string | undefined
  /** The names of the faults that struck here, in order. */
  faults: string[]
  /** The true reason of a refusal, where Okta's words hide it. */
  reason?: string
  /** The parameters of the authorization response, once there is one. */
  authorization_response?: Record<string, string | string[]>
}

/** From the message that oidc-provider sees back to the exchange it belongs to. */
export const exchangeOf = new WeakMap<IncomingMessage, Exchange>()
