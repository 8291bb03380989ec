/** Signing in: the page for a person, the session that is remembered, and the sign-in without a page. */
import { describe, expect, it } from 'vitest'
import { authorizationUrl, Browser, decode, location, mockFor, redirect_uri, requestToken } from './support.ts'

const mock = mockFor({ auto_login: undefined as never })
const ada = { username: 'ada@acme.example', password: 'analytical-engine', remember: 'true' }
const grace = { username: 'grace@acme.example', password: 'nanoseconds' }

/** Follows the mock's own redirects until a page or the relying party is reached. */
async function follow(browser: Browser, response: Response): Promise<Response> {
  while (response.headers.get('location')?.startsWith(mock().issuer)) {
    response = await browser.get(response.headers.get('location')!)
  }
  return response
}

/** Opens the sign-in page; answers its address. */
async function open(browser: Browser, issuer: string, change = {}): Promise<string> {
  const response = await browser.get(authorizationUrl(issuer, change))
  expect(response.status).toBe(302)
  return new URL(response.headers.get('location')!, issuer).href
}

const idTokenOf = async (issuer: string, response: Response) =>
  decode((await requestToken(issuer, { code: location(response)['code'] })).body['id_token']!).payload

describe('the sign-in page', () => {
  it('is plain HTML that runs nothing and is framed by nobody', async () => {
    const browser = new Browser()
    const page = await browser.get(await open(browser, mock().issuer))
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    const text = await page.text()
    expect(text).not.toContain('<script')
    expect(text).toContain('<label for="username">')
    expect(text).toContain('to continue to <b>Web</b>')
  })

  it('leads back to the relying party', async () => {
    for (const issuer of [mock().issuer, mock().customIssuer]) {
      const browser = new Browser()
      const response = await follow(browser, await browser.post(await open(browser, issuer), ada))
      expect(response.headers.get('location')).toMatch(new RegExp(`^${redirect_uri}\\?code=`))
      expect(await idTokenOf(issuer, response)).toMatchObject({ preferred_username: 'ada@acme.example', iss: issuer })
    }
  })

  it('says so when the password is wrong, and lets one try again', async () => {
    const browser = new Browser()
    const url = await open(browser, mock().issuer)
    const refused = await browser.post(url, { ...ada, password: 'wrong' })
    expect(refused.status).toBe(401)
    const text = await refused.text()
    expect(text).toContain('Unable to sign in')
    expect(text).toContain('value="ada@acme.example"')
    expect(text).not.toContain('wrong')
    expect(location(await follow(browser, await browser.post(url, ada)))).toHaveProperty('code')
  })

  it('says the same for a user who does not exist', async () => {
    const browser = new Browser()
    const refused = await browser.post(await open(browser, mock().issuer), { username: 'x', password: 'y' })
    expect(await refused.text()).toContain('Unable to sign in')
  })

  it('has the login hint filled in', async () => {
    const browser = new Browser()
    const url = await open(browser, mock().issuer, { login_hint: 'grace@acme.example' })
    expect(await (await browser.get(url)).text()).toContain('name="username" value="grace@acme.example"')
  })

  it('is of no use without the request that led to it', async () => {
    const page = await new Browser().get(await open(new Browser(), mock().issuer))
    expect(page.status).toBe(400)
    expect(await page.text()).toContain('Your session has expired')
  })

  it('asks a person who is not assigned nothing more, but says so', async () => {
    mock().unassign('0oaweb', { group: 'Everyone' })
    const browser = new Browser()
    const response = await follow(browser, await browser.post(await open(browser, mock().issuer), ada))
    mock().assign('0oaweb', { group: 'Everyone' })
    expect(location(response)).toMatchObject({ error: 'access_denied' })
  })
})

describe('a session', () => {
  it('is remembered, and its auth_time stays', async () => {
    const browser = new Browser()
    const first = await follow(browser, await browser.post(await open(browser, mock().issuer), ada))
    const before = await idTokenOf(mock().issuer, first)
    mock().clock.advance(100)
    const second = await browser.get(authorizationUrl(mock().issuer, { prompt: 'none' }))
    const after = await idTokenOf(mock().issuer, second)
    mock().clock.reset()
    expect(after['auth_time']).toBe(before['auth_time'])
    expect(Number(after['iat'])).toBeGreaterThanOrEqual(Number(before['iat']) + 100)
  })

  it('is too old for a max_age that it exceeds', async () => {
    const browser = new Browser()
    await follow(browser, await browser.post(await open(browser, mock().issuer), ada))
    mock().clock.advance(100)
    const young = await browser.get(authorizationUrl(mock().issuer, { max_age: '200', prompt: 'none' }))
    const old = await browser.get(authorizationUrl(mock().issuer, { max_age: '50', prompt: 'none' }))
    mock().clock.reset()
    expect(location(young)).toHaveProperty('code')
    expect(location(old)).toMatchObject({ error: 'login_required' })
  })

  it('is asked again with prompt=login, and may become another person’s', async () => {
    const browser = new Browser()
    await follow(browser, await browser.post(await open(browser, mock().issuer), ada))
    const url = await open(browser, mock().issuer, { prompt: 'login' })
    const response = await follow(browser, await browser.post(url, grace))
    expect(await idTokenOf(mock().issuer, response)).toMatchObject({ preferred_username: 'grace@acme.example' })
  })

  it('ends with a sign-out', async () => {
    const browser = new Browser()
    await follow(browser, await browser.post(await open(browser, mock().issuer), ada))
    await browser.get(`${mock().issuer}/login/signout`)
    const response = await browser.get(authorizationUrl(mock().issuer, { prompt: 'none' }))
    expect(location(response)).toMatchObject({ error: 'login_required' })
  })
})

describe('signing in without a page', () => {
  it('is one hop, as often as was said', async () => {
    mock().loginAs('grace@acme.example', { times: 1 })
    const response = await new Browser().get(authorizationUrl(mock().issuer))
    expect(await idTokenOf(mock().issuer, response)).toMatchObject({ preferred_username: 'grace@acme.example' })
    expect(await open(new Browser(), mock().issuer)).toContain('/signin/')
  })

  it('goes on until it is ended', async () => {
    mock().loginAs('ada@acme.example')
    for (const _ of [1, 2]) {
      expect(location(await new Browser().get(authorizationUrl(mock().issuer)))).toHaveProperty('code')
    }
    mock().loginAs(null)
    expect(await open(new Browser(), mock().issuer)).toContain('/signin/')
  })

  it('also answers prompt=login, max_age=0 and prompt=consent, with a new auth_time', async () => {
    mock().loginAs('ada@acme.example')
    const browser = new Browser()
    const before = await idTokenOf(mock().issuer, await browser.get(authorizationUrl(mock().issuer)))
    mock().clock.advance(10)
    for (const change of [{ prompt: 'login' }, { max_age: '0' }, { prompt: 'login consent' }]) {
      const after = await idTokenOf(mock().issuer, await browser.get(authorizationUrl(mock().issuer, change)))
      expect(Number(after['auth_time'])).toBeGreaterThanOrEqual(Number(before['auth_time']) + 10)
    }
    mock().clock.reset()
    mock().loginAs(null)
  })

  it('takes over the session of another person', async () => {
    const browser = new Browser()
    mock().loginAs('ada@acme.example', { times: 1 })
    await browser.get(authorizationUrl(mock().issuer))
    mock().loginAs('grace@acme.example', { times: 1 })
    const response = await browser.get(authorizationUrl(mock().issuer))
    expect(await idTokenOf(mock().issuer, response)).toMatchObject({ preferred_username: 'grace@acme.example' })
  })

  it('refuses a user who does not exist', () => {
    expect(() => mock().loginAs('nobody')).toThrow('no user nobody')
  })
})

describe('the home page', () => {
  it('leads to the applications as the tiles of Okta do, with the issuer of the org', async () => {
    mock().addClient({
      client_id: '0oatile',
      client_secret: 'x',
      client_name: 'Tile',
      redirect_uris: [redirect_uri],
      initiate_login_uri: 'https://rp.example/initiate?org=1',
    })
    const text = await (await fetch(mock().issuer)).text()
    const iss = encodeURIComponent(mock().issuer)
    expect(text).toContain(`href="https://rp.example/initiate?org=1&#38;iss=${iss}"`)
  })
})
