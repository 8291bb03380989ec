/**
 * What is known of the OpenID Foundation's modules for relying parties with `response_type=code`: in which plans each one
 * is, and what the suite expects. Data only, taken from the suite itself; the rows are held against it by a test.
 * @see {@link https://gitlab.com/openid/conformance-suite | the conformance suite}
 */
import type { Expected } from '@relying-party/mock-idp'

/** A module, what the suite expects of it, and the plans that it is in. */
export type Fact = readonly [module: string, expected: Expected, plans: string]

/** Every module for the code flow. */
export const facts: readonly Fact[] = [
  ['oidcc-client-test', 'accepted', 'basic form_post comprehensive'],
  ['oidcc-client-test-invalid-iss', 'refused', 'basic form_post comprehensive'],
  ['oidcc-client-test-missing-sub', 'refused', 'basic form_post comprehensive'],
  ['oidcc-client-test-invalid-aud', 'refused', 'basic form_post comprehensive'],
  ['oidcc-client-test-missing-iat', 'refused', 'basic form_post comprehensive'],
  ['oidcc-client-test-kid-absent-single-jwks', 'accepted', 'basic form_post comprehensive'],
  ['oidcc-client-test-kid-absent-multiple-jwks', 'either', 'basic form_post comprehensive'],
  ['oidcc-client-test-idtoken-sig-rs256', 'accepted', 'basic form_post comprehensive'],
  ['oidcc-client-test-idtoken-sig-none', 'either', 'basic config dynamic form_post comprehensive'],
  ['oidcc-client-test-invalid-sig-rs256', 'refused', 'basic form_post comprehensive'],
  ['oidcc-client-test-userinfo-invalid-sub', 'refused', 'basic form_post comprehensive'],
  ['oidcc-client-test-nonce-invalid', 'refused', 'basic form_post comprehensive'],
  ['oidcc-client-test-scope-userinfo-claims', 'accepted', 'basic form_post comprehensive'],
  ['oidcc-client-test-client-secret-basic', 'accepted', 'basic form_post comprehensive'],
  ['oidcc-client-test-discovery-openid-config', 'accepted', 'config dynamic comprehensive'],
  ['oidcc-client-test-discovery-jwks-uri-keys', 'accepted', 'config dynamic comprehensive'],
  ['oidcc-client-test-discovery-issuer-mismatch', 'refused', 'config dynamic comprehensive'],
  ['oidcc-client-test-signing-key-rotation-just-before-signing', 'accepted', 'config dynamic comprehensive'],
  ['oidcc-client-test-signing-key-rotation', 'accepted', 'config dynamic comprehensive'],
  ['oidcc-client-test-discovery-webfinger-acct', 'accepted', 'dynamic comprehensive'],
  ['oidcc-client-test-discovery-webfinger-url', 'accepted', 'dynamic comprehensive'],
  ['oidcc-client-test-dynamic-registration', 'accepted', 'dynamic comprehensive'],
  ['oidcc-client-test-request-uri-signed-rs256', 'accepted', 'dynamic comprehensive'],
  ['oidcc-client-test-request-uri-signed-none', 'accepted', 'dynamic comprehensive'],
  ['oidcc-client-test-userinfo-signed', 'accepted', 'dynamic comprehensive'],
  ['oidcc-client-test-3rd-party-init-login', 'accepted', 'third_party_initiated_login'],
  ['oidcc-client-test-refresh-token', 'accepted', 'refresh_token'],
  ['oidcc-client-test-refresh-token-invalid-issuer', 'refused', 'refresh_token'],
  ['oidcc-client-test-refresh-token-invalid-sub', 'refused', 'refresh_token'],
  ['oidcc-client-test-missing-aud', 'refused', 'comprehensive'],
  ['oidcc-client-test-userinfo-bearer-header', 'accepted', 'comprehensive'],
  ['oidcc-client-test-userinfo-bearer-body', 'accepted', 'comprehensive'],
  ['oidcc-client-test-form-post-error', 'refused', 'comprehensive'],
  ['oidcc-client-test-invalid-sig-hs256', 'refused', 'comprehensive'],
  ['oidcc-client-test-invalid-sig-es256', 'refused', 'comprehensive'],
  ['oidcc-client-test-aggregated-claims', 'accepted', 'comprehensive'],
  ['oidcc-client-test-distributed-claims', 'accepted', 'comprehensive'],
  ['oidcc-client-test-mtls-endpoint-aliases', 'accepted', 'comprehensive'],
  ['oidcc-client-test-rp-init-logout', 'accepted', 'rp_initiated_logout'],
  ['oidcc-client-test-rp-init-logout-other-state', 'either', 'rp_initiated_logout'],
  ['oidcc-client-test-rp-init-logout-no-state', 'either', 'rp_initiated_logout'],
  ['oidcc-client-test-rp-backchannel-rpinitlogout', 'accepted', 'backchannel_logout'],
  ['oidcc-client-test-rp-backchannel-rpinitlogout-alg-none', 'refused', 'backchannel_logout'],
  ['oidcc-client-test-rp-backchannel-rpinitlogout-no-event', 'refused', 'backchannel_logout'],
  ['oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce', 'refused', 'backchannel_logout'],
  ['oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg', 'refused', 'backchannel_logout'],
  ['oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud', 'refused', 'backchannel_logout'],
  ['oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event', 'refused', 'backchannel_logout'],
  ['oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss', 'refused', 'backchannel_logout'],
]
