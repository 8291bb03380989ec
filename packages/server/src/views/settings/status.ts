/** The panel on top: where things stand in one glance, what to do next, and the commands that lead on. */
import { bounded } from '@relying-party/core'
import { attributes, html, type Content, type Html } from '../html.ts'
import { icons } from '../icons.ts'
import { fieldLabels, withoutSecret } from '../labels.ts'
import type { AttemptView, RevisionView, SettingsView } from '../model.ts'
import { badge, copyField, form, toneIcon, type Tone } from '../parts.ts'
import { hostOf, settingsPath } from '../paths.ts'
import { time } from '../time.ts'
import { compareRevisions } from './comparison.ts'
import { explainLastFailure } from './last-failure.ts'
import { whoIsLockedOut, whoIsRefused } from './lock-out.ts'
import { neverCameBack } from './never-came-back.ts'
import {
  disablement,
  editedRevision,
  enableObstacle,
  isUnderWay,
  pageState,
  refusalOfTester,
  revisionState,
  rollbackOf,
  type PageState,
  type RevisionState,
} from './state.ts'

/** Returns the status panel. Hooks: `#status`, `data-state`, `data-candidate-state`, `data-refused`. */
export function statusPanel(view: SettingsView): Html {
  const { candidate, live } = view
  const state = pageState(view)
  const candidateState = candidate === null ? null : revisionState(candidate, view)
  const { tone, title, text } = tell(state, view)
  const start =
    live !== null &&
    copyField('login_url', 'Where members start', view.login_url, 'Link to it from your product or your intranet.')
  return html`<section
    class="panel status ${tone}"
    id="status"
    aria-labelledby="status-title"
    ${attributes({
      'data-state': state,
      'data-candidate-state': candidateState,
      'data-refused': refusalOfTester(view)?.code,
    })}
  >
    <div class="status-head" role="${state === 'failed' ? 'alert' : 'status'}">
      <span class="seal ${tone}">${icons[toneIcon[tone]]}</span>
      <div>
        <h2 id="status-title">${title}</h2>
        ${text}
      </div>
    </div>
    ${live === null && steps(state, candidate)}
    ${live !== null && candidate !== null && pendingChange(view, live, candidate)} ${neverCameBack(view)}
    ${explainLastFailure(view)} ${state === 'enabled' ? [start, commands(view, state)] : [commands(view, state), start]}
  </section>`
}

/** Returns where things stand, in a few words. */
export function statusTitle(view: SettingsView): string {
  return tell(pageState(view), view).title
}

interface Told {
  readonly tone: Tone
  readonly title: string
  readonly text: Content
}

function tell(state: PageState, view: SettingsView): Told {
  if (state === 'empty') {
    const next = html`<p>
      Register the Redirection URI at your identity provider, then enter below what it gives you.
    </p>`
    return { tone: 'quiet', title: 'Not set up yet', text: [next, whoDisabled(view)] }
  }
  const { candidate, live } = view
  if (live !== null) {
    const serves = html`<p>
      Members sign in through <strong><bdi>${hostOf(live.settings.issuer)}</bdi></strong
      >. ${candidate !== null && 'They keep using it until the pending change is tested and enabled.'}
    </p>`
    if (candidate !== null) return { tone: 'good', title: 'Enabled, with a change pending', text: serves }
    const refused = testerIsRefused(view)
    const text = [serves, refused, retest(live, view)]
    return refused === null
      ? { tone: 'good', title: 'Enabled', text }
      : { tone: 'warn', title: 'Enabled, but your policy would refuse whoever tested', text }
  }
  if (state === 'disabled') return tellDisabled(candidate!, view)
  const told = tellRevision(state as RevisionState, candidate!, view)
  return { ...told, text: [told.text, whoDisabled(view)] }
}

/** What was live stays as it was: nothing is pending, and nothing has to be tested again. */
function tellDisabled(revision: RevisionView, view: SettingsView): Told {
  const host = html`<strong><bdi>${hostOf(revision.settings.issuer)}</bdi></strong>`
  const obstacle = whyNotToEnable(view)
  const text = [
    whoDisabled(view),
    html`<p>Members cannot sign in through ${host}.</p>`,
    obstacle ?? html`<p>These settings passed their test: one press of “Enable” brings it back.</p>`,
    retest(revision, view),
  ]
  return { tone: obstacle === null ? 'quiet' : 'warn', title: 'Disabled', text }
}

function whoDisabled(view: SettingsView): Content {
  const change = disablement(view)
  if (change === null) return null
  const isKept = rollbackOf(view)?.revision === change.revision
  return html`<p data-disabled>
    Single sign-on was disabled ${time(change.at)} by <bdi>${bounded(change.by, 120)}</bdi>.
    ${isKept && html`What members used until then is kept: <a href="#rollback">Return to the previous settings</a>.`}
  </p>`
}

/** What the policy has against enabling settings that passed their test; null when it lets in whoever tested. */
function whyNotToEnable(view: SettingsView): Content {
  if (view.lock_out === null) return testerIsRefused(view)
  return html`${whoIsLockedOut(view.lock_out)}
    <p>${view.lock_out.remedy} Look at <a href="#enforcement">${fieldLabels.enforcement}</a>.</p>`
}

function testerIsRefused(view: SettingsView): Html | null {
  const refusal = refusalOfTester(view)
  if (refusal === null) return null
  return html`${whoIsRefused(nameOf(view.last_attempt) ?? 'Whoever tested', refusal.message)}
    <p>
      <a href="#test-result">The test result</a> says why, and <a href="#access">Access</a> is where it is decided.
    </p>`
}

function tellRevision(state: RevisionState, revision: RevisionView, view: SettingsView): Told {
  const { settings, last_test, tested_at } = revision
  const host = html`<strong><bdi>${hostOf(settings.issuer)}</bdi></strong>`
  const at = last_test === null ? null : time(last_test.at)
  switch (state) {
    case 'saved': {
      const text = html`${testOfReplaced(revision, view)}
        <p>Press “Update and test” and sign in once at ${host}. Nobody else is affected.</p>`
      return { tone: 'quiet', title: 'Saved, not tested', text }
    }
    case 'testing': {
      const text = html`<p>
          Started ${at}. Sign in at ${host}: it sends you back here, everything it says is checked, and the result
          stands in this place. Nobody else is affected.
        </p>
        <p>
          An error page there does not lead back: then compare
          <a href="#redirect_uri">${fieldLabels.redirect_uri}</a> and
          <a href="#client_id">${fieldLabels.client_id}</a> with what is registered at the provider.
        </p>`
      return { tone: 'busy', title: 'Test under way', text }
    }
    case 'test_abandoned': {
      const text = html`<p>The test of ${at} at ${host} is over. Press “Update and test” to try again.</p>`
      return { tone: 'warn', title: 'It never came back', text }
    }
    case 'failed':
      return { tone: 'bad', title: 'The test failed', text: html`<p>Tested ${at}. Nobody else was affected.</p>` }
    case 'tested': {
      if (last_test?.outcome === 'failed') {
        const text = html`<p>
          These settings passed their test ${time(tested_at!)} and can be enabled. A later test, ${at}, failed: below
          stands why.
        </p>`
        return { tone: 'warn', title: 'Tested, but the latest test failed', text }
      }
      const works = html`Signing in at ${host} works${whoTested(view, revision)}: tested ${time(tested_at!)}.`
      const again = underWay(revision, view)
      const obstacle = whyNotToEnable(view)
      if (obstacle !== null) {
        const title =
          view.lock_out === null
            ? 'Tested, but your policy would refuse whoever tested'
            : 'Tested, but your policy would lock you out'
        return {
          tone: 'warn',
          title,
          text: html`<p>${works}</p>
            ${obstacle} ${again}`,
        }
      }
      const text = html`<p>${works} Enable it when you are ready.</p>
        ${again}`
      return { tone: 'good', title: 'Tested: it works', text }
    }
  }
}

/** Somebody came back from a test that was begun before these settings were saved: it was right, and counts for nothing. */
function testOfReplaced({ saved_at }: RevisionView, { attempts }: SettingsView): Content {
  const latest = attempts.entries.find(({ purpose }) => purpose === 'test')
  const isOfReplaced = latest?.failure?.code === 'flow_revision_replaced' && latest.at >= saved_at
  return (
    isOfReplaced &&
    html`<p data-test-of-replaced>
      The test that came back ${time(latest.at)} was begun with settings that have been replaced since: of these it says
      nothing.
    </p>`
  )
}

/** Who signed in at the test that these settings passed, and as what. */
function whoTested({ last_attempt }: SettingsView, { revision }: RevisionView): Content {
  if (last_attempt?.outcome !== 'succeeded' || last_attempt.revision !== revision) return null
  const { access, refusal } = last_attempt
  const name = nameOf(last_attempt)
  if (name === null) return null
  const role = refusal === null && access?.role
  return html` for <strong><bdi>${bounded(name, 120)}</bdi></strong
    >${role && html`, as <strong>${bounded(role, 80)}</strong>`}`
}

function nameOf(attempt: AttemptView | null): string | null {
  return attempt?.access?.email ?? attempt?.subject ?? null
}

/** A test of what has been live already, without a pending change. */
function retest({ last_test, tested_at }: RevisionView, view: SettingsView): Content {
  if (last_test?.outcome === 'failed')
    return html`<p>${badge('warn', 'The latest test failed')} ${time(last_test.at)}</p>`
  const again = underWay({ last_test }, view)
  if (again !== null) return again
  return tested_at === null ? null : html`<p class="aside">Last tested ${time(tested_at)}.</p>`
}

/** A test of settings that have passed one; null when there is none, or nobody will come back from it any more. */
function underWay({ last_test }: Pick<RevisionView, 'last_test'>, view: SettingsView): Content {
  return isUnderWay(last_test, view)
    ? html`<p>${badge('busy', 'A test is under way')} started ${time(last_test!.at)}</p>`
    : null
}

function pendingChange(view: SettingsView, live: RevisionView, candidate: RevisionView): Html {
  const state = revisionState(candidate, view)
  const { tone, title, text } = tellRevision(state, candidate, view)
  return html`<div class="pending" id="pending">
    <h3>Pending change ${badge(tone, title)}</h3>
    ${text} ${compareRevisions(live, candidate)}
    <p class="aside">Saved ${time(candidate.saved_at)} by <bdi>${candidate.saved_by}</bdi>.</p>
  </div>`
}

function steps(state: PageState, candidate: RevisionView | null): Html {
  const method = candidate?.settings.token_endpoint_auth_method ?? ''
  const isConnected = candidate !== null && (candidate.client_secret_set || Object.hasOwn(withoutSecret, method))
  const reached = !isConnected ? 0 : state === 'tested' || state === 'disabled' ? 2 : 1
  return html`<ol class="steps" aria-label="Progress">
    ${['Connect', 'Test', 'Enable'].map((step, index) => {
      const done = index < reached
      const current = index === reached
      return html`<li
        class="${done ? 'done' : current ? 'current' : ''}"
        ${attributes({ 'aria-current': current && 'step' })}
      >
        <span class="step-mark">${done ? icons.check : index + 1}</span>${step}${
          done && html`<span class="visually-hidden"> (done)</span>`
        }
      </li>`
    })}
  </ol>`
}

function commands(view: SettingsView, state: PageState): Html {
  const { candidate, live, version, organization_id } = view
  const obstacle = enableObstacle(view)
  const enable = html`<button
      class="button${obstacle === null && ' primary'}"
      type="submit"
      id="enable-button"
      ${attributes({ disabled: obstacle !== null, 'aria-describedby': obstacle !== null && 'enable-obstacle' })}
    >
      ${live === null ? 'Enable' : 'Enable the change'}
    </button>
    ${obstacle !== null && html`<span class="aside" id="enable-obstacle">${obstacle}</span>`}`
  return html`<div class="commands">
    ${state !== 'enabled' && form(to(view, 'enable'), { version, fingerprint: candidate?.fingerprint ?? '' }, enable)}
    ${
      isUnderWay(editedRevision(view)?.last_test ?? null, view) &&
      html`<a class="button" id="reload" href="${settingsPath(organization_id)}">Check again</a>`
    }
    ${candidate !== null && (live === null ? deletion(view) : discard(view))} ${live !== null && disable(view)}
  </div>`
}

/** Members are still served: nothing but the change is lost. */
function discard(view: SettingsView): Html {
  const button = html`<button class="button" type="submit" id="discard-button">Discard change</button>`
  return form(to(view, 'discard'), { version: view.version }, button)
}

/** With nothing live, to discard is to delete all that was entered. */
function deletion(view: SettingsView): Html {
  return confirmed(view, 'discard', {
    summary: 'Delete these settings …',
    text: `Issuer, Client ID, Client Secret and everything under “Advanced” are deleted, and have to be entered and tested again.${
      rollbackOf(view) === null ? '' : ' The previous settings are kept.'
    }`,
    button: 'Delete these settings',
  })
}

function disable(view: SettingsView): Html {
  return confirmed(view, 'disable', {
    summary: 'Disable …',
    text: 'Everybody who signed in through SSO is signed out at once, and nobody can sign in through it any more. The settings are kept, one press of “Enable” away; that does not bring the sessions back.',
    button: 'Disable single sign-on',
  })
}

/** A command that takes something away: one press shows what, the next one does it. */
function confirmed(
  view: SettingsView,
  command: string,
  { summary, text, button }: { readonly summary: string; readonly text: string; readonly button: string },
): Html {
  const content = html`<p>${text}</p>
    <button class="button danger" type="submit" id="${command}-button">${button}</button>`
  return html`<details class="confirm" id="${command}-panel">
    <summary class="button">${summary}</summary>
    ${form(to(view, command), { version: view.version }, content)}
  </details>`
}

function to({ csrf_token, organization_id }: SettingsView, command: string) {
  return { id: command, csrf_token, action: settingsPath(organization_id, `/${command}`) }
}
