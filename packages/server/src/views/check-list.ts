/** All checks of a login, leg by leg: also those after the first that failed, also when it succeeded. */
import type { Check, Explanation, Leg } from '@relying-party/core'
import { bounded } from '@relying-party/core'
import { checkReference } from './explain-failure.ts'
import { attributes, html, type Content, type Html } from './html.ts'
import { legNames } from './labels.ts'
import { badge, type Tone } from './parts.ts'

/** Returns the checks in a fold that says how they came out; nothing where none were kept. */
export function checkFold(
  { checks }: Explanation,
  organization_id: string,
  { open = false }: { readonly open?: boolean } = {},
): Content {
  if (checks.length === 0) return null
  return html`<details class="fold inner" id="checks" ${attributes({ open })}>
    <summary>All checks <span class="aside">${countsOf(checks)}</span></summary>
    <div class="legs">${legsIn(checks).map((leg) => checksOfLeg(leg, checks, organization_id))}</div>
  </details>`
}

/** Returns what an administrator should look at although nobody was refused; `except` names what is told elsewhere. */
export function warningsIn({ checks }: Explanation, except: string | null = null): readonly Check[] {
  const warned = checks.filter(({ outcome }) => outcome === 'warned')
  return warned.filter(({ problem }) => except === null || problem?.code !== except)
}

/** In the order in which a login meets them. */
function legsIn(checks: readonly Check[]): readonly Leg[] {
  return [...new Set(checks.map(({ leg }) => leg))]
}

/** Open where there is something to look at. */
function checksOfLeg(leg: Leg, checks: readonly Check[], organization_id: string): Html {
  const mine = checks.filter((check) => check.leg === leg)
  const open = mine.some(({ outcome }) => outcome === 'failed' || outcome === 'warned')
  return html`<details class="fold inner leg" data-leg="${leg}" ${attributes({ open })}>
    <summary>${legNames[leg]} <span class="aside">${countsOf(mine)}</span></summary>
    <ul class="checks">
      ${mine.map((check) => row(check, organization_id))}
    </ul>
  </details>`
}

function row(check: Check, organization_id: string): Html {
  const { id, rule, spec, outcome, reason, expected, actual, problem } = check
  const [tone, word] = words[wordOf(check)]
  const compared = [
    ['Expected', expected],
    ['Received', actual],
  ] as const
  return html`<li class="check ${outcome}" data-check="${id}" data-outcome="${outcome}">
    ${badge(tone, word)}
    <div>
      <p>${rule}</p>
      ${problem !== null && html`<p class="help">${problem.message}</p>`}
      ${reason !== null && html`<p class="help">${bounded(reason, 120)}</p>`}
      <p class="reference">
        ${compared.map(
          ([label, value]) =>
            value !== null &&
            html`<span
              >${label} <code class="value"><bdi>${bounded(value, 120)}</bdi></code></span
            >`,
        )}
        ${spec !== null && html`<span>${spec}</span>`} <span>${checkReference(organization_id, id)}</span>
      </p>
    </div>
  </li>`
}

function countsOf(checks: readonly Check[]): Content {
  const counts = (Object.keys(words) as Word[]).map((word) => {
    const count = checks.filter((check) => wordOf(check) === word).length
    return count > 0 && `${count} ${words[word][2]}`
  })
  return counts.filter((text) => text !== false).join(' · ')
}

/** A rule that says nothing about this login is told from one that it did not come to. */
type Word = Exclude<Check['outcome'], 'skipped'> | 'not_reached' | 'does_not_apply'

function wordOf({ outcome, reason }: Check): Word {
  if (outcome !== 'skipped') return outcome
  return reason === null ? 'not_reached' : 'does_not_apply'
}

/** Of one check, and behind a number of them. */
const words: Readonly<Record<Word, readonly [Tone, string, string]>> = {
  failed: ['bad', 'Failed', 'failed'],
  warned: ['warn', 'Warning', 'to look at'],
  passed: ['good', 'Passed', 'passed'],
  not_reached: ['quiet', 'Not reached', 'not reached'],
  does_not_apply: ['quiet', 'Does not apply', 'not applicable'],
}
