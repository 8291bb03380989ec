/**
 * Every way a login or a change of a connection can be refused: one stable code per rule.
 *
 * Rule: a code is never renamed or reused; messages and remedies may be reworded at any time. Who must act (`blame`)
 * decides the HTTP status. A failure's `detail` never holds a token, code, secret, verifier or whole claim set.
 */

/** Who can fix it. */
export type Blame = 'end_user' | 'organization_admin' | 'provider' | 'operator' | 'network'

/** One row of the table: who acts, what happened, what to do, and the clause of the specification that was broken. */
export interface FailureRule {
  readonly blame: Blame
  /** One plain sentence: what happened. */
  readonly message: string
  /** One plain sentence: what the person to blame does about it. */
  readonly remedy: string
  /** The clause that the rule comes from, or null where the rule is ours. */
  readonly spec: string | null
}

const core = (section: string) => `OpenID Connect Core 1.0, section ${section}`
const discovery = (section: string) => `OpenID Connect Discovery 1.0, section ${section}`
const oauth = (section: string) => `RFC 6749, section ${section}`

export const failures = {
  // ── the flow between redirect and callback ────────────────────────────────────────────────────────────────────────
  flow_not_found: {
    blame: 'end_user',
    message: 'This browser has no sign-in under way that belongs to this response.',
    remedy:
      'Start the sign-in again in this browser. It happens when the page was opened in another browser, when cookies are blocked, or when the sign-in was already finished.',
    spec: 'RFC 9700, section 4.7',
  },
  flow_expired: {
    blame: 'end_user',
    message: 'The sign-in took too long and has expired.',
    remedy: 'Start the sign-in again.',
    spec: null,
  },
  flow_abandoned: {
    blame: 'end_user',
    message: 'The sign-in went to the provider and never came back.',
    remedy:
      'Start the sign-in again. If the provider showed an error page, an administrator compares the sign-in redirect URI and the Client ID registered there with the settings here.',
    spec: null,
  },
  flow_already_used: {
    blame: 'end_user',
    message: 'This response was already used to sign in once.',
    remedy: 'If you are not signed in, start the sign-in again.',
    spec: 'RFC 9700, section 4.7',
  },
  flow_organization_mismatch: {
    blame: 'end_user',
    message: 'The sign-in was started for another organization.',
    remedy: 'Start the sign-in again from the page of your organization.',
    spec: 'RFC 9700, section 4.4',
  },
  flow_revision_replaced: {
    blame: 'end_user',
    message: "The organization's single sign-on settings were changed while this sign-in was under way.",
    remedy: 'Start the sign-in again.',
    spec: null,
  },
  test_link_not_valid: {
    blame: 'organization_admin',
    message: 'This test link was already used or has expired.',
    remedy: 'Press “Update and test” on the settings page again.',
    spec: null,
  },

  // ── requests that got no usable answer ────────────────────────────────────────────────────────────────────────────
  request_timed_out: {
    blame: 'network',
    message: 'The provider did not answer in time.',
    remedy: 'Try again in a minute. If it goes on, the provider is down or cannot be reached from this server.',
    spec: null,
  },
  request_failed: {
    blame: 'network',
    message: 'The provider could not be reached.',
    remedy:
      'Try again in a minute. If it goes on, the provider is down, cannot be reached from this server, or its address is wrong.',
    spec: null,
  },
  request_cut_off: {
    blame: 'network',
    message: 'The connection to the provider was made, but broke off before a complete HTTP answer had come.',
    remedy: 'Try again in a minute. If it goes on, the provider, or what stands in front of it, has to look into it.',
    spec: null,
  },
  request_tls_failed: {
    blame: 'provider',
    message: "The provider's TLS certificate could not be verified.",
    remedy: 'Install a certificate at the provider that is valid for this host name and issued by a public authority.',
    spec: core('16.17'),
  },
  request_no_tls: {
    blame: 'provider',
    message: "What answers at the provider's https address speaks no TLS, or none that this server accepts.",
    remedy: 'The provider has to offer TLS 1.2 or newer at this address.',
    spec: core('16.17'),
  },
  request_blocked: {
    blame: 'operator',
    message: 'The address points into a network that this server does not call.',
    remedy:
      'Use the public https address of the provider. An internal provider must be allowed by the operator of this server (OUTBOUND_ALLOW).',
    spec: null,
  },
  response_too_large: {
    blame: 'provider',
    message: "The provider's answer is larger than anything this exchange needs.",
    remedy: 'The provider has to answer with less, and uncompressed.',
    spec: null,
  },

  // ── provider metadata ─────────────────────────────────────────────────────────────────────────────────────────────
  discovery_http_error: {
    blame: 'organization_admin',
    message: 'The issuer has no OpenID configuration document: it answered with an error status.',
    remedy: 'Check the Issuer: open it with /.well-known/openid-configuration appended, you must see a JSON document.',
    spec: discovery('4.2'),
  },
  discovery_unavailable: {
    blame: 'provider',
    message: "The provider's configuration document is unavailable at the moment.",
    remedy: 'Try again in a minute; if it goes on, the provider has to look into it.',
    spec: discovery('4.2'),
  },
  discovery_redirected: {
    blame: 'organization_admin',
    message: "The provider's configuration document answers with a redirect, which is not followed.",
    remedy: 'Enter the issuer that the redirect leads to, exactly as the provider shows it.',
    spec: discovery('4.2'),
  },
  discovery_response_not_json: {
    blame: 'organization_admin',
    message: 'The issuer answered with a page instead of an OpenID configuration document.',
    remedy: 'Check the Issuer: it is the bare issuer URL of the provider, not its sign-in page or admin console.',
    spec: discovery('4.2'),
  },
  discovery_response_malformed: {
    blame: 'provider',
    message: "The provider's configuration document is not a valid JSON object.",
    remedy: 'The provider has to repair its configuration document.',
    spec: discovery('4.2'),
  },
  discovery_issuer_mismatch: {
    blame: 'organization_admin',
    message: "The provider's document names another issuer than the one entered.",
    remedy: 'Enter the issuer exactly as the document names it, down to the last slash.',
    spec: discovery('4.3'),
  },
  discovery_metadata_missing: {
    blame: 'provider',
    message: "The provider's configuration document lacks a member that a sign-in needs.",
    remedy: 'Choose an OpenID Connect authorization server of the provider that supports the authorization code flow.',
    spec: discovery('3'),
  },
  discovery_metadata_invalid: {
    blame: 'provider',
    message: "A member of the provider's configuration document is not valid.",
    remedy: 'The provider has to repair its configuration document.',
    spec: discovery('3'),
  },
  discovery_unsupported: {
    blame: 'provider',
    message: 'The provider does not support what this sign-in needs.',
    remedy: "Compare what the provider's configuration document announces with the settings here.",
    spec: discovery('3'),
  },

  // ── authorization response ────────────────────────────────────────────────────────────────────────────────────────
  authorization_response_state_missing: {
    blame: 'end_user',
    message: 'The response from the provider carries no state.',
    remedy: 'Start the sign-in on the page of your organization, not at the provider.',
    spec: core('3.1.2.5'),
  },
  authorization_response_state_mismatch: {
    blame: 'end_user',
    message: 'The response from the provider carries the state of another sign-in.',
    remedy: 'Start the sign-in again.',
    spec: core('3.1.2.7'),
  },
  authorization_response_malformed: {
    blame: 'provider',
    message: 'The response from the provider is not a valid authorization response.',
    remedy: 'Start the sign-in again; if it goes on, the provider has to look into it.',
    spec: oauth('4.1.2'),
  },
  authorization_response_mode_mismatch: {
    blame: 'provider',
    message: 'The provider delivered its response in another way than it was asked to.',
    remedy: 'Set the response mode of the connection to the one that the provider uses.',
    spec: 'OAuth 2.0 Multiple Response Type Encoding Practices, section 2.1',
  },
  authorization_response_iss_missing: {
    blame: 'provider',
    message: 'The provider promises to name itself in its response, but did not.',
    remedy: 'Start the sign-in again; if it goes on, the provider has to look into it.',
    spec: 'RFC 9207, section 2.4',
  },
  authorization_response_iss_mismatch: {
    blame: 'provider',
    message: 'The response names another provider than the one that was asked.',
    remedy: 'Start the sign-in again; if it goes on, tell the administrator of your organization.',
    spec: 'RFC 9207, section 2.4',
  },
  access_denied: {
    blame: 'end_user',
    message: 'The provider refused the sign-in.',
    remedy:
      'If you did not cancel it yourself, ask the administrator of your organization to assign you to this application at the provider.',
    spec: core('3.1.2.6'),
  },
  authorization_login_required: {
    blame: 'end_user',
    message: 'The provider asks you to sign in or to confirm something first.',
    remedy: 'Start the sign-in again and complete the steps at the provider.',
    spec: core('3.1.2.6'),
  },
  authorization_error_response: {
    blame: 'organization_admin',
    message: 'The provider refused the authorization request.',
    remedy: 'Compare the client and its scopes at the provider with the settings here.',
    spec: oauth('4.1.2.1'),
  },
  provider_unavailable: {
    blame: 'provider',
    message: 'The provider reports a problem of its own.',
    remedy: 'Try again in a minute; if it goes on, the provider has to look into it.',
    spec: oauth('4.1.2.1'),
  },

  // ── token response ────────────────────────────────────────────────────────────────────────────────────────────────
  token_invalid_client: {
    blame: 'organization_admin',
    message: 'The provider does not accept the client id and client secret.',
    remedy:
      'Copy the Client ID and the Client Secret of this application from the provider again, and check that it expects the client authentication method in use.',
    spec: oauth('5.2'),
  },
  token_invalid_grant: {
    blame: 'end_user',
    message: 'The provider no longer accepts the authorization code.',
    remedy:
      'Start the sign-in again: the code was used already, has expired or belongs to another client. If it happens every time, the administrator of the provider finds the reason in its system log.',
    spec: oauth('5.2'),
  },
  token_error_response: {
    blame: 'organization_admin',
    message: 'The provider refused the token request.',
    remedy: 'Compare the client and its grant types at the provider with the settings here.',
    spec: oauth('5.2'),
  },
  token_rate_limited: {
    blame: 'provider',
    message: 'The provider is refusing requests because there were too many.',
    remedy: 'Try again in a minute; if it goes on, raise the rate limit at the provider.',
    spec: 'RFC 6585, section 4',
  },
  token_http_error: {
    blame: 'provider',
    message: 'The token endpoint of the provider answered with an error status.',
    remedy: 'Start the sign-in again; if it goes on, the provider has to look into it.',
    spec: oauth('5.2'),
  },
  token_redirected: {
    blame: 'provider',
    message: 'The token endpoint of the provider answers with a redirect, which is not followed.',
    remedy: 'The provider has to publish the final address of its token endpoint.',
    spec: oauth('3.2'),
  },
  token_response_malformed: {
    blame: 'provider',
    message: 'The token endpoint of the provider answered with something that is not a token response.',
    remedy: 'The provider has to repair its token endpoint.',
    spec: oauth('5.1'),
  },
  token_type_unsupported: {
    blame: 'provider',
    message: 'The provider issued an access token of another type than Bearer.',
    remedy: 'Switch off sender-constrained access tokens (DPoP) for this application at the provider.',
    spec: oauth('5.1'),
  },

  // ── ID Token ──────────────────────────────────────────────────────────────────────────────────────────────────────
  id_token_missing: {
    blame: 'provider',
    message: 'The provider returned no ID Token.',
    remedy: 'Allow the scope “openid” for this application at the provider.',
    spec: core('3.1.3.3'),
  },
  id_token_malformed: {
    blame: 'provider',
    message: 'The ID Token is not a valid JSON Web Token.',
    remedy: 'The provider has to look into it.',
    spec: core('2'),
  },
  id_token_encrypted: {
    blame: 'organization_admin',
    message: 'The ID Token is encrypted, which this client is not registered for.',
    remedy: 'Switch off ID Token encryption for this application at the provider.',
    spec: core('3.1.3.7'),
  },
  id_token_alg_not_allowed: {
    blame: 'provider',
    message: 'The ID Token is signed with an algorithm that is not allowed here.',
    remedy: 'Let the provider sign the ID Tokens of this application with RS256.',
    spec: core('3.1.3.7'),
  },
  id_token_crit_unsupported: {
    blame: 'provider',
    message: 'The ID Token demands an extension that is not understood here.',
    remedy: 'The provider has to issue plain signed ID Tokens.',
    spec: 'RFC 7515, section 4.1.11',
  },
  id_token_iss_mismatch: {
    blame: 'provider',
    message: "The ID Token names another issuer than the provider's configuration document does.",
    remedy:
      'The provider has to name one and the same issuer in both. At Okta the sign-on settings of the application choose the issuer of its ID Tokens.',
    spec: core('3.1.3.7'),
  },
  id_token_aud_mismatch: {
    blame: 'provider',
    message: 'The ID Token was not issued for this client.',
    remedy:
      'The provider has accepted this Client ID, so it has to issue the ID Token for it. Enter another one only if that is the id of your application.',
    spec: core('3.1.3.7'),
  },
  id_token_aud_untrusted: {
    blame: 'provider',
    message: 'The ID Token names further audiences that are not trusted.',
    remedy: 'Let the provider issue ID Tokens for this client alone.',
    spec: core('3.1.3.7'),
  },
  id_token_azp_mismatch: {
    blame: 'provider',
    message: 'The ID Token was issued to another authorized party.',
    remedy: 'The provider has accepted this Client ID and has to name it as the authorized party (azp).',
    spec: core('3.1.3.7'),
  },
  id_token_claim_missing: {
    blame: 'provider',
    message: 'The ID Token lacks a claim that every ID Token must carry.',
    remedy: 'The provider has to look into it.',
    spec: core('2'),
  },
  id_token_claim_invalid: {
    blame: 'provider',
    message: 'A claim of the ID Token has the wrong type.',
    remedy: 'The provider has to look into it.',
    spec: core('2'),
  },
  id_token_expired: {
    blame: 'provider',
    message: 'The ID Token has expired.',
    remedy: 'Compare the clocks of the provider and of this server.',
    spec: core('3.1.3.7'),
  },
  id_token_not_yet_valid: {
    blame: 'provider',
    message: 'The ID Token is not valid yet.',
    remedy: 'Compare the clocks of the provider and of this server.',
    spec: 'RFC 7519, section 4.1.5',
  },
  id_token_iat_unreasonable: {
    blame: 'provider',
    message: 'The ID Token was issued at a time that cannot belong to this sign-in.',
    remedy: 'Compare the clocks of the provider and of this server.',
    spec: core('3.1.3.7'),
  },
  id_token_nonce_mismatch: {
    blame: 'provider',
    message: 'The ID Token does not belong to this sign-in: its nonce is missing or another one.',
    remedy: 'Start the sign-in again; if it goes on, the provider has to look into it.',
    spec: core('3.1.3.7'),
  },
  id_token_auth_time_too_old: {
    blame: 'provider',
    message: 'The provider did not ask for a sign-in that is as recent as the organization demands.',
    remedy: 'Start the sign-in again and authenticate at the provider.',
    spec: core('3.1.3.7'),
  },
  id_token_acr_not_satisfied: {
    blame: 'provider',
    message: 'The provider did not authenticate as strongly as the organization demands.',
    remedy: 'Start the sign-in again with a stronger factor, or relax the demanded acr.',
    spec: core('3.1.3.7'),
  },
  id_token_sub_mismatch: {
    blame: 'provider',
    message: 'The renewed ID Token speaks of another person.',
    remedy: 'Sign in again; if it goes on, the provider has to look into it.',
    spec: core('12.2'),
  },
  id_token_auth_time_mismatch: {
    blame: 'provider',
    message: 'The renewed ID Token names another time of authentication.',
    remedy: 'Sign in again; if it goes on, the provider has to look into it.',
    spec: core('12.2'),
  },
  refresh_not_available: {
    blame: 'organization_admin',
    message: 'This session has no refresh token.',
    remedy: 'Add “offline_access” to the scope and allow refresh tokens for this application at the provider.',
    spec: core('11'),
  },
  id_token_at_hash_mismatch: {
    blame: 'provider',
    message: 'The ID Token and the access token do not belong together.',
    remedy: 'Start the sign-in again; if it goes on, the provider has to look into it.',
    spec: core('3.1.3.8'),
  },
  id_token_c_hash_mismatch: {
    blame: 'provider',
    message: 'The ID Token and the authorization code do not belong together.',
    remedy: 'Start the sign-in again; if it goes on, the provider has to look into it.',
    spec: core('3.3.2.10'),
  },
  id_token_signature_invalid: {
    blame: 'provider',
    message: 'The signature of the ID Token is wrong.',
    remedy: 'Check that the issuer is right; if it is, the provider has to look into it.',
    spec: core('3.1.3.7'),
  },
  id_token_key_not_found: {
    blame: 'provider',
    message: "The key that signed the ID Token is not among the provider's published keys.",
    remedy: 'Check that the issuer is right and try again in a minute: the provider may just have changed its keys.',
    spec: core('10.1.1'),
  },
  id_token_key_ambiguous: {
    blame: 'provider',
    message: 'Several published keys can have signed the ID Token: which one did cannot be told.',
    remedy: 'The provider has to give each of its keys a name of its own (kid), and name the key in its ID Tokens.',
    spec: core('10.1'),
  },
  id_token_key_unsuitable: {
    blame: 'provider',
    message: 'The key that signed the ID Token is too weak or not usable.',
    remedy: 'The provider has to sign with an RSA key of 2048 to 8192 bits or a standard elliptic curve.',
    spec: 'RFC 7518, section 3.3',
  },

  // ── JWK Set ───────────────────────────────────────────────────────────────────────────────────────────────────────
  jwks_http_error: {
    blame: 'provider',
    message: "The provider's keys are unavailable at the moment.",
    remedy: 'Try again in a minute; if it goes on, the provider has to look into it.',
    spec: core('10.1'),
  },
  jwks_response_malformed: {
    blame: 'provider',
    message: "The provider's key document is not a JWK Set.",
    remedy: 'The provider has to repair its key document.',
    spec: 'RFC 7517, section 5',
  },

  // ── UserInfo ──────────────────────────────────────────────────────────────────────────────────────────────────────
  userinfo_http_error: {
    blame: 'provider',
    message: "The provider's UserInfo endpoint answered with an error status.",
    remedy: 'Start the sign-in again; if it goes on, the provider has to look into it.',
    spec: core('5.3.3'),
  },
  userinfo_response_malformed: {
    blame: 'provider',
    message: "The provider's UserInfo endpoint answered with something that is not a UserInfo response.",
    remedy: 'The provider has to repair its UserInfo endpoint.',
    spec: core('5.3.2'),
  },
  userinfo_sub_mismatch: {
    blame: 'provider',
    message: 'The UserInfo response describes another person than the ID Token.',
    remedy: 'Start the sign-in again; if it goes on, the provider has to look into it.',
    spec: core('5.3.2'),
  },

  // ── logout ────────────────────────────────────────────────────────────────────────────────────────────────────────
  logout_token_invalid: {
    blame: 'provider',
    message: 'The logout token is not valid.',
    remedy: 'The provider has to look into it.',
    spec: 'OpenID Connect Back-Channel Logout 1.0, section 2.6',
  },
  logout_token_signature_invalid: {
    blame: 'provider',
    message: 'The signature of the logout token cannot be verified.',
    remedy: 'The provider has to look into it.',
    spec: 'OpenID Connect Back-Channel Logout 1.0, section 2.6',
  },
  logout_token_replayed: {
    blame: 'provider',
    message: 'The logout token was already used.',
    remedy: 'Nothing is to be done: the sessions that it names have ended.',
    spec: 'OpenID Connect Back-Channel Logout 1.0, section 2.6',
  },
  logout_state_mismatch: {
    blame: 'end_user',
    message: 'The answer of the provider does not belong to a sign-out of this browser.',
    remedy: 'You are signed out here. Close the browser to be sure.',
    spec: 'OpenID Connect RP-Initiated Logout 1.0, section 3',
  },

  // ── policy of the organization ────────────────────────────────────────────────────────────────────────────────────
  policy_email_missing: {
    blame: 'organization_admin',
    message: 'The provider sent no e-mail address, which the organization demands.',
    remedy: 'Give the user an e-mail address at the provider and allow the scope “email” for this application.',
    spec: core('5.1'),
  },
  policy_email_not_verified: {
    blame: 'organization_admin',
    message: 'The provider does not vouch for the e-mail address.',
    remedy: 'Verify the e-mail address at the provider: email_verified must be true.',
    spec: core('5.1'),
  },
  policy_email_domain_not_allowed: {
    blame: 'organization_admin',
    message: 'The domain of the e-mail address is not one of the organization.',
    remedy: 'Sign in with an address of the organization, or add the domain to the policy.',
    spec: null,
  },
  policy_role_not_mapped: {
    blame: 'organization_admin',
    message: 'None of the role rules of the organization matches this person.',
    remedy: 'Add the person to one of the mapped groups at the provider, or give the policy a default role.',
    spec: null,
  },

  // ── changes of a connection ───────────────────────────────────────────────────────────────────────────────────────
  organization_not_found: {
    blame: 'end_user',
    message: 'There is no such organization here.',
    remedy: 'Check the address. An administrator creates the organization by saving its settings.',
    spec: null,
  },
  sso_not_enabled: {
    blame: 'organization_admin',
    message: 'Single sign-on is not enabled for this organization.',
    remedy: 'An administrator enters the settings, tests them and presses “Enable”.',
    spec: null,
  },
  settings_invalid: {
    blame: 'organization_admin',
    message: 'The settings cannot be saved as they are.',
    remedy: 'Correct the fields that are named.',
    spec: null,
  },
  policy_invalid: {
    blame: 'organization_admin',
    message: 'The policy cannot be saved as it is.',
    remedy: 'Correct the fields that are named.',
    spec: null,
  },
  enforcement_would_lock_out: {
    blame: 'organization_admin',
    message: 'With this policy, whoever tested these settings last could not sign in any more.',
    remedy:
      'Run the test login with your own account and make the policy let it in, or leave sign-in through SSO optional for now.',
    spec: null,
  },
  client_secret_required: {
    blame: 'organization_admin',
    message: 'The client secret has to be entered.',
    remedy:
      'Enter the client secret. A stored one is forgotten when the issuer or the client authentication changes, so that it is never sent to somebody else.',
    spec: null,
  },
  nothing_to_test: {
    blame: 'organization_admin',
    message: 'There are no settings to test.',
    remedy: 'Enter issuer, client id and client secret first.',
    spec: null,
  },
  not_tested: {
    blame: 'organization_admin',
    message: 'Exactly these settings have not passed a test yet.',
    remedy: 'Press “Update and test” and complete the sign-in, then enable.',
    spec: null,
  },
  not_enabled: {
    blame: 'organization_admin',
    message: 'Single sign-on is not enabled, so there is nothing to disable.',
    remedy: 'Nothing is to be done.',
    spec: null,
  },
  nothing_to_discard: {
    blame: 'organization_admin',
    message: 'There is no pending change.',
    remedy: 'Nothing is to be done.',
    spec: null,
  },
  secret_not_staged: {
    blame: 'organization_admin',
    message: 'A second client secret can be staged only beside a client secret that is in use.',
    remedy: 'Enable the connection with its present secret first.',
    spec: null,
  },
  initiate_issuer_mismatch: {
    blame: 'end_user',
    message: 'The sign-in was requested for another provider than the one of this organization.',
    remedy: 'Start the sign-in on the page of your organization.',
    spec: core('4'),
  },
} as const satisfies Record<string, FailureRule>

export type FailureCode = keyof typeof failures

/**
 * What an error of an authorization response means; of one that is not listed, that the settings are wrong.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthError | OpenID Connect Core 1.0, section 3.1.2.6}
 */
export const authorizationErrors: ReadonlyMap<string, FailureCode> = new Map([
  ['access_denied', 'access_denied'],
  ['login_required', 'authorization_login_required'],
  ['interaction_required', 'authorization_login_required'],
  ['consent_required', 'authorization_login_required'],
  ['account_selection_required', 'authorization_login_required'],
  ['server_error', 'provider_unavailable'],
  ['temporarily_unavailable', 'provider_unavailable'],
])

/**
 * What an error of a token response means; of one that is not listed, that the settings are wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 | RFC 6749, section 5.2}
 */
export const tokenErrors: ReadonlyMap<string, FailureCode> = new Map([
  ['invalid_client', 'token_invalid_client'],
  ['invalid_grant', 'token_invalid_grant'],
  ['server_error', 'provider_unavailable'],
  ['temporarily_unavailable', 'provider_unavailable'],
])

/** Facts of one failure, in the specifications' member names: plain JSON, bounded, free of secrets. */
export type FailureDetail = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

/** A rule that was broken: the stable code and the facts. What to tell people stands in {@link failures}. */
export interface Failure {
  readonly code: FailureCode
  readonly detail?: FailureDetail
}

/** The HTTP status that a failure is answered with: it follows from who has to act. */
export function statusOf(code: FailureCode): number {
  const own: Partial<Record<FailureCode, number>> = {
    organization_not_found: 404,
    sso_not_enabled: 409,
    refresh_not_available: 409,
    not_tested: 409,
    not_enabled: 409,
    nothing_to_test: 409,
    nothing_to_discard: 409,
    secret_not_staged: 409,
    client_secret_required: 422,
    settings_invalid: 422,
    policy_invalid: 422,
    enforcement_would_lock_out: 409,
    access_denied: 403,
    policy_email_missing: 403,
    policy_email_not_verified: 403,
    policy_email_domain_not_allowed: 403,
    policy_role_not_mapped: 403,
    test_link_not_valid: 400,
    logout_token_invalid: 400,
    logout_token_signature_invalid: 400,
    logout_token_replayed: 400,
  }
  return own[code] ?? statusOfBlame[failures[code].blame]
}

const statusOfBlame: Record<Blame, number> = {
  end_user: 400,
  organization_admin: 500,
  provider: 502,
  operator: 500,
  network: 503,
}

/** Thrown inside the core when a rule is broken; `step` and `transition` turn it into data at their boundary. */
export class RuleBroken extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.code)
    this.name = 'RuleBroken'
    this.failure = failure
  }
}

/** Breaks off with a failure. */
export function fail(code: FailureCode, detail?: FailureDetail): never {
  throw new RuleBroken(detail === undefined ? { code } : { code, detail })
}

/** Holds a rule, or breaks off with its code. */
export function ensure(rule: unknown, code: FailureCode, detail?: FailureDetail): asserts rule {
  if (!rule) fail(code, detail)
}

const controls = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/gu

/** Makes a text of the peer safe to keep and show: one line, no control or bidirectional characters, bounded. */
export function bounded(text: unknown, limit = 300): string {
  const line = String(typeof text === 'string' ? text : (JSON.stringify(text) ?? 'nothing')).replace(controls, ' ')
  return line.length > limit ? `${line.slice(0, limit)}…` : line
}
