/** What the fields and choices are called: the same words in forms, summaries and tables. */
import { signatureAlgorithms, type Leg } from '@relying-party/core'
import type { Choice } from './fields.ts'

export const fieldLabels: Readonly<Record<string, string>> = {
  issuer: 'Issuer',
  client_id: 'Client ID',
  client_secret: 'Client Secret',
  client_key: 'Key of ours',
  staged_client_secret: 'Second client secret',
  token_endpoint_auth_method: 'Client authentication',
  scope: 'Scopes',
  response_mode: 'Response mode',
  userinfo: 'UserInfo',
  max_age: 'Maximum age of the sign-in',
  acr_values: 'Authentication context (acr_values)',
  id_token_signed_response_alg: 'ID Token algorithm',
  authorization_parameters: 'Extra authorization parameters',
  session_lifetime_value: 'Session lifetime',
  session_lifetime_unit: 'Unit of the session lifetime',
  enforcement: 'Enforcement',
  allowed_email_domains: 'E-mail domains',
  role_claim: 'Claim with the groups or roles',
  role_rules: 'Role rules',
  default_role: 'Default role',
  redirect_uri: 'Redirection URI',
}

/** The messages of a login, as the pages call them. */
export const legNames: Readonly<Record<Leg, string>> = {
  discovery: 'The provider’s configuration',
  browser: 'The way back',
  authorization: 'The provider’s response',
  token: 'The token request',
  id_token: 'The ID Token',
  keys: 'Keys and signature',
  userinfo: 'UserInfo',
  policy: 'Your policy',
}

/** Members as the core names them, where the page has another field for them. */
export const fieldOfMember: Readonly<Record<string, string>> = {
  session_lifetime: 'session_lifetime_value',
  role_mapping: 'role_rules',
  'role_mapping.claim': 'role_claim',
  'role_mapping.rules': 'role_rules',
}

export const clientAuthenticationChoices: readonly Choice[] = [
  ['', 'Automatic: what the provider announces'],
  ['client_secret_basic', 'client_secret_basic: in the Authorization header'],
  ['client_secret_post', 'client_secret_post: in the request body'],
  ['client_secret_jwt', 'client_secret_jwt: an assertion made with the secret'],
  ['private_key_jwt', 'private_key_jwt: an assertion signed with our key'],
  ['none', 'none: public client with PKCE, no secret'],
]

/** What stands in place of a client secret where nobody enters one. */
export const withoutSecret: Readonly<Record<string, string>> = {
  private_key_jwt: 'a key of ours',
  none: 'not needed',
}

export const responseModeChoices: readonly Choice[] = [
  ['query', 'query: in the address (default)'],
  ['form_post', 'form_post: in a posted form'],
]

export const userinfoChoices: readonly Choice[] = [
  ['when_needed', 'When the ID Token lacks something (default)'],
  ['always', 'At every sign-in'],
  ['never', 'Never'],
]

export const algorithmChoices: readonly Choice[] = [
  ['', 'Automatic: what the provider announces'],
  ...Object.keys(signatureAlgorithms).map((name): Choice => [name, name]),
  ['HS256', 'HS256: keyed with the client secret'],
]
