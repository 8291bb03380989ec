/**
 * Which IP addresses are the public internet.
 *
 * Rule: an allow-list. Global unicast and nothing else; what cannot be read as an address is not public either.
 */

import ipaddr from 'ipaddr.js'
import { isIP } from 'node:net'

/**
 * Whether the address is ordinary public unicast. NAT64 of an unknown, network-specific prefix cannot be told from it.
 * @see {@link https://www.iana.org/assignments/iana-ipv4-special-registry/ | IANA IPv4 Special-Purpose Address Registry}
 * @see {@link https://www.iana.org/assignments/iana-ipv6-special-registry/ | IANA IPv6 Special-Purpose Address Registry}
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text)
  if (address === undefined) return false
  if (address instanceof ipaddr.IPv4) return isPublicIPv4(address)
  // ipaddr.js calls everything that it has no name for "unicast", also outside of 2000::/3 (::127.0.0.1 for one).
  return address.match(global_unicast) && address.range() === 'unicast' && !isPrivateIsatap(address)
}

/** Whether the address lies in the network, both read in their unwrapped form. */
export function isInNetwork(text: string, cidr: string): boolean {
  const address = parseAddress(text)
  const network = ipaddr.parseCIDR(cidr)
  return address !== undefined && address.kind() === network[0].kind() && address.match(network)
}

function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // Stricter than ipaddr.js, which also reads 127.1 and 0x7f.1; and a zone makes any address a local one.
  if (isIP(text) === 0 || text.includes('%')) return undefined
  const address = ipaddr.parse(text)
  return address instanceof ipaddr.IPv6 ? unwrap(address) : address
}

/** The IPv4 address that packets end up at, where an IPv6 address is only its wrapping. */
function unwrap(address: ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  // Kept usable when the inside is public: on an IPv6-only network DNS64 answers so for every provider without IPv6.
  // The other wrappings (6to4, Teredo, IPv4-compatible, local NAT64) are obsolete or local: never public as they are.
  return address.isIPv4MappedAddress() || address.match(nat64) ? lastFourBytes(address) : address
}

function isPublicIPv4(address: ipaddr.IPv4): boolean {
  return address.range() === 'unicast' && address.toString() !== azure_platform
}

/** ISATAP carries an IPv4 address in the interface identifier under any prefix. */
function isPrivateIsatap(address: ipaddr.IPv6): boolean {
  const isatap = address.parts[5] === 0x5efe && (address.parts[4]! & 0xfdff) === 0
  return isatap && !isPublicIPv4(lastFourBytes(address))
}

function lastFourBytes(address: ipaddr.IPv6): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12))
}

const global_unicast = ipaddr.IPv6.parseCIDR('2000::/3')
const nat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/** Azure's wire server: credentials for the machine behind an address that looks public. */
const azure_platform = '168.63.129.16'
