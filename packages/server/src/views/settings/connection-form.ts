/** What the provider gives: issuer, client id, client secret, and in a fold everything that has a good default. */
import { settingsDefaults, shownSettings } from '../form.ts'
import { choiceField, linesField, secretField, textField, type Marks } from '../fields.ts'
import { attributes, html, type Content, type Html } from '../html.ts'
import type { SettingsView } from '../model.ts'
import { form } from '../parts.ts'
import { settingsPath } from '../paths.ts'
import {
  algorithmChoices,
  clientAuthenticationChoices,
  fieldLabels,
  responseModeChoices,
  userinfoChoices,
} from '../labels.ts'
import { editedRevision } from './state.ts'

/** The one form of settings and policy, by its id. */
export const settingsForm = 'settings'

/** Returns the settings form; what was typed comes before what is stored, save for the secret. */
export function connectionForm(view: SettingsView, marks: Marks): Html {
  const { organization_id, csrf_token, version } = view
  const stored = shownSettings(editedRevision(view)?.settings ?? null)
  const field = (name: string) => ({
    name,
    label: fieldLabels[name]!,
    value: view.typed?.[name] ?? stored[name] ?? '',
  })
  const to = { id: settingsForm, csrf_token, action: settingsPath(organization_id, '/save'), class: 'card' }
  return form(
    to,
    { version },
    html`${textField(marks, {
        ...field('issuer'),
        mono: true,
        inputmode: 'url',
        placeholder: 'https://example.okta.com',
        help: 'The URL of your provider. The address of its configuration document works as well.',
      })}
      ${textField(marks, { ...field('client_id'), mono: true })}
      ${secretField(marks, { name: 'client_secret', label: fieldLabels.client_secret!, ...secretHelp(view) })}
      ${advanced(field, marks)}
      <div class="commands">
        <button class="button primary" type="submit" name="intent" value="test" id="save-and-test-button">
          Update and test
        </button>
        <button class="button" type="submit" name="intent" value="save" id="save-button">Save only</button>
      </div>`,
  )
}

function secretHelp(view: SettingsView): { readonly help: Content } {
  const edited = editedRevision(view)
  const again = view.entered_secret && ' One that you just entered was not kept: enter it again.'
  const help = (state: string, text: string) => ({ help: html`<span data-secret="${state}">${text}${again}</span>` })
  if (edited === null) return help('none', 'It is stored encrypted and never shown again.')
  if (edited.settings.token_endpoint_auth_method === 'none') return help('not_needed', 'A public client has none.')
  if (edited.settings.token_endpoint_auth_method === 'private_key_jwt')
    return help(
      'not_needed',
      'None is used: this server signs with a key of its own, whose public half the provider fetches.',
    )
  if (edited.client_secret_set) return help('stored', 'A secret is stored. Leave this empty to keep it.')
  const { live } = view
  if (live?.client_secret_set === true && live.settings.issuer !== edited.settings.issuer) {
    return help(
      'again',
      'It must be entered again because the issuer changed: the stored one is never sent to another provider.',
    )
  }
  return help('again', 'No secret is stored for these settings: enter the one that the provider shows.')
}

type FieldOf = (name: string) => { readonly name: string; readonly label: string; readonly value: string }

function advanced(field: FieldOf, marks: Marks): Html {
  const names = Object.keys(settingsDefaults)
  const changed = names.filter((name) => ![settingsDefaults[name], ''].includes(field(name).value.trim())).length
  const open = names.some(
    (name) => marks.concern === name || [...marks.faults, ...marks.notices].some(({ member }) => member === name),
  )
  return html`<details class="fold" id="advanced" ${attributes({ open })}>
    <summary>
      Advanced
      <span class="aside">${changed === 0 ? 'all at their defaults' : `${changed} changed`}</span>
    </summary>
    <div class="fold-content">
      ${choiceField(marks, {
        ...field('token_endpoint_auth_method'),
        choices: clientAuthenticationChoices,
        help: 'How the secret is sent. If the provider answers “invalid_client”, compare it with the application there. Changing it clears the stored secret.',
      })}
      ${textField(marks, {
        ...field('scope'),
        mono: true,
        placeholder: settingsDefaults.scope!,
        help: 'Separated by spaces. “openid” is required; some providers send groups only with “groups”.',
      })}
      ${choiceField(marks, { ...field('response_mode'), choices: responseModeChoices })}
      ${choiceField(marks, {
        ...field('userinfo'),
        choices: userinfoChoices,
        help: 'Whether e-mail and groups are also looked up at the provider’s UserInfo endpoint.',
      })}
      ${choiceField(marks, { ...field('id_token_signed_response_alg'), choices: algorithmChoices })}
      ${textField(marks, {
        ...field('max_age'),
        mono: true,
        inputmode: 'numeric',
        optional: true,
        help: 'In seconds: members who signed in at the provider longer ago must do so again.',
      })}
      ${textField(marks, {
        ...field('acr_values'),
        mono: true,
        optional: true,
        help: 'Separated by spaces. The provider must have signed the member in at one of these levels.',
      })}
      ${linesField(marks, {
        ...field('authorization_parameters'),
        rows: 3,
        optional: true,
        placeholder: 'hd=example.com',
        help: 'One name=value per line, sent along to the provider.',
      })}
    </div>
  </details>`
}
