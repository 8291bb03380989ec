/** Both histories of an organization, a part at a time, newest first: what administrators may read of them. */
import type { Connection } from '@relying-party/core'
import type { FastifyRequest } from 'fastify'
import type { Administration } from './admin.ts'
import { attemptView } from './attempt-view.ts'
import type { AttemptFilter, Attempts } from './attempts.ts'
import type { Audit, AuditRecord } from './audit.ts'
import type { Paged } from './paging.ts'
import type { AttemptView } from './views/model.ts'

export type Histories = ReturnType<typeof createHistories>

export function createHistories(
  { attempts, audit }: { readonly attempts: Attempts; readonly audit: Audit },
  administration: Administration,
) {
  /** What became of sign-ins and tests. */
  async function attemptsOf(
    connection: Connection | undefined,
    limit: number,
    filter?: AttemptFilter,
    before?: string,
  ): Promise<Paged<AttemptView>> {
    if (connection === undefined) return { entries: [], older: null }
    const { entries, older } = await attempts.list(connection, limit, filter, before)
    return { entries: entries.map(attemptView), older }
  }

  /** Who changed what: of an earlier organization of the name only to the operator, for it may be another tenant's. */
  async function changesOf(
    request: FastifyRequest<{ Params: { id: string } }>,
    connection: Connection | undefined,
    limit: number,
    before?: string,
  ): Promise<Paged<AuditRecord>> {
    const of = (await administration.isOperator(request)) ? 'all' : connection
    return of === undefined ? { entries: [], older: null } : audit.list(request.params.id, of, limit, before)
  }

  return { attemptsOf, changesOf }
}
