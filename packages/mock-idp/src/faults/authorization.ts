/** Faults of the authorization response and of the return from logout. */
import { append, drop, given, membersFaults, replyFaults, set } from './fault.ts'
import type { FaultContext, Members, Row, MembersFault } from './fault.ts'

const oauth = (section: string) => `RFC 6749, section ${section}`
const exactState = 'The state MUST be the exact value received from the client.'
const once = 'Response parameters MUST NOT be included more than once.'

/** What can be wrong with an authorization response. */
export const authorizationFaults = [
  ...membersFaults('authorization', {
    state_altered: {
      does: 'Appends a character to the state.',
      breaks: exactState,
      spec: oauth('4.1.2'),
      touches: ['state'],
      alter: set('state', append('1')),
    },
    state_replaced: {
      does: 'Answers with the state of somebody else.',
      breaks: exactState,
      spec: oauth('10.12'),
      touches: ['state'],
      value: 'somebody-else',
      alter: set('state', given),
    },
    state_missing: {
      does: 'Leaves the state out.',
      breaks: 'state is REQUIRED when it was in the request.',
      spec: oauth('4.1.2'),
      touches: ['state'],
      alter: drop('state'),
    },
    state_duplicated: {
      does: 'Answers with the state twice.',
      breaks: once,
      spec: oauth('3.1'),
      touches: ['state'],
      alter: set('state', (state) => [state, state]),
    },
    code_missing: {
      does: 'Leaves the code out.',
      breaks: 'code is REQUIRED.',
      spec: oauth('4.1.2'),
      touches: ['code'],
      alter: drop('code'),
    },
    code_empty: {
      does: 'Answers with an empty code.',
      breaks: 'Parameters sent without a value MUST be treated as if they were omitted.',
      spec: oauth('3.1'),
      touches: ['code'],
      alter: set('code', () => ''),
    },
    code_altered: {
      does: 'Appends a character to the code, which nobody can redeem then.',
      breaks: 'The code is the one that the server generated.',
      spec: oauth('4.1.3'),
      touches: ['code'],
      alter: set('code', append('1')),
    },
    code_duplicated: {
      does: 'Answers with two codes.',
      breaks: once,
      spec: oauth('3.1'),
      touches: ['code'],
      alter: set('code', (code) => [code, `${String(code)}1`]),
    },
    iss_mismatch: {
      does: 'Adds the issuer of another provider: a mix-up.',
      breaks: 'A client MUST compare iss with the issuer it sent the request to, and reject a difference.',
      spec: 'RFC 9207, section 2.4',
      touches: ['iss'],
      value: 'https://evil.example',
      alter: set('iss', given),
    },
    iss_near_miss: {
      does: 'Adds the issuer with a character too many.',
      breaks: 'A client MUST compare iss with the issuer it sent the request to, and reject a difference.',
      spec: 'RFC 9207, section 2.4',
      touches: ['iss'],
      alter: set('iss', (_iss, { server }) => `${server.issuer}1`),
    },
    iss_added: {
      does: 'Adds the right issuer, which Okta does not.',
      breaks: 'Nothing: a server may send iss without having promised it.',
      spec: 'RFC 9207, section 2.4',
      expect: 'accept',
      touches: ['iss'],
      alter: set('iss', (_iss, { server }) => server.issuer),
    },
    session_state_added: {
      does: 'Adds session_state, as Keycloak and Entra ID do.',
      breaks: 'Nothing: unrecognized response parameters MUST be ignored.',
      spec: oauth('4.1.2'),
      expect: 'accept',
      touches: ['session_state'],
      alter: set('session_state', () => 'unknown.parameter'),
    },
    error_beside_code: {
      does: 'Answers with a code and with an error.',
      breaks: 'A response is either a code or an error.',
      spec: oauth('4.1.2.1'),
      touches: ['error'],
      value: 'access_denied',
      alter: set('error', given),
    },
    error_without_description: {
      ...error('access_denied'),
      does: 'Refuses, without saying why.',
      breaks: 'The request was refused; error_description is OPTIONAL.',
    },
    error_unknown: {
      ...error('purple', 'The authorization server is purple.'),
      does: 'Refuses with an error that no specification knows.',
      breaks: 'The request was refused; further codes may be registered.',
    },
    error_with_markup: {
      ...error('access_denied', '<img src=x onerror=alert(1)>"\''),
      does: 'Refuses with a description full of markup.',
      breaks: 'Whoever shows a description escapes it.',
    },
    access_denied: {
      ...error('access_denied', 'The resource owner or authorization server denied the request.'),
      does: 'Answers that the user declined.',
      breaks: 'The request was refused.',
    },
    login_required: {
      ...error('login_required', 'The client specified not to prompt, but the user is not logged in.'),
      does: 'Answers that there is no session.',
      breaks: 'The request was refused.',
      spec: 'OpenID Connect Core 1.0, section 3.1.2.6',
    },
    server_error: {
      ...error('server_error', 'The authorization server encountered an unexpected condition.'),
      does: 'Answers that the provider failed.',
      breaks: 'The request was refused.',
    },
    temporarily_unavailable: {
      ...error(
        'temporarily_unavailable',
        'The authorization server is currently unable to handle the request due to a temporary overloading or maintenance of the server.',
      ),
      does: 'Answers that the provider is overloaded.',
      breaks: 'The request was refused.',
    },
  }),
  ...replyFaults('authorization', {
    fragment_instead_of_query: {
      does: 'Puts the response into the fragment, where the server of the relying party never sees it.',
      breaks: 'The default response mode of the code flow is query.',
      spec: 'OAuth 2.0 Multiple Response Type Encoding Practices, section 2.1',
      touches: ['headers.location'],
      when: 'after',
      reply: (reply) => ({
        ...reply,
        headers: { ...reply.headers, location: String(reply.headers['location']).replace('?', '#') },
      }),
    },
  }),
]

/** What can be wrong with the return from logout. */
export const endSessionFaults = membersFaults('end_session', {
  state_altered: {
    does: 'Appends a character to the state.',
    breaks: 'The state is returned as it was given.',
    spec: 'OpenID Connect RP-Initiated Logout 1.0, section 2',
    touches: ['state'],
    alter: set('state', append('1')),
  },
  state_missing: {
    does: 'Leaves the state out.',
    breaks: 'The state is passed back when it was in the request.',
    spec: 'OpenID Connect RP-Initiated Logout 1.0, section 2',
    touches: ['state'],
    alter: drop('state'),
  },
})

/** A refusal instead of the code: `value` may name another error. */
function error(code: string, error_description?: string): Omit<Row<MembersFault>, 'does' | 'breaks'> {
  return {
    spec: oauth('4.1.2.1'),
    touches: error_description === undefined ? ['code', 'error'] : ['code', 'error', 'error_description'],
    value: code,
    alter: ({ state }: Members, { value }: FaultContext) => ({
      ...(state !== undefined && { state }),
      error: value,
      ...(error_description !== undefined && { error_description }),
    }),
  }
}
