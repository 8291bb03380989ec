/** What a member sees when a sign-in failed: what happened in plain words, what to do, and what to tell whom. */
import { bounded, failures } from '@relying-party/core'
import { html, link, type Html } from './html.ts'
import { renderDocument } from './layout.ts'
import type { FailurePageView, FailureView } from './model.ts'
import { facts } from './parts.ts'

/** Returns the failure page of a member, or that of a request which was about no sign-in. Facts of the failure stay with the administrator, who finds them by the attempt. */
export function renderFailurePage(view: FailurePageView): string {
  const { organization_id, failure, attempt_id, login_url, settings_url } = view
  const reference =
    attempt_id === null ? null : html`<code class="value" id="attempt-id">${bounded(attempt_id, 80)}</code>`
  const isOfSignIn = Object.hasOwn(failures, failure.code)
  const told = isOfSignIn ? plainly(view) : null
  return renderDocument({
    title: isOfSignIn ? 'Sign-in failed' : 'Not possible',
    narrow: true,
    content: html`<div class="panel" data-page="failure" data-code="${failure.code}" data-blame="${failure.blame}">
      ${organization_id !== null && html`<p class="eyebrow"><bdi>${bounded(organization_id, 120)}</bdi></p>`}
      <h1>${isOfSignIn ? 'You are not signed in' : failure.message}</h1>
      <div class="prose" role="alert">
        ${told ?? [isOfSignIn && html`<p>${failure.message}</p>`, html`<p>${failure.remedy}</p>`]}
      </div>
      ${
        (login_url ?? settings_url) !== null &&
        html`<div class="commands">
          ${login_url !== null && signInAgain(login_url, failure)}
          ${
            settings_url !== null &&
            link(settings_url, 'Back to the settings', {
              id: 'back-to-settings',
              class: `button${login_url === null ? ' primary' : ''}`,
            })
          }
        </div>`
      }
      ${reference !== null && html`<p class="help">If you ask for help, name this attempt: ${reference}</p>`}
      <details class="fold inner" id="details">
        <summary>Details for your administrator</summary>
        <div class="fold-content">
          ${facts([
            ['Code', html`<code class="value">${failure.code}</code>`],
            ['What happened', told && failure.message],
            ['What to do', told && failure.remedy],
          ])}
        </div>
      </details>
    </div>`,
  })
}

/** Whoever cannot mend it is not told how it is mended; null where what happened and what to do are for whoever reads it. */
function plainly({ failure: { code, blame }, person }: FailurePageView): Html | null {
  const who = person === null ? 'The account that you used' : html`<strong><bdi>${bounded(person, 120)}</bdi></strong>`
  // Only an administrator gets such a link.
  if (code === 'test_link_not_valid') return null
  if (code === 'sso_not_enabled')
    return html`<p>Single sign-on is switched off for this organization.</p>
      <p>Sign in another way, or ask an administrator of your organization.</p>`
  if (code === 'policy_role_not_mapped')
    return html`<p>${who} has no access to this organization.</p>
      <p>Use your work account, or ask an administrator of your organization to give you access.</p>`
  if (isRefusedByPolicy(code))
    return html`<p>${who} is not let in by this organization.</p>
      <p>Use your work account, or ask an administrator of your organization.</p>`
  switch (blame) {
    case 'end_user':
      return null
    case 'network':
      return html`<p>The sign-in service of your organization cannot be reached at the moment.</p>
        <p>Try again in a minute. If it goes on, tell your administrator.</p>`
    case 'organization_admin':
    case 'provider':
    case 'operator':
      return html`<p>The sign-in of your organization does not work as it is set up.</p>
        <p>It is nothing that you did. Tell your administrator; the details below say what to mend.</p>`
  }
}

/** Whoever is refused as a person has to be another one: the provider, where they are still signed in, asks who they are. */
function signInAgain(login_url: string, { code }: FailureView): Html {
  const values = { id: 'sign-in-again', class: 'button primary' }
  if (!isRefusedByPolicy(code)) return link(login_url, 'Sign in again', values)
  return link(`${login_url}${login_url.includes('?') ? '&' : '?'}prompt=login`, 'Use another account', values)
}

function isRefusedByPolicy(code: string): boolean {
  return code.startsWith('policy_') && code !== 'policy_invalid'
}
