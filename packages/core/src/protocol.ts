/**
 * The only file that imports oauth4webapi, which judges the protocol: its requests are captured instead of sent, its
 * responses are rebuilt from recorded ones, its verdicts become our codes.
 *
 * Rule: what oauth4webapi leaves to its caller (signature, `iat`, `azp` of a single audience, hashes …) is checked in
 * `messages/`, never here; and what it checks is not checked a second time there.
 */
import * as oauth from 'oauth4webapi'
import { signatureAlgorithms } from './crypto.ts'
import { authorizationErrors, bounded, fail, type FailureCode } from './failures.ts'
import type { HttpRequest, Message } from './http.ts'
import type { Claims } from './policy.ts'
import type { ProviderMetadata, RelyingParty } from './relying-party.ts'

type JsonObject = Record<string, unknown>

/** The parameters of an authorization response, after the judge found them in order. */
export type AuthorizationResponseParameters = URLSearchParams

/**
 * Validates `state`, `iss` and the shape of an authorization response; the provider's declared `error` is a failure too.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthResponseValidation | OpenID Connect Core 1.0, section 3.1.2.7}
 */
export function judgeAuthorizationResponse(
  metadata: ProviderMetadata,
  client_id: string,
  parameters: URLSearchParams,
  state: string,
): AuthorizationResponseParameters {
  try {
    return oauth.validateAuthResponse(authorizationServer(metadata), { client_id }, parameters, state)
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) {
      const { error_description } = error
      return fail(authorizationErrors.get(error.error) ?? 'authorization_error_response', {
        error: bounded(error.error, 80),
        ...(error_description !== undefined && { error_description: bounded(error_description) }),
      })
    }
    const { reason, cause } = judgementIn(error)
    if (/"iss" \(issuer\) missing/.test(reason)) return fail('authorization_response_iss_missing')
    if (/"iss" \(issuer\)/.test(reason)) {
      const received = bounded(parameters.get('iss'), 200)
      return fail('authorization_response_iss_mismatch', { expected: bounded(cause.expected, 200), received })
    }
    if (/"state" missing/.test(reason)) return fail('authorization_response_state_missing')
    if (/"state" response/.test(reason)) return fail('authorization_response_state_mismatch')
    return fail('authorization_response_malformed', { reason })
  }
}

/** How the client proves to be itself at the token endpoint: a secret, an assertion that was signed for it, or nothing. */
export type ClientAuthentication =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly client_secret: string }
  | { readonly method: 'client_secret_jwt' | 'private_key_jwt'; readonly client_assertion: string }
  | { readonly method: 'none' }

/**
 * The Token Request for a validated authorization response.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#TokenRequest | OpenID Connect Core 1.0, section 3.1.3.1}
 */
export function captureTokenRequest(
  metadata: ProviderMetadata,
  client_id: string,
  authentication: ClientAuthentication,
  parameters: AuthorizationResponseParameters,
  redirect_uri: string,
  code_verifier: string,
): Promise<HttpRequest> {
  return captured('token', (options) =>
    oauth.authorizationCodeGrantRequest(
      authorizationServer(metadata),
      { client_id },
      authenticator(authentication),
      parameters,
      redirect_uri,
      code_verifier,
      options,
    ),
  )
}

/** The Refresh Request. @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RefreshingAccessToken | OpenID Connect Core 1.0, section 12.1} */
export function captureRefreshRequest(
  metadata: ProviderMetadata,
  client_id: string,
  authentication: ClientAuthentication,
  refresh_token: string,
): Promise<HttpRequest> {
  const client = { client_id }
  return captured('token', (options) =>
    oauth.refreshTokenGrantRequest(
      authorizationServer(metadata),
      client,
      authenticator(authentication),
      refresh_token,
      options,
    ),
  )
}

function authenticator(authentication: ClientAuthentication): oauth.ClientAuth {
  switch (authentication.method) {
    case 'client_secret_basic':
      return clientSecretBasic(authentication.client_secret)
    case 'client_secret_post':
      return oauth.ClientSecretPost(authentication.client_secret)
    case 'none':
      return oauth.None()
    default:
      return (_as, client, body) => {
        body.set('client_id', client.client_id)
        body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
        body.set('client_assertion', authentication.client_assertion)
      }
  }
}

/** What a token response said, once the judge found it in order. The ID Token's signature is not verified yet. */
export interface JudgedTokenResponse {
  readonly id_token: string
  readonly access_token: string
  readonly refresh_token?: string
  readonly claims: Claims
}

/**
 * Judges the JSON object of a token response with status 200, and everything that its ID Token says save for the signature.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation | OpenID Connect Core 1.0, section 3.1.3.7}
 */
export async function judgeTokenResponse(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  document: JsonObject,
  expected: { readonly nonce: string; readonly at: number },
): Promise<JudgedTokenResponse> {
  const { max_age = oauth.skipAuthTimeCheck } = rp.client
  try {
    const judged = await atClock(expected.at, (clockSkew) =>
      oauth.processAuthorizationCodeResponse(
        authorizationServer(metadata),
        clientAt(rp, clockSkew),
        responseWith(document),
        { expectedNonce: expected.nonce, maxAge: max_age },
      ),
    )
    return { id_token: judged.id_token!, ...tokensOf(judged), claims: oauth.getValidatedIdTokenClaims(judged)! }
  } catch (error) {
    return failWithJudgement(error)
  }
}

/** What a refresh brought; a provider may leave the ID Token out. */
export interface JudgedRefreshResponse extends Omit<JudgedTokenResponse, 'id_token' | 'claims'> {
  readonly renewed: { readonly id_token: string; readonly claims: Claims } | null
}

/**
 * Judges the JSON object of an answer to a refresh with status 200, save for the signature and for whom it speaks of.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse | OpenID Connect Core 1.0, section 12.2}
 */
export async function judgeRefreshResponse(
  rp: RelyingParty,
  metadata: ProviderMetadata,
  document: JsonObject,
  at: number,
): Promise<JudgedRefreshResponse> {
  try {
    const judged = await atClock(at, (clockSkew) =>
      oauth.processRefreshTokenResponse(authorizationServer(metadata), clientAt(rp, clockSkew), responseWith(document)),
    )
    const { id_token } = judged
    const renewed = id_token === undefined ? null : { id_token, claims: oauth.getValidatedIdTokenClaims(judged)! }
    return { ...tokensOf(judged), renewed }
  } catch (error) {
    return failWithJudgement(error)
  }
}

function clientAt({ client, tolerances }: RelyingParty, clockSkew: number): oauth.Client {
  const { client_id, id_token_signed_response_alg } = client
  return {
    client_id,
    [oauth.clockSkew]: clockSkew,
    [oauth.clockTolerance]: tolerances.clock,
    ...(id_token_signed_response_alg && { id_token_signed_response_alg }),
  }
}

function tokensOf({ access_token, refresh_token, token_type }: oauth.TokenEndpointResponse) {
  // RFC 6749, appendix A.12: visible characters; anything else would break the header that carries it.
  if (!/^[\x20-\x7e]+$/.test(access_token))
    fail('token_response_malformed', { reason: 'access_token is not visible ASCII' })
  if (token_type !== 'bearer') fail('token_type_unsupported', { token_type: bounded(token_type, 40) })
  return { access_token, ...(refresh_token !== undefined && { refresh_token }) }
}

/** The UserInfo Request. @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfoRequest | OpenID Connect Core 1.0, section 5.3.1} */
export async function captureUserInfoRequest(
  metadata: ProviderMetadata,
  client_id: string,
  access_token: string,
): Promise<HttpRequest> {
  const request = await captured('userinfo', (options) =>
    oauth.userInfoRequest(authorizationServer(metadata), { client_id }, access_token, options),
  )
  // A signed answer is not understood here, so it is not asked for.
  return { ...request, headers: { ...request.headers, accept: 'application/json' } }
}

/** Judges the JSON object of a UserInfo response with status 200. @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse | OpenID Connect Core 1.0, section 5.3.2} */
export async function judgeUserInfoResponse(
  metadata: ProviderMetadata,
  client_id: string,
  subject: string,
  document: JsonObject,
): Promise<Claims> {
  try {
    const server = authorizationServer(metadata)
    return await oauth.processUserInfoResponse(server, { client_id }, subject, responseWith(document))
  } catch (error) {
    const { reason, cause } = judgementIn(error)
    if (cause.attribute === 'sub') return fail('userinfo_sub_mismatch')
    return fail('userinfo_response_malformed', { reason: inPlainWords(reason) })
  }
}

// ── how oauth4webapi is fed ─────────────────────────────────────────────────────────────────────────────────────────

/** The judge's view of the metadata, made once for each: symmetric algorithms and `none` are never acceptable by announcement alone. */
function authorizationServer(metadata: ProviderMetadata): oauth.AuthorizationServer {
  const known = authorizationServers.get(metadata)
  if (known !== undefined) return known
  const algorithms = metadata.id_token_signing_alg_values_supported
  const made = {
    ...metadata,
    ...(algorithms && {
      id_token_signing_alg_values_supported: algorithms.filter((alg) => Object.hasOwn(signatureAlgorithms, alg)),
    }),
  } as oauth.AuthorizationServer
  authorizationServers.set(metadata, made)
  return made
}

const authorizationServers = new WeakMap<ProviderMetadata, oauth.AuthorizationServer>()

/**
 * HTTP Basic with `application/x-www-form-urlencoded` parts, in which letters, digits, `-`, `.` and `_` stand for
 * themselves: providers that forget to decode then still understand the ids and secrets that they hand out.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 | RFC 6749, section 2.3.1}
 */
function clientSecretBasic(client_secret: string): oauth.ClientAuth {
  return (_as, client, _body, headers) => {
    headers.set('authorization', `Basic ${btoa(`${formEncode(client.client_id)}:${formEncode(client_secret)}`)}`)
  }
}

function formEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*~]|%20/g, (found) =>
    found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

interface CaptureOptions {
  readonly [oauth.customFetch]: (
    url: string,
    init: { method: string; headers: Record<string, string>; body?: unknown },
  ) => Promise<Response>
  /** Whether plain http is acceptable was decided when the metadata was parsed and is decided again where it is sent. */
  readonly [oauth.allowInsecureRequests]: true
}

async function captured(
  message: Message,
  request: (options: CaptureOptions) => Promise<unknown>,
): Promise<HttpRequest> {
  let seen: HttpRequest | undefined
  await request({
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: (url, { method, headers, body }) => {
      const { 'user-agent': _, ...sent } = headers
      seen = {
        message,
        url,
        method: method as 'GET' | 'POST',
        headers: sent,
        ...(body instanceof URLSearchParams && { body: body.toString() }),
      }
      return Promise.resolve(noResponse)
    },
  })
  return seen!
}

const noResponse = new Response(null, { status: 204 })

/**
 * A response with status 200 and a JSON object in it, as the judge reads one, which takes for a `Response` whatever calls
 * itself so. A real one would cost more than all that the judge does with it, and its text would be parsed once more.
 */
class JsonResponse {
  readonly status = 200
  readonly headers = { get: () => null }
  readonly bodyUsed = false
  readonly #document: JsonObject

  constructor(document: JsonObject) {
    this.#document = document
  }
  get [Symbol.toStringTag](): string {
    return 'Response'
  }
  async json(): Promise<JsonObject> {
    return this.#document
  }
}

function responseWith(document: JsonObject): Response {
  return new JsonResponse(document) as unknown as Response
}

/**
 * Lets the judge, which reads the ambient clock, judge at the instant `at`. Should the ambient second tick over while it
 * does, its verdict could be one second off: then it judges again.
 */
async function atClock<T>(at: number, judge: (clockSkew: number) => Promise<T>): Promise<T> {
  const second = () => Math.floor(Date.now() / 1000)
  for (;;) {
    const now = second()
    try {
      const verdict = await judge(Math.floor(at) - now)
      if (second() === now) return verdict
    } catch (error) {
      if (second() === now) throw error
    }
  }
}

// ── how its verdicts become our codes ───────────────────────────────────────────────────────────────────────────────

/** What the judge gives as the cause of a refusal: some of these, and others that are not looked at. */
interface Cause {
  readonly claim?: string
  readonly attribute?: string
  readonly expected?: unknown
  readonly claims?: Claims
  readonly header?: { readonly alg?: unknown }
  readonly body?: Readonly<Record<string, unknown>>
}

interface Judgement {
  readonly code: unknown
  /** The judge's sentence: it names members and types, never values. */
  readonly reason: string
  readonly cause: Cause
}

/** Why the judge refused. Whatever else was thrown, misuse of the judge included, is thrown on: it is a mistake of ours. */
function judgementIn(error: unknown): Judgement {
  if (!(error instanceof Error) || !('code' in error) || error instanceof TypeError) throw error
  return { code: error.code, reason: bounded(error.message), cause: error.cause ?? {} }
}

function failWithJudgement(error: unknown): never {
  const { code, reason, cause } = judgementIn(error)
  const { claim, claims, expected, body, header } = cause
  switch (code) {
    case oauth.JWT_CLAIM_COMPARISON: {
      if (claim === 'nonce') fail('id_token_nonce_mismatch')
      const received = bounded(claims![claim!])
      // Of a claim that is another than expected the judge says what it expected; of audiences beside ours it cannot.
      if (expected === undefined) fail('id_token_aud_untrusted', { received })
      const code = `id_token_${claim as 'iss' | 'aud' | 'azp'}_mismatch` as const satisfies FailureCode
      return fail(code, { expected: bounded(expected), received })
    }
    case oauth.JWT_TIMESTAMP_CHECK: {
      const code = (
        { exp: 'id_token_expired', nbf: 'id_token_not_yet_valid', auth_time: 'id_token_auth_time_too_old' } as const
      )[claim as 'exp' | 'nbf' | 'auth_time']
      const time = claims![claim!]
      return fail(code, { [claim!]: Number.isFinite(time) ? (time as number) : null })
    }
    case oauth.UNSUPPORTED_OPERATION: {
      if (/JWE/.test(reason)) fail('id_token_encrypted')
      if (/crit/.test(reason)) fail('id_token_crit_unsupported')
      return fail('token_type_unsupported', { token_type: bounded(body!.token_type, 40) })
    }
  }
  if (header !== undefined) {
    return fail('id_token_alg_not_allowed', { expected: bounded(expected), received: bounded(header.alg, 40) })
  }
  const absent = /JWT "(\w+)" \([^)]*\) claim missing/.exec(reason)?.[1]
  if (absent === 'nonce') fail('id_token_nonce_mismatch')
  if (absent !== undefined) fail('id_token_claim_missing', { claim: absent })
  if (claims !== undefined) fail('id_token_claim_invalid', { reason: inPlainWords(reason) })
  if (/Invalid JWT|JWT Header|JWT Payload/.test(reason)) fail('id_token_malformed', { reason })
  if (/"id_token"/.test(reason)) fail('id_token_missing')
  return fail('token_response_malformed', { reason: inPlainWords(reason) })
}

/** Which member it is and what is wrong with it, for people who do not know how the judge calls them. */
function inPlainWords(reason: string): string {
  return reason
    .replace(/^"response" body "(\w+)" property /, '$1 ')
    .replace(/^ID Token "(\w+)" \([^)]*\)/, '$1')
    .replace(/^unexpected JWT "(\w+)" \([^)]*\) claim type$/, '$1 has the wrong type')
}
