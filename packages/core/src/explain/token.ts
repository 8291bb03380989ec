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
  nearMiss,
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
    return errorIn(token.response)?.error === undefined ? find(tokens, story) : null
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
      const actual = said === null ? String(status) : `${status} ${said.error ?? ''} ${said.description ?? ''}`.trim()
      if (status >= 300 && status < 400)
        return failed('token_redirected', { actual: `${status} to ${headers.location ?? ''}` })
      if (status === 429) return failed('token_rate_limited', { actual })
      if (status >= 500) return failed('token_http_error', { actual }, tooManyGroups(said?.description))
      if (said?.error !== undefined)
        return failed(tokenErrors.get(said.error) ?? 'token_error_response', { actual }, refusalNearMiss(story, said))
      return holds(status === 200, 'token_http_error', { expected: 200, actual })
    },
  },
  token_is_json: {
    leg: 'token',
    rule: 'The token response is a JSON object.',
    spec: oauth('5.1'),
    codes: ['token_response_malformed'],
    find: ({ token, tokens }) => {
      if (token?.response?.status !== 200) return null
      const actual = mediaType(token.response) || 'no content type'
      const isObject = tokens !== undefined
      return holds(isObject && /json/.test(actual), 'token_response_malformed', {
        expected: 'application/json',
        actual,
      })
    },
  },
  token_members: {
    leg: 'token',
    rule: 'The members of the token response have the types of the specification.',
    spec: oauth('5.1'),
    codes: ['token_response_malformed'],
    find: inTokens(({ access_token, token_type, expires_in, refresh_token, scope }) => {
      const isText = (value: unknown) => typeof value === 'string' && value !== ''
      const wrong = (member: string, actual: unknown) =>
        failed('token_response_malformed', { expected: member, actual })
      if (!isText(access_token) || /[^\x20-\x7e]/.test(access_token as string)) {
        return wrong('access_token of visible characters', typeof access_token)
      }
      if (!isText(token_type)) return wrong('token_type', token_type)
      if (expires_in !== undefined) {
        const seconds = parseFloat(String(expires_in))
        if (!Number.isFinite(seconds) || seconds < 0) return wrong('expires_in', expires_in)
      }
      if (refresh_token !== undefined && !isText(refresh_token)) return wrong('refresh_token', typeof refresh_token)
      return scope === undefined || typeof scope === 'string' ? passed() : wrong('scope', scope)
    }),
  },
  token_type: {
    leg: 'token',
    rule: 'The access token is a Bearer token.',
    spec: oauth('7.1'),
    codes: ['token_type_unsupported'],
    near_misses: ['dpop_required'],
    find: inTokens(({ token_type }, { rp }) => {
      if (typeof token_type !== 'string' || token_type === '') return null
      const near = /^dpop$/i.test(token_type) ? nearMiss('dpop_required', rp.client.client_id) : undefined
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
      holds(typeof id_token === 'string' && id_token !== '', 'id_token_missing', { actual: typeof id_token }),
    ),
  },
} as const satisfies Record<string, Rule>

interface Said {
  readonly error?: string
  readonly description: string | undefined
}

/** The error that a body declares, in the specification's members or in those of Okta's management API. */
function errorIn({ body }: HttpResponse): Said | null {
  const document = jsonObject(body)
  const text = (member: string) => {
    const value = document?.[member]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const description = text('error_description') ?? text('errorSummary')
  const error = text('error')
  if (error !== undefined) return { error, description }
  return text('errorCode') === undefined ? null : { description: `${text('errorCode')}: ${description ?? ''}` }
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
  if (error === 'use_dpop_nonce' || error === 'invalid_dpop_proof') return nearMiss('dpop_required', client.client_id)
  if (error === 'invalid_grant' && /redirect/i.test(description)) {
    return unknownRedirectUri('redirect_uri_not_registered', client.redirect_uri)
  }
  if (error === 'unauthorized_client') return nearMiss('grant_type_not_allowed')
  if (error !== 'invalid_client') return undefined
  if (/'client_id'|AADSTS700016|client not found/i.test(description))
    return nearMiss('client_id_unknown', client.client_id)
  if (/client secret|AADSTS7000215/i.test(description)) return nearMiss('client_secret_wrong')
  const method = methodOf(story)
  const announced = announcedMethods(story)
  if (!announced.some((one) => one === method)) {
    return nearMiss('client_authentication_not_offered', announced.join(', '))
  }
  const secretMethods = ['client_secret_basic', 'client_secret_post']
  const other = secretMethods.find((one) => one !== method && announced.includes(one))
  const presentsSecret = secretMethods.some((one) => one === method)
  return presentsSecret && other !== undefined ? nearMiss('client_authentication_other_offered', other) : undefined
}
