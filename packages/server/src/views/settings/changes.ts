/** The history of a connection: who changed what of it, in the words of the page, and which attempt brought it about. */
import { bounded } from '@relying-party/core'
import { attemptPath, pageField } from '../explain-failure.ts'
import { html, link, type Content, type Html } from '../html.ts'
import { fieldLabels } from '../labels.ts'
import type { ChangeView } from '../model.ts'
import { time } from '../time.ts'

/** Returns the table of changes. */
export function changesTable(changes: readonly ChangeView[], organization_id: string): Html {
  if (changes.length === 0) return html`<div class="card"><p class="help">Nothing has been changed yet.</p></div>`
  return html`<div class="card flush">
    <table class="records changes" role="table">
      <caption class="visually-hidden">
        Changes, the latest first
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${['Time', 'Who', 'What', 'Attempt'].map((title) => html`<th scope="col" role="columnheader">${title}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${changes.map((change) => row(organization_id, change))}
      </tbody>
    </table>
  </div>`
}

/** Returns one change in a sentence. */
export function tellChange(change: ChangeView): Html {
  return html`<bdi>${whoOf(change)}</bdi>, ${time(change.at)}: ${whatOf(change)}.`
}

function row(organization_id: string, change: ChangeView): Html {
  const { event_id, at, type, revision, attempt_id } = change
  return html`<tr role="row" data-event="${event_id}" data-type="${type}">
    <td role="cell" class="when">${time(at)}</td>
    <td role="cell" class="person"><bdi>${whoOf(change)}</bdi></td>
    <td role="cell" class="what">
      ${whatOf(change)} ${revision !== undefined && html`<span class="aside">revision ${revision}</span>`}
    </td>
    <td role="cell">${attempt_id !== undefined && link(attemptPath(organization_id, attempt_id), 'Attempt')}</td>
  </tr>`
}

function whatOf({ type, fields = [] }: ChangeView): Content {
  return [words[type], fields.length > 0 && [': ', fieldNames(fields)]]
}

/** In the words of the page, each once: several members may stand in one field. */
function fieldNames(fields: readonly string[]): string {
  const names = fields.map((member) => {
    const field = pageField(member)!
    return Object.hasOwn(fieldLabels, field) ? fieldLabels[field]! : bounded(member.replaceAll('_', ' '), 60)
  })
  return [...new Set(names)].join(', ')
}

/** People by their names; what nobody commands, the attempt brought about. */
function whoOf({ type, by }: ChangeView): Content {
  return nobody[type] ?? bounded(by, 120)
}

const nobody: Partial<Record<ChangeView['type'], string>> = { test_failed: 'the test', secret_promoted: 'a sign-in' }

const words: Readonly<Record<ChangeView['type'], string>> = {
  saved: 'Saved settings',
  test_begun: 'Began a test',
  test_passed: 'Passed the test',
  test_failed: 'The test failed',
  enabled: 'Enabled single sign-on',
  disabled: 'Disabled single sign-on',
  discarded: 'Discarded the pending change',
  policy_set: 'Changed access',
  secret_staged: 'Staged a second client secret',
  secret_unstaged: 'Took the second client secret back',
  secret_promoted: 'The second client secret is now the one in use',
  deleted: 'Deleted single sign-on and its settings',
}
