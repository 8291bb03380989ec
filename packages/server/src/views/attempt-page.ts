/** One attempt, for the administrator: how it ended, why, and what the provider said. */
import { bounded } from '@relying-party/core'
import { accessFacts, claimsTable } from './claims.ts'
import { explainFailure } from './explain-failure.ts'
import { html, type Content, type Html } from './html.ts'
import { renderDocument } from './layout.ts'
import type { AttemptPageView, AttemptView } from './model.ts'
import { facts } from './parts.ts'
import { settingsPath } from './paths.ts'
import { outcomeBadge, purposeOf } from './settings/attempts.ts'
import { time } from './time.ts'

/** Returns the page of one attempt. */
export function renderAttemptPage({ organization_id, attempt, admin, csrf_token }: AttemptPageView): string {
  const { attempt_id, at, revision, outcome } = attempt
  return renderDocument({
    title: `Attempt ${bounded(attempt_id, 80)}`,
    admin: { name: admin, csrf_token },
    content: html`<div data-page="attempt" data-outcome="${outcome}">
      <header class="page-head">
        <p class="eyebrow">
          <a href="${settingsPath(organization_id)}">Single sign-on of <bdi>${organization_id}</bdi></a>
        </p>
        <h1>${purposeOf(attempt)} ${outcomeBadge(attempt)}</h1>
        <p>${time(at, { exact: true })}</p>
      </header>
      <div class="stack">
        <div class="card">
          ${facts([
            ['Attempt', html`<code class="value" id="attempt-id">${bounded(attempt_id, 80)}</code>`],
            ['Settings', revision === null ? null : `revision ${revision}`],
          ])}
          ${accessFacts(attempt.subject, attempt.access, attempt.refusal !== null)}
        </div>
        ${explained(organization_id, attempt)}
        ${attempt.claims !== null && card('Claims received', claimsTable(attempt.claims))}
      </div>
    </div>`,
  })
}

function explained(organization_id: string, { failure, refusal }: AttemptView): Content {
  const explain = (id: string, of: NonNullable<AttemptView['failure']>) =>
    html`<h3>${of.message}</h3>
      ${explainFailure(of, { id, organization_id, attempt_id: null })}`
  return [
    failure !== null && card('Why it failed', explain('failure', failure)),
    refusal !== null && card('What the policy says', explain('refusal', refusal)),
  ]
}

function card(title: string, content: Html): Html {
  return html`<section class="card">
    <h2>${title}</h2>
    ${content}
  </section>`
}
