/** One attempt, for the administrator: how it ended, why, every check, and what the provider said. */
import { bounded } from '@relying-party/core'
import { checkFold } from './check-list.ts'
import { accessFacts, claimsTable } from './claims.ts'
import { durationsTable } from './durations.ts'
import { explainFailure, tellFailure } from './explain-failure.ts'
import { html, type Content, type Html } from './html.ts'
import { renderDocument } from './layout.ts'
import type { AttemptPageView, FailureView } from './model.ts'
import { copyValue, facts } from './parts.ts'
import { settingsPath } from './paths.ts'
import { proposalCard } from './proposal.ts'
import { outcomeBadge, purposeOf } from './settings/attempts.ts'
import { time } from './time.ts'

/** Returns the page of one attempt. */
export function renderAttemptPage(view: AttemptPageView): string {
  const { organization_id, attempt, admin, csrf_token } = view
  const { attempt_id, at, revision, outcome, claims, explanation, count, durations } = attempt
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
        ${explained(view)}
        <section class="card" aria-labelledby="attempt-title">
          <h2 id="attempt-title">${attempt.subject === null ? 'What is known' : 'Who it was'}</h2>
          ${accessFacts(attempt.subject, attempt.access, attempt.refusal !== null)}
          ${facts([
            ['Attempt', html`<code class="value" id="attempt-id">${bounded(attempt_id, 80)}</code>`],
            ['Settings', revision === null ? null : `revision ${revision}`],
            ['Sign-ins', count > 1 && `${count} of this minute never came back: they are kept as one`],
          ])}
          ${durationsTable(durations)}
        </section>
        ${explanation.checks.length > 0 && html`<div class="card">${checkFold(explanation, organization_id, { open: true })}</div>`}
        ${claims !== null && card('Claims received', claimsTable(claims))} ${record(view)}
      </div>
    </div>`,
  })
}

function explained(view: AttemptPageView): Content {
  const { organization_id, attempt, proposal } = view
  const { failure, refusal } = attempt
  const explain = (id: string, title: string, of: FailureView, proposed: Content) => {
    const told = tellFailure(of, attempt)
    const context = { id, organization_id, attempt_id: null, proposal: proposed }
    return html`<section class="explained" aria-labelledby="${id}-title" id="${id}">
      <h2 id="${id}-title">${title}: ${told.message}</h2>
      ${explainFailure(of, told, context)}
    </section>`
  }
  return [
    failure !== null && explain('failure', 'Why it failed', failure, proposal !== null && proposalCard(proposal, view)),
    refusal !== null && explain('refusal', 'What the policy says', refusal, null),
  ]
}

/** The transcript to carry home, and what to do with it there. */
function record({ organization_id, attempt: { attempt_id, omitted } }: AttemptPageView): Content {
  if (omitted) return null
  const id = attempt_id.toWellFormed()
  const href = settingsPath(organization_id, `/attempts/${encodeURIComponent(id)}/transcript`)
  const file = transcriptFile(id)
  return card(
    'Transcript',
    html`<p class="help">
        Everything that was said and decided, without secrets. It can be shown to others, and replays offline to the
        same verdict:
      </p>
      <p>${copyValue('replay-command', 'the command', `relying-party replay ${file}`)}</p>
      <p class="commands"><a class="button" id="transcript" href="${href}" download="${file}">Download ${file}</a></p>`,
  )
}

/** The name under which the transcript of an attempt is saved. */
export function transcriptFile(attempt_id: string): string {
  return `transcript-${attempt_id.replaceAll(/[^A-Za-z0-9_-]/g, '').slice(0, 60)}.json`
}

function card(title: string, content: Html): Html {
  return html`<section class="card">
    <h2>${title}</h2>
    ${content}
  </section>`
}
