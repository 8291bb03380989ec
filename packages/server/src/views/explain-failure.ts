/**
 * A failure in the administrator's words: what to do, what to copy, what was expected and what came, who can fix it.
 * The words are the core's: of the check that decided, where the login was recorded, and of the code where it was not.
 *
 * Rule: facts come from a stranger; they are bounded and escaped, and never become a link unless they are a web address.
 */
import { bounded, fieldOf, type Blame, type Check, type FailureCode, type Problem } from '@relying-party/core'
import { html, link, type Content, type Html } from './html.ts'
import { icons } from './icons.ts'
import { fieldLabels, fieldOfMember } from './labels.ts'
import type { AttemptView, FailureView } from './model.ts'
import { copyValue, facts } from './parts.ts'
import { settingsPath } from './paths.ts'

/** What is wrong, as precisely as it is known. */
export interface Told extends Pick<Problem, 'near_miss' | 'blame' | 'message' | 'remedy' | 'value'> {
  readonly check: Check | null
  /** The field of the settings page to look at; null where none of ours is to blame. */
  readonly field: string | null
}

/** Returns what there is to say of a failure; the record knows better than the code alone. */
export function tellFailure(failure: FailureView, attempt: AttemptView | null): Told {
  const cause = attempt?.explanation.cause ?? null
  const problem = cause?.problem?.code === failure.code ? cause.problem : null
  const { near_miss, blame, message, remedy, value } = problem ?? { ...failure, near_miss: null, value: null }
  const member = problem === null ? fieldOf(failure.code as FailureCode) : problem.field
  return { check: problem && cause, near_miss, blame, message, remedy, value, field: pageField(member) }
}

/** The field of the page that stands for a member of the settings or the policy. */
export function pageField(member: string | null): string | null {
  if (member === null) return null
  return Object.hasOwn(fieldOfMember, member) ? fieldOfMember[member]! : member
}

/** Returns the explanation below its message; `id` keeps several on one page apart. */
export function explainFailure(
  failure: FailureView,
  told: Told,
  context: {
    readonly id: string
    readonly organization_id: string
    readonly attempt_id: string | null
    /** Whether the fields of the settings stand on the same page. */
    readonly has_fields?: boolean
    readonly proposal?: Content
  },
): Html {
  const { code, spec, detail } = failure
  const { check, near_miss, blame, remedy } = told
  const { id, organization_id, attempt_id, proposal, has_fields = false } = context
  const [expected, actual] = [check?.expected ?? detail.expected, check?.actual ?? detail.received]
  // What the provider says is quoted below: it is not compared with anything.
  const isQuoted = (expected ?? null) === null && detail.error !== undefined
  const isToCopy = (actual ?? null) === null && expected === told.value
  const compared = isQuoted || isToCopy ? {} : { expected, actual }
  const shown = Object.values(compared)
  const further = Object.entries(detail).filter(
    ([name, value]) => !['expected', 'received'].includes(name) && !shown.includes(value),
  )
  return html`<div
    class="failure"
    data-code="${code}"
    data-blame="${blame}"
    data-check="${check?.id ?? ''}"
    data-near-miss="${near_miss ?? ''}"
  >
    <div class="remedy" data-remedy>
      <p>${remedy}</p>
      ${toCopy(told, id)}
    </div>
    ${versus(id, compared, {
      to_copy: told.value === null && detail.expected !== undefined,
      is_entered: entered.includes(code),
    })}
    ${facts([
      ['Who can fix it', whoCanFix[blame]],
      ['Look at', whereToLook(told, organization_id, has_fields)],
      ['The rule', check?.rule],
      ...further.slice(0, 20).map(([name, value], index) => fact(name, value, `${id}-fact-${index}`)),
    ])}
    ${proposal}
    <p class="reference">
      <code>${code}</code>
      ${check !== null && html`<span>Check ${checkReference(organization_id, check.id)}</span>`}
      ${spec !== null && html`<span>${check?.spec ?? spec}</span>`}
      ${attempt_id !== null && attemptReference(organization_id, attempt_id)}
    </p>
  </div>`
}

/** What was expected is what the administrator entered, and it may be that which is wrong: neither side is ticked. */
const entered: readonly string[] = [
  'discovery_issuer_mismatch',
  'discovery_metadata_missing',
  'id_token_iss_mismatch',
  'id_token_aud_mismatch',
  'id_token_azp_mismatch',
]

/** Returns what was expected beside what came, to be copied where nothing better is; nothing when neither is known. */
export function versus(
  id: string,
  { expected, actual }: { readonly expected?: unknown; readonly actual?: unknown },
  { to_copy, is_entered }: { readonly to_copy: boolean; readonly is_entered: boolean },
): Content {
  const sides = [
    ['expected', is_entered ? 'You entered' : 'Expected', !is_entered && icons.check, expected],
    ['received', is_entered ? 'The provider says' : 'Received', !is_entered && icons.cross, actual],
  ] as const
  const known = sides.filter(([, , , value]) => value !== undefined && value !== null)
  if (known.length === 0) return null
  return html`<dl class="versus">
    ${known.map(
      ([name, label, icon, value]) =>
        html`<div class="${name}">
          <dt>${icon}${label}</dt>
          <dd>
            ${
              to_copy && !isNothing(value)
                ? copyValue(`${id}-${name}`, label, String(value))
                : html`<code class="value"><bdi>${bounded(String(value))}</bdi></code>`
            }
          </dd>
        </div>`,
    )}
  </dl>`
}

/** Nobody wants to paste it anywhere. */
function isNothing(value: unknown): boolean {
  return ['', 'none', 'nothing', '[]', '{}'].includes(String(value).trim())
}

/** Returns the attempt's id as a link to everything that is known about it. */
export function attemptReference(organization_id: string, attempt_id: string): Html {
  return html`<span
    >Attempt ${link(attemptPath(organization_id, attempt_id), html`<code>${bounded(attempt_id, 80)}</code>`)}</span
  >`
}

/** Returns the path of the page of one attempt. */
export function attemptPath(organization_id: string, attempt_id: string): string {
  return settingsPath(organization_id, `/attempts/${encodeURIComponent(attempt_id.toWellFormed())}`)
}

/** Returns the id of a check as a link to what it demands and what its failure means. */
export function checkReference(organization_id: string, check: string): Html {
  return link(settingsPath(organization_id, `/checks/${encodeURIComponent(check)}`), html`<code>${check}</code>`)
}

/** Who can mend what this party is to blame for, as an administrator reads it. */
export const whoCanFix: Readonly<Record<Blame, string>> = {
  end_user: 'The person who signs in',
  organization_admin: 'You: here, or in your provider’s admin console',
  provider: 'The administrator of your identity provider',
  operator: 'Whoever runs this server',
  network: 'Often nobody: it may pass by itself',
}

function toCopy({ value, field }: Told, id: string): Content {
  if (value === null) return null
  const label = field !== null && Object.hasOwn(fieldLabels, field) ? fieldLabels[field]! : 'Value'
  return html`<p class="to-copy"><span class="help">${label}</span> ${copyValue(`${id}-value`, label, value)}</p>`
}

function whereToLook({ field }: Told, organization_id: string, has_fields: boolean): Content {
  if (field === null) return null
  const label = Object.hasOwn(fieldLabels, field) ? fieldLabels[field]! : field
  return html`<a href="${has_fields ? '' : settingsPath(organization_id)}#${field}">${label}</a>`
}

function fact(name: string, value: FailureView['detail'][string], id: string): readonly [Content, Content] {
  const label = Object.hasOwn(factNames, name)
    ? factNames[name]!
    : html`<bdi>${bounded(name.replaceAll('_', ' '), 60)}</bdi>`
  if (typeof value === 'object' && value !== null) {
    return [
      label,
      html`<bdi
        >${value.slice(0, 20).map((item, index) => [index > 0 && ', ', html`<code class="value">${bounded(item, 120)}</code>`])}</bdi
      >`,
    ]
  }
  if (name === 'message')
    return [
      factNames.message,
      Object.hasOwn(requestNames, String(value)) ? requestNames[String(value)] : bounded(value, 60),
    ]
  if (quoted.includes(name)) return [label, html`<q><bdi>${bounded(String(value))}</bdi></q>`]
  const text = String(value)
  return [
    label,
    name === 'location'
      ? copyValue(id, factNames[name]!, text)
      : html`<code class="value"><bdi>${bounded(text)}</bdi></code>`,
  ]
}

const factNames: Readonly<Record<string, string>> = {
  status: 'HTTP status',
  error: 'Error',
  error_description: 'The provider says',
  error_code: 'Error code',
  error_summary: 'The provider says',
  location: 'Redirects to',
  message: 'The request',
  member: 'Member',
  claim: 'Claim',
  content_type: 'Content type',
  reason: 'Reason',
  missing: 'Missing',
  announced: 'Offered instead',
  allowed: 'Allowed',
  domain: 'Domain received',
  kid: 'Key id',
}

/** Which request of a login it was that got no answer. */
const requestNames: Readonly<Record<string, string>> = {
  provider_metadata: 'for the provider’s configuration document',
  token: 'to the token endpoint, with the code',
  jwks: 'for the provider’s keys',
  userinfo: 'to UserInfo',
}

const quoted = ['error_description', 'error_summary']
