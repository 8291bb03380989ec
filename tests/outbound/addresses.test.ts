/** Which addresses are public: checked against the IANA registries, written down here a second time and independently. */

import { expect, test } from 'vitest'
import { isInNetwork, isPublicAddress } from '../../packages/server/src/outbound/addresses.ts'
import fc from '../support/property.ts'

const special_v4: readonly [name: string, network: string][] = [
  ['this network', '0.0.0.0/8'],
  ['private', '10.0.0.0/8'],
  ['shared by carriers (Alibaba metadata)', '100.64.0.0/10'],
  ['loopback', '127.0.0.0/8'],
  ['link-local (cloud metadata)', '169.254.0.0/16'],
  ['private', '172.16.0.0/12'],
  ['IETF protocol assignments (Oracle metadata)', '192.0.0.0/24'],
  ['documentation', '192.0.2.0/24'],
  ['AS112', '192.31.196.0/24'],
  ['AMT', '192.52.193.0/24'],
  ['6to4 relay', '192.88.99.0/24'],
  ['private', '192.168.0.0/16'],
  ['AS112', '192.175.48.0/24'],
  ['benchmarking', '198.18.0.0/15'],
  ['documentation', '198.51.100.0/24'],
  ['documentation', '203.0.113.0/24'],
  ['multicast', '224.0.0.0/4'],
  ['reserved', '240.0.0.0/4'],
  ['broadcast', '255.255.255.255/32'],
  ['Azure platform', '168.63.129.16/32'],
]

/** As 128-bit prefixes. */
const special_v6: readonly [name: string, prefix: bigint, bits: number][] = [
  ['unspecified, loopback, IPv4-compatible', 0n, 96],
  ['translated (RFC 2765)', 0xffff_0000n << 32n, 96],
  ['local NAT64', 0x0064_ff9b_0001n << 80n, 48],
  ['discard', 0x0100n << 112n, 64],
  ['Teredo', 0x2001_0000n << 96n, 32],
  ['benchmarking', 0x2001_0002_0000n << 80n, 48],
  ['AMT', 0x2001_0003n << 96n, 32],
  ['AS112', 0x2001_0004_0112n << 80n, 48],
  ['ORCHID', 0x2001_0010n << 96n, 28],
  ['ORCHIDv2', 0x2001_0020n << 96n, 28],
  ['drone remote id', 0x2001_0030n << 96n, 28],
  ['documentation', 0x2001_0db8n << 96n, 32],
  ['6to4', 0x2002n << 112n, 16],
  ['AS112', 0x2620_004f_8000n << 80n, 48],
  ['documentation', 0x3fffn << 112n, 20],
  ['segment routing', 0x5f00n << 112n, 16],
  ['unique local (AWS metadata fd00:ec2::254)', 0xfc00n << 112n, 7],
  ['link-local', 0xfe80n << 112n, 10],
  ['site-local', 0xfec0n << 112n, 10],
  ['multicast', 0xff00n << 112n, 8],
]

const mapped = 0xffffn << 32n
const nat64 = 0x0064_ff9bn << 96n

const textOfV4 = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
const textOfV6 = (value: bigint) =>
  Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16)).join(':')

function v4Range(network: string): { first: number; size: number } {
  const [address, bits] = network.split('/') as [string, string]
  const first = address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0)
  return { first, size: 2 ** (32 - Number(bits)) }
}

const anyV4 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const isSpecialV4 = (value: number) =>
  special_v4.some(([, network]) => {
    const { first, size } = v4Range(network)
    return value >= first && value < first + size
  })
const specialV4 = fc.oneof(
  ...special_v4.map(([, network]) => {
    const { first, size } = v4Range(network)
    return fc.integer({ min: first, max: first + size - 1 })
  }),
)
const isSpecialV6 = (value: bigint) =>
  special_v6.some(([, prefix, bits]) => value >> BigInt(128 - bits) === prefix >> BigInt(128 - bits))

test.each(special_v4)('IPv4 %s, %s: first and last address (#108, #109)', (_, network) => {
  const { first, size } = v4Range(network)
  expect(isPublicAddress(textOfV4(first))).toBe(false)
  expect(isPublicAddress(textOfV4(first + size - 1))).toBe(false)
})

test.each(special_v6)('IPv6 %s: first and last address (#107)', (_, prefix, bits) => {
  expect(isPublicAddress(textOfV6(prefix))).toBe(false)
  expect(isPublicAddress(textOfV6(prefix + (1n << BigInt(128 - bits)) - 1n))).toBe(false)
})

test('an IPv4 address is public exactly outside of the special ranges (#109)', () => {
  fc.assert(
    fc.property(fc.oneof(anyV4, specialV4), (value) => isPublicAddress(textOfV4(value)) === !isSpecialV4(value)),
    { numRuns: 2_000 },
  )
})

test('an IPv4 address stays what it is when IPv6 maps it or NAT64 translates it (#107)', () => {
  fc.assert(
    fc.property(fc.oneof(anyV4, specialV4), fc.constantFrom(mapped, nat64), (value, wrapping) => {
      return isPublicAddress(textOfV6(wrapping | BigInt(value))) === !isSpecialV4(value)
    }),
    { numRuns: 2_000 },
  )
})

test('an IPv6 address of a special range, or outside of 2000::/3, is not public (#107)', () => {
  const inside = fc
    .tuple(fc.constantFrom(...special_v6), fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }))
    .map(([[, prefix, bits], random]) => prefix | (random & ((1n << BigInt(128 - bits)) - 1n)))
  const outside = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).filter((value) => {
    return value >> 125n !== 1n && value >> 32n !== mapped >> 32n && value >> 32n !== nat64 >> 32n
  })
  fc.assert(
    fc.property(fc.oneof(inside, outside), (value) => !isPublicAddress(textOfV6(value))),
    { numRuns: 2_000 },
  )
})

test('any other global unicast IPv6 address is public', () => {
  // 2001::/23 as a whole is the IETF's; ISATAP has its own test.
  const others = fc
    .bigInt({ min: 1n << 125n, max: (1n << 126n) - 1n })
    .filter((value) => !isSpecialV6(value) && value >> 105n !== 0x2001_0000n >> 9n)
    .filter((value) => ((value >> 32n) & 0xfdff_ffffn) !== 0x5efen)
  fc.assert(
    fc.property(others, (value) => isPublicAddress(textOfV6(value))),
    { numRuns: 2_000 },
  )
})

test.each([
  ['2606:4700::5efe:7f00:1', false],
  ['2606:4700::200:5efe:10.0.0.1', false],
  ['2606:4700::5efe:8.8.8.8', true],
])('ISATAP %s: %s', (address, is_public) => {
  expect(isPublicAddress(address)).toBe(is_public)
})

test.each([
  '',
  'localhost',
  '127.1',
  '0x8.8.8.8',
  '8.8.8',
  '010.8.8.8',
  '8.8.8.8:443',
  '[2606:4700::1]',
  '2606:4700::1%eth0',
])('what is not an address in its usual spelling is not public: %j', (text) => {
  expect(isPublicAddress(text)).toBe(false)
})

test.each([
  ['10.1.2.3', '10.0.0.0/8', true],
  ['::ffff:10.1.2.3', '10.0.0.0/8', true],
  ['11.1.2.3', '10.0.0.0/8', false],
  ['fd00::1', 'fd00::/8', true],
  ['fd00::1', '10.0.0.0/8', false],
  ['10.1.2.3', 'fd00::/8', false],
])('%s in %s: %s', (address, network, inside) => {
  expect(isInNetwork(address, network)).toBe(inside)
})
