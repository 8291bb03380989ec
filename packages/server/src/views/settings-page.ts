/**
 * The settings page of an organization's single sign-on: connect, test, enable. A pure function of its view, complete
 * without a script; each section stands in a file of its own under `settings/`.
 */
import type { Paged } from '../paging.ts'
import { remarks, type Marks } from './fields.ts'
import { html, type Content, type Html } from './html.ts'
import { fieldLabels } from './labels.ts'
import { renderDocument } from './layout.ts'
import type { SettingsView } from './model.ts'
import { banner, copyField } from './parts.ts'
import { historyPath, pager, type HistoryPath } from './pager.ts'
import { attemptsTable } from './settings/attempts.ts'
import { changesTable, tellChange } from './settings/changes.ts'
import { calledAs } from './settings/called-as.ts'
import { compareTyped } from './settings/comparison.ts'
import { whoIsLockedOut } from './settings/lock-out.ts'
import { connectionForm } from './settings/connection-form.ts'
import { faultList, fieldLinks, marksOf } from './settings/marks.ts'
import { policyFields } from './settings/policy-form.ts'
import { statusPanel, statusTitle } from './settings/status.ts'
import { testResult } from './settings/test-result.ts'
import { upkeep } from './settings/upkeep.ts'

/** Returns the settings page as a complete HTML document. */
export function renderSettingsPage(view: SettingsView): string {
  const { organization_id, admin, csrf_token } = view
  const marks = marksOf(view)
  return renderDocument({
    title: `${titleOf(view, marks)} · Single sign-on · ${organization_id}`,
    admin: { name: admin, csrf_token },
    content: html`
      <header class="page-head">
        <p class="eyebrow"><bdi>${organization_id}</bdi></p>
        <h1>Single sign-on</h1>
        <p>Let your members sign in through your own identity provider, with OpenID Connect.</p>
      </header>
      ${banners(view, marks)} ${statusPanel(view)}
      ${section('provider', 'At your provider', provideThere, registration(view, marks))}
      ${section('connection', 'Connection', enterHere, [connectionForm(view, marks), upkeep(view, marks)])}
      ${testResult(view)} ${section('access', 'Access', whoMay, policyFields(view, marks))}
      ${history({ organization_id, name: 'attempts' }, 'Recent attempts', whatHappened, view.attempts, attemptsTable)}
      ${history({ organization_id, name: 'changes' }, 'Changes', whoChanged, view.changes, changesTable)}
    `,
  })
}

/** What a screen reader says first, and a tab shows: how the last submission ended, or where things stand. */
function titleOf(view: SettingsView, { faults }: Marks): string {
  const { conflict, refusal, saved } = view
  if (saved !== null) return `${savedNames[saved]} saved`
  if (refusal !== null) return refusal.message.replace(/\.$/, '')
  return conflict || faults.length > 0 ? 'Not saved' : statusTitle(view)
}

const provideThere = 'Create a web application for OpenID Connect there and register these addresses.'
const enterHere =
  'Enter what the provider shows for that application. A test signs you in once and affects nobody else.'
const whoMay = 'Who gets in, for how long, and with which role. Changes apply to the next sign-in.'
const whatHappened = 'Every sign-in and every test, the latest first.'

const whoChanged = 'Who changed what of this page, the latest first.'

/** The newest of a history, with a link to all of it. */
function history<T>(
  path: HistoryPath,
  title: string,
  text: string,
  page: Paged<T>,
  table: (entries: readonly T[], organization_id: string) => Html,
): Html {
  const all = html`${text} <a href="${historyPath(path)}">All ${path.name}</a>`
  return section(path.name, title, all, [
    table(page.entries, path.organization_id),
    pager(path, page, { is_newest: true }),
  ])
}

function section(id: string, title: string, text: Content, content: Content): Html {
  return html`<section class="section" id="${id}" aria-labelledby="${id}-title">
    <div class="section-head">
      <h2 id="${id}-title">${title}</h2>
      <p>${text}</p>
    </div>
    <div class="section-body">${content}</div>
  </section>`
}

function registration(view: SettingsView, marks: Marks): Html {
  const { redirect_uri, post_logout_redirect_uri, initiate_login_uri } = view
  return html`<div class="card">
    ${calledAs(view)}
    ${copyField(
      'redirect_uri',
      fieldLabels.redirect_uri,
      redirect_uri,
      'Also called sign-in redirect URI or callback URL. Required.',
      remarks(marks, { name: 'redirect_uri' }),
    )}
    <details class="fold inner" id="further-addresses">
      <summary>Sign-out and sign-in from the provider <span class="aside">optional</span></summary>
      <div class="fold-content">
        ${copyField(
          'post_logout_redirect_uri',
          'Sign-out redirect URI',
          post_logout_redirect_uri,
          'Where the provider sends members after they signed out.',
        )}
        ${copyField(
          'initiate_login_uri',
          'Initiate login URI',
          initiate_login_uri,
          'Lets members start from the provider’s dashboard.',
        )}
      </div>
    </details>
  </div>`
}

const savedNames: Readonly<Record<NonNullable<SettingsView['saved']>, string>> = {
  settings: 'Connection',
  policy: 'Policy',
}

/** What was sent along with another button than its own. */
function stillTyped({ unsaved, entered_secret }: SettingsView): Html {
  const names = unsaved.map((name, index) => [
    index > 0 && ', ',
    html`<a href="#${name}">${fieldLabels[name] ?? name}</a>`,
  ])
  return html`<p data-unsaved="${unsaved.join(' ')}">
    Not saved yet: ${names}. What you typed still stands
    below${entered_secret && ', save for the client secret: enter it again'}.
  </p>`
}

function banners(view: SettingsView, marks: Marks): Content {
  const { conflict, refusal, saved, unsaved } = view
  const [latest] = view.changes.entries
  return [
    saved !== null && banner('good', 'saved', `${savedNames[saved]} saved`, unsaved.length > 0 && stillTyped(view)),
    saved === null &&
      unsaved.length > 0 &&
      banner('warn', 'unsaved', 'You had been signed out: nothing was saved', stillTyped(view)),
    conflict &&
      banner('warn', 'conflict', 'Something was changed meanwhile. Nothing was overwritten.', [
        latest !== undefined && html`<p data-latest-change="${latest.type}">${tellChange(latest)}</p>`,
        html`<p>What you typed stands in the form below. Saving again replaces what is stored now.</p>`,
        compareTyped(view),
      ]),
    refusal === null &&
      marks.faults.length > 0 &&
      banner('bad', 'faults', 'Not saved yet: this has to be corrected', faultList(marks)),
    refusal !== null &&
      html`<div data-code="${refusal.code}">
        ${banner('bad', 'refusal', refusal.message, [
          whoIsLockedOut(refusal),
          html`<p>${refusal.code === 'client_secret_required' ? 'Everything else is saved.' : refusal.remedy}</p>`,
          marks.faults.length > 0 && html`<p>Look at ${fieldLinks(marks)}.</p>`,
        ])}
      </div>`,
  ]
}
