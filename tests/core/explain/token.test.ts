/** What the checks on the token response find, situation by situation. That they agree with the judge is in `opinions.test.ts`. */
import { announcing, answered, asked, eachFinds, finished, key, refusing, said, tokens } from '../support/findings.ts'
import { html, json, secrets, tokenBody } from '../support/provider.ts'

eachFinds(
  {
    client_authentication: [
      ['Basic', {}, 'passed; expected client_secret_basic, client_secret_post; actual client_secret_basic'],
      ['nothing announced', announcing(undefined), 'passed; expected client_secret_basic; actual client_secret_basic'],
      ['Post', announcing(['client_secret_post']), 'passed; expected client_secret_post; actual client_secret_post'],
      [
        'neither',
        announcing(['tls_client_auth']),
        'failed discovery_unsupported, client_authentication_unsupported; expected client_secret_basic or client_secret_post; actual ["tls_client_auth"]',
      ],
      ...['client_secret_jwt', 'private_key_jwt', 'none'].map(
        (method) =>
          [
            `neither, but ${method}`,
            announcing([method, 5]),
            `failed discovery_unsupported, client_authentication_to_choose (${method}); expected client_secret_basic or client_secret_post; actual ["${method}"]`,
          ] as const,
      ),
      [
        'no secret: none',
        asked({ client_secret: undefined }),
        'passed; expected client_secret_basic, client_secret_post; actual none',
      ],
      [
        'Basic without a secret',
        asked({ client_secret: undefined, token_endpoint_auth_method: 'client_secret_basic' }),
        'failed client_secret_required; expected client_secret_basic, client_secret_post; actual client_secret_basic',
      ],
      [
        'a key',
        asked({ token_endpoint_auth_method: 'private_key_jwt', client_key: key }),
        'passed; expected client_secret_basic, client_secret_post; actual private_key_jwt',
      ],
      [
        'a key that is not there',
        asked({ token_endpoint_auth_method: 'private_key_jwt' }),
        'failed client_secret_required; expected client_secret_basic, client_secret_post; actual private_key_jwt',
      ],
      [
        'none',
        asked({ token_endpoint_auth_method: 'none' }),
        'passed; expected client_secret_basic, client_secret_post; actual none',
      ],
    ],
    token_answered: [
      ['it does', {}, 'passed'],
      [
        'not in time',
        answered('timed_out'),
        'failed request_timed_out; expected an answer of idp.example (token_endpoint); actual none in time',
      ],
      [
        'an answer that breaks off',
        answered('cut_off'),
        'failed request_cut_off; expected an answer of idp.example (token_endpoint); actual a connection that broke off',
      ],
      [
        'an address that is not called',
        answered('blocked'),
        'failed request_blocked, endpoint_not_called; expected an answer of idp.example (token_endpoint); actual nothing: this server does not call that address',
      ],
      [
        'too much',
        answered('too_large'),
        'failed response_too_large; expected an answer of idp.example (token_endpoint); actual more than is read',
      ],
      ['no code, so nothing is asked', { response: { code: undefined } }, 'not reached'],
    ],
    token_not_an_error: [
      ['none', {}, 'passed; expected 200; actual 200'],
      ['no answer', answered('timed_out'), 'not reached'],
      ['201', said(201, tokenBody()), 'failed token_http_error; expected 200; actual 201'],
      ['300', said(300, {}), 'failed token_redirected; actual 300 to '],
      [
        '302',
        answered(json({}, { status: 302, headers: { location: 'https://other.example' } })),
        'failed token_redirected; actual 302 to https://other.example',
      ],
      ['400 and nothing said', said(400, {}), 'failed token_http_error; expected 200; actual 400'],
      [
        '400 and empty words',
        said(400, { error: '', error_description: '' }),
        'failed token_http_error; expected 200; actual 400',
      ],
      [
        '400 and words of another kind',
        said(400, { error: 5, error_description: [] }),
        'failed token_http_error; expected 200; actual 400',
      ],
      ['400 and a page', answered(html(400)), 'failed token_http_error; expected 200; actual 400'],
      [
        '429',
        said(429, { errorCode: 'E0000047', errorSummary: 'too many' }),
        'failed token_rate_limited; actual 429 E0000047 too many',
      ],
      ['500', said(500, { error: 'server_error' }), 'failed token_http_error; actual 500 server_error'],
      [
        '400 of a management API',
        said(400, { errorCode: 'E1' }),
        'failed token_http_error; expected 200; actual 400 E1',
      ],
      [
        '200 with an error',
        said(200, { error: 'x', error_description: 'y' }),
        'failed token_error_response; actual 200 x y',
      ],
      [
        'an error with a summary',
        said(400, { error: 'x', errorSummary: 'y' }),
        'failed token_error_response; actual 400 x y',
      ],
      ['server_error', refusing('server_error'), 'failed provider_unavailable; actual 400 server_error'],
      [
        'temporarily_unavailable',
        refusing('temporarily_unavailable'),
        'failed provider_unavailable; actual 400 temporarily_unavailable',
      ],
      ['invalid_grant', refusing('invalid_grant'), 'failed token_invalid_grant; actual 400 invalid_grant'],
      [
        'invalid_grant about a redirect',
        refusing('invalid_grant', 'Redirect differs'),
        'failed token_invalid_grant, redirect_uri_not_registered (https://app.example/organizations/acme/sso/callback); actual 400 invalid_grant Redirect differs',
      ],
      [
        'invalid_request about a redirect',
        refusing('invalid_request', 'Redirect differs'),
        'failed token_error_response; actual 400 invalid_request Redirect differs',
      ],
      [
        'unauthorized_client',
        refusing('unauthorized_client'),
        'failed token_error_response, grant_type_not_allowed; actual 400 unauthorized_client',
      ],
      [
        'use_dpop_nonce',
        refusing('use_dpop_nonce'),
        'failed token_error_response, dpop_required; actual 400 use_dpop_nonce',
      ],
      [
        'invalid_dpop_proof',
        refusing('invalid_dpop_proof'),
        'failed token_error_response, dpop_required; actual 400 invalid_dpop_proof',
      ],
      [
        'invalid_client',
        refusing('invalid_client'),
        'failed token_invalid_client, client_authentication_other_offered (client_secret_post); actual 400 invalid_client',
      ],
      [
        'invalid_client about a client_id',
        refusing('invalid_client', "bad 'client_id'"),
        "failed token_invalid_client, client_id_unknown (client-1); actual 400 invalid_client bad 'client_id'",
      ],
      [
        'invalid_client: AADSTS700016',
        refusing('invalid_client', 'AADSTS700016: x'),
        'failed token_invalid_client, client_id_unknown (client-1); actual 400 invalid_client AADSTS700016: x',
      ],
      [
        'invalid_client: not found',
        refusing('invalid_client', 'Client NOT found'),
        'failed token_invalid_client, client_id_unknown (client-1); actual 400 invalid_client Client NOT found',
      ],
      [
        'invalid_client about a secret',
        refusing('invalid_client', 'Client Secret is wrong'),
        'failed token_invalid_client, client_secret_wrong; actual 400 invalid_client Client Secret is wrong',
      ],
      [
        'invalid_client: AADSTS7000215',
        refusing('invalid_client', 'AADSTS7000215: x'),
        'failed token_invalid_client, client_secret_wrong; actual 400 invalid_client AADSTS7000215: x',
      ],
      [
        'x about a client_id',
        refusing('x', "bad 'client_id'"),
        "failed token_error_response; actual 400 x bad 'client_id'",
      ],
      [
        'invalid_client, nothing announced',
        refusing('invalid_client', undefined, announcing(undefined)),
        'failed token_invalid_client; actual 400 invalid_client',
      ],
      [
        'invalid_client, Basic alone',
        refusing('invalid_client', undefined, announcing(['client_secret_basic'])),
        'failed token_invalid_client; actual 400 invalid_client',
      ],
      [
        'invalid_client, others offered',
        refusing('invalid_client', undefined, {
          ...announcing(['a', 5, 'b']),
          ...asked({ token_endpoint_auth_method: 'client_secret_basic' }),
        }),
        'failed token_invalid_client, client_authentication_not_offered (a, b); actual 400 invalid_client',
      ],
      [
        'invalid_client, Post in use',
        refusing('invalid_client', undefined, asked({ token_endpoint_auth_method: 'client_secret_post' })),
        'failed token_invalid_client, client_authentication_other_offered (client_secret_basic); actual 400 invalid_client',
      ],
      [
        'invalid_client of a public client',
        refusing('invalid_client', undefined, {
          ...announcing(['none', 'client_secret_basic']),
          ...asked({ client_secret: undefined }),
        }),
        'failed token_invalid_client, client_not_public; actual 400 invalid_client',
      ],
      [
        'invalid_client of a public client, about the secret that it did not send',
        refusing('invalid_client', 'No client secret', {
          ...announcing(['none', 'client_secret_basic']),
          ...asked({ token_endpoint_auth_method: 'none' }),
        }),
        'failed token_invalid_client, client_not_public; actual 400 invalid_client No client secret',
      ],
      [
        'invalid_client of a client with a key',
        refusing('invalid_client', 'The client secret is missing', {
          ...announcing(['private_key_jwt']),
          ...asked({ token_endpoint_auth_method: 'private_key_jwt', client_key: key }),
        }),
        'failed token_invalid_client, client_keys_not_registered; actual 400 invalid_client The client secret is missing',
      ],
      [
        'invalid_client of a client with a key, which is not offered',
        refusing('invalid_client', undefined, {
          ...announcing(['client_secret_post']),
          ...asked({ token_endpoint_auth_method: 'private_key_jwt', client_key: key }),
        }),
        'failed token_invalid_client, client_authentication_not_offered (client_secret_post); actual 400 invalid_client',
      ],
      [
        'invalid_client of an assertion that is made with the secret',
        refusing('invalid_client', undefined, {
          ...announcing(['client_secret_jwt', 'client_secret_basic']),
          ...asked({ token_endpoint_auth_method: 'client_secret_jwt' }),
        }),
        'failed token_invalid_client; actual 400 invalid_client',
      ],
      [
        'invalid_client of an assertion, about the secret',
        refusing('invalid_client', 'Client Secret is wrong', {
          ...announcing(['client_secret_jwt']),
          ...asked({ token_endpoint_auth_method: 'client_secret_jwt' }),
        }),
        'failed token_invalid_client, client_secret_wrong; actual 400 invalid_client Client Secret is wrong',
      ],
      [
        'invalid_client of a management API, about a client_id',
        said(400, { errorCode: 'invalid_client', errorSummary: "Invalid value for 'client_id' parameter." }),
        "failed token_http_error, client_id_unknown (client-1); expected 200; actual 400 invalid_client Invalid value for 'client_id' parameter.",
      ],
    ],
    token_is_json: [
      ['it is', {}, 'passed; actual application/json'],
      ['no answer', answered('timed_out'), 'not reached'],
      ['status 201', said(201, tokenBody()), 'not reached'],
      ['a page', answered(html()), 'failed token_response_malformed; expected application/json; actual text/html'],
      [
        'a list',
        answered(json([])),
        'failed token_response_malformed; expected a JSON object; actual a body that is none',
      ],
      [
        'null',
        answered(json(null)),
        'failed token_response_malformed; expected a JSON object; actual a body that is none',
      ],
      [
        'half of it',
        answered(json({}, { body: '{"access_token"' })),
        'failed token_response_malformed; expected a JSON object; actual a body that is none',
      ],
      [
        'nothing',
        answered(json({}, { body: '' })),
        'failed token_response_malformed; expected a JSON object; actual a body that is none',
      ],
      [
        'without content type',
        answered(json(tokenBody(), { headers: {} })),
        'failed token_response_malformed; expected application/json; actual no content type',
      ],
      [
        'as text',
        answered(json(tokenBody(), { headers: { 'content-type': 'text/plain' } })),
        'failed token_response_malformed; expected application/json; actual text/plain',
      ],
    ],
    token_members: [
      ['they are', {}, 'passed'],
      ['an error with status 200', said(200, { error: 'x' }), 'not reached'],
      ['a refusal', said(400, tokenBody()), 'not reached'],
      ['a list', answered(json([])), 'not reached'],
      [
        'no access token',
        tokens({ access_token: undefined }),
        'failed token_response_malformed; expected access_token, a text; actual nothing',
      ],
      [
        'an empty access token',
        tokens({ access_token: '' }),
        'failed token_response_malformed; expected access_token, a text; actual an empty text',
      ],
      [
        'an access token that no header can carry',
        tokens({ access_token: 'a\nb' }),
        'failed token_response_malformed; expected access_token of visible characters; actual other characters',
      ],
      [
        'no token type',
        tokens({ token_type: undefined }),
        'failed token_response_malformed; expected token_type, a text; actual nothing',
      ],
      [
        'an empty token type',
        tokens({ token_type: '' }),
        'failed token_response_malformed; expected token_type, a text; actual an empty text',
      ],
      ['expires_in a text of a number', tokens({ expires_in: '3600' }), 'passed'],
      [
        'expires_in a text',
        tokens({ expires_in: 'soon' }),
        'failed token_response_malformed; expected expires_in, a number of seconds; actual soon',
      ],
      ['expires_in 0', tokens({ expires_in: 0 }), 'passed'],
      [
        'expires_in negative',
        tokens({ expires_in: -1 }),
        'failed token_response_malformed; expected expires_in, a number of seconds; actual -1',
      ],
      ['no expires_in', tokens({ expires_in: undefined }), 'passed'],
      ['a refresh token', tokens({ refresh_token: secrets.refresh_token }), 'passed'],
      [
        'an empty refresh token',
        tokens({ refresh_token: '' }),
        'failed token_response_malformed; expected refresh_token, a text; actual an empty text',
      ],
      [
        'a refresh token that is a number',
        tokens({ refresh_token: 5 }),
        'failed token_response_malformed; expected refresh_token, a text; actual a number',
      ],
      [
        'a scope that is a list',
        tokens({ scope: ['openid'] }),
        'failed token_response_malformed; expected scope, a text; actual a list',
      ],
      ['no scope', tokens({ scope: undefined }), 'passed'],
    ],
    token_type: [
      ['Bearer', tokens({ token_type: 'bEARER' }), 'passed; expected Bearer; actual bEARER'],
      ['none', tokens({ token_type: undefined }), 'not reached'],
      ['empty', tokens({ token_type: '' }), 'not reached'],
      [
        'DPoP',
        tokens({ token_type: 'dpop' }),
        'failed token_type_unsupported, dpop_required; expected Bearer; actual dpop',
      ],
      ['another', tokens({ token_type: 'xbearer' }), 'failed token_type_unsupported; expected Bearer; actual xbearer'],
      [
        'one that begins alike',
        tokens({ token_type: 'dpopx' }),
        'failed token_type_unsupported; expected Bearer; actual dpopx',
      ],
      [
        'one that ends alike',
        tokens({ token_type: 'xdpop' }),
        'failed token_type_unsupported; expected Bearer; actual xdpop',
      ],
      [
        'Bearer and more',
        tokens({ token_type: 'bearerx' }),
        'failed token_type_unsupported; expected Bearer; actual bearerx',
      ],
    ],
    id_token_present: [
      ['it does', {}, 'passed; actual a text'],
      ['none', tokens({ id_token: undefined }), 'failed id_token_missing; actual nothing'],
      ['an empty one', tokens({ id_token: '' }), 'failed id_token_missing; actual an empty text'],
      ['a number', tokens({ id_token: 5 }), 'failed id_token_missing; actual a number'],
    ],
  },
  finished,
)
