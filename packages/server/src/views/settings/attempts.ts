/** The latest sign-ins and tests, each leading to all that is known about it. */
import { bounded } from '@relying-party/core'
import { attemptPath, tellFailure } from '../explain-failure.ts'
import { html, link, type Content, type Html } from '../html.ts'
import type { AttemptView } from '../model.ts'
import { seconds } from '../durations.ts'
import { badge } from '../parts.ts'
import { time } from '../time.ts'

/** Returns the table of attempts. */
export function attemptsTable(
  attempts: readonly AttemptView[],
  organization_id: string,
  nothing = 'Nobody has tried to sign in yet.',
): Html {
  if (attempts.length === 0) return html`<div class="card"><p class="help">${nothing}</p></div>`
  return html`<div class="card flush">
    <table class="records attempts" role="table">
      <caption class="visually-hidden">
        Sign-ins and tests, the latest first
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${['Time', 'Purpose', 'Outcome', 'Person', 'Took'].map(
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
  return html`<tr
    role="row"
    data-attempt="${attempt_id}"
    data-purpose="${attempt.purpose ?? ''}"
    data-outcome="${outcome}"
    data-code="${failure?.code ?? ''}"
  >
    <td role="cell" class="when">${link(attemptPath(organization_id, attempt_id), time(at))}</td>
    <td role="cell" class="purpose">${purposeOf(attempt)}</td>
    <td role="cell" class="what">
      ${outcomeBadge(attempt)}${count > 1 && html` <span class="aside">${count} times</span>`}
      ${failure !== null && html`<p class="help">${tellFailure(failure, attempt).message}</p>`}
    </td>
    <td role="cell" class="person">${person !== null && html`<bdi>${bounded(person, 80)}</bdi>`}</td>
    <td role="cell" class="took">${took > 0 && seconds(took)}</td>
  </tr>`
}

/** Returns what the attempt was for, in a word. */
export function purposeOf({ purpose }: AttemptView): Content {
  if (purpose === null) return 'Unknown'
  return purpose === 'test' ? 'Test' : 'Sign-in'
}

/** Returns how the attempt ended, in a word with a mark. */
export function outcomeBadge({ outcome }: AttemptView): Html {
  return outcome === 'succeeded' ? badge('good', 'Succeeded') : badge('bad', 'Failed')
}
