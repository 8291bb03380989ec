/**
 * Six things that go wrong at a provider, tried by an administrator who has a keyboard and nothing else, on a phone and on a
 * desktop: the page says the right remedy and marks the field, and axe-core finds nothing that keeps anybody from it.
 */
import axe from 'axe-core'
import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { failures, nearMisses, replaysIdentically, type Transcript } from '@relying-party/core'
import type { MockOkta } from '@relying-party/mock-idp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { adminToken, clientId, clientSecret, createWorld, type World } from '../support/world.ts'
import { refusals } from '../explain/kept.ts'
import { UserAgent } from '../support/user-agent.ts'
import { executable, launch, picture } from './browser.ts'
import { carryHome } from './carry-home.ts'

const screens = [
  { name: 'desktop', viewport: { width: 1280, height: 900 } },
  { name: 'phone', viewport: { width: 390, height: 844 } },
] as const

interface Fault {
  readonly name: string
  /** How it comes about. */
  readonly arrange: (idp: MockOkta, now: number) => void
  readonly rule: { readonly message: string; readonly remedy: string }
  /** The value to copy. */
  readonly value: ((idp: MockOkta) => string) | null
  readonly field: string | null
  readonly change: string | null
}

const faults = [
  {
    name: 'issuer-with-a-slash',
    arrange: (idp) => void idp.inject('discovery.issuer_trailing_slash', { times: 1 }),
    rule: nearMisses.issuer_trailing_slash,
    value: ({ issuer }) => `${issuer}/`,
    field: 'issuer',
    change: 'issuer',
  },
  {
    name: 'wrong-secret',
    arrange: (idp) => void idp.inject('token.invalid_client', { times: 1 }),
    rule: nearMisses.client_secret_wrong,
    value: null,
    field: 'client_secret',
    change: null,
  },
  {
    name: 'another-audience',
    arrange: (idp) => void idp.inject('id_token.aud_mismatch', { times: 1 }),
    rule: failures.id_token_aud_mismatch,
    value: null,
    field: null,
    change: null,
  },
  {
    name: 'clock-that-is-wrong',
    arrange(idp, now) {
      idp.clock.freeze(now - 60)
      idp.inject('id_token.exp_past', { times: 1, value: 1 })
    },
    rule: nearMisses.clock_differs,
    value: () => '-60 seconds',
    field: null,
    change: 'clock_tolerance',
  },
  {
    name: 'person-who-is-not-assigned',
    arrange: (idp) => idp.loginAs('eve@elsewhere.example', { times: 1 }),
    rule: nearMisses.user_not_assigned,
    value: null,
    field: null,
    change: null,
  },
  {
    name: 'userinfo-of-somebody-else',
    arrange: (idp) => void idp.inject('userinfo.sub_mismatch', { times: 1 }),
    rule: failures.userinfo_sub_mismatch,
    value: null,
    field: null,
    change: null,
  },
] as const satisfies readonly Fault[]

/** Moves by the Tab key until what is looked for has the focus; nothing that can be reached so is out of anybody's reach. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let pressed = 0; pressed < 150; pressed++) {
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the Tab key does not lead to ${selector}`)
}

/** Presses what the Tab key leads to from the top of a page that was just loaded. */
async function press(page: Page, selector: string, key: 'Enter' | 'Space' = 'Enter'): Promise<void> {
  expect(await page.evaluate('document.activeElement === document.body')).toBe(true)
  await tabTo(page, selector)
  await page.keyboard.press(key)
}

async function type(page: Page, id: string, text: string): Promise<void> {
  await tabTo(page, `#${id}`)
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type(text)
}

/** The ids of the rules that axe-core finds broken, with where. */
async function violations(page: Page): Promise<readonly string[]> {
  // As the browser's own tools would: the page's Content-Security-Policy lets in no script.
  await page.evaluate(axe.source)
  return page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))`,
  )
}

const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

describe.skipIf(executable === undefined)('with a keyboard, in Chromium', { timeout: 60_000 }, () => {
  let browser: Browser
  beforeAll(async () => void (browser = await launch()))
  afterAll(() => browser.close())

  describe.each(screens)('on a $name', ({ name, viewport }) => {
    let world: World
    let page: Page
    beforeAll(async () => {
      world = await createWorld({ client: { assigned_groups: ['Acme'] } })
      const context = await browser.newContext({ viewport, reducedMotion: 'reduce' })
      page = await context.newPage()
      await page.goto(settings())
      await type(page, 'admin_token', adminToken)
      await page.keyboard.press('Enter')
      await page.waitForURL(settings())
    })
    afterAll(async () => {
      await page.context().close()
      await world.close()
    })
    // Both clocks stand still together, however long the typing takes.
    beforeEach(() => world.idp.clock.freeze(world.clock.now))

    const settings = () => `${world.organization()}/settings/sso`
    const updateAndTest = async () => {
      await page.goto(settings())
      await type(page, 'issuer', world.idp.issuer)
      await type(page, 'client_id', clientId)
      await type(page, 'client_secret', clientSecret)
      await tabTo(page, '#save-and-test-button')
      await page.keyboard.press('Enter')
      await page.waitForURL(settings())
    }

    test.each(faults)('$name', async ({ name: fault, arrange, rule, value, field, change }) => {
      const { code, check } = refusals[`e2e.${fault}`]
      arrange(world.idp, world.clock.now)
      await updateAndTest()
      await picture(page, `${name}-${fault}`)

      const failure = page.locator('#last-failure [data-code]')
      expect(await failure.getAttribute('data-code')).toBe(code)
      expect(await failure.getAttribute('data-check')).toBe(check)
      expect(await page.locator('#last-failure h3').textContent()).toBe(rule.message)
      expect(await page.locator('[data-remedy] p').first().textContent()).toBe(rule.remedy)
      const copied = page.locator('#last-failure-value')
      expect((await copied.count()) === 0 ? null : await copied.textContent()).toBe(value?.(world.idp) ?? null)
      const marked = page.locator('[aria-invalid="true"]')
      expect((await marked.count()) === 0 ? null : await marked.first().getAttribute('id')).toBe(field)
      const proposed = page.locator('#proposal')
      expect((await proposed.count()) === 0 ? null : await proposed.getAttribute('data-change')).toBe(change)

      await press(page, '#checks > summary')
      expect(await page.locator(`#checks [data-check="${check}"]`).isVisible()).toBe(true)
      expect(await violations(page)).toEqual([])
      expect(await overflow(page)).toBeLessThanOrEqual(0)
      await carryHome(world, `e2e.${fault}`)

      // How far clocks may differ is nothing to press.
      if (change === null || change === 'clock_tolerance') return
      await page.goto(settings())
      await press(page, '#proposal-save-button', 'Space')
      await page.waitForFunction("document.querySelector('#proposal') === null")
      expect(await page.locator(`#${change}`).inputValue()).toBe(value(world.idp))
    })

    test('the whole way to a green check, to what is known of the attempt, and to members who sign in', async () => {
      await updateAndTest()
      expect(await page.locator('#status').getAttribute('data-state')).toBe('tested')
      await picture(page, `${name}-green-check`)
      expect(await violations(page)).toEqual([])
      expect(await overflow(page)).toBeLessThanOrEqual(0)

      await press(page, '#attempts tbody a')
      await page.waitForURL(/\/attempts\//)
      await picture(page, `${name}-attempt`)
      const [download] = await Promise.all([page.waitForEvent('download'), press(page, '#transcript')])
      const transcript = JSON.parse(await readFile(await download.path(), 'utf8')) as Transcript
      expect(await replaysIdentically(transcript)).toBe(true)
      expect(await violations(page)).toEqual([])
      expect(await overflow(page)).toBeLessThanOrEqual(0)

      await page.goto(settings())
      await press(page, '#enable-button', 'Space')
      await page.locator('#status[data-state="enabled"]').waitFor()
      expect(await world.canSignIn()).toBe(true)
      expect((await world.api('POST', '/organizations/acme/oidc/disable')).status).toBe(200)
    })

    describe.each(['light', 'dark'] as const)('in the %s', (colorScheme) => {
      beforeAll(() => page.emulateMedia({ colorScheme, reducedMotion: 'reduce' }))
      afterAll(() => page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' }))

      /** A picture to look at, nothing that keeps anybody out, and nothing to be moved sideways. */
      const look = async (what: string) => {
        await picture(page, `${name}-${what}-${colorScheme}`)
        expect(await violations(page)).toEqual([])
        expect(await overflow(page)).toBeLessThanOrEqual(0)
      }

      test('a test that never came back', async () => {
        await world.save('acme', { max_age: colorScheme === 'light' ? 3600 : 7200 })
        await world.testCallback('acme')
        world.clock.now += 121
        await page.goto(settings())
        expect(await page.locator('#never-came-back').isVisible()).toBe(true)
        await look('overdue')
        world.clock.now += 1300
        await world.sweep()
        await page.goto(settings())
        const failure = page.locator('#last-failure [data-code]')
        expect(await failure.getAttribute('data-code')).toBe('flow_abandoned')
        expect(await page.locator('#last-failure h3').textContent()).toBe(nearMisses.never_came_back.message)
        expect(await page.locator('[aria-invalid="true"]').first().getAttribute('id')).toBe('redirect_uri')
        await look('flow-abandoned')
        await carryHome(world, 'e2e.test-that-never-came-back')
      })

      test('a policy that would lock out whoever tested', async () => {
        await world.enable('globex', { policy: { enforcement: 'enforced' } })
        await page.goto(`${world.organization('globex')}/settings/sso`)
        await type(page, 'allowed_email_domains', 'elsewhere.example')
        await tabTo(page, '#policy-button')
        await page.keyboard.press('Enter')
        await page.locator('[data-banner="refusal"]').waitFor()
        expect(await page.locator('fieldset[aria-invalid="true"]').getAttribute('id')).toBe('enforcement')
        await look('locked-out')
      })

      test('both histories, narrowed down and with what is older', async () => {
        for (let n = 0; n < 60; n++) {
          const policy = { session_lifetime: 3600 + n, enforcement: 'optional' }
          await world.api('PUT', '/organizations/globex/oidc/policy', policy)
        }
        await page.goto(`${world.organization('globex')}/settings/sso/changes`)
        await look('changes')
        await press(page, '[data-page-link="older"]')
        await page.waitForURL(/before=/)
        expect(await page.locator('[data-page-link="newest"]').isVisible()).toBe(true)
        await page.goto(`${settings()}/attempts`)
        // No address and no subject is broken into two lines where there is room for columns.
        const lines = await page.evaluate<number[]>(
          "[...document.querySelectorAll('.records .person bdi')].map((one) => one.getClientRects().length)",
        )
        expect([lines.length > 0, new Set(lines)]).toEqual([true, new Set([1])])
        await look('attempts')
        await press(page, 'nav[aria-label="Outcome"] a[href*="outcome=failed"]')
        await page.waitForURL(/outcome=failed/)
        expect(await page.locator('[data-outcome="succeeded"]').count()).toBe(0)
      })

      test('what stands at / and where signing in leads', async () => {
        await page.goto(`${world.base_url}/admin`)
        expect(await page.locator('[data-organization]').count()).toBe(2)
        await look('organizations')
      })
    })

    describe('while a test is under way in another window', () => {
      let waiting: Page
      let finish: () => Promise<unknown>
      let max_age = 10_000
      /** The page with its timers in our hand: nobody waits for them. */
      beforeEach(async () => {
        await world.save('acme', { max_age: max_age++ })
        const agent = new UserAgent()
        const callback = await world.testCallback('acme', agent)
        finish = () => agent.visit(callback, { until: ({ pathname }) => !pathname.includes('/oidc/') })
        waiting = await page.context().newPage()
        await waiting.clock.install()
        await waiting.goto(settings())
        expect(await state()).toBe('testing')
      })
      afterEach(() => waiting.close())
      const state = () => waiting.locator('#status').getAttribute('data-state')
      const look = async () => {
        const answered = waiting.waitForResponse((response) => response.url() === settings())
        await waiting.clock.fastForward(4000)
        await (await answered).finished()
      }

      test('the page goes on by itself once it has ended', async () => {
        await look()
        expect(await state()).toBe('testing')
        await finish()
        await look()
        await waiting.locator('#status[data-state="tested"]').waitFor()
        expect(await waiting.locator('#test-result').count()).toBe(1)
      })

      test('what somebody is typing is left alone: the status is exchanged, and announced', async () => {
        await waiting.locator('#client_id').fill('half a client id')
        await finish()
        await look()
        await waiting.locator('#status[data-state="tested"]').waitFor()
        expect(await waiting.locator('#client_id').inputValue()).toBe('half a client id')
        expect(await waiting.evaluate('document.activeElement.id')).toBe('client_id')
        const title = await waiting.locator('#status-title').textContent()
        expect(await waiting.locator('#announcer').textContent()).toBe(title)
      })
    })
  })

  test('without scripts the way is the same, one press longer', async () => {
    const world = await createWorld()
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    const settings = `${world.organization()}/settings/sso`
    try {
      await page.goto(settings)
      await page.locator('#admin_token').fill(adminToken)
      await page.keyboard.press('Enter')
      await page.waitForURL(settings)
      await page.locator('#issuer').fill(`${world.idp.issuer}/.well-known/openid-configuration`)
      await page.locator('#client_id').fill(clientId)
      await page.locator('#client_secret').fill(clientSecret)
      await page.locator('#save-button').click()
      await page.waitForURL(settings)
      expect(await page.locator('#issuer-notice').isVisible()).toBe(true)
      const agent = new UserAgent()
      const callback = await world.testCallback('acme', agent)
      await page.reload()
      await page.locator('#reload').click()
      expect(await page.locator('#status').getAttribute('data-state')).toBe('testing')
      await agent.visit(callback)
      await page.locator('#reload').click()
      await page.locator('#status[data-state="tested"]').waitFor()
      expect(await page.locator('button[data-copy]:visible').count()).toBe(0)
      await page.locator('#enable-button').click()
      await page.locator('#status[data-state="enabled"]').waitFor()
      await page.locator('#changes a', { hasText: 'All changes' }).click()
      expect(await page.locator('[data-event]').first().getAttribute('data-type')).toBe('enabled')
      await page.goto(`${settings}/save`)
      expect(page.url()).toBe(settings)
    } finally {
      await context.close()
      await world.close()
    }
  })
})
