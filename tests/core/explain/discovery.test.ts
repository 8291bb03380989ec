/** What the checks on the configuration document find, situation by situation. That they agree with the judge is in `opinions.test.ts`. */
import { asked, discovered, documented, eachFinds, finished, old, started, tested } from '../support/findings.ts'
import { html, issuer, json, known, metadata } from '../support/provider.ts'

eachFinds(
  {
    discovery_answered: [
      ['it does', {}, 'passed'],
      ['known already', { rp: known() }, 'passed; actual known already'],
      [
        'not in time',
        tested(discovered('timed_out')),
        'failed request_timed_out, issuer_silent; expected an answer of idp.example; actual none in time',
      ],
      [
        'no connection',
        tested(discovered('unreachable')),
        'failed request_failed, issuer_unreachable; expected an answer of idp.example; actual no connection',
      ],
      [
        'no connection, where an answer came long ago',
        tested(discovered('unreachable', old(86_400))),
        'failed request_failed; expected an answer of idp.example; actual no connection',
      ],
      [
        'no connection, for a member',
        discovered('unreachable'),
        'failed request_failed; expected an answer of idp.example; actual no connection',
      ],
      [
        'a connection that breaks off',
        discovered('cut_off'),
        'failed request_cut_off; expected an answer of idp.example; actual a connection that broke off',
      ],
      [
        'no TLS',
        tested(discovered('no_tls')),
        'failed request_no_tls, issuer_without_tls; expected an answer of idp.example; actual no TLS that this server accepts',
      ],
      [
        'a certificate',
        discovered('tls_failed'),
        'failed request_tls_failed; expected an answer of idp.example; actual a certificate that cannot be verified',
      ],
      [
        'an address that is not called',
        discovered('blocked'),
        'failed request_blocked; expected an answer of idp.example; actual nothing: this server does not call that address',
      ],
      [
        'too much',
        tested(discovered('too_large')),
        'failed response_too_large, issuer_answers_too_much; expected an answer of idp.example; actual more than is read',
      ],
      [
        'not in time, and an older copy serves',
        discovered('timed_out', old(86_399)),
        'warned request_timed_out; expected an answer of idp.example; actual none in time',
      ],
      [
        'not in time, and the older copy is too old',
        discovered('timed_out', old(86_400)),
        'failed request_timed_out; expected an answer of idp.example; actual none in time',
      ],
      [
        'of an admin console: not in time',
        discovered('timed_out', { issuer: 'https://a-admin.okta.com' }),
        'failed request_timed_out, issuer_admin_console (https://a.okta.com); expected an answer of a-admin.okta.com; actual none in time',
      ],
      [
        'of an issuer that is none',
        tested(discovered('timed_out', { issuer: 'nonsense' })),
        'failed request_timed_out, issuer_silent; expected an answer of the provider; actual none in time',
      ],
    ],
    discovery_status: [
      ['no answer', discovered('timed_out'), 'not reached'],
      ['no answer, and an older copy serves', discovered('timed_out', old(4000)), 'does not apply'],
      ['known already', { rp: known() }, 'does not apply'],
      ['200', {}, 'passed; expected 200; actual 200'],
      ['204', discovered(json({}, { status: 204 })), 'failed discovery_http_error; expected 200; actual 204'],
      [
        '300',
        discovered(json({}, { status: 300 })),
        'failed discovery_redirected; expected 200; actual 300 to nowhere',
      ],
      [
        '301 to another',
        discovered(json({}, { status: 301, headers: { location: 'https://new.example/x/' } })),
        'failed discovery_redirected, redirected_to_other_host (https://new.example/x); expected 200; actual 301 to https://new.example/x/',
      ],
      [
        '301 to nothing',
        discovered(json({}, { status: 301 })),
        'failed discovery_redirected; expected 200; actual 301 to nowhere',
      ],
      [
        '301 to plain http',
        discovered(json({}, { status: 301, headers: { location: 'http://new.example' } })),
        'failed discovery_redirected; expected 200; actual 301 to http://new.example',
      ],
      ['404', discovered(html(404)), 'failed discovery_http_error; expected 200; actual 404'],
      ['429', discovered(html(429)), 'failed discovery_unavailable; actual 429'],
      ['500', discovered(html(500)), 'failed discovery_unavailable; actual 500'],
      ['500, and an older copy serves', discovered(html(500), old(4000)), 'warned discovery_unavailable; actual 500'],
      ['429, and an older copy serves', discovered(html(429), old(4000)), 'warned discovery_unavailable; actual 429'],
      [
        '404, and an older copy',
        discovered(html(404), old(4000)),
        'failed discovery_http_error; expected 200; actual 404',
      ],
    ],
    discovery_is_json: [
      ['it is', {}, 'passed; actual application/json'],
      ['500, and an older copy serves', discovered(html(500), old(4000)), 'does not apply'],
      ['429, and an older copy serves', discovered(html(429), old(4000)), 'does not apply'],
      ['404, and an older copy', discovered(html(404), old(4000)), 'not reached'],
      ['500', discovered(html(500)), 'not reached'],
      ['a page', discovered(html()), 'failed discovery_response_not_json; expected application/json; actual text/html'],
      [
        'a page at the address of the document',
        discovered(html(), { issuer: `${issuer}/.well-known/openid-configuration/` }),
        'failed discovery_response_not_json, issuer_is_metadata_url (https://idp.example); expected application/json; actual text/html',
      ],
      ['a list', discovered(json([])), 'failed discovery_response_malformed; actual application/json'],
      [
        'a page without content type',
        discovered({ ...html(), headers: {} }),
        'failed discovery_response_not_json; expected application/json; actual no content type',
      ],
      ['JSON without content type', discovered(json(metadata, { headers: {} })), 'passed; actual no content type'],
    ],
    discovery_issuer: [
      ['it does', {}, 'passed; expected https://idp.example; actual https://idp.example'],
      ['a page', discovered(html()), 'not reached'],
      ['none', documented({ issuer: undefined }), 'failed discovery_metadata_missing; expected https://idp.example'],
      [
        'a list',
        documented({ issuer: [issuer] }),
        'failed discovery_metadata_invalid; expected https://idp.example; actual ["https://idp.example"]',
      ],
      [
        'a slash more',
        documented({ issuer: `${issuer}/` }),
        'failed discovery_issuer_mismatch, issuer_trailing_slash (https://idp.example/); expected https://idp.example; actual https://idp.example/',
      ],
      [
        'two slashes more',
        documented({ issuer: `${issuer}//` }),
        'failed discovery_issuer_mismatch, issuer_trailing_slash (https://idp.example//); expected https://idp.example; actual https://idp.example//',
      ],
      [
        'plain http',
        documented({ issuer: 'http://idp.example' }),
        'failed discovery_issuer_mismatch, issuer_scheme (http://idp.example); expected https://idp.example; actual http://idp.example',
      ],
      [
        'another server of the same host',
        documented({ issuer: `${issuer}/oauth2` }),
        'failed discovery_issuer_mismatch, issuer_other_authorization_server (https://idp.example/oauth2); expected https://idp.example; actual https://idp.example/oauth2',
      ],
      [
        'another host',
        documented({ issuer: 'https://other.example' }),
        'failed discovery_issuer_mismatch, issuer_named_by_document (https://other.example); expected https://idp.example; actual https://other.example',
      ],
      [
        'another host, over plain http',
        documented({ issuer: 'http://other.example' }),
        'failed discovery_issuer_mismatch; expected https://idp.example; actual http://other.example',
      ],
      [
        'no URL',
        documented({ issuer: 'other' }),
        'failed discovery_issuer_mismatch; expected https://idp.example; actual other',
      ],
      [
        'of an issuer that is no URL',
        discovered(json(metadata), { issuer: 'nonsense' }),
        'failed discovery_issuer_mismatch, issuer_named_by_document (https://idp.example); expected nonsense; actual https://idp.example',
      ],
    ],
    discovery_endpoints_present: [
      ['they are', {}, 'passed'],
      [
        'no authorization endpoint',
        documented({ authorization_endpoint: undefined }),
        'failed discovery_metadata_missing; expected authorization_endpoint',
      ],
      [
        'no token endpoint',
        documented({ token_endpoint: null }),
        'failed discovery_metadata_missing; expected token_endpoint',
      ],
      ['no keys', documented({ jwks_uri: undefined }), 'failed discovery_metadata_missing; expected jwks_uri'],
    ],
    discovery_endpoints: [
      ['not all of them', documented({ userinfo_endpoint: undefined, end_session_endpoint: null }), 'passed'],
      [
        'in a list',
        documented({ userinfo_endpoint: ['https://idp.example/'] }),
        'failed discovery_metadata_invalid; expected userinfo_endpoint is an https URL; actual ["https://idp.example/"]',
      ],
      [
        'another scheme, of an issuer over plain http',
        discovered(json({ ...metadata, issuer: 'http://idp.example', jwks_uri: 'ftp://idp.example/' }), {
          issuer: 'http://idp.example',
        }),
        'failed discovery_metadata_invalid; expected jwks_uri is an https URL; actual ftp://idp.example/',
      ],
      ['they are', {}, 'passed'],
      [
        'of no kind',
        documented({ token_endpoint: 5 }),
        'failed discovery_metadata_invalid; expected token_endpoint is an https URL; actual 5',
      ],
      [
        'no URL',
        documented({ authorization_endpoint: 'authorize' }),
        'failed discovery_metadata_invalid; expected authorization_endpoint is an https URL; actual authorize',
      ],
      [
        'plain http',
        documented({ jwks_uri: 'http://idp.example/keys' }),
        'failed discovery_metadata_invalid; expected jwks_uri is an https URL; actual http://idp.example/keys',
      ],
      [
        'plain http of an issuer that is',
        discovered(json({ ...metadata, issuer: 'http://idp.example', jwks_uri: 'http://idp.example/keys' }), {
          issuer: 'http://idp.example',
        }),
        'passed',
      ],
      [
        'another scheme',
        documented({ token_endpoint: 'ftp://idp.example/' }),
        'failed discovery_metadata_invalid; expected token_endpoint is an https URL; actual ftp://idp.example/',
      ],
      [
        'a user in it',
        documented({ userinfo_endpoint: 'https://u@idp.example/' }),
        'failed discovery_metadata_invalid; expected userinfo_endpoint is an https URL; actual https://u@idp.example/',
      ],
      [
        'a password in it',
        documented({ userinfo_endpoint: 'https://:p@idp.example/' }),
        'failed discovery_metadata_invalid; expected userinfo_endpoint is an https URL; actual https://:p@idp.example/',
      ],
      [
        'a fragment',
        documented({ end_session_endpoint: `${issuer}/#x` }),
        'failed discovery_metadata_invalid; expected end_session_endpoint is an https URL; actual https://idp.example/#x',
      ],
    ],
    discovery_members: [
      [
        'response_types_supported a text',
        documented({ response_types_supported: 'x' }),
        'failed discovery_metadata_invalid; expected response_types_supported; actual x',
      ],
      [
        'response_modes_supported a text',
        documented({ response_modes_supported: 'x' }),
        'failed discovery_metadata_invalid; expected response_modes_supported; actual x',
      ],
      [
        'scopes_supported a text',
        documented({ scopes_supported: 'x' }),
        'failed discovery_metadata_invalid; expected scopes_supported; actual x',
      ],
      [
        'id_token_signing_alg_values_supported a text',
        documented({ id_token_signing_alg_values_supported: 'x' }),
        'failed discovery_metadata_invalid; expected id_token_signing_alg_values_supported; actual x',
      ],
      [
        'token_endpoint_auth_methods_supported a text',
        documented({ token_endpoint_auth_methods_supported: 'x' }),
        'failed discovery_metadata_invalid; expected token_endpoint_auth_methods_supported; actual x',
      ],
      [
        'code_challenge_methods_supported a text',
        documented({ code_challenge_methods_supported: 'x' }),
        'failed discovery_metadata_invalid; expected code_challenge_methods_supported; actual x',
      ],
      ['claims_supported a text: nobody uses it', documented({ claims_supported: 'x' }), 'passed'],
      [
        'authorization_response_iss_parameter_supported a text',
        documented({ authorization_response_iss_parameter_supported: 'x' }),
        'failed discovery_metadata_invalid; expected authorization_response_iss_parameter_supported; actual x',
      ],
      [
        'backchannel_logout_supported a text: nobody uses it',
        documented({ backchannel_logout_supported: 'x' }),
        'passed',
      ],
      [
        'authorization_response_iss_parameter_supported: true',
        documented({ authorization_response_iss_parameter_supported: true }),
        'passed',
      ],
      [
        'authorization_response_iss_parameter_supported: false',
        documented({ authorization_response_iss_parameter_supported: false }),
        'passed',
      ],
      ['they are', {}, 'passed'],
      [
        'a list that is none',
        documented({ scopes_supported: 'openid' }),
        'failed discovery_metadata_invalid; expected scopes_supported; actual openid',
      ],
      [
        'claims that are no list',
        documented({ response_modes_supported: {} }),
        'failed discovery_metadata_invalid; expected response_modes_supported; actual {}',
      ],
      [
        'a flag that is none',
        documented({ authorization_response_iss_parameter_supported: 'true' }),
        'failed discovery_metadata_invalid; expected authorization_response_iss_parameter_supported; actual true',
      ],
      ['a null', documented({ scopes_supported: null }), 'passed'],
    ],
    discovery_response_type: [
      ['code', {}, 'passed; expected code; actual ["code"]'],
      [
        'another',
        documented({ response_types_supported: ['id_token', 'token'] }),
        'failed discovery_unsupported, code_flow_unsupported; expected code; actual ["id_token","token"]',
      ],
      [
        'code behind 200 others',
        documented({ response_types_supported: [...Array(200).fill('x'), 'code'] }),
        'failed discovery_unsupported, code_flow_unsupported; expected code; actual ["x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x"…',
      ],
      [
        'code as the 200th',
        documented({ response_types_supported: [...Array(199).fill('x'), 'code'] }),
        'passed; expected code; actual ["x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x"…',
      ],
      ['no list', documented({ response_types_supported: undefined }), 'does not apply'],
    ],
    discovery_algorithm: [
      [
        'RS256',
        {},
        'passed; expected RS256; actual ["RS256","PS256","ES256","ES384","ES512","EdDSA","Ed25519","HS256","none"]',
      ],
      [
        'symmetric ones',
        documented({ id_token_signing_alg_values_supported: ['HS256', 5, 'none'] }),
        'failed discovery_unsupported, signature_algorithm_unsupported; expected RS256; actual ["HS256","none"]',
      ],
      [
        'RS256 behind 200 others',
        documented({ id_token_signing_alg_values_supported: [...Array(200).fill('x'), 'RS256'] }),
        'failed discovery_unsupported, signature_algorithm_unsupported; expected RS256; actual ["x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x"…',
      ],
      [
        'RS256 as the 200th',
        documented({ id_token_signing_alg_values_supported: [...Array(199).fill('x'), 'RS256'] }),
        'passed; expected RS256; actual ["x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x","x"…',
      ],
      ['no list', documented({ id_token_signing_alg_values_supported: undefined }), 'does not apply'],
      [
        'one that was chosen',
        {
          ...documented({ id_token_signing_alg_values_supported: [] }),
          ...asked({ id_token_signed_response_alg: 'HS256' }),
        },
        'does not apply',
      ],
    ],
  },
  started,
)

eachFinds(
  {
    discovery_is_json: [['the document was read before', {}, 'does not apply']],
  },
  finished,
)
