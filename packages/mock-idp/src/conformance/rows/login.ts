/** The modules of Basic RP (and Form Post RP), and those about the ID Token beyond certification. */
import { acceptedLogin, refusedIdToken } from './row.ts'
import type { Row } from './row.ts'

const core = (section: string) => `OpenID Connect Core 1.0, section ${section}`

/** Rows by the names of their modules. */
export const loginRows: Record<string, Row> = {
  'oidcc-client-test': acceptedLogin({
    does: 'Nothing wrong. Response types stand in an unusual order, and the token response does not say when it expires.',
    expects: 'The login completes and UserInfo is asked for.',
    clause: core('3.1'),
    faults: ['token.expires_in_missing'],
    provider: {
      discovery: {
        response_types_supported: [
          'id_token code',
          'token code id_token',
          'id_token',
          'token id_token',
          'code',
          'token code',
        ],
      },
    },
  }),
  'oidcc-client-test-invalid-iss': refusedIdToken(['id_token.iss_near_miss'], ['id_token_iss'], {
    does: 'Issues ID Tokens whose iss is the issuer with the character 1 appended.',
    expects: 'iss is compared whole, and the login refused.',
    clause: core('3.1.3.7, rule 2'),
  }),
  'oidcc-client-test-missing-sub': refusedIdToken(['id_token.sub_missing'], ['id_token_sub'], {
    does: 'Leaves sub out of the ID Token.',
    expects: 'sub is missed, and the login refused.',
    clause: core('2'),
  }),
  'oidcc-client-test-invalid-aud': refusedIdToken(['id_token.aud_near_miss'], ['id_token_aud'], {
    does: 'Issues ID Tokens whose aud is the client id with the character 1 appended.',
    expects: 'aud is compared whole, and the login refused.',
    clause: core('3.1.3.7, rule 3'),
  }),
  'oidcc-client-test-missing-aud': refusedIdToken(['id_token.aud_missing'], ['id_token_aud'], {
    does: 'Leaves aud out of the ID Token.',
    expects: 'aud is missed, and the login refused.',
    clause: core('2'),
  }),
  'oidcc-client-test-missing-iat': refusedIdToken(['id_token.iat_missing'], ['id_token_iat'], {
    does: 'Leaves iat out of the ID Token.',
    expects: 'iat is missed, and the login refused.',
    clause: core('2'),
  }),
  'oidcc-client-test-nonce-invalid': refusedIdToken(['id_token.nonce_near_miss'], ['id_token_nonce'], {
    does: 'Answers with the nonce and the character 1 appended, or with one that nobody asked for.',
    expects: 'The nonce is compared whole, one that was not asked for as well, and the login refused.',
    clause: core('3.1.3.7, rule 11'),
  }),
  'oidcc-client-test-kid-absent-single-jwks': acceptedLogin({
    does: 'Publishes one RSA key for signatures without kid and alg, among keys of other types, curves and uses; the ID Token names no kid.',
    expects: 'The only key that fits is found.',
    clause: core('10.1'),
    from: 'set_up',
    faults: ['id_token.kid_missing', 'jwks.kid_missing', 'jwks.alg_missing'],
    required: ['token', 'jwks', 'userinfo'],
  }),
  'oidcc-client-test-kid-absent-multiple-jwks': {
    does: 'Publishes three RSA keys without kid and alg; the ID Token names no kid.',
    expects: 'Either is right: refuse as ambiguous, or find the key by trying each.',
    clause: core('10.1'),
    course: 'login',
    from: 'set_up',
    faults: ['id_token.kid_missing', 'jwks.several_without_kid'],
    expected: 'either',
    reasons: ['id_token_key', 'id_token_signature'],
    required: ['token'],
  },
  'oidcc-client-test-idtoken-sig-rs256': acceptedLogin({
    does: 'Offers RS256 alone, and signs with it.',
    expects: 'The keys are fetched, and the signature is accepted.',
    clause: core('15.1'),
    from: 'set_up',
    required: ['token', 'jwks', 'userinfo'],
    provider: { discovery: { id_token_signing_alg_values_supported: ['RS256'] } },
  }),
  'oidcc-client-test-idtoken-sig-none': {
    does: 'Answers at the token endpoint with an ID Token that is not signed and says so.',
    expects: 'Refused, unless the relying party registered for none.',
    clause: core('3.1.3.7, rule 6'),
    course: 'login',
    faults: ['id_token.alg_none'],
    expected: 'either',
    reasons: ['id_token_alg', 'id_token_signature'],
    required: ['token'],
  },
  'oidcc-client-test-invalid-sig-rs256': refusedIdToken(['id_token.signature_invalid'], ['id_token_signature'], {
    does: 'Flips bits in every byte of an RS256 signature. (The suite skips who goes on, as TLS may stand in for the signature; here that fails.)',
    expects: 'The signature is checked, and the login refused.',
    clause: core('3.1.3.7, rule 6'),
  }),
  'oidcc-client-test-invalid-sig-es256': refusedIdToken(['id_token.signature_invalid'], ['id_token_signature'], {
    does: 'Offers ES256 alone, and flips bits in every byte of the signature.',
    expects: 'The signature is checked, and the login refused.',
    clause: core('3.1.3.7, rule 6'),
    needs: ['id_token_es256'],
    control: true,
    client: { id_token_signed_response_alg: 'ES256' },
    provider: { discovery: { id_token_signing_alg_values_supported: ['ES256'] } },
  }),
  'oidcc-client-test-invalid-sig-hs256': refusedIdToken(['id_token.signature_invalid'], ['id_token_signature'], {
    does: 'Offers HS256 alone, signs with the client secret, and flips bits in every byte of the signature.',
    expects: 'The signature is checked, and the login refused.',
    clause: core('3.1.3.7, rule 8'),
    needs: ['id_token_hs256'],
    control: true,
    client: { id_token_signed_response_alg: 'HS256' },
    provider: { discovery: { id_token_signing_alg_values_supported: ['HS256'] } },
  }),
  'oidcc-client-test-client-secret-basic': acceptedLogin({
    does: 'Takes client_secret_basic and nothing else, with an id and a secret full of punctuation.',
    expects: 'Id and secret are form-encoded before they are joined.',
    clause: 'RFC 6749, section 2.3.1',
    client: { strict_auth_method: true, token_endpoint_auth_method: 'client_secret_basic' },
    check: ({ calls }) =>
      calls.some(
        ({ endpoint, client_authentication }) =>
          endpoint === 'token' && client_authentication !== 'client_secret_basic',
      )
        ? ['The token endpoint was called without client_secret_basic.']
        : [],
  }),
  'oidcc-client-test-form-post-error': {
    does: 'Answers login_required, by form_post, to a request with prompt=none and max_age=0.',
    expects: 'The error is read from the form and shown; the login does not go on.',
    clause: 'OAuth 2.0 Form Post Response Mode, section 2',
    course: 'login',
    needs: ['form_post', 'prompt_none'],
    faults: ['authorization.login_required'],
    client: { max_age: 0, response_mode: 'form_post' },
    parameters: { prompt: 'none' },
    expected: 'refused',
    reasons: ['authorization_error'],
    required: ['authorization'],
    forbidden: ['token', 'userinfo'],
    check: ({ calls }) => {
      const asked = calls.some(({ params }) => params['prompt'] === 'none' && params['max_age'] === '0')
      return asked ? [] : ['The authorization request did not carry prompt=none and max_age=0.']
    },
  },
}
