/** What to say beside which field: the core's faults under the names of the page's fields, in the page's words. */
import { bounded, failures, fieldOf, type FailureCode, type Fault } from '@relying-party/core'
import { pageField, tellFailure } from '../explain-failure.ts'
import { sentence, type Marks } from '../fields.ts'
import { html, type Content } from '../html.ts'
import type { FormValues, SettingsView } from '../model.ts'
import { parsePairs, type Divider } from '../pairs.ts'
import { fieldLabels } from '../labels.ts'
import { innerRefusal } from './lock-out.ts'
import { lastFailure } from './state.ts'

/** Returns the marks of both forms. */
export function marksOf(view: SettingsView): Marks {
  const last = lastFailure(view)
  return {
    faults: [...view.faults.map((fault) => reworded(fault, view.typed)), ...refusedField(view)],
    notices: view.notices,
    concern: last === null ? null : tellFailure(last.failure, last.attempt).field,
  }
}

/** Returns a list of what is wrong, each leading to its field. */
export function faultList({ faults }: Marks): Content {
  return html`<ul>
    ${faults.map(({ member, fault }) => {
      const label = Object.hasOwn(fieldLabels, member) ? fieldLabels[member]! : null
      return html`<li>
        ${label === null ? html`<strong>${bounded(member, 60)}</strong>` : html`<a href="#${member}">${label}</a>`}:
        ${sentence(fault)}
      </li>`
    })}
  </ul>`
}

/** Returns links to the fields that are marked. */
export function fieldLinks({ faults }: Marks): Content {
  return faults.map(({ member }, index) => [
    index > 0 && ' and ',
    html`<a href="#${member}">${fieldLabels[member] ?? bounded(member, 60)}</a>`,
  ])
}

/** A command that was refused for one field is marked there as well. */
function refusedField({ refusal }: SettingsView): readonly Fault[] {
  if (refusal === null) return []
  // A policy that locks somebody out is told at the enforcement that forbids it, and at what refuses them.
  const inner = innerRefusal(refusal)
  const told = [
    [refusal.code as FailureCode, refusal.message],
    [inner, inner && failures[inner].message],
  ] as const
  return told.flatMap(([code, fault]) => {
    const member = pageField(fieldOf(code))
    return member === null || fault === null ? [] : [{ member, fault }]
  })
}

/** The core speaks of members and seconds; people look at fields and lines. */
function reworded({ member, fault }: Fault, typed: FormValues | null): Fault {
  const field = pageField(member)!
  if (field === 'session_lifetime_value') return { member: field, fault: 'must be between 1 minute and 365 days' }
  const lines = unreadableLines(field, typed?.[field] ?? '')
  return { member: field, fault: lines ?? fault }
}

function unreadableLines(field: string, text: string): string | null {
  const divider: Divider | undefined =
    field === 'authorization_parameters' ? 'first' : field === 'role_rules' ? 'last' : undefined
  if (divider === undefined) return null
  const { pairs, unreadable } = parsePairs(text, divider)
  const form = divider === 'first' ? 'name=value' : 'value = role'
  const first = unreadable[0]
  if (first !== undefined) return `line ${first.line}, “${bounded(first.text, 60)}”, is not ${form}`
  if (divider === 'last') return null
  const names = pairs.map(({ left }) => left)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  return twice === undefined ? null : `“${bounded(twice, 60)}” stands there twice`
}
