/**
 * The smallest single change that would have mended a refused login: what is known of it, what is not, and one press that
 * carries it out where it is a setting of ours.
 *
 * Rule: nothing goes live by it. A setting is saved as the candidate, for which every rule of saving holds, also the one
 * that a secret is never kept for another provider; a policy is previewed first.
 */
import { bounded, type Answer, type Change } from '@relying-party/core'
import { html, type Content, type Html } from './html.ts'
import { fieldLabels } from './labels.ts'
import type { ProposalView } from './model.ts'
import { form } from './parts.ts'
import { settingsPath } from './paths.ts'

/** Returns the proposal; without a `version` it is told, but cannot be carried out from here. */
export function proposalCard(
  { change, answer }: ProposalView,
  to: { readonly organization_id: string; readonly csrf_token: string; readonly version: string | null },
): Html {
  const told = html`<p>${consequence[answer.answer](changed(change), answer)}</p>`
  return html`<div class="proposal" id="proposal" data-change="${change.name}" data-answer="${answer.answer}">
    <p class="proposal-title">The smallest change that helps</p>
    ${told} ${to.version !== null && oneoff(change, { ...to, version: to.version })}
  </div>`
}

function oneoff(
  { name, value }: Change,
  { organization_id, csrf_token, version }: { organization_id: string; csrf_token: string; version: string },
): Content {
  const place = places[name]
  if (place === null) {
    return html`<p class="help">
      How far clocks may differ is not set here: it is safer to set the clocks right than to accept tokens for longer.
    </p>`
  }
  const action = settingsPath(organization_id, place.form === 'policy' ? '/policy' : '/save')
  const written = value === 'none' ? '' : place.separator === undefined ? value : value.replaceAll(',', '\n')
  const clearsSecret = name === 'issuer' || name === 'client_auth'
  const press = (intent: string, label: string, id: string) =>
    html`<button class="button" type="submit" name="intent" value="${intent}" id="${id}">${label}</button>`
  const buttons =
    place.form === 'policy'
      ? press('preview', 'Preview this change', 'proposal-preview-button')
      : clearsSecret
        ? press('save', 'Enter it for me', 'proposal-save-button')
        : [
            press('test', 'Change it and test', 'proposal-test-button'),
            press('save', 'Change it only', 'proposal-save-button'),
          ]
  return html`${form(
    { id: 'apply-proposal', csrf_token, action },
    { version, [place.field]: written },
    html`<div class="commands">${buttons}</div>`,
  )}
  ${clearsSecret && html`<p class="help">The client secret has to be entered again then: the stored one is never sent elsewhere.</p>`}`
}

/** The change in words: the name of the field as the page has it, and the value. */
function changed({ name, value }: Change): Content {
  const place = places[name]
  const label = place === null ? 'a clock tolerance' : (fieldLabels[place.field] ?? place.field)
  if (value === 'none') return html`without <strong>${label}</strong>`
  const written = name === 'clock_tolerance' ? `${value} seconds` : value
  return html`with <strong>${label}</strong> <code class="value"><bdi>${bounded(written)}</bdi></code>`
}

const consequence: Readonly<Record<Answer['answer'], (change: Content, answer: Answer) => Content>> = {
  would_succeed: (change) => html`This sign-in would have succeeded ${change}.`,
  would_fail: (change, answer) =>
    html`It would still have failed ${change}: ${'failure' in answer && answer.failure.code}.`,
  would_get_further: (change) =>
    html`This check would have passed ${change}. How it would have gone on was never recorded: a test shows it.`,
  cannot_tell: (change) =>
    html`Try it ${change}. The provider would have been asked for something else, so nobody can tell before a test.`,
}

interface Place {
  readonly form: 'settings' | 'policy'
  readonly field: string
  /** Several values, one per line in the form. */
  readonly separator?: ','
}

/** Where a change is made; null: it is none of the organization's settings. */
const places: Readonly<Record<Change['name'], Place | null>> = {
  issuer: { form: 'settings', field: 'issuer' },
  client_id: { form: 'settings', field: 'client_id' },
  client_auth: { form: 'settings', field: 'token_endpoint_auth_method' },
  response_mode: { form: 'settings', field: 'response_mode' },
  userinfo: { form: 'settings', field: 'userinfo' },
  id_token_alg: { form: 'settings', field: 'id_token_signed_response_alg' },
  max_age: { form: 'settings', field: 'max_age' },
  acr_values: { form: 'settings', field: 'acr_values' },
  clock_tolerance: null,
  allowed_email_domains: { form: 'policy', field: 'allowed_email_domains', separator: ',' },
  default_role: { form: 'policy', field: 'default_role' },
}
