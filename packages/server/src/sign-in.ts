/**
 * Where browsers start and finish a sign-in. Each handler loads, drives and reacts; what is right and wrong is decided
 * by the core.
 */
import {
  base64url,
  drive,
  idle,
  parseLoginInitiation,
  parseLoginParameters,
  personOf,
  purposeOf,
  record,
  refusalOfCircumstances,
  relyingPartyOf,
  safeReturnTo,
  transcriptOfRefusal,
  type AuthenticatedLogin,
  type AwaitingAuthorizationResponse,
  type Connection,
  type FailureCode,
  type LiveRevision,
  type LoginParameters,
  type Purpose,
  type RelyingParty,
  type Revision,
  type Transcript,
  type Verdict,
} from '@relying-party/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { OutstandingFlows } from './abandoned.ts'
import type { Attempts } from './attempts.ts'
import { circumstancesOf, type Brought } from './circumstances.ts'
import { claimFlow } from './claim.ts'
import type { Connections } from './connections.ts'
import { cookieName, readCookie } from './cookies.ts'
import { isCrossSite } from './cross-site.ts'
import { addressesOf, type Context, type VersionedConnection } from './context.ts'
import { giveFlow, takeFlow } from './flow-cookies.ts'
import { ioFor, type KnowledgeBase } from './knowledge.ts'
import { prefersJson, sendFailure } from './problems.ts'
import type { Sessions } from './sessions.ts'
import { failTest, passTest, redeemTicket } from './test-logins.ts'

type OrganizationRequest = FastifyRequest<{ Params: { id: string } }>

export interface SignInParts {
  readonly context: Context
  readonly connections: Connections
  readonly knowledge: KnowledgeBase
  readonly attempts: Attempts
  readonly sessions: Sessions
  readonly outstanding: OutstandingFlows
}

export function registerSignIn(app: FastifyInstance, parts: SignInParts): void {
  const { context, connections, knowledge, attempts, sessions, outstanding } = parts
  const { now, random, tolerances } = context

  // ── starting ──────────────────────────────────────────────────────────────────────────────────────────────────────

  // Each of these GETs begins or ends something: a HEAD request (link previews, scanners) must not.
  const noHead = { exposeHeadRoute: false } as const

  app.get(
    '/organizations/:id/oidc/login',
    { ...noHead, schema: schemas.login },
    async (request: OrganizationRequest, reply) => {
      const found = await organization(request, reply)
      if (found === undefined) return reply
      const { connection } = found
      const query = parametersOf(request)
      const return_to = safeReturnTo(
        query.get('return_to') || `/organizations/${connection.organization_id}`,
        context.base_url,
      )
      if (return_to === undefined) return sendFailure(request, reply, { code: 'return_to_not_allowed' })
      return startLogin(request, reply, connection, return_to, parseLoginParameters(query))
    },
  )

  /** Third-party-initiated login. @see {@link https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin | OpenID Connect Core 1.0, section 4} */
  const initiate = async (request: OrganizationRequest, reply: FastifyReply) => {
    const found = await organization(request, reply)
    if (found === undefined) return reply
    const { connection } = found
    const { organization_id, live } = connection
    if (live === null) return refuse(request, reply, connection, 'sso_not_enabled')
    // "The Login Initiation Endpoint MUST support both GET and POST": the parameters of a POST are its form.
    const parameters = request.body instanceof URLSearchParams ? request.body : parametersOf(request)
    const asked = parseLoginInitiation(parameters, { issuer: live.settings.issuer, base_url: context.base_url })
    if ('failure' in asked) return sendFailure(request, reply, asked.failure, { organization_id })
    const return_to = asked.return_to ?? `/organizations/${organization_id}`
    return startLogin(request, reply, connection, return_to, asked.parameters)
  }
  app.get('/organizations/:id/oidc/initiate', { ...noHead, schema: schemas.initiate }, initiate)
  app.post('/organizations/:id/oidc/initiate', { schema: { hide: true } }, initiate)

  app.get(
    '/organizations/:id/oidc/test',
    { ...noHead, schema: schemas.test },
    async (request: OrganizationRequest, reply) => {
      const found = await organization(request, reply)
      if (found === undefined) return reply
      const { connection } = found
      const redeemed = await redeemTicket(context, connection, parametersOf(request).get('ticket') ?? '')
      if ('code' in redeemed) {
        const { settings_url } = addressesOf(context, connection.organization_id)
        const { organization_id } = connection
        return sendFailure(request, reply, { code: redeemed.code }, { organization_id }, { settings_url })
      }

      const rp = await connections.relyingParty(connection, redeemed.revision)
      const fresh = knowledge.afresh(rp, ['provider_metadata', 'jwks'])
      return start(request, reply, fresh, 'test', `/organizations/${connection.organization_id}/settings/sso`, {})
    },
  )

  async function startLogin(
    request: OrganizationRequest,
    reply: FastifyReply,
    connection: Connection,
    return_to: string,
    parameters: LoginParameters,
  ): Promise<FastifyReply> {
    const { live } = connection
    if (live === null) return refuse(request, reply, connection, 'sso_not_enabled')
    return start(request, reply, await connections.relyingParty(connection, live), 'login', return_to, parameters)
  }

  async function start(
    request: OrganizationRequest,
    reply: FastifyReply,
    rp: RelyingParty,
    purpose: Purpose,
    return_to: string,
    parameters: LoginParameters,
  ): Promise<FastifyReply> {
    const value = () => base64url(random(32))
    const values = { state: value(), nonce: value(), code_verifier: value() }
    const event = { type: 'login_requested', at: now(), purpose, return_to, random: values, parameters } as const
    const { observe, transcript } = record(rp, idle, context.crypto)
    const { state, redirect } = await drive(rp, idle, event, { ...ioFor(context, knowledge, rp), observe })
    context.count('flows_started', { purpose })
    if (state.phase === 'awaiting_authorization_response') {
      await giveFlow(context, request, reply, state)
      outstanding.watch(state)
      // What was posted to us is not posted on to the provider, whatever a browser makes of 302.
      return reply.redirect(redirect!, request.method === 'POST' ? 303 : 302)
    }
    // Whoever tests has used up a ticket for it.
    return answerFailure(request, reply, await transcript(state), purpose === 'test', return_to)
  }

  // ── finishing ─────────────────────────────────────────────────────────────────────────────────────────────────────

  const consume =
    (response_mode: 'query' | 'form_post') => async (request: OrganizationRequest, reply: FastifyReply) => {
      const found = await organization(request, reply)
      if (found === undefined) return reply
      const { connection } = found
      const { organization_id } = connection
      const sent = response_mode === 'query' ? parametersOf(request) : request.body
      const parameters = sent instanceof URLSearchParams ? sent : new URLSearchParams()
      const brought = await circumstancesOf(context, request, connection, parameters)
      const { flow, revision } = brought
      let { circumstances } = brought
      if (refusalOfCircumstances(circumstances) === null) {
        circumstances = { ...circumstances, claimed: await claimFlow(context, flow!) }
        outstanding.forget(flow!)
      }
      const refused = refusalOfCircumstances(circumstances)
      if (refused !== null) return refuseResponse(request, reply, connection, refused, { ...brought, circumstances })

      const known = await connections.relyingParty(connection, revision!)
      const rp = flow!.purpose === 'test' ? knowledge.afresh(known, ['jwks']) : known
      const event = {
        type: 'authorization_response_received',
        at: now(),
        organization_id,
        response_mode,
        parameters: [...parameters],
      } as const
      let promoted = false
      const { observe, transcript } = record(rp, flow!, context.crypto)
      const io = { ...ioFor(context, knowledge, rp), observe, promoteStagedSecret: () => void (promoted = true) }
      const { state: ended } = await drive(rp, flow!, event, io)
      takeFlow(context, reply, flow!)

      const isLogin = ended.phase === 'authenticated' && ended.purpose === 'login'
      const serving = isLogin ? await servingConnection(ended) : undefined
      const still_serving = isLogin ? serving !== undefined : null
      const told = await transcript(ended, { ...circumstances, still_serving })
      if (ended.phase !== 'authenticated' || told.verdict.outcome === 'failed') {
        return answerFailure(request, reply, told, true, flow!.return_to)
      }
      const attempt_id = await attempts.record(told, { claimed: true })
      if (promoted) await promoteStagedSecret(rp, revision!, attempt_id)
      if (ended.purpose === 'login') return admit(request, reply, ended, serving!, flow!, knowledge.recall(rp))
      await passTest(context, connections, ended, attempt_id)
      return reply.redirect(addressesOf(context, organization_id).settings_url, 303)
    }
  app.get('/organizations/:id/oidc/consume', { ...noHead, schema: schemas.consume }, consume('query'))
  app.post('/organizations/:id/oidc/consume', { schema: schemas.consume }, consume('form_post'))

  /** A flow that failed is an attempt, and the failure of a test is told to the connection. */
  async function answerFailure(
    request: OrganizationRequest,
    reply: FastifyReply,
    transcript: Transcript,
    claimed: boolean,
    return_to: string,
  ): Promise<FastifyReply> {
    const { relying_party, verdict } = transcript
    const { organization_id } = relying_party
    const { failure } = verdict as Extract<Verdict, { outcome: 'failed' }>
    const attempt_id = await attempts.record(transcript, { claimed })
    // Null only where no right was claimed, as it was for every test.
    if (attempt_id !== null && purposeOf(transcript) === 'test') {
      await failTest(context, connections, relying_party, failure, attempt_id)
      if (!prefersJson(request)) return reply.redirect(addressesOf(context, organization_id).settings_url, 303)
    }
    const known = { organization_id, ...(attempt_id !== null && { attempt_id }) }
    const told = { ...known, login_url: loginUrl(organization_id, return_to) }
    return sendFailure(request, reply, failure, told, { person: nameOf(personOf(transcript)) })
  }

  /**
   * A response that never reaches the machine. One that this browser has used already, or that never was its own, may be
   * the back button, a reload or a second click: whoever is signed in goes where the login led (who tested: to the page
   * that shows the result), nothing is exchanged, and nothing recorded.
   */
  async function refuseResponse(
    request: OrganizationRequest,
    reply: FastifyReply,
    connection: Connection,
    code: FailureCode,
    { circumstances, flow }: Brought,
  ): Promise<FastifyReply> {
    const { organization_id } = connection
    const { member_url, redirect_uri, settings_url } = addressesOf(context, organization_id)
    if (code === 'flow_not_found' || code === 'flow_already_used') {
      if (flow?.purpose === 'test' || (await sessions.current(request, connection)) !== undefined) {
        return reply.redirect(flow === undefined ? member_url : context.base_url + flow.return_to, 303)
      }
      // With a post from the provider's page browsers send no session cookie; with the request that this leads to they do.
      if (request.method === 'POST' && isCrossSite(request, context.base_url) && !prefersJson(request)) {
        const state = (request.body as URLSearchParams).get('state')!
        return reply.redirect(`${redirect_uri}?state=${encodeURIComponent(state)}`, 303)
      }
    }
    // What the organization has set is part of the story; where nothing is set there is none to tell.
    const revision = connection.live ?? connection.candidate
    const rp = revision && relyingPartyOf(connection, revision, { redirect_uri }, tolerances)
    const attempt_id =
      rp && (await attempts.record(transcriptOfRefusal(rp, circumstances, { code }), { claimed: false }))
    // Who tested goes back to the page, where the attempt stands; there is nothing to sign in to.
    if (flow?.purpose === 'test' && flow.organization_id === organization_id && !prefersJson(request)) {
      return reply.redirect(settings_url, 303)
    }
    const return_to = flow?.organization_id === organization_id ? flow.return_to : undefined
    // Where nothing is enabled only a test can have been under way, and an administrator's browser may come from one.
    const mayTest =
      connection.live === null || readCookie(request, cookieName('rp_admin', context.secure)) !== undefined
    return sendFailure(
      request,
      reply,
      { code },
      {
        organization_id,
        ...(attempt_id !== null && { attempt_id }),
        ...(connection.live !== null && { login_url: loginUrl(organization_id, return_to) }),
      },
      { settings_url: mayTest ? settings_url : null },
    )
  }

  async function admit(
    request: OrganizationRequest,
    reply: FastifyReply,
    login: AuthenticatedLogin,
    connection: Connection,
    { started_at }: AwaitingAuthorizationResponse,
    rp: RelyingParty,
  ): Promise<FastifyReply> {
    const session = await sessions.make(login, connection, started_at, rp.provider_metadata?.value)
    // A product that refuses the person, by throwing or by answering itself, leaves no session behind.
    await context.onAuthenticated?.(login, session, reply)
    if (reply.sent) return reply
    await sessions.begin(request, reply, session)
    return reply.redirect(context.base_url + login.return_to, 303)
  }

  /** Read anew: disabling or deleting while the person was at the provider means that no session begins. */
  async function servingConnection(login: AuthenticatedLogin): Promise<Connection | undefined> {
    const connection = (await connections.load(login.organization_id))?.connection
    const same = connection?.live?.revision === login.revision && connection.connection_id === login.connection_id
    return same ? connection : undefined
  }

  // ── shared ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The provider now takes the second secret: it becomes the first. Failing to write that down spoils no login. */
  async function promoteStagedSecret(
    { organization_id, connection_id, revision }: RelyingParty,
    used: Revision | LiveRevision,
    attempt_id: string,
  ) {
    // The secret that this login was made with: another one that was staged meanwhile has proved nothing.
    const proved = 'staged_client_secret' in used ? used.staged_client_secret?.secret_id : undefined
    try {
      await connections.apply(organization_id, (connection) => ({
        type: 'promote_staged_secret',
        at: now(),
        by: 'login',
        revision,
        secret_id: (connection.connection_id === connection_id && proved) || '',
        attempt_id,
      }))
    } catch (error) {
      context.log.error({ organization_id, err: error }, 'the staged client secret could not be promoted')
    }
  }

  async function organization(
    request: OrganizationRequest,
    reply: FastifyReply,
  ): Promise<VersionedConnection | undefined> {
    const { id } = request.params
    const found = await connections.load(id)
    if (found === undefined) sendFailure(request, reply, { code: 'organization_not_found' })
    return found
  }

  /** Refuses to start: nothing has happened that could be recorded. */
  function refuse(
    request: OrganizationRequest,
    reply: FastifyReply,
    { organization_id }: Connection,
    code: FailureCode,
  ): FastifyReply {
    return sendFailure(request, reply, { code }, { organization_id })
  }

  function loginUrl(organization_id: string, return_to?: string): string {
    const { login_url } = addressesOf(context, organization_id)
    return return_to === undefined ? login_url : `${login_url}?return_to=${encodeURIComponent(return_to)}`
  }
}

/** What people know somebody by. */
function nameOf(person: ReturnType<typeof personOf>): string | null {
  const { sub } = person?.claims ?? {}
  return person?.access.email ?? (typeof sub === 'string' ? sub : null)
}

/** The query as it came, duplicates included. */
function parametersOf({ url }: FastifyRequest): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1))
}

const text = { type: 'string' } as const
const id = { type: 'object', properties: { id: { ...text, description: 'organization' } } } as const
const tags = ['Members']
const schemas = {
  login: {
    tags,
    summary: 'Starts a login: 302 to the provider.',
    params: id,
    querystring: { type: 'object', properties: { return_to: text, login_hint: text, prompt: text } },
  },
  initiate: {
    tags,
    summary: 'Third-party-initiated login (OpenID Connect Core 1.0, section 4).',
    params: id,
    querystring: { type: 'object', properties: { iss: text, login_hint: text, target_link_uri: text } },
  },
  test: {
    tags: ['Administration'],
    summary: 'Opens a one-time test link: 302 to the provider.',
    params: id,
    querystring: { type: 'object', properties: { ticket: text } },
  },
  consume: {
    tags,
    summary: 'The Redirection URI. 303 with a session for a login, 303 to the settings page for a test.',
    params: id,
  },
} as const
