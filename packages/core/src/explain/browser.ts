/** What the browser brings to the Redirection URI, before the provider is asked for anything. */
import { refusalOfCircumstances, type Circumstances } from '../circumstances.ts'
import type { Story } from './story.ts'
import { spell } from './times.ts'
import {
  doesNotApply,
  failed,
  holds,
  nearMiss,
  passed,
  unknownRedirectUri,
  type Finding,
  type NearMiss,
  type Rule,
} from './check.ts'

/** A check on the circumstances: not reached while an earlier one of them is broken. */
function circumstance(find: (circumstances: Circumstances) => Finding): (story: Story) => Finding {
  return ({ circumstances, callback }) => {
    if (circumstances !== null) return find(circumstances)
    return callback === undefined ? null : doesNotApply('What the browser brought along is not on this record.')
  }
}

export const browserChecks = {
  response_returned: {
    leg: 'browser',
    rule: 'The provider sends the browser back to the Redirection URI.',
    spec: 'OpenID Connect Core 1.0, section 3.1.2.5',
    codes: ['flow_abandoned'],
    near_misses: ['never_came_back', 'redirect_uri_over_http'],
    find: ({ callback, circumstances, verdict, purpose, rp }) => {
      if (callback !== undefined || circumstances !== null) return passed()
      if (verdict.outcome !== 'failed' || verdict.failure.code !== 'flow_abandoned') return null
      const { redirect_uri } = rp.client
      // Of somebody who closed the window there is nothing to say; whoever tests is looking for what is wrong.
      const near = purpose === 'test' ? unknownRedirectUri('never_came_back', redirect_uri) : undefined
      return failed('flow_abandoned', { expected: redirect_uri }, near)
    },
  },
  state_present: {
    leg: 'browser',
    rule: 'The response carries exactly one state.',
    spec: 'OpenID Connect Core 1.0, section 3.1.2.5',
    codes: ['authorization_response_state_missing', 'authorization_response_malformed'],
    find: circumstance(({ states }) =>
      states > 1
        ? failed('authorization_response_malformed', { expected: 1, actual: states })
        : holds(states === 1, 'authorization_response_state_missing', { expected: 1, actual: states }),
    ),
  },
  flow_found: {
    leg: 'browser',
    rule: 'This browser holds the sign-in that the response belongs to.',
    spec: 'RFC 9700, section 4.7',
    codes: ['flow_not_found'],
    near_misses: [
      'cookie_lost_to_other_host',
      'cookie_lost_to_http',
      'opened_directly',
      'cookies_blocked_or_other_browser',
      'flow_of_another_tab',
    ],
    find: circumstance((circumstances) =>
      circumstances.states !== 1
        ? null
        : holds(circumstances.flow !== null, 'flow_not_found', {}, whyNoFlow(circumstances)),
    ),
  },
  flow_organization: {
    leg: 'browser',
    rule: 'The sign-in was started for the organization whose Redirection URI is called.',
    spec: 'RFC 9700, section 4.4',
    codes: ['flow_organization_mismatch'],
    find: ({ circumstances, flow, callback, rp }) => {
      const started = circumstances?.flow?.organization_id ?? flow?.organization_id
      const called = circumstances?.organization_id ?? callback?.organization_id
      if (started === undefined || called === undefined) return null
      const same = started === called && (callback === undefined || callback.organization_id === rp.organization_id)
      return holds(same, 'flow_organization_mismatch', { expected: started, actual: called })
    },
  },
  flow_revision: {
    leg: 'browser',
    rule: 'The settings that the sign-in was started with are still the ones in use.',
    spec: null,
    codes: ['flow_revision_replaced'],
    find: ({ circumstances, flow, rp }) => {
      const bound = circumstances?.flow ?? flow
      if (bound === undefined || bound === null) return null
      const replaced = circumstances !== null && circumstancesBreak(circumstances, 'flow_revision_replaced')
      const same = flow === undefined || (flow.connection_id === rp.connection_id && flow.revision === rp.revision)
      return holds(same && !replaced, 'flow_revision_replaced')
    },
  },
  flow_unused: {
    leg: 'browser',
    rule: 'The sign-in has not been finished before.',
    spec: 'RFC 9700, section 4.7',
    codes: ['flow_already_used'],
    find: circumstance((circumstances) =>
      circumstances.claimed === null ? null : holds(circumstances.claimed, 'flow_already_used'),
    ),
  },
  flow_age: {
    leg: 'browser',
    rule: 'The person comes back before the sign-in expires.',
    spec: null,
    codes: ['flow_expired'],
    find: ({ flow, callback, rp }) => {
      if (flow === undefined || callback === undefined) return null
      const age = callback.at - flow.started_at
      const compared = { expected: `at most ${spell(rp.tolerances.flow)}`, actual: spell(age) }
      return holds(age <= rp.tolerances.flow, 'flow_expired', compared)
    },
  },
  response_mode: {
    leg: 'browser',
    rule: 'The response is delivered in the way that was asked for.',
    spec: 'OAuth 2.0 Multiple Response Type Encoding Practices, section 2.1',
    codes: ['authorization_response_mode_mismatch'],
    find: ({ flow, callback }) => {
      if (flow === undefined || callback === undefined) return null
      const compared = { expected: flow.response_mode, actual: callback.response_mode }
      return holds(compared.expected === compared.actual, 'authorization_response_mode_mismatch', compared)
    },
  },
} as const satisfies Record<string, Rule>

function circumstancesBreak(circumstances: Circumstances, code: string): boolean {
  return refusalOfCircumstances(circumstances) === code
}

/** The known causes of an absent flow cookie, the surest first; undefined when none of them shows. */
function whyNoFlow({ browser }: Circumstances): NearMiss | undefined {
  if (browser.other_host !== null) return nearMiss('cookie_lost_to_other_host', browser.other_host)
  if (browser.method === 'POST' && !browser.secure && browser.cookies === 0) return nearMiss('cookie_lost_to_http')
  // A browser that a provider's redirect brings says “cross-site”, or nothing where it is an old one.
  if (browser.fetch_site === 'none') return nearMiss('opened_directly')
  if (browser.cookies === 0) return nearMiss('cookies_blocked_or_other_browser')
  return browser.other_flows > 0 ? nearMiss('flow_of_another_tab') : undefined
}
