/** What surrounds a response, row by row: the first rule that is broken answers. */
import { expect, test } from 'vitest'
import { refusalOfCircumstances, type Circumstances } from '@relying-party/core'

const flow = {
  purpose: 'login',
  organization_id: 'acme',
  connection_id: 'connection',
  revision: 1,
  started_at: 1_700_000_000,
} as const
const browser = {
  method: 'GET',
  cookies: 1,
  other_flows: 0,
  secure: true,
  other_host: null,
  fetch_site: 'cross-site',
} as const
const inOrder: Circumstances = {
  states: 1,
  browser,
  flow,
  organization_id: 'acme',
  revision_current: true,
  claimed: true,
  still_serving: true,
}

test.each<[string, Partial<Circumstances>, string | null]>([
  ['all in order', {}, null],
  ['before the flow is claimed', { claimed: null, still_serving: null }, null],
  ['claimed, not yet signed in', { still_serving: null }, null],
  ['no state', { states: 0, flow: null }, 'authorization_response_state_missing'],
  ['two states', { states: 2, flow: null }, 'authorization_response_malformed'],
  ['no flow of that state', { flow: null, revision_current: false }, 'flow_not_found'],
  [
    'the flow of another organization',
    { organization_id: 'other', revision_current: false },
    'flow_organization_mismatch',
  ],
  ['the flow of another revision', { revision_current: false, claimed: false }, 'flow_revision_replaced'],
  ['somebody was first', { claimed: false, still_serving: false }, 'flow_already_used'],
  ['replaced or disabled meanwhile', { still_serving: false }, 'flow_revision_replaced'],
])('%s', (_name, changed, expected) => {
  expect(refusalOfCircumstances({ ...inOrder, ...changed })).toBe(expected)
})
