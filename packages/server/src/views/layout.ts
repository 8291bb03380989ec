/** The shell of every page: head, top bar, main. No inline style, no inline script: the Content-Security-Policy forbids them. */
import { attributes, html, type Content, type Html } from './html.ts'
import { form } from './parts.ts'
import { script } from './script.ts'
import { stylesheet } from './style.ts'

interface Shell {
  readonly title: string
  readonly content: Content
  /** Who is signed in as administrator, with the token for signing out: empty where the embedding product signs people in and out. */
  readonly admin?: { readonly name: string; readonly csrf_token: string }
  /** One card in the middle instead of a full page. */
  readonly narrow?: boolean
  /** Where the browser goes at once: a URL that was checked. */
  readonly refresh?: string | null
}

/** Returns a complete HTML document. */
export function renderDocument({ title, content, admin, narrow, refresh }: Shell): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta name="referrer" content="same-origin" />
        ${typeof refresh === 'string' && html`<meta http-equiv="refresh" ${attributes({ content: `0;url=${refresh}` })} />`}
        <title>${title}</title>
        <link rel="icon" href="${favicon}" />
        <link rel="stylesheet" href="${stylesheet.path}" />
        <script src="${script.path}" defer></script>
      </head>
      <body${attributes({ class: narrow === true && 'narrow' })}>
        <a class="skip" href="#main">Skip to content</a>
        ${admin !== undefined && topBar(admin)}
        <main id="main">${content}</main>
        <p class="visually-hidden" id="announcer" role="status"></p>
      </body>
    </html> `
  return page.toString()
}

function topBar({ name, csrf_token }: NonNullable<Shell['admin']>): Html {
  const signOut = html`<button class="button small" type="submit">Sign out</button>`
  return html`<header class="top-bar">
    ${csrf_token === '' ? html`<span class="brand">${mark}</span>` : html`<a class="brand" href="/admin">${mark}</a>`}
    <span class="who"><bdi>${name}</bdi></span>
    ${csrf_token !== '' && form({ id: 'admin-sign-out', csrf_token, action: '/admin/sign-out' }, {}, signOut)}
  </header>`
}

const mark = html`<svg class="mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
    <rect width="24" height="24" rx="7" fill="currentColor" />
    <path
      class="mark-line"
      d="m7 12.4 3.4 3.4 6.8-7"
      fill="none"
      stroke-width="2.4"
      stroke-linecap="round"
      stroke-linejoin="round"
    /></svg
  ><span>relying party</span>`

const favicon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Crect width='24' height='24' rx='7' fill='%234150c9'/%3E%3Cpath d='m7 12.4 3.4 3.4 6.8-7' fill='none' stroke='white' stroke-width='2.4' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"
