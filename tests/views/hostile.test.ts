/** Whatever a provider or a person puts into a view, the page keeps its shape: no text becomes markup, none hides its direction. */
import { describe, expect, test } from 'vitest'
import {
  renderAdminSignInPage,
  renderAttemptPage,
  renderAttemptsPage,
  renderChangesPage,
  renderFailurePage,
  renderMemberPage,
  renderOrganizationsPage,
  renderSettingsPage,
  renderSignedOutPage,
  renderTestingPage,
} from '../../packages/server/src/views/index.ts'
import fc from '../support/property.ts'
import { elements, parsed, textOf, type Element } from './document.ts'
import { states } from './fixtures.ts'
import { views } from './pages.ts'

/** Members whose values come from closed sets: their type is a promise of the core. */
const closed = [
  'outcome',
  'purpose',
  'status',
  'blame',
  'code',
  'enforcement',
  'type',
  'response_mode',
  'userinfo',
  'role',
  'member',
  'answer',
  'id',
  'leg',
  'near_miss',
  'rule',
  'spec',
]

/** The same value with every text in it replaced, keys of free-form objects included. */
function poisoned<T>(value: T, poison: string, key = ''): T {
  if (typeof value === 'string') return (closed.includes(key) ? value : poison) as T
  if (Array.isArray(value)) return value.map((item: unknown) => poisoned(item, poison, key)) as T
  if (typeof value !== 'object' || value === null) return value
  // What is changed is one of ours; to which value, anybody may say.
  const kept = key === 'change' && 'name' in value ? { name: value.name } : {}
  const isFree = ['claims', 'detail', 'authorization_parameters'].includes(key)
  const members = Object.entries(value).map(([name, member], index) => [
    isFree ? `${poison}${index}` : name,
    poisoned(member as unknown, poison, name),
  ])
  return { ...(Object.fromEntries(members) as T), ...kept }
}

const settings = (view: Parameters<typeof renderSettingsPage>[0]) => (poison: string) =>
  renderSettingsPage(poisoned(view, poison))

const renderers: readonly (readonly [string, (poison: string) => string])[] = [
  ...Object.entries(states).map(([name, view]) => [`settings: ${name}`, settings(view)] as const),
  ['testing', (poison) => renderTestingPage(poisoned(views.testing, poison))],
  ['failure', (poison) => renderFailurePage(poisoned(views.failure, poison))],
  ['administrator sign-in', (poison) => renderAdminSignInPage(poisoned(views.admin_sign_in, poison))],
  ['attempt', (poison) => renderAttemptPage(poisoned(views.attempt, poison))],
  ['failed attempt', (poison) => renderAttemptPage(poisoned(views.failed_attempt, poison))],
  ['explained attempt', (poison) => renderAttemptPage(poisoned(views.explained_attempt, poison))],
  ['member', (poison) => renderMemberPage(poisoned(views.member, poison))],
  ['signed out', (poison) => renderSignedOutPage(poisoned(views.signed_out, poison))],
  ['attempts', (poison) => renderAttemptsPage(poisoned(views.attempts_page, poison))],
  ['changes', (poison) => renderChangesPage(poisoned(views.changes_page, poison))],
  ['organizations', (poison) => renderOrganizationsPage(poisoned({ ...views.organizations, more_after: 'x' }, poison))],
]

/** Tags and names of attributes, in order: what an injection would change. */
const shapeOf = (all: readonly Element[]) =>
  all.map(({ tag, attributes }) => [tag, ...Object.keys(attributes)].join(' '))

/** Values of form controls are left as they are: a person sees them beside what they are for. */
const hasInvisibleText = ({ tag, children }: Element) =>
  tag !== 'textarea' && children.some((child) => typeof child === 'string' && invisible.test(child))

const invisible =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/

describe.each(renderers)('%s', (_, render) => {
  const shape = shapeOf(elements(parsed(render('x'))))

  test.each([
    ['a script', '<script>alert(1)</script>'],
    ['the end of an attribute', '" onmouseover="alert(1)'],
    ['the end of a textarea', "</textarea></title></style>'><img src=x onerror=alert(1)>"],
    ['an entity', '&lt;script&gt;&#x22;'],
    ['a comment', '--><!--'],
    ['a script address', 'javascript:alert(1)'],
    ['bidirectional controls', 'gnp.\u202eexe\u2066\u0000\u2028'],
    ['10 kB', '<"'.repeat(5000)],
    ['half a character', '\ud800<'],
  ])('%s', (_, poison) => {
    const all = elements(parsed(render(poison)))
    expect(shapeOf(all)).toEqual(shape)
    expect(all.filter(hasInvisibleText)).toEqual([])
    const targets = all.flatMap(({ attributes: { href, action, src } }) => [href ?? '#', action ?? '#', src ?? '#'])
    expect(targets.filter((target) => !/^(?:\/(?!\/)|#|https?:|data:image)/.test(target))).toEqual([])
  })

  test('any text (#230)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (poison) => {
        const all = elements(parsed(render(`x${poison}`)))
        expect(shapeOf(all)).toEqual(shape)
        expect(all.filter(hasInvisibleText)).toEqual([])
      }),
      { numRuns: 10 },
    )
  })

  test('stays small when everything in it is 10 kB long (#286)', () => {
    const texts = textOf(parsed(render('y'.repeat(10_000)))).length
    expect(texts).toBeLessThan(60_000)
  })
})
