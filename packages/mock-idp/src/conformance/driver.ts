/**
 * The driver contract: the little that a run must know about a relying party. A driver says where the relying party
 * listens, tells it about a provider, names the addresses that a browser opens, and reads what became of it.
 *
 * A driver is an object of this shape: the default export of an ES module (or what its default export answers, when that
 * is a function), or made from a JSON file by `json-driver.ts`.
 */
import type { ClientAuthenticationMethod } from '../options.ts'
import type { ResponseMode } from './plans.ts'
import type { UserAgent, Visit } from './user-agent.ts'

/** A relying party, as a run sees it. */
export interface Driver {
  /** What the report calls the relying party. */
  name: string
  /**
   * What it can do beyond a plain login: `true`, or why not. A module that needs what is not `true` here is reported as
   * not supported, with the reason.
   */
  abilities?: Partial<Record<Ability, true | string>>
  /**
   * Where the specification leaves it to the relying party (`either` in a row), what this one says that it does. It is
   * held to its word.
   */
  promises?: Partial<Record<string, 'accepted' | 'refused'>>
  /** Where to start the provider, for a relying party that cannot be told its issuer anew for every module. */
  provider?: { port?: number; host?: string; public_url?: string }
  /** Client id and secret, for a relying party that cannot be told them. */
  client?: { client_id: string; client_secret: string }
  /** Before the first module. */
  start?(): Promise<void> | void
  /** Where the relying party listens: what a person would register at the provider. */
  addresses(assignment: Assignment): Addresses | Promise<Addresses>
  /** Makes the relying party use this provider. Whatever it checks already now may be its answer. */
  setUp(setUp: SetUp): Promise<Party | Refused> | Party | Refused
  /** After the last module. */
  stop?(): Promise<void> | void
}

/** What a relying party may or may not be able to do. */
export const abilities = [
  'form_post',
  'initiate_login',
  'rp_initiated_logout',
  'backchannel_logout',
  'refresh',
  /** Asks the provider with `prompt=none` and `max_age=0` when told to. */
  'prompt_none',
  'id_token_es256',
  'id_token_hs256',
  /** Presents the access token to UserInfo in the body of a POST. */
  'userinfo_in_body',
  'distributed_claims',
  'mtls',
] as const

/** One of them. */
export type Ability = (typeof abilities)[number]

/** Which module is about to run; a relying party that keeps things apart by this name keeps modules apart. */
export interface Assignment {
  plan: string
  module: string
  /** Different in every module of a run: letters, digits and dashes. */
  id: string
}

/** Where the relying party listens. */
export interface Addresses {
  redirect_uri: string
  post_logout_redirect_uri?: string
  backchannel_logout_uri?: string
  initiate_login_uri?: string
  /** For `private_key_jwt`. */
  jwks_uri?: string
}

/** The client that was registered for this module, in the words of Client Metadata. */
export interface ClientUnderTest {
  client_id: string
  client_secret: string
  redirect_uri: string
  post_logout_redirect_uri?: string
  token_endpoint_auth_method: ClientAuthenticationMethod
  response_type: 'code'
  response_mode: ResponseMode
  scope: string
  id_token_signed_response_alg: 'RS256' | 'ES256' | 'HS256'
  /** To be demanded of the provider at every login. */
  max_age?: number
  /** How the access token is to be presented to UserInfo. */
  userinfo_bearer: 'header' | 'body'
}

/** What a relying party needs to know of a provider. */
export interface SetUp extends Assignment {
  issuer: string
  client: ClientUnderTest
  /** Ends when the module is given up. */
  signal: AbortSignal
}

/** A relying party that was told about the provider of one module. */
export interface Party {
  /** What a browser opens to sign in. */
  login(parameters?: { prompt?: 'none' }): Step
  /** What a browser opens to sign out, here and at the provider. */
  logout?(): Step
  /** What makes the relying party use its refresh token. */
  refresh?(): Step
  /**
   * What came of it: of the step that ended in this visit, or without a visit who is signed in in this browser now.
   */
  outcome(agent: UserAgent, visit: Visit | undefined): Promise<Outcome> | Outcome
  /** After the module. */
  close?(): Promise<void> | void
}

/** One thing that a browser does. */
export interface Step {
  url: string
  method?: 'GET' | 'POST'
  form?: Record<string, string>
  headers?: Record<string, string>
  /** Stops before this address is requested, where the relying party is done and something else begins. */
  until?: (url: URL) => boolean
}

/** The typed answer of a relying party. */
export type Outcome = Authenticated | Refused | Nobody | NoAnswer

/** Somebody is signed in. */
export interface Authenticated {
  answer: 'authenticated'
  /** The subject, as the relying party identifies the person. */
  sub: string
  /** What the relying party knows of the person, ID Token and UserInfo together. */
  claims?: Record<string, unknown>
}

/** The relying party refused, and says why. */
export interface Refused {
  answer: 'refused'
  /** Its own code. */
  code: string
  /** What that code means, where the driver can tell; several where the code is coarser than the rules. */
  reason?: Reason | Reason[]
  status?: number
}

/** Nobody is signed in, and nothing was refused. */
export interface Nobody {
  answer: 'nobody'
}

/** No answer that could be read: a crash, a hang, a page that says nothing. Never good enough. */
export interface NoAnswer {
  answer: 'none'
  because: string
}

/** The rules by neutral names, for codes are everybody's own. `other` is a refusal for a reason that is none of these. */
export const reasons = [
  'discovery_issuer',
  'authorization_error',
  'id_token_iss',
  'id_token_sub',
  'id_token_aud',
  'id_token_iat',
  'id_token_nonce',
  'id_token_alg',
  'id_token_key',
  'id_token_signature',
  'userinfo_sub',
  'logout_state',
  'other',
] as const

/** One of them. */
export type Reason = (typeof reasons)[number]
