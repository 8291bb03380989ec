/** Faults of the discovery document and of the JWK Set. */
import { rogueKey } from '../keys.ts'
import { publicJwk } from '../jws.ts'
import type { PublicJwk } from '../jws.ts'
import * as testKeys from '../test-keys.ts'
import { append, drop, given, membersFaults, set } from './fault.ts'
import type { Members } from './fault.ts'

const discovery = (section: string) => `OpenID Connect Discovery 1.0, section ${section}`
const jwk = (section: string) => `RFC 7517, section ${section}`

const exactIssuer = 'The issuer MUST be identical to the URL that the document was retrieved with.'
const required = (member: string) => `${member} is REQUIRED.`

/** What can be wrong with a discovery document. */
export const discoveryFaults = membersFaults('discovery', {
  issuer_mismatch: {
    does: 'Appends INVALID to the issuer.',
    breaks: exactIssuer,
    spec: discovery('4.3'),
    touches: ['issuer'],
    alter: set('issuer', append('INVALID')),
  },
  issuer_trailing_slash: {
    does: 'Appends a slash to the issuer.',
    breaks: exactIssuer,
    spec: discovery('4.3'),
    touches: ['issuer'],
    alter: set('issuer', append('/')),
  },
  issuer_elsewhere: {
    does: 'Names another provider as the issuer.',
    breaks: exactIssuer,
    spec: discovery('4.3'),
    touches: ['issuer'],
    value: 'https://evil.example',
    alter: set('issuer', given),
  },
  issuer_template: {
    does: 'Answers an issuer with a placeholder, as Entra ID does for its common endpoint.',
    breaks: exactIssuer,
    spec: discovery('4.3'),
    touches: ['issuer'],
    alter: set('issuer', append('/{tenantid}/v2.0')),
  },
  issuer_missing: {
    does: 'Leaves the issuer out.',
    breaks: required('issuer'),
    spec: discovery('3'),
    touches: ['issuer'],
    alter: drop('issuer'),
  },
  issuer_not_a_string: {
    does: 'Wraps the issuer in a list.',
    breaks: 'The issuer is a URL.',
    spec: discovery('3'),
    touches: ['issuer'],
    alter: set('issuer', (issuer) => [issuer]),
  },
  authorization_endpoint_missing: {
    does: 'Leaves the authorization endpoint out.',
    breaks: required('authorization_endpoint'),
    spec: discovery('3'),
    touches: ['authorization_endpoint'],
    alter: drop('authorization_endpoint'),
  },
  authorization_endpoint_script: {
    does: 'Gives a javascript: URL as the authorization endpoint.',
    breaks: 'The authorization endpoint is a URL that uses the https scheme.',
    spec: discovery('3'),
    touches: ['authorization_endpoint'],
    alter: set('authorization_endpoint', () => 'javascript:alert(1)'),
  },
  token_endpoint_missing: {
    does: 'Leaves the token endpoint out.',
    breaks: 'token_endpoint is REQUIRED unless only the Implicit Flow is used.',
    spec: discovery('3'),
    touches: ['token_endpoint'],
    alter: drop('token_endpoint'),
  },
  token_endpoint_not_a_url: {
    does: 'Gives a path instead of a URL as the token endpoint.',
    breaks: 'The token endpoint is a URL.',
    spec: discovery('3'),
    touches: ['token_endpoint'],
    alter: set('token_endpoint', () => '/oauth2/v1/token'),
  },
  jwks_uri_missing: {
    does: 'Leaves the address of the keys out.',
    breaks: required('jwks_uri'),
    spec: discovery('3'),
    touches: ['jwks_uri'],
    alter: drop('jwks_uri'),
  },
  jwks_uri_internal: {
    does: 'Points the address of the keys at a cloud metadata service.',
    breaks: 'A relying party must not be led to fetch from its own network.',
    spec: 'RFC 9700, section 4.11 (and OWASP on server-side request forgery)',
    touches: ['jwks_uri'],
    value: 'http://169.254.169.254/latest/meta-data/',
    alter: set('jwks_uri', given),
  },
  signing_algorithms_none: {
    does: 'Offers only unsigned ID Tokens.',
    breaks: 'RS256 MUST be included; none MUST NOT be used with the code flow unless asked for.',
    spec: discovery('3'),
    touches: ['id_token_signing_alg_values_supported'],
    alter: set('id_token_signing_alg_values_supported', () => ['none']),
  },
  auth_methods_unknown: {
    does: 'Offers only a client authentication method that nobody knows.',
    breaks: 'A client uses a method that both sides support.',
    spec: discovery('3'),
    expect: 'either',
    touches: ['token_endpoint_auth_methods_supported'],
    alter: set('token_endpoint_auth_methods_supported', () => ['client_secret_telepathy']),
  },
  iss_parameter_promised: {
    does: 'Promises an iss parameter in authorization responses, which then does not come.',
    breaks: 'A client MUST reject a response without iss from a server that promises it.',
    spec: 'RFC 9207, section 2.4',
    touches: ['authorization_response_iss_parameter_supported'],
    alter: set('authorization_response_iss_parameter_supported', () => true),
  },
  end_session_endpoint_missing: {
    does: 'Leaves the logout endpoint out, as providers without RP-initiated logout do.',
    breaks: 'Nothing: end_session_endpoint is for providers that have one.',
    spec: 'OpenID Connect RP-Initiated Logout 1.0, section 2.1',
    touches: ['end_session_endpoint'],
    expect: 'accept',
    alter: drop('end_session_endpoint'),
  },
  unknown_member: {
    does: 'Adds a member that no specification knows.',
    breaks: 'Nothing: members that are not understood MUST be ignored.',
    spec: discovery('3'),
    expect: 'accept',
    touches: ['https://mock.example/unknown'],
    alter: set('https://mock.example/unknown', () => ({ a: 1 })),
  },
  jwks_uri_with_query: {
    does: 'Moves the keys to an address that nobody could guess.',
    breaks: 'Nothing: the address of the keys is whatever the document says.',
    spec: discovery('3'),
    expect: 'accept',
    touches: ['jwks_uri'],
    alter: set('jwks_uri', append('?guess=6b1f')),
  },
  mtls_aliases: {
    does: 'Adds endpoints for mutual TLS, which are not for this client.',
    breaks: 'Nothing: a client without mutual TLS ignores the aliases.',
    spec: 'RFC 8705, section 5',
    expect: 'accept',
    touches: ['mtls_endpoint_aliases'],
    alter: set('mtls_endpoint_aliases', () => ({ token_endpoint: 'https://mtls.invalid/token' })),
  },
})

/** What can be wrong with a JWK Set. */
export const jwksFaults = membersFaults('jwks', {
  empty: {
    does: 'Publishes no key at all.',
    breaks: 'The key that signed MUST be in the set.',
    spec: 'OpenID Connect Core 1.0, section 10.1',
    touches: ['keys'],
    alter: set('keys', () => []),
  },
  keys_missing: {
    does: 'Leaves the member keys out.',
    breaks: 'keys MUST be present.',
    spec: jwk('5'),
    touches: ['keys'],
    alter: drop('keys'),
  },
  keys_not_an_array: {
    does: 'Gives the keys as an object.',
    breaks: 'The value of keys is an array.',
    spec: jwk('5.1'),
    touches: ['keys'],
    alter: set('keys', (keys) => ({ ...(keys as PublicJwk[]) })),
  },
  kid_mismatch: {
    does: 'Publishes every key under another kid.',
    breaks: 'The kid of the token selects the key of the set.',
    spec: jwk('4.5'),
    touches: ['keys'],
    alter: eachKey((key) => ({ ...key, kid: `${key['kid']}1` })),
  },
  key_replaced: {
    does: 'Publishes another key under the kid that signs.',
    breaks: 'The signature MUST verify with the published key.',
    spec: 'OpenID Connect Core 1.0, section 3.1.3.7, rule 6',
    touches: ['keys'],
    alter: eachKey((key) => ({ ...key, n: publicJwk(rogueKey)['n']! })),
  },
  use_enc: {
    does: 'Says of every key that it is for encryption.',
    breaks: 'A key for encryption MUST NOT verify signatures.',
    spec: jwk('4.2'),
    touches: ['keys'],
    alter: eachKey((key) => ({ ...key, use: 'enc' })),
  },
  alg_mismatch: {
    does: 'Says of every key that it is for RS512.',
    breaks: 'The alg of the key is the algorithm that it is intended for.',
    spec: jwk('4.4'),
    touches: ['keys'],
    alter: eachKey((key) => ({ ...key, alg: 'RS512' })),
  },
  kty_missing: {
    does: 'Leaves the type of every key out.',
    breaks: 'kty MUST be present in a JWK.',
    spec: jwk('4.1'),
    touches: ['keys'],
    alter: eachKey(({ kty: _kty, ...key }) => key),
  },
  modulus_missing: {
    does: 'Leaves the modulus of every key out.',
    breaks: 'n MUST be present in an RSA public key.',
    spec: 'RFC 7518, section 6.3.1',
    touches: ['keys'],
    alter: eachKey(({ n: _n, ...key }) => key),
  },
  private_key: {
    does: 'Publishes a private half with every key.',
    breaks: 'Private keys MUST be protected from disclosure.',
    spec: jwk('9.2'),
    expect: 'either',
    touches: ['keys'],
    alter: eachKey((key) => ({ ...key, d: zeros })),
  },
  symmetric_key: {
    does: 'Publishes a shared secret under the kid that signs.',
    breaks: 'The keys of the set are public keys; a symmetric key MUST NOT be published.',
    spec: 'OpenID Connect Core 1.0, section 10.1',
    touches: ['keys'],
    alter: eachKey(({ kid }) => ({ kty: 'oct', alg: 'HS256', kid: kid!, use: 'sig', k: 'c2VjcmV0' })),
  },
  kid_duplicated: {
    does: 'Puts a decoy with the same kid before every key.',
    breaks: 'Different keys SHOULD have different kids.',
    spec: jwk('4.5'),
    expect: 'either',
    touches: ['keys'],
    alter: set('keys', (keys) => (keys as PublicJwk[]).flatMap((key) => [{ ...decoy, kid: key['kid']! }, key])),
  },
  kid_missing: {
    does: 'Leaves every kid out.',
    breaks: 'Nothing: kid is OPTIONAL. With id_token.kid_missing beside it, one key of the right type must do.',
    spec: jwk('4.5'),
    expect: 'either',
    touches: ['keys'],
    alter: eachKey(({ kid: _kid, ...key }) => key),
  },
  several_without_kid: {
    does: 'Publishes several keys of the same type, none with kid or alg.',
    breaks: 'With several keys in the set, kid MUST be given in the token and the keys.',
    spec: 'OpenID Connect Core 1.0, section 10.1',
    expect: 'either',
    touches: ['keys'],
    alter: set('keys', (keys) =>
      [decoy, ...(keys as PublicJwk[]), publicJwk(testKeys.signing_3)].map(({ kid: _kid, alg: _alg, ...key }) => key),
    ),
  },
  alg_missing: {
    does: 'Leaves the algorithm of every key out, as Entra ID does.',
    breaks: 'Nothing: alg is OPTIONAL.',
    spec: jwk('4.4'),
    expect: 'accept',
    touches: ['keys'],
    alter: eachKey(({ alg: _alg, ...key }) => key),
  },
  decoys: {
    does: 'Adds keys of other types, for other uses and of unknown curves.',
    breaks: 'Nothing: keys that are not understood SHOULD be ignored.',
    spec: jwk('5'),
    expect: 'accept',
    touches: ['keys'],
    alter: set('keys', (keys) => {
      const own = keys as PublicJwk[]
      // A key that a client is registered for is no decoy, and would be there twice.
      const others = [publicJwk(testKeys.ec), publicJwk(testKeys.okp)].filter(
        (key) => !own.some(({ kid }) => kid === key['kid']),
      )
      return [
        ...others,
        { kty: 'EC', crv: 'secp256k1', kid: 'decoy-secp256k1', use: 'sig', x: zeros, y: zeros },
        { kty: 'UNKNOWN', kid: 'decoy-unknown' },
        { ...decoy, kid: 'decoy-enc', use: 'enc', alg: 'RSA-OAEP-256' },
        ...own,
      ]
    }),
  },
})

function eachKey(change: (key: PublicJwk) => PublicJwk): (members: Members) => Members {
  return (members) => ({ ...members, keys: (members['keys'] as PublicJwk[]).map(change) })
}

const decoy = publicJwk(rogueKey)
const zeros = 'A'.repeat(43)
