/**
 * What a transcript may hold of a message: everything that a rule looks at, nothing that works anywhere else.
 *
 * Rule: a secret leaves as a {@link hashed} placeholder, which can still be compared and hashed, or as the word
 * `redacted`; a signed token leaves without its signature. What is kept is named; whatever is not named is dropped. The
 * verdict over what is left is the verdict over what came, byte for byte.
 */
import { base64url, fromBase64url, fromUtf8, jsonObject, survivesJson, utf8 } from './bytes.ts'
import { hashOf, isMacAlgorithm, isSignatureAlgorithm, type Crypto, type PrivateJwk } from './crypto.ts'
import { bounded } from './failures.ts'
import type { AwaitingAuthorizationResponse, FlowEvent, Idle } from './flow.ts'
import type { HttpResponse } from './http.ts'
import type { ClientSettings } from './relying-party.ts'

type Hash = 'SHA-256' | 'SHA-384' | 'SHA-512'

const redacted = 'redacted'
/** Of texts that are quoted to people, more than any message shows. */
const longestText = 3000

/** How a secret is written down: its hash can be compared with that of another, and with `at_hash` or `c_hash`. */
export interface Redactor {
  readonly crypto: Crypto
  /** The hash that the ID Token's algorithm names for `at_hash` and `c_hash`. */
  readonly hash: Hash
}

const placeholder = /^redacted:(SHA-(?:256|384|512)):([A-Za-z0-9_-]+)[~\n]*$/

/** The hash of the secret that a placeholder stands for; undefined for any other text or another hash. */
export function hashInPlaceholder(text: string, hash: Hash): Uint8Array<ArrayBuffer> | undefined {
  const found = placeholder.exec(text)
  return found?.[1] === hash ? fromBase64url(found[2]!) : undefined
}

/** A placeholder that is as long as the secret where length is what a rule looks at, and as illegible where that is. */
async function hashed(secret: string, { crypto, hash }: Redactor): Promise<string> {
  if (secret === '') return ''
  const text = `redacted:${hash}:${base64url(await crypto.digest(hash, utf8(secret)))}`
  const isLong = secret.length > longestText
  return `${isLong ? text.padEnd(Math.min(secret.length, 8193), '~') : text}${/^[\x20-\x7e]*$/.test(secret) ? '' : '\n'}`
}

// ── the relying party and the state ─────────────────────────────────────────────────────────────────────────────────

/** The client without anything that it could authenticate with. */
export function redactClient(client: ClientSettings): ClientSettings {
  const { client_secret, staged_client_secret, client_key } = client
  return {
    ...client,
    ...(client_secret !== undefined && { client_secret: redacted }),
    ...(staged_client_secret !== undefined && { staged_client_secret: redacted }),
    ...(client_key !== undefined && { client_key: redactKey(client_key) }),
  }
}

function redactKey({ kty, kid, alg, use, crv }: PrivateJwk): PrivateJwk {
  const members = { kty, kid, alg, use, crv, d: redacted }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as unknown as PrivateJwk
}

export async function redactState<S extends Idle | AwaitingAuthorizationResponse>(
  state: S,
  redactor: Redactor,
): Promise<S> {
  if (state.phase === 'idle') return state
  return { ...state, state: await hashed(state.state, redactor), code_verifier: redacted }
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export async function redactEvent(event: FlowEvent, redactor: Redactor): Promise<FlowEvent> {
  switch (event.type) {
    case 'login_requested': {
      const state = await hashed(event.random.state, redactor)
      return { ...event, random: { state, nonce: event.random.nonce, code_verifier: redacted } }
    }
    case 'authorization_response_received':
      return { ...event, parameters: await redactParameters(event.parameters, redactor) }
    case 'provider_metadata_received':
      return { ...event, response: withBody(event.response, redactMetadata(event.response.body)) }
    case 'token_response_received':
      return { ...event, response: withBody(event.response, await redactTokenBody(event.response.body, redactor)) }
    case 'jwks_received':
      return { ...event, response: withBody(event.response, redactKeys(event.response.body)) }
    case 'userinfo_response_received':
      return { ...event, response: withBody(event.response, redactUserInfo(event.response.body)) }
    case 'request_failed':
    case 'abandoned':
      return event
  }
}

type Parameters = readonly (readonly [string, string])[]

async function redactParameters(parameters: Parameters, redactor: Redactor): Promise<Parameters> {
  const shown = async (name: string, value: string) => {
    if (name === 'code' || name === 'state') return hashed(value, redactor)
    if (name === 'iss' || name === 'error' || name === 'error_description') return bounded(value, longestText)
    return value === '' ? '' : redacted
  }
  const kept = parameters.slice(0, 100)
  return Promise.all(kept.map(async ([name, value]) => [bounded(name, 80), await shown(name, value)] as const))
}

const keptHeaders = ['content-type', 'date', 'location', 'retry-after', 'www-authenticate']

function withBody({ status, headers }: HttpResponse, body: string): HttpResponse {
  const kept = keptHeaders.flatMap((name) =>
    headers[name] === undefined ? [] : [[name, bounded(headers[name], longestText)] as const],
  )
  return { status, headers: Object.fromEntries(kept), body }
}

/** Stands for a body that is no JSON object: all that a rule says of it. */
const notAnObject = 'redacted: not a JSON object'

const metadataMembers = [
  'issuer',
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'end_session_endpoint',
  'response_types_supported',
  'response_modes_supported',
  'scopes_supported',
  'id_token_signing_alg_values_supported',
  'token_endpoint_auth_methods_supported',
  'code_challenge_methods_supported',
  'claims_supported',
  'authorization_response_iss_parameter_supported',
  'backchannel_logout_supported',
]

function redactMetadata(body: string): string {
  const document = jsonObject(body)
  if (document === undefined) return notAnObject
  const kept = metadataMembers
    .filter((member) => Object.hasOwn(document, member))
    .map((member) => [member, document[member]])
  return writeJson(Object.fromEntries(kept))
}

function redactKeys(body: string): string {
  const document = jsonObject(body)
  if (document === undefined) return notAnObject
  const { keys } = document
  if (!Array.isArray(keys)) return writeJson({ keys: plain(keys) })
  return writeJson({ keys: keys.slice(0, 101).map(publicMembers) })
}

function publicMembers(key: unknown): unknown {
  if (typeof key !== 'object' || key === null) return null
  const { kty, kid, alg, use, key_ops, crv, n, e, x, y } = key as Record<string, unknown>
  return { kty, kid, alg, use, key_ops, crv, n, e, x, y }
}

function redactUserInfo(body: string): string {
  const document = jsonObject(body)
  if (document === undefined) return notAnObject
  // Whatever could not be written and read again is refused for just that.
  return survivesJson(document) ? writeJson(document) : '{"redacted":1e999}'
}

const quotedMembers = ['error', 'error_description', 'errorCode', 'errorSummary', 'token_type', 'scope', 'expires_in']

async function redactTokenBody(body: string, redactor: Redactor): Promise<string> {
  const document = jsonObject(body)
  if (document === undefined) return notAnObject
  const kept: [string, unknown][] = []
  for (const name of ['access_token', 'refresh_token', 'id_token', ...quotedMembers]) {
    if (!Object.hasOwn(document, name)) continue
    const value = document[name]
    if (typeof value !== 'string') kept.push([name, plain(value)])
    else if (name === 'id_token') kept.push([name, await redactToken(value, redactor)])
    else if (quotedMembers.includes(name)) kept.push([name, bounded(value, longestText)])
    else kept.push([name, await hashed(value, redactor)])
  }
  return writeJson(Object.fromEntries(kept))
}

/** What is left of a value that no rule looks into: its type. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? redacted : value
  return Array.isArray(value) ? [] : {}
}

// ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A signed token without its signature: it says what it said, and nobody else believes it. */
async function redactToken(token: string, { crypto }: Redactor): Promise<string> {
  if (token === '') return ''
  if (token.length > 65_536) return redacted.padEnd(65_537, '~')
  const parts = token.split('.', 10)
  if (parts.length === 5) return `${parts[0]}.${redacted}.${redacted}.${redacted}.${redacted}`
  if (parts.length !== 3) return parts.map(() => redacted).join('.')
  const signature = fromBase64url(parts[2]!)
  const replaced = signature === undefined ? '!' : base64url(await stretched(signature, crypto))
  return `${parts[0]}.${parts[1]}.${replaced}`
}

/** As many bytes as there were, made from their hash alone. */
async function stretched(bytes: Uint8Array<ArrayBuffer>, crypto: Crypto): Promise<Uint8Array> {
  const seed = await crypto.digest('SHA-256', bytes)
  return bytes.map((_, index) => seed[index % seed.length]!)
}

/** The hash that `at_hash` and `c_hash` are made with, as the header of this token says. */
export function hashNamedBy(id_token: unknown): Hash {
  const bytes = typeof id_token === 'string' ? fromBase64url(id_token.slice(0, id_token.indexOf('.'))) : undefined
  let alg: unknown
  try {
    alg = bytes === undefined ? undefined : jsonObject(fromUtf8(bytes))?.alg
  } catch {
    return 'SHA-256'
  }
  return isSignatureAlgorithm(alg) || isMacAlgorithm(alg) ? hashOf(alg) : 'SHA-256'
}

/** JSON that keeps numbers which are out of range: `1e999` is read as Infinity, for which JSON has no word. */
function writeJson(value: unknown): string {
  const infinite = 'redacted number out of range'
  const text = JSON.stringify(value, (_, member: unknown) =>
    member === Infinity || member === -Infinity ? infinite : member,
  )
  return text.replaceAll(`"${infinite}"`, '1e999')
}
