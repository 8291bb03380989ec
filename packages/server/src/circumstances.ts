/** The facts of a response that reaches the Redirection URI, as the core wants them to judge it. */
import {
  bounded,
  revisionToTest,
  type AwaitingAuthorizationResponse,
  type BrowserFacts,
  type Circumstances,
  type Connection,
  type FlowBrought,
  type Revision,
} from '@relying-party/core'
import type { FastifyRequest } from 'fastify'
import { otherHost } from './called-as.ts'
import type { Context } from './context.ts'
import { countCookies } from './cookies.ts'
import { countFlows, flowOf } from './flow-cookies.ts'

/** What the browser brought: the facts, and with them the flow and its revision, as far as there are such. */
export interface Brought {
  /** As they are before the flow is claimed. */
  readonly circumstances: Circumstances
  readonly flow: AwaitingAuthorizationResponse | undefined
  readonly revision: Revision | null
}

/** Looks for the flow that the response belongs to; what is missing or wrong is stated, not decided. */
export async function circumstancesOf(
  context: Context,
  request: FastifyRequest,
  connection: Connection,
  parameters: URLSearchParams,
): Promise<Brought> {
  const values = parameters.getAll('state')
  const state = values[0] ?? ''
  const states = state === '' ? 0 : values.length
  const flow = states === 1 ? await flowOf(context, request, state) : undefined
  const revision = flow === undefined ? null : revisionOf(connection, flow)
  const circumstances: Circumstances = {
    states,
    browser: browserFacts(context, request, flow !== undefined),
    flow: flow === undefined ? null : boundBy(flow, connection),
    organization_id: connection.organization_id,
    revision_current: flow === undefined || revision !== null,
    claimed: null,
    still_serving: null,
  }
  return { circumstances, flow, revision }
}

/** No id of an organization looks like this. */
const another = '(another)'

/** What binds the flow. Whose it is, when it is not this organization's, is no business of its administrators. */
function boundBy(flow: AwaitingAuthorizationResponse, { organization_id }: Connection): FlowBrought {
  const { purpose, started_at, connection_id, revision } = flow
  if (flow.organization_id === organization_id) {
    return { purpose, organization_id, connection_id, revision, started_at }
  }
  return { purpose, organization_id: another, connection_id: another, revision: 0, started_at }
}

/** The revision that the flow was started for, as long as it is the one that this purpose uses. */
export function revisionOf(connection: Connection, flow: AwaitingAuthorizationResponse): Revision | null {
  if (flow.connection_id !== connection.connection_id) return null
  const usable = flow.purpose === 'login' ? [connection.live] : [revisionToTest(connection), connection.live]
  return usable.find((one) => one?.revision === flow.revision) ?? null
}

function browserFacts(context: Context, request: FastifyRequest, found: boolean): BrowserFacts {
  const fetch_site = request.headers['sec-fetch-site']
  return {
    method: request.method === 'POST' ? 'POST' : 'GET',
    cookies: countCookies(request),
    other_flows: countFlows(context, request) - (found ? 1 : 0),
    secure: context.secure,
    other_host: otherHost(request.host, context),
    fetch_site: typeof fetch_site === 'string' ? bounded(fetch_site, 40) : null,
  }
}
