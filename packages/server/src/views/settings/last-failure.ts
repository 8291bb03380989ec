/** The last failed test of what is edited, explained, with the value to register or the field to change. */
import { concernOf, explainFailure } from '../explain-failure.ts'
import { html, type Content } from '../html.ts'
import type { SettingsView } from '../model.ts'
import { copyValue } from '../parts.ts'
import { fieldLabels } from './labels.ts'
import { lastFailure } from './state.ts'

/** Returns the explanation; nothing when the last test did not fail. */
export function explainLastFailure(view: SettingsView): Content {
  const last = lastFailure(view)
  if (last === null) return null
  const { failure, attempt_id } = last
  const { organization_id } = view
  return html`<div class="explained" id="last-failure">
    <h3>${failure.message}</h3>
    ${explainFailure(failure, { id: 'last-failure', organization_id, attempt_id, concern: whereToLook(view, concernOf(failure)) })}
  </div>`
}

function whereToLook(view: SettingsView, field: string | null): Content {
  if (field === null) return null
  const label = fieldLabels[field] ?? field
  if (field !== 'redirect_uri') return html`<a href="#${field}">${label}</a>`
  return html`<a href="#redirect_uri">${label}</a>, which must be registered at the provider exactly so:
    ${copyValue('last-failure-redirect-uri', label, view.redirect_uri)}`
}
