/** One idiom for every history: a part of it, the newest first, with links to what is older and back to the newest. */
import { html, type Content } from './html.ts'
import type { AttemptFilter } from '../attempts.ts'
import type { Paged } from '../paging.ts'
import { settingsPath } from './paths.ts'

/** Which history: the page that shows all of it, and what it is narrowed down to. */
export interface HistoryPath {
  readonly organization_id: string
  readonly name: 'attempts' | 'changes'
  readonly filter?: AttemptFilter
}

/** Returns the address of a part of a history. */
export function historyPath({ organization_id, name, filter = {} }: HistoryPath, before?: string): string {
  const chosen = Object.entries({ ...filter, before }).filter(([, value]) => value !== undefined)
  const query = new URLSearchParams(chosen as [string, string][]).toString()
  return settingsPath(organization_id, `/${name}${query && `?${query}`}`)
}

/** Returns the links below a part of a history; nothing where it is all there is. */
export function pager(path: HistoryPath, { older }: Paged<unknown>, { is_newest }: { is_newest: boolean }): Content {
  if (older === null && is_newest) return null
  return html`<nav class="pager" aria-label="${path.name === 'attempts' ? 'Older attempts' : 'Older changes'}">
    ${!is_newest && html`<a class="button small" href="${historyPath(path)}" data-page-link="newest">Newest</a>`}
    ${older !== null && html`<a class="button small" href="${historyPath(path, older)}" rel="next" data-page-link="older">Older</a>`}
  </nav>`
}
