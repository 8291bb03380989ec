/**
 * A failure in the administrator's words: what happened, who can fix it, how, and the facts to compare.
 *
 * Rule: facts come from a stranger; they are bounded and escaped, and never become a link unless they are a web address.
 */
import { bounded, type Blame } from '@relying-party/core'
import { html, link, type Content, type Html } from './html.ts'
import type { FailureView } from './model.ts'
import { copyValue, facts } from './parts.ts'
import { settingsPath } from './paths.ts'

/** Returns the explanation; `concern` names the field to look at, `id` keeps several on one page apart. */
export function explainFailure(
  failure: FailureView,
  context: {
    readonly id: string
    readonly organization_id: string
    readonly attempt_id: string | null
    readonly concern?: Content
  },
): Html {
  const { code, blame, remedy, spec } = failure
  const { organization_id, attempt_id } = context
  return html`<div class="failure" data-code="${code}" data-blame="${blame}">
    ${facts([
      ['Who can fix it', whoCanFix[blame]],
      ['What to do', html`<strong>${remedy}</strong>`],
      ['Look at', context.concern ?? null],
      ...Object.entries(failure.detail)
        .slice(0, 20)
        .map(([name, value], index) => fact(name, value, `${context.id}-fact-${index}`)),
    ])}
    <p class="reference">
      <code>${code}</code>
      ${spec !== null && html`<span>${spec}</span>`}
      ${attempt_id !== null && attemptReference(organization_id, attempt_id)}
    </p>
  </div>`
}

/** Returns the attempt's id as a link to everything that is known about it. */
export function attemptReference(organization_id: string, attempt_id: string): Html {
  const href = settingsPath(organization_id, `/attempts/${encodeURIComponent(attempt_id.toWellFormed())}`)
  return html`<span>Attempt ${link(href, html`<code>${bounded(attempt_id, 80)}</code>`)}</span>`
}

/** The field of the settings page that a failure is about; null where none can be named. */
export function concernOf({ code, detail }: FailureView): string | null {
  if (code === 'authorization_error_response') return detail.error === 'invalid_scope' ? 'scope' : 'redirect_uri'
  return Object.hasOwn(concerns, code) ? concerns[code]! : null
}

const whoCanFix: Readonly<Record<Blame, string>> = {
  end_user: 'The person who signs in',
  organization_admin: 'You: here, or in your provider’s admin console',
  provider: 'The administrator of your identity provider',
  operator: 'Whoever runs this server',
  network: 'Often nobody: it may pass by itself',
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
  if (quoted.includes(name)) return [label, html`<q><bdi>${bounded(String(value))}</bdi></q>`]
  const text = String(value)
  return [
    label,
    copyable.includes(name)
      ? copyValue(id, factNames[name]!, text)
      : html`<code class="value"><bdi>${bounded(text)}</bdi></code>`,
  ]
}

const factNames: Readonly<Record<string, string>> = {
  expected: 'Expected',
  received: 'Received',
  status: 'HTTP status',
  error: 'Error',
  error_description: 'The provider says',
  error_code: 'Error code',
  error_summary: 'The provider says',
  location: 'Redirects to',
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

const copyable = ['expected', 'received', 'location']
const quoted = ['error_description', 'error_summary']

const concerns: Readonly<Record<string, string>> = {
  request_timed_out: 'issuer',
  request_failed: 'issuer',
  request_blocked: 'issuer',
  response_too_large: 'issuer',
  discovery_http_error: 'issuer',
  discovery_redirected: 'issuer',
  discovery_response_not_json: 'issuer',
  discovery_response_malformed: 'issuer',
  discovery_issuer_mismatch: 'issuer',
  discovery_metadata_missing: 'issuer',
  discovery_unsupported: 'issuer',
  authorization_response_mode_mismatch: 'response_mode',
  token_invalid_client: 'client_secret',
  token_invalid_grant: 'redirect_uri',
  id_token_alg_not_allowed: 'id_token_signed_response_alg',
  id_token_iss_mismatch: 'issuer',
  id_token_aud_mismatch: 'client_id',
  id_token_azp_mismatch: 'client_id',
  id_token_auth_time_too_old: 'max_age',
  id_token_acr_not_satisfied: 'acr_values',
  id_token_signature_invalid: 'issuer',
  id_token_key_not_found: 'issuer',
  userinfo_http_error: 'userinfo',
  userinfo_response_malformed: 'userinfo',
  userinfo_sub_mismatch: 'userinfo',
  policy_email_missing: 'allowed_email_domains',
  policy_email_not_verified: 'allowed_email_domains',
  policy_email_domain_not_allowed: 'allowed_email_domains',
  policy_role_not_mapped: 'role_rules',
  client_secret_required: 'client_secret',
}
