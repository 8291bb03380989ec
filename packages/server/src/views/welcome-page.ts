/** The page at `/`: says what answers here, to anybody, and where an administrator goes. */
import { html } from './html.ts'
import { renderDocument } from './layout.ts'

/** Returns the front page. */
export function renderWelcomePage(): string {
  return renderDocument({
    title: 'Single sign-on',
    narrow: true,
    content: html`<div class="panel" data-page="welcome">
      <h1>Single sign-on</h1>
      <p>
        This server signs members of organizations in through their own identity providers, with OpenID Connect. Members
        start at the address that their organization gives them.
      </p>
      <div class="commands">
        <a class="button primary" href="/admin">Administrators</a>
        <a class="button" href="/docs">API reference</a>
      </div>
    </div>`,
  })
}
