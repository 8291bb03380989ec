/** The one guarded HTTP client for every URL that a tenant or a provider supplies: its door. */

export { createOutbound, type Outbound, type OutboundOptions, type OutboundReport } from './outbound.ts'
export { allowsHttp, parseOutboundAllow, type OutboundRule } from './rules.ts'
export { default_limits, type OutboundLimits } from './limits.ts'
export { type Lookup } from './lookup.ts'
