/**
 * What a transcript may hold of a message: everything that a rule looks at, nothing that works anywhere else.
 *
 * Rule: a secret leaves as a {@link hashed} placeholder, which can still be compared and hashed, or as the word
 * `redacted`; a signed token leaves without its signature. What is kept is named; whatever is not named is dropped. The
 * verdict over what is left is the verdict over what came, byte for byte.
 */
import { base64url, fromBase64url, jsonObject, survivesJson } from './bytes.ts'
import { hashOf, isMacAlgorithm, isSignatureAlgorithm, type Crypto, type PrivateJwk } from './crypto.ts'
import { bounded } from './failures.ts'
import type { AwaitingAuthorizationResponse, FlowEvent, Idle } from './flow.ts'
import type { HttpResponse } from './http.ts'
import { mostParameters } from './messages/authorization.ts'
import { objectIn } from './jws.ts'
import type { ClientSettings, RelyingParty } from './relying-party.ts'

type Hash = 'SHA-256' | 'SHA-384' | 'SHA-512'

const redacted = 'redacted'
/** Of texts that are quoted to people, more than any message shows. */
const longestText = 3000

const placeholder = /^redacted:(SHA-(?:256|384|512)):([A-Za-z0-9_-]+)[~\n]*$/

/** The hash of the secret that a placeholder stands for; undefined for any other text or another hash. */
export function hashInPlaceholder(text: string, hash: Hash): Uint8Array<ArrayBuffer> | undefined {
  const found = placeholder.exec(text)
  return found?.[1] === hash ? fromBase64url(found[2]!) : undefined
}

/** A placeholder that is as long as the secret where length is what a rule looks at, and as illegible where that is. */
async function hashed(secret: string, hash: Hash, crypto: Crypto): Promise<string> {
  if (secret === '') return ''
  const text = `redacted:${hash}:${base64url(await crypto.digest(hash, secret))}`
  const long = secret.length > 8192 ? text.padEnd(8193, '~') : text
  return /^[\x20-\x7e]*$/.test(secret) ? long : `${long}\n`
}

/** What stands for each secret of one flow: its hash can be compared with that of another, and with `at_hash` or `c_hash`. */
type Placeholders = ReadonlyMap<string, string>

/**
 * The state and the events of one flow as they may be written down.
 * @param state the state that met the first of the events
 */
export async function redactFlow<S extends Idle | AwaitingAuthorizationResponse>(
  state: S,
  events: readonly FlowEvent[],
  crypto: Crypto,
): Promise<{ readonly state: S; readonly events: readonly FlowEvent[] }> {
  const documents = new Map(events.map((event) => [event, tokenDocument(event)]))
  const hash = hashNamedBy([...documents.values()].findLast((document) => document !== undefined)?.id_token)
  const placeholders = new Map<string, string>()
  for (const secret of secretsOf(state, events, documents)) {
    if (!placeholders.has(secret)) placeholders.set(secret, await hashed(secret, hash, crypto))
  }
  return {
    state: redactState(state, placeholders),
    events: events.map((event) => redactEvent(event, documents.get(event), placeholders)),
  }
}

function secretsOf(
  state: Idle | AwaitingAuthorizationResponse,
  events: readonly FlowEvent[],
  documents: ReadonlyMap<FlowEvent, Document | undefined>,
): readonly string[] {
  const secrets = state.phase === 'idle' ? [] : [state.state]
  for (const event of events) {
    if (event.type === 'login_requested') secrets.push(event.random.state)
    if (event.type === 'authorization_response_received') {
      for (const [name, value] of event.parameters.slice(0, keptParameters)) {
        if (isSecretParameter(name)) secrets.push(value)
      }
    }
    const document = documents.get(event)
    for (const name of secretMembers) {
      const value = document?.[name]
      if (typeof value === 'string') secrets.push(value)
    }
  }
  return secrets
}

// ── the relying party and the state ─────────────────────────────────────────────────────────────────────────────────

/** The relying party without anything that it could authenticate with: of the same one always the same object. */
export function redactRelyingParty(rp: RelyingParty): RelyingParty {
  const known = redactedOnes.get(rp)
  if (known !== undefined) return known
  const made = { ...rp, client: redactClient(rp.client) }
  redactedOnes.set(rp, made)
  return made
}

const redactedOnes = new WeakMap<RelyingParty, RelyingParty>()

function redactClient(client: ClientSettings): ClientSettings {
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

function redactState<S extends Idle | AwaitingAuthorizationResponse>(state: S, placeholders: Placeholders): S {
  if (state.phase === 'idle') return state
  return { ...state, state: placeholders.get(state.state), code_verifier: redacted }
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function redactEvent(event: FlowEvent, document: Document | undefined, placeholders: Placeholders): FlowEvent {
  switch (event.type) {
    case 'login_requested': {
      const { state, nonce } = event.random
      return { ...event, random: { state: placeholders.get(state)!, nonce, code_verifier: redacted } }
    }
    case 'authorization_response_received':
      return { ...event, parameters: redactParameters(event.parameters, placeholders) }
    case 'provider_metadata_received':
      return { ...event, response: withBody(event.response, redactMetadata(event.response.body)) }
    case 'token_response_received':
      return { ...event, response: withBody(event.response, redactTokens(document, placeholders)) }
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

/** With the first of those that are too many, so that they still are. */
const keptParameters = mostParameters + 1
const isSecretParameter = (name: string) => name === 'code' || name === 'state'

function redactParameters(parameters: Parameters, placeholders: Placeholders): Parameters {
  const shown = (name: string, value: string) => {
    if (isSecretParameter(name)) return placeholders.get(value)!
    if (name === 'iss' || name === 'error' || name === 'error_description') return bounded(value, longestText)
    return value === '' ? '' : redacted
  }
  return parameters.slice(0, keptParameters).map(([name, value]) => [bounded(name, 80), shown(name, value)] as const)
}

const keptHeaders = ['content-type', 'date', 'location', 'retry-after', 'www-authenticate']

function withBody({ status, headers }: HttpResponse, body: string): HttpResponse {
  const kept: Record<string, string> = {}
  for (const name of keptHeaders) {
    if (headers[name] !== undefined) kept[name] = bounded(headers[name], longestText)
  }
  return { status, headers: kept, body }
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
  'authorization_response_iss_parameter_supported',
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
  const leaked = privateMembers.filter((name) => Object.hasOwn(key, name)).map((name) => [name, redacted])
  return { kty, kid, alg, use, key_ops, crv, n, e, x, y, ...Object.fromEntries(leaked) }
}

/** What a published key must not have. RFC 7518, sections 6.2.2, 6.3.2 and 6.4. */
export const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

function redactUserInfo(body: string): string {
  const document = jsonObject(body)
  if (document === undefined) return notAnObject
  // Whatever could not be written and read again is refused for just that.
  return survivesJson(document) ? writeJson(document) : '{"redacted":1e999}'
}

type Document = Readonly<Record<string, unknown>>

/** The JSON object of a token response; undefined of any other event, and of a body that is none. */
function tokenDocument(event: FlowEvent): Document | undefined {
  return event.type === 'token_response_received' ? jsonObject(event.response.body) : undefined
}

const secretMembers = ['access_token', 'refresh_token']
const quotedMembers = ['error', 'error_description', 'errorCode', 'errorSummary', 'token_type', 'scope', 'expires_in']
const tokenMembers = [...secretMembers, 'id_token', ...quotedMembers]

function redactTokens(document: Document | undefined, placeholders: Placeholders): string {
  if (document === undefined) return notAnObject
  const kept: Record<string, unknown> = {}
  for (const name of tokenMembers) {
    if (!Object.hasOwn(document, name)) continue
    const value = document[name]
    if (typeof value !== 'string') kept[name] = name === 'expires_in' ? secondsIn(value) : plain(value)
    else if (name === 'id_token') kept[name] = redactToken(value)
    else if (secretMembers.includes(name)) kept[name] = placeholders.get(value)
    else kept[name] = bounded(value, longestText)
  }
  return writeJson(kept)
}

/** A lifetime, read as the judge reads it: from whatever begins like a number as a text. */
function secondsIn(value: unknown): unknown {
  const seconds = Array.isArray(value) ? parseFloat(String(value)) : NaN
  return Number.isFinite(seconds) ? seconds : plain(value)
}

/** What is left of a value that no rule looks into: its type. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? redacted : value
  return Array.isArray(value) ? [] : {}
}

// ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A signed token without its signature, of which only the length is left: it says what it said, and nobody else believes it. */
function redactToken(token: string): string {
  if (token === '') return ''
  if (token.length > 65_536) return redacted.padEnd(65_537, '~')
  const parts = token.split('.', 10)
  if (parts.length === 5) return `${parts[0]}.${redacted}.${redacted}.${redacted}.${redacted}`
  if (parts.length !== 3) return parts.map(() => redacted).join('.')
  const [header, payload, signature] = parts as [string, string, string]
  return `${header}.${payload}.${fromBase64url(signature) === undefined ? '!' : 'A'.repeat(signature.length)}`
}

/** The hash that `at_hash` and `c_hash` are made with, as the header of this token says. */
export function hashNamedBy(id_token: unknown): Hash {
  const alg = typeof id_token === 'string' ? objectIn(id_token.split('.', 1)[0]!)?.alg : undefined
  return isSignatureAlgorithm(alg) || isMacAlgorithm(alg) ? hashOf(alg) : 'SHA-256'
}

/** JSON that keeps numbers which are out of range: `1e999` is read as Infinity, for which JSON has no word. */
function writeJson(value: unknown): string {
  if (survivesJson(value)) return JSON.stringify(value)
  const infinite = 'redacted number out of range'
  const text = JSON.stringify(value, (_, member: unknown) =>
    member === Infinity || member === -Infinity ? infinite : member,
  )
  return text.replaceAll(`"${infinite}"`, '1e999')
}
