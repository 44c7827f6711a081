// Search: one page of pets as JSON texts, the exact number of all that match, and facets. The page's ids are found
// first, in an index where there is one for the order, and only they are looked up as rows.
import type { TenantId } from '../../core/ids.ts'
import type { SqlDatabase } from '../../core/sql.ts'
import { countFacet, type Counting, isInCubes } from './counting.ts'
import { decodeCursor, encodeCursor, type Place } from './cursor.ts'
import { type Finding, pageStatement } from './page-statement.ts'
import type { PetFacet, PetPage, PetQuery, PetSearchResult, PetSort } from './query-types.ts'
import { relevanceStatement } from './relevance-statement.ts'
import { renderPet } from './resource.ts'
import { statementFor } from '../statements.ts'
import type { Question } from './source.ts'
import { textQuery } from './vocabulary.ts'

export type Searching = Counting &
  Readonly<{
    /** Where searches go that look at each match, so that those which do not never wait for them. */
    scans: SqlDatabase
    publicUrl: string
  }>

export const searchPets = async (
  given: Searching,
  tenantId: TenantId,
  query: PetQuery,
): Promise<PetSearchResult> => {
  const searching = isInCubes(query) ? given : { ...given, database: given.scans }
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
  const finding: Finding = { query, sort, place, question }
  const [page, counts] = await Promise.all([
    find(searching, tenantId, finding),
    facetCounts(searching, tenantId, { ...question, facets }),
  ])
  return { kind: 'page', page: { ...page, ...(facets.length === 0 ? {} : { facets: counts }) } }
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

type Found = Pick<PetPage, 'items' | 'nextCursor' | 'totalItems'>
type PageRow = Readonly<{
  pet_id: string
  sort_key: string | number
  body: string
  photos: string
  extras?: string
  serial?: number
}>
type FoundRow = Readonly<{ total: number }> & (PageRow | Readonly<{ pet_id: null }>)

const find = async (searching: Searching, tenantId: TenantId, finding: Finding): Promise<Found> => {
  const statementOf = finding.sort.field === 'relevance' ? relevanceStatement : pageStatement
  const { statement, values } = statementOf(searching.tables, tenantId, finding)
  const found = await searching.database.query<FoundRow>(statementFor(statement), values)
  const rows = found.filter((row) => row.pet_id !== null)
  return { ...shownPage(searching, finding, rows), totalItems: found[0]?.total ?? 0 }
}

const shownPage = (
  { publicUrl }: Searching,
  { query: { paging, extras }, sort }: Finding,
  rows: readonly PageRow[],
): Pick<Found, 'items' | 'nextCursor'> => {
  const shown = rows.slice(0, paging.limit)
  const last = shown.at(-1)
  const isLast = rows.length <= paging.limit || last === undefined
  return {
    items: shown.map(({ body, photos, ...row }) =>
      renderPet(
        { body, photos, extras: row.extras ?? '{}', serial: row.serial ?? null },
        { publicUrl, extras },
      ),
    ),
    nextCursor: isLast
      ? null
      : encodeCursor(sort, { value: String(last.sort_key), petId: last.pet_id }),
  }
}
