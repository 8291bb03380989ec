/**
 * The step between “Update and test” and the provider. `form-action 'self'` lets no form post be redirected to another
 * origin, and when the form is shown nobody knows yet which one: the post is answered with this page, which goes there by
 * itself.
 */
import { html, link, linkTarget, type Html } from './html.ts'
import { fieldLabels } from './labels.ts'
import { renderDocument } from './layout.ts'
import type { TestingPageView } from './model.ts'
import { form } from './parts.ts'
import { settingsPath } from './paths.ts'

/** Returns the page that takes the administrator to the provider. */
export function renderTestingPage(view: TestingPageView): string {
  const { organization_id, test_url, provider_host, unsaved } = view
  const back = html`<a class="button" href="${settingsPath(organization_id)}">Back to the settings</a>`
  return renderDocument({
    title: 'Testing',
    narrow: true,
    refresh: unsaved === null ? linkTarget(test_url) : null,
    content: html`<div class="panel" data-page="transit">
      ${
        unsaved === null
          ? html`<h1>Taking you to <bdi>${provider_host}</bdi>&nbsp;…</h1>
              <p>If nothing happens, continue yourself.</p>
              <div class="commands">
                ${link(test_url, 'Continue', { id: 'test-link', class: 'button primary' })}${back}
              </div>`
          : askFirst(view, unsaved)
      }
    </div>`,
  })
}

/** Nobody comes back from the provider with what was typed. */
function askFirst(
  { organization_id, test_url }: TestingPageView,
  { typed, csrf_token, version }: NonNullable<TestingPageView['unsaved']>,
): Html {
  const names = Object.keys(typed)
  const fields = { version, intent: 'test', ...typed }
  const save = html`<button class="button primary" type="submit" id="policy-and-test-button">
    Save the policy and test
  </button>`
  return html`<h1>The connection is saved, the policy is not</h1>
    <p data-unsaved="${names.join(' ')}">
      You have also changed ${names.map((name) => fieldLabels[name] ?? name).join(', ')}. That applies to the next
      sign-in of everybody once it is saved.
    </p>
    <div class="commands">
      ${form({ id: 'policy', csrf_token, action: settingsPath(organization_id, '/policy') }, fields, save)}
      ${link(test_url, 'Test without it', { id: 'test-link', class: 'button' })}
    </div>`
}
