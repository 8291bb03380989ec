/**
 * The guarded client: judges where a URL leads, then sends the request over a kept connection to a checked address.
 *
 * Rule: redirects are answers, never followed. Certificates are always verified. HTTP_PROXY and its kin are ignored:
 * behind a proxy the checked address would not be the one connected to.
 */

import { Pool } from 'undici'
import type { HttpOutcome, HttpRequest, Message, RequestFailure } from '@relying-party/core'
import { createBulkhead, createLane, createShare, type Lane, type Share } from './bulkhead.ts'
import { Exchange } from './exchange.ts'
import { default_limits, type OutboundLimits } from './limits.ts'
import { checkedLookup, lookupInDns, lookupInSystem, type Lookup } from './lookup.ts'
import { allowsAddress, judge, type OutboundRule } from './rules.ts'

export interface OutboundOptions {
  /** What the operator opened, from `parseOutboundAllow`. */
  readonly allow: readonly OutboundRule[]
  readonly limits?: Partial<OutboundLimits>
  /** Resolves every name; by default the name servers do, and the operating system for names that the operator opened. */
  readonly lookup?: Lookup
  /** Told of every failure and its reason, for the operator's log. */
  readonly report?: (report: OutboundReport) => void
}

/** A failure with what tenants must not see: it tells which addresses and ports answer. */
interface OutboundReport {
  readonly message: Message
  readonly origin: string
  readonly failure: RequestFailure
  readonly reason: string
}

export interface Outbound {
  /**
   * Sends the request once, without retries. Never rejects: the peer's misconduct is a failure.
   * @param on_behalf_of whose request it is: each has connections and a queue of its own per host, also where several have
   *   their provider at one host, and slots of its own over all hosts: nobody waits for what another one asked for
   */
  request(request: HttpRequest, on_behalf_of?: string): Promise<HttpOutcome>
  /** Lets what is under way end (the deadline bounds it), closes all connections, and refuses what comes after. */
  close(): Promise<void>
}

/** The one HTTP client for URLs that a tenant or a provider supplies. */
export function createOutbound({ allow, limits: given, lookup, report }: OutboundOptions): Outbound {
  const limits = { ...default_limits, ...given }
  const bulkhead = createBulkhead(limits)
  /** By whose they are and where they lead; the one used last is the last. */
  const origins = new Map<string, Origin>()
  let closed = false

  function request(request: HttpRequest, on_behalf_of = ''): Promise<HttpOutcome> {
    const url = URL.parse(request.url)
    const origin = url === null ? undefined : originOf(url, on_behalf_of)
    return new Promise((resolve) => {
      const settle = (outcome: HttpOutcome, reason: string) => {
        if ('failure' in outcome) {
          report?.({ message: request.message, origin: url?.origin ?? 'null', failure: outcome.failure, reason })
        }
        resolve(outcome)
      }
      if (closed) settle({ failure: 'unreachable' }, 'this client is closed')
      else if (url === null || origin === undefined)
        settle({ failure: 'blocked' }, 'the URL leads to a place not allowed')
      else send(request, url, origin, settle)
    })
  }

  function send(
    request: HttpRequest,
    url: URL,
    { lane, pool }: Origin,
    settle: (outcome: HttpOutcome, reason: string) => void,
  ): void {
    const exchange = new Exchange(limits.body_bytes[request.message], {
      settled(outcome, reason) {
        clearTimeout(deadline)
        settle(outcome, reason)
      },
      ended: () => bulkhead.leave(lane),
    })
    const job = {
      start: () =>
        pool.dispatch(
          {
            path: url.pathname + url.search,
            method: request.method,
            headers: { ...default_headers, ...request.headers, ...fixed_headers },
            body: request.body ?? null,
          },
          exchange,
        ),
    }
    const deadline = setTimeout(() => {
      bulkhead.withdraw(lane, job)
      exchange.fail('timed_out', 'no complete response before the deadline')
    }, limits.deadline_ms)
    if (!bulkhead.enter(lane, job)) exchange.fail('timed_out', 'too many requests already wait for this provider')
  }

  /** The connections to where the URL leads, or undefined if it may not be requested. */
  function originOf(url: URL, on_behalf_of: string): Origin | undefined {
    if (url.username !== '' || url.password !== '') return undefined
    const key = `${on_behalf_of} ${url.origin}`
    const known = origins.get(key)
    if (known !== undefined) {
      origins.delete(key)
      origins.set(key, known)
      return known
    }
    const verdict = judge(url, allow)
    if (verdict === 'blocked') return undefined
    const checked =
      verdict === 'open'
        ? checkedLookup(lookup ?? lookupInSystem, () => true)
        : checkedLookup(lookup ?? ((name) => lookupInDns(name)), (address) => allowsAddress(address, allow))
    const lane = createLane(shareOf(on_behalf_of))
    const origin = { on_behalf_of, lane, pool: createPool(url.origin, limits, checked) }
    if (origins.size >= limits.origins) evictIdle()
    origins.set(key, origin)
    return origin
  }

  /** What the lanes of one connection have in common. A connection whose origins are all forgotten has nothing under way. */
  function shareOf(on_behalf_of: string): Share {
    const sibling = [...origins.values()].find((origin) => origin.on_behalf_of === on_behalf_of)
    return sibling?.lane.share ?? createShare()
  }

  function evictIdle(): void {
    for (const [key, { lane, pool }] of origins) {
      if (lane.active > 0 || lane.waiting.size > 0) continue
      origins.delete(key)
      void pool.close()
      return
    }
  }

  return {
    request,
    async close() {
      closed = true
      await Promise.all([...origins.values()].map(({ pool }) => pool.close()))
      origins.clear()
    },
  }
}

interface Origin {
  readonly on_behalf_of: string
  readonly lane: Lane
  readonly pool: Pool
}

function createPool(origin: string, limits: OutboundLimits, lookup: ReturnType<typeof checkedLookup>): Pool {
  return new Pool(origin, {
    connections: limits.per_origin,
    maxHeaderSize: limits.header_bytes,
    allowH2: false,
    // The deadline covers both, also a peer that keeps sending a byte at a time.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveMaxTimeout: 60_000,
    // Now and then a new connection, and so a new lookup: a busy one would never notice that the name has moved.
    clientTtl: 300_000,
    connect: {
      lookup,
      timeout: limits.deadline_ms,
      // Stated, because NODE_TLS_REJECT_UNAUTHORIZED=0 would change the default. Nothing sets it to false.
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: 1_000,
    },
  })
}

const default_headers = { 'user-agent': 'relying-party' }

/** `host` always comes from the URL, and with it the name that the certificate is checked for. */
const fixed_headers = { 'accept-encoding': 'identity', host: undefined }
