// The pets as the classic profile knows them: by serial number, cats and dogs that are not held back, and no others.
// What it cannot express is hidden here, in every statement, and not by whoever asks.
import type { Version } from '../../core/event.ts'
import type { TenantId } from '../../core/ids.ts'
import type { SqlDatabase } from '../../core/sql.ts'
import { liveTarget, tableName } from '../projection.ts'
import { sheltersProjection } from '../shelters.ts'
import { statementFor } from '../statements.ts'
import { countPets } from './counting.ts'
import { type Parameters, parametersFor, petConditions } from './filter.ts'
import { petsProjection } from './fold.ts'
import type { PetFilter } from './query-types.ts'
import { type PetTables, petTables } from './source.ts'

export const CLASSIC_SPECIES = ['CAT', 'DOG'] as const
export const CLASSIC_STATUSES = ['ADOPTED', 'AVAILABLE', 'PENDING'] as const

/**
 * Null: not known. `shelterSerial` is also null while the read model does not know the shelter yet, and once the
 * shelter was removed: pets that have left care, or came to it in that very moment, may still name it.
 */
export type ClassicPet = Readonly<{
  petId: string
  version: Version
  serial: number
  shelterSerial: number | null
  name: string
  species: (typeof CLASSIC_SPECIES)[number]
  breed: string | null
  ageMonths: number
  gender: 'MALE' | 'FEMALE' | 'UNKNOWN' | null
  size: 'SMALL' | 'MEDIUM' | 'LARGE' | null
  temperament: string | null
  spayedNeutered: boolean | null
  vaccinations: readonly string[]
  description: string | null
  status: (typeof CLASSIC_STATUSES)[number]
  intakeDate: string
  updatedAt: string
}>

export type ClassicOrder<Field> = Readonly<{ field: Field; order: 'ASC' | 'DESC' }>
/** Rows in the given orders, the serial last. */
export type ClassicRange<Field> = Readonly<{
  sort: readonly ClassicOrder<Field>[]
  offset: number
  limit: number
}>

export type ClassicPetField =
  | 'serial'
  | 'name'
  | 'species'
  | 'breed'
  | 'ageMonths'
  | 'gender'
  | 'size'
  | 'status'
  | 'shelterSerial'
  | 'intakeDate'

export type ClassicPetFilter = Readonly<{
  species?: readonly (typeof CLASSIC_SPECIES)[number][]
  status?: readonly (typeof CLASSIC_STATUSES)[number][]
  size?: readonly string[]
  gender?: readonly string[]
  breed?: string // whole breed, without case
  shelterSerial?: number
}>
export type ClassicPetQuery = ClassicRange<ClassicPetField> & Readonly<{ filter: ClassicPetFilter }>
export type ClassicPetPage = Readonly<{ items: readonly ClassicPet[]; totalItems: number }>

export type ClassicPetQueries = Readonly<{
  list(tenantId: TenantId, query: ClassicPetQuery): Promise<ClassicPetPage>
  get(tenantId: TenantId, serial: number): Promise<ClassicPet | undefined>
  /** Of any pet, hidden and removed ones too; undefined while the read model does not know it. */
  serialOf(tenantId: TenantId, petId: string): Promise<number | undefined>
}>

/** `scans`: for lists, which may be in the order of any field and then look at each match. */
export const createClassicPetQueries = ({
  database,
  scans,
}: Readonly<{ database: SqlDatabase; scans: SqlDatabase }>): ClassicPetQueries => {
  const reading = { database, tables: petTables(petsProjection) }
  return {
    list: (tenantId, query) => listPets({ ...reading, database: scans }, tenantId, query),
    get: (tenantId, serial) => getPet(reading, tenantId, serial),
    serialOf: (tenantId, petId) => serialOf(reading, tenantId, petId),
  }
}

type Reading = Readonly<{ database: SqlDatabase; tables: PetTables }>

const SHELTERS = tableName('shelters', liveTarget(sheltersProjection))
// Shelters by primary key, a handful a tenant.
const COLUMNS = `p.pet_id, p.version, p.serial, p.body, p.extras, p.updated_at, s.serial as shelter_serial`
const WITH_SHELTER = `left join ${SHELTERS} s
  on s.tenant_id = $1 and s.shelter_id = p.shelter_id and s.removed_at is null`

const ORDERS: Readonly<Record<ClassicPetField, string>> = {
  serial: 'p.serial',
  name: 'p.name_key',
  species: 'p.species',
  breed: 'p.breed_key',
  ageMonths: 'p.age_months',
  gender: `nullif(p.gender, 'UNKNOWN')`,
  size: 'p.size',
  status: 'p.status',
  shelterSerial: 's.serial',
  intakeDate: 'p.intake_date',
}

const listPets = async (
  { database, tables }: Reading,
  tenantId: TenantId,
  query: ClassicPetQuery,
): Promise<ClassicPetPage> => {
  const filter = await filterOf(database, tenantId, query.filter)
  if (filter === undefined) return { items: [], totalItems: 0 }
  const parameters = parametersFor(tenantId)
  const statement = listStatement(tables, { ...query, filter }, parameters)
  const [rows, totalItems] = await Promise.all([
    query.limit === 0
      ? []
      : // Other orders have too many shapes for each to be prepared.
        database.query<ClassicRow>(
          query.sort.length === 0 ? statementFor(statement) : statement,
          parameters.values,
        ),
    countPets({ database, tables }, tenantId, { filter, text: undefined }),
  ])
  return { items: rows.map(toClassicPet), totalItems }
}

// In the order of the unique index on (tenant_id, serial) unless another one is asked for; any other
// order sorts what the filter leaves, and keeps no more of it than the page reaches.
const listStatement = (
  tables: PetTables,
  { filter, sort, offset, limit }: ClassicRange<ClassicPetField> & Readonly<{ filter: PetFilter }>,
  parameters: Parameters,
): string => {
  const where = [
    'p.tenant_id = $1',
    'p.removed_at is null',
    ...petConditions(filter, parameters),
  ].join(' and ')
  const orders = sort.map(
    ({ field, order }) => `${ORDERS[field]} ${order === 'ASC' ? 'asc' : 'desc'}`,
  )
  if (!sort.some(({ field }) => field === 'serial')) orders.push('p.serial asc')
  return `select ${COLUMNS} from ${tables.pets} p ${WITH_SHELTER} where ${where}
    order by ${orders.join(', ')}
    limit ${parameters.bind(limit, 'bigint')} offset ${parameters.bind(offset, 'bigint')}`
}

/** What the profile can express, less what the filter leaves out; undefined where no such shelter is. */
const filterOf = async (
  database: SqlDatabase,
  tenantId: TenantId,
  { shelterSerial, species, status, ...rest }: ClassicPetFilter,
): Promise<PetFilter | undefined> => {
  const filter = {
    ...rest,
    species: species ?? CLASSIC_SPECIES,
    status: status ?? CLASSIC_STATUSES,
  }
  if (shelterSerial === undefined) return filter
  // By the unique index on (tenant_id, serial).
  const rows = await database.query<{ shelter_id: string }>(
    statementFor(`select shelter_id from ${SHELTERS}
      where tenant_id = $1 and serial = $2::bigint and removed_at is null`),
    [tenantId, shelterSerial],
  )
  return rows[0] === undefined ? undefined : { ...filter, shelterId: rows[0].shelter_id }
}

// By the unique index on (tenant_id, serial).
const getPet = async (
  { database, tables }: Reading,
  tenantId: TenantId,
  serial: number,
): Promise<ClassicPet | undefined> => {
  const rows = await database.query<ClassicRow>(
    statementFor(`select ${COLUMNS} from ${tables.pets} p ${WITH_SHELTER}
      where p.tenant_id = $1 and p.serial = $2::bigint and p.removed_at is null
        and p.species = any($3::text[]) and p.status = any($4::text[])`),
    [tenantId, serial, CLASSIC_SPECIES, CLASSIC_STATUSES],
  )
  return rows[0] === undefined ? undefined : toClassicPet(rows[0])
}

// By primary key.
const serialOf = async (
  { database, tables }: Reading,
  tenantId: TenantId,
  petId: string,
): Promise<number | undefined> => {
  const rows = await database.query<{ serial: number }>(
    statementFor(`select serial from ${tables.pets} where tenant_id = $1 and pet_id = $2`),
    [tenantId, petId],
  )
  return rows[0]?.serial
}

type ClassicRow = Readonly<{
  pet_id: string
  version: number
  serial: number
  shelter_serial: number | null
  updated_at: string
  body: string
  extras: string
}>

/** The members of the two texts that matter here; what is not known is not in them. */
type Known = Partial<
  Omit<ClassicPet, 'spayedNeutered'> &
    Readonly<{ medicalInfo: Readonly<{ spayedNeutered?: boolean }> }>
> &
  Pick<ClassicPet, 'name' | 'species' | 'ageMonths' | 'status' | 'vaccinations' | 'intakeDate'>

const toClassicPet = (row: ClassicRow): ClassicPet => {
  const pet = { ...JSON.parse(row.body), ...JSON.parse(row.extras) } as Known
  return {
    petId: row.pet_id,
    version: row.version,
    serial: row.serial,
    shelterSerial: row.shelter_serial,
    name: pet.name,
    species: pet.species,
    breed: pet.breed ?? null,
    ageMonths: pet.ageMonths,
    gender: pet.gender ?? null,
    size: pet.size ?? null,
    temperament: pet.temperament ?? null,
    spayedNeutered: pet.medicalInfo?.spayedNeutered ?? null,
    vaccinations: pet.vaccinations,
    description: pet.description ?? null,
    status: pet.status,
    intakeDate: pet.intakeDate,
    updatedAt: row.updated_at,
  }
}
