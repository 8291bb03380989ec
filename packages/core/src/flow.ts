/**
 * One login, from "somebody wants to sign in" to "this is who it is": every phase, event, effect and transition.
 *
 * Rule 1: every transition is a row of {@link transitions}; a pair of phase and event that is absent is illegal.
 * Rule 2: no IO, no clock, no chance in here. Time arrives as `at` on every event, randomness as data in
 * `login_requested`, the network as responses. The same arguments give the same answer.
 * Rule 3: states are JSON and hold what the next step needs, no more.
 */
import { base64url } from './bytes.ts'
import { isMacAlgorithm, webCrypto, type Crypto, type MacAlgorithm, type SignatureAlgorithm } from './crypto.ts'
import { ensure, fail, RuleBroken, type Failure } from './failures.ts'
import type { HttpRequest, HttpResponse, RequestFailure } from './http.ts'
import type { LoginParameters } from './login-parameters.ts'
import { buildAuthorizationRequest, parseAuthorizationResponse } from './messages/authorization.ts'
import { buildProviderMetadataRequest, isDown, parseProviderMetadata } from './messages/discovery.ts'
import {
  parseIdTokenHeader,
  validateIdTokenClaims,
  verifyIdToken,
  verifyIdTokenMac,
  type IdTokenClaims,
  type JoseHeader,
} from './messages/id-token.ts'
import { buildJwksRequest, decidingKeys, keyOf, knownKeys, parseJwkSet, selectKey } from './messages/jwks.ts'
import {
  buildTokenRequest,
  clientSecret,
  mayTryStagedSecret,
  parseTokenResponse,
  type SecretInUse,
} from './messages/token.ts'
import { buildUserInfoRequest, mergeClaims, needsUserInfo, parseUserInfoResponse } from './messages/userinfo.ts'
import { evaluatePolicy, type Access, type Claims } from './policy.ts'
import type { JudgedTokenResponse } from './protocol.ts'
import {
  isFresh,
  type JwkSet,
  type Known,
  type KnownKeys,
  type ProviderMetadata,
  type RelyingParty,
  type ResponseMode,
} from './relying-party.ts'

// ── states ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A login makes a session; a test proves settings and never makes one. */
export type Purpose = 'login' | 'test'

/** What ties a flow to the organization and revision that it was started for. */
interface Bound<P extends Purpose = Purpose> {
  readonly purpose: P
  readonly organization_id: string
  readonly connection_id: string
  readonly revision: number
  /** A path on our own origin, checked when the flow was started. */
  readonly return_to: string
}

export interface Idle {
  readonly phase: 'idle'
}

/** The event that waits is handled again, from the state that it met, as soon as the metadata is known. */
export interface AwaitingProviderMetadata {
  readonly phase: 'awaiting_provider_metadata'
  readonly met: Idle | AwaitingAuthorizationResponse
  readonly waiting: LoginRequested | AuthorizationResponseReceived
}

/** The one state that outlives a request: it travels, sealed, in a cookie of the browser that started the flow. */
export interface AwaitingAuthorizationResponse extends Bound {
  readonly phase: 'awaiting_authorization_response'
  readonly state: string
  readonly nonce: string
  readonly code_verifier: string
  readonly redirect_uri: string
  readonly response_mode: ResponseMode
  readonly started_at: number
}

type Answered = Omit<AwaitingAuthorizationResponse, 'phase' | 'response_mode' | 'started_at'>

export interface AwaitingTokenResponse extends Answered {
  readonly phase: 'awaiting_token_response'
  /** The validated authorization response. */
  readonly parameters: readonly (readonly [string, string])[]
  readonly secret: SecretInUse
}

interface Tokens {
  readonly id_token: string
  readonly access_token: string
  readonly refresh_token?: string
}

interface Unverified extends Bound, Tokens {
  readonly unverified_claims: Claims
}

/** A token that is authenticated with the client secret never gets here: it needs no keys. */
export interface AwaitingJwks extends Unverified {
  readonly phase: 'awaiting_jwks'
  readonly header: JoseHeader<SignatureAlgorithm>
}

export interface AwaitingUserInfoResponse extends Bound, Tokens {
  readonly phase: 'awaiting_userinfo_response'
  readonly claims: IdTokenClaims
}

/** (connection, `iss`, `sub`): the only thing that identifies somebody. Only a completed flow makes it. */
export interface Identity {
  readonly connection_id: string
  readonly issuer: string
  readonly subject: string
}

interface WhoItIs<P extends Purpose> extends Bound<P> {
  readonly phase: 'authenticated'
  readonly identity: Identity
  readonly claims: Claims
  readonly access: Access
  readonly authenticated_at: number
  readonly id_token: string
  readonly access_token: string
  readonly refresh_token?: string
}

/** A member, admitted by the policy. The only state that a session can be made of. */
export type AuthenticatedLogin = WhoItIs<'login'>

/** Somebody who proved that the settings work; `refusal` says what the policy would answer to this person at a login. */
export interface AuthenticatedTest extends WhoItIs<'test'> {
  readonly refusal: Failure | null
}

export type Authenticated = AuthenticatedLogin | AuthenticatedTest

export interface Failed {
  readonly phase: 'failed'
  readonly failure: Failure
  readonly failed_at: number
  /** What the flow was bound to, as far as it had got. */
  readonly bound: Bound | null
}

export type FlowState =
  | Idle
  | AwaitingProviderMetadata
  | AwaitingAuthorizationResponse
  | AwaitingTokenResponse
  | AwaitingJwks
  | AwaitingUserInfoResponse
  | AuthenticatedLogin
  | AuthenticatedTest
  | Failed

export type Phase = FlowState['phase']
type StateOf<P extends Phase> = Extract<FlowState, { phase: P }>

export const idle: Idle = { phase: 'idle' }

// ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Epoch seconds on every event; fractions allowed. */
interface At {
  readonly at: number
}

export interface LoginRequested extends At {
  readonly type: 'login_requested'
  readonly purpose: Purpose
  readonly return_to: string
  /** Three independent values of 32 random bytes each, base64url. */
  readonly random: { readonly state: string; readonly nonce: string; readonly code_verifier: string }
  readonly parameters?: LoginParameters
}

export interface AuthorizationResponseReceived extends At {
  readonly type: 'authorization_response_received'
  /** The organization that the redirect URI names. */
  readonly organization_id: string
  readonly response_mode: ResponseMode
  /** Every parameter as it came, duplicates included. */
  readonly parameters: readonly (readonly [string, string])[]
}

interface ResponseReceived<T extends string> extends At {
  readonly type: T
  readonly response: HttpResponse
}

export interface RequestFailed extends At {
  readonly type: 'request_failed'
  readonly reason: RequestFailure
}

/** Nobody came back while the flow could live. */
export interface Abandoned extends At {
  readonly type: 'abandoned'
}

export type FlowEvent =
  | LoginRequested
  | AuthorizationResponseReceived
  | Abandoned
  | ResponseReceived<'provider_metadata_received'>
  | ResponseReceived<'token_response_received'>
  | ResponseReceived<'jwks_received'>
  | ResponseReceived<'userinfo_response_received'>
  | RequestFailed

export type EventType = FlowEvent['type']
type EventOf<E extends EventType> = Extract<FlowEvent, { type: E }>

// ── effects ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export type FlowEffect =
  /** Send the browser there. */
  | { readonly type: 'redirect'; readonly url: string }
  /** Send this; the answer comes back as the event of the same message. At most one is outstanding. */
  | { readonly type: 'request'; readonly request: HttpRequest }
  /** Keep for later logins of this relying party. */
  | { readonly type: 'remember'; readonly provider_metadata: Known<ProviderMetadata> }
  | { readonly type: 'remember'; readonly jwks: KnownKeys }
  /** The provider has accepted the staged client secret where it refused the current one. */
  | { readonly type: 'promote_staged_secret' }

export interface Step<S extends FlowState = FlowState> {
  readonly state: S
  readonly effects: readonly FlowEffect[]
}

// ── transitions ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Transition<S, E> {
  readonly to: readonly Phase[]
  readonly run: (rp: RelyingParty, state: S, event: E, crypto: Crypto) => Promise<Step>
}

/** A row: the phases that it leads to and what it does; `run` cannot return a phase that `to` does not name. */
function row<const To extends Phase, Next extends StateOf<To>, S, E>(
  to: readonly To[],
  run: (rp: RelyingParty, state: S, event: E, crypto: Crypto) => Promise<Step<Next>>,
): Transition<S, E> {
  return { to, run }
}

export const transitions = {
  idle: {
    login_requested: row(['awaiting_provider_metadata', 'awaiting_authorization_response'], requestLogin),
  },
  awaiting_provider_metadata: {
    provider_metadata_received: row(
      ['awaiting_authorization_response', 'awaiting_token_response', 'failed'],
      receiveProviderMetadata,
    ),
    request_failed: row(['awaiting_authorization_response', 'awaiting_token_response', 'failed'], missProviderMetadata),
  },
  awaiting_authorization_response: {
    authorization_response_received: row(
      ['awaiting_provider_metadata', 'awaiting_token_response', 'failed'],
      receiveAuthorizationResponse,
    ),
    abandoned: row(['failed'], abandon),
  },
  awaiting_token_response: {
    token_response_received: row(
      ['awaiting_token_response', 'awaiting_jwks', 'awaiting_userinfo_response', 'authenticated', 'failed'],
      receiveTokenResponse,
    ),
    request_failed: row(['failed'], missResponse),
  },
  awaiting_jwks: {
    jwks_received: row(['awaiting_userinfo_response', 'authenticated', 'failed'], receiveJwks),
    request_failed: row(['failed'], missResponse),
  },
  awaiting_userinfo_response: {
    userinfo_response_received: row(['authenticated', 'failed'], receiveUserInfo),
    request_failed: row(['failed'], missResponse),
  },
  authenticated: {},
  failed: {},
} as const satisfies { [P in Phase]: { [E in EventType]?: Transition<StateOf<P>, EventOf<E>> } }

/**
 * The next state of a login and what must be done about it.
 * @param rp what is known of provider and client; a phase whose answer is known already is skipped
 * @param crypto who computes: WebCrypto by default, `nodeCrypto` on Node
 * @throws {TypeError} when the phase does not accept the event: a mistake of the caller, not of the peer
 */
export async function step(
  rp: RelyingParty,
  state: FlowState,
  event: FlowEvent,
  crypto: Crypto = webCrypto,
): Promise<Step> {
  const rows: Partial<Record<EventType, Transition<never, never>>> = transitions[state.phase]
  const transition = rows[event.type]
  if (transition === undefined) throw new TypeError(`the phase ${state.phase} does not accept the event ${event.type}`)
  try {
    return await transition.run(rp, state as never, event as never, crypto)
  } catch (error) {
    if (!(error instanceof RuleBroken)) throw error
    return { state: failed(state, event.at, error.failure), effects: [] }
  }
}

// ── idle → the provider ─────────────────────────────────────────────────────────────────────────────────────────────

async function requestLogin(
  rp: RelyingParty,
  _state: Idle,
  event: LoginRequested,
  crypto: Crypto,
): Promise<Step<AwaitingProviderMetadata | AwaitingAuthorizationResponse>> {
  if (!isFresh(rp.provider_metadata, event.at, rp.tolerances.metadata_fresh)) return requestMetadata(rp, idle, event)
  return redirectToProvider(rp, rp.provider_metadata.value, event, crypto)
}

async function redirectToProvider(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  event: LoginRequested,
  crypto: Crypto,
): Promise<Step<AwaitingAuthorizationResponse>> {
  const { state, nonce, code_verifier } = event.random
  const code_challenge = base64url(await crypto.digest('SHA-256', code_verifier))
  const url = buildAuthorizationRequest(rp, metadata, { ...event.parameters, state, nonce, code_challenge })
  const next: AwaitingAuthorizationResponse = {
    phase: 'awaiting_authorization_response',
    purpose: event.purpose,
    organization_id: rp.organization_id,
    connection_id: rp.connection_id,
    revision: rp.revision,
    return_to: event.return_to,
    state,
    nonce,
    code_verifier,
    redirect_uri: rp.client.redirect_uri,
    response_mode: rp.client.response_mode,
    started_at: event.at,
  }
  return { state: next, effects: [{ type: 'redirect', url }] }
}

// ── provider metadata ───────────────────────────────────────────────────────────────────────────────────────────────

function requestMetadata(
  rp: RelyingParty,
  met: AwaitingProviderMetadata['met'],
  waiting: AwaitingProviderMetadata['waiting'],
): Step<AwaitingProviderMetadata> {
  const request = buildProviderMetadataRequest(rp.issuer)
  return { state: { phase: 'awaiting_provider_metadata', met, waiting }, effects: [{ type: 'request', request }] }
}

async function receiveProviderMetadata(
  rp: RelyingParty,
  state: AwaitingProviderMetadata,
  { at, response }: EventOf<'provider_metadata_received'>,
  crypto: Crypto,
): Promise<Step<AwaitingAuthorizationResponse | AwaitingTokenResponse | Failed>> {
  // A provider that is down does not undo what it said yesterday; one that says something else today does.
  if (isDown(response)) {
    const detail = { status: response.status }
    return continueWithStaleMetadata(rp, state, at, { code: 'discovery_unavailable', detail }, crypto)
  }
  const provider_metadata = { value: parseProviderMetadata(response, rp), fetched_at: at }
  return after(
    [{ type: 'remember', provider_metadata }],
    state,
    at,
    continueWith(rp, provider_metadata.value, state, at, crypto),
  )
}

function missProviderMetadata(
  rp: RelyingParty,
  state: AwaitingProviderMetadata,
  { at, reason }: RequestFailed,
  crypto: Crypto,
): Promise<Step<AwaitingAuthorizationResponse | AwaitingTokenResponse | Failed>> {
  const failure: Failure = { code: requestFailures[reason], detail: { message: 'provider_metadata' } }
  return continueWithStaleMetadata(rp, state, at, failure, crypto)
}

async function continueWithStaleMetadata(
  rp: RelyingParty,
  state: AwaitingProviderMetadata,
  at: number,
  failure: Failure,
  crypto: Crypto,
): Promise<Step<AwaitingAuthorizationResponse | AwaitingTokenResponse | Failed>> {
  if (!isFresh(rp.provider_metadata, at, rp.tolerances.metadata_stale)) return fail(failure.code, failure.detail)
  return continueWith(rp, rp.provider_metadata.value, state, at, crypto)
}

function continueWith(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  { met, waiting }: AwaitingProviderMetadata,
  at: number,
  crypto: Crypto,
): Promise<Step<AwaitingAuthorizationResponse | AwaitingTokenResponse | Failed>> {
  if (met.phase === 'idle') return redirectToProvider(rp, metadata, { ...(waiting as LoginRequested), at }, crypto)
  return exchangeCode(rp, metadata, met, { ...(waiting as AuthorizationResponseReceived), at }, crypto)
}

// ── the authorization response ──────────────────────────────────────────────────────────────────────────────────────

/** The bindings are checked before anything is asked of anybody: the code leaves only for the provider that was asked. */
async function receiveAuthorizationResponse(
  rp: RelyingParty,
  state: AwaitingAuthorizationResponse,
  event: AuthorizationResponseReceived,
  crypto: Crypto,
): Promise<Step<AwaitingProviderMetadata | AwaitingTokenResponse>> {
  const same = event.organization_id === state.organization_id && rp.organization_id === state.organization_id
  ensure(same, 'flow_organization_mismatch')
  const sameRevision = rp.connection_id === state.connection_id && rp.revision === state.revision
  ensure(sameRevision, 'flow_revision_replaced')
  ensure(event.at - state.started_at <= rp.tolerances.flow, 'flow_expired')
  ensure(event.response_mode === state.response_mode, 'authorization_response_mode_mismatch', {
    expected: state.response_mode,
    received: event.response_mode,
  })
  if (!isFresh(rp.provider_metadata, event.at, rp.tolerances.metadata_stale)) return requestMetadata(rp, state, event)
  return exchangeCode(rp, rp.provider_metadata.value, state, event, crypto)
}

async function abandon(): Promise<Step<Failed>> {
  return fail('flow_abandoned')
}

async function exchangeCode(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  state: AwaitingAuthorizationResponse,
  event: AuthorizationResponseReceived,
  crypto: Crypto,
): Promise<Step<AwaitingTokenResponse>> {
  const parameters = parseAuthorizationResponse(rp, metadata, event.parameters, state.state)
  const { response_mode: _, started_at: __, ...answered } = state
  const next: AwaitingTokenResponse = {
    ...answered,
    phase: 'awaiting_token_response',
    parameters: [...parameters],
    secret: 'current',
  }
  const request = await buildTokenRequest(rp, metadata, parameters, next, event.at, crypto)
  return { state: next, effects: [{ type: 'request', request }] }
}

// ── the token response ──────────────────────────────────────────────────────────────────────────────────────────────

async function receiveTokenResponse(
  rp: RelyingParty,
  state: AwaitingTokenResponse,
  { at, response }: EventOf<'token_response_received'>,
  crypto: Crypto,
): Promise<Step<AwaitingTokenResponse | AwaitingJwks | AwaitingUserInfoResponse | Authenticated | Failed>> {
  const metadata = knownMetadata(rp)
  let judged: JudgedTokenResponse
  try {
    judged = await parseTokenResponse(rp, metadata, response, { nonce: state.nonce, at })
  } catch (error) {
    if (error instanceof RuleBroken && state.secret === 'current' && mayTryStagedSecret(rp, error.failure)) {
      return tryStagedSecret(rp, metadata, state, at, crypto)
    }
    throw error
  }
  const { claims, ...tokens } = judged
  const header = parseIdTokenHeader(rp, tokens.id_token)
  const [, code] = state.parameters.find(([name]) => name === 'code')!
  await validateIdTokenClaims(rp, claims, { alg: header.alg, access_token: tokens.access_token, code, at }, crypto)

  const unverified = { ...boundOf(state), ...tokens, unverified_claims: claims }
  const promoted: FlowEffect[] = state.secret === 'staged' ? [{ type: 'promote_staged_secret' }] : []
  const verified = isMacAlgorithm(header.alg)
    ? verifyWithSecret(rp, unverified, header.alg, clientSecret(rp, state.secret), at, crypto)
    : verifyWithKnownKeys(
        rp,
        { phase: 'awaiting_jwks', ...unverified, header: { ...header, alg: header.alg } },
        at,
        crypto,
      )
  return after(promoted, state, at, verified)
}

async function tryStagedSecret(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  state: AwaitingTokenResponse,
  at: number,
  crypto: Crypto,
): Promise<Step<AwaitingTokenResponse>> {
  const parameters = parseAuthorizationResponse(rp, metadata, state.parameters, state.state)
  const next: AwaitingTokenResponse = { ...state, secret: 'staged' }
  const request = await buildTokenRequest(rp, metadata, parameters, next, at, crypto)
  return { state: next, effects: [{ type: 'request', request }] }
}

// ── the keys ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Keys that are known decide at once, or are asked for (again). */
async function verifyWithKnownKeys(
  rp: RelyingParty,
  state: AwaitingJwks,
  at: number,
  crypto: Crypto,
): Promise<Step<AwaitingJwks | AwaitingUserInfoResponse | Authenticated | Failed>> {
  const known = decidingKeys(rp, state.header, at)
  if (known !== undefined) return verifyWith(rp, state, known, at, crypto)
  return { state, effects: [{ type: 'request', request: buildJwksRequest(knownMetadata(rp)) }] }
}

async function receiveJwks(
  rp: RelyingParty,
  state: AwaitingJwks,
  { at, response }: EventOf<'jwks_received'>,
  crypto: Crypto,
): Promise<Step<AwaitingUserInfoResponse | Authenticated | Failed>> {
  const jwks = knownKeys(parseJwkSet(response), state.header, at)
  return after([{ type: 'remember', jwks }], state, at, verifyWith(rp, state, jwks.value, at, crypto))
}

async function verifyWith(
  rp: RelyingParty,
  state: AwaitingJwks,
  jwks: JwkSet,
  at: number,
  crypto: Crypto,
): Promise<Step<AwaitingUserInfoResponse | Authenticated | Failed>> {
  const { phase: _, header, ...unverified } = state
  const { alg, kid } = header
  const key = keyOf(selectKey(jwks, alg, kid), kid)
  const { id_token, unverified_claims } = unverified
  return identify(rp, unverified, await verifyIdToken(id_token, unverified_claims, alg, key, crypto), at)
}

async function verifyWithSecret(
  rp: RelyingParty,
  state: Unverified,
  alg: MacAlgorithm,
  secret: string | undefined,
  at: number,
  crypto: Crypto,
): Promise<Step<AwaitingUserInfoResponse | Authenticated | Failed>> {
  const { id_token, unverified_claims } = state
  return identify(rp, state, await verifyIdTokenMac(id_token, unverified_claims, alg, secret, crypto), at)
}

/** What is verified says who it is, unless the connection asks for claims that only UserInfo has. */
async function identify(
  rp: RelyingParty,
  { unverified_claims: _, ...state }: Unverified,
  claims: IdTokenClaims,
  at: number,
): Promise<Step<AwaitingUserInfoResponse | Authenticated | Failed>> {
  const metadata = knownMetadata(rp)
  if (!needsUserInfo(rp, metadata, claims)) return authenticate(rp, { ...state, claims }, claims, at)
  const request = await buildUserInfoRequest(rp, metadata, state.access_token)
  const next: AwaitingUserInfoResponse = { phase: 'awaiting_userinfo_response', ...state, claims }
  return { state: next, effects: [{ type: 'request', request }] }
}

// ── who it is ───────────────────────────────────────────────────────────────────────────────────────────────────────

async function receiveUserInfo(
  rp: RelyingParty,
  state: AwaitingUserInfoResponse,
  { at, response }: EventOf<'userinfo_response_received'>,
): Promise<Step<Authenticated | Failed>> {
  const userinfo = await parseUserInfoResponse(rp, knownMetadata(rp), response, state.claims.sub)
  return authenticate(rp, state, mergeClaims(state.claims, userinfo), at)
}

/** The last row: the policy of the organization decides about a login, and is only reported for a test. */
function authenticate(
  rp: RelyingParty,
  state: Bound & Tokens & { readonly claims: IdTokenClaims },
  claims: Claims,
  at: number,
): Step<Authenticated | Failed> {
  const { purpose, ...bound } = boundOf(state)
  const { id_token, access_token, refresh_token } = state
  const { access, refusal } = evaluatePolicy(rp.policy, claims)
  const identity = { connection_id: rp.connection_id, issuer: state.claims.iss, subject: state.claims.sub }
  const tokens = { id_token, access_token, ...(refresh_token !== undefined && { refresh_token }) }
  const who = { phase: 'authenticated', ...bound, identity, claims, access, authenticated_at: at, ...tokens } as const
  if (purpose === 'test') return { state: { ...who, purpose, refusal }, effects: [] }
  if (refusal !== null) return fail(refusal.code, refusal.detail)
  return { state: { ...who, purpose }, effects: [] }
}

// ── failing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a request without a usable answer is called. */
export const requestFailures = {
  timed_out: 'request_timed_out',
  unreachable: 'request_failed',
  cut_off: 'request_cut_off',
  tls_failed: 'request_tls_failed',
  no_tls: 'request_no_tls',
  blocked: 'request_blocked',
  too_large: 'response_too_large',
} as const

async function missResponse(
  _rp: RelyingParty,
  state: AwaitingTokenResponse | AwaitingJwks | AwaitingUserInfoResponse,
  { reason }: RequestFailed,
): Promise<Step<Failed>> {
  return fail(requestFailures[reason], { message: messageOfPhase[state.phase] })
}

const messageOfPhase = {
  awaiting_token_response: 'token',
  awaiting_jwks: 'jwks',
  awaiting_userinfo_response: 'userinfo',
} as const

/** What was learnt stays learnt, also when the very next rule is broken: it does not depend on what was known before. */
async function after<S extends FlowState>(
  effects: readonly FlowEffect[],
  state: FlowState,
  at: number,
  next: Promise<Step<S>>,
): Promise<Step<S | Failed>> {
  const { state: reached, effects: further } = await next.catch((error: unknown) => {
    if (!(error instanceof RuleBroken)) throw error
    return { state: failed(state, at, error.failure), effects: [] }
  })
  return { state: reached, effects: [...effects, ...further] }
}

function failed(state: FlowState, at: number, failure: Failure): Failed {
  const met = state.phase === 'awaiting_provider_metadata' ? state.met : state
  return { phase: 'failed', failure, failed_at: at, bound: 'organization_id' in met ? boundOf(met) : null }
}

function boundOf({ purpose, organization_id, connection_id, revision, return_to }: Bound): Bound {
  return { purpose, organization_id, connection_id, revision, return_to }
}

// ── what is known ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Past the token request the metadata is known, or the caller did not keep what it was told to remember. */
function knownMetadata(rp: RelyingParty): ProviderMetadata {
  if (rp.provider_metadata === undefined) throw new TypeError('the relying party has forgotten the provider metadata')
  return rp.provider_metadata.value
}
