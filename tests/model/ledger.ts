/** Writes down what has really happened: from what browsers and providers see, never from what the product says of itself. */
import type { Revision } from '@relying-party/core'
import type { Session } from '../../packages/server/src/sessions.ts'
import { connectionOf, labelOf, type Happened } from './actions.ts'
import { canonical } from './canonical.ts'
import { readToken } from './crypto.ts'
import { issuerOf, providerAt, type Call, type Ledger, type StartedFlow, type World } from './world.ts'

/** What happened, with the ledger of the world after it brought up to date. */
export function witnessed(happened: Happened): Happened {
  const entries = [
    flowStarted,
    clientRefused,
    requestSent,
    logoutSent,
    documentPublished,
    sessionBegun,
    ssoDisabled,
    settingsProved,
  ]
  return entries.reduce<Happened>((so_far, enter) => {
    const entry = enter(so_far)
    if (entry === null) return so_far
    return { ...so_far, after: { ...so_far.after, ledger: { ...so_far.after.ledger, ...entry } } }
  }, happened)
}

type Entry = Partial<Ledger> | null

function flowStarted({ before, after, handled, call }: Happened): Entry {
  const url = authorizationRequest(handled?.answered?.location)
  if (url === null || call === null || !('browser' in call)) return null
  const asked = (name: string) => url.searchParams.get(name) ?? ''
  const browser = call.browser!
  const connection = connectionOf(after, call.organization)!
  const purpose = call.route.endsWith('/test') ? 'test' : 'login'
  const revision = (purpose === 'login' ? connection.live : (connection.candidate ?? connection.live)) as Revision
  const flow: StartedFlow = {
    label: labelOf(before, browser, call.organization),
    browser,
    purpose,
    organization_id: call.organization,
    connection_id: connection.connection_id,
    revision: revision.revision,
    settings: canonical(revision.settings),
    issuer: revision.settings.issuer,
    client_id: revision.settings.client_id,
    nonce: asked('nonce'),
    code_challenge: asked('code_challenge'),
    started_at: before.now,
  }
  return { flows: { ...after.ledger.flows, [asked('state')]: flow } }
}

/** The authorization request that a browser is sent with, if that is where it is sent. */
export function authorizationRequest(location: string | null | undefined): URL | null {
  return location?.includes('code_challenge') ? new URL(location) : null
}

function clientRefused({ after, answer }: Happened): Entry {
  if (answer === null || !answer.refuses_client) return null
  const { code, client_secret } = answer.to
  const isIt = (one: Ledger['sent'][number]) => one.code === code && one.client_secret === client_secret
  return { sent: after.ledger.sent.map((one) => (isIt(one) ? { ...one, refused_client: true } : one)) }
}

function requestSent({ handled, call, after }: Happened): Entry {
  const waits_for = handled?.waiting?.waits_for
  if (call === null || waits_for === undefined || !('token' in waits_for)) return null
  const request = { ...waits_for.token, state: stateOf(call) ?? '', refused_client: false }
  return { sent: [...after.ledger.sent, request].sort(byText) }
}

/** One that the issuer signed and that met a failing store may have been heard. */
function logoutSent({ action, handled, before, after }: Happened): Entry {
  if (action.do !== 'logout') return null
  const isHeard = handled?.answered?.status === 200
  if (!isHeard && (handled?.answered?.code !== 'store_unavailable' || action.by !== action.iss)) return null
  const connection_id = connectionOf(before, action.organization)?.connection_id
  if (connection_id === undefined) return null
  const logout = { connection_id, iss: issuerOf(action.iss), sub: action.sub, iat: before.now, acknowledged: isHeard }
  const others = after.ledger.logouts.filter((one) => canonical(one) !== canonical(logout))
  return { logouts: [...others, logout].sort(byText) }
}

function documentPublished({ action, after }: Happened): Entry {
  if (action.do !== 'publish') return null
  const endpoint = `${issuerOf(action.document === 'token_endpoint_of_honest' ? 'honest' : 'rogue')}/token`
  return { rogue_endpoints: [...new Set([...after.ledger.rogue_endpoints, endpoint])].sort() }
}

function sessionBegun(happened: Happened): Entry {
  const begun = sessionsBegun(happened).length
  const state = happened.call === null ? null : stateOf(happened.call)
  if (begun === 0 || state === null) return null
  const { sessions } = happened.after.ledger
  return { sessions: { ...sessions, [state]: (sessions[state] ?? 0) + begun } }
}

function ssoDisabled({ before, after, call }: Happened): Entry {
  if (call === null) return null
  const { organization } = call
  if (connectionOf(before, organization)?.live == null || connectionOf(after, organization)?.live != null) return null
  const theirs = Object.entries(after.records.sessions).flatMap(([key, { value }]) =>
    key.startsWith('session.') && (value as unknown as Session).organization_id === organization ? [key] : [],
  )
  return { outlived: [...new Set([...after.ledger.outlived, ...theirs])].sort() }
}

function settingsProved(happened: Happened): Entry {
  const flow = flowOf(happened)
  const { answer, before, after } = happened
  if (flow === null || answer?.id_token == null || faultOfToken(answer.id_token, flow, before.now) !== null) return null
  const proof = proofOf(flow.connection_id, flow.settings, answer.to.client_secret)
  return { proved: [...new Set([...after.ledger.proved, proof])].sort() }
}

const byText = (a: object, b: object) => (canonical(a) < canonical(b) ? -1 : 1)

// ── what the ledger is read with ────────────────────────────────────────────────────────────────────────────────────

/** The `state` that a callback came with. */
function stateOf(call: Call): string | null {
  return 'query' in call ? new URLSearchParams(call.query).get('state') : null
}

/** The flow that the callback of this action belongs to. */
export function flowOf({ call, after }: Happened): StartedFlow | null {
  const state = call === null ? null : stateOf(call)
  return state === null ? null : (after.ledger.flows[state] ?? null)
}

/** Sessions that are there after the action and were not before. */
export function sessionsBegun({
  before,
  after,
}: {
  readonly before: World
  readonly after: World
}): readonly Session[] {
  if (before.records.sessions === after.records.sessions) return []
  return Object.entries(after.records.sessions)
    .filter(([key]) => key.startsWith('session.') && before.records.sessions[key] === undefined)
    .map(([, { value }]) => value as unknown as Session)
}

/** Why this token does not say who signed in with this flow; null when it does. */
export function faultOfToken(id_token: string, flow: StartedFlow, now: number): string | null {
  const { claims, signer } = readToken(id_token)
  if (claims.iss !== flow.issuer) return `iss is ${String(claims.iss)}`
  if (!signer.startsWith(providerAt(flow.issuer))) return `signed by ${signer}`
  if (claims.aud !== flow.client_id) return `aud is ${String(claims.aud)}`
  if (claims.nonce !== flow.nonce) return 'nonce is that of another flow'
  return (claims.exp as number) + 30 <= now ? 'expired' : null
}

/** What a sign-in proves: these settings, with this client secret, of this connection. */
export function proofOf(connection_id: string, settings: string, client_secret: string | null): string {
  return `${connection_id} ${settings} ${client_secret}`
}

/** The client secret of a revision in plain text: symbolic seals can be looked through. */
export function secretIn({ client_secret }: Pick<Revision, 'client_secret'>): string | null {
  if (client_secret === null) return null
  const opened = Buffer.from(client_secret.sealed.split('.')[2]!, 'base64url').toString('latin1')
  return JSON.parse(opened.slice(opened.indexOf('|"') + 1, -16)) as string
}
