/** What address a browser used for us. Requests may claim anything: for people to read, nothing is decided by it. */
import { bounded } from '@relying-party/core'
import type { FastifyRequest } from 'fastify'
import { isIP } from 'node:net'
import type { Context } from './context.ts'

/**
 * The host that the browser called us by, when it is not our own. Many proxies name the server behind them instead (an
 * address, or a name without dots): where we are known by a public name, that says nothing about the browser.
 */
export function otherHost(host: string, { base_url }: Pick<Context, 'base_url'>): string | null {
  if (host === '' || base_url.endsWith(`//${host}`)) return null
  const own = new URL(base_url)
  const called = URL.parse(`${own.protocol}//${host}`)
  if (called === null || called.host === own.host) return null
  const isPublic = ({ hostname }: URL) => hostname.includes('.') && isIP(hostname) === 0
  return isPublic(own) && !isPublic(called) ? null : bounded(called.host, 255)
}

/**
 * The address that the browser called us by, as the proxies on the way tell it: when it is not our own, the redirect URIs
 * that we show lead elsewhere.
 */
export function calledAs({ headers, host }: FastifyRequest, context: Pick<Context, 'base_url'>): string | null {
  const own = new URL(context.base_url)
  // Of several proxies the first one speaks of the browser.
  const told = (name: string) =>
    String(headers[name] ?? '')
      .split(',', 1)[0]!
      .trim()
  const forwarded = told('x-forwarded-proto').toLowerCase()
  const scheme = /^https?$/.test(forwarded) ? `${forwarded}:` : own.protocol
  const other = otherHost(told('x-forwarded-host') || host, context)
  const prefix = told('x-forwarded-prefix').replace(/\/+$/, '')
  if (scheme === own.protocol && other === null && prefix === '') return null
  return bounded(`${scheme}//${other ?? own.host}${prefix}`)
}
