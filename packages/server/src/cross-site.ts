/** What browsers say about where a request comes from. */
import type { FastifyRequest } from 'fastify'

/**
 * Whether a browser says that the request was made by a page of another origin: also by one of the same site, since what
 * stands on another subdomain or port need not be ours.
 */
export function isCrossSite({ headers }: FastifyRequest, base_url: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return headers.origin !== undefined && headers.origin !== new URL(base_url).origin
}
