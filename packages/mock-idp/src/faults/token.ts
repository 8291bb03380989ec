/** Faults of the token response and of UserInfo. */
import { apiError, texts } from '../okta-errors.ts'
import { json } from '../http.ts'
import { encode } from '../jws.ts'
import { append, drop, given, membersFaults, replyFaults, set } from './fault.ts'
import type { ReplyFault, Row } from './fault.ts'

/** The access token for the distributed claims: theirs alone. */
export const distributedClaimsToken = 'the-token-for-distributed-claims'

const oauth = (section: string) => `RFC 6749, section ${section}`
const core = (section: string) => `OpenID Connect Core 1.0, section ${section}`

/** What can be wrong with a token response. */
export const tokenFaults = [
  ...membersFaults('token', {
    access_token_missing: {
      does: 'Leaves the access token out.',
      breaks: 'access_token is REQUIRED.',
      spec: oauth('5.1'),
      touches: ['access_token'],
      alter: drop('access_token'),
    },
    access_token_not_a_string: {
      does: 'Answers with a number as the access token.',
      breaks: 'access_token is a string.',
      spec: oauth('5.1'),
      touches: ['access_token'],
      alter: set('access_token', () => 42),
    },
    access_token_substituted: {
      does: 'Answers with another access token than the one that at_hash was made from.',
      breaks: 'The at_hash of the ID Token MUST match the access token when it is present.',
      spec: core('3.1.3.8'),
      expect: 'either',
      touches: ['access_token'],
      alter: set('access_token', append('1')),
    },
    token_type_missing: {
      does: 'Leaves the token type out.',
      breaks: 'token_type is REQUIRED.',
      spec: oauth('5.1'),
      touches: ['token_type'],
      alter: drop('token_type'),
    },
    token_type_unknown: {
      does: 'Answers with a token type that nobody can use.',
      breaks: 'A client MUST NOT use a token whose type it does not understand.',
      spec: oauth('7.1'),
      touches: ['token_type'],
      value: 'mac',
      alter: set('token_type', given),
    },
    token_type_dpop: {
      does: 'Answers with a DPoP token although no proof was given.',
      breaks: 'A DPoP token is bound to the proof in the request.',
      spec: 'RFC 9449, section 5',
      expect: 'either',
      touches: ['token_type'],
      alter: set('token_type', () => 'DPoP'),
    },
    token_type_lower_case: {
      does: 'Writes the token type in lower case.',
      breaks: 'Nothing: the token type is case insensitive.',
      spec: oauth('5.1'),
      expect: 'accept',
      touches: ['token_type'],
      alter: set('token_type', () => 'bearer'),
    },
    expires_in_missing: {
      does: 'Leaves the lifetime out.',
      breaks: 'Nothing: expires_in is RECOMMENDED.',
      spec: oauth('5.1'),
      expect: 'accept',
      touches: ['expires_in'],
      alter: drop('expires_in'),
    },
    expires_in_not_a_number: {
      does: 'Answers with words for a lifetime.',
      breaks: 'expires_in is a number of seconds.',
      spec: oauth('5.1'),
      expect: 'either',
      touches: ['expires_in'],
      alter: set('expires_in', () => 'one hour'),
    },
    scope_reduced: {
      does: 'Grants only openid.',
      breaks: 'Nothing: the server may grant less, if it says so.',
      spec: oauth('3.3'),
      expect: 'accept',
      touches: ['scope'],
      alter: set('scope', () => 'openid'),
    },
    id_token_missing: {
      does: 'Leaves the ID Token out.',
      breaks: 'id_token is REQUIRED.',
      spec: core('3.1.3.3'),
      touches: ['id_token'],
      alter: drop('id_token'),
    },
    id_token_empty: {
      does: 'Answers with an empty ID Token.',
      breaks: 'id_token is REQUIRED.',
      spec: core('3.1.3.3'),
      touches: ['id_token'],
      alter: set('id_token', () => ''),
    },
    id_token_not_a_jwt: {
      does: 'Answers with a word for an ID Token.',
      breaks: 'The ID Token is a JWT.',
      spec: core('2'),
      touches: ['id_token'],
      alter: set('id_token', () => 'opaque'),
    },
    id_token_not_a_string: {
      does: 'Answers with the claims themselves instead of a signed token.',
      breaks: 'The ID Token is a JWT.',
      spec: core('2'),
      touches: ['id_token'],
      alter: set('id_token', (token) =>
        JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString() || '{}'),
      ),
    },
    error_with_status_200: {
      does: 'Answers an error with status 200.',
      breaks: 'Errors are answered with status 400.',
      spec: oauth('5.2'),
      touches: ['token_type', 'expires_in', 'access_token', 'scope', 'id_token', 'error'],
      alter: () => ({ error: 'invalid_grant' }),
    },
  }),
  ...replyFaults('token', {
    invalid_grant: refusal(400, 'invalid_grant', 'The authorization code is invalid or has expired.'),
    invalid_client: refusal(401, 'invalid_client', 'The client secret supplied for a confidential client is invalid.'),
    unauthorized_client: refusal(
      400,
      'unauthorized_client',
      'The client is not authorized to use the provided grant type. Configured grant types: [].',
    ),
    too_many_groups: {
      ...refusal(500, 'server_error', texts.too_many_groups),
      does: 'Refuses a person in more groups than Okta puts into an ID Token.',
    },
    error_missing: {
      ...refusal(400, 'invalid_request', ''),
      does: 'Refuses with an empty object.',
      breaks: 'error is REQUIRED in an error response.',
      reply: () => json(400, {}),
    },
    error_of_management_api: {
      ...refusal(400, 'invalid_client', ''),
      does: 'Refuses in the format of Okta’s management API, as Okta does early in a request.',
      breaks: 'error is REQUIRED in an error response.',
      reply: (_reply, { org }) =>
        json(400, apiError('invalid_client', "Invalid value for 'client_id' parameter.", org.ids.request())),
    },
  }),
]

/** What can be wrong with a UserInfo response. */
export const userinfoFaults = [
  ...membersFaults('userinfo', {
    sub_mismatch: {
      does: 'Appends `invalid` to the subject.',
      breaks: 'The sub of UserInfo MUST exactly match the sub of the ID Token.',
      spec: core('5.3.2'),
      touches: ['sub'],
      alter: set('sub', append('invalid')),
    },
    sub_of_another: {
      does: 'Answers with the subject of another user.',
      breaks: 'The sub of UserInfo MUST exactly match the sub of the ID Token.',
      spec: core('5.3.2'),
      touches: ['sub'],
      alter: set('sub', (sub, { org }) => org.directory.users.find(({ id }) => id !== sub)?.id ?? '00uanother'),
    },
    sub_upper_case: {
      does: 'Writes the subject in upper case.',
      breaks: 'The sub is case sensitive.',
      spec: core('2'),
      touches: ['sub'],
      alter: set('sub', (sub) => String(sub).toUpperCase()),
    },
    sub_missing: {
      does: 'Leaves the subject out.',
      breaks: 'The sub MUST always be returned.',
      spec: core('5.3.2'),
      touches: ['sub'],
      alter: drop('sub'),
    },
    sub_not_a_string: {
      does: 'Answers with a number as the subject.',
      breaks: 'The sub is a string.',
      spec: core('5.1'),
      touches: ['sub'],
      alter: set('sub', () => 42),
    },
    email_missing: {
      does: 'Leaves the e-mail address out.',
      breaks: 'Nothing: a claim without a value is left out.',
      spec: core('5.3.2'),
      expect: 'accept',
      touches: ['email', 'email_verified'],
      alter: ({ email: _email, email_verified: _verified, ...rest }) => rest,
    },
    email_verified_as_text: {
      does: 'Says "true" in quotes, which is not true.',
      breaks: 'email_verified is a boolean.',
      spec: core('5.1'),
      expect: 'either',
      touches: ['email_verified'],
      alter: set('email_verified', () => 'true'),
    },
    email_unverified: {
      does: 'Says that nobody has verified the e-mail address.',
      breaks: 'Nothing: but nobody may be recognized by such an address.',
      spec: core('5.7'),
      expect: 'accept',
      touches: ['email_verified'],
      alter: set('email_verified', () => false),
    },
    groups_as_text: {
      does: 'Answers with one group as a string, as OneLogin does.',
      breaks: 'Nothing: groups is not a standard claim.',
      spec: core('5.1.2'),
      expect: 'accept',
      touches: ['groups'],
      alter: set('groups', () => 'Admins'),
    },
    groups_missing: {
      does: 'Leaves the groups out.',
      breaks: 'Nothing: groups is not a standard claim. It matters to whoever reads roles from it.',
      spec: core('5.1.2'),
      expect: 'either',
      touches: ['groups'],
      alter: drop('groups'),
    },
    groups_empty: {
      does: 'Answers with no group, as Okta does when the filter of the claim matches none.',
      breaks: 'Nothing: groups is not a standard claim. It matters to whoever reads roles from it.',
      spec: core('5.1.2'),
      expect: 'either',
      touches: ['groups'],
      alter: set('groups', () => []),
    },
    groups_filtered: {
      does: 'Answers with one group that nobody waits for (or `value`), as Okta does with a filter that is too narrow.',
      breaks: 'Nothing: groups is not a standard claim. It matters to whoever reads roles from it.',
      spec: core('5.1.2'),
      expect: 'either',
      touches: ['groups'],
      value: 'Everyone',
      alter: (members, { value }) => ({ ...members, groups: [value] }),
    },
    groups_in_capitals: {
      does: 'Writes the names of the groups in capital letters.',
      breaks: 'Nothing: groups is not a standard claim. It matters to whoever reads roles from it.',
      spec: core('5.1.2'),
      expect: 'either',
      touches: ['groups'],
      alter: set('groups', () => ['ADMINS']),
    },
    groups_as_object: {
      does: 'Answers with an object of groups instead of a list.',
      breaks: 'Nothing: groups is not a standard claim. It matters to whoever reads roles from it.',
      spec: core('5.1.2'),
      expect: 'either',
      touches: ['groups'],
      alter: set('groups', () => ({ Admins: true })),
    },
    groups_elsewhere: {
      does: 'Names the place where the groups are instead of sending them, as Entra ID does from 200 groups on.',
      breaks: 'Nothing: support for distributed claims is OPTIONAL.',
      spec: core('5.6.2'),
      expect: 'either',
      touches: ['groups', '_claim_names', '_claim_sources'],
      alter: ({ groups: _groups, ...members }, { server }) => ({
        ...members,
        _claim_names: { groups: 'source' },
        _claim_sources: { source: { endpoint: `${server.endpoints}/v1/claims` } },
      }),
    },
    aggregated_claims: {
      does: 'Adds claims of a third party, by value.',
      breaks: 'Nothing: support for aggregated claims is OPTIONAL.',
      spec: core('5.6.2'),
      expect: 'accept',
      touches: ['_claim_names', '_claim_sources'],
      alter: (members) => ({
        ...members,
        _claim_names: { address: 'source', phone_number: 'source' },
        _claim_sources: { source: { JWT: aggregated } },
      }),
    },
    distributed_claims: {
      does: 'Adds claims of a third party, by reference.',
      breaks: 'Nothing: support for distributed claims is OPTIONAL.',
      spec: core('5.6.2'),
      expect: 'accept',
      touches: ['_claim_names', '_claim_sources'],
      alter: (members, { server }) => ({
        ...members,
        _claim_names: { credit_score: 'source' },
        _claim_sources: { source: { endpoint: `${server.endpoints}/v1/claims`, access_token: distributedClaimsToken } },
      }),
    },
  }),
  ...replyFaults('userinfo', {
    invalid_token: challenge(401, 'invalid_token', 'The access token is invalid'),
    insufficient_scope: challenge(403, 'insufficient_scope', 'The access token must provide access to openid'),
    jwt: {
      does: 'Answers with a JWT although JSON was agreed.',
      breaks: 'The response is JSON unless the client is registered for a signed one.',
      spec: core('5.3.2'),
      touches: ['headers.content-type', 'body'],
      when: 'after',
      reply: (reply) => ({
        ...reply,
        headers: { ...reply.headers, 'content-type': 'application/jwt' },
        body: `eyJhbGciOiJub25lIn0.${Buffer.from(reply.body).toString('base64url')}.`,
      }),
    },
  }),
]

function refusal(status: number, error: string, error_description: string): Row<ReplyFault> {
  return {
    does: `Refuses with ${error}.`,
    breaks: 'The request was refused.',
    spec: oauth('5.2'),
    touches: ['status', 'body'],
    when: 'instead',
    reply: () => json(status, { error, error_description }, { 'cache-control': 'no-cache, no-store' }),
  }
}

function challenge(status: number, error: string, error_description: string): Row<ReplyFault> {
  const value = `Bearer error="${error}", error_description="${error_description}"`
  return {
    does: `Refuses the access token with ${error}.`,
    breaks: 'The request was refused.',
    spec: 'RFC 6750, section 3.1',
    touches: ['status', 'headers.www-authenticate', 'headers.content-type', 'body'],
    when: 'instead',
    reply: () => ({ status, headers: { 'www-authenticate': value }, body: '' }),
  }
}

const aggregated = `${encode({ alg: 'none' })}.${encode({ address: { country: 'GB' }, phone_number: '+44 20 7946 0000' })}.`
