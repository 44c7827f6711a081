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

// A page goes when there are as many newer attempts as are kept; there are no more pages than that.
const OLD_PAGES = `(select max(page_id) from (
    select page_id, sum(count) over (order by page_id desc) - count as newer
    from pawtrail.webhook_attempts where tenant_id = $1 and endpoint_id = $2) as each
  where newer >= ${MAX_ATTEMPTS_KEPT})`

// By the primary key; nothing comes back for who was replaced. The row's lock holds up whoever takes the lease over.
const MOVE = {
  name: 'webhook_endpoints_move',
  text: `update pawtrail.webhook_endpoints
    set position = greatest(position, $4), health = $5::jsonb
    where tenant_id = $1 and endpoint_id = $2 and fence = $3 returning version`,
}

// The usual case, in which nothing failed, at once: a round trip is what it costs. By the primary keys; parts as below.
const STORE = {
  name: 'webhook_endpoints_store',
  text: `with moved as (
      update pawtrail.webhook_endpoints
        set position = greatest(position, $4), health = $5::jsonb
        where tenant_id = $1 and endpoint_id = $2 and fence = $3 returning version),
    logged as (
      insert into pawtrail.webhook_attempts (tenant_id, endpoint_id, attempts, count)
        select $1, $2, $6::jsonb, $7 from moved where $7 > 0),
    trimmed as (
      delete from pawtrail.webhook_attempts where tenant_id = $1 and endpoint_id = $2
        and $7 > 0 and exists (select from moved) and page_id <= ${OLD_PAGES}),
    exhumed as (
      delete from pawtrail.webhook_dead where tenant_id = $1 and endpoint_id = $2
        and exists (select from moved) and position = any ($8::bigint[]))
    select version from moved`,
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
  text: `insert into pawtrail.webhook_attempts (tenant_id, endpoint_id, attempts, count)
    values ($1, $2, $3::jsonb, $4)`,
}

// By the primary key.
const TRIM = {
  name: 'webhook_attempts_trim',
  text: `delete from pawtrail.webhook_attempts where tenant_id = $1 and endpoint_id = $2
    and page_id <= ${OLD_PAGES}`,
}

export const createProgress = (
  database: SqlDatabase,
): Pick<WebhookStore, 'commit' | 'logAttempt'> => ({
  commit: (endpoint, progress) =>
    isUsual(progress)
      ? store(database, endpoint, progress)
      : database.transaction((tx) => commit(tx, endpoint, progress)),
  logAttempt: (tenantId, id, attempt) =>
    database.transaction((tx) => log(tx, [tenantId, id], [attempt])),
})

const isUsual = ({ block, unblock, bury, replay }: Progress): boolean =>
  block.length + unblock.length + bury.length === 0 && replay === undefined

const store = async (
  database: SqlExecutor,
  { tenantId, id, fence, version }: LeasedEndpoint,
  { position, health, attempts, arrived }: Progress,
): Promise<boolean> => {
  const newest = attempts.slice(-MAX_ATTEMPTS_KEPT)
  const [moved] = await database.query<{ version: number }>(STORE, [
    ...[tenantId, id, fence, position, JSON.stringify(health)],
    ...[JSON.stringify(newest), newest.length, arrived],
  ])
  if (moved === undefined) throw replaced(id)
  return moved.version === version
}

const commit = async (
  tx: SqlExecutor,
  { tenantId, id, fence, version }: LeasedEndpoint,
  progress: Progress,
): Promise<boolean> => {
  const key = [tenantId, id] as const
  const { position, health, arrived, replay } = progress
  const values = [...key, fence, position, JSON.stringify(health)]
  const [moved] = await tx.query<{ version: number }>(MOVE, values)
  if (moved === undefined) throw replaced(id)
  for (const row of progress.unblock) await tx.query(UNBLOCK, [...key, row.category, row.streamId])
  for (const row of progress.block) {
    const { category, streamId, version, attempts, dueAtMs } = row
    const values = [category, streamId, version, row.position, attempts, timeOf(dueAtMs)]
    await tx.query(BLOCK, [...key, ...values])
  }
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
  const newest = attempts.slice(-MAX_ATTEMPTS_KEPT)
  await tx.query(LOG, [...key, JSON.stringify(newest), newest.length])
  await tx.query(TRIM, [...key])
}
