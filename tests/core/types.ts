/**
 * What does not compile. There is nothing to run here: `pnpm types` fails when an error that is expected does not occur.
 */
import type {
  Authenticated,
  AuthenticatedLogin,
  AuthenticatedTest,
  Claims,
  Connection,
  DraftRevision,
  Enabled,
  FailureCode,
  FlowState,
  IdTokenClaims,
  LiveRevision,
  Phase,
  TestedRevision,
} from '@relying-party/core'

declare function createSession(login: AuthenticatedLogin): void
declare function trust(claims: IdTokenClaims): void
declare function serve(revision: LiveRevision): void

export function onlyALoginMakesASession(
  login: AuthenticatedLogin,
  test: AuthenticatedTest,
  either: Authenticated,
  any: FlowState,
): void {
  createSession(login)
  // @ts-expect-error a test never makes a session
  createSession(test)
  // @ts-expect-error it could be a test
  createSession(either)
  // @ts-expect-error it could be anything
  createSession(any)
  // @ts-expect-error relabelled, it still is a test's refusal and purpose
  createSession({ ...test, phase: 'authenticated' })
  if (any.phase === 'authenticated' && any.purpose === 'login') createSession(any)
}

export function onlyVerificationMakesIdTokenClaims(unverified: Claims, state: FlowState): void {
  // @ts-expect-error nobody has verified them
  trust(unverified)
  // @ts-expect-error saying so is not enough
  trust({ ...unverified, iss: 'https://idp.example', sub: 'user-1' })
  if (state.phase === 'awaiting_userinfo_response') trust(state.claims)
  // @ts-expect-error they are called unverified for a reason
  if (state.phase === 'awaiting_jwks') trust(state.unverified_claims)
}

export function onlyATestedRevisionGoesLive(
  draft: DraftRevision,
  tested: TestedRevision,
  connection: Connection,
): void {
  // @ts-expect-error no test was passed
  serve(draft)
  // @ts-expect-error nobody has enabled it
  serve(tested)
  // @ts-expect-error enabled, but never tested
  serve({ ...draft, enabled_at: 0, staged_client_secret: null })
  serve({ ...tested, enabled_at: 0, staged_client_secret: null })
  // @ts-expect-error there may be none
  serve(connection.live)
  if (connection.phase === 'enabled') serve(connection.live)
  // @ts-expect-error in a draft nothing is live
  if (connection.phase === 'draft') serve(connection.live)
}

// @ts-expect-error an enabled connection has a live revision
export const enabledByNobody: Pick<Enabled, 'phase' | 'live'> = { phase: 'enabled', live: null }

// @ts-expect-error there is no such phase
export const nowhere: Phase = 'nowhere'

// @ts-expect-error there is no such code
export const unknown: FailureCode = 'id_token_nonce_wrong'
