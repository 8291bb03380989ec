/**
 * A provider seen from outside, before anything is configured: its document, its keys, its algorithms, what it offers and
 * how its clock goes.
 */
import { jsonObject } from '../bytes.ts'
import { isSignatureAlgorithm, type Jwk } from '../crypto.ts'
import { drive, type Io } from '../driver.ts'
import { bounded, failures, RuleBroken } from '../failures.ts'
import { idle, requestFailures } from '../flow.ts'
import type { HttpOutcome } from '../http.ts'
import { isSuitable } from '../jws.ts'
import { buildJwksRequest, parseJwkSet } from '../messages/jwks.ts'
import { defaultPolicy } from '../policy.ts'
import { defaultTolerances, type ProviderMetadata, type RelyingParty } from '../relying-party.ts'
import { record } from '../transcript.ts'
import { discoverySpec, endpointNearMiss } from './check.ts'
import { explain } from './explain.ts'
import { secondsOf } from './http-date.ts'
import { isPrivate, keyChecks } from './keys.ts'
import { nearMisses } from './near-misses.ts'

/** One thing that was looked at. */
export interface Finding {
  readonly id: string
  readonly outcome: 'passed' | 'warned' | 'failed'
  /** What was found, in one sentence. */
  readonly finding: string
  /** What to do about it; null where nothing is to be done. */
  readonly remedy: string | null
  readonly spec: string | null
}

const found = (
  outcome: Finding['outcome'],
  id: string,
  finding: string,
  remedy: string | null = null,
  spec: string | null = null,
): Finding => ({ id, outcome, finding, remedy, spec })

/**
 * Examines the provider behind an issuer; never throws for what the provider does.
 * @param mayCall whether `io` would call a URL at all, as far as its text tells: most endpoints are only named, not called
 */
export async function examineProvider(
  issuer: string,
  io: Io,
  mayCall: (url: string) => boolean = () => true,
): Promise<readonly Finding[]> {
  const rp: RelyingParty = {
    organization_id: 'doctor',
    connection_id: 'doctor',
    revision: 1,
    issuer,
    client: {
      client_id: 'doctor',
      redirect_uri: 'https://doctor.invalid/',
      scope: 'openid',
      response_mode: 'query',
      userinfo: 'never',
    },
    policy: defaultPolicy,
    tolerances: defaultTolerances,
  }
  let metadata: ProviderMetadata | undefined
  let answered: HttpOutcome | undefined
  const recorder = record(rp, idle, io.crypto)
  const watched: Io = {
    ...io,
    observe: recorder.observe,
    request: async (request) => (answered = await io.request(request)),
    remember: (what) => void ('provider_metadata' in what && (metadata = what.provider_metadata.value)),
  }
  const random = { state: 'doctor', nonce: 'doctor', code_verifier: 'doctor' }
  const event = { type: 'login_requested', at: io.now(), purpose: 'test', return_to: '/', random } as const
  const { state } = await drive(rp, idle, event, watched)
  const { checks } = explain(await recorder.transcript(state))
  const document = checks
    .filter(({ outcome }) => outcome !== 'skipped')
    .map(({ id, rule, spec, outcome, problem, actual }): Finding => {
      if (problem === null) return found('passed', id, rule, null, spec)
      const copied = problem.value === null ? '' : ` (${problem.value})`
      const seen = actual === null ? '' : ` Found: ${actual}.`
      return found(outcome as 'warned' | 'failed', id, problem.message + seen, problem.remedy + copied, spec)
    })
  if (metadata === undefined) return [...document, ...clockOf(answered, io.now())]
  const keys = await io.request(buildJwksRequest(metadata))
  const endpoints = endpointsOf(metadata, mayCall)
  return [...document, ...endpoints, ...offersOf(metadata), ...keysOf(keys), ...clockOf(answered, io.now())]
}

function endpointsOf(metadata: ProviderMetadata, mayCall: (url: string) => boolean): Finding[] {
  const called = ['token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const
  const barred = called.filter((member) => metadata[member] !== undefined && !mayCall(metadata[member]))
  const { message, remedy } = nearMisses.endpoint_not_called
  return barred.map((member) => found('failed', member, `${message} (${member}: ${bounded(metadata[member])})`, remedy))
}

function offersOf(metadata: ProviderMetadata): Finding[] {
  const {
    code_challenge_methods_supported: pkce,
    token_endpoint_auth_methods_supported: methods = ['client_secret_basic'],
    id_token_signing_alg_values_supported: algorithms = ['RS256'],
    userinfo_endpoint,
    end_session_endpoint,
  } = metadata
  const usable = algorithms.filter(isSignatureAlgorithm)
  const understood = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none']
  const offered = methods.filter((method) => understood.includes(method))
  return [
    pkce?.includes('S256') === true
      ? found('passed', 'offers_pkce', 'PKCE with S256 is announced.', null, 'RFC 7636')
      : found(
          'warned',
          'offers_pkce',
          'PKCE with S256 is not announced.',
          'Nothing has to be done: it is sent all the same, and the nonce protects the sign-in.',
          'RFC 9700, section 2.1.1',
        ),
    offered.length > 0
      ? found('passed', 'offers_client_authentication', `Client authentication: ${bounded(offered.join(', '))}.`)
      : found(
          'failed',
          'offers_client_authentication',
          `None of the client authentication methods is supported here: ${bounded(methods.join(', '))}.`,
          'Let the provider offer client_secret_basic, client_secret_post or private_key_jwt.',
          discoverySpec('3'),
        ),
    found('passed', 'offers_algorithms', `ID Tokens can be signed with ${bounded(usable.join(', '))}.`),
    userinfo_endpoint === undefined
      ? found(
          'warned',
          'offers_userinfo',
          'There is no UserInfo endpoint.',
          'E-mail and groups must stand in the ID Token.',
        )
      : found('passed', 'offers_userinfo', 'UserInfo can be asked for what the ID Token leaves out.'),
    end_session_endpoint === undefined
      ? found(
          'warned',
          'offers_logout',
          'The provider cannot be signed out of.',
          'Signing out here leaves the session at the provider.',
        )
      : found('passed', 'offers_logout', 'Signing out reaches the provider.'),
  ]
}

function keysOf(outcome: HttpOutcome): Finding[] {
  const spec = 'RFC 7517, section 5'
  if ('failure' in outcome) {
    const near = endpointNearMiss(outcome.failure)
    const { message, remedy } = near ? nearMisses[near.id] : failures[requestFailures[outcome.failure]]
    return [found('failed', 'keys_published', `The keys (jwks_uri) cannot be fetched. ${message}`, remedy, spec)]
  }
  let keys: readonly Jwk[]
  try {
    keys = parseJwkSet(outcome.response).keys
  } catch (error) {
    if (!(error instanceof RuleBroken)) throw error
    const { message, remedy } = failures[error.failure.code]
    return [found('failed', 'keys_published', message, remedy, spec)]
  }
  const raw = jsonObject(outcome.response.body)?.keys as readonly unknown[]
  const signing = keys.filter(({ use }) => use === undefined || use === 'sig')
  const weak = signing.filter((key) => !isSuitable(key))
  const kids = signing.map(({ kid }) => kid)
  const repeated = kids.filter((kid, index) => kids.indexOf(kid) !== index)
  return [
    signing.length > 0
      ? found('passed', 'keys_published', `${signing.length} signing keys are published.`, null, spec)
      : found(
          'failed',
          'keys_published',
          'No signing key is published.',
          'The provider has to publish the key that it signs with.',
          spec,
        ),
    ...(weak.length > 0
      ? [
          found(
            'failed',
            'keys_suitable',
            `${weak.length} keys are too weak or too large.`,
            'Sign with an RSA key of 2048 to 8192 bits or an elliptic curve.',
            'RFC 7518, section 3.3',
          ),
        ]
      : []),
    ...(repeated.length > 0
      ? [
          found(
            'warned',
            'keys_named',
            `Several keys are called ${bounded(repeated[0], 80)}.`,
            'The provider should give every key a kid of its own.',
            'RFC 7517, section 4.5',
          ),
        ]
      : []),
    raw.some(isPrivate)
      ? found(
          'failed',
          'keys_public',
          nearMisses.private_key_published.message,
          nearMisses.private_key_published.remedy,
          keyChecks.keys_public.spec,
        )
      : found('passed', 'keys_public', keyChecks.keys_public.rule, null, keyChecks.keys_public.spec),
  ]
}

function clockOf(outcome: HttpOutcome | undefined, now: number): Finding[] {
  const date = outcome !== undefined && 'response' in outcome ? outcome.response.headers.date : undefined
  const offset = Math.round(secondsOf(String(date)) - now)
  if (Number.isNaN(offset)) return []
  const words = `The provider's clock differs from this one by ${offset} seconds.`
  return [
    Math.abs(offset) <= defaultTolerances.clock / 2
      ? found('passed', 'clock', words)
      : found('warned', 'clock', words, 'Synchronise the clocks: beyond 30 seconds sign-ins are refused.'),
  ]
}
