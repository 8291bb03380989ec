/**
 * The step between “Update and test” and the provider. `form-action 'self'` lets no form post be redirected to another
 * origin, so the post is answered with this page, which goes there by itself.
 */
import { html, link, linkTarget, type Html } from './html.ts'
import { renderDocument } from './layout.ts'
import type { TestingPageView } from './model.ts'
import { settingsPath } from './paths.ts'

/** Returns the page that takes the administrator to the provider. */
export function renderTestingPage({ organization_id, test_url, provider_host }: TestingPageView): string {
  const back = html`<a class="button" href="${settingsPath(organization_id)}">Back to the settings</a>`
  return transitPage({ title: 'Testing', url: test_url, host: provider_host, id: 'test-link', back })
}

/** Returns the same step for signing out: takes somebody to the provider's end of session. */
export function renderSigningOutPage({
  url,
  provider_host,
}: {
  readonly url: string
  readonly provider_host: string
}): string {
  return transitPage({ title: 'Signing out', url, host: provider_host, id: 'sign-out-link', back: null })
}

function transitPage(to: {
  readonly title: string
  readonly url: string
  readonly host: string
  readonly id: string
  readonly back: Html | null
}): string {
  const { title, url, host, id, back } = to
  return renderDocument({
    title,
    narrow: true,
    refresh: linkTarget(url),
    content: html`<div class="panel" data-page="transit">
      <h1>Taking you to <bdi>${host}</bdi>&nbsp;…</h1>
      <p>If nothing happens, continue yourself.</p>
      <div class="commands">${link(url, 'Continue', { id, class: 'button primary' })}${back}</div>
    </div>`,
  })
}
