/** The cookies that we set, and whose cookies we believe. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formFields, UserAgent } from '../support/user-agent.ts'
import { adminToken, createWorld, type World } from '../support/world.ts'

describe('cookies', () => {
  const secure = 'https://sso.example'
  let far: World
  beforeAll(async () => {
    far = await createWorld({ base_url: secure, organizations: ['acme', 'form'] })
    for (const id of ['acme', 'form']) await enableByInject(id, id === 'form' ? { response_mode: 'form_post' } : {})
  })
  afterAll(() => far.close())

  interface Answer {
    readonly status: number
    readonly location: string | undefined
    readonly lines: readonly string[]
    readonly headers: Record<string, unknown>
    readonly body: string
  }
  async function get(url: string, cookie = '', headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await far.app.inject({
      url: url.replace(secure, ''),
      headers: { ...(cookie !== '' && { cookie }), ...headers },
    })
    return answerOf(answer)
  }
  function answerOf(answer: Awaited<ReturnType<World['app']['inject']>>): Answer {
    const lines = [answer.headers['set-cookie'] ?? []].flat() as string[]
    return {
      status: answer.statusCode,
      location: answer.headers.location as string | undefined,
      lines,
      headers: answer.headers,
      body: answer.body,
    }
  }
  const pair = (line: string) => line.split(';')[0]!
  async function atProvider(location: string): Promise<string> {
    const agent = new UserAgent()
    const visit = await agent.visit(location, { until: (url) => url.origin === secure })
    return visit.status === 0 ? visit.url.href : visit.body
  }
  async function enableByInject(id: string, changes: Record<string, unknown>) {
    const saved = await far.save(id, changes)
    const started = await get(await far.testUrl(id))
    const back = await atProvider(started.location!)
    const cookie = pair(started.lines[0]!)
    if (id === 'form') await post(back, cookie)
    else await get(back, cookie)
    await far.api('POST', `/organizations/${id}/oidc/enable`, { fingerprint: saved.body.candidate.fingerprint })
    expect((await far.connection(id)).status).toBe('enabled')
  }
  async function post(page: string, cookie: string): Promise<Answer> {
    const payload = new URLSearchParams(formFields(page, '/oidc/consume')).toString()
    const headers = {
      cookie,
      'content-type': 'application/x-www-form-urlencoded',
      origin: far.idp.issuer,
      'sec-fetch-site': 'cross-site',
    }
    return answerOf(await far.app.inject({ method: 'POST', url: '/organizations/form/oidc/consume', headers, payload }))
  }

  test('over https every cookie is __Host-, Secure, HttpOnly, Path=/, without Domain (#171)', async () => {
    const started = await get('/organizations/acme/oidc/login?return_to=/welcome')
    const finished = await get(await atProvider(started.location!), pair(started.lines[0]!))
    const admin = await far.app.inject({
      method: 'POST',
      url: '/admin/sign-in',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `admin_token=${adminToken}`,
    })
    const lines = [...started.lines, ...finished.lines, ...([admin.headers['set-cookie']].flat() as string[])]
    expect(lines).toHaveLength(4)
    for (const line of lines) {
      expect(line).toMatch(/^__Host-rp_/)
      expect(line.split('; ').slice(1)).toEqual(
        expect.arrayContaining(['Path=/', 'HttpOnly', 'SameSite=Lax', 'Secure']),
      )
      expect(line).not.toMatch(/domain/i)
    }
    expect([finished.status, finished.location]).toEqual([303, `${secure}/welcome`])
    expect(String(finished.headers['strict-transport-security'])).toContain('max-age=')
  })

  test('for form_post the flow cookie travels with a cross-site POST: SameSite=None, and only that one (#173)', async () => {
    const started = await get('/organizations/form/oidc/login?return_to=/welcome')
    expect(started.lines[0]).toMatch(/SameSite=None; Secure$/)
    const finished = await post(await atProvider(started.location!), pair(started.lines[0]!))
    expect([finished.status, finished.location]).toEqual([303, `${secure}/welcome`])
    const session = finished.lines.find((line) => line.includes('rp_session_form='))
    expect(session).toContain('SameSite=Lax')
  })

  test('a response that is posted again comes without the session cookie: it is asked for once more (#179)', async () => {
    const started = await get('/organizations/form/oidc/login?return_to=/welcome')
    const flow = pair(started.lines[0]!)
    const page = await atProvider(started.location!)
    const finished = await post(page, flow)
    const session = pair(finished.lines.find((line) => line.includes('rp_session_form='))!)
    far.idp.requests.clear()
    for (const [held, landing] of [
      ['', `${secure}/organizations/form`],
      [flow, `${secure}/welcome`],
    ] as const) {
      const again = await post(page, held)
      expect([again.status, again.location]).toEqual([303, expect.stringContaining('/oidc/consume?state=')])
      const signedIn = await get(again.location!, [held, session].filter(Boolean).join('; '))
      expect([signedIn.status, signedIn.location, signedIn.lines]).toEqual([303, landing, []])
      const stranger = await get(again.location!, held, { accept: 'application/json' })
      const code = held === '' ? 'flow_not_found' : 'flow_already_used'
      expect([stranger.status, JSON.parse(stranger.body).code]).toEqual([400, code])
    }
    expect(far.idp.requests.list()).toEqual([])
  })

  test('a name without the prefix, as plain http or a sibling could set it, is not ours (#171)', async () => {
    const started = await get('/organizations/acme/oidc/login?return_to=/welcome')
    const tossed = pair(started.lines[0]!).replace('__Host-', '')
    const refused = await get(await atProvider(started.location!), tossed, { accept: 'application/json' })
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([400, 'flow_not_found'])
  })

  test('a flow cookie that comes twice is refused, whichever is first (#171)', async () => {
    const started = await get('/organizations/acme/oidc/login?return_to=/welcome')
    const good = pair(started.lines[0]!)
    const tossed = `${good.split('=')[0]}=v1.a.b`
    const back = await atProvider(started.location!)
    for (const cookie of [`${good}; ${tossed}`, `${tossed}; ${good}`, `${good}; ${good}`]) {
      const refused = await get(back, cookie, { accept: 'application/json' })
      expect([refused.status, JSON.parse(refused.body).code]).toEqual([400, 'flow_not_found'])
    }
    expect((await get(back, good)).location).toBe(`${secure}/welcome`)
  })

  test('a session or admin cookie that comes twice is refused (#171)', async () => {
    const started = await get('/organizations/acme/oidc/login?return_to=/welcome')
    const finished = await get(await atProvider(started.location!), pair(started.lines[0]!))
    const session = pair(finished.lines.find((line) => line.includes('rp_session_'))!)
    expect((await get('/organizations/acme/session', session)).status).toBe(200)
    expect((await get('/organizations/acme/session', `${session}; ${session}`)).status).toBe(401)
    expect((await get('/organizations/acme/session', `${session}; ${session.split('=')[0]}=`)).status).toBe(401)
  })

  test('an altered flow cookie is refused, at whichever byte', async () => {
    const started = await get('/organizations/acme/oidc/login?return_to=/welcome')
    const good = pair(started.lines[0]!)
    const back = await atProvider(started.location!)
    const value = good.slice(good.indexOf('=') + 1)
    const altered = [
      value.slice(0, -1),
      `${value.slice(0, -4)}${value.at(-4) === 'A' ? 'B' : 'A'}${value.slice(-3)}`,
      value.replace('v1.', 'v2.'),
      value.replace(/\.[^.]+\./, '.AAAAAAAA.'),
      `${value.slice(0, 40)}${value[40] === 'A' ? 'B' : 'A'}${value.slice(41)}`,
      `${value}.`,
      '',
      'a'.repeat(9000),
    ]
    for (const bad of altered) {
      const refused = await get(back, `${good.split('=')[0]}=${bad}`, { accept: 'application/json' })
      expect([refused.status, JSON.parse(refused.body).code]).toEqual([400, 'flow_not_found'])
    }
  })

  test('a flow cookie under the name of another flow is refused', async () => {
    const [a, b] = [await get('/organizations/acme/oidc/login'), await get('/organizations/acme/oidc/login')]
    const [nameOfA] = pair(a.lines[0]!).split('=')
    const valueOfB = pair(b.lines[0]!).slice(pair(b.lines[0]!).indexOf('=') + 1)
    const refused = await get(await atProvider(a.location!), `${nameOfA}=${valueOfB}`, { accept: 'application/json' })
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([400, 'flow_not_found'])
  })

  test('cookie headers that make no sense break nothing (#193)', async () => {
    for (const cookie of [';;;', '=', 'a', '\u00e9=b', 'a=b=c;;', '$Version=1; a="b', 'x'.repeat(12_000)]) {
      expect((await get('/organizations/acme/session', cookie)).status).toBe(401)
    }
  })
})
