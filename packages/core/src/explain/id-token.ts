/** The ID Token: its form, its claims and its times. */
import { base64url, survivesJson } from '../bytes.ts'
import { hashOf, isMacAlgorithm, isSignatureAlgorithm } from '../crypto.ts'
import type { FailureCode } from '../failures.ts'
import type { Claims } from '../policy.ts'
import { hashInPlaceholder } from '../redaction.ts'
import { core, doesNotApply, failed, holds, nearMiss, passed, type Finding, type NearMiss, type Rule } from './check.ts'
import { secondsOf } from './http-date.ts'
import type { IdTokenParts, Story } from './story.ts'
import { spell, timeOf } from './times.ts'

/** A check on the claims, as far as they can be read. */
function inClaims(find: (claims: Claims, story: Story) => Finding): (story: Story) => Finding {
  return (story) => (story.id_token?.claims === undefined ? null : find(story.id_token.claims, story))
}

const requiredClaims = ['iss', 'sub', 'aud', 'exp', 'iat']

export const idTokenChecks = {
  id_token_form: {
    leg: 'id_token',
    rule: 'The ID Token is a signed JWT in its compact form: three base64url parts, of which two are JSON objects.',
    spec: core('2'),
    codes: ['id_token_malformed', 'id_token_encrypted'],
    find: ({ id_token }) => {
      if (id_token === undefined || id_token.text === '') return null
      const { text, parts, header, claims, signature } = id_token
      if (text.length > 65_536) return failed('id_token_malformed', { expected: 'at most 65536 characters' })
      if (parts === 5)
        return failed('id_token_encrypted', { expected: '3 parts', actual: '5 parts, as an encrypted one has' })
      if (parts !== 3) return failed('id_token_malformed', { expected: '3 parts', actual: parts })
      const unreadable = [
        header === undefined && 'header',
        claims === undefined && 'payload',
        signature === undefined && 'signature',
      ]
      const wrong = unreadable.find((part) => part !== false)
      const kidIsText = header?.kid === undefined || typeof header.kid === 'string'
      const survives = survivesJson(claims)
      return holds(wrong === undefined && kidIsText && survives, 'id_token_malformed', {
        actual: wrong ?? (kidIsText ? (survives ? undefined : 'numbers out of range') : 'kid is not a text'),
      })
    },
  },
  id_token_algorithm: {
    leg: 'id_token',
    rule: 'The ID Token is signed with an algorithm that was agreed.',
    spec: core('3.1.3.7'),
    codes: ['id_token_alg_not_allowed'],
    near_misses: ['algorithm_to_choose'],
    find: ({ id_token, metadata, rp }) => {
      if (id_token?.header === undefined) return null
      const { alg } = id_token.header
      const chosen = rp.client.id_token_signed_response_alg
      const announced: unknown = metadata?.id_token_signing_alg_values_supported
      const usable = Array.isArray(announced) ? announced.filter(isSignatureAlgorithm) : ['RS256']
      const expected = chosen === undefined ? usable : [chosen]
      // A symmetric one is never proposed: whoever holds the secret could sign.
      const near = isSignatureAlgorithm(alg) ? nearMiss('algorithm_to_choose', alg) : undefined
      const compared = { expected: expected.join(', '), actual: alg ?? 'none' }
      return holds(
        expected.some((one) => one === alg),
        'id_token_alg_not_allowed',
        compared,
        near,
      )
    },
  },
  id_token_extensions: {
    leg: 'id_token',
    rule: 'The ID Token demands no extension that is not understood.',
    spec: 'RFC 7515, section 4.1.11',
    codes: ['id_token_crit_unsupported'],
    find: ({ id_token }) =>
      id_token?.header === undefined
        ? null
        : holds(id_token.header.crit === undefined, 'id_token_crit_unsupported', { actual: id_token.header.crit }),
  },
  id_token_claims_present: {
    leg: 'id_token',
    rule: 'The ID Token carries every claim that it must carry.',
    spec: core('2'),
    codes: ['id_token_claim_missing'],
    find: inClaims((claims, { rp }) => {
      const required = [...requiredClaims, ...(rp.client.max_age === undefined ? [] : ['auth_time'])]
      const missing = required.filter((claim) => claims[claim] === undefined)
      const compared = {
        expected: required.join(', '),
        ...(missing.length > 0 && { actual: `without ${missing.join(', ')}` }),
      }
      return holds(missing.length === 0, 'id_token_claim_missing', compared)
    }),
  },
  id_token_claim_types: {
    leg: 'id_token',
    rule: 'The claims have the types of the specification.',
    spec: core('2'),
    codes: ['id_token_claim_invalid'],
    find: inClaims(({ iss, sub, aud, exp, iat, nbf, auth_time }) => {
      const isNumber = (value: unknown) => value === undefined || typeof value === 'number'
      const rules = {
        iss: iss === undefined || typeof iss === 'string',
        sub: sub === undefined || (typeof sub === 'string' && /^[\x00-\x7f]{1,255}$/.test(sub)),
        aud: aud === undefined || typeof aud === 'string' || Array.isArray(aud),
        exp: isNumber(exp),
        iat: isNumber(iat),
        nbf: isNumber(nbf),
        auth_time: auth_time === undefined || (Number.isFinite(auth_time) && (auth_time as number) >= 0),
      }
      const wrong = Object.entries(rules).filter(([, holds]) => !holds)
      return holds(wrong.length === 0, 'id_token_claim_invalid', {
        ...(wrong.length > 0 && { actual: wrong.map(([claim]) => claim).join(', ') }),
      })
    }),
  },
  id_token_issuer: {
    leg: 'id_token',
    rule: 'The ID Token was issued by the issuer that was entered.',
    spec: core('3.1.3.7'),
    codes: ['id_token_iss_mismatch'],
    find: inClaims(({ iss }, { metadata, rp }) => {
      const expected = metadata?.issuer ?? rp.issuer
      if (typeof iss !== 'string') return null
      // However near it is, it is not worth entering: the document, which names the one that was entered, would refuse it.
      return holds(iss === expected, 'id_token_iss_mismatch', { expected, actual: iss })
    }),
  },
  id_token_audience: {
    leg: 'id_token',
    rule: 'The ID Token was issued for this client.',
    spec: core('3.1.3.7'),
    codes: ['id_token_aud_mismatch'],
    find: inClaims(({ aud }, { rp }) => {
      if (typeof aud !== 'string' && !Array.isArray(aud)) return null
      const { client_id } = rp.client
      const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
      return holds(audiences.includes(client_id), 'id_token_aud_mismatch', { expected: client_id, actual: aud })
    }),
  },
  id_token_other_audiences: {
    leg: 'id_token',
    rule: 'The ID Token is for this client alone, or names it as the authorized party.',
    spec: core('3.1.3.7'),
    codes: ['id_token_aud_untrusted'],
    find: inClaims(({ aud, azp }, { rp }) => {
      const isAlone = !Array.isArray(aud) || aud.length === 1
      return holds(isAlone || azp !== undefined, 'id_token_aud_untrusted', {
        expected: rp.client.client_id,
        actual: aud,
      })
    }),
  },
  id_token_authorized_party: {
    leg: 'id_token',
    rule: 'The authorized party, where one is named, is this client.',
    spec: core('3.1.3.7'),
    codes: ['id_token_azp_mismatch'],
    find: inClaims(({ azp }, { rp }) => {
      if (azp === undefined) return doesNotApply('The ID Token names no authorized party.')
      return holds(azp === rp.client.client_id, 'id_token_azp_mismatch', { expected: rp.client.client_id, actual: azp })
    }),
  },
  id_token_nonce: {
    leg: 'id_token',
    rule: 'The ID Token carries the nonce of this sign-in.',
    spec: core('3.1.3.7'),
    codes: ['id_token_nonce_mismatch'],
    find: inClaims(({ nonce }, { flow }) =>
      flow === undefined
        ? null
        : holds(nonce === flow.nonce, 'id_token_nonce_mismatch', {
            actual: nonce === undefined ? 'no nonce' : nonce === flow.nonce ? 'the same' : 'another one',
          }),
    ),
  },
  id_token_expiry: {
    leg: 'id_token',
    rule: 'The ID Token has not expired.',
    spec: core('3.1.3.7'),
    codes: ['id_token_expired'],
    near_misses: ['clock_differs', 'token_time_not_clock'],
    find: inClaims(({ exp }, story) => {
      if (typeof exp !== 'number') return null
      const holdsSo = exp > Math.floor(story.token!.at) - story.rp.tolerances.clock
      return timed(story, 'id_token_expired', holdsSo, exp)
    }),
  },
  id_token_not_before: {
    leg: 'id_token',
    rule: 'The ID Token is valid already.',
    spec: 'RFC 7519, section 4.1.5',
    codes: ['id_token_not_yet_valid'],
    near_misses: ['clock_differs', 'token_time_not_clock'],
    find: inClaims(({ nbf }, story) => {
      if (nbf === undefined) return doesNotApply('The ID Token does not say from when on it is valid.')
      if (typeof nbf !== 'number') return null
      const holdsSo = nbf <= Math.floor(story.token!.at) + story.rp.tolerances.clock
      return timed(story, 'id_token_not_yet_valid', holdsSo, nbf)
    }),
  },
  id_token_issued_now: {
    leg: 'id_token',
    rule: 'The ID Token was issued during this sign-in.',
    spec: core('3.1.3.7'),
    codes: ['id_token_iat_unreasonable'],
    near_misses: ['clock_differs', 'token_time_not_clock'],
    find: inClaims(({ iat }, story) => {
      if (typeof iat !== 'number') return null
      const { clock, id_token_age } = story.rp.tolerances
      const age = story.token!.at - iat
      return timed(story, 'id_token_iat_unreasonable', age >= -clock && age <= id_token_age + clock, iat)
    }),
  },
  id_token_authentication_time: {
    leg: 'id_token',
    rule: 'The person authenticated as recently as the organization demands.',
    spec: core('3.1.3.7'),
    codes: ['id_token_auth_time_too_old'],
    find: inClaims(({ auth_time }, story) => {
      const { client, tolerances } = story.rp
      if (client.max_age === undefined) return doesNotApply('No maximum age is set here.')
      if (typeof auth_time !== 'number') return null
      const holdsSo = auth_time + client.max_age >= Math.floor(story.token!.at) - tolerances.clock
      return holds(holdsSo, 'id_token_auth_time_too_old', {
        expected: `at most ${spell(client.max_age)} ago`,
        actual: fromNow(auth_time - story.token!.at),
      })
    }),
  },
  id_token_authentication_context: {
    leg: 'id_token',
    rule: 'The person authenticated as strongly as the organization demands.',
    spec: core('3.1.3.7'),
    codes: ['id_token_acr_not_satisfied'],
    find: inClaims(({ acr }, { rp }) => {
      const { acr_values } = rp.client
      if (acr_values === undefined) return doesNotApply('No authentication context is set here.')
      const wanted: readonly unknown[] = acr_values.split(' ')
      const isOne = acr !== '' && wanted.includes(acr)
      return holds(isOne, 'id_token_acr_not_satisfied', { expected: acr_values, actual: acr ?? 'no acr' })
    }),
  },
  id_token_access_token_hash: {
    leg: 'id_token',
    rule: 'The ID Token and the access token belong together.',
    spec: core('3.1.3.8'),
    codes: ['id_token_at_hash_mismatch'],
    find: inClaims(({ at_hash }, { tokens, id_token }) =>
      hashMatches(at_hash, tokens?.access_token, id_token!, 'id_token_at_hash_mismatch'),
    ),
  },
  id_token_code_hash: {
    leg: 'id_token',
    rule: 'The ID Token and the authorization code belong together.',
    spec: core('3.3.2.10'),
    codes: ['id_token_c_hash_mismatch'],
    find: inClaims(({ c_hash }, { callback, id_token }) => {
      const code = callback?.parameters.find(([name]) => name === 'code')?.[1]
      return hashMatches(c_hash, code, id_token!, 'id_token_c_hash_mismatch')
    }),
  },
} as const satisfies Record<string, Rule>

function hashMatches(claim: unknown, secret: unknown, { header }: IdTokenParts, code: FailureCode): Finding {
  const alg = header?.alg
  if (claim === undefined) return doesNotApply('The ID Token carries no such hash.')
  if (typeof secret !== 'string' || !(isSignatureAlgorithm(alg) || isMacAlgorithm(alg))) return null
  const hash = hashInPlaceholder(secret, hashOf(alg))
  if (hash === undefined) return doesNotApply('What was hashed is not on this record.')
  return holds(claim === base64url(hash.subarray(0, hash.length / 2)), code)
}

/** A check on a time of the token, with what can be said of the two clocks when it does not hold. */
function timed(story: Story, code: FailureCode, holdsSo: boolean, time: number): Finding {
  const { at } = story.token!
  const compared = {
    expected: `within ${spell(story.rp.tolerances.clock)} of ${timeOf(at)}`,
    actual: `${timeOf(time)}, ${fromNow(time - at)}`,
  }
  return holdsSo ? passed({ actual: fromNow(time - at) }) : failed(code, compared, clockNearMiss(story))
}

function fromNow(seconds: number): string {
  return seconds < 0 ? `${spell(-seconds)} ago` : `in ${spell(seconds)}`
}

/** How many seconds the provider's clock is ahead of ours, measured by the `Date` of its answer; null without one. */
function clockOffset({ token }: Pick<Story, 'token'>): number | null {
  const seconds = secondsOf(String(token?.response?.headers.date))
  return Number.isFinite(seconds) ? Math.round(seconds - token!.at) : null
}

function clockNearMiss(story: Story): NearMiss | undefined {
  const offset = clockOffset(story)
  if (offset === null) return undefined
  return Math.abs(offset) > Math.max(story.rp.tolerances.clock / 2, 5)
    ? nearMiss('clock_differs', `${offset} seconds`)
    : nearMiss('token_time_not_clock')
}
