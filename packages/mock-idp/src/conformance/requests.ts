/** What every module demands of the requests themselves, whatever it is about, as the Foundation's suite does. */
import type { LedgerEntry } from '../ledger.ts'
import type { Row } from './rows/row.ts'
import type { Observation } from './verdict.ts'

/** What is wrong, and what is only unwise, in the requests of a relying party. */
export function faultsOfRequests(row: Row, observation: Observation): { problems: string[]; warnings: string[] } {
  const calls = [...observation.earlier, ...observation.calls]
  const problems = new Set<string>()
  const warnings = new Set<string>()
  const mode = row.client?.response_mode ?? observation.response_mode
  for (const call of calls) {
    if (isAuthorizationRequest(call)) {
      for (const problem of ofAuthorizationRequest(call, mode, row)) problems.add(problem)
      const { nonce } = call.params
      if (nonce !== undefined && !/^[A-Za-z0-9_.~-]{1,43}$/.test(nonce)) {
        warnings.add('A nonce is longer than 43 characters, or not safe in a URL.')
      }
    }
    const inQuery = new URLSearchParams(call.query)
    for (const secret of ['access_token', 'client_secret', 'client_assertion', 'code_verifier', 'refresh_token']) {
      if (inQuery.has(secret)) problems.add(`${secret} was sent in the query of ${call.endpoint}.`)
    }
    if (call.response.status >= 400 && call.faults.length === 0 && ours.has(call.endpoint)) {
      const why = call.response.reason ?? call.response.error ?? `status ${call.response.status}`
      problems.add(`The provider refused a request at ${call.endpoint}: ${why.split('\n')[0]}`)
    }
  }
  const requests = calls.filter(isAuthorizationRequest)
  for (const name of ['state', 'nonce', 'code_challenge']) {
    const values = requests.map(({ params }) => params[name]).filter((value) => value !== undefined)
    if (new Set(values).size < values.length) problems.add(`${name} was used for more than one authorization request.`)
  }
  const codes = calls.filter(({ endpoint }) => endpoint === 'token').flatMap(({ params }) => params['code'] ?? [])
  if (new Set(codes).size < codes.length) problems.add('An authorization code was sent more than once.')
  return { problems: [...problems], warnings: [...warnings] }
}

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest | OpenID Connect Core 1.0, section 3.1.2.1} */
function* ofAuthorizationRequest({ params }: LedgerEntry, mode: string, row: Row): Generator<string> {
  if (params['response_type'] !== 'code') yield `response_type was ${params['response_type']} instead of code.`
  if (!(params['scope'] ?? '').split(' ').includes('openid')) yield 'scope did not have openid.'
  if ((params['response_mode'] ?? 'query') !== mode)
    yield `response_mode was ${params['response_mode'] ?? 'left out'} instead of ${mode}.`
  if (params['code_challenge'] !== undefined && params['code_challenge_method'] !== 'S256') {
    yield 'code_challenge_method was not S256.'
  }
  const contradicts = params['prompt'] === 'none' && params['max_age'] === '0'
  if (contradicts && row.parameters?.prompt !== 'none') yield 'prompt=none and max_age=0 contradict each other.'
}

/** An authorization request of the relying party, and not its continuation at the provider. */
function isAuthorizationRequest({ endpoint, params }: LedgerEntry): boolean {
  return endpoint === 'authorization' && params['client_id'] !== undefined
}

const ours = new Set(['authorization', 'token', 'userinfo', 'end_session', 'jwks', 'discovery'])
