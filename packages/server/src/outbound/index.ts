/** The one guarded HTTP client for every URL that a tenant or a provider supplies: its door. */

export { createOutbound, type Outbound, type OutboundOptions } from './outbound.ts'
export { allowsHttp, mayCall, parseOutboundAllow, type OutboundRule } from './rules.ts'
