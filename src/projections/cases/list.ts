// Lists of cases: one page, newest first, and the exact number of all that match. Each frequent question walks the
// index that was made for it; one row more than asked for tells whether a page follows.
import type { TenantId } from '../../core/ids.ts'
import type { SqlDatabase } from '../../core/sql.ts'
import { decodeListCursor, encodeListCursor, type ListResult } from '../paging.ts'
import { liveTarget, type Projection, tableName } from '../projection.ts'
import { statementFor } from '../statements.ts'
import type { CaseQuery } from './query-types.ts'
import type { CaseTables } from './tables.ts'

export type CaseReading = Readonly<{
  database: SqlDatabase
  projection: Pick<Projection, 'name' | 'version'>
  tables: CaseTables
}>

export type CaseRow = Readonly<{ case_id: string; version: number; state: string }>

export const listCases = async (
  reading: CaseReading,
  tenantId: TenantId,
  query: CaseQuery,
): Promise<ListResult<CaseRow>> => {
  const start = await startOf(reading, tenantId, query)
  if (start === 'bad_cursor') return start
  const [rows, totalItems] = await Promise.all([
    findPage(reading, tenantId, { query, start }),
    countAll(reading, tenantId, query),
  ])
  const items = rows.slice(0, query.limit)
  const last = items.at(-1)
  const isLast = rows.length <= query.limit || last === undefined
  const { name } = reading.projection
  return {
    items,
    totalItems,
    nextCursor: isLast ? null : encodeListCursor(name, last.case_id),
  }
}

/** Rows to skip, and the position that all of the page lie before. */
type Start = Readonly<{ skip: number; before: number | undefined }>

const startOf = async (
  { database, projection, tables }: CaseReading,
  tenantId: TenantId,
  { place, limit }: CaseQuery,
): Promise<Start | 'bad_cursor'> => {
  if ('page' in place) return { skip: (place.page - 1) * limit, before: undefined }
  if (place.after === null) return { skip: 0, before: undefined }
  const caseId = decodeListCursor(projection.name, place.after)
  if (caseId === undefined) return 'bad_cursor'
  // By primary key.
  const rows = await database.query<{ position: number }>(
    statementFor(`select position from ${tableName(tables.cases, liveTarget(projection))}
      where tenant_id = $1 and case_id = $2`),
    [tenantId, caseId],
  )
  return rows[0] === undefined ? 'bad_cursor' : { skip: 0, before: rows[0].position }
}

type Parameters = Readonly<{ values: unknown[]; bind: (value: unknown, type: string) => string }>

const parametersFor = (tenantId: TenantId): Parameters => {
  const values: unknown[] = [tenantId]
  return { values, bind: (value, type) => `$${values.push(value)}::${type}` }
}

/** The status is left to the caller where the query names a person or a pet, whose cases are few. */
const isNarrow = ({ personId, petId }: CaseQuery): boolean =>
  personId !== undefined || petId !== undefined

const conditionsOf = (query: CaseQuery, { bind }: Parameters): readonly string[] => [
  'c.tenant_id = $1 and c.status is not null',
  ...(query.personId === undefined ? [] : [`c.person_id = ${bind(query.personId, 'text')}`]),
  ...(query.petId === undefined ? [] : [`c.pet_id = ${bind(query.petId, 'text')}`]),
]

// Walks `person` or `pet`, else `status` below each status that was asked for, else `newest`: each ends with the
// position, which is the order. Of several statuses each is walked as far as the page reaches.
const findPage = async (
  { database, projection, tables }: CaseReading,
  tenantId: TenantId,
  { query, start }: Readonly<{ query: CaseQuery; start: Start }>,
): Promise<readonly CaseRow[]> => {
  const parameters = parametersFor(tenantId)
  const { bind } = parameters
  const conditions = [...conditionsOf(query, parameters)]
  if (start.before !== undefined) conditions.push(`c.position < ${bind(start.before, 'bigint')}`)
  const statuses = query.statuses === undefined ? undefined : [...new Set(query.statuses)].sort()
  if (statuses !== undefined) {
    if (isNarrow(query)) conditions.push(`c.status = any(${bind(statuses, 'text[]')})`)
    else conditions.push('c.status = wanted.status')
  }
  const part = `order by position desc limit ${bind(query.limit + 1, 'bigint')}`
  const found = `select c.case_id, c.version, c.position, c.state
    from ${tableName(tables.cases, liveTarget(projection))} c where ${conditions.join(' and ')}`
  const skip = start.skip === 0 ? undefined : bind(start.skip, 'bigint')
  const page = skip === undefined ? part : `${part} offset ${skip}`
  if (statuses === undefined || isNarrow(query)) {
    return database.query<CaseRow>(statementFor(`${found} ${page}`), parameters.values)
  }
  const reach = skip === undefined ? part : `${part} + ${skip}`
  const text = `select o.case_id, o.version, o.state
    from unnest(${bind(statuses, 'text[]')}) as wanted(status)
    cross join lateral (${found} ${reach}) o ${page}`
  return database.query<CaseRow>(statementFor(text), parameters.values)
}

// A person's or a pet's cases are few, and counted in the index made for them; all others are counted as they come.
const countAll = async (
  { database, projection, tables }: CaseReading,
  tenantId: TenantId,
  query: CaseQuery,
): Promise<number> => {
  const parameters = parametersFor(tenantId)
  const target = liveTarget(projection)
  const conditions = isNarrow(query) ? [...conditionsOf(query, parameters)] : ['c.tenant_id = $1']
  if (query.statuses !== undefined) {
    conditions.push(`c.status = any(${parameters.bind(query.statuses, 'text[]')})`)
  }
  const counted = isNarrow(query)
    ? `count(*)::int as total from ${tableName(tables.cases, target)} c`
    : `coalesce(sum(c.count), 0)::int as total from ${tableName(tables.counts, target)} c`
  const rows = await database.query<{ total: number }>(
    statementFor(`select ${counted} where ${conditions.join(' and ')}`),
    parameters.values,
  )
  return rows[0]?.total ?? 0
}
