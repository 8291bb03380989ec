/** The runnable server: the plugin with storage, outbound client, documentation and logging from a configuration. */
import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { pino, type Logger } from 'pino'
import { loadOrCreateDevelopmentSecrets, type CompleteConfig, type Config } from './config.ts'
import { freePort } from './free-port.ts'
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

/**
 * After so long a stop is given up. Longer than a request may be under way: five to a provider, each of which may take its
 * ten seconds (metadata, token, once more with a staged secret, keys, UserInfo), and what stores take between them.
 */
export const longest_stop_ms = 70_000

/** Starts the server; rejects when it cannot listen or its store cannot be opened, and then leaves nothing open. */
export async function startServer(given: Config, http_limits: Partial<HttpLimits> = {}): Promise<RunningServer> {
  const config = loadOrCreateDevelopmentSecrets(given)
  const { host } = config
  // The plugin has to know its own address before it listens.
  const port = config.port === 0 ? await freePort(host) : config.port
  const base_url = config.base_url ?? `http://localhost:${port}`
  const log = pino({ level: config.log_level })
  const app = emptyServer(config, base_url, http_limits)
  try {
    await furnish(app, config, base_url, log)
    await app.listen({ port, host })
  } catch (error) {
    await app.close()
    throw error
  }
  if (config.production && config.base_url === null)
    log.warn({ base_url }, 'BASE_URL is not set: no other machine can sign in')
  log.info({ base_url, host, port }, 'listening')
  return { app, base_url, config, close: () => app.close() }
}

/** A server that answers nothing yet: how it listens, stops and counts hops, and what every answer carries. */
function emptyServer(
  { trust_proxy }: CompleteConfig,
  base_url: string,
  http_limits: Partial<HttpLimits>,
): FastifyInstance {
  const limits = { ...defaultHttpLimits, ...http_limits }
  const headers = securityHeaders(base_url.startsWith('https:'))
  // Without a logger of Fastify's own: it would listen to every response, which costs a login more than its attempt does.
  const app: FastifyInstance = fastify({
    trustProxy: trustOf(trust_proxy),
    forceCloseConnections: 'idle',
    // A proxy may have sent a request just before it heard of the stop: no member reads of that.
    return503OnClosing: false,
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
  return app
}

/** Opens what the plugin needs, each to be closed with the server, and registers all routes. */
async function furnish(app: FastifyInstance, config: CompleteConfig, base_url: string, log: Logger): Promise<void> {
  const now = () => Date.now() / 1000
  const open = async (url: string) => {
    const store = await openStore(url, { now })
    app.addHook('onClose', () => store.close())
    return store
  }
  const store = await open(config.store_url)
  const session_store = config.session_store_url === config.store_url ? store : await open(config.session_store_url)
  const outbound = createOutbound({
    allow: config.outbound_allow,
    report: (report) => log.warn(report, 'a request to a provider failed'),
  })
  // The last hook runs first: what is under way at a provider ends before the stores are closed.
  app.addHook('onClose', () => outbound.close())

  await app.register(fastifySwagger, {
    openapi: {
      info: { title: 'Relying Party', description: 'Single sign-on per organization.', version: '1' },
      components: { securitySchemes: { admin_token: { type: 'http', scheme: 'bearer' } } },
    },
  })
  await app.register(fastifySwaggerUi, { routePrefix: '/docs' })
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
  registerObservability(app, stores, metrics.registry, log, now)
  app.get('/openapi.json', { schema: { tags: ['Operation'], summary: 'This document.' } }, (_, reply) =>
    reply.send(app.swagger()),
  )
  app.get('/', { schema: { hide: true } }, (_, reply) => sendPage(reply, renderWelcomePage()))
  app.setNotFoundHandler((request, reply) =>
    request.headers.accept?.includes('text/html')
      ? sendFailure(request, reply, { code: 'route_not_found' })
      : sendProblem(reply, 'route_not_found'),
  )
}

/**
 * Whose forwarded headers Fastify believes: X-Forwarded-For for the client's address, which the limits count by, and
 * X-Forwarded-Host for the host of a request. What is said of our own address is shown (called-as.ts) and explained
 * (circumstances.ts), never used: that is `base_url`.
 */
function trustOf(trust_proxy: Config['trust_proxy']) {
  if (typeof trust_proxy === 'number') return (_address: string, hop: number) => hop < trust_proxy
  return trust_proxy === false ? false : [...trust_proxy]
}
