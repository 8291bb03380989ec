/** The runnable server: the plugin with storage, outbound client, documentation and logging from a configuration. */
import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { createServer } from 'node:net'
import { pino } from 'pino'
import { loadOrCreateDevelopmentSecrets, type CompleteConfig, type Config } from './config.ts'
import { defaultHttpLimits, limitedServer, type HttpLimits } from './http-limits.ts'
import { allowsHttp, createOutbound } from './outbound/index.ts'
import { createMetrics, registerObservability } from './observability.ts'
import { relyingParty, securityHeaders } from './plugin.ts'
import { sendFailure, sendPage, sendProblem } from './problems.ts'
import { openStore } from './storage/open.ts'
import { renderWelcomePage } from './views/welcome-page.ts'

export interface RunningServer {
  readonly app: FastifyInstance
  /** What browsers call it. */
  readonly base_url: string
  readonly config: CompleteConfig
  /** Answers what is under way, then stops. */
  close(): Promise<void>
}

/** Starts the server; rejects when it cannot listen or its store cannot be opened. */
export async function startServer(given: Config, http_limits: Partial<HttpLimits> = {}): Promise<RunningServer> {
  const config = loadOrCreateDevelopmentSecrets(given)
  const limits = { ...defaultHttpLimits, ...http_limits }
  const now = () => Date.now() / 1000
  const store = await openStore(config.store_url, { now })
  const session_store =
    config.session_store_url === config.store_url ? store : await openStore(config.session_store_url, { now })
  const port = config.port === 0 ? await freePort(config.host) : config.port
  const base_url = config.base_url ?? `http://localhost:${port}`

  const headers = securityHeaders(base_url.startsWith('https:'))
  const log = pino({ level: config.log_level })
  // Without a logger of Fastify's own: it would listen to every response, which costs a login more than its attempt does.
  const app: FastifyInstance = fastify({
    trustProxy: trustOf(config.trust_proxy),
    forceCloseConnections: 'idle',
    ...limitedServer(limits, headers),
    // What the router cannot even read.
    frameworkErrors: (_error, _request, reply) => {
      sendProblem((reply as unknown as FastifyReply).headers(headers), 'request_malformed')
    },
  })
  app.server.maxConnections = limits.connections
  app.addHook('onRequest', (_request, reply, next) => {
    void reply.headers(headers)
    next()
  })

  // What is under way is answered, and takes its connection with it: kept alive, it would hold up the stop for a minute.
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) void reply.header('connection', 'close')
    done()
  })

  const outbound = createOutbound({
    allow: config.outbound_allow,
    report: (report) => log.warn(report, 'a request to a provider failed'),
  })

  await app.register(fastifySwagger, {
    openapi: {
      info: { title: 'Relying Party', description: 'Single sign-on per organization.', version: '1' },
      components: { securitySchemes: { admin_token: { type: 'http', scheme: 'bearer' } } },
    },
  })
  await app.register(fastifySwaggerUi, { routePrefix: '/docs', staticCSP: true })
  const stores = [...new Set([store, session_store])]
  const metrics = createMetrics()
  await app.register(relyingParty, {
    base_url,
    store,
    session_store,
    outbound,
    secret_keys: config.secret_keys,
    admin_token: config.admin_token,
    rate_limits: config.rate_limits,
    allowsHttp: (url) => allowsHttp(url, config.outbound_allow),
    count: metrics.count,
    log,
  })
  registerObservability(app, stores, metrics.registry, log)
  app.get('/openapi.json', { schema: { tags: ['Operation'], summary: 'This document.' } }, (_, reply) =>
    reply.send(app.swagger()),
  )
  app.get('/', { schema: { hide: true } }, (_, reply) => sendPage(reply, renderWelcomePage()))
  app.setNotFoundHandler((request, reply) =>
    request.headers.accept?.includes('text/html')
      ? sendFailure(request, reply, { code: 'route_not_found' })
      : sendProblem(reply, 'route_not_found'),
  )

  app.addHook('onClose', async () => {
    await outbound.close()
    await Promise.all(stores.map((opened) => opened.close()))
  })
  await app.listen({ port, host: config.host })
  log.info({ base_url, host: config.host, port }, 'listening')
  return { app, base_url, config, close: () => app.close() }
}

/** The plugin has to know its own address before it listens. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, host, () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

/** Whose X-Forwarded-For counts for the client's address; nothing else of a request is ever taken from forwarded headers. */
function trustOf(trust_proxy: Config['trust_proxy']) {
  if (typeof trust_proxy === 'number') return (_address: string, hop: number) => hop < trust_proxy
  return trust_proxy === false ? false : [...trust_proxy]
}
