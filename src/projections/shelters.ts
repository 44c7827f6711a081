// The shelters read model: a handful of rows a tenant. Removed shelters keep their row as a tombstone, so that their
// serial is never given again; no query shows them. How many pets a shelter has to offer is not kept here but read
// from the pets' own counts, so that the two cannot disagree.
import type { StoredEvent } from '../core/event.ts'
import type { TenantId } from '../core/ids.ts'
import type { SqlDatabase, SqlExecutor, Statement } from '../core/sql.ts'
import {
  evolveShelter,
  noShelter,
  type PresentShelter,
  type ShelterState,
} from '../events/shelter-state.ts'
import type { ShelterEvent, ShelterProfile } from '../events/shelter.ts'
import { decodeListCursor, encodeListCursor, type ListPlace, type ListResult } from './paging.ts'
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
    page: Readonly<{ limit: number; place: ListPlace }>,
  ): Promise<ListResult<ShelterRecord>>
  get(tenantId: TenantId, shelterId: string): Promise<ShelterRecord | undefined>
}>

type Entry = Readonly<{ tenantId: string; shelterId: string }> & {
  version: number
  serial: number
  state: ShelterState
  isChanged: boolean
}

export const sheltersProjection: Projection = {
  name: 'shelters',
  version: 2,
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
        updated_at text not null,
        removed_at text`,
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
  entry.state = evolveShelter(entry.state, event)
  if (entry.state.kind === 'none') throw new Error(`shelter ${entry.shelterId} is not registered`)
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
  removed_at: string | null
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
      state: noShelter,
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
      state: stateOf(row),
      isChanged: false,
    })
  }
  return entries
}

const stateOf = (row: Row): ShelterState => {
  const shelter: PresentShelter = {
    kind: 'present',
    profile: JSON.parse(row.profile) as ShelterProfile,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
  const removedAt = row.removed_at
  return removedAt === null ? shelter : { kind: 'removed', last: shelter, removedAt }
}

type Shown = Readonly<{ entry: Entry; shelter: PresentShelter; removedAt: string | null }>

const toShown = (entry: Entry): Shown => {
  const { state } = entry
  if (state.kind === 'present') return { entry, shelter: state, removedAt: null }
  if (state.kind === 'removed') return { entry, shelter: state.last, removedAt: state.removedAt }
  throw new Error(`shelter ${entry.shelterId} has no state`)
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
  const shown = changed.map(toShown)
  await tx.query(upsertShelters(target), [
    shown.map(({ entry }) => entry.tenantId),
    shown.map(({ entry }) => entry.shelterId),
    shown.map(({ entry }) => entry.version),
    shown.map(({ entry }) => entry.serial),
    shown.map(({ shelter }) => JSON.stringify(shelter.profile)),
    shown.map(({ shelter }) => shelter.createdAt),
    shown.map(({ shelter }) => shelter.updatedAt),
    shown.map(({ removedAt }) => removedAt),
  ])
}

// By primary key, one statement for all shelters of the page.
const upsertShelters = (target: Target): Statement | string =>
  statementFor(`insert into ${tableName('shelters', target)}
      (tenant_id, shelter_id, version, serial, profile, created_at, updated_at, removed_at)
    select * from unnest(
      $1::text[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[])
    on conflict (tenant_id, shelter_id) do update
      set version = excluded.version, profile = excluded.profile, updated_at = excluded.updated_at,
        removed_at = excluded.removed_at`)

export type CountedRow = Row & Readonly<{ available: number }>

const SHELTERS = tableName('shelters', liveTarget(sheltersProjection))
const COUNTS = tableName('pet_shelter_counts', liveTarget(petsProjection))

// Counts come from a range of the cube's primary key, (tenant_id, shelter_id, status, ...), once a shelter of the page.
const COUNTED = `select s.*, (select coalesce(sum(c.count), 0)::int from ${COUNTS} c
    where c.tenant_id = $1 and c.shelter_id = s.shelter_id and c.status = 'AVAILABLE') as available
  from ${SHELTERS} s where s.tenant_id = $1 and s.removed_at is null`

const listShelters = async (
  database: SqlDatabase,
  tenantId: TenantId,
  { limit, place }: Readonly<{ limit: number; place: ListPlace }>,
): ReturnType<ShelterQueries['list']> => {
  const after = await serialBefore(database, tenantId, place)
  if (after === undefined) return 'bad_cursor'
  const skip = 'page' in place ? (place.page - 1) * limit : 0
  // In the order of the unique index on (tenant_id, serial). The number of all is counted: they are few.
  const [rows, totals] = await Promise.all([
    database.query<CountedRow>(
      statementFor(`${COUNTED} and s.serial > $2
        order by s.serial limit $3::bigint offset $4::bigint`),
      [tenantId, after, limit + 1, skip],
    ),
    database.query<{ total: number }>(
      statementFor(`select count(*)::int as total from ${SHELTERS}
        where tenant_id = $1 and removed_at is null`),
      [tenantId],
    ),
  ])
  const items = rows.slice(0, limit).map(toRecord)
  const last = items.at(-1)
  const isLast = rows.length <= limit || last === undefined
  return {
    items,
    totalItems: totals[0]?.total ?? 0,
    nextCursor: isLast ? null : encodeListCursor(sheltersProjection.name, last.id),
  }
}

/** The serial that all of the page come after; undefined for what is not a cursor of this list. */
const serialBefore = async (
  database: SqlDatabase,
  tenantId: TenantId,
  place: ListPlace,
): Promise<number | undefined> => {
  if ('page' in place || place.after === null) return 0
  const shelterId = decodeListCursor(sheltersProjection.name, place.after)
  if (shelterId === undefined) return undefined
  // By primary key; a shelter that was removed since keeps its row, and so its place.
  const rows = await database.query<{ serial: number }>(
    statementFor(`select serial from ${SHELTERS} where tenant_id = $1 and shelter_id = $2`),
    [tenantId, shelterId],
  )
  return rows[0]?.serial
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
