/**
 * How often somebody may ask: per client address, and per organization, so that neither one visitor nor all who are after
 * one tenant take the server away from the others.
 *
 * Counted by each instance for itself, in memory: a limit protects what an instance has to give, needs no round trip to a
 * store for a request that is to be refused, and holds while the store is down. Of n instances an address may so ask for n
 * times as much.
 *
 * Rule: the address is asked first. Whom it refuses takes nothing from the organization's share: one visitor alone cannot
 * keep the members of an organization from signing in.
 */
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import ipaddr from 'ipaddr.js'
import type { Context } from './context.ts'

/** Requests per minute, which may all come at once; Infinity is no limit. */
export interface RateLimits {
  /** Sign-ins that are started, also by a test link: of an address, which may be the one of a whole office. */
  readonly login_per_address: number
  readonly login_per_organization: number
  /** Responses of a provider that a browser brings back. */
  readonly callback_per_address: number
  readonly callback_per_organization: number
  /** Logout tokens; the address is the provider's, which may serve many organizations. */
  readonly logout_token_per_address: number
  readonly logout_token_per_organization: number
  /** The admin API and the settings page. */
  readonly admin_per_address: number
  readonly admin_per_organization: number
  /** Tries to sign in with the admin token. */
  readonly admin_sign_in_per_address: number
}

export const defaultRateLimits: RateLimits = {
  login_per_address: 300,
  login_per_organization: 6000,
  callback_per_address: 300,
  callback_per_organization: 6000,
  logout_token_per_address: 1200,
  logout_token_per_organization: 1200,
  admin_per_address: 600,
  admin_per_organization: 1200,
  admin_sign_in_per_address: 10,
}

type Limit = keyof RateLimits
/** What is limited together. */
type Kind = 'login' | 'callback' | 'logout_token' | 'admin' | 'admin_sign_in'

/** A request that came too often. */
export class RateLimited extends Error {
  /** Seconds until the next one is answered. */
  readonly retry_after: number

  constructor(retry_after: number) {
    super('too many requests')
    this.name = 'RateLimited'
    this.retry_after = retry_after
  }
}

/** Limits every route that is registered on this scope from here on; call it before them. */
export function limitRates(scope: FastifyInstance, context: Context, given: Partial<RateLimits> | false = {}): void {
  if (given === false) return
  const limits: RateLimits = { ...defaultRateLimits, ...given }
  const warned = new Map<Limit, number>()
  const buckets = Object.fromEntries(
    Object.entries(limits).map(([limit, per_minute]) => [limit, createBuckets(per_minute)]),
  ) as Record<Limit, Buckets>

  scope.addHook('onRoute', (route) => {
    const kind = kindOf(route)
    if (kind === null) return
    route.onRequest = [route.onRequest ?? []].flat()
    route.onRequest.push((request, _reply, done) => {
      const { id } = request.params as { id?: string }
      const refused =
        take(request, `${kind}_per_address`, networkOf(request.ip)) ??
        (kind === 'admin_sign_in' || id === undefined ? undefined : take(request, `${kind}_per_organization`, id))
      done(refused)
    })
  })

  function take(request: FastifyRequest, limit: Limit, key: string): RateLimited | undefined {
    const now = context.now()
    const wait = buckets[limit].take(key, now)
    if (wait === 0) return undefined
    context.count('rate_limited', { limit })
    // Said once a minute: a flood of requests must not become a flood of lines.
    if (Math.abs(now - (warned.get(limit) ?? -Infinity)) >= period) {
      warned.set(limit, now)
      const behind_proxy =
        request.headers['x-forwarded-for'] !== undefined && request.ip === request.socket.remoteAddress
      context.log.warn(
        { limit, per_minute: limits[limit], refused: key },
        behind_proxy
          ? 'requests are refused; the address is that of a proxy: TRUST_PROXY would tell its clients apart'
          : 'requests are refused, there are too many of them',
      )
    }
    return new RateLimited(Math.ceil(wait))
  }
}

/**
 * What a route counts as; null where nothing is limited: what operators watch, pages and files that cost nothing, and what
 * products ask on behalf of members, which all comes from the product's own address and is worth no more than the session
 * that it shows.
 */
export function kindOf({ method, url }: Pick<RouteOptions, 'method' | 'url'>): Kind | null {
  if (url === '/admin/sign-in') return method === 'POST' ? 'admin_sign_in' : null
  if (url.startsWith('/api/') || url.includes('/settings/') || url === '/admin') return 'admin'
  if (/\/oidc\/(login|initiate|test)$/.test(url)) return 'login'
  if (url.endsWith('/oidc/consume')) return 'callback'
  return url.endsWith('/oidc/backchannel-logout') ? 'logout_token' : null
}

/** Seconds in which a bucket fills up. */
const period = 60
/** More are not remembered, per limit: whoever was not seen for longest is forgotten, and begins anew. */
const maximumBuckets = 10_000

export interface Buckets {
  /** 0 when the request is granted, or the seconds after which the next one will be. */
  take(key: string, now: number): number
  readonly size: number
}

/**
 * A bucket per key, full in the beginning. Of each only the time is kept at which it is full again: from then on it is as
 * if it had never been used, and is forgotten.
 */
export function createBuckets(per_minute: number, maximum = maximumBuckets): Buckets {
  const each = period / per_minute
  /** The one used last is the last, and so is nearly in the order of these times. */
  const full_at = new Map<string, number>()

  /** No bucket takes longer to fill: the clock was set back, and nobody must be locked out for it. */
  const isFromAnotherClock = (time: number, now: number) => time > now + period + 1

  function forget(now: number): void {
    for (const [key, time] of full_at) {
      if (time > now && !isFromAnotherClock(time, now) && full_at.size < maximum) return
      full_at.delete(key)
    }
  }

  return {
    take(key, now) {
      if (per_minute === Infinity) return 0
      const known = full_at.get(key)
      const used_until = known === undefined || known <= now || isFromAnotherClock(known, now) ? now : known
      const wait = used_until + each - (now + period)
      // What is left over by rounding is no reason to wait.
      if (wait > 1e-6) return wait
      if (known === undefined) forget(now)
      else full_at.delete(key)
      full_at.set(key, used_until + each)
      return 0
    },
    get size() {
      return full_at.size
    },
  }
}

/** Whoever has an IPv6 address has at least 2⁶⁴ of them: they count as one. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  if (!ipaddr.IPv6.isValid(address)) return address
  const parsed = ipaddr.IPv6.parse(address)
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString()
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}

/** The limits that a text such as `login_per_address=600,callback_per_address=off` states, or what is wrong with it. */
export function parseRateLimits(
  text: string,
): { readonly value: Partial<RateLimits> | false } | { readonly problem: string } {
  if (text === 'off') return { value: false }
  const value: Partial<Record<Limit, number>> = {}
  for (const entry of text.split(',').map((part) => part.trim())) {
    const [, name = '', number = ''] = /^([a-z_]+)=([1-9][0-9]{0,8}|off)$/.exec(entry) ?? []
    if (!Object.hasOwn(defaultRateLimits, name))
      return { problem: `has an entry that is no limit: ${JSON.stringify(entry)}` }
    if (Object.hasOwn(value, name)) return { problem: `has ${name} twice` }
    value[name as Limit] = number === 'off' ? Infinity : Number(number)
  }
  return { value }
}
