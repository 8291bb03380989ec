/** The routes of the settings page: every form posts, is carried out, and leads back to the page. */
import {
  checks,
  defaultPolicy,
  proposeChange,
  readPolicy,
  statusOfConnection,
  type CheckId,
  type Failure,
  type Fault,
  type Notice,
} from '@relying-party/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Administration, AuthorizedAdmin } from './admin.ts'
import { attemptView } from './attempt-view.ts'
import type { AnyAttempt } from './attempts.ts'
import type { Commands, Order, Outcome } from './commands.ts'
import { addressesOf, isOrganizationId } from './context.ts'
import { previewedAttempts, previewPolicy } from './policy-preview.ts'
import { failureView, sendFailure, sendPage } from './problems.ts'
import { revisionView } from './representation.ts'
import type { SignInParts } from './sign-in.ts'
import { renderAttemptPage, transcriptFile } from './views/attempt-page.ts'
import { renderCheckPage } from './views/check-page.ts'
import { clientSecretFromForm, policyFromForm, settingsFromForm, typedValues } from './views/form.ts'
import type { FormValues, PolicyPreviewView, ProposalView } from './views/model.ts'
import { renderSettingsPage } from './views/settings-page.ts'
import { renderTestingPage } from './views/testing-page.ts'

type PageRequest = FastifyRequest<{ Params: { id: string; attempt_id?: string; check_id?: string } }>

/** What the page says beside the state that is stored. */
interface Said {
  readonly status?: number
  readonly typed?: FormValues
  readonly faults?: readonly Fault[]
  readonly notices?: readonly Notice[]
  readonly refusal?: Failure
  readonly conflict?: boolean
  readonly preview?: PolicyPreviewView
}

export function registerSettings(
  app: FastifyInstance,
  parts: SignInParts,
  administration: Administration,
  commands: Commands,
): void {
  const { context, connections, attempts } = parts
  const root = '/organizations/:id/settings/sso'
  const hidden = { schema: { hide: true } } as const

  app.get(root, { schema: schemas.page }, async (request: PageRequest, reply) => {
    const admin = await authorized(request, reply)
    return admin === undefined ? reply : page(request, reply, admin)
  })

  app.get(`${root}/attempts/:attempt_id`, hidden, async (request: PageRequest, reply) => {
    const admin = await authorized(request, reply)
    if (admin === undefined) return reply
    const { id, attempt_id = '' } = request.params
    const found = await connections.load(id)
    const connection = found?.connection
    const edited = connection?.candidate ?? connection?.live
    const attempt = connection && (await attempts.get(connection, attempt_id))
    if (attempt === undefined) return sendFailure(request, reply, { code: 'attempt_not_found' })
    return sendPage(
      reply,
      renderAttemptPage({
        organization_id: id,
        attempt: attemptView(attempt),
        proposal: await proposalFor(attempt),
        // A change is made to what is edited now: to other settings it says nothing.
        version: attempt.revision === edited?.revision ? found!.version : null,
        csrf_token: admin.csrf_token ?? '',
        admin: admin.name,
      }),
    )
  })

  app.get(`${root}/attempts/:attempt_id/transcript`, hidden, async (request: PageRequest, reply) => {
    const admin = await authorized(request, reply)
    if (admin === undefined) return reply
    const { id, attempt_id = '' } = request.params
    const connection = (await connections.load(id))?.connection
    const attempt = connection && (await attempts.get(connection, attempt_id))
    if (attempt?.transcript === undefined || attempt.omitted)
      return sendFailure(request, reply, { code: 'attempt_not_found' })
    return reply
      .type('application/json; charset=utf-8')
      .header('content-disposition', `attachment; filename="${transcriptFile(attempt.attempt_id)}"`)
      .send(JSON.stringify(attempt.transcript, null, 2))
  })

  app.get(`${root}/checks/:check_id`, hidden, async (request: PageRequest, reply) => {
    const admin = await authorized(request, reply)
    if (admin === undefined) return reply
    const { id: organization_id, check_id = '' } = request.params
    if (!Object.hasOwn(checks, check_id)) return sendFailure(request, reply, { code: 'route_not_found' })
    const id = check_id as CheckId
    const who = { csrf_token: admin.csrf_token ?? '', admin: admin.name }
    return sendPage(reply, renderCheckPage({ organization_id, id, check: checks[id], ...who }))
  })

  app.post(`${root}/save`, hidden, async (request: PageRequest, reply) => {
    const admin = await authorized(request, reply)
    if (admin === undefined) return reply
    const { id } = request.params
    const fields = fieldsOf(request)
    const input = { ...settingsFromForm(fields), client_secret: clientSecretFromForm(fields) }
    const saved = await commands.save(id, input, orderOf(fields, admin))
    if (!('version' in saved)) return refused(request, reply, admin, saved, fields)
    if (fields.intent !== 'test') {
      // A page that can be reloaded, unless there is something to say about how the settings were read.
      if (saved.notices.length === 0) return done(request, reply, admin, saved, fields)
      return page(request, reply, admin, { notices: saved.notices })
    }

    const begun = await commands.beginTest(id, { by: admin.name })
    if (!('test_url' in begun)) return done(request, reply, admin, begun, fields)
    const provider_host = new URL(begun.connection.candidate?.settings.issuer ?? begun.connection.live!.settings.issuer)
      .host
    return sendPage(reply, renderTestingPage({ organization_id: id, test_url: begun.test_url, provider_host }))
  })

  app.post(`${root}/policy`, hidden, async (request: PageRequest, reply) => {
    const admin = await authorized(request, reply)
    if (admin === undefined) return reply
    const fields = fieldsOf(request)
    if (fields.intent === 'preview') return preview(request, reply, admin, fields)
    const outcome = await commands.setPolicy(request.params.id, policyFromForm(fields), orderOf(fields, admin))
    return done(request, reply, admin, outcome, fields)
  })

  app.post(`${root}/staged-secret`, hidden, async (request: PageRequest, reply) => {
    const admin = await authorized(request, reply)
    if (admin === undefined) return reply
    const fields = fieldsOf(request)
    const secret = fields.intent === 'unstage' ? null : (fields.client_secret ?? '')
    if (secret === '')
      return page(request, reply, admin, {
        status: 422,
        faults: [{ member: 'staged_client_secret', fault: 'must be the second client secret' }],
      })
    return done(
      request,
      reply,
      admin,
      await commands.stageSecret(request.params.id, secret, orderOf(fields, admin)),
      fields,
    )
  })

  for (const name of ['enable', 'disable', 'discard'] as const) {
    app.post(`${root}/${name}`, hidden, async (request: PageRequest, reply) => {
      const admin = await authorized(request, reply)
      if (admin === undefined) return reply
      const { id } = request.params
      const fields = fieldsOf(request)
      // The fingerprint says what is meant; a test that passed since the page was made must not stand in the way.
      const order = { by: admin.name }
      const outcome =
        name === 'enable' ? await commands.enable(id, fields.fingerprint ?? '', order) : await commands[name](id, order)
      return done(request, reply, admin, outcome, fields)
    })
  }

  /** The administrator, or undefined when the request has been answered: with the sign-in page, or a refusal. */
  async function authorized(request: PageRequest, reply: FastifyReply): Promise<AuthorizedAdmin | undefined> {
    const { id } = request.params
    if (!isOrganizationId(id)) {
      sendFailure(request, reply, { code: 'organization_not_found' })
      return undefined
    }
    const admin = await administration.authorize(request, id)
    if (admin === null && !administration.hasSignInPage) {
      sendFailure(request, reply, { code: 'admin_required' })
      return undefined
    }
    if (admin === null) {
      const next = encodeURIComponent(`/organizations/${id}/settings/sso`)
      void reply.redirect(`${context.base_url}/admin/sign-in?next=${next}`, 303)
      return undefined
    }
    if (
      request.method === 'POST' &&
      !administration.isDeliberate(request, admin, fieldsOf(request).csrf_token ?? null)
    ) {
      sendFailure(request, reply, { code: 'csrf_refused' })
      return undefined
    }
    return admin
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
    const connection = (await connections.load(request.params.id))?.connection
    const policy = connection?.policy ?? defaultPolicy
    const read = readPolicy(policyFromForm(fields), policy)
    if ('faults' in read) return page(request, reply, admin, { status: 422, typed, faults: read.faults })
    const recent = connection === undefined ? [] : await previewedAttempts(attempts, connection)
    return page(request, reply, admin, { typed, preview: previewPolicy(recent, policy, read.value) })
  }

  /** What was typed is shown again, save for the secret; nothing was overwritten. */
  function refused(
    request: PageRequest,
    reply: FastifyReply,
    admin: AuthorizedAdmin,
    outcome: Exclude<Outcome, { version: string }>,
    fields: Record<string, string>,
  ) {
    const typed = typedValues(fields)
    if ('conflict' in outcome) return page(request, reply, admin, { status: 412, typed, conflict: true })
    const { failure, faults, notices } = outcome
    const said = faults.length > 0 ? { faults } : { refusal: failure }
    return page(request, reply, admin, { status: 422, typed, notices, ...said })
  }

  async function page(request: PageRequest, reply: FastifyReply, admin: AuthorizedAdmin, said: Said = {}) {
    const { id } = request.params
    const found = await connections.load(id)
    const connection = found?.connection
    const recent = connection === undefined ? [] : await attempts.list(connection, 20)
    const tested = connection?.candidate?.last_test ?? connection?.live?.last_test
    const last = tested && tested.outcome !== 'running' ? await attempts.get(connection!, tested.attempt_id) : undefined
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
      policy: connection?.policy ?? defaultPolicy,
      version: found?.version ?? null,
      redirect_uri,
      post_logout_redirect_uri,
      initiate_login_uri,
      login_url,
      typed: said.typed ?? null,
      faults: said.faults ?? [],
      notices: said.notices ?? [],
      refusal: said.refusal ? failureView(said.refusal) : null,
      conflict: said.conflict ?? false,
      preview: said.preview ?? null,
      attempts: recent.map(attemptView),
      last_attempt: last === undefined ? null : attemptView(last),
      proposal: last === undefined ? null : await proposalFor(last),
      csrf_token: admin.csrf_token ?? '',
      admin: admin.name,
      now: context.now(),
    })
    return sendPage(reply, html, said.status)
  }
}

/** What would have mended a login, as far as its record tells. */
async function proposalFor(attempt: AnyAttempt): Promise<ProposalView | null> {
  if (attempt.outcome === 'succeeded' || attempt.transcript === undefined || attempt.omitted) return null
  return proposeChange(attempt.transcript)
}

function fieldsOf({ body }: FastifyRequest): Record<string, string> {
  return body instanceof URLSearchParams ? Object.fromEntries(body) : {}
}

/** The version that the page was made of: whoever saves on top of somebody else's change is told instead. */
function orderOf({ version }: Record<string, string>, { name }: AuthorizedAdmin): Order {
  return { by: name, if_version: version || null }
}

const schemas = {
  page: {
    tags: ['Administration'],
    summary: 'The settings page, for a browser with an admin session.',
    params: { type: 'object', properties: { id: { type: 'string', description: 'organization' } } },
  },
} as const
