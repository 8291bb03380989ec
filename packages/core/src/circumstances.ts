/**
 * What a flow's machine does not see of a response that reaches the Redirection URI: what the browser brought with it,
 * and what our own records say of the flow. Whoever receives the response states the facts; here they are judged.
 */
import type { FailureCode } from './failures.ts'
import type { Purpose } from './flow.ts'

/** The flow that a browser brought back, as far as it is bound to anything. */
export interface FlowBrought {
  readonly purpose: Purpose
  readonly organization_id: string
  readonly connection_id: string
  readonly revision: number
  readonly started_at: number
}

/** How the response came. Nothing here decides anything: it tells why a flow was not found. */
export interface BrowserFacts {
  readonly method: 'GET' | 'POST'
  /** How many cookies came along, and how many of them hold other flows of ours. */
  readonly cookies: number
  readonly other_flows: number
  /** Whether our own address is https. */
  readonly secure: boolean
  /** The host that the request was sent to, when it is not the one of our own address; null when it is. */
  readonly other_host: string | null
  /** What the browser says of where the request comes from (`Sec-Fetch-Site`); null when it says nothing. */
  readonly fetch_site: string | null
}

export interface Circumstances {
  /** How many `state` parameters the response has. */
  readonly states: number
  readonly browser: BrowserFacts
  /** null: this browser holds no flow of that `state`. */
  readonly flow: FlowBrought | null
  /** The organization that the redirect URI names. */
  readonly organization_id: string
  /** Whether the connection and the revision that the flow was started for are still the ones in use. */
  readonly revision_current: boolean
  /** Whether the one-time right to finish this flow was claimed; null: not tried, something was wrong before. */
  readonly claimed: boolean | null
  /** Whether members were still served by that revision when the login had succeeded; null: it did not get that far. */
  readonly still_serving: boolean | null
}

/**
 * The first rule that these circumstances break, or null. Asked before the flow is claimed and again after it; the
 * machine takes over from there.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.7 | RFC 9700, section 4.7}
 */
export function refusalOfCircumstances(circumstances: Circumstances): FailureCode | null {
  const { states, flow, organization_id, revision_current, claimed, still_serving } = circumstances
  if (states === 0) return 'authorization_response_state_missing'
  if (states > 1) return 'authorization_response_malformed'
  if (flow === null) return 'flow_not_found'
  if (flow.organization_id !== organization_id) return 'flow_organization_mismatch'
  if (!revision_current) return 'flow_revision_replaced'
  if (claimed === false) return 'flow_already_used'
  return still_serving === false ? 'flow_revision_replaced' : null
}
