/**
 * What the operator opens with OUTBOUND_ALLOW, and what is open without it: https on port 443.
 *
 * Rule: only the operator opens anything, never a tenant. Everything here is judged on the parsed URL, so every
 * spelling of a host (127.1, 2130706433, full-width digits) has become the one that is connected to.
 */

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { isInNetwork, isPublicAddress } from './addresses.ts'

/**
 * A host as URLs spell it, on one port or (null) on any: it may be http, private, and resolve to anything.
 * A network: literal addresses in it are open like a host on any port; names that resolve into it stay https on 443.
 */
export type OutboundRule = { readonly host: string; readonly port: number | null } | { readonly cidr: string }

/** `open`: the operator named it. `public`: only if every address is public. `blocked`: not at all. */
export type Verdict = 'open' | 'public' | 'blocked'

/** The rules of comma-separated `host`, `host:port`, `[v6]:port` and `network/bits`; throws naming every bad entry. */
export function parseOutboundAllow(text: string): readonly OutboundRule[] {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const rules = entries.map(parseRule)
  const bad = entries.filter((_, index) => rules[index] === undefined)
  if (bad.length > 0) {
    const quoted = bad.map((entry) => JSON.stringify(entry.replace(/^.*@/, '…@'))).join(', ')
    throw new RangeError(`not a host, host:port, [IPv6]:port or network/bits: ${quoted}`)
  }
  return rules as readonly OutboundRule[]
}

/** Whether this is an http:// URL that the operator opened: the only case in which one may be saved or requested. */
export function allowsHttp(url: string, rules: readonly OutboundRule[]): boolean {
  const parsed = URL.parse(url)
  return parsed?.protocol === 'http:' && judge(parsed, rules) === 'open'
}

/** Whether a URL would be requested at all, as far as its text tells: its name may still lead to a forbidden address. */
export function mayCall(url: string, rules: readonly OutboundRule[]): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && judge(parsed, rules) !== 'blocked'
}

/** What may be done with a URL, as far as its text tells. */
export function judge(url: URL, rules: readonly OutboundRule[]): Verdict {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'blocked'
  const literal = literalAddress(url.hostname)
  const port = portOf(url)
  for (const rule of rules) {
    const matches =
      'host' in rule
        ? rule.host === url.hostname && (rule.port === null || rule.port === port)
        : literal !== undefined && isInNetwork(literal, rule.cidr)
    if (matches) return 'open'
  }
  if (url.protocol !== 'https:' || port !== 443) return 'blocked'
  if (literal !== undefined) return isPublicAddress(literal) ? 'public' : 'blocked'
  return local_name.test(url.hostname) ? 'blocked' : 'public'
}

/** Whether a name that the operator did not open may resolve to this address. */
export function allowsAddress(address: string, rules: readonly OutboundRule[]): boolean {
  return isPublicAddress(address) || rules.some((rule) => 'cidr' in rule && isInNetwork(address, rule.cidr))
}

function parseRule(entry: string): OutboundRule | undefined {
  // isIP before ipaddr.js, which would read 010.0.0.0/8 as octal.
  if (entry.includes('/'))
    return isIP(entry.split('/')[0]!) > 0 && ipaddr.isValidCIDR(entry) ? { cidr: entry } : undefined
  const [, name, port] = isIP(entry) === 6 ? ['', `[${entry}]`] : (host_and_port.exec(entry) ?? [])
  const host = name === undefined ? undefined : URL.parse(`https://${name}/`)?.hostname
  if (host === undefined) return undefined
  if (port === undefined) return { host, port: null }
  return Number(port) >= 1 && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined
}

function literalAddress(hostname: string): string | undefined {
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return isIP(address) === 0 ? undefined : address
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
}

/** Names that no public provider has: without a dot, or below a suffix that is reserved for local use. */
const local_name = /^[^.]+\.?$|\.(?:localhost|local|internal|home\.arpa|lan|intranet|corp|home)\.?$/

const host_and_port = /^(\[[0-9a-f:.]+\]|[^\s:/\\?#@*%[\]]+)(?::([0-9]{1,5}))?$/i
