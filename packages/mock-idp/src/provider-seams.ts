/**
 * The only file that overrides what oidc-provider does not document: prototypes of its models. Each override is
 * pinned by a test in `tests/mock-idp/seams.test.ts`, so that an upgrade which moves a seam fails there, by name.
 */
import Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { exchangeOf } from './exchange.ts'
import { decodeJwt, halfHash, signJwt, verifyJwt } from './jws.ts'
import { orgAccessTokenKey } from './keys.ts'
import { accessTokenClaims, idTokenAlg, idTokenClaims, satisfiedAcr } from './okta-profile.ts'
import { texts } from './okta-errors.ts'
import type { AuthorizationServer, Org } from './org.ts'
import { signIdToken } from './tokens.ts'

/** Installs every override on one provider. */
export function installSeams(org: Org, server: Omit<AuthorizationServer, 'provider'>, provider: Provider): void {
  const models = provider as unknown as Models
  issueOktaIdTokens(org, server as AuthorizationServer, models)
  acceptIdTokensOfEveryKnownKey(org, server as AuthorizationServer, models)
  wrapAccessTokens(org, server as AuthorizationServer, models)
  nameThingsBySeed(org, models)
}

/** `IdToken.prototype.issue` makes and signs the token; the library's own would fix header, order and key. */
function issueOktaIdTokens(org: Org, server: AuthorizationServer, { IdToken }: Models): void {
  const original = IdToken.prototype.issue
  IdToken.prototype.issue = async function (options) {
    if (options.use !== 'idtoken') return original.call(this, options)
    const { oidc } = this.ctx
    const client = org.directory.client(this.client.clientId)!
    const user = org.directory.user(oidc.account!.accountId)!
    const alg = idTokenAlg(client)
    const grant = oidc.authorizationCode ?? oidc.refreshToken
    const isImplicit = grant === undefined
    const scopes = oidc.accessToken?.scopes ?? new Set(String(oidc.params?.['scope'] ?? '').split(' '))
    const fat = isImplicit || (client.id_token ?? org.options.id_token) === 'fat'
    if (fat && scopes.has('groups') && user.groups.length > 100) throw serverError(texts.too_many_groups)
    const amr = this.available.amr ?? user.amr
    const acrValues = (grant?.claims ?? oidc.claims)?.id_token?.['acr']?.values as string[] | undefined
    const accessToken = this.extra.at_hash ?? (oidc.accessToken && wireValues.get(oidc.accessToken))
    const claims = idTokenClaims(org, server, {
      user,
      client,
      scopes,
      issued_at: org.clock.now(),
      auth_time: grant?.authTime ?? this.available.auth_time,
      amr,
      acr: satisfiedAcr(acrValues?.join(' '), amr),
      nonce: this.extra.nonce,
      jti: `ID.${org.ids.secret('IdToken')}`,
      sid: this.extra.sid,
      at_hash: accessToken && halfHash(accessToken, alg),
      c_hash: this.extra.c_hash && halfHash(this.extra.c_hash, alg),
      fat,
    })
    return signIdToken(exchangeOf.get(this.ctx.req)!, client, claims)
  }
}

/** `IdToken.validate` checks `id_token_hint`: any key that ever signed here will do, whatever is published now. */
function acceptIdTokensOfEveryKnownKey(org: Org, server: AuthorizationServer, { IdToken }: Models): void {
  IdToken.validate = async (token, client) => {
    const jwt = decodeJwt(token)
    const keys = [...org.keys.known(), Buffer.from(org.directory.client(client.clientId)?.client_secret ?? '')]
    if (jwt === undefined || !keys.some((key) => verifyJwt(token, key)))
      throw new Error('signature verification failed')
    if (jwt.payload['iss'] !== server.issuer) throw new Error('issuer mismatch')
    if (jwt.payload['aud'] !== client.clientId) throw new Error('audience mismatch')
    return jwt
  }
}

/**
 * Access tokens stay opaque inside and look like Okta's outside: `save` answers with a JWT that stands for the stored
 * one, `find` translates back. The org server signs with a key that is published nowhere.
 */
function wrapAccessTokens(org: Org, server: AuthorizationServer, { AccessToken }: Models): void {
  const { save } = AccessToken.prototype
  const { find } = AccessToken
  AccessToken.prototype.save = async function () {
    const id = await save.call(this)
    const oidc = Provider.ctx?.oidc
    const now = org.clock.now()
    const source = oidc?.authorizationCode ?? oidc?.refreshToken
    const user = org.directory.user(this.accountId)!
    const payload = accessTokenClaims(server, {
      user,
      client_id: this.clientId,
      scopes: this.scopes,
      issued_at: now,
      expires_at: now + this.expiration,
      auth_time: source?.authTime ?? oidc?.session?.loginTs,
      jti: `AT.${id}`,
    })
    const token =
      server.name === 'org'
        ? signJwt({ header: { kid: orgAccessTokenKey.kid, alg: 'RS256' }, payload }, orgAccessTokenKey)
        : signJwt({ header: { kid: org.keys.active('RS256').kid, alg: 'RS256' }, payload }, org.keys.active('RS256'))
    org.store.set(`${server.name}/wire/${token}`, id, this.expiration)
    wireValues.set(this, token)
    return token
  }
  AccessToken.find = async function (value, options) {
    const id = org.store.get<string>(`${server.name}/wire/${value}`)
    return id === undefined ? undefined : find.call(this, id, options)
  }
}

/** Codes, tokens and session ids from the mock's own source, so that a seed makes them repeatable. */
function nameThingsBySeed(org: Org, models: Models): void {
  for (const kind of [
    'AuthorizationCode',
    'AccessToken',
    'RefreshToken',
    'Grant',
    'PushedAuthorizationRequest',
  ] as const) {
    const { prototype } = models[kind]
    const original = prototype.generateTokenId
    prototype.generateTokenId = function () {
      original.call(this) // settles the format on the way
      return org.ids.secret(kind)
    }
  }
  models.Session.prototype.ensureClientContainer = function (clientId) {
    if (!this.sidFor(clientId)) this.sidFor(clientId, org.ids.secret('sid').slice(0, 25))
  }
}

function serverError(text: string): Error {
  return Object.assign(new Error('server_error'), { statusCode: 500, expose: true, error_description: text })
}

/** What an access token looks like on the wire, kept beside the stored one. */
const wireValues = new WeakMap<object, string>()

/** The members of oidc-provider's models that the overrides rely on: what the contract tests pin. */
interface Models {
  IdToken: {
    prototype: { issue(this: IdTokenInstance, options: { use: string }): Promise<string> }
    validate(token: string, client: { clientId: string }): Promise<unknown>
  }
  AccessToken: {
    prototype: { save(this: AccessTokenInstance): Promise<string>; generateTokenId(): string }
    find(value: string, options?: object): Promise<unknown>
  }
  AuthorizationCode: { prototype: { generateTokenId(): string } }
  RefreshToken: { prototype: { generateTokenId(): string } }
  Grant: { prototype: { generateTokenId(): string } }
  PushedAuthorizationRequest: { prototype: { generateTokenId(): string } }
  Session: {
    prototype: {
      ensureClientContainer(this: { sidFor(id: string, value?: string): string | undefined }, clientId: string): void
    }
  }
}

interface IdTokenInstance {
  ctx: KoaContextWithOIDC
  client: { clientId: string }
  available: { auth_time?: number; amr?: string[] }
  extra: { nonce?: string; sid?: string; at_hash?: string; c_hash?: string }
}

interface AccessTokenInstance {
  accountId: string
  clientId: string
  scopes: Set<string>
  expiration: number
}
