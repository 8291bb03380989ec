/** What the last passed test showed: who the administrator is to the policy, and every claim received. */
import { accessFacts, claimsTable } from '../claims.ts'
import { attemptReference } from '../explain-failure.ts'
import { attributes, html, type Content } from '../html.ts'
import { icons } from '../icons.ts'
import type { SettingsView } from '../model.ts'
import { time } from '../time.ts'
import { editedRevision } from './state.ts'

/** Returns the result of the last passed test, with a warning when the policy would refuse who tested. */
export function testResult(view: SettingsView): Content {
  const { last_success, organization_id } = view
  if (last_success === null) return null
  const { at, attempt_id, subject, access, claims, refusal, revision } = last_success
  const isOlder = revision !== null && revision !== editedRevision(view)?.revision
  return html`<section
    class="section"
    id="test-result"
    aria-labelledby="test-result-title"
    data-refused="${String(refusal !== null)}"
  >
    <div class="section-head">
      <h2 id="test-result-title">Test result</h2>
      <p>What the provider said about the person who tested, and what your policy makes of it.</p>
    </div>
    <div class="card">
      ${
        refusal !== null &&
        html`<div class="callout warn" id="lockout-warning" data-code="${refusal.code}">
          ${icons.warning}
          <div>
            <p><strong>Your policy would refuse this person.</strong> ${refusal.message}</p>
            <p>${refusal.remedy}</p>
          </div>
        </div>`
      }
      ${accessFacts(subject, access, refusal !== null)}
      ${
        claims !== null &&
        html`<details class="fold inner" ${attributes({ open: view.live === null && !isOlder })}>
          <summary>Claims received <span class="aside">${Object.keys(claims).length}</span></summary>
          <div class="fold-content">${claimsTable(claims)}</div>
        </details>`
      }
      <p class="reference">
        <span>Tested ${time(at)}${isOlder && ', with other settings than these'}</span>
        ${attemptReference(organization_id, attempt_id)}
      </p>
    </div>
  </section>`
}
