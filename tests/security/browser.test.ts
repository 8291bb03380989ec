/** What a browser may bring along, or be made to: cookies in disguise, far too many of them, a provider that bounces it back. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import fc from '../support/property.ts'
import { UserAgent } from '../support/user-agent.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
/** The session cookie of a member: name and value. */
let session: string
beforeAll(async () => {
  world = await createWorld()
  await world.enable()
  const agent = new UserAgent()
  await world.login('acme', agent)
  const [name, { value }] = [...agent.cookies].find(([key]) => key.startsWith('rp_session'))!
  session = `${name.split('|')[0]}=${value}`
})
afterAll(() => world.close())

const isSignedIn = async (cookie: string) => {
  const { statusCode } = await world.app.inject({ url: '/organizations/acme/session', headers: { cookie } })
  expect([200, 401]).toContain(statusCode)
  return statusCode === 200
}

test('a cookie header is read in one way: our name counts if it stands there once, bare, among at most 200 (#171, #172, #174)', async () => {
  expect(await isSignedIn(session)).toBe(true)
  const [name] = session.split('=') as [string]
  // Node reads headers as Latin-1, so that bytes of other scripts arrive as these.
  const disguise = fc.constantFrom(
    '\u00a0',
    '\u0085',
    '\u00e2\u0080\u0083',
    '\u00ef\u00bb\u00bf',
    '"',
    '$Version=1',
    '__Host-',
    '\u000b'.repeat(0) + '.',
  )
  const pair = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.stringMatching(/^[a-z_]{1,8}$/), fc.stringMatching(/^[A-Za-z0-9]{0,8}$/))
        .map(([key, value]) => [`${key}=${value}`, 0] as const),
    },
    { weight: 1, arbitrary: disguise.map((text) => [`${text}${session}`, 0] as const) },
    { weight: 1, arbitrary: disguise.map((text) => [`${name}${text}=${'A'.repeat(43)}`, 0] as const) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(session, ` ${session} `, `${name}=${'A'.repeat(43)}`, `${name}=`)
        .map((text) => [text, 1] as const),
    },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(pair, { maxLength: 12 }), fc.boolean(), async (pairs, flood) => {
      const ours = pairs.filter(([, counts]) => counts === 1).map(([text]) => text.trim())
      const filler = flood ? Array<string>(200).fill('a=b') : []
      const cookie = [...pairs.map(([text]) => text), ...filler].join(';')
      const expected = ours.length === 1 && ours[0] === session && pairs.length + filler.length <= 200
      expect(await isSignedIn(cookie)).toBe(expected)
    }),
    { numRuns: 200 },
  )
})

test('a cookie that another one of our name hides behind 200 others is not taken (#171)', async () => {
  const many = Array<string>(200).fill('a=b').join('; ')
  expect(await isSignedIn(`${session}; ${many.slice(0, -'; a=b'.length)}`)).toBe(true)
  expect(await isSignedIn(`${session}; ${many}; ${session.slice(0, -1)}x`)).toBe(false)
})

test('cookies in pieces, counted or empty, are not put together: each name stands for itself (#174, #193)', async () => {
  const [name, value] = session.split('=') as [string, string]
  const pieces = (suffix: string) => `${name}${suffix}0=${value.slice(0, 20)}; ${name}${suffix}1=${value.slice(20)}`
  const counted = ['', '0', '1', '2', '-1', '99999999', '2147483648', '1e9', 'NaN', '%00', 'a'.repeat(4000)]
  for (const suffix of ['_', '.', '-']) {
    for (const count of counted) {
      for (const word of ['chunks', 'count', 'c']) {
        const cookie = `${name}${suffix}${word}=${count}; ${pieces(suffix)}`
        expect(await isSignedIn(cookie)).toBe(false)
        expect(await isSignedIn(`${cookie}; ${session}`)).toBe(true)
      }
    }
    const agent = new UserAgent()
    const { pathname, search } = await world.callback('acme', agent)
    const [key, { value: flow }] = [...agent.cookies].find(([key]) => key.startsWith('rp_flow'))!
    const flow_name = `${key.split('|')[0]}${suffix}`
    const cookie = `${flow_name}chunks=2; ${flow_name}0=${flow.slice(0, 90)}; ${flow_name}1=${flow.slice(90)}`
    const refused = await world.app.inject({ url: pathname + search, headers: { cookie, accept: 'application/json' } })
    expect([refused.statusCode, refused.json().code]).toEqual([400, 'flow_not_found'])
  }
})

test.each([
  ['login_required', 'authorization_login_required'],
  ['interaction_required', 'authorization_login_required'],
  ['temporarily_unavailable', 'provider_unavailable'],
  ['server_error', 'provider_unavailable'],
])(
  'a provider that bounces the browser back with %s: a page, and no login is started by itself (#185)',
  async (error, code) => {
    const agent = new UserAgent()
    const url = await world.callback('acme', agent)
    for (const name of [...url.searchParams.keys()])
      if (name !== 'state' && name !== 'iss') url.searchParams.delete(name)
    url.searchParams.set('error', error)
    world.idp.requests.clear()
    const { status, via, body } = await agent.visit(url)
    expect([status >= 400, via.length]).toEqual([true, 1])
    expect(body).toContain(`data-code="${code}"`)
    expect(world.idp.requests.list()).toEqual([])
  },
)
