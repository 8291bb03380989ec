/**
 * Sign-ins that end badly, as a browser walks through them: what the person is told, and the transcript of the attempt,
 * which replays to the same verdict wherever it is carried.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { FailureCode } from '@relying-party/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Kept } from '../explain/kept.ts'
import { createWorld, organizationIds, type World } from '../support/world.ts'
import { executable, launch } from './browser.ts'
import { carryHome } from './carry-home.ts'

const organizations = organizationIds(12)

describe.skipIf(executable === undefined)('in Chromium', { timeout: 60_000 }, () => {
  let browser: Browser
  let world: World
  let context: BrowserContext
  let page: Page
  let id: string
  /** While it is set, whoever comes back meets somebody else at our door. */
  let almostBack = false
  beforeAll(async () => {
    browser = await launch()
    world = await createWorld({
      organizations: organizations.ids,
      client: { assigned_groups: ['Acme'] },
      prepare: (app) =>
        app.addHook('onRequest', (request, reply, next) => {
          if (almostBack && request.url.includes('/oidc/consume')) reply.send('almost back')
          else next()
        }),
    })
  })
  beforeEach(async () => {
    id = organizations.next()
    world.clock.now = Math.ceil(Date.now() / 60_000) * 60
    world.idp.clock.freeze(world.clock.now)
    context = await browser.newContext()
    page = await context.newPage()
  })
  afterEach(async () => {
    world.idp.clearFaults()
    await context.close()
  })
  afterAll(async () => {
    await browser.close()
    await world.close()
  })

  const toldOnPage = () => page.locator('[data-page=failure]').getAttribute('data-code')
  const signIn = () => page.goto(`${world.organization(id)}/oidc/login?return_to=/welcome`)

  /** The person is told this code and the attempt by its id; its transcript is the row's. */
  async function isRefused(name: Kept, code: FailureCode): Promise<void> {
    expect(await toldOnPage()).toBe(code)
    const { attempt_id } = await world.lastAttempt(id)
    expect(await page.locator('#attempt-id').textContent()).toBe(attempt_id)
    expect(await page.context().cookies()).not.toContainEqual(expect.objectContaining({ name: `rp_session_${id}` }))
    await carryHome(world, name, id)
  }

  /** Goes to the provider and, on the way back, stays there: the address that the browser was sent to. */
  async function comeAlmostBack(): Promise<string> {
    almostBack = true
    await signIn()
    almostBack = false
    return page.url()
  }

  describe('of a member', () => {
    beforeEach(() => world.enable(id))

    test('whom nobody assigned to the application', async () => {
      world.idp.loginAs('eve@elsewhere.example', { times: 1 })
      await signIn()
      await isRefused('e2e.member-who-is-not-assigned', 'access_denied')
    })

    test('whom the policy refuses', async () => {
      await world.api('PUT', `/organizations/${id}/oidc/policy`, {
        enforcement: 'optional',
        allowed_email_domains: ['other.example'],
      })
      await signIn()
      await isRefused('e2e.member-without-the-email-domain', 'policy_email_domain_not_allowed')
    })

    test('whose ID Token another key has signed', async () => {
      world.idp.inject('id_token.signature_invalid', { times: 1 })
      await signIn()
      await isRefused('e2e.provider-that-signs-with-another-key', 'id_token_signature_invalid')
    })

    test('who comes back without state', async () => {
      const callback = new URL(await comeAlmostBack())
      callback.searchParams.delete('state')
      await page.goto(callback.href)
      await isRefused('e2e.response-without-state', 'authorization_response_state_missing')
    })

    test('who comes back a second time, with the cookies of the first', async () => {
      const callback = await comeAlmostBack()
      const cookies = await context.cookies()
      await page.goto(callback)
      expect(new URL(page.url()).pathname).toBe('/welcome')
      await context.clearCookies()
      await context.addCookies(cookies)
      await page.goto(callback)
      await isRefused('e2e.response-used-twice', 'flow_already_used')
    })

    test('who comes back in another browser', async () => {
      const callback = await comeAlmostBack()
      await context.clearCookies()
      await page.goto(callback)
      await isRefused('e2e.response-in-another-browser', 'flow_not_found')
    })

    test('who comes back after a quarter of an hour', async () => {
      const callback = await comeAlmostBack()
      world.clock.now += 901
      await page.goto(callback)
      await isRefused('e2e.response-after-fifteen-minutes', 'flow_expired')
    })

    test('who comes back when other settings are live', async () => {
      const callback = await comeAlmostBack()
      await world.enable(id, { scope: 'openid email' })
      await page.goto(callback)
      await isRefused('e2e.settings-replaced-meanwhile', 'flow_revision_replaced')
    })
  })

  describe('of an administrator who tests', () => {
    test('an issuer that is none', async () => {
      await world.save(id, { issuer: `${world.idp.issuer}/oauth2/nobody` })
      await page.goto(await world.testUrl(id))
      await carryHome(world, 'e2e.issuer-that-is-none', id)
    })

    test('with a Redirection URI that is not registered: the provider keeps the browser', async () => {
      const unregistered = 'globex'
      await world.save(unregistered)
      await page.goto(await world.testUrl(unregistered))
      expect(new URL(page.url()).origin).toBe(world.idp.issuer)
      world.clock.now += 60 + 900 + 60
      await world.sweep()
      await carryHome(world, 'e2e.redirect-uri-not-registered', unregistered)
    })
  })
})
