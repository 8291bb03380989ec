/** The whole of a sign-in on bare `node:http`, with nothing but `@relying-party/core`. */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  defaultPolicy,
  defaultTolerances,
  drive,
  fetchIo,
  idle,
  keyRing,
  loginRandom,
  open,
  seal,
} from '@relying-party/core'
import type { AwaitingAuthorizationResponse, FlowEvent, FlowState, Identity, RelyingParty } from '@relying-party/core'

export async function createApp(issuer: string, client_id: string, client_secret: string, origin: string) {
  const client = { client_id, client_secret, redirect_uri: `${origin}/callback`, scope: 'openid profile email' }
  let rp: RelyingParty = {
    organization_id: 'acme',
    connection_id: 'acme-1',
    revision: 1,
    issuer,
    client: { ...client, response_mode: 'query', userinfo: 'when_needed' },
    policy: defaultPolicy,
    tolerances: defaultTolerances,
  }
  const io = { ...fetchIo(), remember: (learnt: Partial<RelyingParty>) => void (rp = { ...rp, ...learnt }) }
  const ring = await keyRing([randomBytes(32).toString('base64url')])
  const sessions = new Map<string, Identity>()
  const used = new Set<string>()

  async function login(response: ServerResponse) {
    const random = loginRandom()
    const asked: FlowEvent = { type: 'login_requested', at: io.now(), purpose: 'login', return_to: '/', random }
    const { state, redirect } = await drive(rp, idle, asked, io)
    if (state.phase !== 'awaiting_authorization_response') return explain(response, state)
    const sealed = await seal(ring, 'flow', state, randomBytes(12))
    setCookie(response, `flow_${state.state}`, sealed)
    response.writeHead(302, { location: redirect! }).end()
  }

  async function callback(request: IncomingMessage, response: ServerResponse, parameters: URLSearchParams) {
    const state = parameters.get('state') ?? ''
    const opened = await open<AwaitingAuthorizationResponse>(ring, 'flow', cookie(request, `flow_${state}`) ?? '')
    if ('refused' in opened || used.has(state)) return response.writeHead(400).end('Start the sign-in again.')
    used.add(state)
    const came = { type: 'authorization_response_received', at: io.now(), organization_id: 'acme' } as const
    const event: FlowEvent = { ...came, response_mode: 'query', parameters: [...parameters] }
    const { state: ended } = await drive(rp, opened.value, event, io)
    // The types know the difference: neither a failure nor a test login can get past this line.
    if (ended.phase !== 'authenticated' || ended.purpose !== 'login') return explain(response, ended)
    const id = randomBytes(32).toString('base64url')
    sessions.set(id, ended.identity)
    setCookie(response, 'session', id)
    response.writeHead(303, { location: ended.return_to }).end()
  }

  return createServer((request, response) => {
    const url = URL.parse(request.url!, origin)
    if (url === null) return void response.writeHead(400).end()
    const broken = (error: unknown) => void response.writeHead(500).end(console.error(error) ?? 'Something went wrong.')
    if (url.pathname === '/login') return void login(response).catch(broken)
    if (url.pathname === '/callback') return void callback(request, response, url.searchParams).catch(broken)
    const identity = sessions.get(cookie(request, 'session') ?? '')
    response.end(identity ? `Signed in as ${identity.subject}` : 'Nobody is signed in. Go to /login.')
  })
}

function explain(response: ServerResponse, state: FlowState) {
  response.writeHead(400).end(state.phase === 'failed' ? state.failure.code : 'unexpected')
}

function cookie(request: IncomingMessage, name: string) {
  return request.headers.cookie
    ?.split('; ')
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)
}

function setCookie(response: ServerResponse, name: string, value: string) {
  response.appendHeader('set-cookie', `${name}=${value}; Path=/; HttpOnly; SameSite=Lax`) // on https add Secure and __Host-
}
