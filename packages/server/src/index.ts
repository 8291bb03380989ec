/** Single sign-on per organization, ready-made: the Fastify plugin, what it needs, and the runnable server. */
export { relyingParty } from './plugin.ts'
export type { Admin, RelyingPartyOptions } from './context.ts'
export type { Session } from './sessions.ts'
export { openStore } from './storage/open.ts'
export {
  allowsHttp,
  createOutbound,
  parseOutboundAllow,
  type Outbound,
  type OutboundOptions,
  type OutboundRule,
} from './outbound/index.ts'
export { defaultRateLimits, type RateLimits } from './rate-limits.ts'
export { ConfigError, readConfig, type Config } from './config.ts'
export { startServer, type RunningServer } from './start.ts'
