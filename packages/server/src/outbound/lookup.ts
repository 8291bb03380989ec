/**
 * From a name to the addresses that a socket may connect to.
 *
 * Rule: a name is resolved once per connection, every answer is checked, and exactly the checked answers are handed to
 * the socket. There is no second resolution that could answer differently.
 */

import { lookup as systemLookup, Resolver } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'

/** Every address of a name; rejects when it has none. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

/** A name resolved to an address that it may not have. */
export class AddressRefused extends Error {
  constructor(hostname: string, address: string) {
    super(`${hostname} resolves to ${address}, which is not public`)
    this.name = 'AddressRefused'
  }
}

/**
 * Asks the name servers, and only them: the hosts file stays out of a tenant's reach, and a dead name server takes none
 * of the four threads that getaddrinfo (and file access) shares. The resolver is new each time, so that it reads the
 * current resolv.conf; there is one lookup per connection, not per request.
 */
export async function lookupInDns(hostname: string, servers?: readonly string[]): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  // IPv4 first: where only one family works, it is that one.
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (addresses.length > 0) return addresses
  // "No data" of one family says less than what went wrong with the other.
  const reasons = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []))
  throw reasons.find((reason) => 'code' in reason && reason.code !== 'ENODATA') ?? reasons[0]!
}

/** Asks the operating system, hosts file and search domains included: for names that the operator opened. */
export async function lookupInSystem(hostname: string): Promise<readonly string[]> {
  return (await systemLookup(hostname, { all: true, order: 'ipv4first' })).map(({ address }) => address)
}

/** The lookup of a socket: answers what `lookup` found if `allows` holds for all of it, and fails otherwise. */
export function checkedLookup(lookup: Lookup, allows: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    checkedAddresses(hostname, lookup, allows).then(
      (addresses) => {
        const answers = addresses.map((address) => ({ address, family: isIP(address) }))
        if (options.all === true) callback(null, answers)
        else callback(null, answers[0]!.address, answers[0]!.family)
      },
      (error: Error) => callback(error, []),
    )
  }
}

async function checkedAddresses(
  hostname: string,
  lookup: Lookup,
  allows: (address: string) => boolean,
): Promise<readonly string[]> {
  const addresses = await lookup(hostname)
  if (addresses.length === 0) throw Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' })
  const refused = addresses.find((address) => !allows(address))
  if (refused !== undefined) throw new AddressRefused(hostname, refused)
  return addresses
}
