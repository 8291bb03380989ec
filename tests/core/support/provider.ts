/**
 * A provider as plain data: every message that it sends is valid, and a test overrides the one member that is to be
 * wrong. All of it happens at {@link at}, years away from the ambient clock: whoever reads that one is found out.
 */
import { createHash } from 'node:crypto'
import {
  defaultPolicy,
  defaultTolerances,
  type AuthorizationResponseReceived,
  type ClientSettings,
  type FlowEvent,
  type HttpRequest,
  type HttpResponse,
  type Known,
  type KnownKeys,
  type JwkSet,
  type LoginRequested,
  type Policy,
  type ProviderMetadata,
  type RelyingParty,
  type Tolerances,
} from '@relying-party/core'
import { encode, publicJwk, signature, type KeyName } from './keys.ts'

export const at = 1_900_000_000

export const issuer = 'https://idp.example'
export const redirect_uri = 'https://app.example/organizations/acme/sso/callback'

/** None of these may ever turn up in a failure. */
export const secrets = {
  client_secret: 'canary-client-secret',
  staged_client_secret: 'canary-staged-secret',
  code: 'canary-authorization-code',
  code_verifier: 'canary-code-verifier-of-43-characters-length',
  access_token: 'canary-access-token',
  refresh_token: 'canary-refresh-token',
  nonce: 'canary-nonce',
}

export const random: LoginRequested['random'] = {
  state: 'state-of-this-flow',
  nonce: secrets.nonce,
  code_verifier: secrets.code_verifier,
}

export const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/keys`,
  userinfo_endpoint: `${issuer}/userinfo`,
  end_session_endpoint: `${issuer}/logout`,
  response_types_supported: ['code'],
  id_token_signing_alg_values_supported: [
    'RS256',
    'PS256',
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
    'Ed25519',
    'HS256',
    'none',
  ],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
} satisfies ProviderMetadata

export const jwks = { keys: (['rsa', 'p256', 'p384', 'p521', 'ed25519'] as const).map((name) => publicJwk(name)) }

/** A fat ID Token's claims: nothing is left to ask UserInfo for. */
export const claims = {
  iss: issuer,
  sub: 'user-1',
  aud: 'client-1',
  exp: at + 3600,
  iat: at,
  nonce: random.nonce,
  name: 'Ada Lovelace',
  email: 'ada@acme.example',
  email_verified: true,
}

export interface Minting {
  /** Members to replace; `undefined` takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly alg?: string
  readonly key?: KeyName | Buffer
  /** The payload's very bytes, instead of `claims`. */
  readonly payload?: string | Uint8Array
}

const keyOf = (alg: string): KeyName =>
  (({ ES256: 'p256', ES384: 'p384', ES512: 'p521', EdDSA: 'ed25519', Ed25519: 'ed25519' }) as const)[alg] ?? 'rsa'

/** A valid ID Token, save for what is asked for. */
export function mint({ claims: changed, header, alg = 'RS256', key = keyOf(alg), payload }: Minting = {}): string {
  const kid = typeof key === 'string' ? publicJwk(key).kid : undefined
  const input = `${encode({ alg, kid, ...header })}.${encode(payload ?? { ...claims, ...changed })}`
  return `${input}.${signature(alg, key, input)}`
}

/** `at_hash` and `c_hash` as the specification computes them. */
export function halfHash(hash: 'sha256' | 'sha384' | 'sha512', text: string): string {
  const digest = createHash(hash).update(text).digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

export type Overrides = Partial<Omit<RelyingParty, 'client' | 'policy' | 'tolerances'>> & {
  readonly client?: { readonly [M in keyof ClientSettings]?: ClientSettings[M] | undefined }
  readonly policy?: Partial<Policy>
  readonly tolerances?: Partial<Tolerances>
}

/** A relying party that has been told everything but what the provider publishes. */
export function relyingParty({ client, policy, tolerances, ...rest }: Overrides = {}): RelyingParty {
  return {
    organization_id: 'acme',
    connection_id: 'connection-1',
    revision: 1,
    issuer,
    client: withoutUndefined({
      client_id: 'client-1',
      client_secret: secrets.client_secret,
      redirect_uri,
      scope: 'openid profile email',
      response_mode: 'query',
      userinfo: 'when_needed',
      ...client,
    }) as unknown as ClientSettings,
    policy: { ...defaultPolicy, ...policy },
    tolerances: { ...defaultTolerances, ...tolerances },
    ...rest,
  }
}

/** What a relying party has learnt from the provider some seconds ago; and asked for in vain, if so. */
export function known(age = 0, missed?: number): { provider_metadata: Known<ProviderMetadata>; jwks: KnownKeys } {
  const fetched_at = at - age
  const keys = { value: jwks as unknown as JwkSet, fetched_at, ...(missed !== undefined && { missed_at: at - missed }) }
  return { provider_metadata: { value: metadata, fetched_at }, jwks: keys }
}

// ── what arrives ────────────────────────────────────────────────────────────────────────────────────────────────────

export function json(body: unknown, changed: Partial<HttpResponse> = {}): HttpResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...changed }
}

export function html(status = 200): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: '<!doctype html><title>Sign in</title>',
  }
}

export function loginRequested(changed: Partial<LoginRequested> = {}): LoginRequested {
  return { type: 'login_requested', at, purpose: 'login', return_to: '/projects', random, ...changed }
}

export function authorizationResponse(
  parameters: Readonly<Record<string, string | undefined>> | AuthorizationResponseReceived['parameters'] = {},
  changed: Partial<AuthorizationResponseReceived> = {},
): AuthorizationResponseReceived {
  const pairs = Array.isArray(parameters)
    ? (parameters as AuthorizationResponseReceived['parameters'])
    : Object.entries(withoutUndefined({ code: secrets.code, state: random.state, ...parameters }))
  return {
    type: 'authorization_response_received',
    at,
    organization_id: 'acme',
    response_mode: 'query',
    parameters: pairs as AuthorizationResponseReceived['parameters'],
    ...changed,
  }
}

/** What the provider answers, message by message: a document, a whole response, or the reason why none came. */
export interface Answers {
  readonly provider_metadata?: HttpResponse | RequestFailed
  readonly token?: HttpResponse | RequestFailed | readonly (HttpResponse | RequestFailed)[]
  readonly jwks?: HttpResponse | RequestFailed
  readonly userinfo?: HttpResponse | RequestFailed
}
type RequestFailed = Extract<FlowEvent, { type: 'request_failed' }>['reason']

export function tokenBody(changed: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const body = { access_token: secrets.access_token, token_type: 'Bearer', expires_in: 3600, scope: 'openid' }
  return { ...body, id_token: mint(), ...changed }
}

/** A token response whose ID Token says no more than who it is. */
export const thin = json(
  tokenBody({ id_token: mint({ claims: { name: undefined, email: undefined, email_verified: undefined } }) }),
)

/** A token endpoint that does not accept the client. */
export const refused = json({ error: 'invalid_client' }, { status: 401 })

export const userinfo = { sub: claims.sub, email: 'ada@acme.example', email_verified: true, groups: ['Engineering'] }

/** Answers requests as a provider does, out of {@link Answers}. */
export function provider(answers: Answers = {}): (request: HttpRequest, at: number) => FlowEvent {
  const tokens = [answers.token ?? json(tokenBody())].flat() as (HttpResponse | RequestFailed)[]
  return ({ message }, at) => {
    const all = {
      provider_metadata: answers.provider_metadata ?? json(metadata),
      token: tokens.length > 1 && message === 'token' ? tokens.shift()! : tokens[0]!,
      jwks: answers.jwks ?? json(jwks),
      userinfo: answers.userinfo ?? json(userinfo),
    }
    const answer = all[message]
    if (typeof answer === 'string') return { type: 'request_failed', at, reason: answer }
    const type = ({ token: 'token_response_received', userinfo: 'userinfo_response_received' } as const)[
      message as 'token'
    ]
    return { type: type ?? `${message as 'jwks'}_received`, at, response: answer }
  }
}

export function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T
}
