/** What the pages show: plain values, made by the routes, so that a page is a pure function of its view. */
import type {
  Access,
  Answer,
  Blame,
  Change,
  CheckId,
  Durations,
  Explanation,
  Fault,
  Notice,
  Policy,
  Problem,
  Rule,
  Settings,
} from '@relying-party/core'
import type { AttemptFilter } from '../attempts.ts'
import type { AuditRecord } from '../audit.ts'
import type { Paged } from '../paging.ts'

/** A failure as people read it: what happened, who acts, what to do. Facts of the peer are bounded, not yet escaped. */
export interface FailureView {
  readonly code: string
  readonly blame: Blame
  readonly message: string
  readonly remedy: string
  readonly spec: string | null
  readonly detail: Readonly<Record<string, string | number | boolean | null | readonly string[]>>
}

/** One revision of the settings: the candidate, or what members use. */
export interface RevisionView {
  readonly revision: number
  readonly fingerprint: string
  readonly settings: Settings
  readonly client_secret_set: boolean
  /** Stands for the secret: it tells one from another, and nothing of it. */
  readonly client_secret_id: string | null
  readonly saved_at: number
  readonly saved_by: string
  readonly tested_at: number | null
  readonly last_test:
    | null
    | { readonly outcome: 'running'; readonly at: number }
    | { readonly outcome: 'passed'; readonly at: number; readonly attempt_id: string }
    | { readonly outcome: 'failed'; readonly at: number; readonly attempt_id: string; readonly failure: FailureView }
}

/** What was typed, to be shown again when it could not be saved: nothing that a person entered is lost, save for the secret. */
export type FormValues = Readonly<Record<string, string>>

export interface AttemptView {
  readonly attempt_id: string
  readonly purpose: 'login' | 'test' | null
  readonly outcome: 'succeeded' | 'failed'
  readonly at: number
  readonly revision: number | null
  readonly failure: FailureView | null
  readonly subject: string | null
  /** What the provider said about the person, and what the policy made of it; null when it did not get that far. */
  readonly claims: Readonly<Record<string, unknown>> | null
  readonly access: Access | null
  /** Only of tests: why the policy would refuse this person at a login. */
  readonly refusal: FailureView | null
  /** Every check and the one that decided; none when the events are not kept. */
  readonly explanation: Explanation
  readonly durations: Durations
  /** How many sign-ins of one minute it stands for: more than one only of those that never came back. */
  readonly count: number
  /** The events are not kept: there is nothing to replay. */
  readonly omitted: boolean
}

/** One change of a connection, as the history tells it. */
export type ChangeView = Omit<AuditRecord, 'organization_id' | 'connection_id' | 'fingerprint'>

/** The smallest single change with which a refused login would have succeeded, or at least come further. */
export interface ProposalView {
  readonly change: Change
  readonly answer: Answer
}

/** What a policy that is not saved yet would change for people whose sign-in is recorded. */
export interface PolicyPreviewView {
  /** How many people there was something to say of. */
  readonly considered: number
  /** Of them: whose sign-in never asked for what the policy looks at. */
  readonly unknown: number
  readonly changes: readonly {
    readonly attempt_id: string
    readonly at: number
    /** A verified or unverified address, or the subject. */
    readonly person: string
    /** The role; null: refused. */
    readonly from: string | null
    readonly to: string | null
    /** Why they would be refused. */
    readonly refusal: FailureView | null
  }[]
}

export interface SettingsView {
  readonly organization_id: string
  readonly status: 'draft' | 'tested' | 'enabled'
  readonly candidate: RevisionView | null
  readonly live: RevisionView | null
  readonly previous: RevisionView | null
  readonly staged_client_secret_set: boolean
  readonly policy: Policy
  /** Why the policy forbids that the candidate, which passed its test, is enabled. */
  readonly lock_out: FailureView | null
  readonly version: string | null
  /** The address that the administrator's browser used, as far as it is known to be none of ours; null otherwise. */
  readonly called_as: string | null
  /** To register at the provider. */
  readonly redirect_uri: string
  readonly post_logout_redirect_uri: string
  readonly initiate_login_uri: string
  /** Where members start. */
  readonly login_url: string
  /** Settings and policy as typed, when the last submission was refused. */
  readonly typed: FormValues | null
  /** Whether a client secret was typed as well, which is never shown again. */
  readonly entered_secret: boolean
  /** What the last submission saved, where the page has to say so. */
  readonly saved: 'settings' | 'policy' | null
  /** Fields of what was typed that differ from what is stored, and that nobody pressed the button of. */
  readonly unsaved: readonly string[]
  readonly faults: readonly Fault[]
  readonly notices: readonly Notice[]
  /** A command that was refused ("Enable" without a test …). */
  readonly refusal: FailureView | null
  /** Somebody else saved in between; what was typed is shown, nothing was overwritten. */
  readonly conflict: boolean
  /** The newest of both histories. */
  readonly attempts: Paged<AttemptView>
  readonly changes: Paged<ChangeView>
  /** The attempt of the last test of what is edited, however it ended; null before the first, and once it is forgotten. */
  readonly last_attempt: AttemptView | null
  /** Asked for by “Preview”; what was previewed stands in `typed`. */
  readonly preview: PolicyPreviewView | null
  /** Why no role rule matches whoever tested last; of the policy that is previewed, where one is. */
  readonly unmatched: Problem | null
  /** What would have mended the last test. */
  readonly proposal: ProposalView | null
  readonly csrf_token: string
  readonly admin: string
  readonly now: number
  /** Seconds after which nobody comes back from a test any more. */
  readonly test_lifetime: number
}

export interface FailurePageView {
  readonly organization_id: string | null
  readonly failure: FailureView
  readonly attempt_id: string | null
  /** Whom the policy refused, as they are known: an address, or the subject; null where it was nobody in particular. */
  readonly person: string | null
  /** One press starts the sign-in again. */
  readonly login_url: string | null
  /** For whoever may have been testing: the settings page. */
  readonly settings_url: string | null
}

/** The step between “Update and test” and the provider: a form post may not be redirected to another origin by our CSP. */
export interface TestingPageView {
  readonly organization_id: string
  /** Absolute http(s) URL, or a path of this server. */
  readonly test_url: string
  /** Shown to the person: “Taking you to example.okta.com …”. */
  readonly provider_host: string
  /** Changes of the policy that were typed and not saved: they would not come back from the provider; null without any. */
  readonly unsaved: { readonly typed: FormValues; readonly csrf_token: string; readonly version: string } | null
}

export interface AdminSignInPageView {
  /** Where to go afterwards: a path of this server. */
  readonly next: string
  /** One plain sentence; null at the first visit. */
  readonly error: string | null
  /** What was typed when the session had ended: it is shown again after signing in. */
  readonly typed: FormValues | null
}

/** After signing in again: one press leads back to what was typed. */
export interface ResumePageView {
  readonly next: string
  readonly typed: FormValues
  readonly csrf_token: string
}

export interface AttemptPageView {
  readonly organization_id: string
  readonly attempt: AttemptView
  readonly proposal: ProposalView | null
  /** Of the connection, when the attempt was made with the settings that are edited now; null: nothing can be applied. */
  readonly version: string | null
  readonly csrf_token: string
  readonly admin: string
}

/** A part of what became of sign-ins and tests. */
export interface AttemptsPageView {
  readonly organization_id: string
  readonly attempts: Paged<AttemptView>
  readonly filter: AttemptFilter
  readonly is_newest: boolean
  readonly csrf_token: string
  readonly admin: string
}

/** A part of the history of changes. */
export interface ChangesPageView {
  readonly organization_id: string
  readonly changes: Paged<ChangeView>
  readonly is_newest: boolean
  readonly csrf_token: string
  readonly admin: string
}

/** What a check of a login demands, for whoever wants to know more than that it failed. */
export interface CheckPageView {
  readonly organization_id: string
  readonly id: CheckId
  readonly check: Rule
  readonly csrf_token: string
  readonly admin: string
}

/** Landing page of the development server: who signed in, as the product would know them. */
export interface MemberPageView {
  readonly organization_id: string
  readonly subject: string
  readonly issuer: string
  readonly email: string | null
  readonly role: string | null
  readonly claims: Readonly<Record<string, unknown>>
  readonly authenticated_at: number
  readonly expires_at: number
}

export interface SignedOutPageView {
  readonly organization_id: string
  /** Starts the sign-in again; null where there is nothing to sign in to. */
  readonly login_url: string | null
}

/** What only the administrator of this server sees. */
export interface OrganizationsPageView {
  readonly organizations: readonly {
    readonly organization_id: string
    readonly status: 'draft' | 'tested' | 'enabled'
  }[]
  /** The last of them, when there are more. */
  readonly more_after: string | null
  readonly csrf_token: string
  readonly admin: string
}
