/**
 * The catalogue proves itself: with a seed and a frozen clock every login has the same bytes, so each fault can be
 * held against its untampered twin, and must differ from it in exactly what it says it touches.
 */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request as httpRequest } from 'node:http'
import { describeFaults, startMockOkta } from '@relying-party/mock-idp'
import type { FaultDescription, MockOkta } from '@relying-party/mock-idp'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  authorizationUrl,
  basic,
  Browser,
  changed,
  decode,
  endpoints,
  getCode,
  location,
  login,
  requestToken,
  verifier,
  web,
} from './support.ts'

const catalogue = describeFaults()
const scope = 'openid profile email groups'
const acr_values = 'urn:okta:loa:1fa:pwd'

let mock: MockOkta
let relyingParty: Server
beforeAll(async () => {
  relyingParty = createServer((_request, response) => response.end())
  await new Promise<void>((resolve) => relyingParty.listen(0, '127.0.0.1', resolve))
  const { port } = relyingParty.address() as AddressInfo
  const logout = { backchannel_logout_uri: `http://127.0.0.1:${port}/`, backchannel_logout_session_required: true }
  mock = await startMockOkta({
    clients: [web, { ...web, ...logout, client_id: '0oabcl' }],
    auto_login: 'ada@acme.example',
    seed: 1,
    clock: { now: 1_800_000_000, frozen: true },
  })
})
afterAll(async () => {
  relyingParty.close()
  await mock.close()
})
beforeEach(() => mock.reset())
// Every fault that was to strike once has struck, and is off.
afterEach(() => expect(mock.faults.filter(({ times }) => times !== undefined)).toEqual([]))

const named = (message: string, kind?: string) =>
  catalogue
    .filter(({ name, touches }) => name.startsWith(`${message}.`) && (kind === undefined || kindOf(touches) === kind))
    .map((fault) => [fault.name, fault] as const)

describe('the catalogue', () => {
  it('has at least eighty faults that a relying party must refuse, not counting how bytes arrive', () => {
    const own = catalogue.filter(({ name, expect }) => expect === 'reject' && !name.startsWith('transport.'))
    const transports = catalogue
      .filter(({ name }) => name.startsWith('transport.'))
      .map(({ name }) => name.split('.')[1])
    expect(own.filter(({ name }) => !transports.includes(name.split('.')[1]!)).length).toBeGreaterThanOrEqual(80)
  })

  it('names each fault once, with what it does, which rule it breaks and where that stands', () => {
    expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length)
    for (const { name, does, breaks, spec, touches } of catalogue) {
      expect(name).toMatch(/^[a-z_]+\.[a-z0-9_]+$/)
      expect(does).toMatch(/\.$/)
      expect(breaks.length).toBeGreaterThan(5)
      expect(spec).toMatch(/section \d|OWASP/)
      expect(touches.length).toBeGreaterThan(0)
    }
  })

  it('has the names of the contract', () => {
    const names = catalogue.map(({ name }) => name)
    for (const name of [
      'discovery.issuer_mismatch',
      'authorization.state_altered',
      'token.http_500',
      'id_token.signature_invalid',
      'id_token.nonce_mismatch',
      'jwks.empty',
      'userinfo.sub_mismatch',
      'logout_token.nonce_present',
    ]) {
      expect(names).toContain(name)
    }
  })

  it('is held against its twin below, whole: what is of no message there is of transport', () => {
    const held = new Set([
      ...['discovery', 'jwks', 'token', 'userinfo', 'id_token', 'logout_token', 'backchannel_logout', 'end_session'],
      ...['authorization', 'transport'],
    ])
    expect(catalogue.filter(({ name }) => !held.has(name.split('.')[0]!))).toEqual([])
    const transports = named('transport').map(([name]) => name.split('.')[1]!)
    const copied = named('token', 'reply').map(([name]) => name.split('.')[1]!)
    expect(copied).toEqual(expect.arrayContaining(transports))
  })

  it('stands in FAULTS.md (vitest -u writes it anew)', async () => {
    await expect(faultsPage()).toMatchFileSnapshot('../../packages/mock-idp/FAULTS.md')
  })

  it('breaks no rule where a correct client accepts', () => {
    for (const { expect: verdict, breaks } of catalogue) {
      expect(breaks.startsWith('Nothing')).toBe(
        verdict === 'accept' || (verdict === 'either' && breaks.startsWith('Nothing')),
      )
    }
  })
})

describe('a document differs in exactly the members it names:', () => {
  it.each(named('discovery', 'members'))('%s', async (name, { touches }) => {
    expect(await changedMembers(name, `${mock.issuer}/.well-known/openid-configuration`)).toEqual(touches)
  })
  it.each(named('jwks', 'members'))('%s', async (name, { touches }) => {
    expect(await changedMembers(name, `${mock.issuer}/oauth2/v1/keys`)).toEqual(touches)
  })
})

describe('an authorization response differs in exactly the parameters it names:', () => {
  const parameters = async () => {
    const response = await new Browser().get(authorizationUrl(mock.issuer, { scope }))
    const grouped: Record<string, string[]> = {}
    for (const [key, value] of new URL(response.headers.get('location')!).searchParams)
      (grouped[key] ??= []).push(value)
    return grouped
  }
  it.each(named('authorization', 'members'))('%s', async (name, { touches }) => {
    const honest = await parameters()
    mock.reset()
    mock.inject(name, { times: 1 })
    expect(changed(honest, await parameters())).toEqual([...touches].sort())
    expect(mock.requests.last('authorization')!.faults).toEqual([name])
  })

  it('authorization.fragment_instead_of_query', async () => {
    mock.inject('authorization.fragment_instead_of_query')
    const response = await new Browser().get(authorizationUrl(mock.issuer))
    expect(response.headers.get('location')).toMatch(/#code=[\w-]{43}&state=the-state$/)
  })
})

describe('a return from logout differs in exactly the parameters it names:', () => {
  it.each(named('end_session'))('%s', async (name, { touches }) => {
    const { id_token } = await login(mock.issuer)
    const url = `${endpoints(mock.issuer)}/v1/logout?${new URLSearchParams({
      id_token_hint: id_token,
      post_logout_redirect_uri: web.post_logout_redirect_uris![0]!,
      state: 's',
    })}`
    const honest = location(await new Browser().get(url))
    mock.inject(name, { times: 1 })
    expect(changed(honest, location(await new Browser().get(url)))).toEqual(touches)
  })
})

describe('a token response differs in exactly the members it names:', () => {
  it.each(named('token', 'members'))('%s', async (name, { touches }) => {
    const tokens = async () => (await requestToken(mock.issuer, { code: await getCode(mock.issuer, { scope }) })).body
    const honest = await tokens()
    mock.reset()
    mock.inject(name, { times: 1 })
    expect(changed(honest, await tokens())).toEqual([...touches].sort())
  })
})

describe('UserInfo differs in exactly the members it names:', () => {
  it.each(named('userinfo', 'members'))('%s', async (name, { touches }) => {
    const { access_token } = await login(mock.issuer, { scope })
    const url = `${mock.issuer}/oauth2/v1/userinfo`
    expect(await changedMembers(name, url, { authorization: `Bearer ${access_token}` })).toEqual([...touches].sort())
  })
})

describe('an ID Token differs in exactly the parts it names:', () => {
  it.each(named('id_token'))('%s', async (name, fault) => {
    const issue = async () => (await login(mock.issuer, { scope, acr_values })).id_token
    const honest = await issue()
    mock.reset()
    mock.inject(name, { times: 1 })
    await holdAgainst(honest, await issue(), fault)
  })
})

describe('a logout token differs in exactly the parts it names:', () => {
  it.each(named('logout_token'))('%s', async (name, fault) => {
    const issue = async () =>
      (await mock.backchannelLogout({ client_id: '0oabcl', user: 'ada@acme.example', sid: 'sid' })).logout_token
    const honest = await issue()
    mock.reset()
    mock.inject(name, { times: 1 })
    await holdAgainst(honest, await issue(), fault)
    expect(mock.requests.last('backchannel_logout')!.faults).toEqual([name])
  })
})

describe('a request with a logout token differs in exactly the parameters it names:', () => {
  it.each(named('backchannel_logout'))('%s', async (name, { touches }) => {
    const send = async () => {
      await mock.backchannelLogout({ client_id: '0oabcl', user: 'ada@acme.example' })
      return mock.requests.last('backchannel_logout')!.params
    }
    const honest = await send()
    mock.reset()
    mock.inject(name, { times: 1 })
    expect(changed(honest, await send())).toEqual(touches)
  })
})

describe('a reply differs in exactly what it names:', () => {
  const requests: Record<string, () => Promise<[url: string, init: RequestInit]>> = {
    discovery: async () => [`${mock.issuer}/.well-known/openid-configuration`, {}],
    jwks: async () => [`${mock.issuer}/oauth2/v1/keys`, {}],
    token: async () => [
      `${mock.issuer}/oauth2/v1/token`,
      {
        method: 'POST',
        headers: { authorization: basic(web.client_id, web.client_secret!) },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: await getCode(mock.issuer),
          redirect_uri: web.redirect_uris[0]!,
          code_verifier: verifier,
        }),
      },
    ],
    userinfo: async () => [
      `${mock.issuer}/oauth2/v1/userinfo`,
      { headers: { authorization: `Bearer ${(await login(mock.issuer)).access_token}` } },
    ],
  }
  const faults = Object.keys(requests).flatMap((message) => named(message, 'reply'))
  it.each(faults)('%s', async (name, { touches }) => {
    const send = requests[name.split('.')[0]!]!
    const honest = await observe(...(await send()))
    mock.reset()
    mock.inject(name, { times: 1, ...(name.endsWith('.oversized') && { value: 100_000 }) })
    if (touches.includes('delivery')) {
      const delivery = deliveries[name.split('.')[1]!]
      expect(await observe(...(await send()), delivery === 'silence')).toEqual({ delivery })
      return
    }
    const parts = changed(honest, await observe(...(await send())))
    expect(parts.filter((part) => !incidental(part))).toEqual([...touches].filter((part) => !incidental(part)).sort())
  })

  it('transport.* strikes the endpoint that is named, or any', async () => {
    const get = async () => (await fetch(`${mock.issuer}/oauth2/v1/keys`)).status
    mock.inject('transport.http_500', { endpoint: 'token' })
    expect(await get()).toBe(200)
    mock.inject('transport.http_500')
    expect(await get()).toBe(500)
  })

  it('http_429 is Okta’s, headers included', async () => {
    mock.inject('token.http_429')
    const { status, headers, body } = await requestToken(mock.issuer, { code: 'any' })
    expect(status).toBe(429)
    expect(headers.get('x-rate-limit-remaining')).toBe('0')
    expect(headers.get('x-rate-limit-reset')).toBe('1800000060')
    expect(body).toMatchObject({
      errorCode: 'E0000047',
      errorSummary: 'API call exceeded rate limit due to too many requests.',
    })
  })

  it('a status instead of an answer leaves the code good', async () => {
    const code = await getCode(mock.issuer)
    mock.inject('token.http_500', { times: 1 })
    expect((await requestToken(mock.issuer, { code })).status).toBe(500)
    expect((await requestToken(mock.issuer, { code })).status).toBe(200)
  })

  it('slow takes the time that it is given', async () => {
    mock.inject('jwks.slow', { value: 80 })
    const before = performance.now()
    await (await fetch(`${mock.issuer}/oauth2/v1/keys`)).text()
    expect(performance.now() - before).toBeGreaterThan(70)
  })
})

/** The catalogue as a page; the transport faults once instead of once for every endpoint. */
function faultsPage(): string {
  const transports = new Set(named('transport').map(([name]) => name.split('.')[1]!))
  const own = catalogue.filter(({ name }) => name.startsWith('transport.') || !transports.has(name.split('.')[1]!))
  const rows = (message: string) =>
    own
      .filter(({ name }) => name.startsWith(`${message}.`))
      .map(({ name, does, breaks, spec, expect }) => `| \`${name}\` | ${does} | ${breaks} *${spec}* | ${expect} |`)
  const messages = [...new Set(own.map(({ name }) => name.split('.')[0]!))]
  return [
    '# Faults',
    '',
    '<!-- prettier-ignore-start -->',
    '<!-- Written by tests/mock-idp/faults.test.ts from the catalogue: change the catalogue, not this page. -->',
    '',
    `${catalogue.length} names. *Expect* is what a correct relying party does: \`reject\`, \`accept\` because no rule is broken, or \`either\` where the specification leaves it open.`,
    'Each fault of `transport` exists for `discovery`, `jwks`, `token` and `userinfo` as well: `token.http_500` is `transport.http_500` at the token endpoint.',
    ...messages.flatMap((message) => [
      '',
      `## ${message}`,
      '',
      '| name | does | breaks | expect |',
      '| --- | --- | --- | --- |',
      ...rows(message),
    ]),
    '',
    '<!-- prettier-ignore-end -->',
    '',
  ].join('\n')
}

/** Which members of a JSON document a fault changes. */
async function changedMembers(name: string, url: string, headers: Record<string, string> = {}): Promise<string[]> {
  const get = async () => (await (await fetch(url, { headers })).json()) as Record<string, unknown>
  const honest = await get()
  mock.inject(name, { times: 1 })
  return changed(honest, await get())
}

/** Holds a token against its twin: header, claims, and whether the signature verifies. */
async function holdAgainst(honest: string, tampered: string, { touches, name }: FaultDescription): Promise<void> {
  expect(tampered).not.toBe(honest)
  if (touches.includes('token')) return
  const [before, after] = [decode(honest), decode(tampered)]
  const parts = [
    ...changed(before.header, after.header).map((part) => `header.${part}`),
    ...changed(before.payload, after.payload).map((part) => `payload.${part}`),
  ]
  expect(parts).toEqual(touches.filter((part) => part !== 'signature').sort())
  const keys = ((await (await fetch(`${mock.issuer}/oauth2/v1/keys`)).json()) as JSONWebKeySet).keys
  // The signature alone is looked at here: the key is found without its kid, and dates and crit do not count.
  const key = createLocalJWKSet({ keys: keys.map(({ kid: _kid, alg: _alg, ...rest }) => rest) })
  const options = { currentDate: new Date(0), crit: { mock: true } }
  const verified = await jwtVerify(tampered, ({ alg }: { alg?: string }) => key({ alg: alg! }), options).then(
    () => true,
    (error: { code: string }) => error.code.startsWith('ERR_JWT'),
  )
  expect([name, verified]).toEqual([name, !touches.includes('signature')])
}

/** A reply, flat; or, when it does not arrive whole, what became of it. */
/** @param silent no answer is due: it is waited for until the fault has struck, and a while longer */
async function observe(url: string, init: RequestInit, silent = false): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    const request = httpRequest(url, { method: init.method ?? 'GET', agent: false, headers: init.headers as never })
    const done = (parts: Record<string, unknown>) => {
      clearInterval(timer)
      request.destroy()
      resolve(parts)
    }
    let patience = 4
    const timer = setInterval(() => {
      const hasStruck = mock.faults.every(({ times }) => times === undefined)
      if (silent && hasStruck && patience-- === 0) done({ delivery: 'silence' })
    }, 20)
    request.on('error', () => done({ delivery: 'error' }))
    request.on('response', (response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk)))
      response.on('error', () => done({ delivery: 'error' }))
      response.on('end', () => {
        const { date: _date, ...headers } = response.headers
        const named = Object.entries(headers).map(([name, value]) => [`headers.${name}`, value])
        done({ status: response.statusCode, body, ...Object.fromEntries(named) })
      })
    })
    if (init.body instanceof URLSearchParams) {
      request.setHeader('content-type', 'application/x-www-form-urlencoded')
      request.write(init.body.toString())
    }
    request.end()
  })
}

/** Headers that come with another body and that no client judges. */
function incidental(part: string): boolean {
  return /^headers\.(x-.*|cache-control|vary|content-length|pragma|expires|content-security-policy)$/.test(part)
}

const deliveries: Record<string, string> = {
  slow: 'silence',
  never_answering: 'silence',
  never_ending: 'silence',
  reset: 'error',
  reset_half_way: 'error',
  cut_off: 'error',
}

function kindOf(touches: readonly string[]): string {
  return touches.some((part) => /^(status|body|delivery|headers\..*)$/.test(part)) ? 'reply' : 'members'
}
