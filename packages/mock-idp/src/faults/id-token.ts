/** Faults of the ID Token: each claim and each part of the signature, near misses as well as far ones. */
import { createPublicKey } from 'node:crypto'
import { encode, publicJwk, signJwt } from '../jws.ts'
import { rogueKey } from '../keys.ts'
import { append, dropClaim, given, jwtFaults, setClaim } from './fault.ts'
import type { FaultContext, JwtDraft, JwtFault, Row } from './fault.ts'

const core = (section: string) => `OpenID Connect Core 1.0, section ${section}`
const rule = (number: number) => `${core('3.1.3.7')}, rule ${number}`

const exactIssuer = 'The issuer MUST exactly match the iss claim.'
const audience = 'The aud claim MUST contain the client_id.'
const expired = 'The current time MUST be before the exp claim.'
const nonce = 'The nonce MUST be the same value as the one that was sent.'
const signed = 'The signature MUST be validated.'
const algorithm = 'The alg SHOULD be the default RS256 or the one that the client registered.'
const required = (claim: string) => `${claim} is REQUIRED.`
const seconds = (claim: string) => `${claim} is a number of seconds.`

/** What can be wrong with an ID Token. */
export const idTokenFaults = jwtFaults('id_token', {
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
    value: '0oasomebodyelse',
  },
  azp_near_miss: claim(
    'azp',
    setClaim('azp', (_azp, { client_id }) => `${client_id}1`),
    'Names the client with a character too many as azp.',
    'If azp is present, it SHOULD be the client_id.',
    rule(5),
  ),

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

  at_hash_mismatch: claim(
    'at_hash',
    setClaim('at_hash', () => 'AAAAAAAAAAAAAAAAAAAAAA'),
    'Answers with the hash of another access token.',
    'If at_hash is present, it MUST match the access token.',
    core('3.1.3.8'),
  ),
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
  c_hash_mismatch: claim(
    'c_hash',
    setClaim('c_hash', () => 'AAAAAAAAAAAAAAAAAAAAAA'),
    'Answers with the hash of another code.',
    'If c_hash is present, it MUST match the code.',
    core('3.3.2.10'),
  ),
  auth_time_missing: claim(
    'auth_time',
    dropClaim('auth_time'),
    'Leaves auth_time out, which matters once max_age is asked for.',
    'auth_time is REQUIRED when max_age was requested.',
    core('2'),
  ),
  auth_time_too_old: {
    ...claim(
      'auth_time',
      setClaim('auth_time', ago),
      'Says that the user signed in a day ago (or `value` seconds), which matters once max_age is asked for.',
      'If more than max_age seconds have passed since auth_time, the user must sign in again.',
      rule(13),
    ),
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
      'Says that the user signed in less well than was asked for.',
      'If the acr claim was requested, its value must be appropriate.',
      rule(12),
    ),
    value: 'urn:mock:loa:0',
  },

  signature_invalid: signature(
    'Flips bits of the signature.',
    (token) => `${token.slice(0, token.lastIndexOf('.') + 1)}${flip(token)}`,
  ),
  signature_empty: signature('Cuts the signature off and leaves the dot.', (token) =>
    token.slice(0, token.lastIndexOf('.') + 1),
  ),
  signature_truncated: signature('Cuts the last bytes of the signature off.', (token) => token.slice(0, -8)),
  signature_of_another_key: {
    ...signature('Is signed with a key of nobody’s, under the kid of ours.'),
    forge: (draft) => void (draft.key = rogueKey),
  },
  claims_changed_after_signing: {
    ...signature('Changes the name of the user after signing.'),
    touches: ['payload.name', 'signature'],
    forge: (draft) =>
      void (draft.finish = (token) => {
        const [header, , end] = token.split('.')
        return `${header}.${encode({ ...draft.payload, name: 'Mallory' })}.${end}`
      }),
  },

  alg_none: { ...header(['alg', 'signature'], { alg: 'none' }, 'Is not signed, and says so.', algorithm, rule(7)) },
  alg_none_in_capitals: {
    ...header(['alg', 'signature'], { alg: 'nOnE' }, 'Is not signed, and says so in capitals.', algorithm, rule(7)),
    forge: (draft) => {
      draft.header = { ...draft.header, alg: 'nOnE' }
      draft.finish = (token) => token.slice(0, token.lastIndexOf('.') + 1)
    },
  },
  alg_hs256_public_key: {
    ...header(
      ['alg', 'signature'],
      {},
      'Is signed with the public key as if it were a shared secret.',
      algorithm,
      rule(7),
    ),
    forge: (draft, { org }) => {
      const key = createPublicKey({ key: publicJwk(org.keys.active('RS256')), format: 'jwk' })
      draft.header = { ...draft.header, alg: 'HS256' }
      draft.key = Buffer.from(String(key.export({ type: 'spki', format: 'pem' })))
    },
  },
  alg_hs256_client_secret: {
    ...header(
      ['alg', 'signature'],
      {},
      'Is signed with the client secret although RS256 was agreed.',
      algorithm,
      rule(7),
    ),
    forge: (draft, { org, client_id }) => {
      draft.header = { ...draft.header, alg: 'HS256' }
      draft.key = Buffer.from(org.directory.client(client_id)?.client_secret ?? '')
    },
  },
  alg_rs512: header(['alg'], { alg: 'RS512' }, 'Is signed with RS512 although RS256 was agreed.', algorithm, rule(7)),
  alg_unknown: {
    ...header(
      ['alg', 'signature'],
      { alg: 'XX256' },
      'Is signed with an algorithm that does not exist.',
      algorithm,
      rule(7),
    ),
  },
  alg_missing: {
    ...header(
      ['alg', 'signature'],
      { alg: undefined },
      'Leaves the algorithm out.',
      'alg MUST be present.',
      'RFC 7515, section 4.1.1',
    ),
  },
  kid_unknown: header(
    ['kid'],
    { kid: 'a-kid-that-nobody-publishes' },
    'Names a key that is not in the set.',
    'The kid of the token selects the key of the set.',
    'RFC 7515, section 4.1.4',
  ),
  kid_missing: {
    ...header(
      ['kid'],
      { kid: undefined },
      'Leaves kid out.',
      'Nothing while one key is published; with several, kid MUST be given.',
      core('10.1'),
    ),
    expect: 'either',
  },
  crit_unknown: header(
    ['crit', 'mock'],
    { crit: ['mock'], mock: true },
    'Carries a critical extension that nobody understands.',
    'If a critical extension is not understood, the JWS is invalid.',
    'RFC 7515, section 4.1.11',
  ),
  jwk_embedded: {
    ...header(
      ['jwk', 'signature'],
      {},
      'Carries the key that it is signed with.',
      'Keys come from the provider, not from the token.',
      core('2'),
    ),
    forge: (draft) => {
      draft.header = { ...draft.header, jwk: publicJwk(rogueKey) }
      draft.key = rogueKey
    },
  },
  jku_elsewhere: {
    ...header(
      ['jku', 'signature'],
      {},
      'Says where the key is that it is signed with.',
      'ID Tokens SHOULD NOT use jku.',
      core('2'),
    ),
    forge: (draft, { org }) => {
      draft.header = { ...draft.header, jku: `${org.origin}/evil/keys` }
      draft.key = rogueKey
    },
  },

  two_parts: malformed('Consists of two parts.', (token) => token.slice(0, token.lastIndexOf('.'))),
  five_parts: malformed('Looks encrypted although nothing was agreed.', (token) => `${token}.AAAA.AAAA`),
  header_not_json: malformed(
    'Has a header that is not JSON.',
    (token) => `bm90IGpzb24${token.slice(token.indexOf('.'))}`,
  ),
  payload_not_json: {
    ...malformed('Has claims that are not JSON, properly signed.'),
    forge: resign(() => Buffer.from('not json').toString('base64url')),
  },
  payload_not_an_object: {
    ...malformed('Has a list of claims, properly signed.'),
    forge: resign((payload) => encode([payload])),
  },
  padded_base64: malformed('Is padded with equals signs.', (token) => `${token}==`),
})

function claim(name: string, forge: JwtFault['forge'], does: string, breaks: string, spec: string): Row<JwtFault> {
  return { does, breaks, spec, touches: [`payload.${name}`], forge }
}

function header(parts: string[], change: object, does: string, breaks: string, spec: string): Row<JwtFault> {
  const touches = parts.map((part) => (part === 'signature' ? part : `header.${part}`))
  return { does, breaks, spec, touches, forge: (draft) => void (draft.header = { ...draft.header, ...change }) }
}

function signature(does: string, finish?: (token: string) => string): Row<JwtFault> {
  return { does, breaks: signed, spec: rule(6), touches: ['signature'], forge: (draft) => finishing(draft, finish) }
}

function malformed(does: string, finish?: (token: string) => string): Row<JwtFault> {
  return {
    does,
    breaks: 'The ID Token is a JWS in compact serialization with a JSON object inside.',
    spec: 'RFC 7519, section 7.2',
    touches: ['token'],
    forge: (draft) => finishing(draft, finish),
  }
}

/** Signs something else than the claims, so that only its form is wrong. */
function resign(payload: (claims: object) => string): JwtFault['forge'] {
  return (draft) => {
    const { key } = draft
    draft.finish = () => signJwt({ header: draft.header, payload: draft.payload }, key, payload(draft.payload))
  }
}

function finishing(draft: JwtDraft, finish: ((token: string) => string) | undefined): void {
  if (finish !== undefined) draft.finish = finish
}

/** The last part of a token with some bits of every byte flipped: it cannot verify by chance. */
function flip(token: string): string {
  const bytes = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
  return Buffer.from(bytes.map((byte) => byte ^ 0x5a)).toString('base64url')
}

function ago(_value: unknown, { org, value }: FaultContext): number {
  return org.clock.now() - Number(value)
}
