/**
 * The floor: `node:http` and `node:crypto`, written for this one provider. Signature, iss, aud, exp and nonce are
 * checked, PKCE is done, a cookie carries state, nonce and verifier in the clear. Nobody should run this.
 */
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { Agent, createServer, request as send } from 'node:http'
import { announce, listen } from '../child.mjs'

const { ISSUER: issuer, CLIENT_ID: client_id, CLIENT_SECRET: client_secret } = process.env
const agent = new Agent({ keepAlive: true })
const basic = `Basic ${btoa(`${client_id}:${client_secret}`)}`
const metadata = await call('GET', `${issuer}/.well-known/openid-configuration`)
const { keys } = await call('GET', metadata.jwks_uri)
const publicKeys = new Map(keys.map((key) => [key.kid, createPublicKey({ format: 'jwk', key })]))
const sessions = new Map()

const server = createServer((request, response) => {
  const path = request.url.split('?', 1)[0]
  if (path === '/login') login(response)
  else if (path === '/callback') callback(request, response).catch((error) => response.writeHead(500).end(error.stack))
  else response.writeHead(404).end()
})
const origin = await listen(server)
const redirect_uri = `${origin}/callback`
announce({ origin, login_path: '/login', session_cookie: 'session' })

function login(response) {
  const [state, nonce, code_verifier] = [random(), random(), random()]
  const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id,
    redirect_uri,
    scope: 'openid email profile',
    state,
    nonce,
    code_challenge,
    code_challenge_method: 'S256',
  })
  const location = `${metadata.authorization_endpoint}?${query}`
  response
    .writeHead(302, {
      location,
      'set-cookie': `flow=${state}.${nonce}.${code_verifier}; Path=/; HttpOnly; SameSite=Lax`,
    })
    .end()
}

async function callback(request, response) {
  const query = new URLSearchParams(request.url.slice(request.url.indexOf('?') + 1))
  const [state, nonce, code_verifier] = /(?:^|; )flow=([^;]+)/.exec(request.headers.cookie)[1].split('.')
  if (query.get('state') !== state) throw new Error('state')
  const form = { grant_type: 'authorization_code', code: query.get('code'), redirect_uri, code_verifier }
  const tokens = await call('POST', metadata.token_endpoint, basic, new URLSearchParams(form).toString())
  const [header, payload, signature] = tokens.id_token.split('.')
  const { alg, kid } = decode(header)
  const valid =
    alg === 'RS256' &&
    verify('sha256', `${header}.${payload}`, publicKeys.get(kid), Buffer.from(signature, 'base64url'))
  const claims = decode(payload)
  const current = claims.exp > Date.now() / 1000
  if (!valid || !current || claims.iss !== issuer || claims.aud !== client_id || claims.nonce !== nonce)
    throw new Error('ID Token')
  if (claims.email === undefined) {
    const userinfo = await call('GET', metadata.userinfo_endpoint, `Bearer ${tokens.access_token}`)
    if (userinfo.sub !== claims.sub) throw new Error('sub')
    Object.assign(claims, userinfo)
  }
  const id = random()
  sessions.set(id, claims)
  response.writeHead(303, { location: '/', 'set-cookie': `session=${id}; Path=/; HttpOnly; SameSite=Lax` }).end()
}

function call(method, url, authorization, body) {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
      }),
    }
    const outgoing = send(url, { method, agent, headers }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      incoming.on('end', () => {
        if (incoming.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`${url} answered ${incoming.statusCode}`))
      })
    })
    outgoing.on('error', reject).end(body)
  })
}

function random() {
  return randomBytes(32).toString('base64url')
}

function decode(part) {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}
