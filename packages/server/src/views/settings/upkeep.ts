/** What an administrator needs rarely: a second secret for rotation, and the settings that were live before. */
import { bounded } from '@relying-party/core'
import { secretField, type Marks } from '../fields.ts'
import { attributes, html, type Content, type Html } from '../html.ts'
import type { SettingsView } from '../model.ts'
import { badge, facts, form } from '../parts.ts'
import { settingsPath } from '../paths.ts'
import { time } from '../time.ts'
import { fieldLabels } from '../labels.ts'
import { rollbackOf } from './state.ts'

/** Returns the folds below the settings form; nothing when neither applies. */
export function upkeep(view: SettingsView, marks: Marks): Content {
  const { live } = view
  const hasSecret = live?.client_secret_set === true && live.settings.token_endpoint_auth_method !== 'private_key_jwt'
  return [hasSecret && rotation(view, marks), rollback(view)]
}

function rotation(view: SettingsView, marks: Marks): Html {
  const { organization_id, csrf_token, version, staged_client_secret_set } = view
  const open = marks.faults.some(({ member }) => member === 'staged_client_secret')
  const to = { id: 'staged-secret', csrf_token, action: settingsPath(organization_id, '/staged-secret') }
  const unstage = html`<button class="button" type="submit" name="intent" value="unstage" id="unstage-button">
    Take it back
  </button>`
  return html`<details
    class="card fold"
    id="rotation"
    data-staged="${String(staged_client_secret_set)}"
    ${attributes({ open })}
  >
    <summary>
      Rotate the client secret ${staged_client_secret_set && badge('busy', 'a second secret is staged')}
    </summary>
    <div class="fold-content">
      ${form(
        to,
        { version },
        html`${secretField(marks, {
            name: 'client_secret',
            id: 'staged_client_secret',
            label: fieldLabels.staged_client_secret!,
            help: 'Enter the new secret here before you change it at the provider. Both are tried; the first sign-in that succeeds with the new one makes it the current one. Nobody is locked out in between.',
          })}
          <div class="commands">
            <button class="button" type="submit" name="intent" value="stage" id="stage-button">
              ${staged_client_secret_set ? 'Replace the staged secret' : 'Stage the secret'}
            </button>
            ${staged_client_secret_set && unstage}
          </div>`,
      )}
    </div>
  </details>`
}

function rollback(view: SettingsView): Content {
  const previous = rollbackOf(view)
  if (previous === null) return null
  const { organization_id, csrf_token, version } = view
  const { settings, tested_at, saved_at, saved_by, fingerprint } = previous
  return html`<details class="card fold" id="rollback">
    <summary>Return to the previous settings</summary>
    <div class="fold-content">
      <p class="help">They were in use before and passed their test, so they can be enabled again at once.</p>
      ${facts([
        ['Issuer', html`<span class="value"><bdi>${bounded(settings.issuer)}</bdi></span>`],
        ['Client ID', html`<span class="value"><bdi>${bounded(settings.client_id)}</bdi></span>`],
        ['Saved', html`${time(saved_at)} by <bdi>${bounded(saved_by, 120)}</bdi>`],
        ['Tested', tested_at === null ? null : time(tested_at)],
      ])}
      ${form(
        { id: 'enable-previous', csrf_token, action: settingsPath(organization_id, '/enable') },
        { version, fingerprint },
        html`<button class="button" type="submit" id="enable-previous-button">Enable the previous settings</button>`,
      )}
    </div>
  </details>`
}
