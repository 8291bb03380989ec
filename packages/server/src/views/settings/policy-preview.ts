/** What the policy as it is typed would change for the people who signed in lately. Nothing is saved by looking. */
import { bounded } from '@relying-party/core'
import { attemptPath } from '../explain-failure.ts'
import { html, link, type Content, type Html } from '../html.ts'
import type { PolicyPreviewView } from '../model.ts'
import { badge } from '../parts.ts'
import { time } from '../time.ts'

/** Returns the preview; nothing when none was asked for. */
export function policyPreview(preview: PolicyPreviewView | null, organization_id: string): Content {
  if (preview === null) return null
  return html`<div
    class="preview"
    id="preview"
    role="status"
    tabindex="-1"
    autofocus
    data-considered="${preview.considered}"
  >
    <p><strong>${summary(preview)}</strong></p>
    ${preview.unknown > 0 && html`<p data-unknown="${preview.unknown}">${cannotTell(preview)}</p>`}
    ${preview.changes.length > 0 && table(preview, organization_id)}
    <p class="help">
      Nothing is saved yet. Of each person the latest recorded sign-in was judged by what stands above.
    </p>
  </div>`
}

/** A sign-in that never asked for a claim says nothing of who has it. */
function cannotTell({ unknown }: PolicyPreviewView): string {
  const who = unknown === 1 ? 'one of them' : `${unknown} of them`
  return `Of ${who} nobody can tell: the sign-in did not ask the provider for a claim that this policy looks at. The next one will.`
}

function summary({ considered, unknown, changes }: PolicyPreviewView): string {
  if (considered === 0) return 'Nobody’s sign-in is recorded yet, so nothing can be said.'
  const refused = changes.filter(({ to }) => to === null).length
  const among = considered === 1 ? 'The one person' : `Of ${considered} people`
  if (changes.length === 0) {
    return unknown === considered
      ? `${among} who signed in lately: nothing can be said.`
      : `${among} who signed in lately: nothing changes${unknown > 0 ? ' that can be told' : ''}.`
  }
  const moved = changes.length - refused
  if (considered === 1)
    return `${among} who signed in lately would ${refused > 0 ? 'be refused' : 'have another role'}.`
  const told = [refused > 0 && `${refused} would be refused`, moved > 0 && `${moved} would have another role`]
  return `${among} who signed in lately, ${told.filter((part) => part !== false).join(' and ')}.`
}

function table({ changes }: PolicyPreviewView, organization_id: string): Html {
  const rest = changes.length - shown
  return html`<table class="previewed" role="table">
      <caption class="visually-hidden">
        Whose sign-in would change
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${['Person', 'Now', 'Then', 'Signed in'].map(
            (title) => html`<th scope="col" role="columnheader">${title}</th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${changes.slice(0, shown).map(
          ({ attempt_id, at, person, from, to, refusal }) =>
            html`<tr role="row" data-person data-to="${to ?? ''}">
              <th scope="row" role="rowheader"><bdi>${bounded(person, 80)}</bdi></th>
              <td role="cell">${roleOf(from)}</td>
              <td role="cell">
                ${roleOf(to)}
                ${refusal !== null && html`<p class="help" data-code="${refusal.code}">${refusal.message}</p>`}
              </td>
              <td role="cell">${link(attemptPath(organization_id, attempt_id), time(at))}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${rest > 0 && html`<p class="help">… and ${rest} more.</p>`}`
}

function roleOf(role: string | null): Content {
  return role === null ? badge('bad', 'Refused') : bounded(role, 80)
}

const shown = 50
