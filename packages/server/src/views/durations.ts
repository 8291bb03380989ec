/** How long each leg of a login took, as a table with a bar for each: the words and numbers say all of it. */
import type { Durations, Leg } from '@relying-party/core'
import { html, type Content } from './html.ts'

/** Returns the durations in the order in which a login takes its legs; nothing where none were measured. */
export function durationsTable(durations: Durations): Content {
  const legs = (Object.keys(names) as (keyof typeof names)[]).filter((leg) => durations[leg] !== undefined)
  if (legs.length === 0) return null
  const longest = Math.max(...legs.map((leg) => durations[leg]!), 0.001)
  return html`<table class="durations">
    <caption class="visually-hidden">
      How long each part took
    </caption>
    <thead class="visually-hidden">
      <tr>
        <th scope="col">Part</th>
        <th scope="col">Seconds</th>
        <th scope="col">Share</th>
      </tr>
    </thead>
    <tbody>
      ${legs.map(
        (leg) =>
          html`<tr data-leg-duration="${leg}">
            <th scope="row">${names[leg]}</th>
            <td>${seconds(durations[leg]!)}</td>
            <td>
              <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <rect width="${Math.max(1, Math.round((100 * durations[leg]!) / longest))}" height="8" rx="2" />
              </svg>
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

/** Returns a length of time as people say it: `0.31 s`, `14 s`, `2 min 5 s`. */
export function seconds(length: number): string {
  if (length >= 60) return `${Math.floor(length / 60)} min ${Math.round(length % 60)} s`
  return `${length >= 10 ? Math.round(length) : Number(length.toPrecision(2))} s`
}

const names = {
  discovery: 'Configuration document',
  authorization: 'The person at the provider',
  token: 'Token request',
  keys: 'Keys',
  userinfo: 'UserInfo',
} as const satisfies Partial<Record<Leg, string>>
