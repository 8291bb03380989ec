/** What the last passed test showed: who the administrator is to the policy, what is worth a look, and every claim received. */
import type { Check } from '@relying-party/core'
import { checkFold, warningsIn } from '../check-list.ts'
import { accessFacts, claimsTable } from '../claims.ts'
import { attemptReference, checkReference, pageField } from '../explain-failure.ts'
import { attributes, html, type Content, type Html } from '../html.ts'
import { icons } from '../icons.ts'
import { fieldLabels } from '../labels.ts'
import type { AttemptView, FailureView, SettingsView } from '../model.ts'
import { copyValue } from '../parts.ts'
import { time } from '../time.ts'
import { editedRevision } from './state.ts'

/** Returns the result of the last passed test, with a warning when the policy would refuse who tested. */
export function testResult(view: SettingsView): Content {
  const { last_attempt, organization_id } = view
  if (last_attempt?.outcome !== 'succeeded') return null
  const { at, attempt_id, subject, access, claims, refusal, revision, explanation } = last_attempt
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
      ${refusal !== null && lockOut(refusal, last_attempt)}
      ${warningsIn(explanation, refusal?.code ?? null).map((check) => warning(check, organization_id))}
      ${accessFacts(subject, access, refusal !== null)}
      ${
        claims !== null &&
        html`<details class="fold inner" ${attributes({ open: view.live === null && !isOlder })}>
          <summary>Claims received <span class="aside">${Object.keys(claims).length}</span></summary>
          <div class="fold-content">${claimsTable(claims)}</div>
        </details>`
      }
      ${checkFold(explanation, organization_id)}
      <p class="reference">
        <span>Tested ${time(at)}${isOlder && ', with other settings than these'}</span>
        ${attemptReference(organization_id, attempt_id)}
      </p>
    </div>
  </section>`
}

/** The check knows more precisely than the code why the policy refuses somebody. */
function lockOut(refusal: FailureView, { explanation }: AttemptView): Html {
  const warned = explanation.checks.find(
    ({ outcome, problem }) => outcome === 'warned' && problem?.code === refusal.code,
  )
  const { message, remedy } = warned?.problem ?? refusal
  return html`<div class="callout warn" id="lockout-warning" data-code="${refusal.code}">
    ${icons.warning}
    <div>
      <p><strong>Your policy would refuse this person.</strong> ${message}</p>
      <p>${remedy}</p>
    </div>
  </div>`
}

/** Returns a check that refused nobody, but says what somebody should look at. */
export function warning({ id, problem }: Check, organization_id: string): Content {
  if (problem === null) return null
  const { message, remedy, value } = problem
  const field = pageField(problem.field)
  return html`<div class="callout warn" data-warning="${id}" data-near-miss="${problem.near_miss ?? ''}">
    ${icons.warning}
    <div>
      <p><strong>${message}</strong></p>
      <p>${remedy}</p>
      ${value !== null && html`<p>${copyValue(`warning-${id}`, fieldLabels[field ?? ''] ?? 'Value', value)}</p>`}
      <p class="reference">
        ${field !== null && html`<span>Look at <a href="#${field}">${fieldLabels[field] ?? field}</a></span>`}
        <span>Check ${checkReference(organization_id, id)}</span>
      </p>
    </div>
  </div>`
}
