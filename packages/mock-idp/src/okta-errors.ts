/**
 * Okta's words for what goes wrong. oidc-provider says why in its own words (`error_detail` holds the true reason);
 * these tables turn them into Okta's error, status and text. What no row knows passes with its own text.
 */

/** An error as an OAuth endpoint of Okta answers it. */
export interface OktaError {
  status: number
  error: string
  error_description: string
}

/** What oidc-provider throws, as far as we look at it. */
export interface ProviderError {
  message: string
  statusCode?: number
  error_description?: string
  error_detail?: string
}

/**
 * An error of the token endpoint, or of any other that authenticates clients, in Okta's words.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 | RFC 6749, section 5.2}
 */
export function tokenError(cause: ProviderError, grantTypes: readonly string[] = []): OktaError {
  const { error_description, ...error } = translate(cause, tokenErrors)
  return { ...error, error_description: error_description.replace('GRANT_TYPES', grantTypes.join(', ')) }
}

/**
 * An error of the authorization endpoint in Okta's words.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthError | OpenID Connect Core 1.0, section 3.1.2.6}
 */
export function authorizationError(cause: ProviderError): OktaError {
  return translate(cause, authorizationErrors)
}

/** An error of Okta's management API and of some early failures, which do not look like OAuth errors at all. */
export function apiError(errorCode: string, errorSummary: string, errorId: string): Record<string, unknown> {
  return { errorCode, errorSummary, errorLink: errorCode, errorId: `oae${errorId.slice(0, 17)}`, errorCauses: [] }
}

/** The texts that are said before oidc-provider is asked. */
export const texts = {
  unassigned: 'User is not assigned to the client application.',
  no_policy: 'Policy evaluation failed for this request, please check the policy configurations.',
  no_state: "The authentication request has an invalid 'state' parameter.",
  no_nonce:
    "The 'nonce' parameter is required for authorize requests with either the 'id_token' or 'token' response types.",
  no_credentials: 'No client credentials found.',
  many_credentials:
    'Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header, ' +
    'credentials in the post body, or a client_assertion in the post body.',
  bad_basic: 'Found Authentication header but was not valid client credentials.',
  unknown_client: "Invalid value for 'client_id' parameter.",
  wrong_secret: 'The client secret supplied for a confidential client is invalid.',
  authentication_failed: 'Client authentication failed. Either the client or the client credentials are invalid.',
  no_grant_type: "The token request must specify a 'grant_type'.",
  unknown_scope: 'One or more scopes are not configured for the authorization server resource.',
  no_scope: 'No scopes were requested.',
  unknown_idp: 'Identity provider is not valid.',
  too_many_groups: 'The groups claim matched too many groups and must be configured to match fewer groups.',
  not_prompted: 'The client specified not to prompt, but the user is not logged in.',
  bad_redirect_uri: "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
  bad_post_logout_redirect_uri:
    "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app settings.",
  no_id_token_hint: "The 'id_token_hint' parameter is required.",
  bad_id_token_hint: "The 'id_token_hint' parameter is not an ID token that was issued here.",
  other_session: "The 'id_token_hint' parameter does not match the current session.",
  bad_token: 'The access token is invalid',
  unmet_acr: 'The authentication requirements of this request could not be met.',
} as const

/** The text for parameters that came twice. */
export function duplicatesText(names: string[]): string {
  return `Duplicate parameter provided in request. Duplicated parameters: [${names.join(', ')}].`
}

type Row = [reason: RegExp, error: string, description: string, status?: number]

const code = 'The authorization code is invalid or has expired.'
const refresh = 'The refresh token is invalid or expired.'

const tokenErrors: Row[] = [
  [/^no client authentication mechanism/, 'invalid_client', texts.no_credentials, 401],
  [/only be provided using one mechanism/, 'invalid_request', texts.many_credentials, 401],
  [/authorization header|Authorization header/, 'invalid_client', texts.bad_basic, 401],
  [/^client not found/, 'invalid_client', texts.unknown_client, 401],
  [/^invalid secret provided/, 'invalid_client', texts.wrong_secret, 401],
  [/jwt expired/, 'invalid_client', 'The client_assertion token is expired.', 401],
  [/must only be used once/, 'invalid_client', 'The client_assertion token has already been used.', 401],
  [/signature verification failed/, 'invalid_client', 'The client_assertion signature is invalid.', 401],
  [/no applicable key/, 'invalid_client', 'The client_assertion JWT kid is invalid.', 401],
  [
    /audience \(aud\)/,
    'invalid_client',
    'The audience claim for client_assertion must be the endpoint invoked for the request.',
    401,
  ],
  [/^authorization code (not found|is expired|already consumed)/, 'invalid_grant', code],
  [
    /^authorization code redirect_uri mismatch/,
    'invalid_grant',
    "The 'redirect_uri' does not match the redirection URI used in the authorization request.",
  ],
  [/^code_verifier must be provided/, 'invalid_grant', 'PKCE code verifier is required by the application.'],
  [
    /^unsupported code_challenge_method/,
    'invalid_grant',
    'PKCE code challenge should be specified in the authorize request for code verification.',
  ],
  [/code_verifier/, 'invalid_grant', 'PKCE verification failed.'],
  [
    /^client mismatch/,
    'invalid_grant',
    "The grant was issued to another client. Please make sure the 'client_id' matches the one used at the authorize request.",
  ],
  [/^grant (not found|is expired)/, 'invalid_grant', code],
  [/^refresh token (not found|is expired|already used)/, 'invalid_grant', refresh],
  [
    /^refresh token missing requested/,
    'invalid_scope',
    'The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner.',
  ],
  [/'grant_type'/, 'invalid_request', texts.no_grant_type],
  [/missing required parameters? .*'code'/, 'invalid_request', "The token request must specify a 'code'."],
  [/^unsupported grant_type/, 'unsupported_grant_type', 'The grant type is not supported by the authorization server.'],
  [
    /grant type is not allowed for this client/,
    'unauthorized_client',
    'The client is not authorized to use the provided grant type. Configured grant types: [GRANT_TYPES].',
  ],
  [/^only application\/x-www-form-urlencoded/, 'invalid_request', 'The content type of the request is not supported.'],
]

const authorizationErrors: Row[] = [
  [/redirect_uri/, 'invalid_request', texts.bad_redirect_uri],
  [/^client (is invalid|not found)/, 'invalid_client', texts.unknown_client],
  [/'client_id'/, 'invalid_client', texts.unknown_client],
  [/'nonce'/, 'invalid_request', texts.no_nonce],
  [
    /^unsupported response_type|response_type is not allowed/,
    'unsupported_response_type',
    'The response type is not supported by the authorization server. Valid response types: [code].',
  ],
  [/'response_type'/, 'invalid_request', "The authentication request has an invalid 'response_type' parameter."],
  [
    /response_mode/,
    'unsupported_response_mode',
    'The response mode is not supported by the authorization server. Valid response modes: [query, fragment, form_post, okta_post_message].',
  ],
  [/requires PKCE/, 'invalid_request', 'PKCE code challenge is required by the application.'],
  [
    /code_challenge/,
    'invalid_request',
    "The authentication request has an invalid 'code_challenge' or 'code_challenge_method' parameter.",
  ],
  [
    /unsupported prompt value/,
    'invalid_request',
    "Invalid value for 'prompt' parameter. Supported values: [none, login, consent, login consent, enroll_authenticator, idp_refresh].",
  ],
  [/End-User authentication (is required|could not)/, 'login_required', texts.not_prompted],
  [/scope contains invalid/, 'invalid_scope', texts.unknown_scope],
  [/max_age/, 'invalid_request', "The authentication request has an invalid 'max_age' parameter."],
  [/id_token_hint/, 'invalid_request', "The authentication request has an invalid 'id_token_hint' parameter."],
]

function translate(cause: ProviderError, rows: Row[]): OktaError {
  const reasons = [cause.error_detail, cause.error_description, cause.message]
  for (const reason of reasons) {
    if (reason === undefined) continue
    if (reason.endsWith('must not be provided twice')) {
      const names = [...reason.matchAll(/'([^']+)'/g)].map(([, name]) => name!)
      return { status: 400, error: 'invalid_request', error_description: duplicatesText(names) }
    }
    for (const [pattern, error, error_description, status = 400] of rows) {
      if (pattern.test(reason)) return { status, error, error_description }
    }
  }
  if (cause.message === 'invalid_client') {
    return { status: 401, error: 'invalid_client', error_description: texts.authentication_failed }
  }
  const status = cause.statusCode ?? 500
  if (status >= 500) {
    return { status: 500, error: 'server_error', error_description: cause.error_description ?? serverError }
  }
  return { status, error: cause.message, error_description: cause.error_description ?? cause.message }
}

const serverError =
  'The authorization server encountered an unexpected condition that prevented it from fulfilling the request.'
