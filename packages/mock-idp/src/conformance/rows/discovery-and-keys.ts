/** The modules of Config RP: the configuration document, the keys, and how they rotate. */
import { acceptedLogin } from './row.ts'
import type { Row } from './row.ts'

const discovery = (section: string) => `OpenID Connect Discovery 1.0, section ${section}`
const rotation = 'OpenID Connect Core 1.0, section 10.1.1'

/** Rows by the names of their modules. */
export const discoveryAndKeysRows: Record<string, Row> = {
  'oidcc-client-test-discovery-openid-config': acceptedLogin({
    does: 'Nothing wrong. The issuer ends with a slash, which is not part of the address of the document.',
    expects: 'The configuration document is fetched.',
    clause: discovery('4'),
    from: 'set_up',
    required: ['discovery', 'token', 'userinfo'],
    order: [['discovery', 'authorization']],
  }),
  'oidcc-client-test-discovery-jwks-uri-keys': acceptedLogin({
    does: 'Publishes the keys at an address that nobody could guess.',
    expects: 'The keys are fetched from the address that the document names, before UserInfo is asked.',
    clause: discovery('3'),
    from: 'set_up',
    faults: ['discovery.jwks_uri_with_query'],
    required: ['discovery', 'jwks', 'token', 'userinfo'],
    order: [
      ['discovery', 'jwks'],
      ['discovery', 'authorization'],
      ['jwks', 'userinfo'],
    ],
    check: ({ calls }) =>
      calls.some(({ endpoint, params }) => endpoint === 'jwks' && params['guess'] === undefined)
        ? ['Keys were fetched from another address than the document names.']
        : [],
  }),
  'oidcc-client-test-discovery-issuer-mismatch': {
    does: 'Names the issuer with the word INVALID appended in its configuration document.',
    expects: 'The document is refused, and nobody is sent to the provider.',
    clause: discovery('4.3'),
    course: 'login',
    from: 'set_up',
    faults: ['discovery.issuer_mismatch'],
    expected: 'refused',
    reasons: ['discovery_issuer'],
    required: ['discovery'],
    forbidden: ['authorization', 'token', 'userinfo'],
  },
  'oidcc-client-test-signing-key-rotation-just-before-signing': acceptedLogin({
    does: 'Makes new keys immediately before it signs, in each of two logins; the old ones are gone.',
    expects: 'The keys are fetched again for the unknown kid, each time.',
    clause: rotation,
    course: 'two_logins',
    rotation: { mode: 'just_before_signing', before: ['first', 'second'] },
    required: ['jwks', 'jwks', 'userinfo', 'userinfo'],
  }),
  'oidcc-client-test-signing-key-rotation': acceptedLogin({
    does: 'Replaces its keys between two logins.',
    expects: 'The keys are fetched again in the second login, within seconds of the first.',
    clause: rotation,
    course: 'two_logins',
    from: 'set_up',
    rotation: { mode: 'remove', before: ['second'] },
    required: ['jwks', 'jwks', 'userinfo', 'userinfo'],
  }),
}
