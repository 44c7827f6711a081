// The shelters read model: a handful of rows a tenant. How many pets a shelter has to offer is not kept here but read
// from the pets' own counts, so that the two cannot disagree.
import type { StoredEvent } from '../core/event.ts'
import type { TenantId } from '../core/ids.ts'
import type { SqlDatabase, SqlExecutor, Statement } from '../core/sql.ts'
import { assertNever } from '../core/assert-never.ts'
import type { ShelterEvent, ShelterProfile } from '../events/shelter.ts'
import { petsProjection } from './pets/fold.ts'
import { statementFor } from './statements.ts'
import { liveTarget, type Projection, tableName, type Target } from './projection.ts'

export type ShelterRecord = ShelterProfile &
  Readonly<{
    id: string
    serial: number
    availablePetCount: number
    version: number
    createdAt: string
    updatedAt: string
  }>

export type ShelterQueries = Readonly<{
  list(
    tenantId: TenantId,
    page: Readonly<{ page: number; limit: number }>,
  ): Promise<Readonly<{ items: readonly ShelterRecord[]; totalItems: number }>>
  get(tenantId: TenantId, shelterId: string): Promise<ShelterRecord | undefined>
}>

type Entry = Readonly<{ tenantId: string; shelterId: string }> & {
  version: number
  serial: number
  profile: ShelterProfile | undefined
  createdAt: string
  updatedAt: string
  isChanged: boolean
}

export const sheltersProjection: Projection = {
  name: 'shelters',
  version: 1,
  categories: ['shelter'],
  tables: [
    {
      name: 'shelters',
      columns: `
        tenant_id text collate "C" not null,
        shelter_id text collate "C" not null,
        version int not null,
        serial int not null,
        profile text not null,
        created_at text not null,
        updated_at text not null`,
      primaryKey: ['tenant_id', 'shelter_id'],
      fillfactor: 90,
      indexes: [{ name: 'serial', unique: true, on: '(tenant_id, serial)' }],
    },
  ],
  apply: async (tx, target, events) => {
    const entries = await loadEntries(tx, target, events)
    for (const event of events) {
      const entry = entries.get(keyOf(event))
      if (entry !== undefined) applyEvent(entry, event)
    }
    const changed = [...entries.values()].filter((entry) => entry.isChanged)
    if (changed.length === 0) return
    await giveSerials(tx, target, changed)
    await writeShelters(tx, target, changed)
  },
}

export const createShelterQueries = (
  options: Readonly<{ database: SqlDatabase }>,
): ShelterQueries => ({
  list: (tenantId, page) => listShelters(options.database, tenantId, page),
  get: (tenantId, shelterId) => getShelter(options.database, tenantId, shelterId),
})

const keyOf = (event: StoredEvent): string => `${event.tenantId} ${event.streamId}`

const applyEvent = (entry: Entry, stored: StoredEvent): void => {
  if (stored.version <= entry.version) return
  // The codec has checked type and data; this is where the wide type becomes the union.
  const event = stored as unknown as ShelterEvent
  switch (event.type) {
    case 'shelter.registered':
      entry.profile = event.data.profile
      entry.createdAt = event.occurredAt
      break
    case 'shelter.updated':
      if (entry.profile === undefined)
        throw new Error(`shelter ${entry.shelterId} is not registered`)
      entry.profile = { ...entry.profile, ...(event.data.changes as Partial<ShelterProfile>) }
      break
    default:
      return assertNever(event)
  }
  entry.updatedAt = event.occurredAt
  entry.version = stored.version
  entry.isChanged = true
}

type Row = Readonly<{
  tenant_id: string
  shelter_id: string
  version: number
  serial: number
  profile: string
  created_at: string
  updated_at: string
}>

const loadEntries = async (
  tx: SqlExecutor,
  target: Target,
  events: readonly StoredEvent[],
): Promise<Map<string, Entry>> => {
  const entries = new Map<string, Entry>()
  for (const event of events) {
    entries.set(keyOf(event), {
      tenantId: event.tenantId,
      shelterId: event.streamId,
      version: 0,
      serial: 0,
      profile: undefined,
      createdAt: '',
      updatedAt: '',
      isChanged: false,
    })
  }
  const keys = [...entries.values()]
  const rows = await tx.query<Row>(selectStates(target), [
    keys.map((entry) => entry.tenantId),
    keys.map((entry) => entry.shelterId),
  ])
  for (const row of rows) {
    entries.set(`${row.tenant_id} ${row.shelter_id}`, {
      tenantId: row.tenant_id,
      shelterId: row.shelter_id,
      version: row.version,
      serial: row.serial,
      profile: JSON.parse(row.profile) as ShelterProfile,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      isChanged: false,
    })
  }
  return entries
}

// By primary key, once for all shelters of the page.
const selectStates = (target: Target): Statement | string =>
  statementFor(`select s.* from unnest($1::text[], $2::text[]) as k(tenant_id, shelter_id)
    join ${tableName('shelters', target)} s
      on s.tenant_id = k.tenant_id and s.shelter_id = k.shelter_id`)

const giveSerials = async (
  tx: SqlExecutor,
  target: Target,
  changed: readonly Entry[],
): Promise<void> => {
  const registered = changed.filter((entry) => entry.serial === 0)
  if (registered.length === 0) return
  const rows = await tx.query<{ tenant_id: string; last: number }>(selectSerials(target), [
    [...new Set(registered.map((entry) => entry.tenantId))],
  ])
  const last = new Map(rows.map((row) => [row.tenant_id, row.last] as const))
  for (const entry of registered) {
    entry.serial = (last.get(entry.tenantId) ?? 0) + 1
    last.set(entry.tenantId, entry.serial)
  }
}

// The end of the unique index on (tenant_id, serial), once a tenant.
const selectSerials = (target: Target): Statement | string =>
  statementFor(`select k.tenant_id, newest.serial as last from unnest($1::text[]) as k(tenant_id)
    cross join lateral (select s.serial from ${tableName('shelters', target)} s
      where s.tenant_id = k.tenant_id order by s.serial desc limit 1) newest`)

const writeShelters = async (
  tx: SqlExecutor,
  target: Target,
  changed: readonly Entry[],
): Promise<void> => {
  await tx.query(upsertShelters(target), [
    changed.map((entry) => entry.tenantId),
    changed.map((entry) => entry.shelterId),
    changed.map((entry) => entry.version),
    changed.map((entry) => entry.serial),
    changed.map((entry) => JSON.stringify(entry.profile)),
    changed.map((entry) => entry.createdAt),
    changed.map((entry) => entry.updatedAt),
  ])
}

// By primary key, one statement for all shelters of the page.
const upsertShelters = (target: Target): Statement | string =>
  statementFor(`insert into ${tableName('shelters', target)}
      (tenant_id, shelter_id, version, serial, profile, created_at, updated_at)
    select * from unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[])
    on conflict (tenant_id, shelter_id) do update
      set version = excluded.version, profile = excluded.profile, updated_at = excluded.updated_at`)

export type CountedRow = Row & Readonly<{ available: number }>

const SHELTERS = tableName('shelters', liveTarget(sheltersProjection))
const COUNTS = tableName('pet_shelter_counts', liveTarget(petsProjection))

// Counts come from a range of the cube's primary key, (tenant_id, shelter_id, status, ...), once a shelter of the page.
const COUNTED = `select s.*, (select coalesce(sum(c.count), 0)::int from ${COUNTS} c
    where c.tenant_id = $1 and c.shelter_id = s.shelter_id and c.status = 'AVAILABLE') as available
  from ${SHELTERS} s where s.tenant_id = $1`

const listShelters = async (
  database: SqlDatabase,
  tenantId: TenantId,
  { page, limit }: Readonly<{ page: number; limit: number }>,
): ReturnType<ShelterQueries['list']> => {
  // In the order of the unique index on (tenant_id, serial). The number of all is counted: they are few.
  const [rows, totals] = await Promise.all([
    database.query<CountedRow>(
      statementFor(`${COUNTED} order by s.serial limit $2::bigint offset $3::bigint`),
      [tenantId, limit, (page - 1) * limit],
    ),
    database.query<{ total: number }>(
      statementFor(`select count(*)::int as total from ${SHELTERS} where tenant_id = $1`),
      [tenantId],
    ),
  ])
  return { items: rows.map(toRecord), totalItems: totals[0]?.total ?? 0 }
}

// By primary key.
const getShelter = async (
  database: SqlDatabase,
  tenantId: TenantId,
  shelterId: string,
): Promise<ShelterRecord | undefined> => {
  const rows = await database.query<CountedRow>(statementFor(`${COUNTED} and s.shelter_id = $2`), [
    tenantId,
    shelterId,
  ])
  return rows[0] === undefined ? undefined : toRecord(rows[0])
}

export const toRecord = (row: CountedRow): ShelterRecord => ({
  ...(JSON.parse(row.profile) as ShelterProfile),
  id: row.shelter_id,
  serial: row.serial,
  availablePetCount: row.available,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
