/**
 * What was read differently from how it was typed, said on the page for an hour: the way there may lead over the provider.
 *
 * Rule: a cookie of the browser that typed it, which names what happened and holds no text of anybody's; what it is about
 * is read from the settings themselves.
 */
import { noticeOf, revisionToTest, type Connection, type Notice } from '@relying-party/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from './context.ts'
import { cookieName, readCookie, setCookie } from './cookies.ts'

/** Seconds: long enough for a test at the provider, and for a look at the page after it. */
const lifetime = 3600

/** Remembers what is to be said of the settings that were just saved; nothing takes back what was said of earlier ones. */
export function rememberNotices(
  { secure }: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  connection: Connection,
  notices: readonly Notice[],
): void {
  const name = cookieName('rp_notices', secure)
  if (notices.length === 0 && readCookie(request, name) === undefined) return
  const said = notices.map(({ member, code }) => `${member}:${code}`)
  const value = [...subjectOf(connection), ...said].join('.')
  setCookie(reply, name, notices.length === 0 ? '' : value, { secure, max_age: notices.length === 0 ? 0 : lifetime })
}

/** Remembers that the policy was saved, for the page that comes next. */
export function rememberSaved({ secure }: Context, reply: FastifyReply, organization_id: string): void {
  setCookie(reply, cookieName('rp_saved', secure), organization_id, { secure, max_age: 60 })
}

/** Whether the policy was saved just now; it is said once. */
export function recallSaved(
  { secure }: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  organization_id: string,
): boolean {
  const name = cookieName('rp_saved', secure)
  if (readCookie(request, name) !== organization_id) return false
  setCookie(reply, name, '', { secure, max_age: 0 })
  return true
}

/** What is still to be said of the settings as they are now. */
export function recallNotices({ secure }: Context, request: FastifyRequest, connection: Connection): readonly Notice[] {
  const remembered = readCookie(request, cookieName('rp_notices', secure))?.split('.') ?? []
  const subject = subjectOf(connection)
  const settings = revisionToTest(connection)?.settings
  if (settings === undefined || subject.some((part, index) => part !== remembered[index])) return []
  return remembered.slice(subject.length).flatMap((text) => {
    const [member = '', code = ''] = text.split(':')
    return noticeOf(settings, member, code) ?? []
  })
}

function subjectOf(connection: Connection): readonly string[] {
  return [connection.organization_id, String(revisionToTest(connection)?.revision)]
}
