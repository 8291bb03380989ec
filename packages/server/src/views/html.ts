/**
 * Markup as a value: the only place where text becomes HTML.
 *
 * Rule: whatever is interpolated is escaped, in text and in quoted attributes alike, and bounded, unless this file made it.
 * There is no way to hand in ready-made markup.
 */

/** A fragment of markup. Only {@link html} and its helpers make one; an object that looks like one is not. */
class Html {
  readonly #markup: string
  constructor(markup: string) {
    this.#markup = markup
  }
  toString(): string {
    return this.#markup
  }
}
export type { Html }

/** What may stand in a template: text, numbers, fragments, lists of them; `false`, `null` and `undefined` leave nothing. */
export type Content = Html | string | number | false | null | undefined | readonly Content[]

/** Returns the fragment with every interpolated text escaped. Attributes that take one must be quoted. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.reduce((markup, string, index) => markup + markupOf(contents[index - 1], longest) + string))
}

/** Returns attributes with a space before each: `true` stands alone, `false`, `null` and `undefined` are left out. */
export function attributes(
  values: Readonly<Record<string, Html | string | number | boolean | null | undefined>>,
): Html {
  const written = Object.entries(values).map(([name, value]) => {
    if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new TypeError(`not an attribute name: ${name}`)
    if (value === false || value === null || value === undefined) return ''
    return value === true ? ` ${name}` : ` ${name}="${markupOf(value)}"`
  })
  return new Html(written.join(''))
}

/** Returns the value of a form control as it is, invisible characters included: what was typed must come back the same. */
export function exactly(value: string): Html {
  return new Html(escaped(value))
}

/** Returns an absolute http(s) URL or a path of this server, normalized; null for everything else. */
export function linkTarget(url: string): string | null {
  const base = 'https://self.invalid'
  const target = URL.parse(url, base)
  if (target === null) return null
  if (target.origin === base) return url.startsWith('/') ? target.pathname + target.search + target.hash : null
  const isAbsolute = /^https?:\/\//i.test(url)
  return isAbsolute && (target.protocol === 'https:' || target.protocol === 'http:') ? target.href : null
}

/** Returns a link when the address may be one, and its plain label otherwise. */
export function link(url: string, label: Content, values: Parameters<typeof attributes>[0] = {}): Html {
  const href = linkTarget(url)
  return href === null ? html`<span>${label}</span>` : html`<a${attributes({ href, ...values })}>${label}</a>`
}

function markupOf(content: Content, limit = Infinity): string {
  if (content === false || content === null || content === undefined) return ''
  if (content instanceof Html) return content.toString()
  if (Array.isArray(content)) return content.map((item) => markupOf(item, limit)).join('')
  const text = String(content)
  const shown = text.length > limit ? `${text.slice(0, limit)}…` : text
  return escaped(shown.replace(invisible, '\ufffd'))
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Controls and bidirectional marks: they can make a text look like another one. */
const invisible =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** No text that a page shows is longer; addresses and values of form controls are never cut. */
const longest = 1000
