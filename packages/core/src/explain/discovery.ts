/** The provider's configuration document. */
import { isSignatureAlgorithm } from '../crypto.ts'
import type { FailureCode } from '../failures.ts'
import { requestFailures } from '../flow.ts'
import { mediaType, type RequestFailure } from '../http.ts'
import {
  discoverySpec,
  doesNotApply,
  failed,
  noAnswer,
  holds,
  nearMiss,
  passed,
  warned,
  type Finding,
  type NearMiss,
  type Rule,
  unanswered,
} from './check.ts'
import { compareIssuers, issuerNearMiss, movedIssuer, otherSpellings } from './issuers.ts'
import type { NearMissId } from './near-misses.ts'
import type { Story } from './story.ts'

type Document = Readonly<Record<string, unknown>>

const requiredEndpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri']

/** What is wrong with an answer that yesterday's document can stand in for. */
function unavailable(
  story: Story,
  code: FailureCode,
  compared: { expected?: unknown; actual?: unknown },
  near?: NearMiss,
): Finding {
  return olderServes(story) ? warned(code, compared) : failed(code, compared, issuerNearMiss(story.rp.issuer) ?? near)
}

/** What no answer says of an issuer that is being tried; one that answered before, or that members live on, was right. */
function unheardOf({ rp, purpose }: Story, failure: RequestFailure): NearMiss | undefined {
  const id = purpose === 'test' && rp.provider_metadata === undefined ? silences[failure] : undefined
  return id && nearMiss(id)
}

const silences = {
  timed_out: 'issuer_silent',
  unreachable: 'issuer_unreachable',
  cut_off: undefined,
  tls_failed: undefined,
  no_tls: 'issuer_without_tls',
  blocked: undefined,
  too_large: 'issuer_answers_too_much',
} as const satisfies Record<RequestFailure, NearMissId | undefined>

function olderServes({ rp, discovery }: Story): boolean {
  const known = rp.provider_metadata
  return known !== undefined && discovery!.at - known.fetched_at < rp.tolerances.metadata_stale
}

/** What there is to say of a document that did not come: nothing, unless an older one is there. */
function withoutDocument(story: Story): Finding {
  if (story.discovery === undefined) {
    return story.metadata === undefined ? null : doesNotApply('The document was read before, and not asked for again.')
  }
  const { status = 503 } = story.discovery.response ?? {}
  const isUnavailable = status >= 500 || status === 429
  return isUnavailable && olderServes(story) ? doesNotApply('The document that was read before is used.') : null
}

/** A check on the document, reached when one came. */
function inDocument(find: (document: Document, story: Story) => Finding): (story: Story) => Finding {
  return (story) => {
    const { discovery, document } = story
    if (discovery?.response?.status !== 200) return withoutDocument(story)
    return document === undefined ? null : find(document, story)
  }
}

export const discoveryChecks = {
  discovery_answered: {
    leg: 'discovery',
    rule: 'The provider answers the request for its configuration document.',
    spec: discoverySpec('4'),
    codes: [...unanswered],
    near_misses: [
      'issuer_is_metadata_url',
      'issuer_admin_console',
      'issuer_silent',
      'issuer_unreachable',
      'issuer_without_tls',
      'issuer_answers_too_much',
    ],
    find: (story) => {
      const { discovery } = story
      if (discovery === undefined) return story.metadata === undefined ? null : passed({ actual: 'known already' })
      if (discovery.failure === undefined) return passed()
      const { failure } = discovery
      const compared = noAnswer(story.rp.issuer, failure)
      return unavailable(story, requestFailures[failure], compared, unheardOf(story, failure))
    },
  },
  discovery_status: {
    leg: 'discovery',
    rule: 'The configuration document is answered with status 200.',
    spec: discoverySpec('4.2'),
    codes: ['discovery_http_error', 'discovery_redirected', 'discovery_unavailable'],
    near_misses: ['issuer_moved', 'redirected_to_other_host', 'issuer_is_metadata_url', 'issuer_admin_console'],
    find: (story) => {
      const response = story.discovery?.response
      if (response === undefined) return withoutDocument(story)
      const { status, headers } = response
      const compared = { expected: 200, actual: status }
      if (status >= 500 || status === 429) return unavailable(story, 'discovery_unavailable', { actual: status })
      if (status >= 300 && status < 400) {
        return failed(
          'discovery_redirected',
          { ...compared, actual: `${status} to ${headers.location ?? 'nowhere'}` },
          movedIssuer(story.rp.issuer, headers.location ?? ''),
        )
      }
      return holds(status === 200, 'discovery_http_error', compared, issuerNearMiss(story.rp.issuer))
    },
  },
  discovery_is_json: {
    leg: 'discovery',
    rule: 'The configuration document is a JSON object.',
    spec: discoverySpec('4.2'),
    codes: ['discovery_response_not_json', 'discovery_response_malformed'],
    near_misses: ['issuer_is_metadata_url', 'issuer_admin_console'],
    find: (story) => {
      const { discovery, document, rp } = story
      if (discovery?.response?.status !== 200) return withoutDocument(story)
      const actual = mediaType(discovery.response) || 'no content type'
      if (document !== undefined) return passed({ actual })
      return /json/.test(actual)
        ? failed('discovery_response_malformed', { actual })
        : failed('discovery_response_not_json', { expected: 'application/json', actual }, issuerNearMiss(rp.issuer))
    },
  },
  discovery_issuer: {
    leg: 'discovery',
    rule: 'The document names exactly the issuer that was entered.',
    spec: discoverySpec('4.3'),
    codes: ['discovery_issuer_mismatch', 'discovery_metadata_missing', 'discovery_metadata_invalid'],
    near_misses: [...otherSpellings, 'issuer_named_by_document'],
    find: inDocument((document, { rp }) => {
      const issuer = own(document, 'issuer')
      if (issuer === undefined) return failed('discovery_metadata_missing', { expected: rp.issuer })
      if (typeof issuer !== 'string')
        return failed('discovery_metadata_invalid', { expected: rp.issuer, actual: issuer })
      const compared = { expected: rp.issuer, actual: issuer }
      return holds(issuer === rp.issuer, 'discovery_issuer_mismatch', compared, compareIssuers(rp.issuer, issuer))
    }),
  },
  discovery_endpoints_present: {
    leg: 'discovery',
    rule: 'The document names the endpoints that a sign-in needs.',
    spec: discoverySpec('3'),
    codes: ['discovery_metadata_missing'],
    find: inDocument((document) => {
      const missing = requiredEndpoints.find((member) => own(document, member) === undefined)
      return holds(missing === undefined, 'discovery_metadata_missing', { expected: missing })
    }),
  },
  discovery_endpoints: {
    leg: 'discovery',
    rule: 'The endpoints that the document names are https URLs.',
    spec: discoverySpec('3'),
    codes: ['discovery_metadata_invalid'],
    find: inDocument((document, { rp }) => {
      const endpoints = [...requiredEndpoints, 'userinfo_endpoint', 'end_session_endpoint']
      const wrong = endpoints.find((member) => !isEndpoint(own(document, member), rp.issuer))
      if (wrong === undefined) return passed()
      return failed('discovery_metadata_invalid', { expected: `${wrong} is an https URL`, actual: document[wrong] })
    }),
  },
  discovery_members: {
    leg: 'discovery',
    rule: 'The other members of the document that are used have the types of the specification.',
    spec: discoverySpec('3'),
    codes: ['discovery_metadata_invalid'],
    find: inDocument((document) => {
      const lists = [
        'response_types_supported',
        'response_modes_supported',
        'scopes_supported',
        'id_token_signing_alg_values_supported',
        'token_endpoint_auth_methods_supported',
        'code_challenge_methods_supported',
      ]
      const flag = 'authorization_response_iss_parameter_supported'
      const isRight = (member: string, is: (value: unknown) => boolean) =>
        own(document, member) === undefined || is(own(document, member))
      const wrong =
        lists.find((member) => !isRight(member, Array.isArray)) ??
        (isRight(flag, (value) => typeof value === 'boolean') ? undefined : flag)
      if (wrong === undefined) return passed()
      return failed('discovery_metadata_invalid', { expected: wrong, actual: document[wrong] })
    }),
  },
  discovery_response_type: {
    leg: 'discovery',
    rule: 'The provider supports the authorization code flow.',
    spec: discoverySpec('3'),
    codes: ['discovery_unsupported'],
    near_misses: ['code_flow_unsupported'],
    find: inDocument((document) => {
      const types = own(document, 'response_types_supported')
      if (!Array.isArray(types)) return doesNotApply('The document has no list of response types.')
      const usable = types.filter((type) => typeof type === 'string').slice(0, 200)
      const compared = { expected: 'code', actual: usable }
      return holds(usable.includes('code'), 'discovery_unsupported', compared, nearMiss('code_flow_unsupported'))
    }),
  },
  discovery_algorithm: {
    leg: 'discovery',
    rule: 'The provider signs ID Tokens with an asymmetric algorithm, or with the one that was chosen.',
    spec: discoverySpec('3'),
    codes: ['discovery_unsupported'],
    near_misses: ['signature_algorithm_unsupported'],
    find: inDocument((document, { rp }) => {
      const announced = own(document, 'id_token_signing_alg_values_supported')
      if (rp.client.id_token_signed_response_alg !== undefined) return doesNotApply('An algorithm is chosen here.')
      if (!Array.isArray(announced)) return doesNotApply('The document has no list of algorithms.')
      const usable = announced.filter((alg) => typeof alg === 'string').slice(0, 200)
      const compared = { expected: 'RS256', actual: usable }
      const near = nearMiss('signature_algorithm_unsupported')
      return holds(usable.some(isSignatureAlgorithm), 'discovery_unsupported', compared, near)
    }),
  },
} as const satisfies Record<string, Rule>

function own(document: Document, member: string): unknown {
  return Object.hasOwn(document, member) && document[member] !== null ? document[member] : undefined
}

function isEndpoint(value: unknown, issuer: string): boolean {
  if (value === undefined) return true
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null || url.username !== '' || url.password !== '' || url.href.includes('#')) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && issuer.startsWith('http:'))
}
