/** Connections as the admin API and the settings page show them: everything but the secrets. */
import { statusOfConnection, type LiveRevision, type Revision, type TestedRevision } from '@relying-party/core'
import { addressesOf, type Context, type VersionedConnection } from './context.ts'
import { isoTime } from './members.ts'
import { failureView } from './problems.ts'
import type { RevisionView } from './views/model.ts'

type AnyRevision = Revision & { readonly tested: TestedRevision['tested'] | null }

/** The connection as JSON. `GET` and `PUT` use the same member names for settings, so that one can be sent as the other. */
export function representConnection(context: Context, { connection, version }: VersionedConnection) {
  const { organization_id, candidate, live, previous, policy } = connection
  const { redirect_uri, post_logout_redirect_uri, initiate_login_uri, backchannel_logout_uri, jwks_uri } = addressesOf(
    context,
    organization_id,
  )
  return {
    organization_id,
    status: statusOfConnection(connection),
    redirect_uri,
    post_logout_redirect_uri,
    initiate_login_uri,
    backchannel_logout_uri,
    jwks_uri,
    ...(candidate !== null && { candidate: representRevision(candidate) }),
    ...(live !== null && { live: representLive(live) }),
    ...(previous !== null && { previous: representRevision(previous) }),
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
  last_test,
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
    ...(last_test !== null && { last_test: { ...last_test, at: isoTime(last_test.at), ...failureOf(last_test) } }),
  }
}

function failureOf(last_test: NonNullable<Revision['last_test']>) {
  if (last_test.outcome !== 'failed') return {}
  const { code, blame, message, remedy, detail } = failureView(last_test.failure)
  return { failure: { code, blame, message, remedy, facts: detail } }
}

function representLive(live: LiveRevision) {
  const { enabled_at, staged_client_secret } = live
  return {
    ...representRevision(live),
    enabled_at: isoTime(enabled_at),
    staged_client_secret_set: staged_client_secret !== null,
  }
}

/** A revision as the settings page shows it. */
export function revisionView(revision: AnyRevision): RevisionView {
  const { client_secret, tested, last_test, ...shown } = revision
  return {
    ...shown,
    client_secret_set: client_secret !== null,
    tested_at: tested?.at ?? null,
    last_test: last_test?.outcome === 'failed' ? { ...last_test, failure: failureView(last_test.failure) } : last_test,
  }
}
