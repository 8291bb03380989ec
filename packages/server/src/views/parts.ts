/** Parts that several pages share: forms, values to copy, facts, badges. */
import { bounded } from '@relying-party/core'
import { attributes, exactly, html, type Content, type Html } from './html.ts'
import { icons } from './icons.ts'

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet'

/** Returns a form that posts to a path of this server, with the token that proves it came from our page. */
export function form(
  to: {
    readonly id?: string
    readonly action: string
    /** Left out where nobody is signed in as administrator: such a form is judged by where the browser says it comes from. */
    readonly csrf_token?: string
    readonly class?: string
  },
  hidden: Readonly<Record<string, string | null>>,
  content: Content,
): Html {
  const fields = Object.entries({ csrf_token: to.csrf_token ?? null, ...hidden })
  return html`<form${attributes({ id: to.id, class: to.class, method: 'post', action: to.action, novalidate: true })}>
    ${fields.map(
      ([name, value]) => value !== null && html`<input type="hidden" ${attributes({ name, value: exactly(value) })} />`,
    )}
    ${content}
  </form>`
}

/** Returns a labelled read-only value to be copied; the button appears when the script runs. */
export function copyField(
  id: string,
  label: Content,
  value: string,
  help?: Content,
  marked: { readonly control: Readonly<Record<string, string | undefined>>; readonly after: Content } = {
    control: {},
    after: null,
  },
): Html {
  const { 'aria-describedby': remarked, 'aria-invalid': invalid } = marked.control
  const described = [help !== undefined && `${id}-help`, remarked].filter((text) => typeof text === 'string')
  return html`<div class="field">
    <label for="${id}">${label}</label>
    ${help !== undefined && html`<p class="help" id="${id}-help">${help}</p>`}
    <div class="copy-row">
      <textarea${attributes({
        id,
        class: 'mono whole',
        rows: 1,
        readonly: true,
        spellcheck: 'false',
        'aria-describedby': described.length > 0 && described.join(' '),
        'aria-invalid': invalid,
      })}>
${exactly(value)}</textarea
      >
      ${copyButton(id, label)}
    </div>
    ${marked.after}
  </div>`
}

/** Returns a fact of somebody else, bounded, in its own direction of writing, to be copied. */
export function copyValue(id: string, label: string, value: string): Html {
  return html`<span class="copy-value"
    ><code class="value" id="${id}"><bdi>${bounded(value)}</bdi></code
    >${copyButton(id, label)}</span
  >`
}

function copyButton(id: string, label: Content): Html {
  return html`<button class="button small copy" type="button" data-copy="${id}" hidden>
    <span data-copy-text>Copy</span><span class="visually-hidden"> ${label}</span>
  </button>`
}

/** Returns a short word with a mark of its own, so that colour is never the only difference. */
export function badge(tone: Tone, text: Content): Html {
  return html`<span class="badge ${tone}">${icons[toneIcon[tone]]}${text}</span>`
}

export const toneIcon: Readonly<Record<Tone, keyof typeof icons>> = {
  good: 'check',
  bad: 'cross',
  warn: 'warning',
  busy: 'clock',
  quiet: 'dot',
}

/** Returns terms with their descriptions; those without one are left out. */
export function facts(entries: readonly (readonly [term: Content, description: Content])[]): Content {
  const present = entries.filter(
    ([, description]) => description !== null && description !== undefined && description !== false,
  )
  if (present.length === 0) return null
  return html`<dl class="facts">
    ${present.map(
      ([term, description]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${description}</dd>
        </div>`,
    )}
  </dl>`
}

/** Returns a notice above the page that takes the focus, so that it is read first. */
export function banner(tone: Tone, name: string, title: Content, content: Content): Html {
  const role = tone === 'good' ? 'status' : 'alert'
  return html`<div class="banner ${tone}" id="${name}" role="${role}" tabindex="-1" autofocus data-banner="${name}">
    ${icons[toneIcon[tone]]}
    <div>
      <p class="banner-title">${title}</p>
      ${content}
    </div>
  </div>`
}
