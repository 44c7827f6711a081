// The shelters as the classic profile lists them: by serial number. Of their available pets it counts those that it can
// show itself.
import type { TenantId } from '../core/ids.ts'
import type { SqlDatabase } from '../core/sql.ts'
import { CLASSIC_SPECIES, type ClassicRange } from './pets/classic.ts'
import { petsProjection } from './pets/fold.ts'
import { liveTarget, tableName } from './projection.ts'
import { type CountedRow, type ShelterRecord, sheltersProjection, toRecord } from './shelters.ts'
import { statementFor } from './statements.ts'

export type ClassicShelterField = 'serial' | 'name' | 'availablePetCount'
export type ClassicShelterQuery = ClassicRange<ClassicShelterField>

export type ClassicShelterQueries = Readonly<{
  list(
    tenantId: TenantId,
    query: ClassicShelterQuery,
  ): Promise<Readonly<{ items: readonly ShelterRecord[]; totalItems: number }>>
  get(tenantId: TenantId, serial: number): Promise<ShelterRecord | undefined>
}>

export const createClassicShelterQueries = (
  options: Readonly<{ database: SqlDatabase }>,
): ClassicShelterQueries => ({
  list: (tenantId, query) => listShelters(options.database, tenantId, query),
  get: (tenantId, serial) => getShelter(options.database, tenantId, serial),
})

const SHELTERS = tableName('shelters', liveTarget(sheltersProjection))
const COUNTS = tableName('pet_shelter_counts', liveTarget(petsProjection))
const SPECIES = CLASSIC_SPECIES.map((species) => `'${species}'`).join(', ')

// Counts come from a range of the cube's primary key, (tenant_id, shelter_id, status, species), once a shelter.
const COUNTED = `select s.*, (select coalesce(sum(c.count), 0)::int from ${COUNTS} c
    where c.tenant_id = $1 and c.shelter_id = s.shelter_id and c.status = 'AVAILABLE'
      and c.species in (${SPECIES})) as available
  from ${SHELTERS} s where s.tenant_id = $1 and s.removed_at is null`

const ORDERS: Readonly<Record<ClassicShelterField, string>> = {
  serial: 'serial',
  name: `lower(profile::json ->> 'name') collate "C"`,
  availablePetCount: 'available',
}

const listShelters = async (
  database: SqlDatabase,
  tenantId: TenantId,
  { sort, offset, limit }: ClassicShelterQuery,
): ReturnType<ClassicShelterQueries['list']> => {
  const orders = sort.map(
    ({ field, order }) => `${ORDERS[field]} ${order === 'ASC' ? 'asc' : 'desc'}`,
  )
  // In the order of the unique index on (tenant_id, serial), or all of the tenant's few shelters sorted.
  const [rows, totals] = await Promise.all([
    database.query<CountedRow>(
      statementFor(`select * from (${COUNTED}) counted order by ${[...orders, 'serial'].join(', ')}
        limit $2::bigint offset $3::bigint`),
      [tenantId, limit, offset],
    ),
    database.query<{ total: number }>(
      statementFor(`select count(*)::int as total from ${SHELTERS}
        where tenant_id = $1 and removed_at is null`),
      [tenantId],
    ),
  ])
  return { items: rows.map(toRecord), totalItems: totals[0]?.total ?? 0 }
}

// By the unique index on (tenant_id, serial).
const getShelter = async (
  database: SqlDatabase,
  tenantId: TenantId,
  serial: number,
): Promise<ShelterRecord | undefined> => {
  const rows = await database.query<CountedRow>(
    statementFor(`${COUNTED} and s.serial = $2::bigint`),
    [tenantId, serial],
  )
  return rows[0] === undefined ? undefined : toRecord(rows[0])
}
