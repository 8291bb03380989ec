/** A test that failed, as the administrator reads it: the check that decided, what would mend it, and all the others. */
import { checks, failures, nearMisses, type Check, type NearMissId } from '@relying-party/core'
import { describe, expect, test } from 'vitest'
import {
  renderAttemptPage,
  renderCheckPage,
  renderSettingsPage,
  type SettingsView,
} from '../../packages/server/src/views/index.ts'
import { byId, elements, find, parsed, posted, textOf, type Element } from './document.ts'
import { afterFailure, attempt, failureView, now, revision, states, tested, view } from './fixtures.ts'
import { views } from './pages.ts'

const pageOf = (of: SettingsView) => parsed(renderSettingsPage(of))
const withData = (page: Element, name: string) => find(page, ({ attributes }) => `data-${name}` in attributes)

describe('the check that decided', () => {
  const rows: readonly [keyof typeof states, string, NearMissId, string | null, string][] = [
    ['explained_issuer', 'discovery_issuer', 'issuer_trailing_slash', 'https://idp.example/', 'issuer'],
    ['explained_secret', 'token_not_an_error', 'client_secret_wrong', null, 'client_secret'],
    [
      'explained_redirect',
      'response_not_an_error',
      'redirect_uri_not_registered',
      'https://app.example/organizations/acme/sso/callback',
      'redirect_uri',
    ],
  ]
  test.each(rows)(
    '%s: stands first, with its remedy, the value to copy and its field',
    (name, check, near, value, field) => {
      const page = pageOf(states[name])
      const explained = byId(page, 'last-failure')!
      expect(withData(explained, 'near-miss')[0]!.attributes).toMatchObject({
        'data-check': check,
        'data-near-miss': near,
        'data-blame': nearMisses[near].blame,
      })
      expect(textOf(find(explained, ({ tag }) => tag === 'h3')[0]!)).toBe(nearMisses[near].message)
      expect(textOf(withData(explained, 'remedy')[0]!)).toContain(nearMisses[near].remedy)
      const copied = byId(explained, 'last-failure-value')
      expect(copied === undefined ? null : textOf(copied)).toBe(value)
      expect(find(explained, ({ attributes }) => attributes.href === `#${field}`)).toHaveLength(1)
      expect(byId(page, field)!.attributes).toMatchObject({ 'aria-invalid': 'true' })
      expect(byId(page, field)!.attributes['aria-describedby']).toContain(`${field}-concern`)
      // Before anything that is to be filled in.
      const all = elements(page)
      expect(all.indexOf(explained)).toBeLessThan(all.indexOf(byId(page, 'settings')!))
    },
  )

  test('says what was expected beside what came', () => {
    const explained = byId(pageOf(states.explained_issuer), 'last-failure')!
    const sides = find(
      explained,
      ({ attributes }) => attributes.class === 'expected' || attributes.class === 'received',
    )
    expect(sides.map((side) => textOf(side).replaceAll(/\s+/g, ' ').trim())).toEqual([
      'You entered https://idp.example',
      'The provider says https://idp.example/',
    ])
  })

  test('of a record that is of another test, nothing is told', () => {
    const { last_attempt } = states.explained_issuer
    const page = pageOf({ ...states.explained_issuer, last_attempt: { ...last_attempt!, attempt_id: 'att_other' } })
    expect(withData(page, 'near-miss')[0]!.attributes['data-near-miss']).toBe('')
    expect(textOf(byId(page, 'last-failure')!)).toContain(failures.discovery_issuer_mismatch.remedy)
  })
})

describe('a request that got no answer', () => {
  const rows = [
    ['provider_metadata', 'discovery_answered', 'idp.example'],
    ['token', 'token_answered', 'idp.example'],
    ['jwks', 'keys_answered', 'idp.example'],
    ['userinfo', 'userinfo_answered', 'idp.example'],
  ] as const
  const reasons = ['unreachable', 'cut_off', 'blocked', 'timed_out', 'tls_failed', 'no_tls', 'too_large'] as const
  test.each(rows.flatMap((row) => reasons.map((reason) => [...row, reason] as const)))(
    'for %s is told as which it was, and whose answer was waited for: %s, %s, %s',
    async (message, check, host, reason) => {
      const page = pageOf(
        await afterFailure({ rp: { client: { userinfo: 'always' } }, answers: { [message]: reason } }),
      )
      const explained = byId(page, 'last-failure')!
      expect(withData(explained, 'check')[0]!.attributes['data-check']).toBe(check)
      expect(textOf(explained)).toContain(`an answer of ${host}`)
      const facts = find(explained, ({ tag }) => tag === 'dt' || tag === 'dd').map((one) => textOf(one).trim())
      expect(facts).not.toContain(message)
      expect(facts[facts.indexOf('The request') + 1]).toMatch(/^(for|to) /)
      expect(find(explained, ({ attributes }) => 'data-copy' in attributes)).toEqual([])
    },
  )
})

describe('all checks', () => {
  test('are listed, each with its outcome in a word, its clause and the way to its page', () => {
    const fold = byId(pageOf(states.explained_audience), 'checks')!
    const rows = find(fold, ({ tag }) => tag === 'li')
    expect(rows.map(({ attributes }) => attributes['data-check']).sort()).toEqual(Object.keys(checks).sort())
    const words = { passed: 'Passed', failed: 'Failed', warned: 'Warning' }
    const { explanation } = states.explained_audience.last_attempt!
    const skipped = explanation.checks.filter(({ outcome }) => outcome === 'skipped')
    // A rule that says nothing about this login is not one that was not reached: the words and the reason say so.
    expect(new Set(skipped.map(({ reason }) => reason === null)).size).toBe(2)
    for (const row of rows) {
      const { 'data-check': id, 'data-outcome': outcome } = row.attributes
      const { rule, spec } = checks[id as keyof typeof checks]
      const text = textOf(row)
      const { reason } = explanation.checks.find((check) => check.id === id)!
      const skippedAs = reason === null ? 'Not reached' : 'Does not apply'
      expect(text).toContain(words[outcome as keyof typeof words] ?? skippedAs)
      expect(text).toContain(reason ?? '')
      for (const said of [rule, spec ?? '']) expect(text).toContain(said)
      const path = `/organizations/acme/settings/sso/checks/${id}`
      expect(find(row, ({ attributes }) => attributes.href === path)).toHaveLength(1)
    }
    expect(rows.filter(({ attributes }) => attributes['data-outcome'] === 'failed')).toHaveLength(1)
  })

  test('of a leg are open where one of them failed, and only there', () => {
    const fold = byId(pageOf(states.explained_audience), 'checks')!
    const open = withData(fold, 'leg').filter(({ attributes }) => 'open' in attributes)
    expect(open.map(({ attributes }) => attributes['data-leg'])).toEqual(['id_token'])
  })

  test('are not mentioned where none were kept', () => {
    const { last_attempt } = states.explained_audience
    const explanation = { checks: [], cause: null }
    const page = pageOf({ ...states.explained_audience, last_attempt: { ...last_attempt!, explanation } })
    expect(byId(page, 'checks')).toBeUndefined()
  })
})

describe('the smallest change that helps', () => {
  const proposal = (name: keyof typeof states) => byId(pageOf(states[name]), 'proposal')
  const formIn = (card: Element) => byId(card, 'apply-proposal')

  test('is one press away, saved as the candidate of the version that is seen', () => {
    const form = formIn(proposal('explained_mode')!)!
    expect(form.attributes.action).toBe('/organizations/acme/settings/sso/save')
    const buttons = find(form, ({ tag }) => tag === 'button')
    expect(buttons.map((button) => posted(form, button))).toEqual(
      ['test', 'save'].map((intent) => ({
        csrf_token: 'csrf-token',
        version: 'v7',
        response_mode: 'form_post',
        intent,
      })),
    )
  })

  test('to another issuer is saved only: the secret has to be entered again before a test', () => {
    const form = formIn(proposal('explained_issuer')!)!
    expect(find(form, ({ tag }) => tag === 'button').map(({ attributes }) => attributes.value)).toEqual(['save'])
    expect(posted(form).issuer).toBe('https://idp.example/')
  })

  test('is none where the provider contradicts itself: it accepted the Client ID, and it named the issuer', () => {
    for (const name of ['explained_audience', 'explained_token_issuer'] as const) {
      const page = pageOf(states[name])
      expect(withData(page, 'blame')[0]!.attributes['data-blame']).toBe('provider')
      expect(byId(page, 'proposal')).toBeUndefined()
      expect(find(page, ({ attributes }) => attributes['aria-invalid'] === 'true')).toEqual([])
    }
  })

  test('that is no setting of the organization is told, and not offered', () => {
    const card = proposal('explained_clock')!
    expect(card.attributes).toMatchObject({ 'data-change': 'clock_tolerance', 'data-answer': 'would_get_further' })
    expect(textOf(card)).toContain('41 seconds')
    expect(formIn(card)).toBeUndefined()
  })

  test('to the policy is previewed, not applied', () => {
    const change = { name: 'allowed_email_domains', value: 'acme.example,acme.test' } as const
    const proposed = { change, answer: { answer: 'would_succeed' } } as const
    const form = formIn(byId(pageOf({ ...states.explained_secret, proposal: proposed }), 'proposal')!)!
    const [button] = find(form, ({ tag }) => tag === 'button')
    expect(form.attributes.action).toBe('/organizations/acme/settings/sso/policy')
    expect(posted(form, button)).toMatchObject({
      intent: 'preview',
      allowed_email_domains: 'acme.example\nacme.test',
    })
  })

  test('is not carried out from the page of an attempt that was made with other settings', () => {
    const here = (version: string | null) =>
      byId(renderAttemptPage({ ...views.explained_attempt, version }), 'apply-proposal')
    expect(here('v7')).toBeDefined()
    expect(here(null)).toBeUndefined()
  })
})

describe('a test that does not come back', () => {
  const after = (seconds: number) =>
    byId(
      pageOf(view({ candidate: revision({ last_test: { outcome: 'running', at: now - seconds } }) })),
      'never-came-back',
    )

  test('is nothing to speak of in the first two minutes', () => {
    expect(after(119)).toBeUndefined()
  })
  test.each([121, 899, 4000])('after %d seconds the Redirection URI is there to be compared', (seconds) => {
    const callout = after(seconds)!
    expect(textOf(byId(callout, 'never-came-back-value')!)).toBe(view().redirect_uri)
    expect(textOf(callout)).toContain(nearMisses.never_came_back.remedy)
  })
  test('says at once where to look when the provider shows an error page, which never leads back', () => {
    const links = find(byId(pageOf(states.testing), 'status')!, ({ tag }) => tag === 'a')
    expect(links.map(({ attributes }) => attributes.href)).toEqual(
      expect.arrayContaining(['#redirect_uri', '#client_id']),
    )
  })
  test('can be looked at again without a script', () => {
    expect(byId(pageOf(states.testing), 'reload')!.attributes.href).toBe('/organizations/acme/settings/sso')
  })
})

test('settings that passed stay enableable while they are tested again, and the page says that they are', () => {
  const running = { outcome: 'running', at: now - 30 } as const
  const page = pageOf(view({ candidate: revision({ ...tested, last_test: running }), last_attempt: attempt() }))
  expect(byId(page, 'status')!.attributes['data-candidate-state']).toBe('tested')
  expect(textOf(byId(page, 'status')!)).toContain('A test is under way')
  expect([byId(page, 'test-result'), byId(page, 'reload')]).not.toContain(undefined)
  expect(byId(page, 'enable-button')!.attributes.disabled).toBeUndefined()
})

describe('a policy that would lock out whoever tested', () => {
  const lock_out = failureView('enforcement_would_lock_out', {
    refusal: 'policy_email_domain_not_allowed',
    tested_by: 'ada@acme.example',
  })
  const page = pageOf(view({ candidate: revision(tested), last_attempt: attempt(), lock_out }))

  test('is said where the test stands, with who and why, and where to mend it', () => {
    const status = byId(page, 'status')!
    expect(textOf(status)).toContain('ada@acme.example')
    expect(textOf(status)).toContain(failures.policy_email_domain_not_allowed.message)
    expect(find(status, ({ tag }) => tag === 'a').map(({ attributes }) => attributes.href)).toContain('#enforcement')
    expect(textOf(status)).not.toContain('Enable it when you are ready')
  })
  test('keeps “Enable” from being pressed in vain', () => {
    expect(byId(page, 'enable-button')!.attributes.disabled).toBe('')
  })
})

test('what a passed test warns of is said with its remedy', () => {
  const { explanation } = attempt()
  const { blame, message, remedy } = nearMisses.email_verified_missing
  const told = { code: null, near_miss: 'email_verified_missing', blame, message, remedy } as const
  const warned = explanation.checks.map((check): Check =>
    check.id === 'policy_email_verified'
      ? { ...check, outcome: 'warned', problem: { ...told, field: null, value: null } }
      : check,
  )
  const page = pageOf(
    view({
      status: 'tested',
      candidate: revision(tested),
      last_attempt: attempt({ explanation: { checks: warned, cause: null } }),
    }),
  )
  const [warning] = withData(page, 'warning')
  expect(warning!.attributes).toMatchObject({
    'data-warning': 'policy_email_verified',
    'data-near-miss': 'email_verified_missing',
  })
  expect(textOf(warning!)).toContain(nearMisses.email_verified_missing.remedy)
})

test.each(Object.keys(checks) as (keyof typeof checks)[])('the page of the check %s names every cause', (id) => {
  const page = parsed(renderCheckPage({ ...views.check, id, check: checks[id] }))
  const { codes, near_misses = [] } = checks[id] as { codes: readonly string[]; near_misses?: readonly string[] }
  expect(withData(page, 'cause').map(({ attributes }) => attributes['data-cause'])).toEqual([...near_misses, ...codes])
})
