/**
 * Six things that go wrong at a provider, tried by an administrator who has a keyboard and nothing else, on a phone and on a
 * desktop: the page says the right remedy and marks the field, and axe-core finds nothing that keeps anybody from it.
 */
import axe from 'axe-core'
import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { failures, nearMisses, replaysIdentically, type Transcript } from '@relying-party/core'
import type { MockOkta } from '@relying-party/mock-idp'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { adminToken, clientId, clientSecret, createWorld, type World } from '../support/world.ts'
import { executable, launch, picture } from './browser.ts'

const screens = [
  { name: 'desktop', viewport: { width: 1280, height: 900 } },
  { name: 'phone', viewport: { width: 390, height: 844 } },
] as const

interface Fault {
  readonly name: string
  /** How it comes about. */
  readonly arrange: (idp: MockOkta, now: number) => void
  readonly code: string
  readonly check: string
  readonly rule: { readonly message: string; readonly remedy: string }
  /** The value to copy. */
  readonly value: ((idp: MockOkta) => string) | null
  readonly field: string | null
  readonly change: string | null
}

const faults: readonly Fault[] = [
  {
    name: 'issuer-with-a-slash',
    arrange: (idp) => void idp.inject('discovery.issuer_trailing_slash', { times: 1 }),
    code: 'discovery_issuer_mismatch',
    check: 'discovery_issuer',
    rule: nearMisses.issuer_trailing_slash,
    value: ({ issuer }) => `${issuer}/`,
    field: 'issuer',
    change: 'issuer',
  },
  {
    name: 'wrong-secret',
    arrange: (idp) => void idp.inject('token.invalid_client', { times: 1 }),
    code: 'token_invalid_client',
    check: 'token_not_an_error',
    rule: nearMisses.client_secret_wrong,
    value: null,
    field: 'client_secret',
    change: null,
  },
  {
    name: 'another-audience',
    arrange: (idp) => void idp.inject('id_token.aud_mismatch', { times: 1 }),
    code: 'id_token_aud_mismatch',
    check: 'id_token_audience',
    rule: nearMisses.audience_of_another_client,
    value: () => '0oasomebodyelse',
    field: 'client_id',
    change: 'client_id',
  },
  {
    name: 'clock-that-is-wrong',
    arrange(idp, now) {
      idp.clock.freeze(now - 60)
      idp.inject('id_token.exp_past', { times: 1, value: 1 })
    },
    code: 'id_token_expired',
    check: 'id_token_expiry',
    rule: nearMisses.clock_differs,
    value: () => '-60 seconds',
    field: null,
    change: 'clock_tolerance',
  },
  {
    name: 'person-who-is-not-assigned',
    arrange: (idp) => idp.loginAs('eve@elsewhere.example', { times: 1 }),
    code: 'access_denied',
    check: 'response_not_an_error',
    rule: nearMisses.user_not_assigned,
    value: null,
    field: null,
    change: null,
  },
  {
    name: 'userinfo-of-somebody-else',
    arrange: (idp) => void idp.inject('userinfo.sub_mismatch', { times: 1 }),
    code: 'userinfo_sub_mismatch',
    check: 'userinfo_subject',
    rule: failures.userinfo_sub_mismatch,
    value: null,
    field: 'userinfo',
    change: null,
  },
]

/** Moves by the Tab key until the control has the focus; nothing that can be reached so is out of anybody's reach. */
async function tabTo(page: Page, id: string): Promise<void> {
  for (let pressed = 0; pressed < 60; pressed++) {
    if ((await page.evaluate('document.activeElement?.id')) === id) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the Tab key does not lead to #${id}`)
}

async function type(page: Page, id: string, text: string): Promise<void> {
  await tabTo(page, id)
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
      await tabTo(page, 'save-and-test-button')
      await page.keyboard.press('Enter')
      await page.waitForURL(settings())
    }

    test.each(faults)('$name', async ({ name: fault, arrange, code, check, rule, value, field, change }) => {
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

      await page.locator('#checks > summary').press('Enter')
      expect(await page.locator(`#checks [data-check="${check}"]`).isVisible()).toBe(true)
      expect(await violations(page)).toEqual([])
      expect(await overflow(page)).toBeLessThanOrEqual(0)
    })

    test('the whole way to a green check, and to what is known of the attempt', async () => {
      await updateAndTest()
      expect(await page.locator('#status').getAttribute('data-state')).toBe('tested')
      await picture(page, `${name}-green-check`)
      expect(await violations(page)).toEqual([])
      expect(await overflow(page)).toBeLessThanOrEqual(0)

      await page.locator('#attempts a').first().press('Enter')
      await page.waitForURL(/\/attempts\//)
      await picture(page, `${name}-attempt`)
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#transcript').press('Enter')])
      const transcript = JSON.parse(await readFile(await download.path(), 'utf8')) as Transcript
      expect(await replaysIdentically(transcript)).toBe(true)
      expect(await violations(page)).toEqual([])
      expect(await overflow(page)).toBeLessThanOrEqual(0)
    })
  })
})
