/** The settings page over HTTP: what an administrator's browser is shown and led to. */
import { describe, expect, test } from 'vitest'
import { byId, find, textOf } from '../views/document.ts'
import { codeOf, UserAgent, type Visit } from '../support/user-agent.ts'
import { adminToken, clientId, clientSecret, organizationIds, sharedWorld } from '../support/world.ts'

const organizations = organizationIds(60)
const world = await sharedWorld({ organizations: organizations.ids })
const admin = await world.admin()

const settings = (id: string) => `${world.organization(id)}/settings/sso`
const open = (id: string) => admin.visit(settings(id))
const invalid = (page: string) =>
  find(page, ({ attributes }) => attributes['aria-invalid'] === 'true').map(({ attributes }) => attributes.id)

describe('the address of a form', () => {
  const forms = ['save', 'policy', 'staged-secret', 'enable', 'disable', 'discard']
  test.each(forms)('%s, which is what a browser shows after a refusal, leads back to the page', async (form) => {
    const id = organizations.next()
    const visit = await admin.visit(`${settings(id)}/${form}`)
    expect([visit.status, visit.url.href]).toEqual([200, settings(id)])
  })
})

test.each(['Ac me!', 'a'.repeat(80), '-a', 'ä'])(
  '%s is no name of an organization, and the page says so',
  async (id) => {
    const page = await admin.visit(settings(encodeURIComponent(id)))
    expect([page.status, codeOf(page)]).toEqual([404, 'organization_id_malformed'])
  },
)

describe('whoever is let in by the provider and not by us', () => {
  const signIn = (id: string) => new UserAgent().visit(`${world.organization(id)}/oidc/login?return_to=/welcome`)

  test('reads who was refused, and can sign in as somebody else', async () => {
    const id = organizations.next()
    await world.enable(id, { policy: { enforcement: 'optional', allowed_email_domains: ['globex.example'] } })
    const refused = await signIn(id)
    expect([refused.status, codeOf(refused)]).toEqual([403, 'policy_email_domain_not_allowed'])
    expect(textOf(find(refused.body, ({ attributes }) => attributes.role === 'alert')[0]!)).toContain(
      'ada@acme.example',
    )
    const again = new URL(byId(refused.body, 'sign-in-again')!.attributes.href!)
    expect(again.searchParams.get('return_to')).toBe('/welcome')
    const asked = await new UserAgent().visit(again, { until: ({ origin }) => origin !== world.base_url })
    expect(asked.url.searchParams.get('prompt')).toBe('login')
  })

  test('is not named to programs', async () => {
    const id = organizations.next()
    await world.enable(id, { policy: { enforcement: 'optional', allowed_email_domains: ['globex.example'] } })
    const accept = { accept: 'application/json' }
    const { body } = await new UserAgent().visit(`${world.organization(id)}/oidc/login`, { headers: accept })
    expect(JSON.parse(body)).toMatchObject({ code: 'policy_email_domain_not_allowed' })
    expect(body).not.toContain('ada@acme.example')
  })
})

describe('a policy that would lock out whoever tested', () => {
  test('is refused at the field that decides, in words that belong to it', async () => {
    const id = organizations.next()
    await world.enable(id)
    const page = await open(id)
    const refused = await admin.submit(page, '/policy', {
      intent: 'policy',
      enforcement: 'enforced',
      allowed_email_domains: 'globex.example',
    })
    expect(refused.status).toBe(422)
    expect(invalid(refused.body)).toEqual(['enforcement', 'allowed_email_domains'])
    const field = byId(refused.body, 'enforcement')!
    expect(field.attributes).toMatchObject({ role: 'radiogroup' })
    expect(field.attributes['aria-describedby']).toContain('enforcement-fault')
    expect(byId(refused.body, 'enforcement-fault')).toBeDefined()
    const banners = find(refused.body, ({ attributes }) => 'data-banner' in attributes)
    expect(banners.map(({ attributes }) => attributes['data-banner'])).toEqual(['refusal'])
    expect(find(banners[0]!, ({ tag }) => tag === 'a').map(({ attributes }) => attributes.href)).toEqual([
      '#enforcement',
      '#allowed_email_domains',
    ])
    expect(textOf(banners[0]!)).toContain('ada@acme.example')
  })
})

describe('the test that passed', () => {
  const status = (page: string) => byId(page, 'status')!
  async function tested() {
    const id = organizations.next()
    await world.save(id)
    await world.runTest(id)
    return id
  }

  test('is judged by the policy of today: what was saved since is said before “Enable” is pressed', async () => {
    const id = await tested()
    const enable = (page: Visit) => 'disabled' in byId(page.body, 'enable-button')!.attributes
    expect(enable(await open(id))).toBe(false)
    const policy = { enforcement: 'enforced', allowed_email_domains: ['globex.example'] }
    expect((await world.api('PUT', `/organizations/${id}/oidc/policy`, policy)).status).toBe(200)
    const page = await open(id)
    expect(enable(page)).toBe(true)
    expect(textOf(status(page.body))).toContain('ada@acme.example would be refused')
    expect(byId(page.body, 'lockout-warning')!.attributes['data-code']).toBe('policy_email_domain_not_allowed')
    await world.api('PUT', `/organizations/${id}/oidc/policy`, { enforcement: 'optional' })
    const optional = await open(id)
    expect(enable(optional)).toBe(false)
    expect(byId(optional.body, 'lockout-warning')).toBeDefined()
  })

  test('stays in sight while the settings are tested again', async () => {
    const id = await tested()
    await world.testCallback(id)
    const page = (await open(id)).body
    expect(status(page).attributes['data-state']).toBe('tested')
    expect(textOf(status(page))).toContain('A test is under way')
    expect(textOf(byId(page, 'test-result')!)).toContain('ada@acme.example')
  })
})

describe('what was enabled and is disabled', () => {
  test('is said to be so, with who did it, and comes back with one press', async () => {
    const id = organizations.next()
    await world.enable(id)
    const disabled = await admin.submit(await open(id), '/disable')
    expect(byId(disabled.body, 'status')!.attributes['data-state']).toBe('disabled')
    const [said] = find(disabled.body, ({ attributes }) => 'data-disabled' in attributes)
    expect(textOf(said!)).toContain('admin')
    const again = await admin.submit(disabled, '/enable')
    expect(byId(again.body, 'status')!.attributes['data-state']).toBe('enabled')
  })
})

describe('what was typed', () => {
  const value = (page: string, id: string) => byId(page, id)!.attributes.value
  const unsaved = (page: string) =>
    find(page, ({ attributes }) => 'data-unsaved' in attributes).map(({ attributes }) => attributes['data-unsaved'])
  const banners = (page: string) =>
    find(page, ({ attributes }) => 'data-banner' in attributes).map(({ attributes }) => attributes['data-banner'])

  test('into the connection stays when the policy is saved, and is not saved with it', async () => {
    const id = organizations.next()
    await world.save(id)
    const typed = { client_id: 'typed', client_secret: 'typed', role_claim: 'groups', intent: 'policy' }
    const page = await admin.submit(await open(id), '/policy', {
      ...typed,
      role_rules: 'Admins = admin',
    })
    expect([page.status, banners(page.body), unsaved(page.body)]).toEqual([200, ['saved'], ['client_id client_secret']])
    expect(value(page.body, 'client_id')).toBe('typed')
    const connection = await world.connection(id)
    expect(connection.policy.role_mapping.claim).toBe('groups')
    expect(connection.candidate.client_id).toBe(clientId)
    // The page is as new as what it says: the next press is no conflict.
    const saved = await admin.submit(page, '/save', { intent: 'save' })
    expect([saved.status, (await world.connection(id)).candidate.client_id]).toEqual([200, 'typed'])
  })

  test('into the policy stays when the connection is saved', async () => {
    const id = organizations.next()
    await world.save(id)
    const page = await admin.submit(await open(id), '/save', { scope: 'openid', role_claim: 'typed', intent: 'save' })
    expect([page.status, banners(page.body), unsaved(page.body)]).toEqual([200, ['saved'], ['role_claim']])
    expect(value(page.body, 'role_claim')).toBe('typed')
    expect((await world.connection(id)).policy.role_mapping).toBeNull()
  })

  test('into the policy is not left behind on the way to a test: it is saved first, or deliberately not', async () => {
    const id = organizations.next()
    await world.save(id)
    const typed = { session_lifetime_value: '3', session_lifetime_unit: 'days', enforcement: 'enforced' }
    const asked = await admin.submit(await open(id), '/save', { ...typed, intent: 'test' })
    expect([asked.status, unsaved(asked.body)]).toEqual([200, ['session_lifetime_value']])
    // Nothing leads on by itself.
    expect(find(asked.body, ({ attributes }) => attributes['http-equiv'] === 'refresh')).toEqual([])
    expect((await world.connection(id)).policy.session_lifetime).toBe(7 * 86_400)
    const saved = await admin.submit(asked, '/policy')
    const tested = await admin.visit(new URL(byId(saved.body, 'test-link')!.attributes.href!, saved.url))
    expect(byId(tested.body, 'status')!.attributes['data-state']).toBe('tested')
    expect((await world.connection(id)).policy.session_lifetime).toBe(3 * 86_400)
  })

  test('when the session has ended is not saved, and comes back after signing in', async () => {
    const id = organizations.next()
    await world.save(id)
    const visitor = await world.admin()
    const page = await visitor.visit(settings(id))
    visitor.cookies.clear()
    const typed = { client_id: 'typed', client_secret: 'SECRET-THAT-WAS-TYPED', intent: 'test' }
    const ended = await visitor.submit(page, '/save', typed)
    expect([ended.status, unsaved(ended.body).length]).toEqual([401, 1])
    expect(ended.body).not.toContain('SECRET-THAT-WAS-TYPED')
    const wrong = await visitor.submit(ended, '/admin/sign-in', { admin_token: 'wrong' })
    expect(wrong.status).toBe(401)
    const again = await visitor.submit(wrong, '/admin/sign-in', { admin_token: adminToken })
    const shown = await visitor.submit(again, '/resume')
    expect([shown.status, banners(shown.body), unsaved(shown.body)]).toEqual([200, ['unsaved'], ['client_id']])
    expect(value(shown.body, 'client_id')).toBe('typed')
    expect((await world.connection(id)).candidate.client_id).toBe(clientId)
    const saved = await visitor.submit(shown, '/save', { intent: 'save' })
    expect([saved.status, (await world.connection(id)).candidate.client_id]).toEqual([200, 'typed'])
  })

  test('by another site is not shown to whoever signs in', async () => {
    const visit = await new UserAgent().visit(`${settings(organizations.next())}/save`, {
      form: { issuer: 'https://evil.example' },
      from: 'https://evil.example/',
    })
    expect([visit.url.pathname, visit.body.includes('evil.example')]).toEqual(['/admin/sign-in', false])
  })

  test('a policy that was saved is said to be saved, once', async () => {
    const id = organizations.next()
    const page = await admin.submit(await open(id), '/policy', { intent: 'policy', default_role: 'write' })
    expect([page.status, page.url.href, banners(page.body)]).toEqual([200, settings(id), ['saved']])
    expect(banners((await open(id)).body)).toEqual([])
  })
})

describe('the second client secret', () => {
  const marked = (page: Visit) => [page.status, invalid(page.body)]

  test.each([
    ['left empty', ''],
    ['of white space', '   '],
    ['of other characters', 'geheimnis-ä'],
    ['that is in use already', clientSecret],
  ])('%s is refused where it is entered', async (_, client_secret) => {
    const id = organizations.next()
    await world.enable(id)
    const page = await admin.submit(await open(id), '/staged-secret', { client_secret, intent: 'stage' })
    expect(marked(page)).toEqual([422, ['staged_client_secret']])
    expect((await world.connection(id)).live.staged_client_secret_set).toBe(false)
  })
})

describe('a first test without a client secret', () => {
  test('names it along with everything else that is wrong', async () => {
    const typed = { issuer: 'nonsense', client_id: '', intent: 'test' }
    const page = await admin.submit(await open(organizations.next()), '/save', typed)
    expect([page.status, invalid(page.body)]).toEqual([422, ['issuer', 'client_id', 'client_secret']])
    const saving = await admin.submit(await open(organizations.next()), '/save', { ...typed, intent: 'save' })
    expect(invalid(saving.body)).toEqual(['issuer', 'client_id'])
  })

  test('is no test, and no connection yet', async () => {
    const id = organizations.next()
    const typed = { issuer: world.idp.issuer, client_id: clientId, intent: 'test' }
    const page = await admin.submit(await open(id), '/save', typed)
    expect([page.status, codeOf(page), invalid(page.body)]).toEqual([422, 'client_secret_required', ['client_secret']])
    const [step] = find(page.body, ({ attributes }) => attributes['aria-current'] === 'step')
    expect(textOf(step!).trim()).toBe('1Connect')
  })
})

test('a key of ours is not told as a client secret that somebody saved', async () => {
  const id = organizations.next()
  await world.save(id)
  const saved = async () => {
    const { events } = (await world.api('GET', `/organizations/${id}/audit`)).body
    return events[0].fields
  }
  await admin.submit(await open(id), '/save', { token_endpoint_auth_method: 'private_key_jwt', intent: 'save' })
  expect(await saved()).toEqual(['client_key', 'token_endpoint_auth_method'])
  const secret = { token_endpoint_auth_method: 'client_secret_post', client_secret: clientSecret, intent: 'save' }
  await admin.submit(await open(id), '/save', secret)
  expect(await saved()).toEqual(['client_secret', 'token_endpoint_auth_method'])
})

describe('role rules that match nobody', () => {
  const nearMiss = (page: Visit) => byId(page.body, 'unmatched')?.attributes['data-near-miss']
  const rules = (value: string) => ({ role_claim: 'groups', role_rules: `${value} = admin`, default_role: 'read' })

  test.each([
    ['only in capital letters', rules('EVERYONE'), 'groups_letter_case'],
    ['in a claim that never came', { ...rules('a'), role_claim: 'teams' }, 'groups_claim_missing'],
    ['of a group that nobody is in', rules('Nobody'), 'groups_without_rule'],
    ['exactly', rules('Everyone'), undefined],
  ])('%s: the preview and the page say so of whoever tested last, also with a default role', async (_, typed, near) => {
    const id = organizations.next()
    await world.save(id, { scope: 'openid profile email groups' })
    await world.runTest(id)
    const opened = await open(id)
    const previewed = await admin.submit(opened, '/policy', { ...typed, intent: 'preview' })
    expect([previewed.status, nearMiss(previewed)]).toEqual([200, near])
    expect(nearMiss(await open(id))).toBeUndefined()
    const saved = await admin.submit(opened, '/policy', { ...typed, intent: 'policy' })
    expect([saved.status, nearMiss(saved)]).toEqual([200, near])
  })
})

describe('a test and the settings that it was of', () => {
  const said = (page: Visit) => find(page.body, ({ attributes }) => 'data-test-of-replaced' in attributes).length

  test('an edit meanwhile: whoever comes back reads that it says nothing of what is saved now', async () => {
    const id = organizations.next()
    await world.save(id)
    const agent = await world.admin()
    const callback = await world.testCallback(id, agent)
    await world.save(id, { scope: 'openid email' })
    expect(said(await open(id))).toBe(0)
    const back = await agent.visit(callback)
    expect([back.url.href, byId(back.body, 'status')!.attributes['data-state'], said(back)]).toEqual([
      settings(id),
      'saved',
      1,
    ])
    // Once these are saved anew, it is history.
    world.clock.now += 1
    await world.save(id, { scope: 'openid' })
    expect(said(await open(id))).toBe(0)
  })

  test('the response of a test that is loaded again leads back to the settings, not to a sign-in', async () => {
    const id = organizations.next()
    await world.save(id)
    const agent = new UserAgent()
    const callback = await world.testCallback(id, agent)
    await agent.visit(callback, { until: ({ pathname }) => pathname.endsWith('/settings/sso') })
    const again = await agent.visit(callback)
    expect(byId(again.body, 'back-to-settings')!.attributes.href).toBe(settings(id))
    expect(byId(again.body, 'sign-in-again')).toBeUndefined()
  })

  test('so does a test link that was used already, and a member’s response does not', async () => {
    const id = organizations.next()
    await world.enable(id)
    const link = await world.testUrl(id)
    await new UserAgent().visit(link)
    const used = await new UserAgent().visit(link)
    expect(codeOf(used)).toBe('test_link_not_valid')
    expect(byId(used.body, 'back-to-settings')!.attributes.href).toBe(settings(id))
    const elsewhere = await new UserAgent().visit(await world.callback(id))
    expect(byId(elsewhere.body, 'back-to-settings')).toBeUndefined()
    expect(byId(elsewhere.body, 'sign-in-again')).toBeDefined()
    const tester = await (await world.admin()).visit(await world.callback(id))
    expect(byId(tester.body, 'back-to-settings')).toBeDefined()
  })
})

test('a session lifetime that was emptied is not silently another one', async () => {
  const page = await admin.submit(await open(organizations.next()), '/policy', {
    session_lifetime_value: '',
    intent: 'policy',
  })
  expect([page.status, invalid(page.body)]).toEqual([422, ['session_lifetime_value']])
})

describe('the histories of an organization', () => {
  const entries = (page: string, attribute: string) =>
    find(page, ({ attributes }) => attribute in attributes).map(({ attributes }) => attributes[attribute]!)
  const next = (page: Visit) => {
    const [link] = find(page.body, ({ attributes }) => attributes['data-page-link'] === 'older')
    return link === undefined ? undefined : new URL(link.attributes.href!, page.url)
  }
  /** Follows “Older” to the end. */
  async function walk(address: string | URL, attribute: string) {
    const found: string[][] = []
    for (let at: URL | undefined = new URL(address); at !== undefined;) {
      const page = await admin.visit(at)
      expect(page.status).toBe(200)
      found.push(entries(page.body, attribute))
      at = next(page)
    }
    return found
  }

  test('every change is told, newest first, a part on the page itself and the rest a link away', async () => {
    const id = organizations.next()
    await world.enable(id)
    for (let n = 0; n < 60; n++)
      await world.api('PUT', `/organizations/${id}/oidc/policy`, { session_lifetime: 60 + n })
    const page = await open(id)
    const types = entries(page.body, 'data-type')
    expect([types.length, new Set(types)]).toEqual([10, new Set(['policy_set'])])
    const rest = await walk(new URL(`${settings(id)}/changes`), 'data-type')
    expect(rest.map(({ length }) => length)).toEqual([50, 14])
    expect(rest.flat().slice(60)).toEqual(['enabled', 'test_passed', 'test_begun', 'saved'])
    const { events } = (await world.api('GET', `/organizations/${id}/audit?limit=200`)).body
    const all = (await walk(new URL(`${settings(id)}/changes`), 'data-event')).flat()
    expect(all).toEqual(events.map(({ event_id }: { event_id: string }) => event_id))
  })

  test('attempts are narrowed down by purpose and outcome', async () => {
    const id = organizations.next()
    await world.enable(id)
    await world.login(id)
    world.idp.inject('token.invalid_client', { times: 1 })
    await world.login(id)
    const kinds = async (query: string) => {
      const { body } = await admin.visit(`${settings(id)}/attempts${query}`)
      return entries(body, 'data-outcome').map((outcome, index) => [entries(body, 'data-purpose')[index], outcome])
    }
    const [failed, login, tested] = [
      ['login', 'failed'],
      ['login', 'succeeded'],
      ['test', 'succeeded'],
    ]
    expect(await kinds('')).toEqual([failed, login, tested])
    expect(await kinds('?purpose=login')).toEqual([failed, login])
    expect(await kinds('?purpose=test')).toEqual([tested])
    expect(await kinds('?outcome=failed&purpose=test')).toEqual([])
    expect(await kinds('?outcome=failed')).toEqual([failed])
    // What is no answer to choose is as if nothing had been chosen.
    expect(await kinds('?outcome=%3Cb%3E&purpose=a&before=../x')).toEqual([failed, login, tested])
  })

  test('are there, and empty, before anything is set', async () => {
    const id = organizations.next()
    for (const name of ['attempts', 'changes']) expect((await admin.visit(`${settings(id)}/${name}`)).status).toBe(200)
  })

  test('whoever is not signed in comes back to them after signing in', async () => {
    const address = `${settings(organizations.next())}/attempts`
    const visitor = new UserAgent()
    const page = await visitor.visit(address)
    const arrived = await visitor.submit(page, '/admin/sign-in', { admin_token: adminToken })
    expect([arrived.status, arrived.url.href]).toEqual([200, address])
  })
})

describe('the list of organizations', () => {
  const listed = (page: string) =>
    find(page, ({ attributes }) => 'data-organization' in attributes).map(({ attributes }) => [
      attributes['data-organization'],
      attributes['data-status'],
    ])

  test('is where signing in leads by itself, and nobody else sees it', async () => {
    const [draft, enabled] = [organizations.next(), organizations.next()]
    await world.save(draft)
    await world.enable(enabled)
    const visitor = new UserAgent()
    const page = await visitor.visit(`${world.base_url}/admin`)
    expect([page.url.pathname, page.body.includes(draft)]).toEqual(['/admin/sign-in', false])
    const arrived = await visitor.submit(page, '/admin/sign-in', { admin_token: adminToken })
    expect(arrived.url.href).toBe(`${world.base_url}/admin`)
    expect(listed(arrived.body)).toEqual(
      expect.arrayContaining([
        [draft, 'draft'],
        [enabled, 'enabled'],
      ]),
    )
    await visitor.submit(arrived, '/admin/sign-out')
    expect((await visitor.visit(`${world.base_url}/admin`)).url.pathname).toBe('/admin/sign-in')
  })
})

describe('what was read differently from how it was typed', () => {
  const notice = (page: string, member: string) => {
    const found = byId(page, `${member}-notice`)
    return found && textOf(found).replaceAll(/\s+/g, ' ')
  }
  const pasted = () => ({
    issuer: `${world.idp.issuer}/.well-known/openid-configuration`,
    client_id: clientId,
    client_secret: `${clientSecret} `,
  })

  test.each(['save', 'test'])(
    'is said beside the field once it is saved, also after the way to the provider (%s)',
    async (intent) => {
      const id = organizations.next()
      const saved = await admin.submit(await open(id), '/save', { ...pasted(), intent })
      const link = byId(saved.body, 'test-link')
      const page = link === undefined ? saved : await admin.visit(new URL(link.attributes.href!, saved.url))
      expect([page.status, page.url.href]).toEqual([200, settings(id)])
      expect(byId(page.body, 'status')!.attributes['data-state']).toBe(intent === 'test' ? 'tested' : 'saved')
      const said = notice(page.body, 'issuer')!
      for (const text of [pasted().issuer, `the issuer ${world.idp.issuer}`]) expect(said).toContain(text)
      expect(notice(page.body, 'client_secret')).toBeDefined()
      expect(byId(page.body, 'issuer')!.attributes).toMatchObject({ value: world.idp.issuer })
      // Reloaded it is still there; on no other organization's page, and not once something else is saved.
      expect(notice((await open(id)).body, 'issuer')).toBe(said)
      const other = organizations.next()
      await world.save(other)
      expect(notice((await open(other)).body, 'issuer')).toBeUndefined()
      const exact = { ...pasted(), issuer: world.idp.issuer, client_secret: clientSecret }
      await admin.submit(await open(id), '/save', { ...exact, intent: 'save' })
      expect(notice((await open(id)).body, 'issuer')).toBeUndefined()
    },
  )

  test('cannot be made up by whoever sets a cookie', async () => {
    const id = organizations.next()
    await world.save(id)
    const visitor = await world.admin()
    const set = (value: string) =>
      visitor.cookies.set('rp_notices|localhost|/', {
        value,
        host: 'localhost',
        path: '/',
        same_site: 'Lax',
        secure: false,
      })
    for (const value of [
      `${id}.1.issuer:evil`,
      `${id}.1.<b>:white_space_removed.constructor:metadata_url_read_as_issuer`,
      `${id}.2.issuer:white_space_removed`,
      `${id}`,
      '....',
    ]) {
      set(value)
      const page = await visitor.visit(settings(id))
      expect([value, page.status]).toEqual([value, 200])
      expect(find(page.body, ({ attributes }) => 'data-notice' in attributes)).toEqual([])
    }
  })
})
