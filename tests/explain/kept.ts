/**
 * Records of refused logins, kept as they were carried home, and what each was refused for. `transcripts/NAME.json` is
 * the record of the row NAME: of the bare core against a fault of the mock, or, as `e2e.…`, downloaded from the running
 * server after a browser had walked through it. `RECORD=NAME,NAME` keeps these anew when `transcripts.test.ts` or the
 * suite in `tests/e2e` comes by.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { explain, replay, type CheckId, type FailureCode, type Transcript } from '@relying-party/core'
import { isTranscript } from '../../packages/server/src/cli/transcript-file.ts'

interface Refusal {
  readonly code: FailureCode
  /** The check that decided. */
  readonly check: CheckId
}

const refused = (code: FailureCode, check: CheckId): Refusal => ({ code, check })

export const refusals = {
  'authorization.access_denied': refused('access_denied', 'response_not_an_error'),
  'authorization.iss_mismatch': refused('authorization_response_iss_mismatch', 'response_issuer'),
  'authorization.state_altered': refused('authorization_response_state_mismatch', 'response_state'),
  'discovery.html': refused('discovery_response_not_json', 'discovery_is_json'),
  'discovery.issuer_trailing_slash': refused('discovery_issuer_mismatch', 'discovery_issuer'),
  'id_token.alg_none': refused('id_token_alg_not_allowed', 'id_token_algorithm'),
  'id_token.aud_mismatch': refused('id_token_aud_mismatch', 'id_token_audience'),
  'id_token.exp_past': refused('id_token_expired', 'id_token_expiry'),
  'id_token.nonce_mismatch': refused('id_token_nonce_mismatch', 'id_token_nonce'),
  'id_token.signature_invalid': refused('id_token_signature_invalid', 'id_token_signature'),
  'jwks.kid_mismatch': refused('id_token_key_not_found', 'id_token_key'),
  'jwks.use_enc': refused('id_token_key_not_found', 'id_token_key'),
  'token.http_500': refused('token_http_error', 'token_not_an_error'),
  'token.invalid_client': refused('token_invalid_client', 'token_not_an_error'),
  'token.truncated_json': refused('token_response_malformed', 'token_is_json'),
  'userinfo.html': refused('userinfo_response_malformed', 'userinfo_is_json'),
  'userinfo.sub_mismatch': refused('userinfo_sub_mismatch', 'userinfo_subject'),

  // Tests that the administrator runs from the settings page.
  'e2e.issuer-with-a-slash': refused('discovery_issuer_mismatch', 'discovery_issuer'),
  'e2e.wrong-secret': refused('token_invalid_client', 'token_not_an_error'),
  'e2e.another-audience': refused('id_token_aud_mismatch', 'id_token_audience'),
  'e2e.clock-that-is-wrong': refused('id_token_expired', 'id_token_expiry'),
  'e2e.person-who-is-not-assigned': refused('access_denied', 'response_not_an_error'),
  'e2e.userinfo-of-somebody-else': refused('userinfo_sub_mismatch', 'userinfo_subject'),
  'e2e.secret-of-nobody': refused('token_invalid_client', 'token_not_an_error'),
  'e2e.issuer-that-is-none': refused('discovery_http_error', 'discovery_status'),
  'e2e.redirect-uri-not-registered': refused('flow_abandoned', 'response_returned'),
  'e2e.test-that-never-came-back': refused('flow_abandoned', 'response_returned'),
  // Members who sign in.
  'e2e.member-who-is-not-assigned': refused('access_denied', 'response_not_an_error'),
  'e2e.member-without-the-email-domain': refused('policy_email_domain_not_allowed', 'policy_email_domain'),
  'e2e.provider-that-signs-with-another-key': refused('id_token_signature_invalid', 'id_token_signature'),
  'e2e.response-without-state': refused('authorization_response_state_missing', 'state_present'),
  'e2e.response-used-twice': refused('flow_already_used', 'flow_unused'),
  'e2e.response-in-another-browser': refused('flow_not_found', 'flow_found'),
  'e2e.response-after-fifteen-minutes': refused('flow_expired', 'flow_age'),
  'e2e.settings-replaced-meanwhile': refused('flow_revision_replaced', 'flow_revision'),
} as const satisfies Record<string, Refusal>

export type Kept = keyof typeof refusals

const folder = fileURLToPath(new URL('transcripts/', import.meta.url))
const wanted = process.env.RECORD?.split(',') ?? []

/** Those of which a record is there, whether or not a row speaks of it. */
export const keptNames = () =>
  readdirSync(folder).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []))

export const wantedNames = () => (Object.keys(refusals) as Kept[]).filter((name) => wanted.includes(name))

export function readKept(name: Kept): unknown {
  return JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8'))
}

/** Keeps a record where that was asked for. */
export function keepIfWanted(name: Kept, transcript: Transcript): void {
  if (wanted.includes(name)) writeFileSync(`${folder}${name}.json`, `${JSON.stringify(transcript, null, 2)}\n`)
}

/** It is a transcript, replays to the same bytes, and says what its row says. */
export async function expectRefusal(name: Kept, transcript: unknown): Promise<void> {
  if (!isTranscript(transcript)) throw new Error(`${name} is no transcript: ${JSON.stringify(isTranscript.errors)}`)
  const { decisions, verdict } = await replay(transcript)
  expect(JSON.stringify(decisions)).toBe(JSON.stringify(transcript.decisions))
  expect(JSON.stringify(verdict)).toBe(JSON.stringify(transcript.verdict))
  const code = verdict.outcome === 'failed' ? verdict.failure.code : null
  expect({ code, check: explain(transcript).cause?.id }).toEqual(refusals[name])
}
