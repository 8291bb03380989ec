/** Where somebody arrives after signing out. */
import { html, link } from './html.ts'
import { renderDocument } from './layout.ts'
import type { SignedOutPageView } from './model.ts'

/** Returns the page after a sign-out. */
export function renderSignedOutPage({ organization_id, login_url }: SignedOutPageView): string {
  return renderDocument({
    title: 'Signed out',
    narrow: true,
    content: html`<div class="panel" data-page="signed-out">
      <p class="eyebrow"><bdi>${organization_id}</bdi></p>
      <h1>You are signed out</h1>
      ${
        login_url !== null &&
        html`<div class="commands">${link(login_url, 'Sign in again', { id: 'sign-in-again', class: 'button' })}</div>`
      }
    </div>`,
  })
}
