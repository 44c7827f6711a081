// Streams that a projection set aside. Their rows stay as they were before the poison event until a
// retry folds the rest.
import type { Position } from '../../core/event.ts'
import type { SqlExecutor, Statement } from '../../core/sql.ts'
import { tenantIdSchema, type TenantId } from '../../core/ids.ts'
import type { Poison } from './isolate.ts'

export type ParkedStream = Readonly<{
  tenantId: TenantId
  category: string
  streamId: string
  position: Position
}>

/** More than this is no accident of a few streams: the runner then stops and tries again instead of parking the log. */
export const MAX_PARKED_STREAMS = 10_000
const MAX_RETRIES_AT_ONCE = 20

type Row = Readonly<{ tenant_id: string; category: string; stream_id: string; position: Position }>

// By the primary key's first column: over all tenants, because a runner works for all of them.
const PARKED: Statement = {
  name: 'parked_streams',
  text: `select tenant_id, category, stream_id, position from pawtrail.parked
    where subscription = $1 order by position limit $2`,
}

export const parkedStreams = async (
  database: SqlExecutor,
  subscription: string,
): Promise<readonly ParkedStream[]> => {
  const rows = await database.query<Row>(PARKED, [subscription, MAX_PARKED_STREAMS])
  return rows.map(toParked)
}

// A scan of the few parked rows of this subscription.
const REQUESTED: Statement = {
  name: 'parked_retries',
  text: `select tenant_id, category, stream_id, position from pawtrail.parked
    where subscription = $1 and retry_requested order by position limit $2`,
}

export const requestedRetries = async (
  database: SqlExecutor,
  subscription: string,
): Promise<readonly ParkedStream[]> => {
  const rows = await database.query<Row>(REQUESTED, [subscription, MAX_RETRIES_AT_ONCE])
  return rows.map(toParked)
}

// By primary key. A stream that was parked before and fails again keeps its first position unless a later one is given.
const PARK: Statement = {
  name: 'parked_add',
  text: `insert into pawtrail.parked as p (subscription, tenant_id, category, stream_id, position, error)
    select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
    on conflict (subscription, tenant_id, category, stream_id) do update
      set position = excluded.position, error = excluded.error, attempts = p.attempts + 1,
        retry_requested = false`,
}

export const park = async (
  tx: SqlExecutor,
  subscription: string,
  poisons: readonly Poison[],
): Promise<void> => {
  if (poisons.length === 0) return
  await tx.query(PARK, [
    subscription,
    poisons.map((poison) => poison.tenantId),
    poisons.map((poison) => poison.category),
    poisons.map((poison) => poison.streamId),
    poisons.map((poison) => poison.position),
    poisons.map((poison) => poison.error),
  ])
}

// By primary key.
const UNPARK: Statement = {
  name: 'parked_remove',
  text: `delete from pawtrail.parked
    where tenant_id = $2 and subscription = $1 and category = $3 and stream_id = $4`,
}

export const unpark = async (
  tx: SqlExecutor,
  subscription: string,
  stream: ParkedStream,
): Promise<void> => {
  await tx.query(UNPARK, [subscription, stream.tenantId, stream.category, stream.streamId])
}

// By the primary key's first column.
const REQUEST: Statement = {
  name: 'parked_request',
  text: `update pawtrail.parked set retry_requested = true
    where subscription = $1 and ($2::text is null or stream_id = $2) returning stream_id`,
}

/** Asks the runner to fold the parked streams again, or the one of this id; answers how many were asked for. */
export const requestRetry = async (
  database: SqlExecutor,
  subscription: string,
  streamId?: string,
): Promise<number> => (await database.query(REQUEST, [subscription, streamId ?? null])).length

const toParked = (row: Row): ParkedStream => ({
  tenantId: tenantIdSchema.parse(row.tenant_id),
  category: row.category,
  streamId: row.stream_id,
  position: row.position,
})
