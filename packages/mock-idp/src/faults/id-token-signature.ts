/** Faults in the header, the signature and the form of the ID Token. */
import { createPublicKey } from 'node:crypto'
import { encode, publicJwk, signJwt } from '../jws.ts'
import { rogueKey } from '../keys.ts'
import { jwtFaults } from './fault.ts'
import type { JwtDraft, JwtFault, Row } from './fault.ts'

const core = (section: string) => `OpenID Connect Core 1.0, section ${section}`
const rule = (number: number) => `${core('3.1.3.7')}, rule ${number}`
const signed = 'The signature MUST be validated.'
const algorithm = 'The alg SHOULD be the default RS256 or the one that the client registered.'

/** What can be wrong with an ID Token around its claims. */
export const signatureFaults = jwtFaults('id_token', {
  signature_invalid: signature('Flips bits of the signature.', (token) =>
    // Some of every byte: it cannot verify by chance.
    withSignature(token, (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0x5a))),
  ),
  signature_empty: signature('Cuts the signature off and leaves the dot.', (token) =>
    token.slice(0, token.lastIndexOf('.') + 1),
  ),
  signature_truncated: signature('Cuts the last bytes of the signature off.', (token) =>
    withSignature(token, (bytes) => bytes.subarray(0, -4)),
  ),
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
  padded_base64: {
    ...malformed('Is padded with equals signs.', (token) => `${token}==`),
    expect: 'either',
  },
})

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

/** The token with other bytes in its last part, which stays base64url whatever they are. */
function withSignature(token: string, change: (bytes: Buffer) => Buffer): string {
  const end = token.lastIndexOf('.') + 1
  return token.slice(0, end) + change(Buffer.from(token.slice(end), 'base64url')).toString('base64url')
}
