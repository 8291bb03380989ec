/** The transcript of an attempt as a file to carry home: one and the same for the admin API and the pages. */
import type { FastifyReply } from 'fastify'
import type { AnyAttempt } from './attempts.ts'
import { transcriptFile } from './views/attempt-page.ts'

/** Answers with the file, or has it refused with the reason. */
export function sendTranscript(
  reply: FastifyReply,
  attempt: AnyAttempt | undefined,
  refuse: (code: 'attempt_not_found' | 'transcript_not_kept') => FastifyReply,
): FastifyReply {
  if (attempt === undefined) return refuse('attempt_not_found')
  if (attempt.transcript === undefined || attempt.omitted) return refuse('transcript_not_kept')
  return reply
    .type('application/json; charset=utf-8')
    .header('content-disposition', `attachment; filename="${transcriptFile(attempt.attempt_id)}"`)
    .send(JSON.stringify(attempt.transcript, null, 2))
}
