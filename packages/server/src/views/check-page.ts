/** What a check demands, what its failure means and how it is mended: the page that every mention of a check leads to. */
import { failures, nearMisses, type FailureCode, type NearMissId } from '@relying-party/core'
import { whoCanFix } from './explain-failure.ts'
import { html, type Content, type Html } from './html.ts'
import { legNames } from './labels.ts'
import { renderDocument } from './layout.ts'
import type { CheckPageView } from './model.ts'
import { facts } from './parts.ts'
import { settingsPath } from './paths.ts'

/** Returns the page of one check, from the table that logins are explained by. */
export function renderCheckPage({ organization_id, id, check, admin, csrf_token }: CheckPageView): string {
  const { leg, rule, spec, codes, near_misses = [] } = check
  return renderDocument({
    title: `Check ${id}`,
    admin: { name: admin, csrf_token },
    content: html`<div data-page="check" data-check="${id}">
      <header class="page-head">
        <p class="eyebrow">
          <a href="${settingsPath(organization_id)}">Single sign-on of <bdi>${organization_id}</bdi></a>
        </p>
        <h1>${rule}</h1>
        <p>${[legNames[leg], spec ?? 'a rule of ours', id].join(' · ')}</p>
      </header>
      <div class="stack">
        ${near_misses.length > 0 && part('What is recognised', near_misses.map(nearMiss))}
        ${codes.length > 0 && part(near_misses.length > 0 ? 'Otherwise' : 'When it fails', codes.map(failure))}
      </div>
    </div>`,
  })
}

function nearMiss(id: NearMissId): Html {
  return cause(id, nearMisses[id])
}

function failure(code: FailureCode): Html {
  return cause(code, failures[code])
}

function cause(
  id: string,
  {
    message,
    remedy,
    blame,
  }: { readonly message: string; readonly remedy: string; readonly blame: keyof typeof whoCanFix },
): Html {
  return html`<div class="cause" data-cause="${id}">
    <h3>${message}</h3>
    ${facts([
      ['What to do', remedy],
      ['Who can fix it', whoCanFix[blame]],
      ['Code', html`<code>${id}</code>`],
    ])}
  </div>`
}

function part(title: string, content: Content): Html {
  return html`<section class="card">
    <h2>${title}</h2>
    ${content}
  </section>`
}
