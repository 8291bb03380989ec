/** Faults of the logout token. */
import { publicJwk } from '../jws.ts'
import { rogueKey } from '../keys.ts'
import * as testKeys from '../test-keys.ts'
import { append, dropClaim, given, jwtFaults, membersFaults, set, setClaim } from './fault.ts'
import type { JwtFault, Row } from './fault.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
const section = (number: string) => `OpenID Connect Back-Channel Logout 1.0, section ${number}`
const required = (claim: string) => `${claim} is REQUIRED.`

/** What can be wrong with a logout token. */
export const logoutTokenFaults = jwtFaults('logout_token', {
  nonce_present: claim(
    'nonce',
    setClaim('nonce', () => 'nonce'),
    'Carries a nonce, as an ID Token would.',
    'A logout token MUST NOT contain a nonce.',
    '2.4',
  ),
  iss_missing: claim('iss', dropClaim('iss'), 'Leaves iss out.', required('iss'), '2.4'),
  iss_near_miss: claim(
    'iss',
    setClaim('iss', append('1')),
    'Appends a character to iss.',
    'iss is validated as in ID Tokens.',
    '2.6',
  ),
  iss_mismatch: {
    ...claim(
      'iss',
      setClaim('iss', given),
      'Names another provider as the issuer.',
      'iss is validated as in ID Tokens.',
      '2.6',
    ),
    value: 'https://evil.example',
  },
  aud_missing: claim('aud', dropClaim('aud'), 'Leaves aud out.', required('aud'), '2.4'),
  aud_near_miss: claim(
    'aud',
    setClaim('aud', append('1')),
    'Appends a character to aud.',
    'aud is validated as in ID Tokens.',
    '2.6',
  ),
  aud_mismatch: {
    ...claim('aud', setClaim('aud', given), 'Is meant for another client.', 'aud is validated as in ID Tokens.', '2.6'),
    value: '0oasomebodyelse',
  },
  iat_missing: claim('iat', dropClaim('iat'), 'Leaves iat out.', required('iat'), '2.4'),
  exp_missing: claim('exp', dropClaim('exp'), 'Leaves exp out.', required('exp'), '2.4'),
  exp_past: {
    ...claim(
      'exp',
      setClaim('exp', (_exp, { org, value }) => org.clock.now() - Number(value)),
      'Expired six minutes ago (or `value` seconds).',
      'exp is validated as in ID Tokens.',
      '2.6',
    ),
    value: 360,
  },
  jti_missing: claim('jti', dropClaim('jti'), 'Leaves jti out.', required('jti'), '2.4'),
  jti_repeated: {
    ...claim(
      'jti',
      setClaim('jti', given),
      'Has the jti of every other token with this fault.',
      'A token whose jti was recently received may be refused.',
      '2.6',
    ),
    value: 'the-same-every-time',
    expect: 'either',
  },
  events_missing: claim('events', dropClaim('events'), 'Leaves events out.', required('events'), '2.4'),
  events_wrong: claim(
    'events',
    setClaim('events', () => ({ 'http://schemas.openid.net/event/other': {} })),
    'Speaks of another event.',
    `events MUST contain the member ${event}.`,
    '2.4',
  ),
  events_not_an_object: claim(
    'events',
    setClaim('events', () => [event]),
    'Gives the events as a list.',
    'The value of events is a JSON object.',
    '2.4',
  ),
  event_not_an_object: claim(
    'events',
    setClaim('events', () => ({ [event]: true })),
    'Gives the event a value that is no object.',
    'The value of the event is a JSON object.',
    '2.4',
  ),
  sub_and_sid_missing: {
    ...claim(
      'sub',
      dropClaim('sub'),
      'Leaves out both sub and sid.',
      'A logout token MUST contain either a sub or a sid claim, or both.',
      '2.4',
    ),
    touches: ['payload.sub', 'payload.sid'],
    forge: (draft, context) => {
      dropClaim('sub')(draft)
      dropClaim('sid')(draft)
      void context
    },
  },
  sub_unknown: {
    ...claim(
      'sub',
      setClaim('sub', append('1')),
      'Speaks of somebody who never signed in.',
      'Nothing: there is nothing to log out, which is a success.',
      '2.7',
    ),
    expect: 'accept',
  },
  unknown_claim: {
    ...claim(
      'https://mock.example/unknown',
      setClaim('https://mock.example/unknown', () => 'unknown'),
      'Carries a claim that no specification knows.',
      'Nothing: claims that are not understood MUST be ignored.',
      '2.4',
    ),
    expect: 'accept',
  },
  typ_missing: {
    ...header({ typ: undefined }, ['header.typ'], 'Leaves typ out.', 'Nothing: typ is RECOMMENDED.', '2.4'),
    expect: 'accept',
  },
  typ_of_access_token: header(
    { typ: 'at+jwt' },
    ['header.typ'],
    'Says that it is an access token.',
    'Tokens of different kinds MUST NOT be confused.',
    '2.4',
  ),
  alg_none: header(
    { alg: 'none' },
    ['header.alg', 'signature'],
    'Is not signed, and says so.',
    'The alg MUST NOT be none.',
    '2.6',
  ),
  alg_es256: {
    ...header(
      { alg: 'ES256' },
      ['header.alg', 'header.kid', 'signature'],
      'Is signed with ES256 although RS256 was agreed; `jwks.decoys` publishes the key.',
      'alg is validated as in ID Tokens.',
      '2.6',
    ),
    forge: (draft) => {
      draft.header = { ...draft.header, alg: 'ES256', kid: testKeys.ec.kid }
      draft.key = testKeys.ec
    },
  },
  alg_hs256_client_secret: {
    ...header(
      {},
      ['header.alg', 'signature'],
      'Is signed with the client secret although RS256 was agreed.',
      'alg is validated as in ID Tokens.',
      '2.6',
    ),
    forge: (draft, { org, client_id }) => {
      draft.header = { ...draft.header, alg: 'HS256' }
      draft.key = Buffer.from(org.directory.client(client_id)?.client_secret ?? '')
    },
  },
  signature_invalid: {
    ...header(
      {},
      ['signature'],
      'Is signed with a key of nobody’s, under the kid of ours.',
      'The signature is validated as in ID Tokens.',
      '2.6',
    ),
    forge: (draft) => void (draft.key = rogueKey),
  },
  kid_unknown: header(
    { kid: 'a-kid-that-nobody-publishes' },
    ['header.kid'],
    'Names a key that is not in the set.',
    'The signature is validated as in ID Tokens.',
    '2.6',
  ),
  jwk_embedded: {
    ...header(
      {},
      ['header.jwk', 'signature'],
      'Carries the key that it is signed with.',
      'Keys come from the provider, not from the token.',
      '2.6',
    ),
    forge: (draft) => {
      draft.header = { ...draft.header, jwk: publicJwk(rogueKey) }
      draft.key = rogueKey
    },
  },
})

/** What can be unusual about the request that carries a logout token. */
export const backchannelLogoutFaults = membersFaults('backchannel_logout', {
  unknown_parameter: {
    does: 'Posts a parameter that no specification knows beside the logout token.',
    breaks: 'Nothing: other values in the body MUST be ignored when not understood.',
    spec: section('2.5'),
    expect: 'accept',
    touches: ['unknown'],
    alter: set('unknown', () => 'parameter'),
  },
})

function claim(name: string, forge: JwtFault['forge'], does: string, breaks: string, number: string): Row<JwtFault> {
  return { does, breaks, spec: section(number), touches: [`payload.${name}`], forge }
}

function header(change: object, touches: string[], does: string, breaks: string, number: string): Row<JwtFault> {
  return {
    does,
    breaks,
    spec: section(number),
    touches,
    forge: (draft) => void (draft.header = { ...draft.header, ...change }),
  }
}
