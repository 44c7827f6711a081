// Every question that the pets read model answers. Each takes the tenant first and never sees another one's rows.
import type { TenantId } from '../../core/ids.ts'
import type { SqlDatabase } from '../../core/sql.ts'
import { petStatusSchema, speciesSchema } from '../../events/pet.ts'
import type { PetState } from '../../events/pet-state.ts'
import { petsProjection } from './fold.ts'
import type { Inventory, PetQuery, PetRecord, PetSearchResult } from './query-types.ts'
import { type PetParts, petParts, renderPet } from './resource.ts'
import { searchPets } from './search.ts'
import { type PetTables, petTables } from './source.ts'
import { statementFor } from '../statements.ts'

type Shape = Readonly<{ extras: boolean }>

export type PetQueries = Readonly<{
  search(tenantId: TenantId, query: PetQuery): Promise<PetSearchResult>
  get(tenantId: TenantId, petId: string, shape: Shape): Promise<PetRecord | undefined>
  /** The id of the pet that the classic profile knows by this number. */
  idOfSerial(tenantId: TenantId, serial: number): Promise<string | undefined>
  inventory(tenantId: TenantId): Promise<Inventory>
  /** How many pets in care are assigned to a shelter, whether they can be had or not. */
  inCareAt(tenantId: TenantId, shelterId: string): Promise<number>
  /** A pet as it is after a command: the bytes that `get` gives once the read model has followed. */
  render(tenantId: TenantId, petId: string, shape: Shape & Readonly<{ state: PetState }>): string
}>

/** `scans`: for searches that look at each match; see `Searching`. */
export type PetDatabases = Readonly<{ database: SqlDatabase; scans: SqlDatabase }>
type Options = PetDatabases & Readonly<{ publicUrl: string }>
type Reading = Options & Readonly<{ tables: PetTables }>

export const createPetQueries = (options: Options): PetQueries => {
  const reading = { ...options, tables: petTables(petsProjection) }
  return {
    search: (tenantId, query) => searchPets(reading, tenantId, query),
    get: (tenantId, petId, shape) => getPet(reading, tenantId, { petId, ...shape }),
    idOfSerial: (tenantId, serial) => idOfSerial(reading, tenantId, serial),
    inventory: (tenantId) => inventory(reading, tenantId),
    inCareAt: (tenantId, shelterId) => inCareAt(reading, tenantId, shelterId),
    render: (tenantId, petId, { state, extras }) => {
      if (state.kind === 'none') throw new Error(`pet ${petId} has no state to show`)
      const pet = state.kind === 'removed' ? state.last : state
      const parts = petParts(tenantId, petId, pet, { extras })
      return renderPet(parts, { publicUrl: options.publicUrl, extras })
    },
  }
}

type PetRow = PetParts & Readonly<{ version: number; updated_at: string }>

// By primary key.
const getPet = async (
  { database, tables, publicUrl }: Reading,
  tenantId: TenantId,
  { petId, extras }: Shape & Readonly<{ petId: string }>,
): Promise<PetRecord | undefined> => {
  const rows = await database.query<PetRow>(
    statementFor(`select version, updated_at, body, photos, extras, serial from ${tables.pets}
      where tenant_id = $1 and pet_id = $2 and removed_at is null`),
    [tenantId, petId],
  )
  const row = rows[0]
  if (row === undefined) return undefined
  const json = renderPet(row, { publicUrl, extras })
  return { json, version: row.version, updatedAt: row.updated_at }
}

// By the unique index on (tenant_id, serial).
const idOfSerial = async (
  { database, tables }: Reading,
  tenantId: TenantId,
  serial: number,
): Promise<string | undefined> => {
  const rows = await database.query<{ pet_id: string }>(
    statementFor(`select pet_id from ${tables.pets}
      where tenant_id = $1 and serial = $2::bigint and removed_at is null`),
    [tenantId, serial],
  )
  return rows[0]?.pet_id
}

// Three ranges of the index on (tenant_id, shelter_id, status, ...): the many that were adopted are not looked at. No
// cube says of a shelter's pets whether they are in care, and this is asked once in a shelter's life.
const inCareAt = async (
  { database, tables }: Reading,
  tenantId: TenantId,
  shelterId: string,
): Promise<number> => {
  const rows = await database.query<{ total: number }>(
    statementFor(`select count(*)::int as total from ${tables.pets}
      where tenant_id = $1 and shelter_id = $2
        and status in ('AVAILABLE', 'PENDING', 'NOT_AVAILABLE')
        and in_care and removed_at is null`),
    [tenantId, shelterId],
  )
  return rows[0]?.total ?? 0
}

type InventoryRow = Readonly<{ status: string; species: string; total: number }>

// The tenant's cells of the smallest cube. Adopted pets count although they left; those with another outcome do not.
const inventory = async ({ database, tables }: Reading, tenantId: TenantId): Promise<Inventory> => {
  const rows = await database.query<InventoryRow>(
    statementFor(`select c.status, c.species, sum(c.count)::int as total
      from ${tables.named('pet_counts')} c
      where c.tenant_id = $1 and (c.in_care = 'true' or c.status = 'ADOPTED')
      group by c.status, c.species`),
    [tenantId],
  )
  const totalOf = (belongs: (row: InventoryRow) => boolean): number =>
    rows.filter(belongs).reduce((sum, row) => sum + row.total, 0)
  return {
    byStatus: Object.fromEntries(
      petStatusSchema.options.map((status) => [status, totalOf((row) => row.status === status)]),
    ),
    bySpecies: Object.fromEntries(
      speciesSchema.options.map((species) => [species, totalOf((row) => row.species === species)]),
    ),
    total: totalOf(() => true),
  }
}
