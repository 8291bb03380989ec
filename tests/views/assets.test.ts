/** Stylesheet and script: addressed by what they say, readable in both schemes, in line with the Content-Security-Policy. */
import { Script } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { script, stylesheet } from '../../packages/server/src/views/index.ts'
import { asset } from '../../packages/server/src/views/asset.ts'

test('the address follows from the content', () => {
  expect(stylesheet.path).toMatch(/^\/assets\/[\w-]{16}\.css$/)
  expect(script.path).toMatch(/^\/assets\/[\w-]{16}\.js$/)
  expect(asset('css', 'a').path).not.toBe(asset('css', 'b').path)
  expect(asset('css', 'a')).toEqual(asset('css', 'a'))
})

test('the script is one, and asks for nothing but the settings page that it runs on', () => {
  expect(() => new Script(script.body)).not.toThrow()
  expect(script.body).not.toMatch(/XMLHttp|WebSocket|EventSource|innerHTML|eval|import/)
  expect(script.body.match(/fetch\(\w+/g)).toEqual(['fetch(page'])
})

test('the stylesheet loads nothing, save for drawings that it carries itself', () => {
  const urls = [...stylesheet.body.matchAll(/url\("([^"]*)/g)].map(([, url]) => url!)
  expect(urls.filter((url) => !url.startsWith('data:image/svg+xml,'))).toEqual([])
  expect(stylesheet.body).not.toMatch(/@import|expression/)
})

describe.each(['light', 'dark'] as const)('in the %s scheme', (scheme) => {
  const blocks = [...stylesheet.body.matchAll(/:root\s*\{([^}]*)\}/g)].map(([, block]) => block!)
  const declared = (scheme === 'light' ? blocks.slice(0, 1) : blocks.slice(0, 2)).flatMap((block) =>
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, colour]) => [name!, colour!] as const),
  )
  const colours = new Map(declared)
  const contrast = (a: string, b: string) => {
    const [high, low] = [luminance(colours.get(a)!), luminance(colours.get(b)!)].sort((x, y) => y - x)
    return (high! + 0.05) / (low! + 0.05)
  }

  test.each<readonly [string, string]>([
    ...['page', 'surface', 'sunken', 'good-soft', 'bad-soft', 'warn-soft', 'busy-soft'].map(
      (back) => ['text', back] as const,
    ),
    ...['page', 'surface', 'sunken', 'good-soft', 'bad-soft', 'warn-soft'].map((back) => ['muted', back] as const),
    ...['page', 'surface', 'bad-soft', 'warn-soft'].map((back) => ['link', back] as const),
    ...['good', 'bad', 'warn', 'busy'].map((tone) => [tone, `${tone}-soft`] as const),
    ['bad', 'surface'],
    ['good', 'surface'],
    ['placeholder', 'surface'],
    ['on-accent', 'accent'],
    ['on-accent', 'accent-over'],
  ])('%s can be read on %s', (text, back) => {
    expect(contrast(text, back)).toBeGreaterThanOrEqual(4.5)
  })

  test.each([
    ['control', 'surface'],
    ['control', 'page'],
    ['focus', 'page'],
    ['focus', 'surface'],
    ['accent', 'surface'],
    ['bad', 'surface'],
  ])('%s can be seen on %s', (line, back) => {
    expect(contrast(line, back)).toBeGreaterThanOrEqual(3)
  })
})

/** @see {@link https://www.w3.org/TR/WCAG22/#dfn-relative-luminance | WCAG 2.2, relative luminance} */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = parseInt(colour.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

test('only the check is drawn stroke by stroke: of any other sign the length of the stroke would show a part', () => {
  const drawn = stylesheet.body.match(/[^{}]+\{[^}]*stroke-dasharray[^}]*\}/g)
  expect(drawn).toHaveLength(1)
  expect(drawn![0]).toContain('.seal.good ')
})
