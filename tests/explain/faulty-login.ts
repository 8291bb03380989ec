/** One login of the bare core against the mock with one fault switched on: recorded, judged, explained. */
import {
  defaultPolicy,
  defaultTolerances,
  drive,
  driveLogoutToken,
  explain,
  idle,
  loginRandom,
  record,
  type AwaitingAuthorizationResponse,
  type Explanation,
  type Failure,
  type Io,
  type RelyingParty,
  type ResponseMode,
  type Transcript,
} from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import { startMockOkta, type FaultOptions, type MockOkta } from '@relying-party/mock-idp'
import { createOutbound, parseOutboundAllow } from '../../packages/server/src/outbound/index.ts'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export const redirect_uri = 'https://rp.example/callback'
const login = 'ada@acme.example'
const client = {
  client_id: '0oaexplained',
  client_secret: 'a-secret-that-is-long-enough-for-hs256',
  redirect_uris: [redirect_uri],
}

export interface Bench {
  readonly mock: MockOkta
  close(): Promise<void>
  /** A login with this fault, as far as it gets. */
  play(fault: string, options?: FaultOptions): Promise<{ transcript: Transcript; explanation: Explanation }>
  /** What the core refuses a logout token with this fault for; null when it accepts it. */
  logout(fault: string): Promise<Failure | null>
}

export async function openBench(): Promise<Bench> {
  const logouts = await listenForLogouts()
  const mock = await startMockOkta({
    auto_login: login,
    seed: 'explained',
    clients: [{ ...client, backchannel_logout_uri: logouts.url, backchannel_logout_session_required: true }],
  })
  // The guarded client, so that a fault which leads into a private network leads nowhere here either.
  const outbound = createOutbound({ allow: parseOutboundAllow(`localhost:${mock.port}`), limits: { deadline_ms: 700 } })
  const io: Io = { now: () => Date.now() / 1000, request: (request) => outbound.request(request), crypto: nodeCrypto }
  const relyingParty = (): RelyingParty => ({
    organization_id: 'acme',
    connection_id: 'connection',
    revision: 1,
    issuer: mock.issuer,
    // Whatever can be asked for is, so that no fault goes unseen.
    client: {
      client_id: client.client_id,
      client_secret: client.client_secret,
      redirect_uri,
      scope: 'openid profile email groups',
      response_mode: 'query',
      userinfo: 'when_needed',
      max_age: 3600,
      acr_values: 'urn:okta:loa:1fa:any',
    },
    policy: {
      ...defaultPolicy,
      role_mapping: { claim: 'groups', rules: [{ value: 'Admins', role: 'admin' }] },
      default_role: null,
    },
    tolerances: defaultTolerances,
  })

  async function play(fault: string, options: FaultOptions = {}) {
    mock.reset()
    mock.inject(fault, options)
    let rp = relyingParty()
    const remembering: Io = { ...io, remember: (what) => void (rp = { ...rp, ...what }) }
    const begun = record(rp, idle, nodeCrypto)
    const requested = { type: 'login_requested', purpose: 'login', return_to: '/', random: loginRandom() } as const
    const { state, redirect } = await drive(
      rp,
      idle,
      { ...requested, at: io.now() },
      { ...remembering, observe: begun.observe },
    )
    if (state.phase !== 'awaiting_authorization_response') return explained(await begun.transcript(state))
    return explained(await finish(rp, state, await throughProvider(redirect!), remembering))
  }

  async function finish(rp: RelyingParty, flow: AwaitingAuthorizationResponse, came: URLSearchParams | null, io: Io) {
    const recorder = record(rp, flow, nodeCrypto)
    const observed = { ...io, observe: recorder.observe }
    const at = io.now()
    const event =
      came === null
        ? ({ type: 'abandoned', at: at + 901 } as const)
        : ({
            type: 'authorization_response_received',
            at,
            organization_id: 'acme',
            response_mode: 'query' as ResponseMode,
            parameters: [...came],
          } as const)
    const { state } = await drive(rp, flow, event, observed)
    return recorder.transcript(state)
  }

  async function logout(fault: string): Promise<Failure | null> {
    mock.reset()
    mock.inject(fault)
    // A rule about a token that came before needs one before.
    await mock.backchannelLogout({ client_id: client.client_id, user: login })
    const judged = await driveLogoutToken(relyingParty(), logouts.last(), io)
    return 'failure' in judged ? judged.failure : null
  }

  return {
    mock,
    play,
    logout,
    async close() {
      await outbound.close()
      await mock.close()
      await new Promise((done) => logouts.server.close(done))
    },
  }
}

function explained(transcript: Transcript) {
  return { transcript, explanation: explain(transcript) }
}

/** What a browser brings back from the provider; null when it never comes back. */
async function throughProvider(start: string): Promise<URLSearchParams | null> {
  let url = start
  for (let redirects = 0; redirects < 10; redirects++) {
    const response = await fetch(url, { redirect: 'manual' })
    await response.body?.cancel()
    const location = response.headers.get('location')
    if (location === null) return null
    const next = new URL(location, url)
    if (next.href.startsWith(redirect_uri)) return next.searchParams
    url = next.href
  }
  throw new Error('redirected for ever')
}

async function listenForLogouts(): Promise<{ server: Server; url: string; last(): string }> {
  let last = ''
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      last = new URLSearchParams(body).get('logout_token') ?? ''
      response.end()
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, last: () => last }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}
