/** What becomes of every login and test: a transcript that replays, read as checks, durations and claims when somebody looks. */
import { request as httpRequest } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { failures, nearMisses, replaysIdentically, type Json, type Store, type Transcript } from '@relying-party/core'
import { openStore, type Outbound } from '@relying-party/server'
import { createAttempts } from '../../packages/server/src/attempts.ts'
import { recorded } from '../core/support/recorded.ts'
import { json, tokenBody } from '../core/support/provider.ts'
import { createWorld, organizationIds, type World } from '../support/world.ts'
import { codeOf, UserAgent } from '../support/user-agent.ts'

const organizations = organizationIds(30)
let world: World
/** While it is set, the provider publishes a key that is larger than anything that is kept. */
const wide = { now: false }

beforeAll(async () => {
  const wrapOutbound = (outbound: Outbound): Outbound => ({
    ...outbound,
    async request(request, ...more) {
      if (request.message !== 'jwks' || !wide.now) return outbound.request(request, ...more)
      const keys = [{ kty: 'RSA', kid: 'x', e: 'AQAB', n: 'n'.repeat(140_000) }]
      const headers = { 'content-type': 'application/json' }
      return { response: { status: 200, headers, body: JSON.stringify({ keys }) } }
    },
  })
  world = await createWorld({ organizations: organizations.ids, wrapOutbound })
})
afterEach(() => world.idp.clearFaults())
afterAll(() => world.close())

const path = (id: string, attempt_id: unknown = '') => `/organizations/${id}/attempts/${String(attempt_id)}`
const last = async (id: string) => {
  const { attempt_id } = await world.lastAttempt(id)
  return (await world.api('GET', path(id, attempt_id))).body
}
async function transcriptOf(id: string): Promise<Transcript> {
  const { attempt_id } = await world.lastAttempt(id)
  const { status, body } = await world.api('GET', `${path(id, attempt_id)}/transcript`)
  expect(status).toBe(200)
  return body
}
const checkOf = (attempt: { checks: { id: string }[] }, id: string) => attempt.checks.find((one) => one.id === id)

describe('every attempt is a transcript that replays to the same bytes', () => {
  test('a login that succeeded: checks that passed, claims, access and durations', async () => {
    const id = organizations.next()
    await world.enable(id)
    world.clock.now += 2
    await world.login(id)
    const attempt = await last(id)
    expect(attempt).toMatchObject({
      purpose: 'login',
      outcome: 'succeeded',
      claims: { email: 'ada@acme.example' },
      access: { role: 'read', matched_rule: null },
      cause: null,
      durations: { authorization: 0, token: 0 },
      started_at: new Date(world.clock.now * 1000).toISOString(),
      duration: 0,
    })
    expect(checkOf(attempt, 'id_token_signature')).toMatchObject({ outcome: 'passed' })
    expect(attempt.checks.filter(({ outcome }: { outcome: string }) => outcome === 'failed')).toEqual([])
    const transcript = await transcriptOf(id)
    expect(await replaysIdentically(transcript)).toBe(true)
    expect(transcript).toMatchObject({
      circumstances: { states: 1, claimed: true, still_serving: true, flow: { purpose: 'login', organization_id: id } },
      verdict: { outcome: 'authenticated' },
    })
  })

  test.each([
    ['id_token.nonce_mismatch', 'id_token_nonce_mismatch', 'provider', null],
    ['token.invalid_client', 'token_invalid_client', 'organization_admin', 'client_secret_wrong'],
    ['jwks.empty', 'id_token_key_not_found', 'provider', 'keys_rotated'],
    ['userinfo.sub_mismatch', 'userinfo_sub_mismatch', 'provider', null],
    ['authorization.iss_mismatch', 'authorization_response_iss_mismatch', 'provider', null],
    ['token.http_500', 'token_http_error', 'provider', null],
  ] as const)(
    '%s at a login: %s is the cause, to be mended by the %s, with its remedy and all other checks',
    async (fault, code, blame, near_miss) => {
      const id = organizations.next()
      await world.enable(id, { userinfo: 'always' })
      // What was known of the provider is too old to serve.
      world.clock.now += 90_000
      world.idp.clock.set(world.clock.now)
      world.idp.inject(fault, { times: 1 })
      await world.login(id)
      const attempt = await last(id)
      const { remedy } = near_miss === null ? failures[code] : nearMisses[near_miss]
      expect(attempt).toMatchObject({
        purpose: 'login',
        outcome: 'failed',
        code,
        blame,
        cause: { outcome: 'failed', problem: { code, blame, near_miss, remedy } },
      })
      expect(attempt.remedy).toBe(remedy)
      const { attempts } = (await world.api('GET', `/organizations/${id}/attempts?outcome=failed`)).body
      const stand_out = attempt.checks.filter(({ outcome }: { outcome: string }) => /failed|warned/.test(outcome))
      expect(attempts[0]).toMatchObject({ code, blame, remedy, checks: stand_out })
      expect(attempt).not.toHaveProperty('claims')
      expect(attempt.checks.length).toBeGreaterThan(40)
      expect(await replaysIdentically(await transcriptOf(id))).toBe(true)
    },
  )

  test('a start that failed, because the provider’s document is nowhere: the checks of discovery', async () => {
    const id = organizations.next()
    await world.save(id)
    world.idp.inject('discovery.http_404')
    await world.runTest(id)
    expect(await last(id)).toMatchObject({
      purpose: 'test',
      code: 'discovery_http_error',
      field: 'issuer',
      cause: { leg: 'discovery' },
      durations: { discovery: 0 },
    })
    const transcript = await transcriptOf(id)
    expect(transcript).toMatchObject({ circumstances: null, state: { phase: 'idle' } })
    expect(await replaysIdentically(transcript)).toBe(true)
    expect((await world.connection(id)).candidate.last_test).toMatchObject({
      failure: { code: 'discovery_http_error' },
    })
  })

  test('a response that belongs to no flow: the circumstances, and the settings of the organization', async () => {
    const id = organizations.next()
    await world.save(id)
    await fetch(`${world.organization(id)}/oidc/consume?code=c&state=${'A'.repeat(43)}`)
    expect(await last(id)).toMatchObject({
      purpose: null,
      code: 'flow_not_found',
      cause: { id: 'flow_found', problem: { near_miss: 'cookies_blocked_or_other_browser' } },
      durations: {},
    })
    const transcript = await transcriptOf(id)
    expect(transcript).toMatchObject({
      relying_party: { organization_id: id, issuer: world.idp.issuer },
      circumstances: { flow: null, claimed: null, browser: { method: 'GET', cookies: 0, other_host: null } },
      events: [],
    })
    expect(await replaysIdentically(transcript)).toBe(true)
  })

  test('who was refused by the policy, and which rule matched whom it let in', async () => {
    const id = organizations.next()
    await world.enable(id)
    const role_mapping = { claim: 'groups', rules: [{ value: 'Nobody', role: 'admin' }] }
    const policy = { enforcement: 'optional', role_mapping, default_role: null }
    expect((await world.api('PUT', `/organizations/${id}/oidc/policy`, policy)).status).toBe(200)
    await world.login(id)
    expect(await last(id)).toMatchObject({
      code: 'policy_role_not_mapped',
      claims: { email: 'ada@acme.example' },
      access: { email: 'ada@acme.example', role: null },
    })
    expect((await last(id)).subject).toBe((await last(id)).claims.sub)
  })
})

describe('circumstances', () => {
  const callback = (url: string, host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      httpRequest(url, { headers: { host } }, (response) => {
        response.resume()
        resolve(response.statusCode!)
      })
        .on('error', reject)
        .end()
    })

  test('the host that the browser called us by, where it is another than ours', async () => {
    const id = organizations.next()
    await world.save(id)
    const { port } = new URL(world.base_url)
    await callback(`${world.organization(id)}/oidc/consume?state=a`, `127.0.0.1:${port}`)
    expect(await last(id)).toMatchObject({
      cause: { problem: { near_miss: 'cookie_lost_to_other_host', value: `127.0.0.1:${port}` } },
    })
    await callback(`${world.organization(id)}/oidc/consume?state=a`, `${'a'.repeat(2000)}.example`)
    expect((await transcriptOf(id)).circumstances!.browser.other_host!.length).toBeLessThan(260)
  })

  test('the host that a proxy names instead of ours says nothing about the browser', async () => {
    const public_ = await createWorld({ organizations: ['acme'], base_url: 'https://sso.acme.example' })
    try {
      await public_.save()
      const { port } = public_.app.server.address() as { port: number }
      const seen = async (host: string) => {
        await callback(`http://localhost:${port}/organizations/acme/oidc/consume?state=a`, host)
        const { attempt_id } = await public_.lastAttempt()
        const { body } = await public_.api('GET', `${path('acme', attempt_id)}/transcript`)
        return body.circumstances.browser.other_host
      }
      expect(await seen('sso.acme.example')).toBeNull()
      expect(await seen('sso.acme.example:443')).toBeNull()
      expect(await seen('127.0.0.1:3000')).toBeNull()
      expect(await seen('upstream')).toBeNull()
      expect(await seen('old.acme.example')).toBe('old.acme.example')
    } finally {
      await public_.close()
    }
  })

  test('a flow of another organization is not named to this one', async () => {
    const [mine, other] = [organizations.next(), organizations.next()]
    await world.enable(mine)
    await world.enable(other)
    const agent = new UserAgent()
    const url = await world.callback(other, agent)
    await agent.visit(url.href.replace(`/${other}/`, `/${mine}/`))
    expect((await world.lastAttempt(mine)).code).toBe('flow_organization_mismatch')
    const transcript = await transcriptOf(mine)
    expect(JSON.stringify(transcript)).not.toContain(`"${other}"`)
    expect(await replaysIdentically(transcript)).toBe(true)
  })
})

describe('what is kept', () => {
  async function kept(wrapStore: (store: Store) => Store = (store) => store) {
    const clock = { now: 1_900_000_000 }
    const now = () => clock.now
    const store = wrapStore(await openStore('memory:', { now }))
    const log = { info: () => {}, warn: () => {}, error: () => {} }
    const random = (bytes: number) => new Uint8Array(bytes)
    return { clock, store, attempts: createAttempts({ store, now, random, log, count: () => {} }) }
  }
  const owner = { connection_id: 'connection-1' }
  const day = 86_400

  test('logins that succeeded for 7 days; failures and tests for 30', async () => {
    const { clock, attempts } = await kept()
    const record = async (asked: Parameters<typeof recorded>[0]) =>
      attempts.record((await recorded(asked)).transcript, { claimed: true })
    const login = await record({})
    const failed = await record({ answers: { token: json({ error: 'invalid_client' }, { status: 401 }) } })
    const tested = await record({ requested: { purpose: 'test' } })
    const ids = async () => (await attempts.list(owner, 10)).entries.map(({ attempt_id }) => attempt_id)
    expect(await ids()).toEqual([tested, failed, login])
    clock.now += 7 * day - 1
    expect(await ids()).toEqual([tested, failed, login])
    clock.now += 1
    expect(await ids()).toEqual([tested, failed])
    clock.now += 23 * day
    expect(await ids()).toEqual([])
  })

  test('of a transcript that is too large, the verdict and no events', async () => {
    const { attempts, store } = await kept()
    const answers = {
      token: json(tokenBody()),
      jwks: json({ keys: [{ kty: 'RSA', kid: 'x', n: 'n'.repeat(140_000) }] }),
    }
    const { transcript } = await recorded({ answers })
    expect(JSON.stringify(transcript).length).toBeGreaterThan(131_072)
    const attempt_id = await attempts.record(transcript, { claimed: true })
    expect(await attempts.get(owner, attempt_id)).toMatchObject({
      omitted: true,
      code: 'id_token_key_not_found',
      transcript: { events: [], decisions: [], verdict: transcript.verdict },
    })
    const rows = await store.list('attempts', { limit: 10 })
    expect(JSON.stringify(rows satisfies Json as Json).length).toBeLessThan(10_000)
  })

  test('claims that are too large are left out of the verdict as well', async () => {
    const { attempts } = await kept()
    const { transcript } = await recorded()
    const { verdict } = transcript
    if (verdict.outcome !== 'authenticated') throw new Error('it does not succeed')
    const claims = { groups: ['g'.repeat(200_000)] }
    const came = {
      type: 'userinfo_response_received',
      at: transcript.events.at(-1)!.at,
      response: json(claims),
    } as const
    const large = { ...transcript, events: [...transcript.events, came], verdict: { ...verdict, claims } }
    const attempt_id = await attempts.record(large, { claimed: true })
    expect(await attempts.get(owner, attempt_id)).toMatchObject({
      omitted: true,
      subject: 'user-1',
      transcript: { verdict: { claims: {} } },
    })
  })

  test('a list by outcome, in pages, skips what does not belong to it', async () => {
    const { clock, attempts } = await kept()
    const [good, bad] = [
      (await recorded()).transcript,
      (await recorded({ answers: { token: 'timed_out' } })).transcript,
    ]
    const ids: string[] = []
    for (let n = 0; n < 9; n++) {
      clock.now += 1
      ids.unshift(await attempts.record(n % 3 === 0 ? bad : good, { claimed: true }))
    }
    const seen = async (limit: number, outcome?: 'failed' | 'succeeded', before?: string) => {
      const { entries, older } = await attempts.list(owner, limit, { outcome }, before)
      return [entries.map(({ attempt_id }) => attempt_id), older]
    }
    expect(await seen(4)).toEqual([ids.slice(0, 4), ids[3]])
    expect(await seen(4, undefined, ids[3])).toEqual([ids.slice(4, 8), ids[7]])
    expect(await seen(4, undefined, ids[7])).toEqual([ids.slice(8), null])
    expect(await seen(9)).toEqual([ids, null])
    expect(await seen(2, 'failed')).toEqual([[ids[2], ids[5]], ids[5]])
    expect(await seen(2, 'failed', ids[5])).toEqual([[ids[8]], null])
    expect(await attempts.list({ connection_id: 'connection-2' }, 10)).toEqual({ entries: [], older: null })
  })

  test('of a rare kind a page searches so many rows and no more: every one is found, in order, however far back', async () => {
    let read = 0
    const { clock, attempts } = await kept((store) => ({
      ...store,
      async list(...args) {
        const rows = await store.list(...args)
        read += rows.length
        return rows
      },
    }))
    const login = (await recorded()).transcript
    const test = (await recorded({ requested: { purpose: 'test' } })).transcript
    const bad = (await recorded({ requested: { purpose: 'test' }, answers: { token: 'timed_out' } })).transcript
    const tests: string[] = []
    const once = async (transcript: Transcript) => {
      clock.now += 0.01
      return attempts.record(transcript, { claimed: true })
    }
    for (const transcript of [test, bad]) tests.unshift(await once(transcript))
    for (let n = 0; n < 2300; n++) await once(login)
    for (const transcript of [bad, test]) tests.unshift(await once(transcript))
    const found: string[] = []
    let before: string | undefined
    for (let pages = 0; pages < 10; pages++) {
      read = 0
      const { entries, older } = await attempts.list(owner, 50, { purpose: 'test' }, before)
      expect(read).toBeLessThanOrEqual(2010)
      found.push(...entries.map(({ attempt_id }) => attempt_id))
      if (older === null) break
      before = older
    }
    expect(found).toEqual(tests)
  })
})

test('a transcript is a file to carry home; there is none of an attempt that is not there, or whose events are not kept', async () => {
  const id = organizations.next()
  await world.save(id)
  await world.runTest(id)
  const { attempt_id } = await world.lastAttempt(id)
  const found = await world.api('GET', `${path(id, attempt_id)}/transcript`)
  expect([found.status, found.headers.get('content-disposition')]).toEqual([
    200,
    `attachment; filename="transcript-${String(attempt_id)}.json"`,
  ])
  expect(await world.api('GET', `${path(id, 'nothing')}/transcript`)).toMatchObject({
    status: 404,
    body: { code: 'attempt_not_found' },
  })
  // A provider whose keys alone are more than is kept of an attempt: it fails like any other, and is not recorded whole.
  const other = organizations.next()
  await world.save(other)
  wide.now = true
  await world.runTest(other)
  wide.now = false
  const large = await last(other)
  expect(large).toMatchObject({
    outcome: 'failed',
    code: 'id_token_key_not_found',
    omitted: true,
    checks: [],
    cause: null,
  })
  expect(await world.api('GET', `${path(other, large.attempt_id)}/transcript`)).toMatchObject({
    status: 404,
    body: { code: 'transcript_not_kept' },
  })
  const page = `${world.organization(other)}/settings/sso/attempts/${String(large.attempt_id)}/transcript`
  const visit = await (await world.admin()).visit(page)
  expect([visit.status, codeOf(visit)]).toEqual([404, 'transcript_not_kept'])
})
