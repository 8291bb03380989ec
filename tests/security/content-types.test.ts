/**
 * Every route that takes a body, sent it under every kind of content type: as what it counts, and that no spelling slips past
 * the guard of the route. Rule: an unknown type is refused before anything else, the others are read in exactly one way.
 */
import type { Store } from '@relying-party/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formFields } from '../support/user-agent.ts'
import { adminToken, createWorld, type Route, type World } from '../support/world.ts'

let world: World
let admin_cookie: string
let csrf_token: string
let written: string[] = []
beforeAll(async () => {
  const wrapStore = (store: Store): Store => ({
    ...store,
    putIfAbsent: (...args) => (written.push(args[0]), store.putIfAbsent(...args)),
    compareAndSet: (...args) => (written.push(args[0]), store.compareAndSet(...args)),
    delete: (...args) => (written.push(args[0]), store.delete(...args)),
  })
  world = await createWorld({ wrapStore })
  await world.enable()
  const admin = await world.admin()
  const page = await admin.visit(`${world.organization()}/settings/sso`)
  admin_cookie = admin.allCookies()
  csrf_token = formFields(page.body, '/settings/sso/save').csrf_token!
})
afterAll(() => world.close())

/** What a body of this content type counts as. */
const types: readonly (readonly [type: string | undefined, as: 'json' | 'form' | 'text' | 'unknown'])[] = [
  ['application/json', 'json'],
  ['APPLICATION/Json', 'json'],
  ['application/json;charset=utf-8', 'json'],
  ['application/json ; charset="utf-8"', 'json'],
  ['application/json\t; charset=utf-8', 'json'],
  ['application/json\t', 'json'],
  ['\tapplication/json', 'json'],
  ['application/json;', 'json'],
  ['application/json\u00a0', 'json'],
  ['application/json; text/plain', 'json'],
  ['application/json;application/x-www-form-urlencoded', 'json'],
  ['application/x-www-form-urlencoded', 'form'],
  ['Application/X-WWW-Form-URLencoded; charset=UTF-8', 'form'],
  ['application/x-www-form-urlencoded\t;a=b', 'form'],
  // CVE-2022-41919: what a page of another site may send counted as JSON.
  ['application/x-www-form-urlencoded; application/json', 'form'],
  ['application/x-www-form-urlencoded;;application/json', 'form'],
  ['text/plain', 'text'],
  ['TEXT/plain; charset=utf-8', 'text'],
  ['text/plain; application/json', 'text'],
  ['text/plain;a="b;c";application/json', 'text'],
  // CVE-2026-25223, CVE-2026-3419, CVE-2026-33806, CVE-2025-32442: read as one type, checked as none.
  ['application/json\ta', 'unknown'],
  ['application/json a', 'unknown'],
  ['application/json garbage; charset=utf-8', 'unknown'],
  ['application/json\ttext/plain', 'unknown'],
  ['application/ json', 'unknown'],
  ['application /json', 'unknown'],
  ['application\t/json', 'unknown'],
  ['application/json, text/plain', 'unknown'],
  ['text/plain, application/json', 'unknown'],
  ['application/json,application/json', 'unknown'],
  ['application/json/x', 'unknown'],
  ['application/jsonx', 'unknown'],
  ['xapplication/json', 'unknown'],
  ['application/\u017fon', 'unknown'],
  ['application/ld+json', 'unknown'],
  ['application/problem+json', 'unknown'],
  ['application/*', 'unknown'],
  ['*/*', 'unknown'],
  ['text/json', 'unknown'],
  ['text/html', 'unknown'],
  ['application/xml', 'unknown'],
  ['application/octet-stream', 'unknown'],
  ['multipart/form-data; boundary=a', 'unknown'],
  ['json', 'unknown'],
  ['/', 'unknown'],
  [';', 'unknown'],
  ['undefined', 'unknown'],
  ['', 'unknown'],
  [undefined, 'unknown'],
]

/** The status of a request, by what its body counts as: one for each, or one whatever was read. */
type Statuses = number | { readonly json: number; readonly form: number; readonly text: number }

/** What a route answers when the right administrator, nobody, and an administrator's browser at another site's page ask. */
type Expected = readonly [deliberate: Statuses, anonymous: Statuses, cross_site: Statuses]

// Every change is told to be of a version that is long gone: 412 is what a request comes to that was read and allowed.
const api_with_body: Expected = [{ json: 412, form: 400, text: 400 }, 401, 403]
const api_without_body: Expected = [412, 401, 403]
// Whoever is not signed in any more is led to sign in; what was read as typed is kept on the page where that is done.
const signed_out = { json: 303, form: 401, text: 303 }
const form_of_settings: Expected = [{ json: 403, form: 412, text: 403 }, signed_out, 403]
// Of no version, so of a fingerprint that was never tested, or at an organization that has nothing to disable or discard.
const button_of_settings: Expected = [{ json: 403, form: 422, text: 403 }, signed_out, 403]
const initiated = { json: 400, form: 303, text: 400 }

const expected: { readonly [route: string]: Expected } = {
  'PUT /api/organizations/:id/oidc': api_with_body,
  'PUT /api/organizations/:id/oidc/policy': api_with_body,
  'PUT /api/organizations/:id/oidc/staged-secret': api_with_body,
  'POST /api/organizations/:id/oidc/enable': api_with_body,
  // Changes nothing, and so has no version: what was read is a policy that cannot be.
  'POST /api/organizations/:id/oidc/policy/preview': [{ json: 422, form: 400, text: 400 }, 401, 403],
  'POST /api/organizations/:id/oidc/test': api_without_body,
  'POST /api/organizations/:id/oidc/disable': api_without_body,
  'POST /api/organizations/:id/oidc/discard': api_without_body,
  'POST /organizations/:id/settings/sso/save': form_of_settings,
  'POST /organizations/:id/settings/sso/policy': form_of_settings,
  'POST /organizations/:id/settings/sso/resume': [{ json: 403, form: 200, text: 403 }, signed_out, 403],
  'POST /organizations/:id/settings/sso/staged-secret': form_of_settings,
  'POST /organizations/:id/settings/sso/enable': button_of_settings,
  'POST /organizations/:id/settings/sso/disable': button_of_settings,
  'POST /organizations/:id/settings/sso/discard': button_of_settings,
  'POST /admin/sign-in': [{ json: 401, form: 303, text: 401 }, { json: 401, form: 303, text: 401 }, 403],
  'POST /admin/sign-out': [303, 303, 403],
  // What providers and their pages send from elsewhere: it has to stand on its own.
  'POST /organizations/:id/oidc/consume': [400, 400, 400],
  'POST /organizations/:id/oidc/initiate': [initiated, initiated, initiated],
  'POST /organizations/:id/oidc/backchannel-logout': [400, 400, 400],
  'POST /organizations/:id/oidc/logout': [303, 303, 403],
  'POST /organizations/:id/session/refresh': [401, 401, 403],
}

const nameOf = ({ method, url }: Route) => `${method} ${url}`
const withBody = () => world.routes.filter(({ method }) => !['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(method))

const members = () => ({
  issuer: world.idp.issuer,
  client_id: 'a',
  client_secret: 'b',
  fingerprint: 'c',
  session_lifetime: -1,
})

/** The same content for every route, as what the content type says that it is; JSON where that says nothing. */
function bodyOf(as: string, token: string): string {
  if (as !== 'form') return JSON.stringify({ ...members(), csrf_token: token, version: 'gone' })
  const { issuer, ...more } = members()
  const fields = { issuer, iss: issuer, admin_token: adminToken, version: 'gone', csrf_token: token, state: 'a' }
  return new URLSearchParams({ ...more, ...fields, session_lifetime: '-1' }).toString()
}

async function statusesOf(route: Route, who: 0 | 1 | 2): Promise<[type: unknown, status: number][]> {
  const bearer = { authorization: `Bearer ${adminToken}` }
  const own_page = { cookie: admin_cookie, 'sec-fetch-site': 'same-origin' }
  const headers: Record<string, string>[] = [
    // Signing out for good would end the session that the others are asked with.
    route.url.startsWith('/api/') ? bearer : route.url.startsWith('/admin/') ? {} : own_page,
    {},
    { cookie: admin_cookie, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
  ]
  const statuses: [unknown, number][] = []
  for (const [type, as] of types) {
    const { statusCode } = await world.app.inject({
      method: route.method as 'POST',
      url: route.url.replace(':id', /sso\/(?:disable|discard)$/.test(route.url) ? 'globex' : 'acme'),
      headers: {
        'if-match': '"gone"',
        accept: 'application/json',
        ...(type !== undefined && { 'content-type': type }),
        ...headers[who],
      },
      payload: bodyOf(as, csrf_token),
    })
    statuses.push([type, statusCode])
  }
  return statuses
}

test('the list is of every route that takes a body', () => {
  expect(withBody().map(nameOf).toSorted()).toEqual(Object.keys(expected).toSorted())
})

describe.each([
  ['the administrator', 0],
  ['nobody', 1],
  ['a page of another site in the browser of the administrator', 2],
] as const)('asked by %s', (_, who) => {
  test('every content type counts as one kind of body at every route, an unknown one as none (#191, #224)', async () => {
    const { version } = await world.connection()
    written = []
    for (const route of withBody()) {
      const statuses = expected[nameOf(route)]![who]
      // Back-Channel Logout 1.0 knows 200 and 400.
      const unknown = route.url.endsWith('/backchannel-logout') ? 400 : 415
      const wanted = types.map(([type, as]) => [
        type,
        as === 'unknown' ? unknown : typeof statuses === 'number' ? statuses : statuses[as],
      ])
      expect([nameOf(route), await statusesOf(route, who)]).toEqual([nameOf(route), wanted])
    }
    expect((await world.connection()).version).toBe(version)
    expect(written.filter((collection) => collection !== 'attempts' && collection !== 'sessions')).toEqual([])
  })
})
