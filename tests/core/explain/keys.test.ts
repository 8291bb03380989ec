/** What the checks on the keys and the signature find, situation by situation. That they agree with the judge is in `opinions.test.ts`. */
import { asked, documented, eachFinds, finished, minted, published, rsa, tokens } from '../support/findings.ts'
import { privateJwk, publicJwk } from '../support/keys.ts'
import { html, json, known, metadata, secrets } from '../support/provider.ts'

eachFinds(
  {
    keys_answered: [
      ['they are', {}, 'passed'],
      ['known already', { rp: known() }, 'passed; actual known already'],
      ['known already, and no ID Token', { ...tokens({ id_token: undefined }), rp: known() }, 'not reached'],
      [
        'no answer',
        { answers: { jwks: 'timed_out' } },
        'failed request_timed_out; expected an answer of idp.example (jwks_uri); actual none in time',
      ],
      [
        'an answer that breaks off',
        { answers: { jwks: 'cut_off' } },
        'failed request_cut_off; expected an answer of idp.example (jwks_uri); actual a connection that broke off',
      ],
      [
        'an address that is not called',
        { answers: { jwks: 'blocked' } },
        'failed request_blocked, endpoint_not_called; expected an answer of idp.example (jwks_uri); actual nothing: this server does not call that address',
      ],
      [
        'too much',
        { answers: { jwks: 'too_large' } },
        'failed response_too_large; expected an answer of idp.example (jwks_uri); actual more than is read',
      ],
      ['500', { answers: { jwks: html(500) } }, 'failed jwks_http_error; expected 200; actual 500'],
      [
        'not needed',
        minted({ alg: 'HS256', key: Buffer.from('x') }, asked({ id_token_signed_response_alg: 'HS256' })),
        'does not apply',
      ],
      ['never asked for', minted({ alg: 'HS256', key: Buffer.from('x') }), 'not reached'],
    ],
    keys_are_a_set: [
      ['they are', {}, 'passed; actual 5 keys'],
      ['known already', { rp: known() }, 'does not apply'],
      ['known already, and no ID Token', { ...tokens({ id_token: undefined }), rp: known() }, 'not reached'],
      ['500', { answers: { jwks: html(500) } }, 'not reached'],
      ['no answer', { answers: { jwks: 'timed_out' } }, 'not reached'],
      ['a page', { answers: { jwks: html() } }, 'failed jwks_response_malformed; actual no keys'],
      ['no list', published({}), 'failed jwks_response_malformed; actual no keys'],
      [
        '100 keys',
        published(Array.from({ length: 100 }, (_, index) => rsa({ kid: `${index}` }))),
        'passed; actual 100 keys',
      ],
      [
        '101 keys',
        published(Array.from({ length: 101 }, (_, index) => rsa({ kid: `${index}` }))),
        'failed jwks_response_malformed; actual 101 keys',
      ],
    ],
    keys_public: [
      ['they are', {}, 'passed'],
      ['known already', { rp: known() }, 'does not apply'],
      ['never asked for', tokens({ id_token: undefined }), 'not reached'],
      ['no answer', { answers: { jwks: 'timed_out' } }, 'not reached'],
      ['a page', { answers: { jwks: html() } }, 'not reached'],
      ['a private one', published([rsa(), privateJwk('p256')]), 'warned as odd, private_key_published (p256-1)'],
      [
        'a private one without kid',
        published([rsa(), { ...privateJwk('p256'), kid: undefined }, null, 'x']),
        'warned as odd, private_key_published',
      ],
    ],
    id_token_key: [
      ['kid a number, and keys known', { ...minted({ header: { kid: 5 } }), rp: known() }, 'not reached'],
      [
        'of another kind, with the members of this one',
        published([rsa({ kty: 'EC' })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'with a curve that says nothing',
        published([rsa({ crv: 'P-256' })]),
        'passed; expected 1 key for RS256, kid rsa-1; actual RS256',
      ],
      [
        'whose kid is a number, for a token without',
        published([rsa({ kid: 5 })], { header: { kid: undefined } }),
        'failed id_token_key_not_found; expected 1 key for RS256; actual 0 of 1',
      ],
      [
        'for another use, both without kid',
        published([rsa({ kid: undefined, use: 'enc' })], { header: { kid: undefined } }),
        'failed id_token_key_not_found; expected 1 key for RS256; actual 0 of 1',
      ],
      ['one', {}, 'passed; expected 1 key for RS256, kid rsa-1; actual RS256'],
      [
        'one without kid',
        published([rsa()], { header: { kid: undefined } }),
        'passed; expected 1 key for RS256; actual RS256',
      ],
      [
        'two',
        published([rsa(), rsa()]),
        'failed id_token_key_ambiguous, kid_published_twice (rsa-1); expected 1 key for RS256, kid rsa-1; actual 2 of 2',
      ],
      [
        'two without kid',
        published([rsa({ kid: 'a' }), rsa({ kid: 'b' })], { header: { kid: undefined } }),
        'failed id_token_key_ambiguous; expected 1 key for RS256; actual 2 of 2',
      ],
      [
        'none',
        published([]),
        'failed id_token_key_not_found, keys_rotated; expected 1 key for RS256, kid rsa-1; actual 0 of 0',
      ],
      [
        'none without kid',
        published([], { header: { kid: undefined } }),
        'failed id_token_key_not_found; expected 1 key for RS256; actual 0 of 0',
      ],
      [
        'another kid',
        published([rsa({ kid: 'x' })]),
        'failed id_token_key_not_found, keys_rotated; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'none of them has a kid',
        published([rsa({ kid: undefined })]),
        'failed id_token_key_not_found; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'no object, and one with another kid',
        published([null, 'x', rsa({ kid: 'x' })]),
        'failed id_token_key_not_found, keys_rotated; expected 1 key for RS256, kid rsa-1; actual 0 of 3',
      ],
      [
        'of another kind',
        published([publicJwk('p256', { kid: 'rsa-1' })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'for another use',
        published([rsa({ use: 'enc' })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      ['for no use', published([rsa({ use: undefined })]), 'passed; expected 1 key for RS256, kid rsa-1; actual RS256'],
      [
        'for another algorithm',
        published([rsa({ alg: 'PS256' })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'for this algorithm',
        published([rsa({ alg: 'RS256' })]),
        'passed; expected 1 key for RS256, kid rsa-1; actual RS256',
      ],
      [
        'that may verify',
        published([rsa({ key_ops: ['verify'] })]),
        'passed; expected 1 key for RS256, kid rsa-1; actual RS256',
      ],
      [
        'that may not verify',
        published([rsa({ key_ops: ['encrypt'] })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'with operations of no kind',
        published([rsa({ key_ops: 'verify' })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'with one operation of no kind',
        published([rsa({ key_ops: ['verify', 5] })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'whose alg is a number',
        published([rsa({ alg: 5 })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'whose use is a number',
        published([rsa({ use: 5 })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'whose crv is a number',
        published([rsa({ crv: 5 })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'whose n is a number',
        published([rsa({ n: 5 })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'whose e is a number',
        published([rsa({ e: 5 })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'whose x is a number',
        published([rsa({ x: 5 })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'whose y is a number',
        published([rsa({ y: 5 })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'without a modulus',
        published([rsa({ n: undefined })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'without an exponent',
        published([rsa({ e: undefined })]),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for RS256, kid rsa-1; actual 0 of 1',
      ],
      [
        'EC',
        published([publicJwk('p256')], { alg: 'ES256' }),
        'passed; expected 1 key for ES256, kid p256-1; actual ES256',
      ],
      [
        'EC without y',
        published([publicJwk('p256', { y: undefined })], { alg: 'ES256' }),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for ES256, kid p256-1; actual 0 of 1',
      ],
      [
        'EC without x',
        published([publicJwk('p256', { x: undefined })], { alg: 'ES256' }),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for ES256, kid p256-1; actual 0 of 1',
      ],
      [
        'EC on another curve',
        published([publicJwk('p384', { kid: 'p256-1' })], { alg: 'ES256' }),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for ES256, kid p256-1; actual 0 of 1',
      ],
      [
        'OKP',
        published([publicJwk('ed25519')], { alg: 'EdDSA' }),
        'passed; expected 1 key for EdDSA, kid ed25519-1; actual EdDSA',
      ],
      [
        'OKP without x',
        published([publicJwk('ed25519', { x: undefined })], { alg: 'EdDSA' }),
        'failed id_token_key_not_found, key_published_for_other_use; expected 1 key for EdDSA, kid ed25519-1; actual 0 of 1',
      ],
      [
        'an unsuitable one',
        published([publicJwk('rsa_weak', { kid: 'rsa-1' })]),
        'failed id_token_key_unsuitable; expected 1 key for RS256, kid rsa-1; actual RS256',
      ],
      [
        'an unsuitable one for the chosen algorithm',
        {
          ...published([publicJwk('rsa_weak', { kid: 'rsa-1' })]),
          ...asked({ id_token_signed_response_alg: 'RS256' }),
        },
        'failed id_token_key_unsuitable; expected 1 key for RS256, kid rsa-1; actual RS256',
      ],
      ['kid a number', minted({ header: { kid: 5 } }), 'not reached'],
      ['HS256', minted({ alg: 'HS256', key: Buffer.from('x') }), 'not reached'],
      [
        'HS256 as chosen',
        minted({ alg: 'HS256', key: Buffer.from('x') }, asked({ id_token_signed_response_alg: 'HS256' })),
        'does not apply',
      ],
      [
        'keys on another site, as Google’s are',
        {
          ...published([]),
          answers: {
            ...published([]).answers,
            provider_metadata: json({ ...metadata, jwks_uri: 'https://keys.other.example/' }),
          },
        },
        'failed id_token_key_not_found, keys_rotated; expected 1 key for RS256, kid rsa-1; actual 0 of 0',
      ],
      [
        'another kid, asked for in vain just now',
        { ...minted({ claims: { nonce: 'x' }, header: { kid: 'x' } }), rp: known(29, 29) },
        'failed id_token_key_not_found, keys_rotated; expected 1 key for RS256, kid x; actual 0 of 5',
      ],
      [
        'another kid, of another issuer',
        { ...minted({ claims: { iss: 'https://other.example' }, header: { kid: 'x' } }), rp: known(29, 29) },
        'failed id_token_key_not_found, keys_of_another_issuer; expected 1 key for RS256, kid x; actual 0 of 5',
      ],
      [
        'another kid, and an issuer that is none',
        { ...minted({ claims: { iss: 5 }, header: { kid: 'x' } }), rp: known(29, 29) },
        'failed id_token_key_not_found, keys_rotated; expected 1 key for RS256, kid x; actual 0 of 5',
      ],
      [
        'another kid, asked for in vain a while ago',
        { ...minted({ claims: { nonce: 'x' }, header: { kid: 'x' } }), rp: known(30, 30) },
        'not reached',
      ],
      [
        'another kid, and keys that were just read',
        { ...minted({ claims: { nonce: 'x' }, header: { kid: 'x' } }), rp: known(0) },
        'not reached',
      ],
      [
        'one, and keys that are fresh',
        { ...minted({ claims: { nonce: 'x' } }), rp: known(599) },
        'passed; expected 1 key for RS256, kid rsa-1; actual RS256',
      ],
      ['one, and keys that are old', { ...minted({ claims: { nonce: 'x' } }), rp: known(600) }, 'not reached'],
      ['never fetched', minted({ claims: { nonce: 'x' } }), 'not reached'],
    ],
    id_token_signature: [
      ['right', {}, 'passed'],
      ['wrong', minted({ key: 'rsa_next', header: { kid: 'rsa-1' } }), 'failed id_token_signature_invalid'],
      [
        'wrong, by keys on another site',
        minted({ key: 'rsa_next', header: { kid: 'rsa-1' } }, documented({ jwks_uri: 'https://keys.other.example/' })),
        'failed id_token_signature_invalid',
      ],
      [
        'wrong, of another issuer',
        {
          ...minted({ key: 'rsa_next', claims: { iss: 'https://other.example' }, header: { kid: 'rsa-1' } }),
          rp: known(29),
        },
        'failed id_token_signature_invalid, keys_of_another_issuer',
      ],
      ['unsuitable', published([publicJwk('rsa_weak', { kid: 'rsa-1' })]), 'not reached'],
      ['no key', published([]), 'not reached'],
      [
        'with the secret',
        minted(
          { alg: 'HS256', key: Buffer.from(secrets.client_secret) },
          asked({ id_token_signed_response_alg: 'HS256' }),
        ),
        'passed',
      ],
      [
        'with the secret of a client that has none',
        minted(
          { alg: 'HS256', key: Buffer.from('x') },
          asked({ id_token_signed_response_alg: 'HS256', client_secret: undefined }),
        ),
        'failed client_secret_required',
      ],
    ],
  },
  finished,
)
