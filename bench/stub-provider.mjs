/**
 * The provider of the bench: answers from memory, in a process of its own, and signs one ID Token per login.
 *
 * It keeps nothing: the authorization code that the driver makes is `<nonce>.<code_challenge>`. It is strict where a
 * contender could save work: client authentication and PKCE are checked. With THIN=1 e-mail comes from UserInfo only.
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import { announce, listen } from './child.mjs'

const client_id = 'bench-client'
const client_secret = 'bench-secret-0123456789'
const thin = process.env.THIN === '1'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const kid = 'bench-key-1'
const access_token = 'bench-access-token-'.padEnd(64, 'x')
const at_hash = sha256(access_token).subarray(0, 16).toString('base64url')
const header = encode({ alg: 'RS256', kid })
const person = {
  name: 'Ada Lovelace',
  preferred_username: 'ada@acme.example',
  email: 'ada@acme.example',
  email_verified: true,
}

const server = createServer((request, response) => {
  const answer = (status, document) => {
    const body = JSON.stringify(document)
    response
      .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      .end(body)
  }
  switch (request.url) {
    case '/.well-known/openid-configuration':
      return answer(200, metadata)
    case '/jwks':
      return answer(200, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] })
    case '/userinfo': {
      const admitted = request.headers.authorization === `Bearer ${access_token}`
      return admitted ? answer(200, { sub: 'ada', ...person }) : answer(401, {})
    }
    case '/token': {
      let body = ''
      request.setEncoding('utf8').on('data', (chunk) => (body += chunk))
      return request.on('end', () => {
        const form = new URLSearchParams(body)
        const [nonce, code_challenge] = (form.get('code') ?? '').split('.')
        if (credentials(request) !== `${client_id}:${client_secret}`) return answer(401, { error: 'invalid_client' })
        const proven = sha256(form.get('code_verifier') ?? '').toString('base64url') === code_challenge
        if (!proven || form.get('grant_type') !== 'authorization_code') return answer(400, { error: 'invalid_grant' })
        answer(200, {
          access_token,
          token_type: 'Bearer',
          expires_in: 3600,
          scope: 'openid email profile',
          id_token: idToken(nonce),
        })
      })
    }
    default:
      return answer(404, {})
  }
})
server.keepAliveTimeout = 60_000

const issuer = await listen(server)
const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  userinfo_endpoint: `${issuer}/userinfo`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  scopes_supported: ['openid', 'email', 'profile'],
  id_token_signing_alg_values_supported: ['RS256'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  code_challenge_methods_supported: ['S256'],
}
announce({ issuer, client_id, client_secret })

/** As Okta's: the same members, in about as many bytes. */
function idToken(nonce) {
  const now = Math.floor(Date.now() / 1000)
  const payload = {
    sub: 'ada',
    ...(!thin && person),
    ver: 1,
    iss: issuer,
    aud: client_id,
    iat: now,
    exp: now + 3600,
    jti: 'ID.bench-0123456789-0123456789-0123456789',
    amr: ['pwd'],
    idp: '00o1bench0000000000',
    nonce,
    auth_time: now - 10,
    at_hash,
  }
  const signed = `${header}.${encode(payload)}`
  return `${signed}.${sign('sha256', signed, privateKey).toString('base64url')}`
}

/** Some clients form-encode more of them than others: both spellings are right. */
function credentials({ headers }) {
  return decodeURIComponent(atob((headers.authorization ?? '').replace(/^Basic /, '')))
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function sha256(text) {
  return createHash('sha256').update(text).digest()
}
