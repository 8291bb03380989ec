/** The last failed test of what is edited, explained: the check that decided first, what would mend it, all the others. */
import { checkFold } from '../check-list.ts'
import { explainFailure, tellFailure } from '../explain-failure.ts'
import { html, type Content } from '../html.ts'
import type { SettingsView } from '../model.ts'
import { proposalCard } from '../proposal.ts'
import { lastFailure } from './state.ts'

/** Returns the explanation; nothing when the last test did not fail. */
export function explainLastFailure(view: SettingsView): Content {
  const last = lastFailure(view)
  if (last === null) return null
  const { failure, attempt_id, attempt } = last
  const { organization_id, proposal } = view
  const told = tellFailure(failure, attempt)
  return [
    html`<div class="explained" id="last-failure">
      <h3>${told.message}</h3>
      ${explainFailure(failure, told, {
        id: 'last-failure',
        organization_id,
        attempt_id,
        has_fields: true,
        proposal: proposal !== null && proposalCard(proposal, view),
      })}
    </div>`,
    attempt !== null && checkFold(attempt.explanation, organization_id),
  ]
}
