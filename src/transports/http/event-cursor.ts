// Reading one's own writes: Event-Cursor says how far an answer saw, Wait-For-Cursor asks to see at least that far.
import type { FastifyRequest } from 'fastify'
import type { Application } from '../../application.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { Position } from '../../core/event.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Hook } from './guard.ts'
import { callerOf } from './host.ts'
import { ProblemError } from './problem.ts'

const MAX_WAIT_MS = 2_000
const RETRY_AFTER_SECONDS = '1'

export type EventCursors = Readonly<{
  /** Of the read model now; taken before a query, it never promises more than the query saw. */
  ofReadModel(tenantId: TenantId): string
  of(tenantId: TenantId, position: Position): string
  waitForCursor: Hook
}>

const waiting = new WeakSet<Hook>()

/** Whether this hook of a route is the one that waits. */
export const isWaitForCursor = (hook: unknown): boolean => waiting.has(hook as Hook)

export const createEventCursors = (
  application: Application,
  cursors: CursorCodec,
): EventCursors => {
  const { readModel } = application
  const wait = async (request: FastifyRequest, field: string | string[]): Promise<void> => {
    const position = decode(cursors, callerOf(request).tenantId, field)
    if (readModel.position() >= position) return
    if (await readModel.waitFor(position, MAX_WAIT_MS)) return
    throw new ProblemError(
      'read-model-behind',
      'The read model has not yet reached the cursor in Wait-For-Cursor.',
      { headers: { 'retry-after': RETRY_AFTER_SECONDS } },
    )
  }
  const waitForCursor: Hook = (request, _reply, done) => {
    const field = request.raw.headers['wait-for-cursor']
    if (field === undefined) return done()
    wait(request, field).then(() => done(), done)
  }
  waiting.add(waitForCursor)
  return {
    waitForCursor,
    ofReadModel: (tenantId) => cursors.encode(tenantId, readModel.position()),
    of: (tenantId, position) => cursors.encode(tenantId, position),
  }
}

const decode = (cursors: CursorCodec, tenantId: TenantId, field: string | string[]): Position => {
  const decoded = typeof field === 'string' ? cursors.decode(tenantId, field) : undefined
  if (decoded?.kind === 'position') return decoded.position
  if (decoded?.kind === 'other_epoch') {
    throw new ProblemError(
      'gone',
      'The cursor in Wait-For-Cursor is of an earlier log: its writes may not be in this one.',
    )
  }
  const detail = 'Wait-For-Cursor is not a cursor of this tenant.'
  throw new ProblemError('bad-request', detail, {
    errors: [{ field: 'Wait-For-Cursor', message: detail, code: 'INVALID_FORMAT' }],
  })
}
