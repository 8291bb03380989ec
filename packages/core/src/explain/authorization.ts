/** The authorization response. */
import { authorizationErrors } from '../failures.ts'
import { mostParameters } from '../messages/authorization.ts'
import {
  core,
  doesNotApply,
  failed,
  holds,
  nearMiss,
  oauth,
  passed,
  tooManyGroups,
  unknownRedirectUri,
  type Finding,
  type NearMiss,
  type Rule,
} from './check.ts'
import type { Story } from './story.ts'

/** A check on the parameters of the response. */
function inResponse(find: (parameters: URLSearchParams, story: Story) => Finding): (story: Story) => Finding {
  return (story) => {
    if (story.callback === undefined || story.flow === undefined) return null
    return find(new URLSearchParams(story.callback.parameters.map(([name, value]) => [name, value])), story)
  }
}

export const authorizationChecks = {
  response_parameters_once: {
    leg: 'authorization',
    rule: 'No parameter of the response occurs twice, and there are not too many.',
    spec: oauth('3.1'),
    codes: ['authorization_response_malformed'],
    find: inResponse((parameters) => {
      if (parameters.size > mostParameters)
        return failed('authorization_response_malformed', { expected: `at most ${mostParameters}`, actual: 'more' })
      const names = [
        'state',
        'code',
        'iss',
        'error',
        'error_description',
        'id_token',
        'response',
        'access_token',
        'token',
      ]
      const twice = names.find((name) => parameters.getAll(name).length > 1)
      return holds(twice === undefined, 'authorization_response_malformed', { expected: 'once', actual: twice })
    }),
  },
  response_without_tokens: {
    leg: 'authorization',
    rule: 'The response carries a code and no tokens.',
    spec: 'RFC 9700, section 2.1.2',
    codes: ['authorization_response_malformed'],
    find: inResponse((parameters) => {
      const found = ['id_token', 'access_token', 'response', 'token'].find((name) => parameters.has(name))
      return holds(found === undefined, 'authorization_response_malformed', { expected: 'code', actual: found })
    }),
  },
  response_issuer: {
    leg: 'authorization',
    rule: 'The response names the provider that was asked, if it names one or the provider promises to.',
    spec: 'RFC 9207, section 2.4',
    codes: ['authorization_response_iss_missing', 'authorization_response_iss_mismatch'],
    find: inResponse((parameters, { metadata }) => {
      const promised = metadata?.authorization_response_iss_parameter_supported === true
      const iss = parameters.get('iss')
      if (metadata === undefined) return null
      if (iss === null && !promised) {
        return doesNotApply('The response names no provider, and the provider does not promise that it does.')
      }
      const compared = { expected: metadata.issuer, actual: iss ?? undefined }
      if (iss === null) return failed('authorization_response_iss_missing', compared)
      return holds(iss === metadata.issuer, 'authorization_response_iss_mismatch', compared)
    }),
  },
  response_state: {
    leg: 'authorization',
    rule: 'The response carries the very state that was sent.',
    spec: core('3.1.2.7'),
    codes: ['authorization_response_state_missing', 'authorization_response_state_mismatch'],
    find: inResponse((parameters, { flow }) => {
      const state = parameters.get('state')
      if (state === null) return failed('authorization_response_state_missing')
      return holds(state === flow!.state, 'authorization_response_state_mismatch')
    }),
  },
  response_not_an_error: {
    leg: 'authorization',
    rule: 'The provider does not refuse the sign-in.',
    spec: core('3.1.2.6'),
    codes: ['access_denied', 'authorization_login_required', 'authorization_error_response', 'provider_unavailable'],
    near_misses: [
      'user_not_assigned',
      'access_policy_missing',
      'scope_not_allowed',
      'acr_not_satisfiable',
      'redirect_uri_not_registered',
      'redirect_uri_over_http',
      'client_id_unknown',
      'grant_type_not_allowed',
      'groups_too_many',
    ],
    find: inResponse((parameters, story) => {
      const error = parameters.get('error')
      if (error === null || error === '') return passed()
      const description = parameters.get('error_description') ?? ''
      const actual = description === '' ? error : `${error}: ${description}`
      return failed(
        authorizationErrors.get(error) ?? 'authorization_error_response',
        { actual },
        refusalNearMiss(error, description, story),
      )
    }),
  },
  response_code: {
    leg: 'authorization',
    rule: 'The response carries one authorization code of a sane length.',
    spec: oauth('4.1.2'),
    codes: ['authorization_response_malformed'],
    find: inResponse((parameters) => {
      const [code, error] = [parameters.get('code'), parameters.get('error')]
      if (code !== null && error !== null)
        return failed('authorization_response_malformed', { actual: 'code and error' })
      if (error !== null && error !== '') return doesNotApply('A refusal carries no code.')
      if (code === null || code === '') return failed('authorization_response_malformed', { expected: 'code' })
      return holds(code.length <= 8192, 'authorization_response_malformed', { expected: 'at most 8192 characters' })
    }),
  },
} as const satisfies Record<string, Rule>

/** What providers mean by the sentences that they send. */
function refusalNearMiss(error: string, description: string, { rp }: Story): NearMiss | undefined {
  if (/not assigned|AADSTS50105/i.test(description)) return nearMiss('user_not_assigned')
  if (/policy evaluation failed/i.test(description)) return nearMiss('access_policy_missing')
  if (error === 'invalid_scope') return nearMiss('scope_not_allowed', rp.client.scope)
  const { acr_values } = rp.client
  const isAboutAcr = /authentication[ _]requirements/i.test(`${error} ${description}`)
  if (isAboutAcr && acr_values !== undefined) return nearMiss('acr_not_satisfiable', acr_values)
  if (/redirect[ _]uri|AADSTS50011/i.test(description)) {
    return unknownRedirectUri('redirect_uri_not_registered', rp.client.redirect_uri)
  }
  const tooMany = tooManyGroups(description)
  if (tooMany !== undefined) return tooMany
  if (/'client_id'/.test(description)) return nearMiss('client_id_unknown', rp.client.client_id)
  return error === 'unauthorized_client' ? nearMiss('grant_type_not_allowed') : undefined
}
