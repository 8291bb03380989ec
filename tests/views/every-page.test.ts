/** What holds for every page: sound markup, no inline style or script, labels, one meaning per id, links that lead somewhere. */
import { describe, expect, test } from 'vitest'
import { script, stylesheet } from '../../packages/server/src/views/index.ts'
import { elements, find, parsed, textOf, type Element } from './document.ts'
import { pages } from './pages.ts'

describe.each(pages)('%s', (_, page) => {
  const all = elements(parsed(page))
  const ids = all.flatMap(({ attributes }) => attributes.id ?? [])

  test('is a complete document with a language, a title and one heading of the first level', () => {
    expect(page.startsWith('<!doctype html>')).toBe(true)
    expect(all[0]).toMatchObject({ tag: 'html', attributes: { lang: 'en' } })
    expect(textOf(only(all, 'title')).trim()).not.toBe('')
    expect(textOf(only(all, 'h1')).trim()).not.toBe('')
    only(all, 'main')
  })

  test('has no inline style and no inline script', () => {
    const names = all.flatMap(({ attributes }) => Object.keys(attributes))
    expect(names.filter((name) => name === 'style' || name.startsWith('on'))).toEqual([])
    // Where a button leads elsewhere than its form, it is a path of this server, written by us.
    const elsewhere = all.flatMap(({ attributes }) => attributes.formaction ?? [])
    for (const target of elsewhere) expect(target).toMatch(/^\/organizations\/[\w%.-]+\/settings\/sso\/policy$/)
    expect(all.filter(({ tag }) => ['style', 'iframe', 'object', 'embed', 'base', 'template'].includes(tag))).toEqual(
      [],
    )
    const scripts = all.filter(({ tag }) => tag === 'script')
    expect(scripts.map(({ attributes }) => attributes.src)).toEqual([script.path])
    expect(scripts.flatMap(({ children }) => children)).toEqual([])
    expect(all.filter(({ attributes }) => attributes.rel === 'stylesheet')).toMatchObject([
      { attributes: { href: stylesheet.path } },
    ])
  })

  test('gives every id once, and refers to none that is missing', () => {
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
    const referred = all.flatMap(({ attributes: a }) => [
      ...[a.for, a['data-copy'], a.href?.startsWith('#') === true ? a.href.slice(1) : undefined],
      ...(a['aria-describedby'] ?? '').split(' '),
      ...(a['aria-labelledby'] ?? '').split(' '),
    ])
    expect(referred.filter((id) => id !== undefined && id !== '' && !ids.includes(id))).toEqual([])
  })

  test('names every control, and no two controls of a form by the same words', () => {
    const labels = new Map(
      all.filter(({ tag }) => tag === 'label').map((label) => [label.attributes.for, textOf(label).trim()]),
    )
    const nameOf = ({ tag, attributes, ...rest }: Element) =>
      attributes['aria-label'] ??
      (tag === 'button' ? textOf({ tag, attributes, ...rest }).trim() : labels.get(attributes.id))
    for (const form of [...all.filter(({ tag }) => tag === 'form')]) {
      const controls = elements(form).filter(isControl)
      const names = controls.map(nameOf)
      expect(names.every((name) => name !== undefined && name !== '')).toBe(true)
      expect(new Set(names).size).toBe(names.length)
    }
    for (const control of all.filter(isControl)) expect(nameOf(control)).toBeTruthy()
    for (const fieldset of all.filter(({ tag }) => tag === 'fieldset')) {
      expect(find(fieldset, ({ tag }) => tag === 'legend')).toHaveLength(1)
    }
  })

  test('posts its forms to this server, with the token that it was given', () => {
    for (const { attributes } of all.filter(({ tag }) => tag === 'form')) {
      expect(attributes.method).toBe('post')
      expect(attributes.action).toMatch(/^\/[a-z]/)
    }
    for (const { attributes } of all.filter(({ tag }) => tag === 'button'))
      expect(['submit', 'button']).toContain(attributes.type)
  })

  test('links to this server, to itself, or to the web', () => {
    const targets = all.filter(({ tag }) => tag === 'a').map(({ attributes }) => attributes.href)
    expect(targets.filter((href) => href === undefined || !/^(?:\/(?!\/)|#|https?:\/\/)/.test(href))).toEqual([])
  })

  test('says times in UTC, for machines as well', () => {
    for (const time of all.filter(({ tag }) => tag === 'time')) {
      expect(time.attributes.datetime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      expect(textOf(time)).toMatch(/UTC$/)
    }
  })

  test('tells drawings and colours nothing that is not said in words', () => {
    for (const svg of all.filter(({ tag }) => tag === 'svg')) expect(svg.attributes['aria-hidden']).toBe('true')
    for (const badge of all.filter(({ attributes }) => attributes.class?.startsWith('badge') === true)) {
      expect(textOf(badge).trim()).not.toBe('')
    }
  })
})

function only(all: readonly Element[], tag: string): Element {
  const found = all.filter((element) => element.tag === tag)
  expect(found).toHaveLength(1)
  return found[0]!
}

function isControl({ tag, attributes }: Element): boolean {
  return ['input', 'select', 'textarea', 'button'].includes(tag) && attributes.type !== 'hidden'
}
