/**
 * Form fields with all that belongs to one: label, help, what is wrong with it, what was read differently, and whether the
 * last failed test points at it. Each is described to a screen reader by the same texts that are seen.
 */
import type { Fault, Notice } from '@relying-party/core'
import { bounded } from '@relying-party/core'
import { attributes, exactly, html, type Content, type Html } from './html.ts'
import { icons } from './icons.ts'

/** What there is to say beside the fields, by the name of the field. */
export interface Marks {
  readonly faults: readonly Fault[]
  readonly notices: readonly Notice[]
  /** The field that the last failed test is about. */
  readonly concern: string | null
  /** The form that the fields belong to, where they stand outside of it. */
  readonly form?: string
}

interface Field {
  readonly name: string
  readonly label: string
  readonly value: string
  readonly help?: Content
  /** When another field of the page has the same name: then the marks go by this. */
  readonly id?: string
  readonly optional?: boolean
}

/** Returns a line of text. */
export function textField(
  marks: Marks,
  field: Field & { readonly mono?: boolean; readonly inputmode?: string; readonly placeholder?: string },
): Html {
  const { name, value, mono, inputmode, placeholder } = field
  return labelled(marks, field, (described) => {
    const control = {
      name,
      type: 'text',
      value: exactly(value),
      inputmode,
      placeholder,
      class: mono === true && 'mono',
    }
    return html`<input${attributes({ ...described, ...control, ...verbatim })} />`
  })
}

/** Returns an empty field for a secret: there is no way to give it a value. */
export function secretField(
  marks: Marks,
  field: Omit<Field, 'value'> & { readonly autocomplete?: string; readonly autofocus?: boolean },
): Html {
  const { name, autofocus, autocomplete = 'new-password' } = field
  const control = { name, type: 'password', class: 'mono', ...verbatim, autocomplete, autofocus }
  return labelled(
    marks,
    { ...field, value: '' },
    (described) => html`<input${attributes({ ...described, ...control })} />`,
  )
}

/** Returns several lines of text. */
export function linesField(
  marks: Marks,
  field: Field & { readonly rows: number; readonly placeholder?: string },
): Html {
  const { name, rows, value, placeholder } = field
  return labelled(
    marks,
    field,
    (described) =>
      // The first line break after the tag is not part of the text.
      html`<textarea${attributes({ ...described, name, rows, placeholder, class: 'mono', ...verbatim })}>
${exactly(value)}</textarea
      >`,
  )
}

/** Returns a choice of one; a value that is not among the choices is kept as one of its own. */
export function choiceField(marks: Marks, field: Field & { readonly choices: readonly Choice[] }): Html {
  return labelled(
    marks,
    field,
    (described) => html`<select${attributes({ ...described, name: field.name })}>
      ${options(field.choices, field.value)}
    </select>`,
  )
}

export type Choice = readonly [value: string, label: string]

/** Returns the options of a choice with one of them selected. */
export function options(choices: readonly Choice[], selected: string): Content {
  const known = choices.some(([value]) => value === selected)
  const all: readonly Choice[] = known ? choices : [...choices, [selected, bounded(selected, 80)]]
  return all.map(
    ([value, label]) =>
      html`<option${attributes({ value: exactly(value), selected: value === selected })}>${label}</option>`,
  )
}

/** Returns the texts beside a field, and the attributes that tie its control to them. */
export function remarks(
  { faults, notices, concern, form }: Marks,
  { name, id = name, help }: Pick<Field, 'name' | 'id' | 'help'>,
): {
  readonly before: Content
  readonly after: Content
  readonly control: Readonly<Record<string, string | undefined>>
} {
  const mine = faults.filter(({ member }) => member === id)
  const read = notices.filter(({ member }) => member === id)
  const texts = [
    help !== undefined && `${id}-help`,
    mine.length > 0 && `${id}-fault`,
    read.length > 0 && `${id}-notice`,
    concern === id && `${id}-concern`,
  ].filter((text) => text !== false)
  return {
    before: help !== undefined && html`<p class="help" id="${id}-help">${help}</p>`,
    after: [
      mine.length > 0 &&
        html`<p class="remark bad" id="${id}-fault" data-fault="${name}">
          ${icons.cross}<span>${mine.map(({ fault }) => html`${sentence(fault)} `)}</span>
        </p>`,
      read.length > 0 &&
        html`<p class="remark quiet" id="${id}-notice" data-notice="${name}">
          ${icons.dot}<span>${read.map(noticeText)}</span>
        </p>`,
      concern === id &&
        html`<p class="remark bad" id="${id}-concern" data-concern="${name}">
          ${icons.warning}<span>The last test failed here. <a href="#status">See why</a></span>
        </p>`,
    ],
    control: {
      id,
      form,
      'aria-describedby': texts.length > 0 ? texts.join(' ') : undefined,
      'aria-invalid': mine.length > 0 || concern === id ? 'true' : undefined,
    },
  }
}

/** Returns a fault as a sentence of its own. */
export function sentence(fault: string): string {
  const text = bounded(fault)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`
}

function labelled(
  marks: Marks,
  field: Field,
  control: (described: Readonly<Record<string, string | undefined>>) => Html,
): Html {
  const { before, after, control: described } = remarks(marks, field)
  return html`<div class="field" data-field="${field.name}">
    <label for="${field.id ?? field.name}"
      >${field.label}${field.optional === true && html` <span class="aside">optional</span>`}</label
    >
    ${before} ${control(described)} ${after}
  </div>`
}

function noticeText({ code, given, read_as }: Notice): Content {
  if (code === 'white_space_removed') return 'White space around it was removed. '
  return html`You entered the address of the configuration document,
    <code class="value"><bdi>${bounded(given)}</bdi></code
    >. It was saved as the issuer <code class="value"><bdi>${bounded(read_as)}</bdi></code
    >. `
}

const verbatim = { autocomplete: 'off', autocapitalize: 'none', autocorrect: 'off', spellcheck: 'false' }
