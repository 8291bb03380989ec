/** What the checks on the authorization response find, situation by situation. That they agree with the judge is in `opinions.test.ts`. */
import { asked, denied, documented, eachFinds, finished, twice } from '../support/findings.ts'
import { issuer } from '../support/provider.ts'

const further = (count: number) => Array.from({ length: count }, (_, index) => [`x${index}`, 'y'] as const)

eachFinds(
  {
    response_parameters_once: [
      ['they are', {}, 'passed; expected once'],
      ['state twice', twice('state'), 'failed authorization_response_malformed; expected once; actual state'],
      ['code twice', twice('code'), 'failed authorization_response_malformed; expected once; actual code'],
      ['iss twice', twice('iss'), 'failed authorization_response_malformed; expected once; actual iss'],
      ['error twice', twice('error'), 'failed authorization_response_malformed; expected once; actual error'],
      [
        'error_description twice',
        twice('error_description'),
        'failed authorization_response_malformed; expected once; actual error_description',
      ],
      ['id_token twice', twice('id_token'), 'failed authorization_response_malformed; expected once; actual id_token'],
      ['response twice', twice('response'), 'failed authorization_response_malformed; expected once; actual response'],
      [
        'access_token twice',
        twice('access_token'),
        'failed authorization_response_malformed; expected once; actual access_token',
      ],
      ['token twice', twice('token'), 'failed authorization_response_malformed; expected once; actual token'],
      ['another one twice', twice('x'), 'passed; expected once'],
      ['a hundred', { response: further(100) }, 'passed; expected once'],
      [
        'more than a hundred',
        { response: further(101) },
        'failed authorization_response_malformed; expected at most 100; actual more',
      ],
    ],
    response_without_tokens: [
      ['none', {}, 'passed; expected code'],
      [
        'id_token',
        { response: { id_token: 'x' } },
        'failed authorization_response_malformed; expected code; actual id_token',
      ],
      [
        'access_token',
        { response: { access_token: 'x' } },
        'failed authorization_response_malformed; expected code; actual access_token',
      ],
      [
        'response',
        { response: { response: 'x' } },
        'failed authorization_response_malformed; expected code; actual response',
      ],
      ['token', { response: { token: 'x' } }, 'failed authorization_response_malformed; expected code; actual token'],
    ],
    response_issuer: [
      ['none, and none promised', {}, 'does not apply'],
      [
        'the right one',
        { response: { iss: issuer } },
        'passed; expected https://idp.example; actual https://idp.example',
      ],
      [
        'another',
        { response: { iss: 'https://other.example' } },
        'failed authorization_response_iss_mismatch; expected https://idp.example; actual https://other.example',
      ],
      [
        'none, though promised',
        documented({ authorization_response_iss_parameter_supported: true }),
        'failed authorization_response_iss_missing; expected https://idp.example',
      ],
    ],
    response_state: [
      ['the right one', {}, 'passed'],
      ['none', { response: { state: undefined } }, 'failed authorization_response_state_missing'],
      ['another', { response: { state: 'x' } }, 'failed authorization_response_state_mismatch'],
    ],
    response_not_an_error: [
      ['none', {}, 'passed'],
      ['an empty one', { response: { error: '' } }, 'passed'],
      [
        'User is NOT assigned to the application.',
        denied('access_denied', 'User is NOT assigned to the application.'),
        'failed access_denied, user_not_assigned; actual access_denied: User is NOT assigned to the application.',
      ],
      [
        'AADSTS50105: no',
        denied('access_denied', 'AADSTS50105: no'),
        'failed access_denied, user_not_assigned; actual access_denied: AADSTS50105: no',
      ],
      [
        'Policy evaluation failed',
        denied('access_denied', 'Policy evaluation failed'),
        'failed access_denied, access_policy_missing; actual access_denied: Policy evaluation failed',
      ],
      ['access_denied', denied('access_denied'), 'failed access_denied; actual access_denied'],
      ['login_required', denied('login_required'), 'failed authorization_login_required; actual login_required'],
      [
        'interaction_required',
        denied('interaction_required'),
        'failed authorization_login_required; actual interaction_required',
      ],
      ['consent_required', denied('consent_required'), 'failed authorization_login_required; actual consent_required'],
      [
        'account_selection_required',
        denied('account_selection_required'),
        'failed authorization_login_required; actual account_selection_required',
      ],
      ['x', denied('server_error', 'x'), 'failed provider_unavailable; actual server_error: x'],
      [
        'temporarily_unavailable',
        denied('temporarily_unavailable'),
        'failed provider_unavailable; actual temporarily_unavailable',
      ],
      [
        'x',
        denied('invalid_scope', 'x'),
        'failed authorization_error_response, scope_not_allowed (openid profile email); actual invalid_scope: x',
      ],
      [
        'Redirect URI unknown',
        denied('invalid_request', 'Redirect URI unknown'),
        'failed authorization_error_response, redirect_uri_not_registered (https://app.example/organizations/acme/sso/callback); actual invalid_request: Redirect URI unknown',
      ],
      [
        'redirect_uri unknown',
        denied('invalid_request', 'redirect_uri unknown'),
        'failed authorization_error_response, redirect_uri_not_registered (https://app.example/organizations/acme/sso/callback); actual invalid_request: redirect_uri unknown',
      ],
      [
        'AADSTS50011: x',
        denied('invalid_request', 'AADSTS50011: x'),
        'failed authorization_error_response, redirect_uri_not_registered (https://app.example/organizations/acme/sso/callback); actual invalid_request: AADSTS50011: x',
      ],
      [
        "no 'client_id'",
        denied('invalid_request', "no 'client_id'"),
        "failed authorization_error_response, client_id_unknown (client-1); actual invalid_request: no 'client_id'",
      ],
      ['x', denied('invalid_request', 'x'), 'failed authorization_error_response; actual invalid_request: x'],
      [
        'unmet_authentication_requirements',
        { ...denied('unmet_authentication_requirements'), ...asked({ acr_values: 'urn:okta:loa:2fa:any' }) },
        'failed authorization_error_response, acr_not_satisfiable (urn:okta:loa:2fa:any); actual unmet_authentication_requirements',
      ],
      [
        'access_denied for a context that cannot be met',
        {
          ...denied('access_denied', 'The authentication requirements of this request could not be met.'),
          ...asked({ acr_values: 'urn:okta:loa:2fa:any' }),
        },
        'failed access_denied, acr_not_satisfiable (urn:okta:loa:2fa:any); actual access_denied: The authentication requirements of this request could not be met.',
      ],
      [
        'unmet_authentication_requirements, and none of ours',
        denied('unmet_authentication_requirements'),
        'failed authorization_error_response; actual unmet_authentication_requirements',
      ],
      [
        'unauthorized_client',
        denied('unauthorized_client'),
        'failed authorization_error_response, grant_type_not_allowed; actual unauthorized_client',
      ],
    ],
    response_code: [
      ['one', {}, 'passed; expected at most 8192 characters'],
      ['none', { response: { code: undefined } }, 'failed authorization_response_malformed; expected code'],
      ['an empty one', { response: { code: '' } }, 'failed authorization_response_malformed; expected code'],
      ['and an error', { response: { error: 'x' } }, 'failed authorization_response_malformed; actual code and error'],
      ['none, but an error', { response: { code: undefined, error: 'x' } }, 'does not apply'],
      [
        'none, and an empty error',
        { response: { code: undefined, error: '' } },
        'failed authorization_response_malformed; expected code',
      ],
      ['of 8192 characters', { response: { code: 'c'.repeat(8192) } }, 'passed; expected at most 8192 characters'],
      [
        'of 8193 characters',
        { response: { code: 'c'.repeat(8193) } },
        'failed authorization_response_malformed; expected at most 8192 characters',
      ],
    ],
  },
  finished,
)
