// Exact totals and facets: from a cube where one has all fields of the question, else counted over the pets.
import type { TenantId } from '../../core/ids.ts'
import type { SqlDatabase } from '../../core/sql.ts'
import { type Cube, type CubeField, CUBES } from './cubes.ts'
import { cubeConditions, cubeFieldsOf, type Parameters, parametersFor } from './filter.ts'
import type { PetFacet, PetFilter, PetQuery } from './query-types.ts'
import { statementFor } from '../statements.ts'
import { petSource, type PetTables, type Question } from './source.ts'

export type Counting = Readonly<{ database: SqlDatabase; tables: PetTables }>

const MAX_FACET_VALUES = 100

const FACET_COLUMNS: Readonly<Record<PetFacet, CubeField | 'breed_key'>> = {
  species: 'species',
  status: 'status',
  size: 'size',
  gender: 'gender',
  goodWithKids: 'good_with_kids',
  breed: 'breed_key',
  shelterId: 'shelter_id',
}

/** Whether cubes have all the numbers of an answer: it then costs no more than its page, however many pets match. */
export const isInCubes = ({ filter, facets }: Pick<PetQuery, 'filter' | 'facets'>): boolean => {
  const isOf = (fields: readonly CubeField[] | undefined): boolean =>
    fields !== undefined && cubeFor(fields) !== undefined
  return isOf(cubeFieldsOf(filter)) && facets.every((facet) => isOf(facetFields(filter, facet)))
}

export const countPets = async (
  counting: Counting,
  tenantId: TenantId,
  question: Question,
): Promise<number> => {
  const parameters = parametersFor(tenantId)
  const statement = totalOf(counting.tables, { tenantId, ...question }, parameters)
  const rows = await counting.database.query<{ total: number }>(
    statementFor(statement),
    parameters.values,
  )
  return rows[0]?.total ?? 0
}

/** A query of one row: the exact number of all that match, as `total`. */
export const totalOf = (tables: PetTables, asked: Asked, parameters: Parameters): string => {
  const fields = cubeFieldsOf(asked.filter)
  const sum = fields === undefined ? undefined : cubeSum(tables, { fields, ...asked }, parameters)
  return sum ?? petCount(tables, asked, parameters)
}

export const countFacet = async (
  counting: Counting,
  tenantId: TenantId,
  question: Question & Readonly<{ facet: PetFacet }>,
): Promise<Readonly<Record<string, number>>> => {
  const { facet } = question
  const column = FACET_COLUMNS[facet]
  const fields = facetFields(question.filter, facet)
  const asked = { tenantId, text: question.text, filter: withoutFacet(question.filter, facet) }
  const fromCube =
    fields === undefined ? undefined : cubeGroups(counting.tables, fields, { ...asked, column })
  const { values, statement } = fromCube ?? petGroups(counting.tables, { ...asked, column })
  const rows = await counting.database.query<{ value: string; total: number }>(
    statementFor(statement),
    values,
  )
  return Object.fromEntries(rows.map(({ value, total }) => [value, total]))
}

/** A facet tells what there would be without the filter's own word about it. */
const withoutFacet = (filter: PetFilter, facet: PetFacet): PetFilter => {
  const rest = { ...filter }
  delete rest[facet]
  return rest
}

const facetFields = (filter: PetFilter, facet: PetFacet): readonly CubeField[] | undefined => {
  const column = FACET_COLUMNS[facet]
  return column === 'breed_key'
    ? undefined
    : cubeFieldsOf(withoutFacet(filter, facet))?.concat(column)
}

type Asked = Question & Readonly<{ tenantId: TenantId }>
type Composed = Readonly<{ values: unknown[]; statement: string }>

// A range of the cube's primary key: its cells for this tenant, further bounded by the leading fields that are given.
const cubeSum = (
  tables: PetTables,
  { fields, filter }: Asked & Readonly<{ fields: readonly CubeField[] }>,
  parameters: Parameters,
): string | undefined => {
  const table = cubeTableFor(tables, fields)
  if (table === undefined) return undefined
  const where = ['c.tenant_id = $1', ...cubeConditions(filter, parameters)]
  return `select coalesce(sum(c.count), 0)::int as total from ${table} c
    where ${where.join(' and ')}`
}

// As above, one sum a value. The empty value stands for unknown and is no facet.
const cubeGroups = (
  tables: PetTables,
  fields: readonly CubeField[],
  { tenantId, filter, column }: Asked & Readonly<{ column: string }>,
): Composed | undefined => {
  const table = cubeTableFor(tables, fields)
  if (table === undefined) return undefined
  const parameters = parametersFor(tenantId)
  const where = cubeConditions(filter, parameters)
  const statement = `select c.${column} as value, sum(c.count)::int as total from ${table} c
    where ${['c.tenant_id = $1', ...where, `c.${column} <> ''`].join(' and ')}
    group by c.${column} having sum(c.count) > 0
    order by total desc, value limit ${MAX_FACET_VALUES}`
  return { values: parameters.values, statement }
}

const cubeFor = (fields: readonly CubeField[]): Cube | undefined =>
  CUBES.find((candidate) => fields.every((field) => candidate.fields.includes(field)))

const cubeTableFor = (tables: PetTables, fields: readonly CubeField[]): string | undefined => {
  const cube = cubeFor(fields)
  return cube === undefined ? undefined : tables.named(cube.name)
}

// Index-only where the filter's columns are in the index of its leading ones; exact, so it looks at every match.
const petCount = (tables: PetTables, asked: Asked, parameters: Parameters): string => {
  const source = petSource(tables, { ...asked, reads: 'nothing' }, parameters)
  return `${source.with}select count(*)::int as total from ${source.from}
    ${whereOf(source.where)}`
}

// As above. A breed's own spelling is shown, the smallest one where pets differ in case.
const petGroups = (
  tables: PetTables,
  { column, ...asked }: Asked & Readonly<{ column: string }>,
): Composed => {
  const parameters = parametersFor(asked.tenantId)
  const source = petSource(tables, { ...asked, reads: 'pets' }, parameters)
  const value = column === 'breed_key' ? 'min(p.breed collate "C")' : `p.${column}::text`
  const statement = `${source.with}select ${value} as value, count(*)::int as total from ${source.from}
    ${whereOf([...source.where, `p.${column} is not null`])}
    group by p.${column} order by total desc, value limit ${MAX_FACET_VALUES}`
  return { values: parameters.values, statement }
}

const whereOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`
