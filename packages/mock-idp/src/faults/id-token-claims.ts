/** Faults in the claims of the ID Token, near misses as well as far ones. */
import { append, dropClaim, given, jwtFaults, setClaim } from './fault.ts'
import type { FaultContext, JwtFault, Row } from './fault.ts'

const core = (section: string) => `OpenID Connect Core 1.0, section ${section}`
const rule = (number: number) => `${core('3.1.3.7')}, rule ${number}`
const exactIssuer = 'The issuer MUST exactly match the iss claim.'
const audience = 'The aud claim MUST contain the client_id.'
const expired = 'The current time MUST be before the exp claim.'
const nonce = 'The nonce MUST be the same value as the one that was sent.'
const required = (claim: string) => `${claim} is REQUIRED.`
const seconds = (claim: string) => `${claim} is a number of seconds.`

/** What can be wrong with the claims of an ID Token. */
export const claimFaults = jwtFaults('id_token', {
  iss_missing: claim('iss', dropClaim('iss'), 'Leaves iss out.', required('iss'), core('2')),
  iss_near_miss: claim('iss', setClaim('iss', append('1')), 'Appends a character to iss.', exactIssuer, rule(2)),
  iss_trailing_slash: claim('iss', setClaim('iss', append('/')), 'Appends a slash to iss.', exactIssuer, rule(2)),
  iss_mismatch: {
    ...claim('iss', setClaim('iss', given), 'Names another provider as the issuer.', exactIssuer, rule(2)),
    value: 'https://evil.example',
  },
  iss_of_sibling: claim(
    'iss',
    setClaim('iss', (_iss, { org, server }) => org.servers[server.name === 'org' ? 'custom' : 'org'].issuer),
    'Names the other authorization server of the same organization as the issuer.',
    exactIssuer,
    rule(2),
  ),

  sub_missing: claim('sub', dropClaim('sub'), 'Leaves sub out.', required('sub'), core('2')),
  sub_near_miss: claim(
    'sub',
    setClaim('sub', append('1')),
    'Appends a character to sub.',
    'The sub of UserInfo, and of the ID Token at a refresh, MUST be the one of the first ID Token.',
    core('12.2'),
  ),
  sub_empty: claim(
    'sub',
    setClaim('sub', () => ''),
    'Answers with an empty sub.',
    required('sub'),
    core('2'),
  ),
  sub_too_long: claim(
    'sub',
    setClaim('sub', () => 'x'.repeat(256)),
    'Answers with a sub of 256 characters.',
    'sub MUST NOT exceed 255 ASCII characters in length.',
    core('2'),
  ),
  sub_not_a_string: claim(
    'sub',
    setClaim('sub', () => 42),
    'Answers with a number as sub.',
    'sub is a string.',
    core('2'),
  ),

  aud_missing: claim('aud', dropClaim('aud'), 'Leaves aud out.', required('aud'), core('2')),
  aud_near_miss: claim('aud', setClaim('aud', append('1')), 'Appends a character to aud.', audience, rule(3)),
  aud_mismatch: {
    ...claim('aud', setClaim('aud', given), 'Is meant for another client.', audience, rule(3)),
    value: '0oasomebodyelse',
  },
  aud_of_another: claim(
    'aud',
    setClaim('aud', (aud) => [`${String(aud)}1`]),
    'Lists only another client.',
    audience,
    rule(3),
  ),
  aud_empty_list: claim(
    'aud',
    setClaim('aud', () => []),
    'Answers with an empty list as aud.',
    audience,
    rule(3),
  ),
  aud_untrusted: claim(
    'aud',
    setClaim('aud', (aud) => [aud, 'https://untrusted.example']),
    'Lists an audience beside the client that the client does not trust.',
    'The ID Token MUST be rejected if it contains additional audiences not trusted by the client.',
    rule(3),
  ),
  aud_as_list: {
    ...claim(
      'aud',
      setClaim('aud', (aud) => [aud]),
      'Answers with a list of one as aud.',
      'Nothing: aud may be an array.',
      core('2'),
    ),
    expect: 'accept',
  },
  azp_mismatch: {
    ...claim(
      'azp',
      setClaim('azp', given),
      'Names another client as azp.',
      'If azp is present, it SHOULD be the client_id.',
      rule(5),
    ),
    expect: 'either',
    value: '0oasomebodyelse',
  },
  azp_near_miss: {
    ...claim(
      'azp',
      setClaim('azp', (_azp, { client_id }) => `${client_id}1`),
      'Names the client with a character too many as azp.',
      'If azp is present, it SHOULD be the client_id.',
      rule(5),
    ),
    expect: 'either',
  },

  exp_missing: claim('exp', dropClaim('exp'), 'Leaves exp out.', required('exp'), core('2')),
  exp_past: {
    ...claim('exp', setClaim('exp', ago), 'Expired six minutes ago (or `value` seconds).', expired, rule(9)),
    value: 360,
  },
  exp_not_a_number: claim('exp', setClaim('exp', String), 'Answers with exp as a string.', seconds('exp'), core('2')),
  iat_missing: claim('iat', dropClaim('iat'), 'Leaves iat out.', required('iat'), core('2')),
  iat_future: {
    ...claim(
      'iat',
      setClaim('iat', (_iat, { org, value }) => org.clock.now() + Number(value)),
      'Says that it will be issued tomorrow (or in `value` seconds).',
      'A token cannot have been issued in the future.',
      rule(10),
    ),
    value: 86400,
    expect: 'either',
  },
  iat_week_in_past: {
    ...claim(
      'iat',
      setClaim('iat', ago),
      'Says that it was issued a week ago (or `value` seconds).',
      'iat can be used to reject tokens that were issued too far away from the current time.',
      rule(10),
    ),
    value: 7 * 86400,
    expect: 'either',
  },
  iat_not_a_number: claim('iat', setClaim('iat', String), 'Answers with iat as a string.', seconds('iat'), core('2')),
  nbf_future: claim(
    'nbf',
    setClaim('nbf', (_nbf, { org }) => org.clock.now() + 3600),
    'Is not valid before an hour from now.',
    'The current time MUST be after or equal to nbf.',
    'RFC 7519, section 4.1.5',
  ),

  nonce_missing: claim(
    'nonce',
    dropClaim('nonce'),
    'Leaves the nonce out.',
    'A nonce MUST be present when one was sent.',
    rule(11),
  ),
  nonce_mismatch: {
    ...claim('nonce', setClaim('nonce', given), 'Answers with the nonce of another login.', nonce, rule(11)),
    value: 'the-nonce-of-another-login',
  },
  nonce_near_miss: claim('nonce', setClaim('nonce', append('1')), 'Appends a character to the nonce.', nonce, rule(11)),
  nonce_in_list: claim(
    'nonce',
    setClaim('nonce', (value) => [value]),
    'Wraps the nonce in a list.',
    'The nonce is a string.',
    core('2'),
  ),

  at_hash_mismatch: {
    ...claim(
      'at_hash',
      setClaim('at_hash', () => 'AAAAAAAAAAAAAAAAAAAAAA'),
      'Answers with the hash of another access token.',
      'at_hash, when present, is the hash of the access token; checking it is OPTIONAL in the code flow.',
      core('3.1.3.8'),
    ),
    expect: 'either',
  },
  at_hash_missing: {
    ...claim(
      'at_hash',
      dropClaim('at_hash'),
      'Leaves at_hash out.',
      'Nothing: at_hash is OPTIONAL in the code flow.',
      core('3.1.3.6'),
    ),
    expect: 'accept',
  },
  c_hash_mismatch: {
    ...claim(
      'c_hash',
      setClaim('c_hash', () => 'AAAAAAAAAAAAAAAAAAAAAA'),
      'Answers with the hash of another code.',
      'c_hash, when present, is the hash of the code; the code flow does not define it.',
      core('3.3.2.10'),
    ),
    expect: 'either',
  },
  auth_time_missing: {
    ...claim(
      'auth_time',
      dropClaim('auth_time'),
      'Leaves auth_time out, which matters once max_age is asked for.',
      'auth_time is REQUIRED when max_age was requested.',
      core('2'),
    ),
    expect: 'either',
  },
  auth_time_too_old: {
    ...claim(
      'auth_time',
      setClaim('auth_time', ago),
      'Says that the user signed in a day ago (or `value` seconds), which matters once max_age is asked for.',
      'If more than max_age seconds have passed since auth_time, the user must sign in again.',
      rule(13),
    ),
    expect: 'either',
    value: 86400,
  },
  auth_time_not_a_number: claim(
    'auth_time',
    setClaim('auth_time', String),
    'Answers with auth_time as a string.',
    seconds('auth_time'),
    core('2'),
  ),
  acr_mismatch: {
    ...claim(
      'acr',
      setClaim('acr', given),
      'Says that the user signed in less well than was asked for, which matters once it was asked for.',
      'If the acr claim was requested, its value must be appropriate.',
      rule(12),
    ),
    expect: 'either',
    value: 'urn:mock:loa:0',
  },
})

function claim(name: string, forge: JwtFault['forge'], does: string, breaks: string, spec: string): Row<JwtFault> {
  return { does, breaks, spec, touches: [`payload.${name}`], forge }
}

function ago(_value: unknown, { org, value }: FaultContext): number {
  return org.clock.now() - Number(value)
}
