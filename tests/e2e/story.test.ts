/** The four steps of the seed in a real browser, without and with scripts, on a desktop and on a phone; and a test that fails. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminToken, clientId, clientSecret, createWorld, type World } from '../support/world.ts'
import { executable, launch, picture } from './browser.ts'
import { carryHome } from './carry-home.ts'

const screens = [
  { name: 'desktop', viewport: { width: 1280, height: 900 }, javaScriptEnabled: true },
  { name: 'phone', viewport: { width: 375, height: 812 }, javaScriptEnabled: false },
] as const

describe.skipIf(executable === undefined)('in Chromium', { timeout: 60_000 }, () => {
  let browser: Browser
  beforeAll(async () => void (browser = await launch()))
  afterAll(() => browser.close())

  describe.each(screens)('on a $name', ({ name, ...screen }) => {
    let world: World
    let page: Page
    beforeAll(async () => {
      world = await createWorld({ sign_in_page: true })
      page = await (await browser.newContext(screen)).newPage()
    })
    afterAll(async () => {
      await page.context().close()
      await world.close()
    })

    const settings = () => `${world.organization()}/settings/sso`
    const state = () => page.locator('[data-state]').first().getAttribute('data-state')
    const signInAtProvider = async (login: string, password: string) => {
      await page.waitForURL((url) => url.origin === world.idp.issuer)
      await page.locator('input[type=password]').fill(password)
      await page.locator('input:not([type=password]):not([type=hidden])').first().fill(login)
      await page.locator('button').first().click()
    }
    const updateAndTest = async (secret: string) => {
      await page.locator('input[name=issuer]').fill(world.idp.issuer)
      await page.locator('input[name=client_id]').fill(clientId)
      await page.locator('input[name=client_secret]').fill(secret)
      await page.locator('button[name=intent][value=test]').click()
    }

    test('an administrator signs in and finds the Redirection URI to copy', async () => {
      await page.goto(settings())
      await page.locator('input[name=admin_token]').fill(adminToken)
      await page.locator('form[action$="/admin/sign-in"] button').click()
      await page.waitForURL(settings())
      expect(await page.locator('#redirect_uri').inputValue()).toBe(`${world.organization()}/oidc/consume`)
      await picture(page, `${name}-1-empty`)
    })

    test('Update and test with a wrong secret comes back to an explained failure', async () => {
      await updateAndTest('not-the-secret')
      await signInAtProvider('ada@acme.example', 'analytical-engine')
      await page.waitForURL(settings())
      expect(await page.content()).toContain('token_invalid_client')
      expect(await page.locator('form[action$="/enable"] button').isDisabled()).toBe(true)
      await picture(page, `${name}-2-failed`)
      await carryHome(world, 'e2e.secret-of-nobody')
    })

    test('Update and test with the right secret comes back to a green check', async () => {
      await updateAndTest(clientSecret)
      await page.waitForURL(settings())
      expect(await state()).toBe('tested')
      expect(await page.content()).not.toContain(clientSecret)
      await picture(page, `${name}-3-tested`)
    })

    test('Enable makes it serve members', async () => {
      await page.locator('form[action$="/enable"] button').click()
      await page.waitForURL(settings())
      expect(await state()).toBe('enabled')
      await picture(page, `${name}-4-enabled`)
    })

    test('a member signs in through the provider, and out again', async () => {
      const member = await (await browser.newContext(screen)).newPage()
      const other = page
      page = member
      await page.goto(`${world.organization()}/oidc/login`)
      await signInAtProvider('grace@acme.example', 'nanoseconds')
      await page.waitForURL(world.organization())
      expect(await page.content()).toContain('grace@acme.example')
      await picture(page, `${name}-5-member`)
      await page.locator('form[action$="/oidc/logout"] button').click()
      await page.waitForURL((url) => url.pathname === '/organizations/acme/oidc/logged-out')
      expect(world.idp.requests.of('end_session').length).toBe(1)
      await page.context().close()
      page = other
    })

    test('a change is drafted beside what members use', async () => {
      await page.goto(settings())
      await page.locator('input[name=client_id]').fill('0oa1anotherclient000')
      await page.locator('button[name=intent][value=save]').click()
      expect(await state()).toMatch(/pending|beside|draft/)
      await picture(page, `${name}-6-pending`)
    })

    test('the page is never wider than the screen', async () => {
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect(overflow).toBeLessThanOrEqual(0)
    })
  })
})
