/**
 * How a client presented itself. Read here for the ledger, and judged here where Okta has its own words or is
 * stricter than oidc-provider; secrets and assertions are compared by oidc-provider.
 */
import type { Exchange } from './exchange.ts'
import type { WireRequest } from './http.ts'
import { decodeJwt } from './jws.ts'
import type { Client } from './directory.ts'
import { texts } from './okta-errors.ts'
import type { OktaError } from './okta-errors.ts'

/** What a request says about its client. */
export interface Presented {
  client_id: string | undefined
  method: string | undefined
  /** More than one method at once. */
  several: boolean
  /** An Authorization header that is not HTTP Basic. */
  malformed: boolean
}

/**
 * Reads the client's credentials from the Authorization header or the form.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3 | RFC 6749, section 2.3}
 */
export function readClient(request: WireRequest): Presented {
  const { client_id, client_secret, client_assertion } = request.params
  const { authorization } = request.headers
  const several = [authorization, client_secret, client_assertion].filter(Boolean).length > 1
  if (authorization !== undefined) {
    const basic = readBasic(authorization)
    const malformed = basic === undefined
    return { client_id: basic?.[0] ?? client_id, method: 'client_secret_basic', several, malformed }
  }
  if (client_secret !== undefined) return { client_id, method: 'client_secret_post', several, malformed: false }
  if (client_assertion !== undefined) {
    const { header, payload } = decodeJwt(client_assertion) ?? { header: {}, payload: {} }
    const method = String(header['alg']).startsWith('HS') ? 'client_secret_jwt' : 'private_key_jwt'
    const sub = typeof payload['sub'] === 'string' ? payload['sub'] : undefined
    return { client_id: sub ?? client_id, method, several, malformed: false }
  }
  return { client_id, method: client_id === undefined ? undefined : 'none', several, malformed: false }
}

/** Why a client is refused before its secret is even looked at; `undefined` when it is not. */
export function refuseClient(exchange: Exchange): OktaError | undefined {
  const presented = readClient(exchange.request)
  const refused = (error: string, error_description: string): OktaError => ({ status: 401, error, error_description })
  if (presented.several) return refused('invalid_request', texts.many_credentials)
  if (presented.malformed) return refused('invalid_client', texts.bad_basic)
  if (presented.client_id === undefined) return refused('invalid_client', texts.no_credentials)
  const client = exchange.org.directory.client(presented.client_id)
  if (client === undefined) return refused('invalid_client', texts.unknown_client)
  if (client.strict_auth_method === true && presented.method !== client.token_endpoint_auth_method) {
    return refused('invalid_client', texts.authentication_failed)
  }
  return undefined
}

/** Whether the secret given is the client's, for the endpoints that oidc-provider does not serve. */
export function secretMatches(client: Client, request: WireRequest): boolean {
  if (client.token_endpoint_auth_method === 'none') return request.headers.authorization === undefined
  const given = request.params['client_secret'] ?? readBasic(request.headers.authorization ?? '')?.[1]
  return given === client.client_secret
}

/**
 * The request with its Basic credentials form-encoded, for a client that is registered to send them as they are:
 * some providers do not decode, and a relying party should get on with both.
 */
export function encodeRawBasic(request: WireRequest): WireRequest {
  const header = request.headers.authorization ?? ''
  const raw = Buffer.from(header.replace(/^basic /i, ''), 'base64').toString()
  const colon = raw.indexOf(':')
  if (colon === -1) return request
  const [id, secret] = [raw.slice(0, colon), raw.slice(colon + 1)].map(encodeURIComponent)
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  return { ...request, headers: { ...request.headers, authorization } }
}

function readBasic(header: string): [id: string, secret: string] | undefined {
  const [, encoded] = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  const decode = (part: string) => decodeURIComponent(part.replaceAll('+', '%20'))
  try {
    return [decode(text.slice(0, colon)), decode(text.slice(colon + 1))]
  } catch {
    return [text.slice(0, colon), text.slice(colon + 1)]
  }
}
