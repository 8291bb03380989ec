/** The modules after the login and beside it: third-party-initiated login, refresh, and the two kinds of logout. */
import { acceptedLogin } from './row.ts'
import type { Row, Tampering } from './row.ts'

const refresh = 'OpenID Connect Core 1.0, section 12.2'
const rpInitiated = (section: string) => `OpenID Connect RP-Initiated Logout 1.0, section ${section}`
const backchannel = (section: string) => `OpenID Connect Back-Channel Logout 1.0, section ${section}`

/** What comes with every logout token, as in the suite: it must not disturb. */
const unknowns: readonly Tampering[] = ['logout_token.unknown_claim', 'backchannel_logout.unknown_parameter']

/** Rows by the names of their modules. */
export const sessionRows: Record<string, Row> = {
  'oidcc-client-test-3rd-party-init-login': acceptedLogin({
    does: 'Sends the browser to the initiate_login_uri with its iss, as a tile of a dashboard does.',
    expects: 'A login begins at that issuer, and completes.',
    clause: 'OpenID Connect Core 1.0, section 4',
    course: 'initiate_login',
    needs: ['initiate_login'],
    required: ['authorization', 'token', 'userinfo'],
  }),

  'oidcc-client-test-refresh-token': acceptedLogin({
    does: 'Nothing wrong. The refresh response has new tokens, a rotated refresh token and an ID Token with the same nonce.',
    expects: 'The new ID Token is accepted and the new access token used.',
    clause: refresh,
    course: 'refresh',
    needs: ['refresh'],
    client: { scope: 'openid profile email offline_access', refresh_token_rotation: 'rotate' },
    from: 'refresh',
    required: ['token', 'userinfo'],
  }),
  'oidcc-client-test-refresh-token-invalid-issuer': badRefresh('id_token.iss_near_miss', 'id_token_iss', {
    does: 'Answers the refresh request with an ID Token whose iss has the character 1 appended.',
    expects: 'The whole refresh response is dropped.',
  }),
  'oidcc-client-test-refresh-token-invalid-sub': badRefresh('id_token.sub_near_miss', 'id_token_sub', {
    does: 'Answers the refresh request with an ID Token whose sub has the character 1 appended.',
    expects: 'The whole refresh response is dropped.',
  }),

  'oidcc-client-test-rp-init-logout': {
    does: 'Nothing wrong. Takes the id_token_hint, ends the session, and returns with the state.',
    expects: 'The person is signed out here and there, and the return is handled.',
    clause: rpInitiated('2'),
    course: 'logout',
    needs: ['rp_initiated_logout'],
    from: 'logout',
    expected: 'accepted',
    required: ['end_session'],
  },
  'oidcc-client-test-rp-init-logout-other-state': oddReturn('end_session.state_altered', {
    does: 'Returns from logout with a character appended to the state.',
    expects: 'The return is handled: the person stays signed out, and nothing crashes.',
  }),
  'oidcc-client-test-rp-init-logout-no-state': oddReturn('end_session.state_missing', {
    does: 'Returns from logout without the state.',
    expects: 'The return is handled: the person stays signed out, and nothing crashes.',
  }),

  'oidcc-client-test-rp-backchannel-rpinitlogout': {
    does: 'Posts a good logout token, with a claim and a parameter that nobody knows.',
    expects: 'Exactly 200, and the session is over.',
    clause: backchannel('2.6, 2.8'),
    course: 'backchannel_logout',
    needs: ['backchannel_logout'],
    from: 'logout',
    faults: unknowns,
    expected: 'accepted',
    required: ['backchannel_logout'],
  },
  'oidcc-client-test-rp-backchannel-rpinitlogout-alg-none': badLogoutToken('logout_token.alg_none', {
    does: 'Posts a logout token that is not signed and says so.',
  }),
  'oidcc-client-test-rp-backchannel-rpinitlogout-no-event': badLogoutToken('logout_token.events_missing', {
    does: 'Posts a logout token without events.',
  }),
  'oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce': badLogoutToken('logout_token.nonce_present', {
    does: 'Posts a logout token with a nonce.',
  }),
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg': badLogoutToken('logout_token.alg_es256', {
    does: 'Posts a logout token that is well signed, but with ES256 and another published key.',
  }),
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud': badLogoutToken('logout_token.aud_near_miss', {
    does: 'Posts a logout token whose aud is the client id with a character appended.',
  }),
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event': badLogoutToken('logout_token.events_wrong', {
    does: 'Posts a logout token about another event.',
  }),
  'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss': badLogoutToken('logout_token.iss_near_miss', {
    does: 'Posts a logout token whose iss is the issuer with a character appended.',
  }),
}

type Words = Pick<Row, 'does' | 'expects'>

function badRefresh(fault: string, reason: 'id_token_iss' | 'id_token_sub', words: Words): Row {
  return {
    ...words,
    clause: refresh,
    course: 'refresh',
    needs: ['refresh'],
    client: { scope: 'openid profile email offline_access', refresh_token_rotation: 'rotate' },
    from: 'refresh',
    faults: [fault],
    expected: 'refused',
    reasons: [reason],
    required: ['token'],
    forbidden: ['userinfo'],
  }
}

function oddReturn(fault: string, words: Words): Row {
  return {
    ...words,
    clause: rpInitiated('3'),
    course: 'logout',
    needs: ['rp_initiated_logout'],
    from: 'logout',
    faults: [fault],
    expected: 'either',
    reasons: ['logout_state'],
    required: ['end_session'],
  }
}

function badLogoutToken(fault: string, { does }: Pick<Row, 'does'>): Row {
  return {
    does,
    expects: 'Exactly 400, and the session lives on.',
    clause: backchannel('2.4, 2.6, 2.8'),
    course: 'backchannel_logout',
    needs: ['backchannel_logout'],
    from: 'logout',
    faults: [fault, ...unknowns],
    expected: 'refused',
    required: ['backchannel_logout'],
  }
}
