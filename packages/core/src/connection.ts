/**
 * An organization's SSO: a candidate that is edited and tested, and a live revision that members use.
 *
 * Rule 1: every transition is a row of {@link connectionTransitions}; a command that a phase does not list is refused
 * with the code that stands in its place.
 * Rule 2: `live` is only ever a revision whose own fingerprint passed a test. The types say so, and only a passed test
 * makes a {@link TestedRevision}.
 * Rule 3: no IO, no clock, no chance; client secrets are here only in their sealed form.
 */
import { webCrypto, type Crypto, type PrivateJwk } from './crypto.ts'
import { ensure, fail, RuleBroken, type Failure, type FailureCode } from './failures.ts'
import { defaultPolicy, type Claims, type Policy } from './policy.ts'
import { defaultTolerances, type RelyingParty, type Tolerances } from './relying-party.ts'
import {
  ensureNotLockedOut,
  failedTest,
  fingerprintOf,
  keepsSecret,
  lively,
  passed,
  promoted,
  retired,
  running,
  type DraftRevision,
  type LiveRevision,
  type Revision,
  type SealedSecret,
  type TestedRevision,
} from './revision.ts'
import type { Settings } from './settings.ts'

// ── states ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Common {
  readonly organization_id: string
  /** Made anew when a connection is created: a deleted and re-created one shares no identity with the old. */
  readonly connection_id: string
  readonly policy: Policy
  /** How many revisions there have been. */
  readonly revisions: number
  /** How often members began to be served, after nobody was; absent: an earlier release did not count. */
  readonly enablements?: number
  /** The revision that was live before: it passed its test and may be enabled again. */
  readonly previous: TestedRevision | null
}

type ConnectionIn<P extends string, Candidate, Live> = Common & {
  readonly phase: P
  readonly candidate: Candidate
  readonly live: Live
}

export type Empty = ConnectionIn<'empty', null, null>
export type Draft = ConnectionIn<'draft', DraftRevision, null>
export type Tested = ConnectionIn<'tested', TestedRevision, null>
export type Enabled = ConnectionIn<'enabled', null, LiveRevision>
export type EnabledBesideDraft = ConnectionIn<'enabled_beside_draft', DraftRevision, LiveRevision>
export type EnabledBesideTested = ConnectionIn<'enabled_beside_tested', TestedRevision, LiveRevision>

export type Connection = Empty | Draft | Tested | Enabled | EnabledBesideDraft | EnabledBesideTested
export type ConnectionPhase = Connection['phase']
type ConnectionOf<P extends ConnectionPhase> = Extract<Connection, { phase: P }>

/** The connection of an organization that has entered nothing yet. */
export function emptyConnection(organization_id: string, connection_id: string): Empty {
  const nothing = { candidate: null, live: null, previous: null }
  return { phase: 'empty', organization_id, connection_id, policy: defaultPolicy, revisions: 0, ...nothing }
}

/** What the outside calls the state: `enabled` whenever members are served. */
export function statusOfConnection({ phase }: Connection): 'draft' | 'tested' | 'enabled' {
  if (phase === 'empty' || phase === 'draft') return 'draft'
  return phase === 'tested' ? 'tested' : 'enabled'
}

/** Which time it is that members are served: a session of an earlier one was over when SSO was disabled. */
export function enablementOf({ enablements }: Pick<Connection, 'enablements'>): number {
  return enablements ?? 0
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Who commands, and when in epoch seconds. */
interface Ordered {
  readonly at: number
  readonly by: string
}

export interface Save extends Ordered {
  readonly type: 'save'
  readonly settings: Settings
  /** A newly entered secret; left out to keep the stored one, as far as that is allowed. */
  readonly client_secret?: SealedSecret
}
export interface BeginTest extends Ordered {
  readonly type: 'begin_test'
}
/** The result of a test names the fingerprint that it tested: it counts for no other. */
export interface PassTest extends Ordered {
  readonly type: 'pass_test'
  readonly fingerprint: string
  readonly attempt_id: string
  /** What the provider said of the person who tested. */
  readonly claims: Claims
}
export interface FailTest extends Ordered {
  readonly type: 'fail_test'
  readonly fingerprint: string
  readonly attempt_id: string
  readonly failure: Failure
  /** When the test was started, if that is to count: what is known of a later one stands. */
  readonly started_at?: number
}
export interface Enable extends Ordered {
  readonly type: 'enable'
  readonly fingerprint: string
}
export interface Disable extends Ordered {
  readonly type: 'disable'
}
export interface Discard extends Ordered {
  readonly type: 'discard'
}
export interface SetPolicy extends Ordered {
  readonly type: 'set_policy'
  readonly policy: Policy
}
export interface StageSecret extends Ordered {
  readonly type: 'stage_secret'
  /** null takes a staged secret back. */
  readonly client_secret: SealedSecret | null
}
/** A login has succeeded with the staged secret of this revision where the current one was refused. */
export interface PromoteStagedSecret extends Ordered {
  readonly type: 'promote_staged_secret'
  readonly revision: number
  readonly secret_id: string
  readonly attempt_id: string
}

export type Command =
  Save | BeginTest | PassTest | FailTest | Enable | Disable | Discard | SetPolicy | StageSecret | PromoteStagedSecret
export type CommandType = Command['type']
type CommandOf<C extends CommandType> = Extract<Command, { type: C }>

/** The new connection, or why it stays as it was. */
export type Transitioned = { readonly connection: Connection } | { readonly failure: Failure }

// ── transitions ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Allowed<S, C> {
  readonly to: readonly ConnectionPhase[]
  readonly run: (connection: S, command: C, crypto: Crypto) => Connection | Promise<Connection>
}

/** A row: the phases that it leads to and what it does; `run` cannot return a phase that `to` does not name. */
function row<const To extends ConnectionPhase, Next extends ConnectionOf<To>, S, C>(
  to: readonly To[],
  run: (connection: S, command: C, crypto: Crypto) => Next | Promise<Next>,
): Allowed<S, C> {
  return { to, run }
}

type Beside = EnabledBesideDraft | EnabledBesideTested

export const connectionTransitions = {
  empty: {
    save: row(['draft'], saveFirst),
    enable: row(['enabled'], enablePrevious),
    set_policy: row(['empty'], setPolicy<Empty>),
  },
  draft: {
    save: row(['draft'], saveDraft),
    begin_test: row(['draft'], beginTestOfDraft),
    pass_test: row(['tested'], passTestOfDraft),
    fail_test: row(['draft'], failTestOfDraft),
    enable: row(['enabled'], enablePrevious),
    discard: row(['empty'], discardOnly),
    set_policy: row(['draft'], setPolicy<Draft>),
  },
  tested: {
    save: row(['draft', 'tested'], saveTested),
    begin_test: row(['tested'], beginTestOfTested),
    pass_test: row(['tested'], passTestOfTested),
    fail_test: row(['tested'], failTestOfTested),
    enable: row(['enabled'], enableFirst),
    discard: row(['empty'], discardOnly),
    set_policy: row(['tested'], setPolicy<Tested>),
  },
  enabled: {
    save: row(['enabled', 'enabled_beside_draft'], saveBesideLive),
    begin_test: row(['enabled'], beginTestOfLive),
    pass_test: row(['enabled'], passTestOfLive<Enabled>),
    fail_test: row(['enabled'], failTestOfLive<Enabled>),
    enable: row(['enabled'], enablePreviousAgain<Enabled>),
    disable: row(['tested'], disableToCandidate),
    set_policy: row(['enabled'], setPolicy<Enabled>),
    stage_secret: row(['enabled'], stageSecret<Enabled>),
    promote_staged_secret: row(['enabled'], promoteStagedSecret<Enabled>),
  },
  enabled_beside_draft: {
    save: row(['enabled', 'enabled_beside_draft'], saveBesideLive),
    begin_test: row(['enabled_beside_draft'], beginTestBeside<EnabledBesideDraft>),
    pass_test: row(['enabled_beside_tested', 'enabled_beside_draft'], passTestBeside<EnabledBesideDraft>),
    fail_test: row(['enabled_beside_draft'], failTestBeside<EnabledBesideDraft>),
    enable: row(['enabled', 'enabled_beside_draft'], enableBeside<EnabledBesideDraft>),
    disable: row(['draft'], disableBesideDraft),
    discard: row(['enabled'], discardBeside),
    set_policy: row(['enabled_beside_draft'], setPolicy<EnabledBesideDraft>),
    stage_secret: row(['enabled_beside_draft'], stageSecret<EnabledBesideDraft>),
    promote_staged_secret: row(['enabled_beside_draft'], promoteStagedSecret<EnabledBesideDraft>),
  },
  enabled_beside_tested: {
    save: row(['enabled', 'enabled_beside_draft', 'enabled_beside_tested'], saveBesideLive),
    begin_test: row(['enabled_beside_tested'], beginTestBeside<EnabledBesideTested>),
    pass_test: row(['enabled_beside_tested'], passTestBeside<EnabledBesideTested>),
    fail_test: row(['enabled_beside_tested'], failTestBeside<EnabledBesideTested>),
    enable: row(['enabled', 'enabled_beside_tested'], enableBeside<EnabledBesideTested>),
    disable: row(['tested'], disableBesideTested),
    discard: row(['enabled'], discardBeside),
    set_policy: row(['enabled_beside_tested'], setPolicy<EnabledBesideTested>),
    stage_secret: row(['enabled_beside_tested'], stageSecret<EnabledBesideTested>),
    promote_staged_secret: row(['enabled_beside_tested'], promoteStagedSecret<EnabledBesideTested>),
  },
} as const satisfies { [P in ConnectionPhase]: { [C in CommandType]?: Allowed<ConnectionOf<P>, CommandOf<C>> } }

/** The code that answers a command which a phase does not list. */
const refusals: Record<CommandType, FailureCode> = {
  save: 'settings_invalid',
  set_policy: 'policy_invalid',
  begin_test: 'nothing_to_test',
  pass_test: 'flow_revision_replaced',
  fail_test: 'flow_revision_replaced',
  enable: 'not_tested',
  disable: 'not_enabled',
  discard: 'nothing_to_discard',
  stage_secret: 'secret_not_staged',
  promote_staged_secret: 'secret_not_staged',
}

/**
 * Moves a connection, or says why it stays. Same arguments, same answer; whoever stores it compares and sets.
 * @throws {TypeError} when there is no such command: a mistake of the caller
 */
export async function transition(
  connection: Connection,
  command: Command,
  crypto: Crypto = webCrypto,
): Promise<Transitioned> {
  const rows: Partial<Record<CommandType, Allowed<never, never>>> = connectionTransitions[connection.phase]
  if (!Object.hasOwn(refusals, command.type)) throw new TypeError(`there is no command ${String(command.type)}`)
  const allowed = rows[command.type]
  if (allowed === undefined) return { failure: { code: refusals[command.type] } }
  try {
    return { connection: await allowed.run(connection as never, command as never, crypto) }
  } catch (error) {
    if (!(error instanceof RuleBroken)) throw error
    return { failure: error.failure }
  }
}

// ── save ────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function saveFirst(connection: Empty, command: Save, crypto: Crypto): Promise<Draft> {
  return { ...connection, ...(await draftOf(connection, null, command, crypto)), phase: 'draft' }
}

async function saveDraft(connection: Draft, command: Save, crypto: Crypto): Promise<Draft> {
  const { candidate, revisions } = await draftOf(connection, connection.candidate, command, crypto)
  return candidate.fingerprint === connection.candidate.fingerprint
    ? connection
    : { ...connection, candidate, revisions }
}

async function saveTested(connection: Tested, command: Save, crypto: Crypto): Promise<Draft | Tested> {
  const { candidate, revisions } = await draftOf(connection, connection.candidate, command, crypto)
  if (candidate.fingerprint === connection.candidate.fingerprint) return connection
  return { ...connection, phase: 'draft', candidate, revisions }
}

/** What matters makes a candidate beside the live revision; saving what is live already takes the candidate away. */
async function saveBesideLive<S extends Enabled | Beside>(
  connection: S,
  command: Save,
  crypto: Crypto,
): Promise<Enabled | EnabledBesideDraft | S> {
  const base = connection.candidate ?? connection.live
  const { candidate, revisions } = await draftOf(connection, base, command, crypto)
  if (candidate.fingerprint === connection.candidate?.fingerprint) return connection
  const { live } = connection
  if (candidate.fingerprint === live.fingerprint) {
    return connection.candidate === null ? connection : { ...connection, phase: 'enabled', candidate: null, live }
  }
  return { ...connection, phase: 'enabled_beside_draft', candidate, live, revisions }
}

async function draftOf(
  connection: Connection,
  base: Revision | null,
  { settings, client_secret, at, by }: Save,
  crypto: Crypto,
): Promise<{ candidate: DraftRevision; revisions: number }> {
  const kept = keepsSecret(base, settings) ? base.client_secret : null
  const secret = settings.token_endpoint_auth_method === 'none' ? null : (client_secret ?? kept)
  const fingerprint = await fingerprintOf(settings, secret, crypto)
  const revision = connection.revisions + 1
  const saved = { saved_at: at, saved_by: by, last_test: null, tested: null }
  return { candidate: { revision, settings, client_secret: secret, fingerprint, ...saved }, revisions: revision }
}

// ── test ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function beginTestOfDraft(connection: Draft, command: BeginTest): Draft {
  return { ...connection, candidate: running(connection.candidate, command) }
}

function beginTestOfTested(connection: Tested, command: BeginTest): Tested {
  return { ...connection, candidate: running(connection.candidate, command) }
}

function beginTestOfLive(connection: Enabled, command: BeginTest): Enabled {
  return { ...connection, live: running(connection.live, command) }
}

function beginTestBeside<S extends Beside>(connection: S, command: BeginTest): S {
  return { ...connection, candidate: running(connection.candidate, command) }
}

function passTestOfDraft(connection: Draft, command: PassTest): Tested {
  return { ...connection, phase: 'tested', candidate: passed(connection.candidate, command) }
}

function passTestOfTested(connection: Tested, command: PassTest): Tested {
  return { ...connection, candidate: passed(connection.candidate, command) }
}

function passTestOfLive<S extends Enabled | Beside>(connection: S, command: PassTest): S {
  return { ...connection, live: passed(connection.live, command) }
}

/** Beside a candidate the test may have been begun before the candidate was saved, and tested what is live. */
function passTestBeside<S extends Beside>(connection: S, command: PassTest): EnabledBesideTested | S {
  if (connection.live.fingerprint === command.fingerprint) return passTestOfLive(connection, command)
  const { live } = connection
  return { ...connection, phase: 'enabled_beside_tested', live, candidate: passed(connection.candidate, command) }
}

function failTestOfDraft(connection: Draft, command: FailTest): Draft {
  return { ...connection, candidate: failedTest(connection.candidate, command) }
}

function failTestOfTested(connection: Tested, command: FailTest): Tested {
  return { ...connection, candidate: failedTest(connection.candidate, command) }
}

function failTestOfLive<S extends Enabled | Beside>(connection: S, command: FailTest): S {
  return { ...connection, live: failedTest(connection.live, command) }
}

function failTestBeside<S extends Beside>(connection: S, command: FailTest): S {
  if (connection.live.fingerprint === command.fingerprint) return failTestOfLive(connection, command)
  return { ...connection, candidate: failedTest(connection.candidate, command) }
}

// ── enable, disable, discard ────────────────────────────────────────────────────────────────────────────────────────

function enableFirst(connection: Tested, command: Enable): Enabled {
  const { candidate, previous } = connection
  if (candidate.fingerprint !== command.fingerprint) return enablePrevious(connection, command)
  return {
    ...connection,
    phase: 'enabled',
    candidate: null,
    live: lively(candidate, connection.policy, command),
    previous,
    enablements: enablementOf(connection) + 1,
  }
}

/** What was live before has passed its test: it may serve again, and takes the place of a candidate that did not get so far. */
function enablePrevious(connection: Empty | Draft | Tested, command: Enable): Enabled {
  const { previous } = connection
  if (previous === null || previous.fingerprint !== command.fingerprint) return fail('not_tested')
  return {
    ...connection,
    phase: 'enabled',
    candidate: null,
    live: lively(previous, connection.policy, command),
    previous: null,
    enablements: enablementOf(connection) + 1,
  }
}

/** While something is live the two change places. */
function enablePreviousAgain<S extends Enabled | Beside>(connection: S, command: Enable): S {
  const { live, previous } = connection
  if (live.fingerprint === command.fingerprint) return connection
  if (previous?.fingerprint !== command.fingerprint) return fail('not_tested')
  return { ...connection, live: lively(previous, connection.policy, command), previous: retired(live) }
}

/** A candidate becomes live by its own test, or by that of the previous revision when it is the same once more. */
function enableBeside<S extends Beside>(connection: S, command: Enable): Enabled | S {
  const { live, candidate, previous } = connection
  const isCandidate = candidate.fingerprint === command.fingerprint && live.fingerprint !== command.fingerprint
  if (!isCandidate) return enablePreviousAgain(connection, command)
  const proved = candidate.tested === null ? previous : candidate
  if (proved?.fingerprint !== command.fingerprint) return fail('not_tested')
  return {
    ...connection,
    phase: 'enabled',
    candidate: null,
    live: lively(proved, connection.policy, command),
    previous: retired(live),
  }
}

/** Without a pending change what was live stays at hand, one press of “Enable” away. */
function disableToCandidate(connection: Enabled): Tested {
  return { ...connection, phase: 'tested', candidate: retired(connection.live), live: null }
}

function disableBesideDraft(connection: EnabledBesideDraft): Draft {
  return { ...connection, phase: 'draft', live: null, previous: retired(connection.live) }
}

function disableBesideTested(connection: EnabledBesideTested): Tested {
  return { ...connection, phase: 'tested', live: null, previous: retired(connection.live) }
}

function discardOnly(connection: Draft | Tested): Empty {
  return { ...connection, phase: 'empty', candidate: null }
}

function discardBeside(connection: Beside): Enabled {
  const { live } = connection
  return { ...connection, phase: 'enabled', candidate: null, live }
}

// ── policy and secrets ──────────────────────────────────────────────────────────────────────────────────────────────

function setPolicy<S extends Connection>(connection: S, { policy }: SetPolicy): S {
  if (connection.live !== null) ensureNotLockedOut(connection.live, policy, connection.policy)
  return { ...connection, policy }
}

function stageSecret<S extends Enabled | Beside>(connection: S, { client_secret }: StageSecret): S {
  const { live } = connection
  // A key of ours is no secret that somebody could enter.
  ensure(live.client_secret !== null && live.client_secret.public_jwk === undefined, 'secret_not_staged')
  return { ...connection, live: { ...live, staged_client_secret: client_secret } }
}

async function promoteStagedSecret<S extends Enabled | Beside>(
  connection: S,
  command: PromoteStagedSecret,
  crypto: Crypto,
): Promise<S> {
  return { ...connection, live: await promoted(connection.live, command, crypto) }
}

// ── for the flow ────────────────────────────────────────────────────────────────────────────────────────────────────

/** The revision that a test tries: the candidate, or what is live when there is none. */
export function revisionToTest(connection: Connection): DraftRevision | TestedRevision | null {
  return connection.candidate ?? connection.live
}

/**
 * The revisions whose provider may end sessions: the one that serves members, or those that may have served them last.
 * Disabled SSO may be enabled again, and whom the provider has logged out meanwhile stays logged out.
 */
export function revisionsOfSessions({ candidate, live, previous }: Connection): readonly TestedRevision[] {
  if (live !== null) return [live]
  const tested = candidate !== null && candidate.tested !== null ? candidate : null
  return [tested, previous].filter((revision) => revision !== null)
}

/** What a flow started for this revision knows, once its secrets are opened. */
export function relyingPartyOf(
  connection: Connection,
  revision: Revision,
  client: {
    readonly redirect_uri: string
    readonly client_secret?: string
    readonly staged_client_secret?: string
    readonly client_key?: PrivateJwk
  },
  tolerances: Tolerances = defaultTolerances,
): RelyingParty {
  const { organization_id, connection_id, policy } = connection
  const { issuer, ...settings } = revision.settings
  const binding = { organization_id, connection_id, revision: revision.revision }
  return { ...binding, issuer, client: { ...settings, ...client }, policy, tolerances }
}
