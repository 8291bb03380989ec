/**
 * What a test login has of its own: the one-time link that starts it, and the connection that is told its result. In
 * between it is a login like any other; see sign-in.ts.
 */
import {
  base64url,
  open,
  seal,
  type AuthenticatedTest,
  type Command,
  type Connection,
  type Failure,
  type FailureCode,
  type RelyingParty,
  type Revision,
} from '@relying-party/core'
import { claim } from './claim.ts'
import type { Connections } from './connections.ts'
import type { Context } from './context.ts'

/** How long a test link waits to be opened. */
const testLinkLifetime = 600

interface TestTicket {
  readonly ticket_id: string
  readonly connection_id: string
  readonly fingerprint: string
  readonly expires_at: number
}

const ticketContext = (organization_id: string) => `test_ticket|${organization_id}`

/** A one-time link that, opened in a browser, runs the test login of this revision. */
export async function createTestUrl(
  context: Context,
  { organization_id, connection_id }: Connection,
  { fingerprint }: Revision,
): Promise<string> {
  const { ring, random, crypto, now, base_url } = context
  const expires_at = now() + testLinkLifetime
  const ticket: TestTicket = { ticket_id: base64url(random(16)), connection_id, fingerprint, expires_at }
  const sealed = await seal(ring, ticketContext(organization_id), ticket, random(12), crypto)
  return `${base_url}/organizations/${organization_id}/oidc/test?ticket=${sealed}`
}

/** Uses up the ticket of such a link: the revision to test, or why there is none. */
export async function redeemTicket(
  context: Context,
  connection: Connection,
  sealed: string,
): Promise<{ readonly revision: Revision } | { readonly code: FailureCode }> {
  const { ring, crypto, now } = context
  const opened = await open<TestTicket>(ring, ticketContext(connection.organization_id), sealed, crypto)
  if ('refused' in opened || opened.value.expires_at < now()) return { code: 'test_link_not_valid' }
  const { ticket_id, connection_id, fingerprint, expires_at } = opened.value
  const revision = [connection.candidate, connection.live].find((one) => one?.fingerprint === fingerprint)
  if (!revision || connection.connection_id !== connection_id) return { code: 'flow_revision_replaced' }
  return (await claim(context, `ticket.${ticket_id}`, expires_at)) ? { revision } : { code: 'test_link_not_valid' }
}

type Tested = Pick<RelyingParty, 'organization_id' | 'connection_id' | 'revision'>

/** Tells the connection that its settings work, and who proved it. */
export function passTest(context: Context, connections: Connections, test: AuthenticatedTest, attempt_id: string) {
  const by = test.access.email ?? test.identity.subject
  const result = { type: 'pass_test', at: context.now(), by, attempt_id, claims: test.claims } as const
  return applyTestResult(connections, test, (fingerprint) => ({ ...result, fingerprint }))
}

/**
 * Tells the connection what is wrong.
 * @param started_at of a test whose end is told late: when it was started, so that it does not hide a newer one
 */
export function failTest(
  context: Context,
  connections: Connections,
  tested: Tested,
  failure: Failure,
  attempt_id: string,
  started_at?: number,
) {
  const told = { attempt_id, failure, ...(started_at !== undefined && { started_at }) }
  const result = { type: 'fail_test', at: context.now(), by: 'test', ...told } as const
  return applyTestResult(connections, tested, (fingerprint) => ({ ...result, fingerprint }))
}

/** A result counts for the revision that was tested; if that is gone, it counts for nothing. */
async function applyTestResult(
  connections: Connections,
  { organization_id, connection_id, revision }: Tested,
  result: (fingerprint: string) => Command,
): Promise<void> {
  await connections.apply(organization_id, (connection) => {
    // Revisions are counted per connection: deleted and made anew, it has a first revision again.
    const same = connection.connection_id === connection_id
    const tested = [connection.candidate, connection.live].find((one) => same && one?.revision === revision)
    return result(tested?.fingerprint ?? 'replaced')
  })
}
