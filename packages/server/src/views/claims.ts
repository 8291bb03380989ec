/** Claims as the provider sent them, and what the policy made of them. */
import { bounded, type Access } from '@relying-party/core'
import { html, type Content, type Html } from './html.ts'
import { facts } from './parts.ts'

/** Returns a table of claims: bounded in number and length, whatever the provider sent. */
export function claimsTable(claims: Readonly<Record<string, unknown>>): Html {
  const entries = Object.entries(claims)
  const further = entries.length - shownClaims
  return html`<table class="claims">
      <caption class="visually-hidden">
        Claims received
      </caption>
      <thead>
        <tr>
          <th scope="col">Claim</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        ${entries.slice(0, shownClaims).map(
          ([name, value]) =>
            html`<tr>
              <th scope="row"><bdi>${bounded(name, 100)}</bdi></th>
              <td><bdi>${bounded(value, 500)}</bdi></td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${further > 0 && html`<p class="help">… and ${further} more.</p>`}`
}

/** Returns who somebody is to the organization, and which rule says so. */
export function accessFacts(subject: string | null, access: Access | null, refused: boolean): Content {
  return facts([
    ['Subject', subject === null ? null : person(subject)],
    ['E-mail', access === null ? null : emailOf(access)],
    ['Role', access === null ? null : roleOf(access, refused)],
  ])
}

function emailOf({ email, email_verified }: Access): Content {
  if (email === null) return 'none received'
  return html`${person(email)} <span class="aside">${email_verified ? 'verified' : 'not verified'}</span>`
}

function roleOf({ role, matched_rule }: Access, refused: boolean): Content {
  if (refused || role === null) return 'none: refused by your policy'
  const because =
    matched_rule === null ? 'the default role' : html`because of <bdi>“${bounded(matched_rule.value, 80)}”</bdi>`
  return html`<strong>${bounded(role, 80)}</strong> <span class="aside">${because}</span>`
}

function person(text: string): Html {
  return html`<bdi>${bounded(text, 200)}</bdi>`
}

const shownClaims = 60
