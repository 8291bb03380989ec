/** The two providers: an honest one, and the attacker's, which says whatever it likes but signs with its own key only. */
import type { HttpRequest, HttpResponse } from '@relying-party/core'
import { jwkOf, signed } from './crypto.ts'
import {
  issuerOf,
  providerAt,
  redirectUriOf,
  type Browser,
  type Code,
  type Provider,
  type TokenRequest,
  type World,
} from './world.ts'

/** Clients of the honest provider, with where it sends their users. The attacker is a customer of it as well. */
const honestClients: Readonly<Record<string, { redirect_uri: string; secrets: readonly string[] }>> = {
  'acme-client': { redirect_uri: redirectUriOf('acme'), secrets: ['acme-secret-1', 'acme-secret-2', 'acme-secret-3'] },
  'acme-client-2': {
    redirect_uri: redirectUriOf('acme'),
    secrets: ['acme-secret-1', 'acme-secret-2', 'acme-secret-3'],
  },
  'mallory-client': { redirect_uri: redirectUriOf('evil'), secrets: ['mallory-secret'] },
}

const lifetime = 300

export const json = (document: unknown, status = 200): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(document),
})

const signerOf = ({ honest }: World, provider: Provider) =>
  provider === 'honest' ? `honest-${honest.generation}` : 'rogue'

/** Configuration and keys, as they are published at this moment. */
export function published(world: World, { url, message }: HttpRequest): HttpResponse {
  const provider = providerAt(url)
  if (message === 'jwks') return json({ keys: [jwkOf(signerOf(world, provider))] })
  const document = provider === 'honest' ? 'own' : world.rogue.document
  const at = (which: Provider, path: string) => `${issuerOf(which)}/${path}`
  return json({
    issuer: issuerOf(document === 'issuer_of_honest' ? 'honest' : provider),
    authorization_endpoint: at(provider, 'authorize'),
    token_endpoint: at(document === 'token_endpoint_of_honest' ? 'honest' : provider, 'token'),
    jwks_uri: at(document === 'keys_of_honest' ? 'honest' : provider, 'keys'),
    id_token_signing_alg_values_supported: ['ES256'],
    ...(provider === 'honest' && { authorization_response_iss_parameter_supported: true }),
  })
}

/** The person at this browser signs in at once; the codes that come into being, by name. */
export function authorize(url: URL, user: Browser, label: string): Readonly<Record<string, Code>> {
  const asked = (name: string) => url.searchParams.get(name) ?? ''
  const provider = providerAt(url.href)
  const request = { nonce: asked('nonce'), user, spent_at: null }
  const client_id = asked('client_id')
  const redirect_uri = asked('redirect_uri')
  if (provider === 'honest') {
    if (honestClients[client_id]?.redirect_uri !== redirect_uri) return {}
    return { [`honest-code.${label}`]: { provider, client_id, redirect_uri, ...request } }
  }
  // The attacker sends the browser on to the honest provider, with the `state` and `nonce` of this flow: once as if
  // acme had asked, once as a client of its own.
  const forwarded = (client: string) => ({
    provider: 'honest' as const,
    client_id: client,
    redirect_uri: honestClients[client]!.redirect_uri,
    ...request,
  })
  return {
    [`rogue-code.${label}`]: { provider, client_id, redirect_uri, ...request },
    [`forwarded-to-acme.${label}`]: forwarded('acme-client'),
    [`forwarded-to-evil.${label}`]: forwarded('mallory-client'),
  }
}

/** What a token endpoint may answer; all but the first of the honest one are its bugs or somebody on the way to it. */
export const honestAnswers = ['proper', 'unavailable', 'other_audience', 'other_nonce', 'expired', 'forged'] as const
export const rogueAnswers = ['proper', 'as_honest', 'other_nonce', 'replayed', 'refuses_client'] as const
export type Answer = (typeof honestAnswers)[number] | (typeof rogueAnswers)[number]

/** The answer of the provider that was asked, and the world in which it has given it. */
export function answerOf(world: World, request: TokenRequest, how: Answer): { world: World; response: HttpResponse } {
  const provider = providerAt(request.url)
  if (how === 'unavailable') return { world, response: json({}, 503) }
  if (how === 'refuses_client') return { world, response: json({ error: 'invalid_client' }, 401) }
  return provider === 'honest'
    ? honestAnswer(world, request, how)
    : { world, response: rogueAnswer(world, request, how) }
}

function honestAnswer(world: World, request: TokenRequest, how: Answer): { world: World; response: HttpResponse } {
  const client = honestClients[request.client_id]
  const secretIsGood =
    client?.secrets.includes(request.client_secret ?? '') === true &&
    !(world.honest.retired && request.client_secret === 'acme-secret-1')
  if (!secretIsGood) return { world, response: json({ error: 'invalid_client' }, 401) }
  const code = world.codes[request.code]
  const codeIsGood = code?.provider === 'honest' && code.client_id === request.client_id && code.spent_at === null
  if (!codeIsGood) return { world, response: json({ error: 'invalid_grant' }, 400) }
  const spent = { ...code, spent_at: world.now }
  const claims = claimsFor(spent)
  const key = signerOf(world, 'honest')
  const bugs: Partial<Record<Answer, object>> = {
    other_audience: { ...claims, aud: 'somebody-else' },
    other_nonce: { ...claims, nonce: 'of another flow' },
    expired: { ...claims, iat: claims.iat - lifetime - 60, exp: claims.iat - 60 },
  }
  const token = how === 'forged' ? signed({ ...claims, sub: 'victim' }, 'rogue', key) : signed(bugs[how] ?? claims, key)
  return { world: { ...world, codes: { ...world.codes, [request.code]: spent } }, response: tokens(token) }
}

function rogueAnswer(world: World, request: TokenRequest, how: Answer): HttpResponse {
  const nonce = world.codes[request.code]?.nonce ?? ''
  const mine: Code = { provider: 'rogue', ...request, nonce, user: 'victim', spent_at: world.now }
  if (how === 'replayed') {
    const isStolen = ([, { spent_at, provider }]: [string, Code]) => spent_at !== null && provider === 'honest'
    const [stolen] = Object.entries(world.codes).filter(isStolen).sort()
    return stolen === undefined ? json({}, 503) : tokens(signed(claimsFor(stolen[1]), signerOf(world, 'honest')))
  }
  const claims = claimsFor(mine)
  if (how === 'as_honest') return tokens(signed({ ...claims, iss: issuerOf('honest') }, 'rogue'))
  return tokens(signed(how === 'other_nonce' ? { ...claims, nonce: 'of another flow' } : claims, 'rogue'))
}

function claimsFor({ provider, client_id, nonce, user, spent_at }: Code) {
  const iat = spent_at!
  return { iss: issuerOf(provider), sub: user, aud: client_id, nonce, iat, exp: iat + lifetime }
}

const tokens = (id_token: string) => json({ access_token: 'at', token_type: 'Bearer', id_token })

/** A logout token about this person, by whoever signs it, addressed to this client. */
export function logoutToken(world: World, by: Provider, iss: Provider, client_id: string, sub: string): string {
  const event = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const claims = { iss: issuerOf(iss), aud: client_id, sub, iat: world.now, exp: world.now + 120, events: event }
  // One token for one moment: sent again it is a replay.
  return signed({ ...claims, jti: `${by} ${iss} ${sub} ${world.now}` }, signerOf(world, by), signerOf(world, iss))
}
