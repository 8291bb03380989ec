/**
 * What the settings page posts, turned back into the JSON that `readSettings` and `readPolicy` of the core take, and the
 * other way round. Nothing is judged here: what cannot be read is handed on for the core to refuse.
 *
 * Rule: a field that was not posted is left out (and stays as it is); an empty one is `null` (and becomes its default).
 */
import type { Policy, Settings } from '@relying-party/core'
import type { FormValues } from './model.ts'
import { formatPairs, parsePairs } from './pairs.ts'
import { lifetime, lifetimeUnits } from './time.ts'

/** A parsed `application/x-www-form-urlencoded` body: of a repeated field the last value counts. */
export type PostedFields = Readonly<Record<string, unknown>>

/** Returns the input of `readSettings`. The client secret is not part of it: see {@link clientSecretFromForm}. */
export function settingsFromForm(fields: PostedFields): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  for (const name of settingsTexts) put(input, name, field(fields, name), (text) => text)
  put(input, 'max_age', field(fields, 'max_age'), wholeNumber)
  put(input, 'authorization_parameters', field(fields, 'authorization_parameters'), (text) => {
    const { pairs, unreadable } = parsePairs(text, 'first')
    const names = new Set(pairs.map(({ left }) => left))
    if (unreadable.length > 0 || names.size < pairs.length) return text
    return Object.fromEntries(pairs.map(({ left, right }) => [left, right]))
  })
  return input
}

/** Returns the client secret as it was entered, or undefined when the field was left empty: the stored one is kept. */
export function clientSecretFromForm(fields: PostedFields): string | undefined {
  const secret = field(fields, 'client_secret')
  return secret === undefined || secret.trim() === '' ? undefined : secret
}

/** Returns the input of `readPolicy`. `session_lifetime_value` and `_unit` become seconds, lines become rules. */
export function policyFromForm(fields: PostedFields): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  const unit = lifetimeUnits[(field(fields, 'session_lifetime_unit') ?? 'days') as keyof typeof lifetimeUnits] as
    number | undefined
  const length = field(fields, 'session_lifetime_value')?.trim()
  // Nobody who empties it means seven days: it is for the core to refuse.
  if (length === '') input.session_lifetime = length
  else
    put(input, 'session_lifetime', length, (text) => {
      const value = /^\d{1,12}(?:[.,]\d{1,12})?$/.test(text) ? Number(text.replace(',', '.')) : NaN
      const seconds = value * (unit ?? NaN)
      if (Number.isNaN(seconds)) return text
      return Math.abs(seconds - Math.round(seconds)) < 1e-6 ? Math.round(seconds) : seconds
    })
  put(input, 'enforcement', field(fields, 'enforcement'), (text) => text)
  put(input, 'allowed_email_domains', field(fields, 'allowed_email_domains'), (text) =>
    text.split(/[\s,;]+/).flatMap((domain) => (domain === '' ? [] : [domain.replace(/^@/, '')])),
  )
  const claim = field(fields, 'role_claim')
  const rules = field(fields, 'role_rules')
  if (claim !== undefined || rules !== undefined) input.role_mapping = roleMapping(claim ?? '', rules ?? '')
  put(input, 'default_role', field(fields, 'default_role'), (text) => text)
  return input
}

/** Returns what was typed, to be shown again: every text that was posted, save for secrets and the form's own fields. */
export function typedValues(fields: PostedFields): FormValues {
  const typed = Object.keys(fields).flatMap((name) => {
    const value = field(fields, name)
    return value === undefined || notShownAgain.includes(name) ? [] : [[name, value] as const]
  })
  return Object.fromEntries(typed)
}

/** Returns the names of the fields in which what was typed differs from what is stored; fields that are not stored are none. */
export function unsavedFields(typed: FormValues, stored: FormValues): readonly string[] {
  const plain = (text: string) => text.replace(/\r\n/g, '\n').trim()
  return Object.keys(stored).filter((name) => typed[name] !== undefined && plain(typed[name]) !== plain(stored[name]!))
}

/** Returns those of the fields that were typed. */
export function onlyThese(typed: FormValues, names: readonly string[]): FormValues {
  return Object.fromEntries(Object.entries(typed).filter(([name]) => names.includes(name)))
}

/** Returns the fields of the settings form that stand for these settings. */
export function formOfSettings(settings: Settings | null): FormValues {
  const texts = settingsTexts.map((name) => [name, settings?.[name] ?? ''] as const)
  const parameters = Object.entries(settings?.authorization_parameters ?? {})
  return {
    ...Object.fromEntries(texts),
    max_age: settings?.max_age === undefined ? '' : String(settings.max_age),
    authorization_parameters: formatPairs(
      parameters.map(([left, right]) => ({ left, right })),
      'first',
    ),
  }
}

/** Returns the fields of the settings form as the page shows them: where nothing is stored stands what that means. */
export function shownSettings(settings: Settings | null): FormValues {
  const texts = Object.entries(formOfSettings(settings))
  return Object.fromEntries(texts.map(([name, text]) => [name, text || (settingsDefaults[name] ?? '')]))
}

/** Returns the fields of the policy form that stand for this policy. */
export function formOfPolicy(policy: Policy): FormValues {
  const { value, unit } = lifetime(policy.session_lifetime)
  const rules = policy.role_mapping?.rules ?? []
  return {
    session_lifetime_value: value,
    session_lifetime_unit: unit,
    enforcement: policy.enforcement,
    allowed_email_domains: policy.allowed_email_domains.join('\n'),
    role_claim: policy.role_mapping?.claim ?? '',
    role_rules: formatPairs(
      rules.map(({ value, role }) => ({ left: value, right: role })),
      'last',
    ),
    default_role: policy.default_role ?? '',
  }
}

function roleMapping(claim: string, text: string): unknown {
  const { pairs, unreadable } = parsePairs(text, 'last')
  if (unreadable.length > 0) return text
  if (claim.trim() === '' && pairs.length === 0) return null
  return { claim: claim.trim(), rules: pairs.map(({ left, right }) => ({ value: left, role: right })) }
}

function put(
  input: Record<string, unknown>,
  name: string,
  text: string | undefined,
  read: (text: string) => unknown,
): void {
  if (text !== undefined) input[name] = text.trim() === '' ? null : read(text)
}

function field(fields: PostedFields, name: string): string | undefined {
  const posted = Object.hasOwn(fields, name) ? fields[name] : undefined
  const value: unknown = Array.isArray(posted) ? posted.at(-1) : posted
  return typeof value === 'string' ? value : undefined
}

function wholeNumber(text: string): number | string {
  return /^\d{1,15}$/.test(text.trim()) ? Number(text.trim()) : text
}

/** What an empty field means, of everything that has a default. */
export const settingsDefaults: Readonly<Record<string, string>> = {
  token_endpoint_auth_method: '',
  scope: 'openid profile email',
  response_mode: 'query',
  userinfo: 'when_needed',
  id_token_signed_response_alg: '',
  max_age: '',
  acr_values: '',
  authorization_parameters: '',
}

const settingsTexts = [
  'issuer',
  'client_id',
  'token_endpoint_auth_method',
  'scope',
  'response_mode',
  'userinfo',
  'id_token_signed_response_alg',
  'acr_values',
] as const satisfies readonly (keyof Settings)[]

const notShownAgain = ['client_secret', 'csrf_token', 'version', 'intent', 'fingerprint']
