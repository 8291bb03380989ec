/**
 * What is known of providers: metadata and keys per revision of a connection, in memory, bounded; a document that a
 * hundred logins ask for at once is fetched once.
 */
import type {
  HttpOutcome,
  HttpRequest,
  Io,
  Known,
  KnownKeys,
  ProviderMetadata,
  RelyingParty,
} from '@relying-party/core'
import { BoundedMap } from './bounded-map.ts'
import type { Context } from './context.ts'

const maximumConnections = 5000

interface Knowledge {
  readonly provider_metadata?: Known<ProviderMetadata>
  readonly jwks?: KnownKeys
}

/** A document and when its answer came, in epoch seconds. */
interface Fetched {
  readonly outcome: HttpOutcome
  readonly at: number
}

export type KnowledgeBase = ReturnType<typeof createKnowledgeBase>

export function createKnowledgeBase({ outbound, now, tolerances }: Pick<Context, 'outbound' | 'now' | 'tolerances'>) {
  const known = new BoundedMap<Knowledge>(maximumConnections)
  const fetched = new BoundedMap<Fetched>(2 * maximumConnections)
  const underWay = new Map<string, Promise<HttpOutcome>>()
  /** Put together once for each thing learnt, not for each login. */
  const recalled = new WeakMap<RelyingParty, { readonly learnt: Knowledge | undefined; readonly whole: RelyingParty }>()

  // Per revision, never per issuer string: what one tenant's provider says is no news about another's.
  const keyOf = ({ connection_id, revision }: RelyingParty) => `${connection_id}.${revision}`

  /** How long an answer, also a bad one, serves those who ask after it came: nobody makes us hammer a provider. */
  const cooldown = { provider_metadata: 5, jwks: tolerances.jwks_cooldown }

  return {
    /** The relying party with everything that has been learnt about its provider. */
    recall(rp: RelyingParty): RelyingParty {
      const learnt = known.get(keyOf(rp))
      const before = recalled.get(rp)
      if (before !== undefined && before.learnt === learnt) return before.whole
      const whole = { ...rp, ...learnt }
      recalled.set(rp, { learnt, whole })
      return whole
    },
    remember(rp: RelyingParty, what: Knowledge): void {
      known.set(keyOf(rp), { ...known.get(keyOf(rp)), ...what })
    },
    /**
     * The relying party as one that knows none of these documents, and so asks for them: a test is of what the provider
     * says today. What members live on meanwhile stays until the answer replaces it.
     */
    afresh(rp: RelyingParty, documents: readonly (keyof Knowledge)[]): RelyingParty {
      for (const message of documents) fetched.delete(`${keyOf(rp)} ${message}`)
      const kept = Object.entries(rp).filter(([member]) => !documents.includes(member as keyof Knowledge))
      return Object.fromEntries(kept) as unknown as RelyingParty
    },
    /** Sends the request; a document that was fetched since this flow looked, or is being fetched, is shared. */
    async request(rp: RelyingParty, request: HttpRequest): Promise<HttpOutcome> {
      const { message } = request
      if (message !== 'provider_metadata' && message !== 'jwks') return outbound.request(request, rp.connection_id)
      const key = `${keyOf(rp)} ${message}`
      const last = fetched.get(key)
      const seen = rp[message]?.fetched_at ?? -Infinity
      if (last !== undefined && last.at > seen && now() - last.at < cooldown[message]) return last.outcome
      const shared = underWay.get(key) ?? fetch(key, rp, request)
      underWay.set(key, shared)
      return shared
    },
  }

  async function fetch(key: string, { connection_id }: RelyingParty, request: HttpRequest): Promise<HttpOutcome> {
    try {
      const outcome = await outbound.request(request, connection_id)
      fetched.set(key, { outcome, at: now() })
      return outcome
    } finally {
      underWay.delete(key)
    }
  }
}

/** How the core's drivers reach the world for this relying party. */
export function ioFor(
  { now, crypto }: Pick<Context, 'now' | 'crypto'>,
  knowledge: KnowledgeBase,
  rp: RelyingParty,
): Io {
  return {
    now,
    crypto,
    request: (request) => knowledge.request(rp, request),
    remember: (what) => knowledge.remember(rp, what),
  }
}
