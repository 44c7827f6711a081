// Reading the log by SQL. A visible position means that all below it are visible, so a page needs
// no search for gaps.
import { Fault } from '../../../core/fault.ts'
import type { Position, StoredEvent, StreamRef } from '../../../core/event.ts'
import {
  MAX_STREAM_READ,
  type Idempotency,
  type KeyUse,
  type LogFilter,
  type LogPage,
  type LogRead,
  type StreamRead,
  type StreamSlice,
} from '../../../core/event-store.ts'
import type { TenantId } from '../../../core/ids.ts'
import type { JsonObject } from '../../../core/json.ts'
import { pageSizeOf } from '../../../core/log-pages.ts'
import type { SqlDatabase, Statement } from '../../../core/sql.ts'

/** `dataBytes[i]` is the length of the i-th event's data as JSON text. */
export type SizedPage = LogPage & Readonly<{ dataBytes: readonly number[]; head: Position }>

export type Reader = Readonly<{
  findByKey(tenantId: TenantId, idempotency: Idempotency): Promise<KeyUse | undefined>
  readStream(stream: StreamRef, read: StreamRead): Promise<StreamSlice>
  readAll(read: LogRead): Promise<SizedPage>
  head(): Promise<Position>
}>

export const createReader = (database: SqlDatabase, scanWindow: number): Reader => ({
  findByKey: (tenantId, idempotency) => findByKey(database, tenantId, idempotency),
  readStream: (stream, read) => readStream(database, stream, read),
  readAll: (read) => readAll(database, read, scanWindow),
  head: async () => {
    const [row] = await query<{ head: Position }>(database, HEAD, [])
    return row?.head ?? 0
  },
})

// By the primary key (tenant_id, key). Written with the events, so it is visible when they are.
const KEY_USE: Statement = {
  name: 'event_store_find_by_key',
  text: `
    select request_hash, category, stream_id, version, position
    from pawtrail.command_log where tenant_id = $1 and key = $2`,
}

type KeyUseRow = Readonly<{
  request_hash: string
  category: string
  stream_id: string
  version: number
  position: Position
}>

const findByKey = async (
  database: SqlDatabase,
  tenantId: TenantId,
  { key, requestHash }: Idempotency,
): Promise<KeyUse | undefined> => {
  const [row] = await query<KeyUseRow>(database, KEY_USE, [tenantId, key])
  if (row === undefined) return undefined
  if (row.request_hash !== requestHash) return { kind: 'key_reused' }
  const stream = { tenantId, category: row.category, id: row.stream_id }
  return { kind: 'duplicate', stream, version: row.version, position: row.position }
}

// Older events hold their JSON in the columns of type jsonb.
const COLUMNS = `position, tenant_id, category, stream_id, version, event_id, type, schema_version,
  coalesce(data_text, data::text) as data, coalesce(metadata_text, metadata::text) as metadata,
  occurred_at, recorded_at`

// The end of the primary key's index of the last partition that has rows.
const HEAD: Statement = {
  name: 'event_store_head',
  text: 'select coalesce(max(position), 0) as head from pawtrail.events',
}

// The streams row gives the version and, by its two positions, the few partitions to look into;
// there the unique index (stream_id, tenant_id, category, version) gives the events in order. One
// statement, so that both are of one moment.
const streamStatement = (order: 'asc' | 'desc'): Statement => ({
  name: `event_store_read_stream_${order}`,
  text: `
    select s.version as stream_version, e.*
    from pawtrail.streams s
      left join lateral (
        select ${COLUMNS} from pawtrail.events
        where tenant_id = s.tenant_id and category = s.category and stream_id = s.stream_id
          and version between $4 and $5
          and position between s.first_position and s.last_position
          and ($6::timestamptz is null or recorded_at <= $6)
        order by version ${order} limit $7
      ) e on true
    where s.tenant_id = $1 and s.category = $2 and s.stream_id = $3
    order by e.version ${order}`,
})
const STREAM_FORWARDS = streamStatement('asc')
const STREAM_BACKWARDS = streamStatement('desc')

// The head is of the same snapshot as the events, so that `upTo` can move to it when the page is
// not full. Without a tenant: the primary key, over at most $5 positions. With one: the index
// (tenant_id, position), which skips the others.
const logStatement = (name: string, condition: string): Statement => ({
  name,
  text: `
    with log as materialized (select coalesce(max(position), 0) as head from pawtrail.events)
    select log.head, e.*
    from log
      left join lateral (
        select ${COLUMNS} from pawtrail.events
        where position > $1 and ${condition}
          and ($2::text[] is null or category = any ($2))
          and ($3::text[] is null or type = any ($3))
        order by position limit $4
      ) e on true
    order by e.position`,
})
const LOG = logStatement('event_store_read_all', 'position <= $1 + $5::bigint')
const LOG_OF_TENANT = logStatement('event_store_read_tenant', 'tenant_id = $5')

type EventRow = Readonly<{
  position: Position
  tenant_id: StoredEvent['tenantId']
  category: string
  stream_id: string
  version: number
  event_id: string
  type: string
  schema_version: number
  data: string
  metadata: string
  occurred_at: string
  recorded_at: string
}>
// The outer join gives one row without an event when there is none.
type Outer<Row> = Row | { readonly [Column in keyof Row]: null }

const readStream = async (
  database: SqlDatabase,
  stream: StreamRef,
  read: StreamRead,
): Promise<StreamSlice> => {
  const isForwards = read.direction !== 'backwards'
  const least = isForwards ? read.fromVersion : read.toVersion
  const most = isForwards ? read.toVersion : read.fromVersion
  const limit = Math.min(Math.max(read.limit ?? MAX_STREAM_READ, 0), MAX_STREAM_READ)
  const rows = await query<Outer<EventRow> & { stream_version: number }>(
    database,
    isForwards ? STREAM_FORWARDS : STREAM_BACKWARDS,
    [
      stream.tenantId,
      stream.category,
      stream.id,
      Math.max(least ?? 1, 0),
      Math.min(most ?? MAX_VERSION, MAX_VERSION),
      read.toTime ?? null,
      limit,
    ],
  )
  return { version: rows[0]?.stream_version ?? 0, events: rows.filter(isEvent).map(toStoredEvent) }
}

const MAX_VERSION = 2_147_483_647

// An empty page means the end of the log, also with a filter that passes over whole windows.
const readAll = async (
  database: SqlDatabase,
  { after, limit, filter }: LogRead,
  scanWindow: number,
): Promise<SizedPage> => {
  let from = after
  for (;;) {
    const page = await readWindow(database, { from, limit: pageSizeOf(limit), filter, scanWindow })
    if (page.events.length > 0 || page.upTo >= page.head) return page
    from = page.upTo
  }
}

type Window = Readonly<{
  from: Position
  limit: number
  filter: LogFilter | undefined
  scanWindow: number
}>

const readWindow = async (
  database: SqlDatabase,
  { from, limit, filter, scanWindow }: Window,
): Promise<SizedPage> => {
  const tenantId = filter?.tenantId
  const rows = await query<Outer<EventRow> & { head: Position }>(
    database,
    tenantId === undefined ? LOG : LOG_OF_TENANT,
    [from, filter?.categories ?? null, filter?.types ?? null, limit, tenantId ?? scanWindow],
  )
  const head = rows[0]?.head ?? 0
  const eventRows = rows.filter(isEvent)
  const last = eventRows.at(-1)
  const seenTo = tenantId === undefined ? Math.min(head, from + scanWindow) : head
  const isFull = eventRows.length === limit && last !== undefined
  return {
    events: eventRows.map(toStoredEvent),
    upTo: isFull ? last.position : Math.max(from, seenTo),
    dataBytes: eventRows.map(({ data }) => data.length),
    head,
  }
}

const isEvent = <Row>(row: Outer<EventRow> & Row): row is EventRow & Row => row.position !== null

const toStoredEvent = (row: EventRow): StoredEvent => ({
  position: row.position,
  tenantId: row.tenant_id,
  category: row.category,
  streamId: row.stream_id,
  version: row.version,
  eventId: row.event_id,
  type: row.type,
  schemaVersion: row.schema_version,
  data: JSON.parse(row.data) as JsonObject,
  metadata: JSON.parse(row.metadata) as StoredEvent['metadata'],
  occurredAt: row.occurred_at,
  recordedAt: row.recorded_at,
})

const query = async <Row>(
  database: SqlDatabase,
  statement: Statement,
  values: readonly unknown[],
): Promise<readonly Row[]> => {
  try {
    return await database.query<Row>(statement, values)
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'database_unavailable') throw error
    throw new Fault('event_store_unavailable', error.message, { cause: error })
  }
}
