/** What the checks on UserInfo find, situation by situation. That they agree with the judge is in `opinions.test.ts`. */
import { asked, documented, eachFinds, finished, minted, telling, under } from '../support/findings.ts'
import { html, json, userinfo } from '../support/provider.ts'

eachFinds(
  {
    userinfo_answered: [
      ['not needed', {}, 'does not apply'],
      ['never to be asked', minted({}, asked({ userinfo: 'never' })), 'does not apply'],
      ['not there', documented({ userinfo_endpoint: undefined }), 'does not apply'],
      ['not reached', minted({ claims: { nonce: 'x' } }), 'not reached'],
      ['not needed by whom the policy refused', under({ default_role: null }), 'does not apply'],
      ['it does', telling(json(userinfo)), 'passed'],
      [
        'no answer',
        telling('timed_out'),
        'failed request_timed_out; expected an answer of idp.example (userinfo_endpoint); actual none in time',
      ],
      [
        'an answer that breaks off',
        telling('cut_off'),
        'failed request_cut_off; expected an answer of idp.example (userinfo_endpoint); actual a connection that broke off',
      ],
      [
        'an address that is not called',
        telling('blocked'),
        'failed request_blocked, endpoint_not_called; expected an answer of idp.example (userinfo_endpoint); actual nothing: this server does not call that address',
      ],
      [
        'too much',
        telling('too_large'),
        'failed response_too_large; expected an answer of idp.example (userinfo_endpoint); actual more than is read',
      ],
      ['401', telling(html(401)), 'failed userinfo_http_error; expected 200; actual 401'],
      [
        '302',
        telling(json({}, { status: 302, headers: { location: 'https://idp.example/me' } })),
        'failed userinfo_http_error, answer_redirected; expected 200; actual 302 to https://idp.example/me',
      ],
      [
        '399 to nowhere',
        telling(json({}, { status: 399 })),
        'failed userinfo_http_error, answer_redirected; expected 200; actual 399 to nowhere',
      ],
      ['400', telling(json({}, { status: 400 })), 'failed userinfo_http_error; expected 200; actual 400'],
      [
        '401 with a challenge',
        telling(json({}, { status: 401, headers: { 'www-authenticate': 'Bearer' } })),
        'failed userinfo_http_error; expected 200; actual 401 Bearer',
      ],
    ],
    userinfo_is_json: [
      ['not needed', {}, 'does not apply'],
      ['it is', telling(json(userinfo)), 'passed; actual application/json'],
      ['401', telling(html(401)), 'not reached'],
      ['no answer', telling('timed_out'), 'not reached'],
      ['a page', telling(html()), 'failed userinfo_response_malformed; expected application/json; actual text/html'],
      [
        'signed',
        telling(json({}, { body: 'a.b.c', headers: { 'content-type': 'application/jwt' } })),
        'failed userinfo_response_malformed, userinfo_signed; expected application/json; actual application/jwt',
      ],
      [
        'a list',
        telling(json([])),
        'failed userinfo_response_malformed; expected a JSON object; actual a body that is none',
      ],
      ['no sub', telling(json({})), 'failed userinfo_response_malformed; expected sub, a text; actual nothing'],
      [
        'an empty sub',
        telling(json({ sub: '' })),
        'failed userinfo_response_malformed; expected sub, a text; actual an empty text',
      ],
      [
        'sub a number',
        telling(json({ sub: 5 })),
        'failed userinfo_response_malformed; expected sub, a text; actual a number',
      ],
      [
        'as text',
        telling(json(userinfo, { headers: { 'content-type': 'text/plain' } })),
        'failed userinfo_response_malformed; expected application/json; actual text/plain',
      ],
      [
        'no content type',
        telling(json(userinfo, { headers: {} })),
        'failed userinfo_response_malformed; expected application/json; actual no content type',
      ],
      [
        'a number out of range',
        telling(json({}, { body: '{"sub":"user-1","a":1e999}' })),
        'failed userinfo_response_malformed; expected numbers within range; actual one out of range',
      ],
    ],
    userinfo_subject: [
      ['not needed', {}, 'does not apply'],
      ['the same', telling(json(userinfo)), 'passed; expected user-1; actual user-1'],
      ['another', telling(json({ sub: 'user-2' })), 'failed userinfo_sub_mismatch; expected user-1; actual user-2'],
      ['none', telling(json({})), 'not reached'],
      ['an empty one', telling(json({ sub: '' })), 'not reached'],
      ['401', telling(html(401)), 'not reached'],
    ],
  },
  finished,
)
