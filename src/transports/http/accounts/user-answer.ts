// A user as it is shown: to itself and to nobody else.
import type { FastifyReply } from 'fastify'
import type { UserState } from '../../../application.ts'
import type { CursorCodec } from '../../../core/cursor.ts'
import { SHARED_TENANT, type TenantId } from '../../../core/ids.ts'
import type { Done } from '../command-answer.ts'
import { versionTag } from '../conditional.ts'
import type { UserAnswer } from './schemas.ts'

export const tags = ['users']

export const userAnswerOf = (
  tenantId: TenantId,
  id: string,
  { profile, createdAt, updatedAt }: UserState,
): UserAnswer => {
  const { phone, preferences, ...rest } = profile
  return {
    id,
    ...rest,
    ...(phone === null ? {} : { phone }),
    ...(preferences === null ? {} : { preferences }),
    ...(tenantId === SHARED_TENANT ? {} : { tenantId }),
    createdAt,
    updatedAt,
  }
}

/** What every answer to a write says beside the user. */
export const headWritten = (
  reply: FastifyReply,
  tenantId: TenantId,
  { done, cursors }: Readonly<{ done: Done<UserState>; cursors: CursorCodec | undefined }>,
): void => {
  reply.headers({ etag: versionTag(done.version), 'cache-control': 'no-store' })
  if (cursors !== undefined) reply.header('event-cursor', cursors.encode(tenantId, done.position))
  if (done.replayed) reply.header('idempotent-replayed', 'true')
}
