/** Where an organization stands, as the page tells it: derived from the view once, so that every section says the same. */
import type { AttemptView, ChangeView, FailureView, RevisionView, SettingsView } from '../model.ts'

/** Where one revision stands. A test that passed has passed, also when a later one failed or is under way. */
export type RevisionState = 'saved' | 'testing' | 'test_abandoned' | 'failed' | 'tested'

export type PageState = 'empty' | RevisionState | 'disabled' | 'enabled' | 'pending'

export function revisionState({ tested_at, last_test }: RevisionView, clock: Clock): RevisionState {
  if (tested_at !== null) return 'tested'
  if (last_test === null || last_test.outcome === 'passed') return 'saved'
  if (last_test.outcome === 'failed') return 'failed'
  return isUnderWay(last_test, clock) ? 'testing' : 'test_abandoned'
}

type Clock = Pick<SettingsView, 'now' | 'test_lifetime'>

/** Whether somebody may still come back from the last test. */
export function isUnderWay(last_test: RevisionView['last_test'], { now, test_lifetime }: Clock): boolean {
  return last_test?.outcome === 'running' && now - last_test.at <= test_lifetime
}

export function pageState(view: SettingsView): PageState {
  const { candidate, live } = view
  if (live !== null) return candidate === null ? 'enabled' : 'pending'
  if (candidate === null) return 'empty'
  const isWhatWasDisabled = candidate.tested_at !== null && disablement(view)?.revision === candidate.revision
  return isWhatWasDisabled ? 'disabled' : revisionState(candidate, view)
}

/** Who disabled single sign-on, and when; null while something is live, and where the history that is shown does not tell. */
export function disablement({ live, changes }: SettingsView): ChangeView | null {
  const latest = changes.entries.find(({ type }) => ['enabled', 'disabled', 'deleted'].includes(type))
  return live === null && latest?.type === 'disabled' ? latest : null
}

/** What the form edits and “Update and test” tries: the pending change, or what members use. */
export function editedRevision({ candidate, live }: SettingsView): RevisionView | null {
  return candidate ?? live
}

/** Why the policy of today refuses whoever tested what is edited, whether or not members must use SSO; null when it does not. */
export function refusalOfTester(view: SettingsView): FailureView | null {
  const { last_attempt } = view
  const isOfIt = last_attempt?.outcome === 'succeeded' && last_attempt.revision === editedRevision(view)?.revision
  return isOfIt ? last_attempt.refusal : null
}

interface LastFailure {
  readonly failure: FailureView
  readonly attempt_id: string
  readonly at: number
  /** null when it is no longer kept. */
  readonly attempt: AttemptView | null
}

/** The failure of the last test of what is edited, if that is how it ended. */
export function lastFailure(view: SettingsView): LastFailure | null {
  const { last_attempt: attempt } = view
  const last_test = editedRevision(view)?.last_test
  if (last_test?.outcome !== 'failed') return null
  return { ...last_test, attempt: attempt?.attempt_id === last_test.attempt_id ? attempt : null }
}

/** What was live before, when it may be enabled again. */
export function rollbackOf({ previous, live, candidate }: SettingsView): RevisionView | null {
  if (previous === null || previous.tested_at === null) return null
  const others = [live?.fingerprint, candidate?.fingerprint]
  return others.includes(previous.fingerprint) ? null : previous
}

/** Why “Enable” cannot be pressed, in words; null when it can. */
export function enableObstacle(view: SettingsView): string | null {
  const { candidate } = view
  if (candidate === null) return 'Enter the settings and pass a test first.'
  switch (revisionState(candidate, view)) {
    case 'tested':
      return view.lock_out === null ? null : 'Your policy would lock out whoever tested. Change it first.'
    case 'testing':
      return 'The test has to be finished first.'
    case 'failed':
      return 'The last test failed. It has to pass first.'
    default:
      return 'Exactly these settings have to pass a test first.'
  }
}
