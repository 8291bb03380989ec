/** Connections as the admin API and the settings page show them: everything but the secrets. */
import {
  statusOfConnection,
  type Connection,
  type LiveRevision,
  type Revision,
  type TestedRevision,
} from '@relying-party/core'
import { attemptView } from './attempt-view.ts'
import type { Attempts } from './attempts.ts'
import { addressesOf, type Context, type VersionedConnection } from './context.ts'
import { isoTime } from './members.ts'
import { failureView } from './problems.ts'
import type { RevisionView } from './views/model.ts'

type AnyRevision = Revision & { readonly tested: TestedRevision['tested'] | null }

/** The connection as JSON. `GET` and `PUT` use the same member names for settings, so that one can be sent as the other. */
export async function representConnection(
  { context, attempts }: { readonly context: Context; readonly attempts: Pick<Attempts, 'get'> },
  { connection, version }: VersionedConnection,
) {
  const { organization_id, candidate, live, previous, policy } = connection
  const { redirect_uri, post_logout_redirect_uri, initiate_login_uri, backchannel_logout_uri, jwks_uri } = addressesOf(
    context,
    organization_id,
  )
  const represent = async (revision: AnyRevision) => ({
    ...representRevision(revision),
    ...(revision.last_test !== null && { last_test: await representTest(attempts, connection, revision.last_test) }),
  })
  return {
    organization_id,
    status: statusOfConnection(connection),
    redirect_uri,
    post_logout_redirect_uri,
    initiate_login_uri,
    backchannel_logout_uri,
    jwks_uri,
    ...(candidate !== null && { candidate: await represent(candidate) }),
    ...(live !== null && { live: { ...(await represent(live)), ...representLive(live) } }),
    ...(previous !== null && { previous: await represent(previous) }),
    policy,
    version,
  }
}

function representRevision({
  revision,
  fingerprint,
  settings,
  client_secret,
  saved_at,
  saved_by,
  tested,
}: AnyRevision) {
  return {
    revision,
    fingerprint,
    status: tested === null ? 'draft' : 'tested',
    ...settings,
    client_secret_set: client_secret !== null,
    saved_at: isoTime(saved_at),
    saved_by,
    ...(tested !== null && { tested_at: isoTime(tested.at), tested_by: tested.by }),
  }
}

/** The last test; what its attempt tells of a failure, as long as there is one. */
async function representTest(
  attempts: Pick<Attempts, 'get'>,
  connection: Connection,
  last_test: NonNullable<Revision['last_test']>,
) {
  const at = isoTime(last_test.at)
  if (last_test.outcome !== 'failed') return { ...last_test, at }
  const attempt = await attempts.get(connection, last_test.attempt_id)
  const told = attempt === undefined ? null : attemptView(attempt).failure
  const { code, blame, message, remedy, detail } = told ?? failureView(last_test.failure)
  return { ...last_test, at, failure: { code, blame, message, remedy, facts: detail } }
}

function representLive({ enabled_at, staged_client_secret }: LiveRevision) {
  return { enabled_at: isoTime(enabled_at), staged_client_secret_set: staged_client_secret !== null }
}

/** A revision as the settings page shows it. */
export function revisionView(revision: AnyRevision): RevisionView {
  const { client_secret, tested, last_test, ...shown } = revision
  return {
    ...shown,
    client_secret_set: client_secret !== null,
    client_secret_id: client_secret?.secret_id ?? null,
    tested_at: tested?.at ?? null,
    last_test: last_test?.outcome === 'failed' ? { ...last_test, failure: failureView(last_test.failure) } : last_test,
  }
}
