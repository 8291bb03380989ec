/** What the operator opens, and how hosts may be spelled. */

import { describe, expect, test } from 'vitest'
import { allowsHttp, mayCall, parseOutboundAllow } from '../../packages/server/src/outbound/index.ts'
import { allowsAddress, judge } from '../../packages/server/src/outbound/rules.ts'
import fc from '../support/property.ts'

describe('parseOutboundAllow', () => {
  test.each([
    ['', []],
    [' , ', []],
    ['localhost:9000', [{ host: 'localhost', port: 9000 }]],
    ['IdP.Example', [{ host: 'idp.example', port: null }]],
    ['127.1:80', [{ host: '127.0.0.1', port: 80 }]],
    ['[::1]:9000', [{ host: '[::1]', port: 9000 }]],
    ['[0:0::1]', [{ host: '[::1]', port: null }]],
    ['0:0::1', [{ host: '[::1]', port: null }]],
    ['bücher.example', [{ host: 'xn--bcher-kva.example', port: null }]],
    ['10.0.0.0/8, fd00::/8', [{ cidr: '10.0.0.0/8' }, { cidr: 'fd00::/8' }]],
  ])('%j', (text, rules) => {
    expect(parseOutboundAllow(text)).toEqual(rules)
  })

  test.each([
    'http://localhost:9000',
    '*.example.com',
    'host:0',
    'host:65536',
    'host:',
    'host:port',
    ':80',
    'user@host',
    'host/path',
    '10.0.0.0/33',
    '010.0.0.0/8',
    '10/8',
    '[::1',
    '[::1%eth0]:80',
    'two words',
    'a\\b',
    '1.2.3.4.5',
  ])('refuses %j', (entry) => {
    expect(() => parseOutboundAllow(`localhost, ${entry}`)).toThrow(RangeError)
  })

  test('names every bad entry, and no password', () => {
    expect(() => parseOutboundAllow('a:b, ok, c d')).toThrow('"a:b", "c d"')
    expect(() => parseOutboundAllow('user:secret@host')).not.toThrow('secret')
  })
})

const rules = parseOutboundAllow('localhost:9000, idp.internal, 10.0.0.0/8, [::1]:9000')
const verdict = (url: string) => judge(new URL(url), rules)

test.each([
  // Without a rule: https, on port 443, with a name or address that can be public.
  ['https://idp.example/', 'public'],
  ['https://idp.example:443/', 'public'],
  ['https://8.8.8.8/', 'public'],
  ['https://[2606:4700::1111]/', 'public'],
  ['https://[64:ff9b::8.8.8.8]/', 'public'],
  ['http://idp.example/', 'blocked'],
  ['https://idp.example:22/', 'blocked'],
  ['https://idp.example:80/', 'blocked'],
  ['https://idp.example:6379/', 'blocked'],
  ['https://idp.example:8443/', 'blocked'],
  ['http://idp.example:443/', 'blocked'],
  ['ftp://idp.example/', 'blocked'],
  ['file:///etc/passwd', 'blocked'],
  ['data:text/plain,x', 'blocked'],
  ['gopher://idp.example/', 'blocked'],
  ['ws://idp.example/', 'blocked'],
  // Names that are no public ones.
  ['https://localhost/', 'blocked'],
  ['https://localhost./', 'blocked'],
  ['https://LOCALHOST/', 'blocked'],
  ['https://redis/', 'blocked'],
  ['https://a.localhost/', 'blocked'],
  ['https://metadata.google.internal/', 'blocked'],
  ['https://metadata.google.internal./', 'blocked'],
  ['https://printer.local/', 'blocked'],
  ['https://router.home.arpa/', 'blocked'],
  // A host rule opens its port, or every port, with http and https.
  ['http://localhost:9000/', 'open'],
  ['https://localhost:9000/', 'open'],
  ['http://localhost:9001/', 'blocked'],
  ['http://localhost/', 'blocked'],
  ['http://localhost.:9000/', 'blocked'],
  ['http://idp.internal/', 'open'],
  ['https://idp.internal:8443/', 'open'],
  ['https://x.idp.internal/', 'blocked'],
  ['ftp://idp.internal/', 'blocked'],
  ['http://[::1]:9000/', 'open'],
  ['http://[0:0:0:0:0:0:0:1]:9000/', 'open'],
  // A network opens the literal addresses in it.
  ['http://10.1.2.3:8080/', 'open'],
  ['https://[::ffff:10.1.2.3]/', 'open'],
  ['http://11.1.2.3/', 'blocked'],
])('a URL is judged: %s is %s (#104, #108, #113, #114)', (url, expected) => {
  expect(verdict(url)).toBe(expected)
})

test('names that resolve into an opened network may, others may not', () => {
  expect(allowsAddress('10.1.2.3', rules)).toBe(true)
  expect(allowsAddress('8.8.8.8', rules)).toBe(true)
  expect(allowsAddress('192.168.1.1', rules)).toBe(false)
})

test.each([
  ['http://localhost:9000/issuer', true],
  ['http://10.0.0.7/issuer', true],
  ['https://localhost:9000/', false],
  ['http://idp.example/', false],
  ['http://localhost:9001/', false],
  ['not a url', false],
  ['', false],
])('allowsHttp(%j) is %s', (url, allowed) => {
  expect(allowsHttp(url, rules)).toBe(allowed)
})

test.each([
  ['http://localhost:9000/keys', true],
  ['https://idp.example/keys', true],
  ['https://10.0.0.7/keys', true],
  ['https://192.168.0.7/keys', false],
  ['http://idp.example/keys', false],
  ['not a url', false],
])('mayCall(%j) is %s', (url, may) => {
  expect(mayCall(url, rules)).toBe(may)
})

// Cases 106 and 107 of the catalogue.
test.each([
  'https://127.0.0.1/',
  'https://127.1/',
  'https://127.0.1/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://0x7f000001/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://①②⑦.0.0.1/',
  'https://①②⑦。⓪。⓪。①/',
  'https://127%2e0%2e0%2e1/',
  'https://127.0.0.1./',
  'https://0/',
  'https://0.0.0.0/',
  'https://169.254.169.254/',
  'https://100.100.100.200/',
  'https://168.63.129.16/',
  'https://[::]/',
  'https://[::1]/',
  'https://[::127.0.0.1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::ffff:0:127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[64:ff9b:1::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[2001::1]/',
  'https://[fe80::1]/',
  'https://[fec0::1]/',
  'https://[fc00::1]/',
  'https://[fd00:ec2::254]/',
  'https://[ff02::1]/',
  'https:\\\\127.0.0.1\\',
  'https:127.0.0.1',
  ' https://127.0.0.1/',
  'https://127.0.\t0.1/',
])('the literal %j is blocked (#106, #107)', (url) => {
  expect(judge(new URL(url), [])).toBe('blocked')
})

test('every spelling of a special IPv4 address is blocked (#106, #107)', () => {
  const blocks = ['0.0.0.0', '10.0.0.0', '127.0.0.0', '169.254.0.0', '192.168.0.0', '224.0.0.0', '255.255.255.0']
  const address = fc
    .tuple(fc.constantFrom(...blocks), fc.integer({ min: 0, max: 255 }))
    .map(([block, last]) => block.replace(/\d+$/, String(last)).split('.').map(Number))
  const spellings: ((octets: number[]) => string)[] = [
    (octets) => octets.join('.'),
    (octets) => octets.join('.') + '.',
    (octets) => String(number(octets)),
    (octets) => `0x${number(octets).toString(16)}`,
    (octets) => `0${number(octets).toString(8)}`,
    (octets) => octets.map((octet) => `0x${octet.toString(16)}`).join('.'),
    (octets) => octets.map((octet) => `0${octet.toString(8)}`).join('.'),
    ([a, ...rest]) => `${a}.${number([0, ...rest])}`,
    ([a, b, c, d]) => `${a}.${b}.${c! * 256 + d!}`,
    (octets) => octets.join('.').replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    (octets) => octets.join('.').replace(/\./g, '。'),
    (octets) => octets.join('.').replace(/\d/g, (digit) => `%3${digit}`),
    (octets) => `[::ffff:${octets.join('.')}]`,
    (octets) =>
      `[0:0:0:0:0:FFFF:${number(octets)
        .toString(16)
        .padStart(8, '0')
        .replace(/(....)/, '$1:')}]`,
    (octets) => `[64:ff9b::${octets.join('.')}]`,
    (octets) => `[::${octets.join('.')}]`,
    (octets) =>
      `[2002:${number(octets)
        .toString(16)
        .padStart(8, '0')
        .replace(/(....)/, '$1:')}::1]`,
  ]
  fc.assert(
    fc.property(address, fc.constantFrom(...spellings), (octets, spell) => {
      const url = URL.parse(`https://${spell(octets)}/`)
      return url === null || judge(url, []) === 'blocked'
    }),
    { numRuns: 3_000 },
  )
})

function number(octets: readonly number[]): number {
  return octets.reduce((value, octet) => value * 256 + octet, 0)
}
