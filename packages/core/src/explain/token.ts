/** Client authentication and the token response, up to the ID Token. */
import { jsonObject } from '../bytes.ts'
import { isSignatureAlgorithm } from '../crypto.ts'
import { tokenErrors } from '../failures.ts'
import { mediaType, type HttpResponse } from '../http.ts'
import { selectClientAuthentication } from '../messages/token.ts'
import type { ClientAuthenticationMethod } from '../relying-party.ts'
import {
  core,
  endpointUnanswered,
  failed,
  holds,
  kindOf,
  nearMiss,
  noObject,
  oauth,
  passed,
  tooManyGroups,
  type Finding,
  type NearMiss,
  type Rule,
  unanswered,
  unknownRedirectUri,
} from './check.ts'
import { judged, type Story } from './story.ts'

/** A check on the members of a token response that says no error. */
function inTokens(
  find: (tokens: Readonly<Record<string, unknown>>, story: Story) => Finding,
): (story: Story) => Finding {
  return (story) => {
    const { token, tokens } = story
    if (token?.response?.status !== 200 || tokens === undefined) return null
    return errorIn(token.response)?.is_standard === true ? null : find(tokens, story)
  }
}

export const tokenChecks = {
  client_authentication: {
    leg: 'token',
    rule: 'The client can authenticate in a way that the provider offers.',
    spec: core('9'),
    codes: ['discovery_unsupported', 'client_secret_required'],
    near_misses: ['client_authentication_unsupported', 'client_authentication_to_choose'],
    find: (story) => {
      const { metadata, callback, rp } = story
      if (metadata === undefined || callback === undefined) return null
      const method = methodOf(story)
      const announced = announcedMethods(story)
      if (method === undefined) {
        const compared = { expected: 'client_secret_basic or client_secret_post', actual: announced }
        const other = ['client_secret_jwt', 'private_key_jwt', 'none'].find((one) => announced.includes(one))
        const near = nearMiss(
          other === undefined ? 'client_authentication_unsupported' : 'client_authentication_to_choose',
          other,
        )
        return failed('discovery_unsupported', compared, near)
      }
      const compared = { expected: announced.join(', '), actual: method }
      const { client_secret, client_key } = rp.client
      const can =
        method === 'none' ||
        (method === 'private_key_jwt' ? isSignatureAlgorithm(client_key?.alg) : client_secret !== undefined)
      return holds(can, 'client_secret_required', compared)
    },
  },
  token_answered: {
    leg: 'token',
    rule: 'The token endpoint answers.',
    spec: null,
    codes: [...unanswered],
    near_misses: ['endpoint_not_called'],
    find: (story) => {
      if (story.token === undefined) return null
      const { failure } = story.token
      return failure === undefined ? passed() : endpointUnanswered('token_endpoint', story, failure)
    },
  },
  token_not_an_error: {
    leg: 'token',
    rule: 'The provider accepts the client and the code.',
    spec: oauth('5.2'),
    codes: [
      'token_invalid_client',
      'token_invalid_grant',
      'token_error_response',
      'provider_unavailable',
      'token_rate_limited',
      'token_http_error',
      'token_redirected',
    ],
    near_misses: [
      'client_secret_wrong',
      'client_id_unknown',
      'client_authentication_not_offered',
      'client_authentication_other_offered',
      'client_keys_not_registered',
      'client_not_public',
      'grant_type_not_allowed',
      'redirect_uri_not_registered',
      'redirect_uri_over_http',
      'dpop_required',
      'groups_too_many',
    ],
    find: (story) => {
      const response = story.token?.response
      if (response === undefined) return null
      const { status, headers } = response
      const said = errorIn(response)
      const actual = [status, said?.error, said?.description].filter((part) => part !== undefined).join(' ')
      if (status >= 300 && status < 400)
        return failed('token_redirected', { actual: `${status} to ${headers.location ?? ''}` })
      if (status === 429) return failed('token_rate_limited', { actual })
      if (status >= 500) return failed('token_http_error', { actual }, tooManyGroups(said?.description))
      const near = said === null ? undefined : refusalNearMiss(story, said)
      if (said?.is_standard === true)
        return failed(tokenErrors.get(said.error) ?? 'token_error_response', { actual }, near)
      return holds(status === 200, 'token_http_error', { expected: 200, actual }, near)
    },
  },
  token_is_json: {
    leg: 'token',
    rule: 'The token response is a JSON object.',
    spec: oauth('5.1'),
    codes: ['token_response_malformed'],
    find: ({ token, tokens }) => {
      if (token?.response?.status !== 200) return null
      const type = mediaType(token.response) || 'no content type'
      if (!/json/.test(type)) return failed('token_response_malformed', { expected: 'application/json', actual: type })
      return tokens === undefined ? failed('token_response_malformed', noObject) : passed({ actual: type })
    },
  },
  token_members: {
    leg: 'token',
    rule: 'The members of the token response have the types of the specification.',
    spec: oauth('5.1'),
    codes: ['token_response_malformed'],
    find: inTokens(({ access_token, token_type, expires_in, refresh_token, scope }) => {
      const isText = (value: unknown) => typeof value === 'string' && value !== ''
      const wrong = (expected: string, actual: unknown) => failed('token_response_malformed', { expected, actual })
      if (!isText(access_token)) return wrong('access_token, a text', kindOf(access_token))
      if (/[^\x20-\x7e]/.test(access_token as string))
        return wrong('access_token of visible characters', 'other characters')
      if (!isText(token_type)) return wrong('token_type, a text', kindOf(token_type))
      if (expires_in !== undefined) {
        const seconds = parseFloat(String(expires_in))
        if (!Number.isFinite(seconds) || seconds < 0) return wrong('expires_in, a number of seconds', expires_in)
      }
      if (refresh_token !== undefined && !isText(refresh_token))
        return wrong('refresh_token, a text', kindOf(refresh_token))
      return scope === undefined || typeof scope === 'string' ? passed() : wrong('scope, a text', kindOf(scope))
    }),
  },
  token_type: {
    leg: 'token',
    rule: 'The access token is a Bearer token.',
    spec: oauth('7.1'),
    codes: ['token_type_unsupported'],
    near_misses: ['dpop_required'],
    find: inTokens(({ token_type }) => {
      if (typeof token_type !== 'string' || token_type === '') return null
      const near = /^dpop$/i.test(token_type) ? nearMiss('dpop_required') : undefined
      return holds(
        /^bearer$/i.test(token_type),
        'token_type_unsupported',
        { expected: 'Bearer', actual: token_type },
        near,
      )
    }),
  },
  id_token_present: {
    leg: 'token',
    rule: 'The token response carries an ID Token.',
    spec: core('3.1.3.3'),
    codes: ['id_token_missing'],
    find: inTokens(({ id_token }) =>
      holds(typeof id_token === 'string' && id_token !== '', 'id_token_missing', { actual: kindOf(id_token) }),
    ),
  },
} as const satisfies Record<string, Rule>

interface Said {
  readonly error: string
  readonly description: string | undefined
  /** Whether it stands in the specification's member, which is the only one that a login is refused for. */
  readonly is_standard: boolean
}

/** The error that a body declares, in the specification's members or in those of Okta's management API. */
function errorIn({ body }: HttpResponse): Said | null {
  const document = jsonObject(body)
  const text = (member: string) => {
    const value = document?.[member]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const description = text('error_description') ?? text('errorSummary')
  const [standard, other] = [text('error'), text('errorCode')]
  const error = standard ?? other
  return error === undefined ? null : { error, description, is_standard: standard !== undefined }
}

function announcedMethods({ metadata }: Story): readonly string[] {
  // Silence means Basic. (OpenID Connect Discovery 1.0, section 3)
  return metadata?.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
}

/** The method that a login uses; undefined where the provider offers none that is possible. */
function methodOf({ rp, metadata }: Story): ClientAuthenticationMethod | undefined {
  return metadata && judged(() => selectClientAuthentication(rp, metadata))
}

function refusalNearMiss(story: Story, { error, description = '' }: Said): NearMiss | undefined {
  const { client } = story.rp
  if (error === 'use_dpop_nonce' || error === 'invalid_dpop_proof') return nearMiss('dpop_required')
  if (error === 'invalid_grant' && /redirect/i.test(description)) {
    return unknownRedirectUri('redirect_uri_not_registered', client.redirect_uri)
  }
  if (error === 'unauthorized_client') return nearMiss('grant_type_not_allowed')
  if (error !== 'invalid_client') return undefined
  if (/'client_id'|AADSTS700016|client not found/i.test(description))
    return nearMiss('client_id_unknown', client.client_id)
  const method = methodOf(story)
  const hasSecret = method !== 'private_key_jwt' && method !== 'none'
  if (hasSecret && /client secret|AADSTS7000215/i.test(description)) return nearMiss('client_secret_wrong')
  const announced = announcedMethods(story)
  if (!announced.some((one) => one === method)) {
    return nearMiss('client_authentication_not_offered', announced.join(', '))
  }
  if (method === 'private_key_jwt') return nearMiss('client_keys_not_registered')
  if (method === 'none') return nearMiss('client_not_public')
  const secretMethods = ['client_secret_basic', 'client_secret_post']
  const other = secretMethods.find((one) => one !== method && announced.includes(one))
  const presentsSecret = secretMethods.some((one) => one === method)
  return presentsSecret && other !== undefined ? nearMiss('client_authentication_other_offered', other) : undefined
}
