/** The pages behind the settings page: what became of sign-ins and tests, who changed what, and what each check demands. */
import { checks, revisionToTest, type CheckId } from '@relying-party/core'
import type { FastifyInstance } from 'fastify'
import type { Administration } from './admin.ts'
import { attemptView, proposalFor } from './attempt-view.ts'
import { pagesGuardedBy, shownOf } from './guarded.ts'
import type { Histories } from './histories.ts'
import { attemptsAskedFor, beforeOf } from './paging.ts'
import { sendFailure, sendPage } from './problems.ts'
import { sendTranscript } from './send-transcript.ts'
import type { SignInParts } from './sign-in.ts'
import { renderAttemptPage } from './views/attempt-page.ts'
import { renderCheckPage } from './views/check-page.ts'
import { renderAttemptsPage, renderChangesPage } from './views/history-pages.ts'

/** Entries of a history on one page. */
const shown = 50

export function registerSettingsRecords(
  app: FastifyInstance,
  parts: SignInParts,
  administration: Administration,
  { attemptsOf, changesOf }: Histories,
): void {
  const { context, connections, attempts } = parts
  const root = '/organizations/:id/settings/sso'
  const hidden = { schema: { hide: true } } as const
  const guarded = pagesGuardedBy(context, administration)

  app.get(
    `${root}/attempts`,
    hidden,
    guarded(async (request, reply, admin) => {
      const { id } = request.params
      // Whatever else an address asks for is not what our own links lead to: the page shows what it can.
      const { filter, before } = attemptsAskedFor(request)
      const connection = (await connections.load(id))?.connection
      return sendPage(
        reply,
        renderAttemptsPage({
          organization_id: id,
          attempts: await attemptsOf(connection, shown, filter, before),
          filter,
          is_newest: before === undefined,
          ...shownOf(admin),
        }),
      )
    }),
  )

  app.get(
    `${root}/changes`,
    hidden,
    guarded(async (request, reply, admin) => {
      const before = beforeOf(request) ?? undefined
      const connection = (await connections.load(request.params.id))?.connection
      return sendPage(
        reply,
        renderChangesPage({
          organization_id: request.params.id,
          changes: await changesOf(request, connection, shown, before),
          is_newest: before === undefined,
          ...shownOf(admin),
        }),
      )
    }),
  )

  app.get(
    `${root}/attempts/:attempt_id`,
    hidden,
    guarded(async (request, reply, admin) => {
      const { id, attempt_id = '' } = request.params
      const found = await connections.load(id)
      const connection = found?.connection
      const edited = connection && revisionToTest(connection)
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
          ...shownOf(admin),
        }),
      )
    }),
  )

  app.get(
    `${root}/attempts/:attempt_id/transcript`,
    hidden,
    guarded(async (request, reply) => {
      const { id, attempt_id = '' } = request.params
      const connection = (await connections.load(id))?.connection
      const attempt = connection && (await attempts.get(connection, attempt_id))
      return sendTranscript(reply, attempt, (code) => sendFailure(request, reply, { code }))
    }),
  )

  app.get(
    `${root}/checks/:check_id`,
    hidden,
    guarded(async (request, reply, admin) => {
      const { id: organization_id, check_id = '' } = request.params
      if (!Object.hasOwn(checks, check_id)) return sendFailure(request, reply, { code: 'route_not_found' })
      const id = check_id as CheckId
      return sendPage(reply, renderCheckPage({ organization_id, id, check: checks[id], ...shownOf(admin) }))
    }),
  )
}
