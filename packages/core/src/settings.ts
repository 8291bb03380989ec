/**
 * What an administrator enters, read with good will and checked with none: settings of a connection and its policy.
 *
 * Rule: a member that is left out stays as it is, `null` brings back its default; nothing is cleared by silence.
 */
import { macAlgorithms, signatureAlgorithms, type IdTokenAlgorithm } from './crypto.ts'
import { bounded } from './failures.ts'
import { reservedParameters } from './messages/authorization.ts'
import { issuerFrom } from './issuer.ts'
import { wellKnownPath } from './messages/discovery.ts'
import { defaultPolicy, policyFaults, type Policy, type RoleMapping } from './policy.ts'
import {
  clientAuthenticationMethods,
  responseModes,
  userinfoModes,
  type ClientAuthenticationMethod,
  type ClientSettings,
  type ResponseMode,
  type UserinfoMode,
} from './relying-party.ts'

/** What matters to authentication, save for the secrets. Every member counts for the fingerprint. */
export interface Settings extends Omit<
  ClientSettings,
  'client_secret' | 'staged_client_secret' | 'client_key' | 'redirect_uri'
> {
  readonly issuer: string
}

/** One member that cannot be accepted, and why. */
export interface Fault {
  readonly member: string
  readonly fault: string
}

const noticeCodes = ['metadata_url_read_as_issuer', 'white_space_removed'] as const

/** Something that was read in another way than it was written, so that nobody is surprised. */
export interface Notice {
  readonly member: string
  readonly code: (typeof noticeCodes)[number]
  readonly given: string
  readonly read_as: string
}

const hidden = '(hidden)'

/** The notice that these settings came with, by its code alone; undefined when it is none of theirs. */
export function noticeOf(settings: Settings, member: string, code: string): Notice | undefined {
  const known = noticeCodes.find((one) => one === code)
  // What is left is a secret, of which nothing is shown.
  const value = Object.hasOwn(settings, member) ? settings[member as keyof Settings] : hidden
  if (known === undefined || typeof value !== 'string') return undefined
  const given = known === 'metadata_url_read_as_issuer' ? value + wellKnownPath : value
  return { member, code: known, given, read_as: value }
}

export type Read<T> =
  | { readonly value: T; readonly notices: readonly Notice[] }
  | { readonly faults: readonly Fault[]; readonly notices: readonly Notice[] }

type Input = Readonly<Record<string, unknown>>

const defaults = { scope: 'openid profile email', response_mode: 'query', userinfo: 'when_needed' } as const

/**
 * Reads settings on top of those that are there.
 * @param allowsHttp whether this plain http URL may be an issuer (for development and internal providers)
 */
export function readSettings(
  input: Input,
  base: Settings | null,
  allowsHttp: (url: string) => boolean,
): Read<Settings> {
  const reader = new Reader(input)
  const issuer = readIssuer(reader, base?.issuer, allowsHttp)
  const client_id = reader.text('client_id', base?.client_id, 255)
  const clientIdFault = faultOfClientId(client_id)
  if (clientIdFault !== null) reader.fault('client_id', clientIdFault)
  const scope = reader.text('scope', base?.scope, 1024) ?? defaults.scope
  const scopes = [...new Set(scope.split(/\s+/))]
  if (!scopes.includes('openid')) reader.fault('scope', 'must contain “openid”')
  if (!scopes.every((name) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name)))
    reader.fault('scope', 'holds characters that a scope cannot have')

  const settings: Record<keyof Settings, unknown> = {
    issuer,
    client_id,
    token_endpoint_auth_method: reader.choice<ClientAuthenticationMethod>(
      'token_endpoint_auth_method',
      base?.token_endpoint_auth_method,
      clientAuthenticationMethods,
    ),
    scope: scopes.join(' '),
    response_mode:
      reader.choice<ResponseMode>('response_mode', base?.response_mode, responseModes) ?? defaults.response_mode,
    userinfo: reader.choice<UserinfoMode>('userinfo', base?.userinfo, userinfoModes) ?? defaults.userinfo,
    id_token_signed_response_alg: reader.choice<IdTokenAlgorithm>(
      'id_token_signed_response_alg',
      base?.id_token_signed_response_alg,
      [...Object.keys(signatureAlgorithms), ...Object.keys(macAlgorithms)] as IdTokenAlgorithm[],
    ),
    max_age: reader.seconds('max_age', base?.max_age),
    acr_values: reader.text('acr_values', base?.acr_values, 1024)?.replace(/\s+/g, ' '),
    authorization_parameters: readParameters(reader, base?.authorization_parameters),
  }
  return reader.result(
    Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as unknown as Settings,
  )
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc6749#appendix-A.1 | RFC 6749, appendix A.1} */
function faultOfClientId(client_id: string | undefined): string | null {
  if (client_id === undefined) return 'must be the client id that the provider shows'
  if (/^["'‘’‚“”„«»].*["'‘’‚“”„«»]$/.test(client_id)) return 'must be entered without quotation marks around it'
  // Letters beyond ASCII that look like others are how an id that was typed or pasted goes wrong unseen.
  const odd = /[^\x20-\x7e]/u.exec(client_id)?.[0]
  if (odd === undefined) return null
  const shown = bounded(odd).trim()
  return `holds ${shown === '' ? 'an invisible character' : `“${shown}”`}, which no client id can have: copy it again`
}

/** The exact Issuer Identifier; the address of its configuration document is understood as well. */
function readIssuer(
  reader: Reader,
  base: string | undefined,
  allowsHttp: (url: string) => boolean,
): string | undefined {
  const given = reader.text('issuer', base, 2048)
  if (given === undefined) {
    reader.fault('issuer', 'must be the issuer URL of the provider, such as https://example.okta.com')
    return undefined
  }
  const issuer = issuerFrom(given)
  if (issuer !== given) reader.notice({ member: 'issuer', code: 'metadata_url_read_as_issuer', given, read_as: issuer })
  const url = URL.parse(issuer)
  // URL parsers drop tabs and line breaks and read a backslash as a slash: such an issuer is not what it looks like.
  if (url === null || !/^[\x21-\x5b\x5d-\x7e]+$/.test(issuer)) {
    reader.fault('issuer', 'must be an absolute URL that starts with https://, without white space')
  } else if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowsHttp(issuer))) {
    reader.fault(
      'issuer',
      'must begin with https://, as the provider shows it (plain http is only for hosts that whoever runs this server has allowed: OUTBOUND_ALLOW)',
    )
  } else if (issuer.includes('?') || issuer.includes('#')) {
    reader.fault('issuer', 'must have no query and no fragment')
  } else if (url.username !== '' || url.password !== '')
    reader.fault('issuer', 'must hold no user name and no password')
  return issuer
}

function readParameters(
  reader: Reader,
  base: Settings['authorization_parameters'],
): Settings['authorization_parameters'] {
  const value = reader.member('authorization_parameters')
  if (value === undefined) return base
  if (value === null) return undefined
  const entries = isObject(value) ? Object.entries(value) : null
  if (
    entries === null ||
    entries.length > 20 ||
    !entries.every(([, text]) => typeof text === 'string' && text.length <= 1024)
  ) {
    reader.fault('authorization_parameters', 'must be an object of at most 20 short texts')
    return undefined
  }
  for (const [name] of entries) {
    const why = reservedParameters.get(name)
    if (why !== undefined) reader.fault('authorization_parameters', `“${name}” ${why}`)
  }
  return Object.fromEntries(entries) as Record<string, string>
}

const longestSecret = 2048

/** Reads a client secret; null when none was entered. The white space that is pasted along is not part of it. */
export function readClientSecret(entered: unknown): Read<string | null> {
  if (entered === undefined || entered === null || entered === '') return { value: null, notices: [] }
  const member = 'client_secret'
  const value = typeof entered === 'string' ? entered.trim() : undefined
  if (value === undefined || value.length > longestSecret || /[^\x20-\x7e]/.test(value)) {
    const fault = `must be a text of at most ${longestSecret} printable ASCII characters`
    return { faults: [{ member, fault }], notices: [] }
  }
  const notice = { member, code: 'white_space_removed', given: hidden, read_as: hidden } as const
  return { value: value === '' ? null : value, notices: value === entered ? [] : [notice] }
}

/** Reads a policy on top of the one that is there. */
export function readPolicy(input: Input, base: Policy = defaultPolicy): Read<Policy> {
  const reader = new Reader(input)
  const list = (name: 'allowed_email_domains' | 'roles') => {
    const value = reader.member(name)
    if (value === undefined) return base[name]
    if (value === null) return defaultPolicy[name]
    if (Array.isArray(value) && value.length <= 100 && value.every((item) => typeof item === 'string')) {
      const items = value.map((item: string) => item.trim()).filter((item) => item !== '')
      return name === 'roles' ? items : items.map((domain) => domain.toLowerCase())
    }
    reader.fault(name, 'must be a list of at most 100 texts')
    return base[name]
  }
  const policy: Policy = {
    session_lifetime: reader.seconds('session_lifetime', base.session_lifetime) ?? defaultPolicy.session_lifetime,
    enforcement:
      reader.choice('enforcement', base.enforcement, ['enforced', 'optional'] as const) ?? defaultPolicy.enforcement,
    allowed_email_domains: list('allowed_email_domains'),
    roles: list('roles'),
    role_mapping: readRoleMapping(reader, base.role_mapping),
    default_role: reader.text('default_role', base.default_role ?? undefined, 80) ?? null,
  }
  if (!reader.hasFaults) for (const { member, fault } of policyFaults(policy)) reader.fault(member, fault)
  return reader.result(policy)
}

function readRoleMapping(reader: Reader, base: RoleMapping | null): RoleMapping | null {
  const value = reader.member('role_mapping')
  if (value === undefined) return base
  if (value === null) return null
  const rules: unknown = isObject(value) ? value.rules : undefined
  const wellFormed =
    isObject(value) &&
    typeof value.claim === 'string' &&
    value.claim.length <= 255 &&
    Array.isArray(rules) &&
    rules.length <= 200 &&
    rules.every((rule) => isObject(rule) && typeof rule.value === 'string' && typeof rule.role === 'string')
  if (!wellFormed) {
    reader.fault('role_mapping', 'must be {"claim": "groups", "rules": [{"value": "Admins", "role": "admin"}]}')
    return base
  }
  const entries = rules as readonly { value: string; role: string }[]
  return { claim: (value.claim as string).trim(), rules: entries.map(({ value, role }) => ({ value, role })) }
}

/** Takes members one by one and collects what is wrong with them. */
class Reader {
  readonly #input: Input
  readonly #faults: Fault[] = []
  readonly #notices: Notice[] = []
  constructor(input: Input) {
    this.#input = input
  }
  get hasFaults(): boolean {
    return this.#faults.length > 0
  }
  fault(member: string, fault: string): void {
    this.#faults.push({ member, fault })
  }
  notice(notice: Notice): void {
    this.#notices.push({ ...notice, given: bounded(notice.given), read_as: bounded(notice.read_as) })
  }
  member(name: string): unknown {
    return Object.hasOwn(this.#input, name) ? this.#input[name] : undefined
  }
  /** A text without white space around it (people paste it along); undefined when empty or reset. */
  text(name: string, base: string | undefined, limit: number): string | undefined {
    const value = this.member(name)
    if (value === undefined) return base
    if (value === null) return undefined
    if (
      typeof value !== 'string' ||
      value.length > limit ||
      !value.isWellFormed() ||
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value)
    ) {
      this.fault(name, `must be a text of at most ${limit} characters`)
      return undefined
    }
    const trimmed = value.trim()
    if (trimmed !== value && trimmed !== '')
      this.notice({ member: name, code: 'white_space_removed', given: value, read_as: trimmed })
    return trimmed === '' ? undefined : trimmed
  }
  choice<T extends string>(name: string, base: T | undefined, choices: readonly T[]): T | undefined {
    const value = this.text(name, base, 80)
    if (value === undefined || choices.includes(value as T)) return value as T | undefined
    this.fault(name, `must be one of ${choices.join(', ')}`)
    return undefined
  }
  seconds(name: string, base: number | undefined): number | undefined {
    const value = this.member(name)
    if (value === undefined) return base
    if (value === null) return undefined
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2 ** 31 - 1) return value as number
    this.fault(name, 'must be whole seconds')
    return undefined
  }
  result<T>(value: T): Read<T> {
    const notices = this.#notices
    return this.hasFaults ? { faults: this.#faults, notices } : { value, notices }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
