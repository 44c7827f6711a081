// What came of a while of work, stored in one transaction under the fence of the lease.
import type { SqlDatabase, SqlExecutor } from '../../../core/sql.ts'
import {
  type Attempt,
  type LeasedEndpoint,
  MAX_ATTEMPTS_KEPT,
  type Progress,
  type WebhookStore,
} from '../../../core/webhooks.ts'
import { type EndpointKey, replaced } from './endpoints.ts'
import { timeOf } from './times.ts'

// By the primary key; nothing comes back for who was replaced. The row's lock holds up whoever takes the lease over.
const MOVE = {
  name: 'webhook_endpoints_move',
  text: `update pawtrail.webhook_endpoints
    set position = greatest(position, $4), health = $5::jsonb
    where tenant_id = $1 and endpoint_id = $2 and fence = $3 returning version`,
}

// By the primary key.
const BLOCK = {
  name: 'webhook_blocked_put',
  text: `insert into pawtrail.webhook_blocked
      (tenant_id, endpoint_id, category, stream_id, version, position, attempts, due_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8::timestamptz)
    on conflict (tenant_id, endpoint_id, category, stream_id) do update
      set version = excluded.version, position = excluded.position,
        attempts = excluded.attempts, due_at = excluded.due_at`,
}

// By the primary key.
const UNBLOCK = {
  name: 'webhook_blocked_remove_one',
  text: `delete from pawtrail.webhook_blocked
    where tenant_id = $1 and endpoint_id = $2 and category = $3 and stream_id = $4`,
}

// By the primary key: an event that dies again, in a replay, keeps one row.
const BURY = {
  name: 'webhook_dead_put',
  text: `insert into pawtrail.webhook_dead
      (tenant_id, endpoint_id, position, event_id, type, subject, attempts, cause, died_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9::timestamptz)
    on conflict (tenant_id, endpoint_id, position) do update
      set attempts = excluded.attempts, cause = excluded.cause, died_at = excluded.died_at`,
}

// By the primary key: what was given up and has arrived after all is dead no more.
const EXHUME = {
  name: 'webhook_dead_remove',
  text: `delete from pawtrail.webhook_dead
    where tenant_id = $1 and endpoint_id = $2 and position = any ($3::bigint[])`,
}

// Both by the primary key.
const MOVE_REPLAY = {
  name: 'webhook_replays_move',
  text: `update pawtrail.webhook_replays
    set after = $4, attempts = $5, due_at = $6::timestamptz
    where tenant_id = $1 and endpoint_id = $2 and replay_id = $3`,
}
const END_REPLAY = {
  name: 'webhook_replays_end',
  text: `delete from pawtrail.webhook_replays
    where tenant_id = $1 and endpoint_id = $2 and replay_id = $3`,
}

const LOG = {
  name: 'webhook_attempts_put',
  text: `insert into pawtrail.webhook_attempts (tenant_id, endpoint_id, event_id, position, attempt)
    select $1, $2, one->>'eventId', (one->>'position')::bigint, one
    from jsonb_array_elements($3::jsonb) with ordinality as each (one, place) order by place`,
}

// By the primary key, from its newest end: what is older than the newest so many goes.
const TRIM = {
  name: 'webhook_attempts_trim',
  text: `delete from pawtrail.webhook_attempts where tenant_id = $1 and endpoint_id = $2
    and attempt_id <= (select attempt_id from pawtrail.webhook_attempts
      where tenant_id = $1 and endpoint_id = $2
      order by attempt_id desc offset ${MAX_ATTEMPTS_KEPT} limit 1)`,
}

export const createProgress = (
  database: SqlDatabase,
): Pick<WebhookStore, 'commit' | 'logAttempt'> => ({
  commit: (endpoint, progress) => database.transaction((tx) => commit(tx, endpoint, progress)),
  logAttempt: (tenantId, id, attempt) =>
    database.transaction((tx) => log(tx, [tenantId, id], [attempt])),
})

const commit = async (
  tx: SqlExecutor,
  { tenantId, id, fence, version }: LeasedEndpoint,
  progress: Progress,
): Promise<boolean> => {
  const key = [tenantId, id] as const
  const { position, health, replay } = progress
  const values = [...key, fence, position, JSON.stringify(health)]
  const [moved] = await tx.query<{ version: number }>(MOVE, values)
  if (moved === undefined) throw replaced(id)
  for (const row of progress.unblock) await tx.query(UNBLOCK, [...key, row.category, row.streamId])
  for (const row of progress.block) {
    const { category, streamId, version, attempts, dueAtMs } = row
    const values = [category, streamId, version, row.position, attempts, timeOf(dueAtMs)]
    await tx.query(BLOCK, [...key, ...values])
  }
  const arrived = progress.attempts.flatMap((each) =>
    each.outcome === 'delivered' && each.position !== null ? [each.position] : [],
  )
  if (arrived.length > 0) await tx.query(EXHUME, [...key, arrived])
  for (const row of progress.bury) {
    const { eventId, type, subject, attempts, cause, diedAt } = row
    await tx.query(BURY, [...key, row.position, eventId, type, subject, attempts, cause, diedAt])
  }
  if (replay !== undefined) {
    if (replay.after >= replay.upTo) await tx.query(END_REPLAY, [...key, replay.id])
    else {
      const { after, attempts, dueAtMs } = replay
      await tx.query(MOVE_REPLAY, [...key, replay.id, after, attempts, timeOf(dueAtMs)])
    }
  }
  await log(tx, key, progress.attempts)
  return moved.version === version
}

const log = async (
  tx: SqlExecutor,
  key: EndpointKey,
  attempts: readonly Attempt[],
): Promise<void> => {
  if (attempts.length === 0) return
  await tx.query(LOG, [...key, JSON.stringify(attempts)])
  await tx.query(TRIM, [...key])
}
