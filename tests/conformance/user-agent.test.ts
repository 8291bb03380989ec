/** The browser of the run: the rules of browsers that decide whether a sign-in works. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UserAgent } from '@relying-party/mock-idp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let server: Server
let origin: string
const seen: { method: string; path: string; cookie: string; origin: string; site: string; body: string }[] = []
const pages: Record<string, { headers?: Record<string, string | string[]>; status?: number; body?: string }> = {
  '/cookies': {
    headers: {
      'set-cookie': [
        'lax=1; SameSite=Lax',
        'strict=1; SameSite=Strict',
        'none=1; SameSite=None; Secure',
        'broken=1; SameSite=None',
        'deep=1; Path=/deep',
      ],
    },
  },
  '/forget': { headers: { 'set-cookie': 'lax=; Max-Age=0' } },
  '/303': { status: 303, headers: { location: '/end' } },
  '/307': { status: 307, headers: { location: '/end' } },
  '/round': { status: 302, headers: { location: '/round' } },
}

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const site = String(headers['sec-fetch-site'] ?? '')
      seen.push({ method, path: url, cookie: headers.cookie ?? '', origin: headers.origin ?? '', site, body })
      const form = /^\/form-to\/(.*)$/.exec(url)?.[1]
      const page = form === undefined ? pages[url.split('?')[0]!] : { body: formTo(decodeURIComponent(form)) }
      response.writeHead(page?.status ?? 200, page?.headers).end(page?.body ?? '')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const formTo = (action: string) =>
  `<html><body onload="document.forms[0].submit()"><form method="post" action="${action}">
   <input type="hidden" name="state" value="a&amp;b&#39;&#x3C;&quot;"/><input type="hidden" name='code' value='c'/></form></body></html>`

describe('the browser', () => {
  it('sends cookies back where they belong', async () => {
    const agent = new UserAgent()
    await agent.visit(`${origin}/cookies`)
    await agent.visit(`${origin}/end`)
    expect(seen.at(-1)!.cookie.split('; ').sort()).toEqual(['lax=1', 'none=1', 'strict=1'])
    await agent.visit(`${origin}/deep/end`)
    expect(seen.at(-1)!.cookie).toContain('deep=1')
    await agent.visit(`${origin}/deeper`)
    expect(seen.at(-1)!.cookie).not.toContain('deep=1')
    await agent.visit(`${origin}/forget`)
    await agent.visit(`${origin}/end`)
    expect(seen.at(-1)!.cookie).not.toContain('lax')
    await agent.visit(origin.replace('localhost', '127.0.0.1'))
    expect(seen.at(-1)!.cookie).toBe('')
  })

  it('submits a form that submits itself, decoded, and with the cookies of a post from there', async () => {
    const agent = new UserAgent()
    await agent.visit(`${origin}/cookies`)
    await agent.visit(`${origin}/form-to/%2Fend`)
    expect(seen.at(-1)).toMatchObject({ method: 'POST', path: '/end', origin, site: 'same-origin' })
    expect(Object.fromEntries(new URLSearchParams(seen.at(-1)!.body))).toEqual({ state: `a&b'<"`, code: 'c' })
    expect(seen.at(-1)!.cookie).toContain('lax=1')

    const elsewhere = origin.replace('localhost', '127.0.0.1')
    await agent.visit(`${elsewhere}/form-to/${encodeURIComponent(`${origin}/end`)}`)
    expect(seen.at(-1)).toMatchObject({
      method: 'POST',
      path: '/end',
      origin: elsewhere,
      site: 'cross-site',
      cookie: 'none=1',
    })
  })

  it('leaves a form alone that waits for a person', async () => {
    pages['/sign-in'] = { body: '<form method="post" action="/end"><input name="user"></form>' }
    const { url, body } = await new UserAgent().visit(`${origin}/sign-in`)
    expect([url.pathname, body]).toEqual(['/sign-in', pages['/sign-in'].body])
  })

  it('follows redirects, by GET unless told to keep the method', async () => {
    const agent = new UserAgent()
    await agent.visit(`${origin}/303`, { form: { a: 'b' } })
    expect(seen.at(-1)).toMatchObject({ method: 'GET', path: '/end', body: '' })
    await agent.visit(`${origin}/307`, { form: { a: 'b' } })
    expect(seen.at(-1)).toMatchObject({ method: 'POST', path: '/end', body: 'a=b' })
  })

  it('stops where it is told to, and does not go round for ever', async () => {
    const { status, url, via } = await new UserAgent().visit(`${origin}/303`, {
      until: ({ pathname }) => pathname === '/end',
    })
    expect([status, url.pathname, via.length]).toEqual([0, '/end', 2])
    await expect(new UserAgent().visit(`${origin}/round`)).rejects.toThrow(/more than 25 redirects/)
  })
})
