/**
 * Mistakes that people make, recognised by what they leave behind: more precise than the rule that they break, and with
 * the one thing to do. A near miss is only named when the record shows it; a guess is worse than none.
 */
import type { Blame } from '../failures.ts'

export interface NearMissRule {
  readonly blame: Blame
  /** What happened, in one plain sentence. */
  readonly message: string
  /** What to do about it, in one plain sentence; what to copy stands beside it. */
  readonly remedy: string
  /** The setting that it is about; null where none of ours is. */
  readonly field: string | null
}

export const nearMisses = {
  // ── the browser ───────────────────────────────────────────────────────────────────────────────────────────────────
  cookie_lost_to_other_host: {
    blame: 'operator',
    message: 'The browser came back under another host name than the one of this server, so it sent no cookies.',
    remedy: 'Open this server only under its own address, and set BASE_URL to the address that people use.',
    field: null,
  },
  cookie_lost_to_http: {
    blame: 'operator',
    message: 'The provider posted its response across sites; over plain http browsers send no cookies with that.',
    remedy: 'Serve this application over https, or choose the response mode “query”.',
    field: 'response_mode',
  },
  opened_directly: {
    blame: 'end_user',
    message:
      'The address was opened by itself, out of a bookmark, the history or another app: no provider sent the browser here.',
    remedy: 'Start the sign-in again from this application. Do not keep or pass on the address of a sign-in.',
    field: null,
  },
  cookies_blocked_or_other_browser: {
    blame: 'end_user',
    message: 'The browser sent no cookies at all.',
    remedy:
      'Start the sign-in again and finish it soon, in the same browser window, with cookies allowed. Links that open in another app or a private window do not share cookies.',
    field: null,
  },
  flow_of_another_tab: {
    blame: 'end_user',
    message:
      'This browser has other sign-ins under way, but not this one: it is too old, or was finished or dropped in another tab.',
    remedy: 'Close the older tabs and start the sign-in again.',
    field: null,
  },
  redirect_uri_over_http: {
    blame: 'operator',
    message:
      'The sign-in redirect URI begins with http://, which providers take for an address of one’s own machine only.',
    remedy:
      'Set BASE_URL to the https address that people use, then register the redirect URI that the settings page shows from then on.',
    field: 'redirect_uri',
  },
  never_came_back: {
    blame: 'organization_admin',
    message: 'The provider never sent the browser back.',
    remedy:
      'If the provider showed an error page, register this sign-in redirect URI for the application there, exactly as it stands here, and check the Client ID.',
    field: 'redirect_uri',
  },

  // ── the issuer ────────────────────────────────────────────────────────────────────────────────────────────────────
  issuer_trailing_slash: {
    blame: 'organization_admin',
    message: 'The issuers differ only by a slash at the end.',
    remedy: 'Enter the issuer with exactly the slash that the provider uses.',
    field: 'issuer',
  },
  issuer_scheme: {
    blame: 'organization_admin',
    message: 'The issuers differ only in http and https.',
    remedy: 'Enter the issuer with the scheme that the provider uses.',
    field: 'issuer',
  },
  issuer_letter_case: {
    blame: 'organization_admin',
    message: 'The issuers differ only in capital letters.',
    remedy: 'Enter the issuer in exactly the spelling that the provider uses.',
    field: 'issuer',
  },
  issuer_other_authorization_server: {
    blame: 'organization_admin',
    message: 'The issuer is another authorization server of the same provider.',
    remedy:
      'Choose the authorization server that issues the tokens of this application. At Okta, the bare domain and /oauth2/default are two of them.',
    field: 'issuer',
  },
  issuer_template: {
    blame: 'organization_admin',
    message: 'The document is a template for many tenants: its issuer has a placeholder.',
    remedy: 'Enter the issuer of your own tenant, with its id in the place of “common” or “organizations”.',
    field: 'issuer',
  },
  issuer_admin_console: {
    blame: 'organization_admin',
    message: 'The issuer is the address of an admin console.',
    remedy: 'Enter the issuer without “-admin” in its host name.',
    field: 'issuer',
  },
  issuer_is_metadata_url: {
    blame: 'organization_admin',
    message: 'The issuer is the address of the configuration document.',
    remedy: 'Enter the part before /.well-known/.',
    field: 'issuer',
  },
  issuer_named_by_document: {
    blame: 'organization_admin',
    message: 'The document at this address belongs to another issuer.',
    remedy: 'Enter the issuer that the document names, if that is your provider.',
    field: 'issuer',
  },
  issuer_moved: {
    blame: 'organization_admin',
    message: 'The address redirects to another one of the same host.',
    remedy: 'Enter the issuer that it leads to.',
    field: 'issuer',
  },
  // Whoever owns the address that was entered chose the other host: nobody should enter that in one press.
  redirected_to_other_host: {
    blame: 'organization_admin',
    message: 'The address redirects to another host.',
    remedy: 'Check that the issuer is spelt right. Enter the one that it leads to only if that is your provider.',
    field: 'issuer',
  },
  issuer_unreachable: {
    blame: 'organization_admin',
    message: 'No connection to the issuer: there is no such host, or it takes none.',
    remedy:
      'Check the host name and the port of the Issuer, letter by letter. If they are right, the provider is down or cannot be reached from this server.',
    field: 'issuer',
  },
  issuer_silent: {
    blame: 'network',
    message: 'Nothing answered at the issuer in time.',
    remedy:
      'Try again in a minute. If it goes on, check the Issuer; if it is right, the provider is down or cannot be reached from this server.',
    field: 'issuer',
  },
  issuer_without_tls: {
    blame: 'organization_admin',
    message:
      'What answers at the issuer speaks no TLS (plain http, or something else), or none that this server accepts.',
    remedy:
      'Check scheme, host name and port of the Issuer. If they are right, the provider has to offer TLS 1.2 or newer there.',
    field: 'issuer',
  },
  issuer_answers_too_much: {
    blame: 'organization_admin',
    message: 'What answers at the issuer sends more than any OpenID configuration document is.',
    remedy: 'Check the Issuer: open it with /.well-known/openid-configuration appended, you must see a JSON document.',
    field: 'issuer',
  },

  // ── what the provider offers ──────────────────────────────────────────────────────────────────────────────────────
  endpoint_not_called: {
    blame: 'provider',
    message: "The provider's configuration document names an endpoint at an address that this server does not call.",
    remedy:
      'The provider has to name its public https address there. That of an internal provider must be allowed by the operator of this server (OUTBOUND_ALLOW).',
    field: null,
  },
  code_flow_unsupported: {
    blame: 'provider',
    message: 'The provider does not offer the authorization code flow.',
    remedy:
      'Allow the response type “code” at the provider, or enter the issuer of an authorization server that offers it.',
    field: 'issuer',
  },
  signature_algorithm_unsupported: {
    blame: 'provider',
    message: 'The provider signs ID Tokens with no asymmetric algorithm that is known here.',
    remedy:
      'Let the provider sign ID Tokens with RS256. If all that it can do is to key them with the client secret, choose HS256 here.',
    field: 'id_token_signed_response_alg',
  },
  client_authentication_unsupported: {
    blame: 'provider',
    message: 'The provider offers no client authentication method that is known here.',
    remedy: 'Let the provider offer client_secret_basic or client_secret_post.',
    field: 'token_endpoint_auth_method',
  },
  client_authentication_to_choose: {
    blame: 'organization_admin',
    message: 'The provider offers client authentication only by a method that has to be chosen here.',
    remedy: 'Choose the client authentication method that the application has at the provider.',
    field: 'token_endpoint_auth_method',
  },

  // ── what the provider answers ─────────────────────────────────────────────────────────────────────────────────────
  user_not_assigned: {
    blame: 'organization_admin',
    message: 'The person is not assigned to this application at the provider.',
    remedy: 'Assign the person, or a group that the person is in, to the application at the provider.',
    field: null,
  },
  access_policy_missing: {
    blame: 'organization_admin',
    message: 'No access policy of the authorization server lets this application in.',
    remedy:
      'Add an access policy with a rule for this application to the authorization server, or use the issuer of the organization itself.',
    field: 'issuer',
  },
  scope_not_allowed: {
    blame: 'organization_admin',
    message: 'The provider does not know or not allow a scope that is asked for.',
    remedy: 'Take the scope away here, or allow it for the application at the provider.',
    field: 'scope',
  },
  acr_not_satisfiable: {
    blame: 'organization_admin',
    message: 'The provider cannot meet the authentication context that is demanded here.',
    remedy:
      'Let the provider offer this authentication context to the person, with an authenticator that satisfies it, or demand another one here.',
    field: 'acr_values',
  },
  redirect_uri_not_registered: {
    blame: 'organization_admin',
    message: 'The provider does not know this sign-in redirect URI for the application.',
    remedy: 'Register the redirect URI at the provider, exactly as it stands here.',
    field: 'redirect_uri',
  },
  grant_type_not_allowed: {
    blame: 'organization_admin',
    message: 'The application may not use the authorization code flow at the provider.',
    remedy: 'Allow the grant type “Authorization Code” for the application at the provider.',
    field: null,
  },
  client_id_unknown: {
    blame: 'organization_admin',
    message: 'The provider knows no application with this Client ID.',
    remedy: 'Copy the Client ID of the application from the provider again; check that the issuer is its own.',
    field: 'client_id',
  },
  client_secret_wrong: {
    blame: 'organization_admin',
    message: 'The provider knows the Client ID, but the client secret is not the one of this application.',
    remedy: 'Create or copy the client secret of this very application at the provider, and enter it here.',
    field: 'client_secret',
  },
  client_authentication_not_offered: {
    blame: 'organization_admin',
    message: 'The client authentication method in use is not one that the provider offers.',
    remedy: 'Choose a client authentication method that the provider offers.',
    field: 'token_endpoint_auth_method',
  },
  client_authentication_other_offered: {
    blame: 'organization_admin',
    message: 'The provider refused the client; it offers another authentication method as well.',
    remedy:
      'Copy the client secret again. If it is right, the application may be set to the other method at the provider: choose it here.',
    field: 'token_endpoint_auth_method',
  },
  client_keys_not_registered: {
    blame: 'organization_admin',
    message: 'The provider does not accept the key that this client authenticates with.',
    remedy:
      'Register our public keys (the address of our JWK Set) for the application at the provider, and choose “Public key / Private key” as its client authentication there.',
    field: 'token_endpoint_auth_method',
  },
  client_not_public: {
    blame: 'organization_admin',
    message: 'The application at the provider is no public client: it has to authenticate.',
    remedy:
      'Choose here how the application authenticates, and enter its client secret; or let it be a public client with PKCE at the provider.',
    field: 'token_endpoint_auth_method',
  },
  dpop_required: {
    blame: 'organization_admin',
    message: 'The application demands proof of possession (DPoP) at the provider.',
    remedy: 'Switch off “Require Demonstrating Proof of Possession (DPoP)” for the application at the provider.',
    field: null,
  },

  // ── the ID Token ──────────────────────────────────────────────────────────────────────────────────────────────────
  clock_differs: {
    blame: 'operator',
    message: 'The clocks of the provider and of this server differ, measured by the time in its answer.',
    remedy: 'Synchronise the clock of this server (NTP); if it is right, tell the provider.',
    field: null,
  },
  token_time_not_clock: {
    blame: 'provider',
    message: 'The clocks agree, so the times in the ID Token itself are wrong.',
    remedy: 'The provider has to look into the lifetime and the clock of the machine that signs ID Tokens.',
    field: null,
  },
  keys_rotated: {
    blame: 'provider',
    message: 'The provider signs with a key that it has not published.',
    remedy:
      'Try again in a minute: it may have changed its keys just now. If it goes on, the provider has to publish the key.',
    field: null,
  },
  key_published_for_other_use: {
    blame: 'provider',
    message: 'The key that signed is published, but not as one that signs ID Tokens.',
    remedy:
      'The provider has to publish the key with all its members, with the use “sig” and the algorithm of its ID Tokens.',
    field: null,
  },
  kid_published_twice: {
    blame: 'provider',
    message: 'Several published keys have the same name (kid): which one signed the ID Token cannot be told.',
    remedy: 'The provider has to give each of its published keys a kid of its own.',
    field: null,
  },
  private_key_published: {
    blame: 'provider',
    message: 'A private key is among the published ones.',
    remedy: 'Tell the provider at once to replace that key: whoever reads it can sign in as anybody.',
    field: null,
  },
  keys_of_another_issuer: {
    blame: 'provider',
    message: 'The ID Token names another issuer than the one whose keys were read.',
    remedy: 'The provider has to name one and the same issuer in its configuration document and in its ID Tokens.',
    field: null,
  },
  algorithm_to_choose: {
    blame: 'organization_admin',
    message: 'The provider signs with another algorithm than the one that is expected.',
    remedy: 'Let the provider sign the ID Tokens of this application with RS256, or choose its algorithm here.',
    field: 'id_token_signed_response_alg',
  },

  // ── the other answers ─────────────────────────────────────────────────────────────────────────────────────────────
  answer_redirected: {
    blame: 'provider',
    message: 'The address answers with a redirect, which is not followed.',
    remedy: 'The provider has to name the final address in its configuration document.',
    field: null,
  },
  userinfo_signed: {
    blame: 'provider',
    message: 'UserInfo is signed (a JWT), which this client is not registered for.',
    remedy: 'Switch off signed UserInfo responses for this application at the provider.',
    field: null,
  },

  // ── the claims ────────────────────────────────────────────────────────────────────────────────────────────────────
  claims_only_at_userinfo: {
    blame: 'organization_admin',
    message: 'The ID Token is thin: what is asked for stands only at UserInfo, which was not asked.',
    remedy: 'Let UserInfo be asked when needed.',
    field: 'userinfo',
  },
  email_scope_missing: {
    blame: 'organization_admin',
    message: 'No e-mail address was asked for.',
    remedy: 'Add “email” to the scope.',
    field: 'scope',
  },
  email_verified_is_text: {
    blame: 'provider',
    message: 'The provider says that the e-mail address is verified, but as a text instead of true.',
    remedy: 'Let the provider send email_verified as a boolean.',
    field: null,
  },
  email_verified_missing: {
    blame: 'organization_admin',
    message: 'The provider does not say whether the e-mail address is verified.',
    remedy: 'Let the provider send the claim email_verified; without it an address proves nothing.',
    field: null,
  },
  email_not_verified: {
    blame: 'organization_admin',
    message: 'The provider says that nobody has verified this e-mail address.',
    remedy: 'Verify the address of the person at the provider.',
    field: null,
  },
  groups_claim_missing: {
    blame: 'organization_admin',
    message: 'The claim that roles are read from did not come.',
    remedy:
      'Let the provider send this claim: at Okta add a groups claim to the application, and the scope “groups” where the authorization server asks for it.',
    field: 'role_mapping.claim',
  },
  groups_claim_not_a_list: {
    blame: 'organization_admin',
    message: 'The claim that roles are read from is neither a text nor a list of texts.',
    remedy: 'Let the provider send a list of names, or name the path inside the claim with dots.',
    field: 'role_mapping.claim',
  },
  groups_too_many: {
    blame: 'organization_admin',
    message: 'The person is in more groups than the provider sends.',
    remedy:
      'Let the provider send fewer of them: at Okta narrow the filter of the groups claim, at Entra ID choose “groups assigned to the application”.',
    field: null,
  },
  groups_letter_case: {
    blame: 'organization_admin',
    message: 'A group differs from a rule only in capital letters or white space.',
    remedy: 'Enter the value of the rule exactly as the provider sends it.',
    field: 'role_mapping.rules',
  },
  groups_without_rule: {
    blame: 'organization_admin',
    message: 'No group came that a rule names.',
    remedy:
      'Put the person into such a group, or let the provider send it: at Okta the filter of the groups claim may leave it out. Otherwise add a rule for a group that came.',
    field: 'role_mapping.rules',
  },
  google_any_account: {
    blame: 'organization_admin',
    message: 'Any Google account can sign in: nothing limits the sign-in to your organization.',
    remedy: 'Set your domain among the allowed e-mail domains.',
    field: 'allowed_email_domains',
  },
} as const satisfies Record<string, NearMissRule>

export type NearMissId = keyof typeof nearMisses
