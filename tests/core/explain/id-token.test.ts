/** What the checks on the ID Token find, situation by situation. That they agree with the judge is in `opinions.test.ts`. */
import {
  answered,
  asked,
  dated,
  documented,
  eachFinds,
  finished,
  headers,
  minted,
  tokens,
} from '../support/findings.ts'
import { encode } from '../support/keys.ts'
import { at, halfHash, issuer, json, known, mint, secrets, tokenBody } from '../support/provider.ts'

eachFinds(
  {
    id_token_form: [
      [
        '65536 characters',
        tokens({ id_token: 'x'.repeat(65_536) }),
        'failed id_token_malformed; expected 3 parts; actual 1',
      ],
      ['three parts', {}, 'passed'],
      ['empty', tokens({ id_token: '' }), 'not reached'],
      ['none', tokens({ id_token: undefined }), 'not reached'],
      ['two parts', tokens({ id_token: 'a.b' }), 'failed id_token_malformed; expected 3 parts; actual 2'],
      [
        'five parts',
        tokens({ id_token: 'a.b.c.d.e' }),
        'failed id_token_encrypted; expected 3 parts; actual 5 parts, as an encrypted one has',
      ],
      [
        'too long',
        tokens({ id_token: 'x'.repeat(65_537) }),
        'failed id_token_malformed; expected at most 65536 characters',
      ],
      [
        'a header that cannot be read',
        tokens({ id_token: `!.${encode('{}')}.` }),
        'failed id_token_malformed; actual header',
      ],
      [
        'a payload that cannot be read',
        tokens({ id_token: `${encode('{}')}.${encode('[]')}.` }),
        'failed id_token_malformed; actual payload',
      ],
      [
        'a signature that cannot be read',
        tokens({ id_token: mint().replace(/[^.]*$/, '!') }),
        'failed id_token_malformed; actual signature',
      ],
      ['kid a number', minted({ header: { kid: 5 } }), 'failed id_token_malformed; actual kid is not a text'],
      ['no kid', minted({ header: { kid: undefined } }), 'passed'],
      [
        'a number out of range',
        minted({ payload: '{"a":1e999}' }),
        'failed id_token_malformed; actual numbers out of range',
      ],
    ],
    id_token_algorithm: [
      ['RS256', {}, 'passed; expected RS256, PS256, ES256, ES384, ES512, EdDSA, Ed25519; actual RS256'],
      [
        'none',
        minted({ alg: 'none' }),
        'failed id_token_alg_not_allowed; expected RS256, PS256, ES256, ES384, ES512, EdDSA, Ed25519; actual none',
      ],
      [
        'missing',
        minted({ header: { alg: undefined } }),
        'failed id_token_alg_not_allowed; expected RS256, PS256, ES256, ES384, ES512, EdDSA, Ed25519; actual none',
      ],
      [
        'one that is not announced',
        minted({ alg: 'RS512' }),
        'failed id_token_alg_not_allowed, algorithm_to_choose (RS512); expected RS256, PS256, ES256, ES384, ES512, EdDSA, Ed25519; actual RS512',
      ],
      [
        'one that is announced and unknown to us',
        minted({ header: { alg: 'HS256' } }),
        'failed id_token_alg_not_allowed; expected RS256, PS256, ES256, ES384, ES512, EdDSA, Ed25519; actual HS256',
      ],
      [
        'nothing announced',
        minted({ alg: 'ES256' }, documented({ id_token_signing_alg_values_supported: undefined })),
        'failed id_token_alg_not_allowed, algorithm_to_choose (ES256); expected RS256; actual ES256',
      ],
      [
        'the chosen HS256',
        minted({ alg: 'HS256', key: Buffer.from('x') }, asked({ id_token_signed_response_alg: 'HS256' })),
        'passed; expected HS256; actual HS256',
      ],
      [
        'HS512 instead of the chosen HS256',
        minted({ header: { alg: 'HS512' } }, asked({ id_token_signed_response_alg: 'HS256' })),
        'failed id_token_alg_not_allowed; expected HS256; actual HS512',
      ],
    ],
    id_token_extensions: [
      ['none', {}, 'passed'],
      ['crit', minted({ header: { crit: ['b64'] } }), 'failed id_token_crit_unsupported; actual ["b64"]'],
      ['a header that cannot be read', tokens({ id_token: 'a.b.c' }), 'not reached'],
    ],
    id_token_claims_present: [
      ['all', {}, 'passed; expected iss, sub, aud, exp, iat'],
      [
        'no iss',
        minted({ claims: { iss: undefined } }),
        'failed id_token_claim_missing; expected iss, sub, aud, exp, iat; actual without iss',
      ],
      [
        'no sub and no exp',
        minted({ claims: { sub: undefined, exp: undefined } }),
        'failed id_token_claim_missing; expected iss, sub, aud, exp, iat; actual without sub, exp',
      ],
      [
        'no auth_time, though a max_age was asked for',
        minted({}, asked({ max_age: 60 })),
        'failed id_token_claim_missing; expected iss, sub, aud, exp, iat, auth_time; actual without auth_time',
      ],
    ],
    id_token_claim_types: [
      ['right', {}, 'passed'],
      [
        'wrong, all of them',
        minted({ claims: { iss: 1, sub: 1, aud: 1, exp: 'x', iat: 'x', nbf: 'x', auth_time: 'x' } }),
        'failed id_token_claim_invalid; actual iss, sub, aud, exp, iat, nbf, auth_time',
      ],
      [
        'none of them there',
        minted({ claims: { iss: undefined, sub: undefined, aud: undefined, exp: undefined, iat: undefined } }),
        'passed',
      ],
      [
        'a sub of 256 characters',
        minted({ claims: { sub: 's'.repeat(256) } }),
        'failed id_token_claim_invalid; actual sub',
      ],
      ['a sub that is not ASCII', minted({ claims: { sub: 'ü' } }), 'failed id_token_claim_invalid; actual sub'],
      ['an auth_time of 0', minted({ claims: { auth_time: 0 } }), 'passed'],
      [
        'an auth_time before the epoch',
        minted({ claims: { auth_time: -1 } }),
        'failed id_token_claim_invalid; actual auth_time',
      ],
    ],
    id_token_issuer: [
      [
        'the one of the document',
        { rp: { ...known(), issuer: 'https://old.example' } },
        'passed; expected https://idp.example; actual https://idp.example',
      ],
      ['right', {}, 'passed; expected https://idp.example; actual https://idp.example'],
      [
        'a slash more',
        minted({ claims: { iss: `${issuer}/` } }),
        'failed id_token_iss_mismatch; expected https://idp.example; actual https://idp.example/',
      ],
      [
        'another host',
        minted({ claims: { iss: 'https://other.example' } }),
        'failed id_token_iss_mismatch; expected https://idp.example; actual https://other.example',
      ],
      ['a list', minted({ claims: { iss: [issuer] } }), 'not reached'],
    ],
    id_token_audience: [
      ['right', {}, 'passed; expected client-1; actual client-1'],
      ['a list', minted({ claims: { aud: ['client-1'] } }), 'passed; expected client-1; actual ["client-1"]'],
      [
        'another',
        minted({ claims: { aud: 'client-2' } }),
        'failed id_token_aud_mismatch; expected client-1; actual client-2',
      ],
      [
        'several others',
        minted({ claims: { aud: ['client-2', '', 5, 'client-3'] } }),
        'failed id_token_aud_mismatch; expected client-1; actual ["client-2","",5,"client-3"]',
      ],
      ['nobody', minted({ claims: { aud: [] } }), 'failed id_token_aud_mismatch; expected client-1; actual []'],
      ['of no kind', minted({ claims: { aud: 5 } }), 'not reached'],
    ],
    id_token_other_audiences: [
      ['none', {}, 'passed; expected client-1; actual client-1'],
      [
        'others',
        minted({ claims: { aud: ['client-1', 'client-2'] } }),
        'failed id_token_aud_untrusted; expected client-1; actual ["client-1","client-2"]',
      ],
      [
        'others, and a party',
        minted({ claims: { aud: ['client-1', 'client-2'], azp: 'x' } }),
        'passed; expected client-1; actual ["client-1","client-2"]',
      ],
    ],
    id_token_authorized_party: [
      ['none', {}, 'does not apply'],
      ['ours', minted({ claims: { azp: 'client-1' } }), 'passed; expected client-1; actual client-1'],
      [
        'another',
        minted({ claims: { azp: 'client-2' } }),
        'failed id_token_azp_mismatch; expected client-1; actual client-2',
      ],
    ],
    id_token_nonce: [
      ['the same', {}, 'passed; actual the same'],
      ['another', minted({ claims: { nonce: 'x' } }), 'failed id_token_nonce_mismatch; actual another one'],
      ['none', minted({ claims: { nonce: undefined } }), 'failed id_token_nonce_mismatch; actual no nonce'],
    ],
    id_token_expiry: [
      ['in an hour', {}, 'passed; actual in 1 hour'],
      ['a little ago', minted({ claims: { exp: at - 29 } }), 'passed; actual 29 seconds ago'],
      ['now', minted({ claims: { exp: at } }), 'passed; actual in 0 seconds'],
      [
        'too long ago, and no time is told',
        minted({ claims: { exp: at - 30 } }),
        'failed id_token_expired; expected within 30 seconds of 2030-03-17T17:46:40Z; actual 2030-03-17T17:46:10Z, 30 seconds ago',
      ],
      [
        'too long ago by a clock that differs',
        dated(-16, { exp: at - 30 }),
        'failed id_token_expired, clock_differs (-16 seconds); expected within 30 seconds of 2030-03-17T17:46:40Z; actual 2030-03-17T17:46:10Z, 30 seconds ago',
      ],
      [
        'too long ago by a clock that hardly differs',
        dated(15, { exp: at - 30 }),
        'failed id_token_expired, token_time_not_clock; expected within 30 seconds of 2030-03-17T17:46:40Z; actual 2030-03-17T17:46:10Z, 30 seconds ago',
      ],
      [
        'with little tolerance',
        { ...dated(5, { exp: at - 30 }), rp: { tolerances: { clock: 2 } } },
        'failed id_token_expired, token_time_not_clock; expected within 2 seconds of 2030-03-17T17:46:40Z; actual 2030-03-17T17:46:10Z, 30 seconds ago',
      ],
      [
        'with little tolerance, by a clock that differs',
        { ...dated(6, { exp: at - 30 }), rp: { tolerances: { clock: 2 } } },
        'failed id_token_expired, clock_differs (6 seconds); expected within 2 seconds of 2030-03-17T17:46:40Z; actual 2030-03-17T17:46:10Z, 30 seconds ago',
      ],
      ['a text', minted({ claims: { exp: 'x' } }), 'not reached'],
      [
        'a date that is none',
        answered(
          json(tokenBody({ id_token: mint({ claims: { exp: 5 } }) }), { headers: { ...headers, date: 'today' } }),
        ),
        'failed id_token_expired; expected within 30 seconds of 2030-03-17T17:46:40Z; actual 1970-01-01T00:00:05Z, 21990 days 17 hours 46 minutes 35 seconds ago',
      ],
    ],
    id_token_not_before: [
      ['not said', {}, 'does not apply'],
      ['in a little while', minted({ claims: { nbf: at + 30 } }), 'passed; actual in 30 seconds'],
      [
        'in too long',
        minted({ claims: { nbf: at + 31 } }),
        'failed id_token_not_yet_valid; expected within 30 seconds of 2030-03-17T17:46:40Z; actual 2030-03-17T17:47:11Z, in 31 seconds',
      ],
      ['a text', minted({ claims: { nbf: 'x' } }), 'not reached'],
    ],
    id_token_issued_now: [
      ['now', {}, 'passed; actual in 0 seconds'],
      ['in a little while', minted({ claims: { iat: at + 30 } }), 'passed; actual in 30 seconds'],
      [
        'in too long',
        minted({ claims: { iat: at + 31 } }),
        'failed id_token_iat_unreasonable; expected within 30 seconds of 2030-03-17T17:46:40Z; actual 2030-03-17T17:47:11Z, in 31 seconds',
      ],
      ['long ago', minted({ claims: { iat: at - 630 } }), 'passed; actual 10 minutes 30 seconds ago'],
      [
        'too long ago',
        minted({ claims: { iat: at - 631 } }),
        'failed id_token_iat_unreasonable; expected within 30 seconds of 2030-03-17T17:46:40Z; actual 2030-03-17T17:36:09Z, 10 minutes 31 seconds ago',
      ],
      ['a text', minted({ claims: { iat: 'x' } }), 'not reached'],
    ],
    id_token_authentication_time: [
      ['not asked for', {}, 'does not apply'],
      [
        'in time',
        minted({ claims: { auth_time: at - 90 } }, asked({ max_age: 60 })),
        'passed; expected at most 1 minute ago; actual 1 minute 30 seconds ago',
      ],
      [
        'too long ago',
        minted({ claims: { auth_time: at - 91 } }, asked({ max_age: 60 })),
        'failed id_token_auth_time_too_old; expected at most 1 minute ago; actual 1 minute 31 seconds ago',
      ],
      ['not said', minted({}, asked({ max_age: 60 })), 'not reached'],
    ],
    id_token_authentication_context: [
      [
        'a part of one of them',
        minted({ claims: { acr: 'a' } }, asked({ acr_values: 'ab cd' })),
        'failed id_token_acr_not_satisfied; expected ab cd; actual a',
      ],
      ['not asked for', {}, 'does not apply'],
      ['one of them', minted({ claims: { acr: 'b' } }, asked({ acr_values: 'a b' })), 'passed; expected a b; actual b'],
      [
        'another',
        minted({ claims: { acr: 'c' } }, asked({ acr_values: 'a b' })),
        'failed id_token_acr_not_satisfied; expected a b; actual c',
      ],
      [
        'all of them',
        minted({ claims: { acr: 'a b' } }, asked({ acr_values: 'a b' })),
        'failed id_token_acr_not_satisfied; expected a b; actual a b',
      ],
      [
        'empty',
        minted({ claims: { acr: '' } }, asked({ acr_values: 'a  b' })),
        'failed id_token_acr_not_satisfied; expected a  b; actual ',
      ],
      [
        'none',
        minted({}, asked({ acr_values: 'a b' })),
        'failed id_token_acr_not_satisfied; expected a b; actual no acr',
      ],
    ],
    id_token_access_token_hash: [
      ['none', {}, 'does not apply'],
      ['right', minted({ claims: { at_hash: halfHash('sha256', secrets.access_token) } }), 'passed'],
      ['wrong', minted({ claims: { at_hash: 'x' } }), 'failed id_token_at_hash_mismatch'],
      ['of an algorithm that is none', minted({ alg: 'none', claims: { at_hash: 'x' } }), 'not reached'],
      [
        'of HS256',
        minted({ alg: 'HS256', key: Buffer.from('x'), claims: { at_hash: halfHash('sha256', secrets.access_token) } }),
        'passed',
      ],
      ['of no access token', tokens({ access_token: 5, id_token: mint({ claims: { at_hash: 'x' } }) }), 'not reached'],
      [
        'of an empty access token',
        tokens({ access_token: '', id_token: mint({ claims: { at_hash: 'x' } }) }),
        'does not apply',
      ],
    ],
    id_token_code_hash: [
      ['none', {}, 'does not apply'],
      ['right', minted({ claims: { c_hash: halfHash('sha256', secrets.code) } }), 'passed'],
      ['wrong', minted({ claims: { c_hash: 'x' } }), 'failed id_token_c_hash_mismatch'],
      [
        'of a code that comes last',
        {
          ...minted({ claims: { c_hash: halfHash('sha256', secrets.code) } }),
          response: [
            ['state', 'state-of-this-flow'],
            ['code', secrets.code],
          ] as never,
        },
        'passed',
      ],
    ],
  },
  finished,
)
