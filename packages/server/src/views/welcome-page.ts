/** The page at `/`: says what answers here. */
import { html } from './html.ts'
import { renderDocument } from './layout.ts'
import type { WelcomePageView } from './model.ts'
import { settingsPath } from './paths.ts'

/** Returns the front page; organizations only for an administrator. */
export function renderWelcomePage({ organizations = [] }: WelcomePageView = {}): string {
  return renderDocument({
    title: 'Single sign-on',
    narrow: true,
    content: html`<div class="panel" data-page="welcome">
      <h1>Single sign-on is running</h1>
      <p>
        This server connects organizations to their identity providers with OpenID Connect. What it offers is described
        in the <a href="/docs">API reference</a>.
      </p>
      ${
        organizations.length > 0 &&
        html`<h2>Settings</h2>
          <ul>
            ${organizations.map(
              (id) =>
                html`<li>
                  <a href="${settingsPath(id)}"><bdi>${id}</bdi></a>
                </li>`,
            )}
          </ul>`
      }
    </div>`,
  })
}
