/** The settings page, state by state: what it shows, what can be pressed, and what it leaves out. */
import { describe, expect, test } from 'vitest'
import { auditTypes } from '../../packages/server/src/audit.ts'
import { renderAttemptPage, renderAttemptsPage, renderSettingsPage } from '../../packages/server/src/views/index.ts'
import type { SettingsView } from '../../packages/server/src/views/index.ts'
import { byId, elements, find, parsed, posted, textOf, type Element } from './document.ts'
import { attempt, changes, failedTest, failureView, now, revision, settings, states, tested, view } from './fixtures.ts'
import { views } from './pages.ts'

const pageOf = (of: SettingsView) => parsed(renderSettingsPage(of))
const forms = (page: Element) =>
  find(page, ({ tag }) => tag === 'form').map(({ attributes }) =>
    attributes.action!.replace('/organizations/acme/settings/sso', ''),
  )

test('whoever signed in here can sign out; where the product signs administrators in, no button leads nowhere', () => {
  expect(byId(pageOf(states.empty), 'admin-sign-out')!.attributes.action).toBe('/admin/sign-out')
  expect(byId(pageOf({ ...states.empty, csrf_token: '' }), 'admin-sign-out')).toBeUndefined()
})

describe('every state', () => {
  const rows: readonly [keyof typeof states, string, string | undefined, boolean | undefined, readonly string[]][] = [
    // state, data-state, data-candidate-state, whether “Enable” can be pressed, commands beside it
    ['empty', 'empty', undefined, false, []],
    ['saved', 'saved', 'saved', false, ['/discard']],
    ['testing', 'testing', 'testing', false, ['/discard']],
    ['abandoned', 'test_abandoned', 'test_abandoned', false, ['/discard']],
    ['failed_issuer', 'failed', 'failed', false, ['/discard']],
    ['tested', 'tested', 'tested', true, ['/discard']],
    ['tested_failed_since', 'tested', 'tested', true, ['/discard']],
    ['disabled', 'disabled', 'tested', true, ['/discard']],
    ['disabled_beside_draft', 'saved', 'saved', false, ['/discard']],
    ['enabled', 'enabled', undefined, undefined, ['/disable']],
    ['pending', 'pending', 'saved', false, ['/discard', '/disable']],
    ['pending_failed', 'pending', 'failed', false, ['/discard', '/disable']],
    ['pending_tested', 'pending', 'tested', true, ['/discard', '/disable']],
  ]
  test.each(rows)('%s', (name, state, candidate, enable, commands) => {
    const page = pageOf(states[name])
    const status = byId(page, 'status')!
    expect(status.attributes['data-state']).toBe(state)
    expect(status.attributes['data-candidate-state']).toBe(candidate)

    const button = byId(page, 'enable-button')
    if (enable === undefined) expect(button).toBeUndefined()
    else {
      expect('disabled' in button!.attributes).toBe(!enable)
      // Whoever may not press it reads why.
      const obstacle = byId(page, 'enable-obstacle')
      expect(obstacle === undefined ? '' : textOf(obstacle)).toMatch(enable ? /^$/ : /\w/)
      expect(button!.attributes['aria-describedby']).toBe(enable ? undefined : 'enable-obstacle')
    }
    expect(forms(status).filter((action) => action !== '/enable')).toEqual(commands)
    expect(forms(page)).toEqual(expect.arrayContaining(['/save', '/admin/sign-out']))
  })

  test('with nothing live, to discard is to delete, and is confirmed first; beside what is live only a change goes', () => {
    const panel = (name: keyof typeof states) => byId(pageOf(states[name]), 'discard-panel')
    for (const name of ['saved', 'failed_issuer', 'tested', 'disabled'] as const) {
      const { tag, attributes } = panel(name)!
      expect([name, tag, 'open' in attributes]).toEqual([name, 'details', false])
      expect(byId(panel(name)!, 'discard-button')!.attributes.class).toContain('danger')
    }
    expect(panel('pending')).toBeUndefined()
    expect(byId(pageOf(states.pending), 'discard-button')).toBeDefined()
  })

  test('what was disabled is no pending change: the page says who disabled it and how it comes back', () => {
    const said = (name: keyof typeof states) => {
      const [found] = find(pageOf(states[name]), ({ attributes }) => 'data-disabled' in attributes)
      return found && { by: textOf(found), links: find(found, ({ tag }) => tag === 'a').map((a) => a.attributes.href) }
    }
    expect(said('disabled')!.by).toContain('ada@acme.example')
    expect(said('disabled')!.links).toEqual([])
    expect(said('disabled_beside_draft')!.links).toEqual(['#rollback'])
    expect(said('tested')).toBeUndefined()
    // Of an organization that had the name before, or of what was enabled since, it says nothing.
    for (const type of ['deleted', 'enabled'] as const) {
      const entries = [{ ...changes[0]!, type }, ...states.disabled.changes.entries]
      const status = byId(pageOf({ ...states.disabled, changes: { entries, older: null } }), 'status')!
      expect(status.attributes['data-state']).toBe('tested')
    }
  })

  test.each(['tested_refused', 'enabled_refused', 'pending_refused', 'disabled_refused'] as const)(
    '%s: what works for nobody who tested it is not green, also where members need not use it',
    (name) => {
      const page = pageOf({ ...states[name], policy: { ...states[name].policy, enforcement: 'optional' } })
      const status = byId(page, 'status')!
      expect(status.attributes['data-refused']).toBe('policy_email_domain_not_allowed')
      const tones = find(name === 'pending_refused' ? byId(page, 'pending')! : status, ({ attributes }) =>
        /^(badge|seal) /.test(attributes.class ?? ''),
      ).map(({ attributes }) => attributes.class!.split(' ')[1])
      expect(tones[0]).toBe('warn')
      expect(textOf(status)).toContain('ada@gmail.example would be refused')
    },
  )

  test('of another revision than the one that was tested, no refusal is told', () => {
    const page = pageOf({ ...states.tested_refused, candidate: revision({ ...tested, revision: 2 }) })
    expect(byId(page, 'status')!.attributes).not.toHaveProperty('data-refused')
  })

  test('the title of the page tells one from the other, and a submission that was refused', () => {
    const title = (name: keyof typeof states) => textOf(find(pageOf(states[name]), ({ tag }) => tag === 'title')[0]!)
    const names = ['empty', 'saved', 'testing', 'failed_issuer', 'tested', 'enabled', 'disabled', 'faults'] as const
    expect(new Set(names.map(title)).size).toBe(names.length)
    expect(title('conflict')).toBe(title('faults'))
  })

  test('the steps say how far it has come', () => {
    const current = (name: keyof typeof states) =>
      find(pageOf(states[name]), ({ attributes }) => attributes['aria-current'] === 'step')
        .map(textOf)
        .join('')
        .trim()
    const unsecured = pageOf(view({ candidate: revision({ client_secret_set: false, client_secret_id: null }) }))
    expect(
      find(unsecured, ({ attributes }) => attributes['aria-current'] === 'step')
        .map(textOf)[0]!
        .trim(),
    ).toBe('1Connect')
    expect([current('empty'), current('failed_issuer'), current('tested')]).toEqual(['1Connect', '2Test', '3Enable'])
    expect(find(pageOf(states.enabled), ({ attributes }) => attributes.class === 'steps')).toEqual([])
  })
})

test('shows the addresses to register, ready to be copied', () => {
  const page = pageOf(states.empty)
  const addresses = {
    redirect_uri: '/oidc/consume',
    post_logout_redirect_uri: '/oidc/signed-out',
    initiate_login_uri: '/oidc/initiate',
  }
  for (const [id, path] of Object.entries(addresses)) {
    // Several lines where one is too narrow: an address that is cut cannot be compared.
    const { tag, attributes, children } = byId(page, id)!
    expect([tag, attributes.readonly]).toEqual(['textarea', ''])
    expect(children.join('').trim()).toBe(`https://sso.acme.example/organizations/acme${path}`)
  }
})

test('enables the fingerprint that it shows, of the version that it shows', () => {
  const page = pageOf(states.tested)
  const [form] = find(page, ({ tag, attributes }) => tag === 'form' && attributes.action!.endsWith('/enable'))
  const expected = { csrf_token: 'csrf-token', version: 'v7', fingerprint: 'fingerprint-of-the-candidate' }
  expect(posted(form!)).toEqual(expected)
})

test('saves with two buttons, “Update and test” first, so that it answers the Enter key', () => {
  const form = byId(pageOf(states.saved), 'settings')!
  const buttons = find(form, ({ tag }) => tag === 'button').map(({ attributes }) => [attributes.name, attributes.value])
  expect(buttons).toEqual([
    ['intent', 'test'],
    ['intent', 'save'],
  ])
})

test('settings and policy are one form: whichever button is pressed, what was typed into either is sent', () => {
  const page = pageOf(states.saved)
  const controls = find(byId(page, 'policy')!, ({ tag }) => ['input', 'select', 'textarea', 'button'].includes(tag))
  expect(controls.length).toBeGreaterThan(8)
  for (const { attributes } of controls) expect([attributes.id, attributes.form]).toEqual([attributes.id, 'settings'])
  for (const id of ['policy-button', 'preview-button'])
    expect(byId(page, id)!.attributes.formaction).toBe('/organizations/acme/settings/sso/policy')
})

test('what is saved, and what was typed and is not, is said above', () => {
  const banners = (of: SettingsView) =>
    find(pageOf(of), ({ attributes }) => 'data-banner' in attributes).map(({ attributes }) => [
      attributes['data-banner'],
      attributes.role,
    ])
  expect(banners(states.policy_saved)).toEqual([['saved', 'status']])
  expect(banners(states.saved_in_part)).toEqual([['saved', 'status']])
  expect(banners(states.resumed)).toEqual([['unsaved', 'alert']])
  const [unsaved] = find(pageOf(states.saved_in_part), ({ attributes }) => 'data-unsaved' in attributes)
  expect(unsaved!.attributes['data-unsaved']).toBe('issuer client_secret')
  expect(find(unsaved!, ({ tag }) => tag === 'a').map(({ attributes }) => attributes.href)).toEqual([
    '#issuer',
    '#client_secret',
  ])
})

describe('a failed test', () => {
  const rows: readonly [keyof typeof states, string, string, string | null][] = [
    ['failed_issuer', 'discovery_issuer_mismatch', 'organization_admin', 'issuer'],
    ['failed_secret', 'token_invalid_client', 'organization_admin', 'client_secret'],
    ['failed_redirect', 'authorization_error_response', 'organization_admin', null],
    ['failed_network', 'request_failed', 'network', null],
    ['pending_failed', 'id_token_iss_mismatch', 'provider', null],
    ['tested_failed_since', 'request_timed_out', 'network', null],
  ]
  test.each(rows)('%s is explained', (name, code, blame, field) => {
    const page = pageOf(states[name])
    const explained = byId(page, 'last-failure')!
    const { message, remedy } = failureView(code as 'request_failed')
    expect(find(explained, ({ attributes }) => attributes['data-code'] === code)).toMatchObject([
      { attributes: { 'data-blame': blame } },
    ])
    expect(textOf(explained)).toContain(message)
    expect(textOf(explained)).toContain(remedy)
    expect(
      find(explained, ({ attributes }) => attributes.href === '/organizations/acme/settings/sso/attempts/att_4ZkP9'),
    ).toHaveLength(1)
    const marked = find(page, ({ attributes }) => attributes['data-concern'] !== undefined).map(
      ({ attributes }) => attributes['data-concern'],
    )
    expect(marked).toEqual(field === null ? [] : [field])
    if (field === null) return
    expect(byId(page, field)!.attributes['aria-describedby']).toContain(`${field}-concern`)
  })

  test('shows expected and received, to be copied', () => {
    const explained = byId(pageOf(states.failed_issuer), 'last-failure')!
    const values = find(explained, ({ attributes }) => attributes['data-copy'] !== undefined).map(({ attributes }) =>
      textOf(byId(explained, attributes['data-copy']!)!),
    )
    expect(values).toEqual(['https://acme.okta.example', 'https://acme.okta.example/oauth2/default'])
  })

  test('what was entered is not ticked, since it may be that which is wrong', () => {
    const icons = (name: keyof typeof states) =>
      find(byId(pageOf(states[name]), 'last-failure')!, ({ tag }) => tag === 'dt')
        .filter((dt) => /entered|says|Expected|Received/.test(textOf(dt)))
        .map((dt) => [textOf(dt).trim(), find(dt, ({ tag }) => tag === 'svg').length])
    const sides = [
      ['You entered', 0],
      ['The provider says', 0],
    ]
    for (const name of ['failed_issuer', 'explained_issuer', 'explained_audience'] as const)
      expect([name, icons(name).slice(0, 2)]).toEqual([name, sides])
    expect(icons('explained_clock').map(([, count]) => count)).not.toContain(0)
  })

  test('there is nothing to copy where nothing came', () => {
    const failed = (received: string) =>
      pageOf(
        view({ candidate: revision(failedTest(failureView('id_token_aud_mismatch', { expected: 'a', received }))) }),
      )
    const copied = (received: string) => byId(failed(received), 'last-failure-received')
    expect([copied('[]'), copied('none')]).toEqual([undefined, undefined])
    expect(copied('0oa')).toBeDefined()
  })

  test('opens the advanced settings when it concerns one of them', () => {
    const failing = (code: 'id_token_acr_not_satisfied' | 'request_failed') =>
      byId(pageOf(view({ candidate: revision(failedTest(failureView(code))) })), 'advanced')!.attributes
    expect('open' in failing('id_token_acr_not_satisfied')).toBe(true)
    expect('open' in failing('request_failed')).toBe(false)
  })
})

describe('the client secret', () => {
  const states: readonly [string, SettingsView, string][] = [
    ['nothing is saved', view(), 'none'],
    ['it is stored', view({ candidate: revision() }), 'stored'],
    ['it was forgotten', view({ candidate: revision({ client_secret_set: false }) }), 'again'],
    [
      'the client is public',
      view({
        candidate: revision({
          client_secret_set: false,
          settings: { ...settings, token_endpoint_auth_method: 'none' },
        }),
      }),
      'not_needed',
    ],
    [
      'a key of ours is used',
      view({ candidate: revision({ settings: { ...settings, token_endpoint_auth_method: 'private_key_jwt' } }) }),
      'not_needed',
    ],
  ]
  test.each(states)('when %s', (_, of, state) => {
    const page = pageOf(of)
    expect(find(page, ({ attributes }) => attributes['data-secret'] !== undefined)[0]!.attributes['data-secret']).toBe(
      state,
    )
    expect(byId(page, 'client_secret')!.attributes).toMatchObject({ type: 'password', autocomplete: 'new-password' })
  })

  test('never comes out, not even what was just typed', () => {
    const typed = { issuer: 'x', client_secret: 'SECRET-THAT-WAS-TYPED' }
    const page = renderSettingsPage(
      view({ typed, conflict: true, faults: [{ member: 'client_secret', fault: 'must be short' }] }),
    )
    expect(page).not.toContain('SECRET-THAT-WAS-TYPED')
    for (const { attributes } of find(page, ({ attributes }) => attributes.type === 'password'))
      expect(attributes).not.toHaveProperty('value')
  })

  test('that was entered in a submission that was refused has to be entered again, and the page says so', () => {
    const hint = (of: SettingsView) => textOf(byId(pageOf(of), 'client_secret-help')!)
    const stored = view({ candidate: revision() })
    expect(hint({ ...stored, entered_secret: true })).not.toBe(hint(stored))
    expect(hint({ ...stored, typed: { issuer: 'x' } })).toBe(hint(stored))
  })

  test('can have a second one staged, and taken back, once something is live', () => {
    expect(byId(pageOf(states[1]![1]), 'rotation')).toBeUndefined()
    const rotation = byId(pageOf(view({ live: revision(tested), staged_client_secret_set: true })), 'rotation')!
    expect(rotation.attributes['data-staged']).toBe('true')
    expect(find(rotation, ({ tag }) => tag === 'button').map(({ attributes }) => attributes.value)).toEqual([
      'stage',
      'unstage',
    ])
  })

  test('of the second one, what is wrong is said where it is entered', () => {
    const faults = [{ member: 'staged_client_secret', fault: 'must be the second client secret' }]
    const page = pageOf(view({ live: revision(tested), faults }))
    expect('open' in byId(page, 'rotation')!.attributes).toBe(true)
    expect(byId(page, 'staged_client_secret')!.attributes['aria-describedby']).toContain('staged_client_secret-fault')
    expect(byId(page, 'client_secret')!.attributes).not.toHaveProperty('aria-invalid')
  })
})

describe('what was typed and refused', () => {
  test('stands in the fields again, each with its fault', () => {
    const page = pageOf(states.faults)
    expect(byId(page, 'issuer')!.attributes).toMatchObject({
      value: 'http://acme.okta.example',
      'aria-invalid': 'true',
    })
    expect(posted(byId(page, 'settings')!)).toMatchObject({
      authorization_parameters: 'hd=acme.example\r\nno such line',
    })
    const faulty = find(page, ({ attributes }) => attributes['data-fault'] !== undefined).map(
      ({ attributes }) => attributes['data-fault'],
    )
    expect(faulty).toEqual(['issuer', 'client_id', 'authorization_parameters', 'session_lifetime_value', 'role_rules'])
    for (const field of faulty) expect(byId(page, field!)!.attributes['aria-describedby']).toContain(`${field}-fault`)
    const banner = find(page, ({ attributes }) => attributes['data-banner'] === 'faults')[0]!
    expect(find(banner, ({ tag }) => tag === 'a').map(({ attributes }) => attributes.href)).toEqual(
      faulty.map((field) => `#${field}`),
    )
  })

  test('lines that cannot be read are named', () => {
    const page = pageOf(states.faults)
    expect(textOf(byId(page, 'authorization_parameters-fault')!)).toContain('Line 2')
    expect(textOf(byId(page, 'role_rules-fault')!)).toContain('Line 1')
  })

  test('of members without a field is shown above', () => {
    const page = pageOf(view({ faults: [{ member: 'roles', fault: 'must name each role once' }] }))
    expect(textOf(find(page, ({ attributes }) => attributes['data-banner'] === 'faults')[0]!)).toContain('roles')
  })

  test('is set beside what somebody else has saved meanwhile', () => {
    const page = pageOf(states.conflict)
    const latest = find(page, ({ attributes }) => 'data-latest-change' in attributes)[0]!
    expect(textOf(latest)).toMatch(/^ada@acme\.example, .* UTC: Saved settings: Issuer, /)
    const comparison = find(page, ({ attributes }) => attributes['data-comparison'] === 'conflict')[0]!
    expect(find(comparison, ({ attributes }) => attributes.role === 'rowheader').map(textOf)).toEqual([
      'Issuer',
      'Scopes',
    ])
    expect(byId(page, 'issuer')!.attributes.value).toBe('https://acme.okta.example/oauth2/default')
  })
})

test('says what was read differently from how it was written', () => {
  const page = pageOf(states.notices)
  expect(
    find(page, ({ attributes }) => attributes['data-notice'] !== undefined).map(
      ({ attributes }) => attributes['data-notice'],
    ),
  ).toEqual(['issuer', 'client_id'])
})

test('explains a command that was refused', () => {
  const page = pageOf(states.refused)
  const banner = find(page, ({ attributes }) => attributes['data-banner'] === 'refusal')[0]!
  expect(textOf(banner)).toContain(failureView('not_tested').remedy)
})

describe('a change beside what is live', () => {
  test('both stand side by side, with what differs marked in words', () => {
    const rows = find(pageOf(states.pending), ({ attributes }) => attributes['data-differs'] !== undefined)
    expect(rows.map((row) => [textOf(elements(row)[0]!), row.attributes['data-differs']])).toEqual([
      ['Issuer', 'true'],
      ['Client ID', 'false'],
      ['Scopes', 'true'],
      ['Client Secret', 'true'],
    ])
    for (const row of rows) expect(textOf(row).includes('changed')).toBe(row.attributes['data-differs'] === 'true')
  })
})

test('a secret that was replaced is a change that is shown, though both are stored', () => {
  const secretRow = (changes: Partial<SettingsView>) =>
    find(pageOf(view({ live: revision(tested), ...changes })), ({ attributes }) => 'data-differs' in attributes)
      .map((row) => [textOf(elements(row)[0]!), row.attributes['data-differs']])
      .filter(([name]) => name === 'Client Secret')
  const replaced = { fingerprint: 'another', revision: 2 }
  expect(secretRow({ candidate: revision({ ...replaced, client_secret_id: 'secret_2' }) })).toEqual([
    ['Client Secret', 'true'],
  ])
  expect(secretRow({ candidate: revision(replaced) })).toEqual([])
})

describe('the previous settings', () => {
  const previous = revision({ ...tested, fingerprint: 'fingerprint-of-the-previous' })
  test('can be enabled again', () => {
    const form = byId(pageOf(view({ live: revision(tested), previous })), 'enable-previous')!
    expect(posted(form).fingerprint).toBe('fingerprint-of-the-previous')
  })
  test('are not offered when they are what is live or pending', () => {
    const same = revision(tested)
    expect(byId(pageOf(view({ live: same, previous: same })), 'rollback')).toBeUndefined()
    expect(byId(pageOf(view({ candidate: same, previous: same })), 'rollback')).toBeUndefined()
  })
})

describe('after a passed test', () => {
  test('claims and role of who tested are shown', () => {
    const result = byId(pageOf(states.tested), 'test-result')!
    const claims = find(result, ({ tag }) => tag === 'th').map(textOf)
    expect(claims).toEqual(expect.arrayContaining(Object.keys(attempt().claims!)))
    expect(textOf(result)).toContain('admin')
    expect(textOf(result)).toContain('Platform Admins')
    expect(byId(result, 'lockout-warning')).toBeUndefined()
  })
  test('a policy that would refuse them is a warning', () => {
    const result = byId(pageOf(states.tested_refused), 'test-result')!
    expect(result.attributes['data-refused']).toBe('true')
    expect(byId(result, 'lockout-warning')!.attributes['data-code']).toBe('policy_email_domain_not_allowed')
  })
})

describe('recent attempts', () => {
  test('lead to their pages', () => {
    const rows = find(pageOf(states.enabled), ({ attributes }) => attributes['data-attempt'] !== undefined)
    expect(rows.map(({ attributes }) => [attributes['data-attempt'], attributes['data-outcome']])).toEqual([
      ['att_9', 'succeeded'],
      ['att_8', 'failed'],
      ['att_6', 'failed'],
    ])
    const links = rows.flatMap((row) => find(row, ({ tag }) => tag === 'a').map(({ attributes }) => attributes.href))
    expect(links[0]).toBe('/organizations/acme/settings/sso/attempts/att_9')
  })
})

describe('the history of changes', () => {
  const rows = find(pageOf(states.enabled), ({ attributes }) => attributes['data-event'] !== undefined)
  test('says who, and what in the words of the page, each field once', () => {
    expect(rows.map(({ attributes }) => attributes['data-type'])).toEqual([...auditTypes])
    const said = rows.map((row) => textOf(find(row, ({ attributes }) => attributes.class === 'what')[0]!))
    expect(new Set(said.map((text) => text.trim())).size).toBe(auditTypes.length)
    for (const text of said) expect(text).not.toContain('_')
    expect(said[0]!.replaceAll(/\s+/g, ' ').trim()).toBe(
      'Saved settings: Issuer, Client Secret, Role rules, to come revision 1',
    )
  })
  test('a person may be called whatever the product calls them', () => {
    for (const by of ['test', 'login', 'api']) {
      const entries = [{ ...changes[0]!, by }]
      const page = pageOf(view({ changes: { entries, older: null } }))
      expect(
        textOf(find(page, ({ attributes }) => attributes.class === 'person' && 'role' in attributes).at(-1)!).trim(),
      ).toBe(by)
    }
  })
  test('leads to the attempt that brought it about', () => {
    const links = rows.map((row) => find(row, ({ tag }) => tag === 'a').map(({ attributes }) => attributes.href))
    const leading = auditTypes.filter((_, index) => links[index]!.length > 0)
    expect([leading, links.flat()]).toEqual([['test_failed'], ['/organizations/acme/settings/sso/attempts/att_8']])
  })
})

describe('both histories', () => {
  const links = (page: Element) =>
    find(page, ({ attributes }) => 'data-page-link' in attributes).map(({ attributes }) => attributes.href)
  test('lead on to what is older, on pages of their own', () => {
    const settings = '/organizations/acme/settings/sso'
    expect(links(pageOf(states.enabled))).toEqual([
      `${settings}/attempts?before=att_6`,
      `${settings}/changes?before=change_1`,
    ])
    expect(links(pageOf(states.empty))).toEqual([])
    const older = { ...views.attempts_page, is_newest: false, filter: { purpose: 'test' } } as const
    expect(links(parsed(renderAttemptsPage(older)))).toEqual([
      `${settings}/attempts?purpose=test`,
      `${settings}/attempts?purpose=test&before=att_6`,
    ])
  })
  test('a filter keeps the other one, and says which is chosen', () => {
    const filter = { purpose: 'test', outcome: 'failed' } as const
    const page = parsed(renderAttemptsPage({ ...views.attempts_page, filter }))
    const filters = find(page, ({ attributes }) => attributes.class === 'choices-row')
    const chosen = find(page, ({ attributes }) => attributes['aria-current'] === 'true').map(textOf)
    expect(chosen).toEqual(['Tests', 'Failed'])
    const addresses = filters.map((row) => find(row, ({ tag }) => tag === 'a').map(({ attributes }) => attributes.href))
    expect(addresses.map((row) => row.map((href) => href!.split('?')[1]))).toEqual([
      ['outcome=failed', 'purpose=login&outcome=failed', 'purpose=test&outcome=failed'],
      ['purpose=test', 'purpose=test&outcome=failed', 'purpose=test&outcome=succeeded'],
    ])
  })
})

test('a test that is under way is told from one that was given up', () => {
  const running = (at: number) =>
    byId(pageOf(view({ candidate: revision({ last_test: { outcome: 'running', at } }) })), 'status')!
  expect(running(now - 899).attributes['data-state']).toBe('testing')
  expect(running(now - 901).attributes['data-state']).toBe('test_abandoned')
})

describe('where an attempt took its time', () => {
  test('is a table of words and numbers; the bars only repeat it', () => {
    const page = parsed(
      renderAttemptPage({
        ...views.attempt,
        attempt: attempt({ durations: { authorization: 125, token: 0.314, keys: 12.4 } }),
      }),
    )
    const rows = find(page, ({ attributes }) => 'data-leg-duration' in attributes)
    expect(rows.map((row) => textOf(row).replaceAll(/\s+/g, ' ').trim())).toEqual([
      'The person at the provider 2 min 5 s',
      'Token request 0.31 s',
      'Keys 12 s',
    ])
    expect(rows.map((row) => find(row, ({ tag }) => tag === 'rect')[0]!.attributes.width)).toEqual(['100', '1', '10'])
  })
  test('its transcript can be carried home, unless it was not kept', () => {
    const link = (omitted: boolean) =>
      byId(renderAttemptPage({ ...views.attempt, attempt: attempt({ omitted }) }), 'transcript')?.attributes
    expect(link(false)).toMatchObject({
      href: '/organizations/acme/settings/sso/attempts/att_7Qm2/transcript',
      download: 'transcript-att_7Qm2.json',
    })
    expect(link(true)).toBeUndefined()
  })
  test('sign-ins that never came back are counted', () => {
    const page = pageOf(view({ attempts: { entries: [attempt({ outcome: 'failed', count: 7 })], older: null } }))
    expect(textOf(find(page, ({ attributes }) => 'data-attempt' in attributes)[0]!)).toContain('7 times')
  })
})
