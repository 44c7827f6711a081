// Endpoints and their leases. Whoever works an endpoint holds its row's lease; the fence tells who was replaced.
import type { SqlDatabase, SqlExecutor } from '../../../core/sql.ts'
import { Fault } from '../../../core/fault.ts'
import { type TenantId, tenantIdSchema } from '../../../core/ids.ts'
import {
  type Blocked,
  DEFAULT_IN_FLIGHT,
  type Endpoint,
  type EndpointFacts,
  GOOD_HEALTH,
  type Health,
  type Replay,
  type WebhookStore,
} from '../../../core/webhooks.ts'
import { timeOf } from './times.ts'

type Facts = Omit<EndpointFacts, 'tenantId' | 'id' | 'version'>

/** Rows that were written before these were known lack them. */
const ADDED = {
  ...{ subjects: null, maxInFlight: DEFAULT_IN_FLIGHT, keeper: null, asymmetric: false },
} as const

// By the primary key. Versions only rise: two processes that follow the log may bring the same endpoint. A new start
// puts the position where the log says.
const SYNC = {
  name: 'webhook_endpoints_sync',
  text: `insert into pawtrail.webhook_endpoints as mine
      (tenant_id, endpoint_id, version, facts, is_active, start_number, position, health, due_at)
    values ($1, $2, $3, $4::jsonb, $5, $6, $7, $8::jsonb, case when $5 then now() end)
    on conflict (tenant_id, endpoint_id) do update
      set version = excluded.version, facts = excluded.facts, is_active = excluded.is_active,
        start_number = excluded.start_number,
        position = case when excluded.start_number > mine.start_number
          then excluded.position else mine.position end,
        health = case when excluded.is_active and not mine.is_active
          then excluded.health else mine.health end,
        due_at = excluded.due_at,
        fence = case when excluded.start_number > mine.start_number
          then mine.fence + 1 else mine.fence end
      where mine.version < excluded.version
    returning (select jsonb_build_object('number', start_number, 'isActive', is_active)
      from pawtrail.webhook_endpoints where tenant_id = $1 and endpoint_id = $2) as before`,
}

// By the beginning of the primary key: what failed before it stood still is tried at once when it goes on.
const TRY_NOW = {
  name: 'webhook_blocked_try_now',
  text: `update pawtrail.webhook_blocked set due_at = $3::timestamptz
    where tenant_id = $1 and endpoint_id = $2 and due_at > $3::timestamptz`,
}

// The endpoint's row first, which who stores progress locks first too.
const TABLES = ['endpoints', 'blocked', 'dead', 'replays', 'attempts', 'secrets'] as const

// Each by the beginning of the primary key.
const removeFrom = (table: (typeof TABLES)[number]) => ({
  name: `webhook_${table}_remove_all`,
  text: `delete from pawtrail.webhook_${table} where tenant_id = $1 and endpoint_id = $2`,
})

// By the beginning of the primary key; ids are UUIDs of version 7, and so in the order in which they were made.
const LIST = {
  name: 'webhook_endpoints_list',
  text: `select tenant_id as "tenantId", endpoint_id as id, version, facts, position, health
    from pawtrail.webhook_endpoints where tenant_id = $1 order by endpoint_id`,
}

// By webhook_endpoints_by_due, over all tenants.
const OVERDUE = {
  name: 'webhook_endpoints_overdue',
  text: `select tenant_id as "tenantId", endpoint_id as id from pawtrail.webhook_endpoints
    where is_active and due_at < $1::timestamptz order by due_at limit $2`,
}

// By the primary key, over all tenants.
const ACTIVE = {
  name: 'webhook_endpoints_active',
  text: `select tenant_id as "tenantId", endpoint_id as id from pawtrail.webhook_endpoints
    where is_active and (tenant_id, endpoint_id) > ($1, $2)
    order by tenant_id, endpoint_id limit $3`,
}

// By the primary key, under the row's lock: of many who ask one gets it.
const ACQUIRE = {
  name: 'webhook_endpoints_acquire',
  text: `update pawtrail.webhook_endpoints
    set owner = $3, lease_until = clock_timestamp() + $4 * interval '1 millisecond',
      fence = fence + 1
    where tenant_id = $1 and endpoint_id = $2 and is_active
      and (owner is null or lease_until < clock_timestamp())
    returning tenant_id as "tenantId", endpoint_id as id, version, facts, position, health, fence`,
}

// By the beginning of the primary key; the earliest first.
const BLOCKED = {
  name: 'webhook_blocked_list',
  text: `select category, stream_id as "streamId", version, position, attempts, due_at as "dueAt"
    from pawtrail.webhook_blocked where tenant_id = $1 and endpoint_id = $2 order by position`,
}

// By the beginning of the primary key.
export const REPLAYS = {
  name: 'webhook_replays_list',
  text: `select replay_id as id, after, up_to as "upTo", attempts, due_at as "dueAt", types, subjects
    from pawtrail.webhook_replays where tenant_id = $1 and endpoint_id = $2 order by replay_id`,
}

// By the primary key.
const IS_ACTIVE = {
  name: 'webhook_endpoints_is_active',
  text: `select 1 from pawtrail.webhook_endpoints
    where tenant_id = $1 and endpoint_id = $2 and is_active`,
}

// By the primary key.
const RENEW = {
  name: 'webhook_endpoints_renew',
  text: `update pawtrail.webhook_endpoints
    set lease_until = clock_timestamp() + $4 * interval '1 millisecond'
    where tenant_id = $1 and endpoint_id = $2 and fence = $3 returning fence`,
}

// By the primary key. Does nothing for who was replaced; a wish that came with a change of the endpoint stays.
const RELEASE = {
  name: 'webhook_endpoints_release',
  text: `update pawtrail.webhook_endpoints
    set owner = null, lease_until = null,
      due_at = case when version = $5 then $4::timestamptz else due_at end
    where tenant_id = $1 and endpoint_id = $2 and fence = $3`,
}

type EndpointRow = Readonly<{
  tenantId: string
  id: string
  version: number
  facts: Facts
  position: number
  health: Health
}>
type BlockedRow = Omit<Blocked, 'dueAtMs'> & Readonly<{ dueAt: string }>

type Endpoints = Pick<
  WebhookStore,
  'sync' | 'remove' | 'ids' | 'endpoints' | 'overdue' | 'active' | 'acquire' | 'renew' | 'release'
>

export const createEndpoints = (database: SqlDatabase): Endpoints => ({
  sync: (facts, nowMs) => database.transaction((tx) => sync(tx, facts, nowMs)),
  remove: (tenantId, id) =>
    database.transaction(async (tx) => {
      for (const table of TABLES) await tx.query(removeFrom(table), [tenantId, id])
    }),
  ids: async (tenantId) =>
    (await database.query<EndpointRow>(LIST, [tenantId])).map(({ id }) => id),
  endpoints: async (tenantId) =>
    (await database.query<EndpointRow>(LIST, [tenantId])).map(endpointOf),
  overdue: async (beforeMs, limit) => {
    const rows = await database.query<EndpointRow>(OVERDUE, [timeOf(beforeMs), limit])
    return rows.map(itemOf)
  },
  active: async (after, limit) => {
    const values = [after?.tenantId ?? '', after?.id ?? '', limit]
    return (await database.query<EndpointRow>(ACTIVE, values)).map(itemOf)
  },
  acquire: (tenantId, id, { owner, leaseMs }) =>
    database.transaction(async (tx) => {
      const key = [tenantId, id]
      type Row = EndpointRow & Readonly<{ fence: number }>
      const [row] = await tx.query<Row>(ACQUIRE, [...key, owner, leaseMs])
      if (row === undefined) {
        return (await tx.query(IS_ACTIVE, key)).length === 0 ? undefined : 'busy'
      }
      const blocked = (await tx.query<BlockedRow>(BLOCKED, key)).map(blockedOf)
      const replays = (await tx.query<ReplayRow>(REPLAYS, key)).map(replayOf)
      return { ...endpointOf(row), fence: row.fence, blocked, replays }
    }),
  renew: async ({ tenantId, id, fence }, leaseMs) => {
    const rows = await database.query(RENEW, [tenantId, id, fence, leaseMs])
    if (rows.length === 0) throw replaced(id)
  },
  release: async ({ tenantId, id, fence, version }, dueAtMs) => {
    const dueAt = dueAtMs === null ? null : timeOf(dueAtMs)
    await database.query(RELEASE, [tenantId, id, fence, dueAt, version])
  },
})

const itemOf = ({ tenantId, id }: Pick<EndpointRow, 'tenantId' | 'id'>) => ({
  tenantId: tenantIdSchema.parse(tenantId),
  id,
})

export const replaced = (id: string): Fault =>
  new Fault('fenced', `another process works the webhook endpoint ${id} now`)

const sync = async (tx: SqlExecutor, facts: EndpointFacts, nowMs: number): Promise<void> => {
  const { tenantId, id, version, start, isActive, ...rest } = facts
  const key = [tenantId, id]
  const stored: Facts = { ...rest, start, isActive }
  type Before = Readonly<{ number: number; isActive: boolean }>
  const rows = await tx.query<{ before: Before | null }>(SYNC, [
    ...[...key, version, JSON.stringify(stored), isActive, start.number, start.after],
    JSON.stringify(GOOD_HEALTH),
  ])
  const before = rows[0]?.before ?? undefined
  if (before === undefined) return
  // It begins anew: what was owed before is forgotten. Dead letters and the log of attempts stay.
  if (before.number < start.number) {
    for (const table of ['blocked', 'replays'] as const) await tx.query(removeFrom(table), key)
  }
  if (isActive && !before.isActive) await tx.query(TRY_NOW, [...key, timeOf(nowMs)])
}

const endpointOf = ({ tenantId, id, version, facts, position, health }: EndpointRow): Endpoint => ({
  ...ADDED,
  ...facts,
  tenantId: tenantIdSchema.parse(tenantId),
  id,
  version,
  position,
  health,
})

const blockedOf = ({ dueAt, ...row }: BlockedRow): Blocked => ({
  ...row,
  dueAtMs: Date.parse(dueAt),
})

export type ReplayRow = Omit<Replay, 'dueAtMs'> & Readonly<{ dueAt: string }>

export const replayOf = ({ dueAt, ...row }: ReplayRow): Replay => ({
  ...row,
  dueAtMs: Date.parse(dueAt),
})

export type EndpointKey = readonly [tenantId: TenantId, id: string]
