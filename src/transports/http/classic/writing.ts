// What all writes of the profile share: for staff only, and answered with the thing as it is after the command,
// once the read model has followed: the number of a new thing is its to give.
import { z } from 'zod'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CommandResult } from '../../../core/command.ts'
import type { TenantId } from '../../../core/ids.ts'
import { JSON_TYPE } from '../answer.ts'
import { type Done, doneOrThrow, type Writer } from '../command-answer.ts'
import type { Hook } from '../guard.ts'
import { requireScope } from '../host.ts'
import type { RouteParts } from '../options.ts'
import type { RouteDoc } from '../route-doc.ts'
import { notFoundById } from './reading.ts'
import { forgetUnknownControls } from './validation.ts'

const MAX_WAIT_MS = 2_000
const RETRY_AFTER_SECONDS = '1'

export const staff = (request: FastifyRequest): Writer => requireScope(request, 'write:pets')

/** Checked before the body is read: who may not write learns nothing about what is valid. */
const staffOnly: Hook = (request, _reply, done) => {
  staff(request)
  done()
}

export const staffWrite = {
  compress: false,
  onRequest: staffOnly,
  preValidation: forgetUnknownControls({}),
} as const

export const writeDoc = (
  doc: Pick<RouteDoc, 'summary' | 'description' | 'examples' | 'problems'>,
): RouteDoc => ({
  profile: 'classic',
  security: ['write:pets'],
  headers: ['ETag'],
  ...doc,
})

export const doneById = <State>(
  result: CommandResult<State>,
  noun: string,
  id: number,
): Done<State> => {
  if (result.kind === 'not_found') throw notFoundById(noun, id)
  return doneOrThrow(result, noun.toLowerCase())
}

/**
 * Classic clients read right after they have written, and know no cursor to wait by: the answer to a
 * write waits for the read model instead, as long as that takes no longer than it should.
 */
export const followed = async (parts: RouteParts, done: Done<unknown>): Promise<void> => {
  await parts.application.readModel.waitFor(done.position, MAX_WAIT_MS)
}

/** A new thing whose number is not known yet. */
export const withoutId = <Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>) =>
  z.strictObject({ ...schema.shape, id: z.null() })

type Written = Readonly<{ tenantId: TenantId; done: Done<unknown>; tag?: string; view: object }>

export const sendWritten = (
  parts: RouteParts,
  reply: FastifyReply,
  { tenantId, done, tag, view }: Written,
): FastifyReply => {
  reply.headers({
    'content-type': JSON_TYPE,
    'cache-control': 'no-store',
    'event-cursor': parts.eventCursors.of(tenantId, done.position),
  })
  if (tag !== undefined) reply.header('etag', tag)
  if (done.replayed) reply.header('idempotent-replayed', 'true')
  return reply.send(JSON.stringify(view))
}

/**
 * 201 with the number and where it is found; 202 without either, when the thing is recorded but its
 * number is not known yet: it is in the list soon, and under the same Idempotency-Key it is told.
 */
export const sendNew = (
  parts: RouteParts,
  reply: FastifyReply,
  { base, number, ...written }: Written & Readonly<{ base: string; number: number | undefined }>,
): FastifyReply => {
  if (number === undefined) {
    reply.code(202).header('retry-after', RETRY_AFTER_SECONDS)
    return sendWritten(parts, reply, { ...written, view: { ...written.view, id: null } })
  }
  reply.code(201).header('location', `${base}/${number}`)
  return sendWritten(parts, reply, written)
}
