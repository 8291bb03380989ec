/** What a member sees when a sign-in failed: what happened in plain words, what to do, and what to tell whom. */
import { bounded, failures } from '@relying-party/core'
import { html, link, type Content } from './html.ts'
import { renderDocument } from './layout.ts'
import type { FailurePageView, FailureView } from './model.ts'
import { facts } from './parts.ts'

/** Returns the failure page of a member, or that of a request which was about no sign-in. Facts of the failure stay with the administrator, who finds them by the attempt. */
export function renderFailurePage({ organization_id, failure, attempt_id, login_url }: FailurePageView): string {
  const reference =
    attempt_id === null ? null : html`<code class="value" id="attempt-id">${bounded(attempt_id, 80)}</code>`
  const isOfSignIn = Object.hasOwn(failures, failure.code)
  return renderDocument({
    title: isOfSignIn ? 'Sign-in failed' : 'Not possible',
    narrow: true,
    content: html`<div class="panel" data-page="failure" data-code="${failure.code}" data-blame="${failure.blame}">
      ${organization_id !== null && html`<p class="eyebrow"><bdi>${bounded(organization_id, 120)}</bdi></p>`}
      <h1>${isOfSignIn ? 'You are not signed in' : failure.message}</h1>
      <div class="prose" role="alert">${isOfSignIn ? plainly(failure) : html`<p>${failure.remedy}</p>`}</div>
      ${
        login_url !== null &&
        html`<div class="commands">
          ${link(login_url, 'Sign in again', { id: 'sign-in-again', class: 'button primary' })}
        </div>`
      }
      ${reference !== null && html`<p class="help">If you ask for help, name this attempt: ${reference}</p>`}
      <details class="fold inner" id="details">
        <summary>Details for your administrator</summary>
        <div class="fold-content">
          ${facts([
            ['Code', html`<code class="value">${failure.code}</code>`],
            ['What happened', failure.message],
            ['What to do', failure.remedy],
          ])}
        </div>
      </details>
    </div>`,
  })
}

/** Whoever cannot mend it is not told how it is mended. */
function plainly({ blame, message, remedy }: FailureView): Content {
  switch (blame) {
    case 'end_user':
      return html`<p>${message}</p>
        <p>${remedy}</p>`
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
