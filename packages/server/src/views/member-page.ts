/** Where a member arrives on the development server: what the product would know about them. */
import { bounded } from '@relying-party/core'
import { claimsTable } from './claims.ts'
import { html } from './html.ts'
import { renderDocument } from './layout.ts'
import type { MemberPageView } from './model.ts'
import { facts, form } from './parts.ts'
import { organizationPath } from './paths.ts'
import { time } from './time.ts'

/** Returns the page of a member who signed in. */
export function renderMemberPage(view: MemberPageView): string {
  const { organization_id, subject, issuer, email, role, claims, authenticated_at, expires_at } = view
  return renderDocument({
    title: 'Signed in',
    narrow: true,
    content: html`<div class="panel" data-page="member" data-subject="${subject}">
      <p class="eyebrow"><bdi>${bounded(organization_id, 120)}</bdi></p>
      <h1>You are signed in as <bdi>${bounded(email ?? subject, 200)}</bdi></h1>
      ${facts([
        ['Subject', html`<bdi>${bounded(subject, 200)}</bdi>`],
        ['Issuer', html`<bdi>${bounded(issuer)}</bdi>`],
        ['Role', role === null ? 'none' : html`<strong><bdi>${bounded(role, 80)}</bdi></strong>`],
        ['Signed in', time(authenticated_at)],
        ['Session ends', time(expires_at)],
      ])}
      <details class="fold inner" id="claims">
        <summary>Claims <span class="aside">${Object.keys(claims).length}</span></summary>
        <div class="fold-content">${claimsTable(claims)}</div>
      </details>
      ${form(
        { id: 'sign-out', action: organizationPath(organization_id, '/oidc/logout') },
        {},
        html`<div class="commands"><button class="button" type="submit" id="sign-out-button">Sign out</button></div>`,
      )}
    </div>`,
  })
}
