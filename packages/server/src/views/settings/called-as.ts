/** The address that an administrator's browser used, when it is not this server's own. */
import { html, type Content } from '../html.ts'
import { icons } from '../icons.ts'
import type { SettingsView } from '../model.ts'

/** Returns a warning: the addresses to register begin with one that people do not use. */
export function calledAs({ called_as, redirect_uri }: SettingsView): Content {
  if (called_as === null) return null
  return html`<div class="callout warn" id="called-as">
    ${icons.warning}
    <div>
      <p><strong>This page was opened under another address than the one of this server.</strong></p>
      <p>
        It was opened under <code class="value">${called_as}</code>, but providers will send browsers to
        <code class="value">${new URL(redirect_uri).origin}</code>.
      </p>
      <p>
        If people use the former, whoever runs the server sets <code>BASE_URL</code> to it, an origin without a path,
        before these addresses are registered anywhere.
      </p>
    </div>
  </div>`
}
