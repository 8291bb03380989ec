/**
 * The OpenID Foundation's test plans for relying parties that are run here: names, order and modules verbatim, each with
 * `response_type=code`. A module of a plan that has no row in `modules.ts` fails the run.
 */

/** How the authorization response is asked for. */
export type ResponseMode = 'query' | 'form_post'

/** A test plan. */
export interface Plan {
  /** What `--plan` calls it. */
  name: string
  title: string
  /** The Foundation's name for the plan. */
  plan: string
  /** Whether it leads to a certification of the Foundation. */
  certification: boolean
  response_mode: ResponseMode
  modules: readonly string[]
}

const basic = [
  'oidcc-client-test',
  'oidcc-client-test-invalid-iss',
  'oidcc-client-test-missing-sub',
  'oidcc-client-test-invalid-aud',
  'oidcc-client-test-missing-iat',
  'oidcc-client-test-kid-absent-single-jwks',
  'oidcc-client-test-kid-absent-multiple-jwks',
  'oidcc-client-test-idtoken-sig-rs256',
  'oidcc-client-test-idtoken-sig-none',
  'oidcc-client-test-invalid-sig-rs256',
  'oidcc-client-test-userinfo-invalid-sub',
  'oidcc-client-test-nonce-invalid',
  'oidcc-client-test-scope-userinfo-claims',
  'oidcc-client-test-client-secret-basic',
]

/** Every plan, in the order in which they run. */
export const plans: readonly Plan[] = [
  {
    name: 'basic',
    title: 'Basic RP',
    plan: 'oidcc-client-basic-certification-test-plan',
    certification: true,
    response_mode: 'query',
    modules: basic,
  },
  {
    name: 'config',
    title: 'Config RP',
    plan: 'oidcc-client-config-certification-test-plan',
    certification: true,
    response_mode: 'query',
    modules: [
      'oidcc-client-test-discovery-openid-config',
      'oidcc-client-test-discovery-jwks-uri-keys',
      'oidcc-client-test-discovery-issuer-mismatch',
      'oidcc-client-test-idtoken-sig-none',
      'oidcc-client-test-signing-key-rotation-just-before-signing',
      'oidcc-client-test-signing-key-rotation',
    ],
  },
  {
    name: 'form_post',
    title: 'Form Post Basic RP',
    plan: 'oidcc-client-formpost-basic-certification-test-plan',
    certification: true,
    response_mode: 'form_post',
    modules: basic,
  },
  {
    name: 'third_party_initiated_login',
    title: 'Third-party-initiated login RP',
    plan: 'oidcc-client-test-3rd-party-init-login-test-plan',
    certification: true,
    response_mode: 'query',
    modules: ['oidcc-client-test-3rd-party-init-login'],
  },
  {
    name: 'rp_initiated_logout',
    title: 'RP-initiated logout RP',
    plan: 'oidcc-client-rp-initiated-logout-rp-basic',
    certification: true,
    response_mode: 'query',
    modules: [
      'oidcc-client-test-rp-init-logout',
      'oidcc-client-test-rp-init-logout-other-state',
      'oidcc-client-test-rp-init-logout-no-state',
    ],
  },
  {
    name: 'backchannel_logout',
    title: 'Back-channel logout RP',
    plan: 'oidcc-client-back-channel-logout-rp-basic',
    certification: true,
    response_mode: 'query',
    modules: [
      'oidcc-client-test-rp-backchannel-rpinitlogout',
      'oidcc-client-test-rp-backchannel-rpinitlogout-alg-none',
      'oidcc-client-test-rp-backchannel-rpinitlogout-no-event',
      'oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce',
      'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg',
      'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud',
      'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event',
      'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss',
    ],
  },
  {
    name: 'refresh_token',
    title: 'Refresh token RP',
    plan: 'oidcc-client-refreshtoken-test-plan',
    certification: false,
    response_mode: 'query',
    modules: [
      'oidcc-client-test-refresh-token',
      'oidcc-client-test-refresh-token-invalid-issuer',
      'oidcc-client-test-refresh-token-invalid-sub',
    ],
  },
  {
    // Of the comprehensive plan, what no certification plan has: the rest stands above, or in the Dynamic plan, whose
    // WebFinger, registration, request_uri and signed UserInfo are not for a relying party with a registered client.
    name: 'comprehensive',
    title: 'Comprehensive RP, beyond certification',
    plan: 'oidcc-client-test-plan',
    certification: false,
    response_mode: 'query',
    modules: [
      'oidcc-client-test-missing-aud',
      'oidcc-client-test-userinfo-bearer-header',
      'oidcc-client-test-userinfo-bearer-body',
      'oidcc-client-test-form-post-error',
      'oidcc-client-test-invalid-sig-hs256',
      'oidcc-client-test-invalid-sig-es256',
      'oidcc-client-test-aggregated-claims',
      'oidcc-client-test-distributed-claims',
      'oidcc-client-test-mtls-endpoint-aliases',
    ],
  },
]

/** The plans of these names; a name that is none throws, and says which there are. */
export function plansNamed(names: readonly string[]): Plan[] {
  return names.map((name) => {
    const plan = plans.find((each) => each.name === name.replaceAll('-', '_') || each.plan === name)
    if (plan === undefined)
      throw new TypeError(`no plan ${name}; there are ${plans.map((each) => each.name).join(', ')}`)
    return plan
  })
}
