/** The latest sign-ins and tests, each leading to all that is known about it. */
import { bounded } from '@relying-party/core'
import { html, link, type Content, type Html } from '../html.ts'
import type { AttemptView, SettingsView } from '../model.ts'
import { seconds } from '../durations.ts'
import { badge } from '../parts.ts'
import { settingsPath } from '../paths.ts'
import { time } from '../time.ts'

/** Returns the table of recent attempts. */
export function attemptsTable({ attempts, organization_id }: SettingsView): Html {
  if (attempts.length === 0) return html`<div class="card"><p class="help">Nobody has tried to sign in yet.</p></div>`
  return html`<div class="card flush">
    <table class="attempts" role="table">
      <caption class="visually-hidden">
        Recent sign-ins and tests
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${['Time', 'Purpose', 'Outcome', 'Code', 'Person', 'Took'].map(
            (title) => html`<th scope="col" role="columnheader">${title}</th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${attempts.map((attempt) => row(organization_id, attempt))}
      </tbody>
    </table>
  </div>`
}

function row(organization_id: string, attempt: AttemptView): Html {
  const { attempt_id, at, outcome, failure, subject, access, count, durations } = attempt
  const person = access?.email ?? subject
  const took = Object.values(durations).reduce((sum, one) => sum + one, 0)
  const href = settingsPath(organization_id, `/attempts/${encodeURIComponent(attempt_id.toWellFormed())}`)
  return html`<tr role="row" data-attempt="${attempt_id}" data-outcome="${outcome}">
    <td role="cell">${link(href, time(at))}</td>
    <td role="cell">${purposeOf(attempt)}</td>
    <td role="cell">${outcomeBadge(attempt)}${count > 1 && html` <span class="aside">${count} times</span>`}</td>
    <td role="cell">${failure !== null && html`<code>${breakable(failure.code)}</code>`}</td>
    <td role="cell">${person !== null && html`<bdi>${bounded(person, 80)}</bdi>`}</td>
    <td role="cell">${took > 0 && seconds(took)}</td>
  </tr>`
}

/** A code may be broken into lines at its underscores. */
function breakable(code: string): Content {
  return bounded(code, 80)
    .split('_')
    .map((word, index) => [index > 0 && html`_<wbr />`, word])
}

/** Returns what the attempt was for, in a word. */
export function purposeOf({ purpose }: AttemptView): Content {
  if (purpose === null) return 'unknown'
  return purpose === 'test' ? 'Test' : 'Sign-in'
}

/** Returns how the attempt ended, in a word with a mark. */
export function outcomeBadge({ outcome }: AttemptView): Html {
  return outcome === 'succeeded' ? badge('good', 'Succeeded') : badge('bad', 'Failed')
}
