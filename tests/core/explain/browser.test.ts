/** What the checks on the browser find, situation by situation. That they agree with the judge is in `opinions.test.ts`. */
import {
  drive,
  idle,
  record,
  transcriptOfRefusal,
  type AwaitingAuthorizationResponse,
  type Circumstances,
} from '@relying-party/core'
import { eachFinds, finished } from '../support/findings.ts'
import type { Login } from '../support/play.ts'
import { at, known, loginRequested, redirect_uri, relyingParty } from '../support/provider.ts'

eachFinds(
  {
    flow_organization: [
      ['of that organization', {}, 'passed; expected acme; actual acme'],
      [
        'of another',
        { received: { organization_id: 'other' } },
        'failed flow_organization_mismatch; expected acme; actual other',
      ],
    ],
    flow_age: [
      ['at once', { now: at + 1.4 }, 'passed; expected at most 15 minutes; actual 1 second'],
      ['in time', { now: at + 900 }, 'passed; expected at most 15 minutes; actual 15 minutes'],
      ['too late', { now: at + 900.6 }, 'failed flow_expired; expected at most 15 minutes; actual 15 minutes 1 second'],
    ],
    response_mode: [
      ['as asked', {}, 'passed; expected query; actual query'],
      [
        'in another way',
        { received: { response_mode: 'form_post' } },
        'failed authorization_response_mode_mismatch; expected query; actual form_post',
      ],
    ],
  },
  finished,
)

const inOrder: Circumstances = {
  states: 1,
  browser: { method: 'GET', cookies: 1, other_flows: 0, secure: true, other_host: null, fetch_site: null },
  flow: { purpose: 'login', organization_id: 'acme', connection_id: 'connection-1', revision: 1, started_at: at },
  organization_id: 'acme',
  revision_current: true,
  claimed: true,
  still_serving: true,
}
const lost = (browser: Partial<Circumstances['browser']>): Partial<Circumstances> => ({
  flow: null,
  browser: { ...inOrder.browser, ...browser },
})

// What surrounds a response, where the machine was never asked.
eachFinds<Partial<Circumstances>>(
  {
    response_returned: [['somebody came back', {}, 'passed']],
    state_present: [
      ['one', {}, 'passed; expected 1; actual 1'],
      ['none', { states: 0 }, 'failed authorization_response_state_missing; expected 1; actual 0'],
      ['two', { states: 2 }, 'failed authorization_response_malformed; expected 1; actual 2'],
    ],
    flow_found: [
      ['there', {}, 'passed'],
      ['nothing to look for', { states: 0, flow: null }, 'not reached'],
      ['not there, and nothing to say', lost({}), 'failed flow_not_found'],
      [
        'under another host',
        lost({ other_host: 'other.example', cookies: 0 }),
        'failed flow_not_found, cookie_lost_to_other_host (other.example)',
      ],
      [
        'by POST over plain http, without cookies',
        lost({ method: 'POST', secure: false, cookies: 0 }),
        'failed flow_not_found, cookie_lost_to_http',
      ],
      ['by POST over plain http, with cookies', lost({ method: 'POST', secure: false }), 'failed flow_not_found'],
      [
        'by POST over https, without cookies',
        lost({ method: 'POST', cookies: 0 }),
        'failed flow_not_found, cookies_blocked_or_other_browser',
      ],
      [
        'by GET over plain http, without cookies',
        lost({ secure: false, cookies: 0 }),
        'failed flow_not_found, cookies_blocked_or_other_browser',
      ],
      ['opened from a bookmark', lost({ fetch_site: 'none', cookies: 0 }), 'failed flow_not_found, opened_directly'],
      [
        'opened from a bookmark, under another host',
        lost({ fetch_site: 'none', other_host: 'other.example' }),
        'failed flow_not_found, cookie_lost_to_other_host (other.example)',
      ],
      ['other flows', lost({ other_flows: 1 }), 'failed flow_not_found, flow_of_another_tab'],
    ],
    flow_organization: [
      ['of that organization', {}, 'passed; expected acme; actual acme'],
      ['of another', { organization_id: 'other' }, 'failed flow_organization_mismatch; expected acme; actual other'],
      ['of nobody', { flow: null }, 'not reached'],
    ],
    flow_revision: [
      ['in use', {}, 'passed'],
      ['replaced', { revision_current: false }, 'failed flow_revision_replaced'],
      ['replaced while the person signed in', { still_serving: false }, 'failed flow_revision_replaced'],
      ['of nobody', { flow: null }, 'not reached'],
    ],
    flow_unused: [
      ['claimed', {}, 'passed'],
      ['claimed before', { claimed: false }, 'failed flow_already_used'],
      ['not tried', { claimed: null }, 'not reached'],
    ],
    flow_age: [['the response is not on this record', {}, 'not reached']],
    response_mode: [['the response is not on this record', {}, 'not reached']],
  },
  (changed) => transcriptOfRefusal(relyingParty(), { ...inOrder, ...changed }, { code: 'flow_not_found' }),
)

// A login whose circumstances are on record, or are not.
eachFinds<[Circumstances | null, Login?]>(
  {
    response_returned: [['somebody came back', [null], 'passed']],
    state_present: [['not on record', [null], 'does not apply']],
    flow_found: [['on record', [inOrder], 'passed']],
    flow_organization: [
      ['of that organization', [inOrder], 'passed; expected acme; actual acme'],
      [
        'of another, as the settings say',
        [inOrder, { rp: { organization_id: 'other' }, received: { organization_id: 'acme' } }],
        'failed flow_organization_mismatch; expected acme; actual acme',
      ],
    ],
    flow_revision: [
      ['in use, not on record', [null], 'passed'],
      ['in use', [inOrder], 'passed'],
    ],
  },
  async ([circumstances, login = {}]) => ({ ...(await finished(login)), circumstances }),
)

// Settings that were replaced since the browser was sent away.
eachFinds<object>(
  {
    flow_revision: [
      ['another revision', { revision: 2 }, 'failed flow_revision_replaced'],
      ['another connection', { connection_id: 'connection-2' }, 'failed flow_revision_replaced'],
    ],
  },
  async (changed) => {
    const transcript = await finished({})
    return { ...transcript, relying_party: { ...transcript.relying_party, ...changed } }
  },
)

// Nobody came back.
eachFinds<'test' | 'login' | 'waiting'>(
  {
    response_returned: [
      ['of a test', 'test', `failed flow_abandoned, never_came_back (${redirect_uri}); expected ${redirect_uri}`],
      ['of a login', 'login', `failed flow_abandoned; expected ${redirect_uri}`],
      ['yet', 'waiting', 'not reached'],
    ],
    state_present: [['of a login', 'login', 'not reached']],
    flow_organization: [['of a login', 'login', 'not reached']],
    flow_age: [['of a login', 'login', 'not reached']],
    response_mode: [['of a login', 'login', 'not reached']],
    response_code: [['of a login', 'login', 'not reached']],
  },
  async (purpose) => {
    const rp = relyingParty(known())
    const io = { now: () => at, request: () => Promise.reject(new Error('nothing is asked')) }
    const requested = loginRequested({ purpose: purpose === 'test' ? 'test' : 'login' })
    const flow = (await drive(rp, idle, requested, io)).state as AwaitingAuthorizationResponse
    const recorder = record(rp, flow)
    if (purpose === 'waiting') return recorder.transcript(flow)
    const { state } = await drive(rp, flow, { type: 'abandoned', at: at + 901 }, { ...io, observe: recorder.observe })
    return recorder.transcript(state)
  },
)
