/** Where an administrator enters the admin token. */
import { secretField, type Marks } from './fields.ts'
import { html } from './html.ts'
import { renderDocument } from './layout.ts'
import type { AdminSignInPageView, ResumePageView } from './model.ts'
import { form } from './parts.ts'

/** Returns the sign-in page; `next` is posted back as it is, and is for the server to check. */
export function renderAdminSignInPage({ next, error, typed }: AdminSignInPageView): string {
  const faults = error === null ? [] : [{ member: 'admin_token', fault: error }]
  const marks: Marks = { faults, notices: [], concern: null }
  return renderDocument({
    title: 'Administrator sign-in',
    narrow: true,
    content: html`<div class="panel" data-page="admin-sign-in">
      <h1>Administrator sign-in</h1>
      ${
        typed !== null &&
        html`<p role="alert" data-unsaved>
          You had been signed out, and nothing was saved. What you typed is shown again once you have signed in, save
          for the client secret.
        </p>`
      }
      ${form(
        { id: 'admin-sign-in', action: '/admin/sign-in' },
        { next, ...(typed !== null && { typed: JSON.stringify(typed) }) },
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

/** Returns the page between signing in again and what was typed: only a press of the administrator sends it on. */
export function renderResumePage({ next, typed, csrf_token }: ResumePageView): string {
  return renderDocument({
    title: 'Signed in',
    narrow: true,
    content: html`<div class="panel" data-page="resume">
      <h1>You are signed in again</h1>
      <p>Nothing is saved yet.</p>
      ${form(
        { id: 'resume', csrf_token, action: `${next}/resume` },
        typed,
        html`<div class="commands">
          <button class="button primary" type="submit">Show what I typed</button>
          <a class="button" href="${next}">Start from what is stored</a>
        </div>`,
      )}
    </div>`,
  })
}
