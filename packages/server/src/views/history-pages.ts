/** The two histories of an organization as pages of their own: every attempt, and every change. */
import { html, type Content, type Html } from './html.ts'
import { renderDocument } from './layout.ts'
import type { AttemptsPageView, ChangesPageView } from './model.ts'
import { historyPath, pager, type HistoryPath } from './pager.ts'
import { settingsPath } from './paths.ts'
import { attemptsTable } from './settings/attempts.ts'
import { changesTable } from './settings/changes.ts'

/** Returns the page of attempts, of all kinds or of one. */
export function renderAttemptsPage(view: AttemptsPageView): string {
  const { organization_id, attempts, filter, is_newest } = view
  const path = { organization_id, name: 'attempts', filter } as const
  const nothing = isNarrowed(path) ? 'None of this kind is among them.' : undefined
  return historyPage(view, path, 'Sign-ins and tests', attemptsNote, [
    html`<div class="filters">${filters.map((one) => choices(path, one))}</div>`,
    attemptsTable(attempts.entries, organization_id, nothing),
    pager(path, attempts, { is_newest }),
  ])
}

/** Returns the page of changes. */
export function renderChangesPage(view: ChangesPageView): string {
  const { organization_id, changes, is_newest } = view
  const path = { organization_id, name: 'changes' } as const
  return historyPage(view, path, 'Changes', changesNote, [
    changesTable(changes.entries, organization_id),
    pager(path, changes, { is_newest }),
  ])
}

const attemptsNote = 'The latest first. Failures and tests are kept for 30 days, sign-ins that succeeded for 7.'
const changesNote = 'Who changed what, the latest first. Kept for 400 days.'

function historyPage(
  { organization_id, admin, csrf_token }: AttemptsPageView | ChangesPageView,
  { name }: HistoryPath,
  title: string,
  note: string,
  content: Content,
): string {
  return renderDocument({
    title: `${title} · ${organization_id}`,
    admin: { name: admin, csrf_token },
    content: html`<div data-page="${name}">
      <header class="page-head">
        <p class="eyebrow">
          <a href="${settingsPath(organization_id)}">Single sign-on of <bdi>${organization_id}</bdi></a>
        </p>
        <h1>${title}</h1>
        <p>${note}</p>
      </header>
      <div class="stack">${content}</div>
    </div>`,
  })
}

const filters = [
  {
    name: 'purpose',
    label: 'Purpose',
    choices: [
      [undefined, 'All'],
      ['login', 'Sign-ins'],
      ['test', 'Tests'],
    ],
  },
  {
    name: 'outcome',
    label: 'Outcome',
    choices: [
      [undefined, 'All'],
      ['failed', 'Failed'],
      ['succeeded', 'Succeeded'],
    ],
  },
] as const

/** Links instead of a form: one press each, and an address that can be kept. */
function choices(path: HistoryPath, { name, label, choices }: (typeof filters)[number]): Html {
  const chosen = path.filter?.[name]
  return html`<nav class="choices-row" aria-label="${label}">
    <span class="help" aria-hidden="true">${label}</span>
    ${choices.map(([value, text]) => {
      const href = historyPath({ ...path, filter: { ...path.filter, [name]: value } })
      return value === chosen
        ? html`<a href="${href}" aria-current="true">${text}</a>`
        : html`<a href="${href}">${text}</a>`
    })}
  </nav>`
}

function isNarrowed({ filter = {} }: HistoryPath): boolean {
  return Object.values(filter).some((value) => value !== undefined)
}
