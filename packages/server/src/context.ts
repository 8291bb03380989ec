/** What every part of the server works with: made once from the plugin's options. */
import {
  type AwaitingAuthorizationResponse,
  defaultTolerances,
  keyRing,
  type AuthenticatedLogin,
  type Connection,
  type Crypto,
  type KeyRing,
  type Store,
  type Tolerances,
} from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { randomFillSync } from 'node:crypto'
import { BoundedMap } from './bounded-map.ts'
import type { Outbound } from './outbound/index.ts'
import type { RateLimits } from './rate-limits.ts'
import type { Session } from './sessions.ts'

/** Somebody who may change the SSO of an organization. */
export interface Admin {
  /** Shown beside what they change. */
  readonly name: string
}

export interface RelyingPartyOptions {
  /** Our own origin as browsers see it, without a trailing slash. Never derived from a request. */
  readonly base_url: string
  /** Connections, attempts: durable. */
  readonly store: Store
  /** Claims of flows, sessions: may be another backend. */
  readonly session_store: Store
  /** base64url 32-byte keys: the first seals, all open. */
  readonly secret_keys: readonly string[]
  /** The guarded client for every URL that a tenant or a provider supplies. */
  readonly outbound: Outbound
  /** Whether this plain http URL may be saved as an issuer; none may by default. */
  readonly allowsHttp?: (url: string) => boolean
  /**
   * Who this request is, if it may administer the organization (`null`: any of them); null refuses.
   * The default accepts `Authorization: Bearer <admin_token>` and the admin session of the sign-in page.
   */
  readonly authorizeAdmin?: (
    request: FastifyRequest,
    organization_id: string | null,
  ) => Promise<Admin | null> | Admin | null
  /** The token of the default `authorizeAdmin`; without it nobody is an administrator. */
  readonly admin_token?: string
  /** Called after a member was authenticated and before the answer is sent; may set own cookies on the reply. */
  readonly onAuthenticated?: (login: AuthenticatedLogin, session: Session, reply: FastifyReply) => Promise<void> | void
  /**
   * Requests per minute, where they are to differ from the default; false: no limits. The client's address is the
   * application's `request.ip`: behind a proxy it needs Fastify's `trustProxy`.
   */
  readonly rate_limits?: Partial<RateLimits> | false
  /** Told of what happened, for metrics: labels hold outcomes, codes and purposes, never organizations or people. */
  readonly count?: Context['count']
  /** Epoch seconds; the ambient clock by default. */
  readonly now?: () => number
  /** Cryptographically random bytes; the runtime's source by default. */
  readonly random?: (bytes: number) => Uint8Array<ArrayBuffer>
  readonly tolerances?: Partial<Tolerances>
  readonly crypto?: Crypto
  /** Where to log; Fastify's own logger by default. */
  readonly log?: Log
  /**
   * Repeats the housekeeping every so many seconds until the returned function is called; by default a timer of the
   * runtime that keeps no process alive.
   */
  readonly schedule?: (seconds: number, task: () => Promise<void>) => () => void
}

export interface Context {
  readonly base_url: string
  /** Whether browsers reach us over https: cookies are then `Secure` and carry the `__Host-` prefix. */
  readonly secure: boolean
  readonly store: Store
  readonly session_store: Store
  readonly ring: KeyRing
  readonly outbound: Outbound
  readonly allowsHttp: (url: string) => boolean
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array<ArrayBuffer>
  readonly tolerances: Tolerances
  readonly crypto: Crypto
  /** The flows that this instance sealed lately, by their `state`: in the very form that was sealed they need not be opened. */
  readonly sealed_flows: Map<string, { readonly sealed: string; readonly flow: AwaitingAuthorizationResponse }>
  readonly onAuthenticated: RelyingPartyOptions['onAuthenticated']
  readonly log: Log
  readonly count: (counter: Counter, labels: Record<string, string>, by?: number) => void
}

export type Counter = 'logins' | 'tests' | 'flows_started' | 'rate_limited'

/** The part of a pino logger that is used. */
export interface Log {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** A connection as it was read, and the version to compare when it is written. */
export interface VersionedConnection {
  readonly connection: Connection
  readonly version: string
}

/** Some three megabytes. */
const maximumSealedFlows = 2000

/** What the options leave open is filled in; throws for an address that is not an origin, and for keys that are none. */
export async function contextOf(options: RelyingPartyOptions, log: Log): Promise<Context> {
  const { base_url, store, session_store, outbound, secret_keys } = options
  const crypto = options.crypto ?? nodeCrypto
  const url = new URL(base_url)
  if (url.origin !== base_url)
    throw new TypeError(`base_url must be an origin without a trailing slash, such as ${url.origin}`)
  return {
    base_url,
    secure: url.protocol === 'https:',
    store,
    session_store,
    outbound,
    ring: await keyRing(secret_keys, crypto),
    allowsHttp: options.allowsHttp ?? (() => false),
    now: options.now ?? (() => Date.now() / 1000),
    random: options.random ?? pooledRandom(),
    tolerances: { ...defaultTolerances, ...options.tolerances },
    crypto,
    sealed_flows: new BoundedMap(maximumSealedFlows),
    onAuthenticated: options.onAuthenticated,
    log,
    count: options.count ?? (() => {}),
  }
}

/** The runtime's random source, drawn from in larger portions; every byte is given out once and wiped. */
function pooledRandom(): Context['random'] {
  const pool = new Uint8Array(4096)
  let used = pool.length
  return (bytes) => {
    if (bytes > pool.length) throw new RangeError('nobody needs that many random bytes at once')
    if (used + bytes > pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const taken = pool.slice(used, used + bytes)
    pool.fill(0, used, (used += bytes))
    return taken
  }
}

/** The addresses of an organization, for browsers, providers and people. */
export function addressesOf({ base_url }: Pick<Context, 'base_url'>, organization_id: string) {
  const root = `${base_url}/organizations/${organization_id}`
  return {
    member_url: root,
    redirect_uri: `${root}/oidc/consume`,
    post_logout_redirect_uri: `${root}/oidc/logged-out`,
    initiate_login_uri: `${root}/oidc/initiate`,
    jwks_uri: `${root}/oidc/jwks`,
    backchannel_logout_uri: `${root}/oidc/backchannel-logout`,
    login_url: `${root}/oidc/login`,
    settings_url: `${root}/settings/sso`,
  }
}

/** Ids that may stand in a path, a cookie name and a storage key. */
export function isOrganizationId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(text)
}
