/**
 * "Would it have succeeded if …?": a recorded login, replayed with one thing otherwise.
 *
 * Rule: the provider is taken to have answered what it answered. Where the change would have made it answer something
 * else, nothing is claimed: `cannot_tell`.
 */
import { isMacAlgorithm, isSignatureAlgorithm } from '../crypto.ts'
import type { Failure } from '../failures.ts'
import type { Phase } from '../flow.ts'
import { emailDomain, policyFaults, type Policy } from '../policy.ts'
import {
  clientAuthenticationMethods,
  responseModes,
  userinfoModes,
  type ClientSettings,
  type RelyingParty,
} from '../relying-party.ts'
import { replay, type Transcript } from '../transcript.ts'
import { explain, type Check } from './explain.ts'
import { storyOf, type Story } from './story.ts'

/** What can be otherwise, each as people write it: `issuer=https://…`, `client_auth=basic`, `clock_tolerance=45`. */
export const changeNames = [
  'issuer',
  'client_id',
  'client_auth',
  'response_mode',
  'userinfo',
  'id_token_alg',
  'max_age',
  'acr_values',
  'clock_tolerance',
  'allowed_email_domains',
  'default_role',
] as const

export interface Change {
  readonly name: (typeof changeNames)[number]
  /** As it is written; `none` takes the setting away. */
  readonly value: string
}

export type Answer =
  | { readonly answer: 'would_succeed' }
  | { readonly answer: 'would_fail'; readonly failure: Failure }
  /** What failed would not have failed; how it would have gone on from this phase was never recorded. */
  | { readonly answer: 'would_get_further'; readonly phase: Phase }
  /** The provider would have been asked for something else, and nobody knows what it would have answered. */
  | { readonly answer: 'cannot_tell' }

/** The change in a text such as `clock_tolerance=45`, or undefined when it is none. */
export function parseChange(text: string): Change | undefined {
  const equals = text.indexOf('=')
  const name = changeNames.find((one) => one === text.slice(0, equals))
  if (name === undefined) return undefined
  const change = { name, value: text.slice(equals + 1) }
  return appliedTo(change) === undefined ? undefined : change
}

/** How the login would have ended with this change. */
export async function whatIf(transcript: Transcript, change: Change): Promise<Answer> {
  const apply = appliedTo(change)
  if (apply === undefined || !isTellable(transcript, change)) return { answer: 'cannot_tell' }
  const { state } = transcript
  const { client, policy } = apply(transcript.relying_party)
  if (policy !== transcript.relying_party.policy && policyFaults(policy).length > 0) return { answer: 'cannot_tell' }
  const altered = state.phase === 'idle' ? state : { ...state, response_mode: client.response_mode }
  const { verdict } = await replay({ ...transcript, state: altered }, apply)
  if (verdict.outcome === 'authenticated') return { answer: 'would_succeed' }
  if (verdict.outcome === 'failed') return { answer: 'would_fail', failure: verdict.failure }
  return { answer: 'would_get_further', phase: verdict.phase }
}

/** The smallest single change with which a refused login would have succeeded, or at least come further; null for none. */
export async function proposeChange(
  transcript: Transcript,
): Promise<{ readonly change: Change; readonly answer: Answer } | null> {
  const { cause } = explain(transcript)
  if (cause === null) return null
  const change = candidateFor(cause, transcript)
  if (change === null) return null
  const answer = await whatIf(transcript, change)
  return answer.answer === 'would_fail' ? null : { change, answer }
}

// ── what a change does ──────────────────────────────────────────────────────────────────────────────────────────────

type Apply = (rp: RelyingParty) => RelyingParty

function appliedTo({ name, value }: Change): Apply | undefined {
  const none = value === 'none'
  const client = (member: keyof ClientSettings, to: unknown): Apply => {
    return ({ client: { [member]: _, ...rest }, ...rp }) => ({
      ...rp,
      client: { ...rest, ...(to !== undefined && { [member]: to }) } as ClientSettings,
    })
  }
  const policy =
    (to: Partial<Policy>): Apply =>
    (rp) => ({ ...rp, policy: { ...rp.policy, ...to } })
  switch (name) {
    case 'issuer':
      return URL.canParse(value) ? (rp) => ({ ...rp, issuer: value }) : undefined
    case 'client_id':
      return value === '' ? undefined : client('client_id', value)
    case 'client_auth': {
      const method = clientAuthenticationMethods.find((one) => one === value || one === `client_secret_${value}`)
      return method && client('token_endpoint_auth_method', method)
    }
    case 'response_mode':
      return responseModes.some((mode) => mode === value) ? client('response_mode', value) : undefined
    case 'userinfo':
      return userinfoModes.some((mode) => mode === value) ? client('userinfo', value) : undefined
    case 'id_token_alg': {
      const isKnown = isSignatureAlgorithm(value) || isMacAlgorithm(value)
      return none || isKnown ? client('id_token_signed_response_alg', none ? undefined : value) : undefined
    }
    case 'max_age':
      return none || /^\d{1,9}$/.test(value) ? client('max_age', none ? undefined : Number(value)) : undefined
    case 'acr_values':
      return value === '' ? undefined : client('acr_values', none ? undefined : value)
    case 'clock_tolerance': {
      if (!/^\d{1,6}$/.test(value)) return undefined
      return (rp) => ({ ...rp, tolerances: { ...rp.tolerances, clock: Number(value) } })
    }
    case 'allowed_email_domains':
      return policy({
        allowed_email_domains: none ? [] : value.split(',').map((domain) => domain.trim().toLowerCase()),
      })
    case 'default_role':
      return value === '' ? undefined : policy({ default_role: none ? null : value })
  }
}

/** Whether the provider can be taken to have answered the same. */
function isTellable(transcript: Transcript, { name, value }: Change): boolean {
  const { document, metadata } = storyOf(transcript)
  const { verdict } = transcript
  const code = verdict.outcome === 'failed' ? verdict.failure.code : null
  // Another issuer has another document, unless the one that is known is its own.
  if (name === 'issuer') return (document ?? metadata)?.issuer === value
  // Whoever was refused may have been refused for just this.
  if (name === 'client_auth' || name === 'client_id') return code === null || !code.startsWith('token_')
  return true
}

// ── what is worth trying ────────────────────────────────────────────────────────────────────────────────────────────

/** Tolerances beyond this are no longer a question of clocks. */
const longestTolerance = 300

function candidateFor({ id, actual, problem }: Check, transcript: Transcript): Change | null {
  const { near_miss, value } = problem!
  const { policy } = transcript.relying_party
  if (near_miss?.startsWith('issuer_') && value !== null) return { name: 'issuer', value }
  if (near_miss === 'client_authentication_other_offered') return { name: 'client_auth', value: value! }
  if (near_miss === 'algorithm_to_choose') return { name: 'id_token_alg', value: value! }
  if (near_miss === 'claims_only_at_userinfo') return { name: 'userinfo', value: 'when_needed' }
  switch (id) {
    case 'response_mode':
      return { name: 'response_mode', value: actual! }
    case 'id_token_expiry':
    case 'id_token_not_before':
    case 'id_token_issued_now': {
      const seconds = toleranceFor(storyOf(transcript))
      return seconds <= longestTolerance ? { name: 'clock_tolerance', value: String(seconds) } : null
    }
    case 'id_token_authentication_time':
      return { name: 'max_age', value: 'none' }
    case 'id_token_authentication_context':
      return { name: 'acr_values', value: 'none' }
    case 'policy_email_domain': {
      const domain = emailDomain(storyOf(transcript).claims!.email as string)
      const domains = [...policy.allowed_email_domains, domain].join(',')
      return domain === null ? null : { name: 'allowed_email_domains', value: domains }
    }
    case 'policy_role':
      return policy.roles[0] === undefined ? null : { name: 'default_role', value: policy.roles[0] }
    default:
      return null
  }
}

/** Whole seconds of tolerance with which every time of the ID Token would be accepted. */
function toleranceFor({ id_token, token, rp }: Story): number {
  const { exp, nbf, iat } = id_token?.claims ?? {}
  const { at } = token!
  const over = [
    typeof exp === 'number' ? Math.floor(at) - exp + 1 : 0,
    typeof nbf === 'number' ? nbf - Math.floor(at) : 0,
    typeof iat === 'number' ? Math.max(iat - at, at - iat - rp.tolerances.id_token_age) : 0,
  ]
  return Math.ceil(Math.max(...over))
}
