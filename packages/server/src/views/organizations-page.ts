/** The organizations of this server, for whoever signed in as its administrator: where signing in leads by itself. */
import { html, type Content } from './html.ts'
import { renderDocument } from './layout.ts'
import type { OrganizationsPageView } from './model.ts'
import { badge, type Tone } from './parts.ts'
import { settingsPath } from './paths.ts'

/** Returns the list of organizations, each leading to its settings page. */
export function renderOrganizationsPage({ organizations, more_after, ...who }: OrganizationsPageView): string {
  return renderDocument({
    title: 'Organizations',
    admin: { name: who.admin, csrf_token: who.csrf_token },
    content: html`<div data-page="organizations">
      <header class="page-head">
        <h1>Organizations</h1>
        <p>Each has a page on which its single sign-on is connected, tested and enabled.</p>
      </header>
      <div class="stack">
        ${list(organizations)}
        ${
          more_after !== null &&
          html`<nav class="pager" aria-label="More organizations">
            <a class="button small" href="/admin?after=${encodeURIComponent(more_after.toWellFormed())}" rel="next"
              >More</a
            >
          </nav>`
        }
        <p class="help">
          An organization stands here once its settings are saved. A new one begins at
          <code>/organizations/<bdi>NAME</bdi>/settings/sso</code>.
        </p>
      </div>
    </div>`,
  })
}

function list(organizations: OrganizationsPageView['organizations']): Content {
  if (organizations.length === 0)
    return html`<div class="card"><p class="help">None has saved its settings yet.</p></div>`
  return html`<ul class="card flush rows">
    ${organizations.map(({ organization_id, status }) => {
      const [tone, word] = words[status]
      return html`<li data-organization="${organization_id}" data-status="${status}">
        <a href="${settingsPath(organization_id)}"><bdi>${organization_id}</bdi></a> ${badge(tone, word)}
      </li>`
    })}
  </ul>`
}

const words: Readonly<Record<OrganizationsPageView['organizations'][number]['status'], readonly [Tone, string]>> = {
  draft: ['quiet', 'Not tested'],
  tested: ['good', 'Tested'],
  enabled: ['good', 'Enabled'],
}
