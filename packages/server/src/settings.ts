/** The routes of the settings page: every form posts, is carried out, and leads back to the page. */
import {
  defaultPolicy,
  lockOutBy,
  readPolicy,
  revisionToTest,
  statusOfConnection,
  type Failure,
  type Fault,
  type Notice,
  type Policy,
} from '@relying-party/core'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Administration, AuthorizedAdmin } from './admin.ts'
import { attemptView, proposalFor, under, unmatchedBy } from './attempt-view.ts'
import type { Commands, Order, Outcome } from './commands.ts'
import { calledAs } from './called-as.ts'
import { addressesOf } from './context.ts'
import { formOf, pagesGuardedBy, shownOf, type PageRequest } from './guarded.ts'
import type { Histories } from './histories.ts'
import { recallNotices, recallSaved, rememberNotices, rememberSaved } from './notices.ts'
import { previewedAttempts, previewPolicy } from './policy-preview.ts'
import { failureView, sendPage } from './problems.ts'
import { revisionView } from './representation.ts'
import type { SignInParts } from './sign-in.ts'
import {
  clientSecretFromForm,
  formOfPolicy,
  onlyThese,
  policyFromForm,
  settingsFromForm,
  shownSettings,
  typedValues,
  unsavedFields,
} from './views/form.ts'
import { withoutSecret } from './views/labels.ts'
import type { FormValues, PolicyPreviewView, SettingsView } from './views/model.ts'
import { renderSettingsPage } from './views/settings-page.ts'
import { renderTestingPage } from './views/testing-page.ts'

/** What the page says beside the state that is stored. */
interface Said {
  readonly status?: number
  readonly typed?: FormValues
  readonly entered_secret?: boolean
  readonly saved?: SettingsView['saved']
  readonly unsaved?: readonly string[]
  readonly faults?: readonly Fault[]
  readonly notices?: readonly Notice[]
  readonly refusal?: Failure
  readonly conflict?: boolean
  readonly preview?: PolicyPreviewView
  /** The policy that is previewed. */
  readonly previewed?: Policy
}

export function registerSettings(
  app: FastifyInstance,
  parts: SignInParts,
  administration: Administration,
  commands: Commands,
  { attemptsOf, changesOf }: Histories,
): void {
  const { context, connections, attempts } = parts
  const guarded = pagesGuardedBy(context, administration)
  const root = '/organizations/:id/settings/sso'
  const hidden = { schema: { hide: true } } as const

  app.get(
    root,
    { schema: schemas.page },
    guarded((request, reply, admin) => page(request, reply, admin)),
  )

  command('save', async (request, reply, admin, fields) => {
    const { id } = request.params
    const input = { ...settingsFromForm(fields), client_secret: clientSecretFromForm(fields) }
    const saved = await commands.save(id, input, orderOf(fields, admin))
    if (!('version' in saved)) {
      const isAll = fields.intent !== 'test' || 'conflict' in saved || saved.faults.length === 0
      const missing = isAll ? [] : await missingSecret(id, fields)
      return refused(request, reply, admin, isAll ? saved : { ...saved, faults: [...saved.faults, ...missing] }, fields)
    }
    rememberNotices(context, request, reply, saved.connection, saved.notices)
    const typed = typedValues(fields)
    const unsaved = unsavedFields(typed, formOfPolicy(saved.connection.policy))
    if (fields.intent === 'test') return test(request, reply, admin, fields, onlyThese(typed, unsaved))
    if (unsaved.length === 0) return done(request, reply, admin, saved, fields)
    const { notices } = saved
    return page(request, reply, admin, { typed: onlyThese(typed, unsaved), saved: 'settings', unsaved, notices })
  })

  command('policy', async (request, reply, admin, fields) => {
    if (fields.intent === 'preview') return preview(request, reply, admin, fields)
    const { id } = request.params
    const saved = await commands.setPolicy(id, policyFromForm(fields), orderOf(fields, admin))
    if (!('version' in saved)) return refused(request, reply, admin, saved, fields)
    if (fields.intent === 'test') return test(request, reply, admin, fields, {})
    const typed = typedValues(fields)
    const entered_secret = clientSecretFromForm(fields) !== undefined
    const unsaved = [
      ...unsavedFields(typed, shownSettings(revisionToTest(saved.connection)?.settings ?? null)),
      ...(entered_secret ? ['client_secret'] : []),
    ]
    if (unsaved.length > 0)
      return page(request, reply, admin, { typed: onlyThese(typed, unsaved), saved: 'policy', unsaved, entered_secret })
    rememberSaved(context, reply, id)
    return done(request, reply, admin, saved, fields)
  })

  command('resume', async (request, reply, admin, fields) => {
    const typed = typedValues(fields)
    const connection = (await connections.load(request.params.id))?.connection
    const settings = (connection && revisionToTest(connection)?.settings) ?? null
    const stored = { ...shownSettings(settings), ...formOfPolicy(connection?.policy ?? defaultPolicy) }
    const unsaved = unsavedFields(typed, stored)
    return page(request, reply, admin, { typed: onlyThese(typed, unsaved), unsaved })
  })

  command('staged-secret', async (request, reply, admin, fields) => {
    const faulty = (fault: string) =>
      page(request, reply, admin, { status: 422, faults: [{ member: 'staged_client_secret', fault }] })
    const secret = fields.intent === 'unstage' ? null : clientSecretFromForm(fields)
    if (secret === undefined) return faulty('has to be entered')
    const outcome = await commands.stageSecret(request.params.id, secret, orderOf(fields, admin))
    const [fault] = 'faults' in outcome ? outcome.faults : []
    return fault === undefined ? done(request, reply, admin, outcome, fields) : faulty(fault.fault)
  })

  for (const name of ['enable', 'disable', 'discard'] as const) {
    command(name, async (request, reply, admin, fields) => {
      const { id } = request.params
      // The fingerprint says what is meant; a test that passed since the page was made must not stand in the way.
      const order = { by: admin.name }
      const outcome =
        name === 'enable' ? await commands.enable(id, fields.fingerprint ?? '', order) : await commands[name](id, order)
      return done(request, reply, admin, outcome, fields)
    })
  }

  /** What a test will ask for next, said along with what else is wrong. */
  async function missingSecret(id: string, fields: Record<string, string>): Promise<readonly Fault[]> {
    const connection = (await connections.load(id))?.connection
    const isStored = connection && (revisionToTest(connection)?.client_secret ?? null) !== null
    const isNeeded = !Object.hasOwn(withoutSecret, fields.token_endpoint_auth_method ?? '')
    if (isStored || !isNeeded || clientSecretFromForm(fields) !== undefined) return []
    return [{ member: 'client_secret', fault: 'has to be entered' }]
  }

  /** To the provider; what was typed into the policy and not saved would not come back from there. */
  async function test(
    request: PageRequest,
    reply: FastifyReply,
    admin: AuthorizedAdmin,
    fields: Record<string, string>,
    unsaved: FormValues,
  ) {
    const organization_id = request.params.id
    const begun = await commands.beginTest(organization_id, { by: admin.name })
    if (!('test_url' in begun)) return done(request, reply, admin, begun, fields)
    const { test_url, connection, version } = begun
    const provider_host = new URL(revisionToTest(connection)!.settings.issuer).host
    const kept =
      Object.keys(unsaved).length === 0 ? null : { typed: unsaved, csrf_token: admin.csrf_token ?? '', version }
    return sendPage(reply, renderTestingPage({ organization_id, test_url, provider_host, unsaved: kept }))
  }

  /** What a form of the page posts to; after a refusal it is what stands in the address bar, so it leads back to the page. */
  function command(
    name: string,
    carryOut: (
      request: PageRequest,
      reply: FastifyReply,
      admin: AuthorizedAdmin,
      fields: Record<string, string>,
    ) => Promise<FastifyReply>,
  ): void {
    app.post(
      `${root}/${name}`,
      hidden,
      guarded((request, reply, admin) => carryOut(request, reply, admin, formOf(request))),
    )
    app.get(
      `${root}/${name}`,
      hidden,
      guarded((request, reply) => reply.redirect(addressesOf(context, request.params.id).settings_url, 303)),
    )
  }

  function done(
    request: PageRequest,
    reply: FastifyReply,
    admin: AuthorizedAdmin,
    outcome: Outcome,
    fields: Record<string, string>,
  ) {
    if (!('version' in outcome)) return refused(request, reply, admin, outcome, fields)
    return reply.redirect(addressesOf(context, request.params.id).settings_url, 303)
  }

  /** Nothing is saved; everything typed stands in the form again, one press of “Save policy” away. */
  async function preview(
    request: PageRequest,
    reply: FastifyReply,
    admin: AuthorizedAdmin,
    fields: Record<string, string>,
  ) {
    const typed = typedValues(fields)
    const entered_secret = clientSecretFromForm(fields) !== undefined
    const connection = (await connections.load(request.params.id))?.connection
    const policy = connection?.policy ?? defaultPolicy
    const read = readPolicy(policyFromForm(fields), policy)
    if ('faults' in read)
      return page(request, reply, admin, { status: 422, typed, entered_secret, faults: read.faults })
    const recent = connection === undefined ? [] : await previewedAttempts(attempts, connection)
    return page(request, reply, admin, {
      typed,
      entered_secret,
      preview: previewPolicy(recent, policy, read.value),
      previewed: read.value,
    })
  }

  /** What was typed is shown again, save for the secret; nothing was overwritten. */
  function refused(
    request: PageRequest,
    reply: FastifyReply,
    admin: AuthorizedAdmin,
    outcome: Exclude<Outcome, { version: string }>,
    fields: Record<string, string>,
  ) {
    const shown = { typed: typedValues(fields), entered_secret: clientSecretFromForm(fields) !== undefined }
    if ('conflict' in outcome) return page(request, reply, admin, { status: 412, ...shown, conflict: true })
    const { failure, faults, notices } = outcome
    const said = faults.length > 0 ? { faults } : { refusal: failure }
    return page(request, reply, admin, { status: 422, ...shown, notices, ...said })
  }

  async function page(request: PageRequest, reply: FastifyReply, admin: AuthorizedAdmin, said: Said = {}) {
    const { id } = request.params
    const found = await connections.load(id)
    const connection = found?.connection
    const policy = connection?.policy ?? defaultPolicy
    const edited = connection && revisionToTest(connection)
    // While a test is under way, what stands is the last one that passed.
    const tested = edited?.last_test?.outcome === 'running' ? edited.tested : edited?.last_test
    const last = tested ? await attempts.get(connection!, tested.attempt_id) : undefined
    const candidate = connection?.candidate
    const lock_out = candidate?.tested ? lockOutBy(policy, candidate) : null
    const { redirect_uri, post_logout_redirect_uri, initiate_login_uri, login_url } = addressesOf(context, id)
    const view = (revision: Parameters<typeof revisionView>[0] | null | undefined) =>
      revision ? revisionView(revision) : null
    const html = renderSettingsPage({
      organization_id: id,
      status: connection === undefined ? 'draft' : statusOfConnection(connection),
      candidate: view(connection?.candidate),
      live: view(connection?.live),
      previous: view(connection?.previous),
      staged_client_secret_set: (connection?.live?.staged_client_secret ?? null) !== null,
      policy,
      lock_out: lock_out === null ? null : failureView(lock_out),
      version: found?.version ?? null,
      called_as: calledAs(request, context),
      redirect_uri,
      post_logout_redirect_uri,
      initiate_login_uri,
      login_url,
      typed: said.typed ?? null,
      entered_secret: said.entered_secret ?? false,
      saved: said.saved ?? (recallSaved(context, request, reply, id) ? 'policy' : null),
      unsaved: said.unsaved ?? [],
      faults: said.faults ?? [],
      notices: said.notices ?? (connection === undefined ? [] : recallNotices(context, request, connection)),
      refusal: said.refusal ? failureView(said.refusal) : null,
      conflict: said.conflict ?? false,
      preview: said.preview ?? null,
      attempts: await attemptsOf(connection, shown),
      changes: await changesOf(request, connection, shown),
      last_attempt: last === undefined ? null : attemptView(under(policy, last)),
      unmatched: last === undefined ? null : unmatchedBy(said.previewed ?? policy, last),
      proposal: last === undefined ? null : await proposalFor(last),
      ...shownOf(admin),
      now: context.now(),
      test_lifetime: context.tolerances.flow,
    })
    return sendPage(reply, html, said.status)
  }
}

/** Entries of a history that the page itself shows. */
const shown = 10

/** The version that the page was made of: whoever saves on top of somebody else's change is told instead. */
function orderOf({ version }: Record<string, string>, { name }: AuthorizedAdmin): Order {
  return { by: name, if_version: version ? [version] : null }
}

const schemas = {
  page: {
    tags: ['Administration'],
    summary: 'The settings page, for a browser with an admin session.',
    params: { type: 'object', properties: { id: { type: 'string', description: 'organization' } } },
  },
} as const
