/**
 * openid-client 6 on Fastify as its documentation shows it, with every optional check on: the ID Token's signature
 * (its non-repudiation switch), PKCE, nonce and state. Flows and sessions lie in memory behind a cookie.
 */
import { fastify } from 'fastify'
import { randomBytes } from 'node:crypto'
import * as client from 'openid-client'
import { announce } from '../child.mjs'

const { ISSUER: issuer, CLIENT_ID: client_id, CLIENT_SECRET: client_secret } = process.env
const config = await client.discovery(new URL(issuer), client_id, undefined, client.ClientSecretBasic(client_secret), {
  execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
})
const flows = new Map()
const sessions = new Map()
const app = fastify()
const cookie = (name, value) => `${name}=${value}; Path=/; HttpOnly; SameSite=Lax`

app.get('/login', async (_request, reply) => {
  const [state, nonce, code_verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()]
  const code_challenge = await client.calculatePKCECodeChallenge(code_verifier)
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope: 'openid email profile',
    state,
    nonce,
    code_challenge,
    code_challenge_method: 'S256',
  })
  const id = randomBytes(32).toString('base64url')
  flows.set(id, { state, nonce, code_verifier })
  return reply.header('set-cookie', cookie('flow', id)).redirect(url.href, 302)
})

app.get('/callback', async (request, reply) => {
  const id = /(?:^|; )flow=([^;]+)/.exec(request.headers.cookie)[1]
  const flow = flows.get(id)
  flows.delete(id)
  const tokens = await client.authorizationCodeGrant(config, new URL(request.url, origin), {
    pkceCodeVerifier: flow.code_verifier,
    expectedState: flow.state,
    expectedNonce: flow.nonce,
    idTokenExpected: true,
  })
  let claims = tokens.claims()
  if (claims.email === undefined) {
    claims = { ...claims, ...(await client.fetchUserInfo(config, tokens.access_token, claims.sub)) }
  }
  const session_id = randomBytes(32).toString('base64url')
  sessions.set(session_id, { claims, id_token: tokens.id_token })
  return reply.header('set-cookie', cookie('session', session_id)).redirect('/', 303)
})

const origin = await app.listen({ port: 0, host: '127.0.0.1' })
const redirect_uri = `${origin}/callback`
announce({ origin, login_path: '/login', session_cookie: 'session' })
