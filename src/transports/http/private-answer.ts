// Answers that are for their caller alone: nobody in between may keep them, and yet they have an entity tag, so that a
// reader's own copy can be checked.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Position } from '../../core/event.ts'
import type { TenantId } from '../../core/ids.ts'
import { type AnswerInput, JSON_TYPE, makeAnswer, makeVariant, sendVariant } from './answer.ts'
import type { RouteParts } from './options.ts'

export const sendPrivate = async (
  request: FastifyRequest,
  reply: FastifyReply,
  input: AnswerInput,
): Promise<FastifyReply> => {
  const headers = { ...input.headers, 'cache-control': 'private, no-cache' }
  const answer = makeAnswer({ ...input, headers })
  const variant = await makeVariant(answer, request)
  return sendVariant(request, reply, { answer, variant })
}

export type Written = Readonly<{
  tenantId: TenantId
  done: Readonly<{ position: Position; replayed: boolean }>
  tag: string
  resource: object
}>

/** What something is after a command, and the cursor to read it back by. */
export const sendWritten = (
  parts: RouteParts,
  reply: FastifyReply,
  { tenantId, done, tag, resource }: Written,
): FastifyReply => {
  reply.headers({
    'content-type': JSON_TYPE,
    'cache-control': 'no-store',
    etag: tag,
    'event-cursor': parts.eventCursors.of(tenantId, done.position),
  })
  if (done.replayed) reply.header('idempotent-replayed', 'true')
  return reply.send(JSON.stringify(resource))
}
