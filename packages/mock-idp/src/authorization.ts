/**
 * The authorization endpoint: oidc-provider decides, and the response goes out as Okta sends it. A response is first
 * a set of parameters (where faults strike) and only then a redirect or a form.
 */
import type { Exchange } from './exchange.ts'
import { applyFaults } from './fault-plane.ts'
import { escapeHtml, html, readParams, redirect } from './http.ts'
import type { Reply, WireRequest } from './http.ts'
import { authorizationError } from './okta-errors.ts'
import { errorPage } from './pages.ts'
import { askProvider } from './provider.ts'
import { fromOktaUrn } from './token.ts'

/**
 * Answers an authorization request, or its continuation after the sign-in page.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthorizationEndpoint | OpenID Connect Core 1.0, section 3.1.2}
 */
export async function authorize(exchange: Exchange): Promise<Reply> {
  const outcome = await askProvider(exchange, prepare(exchange.request))
  const params = outcome.ctx.oidc.params ?? {}
  exchange.client_id ??= params['client_id'] as string | undefined
  const cookies = { 'set-cookie': outcome.headers['set-cookie'] ?? [] }

  if (outcome.error !== undefined) {
    const { status, error, error_description } = authorizationError(outcome.error)
    if (outcome.error_page === true) return errorPage(status, error, error_description)
    const state = params['state'] as string | undefined
    return respond(exchange, outcome.ctx.oidc, { ...(state && { state }), error, error_description }, cookies)
  }
  if (outcome.authorized !== undefined) {
    // RFC 9207 is not spoken at Okta.
    const { iss: _iss, ...parameters } = outcome.authorized
    return respond(exchange, outcome.ctx.oidc, parameters, cookies)
  }
  return redirect(String(outcome.headers['location']), cookies)
}

/** The parameters of an authorization response; a list where a fault repeats one. */
type Parameters = Record<string, string | string[]>

/** Sends authorization response parameters the way that was asked for. */
function respond(
  exchange: Exchange,
  oidc: { responseMode?: string | undefined; params?: Record<string, unknown> | undefined },
  parameters: Parameters,
  cookies: Reply['headers'],
): Reply {
  const redirect_uri = String(oidc.params?.['redirect_uri'])
  const altered = applyFaults(exchange, 'authorization', { ...parameters })
  exchange.authorization_response = altered
  // A mode that is refused cannot carry the refusal.
  const isRefused = parameters['error'] === 'unsupported_response_mode'
  const mode = isRefused ? 'query' : (oidc.responseMode ?? 'query')
  return writeAuthorizationResponse(mode, redirect_uri, altered, cookies)
}

/**
 * An authorization response by its response mode.
 * @see {@link https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html | OAuth 2.0 Form Post Response Mode}
 * @see {@link https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#ResponseModes | OAuth 2.0 Multiple Response Types, section 2.1}
 */
function writeAuthorizationResponse(
  mode: string,
  redirect_uri: string,
  parameters: Parameters,
  headers: Reply['headers'],
): Reply {
  if (mode === 'form_post') return html(200, formPost(redirect_uri, parameters), headers)
  const url = new URL(redirect_uri)
  const encoded = new URLSearchParams(pairs(parameters)).toString()
  if (mode === 'fragment') url.hash = encoded
  else url.search = [url.search.slice(1), encoded].filter(Boolean).join('&')
  return redirect(url.href, { 'referrer-policy': 'no-referrer', ...headers })
}

/**
 * The request as oidc-provider takes it. Okta also takes POST, which oidc-provider does only with cookies that plain
 * http cannot have; and Okta's `request_uri` is a URN of its own.
 */
function prepare(request: WireRequest): WireRequest {
  const url = new URL(request.url)
  if (request.method === 'POST') url.search = request.body
  const { request_uri } = request.params
  if (request_uri !== undefined) url.searchParams.set('request_uri', fromOktaUrn(request_uri))
  const { 'content-type': _type, 'content-length': _length, ...headers } = request.headers
  return { ...request, method: 'GET', url, headers, body: '', ...readParams(url.searchParams) }
}

function pairs(parameters: Parameters): [string, string][] {
  return Object.entries(parameters).flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  )
}

function formPost(redirect_uri: string, parameters: Parameters): string {
  const inputs = pairs(parameters).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}"/>`,
  )
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Signing in…</title></head>
<body onload="document.forms[0].submit()">
<form id="appForm" method="post" action="${escapeHtml(redirect_uri)}">
${inputs.join('\n')}
<noscript><button type="submit">Continue</button></noscript>
</form>
</body>
</html>
`
}
