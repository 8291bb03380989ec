/**
 * Reads a page the strict way: every tag closed in order, every attribute quoted, no character that could be markup left
 * in a text. Whatever slips through unescaped does not parse.
 */
export interface Element {
  readonly tag: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: (Element | string)[]
}

const empty = new Set(['meta', 'link', 'input', 'wbr', 'br', 'path', 'circle', 'rect'])
const token =
  /<!doctype html>|<\/([a-z][a-z0-9]*)\s*>|<([a-z][a-z0-9]*)((?:\s+[a-z][a-z0-9-]*(?:="[^"<>]*")?)*)\s*(\/?)>|([^<>]+)/giy

/** Returns the root, or throws at the first irregularity. */
export function parsed(page: string): Element {
  const root: Element = { tag: '#document', attributes: {}, children: [] }
  const open = [root]
  token.lastIndex = 0
  while (token.lastIndex < page.length) {
    const at = token.lastIndex
    const match = token.exec(page)
    if (match === null) throw new Error(`not markup: ${page.slice(at, at + 120)}`)
    const [, closed, tag, attributes, , text] = match
    const parent = open.at(-1)!
    if (text !== undefined) parent.children.push(decoded(text))
    else if (closed !== undefined) {
      if (open.pop()!.tag !== closed) throw new Error(`</${closed}> closes <${parent.tag}>`)
    } else if (tag !== undefined) {
      const element: Element = { tag, attributes: attributesOf(attributes!), children: [] }
      parent.children.push(element)
      if (!empty.has(tag)) open.push(element)
    }
  }
  if (open.length > 1) throw new Error(`<${open.at(-1)!.tag}> is never closed`)
  return root
}

/** Returns all elements below, in order. */
export function elements(of: Element, found: Element[] = []): Element[] {
  for (const child of of.children) {
    if (typeof child !== 'string') elements(child, (found.push(child), found))
  }
  return found
}

/** Returns the elements that `matches` accepts. */
export function find(page: string | Element, matches: (element: Element) => boolean): Element[] {
  return elements(typeof page === 'string' ? parsed(page) : page).filter(matches)
}

/** Returns the element with this id, if it is there. */
export function byId(page: string | Element, id: string): Element | undefined {
  return find(page, ({ attributes }) => attributes.id === id)[0]
}

/** Returns what a person reads: all texts, without the values of form controls. */
export function textOf(element: Element): string {
  if (element.tag === 'textarea') return ''
  return element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('')
}

/** Returns what a browser would post from this form, pressed with that button. */
export function posted(form: Element, button?: Element): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const element of elements(form)) {
    const { name, type, value } = element.attributes
    if (name === undefined) continue
    if (element.tag === 'textarea') fields[name] = lines(textareaValue(element))
    else if (element.tag === 'select') fields[name] = selectedValue(element)
    else if (element.tag === 'input' && (type !== 'radio' || 'checked' in element.attributes)) {
      fields[name] = (value ?? '').replace(/[\r\n]/g, type === 'hidden' ? '$&' : '')
    }
  }
  if (button !== undefined) fields[button.attributes.name!] = button.attributes.value!
  return fields
}

function textareaValue(element: Element): string {
  return element.children.join('').replace(/^\n/, '')
}

/** Form submission turns every line break into CR LF. */
function lines(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n')
}

function selectedValue(select: Element): string {
  const options = elements(select)
  const selected = options.find(({ attributes }) => 'selected' in attributes) ?? options[0]
  return selected?.attributes.value ?? ''
}

function attributesOf(text: string): Record<string, string> {
  const entries = [...text.matchAll(/([a-z][a-z0-9-]*)(?:="([^"]*)")?/gi)].map(
    ([, name, value]) => [name!, decoded(value ?? '')] as const,
  )
  if (new Set(entries.map(([name]) => name)).size < entries.length) throw new Error(`an attribute twice: ${text}`)
  return Object.fromEntries(entries)
}

function decoded(text: string): string {
  return text.replace(/&(?:(amp|lt|gt|quot|nbsp)|#39);|&/g, (entity, name: string | undefined) => {
    if (entity === '&') throw new Error(`a bare &: ${text.slice(0, 80)}`)
    return name === undefined ? "'" : { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: '\u00a0' }[name]!
  })
}
