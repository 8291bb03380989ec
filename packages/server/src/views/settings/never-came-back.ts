/** A test that nothing was heard of for a while: what that mostly means, with the address to register. */
import { nearMisses, unknownRedirectUri } from '@relying-party/core'
import { html, type Content } from '../html.ts'
import { icons } from '../icons.ts'
import { fieldLabels } from '../labels.ts'
import type { SettingsView } from '../model.ts'
import { copyValue } from '../parts.ts'
import { editedRevision, revisionState } from './state.ts'

/** Nobody takes longer to sign in unless something is in the way; seconds. */
const patience = 120

/** Returns what to do; nothing as long as whoever tests may well be typing a password. */
export function neverCameBack(view: SettingsView): Content {
  const edited = editedRevision(view)
  if (edited === null || edited.last_test?.outcome !== 'running') return null
  const state = revisionState(edited, view)
  const isOverdue = state === 'testing' && view.now - edited.last_test.at > patience
  if (!isOverdue && state !== 'test_abandoned') return null
  const { id } = unknownRedirectUri('never_came_back', view.redirect_uri)
  const { message, remedy } = nearMisses[id]
  return html`<div class="callout warn" id="never-came-back" data-near-miss="${id}">
    ${icons.warning}
    <div>
      <p><strong>${isOverdue ? 'Nothing has come back yet.' : message}</strong></p>
      <p>${remedy}</p>
      <p>${copyValue('never-came-back-value', fieldLabels.redirect_uri!, view.redirect_uri)}</p>
    </div>
  </div>`
}
