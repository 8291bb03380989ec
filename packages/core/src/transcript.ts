/**
 * What one login said and decided, as a record that can be carried home: secrets redacted, replayable offline to the
 * same verdict, byte for byte.
 *
 * Rule: {@link replay} runs the very machine of `flow.ts` over the recorded events. The one thing that it takes on trust
 * is whether the ID Token's signature was valid, since a transcript holds no signature.
 */
import { fromBase64url, jsonObject } from './bytes.ts'
import { refusalOfCircumstances, type Circumstances } from './circumstances.ts'
import { isMacAlgorithm, isSignatureAlgorithm, webCrypto, type Crypto } from './crypto.ts'
import type { Failure } from './failures.ts'
import {
  step,
  transitions,
  type AwaitingAuthorizationResponse,
  type FlowEvent,
  type FlowState,
  type Identity,
  type Idle,
  type Phase,
  type Purpose,
  type Step,
} from './flow.ts'
import type { HttpRequest } from './http.ts'
import { parseJws, verifyJws, verifyMac } from './jws.ts'
import { selectKey } from './messages/jwks.ts'
import type { Access, Claims } from './policy.ts'
import { hashInPlaceholder, redactFlow, redactRelyingParty } from './redaction.ts'
import type { RelyingParty } from './relying-party.ts'

/** What the machine decided upon one event. */
export interface Decision {
  readonly phase: Phase
  /** The request that it asked for. */
  readonly request?: { readonly message: HttpRequest['message']; readonly method: string; readonly url: string }
  /** Where it sent the browser, without the parameters. */
  readonly redirect?: string
}

/** How a login ended, as far as anybody may know it. */
export type Verdict =
  | {
      readonly outcome: 'authenticated'
      readonly purpose: Purpose
      readonly identity: Identity
      readonly claims: Claims
      readonly access: Access
      /** Of a test: what the policy would answer to this person at a login. */
      readonly refusal: Failure | null
    }
  | { readonly outcome: 'failed'; readonly failure: Failure }
  /** The browser was sent to the provider, or an answer is still to come. */
  | { readonly outcome: 'unfinished'; readonly phase: Phase }

export interface Transcript {
  readonly format: 1
  /** What was known when the first event came; without anything to authenticate with. */
  readonly relying_party: RelyingParty
  readonly circumstances: Circumstances | null
  /** The state that met the first event. */
  readonly state: Idle | AwaitingAuthorizationResponse
  readonly events: readonly FlowEvent[]
  readonly decisions: readonly Decision[]
  /** Whether the signature of the ID Token is that of the selected key; null where there was none to verify. */
  readonly signature: boolean | 'unsuitable' | null
  readonly verdict: Verdict
}

/** Collects what happens to one flow; hand {@link Recorder.observe} to `drive` as `Io.observe`. */
export interface Recorder {
  observe(event: FlowEvent, stepped: Step): void
  /** The transcript of a flow that ended so. */
  transcript(ended: FlowState, circumstances?: Circumstances | null): Promise<Transcript>
}

/** Records the flow that starts from this state; nothing is computed before {@link Recorder.transcript} is called. */
export function record(
  rp: RelyingParty,
  state: Idle | AwaitingAuthorizationResponse,
  crypto: Crypto = webCrypto,
): Recorder {
  const events: FlowEvent[] = []
  const decisions: Decision[] = []
  let known = rp
  return {
    observe(event, stepped) {
      events.push(event)
      decisions.push(decisionOf(stepped))
      known = remembering(known, stepped)
    },
    async transcript(ended, circumstances = null) {
      const wasVerified = decisions.some(
        ({ phase }) => phase === 'authenticated' || phase === 'awaiting_userinfo_response',
      )
      return {
        format: 1,
        relying_party: redactRelyingParty(rp),
        circumstances,
        ...(await redactFlow(state, events, crypto)),
        decisions,
        signature: wasVerified || (await signatureIn(known, events, decisions, crypto)),
        verdict: verdictOf(ended, circumstances),
      }
    },
  }
}

/** A transcript of which nothing is left to replay but the circumstances: the machine was never asked. */
export function transcriptOfRefusal(rp: RelyingParty, circumstances: Circumstances, failure: Failure): Transcript {
  return {
    format: 1,
    relying_party: redactRelyingParty(rp),
    circumstances,
    state: { phase: 'idle' },
    events: [],
    decisions: [],
    signature: null,
    verdict: { outcome: 'failed', failure },
  }
}

/**
 * Runs a transcript again: the same decisions and the same verdict, or the record is not of this machine.
 * @param change what is to be otherwise this time; see `explain/what-if.ts`
 */
export async function replay(
  transcript: Transcript,
  change: (rp: RelyingParty) => RelyingParty = (rp) => rp,
): Promise<{ readonly decisions: readonly Decision[]; readonly verdict: Verdict }> {
  const { circumstances, events } = transcript
  const crypto = replayedCrypto(transcript)
  const refused = circumstances === null ? null : refusalOfCircumstances({ ...circumstances, still_serving: null })
  if (refused !== null) return { decisions: [], verdict: { outcome: 'failed', failure: { code: refused } } }
  let known = change(transcript.relying_party)
  let state: FlowState = transcript.state
  const decisions: Decision[] = []
  for (const event of events) {
    // With something otherwise, the machine may end before the record does, or ask for what was never answered.
    if (!Object.hasOwn(transitions[state.phase], event.type)) break
    const stepped: Step = await step(known, state, event, crypto)
    known = change(remembering(known, stepped))
    state = stepped.state
    decisions.push(decisionOf(stepped))
  }
  return { decisions, verdict: verdictOf(state, circumstances) }
}

/** Whether replaying gives the recorded decisions and verdict, byte for byte. */
export async function replaysIdentically(transcript: Transcript): Promise<boolean> {
  const { decisions, verdict } = await replay(transcript)
  return (
    JSON.stringify({ decisions, verdict }) ===
    JSON.stringify({ decisions: transcript.decisions, verdict: transcript.verdict })
  )
}

// ── what was decided ────────────────────────────────────────────────────────────────────────────────────────────────

function decisionOf({ state, effects }: Step): Decision {
  let decision: Decision = { phase: state.phase }
  for (const effect of effects) {
    if (effect.type === 'request') {
      const { message, method, url } = effect.request
      decision = { ...decision, request: { message, method, url } }
    }
    if (effect.type === 'redirect') decision = { ...decision, redirect: effect.url.split('?', 1)[0]! }
  }
  return decision
}

/** What was learnt is known from then on. */
export function remembering(rp: RelyingParty, { effects }: Step): RelyingParty {
  let known = rp
  for (const effect of effects) {
    if (effect.type !== 'remember') continue
    const { type: _, ...what } = effect
    known = { ...known, ...what }
  }
  return known
}

/** How a flow ended, seen together with what only the caller knows. */
export function verdictOf(state: FlowState, circumstances: Circumstances | null = null): Verdict {
  if (state.phase === 'failed') return { outcome: 'failed', failure: state.failure }
  if (state.phase !== 'authenticated') return { outcome: 'unfinished', phase: state.phase }
  if (state.purpose === 'login' && circumstances?.still_serving === false) {
    return { outcome: 'failed', failure: { code: 'flow_revision_replaced' } }
  }
  const { purpose, identity, claims, access } = state
  return {
    outcome: 'authenticated',
    purpose,
    identity,
    claims,
    access,
    refusal: 'refusal' in state ? state.refusal : null,
  }
}

// ── the signature ───────────────────────────────────────────────────────────────────────────────────────────────────

function idTokenIn(events: readonly FlowEvent[]): string | undefined {
  const last = events.findLast((event) => event.type === 'token_response_received')
  const id_token = last === undefined ? undefined : jsonObject(last.response.body)?.id_token
  return typeof id_token === 'string' ? id_token : undefined
}

/** The secret that the last token request was made with: the staged one, when the provider had refused the current one. */
function secretInUse({ client }: RelyingParty, events: readonly FlowEvent[], decisions: readonly Decision[]) {
  const wasRefused = decisions.some(
    ({ phase }, index) => phase === 'awaiting_token_response' && events[index]!.type === 'token_response_received',
  )
  return wasRefused ? client.staged_client_secret : client.client_secret
}

/** Verifies also what the machine, having found another rule broken before, never came to verify. */
async function signatureIn(
  rp: RelyingParty,
  events: readonly FlowEvent[],
  decisions: readonly Decision[],
  crypto: Crypto,
): Promise<Transcript['signature']> {
  const id_token = idTokenIn(events)
  if (id_token === undefined) return null
  const { jwks } = rp
  const client_secret = secretInUse(rp, events, decisions)
  const jws = parseJws(id_token)
  if ('malformed' in jws) return null
  const { alg, kid } = jws.header
  if (isMacAlgorithm(alg)) {
    return client_secret === undefined ? null : verifyMac(jws, alg, client_secret, crypto)
  }
  if (!isSignatureAlgorithm(alg) || jwks === undefined || (kid !== undefined && typeof kid !== 'string')) return null
  const selected = selectKey(jwks.value, alg, kid)
  return 'key' in selected ? verifyJws(jws, alg, selected.key, crypto) : null
}

/** Answers as the real one did: from the placeholders, and from what was recorded of the signature. */
function replayedCrypto({ events, signature }: Transcript): Crypto {
  const nothing = new Uint8Array(0)
  return {
    ...webCrypto,
    digest(hash, data) {
      return (typeof data === 'string' && hashInPlaceholder(data, hash)) || webCrypto.digest(hash, data)
    },
    verify() {
      if (signature === 'unsuitable') throw new TypeError('the key could not be used')
      return signature === true
    },
    hmac() {
      const recorded = signature === true ? idTokenIn(events)?.split('.')[2] : undefined
      return fromBase64url(recorded ?? '') ?? nothing
    },
    sign: () => nothing,
  }
}
