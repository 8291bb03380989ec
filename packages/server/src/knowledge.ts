/**
 * What is known of providers: metadata and keys per revision of a connection, in memory, bounded; a document that a
 * hundred logins ask for at once is fetched once.
 */
import type { HttpOutcome, HttpRequest, JwkSet, Known, ProviderMetadata, RelyingParty } from '@relying-party/core'
import type { Outbound } from './outbound/index.ts'

const maximumConnections = 5000

interface Knowledge {
  readonly provider_metadata?: Known<ProviderMetadata>
  readonly jwks?: Known<JwkSet>
}

export type KnowledgeBase = ReturnType<typeof createKnowledgeBase>

export function createKnowledgeBase(outbound: Outbound) {
  const known = new Map<string, Knowledge>()
  const underWay = new Map<string, Promise<HttpOutcome>>()

  // Per revision, never per issuer string: what one tenant's provider says is no news about another's.
  const keyOf = ({ connection_id, revision }: RelyingParty) => `${connection_id}.${revision}`

  return {
    /** The relying party with everything that has been learnt about its provider. */
    recall(rp: RelyingParty): RelyingParty {
      return { ...rp, ...known.get(keyOf(rp)) }
    },
    remember(rp: RelyingParty, what: Knowledge): void {
      const key = keyOf(rp)
      const learnt = { ...known.get(key), ...what }
      known.delete(key)
      known.set(key, learnt)
      if (known.size > maximumConnections) known.delete(known.keys().next().value!)
    },
    /** A test asks the provider afresh. */
    forget(rp: RelyingParty): void {
      known.delete(keyOf(rp))
    },
    /** Sends the request; a document that is already being fetched for this revision is shared. */
    request(rp: RelyingParty, request: HttpRequest): Promise<HttpOutcome> {
      if (request.message !== 'provider_metadata' && request.message !== 'jwks') return outbound.request(request)
      const key = `${keyOf(rp)} ${request.url}`
      const shared = underWay.get(key) ?? outbound.request(request).finally(() => underWay.delete(key))
      underWay.set(key, shared)
      return shared
    },
  }
}
