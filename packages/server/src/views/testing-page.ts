/**
 * The step between “Update and test” and the provider. `form-action 'self'` lets no form post be redirected to another
 * origin, and when the form is shown nobody knows yet which one: the post is answered with this page, which goes there by
 * itself.
 */
import { html, link, linkTarget } from './html.ts'
import { renderDocument } from './layout.ts'
import type { TestingPageView } from './model.ts'
import { settingsPath } from './paths.ts'

/** Returns the page that takes the administrator to the provider. */
export function renderTestingPage({ organization_id, test_url, provider_host }: TestingPageView): string {
  const back = html`<a class="button" href="${settingsPath(organization_id)}">Back to the settings</a>`
  return renderDocument({
    title: 'Testing',
    narrow: true,
    refresh: linkTarget(test_url),
    content: html`<div class="panel" data-page="transit">
      <h1>Taking you to <bdi>${provider_host}</bdi>&nbsp;…</h1>
      <p>If nothing happens, continue yourself.</p>
      <div class="commands">${link(test_url, 'Continue', { id: 'test-link', class: 'button primary' })}${back}</div>
    </div>`,
  })
}
