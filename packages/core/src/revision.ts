/**
 * One revision of an organization's settings: what was saved, whether it passed a test, and as whom.
 *
 * Rule: nothing but {@link passed} makes a {@link TestedRevision}, and nothing but {@link lively} a {@link LiveRevision}.
 */
import { base64url } from './bytes.ts'
import { webCrypto, type Crypto, type Jwk } from './crypto.ts'
import { ensure, RuleBroken, type Failure } from './failures.ts'
import { boundedClaims, evaluatePolicy, type Claims, type Policy } from './policy.ts'
import type { Settings } from './settings.ts'

/** A client secret as it lies in storage. Its id stands for it in the fingerprint, which is shown to people. */
export interface SealedSecret {
  readonly secret_id: string
  readonly sealed: string
  /** The public half, where the secret is a private key of ours (`private_key_jwt`). */
  readonly public_jwk?: Jwk
}

/** The last test of a revision, as the settings page tells it. */
export type LastTest =
  | { readonly outcome: 'running'; readonly at: number }
  | { readonly outcome: 'passed'; readonly at: number; readonly attempt_id: string }
  | { readonly outcome: 'failed'; readonly at: number; readonly attempt_id: string; readonly failure: Failure }

export interface Revision {
  readonly revision: number
  readonly settings: Settings
  readonly client_secret: SealedSecret | null
  /** A hash over everything that matters to authentication. */
  readonly fingerprint: string
  readonly saved_at: number
  readonly saved_by: string
  readonly last_test: LastTest | null
}

export interface DraftRevision extends Revision {
  readonly tested: null
}

/** A revision that has proved, as it is, that somebody can sign in with it. */
export interface TestedRevision extends Revision {
  readonly tested: {
    readonly at: number
    readonly attempt_id: string
    readonly by: string
    /** What the provider said of the person who tested last: whom a policy must not lock out. Earlier releases kept none. */
    readonly claims?: Claims
  }
}

export interface LiveRevision extends TestedRevision {
  readonly enabled_at: number
  /** Tried when the provider refuses the current secret; the first success makes it the current one. */
  readonly staged_client_secret: SealedSecret | null
}

/**
 * Whether other settings may authenticate with what this revision does: only at the issuer and in the way that it was
 * entered for, since otherwise it would be sent to whoever was pasted in. (CVE-2026-15943)
 */
export function keepsSecret(base: Revision | null, { issuer, token_endpoint_auth_method }: Settings): base is Revision {
  return base?.settings.issuer === issuer && base.settings.token_endpoint_auth_method === token_endpoint_auth_method
}

/** A hash over everything that matters to authentication; the secret counts by its id, so that nothing of it is shown. */
export async function fingerprintOf(
  settings: Settings,
  client_secret: SealedSecret | null,
  crypto: Crypto = webCrypto,
): Promise<string> {
  const sorted = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, member]) => [name, sorted(member)]),
        )
      : value
  const text = JSON.stringify([sorted(settings), client_secret?.secret_id ?? null])
  return base64url(await crypto.digest('SHA-256', text))
}

// ── test ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export function running<R extends Revision>(revision: R, { at }: { readonly at: number }): R {
  const needsSecret = revision.settings.token_endpoint_auth_method !== 'none'
  ensure(!needsSecret || revision.client_secret !== null, 'client_secret_required')
  return { ...revision, last_test: { outcome: 'running', at } }
}

/** How a test ended, and what exactly it tested. */
interface TestResult {
  readonly at: number
  readonly attempt_id: string
  readonly fingerprint: string
}

interface FailedTest extends TestResult {
  readonly failure: Failure
  readonly started_at?: number
}

export function passed<R extends Revision>(
  revision: R,
  { at, by, attempt_id, fingerprint, claims }: TestResult & { readonly by: string; readonly claims: Claims },
): R & TestedRevision {
  ensure(revision.fingerprint === fingerprint, 'flow_revision_replaced')
  const tested = { at, by, attempt_id, claims: boundedClaims(claims) }
  return { ...revision, tested, last_test: { outcome: 'passed', at, attempt_id } }
}

/** A failed test is reported, unless something newer is known; what passed before has passed. */
export function failedTest<R extends Revision>(
  revision: R,
  { at, attempt_id, failure, fingerprint, started_at = Infinity }: FailedTest,
): R {
  ensure(revision.fingerprint === fingerprint, 'flow_revision_replaced')
  ensure((revision.last_test?.at ?? 0) <= started_at, 'flow_revision_replaced')
  return { ...revision, last_test: { outcome: 'failed', at, attempt_id, failure } }
}

// ── live ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A tested revision that begins to serve members. */
export function lively(revision: TestedRevision, policy: Policy, { at }: { readonly at: number }): LiveRevision {
  ensureNotLockedOut(revision, policy, policy)
  return { ...revision, enabled_at: at, staged_client_secret: null }
}

/** A live revision that serves nobody any more, but could. */
export function retired({ enabled_at: _, staged_client_secret: __, ...revision }: LiveRevision): TestedRevision {
  return revision
}

/**
 * Where members must use SSO, the person who tested it last must be let in by it: otherwise one wrong rule locks out
 * whoever could repair it. Of somebody whose claims are not known (an earlier release kept none) only what is in force
 * already is believed: enforcement cannot begin with them.
 */
export function lockOutBy(policy: Policy, { tested }: TestedRevision, before: Policy = policy): Failure | null {
  if (policy.enforcement !== 'enforced') return null
  const { claims } = tested
  if (claims === undefined) return before.enforcement === 'enforced' ? null : { code: 'enforcement_would_lock_out' }
  const { refusal } = evaluatePolicy(policy, claims)
  if (refusal === null) return null
  return { code: 'enforcement_would_lock_out', detail: { refusal: refusal.code, tested_by: tested.by } }
}

/** @throws {RuleBroken} with what {@link lockOutBy} says */
export function ensureNotLockedOut(revision: TestedRevision, policy: Policy, before: Policy): void {
  const failure = lockOutBy(policy, revision, before)
  if (failure !== null) throw new RuleBroken(failure)
}

/** A login has proved the staged secret: that is this revision's test with its new fingerprint. */
export async function promoted(
  live: LiveRevision,
  { revision, secret_id, at, by, attempt_id }: Proof,
  crypto: Crypto,
): Promise<LiveRevision> {
  const staged = live.staged_client_secret
  ensure(live.revision === revision && staged?.secret_id === secret_id, 'secret_not_staged')
  const fingerprint = await fingerprintOf(live.settings, staged, crypto)
  const tested = { ...live.tested, at, by, attempt_id }
  return { ...live, client_secret: staged, staged_client_secret: null, fingerprint, tested }
}

/** Which secret of which revision a login was made with. */
interface Proof {
  readonly revision: number
  readonly secret_id: string
  readonly at: number
  readonly by: string
  readonly attempt_id: string
}
