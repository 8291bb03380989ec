/** UserInfo: what it answers, and whether it speaks of the same person. */
import { survivesJson } from '../bytes.ts'
import { mediaType } from '../http.ts'
import {
  answeredWithSuccess,
  core,
  doesNotApply,
  endpointUnanswered,
  failed,
  holds,
  kindOf,
  nearMiss,
  noObject,
  passed,
  type Finding,
  type NearMiss,
  type Rule,
  unanswered,
} from './check.ts'
import type { Story } from './story.ts'

export const userinfoChecks = {
  userinfo_answered: {
    leg: 'userinfo',
    rule: 'The UserInfo endpoint answers with status 200.',
    spec: core('5.3.3'),
    codes: [...unanswered, 'userinfo_http_error'],
    near_misses: ['endpoint_not_called', 'answer_redirected'],
    find: (story) => {
      const { userinfo } = story
      if (userinfo === undefined) return notAsked(story)
      if (userinfo.failure !== undefined) return endpointUnanswered('userinfo_endpoint', story, userinfo.failure)
      return answeredWithSuccess(userinfo.response, 'userinfo_http_error')
    },
  },
  userinfo_is_json: {
    leg: 'userinfo',
    rule: 'UserInfo is a JSON object with the subject in it.',
    spec: core('5.3.2'),
    codes: ['userinfo_response_malformed'],
    near_misses: ['userinfo_signed'],
    find: (story) => {
      if (story.userinfo === undefined) return notAsked(story)
      const { response } = story.userinfo
      if (response?.status !== 200) return null
      const document = story.userinfo_document
      const wrong = (expected: string, actual: string, near?: NearMiss) =>
        failed('userinfo_response_malformed', { expected, actual }, near)
      const type = mediaType(response) || 'no content type'
      if (type !== 'application/json')
        return wrong('application/json', type, type === 'application/jwt' ? nearMiss('userinfo_signed') : undefined)
      if (document === undefined) return failed('userinfo_response_malformed', noObject)
      if (!survivesJson(document)) return wrong('numbers within range', 'one out of range')
      const hasSubject = typeof document.sub === 'string' && document.sub !== ''
      return hasSubject ? passed({ actual: type }) : wrong('sub, a text', kindOf(document.sub))
    },
  },
  userinfo_subject: {
    leg: 'userinfo',
    rule: 'UserInfo speaks of the subject of the ID Token.',
    spec: core('5.3.2'),
    codes: ['userinfo_sub_mismatch'],
    find: (story) => {
      if (story.userinfo === undefined) return notAsked(story)
      const sub = story.userinfo_document?.sub
      const expected = story.id_token?.claims?.sub
      if (typeof sub !== 'string' || sub === '' || expected === undefined) return null
      return holds(sub === expected, 'userinfo_sub_mismatch', { expected, actual: sub })
    },
  },
} as const satisfies Record<string, Rule>

/** Whoever got as far as the policy without it had no need of it. */
function notAsked({ verdict, rp, metadata }: Story): Finding {
  const isPast =
    verdict.outcome === 'authenticated' || (verdict.outcome === 'failed' && isOfPolicy(verdict.failure.code))
  if (!isPast) return null
  if (rp.client.userinfo === 'never') return doesNotApply('UserInfo is never to be asked.')
  if (metadata?.userinfo_endpoint === undefined) return doesNotApply('The provider has no UserInfo.')
  return doesNotApply('The ID Token says all that is needed.')
}

const isOfPolicy = (code: string) => code.startsWith('policy_')
