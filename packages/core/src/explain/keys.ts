/** The provider's keys and the signature of the ID Token. */
import { isMacAlgorithm, isSignatureAlgorithm, signatureAlgorithms } from '../crypto.ts'
import { jsonObject } from '../bytes.ts'
import { bounded } from '../failures.ts'
import { privateMembers } from '../redaction.ts'
import {
  answeredWithSuccess,
  core,
  doesNotApply,
  endpointUnanswered,
  failed,
  type Finding,
  holds,
  nearMiss,
  noticed,
  passed,
  type NearMiss,
  type Rule,
  unanswered,
} from './check.ts'
import type { Story } from './story.ts'

export const keyChecks = {
  keys_answered: {
    leg: 'keys',
    rule: 'The provider publishes its keys.',
    spec: core('10.1'),
    codes: [...unanswered, 'jwks_http_error'],
    near_misses: ['endpoint_not_called', 'answer_redirected'],
    find: (story) => {
      const { jwks, keys, id_token } = story
      if (jwks === undefined)
        return keys === undefined || id_token === undefined ? withoutKeys(story) : passed({ actual: 'known already' })
      if (jwks.failure !== undefined) return endpointUnanswered('jwks_uri', story, jwks.failure)
      return answeredWithSuccess(jwks.response, 'jwks_http_error')
    },
  },
  keys_are_a_set: {
    leg: 'keys',
    rule: 'The published keys are a JWK Set of at most 100 keys.',
    spec: 'RFC 7517, section 5',
    codes: ['jwks_response_malformed'],
    find: (story) => {
      const { jwks, id_token } = story
      if (jwks === undefined && story.keys !== undefined && id_token !== undefined)
        return doesNotApply('The keys were read before, and not asked for again.')
      if (jwks?.response?.status !== 200) return withoutKeys(story)
      const keys = jsonObject(jwks.response.body)?.keys
      return holds(Array.isArray(keys) && keys.length <= 100, 'jwks_response_malformed', {
        actual: Array.isArray(keys) ? `${keys.length} keys` : 'no keys',
      })
    },
  },
  keys_public: {
    leg: 'keys',
    rule: 'No private key is among the published ones.',
    spec: 'RFC 7517, section 9.2',
    codes: [],
    near_misses: ['private_key_published'],
    find: (story) => {
      const { jwks, keys } = story
      if (jwks === undefined && keys !== undefined) return doesNotApply('The keys were not asked for.')
      if (jwks?.response === undefined || keys === undefined) return withoutKeys(story)
      const key = keys.keys.find(isPrivate) as Key | undefined
      const kid = typeof key?.kid === 'string' ? bounded(key.kid, 80) : null
      return key === undefined ? passed() : noticed(nearMiss('private_key_published', kid))
    },
  },
  id_token_key: {
    leg: 'keys',
    rule: 'Exactly one published key can have signed the ID Token.',
    spec: core('10.1'),
    codes: ['id_token_key_not_found', 'id_token_key_ambiguous', 'id_token_key_unsuitable'],
    near_misses: ['keys_rotated', 'key_published_for_other_use', 'kid_published_twice', 'keys_of_another_issuer'],
    find: (story) => {
      const { keys, id_token, rp } = story
      const { alg, kid } = id_token?.header ?? {}
      if (keys === undefined || !isSignatureAlgorithm(alg) || (kid !== undefined && typeof kid !== 'string'))
        return withoutKeys(story)
      const candidates = keys.keys.filter((key) => fits(key, alg, kid))
      if (!isEvidence(story, candidates.length > 0)) return null
      const compared = {
        expected: `1 key for ${alg}${kid === undefined ? '' : `, kid ${kid}`}`,
        actual: `${candidates.length} of ${keys.keys.length}`,
      }
      if (candidates.length > 1) {
        const near = kid === undefined ? undefined : nearMiss('kid_published_twice', bounded(kid, 80))
        return failed('id_token_key_ambiguous', compared, near)
      }
      if (candidates.length === 0) return failed('id_token_key_not_found', compared, whyNoKey(story, keys.keys, kid))
      return holds(story.signature !== 'unsuitable', 'id_token_key_unsuitable', {
        ...compared,
        actual: rp.client.id_token_signed_response_alg ?? alg,
      })
    },
  },
  id_token_signature: {
    leg: 'keys',
    rule: 'The signature of the ID Token is that of the selected key.',
    spec: core('3.1.3.7'),
    codes: ['id_token_signature_invalid', 'client_secret_required'],
    near_misses: ['keys_of_another_issuer'],
    find: (story) => {
      const { signature, rp } = story
      if (isKeyedWithSecret(story) && rp.client.client_secret === undefined) return failed('client_secret_required')
      if (signature === null || signature === 'unsuitable') return null
      return holds(signature, 'id_token_signature_invalid', {}, ofAnotherIssuer(story))
    },
  },
} as const satisfies Record<string, Rule>

/** Whether a published key says more than anybody may know. */
export function isPrivate(key: unknown): boolean {
  return typeof key === 'object' && key !== null && privateMembers.some((name) => Object.hasOwn(key, name))
}

function isKeyedWithSecret({ id_token, rp }: Story): boolean {
  const alg = id_token?.header?.alg
  return isMacAlgorithm(alg) && alg === rp.client.id_token_signed_response_alg
}

function withoutKeys(story: Story): Finding {
  return isKeyedWithSecret(story) ? doesNotApply('The ID Token is keyed with the client secret.') : null
}

/** Keys that would have been asked for again prove nothing: only those that were fetched for this token, or just now in vain. */
function isEvidence({ jwks, token, rp }: Story, hasKey: boolean): boolean {
  if (jwks !== undefined) return true
  if (rp.jwks === undefined) return false
  const { fetched_at, missed_at = -Infinity } = rp.jwks
  const { at } = token!
  return at - fetched_at < rp.tolerances.jwks_fresh && (hasKey || at - missed_at < rp.tolerances.jwks_cooldown)
}

type Key = Readonly<Record<string, unknown>>

function fits(value: unknown, alg: keyof typeof signatureAlgorithms, kid: string | undefined): boolean {
  const key = (value ?? {}) as Key
  const { kty, crv } = { crv: undefined, ...signatureAlgorithms[alg] }
  const texts = ['kid', 'crv', 'n', 'e', 'x', 'y'].every(
    (name) => key[name] === undefined || typeof key[name] === 'string',
  )
  const material = kty === 'RSA' ? ['n', 'e'] : kty === 'EC' ? ['x', 'y'] : ['x']
  const { key_ops } = key
  const isComplete = texts && key.kty === kty && material.every((name) => key[name] !== undefined)
  const isForThis =
    (crv === undefined || key.crv === crv) &&
    (kid === undefined || key.kid === kid) &&
    (key.alg === undefined || key.alg === alg) &&
    (key.use === undefined || key.use === 'sig')
  const mayVerify =
    key_ops === undefined ||
    (Array.isArray(key_ops) && key_ops.every((name) => typeof name === 'string') && key_ops.includes('verify'))
  return isComplete && isForThis && mayVerify
}

/** The kid tells whether the key is missing or only unfit; without one there is nothing to tell. */
function whyNoKey(story: Story, keys: readonly unknown[], kid: unknown): NearMiss | undefined {
  const kids = keys.map((key) => (key as Key | null)?.kid)
  if (kid !== undefined && kids.includes(kid)) return nearMiss('key_published_for_other_use')
  if (kid === undefined || (kids.length > 0 && kids.every((one) => one === undefined))) return undefined
  return ofAnotherIssuer(story) ?? nearMiss('keys_rotated')
}

/** Where the keys lie says nothing: Google's, for one, are on another site than its issuer. */
function ofAnotherIssuer({ metadata, id_token }: Story): NearMiss | undefined {
  const iss = id_token?.claims?.iss
  return typeof iss === 'string' && iss !== metadata?.issuer ? nearMiss('keys_of_another_issuer') : undefined
}
