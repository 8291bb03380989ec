/** One text for equal values, whatever order their members came into being in; a text that was made once is kept. */
import { hash } from 'node:crypto'

export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = Array.isArray(value)
    ? `[${value.map(canonical).join()}]`
    : `{${Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, member]) => `${name}:${canonical(member)}`)
        .join()}}`
  // Long ones by their hash: a state is compared with hundreds of thousands of others.
  const short = text.length > 120 ? hash('sha256', text, 'base64') : text
  texts.set(value, short)
  return short
}

const texts = new WeakMap<object, string>()
