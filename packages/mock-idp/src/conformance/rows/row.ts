/** What a row says about a module, and the three shapes that most of them have. */
import type { ClientOptions, FaultOptions, MockOktaOptions } from '../../options.ts'
import type { Endpoint } from '../../ledger.ts'
import type { Rotation } from '../../keys.ts'
import type { Ability, ClientUnderTest, Reason } from '../driver.ts'
import type { Expected, Observation } from '../verdict.ts'

/** What the browser of a module does. */
export type Course = 'login' | 'two_logins' | 'initiate_login' | 'refresh' | 'logout' | 'backchannel_logout'

/** When the provider begins to misbehave. */
export type Moment = 'set_up' | 'login' | 'refresh' | 'logout'

/** A fault of the catalogue, alone or with its options. */
export type Tampering = string | ({ name: string } & FaultOptions)

/** One module: what the provider does, and what a relying party must do then. */
export interface Row {
  /** What the provider does, in one sentence. */
  does: string
  /** What is expected, in one sentence. */
  expects: string
  /** The clause of the specification. */
  clause: string
  course: Course
  /** What the relying party must be able to do for this module to mean anything. */
  needs?: readonly Ability[]
  /** Faults of the provider. The first is the one that counts: after it the forbidden calls are forbidden. */
  faults?: readonly Tampering[]
  /** Default `login`: the relying party was set up with an honest provider. */
  from?: Moment
  /** Keys rotate like this before these logins. */
  rotation?: { mode: Rotation; before: readonly ('first' | 'second')[] }
  provider?: Partial<MockOktaOptions>
  client?: Partial<ClientOptions> &
    Pick<Partial<ClientUnderTest>, 'scope' | 'max_age' | 'userinfo_bearer' | 'response_mode'>
  /** An honest login first, which must succeed: for what a relying party may not know how to do at all. */
  control?: true
  /** What the login is started with. */
  parameters?: { prompt?: 'none' }
  expected: Expected
  /** The reasons that are right ones for a refusal. */
  reasons?: readonly Reason[]
  /** Calls that must be made, as often as they are listed; counted from `from` on. */
  required: readonly Endpoint[]
  /** The first call of each pair comes before the first of the second. */
  order?: readonly (readonly [first: Endpoint, then: Endpoint])[]
  /** Calls that must not be made once the tampered artefact was delivered. */
  forbidden?: readonly Endpoint[]
  /** What else must be true; answers what is not. */
  check?: (observation: Observation) => string[]
}

/** A module in which nothing is wrong: the relying party must sign the person in, and ask for UserInfo. */
export function acceptedLogin(row: Pick<Row, 'does' | 'expects' | 'clause'> & Partial<Row>): Row {
  return { course: 'login', expected: 'accepted', required: ['token', 'userinfo'], ...row }
}

/** A module with a bad ID Token: the relying party must refuse, and must not use the access token. */
export function refusedIdToken(
  faults: readonly Tampering[],
  reasons: readonly Reason[],
  row: Pick<Row, 'does' | 'expects' | 'clause'> & Partial<Row>,
): Row {
  return {
    course: 'login',
    expected: 'refused',
    faults,
    reasons,
    required: ['token'],
    forbidden: ['userinfo'],
    ...row,
  }
}
