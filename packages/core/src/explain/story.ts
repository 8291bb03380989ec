/** A transcript taken apart: which message came when, and what the checks of every leg look at. */
import { fromBase64url, fromUtf8, jsonObject } from '../bytes.ts'
import type { Circumstances } from '../circumstances.ts'
import { RuleBroken } from '../failures.ts'
import type { AuthorizationResponseReceived, AwaitingAuthorizationResponse, Purpose } from '../flow.ts'
import type { HttpResponse, RequestFailure } from '../http.ts'
import { parseProviderMetadata } from '../messages/discovery.ts'
import { mergeClaims, needsUserInfo } from '../messages/userinfo.ts'
import type { Claims } from '../policy.ts'
import type { JwkSet, Known, ProviderMetadata, RelyingParty } from '../relying-party.ts'
import type { Transcript, Verdict } from '../transcript.ts'

/** The answer to a request, or why none came; undefined when nothing was asked. */
export type Answer = { readonly at: number } & (
  | { readonly response: HttpResponse; readonly failure?: undefined }
  | { readonly failure: RequestFailure; readonly response?: undefined }
)

export interface Story {
  /** As it was before the first event. */
  readonly rp: RelyingParty
  readonly circumstances: Circumstances | null
  /** The flow between redirect and callback; undefined while nobody has come back. */
  readonly flow: AwaitingAuthorizationResponse | undefined
  readonly discovery: Answer | undefined
  /** The provider's document as it was answered, if it is a JSON object. */
  readonly document: Readonly<Record<string, unknown>> | undefined
  /** What the provider's document says, as far as it was usable, known before or learnt now. */
  readonly metadata: ProviderMetadata | undefined
  readonly callback: AuthorizationResponseReceived | undefined
  readonly token: Answer | undefined
  readonly tokens: Readonly<Record<string, unknown>> | undefined
  readonly id_token: IdTokenParts | undefined
  readonly jwks: Answer | undefined
  /** The keys that decided, known before or fetched now. */
  readonly keys: JwkSet | undefined
  readonly signature: Transcript['signature']
  readonly userinfo: Answer | undefined
  /** What UserInfo says, if it is a JSON object. */
  readonly userinfo_document: Readonly<Record<string, unknown>> | undefined
  /** What the policy saw, or would have seen; undefined as long as something that it looks at is not known. */
  readonly claims: Claims | undefined
  readonly purpose: Purpose | null
  readonly verdict: Verdict
}

/** The three parts of an ID Token, each as far as it can be read. */
export interface IdTokenParts {
  readonly text: string
  readonly parts: number
  readonly header: Readonly<Record<string, unknown>> | undefined
  readonly claims: Claims | undefined
  readonly signature: Uint8Array | undefined
}

export function storyOf(transcript: Transcript): Story {
  const { relying_party: rp, circumstances, state, events, decisions, signature, verdict } = transcript
  const requested = (message: string) => {
    let answer: Answer | undefined
    for (const [index, event] of events.entries()) {
      const asked = decisions[index - 1]?.request?.message
      if (asked !== message) continue
      if (event.type === 'request_failed') answer = { at: event.at, failure: event.reason }
      else if ('response' in event) answer = { at: event.at, response: event.response }
    }
    return answer
  }
  const discovery = requested('provider_metadata')
  const token = requested('token')
  const jwks = requested('jwks')
  const tokens = token?.response === undefined ? undefined : jsonObject(token.response.body)
  const callback = events.find((event) => event.type === 'authorization_response_received')
  const userinfo = requested('userinfo')
  const userinfo_document = successIn(userinfo)
  const metadata = metadataOf(rp, discovery)
  const id_token = typeof tokens?.id_token === 'string' ? takenApart(tokens.id_token) : undefined
  return {
    rp,
    circumstances,
    flow: state.phase === 'idle' ? undefined : state,
    discovery,
    document: successIn(discovery),
    metadata,
    callback,
    token,
    tokens,
    id_token,
    jwks,
    keys: keysOf(rp.jwks, jwks),
    signature,
    userinfo,
    userinfo_document,
    claims:
      verdict.outcome === 'authenticated'
        ? verdict.claims
        : claimsFor(rp, metadata, id_token?.claims, userinfo_document),
    purpose: purposeOf(transcript),
    verdict,
  }
}

/** What the flow is for; null when nothing is known of it. */
export function purposeOf({ state, circumstances, events }: Transcript): Purpose | null {
  if (state.phase !== 'idle') return state.purpose
  const requested = events.find((event) => event.type === 'login_requested')
  return requested?.purpose ?? circumstances?.flow?.purpose ?? null
}

function claimsFor(
  rp: RelyingParty,
  metadata: ProviderMetadata | undefined,
  claims: Claims | undefined,
  userinfo: Claims | undefined,
): Claims | undefined {
  if (claims === undefined || metadata === undefined) return undefined
  if (userinfo !== undefined) return mergeClaims(claims, userinfo)
  return needsUserInfo(rp, metadata, claims) ? undefined : claims
}

function metadataOf(rp: RelyingParty, discovery: Answer | undefined): ProviderMetadata | undefined {
  const { response } = discovery ?? {}
  if (response?.status !== 200) return rp.provider_metadata?.value
  return judged(() => parseProviderMetadata(response, rp))
}

/** What the judge makes of it; undefined where a rule is broken: which one it was, the checks say. */
export function judged<T>(judge: () => T): T | undefined {
  try {
    return judge()
  } catch (error) {
    if (!(error instanceof RuleBroken)) throw error
    return undefined
  }
}

/** The JSON object that was answered with status 200. */
function successIn(answer: Answer | undefined): Readonly<Record<string, unknown>> | undefined {
  return answer?.response?.status === 200 ? jsonObject(answer.response.body) : undefined
}

function keysOf(known: Known<JwkSet> | undefined, jwks: Answer | undefined): JwkSet | undefined {
  if (jwks === undefined) return known?.value
  const keys = successIn(jwks)?.keys
  return Array.isArray(keys) ? { keys: keys as JwkSet['keys'] } : undefined
}

function takenApart(text: string): IdTokenParts {
  const parts = text.split('.', 10)
  return {
    text,
    parts: parts.length,
    header: objectIn(parts[0]),
    claims: objectIn(parts[1]),
    signature: parts[2] === undefined ? undefined : fromBase64url(parts[2]),
  }
}

function objectIn(part: string | undefined): Record<string, unknown> | undefined {
  const bytes = part === undefined ? undefined : fromBase64url(part)
  try {
    return bytes === undefined ? undefined : jsonObject(fromUtf8(bytes))
  } catch {
    return undefined
  }
}
