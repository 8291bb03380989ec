/** What the organization demands of its members, and what it makes of their claims. */
import { choiceField, linesField, options, remarks, textField, type Choice, type Marks } from '../fields.ts'
import { formOfPolicy } from '../form.ts'
import { attributes, exactly, html, type Content, type Html } from '../html.ts'
import { icons } from '../icons.ts'
import type { SettingsView } from '../model.ts'
import { settingsPath } from '../paths.ts'
import { fieldLabels } from '../labels.ts'
import { settingsForm } from './connection-form.ts'
import { policyPreview } from './policy-preview.ts'

/**
 * Returns the fields of the policy; what was typed comes before what is stored. They belong to the form of the settings:
 * what is typed into either is sent with whichever button is pressed, so that none of it gets lost.
 */
export function policyFields(view: SettingsView, bare: Marks): Html {
  const { organization_id, policy } = view
  const marks = { ...bare, form: settingsForm }
  const stored = formOfPolicy(policy)
  const value = (name: string) => view.typed?.[name] ?? stored[name] ?? ''
  const field = (name: string) => ({ name, label: fieldLabels[name]!, value: value(name) })
  const highest = policy.roles.at(-1) ?? 'admin'
  const roles: readonly Choice[] = [
    ...policy.roles.map((role): Choice => [role, role]),
    ['', 'No role: refuse the sign-in'],
  ]
  const button = (intent: string, values: { readonly id: string; readonly class: string }) =>
    attributes({
      ...values,
      type: 'submit',
      form: settingsForm,
      formaction: settingsPath(organization_id, '/policy'),
      name: 'intent',
      value: intent,
    })
  return html`<div class="card" id="policy">
    ${enforcement(value('enforcement'), marks)}
      ${lifetimeField(value('session_lifetime_value'), value('session_lifetime_unit'), marks)}
      ${linesField(marks, {
        ...field('allowed_email_domains'),
        rows: 2,
        optional: true,
        placeholder: 'example.com',
        help: 'One per line. When any is given, members need a verified e-mail address of one of them.',
      })}
      <fieldset class="group">
        <legend>Roles</legend>
        ${textField(marks, {
          ...field('role_claim'),
          mono: true,
          optional: true,
          placeholder: 'groups',
          help: html`Its name, or its path with dots: <code>realm_access.roles</code>.`,
        })}
        ${linesField(marks, {
          ...field('role_rules'),
          rows: 4,
          optional: true,
          placeholder: `Everyone = ${policy.roles[0] ?? 'read'}\nAdmins = ${highest}`,
          help: html`One <code>value = role</code> per line. Of several matches the most privileged role wins; one rule
            must give <code>${highest}</code>. Roles, least privileged first: ${policy.roles.join(', ')}.`,
        })}
        ${choiceField(marks, { ...field('default_role'), choices: roles, help: 'For members whom no rule matches.' })}
      </fieldset>
      ${unmatched(view)} ${policyPreview(view.preview, organization_id)}
      <div class="commands">
        <button${button('policy', { id: 'policy-button', class: 'button' })}>Save policy</button>
        <button${button('preview', { id: 'preview-button', class: 'button' })}>Preview</button>
        <span class="aside">A preview saves nothing: it shows who of the latest sign-ins would be refused.</span>
      </div>
  </div>`
}

/** Of a default role people may never notice that a rule does not match. */
function unmatched({ unmatched }: SettingsView): Content {
  if (unmatched === null) return null
  const { near_miss, message, remedy } = unmatched
  return html`<div class="callout warn" id="unmatched" data-near-miss="${near_miss ?? ''}">
    ${icons.warning}
    <div>
      <p><strong>No role rule matches whoever tested last.</strong> ${message}</p>
      <p>${remedy}</p>
    </div>
  </div>`
}

const enforcementHelp =
  'Required can be chosen while the policy lets in whoever tested these settings last: press “Update and test” and sign in with your own account first.'

function enforcement(selected: string, marks: Marks): Html {
  const { before, after, control } = remarks(marks, { name: 'enforcement', help: enforcementHelp })
  const { form } = marks
  const choices = [
    ['enforced', 'Required', 'Members must sign in through SSO.'],
    ['optional', 'Optional', 'Members may, for example while you migrate.'],
  ] as const
  return html`<fieldset${attributes({ ...control, role: 'radiogroup' })} data-field="enforcement">
    <legend>${fieldLabels.enforcement}</legend>
    ${before}
    <div class="choices">
      ${choices.map(
        ([value, label, help]) =>
          html`<div class="choice">
            <input
              type="radio"
              name="enforcement"
              ${attributes({ id: `enforcement-${value}`, form, value, checked: selected === value, 'aria-describedby': `enforcement-${value}-help` })}
            />
            <label for="enforcement-${value}">${label}</label>
            <p class="help" id="enforcement-${value}-help">${help}</p>
          </div>`,
      )}
    </div>
    ${after}
  </fieldset>`
}

function lifetimeField(value: string, unit: string, marks: Marks): Html {
  const name = 'session_lifetime_value'
  const { before, after, control } = remarks(marks, {
    name,
    help: 'After that, members sign in at the provider again.',
  })
  const units = ['minutes', 'hours', 'days', ...(unit === 'seconds' ? ['seconds'] : [])]
  return html`<div class="field" data-field="${name}">
    <label for="${name}">${fieldLabels[name]}</label>
    ${before}
    <div class="copy-row narrow">
      <input
        type="text"
        inputmode="decimal"
        autocomplete="off"
        ${attributes({ ...control, name, value: exactly(value) })}
      />
      <select
        name="session_lifetime_unit"
        id="session_lifetime_unit"
        aria-label="${fieldLabels.session_lifetime_unit}"
        ${attributes({ form: marks.form })}
      >
        ${options(
          units.map((text): Choice => [text, text]),
          unit,
        )}
      </select>
    </div>
    ${after}
  </div>`
}
