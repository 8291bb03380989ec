/** Settings side by side: what members use beside the pending change, what is stored beside what was typed. */
import { bounded } from '@relying-party/core'
import { formOfPolicy, formOfSettings, shownSettings, unsavedFields } from '../form.ts'
import { html, type Html } from '../html.ts'
import type { FormValues, RevisionView, SettingsView } from '../model.ts'
import { fieldLabels, withoutSecret } from '../labels.ts'

interface Column {
  readonly title: string
  readonly values: FormValues
}

/** Returns a table of what members use and of the pending change; always with issuer and client id, else differences only. */
export function compareRevisions(live: RevisionView, candidate: RevisionView): Html {
  const left = valuesOf(live)
  const isReplaced = candidate.client_secret_id !== null && candidate.client_secret_id !== live.client_secret_id
  const right: FormValues = { ...valuesOf(candidate), ...(isReplaced && { client_secret: 'replaced' }) }
  const differing = Object.keys(right).filter((name) => left[name] !== right[name])
  const names = [...new Set(['issuer', 'client_id', ...differing])]
  return comparison(
    'comparison',
    { title: 'Members use now', values: left },
    { title: 'Pending change', values: right },
    names,
  )
}

/** Returns a table of the fields in which what was typed differs from what somebody else has stored meanwhile; null without any. */
export function compareTyped({ typed, candidate, live, policy }: SettingsView): Html | null {
  const stored = { ...shownSettings((candidate ?? live)?.settings ?? null), ...formOfPolicy(policy) }
  const names = unsavedFields(typed ?? {}, stored)
  if (typed === null || names.length === 0) return null
  return comparison('conflict', { title: 'Stored now', values: stored }, { title: 'You typed', values: typed }, names)
}

function comparison(name: string, left: Column, right: Column, names: readonly string[]): Html {
  return html`<table
    class="comparison"
    data-comparison="${name}"
    role="table"
    aria-label="${left.title}, ${right.title}"
  >
    <thead role="rowgroup">
      <tr role="row">
        <td role="cell"></td>
        <th scope="col" role="columnheader">${left.title}</th>
        <th scope="col" role="columnheader">${right.title}</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${names.map((field) => {
        const differs = left.values[field] !== right.values[field]
        return html`<tr role="row" data-differs="${String(differs)}">
          <th scope="row" role="rowheader">${fieldLabels[field] ?? bounded(field, 40)}</th>
          <td role="cell"><span class="column" aria-hidden="true">${left.title}</span>${shown(left.values[field])}</td>
          <td role="cell">
            <span class="column" aria-hidden="true">${right.title}</span>${shown(right.values[field])}
            ${differs && html`<span class="changed">changed</span>`}
          </td>
        </tr>`
      })}
    </tbody>
  </table>`
}

function valuesOf({ settings, client_secret_set }: RevisionView): FormValues {
  const { token_endpoint_auth_method: method } = settings
  const secret = client_secret_set ? 'stored' : 'to be entered'
  return { ...formOfSettings(settings), client_secret: (method && withoutSecret[method]) ?? secret }
}

function shown(value: string | undefined): Html {
  if (value === undefined || value === '') return html`<span class="aside">default</span>`
  return html`<span class="value"><bdi>${bounded(value)}</bdi></span>`
}
