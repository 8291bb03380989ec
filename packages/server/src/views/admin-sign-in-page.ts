/** Where an administrator enters the admin token. */
import { secretField, type Marks } from './fields.ts'
import { html } from './html.ts'
import { renderDocument } from './layout.ts'
import type { AdminSignInPageView } from './model.ts'
import { form } from './parts.ts'

/** Returns the sign-in page; `next` is posted back as it is, and is for the server to check. */
export function renderAdminSignInPage({ next, error }: AdminSignInPageView): string {
  const faults = error === null ? [] : [{ member: 'admin_token', fault: error }]
  const marks: Marks = { faults, notices: [], concern: null }
  return renderDocument({
    title: 'Administrator sign-in',
    narrow: true,
    content: html`<div class="panel" data-page="admin-sign-in">
      <h1>Administrator sign-in</h1>
      ${form(
        { id: 'admin-sign-in', action: '/admin/sign-in' },
        { next },
        html`${secretField(marks, {
            name: 'admin_token',
            label: 'Admin token',
            help: 'The server printed it when it started, or its operator set it as ADMIN_TOKEN.',
            autocomplete: 'current-password',
            autofocus: true,
          })}
          <div class="commands"><button class="button primary" type="submit">Sign in</button></div>`,
      )}
    </div>`,
  })
}
