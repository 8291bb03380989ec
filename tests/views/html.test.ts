/** The template: what is interpolated is escaped, whatever it is. */
import { describe, expect, test } from 'vitest'
import { attributes, exactly, html, link, linkTarget, type Content } from '../../packages/server/src/views/html.ts'
import fc from '../support/property.ts'
import { elements, parsed, textOf } from './document.ts'

const bidi = '\u202e\u2066\u200f\u061c\ufeff\u0000\u0085\u2028'

describe('html', () => {
  test.each<[string, Content, string]>([
    ['text', `<b>&"'`, '&lt;b&gt;&amp;&quot;&#39;'],
    ['a number', 0, '0'],
    ['nothing', [false, null, undefined], ''],
    ['a fragment', html`<b>${'<'}</b>`, '<b>&lt;</b>'],
    ['a list of fragments and texts', [html`<i></i>`, ['<', [html`<b></b>`]]], '<i></i>&lt;<b></b>'],
    ['what pretends to be a fragment', { toString: () => '<script>' } as unknown as string, '&lt;script&gt;'],
    ['invisible characters', bidi, '\ufffd'.repeat(bidi.length)],
  ])('%s', (_, content, markup) => {
    expect(html`${content}`.toString()).toBe(markup)
  })

  test('every text comes out of a parser as it went in, in text and in attributes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const visible = text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu, (c) =>
          /[\t\n\r]/.test(c) ? c : '\ufffd',
        )
        const [element] = elements(
          parsed(html`<p title="${text}" ${attributes({ lang: text })}>${text}</p>`.toString()),
        )
        expect([element!.attributes.title, element!.attributes.lang, textOf(element!)]).toEqual([
          visible,
          visible,
          visible,
        ])
      }),
    )
  })

  test('of a form control the value stays exactly what it is', () => {
    const [element] = elements(parsed(html`<input${attributes({ value: exactly(`"<${bidi}`) })} />`.toString()))
    expect(element!.attributes.value).toBe(`"<${bidi}`)
  })

  test('attributes stand alone, with a value, or not at all', () => {
    const written = attributes({ id: 'a', hidden: true, open: false, title: undefined, lang: null, rows: 3 })
    expect(written.toString()).toBe(' id="a" hidden rows="3"')
    expect(() => attributes({ 'x onclick': 'y' })).toThrow(TypeError)
  })
})

describe('links (#231)', () => {
  test.each([
    ['https://example.com/a?b=c&d="e"', 'https://example.com/a?b=c&d=%22e%22'],
    ['http://localhost:9000', 'http://localhost:9000/'],
    ['/organizations/acme?a=b#c', '/organizations/acme?a=b#c'],
    ['javascript:alert(1)', null],
    [' java\nscript:alert(1)', null],
    ['data:text/html,x', null],
    ['//evil.example', null],
    ['/\\evil.example', null],
    ['https:evil.example', null],
    ['acme.okta.example', null],
    ['', null],
    ['https://', null],
  ])('%s', (url, target) => {
    expect(linkTarget(url)).toBe(target)
    expect(elements(parsed(link(url, 'label').toString()))[0]!.tag).toBe(target === null ? 'span' : 'a')
  })
})
