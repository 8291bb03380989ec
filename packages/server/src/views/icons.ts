/** The few drawings of the pages: decoration beside words that say the same. */
import { html, type Html } from './html.ts'

export const icons: Readonly<Record<'check' | 'cross' | 'dot' | 'clock' | 'warning', Html>> = {
  check: icon(html`<path d="m5 10.5 3.4 3.4L15.2 7" />`),
  cross: icon(html`<path d="m6.2 6.2 7.6 7.6m0-7.6-7.6 7.6" />`),
  dot: icon(html`<circle cx="10" cy="10" r="2.6" fill="currentColor" />`),
  clock: icon(html`<circle cx="10" cy="10" r="6.6" /><path d="M10 6.4V10l2.6 1.8" />`),
  warning: icon(html`<path d="M10 3.6 17.2 16H2.8L10 3.6Z M10 8.4v3.4m0 2v.2" />`),
}

function icon(shape: Html): Html {
  return html`<svg
    class="icon"
    viewBox="0 0 20 20"
    width="20"
    height="20"
    fill="none"
    stroke="currentColor"
    stroke-width="1.9"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    ${shape}
  </svg>`
}
