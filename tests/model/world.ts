/**
 * The state that is explored, as plain values that are never changed in place: what the server has stored, what the
 * browsers hold, what the providers know, which requests are being handled, and the {@link Ledger} of what has really
 * happened, against which the invariants hold the product.
 */
import type { Collection, Json, Known, KnownKeys, ProviderMetadata } from '@relying-party/core'

/** `acme` signs in with an honest provider; `evil` belongs to the attacker, who runs its provider as well. */
export const organizations = ['acme', 'evil'] as const
export type Organization = (typeof organizations)[number]
export const browsers = ['victim', 'attacker'] as const
export type Browser = (typeof browsers)[number]
export type Provider = 'honest' | 'rogue'

export const baseUrl = 'https://rp.example'
export const issuerOf = (provider: Provider): string => `https://${provider}.example`
export const providerAt = (url: string): Provider =>
  new URL(url).hostname.split('.')[0] === 'rogue' ? 'rogue' : 'honest'
export const redirectUriOf = (organization: string): string => `${baseUrl}/organizations/${organization}/oidc/consume`

export interface Row {
  readonly value: Json
  readonly version: string
}

export interface Knowledge {
  readonly provider_metadata?: Known<ProviderMetadata>
  readonly jwks?: KnownKeys
}

/** An authorization code, and what the provider that issued it knows of it. */
export interface Code {
  readonly provider: Provider
  readonly client_id: string
  readonly redirect_uri: string
  readonly nonce: string
  readonly user: Browser
  /** When a token was issued for it; a code is good for one. */
  readonly spent_at: number | null
}

/** What a request to the server is: a browser's or provider's over HTTP, or an administrator's command. */
export type Call =
  | {
      readonly method: 'GET' | 'POST'
      readonly route: string
      readonly organization: Organization
      readonly query?: string
      readonly form?: string
      readonly browser: Browser | null
      readonly cookies: Readonly<Record<string, string>>
    }
  | { readonly command: string; readonly organization: Organization; readonly input: Json }

/** What an instance has seen of the world while it handled a request: with it the handling can be taken up again. */
export interface Seen {
  readonly at: number
  readonly result: unknown
  readonly unavailable?: true
}

/** A request whose handling waits: for the token endpoint, or just before it writes a connection. */
export interface Pending {
  readonly id: string
  readonly call: Call
  readonly seed: string
  readonly log: readonly Seen[]
  readonly learnt: Readonly<Record<string, Knowledge>>
  readonly waits_for: { readonly token: TokenRequest } | { readonly write: string }
}

/** A token request, taken apart. */
export interface TokenRequest {
  readonly url: string
  readonly client_id: string
  readonly client_secret: string | null
  readonly code: string
  readonly code_verifier: string
  readonly redirect_uri: string
}

/** A flow as it was really started. */
export interface StartedFlow {
  /** Names it in traces. */
  readonly label: string
  readonly browser: Browser
  readonly purpose: 'login' | 'test'
  readonly organization_id: string
  readonly connection_id: string
  readonly revision: number
  readonly settings: string
  readonly issuer: string
  readonly client_id: string
  readonly nonce: string
  readonly code_challenge: string
  readonly started_at: number
}

/** What has really happened. No part of the product reads or writes it. */
export interface Ledger {
  /** By `state`. */
  readonly flows: Readonly<Record<string, StartedFlow>>
  /** Token requests that left, and for which flow's callback; `refused_client` when the secret was not accepted. */
  readonly sent: readonly (TokenRequest & { readonly state: string; readonly refused_client: boolean })[]
  /** Sessions that began, by the `state` of the callback. */
  readonly sessions: Readonly<Record<string, number>>
  /** Records of sessions that were there when SSO was disabled. */
  readonly outlived: readonly string[]
  /** {@link proofOf} what somebody has really signed in with. */
  readonly proved: readonly string[]
  /** Logout tokens that were accepted, and those that the issuer signed while the store failed. */
  readonly logouts: readonly {
    readonly connection_id: string
    readonly iss: string
    readonly sub: string
    readonly iat: number
    readonly acknowledged: boolean
  }[]
  /** Token endpoints that the attacker's provider has published. */
  readonly rogue_endpoints: readonly string[]
}

export interface World {
  readonly now: number
  /** Before and after the set-up of a scene: what is drawn in one is never drawn again in the other. */
  readonly era: 0 | 1
  readonly records: Readonly<Record<Collection, Readonly<Record<string, Row>>>>
  /** How often a record was written: the source of versions. */
  readonly writes: Readonly<Record<string, number>>
  readonly learnt: Readonly<Record<string, Knowledge>>
  readonly cookies: Readonly<Record<Browser, Readonly<Record<string, string>>>>
  readonly codes: Readonly<Record<string, Code>>
  readonly pending: readonly Pending[]
  readonly honest: { readonly generation: number; readonly retired: boolean }
  readonly rogue: { readonly document: RogueDocument }
  readonly faults: number
  readonly ledger: Ledger
}

/** What the attacker's provider publishes: its own, or one that borrows from the honest provider. */
export const rogueDocuments = ['own', 'keys_of_honest', 'token_endpoint_of_honest', 'issuer_of_honest'] as const
export type RogueDocument = (typeof rogueDocuments)[number]

export const emptyWorld: World = {
  now: 1_800_000_000,
  era: 0,
  records: { connections: {}, attempts: {}, audit: {}, claims: {}, sessions: {} },
  writes: {},
  learnt: {},
  cookies: { victim: {}, attacker: {} },
  codes: {},
  pending: [],
  honest: { generation: 1, retired: false },
  rogue: { document: 'own' },
  faults: 0,
  ledger: {
    flows: {},
    sent: [],
    sessions: {},
    proved: [],
    outlived: [],
    logouts: [],
    rogue_endpoints: [`${issuerOf('rogue')}/token`],
  },
}
