/**
 * The relying party as a Fastify plugin: routes for members, browsers and administrators over the core's two machines.
 *
 * Rule: no protocol logic in this package. A handler that needs an `if` about OpenID Connect shows that the core lacks a state.
 */
import { StoreUnavailable } from '@relying-party/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { watchFlows } from './abandoned.ts'
import { createAdministration, registerAdminSignIn } from './admin.ts'
import { registerApi } from './api.ts'
import { createAudit } from './audit.ts'
import { createAttempts } from './attempts.ts'
import { createCommands } from './commands.ts'
import { createConnections } from './connections.ts'
import { contextOf, type Context, type RelyingPartyOptions } from './context.ts'
import { createKnowledgeBase } from './knowledge.ts'
import { createHistories } from './histories.ts'
import { registerLogout } from './logout.ts'
import { registerMembers } from './members.ts'
import { sendFailure, sendProblem, type RequestProblem } from './problems.ts'
import { limitRates, RateLimited } from './rate-limits.ts'
import { registerRecordsApi } from './records-api.ts'
import { registerRefresh } from './refresh.ts'
import { createSessions } from './sessions.ts'
import { registerSettings } from './settings.ts'
import { registerSettingsRecords } from './settings-records.ts'
import { registerSignIn } from './sign-in.ts'
import { kept_after_expiry } from './storage/envelope.ts'
import { script, stylesheet } from './views/index.ts'

const sweepInterval = 300
const sweepLimit = 5000

/** A form of 64 KiB holds every authorization response and every form of the settings page. */
const bodyLimit = 65_536

/** Registers the routes of members, browsers, providers and administrators; see {@link RelyingPartyOptions} for what it needs. */
export const relyingParty = fastifyPlugin<RelyingPartyOptions>(
  async (app, options) => {
    const context = await contextOf(options, options.log ?? app.log)
    const knowledge = createKnowledgeBase(context)
    const audit = createAudit(context)
    const connections = createConnections(context, knowledge, audit)
    const attempts = createAttempts(context)
    const sessions = createSessions(context)
    const outstanding = watchFlows({ context, connections, knowledge, attempts })
    const parts = { context, connections, knowledge, attempts, sessions, outstanding }
    const administration = createAdministration(context, options)
    const commands = createCommands(context, connections)
    const histories = createHistories({ attempts, audit }, administration)

    // In a scope of its own, so that a product that embeds it keeps its parsers, hooks and error pages.
    const inScope = async (scope: FastifyInstance) => {
      speakPlainly(scope, context)
      limitRates(scope, context, options.rate_limits)
      registerSignIn(scope, parts)
      registerMembers(scope, parts)
      registerLogout(scope, parts)
      registerRefresh(scope, parts)
      registerApi(scope, parts, administration, commands)
      registerRecordsApi(scope, parts, administration, histories)
      registerSettings(scope, parts, administration, commands, histories)
      registerSettingsRecords(scope, parts, administration, histories)
      if (options.authorizeAdmin === undefined) registerAdminSignIn(scope, context, connections, administration)
      for (const { path, content_type, body } of [stylesheet, script]) {
        scope.get(path, { schema: { hide: true } }, (_, reply) =>
          reply.type(content_type).header('cache-control', 'public, max-age=31536000, immutable').send(body),
        )
      }
    }
    // Whatever the product logs of its requests: never our queries, which hold codes and states.
    await app.register(inScope, { logSerializers: { req: requestFacts } })

    const { schedule = onTimer } = options
    const stop = schedule(sweepInterval, async () => {
      await outstanding.sweep()
      await sweep(context)
    })
    app.addHook('onClose', () => stop())
  },
  { name: '@relying-party/server', fastify: '5.x' },
)

/** @see {@link RelyingPartyOptions.schedule} */
function onTimer(seconds: number, task: () => Promise<void>): () => void {
  const timer = setInterval(() => void task(), seconds * 1000)
  timer.unref()
  return () => clearInterval(timer)
}

/** What every answer carries. */
export function securityHeaders(secure: boolean): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    // Not `no-referrer`: browsers would then post our own forms with `Origin: null`.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    ...(secure && { 'strict-transport-security': 'max-age=31536000' }),
  }
}

/** How requests are read and answers are given, errors included. */
function speakPlainly(scope: FastifyInstance, context: Context): void {
  const headers = securityHeaders(context.secure)
  scope.addHook('onRequest', (_request, reply, next) => {
    // The runnable server has set them already, for every answer of its own.
    if (!reply.hasHeader('content-security-policy')) void reply.headers(headers)
    next()
  })

  // Schemas document the routes; what is right is decided by the core, with better words.
  scope.setValidatorCompiler(() => (value) => ({ value }))
  scope.setSerializerCompiler(() => (value) => JSON.stringify(value))

  // A request that says JSON and sends nothing has no body: many clients say so with every request.
  const parseJson = scope.getDefaultJsonParser('error', 'error')
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else void parseJson(request, body as string, done)
  })

  // One way to read forms: as they came, duplicates included.
  scope.removeContentTypeParser('application/x-www-form-urlencoded')
  scope.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit },
    (_request, body, done) => {
      done(null, new URLSearchParams(body as string))
    },
  )

  scope.setErrorHandler((error: Error & { statusCode?: number }, request: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof StoreUnavailable) {
      context.log.error({ err: error, route: request.routeOptions.url }, 'the store is unavailable')
      return answer(request, reply.header('retry-after', '5'), 'store_unavailable')
    }
    if (error instanceof RateLimited)
      return answer(request, reply.header('retry-after', String(error.retry_after)), 'rate_limited')
    const status = error.statusCode ?? 500
    if (status < 500) return answer(request, reply, malformed[status] ?? 'request_malformed')
    context.log.error({ err: error, route: request.routeOptions.url }, 'a request failed')
    return answer(request, reply, 'internal_error')
  })

  /** Pages are for the routes that browsers walk; programs get problem details whatever they accept. */
  function answer(request: FastifyRequest, reply: FastifyReply, code: RequestProblem): FastifyReply {
    if (request.routeOptions.url?.endsWith('/backchannel-logout')) return sendProblem(reply, code, {}, 400)
    const forPeople =
      /\/(oidc\/(login|initiate|test|consume|logout|logged-out)|settings\/sso\b.*)$|^\/organizations\/:id$|^\/admin\b/
    return forPeople.test(request.routeOptions.url ?? '') && !request.routeOptions.url!.startsWith('/api/')
      ? sendFailure(request, reply, { code })
      : sendProblem(reply, code)
  }
}

const malformed: Partial<Record<number, RequestProblem>> = { 413: 'request_too_large', 415: 'media_type_not_supported' }

/** A request in a log: never its query, which may hold codes, nor its headers, which hold cookies. */
function requestFacts({ method, url }: { method: string; url: string }): string {
  return `${method} ${url.split('?')[0]}`
}

async function sweep({ store, session_store, now, log }: Context): Promise<void> {
  try {
    for (const swept of new Set([store, session_store])) {
      while ((await swept.sweep(now() - kept_after_expiry, sweepLimit)) === sweepLimit);
    }
  } catch (error) {
    log.error({ err: error }, 'expired records could not be removed')
  }
}
