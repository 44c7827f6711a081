// Search: one page of pets as JSON texts, the exact number of all that match, and facets. The page's ids are found
// first, in an index where there is one for the order, and only they are looked up as rows.
import type { TenantId } from '../../core/ids.ts'
import { countFacet, countPets, type Counting, type Question } from './counting.ts'
import { decodeCursor, encodeCursor, type Place } from './cursor.ts'
import { parametersFor, petConditions } from './filter.ts'
import type { PetFacet, PetPage, PetQuery, PetSearchResult, PetSort } from './query-types.ts'
import { renderPet } from './resource.ts'
import { statementFor } from '../statements.ts'
import { petSource, type PetTables } from './source.ts'
import { textQuery } from './vocabulary.ts'

export type Searching = Counting & Readonly<{ publicUrl: string }>

// With more matches than this the words distinguish little, and ranking all of them would cost more than it tells.
const MAX_RANKED = 5_000

const SORT_COLUMNS: Readonly<
  Record<Exclude<PetSort['field'], 'relevance'>, readonly [string, string]>
> = {
  createdAt: ['p.created_at', 'timestamptz'],
  ageMonths: ['p.age_months', 'int'],
  price: ['p.price', 'numeric'],
  name: ['p.name_key', 'text'],
  intakeDate: ['p.intake_date', 'date'],
}

export const searchPets = async (
  searching: Searching,
  tenantId: TenantId,
  query: PetQuery,
): Promise<PetSearchResult> => {
  const sort = effectiveSort(query)
  const place = placeAfter(query, sort)
  if (place === 'bad_cursor') return { kind: 'bad_cursor' }
  const { filter, facets } = query
  const { database, tables } = searching
  const text =
    filter.q === undefined
      ? undefined
      : await textQuery(database, tenantId, { q: filter.q, wordsTable: tables.words })
  if (filter.q !== undefined && text === undefined) return { kind: 'page', page: emptyPage(query) }
  const question: Question = { filter, text }
  const find = (isRanked: boolean): Promise<Found> =>
    findPage(searching, tenantId, { query, sort, place, question, isRanked })
  const counted = countPets(searching, tenantId, question)
  const found =
    sort.field === 'relevance' ? counted.then((total) => find(total <= MAX_RANKED)) : find(false)
  const [totalItems, page, counts] = await Promise.all([
    counted,
    found,
    facetCounts(searching, tenantId, { ...question, facets }),
  ])
  return {
    kind: 'page',
    page: { ...page, totalItems, ...(facets.length === 0 ? {} : { facets: counts }) },
  }
}

const emptyPage = (query: PetQuery): PetPage => ({
  items: [],
  totalItems: 0,
  nextCursor: null,
  ...(query.facets.length === 0
    ? {}
    : { facets: Object.fromEntries(query.facets.map((facet) => [facet, {}])) }),
})

/** Relevance without words to be relevant to is the default order. */
const effectiveSort = ({ filter, sort }: PetQuery): PetSort =>
  sort.field === 'relevance' && filter.q === undefined
    ? { field: 'createdAt', order: 'DESC' }
    : sort

const placeAfter = (query: PetQuery, sort: PetSort): Place | 'bad_cursor' | undefined => {
  if (query.paging.kind === 'page' || query.paging.after === null) return undefined
  return decodeCursor(sort, query.paging.after) ?? 'bad_cursor'
}

const facetCounts = async (
  searching: Searching,
  tenantId: TenantId,
  question: Question & Readonly<{ facets: readonly PetFacet[] }>,
): Promise<Partial<Record<PetFacet, Readonly<Record<string, number>>>>> => {
  const counts = question.facets.map(
    async (facet) =>
      [facet, await countFacet(searching, tenantId, { ...question, facet })] as const,
  )
  return Object.fromEntries(await Promise.all(counts))
}

type Found = Pick<PetPage, 'items' | 'nextCursor'>
type Finding = Readonly<{
  query: PetQuery
  sort: PetSort
  place: Place | undefined
  question: Question
  isRanked: boolean
}>
type PageRow = Readonly<{
  pet_id: string
  sort_key: string | number
  body: string
  photos: string
  extras: string
  serial: number
}>

const findPage = async (
  searching: Searching,
  tenantId: TenantId,
  finding: Finding,
): Promise<Found> => {
  const { paging, extras } = finding.query
  const { statement, values } = pageStatement(searching.tables, tenantId, finding)
  const rows = await searching.database.query<PageRow>(statementFor(statement), values)
  const shown = rows.slice(0, paging.limit)
  const last = shown.at(-1)
  const isLast = rows.length <= paging.limit || last === undefined
  return {
    items: shown.map((row) => renderPet(row, { publicUrl: searching.publicUrl, extras })),
    nextCursor: isLast
      ? null
      : encodeCursor(finding.sort, { value: String(last.sort_key), petId: last.pet_id }),
  }
}

// The inner query finds ids in order: index-only on the index named after the sort, which begins with tenant and status.
// The outer one fetches this page's rows by primary key. One row more than asked for tells whether a page follows.
const pageStatement = (
  tables: PetTables,
  tenantId: TenantId,
  { query, sort, place, question, isRanked }: Finding,
): Readonly<{ statement: string; values: unknown[] }> => {
  const { paging } = query
  const parameters = parametersFor(tenantId)
  const source = petSource(tables, { text: question.text, isRanked }, parameters)
  const isRelevance = sort.field === 'relevance'
  const [column, type] =
    sort.field === 'relevance' ? [isRanked ? 's.rank' : '0', 'int'] : SORT_COLUMNS[sort.field]
  const direction = sort.order === 'ASC' ? 'asc' : 'desc'
  const conditions = [...source.where, ...petConditions(query.filter, parameters)]
  if (place !== undefined) conditions.push(beyond(place))
  const limit = parameters.bind(paging.limit + 1, 'bigint')
  const skip = paging.kind === 'page' ? (paging.page - 1) * paging.limit : 0
  const offset = skip === 0 ? '' : ` offset ${parameters.bind(skip, 'bigint')}`
  const order =
    isRelevance && !isRanked
      ? `p.pet_id ${direction}`
      : `${column} ${direction}, p.pet_id ${direction}`
  return {
    values: parameters.values,
    statement: `${source.with}select p.pet_id, k.sort_key, p.body, p.photos, p.extras, p.serial
      from (select p.pet_id, ${column} as sort_key from ${source.from}
        where ${conditions.join(' and ')} order by ${order} limit ${limit}${offset}) k
      join ${tables.pets} p on p.tenant_id = $1 and p.pet_id = k.pet_id
      order by k.sort_key ${direction}, k.pet_id ${direction}`,
  }

  function beyond({ value, petId }: Place): string {
    const id = parameters.bind(petId, 'text')
    const sign = sort.order === 'ASC' ? '>' : '<'
    return isRelevance && !isRanked
      ? `p.pet_id ${sign} ${id}`
      : `(${column}, p.pet_id) ${sign} (${parameters.bind(value, type)}, ${id})`
  }
}
