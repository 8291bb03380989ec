/**
 * What a report shows of the provider's ledger: who called what, in which order, and what was answered. Never a code,
 * token, secret, verifier or cookie, although they are only test ones: reports are mailed and pasted.
 */
import { decodeJwt } from '../jws.ts'
import type { LedgerEntry } from '../ledger.ts'
import type { Outcome } from './driver.ts'
import type { Observation } from './verdict.ts'

/** One call, fit to be shown. */
export interface Call {
  endpoint: string
  method: string
  path: string
  /** The parameters, secrets replaced by their length. */
  params: Record<string, string>
  client_authentication?: string
  status: number
  error?: string
  reason?: string
  /** The faults that struck. */
  faults: string[]
  /** The token that was handed out, without its signature. */
  token?: { header: Record<string, unknown>; claims: Record<string, unknown> }
}

/** A ledger entry without its secrets. */
export function callOf(entry: LedgerEntry): Call {
  const { endpoint, method, params, client_authentication, response, faults } = entry
  const token = tokenOf(entry)
  return {
    endpoint,
    method,
    path: new URL(entry.path, 'http://localhost').pathname,
    params: Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, secrets.has(name) ? hidden(value) : value]),
    ),
    ...(client_authentication !== undefined && { client_authentication }),
    status: response.status,
    ...(response.error !== undefined && { error: response.error }),
    ...(response.reason !== undefined && { reason: response.reason.split('\n')[0]! }),
    faults: [...faults],
    ...(token !== undefined && { token }),
  }
}

/** What a relying party said, in one line and without what it knows of the person. */
export function answerOf(outcome: Outcome): string {
  switch (outcome.answer) {
    case 'authenticated':
      return `signed in ${outcome.sub}`
    case 'refused': {
      const { code, reason, status } = outcome
      const meant = reason === undefined ? 'reason not told' : [reason].flat().join(' or ')
      return `refused: ${code} (${meant}${status === undefined ? '' : `, status ${status}`})`
    }
    case 'nobody':
      return 'nobody is signed in'
    case 'none':
      return `no answer: ${outcome.because}`
  }
}

/** What the relying party said to the thing that the module is about, in a word. */
export function saidOf({ calls, steps }: Observation): string {
  const statuses = calls
    .filter(({ endpoint }) => endpoint === 'backchannel_logout')
    .map(({ response }) => response.status)
  if (statuses.length > 0) return [...new Set(statuses)].join(', ')
  const outcome = steps.at(-1)?.outcome
  if (outcome === undefined) return ''
  const plain = { authenticated: 'signed in', nobody: 'signed out', none: 'nothing that could be read' }
  return outcome.answer === 'refused' ? outcome.code : plain[outcome.answer]
}

function tokenOf({ endpoint, params, response }: LedgerEntry): Call['token'] {
  const body = response.body as Record<string, unknown> | null
  const token =
    endpoint === 'backchannel_logout' ? params['logout_token'] : endpoint === 'token' ? body?.['id_token'] : undefined
  const jwt = typeof token === 'string' ? decodeJwt(token) : undefined
  if (jwt === undefined) return undefined
  const claims = Object.entries(jwt.payload).filter(([name]) => shown.has(name))
  return {
    header: jwt.header,
    claims: Object.fromEntries(
      claims.map(([name, value]) => [name, secrets.has(name) ? hidden(String(value)) : value]),
    ),
  }
}

function hidden(value: string): string {
  return `‹${value.length} characters›`
}

const secrets = new Set([
  'code',
  'state',
  'nonce',
  'code_verifier',
  'code_challenge',
  'client_secret',
  'client_assertion',
  'access_token',
  'refresh_token',
  'id_token',
  'id_token_hint',
  'logout_token',
  'sid',
  'jti',
])
const shown = new Set(['iss', 'sub', 'aud', 'azp', 'exp', 'iat', 'nonce', 'events', 'sid', 'at_hash'])
