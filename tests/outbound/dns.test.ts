/** The lookup in DNS, against a name server of our own. */

import dgram from 'node:dgram'
import tls from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { lookupInDns, lookupInSystem } from '../../packages/server/src/outbound/lookup.ts'
import { certificate, client, get, rerouteTls, serveTls } from './support.ts'

type Zone = { a?: readonly number[][] | 'servfail'; aaaa?: readonly number[][] | 'servfail' }

/** Answers A and AAAA questions for any name from the zone. */
async function nameServer(zone: Zone): Promise<string> {
  const socket = dgram.createSocket('udp4')
  socket.on('message', (query, from) => {
    const end_of_name = query.indexOf(0, 12) + 1
    const question = query.subarray(12, end_of_name + 4)
    const records = query.readUInt16BE(end_of_name) === 1 ? zone.a : zone.aaaa
    const answers = records === 'servfail' || records === undefined ? [] : records
    const header = Buffer.from([0, 0, 0x81, records === 'servfail' ? 0x82 : 0x80, 0, 1, 0, answers.length, 0, 0, 0, 0])
    query.copy(header, 0, 0, 2)
    // Each answer: a pointer to the name, the type asked for, class IN, no time to live, the address.
    const encoded = answers.map((address) =>
      Buffer.from([0xc0, 0x0c, 0, query[end_of_name + 1]!, 0, 1, 0, 0, 0, 0, 0, address.length, ...address]),
    )
    socket.send(Buffer.concat([header, question, ...encoded]), from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  onTestFinished(() => void socket.close())
  return `127.0.0.1:${socket.address().port}`
}

const v6 = [0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11]

test.each<[string, Zone, readonly string[]]>([
  [
    'both families, IPv4 first',
    {
      a: [
        [8, 8, 8, 8],
        [10, 0, 0, 1],
      ],
      aaaa: [v6],
    },
    ['8.8.8.8', '10.0.0.1', '2606:4700::1111'],
  ],
  ['only IPv4', { a: [[8, 8, 8, 8]] }, ['8.8.8.8']],
  ['only IPv6', { aaaa: [v6] }, ['2606:4700::1111']],
  ['a server that fails for IPv6', { a: [[8, 8, 8, 8]], aaaa: 'servfail' }, ['8.8.8.8']],
])('%s', async (_, zone, addresses) => {
  expect(await lookupInDns('idp.example', [await nameServer(zone)])).toEqual(addresses)
})

test('a name without addresses, and a server that fails', async () => {
  await expect(lookupInDns('idp.example', [await nameServer({})])).rejects.toMatchObject({ code: 'ENODATA' })
  const failing = await nameServer({ aaaa: 'servfail' })
  await expect(lookupInDns('idp.example', [failing])).rejects.toMatchObject({ code: 'ESERVFAIL' })
})

test('a name server that changes its mind, or hides a private address among public ones (#110, #111)', async () => {
  const own = certificate('idp.example')
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), own.cert])
  const peer = await serveTls((_, response) => response.setHeader('connection', 'close').end('{}'), own)
  const destinations = rerouteTls(peer)
  const zone: Zone = { a: [[93, 184, 216, 34]] }
  const server = await nameServer(zone)
  const outbound = client('', { lookup: (hostname) => lookupInDns(hostname, [server]) })
  const answer = () => outbound.request(get('https://idp.example/'))
  expect(await answer()).toMatchObject({ response: { status: 200 } })
  for (const answers of [
    { a: [[127, 0, 0, 1]] },
    {
      a: [
        [93, 184, 216, 34],
        [169, 254, 169, 254],
      ],
    },
    { a: [[93, 184, 216, 34]], aaaa: [[...Array<number>(15).fill(0), 1]] },
  ]) {
    Object.assign(zone, answers)
    expect(await answer()).toEqual({ failure: 'blocked' })
  }
  expect([destinations, peer.connections()]).toEqual([['93.184.216.34:443'], 1])
})

test('names that the operator opened are resolved by the system, with its hosts file', async () => {
  expect(await lookupInSystem('localhost')).toContain('127.0.0.1')
})
