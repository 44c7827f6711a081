// The statement that finds one page by relevance, and the exact number of all matches with it: both look at every
// match, so they do it together. Each row carries the total; a page beyond the end is one row without a pet.
import type { TenantId } from '../../core/ids.ts'
import { parametersFor } from './filter.ts'
import { boundsOf, type Composed, type Finding, shownColumns } from './page-statement.ts'
import { petSource, type PetTables } from './source.ts'

// With more matches than this the words distinguish little, and ranking all of them would cost more than it tells.
const MAX_RANKED = 1_000

export const relevanceStatement = (
  tables: PetTables,
  tenantId: TenantId,
  { query, sort, place, question }: Finding,
): Composed => {
  const parameters = parametersFor(tenantId)
  const source = petSource(
    tables,
    { ...question, tenantId, withDocument: true, reads: 'nothing' },
    parameters,
  )
  const direction = sort.order === 'ASC' ? 'asc' : 'desc'
  const where = source.where.length === 0 ? '' : `where ${source.where.join(' and ')}`
  const words = parameters.bind(question.text, 'tsquery')
  const sign = sort.order === 'ASC' ? '>' : '<'
  const beyond =
    place === undefined
      ? ''
      : `where (r.sort_key, r.pet_id) ${sign}
          (${parameters.bind(place.value, 'int')}, ${parameters.bind(place.petId, 'text')})`
  const { limit, offset } = boundsOf(query, parameters)
  // Words by the GIN index on the document, once; pets by primary key.
  const statement = `${source.with}, m as materialized (
      select p.pet_id, ${source.document} as document from ${source.from} ${where}
    ), n as materialized (select count(*)::int as total from m)
    select n.total, k.pet_id, k.sort_key, ${shownColumns(query)}
    from n left join (
      select r.pet_id, r.sort_key from (
        select m.pet_id, case when n.total > ${MAX_RANKED} then 0
          else (ts_rank(m.document, ${words}) * 1000000)::int end as sort_key
        from m cross join n
      ) r ${beyond} order by r.sort_key ${direction}, r.pet_id ${direction}
      limit ${limit}${offset === undefined ? '' : ` offset ${offset}`}
    ) k on true
    left join ${tables.pets} p on p.tenant_id = $1 and p.pet_id = k.pet_id
    order by k.sort_key ${direction}, k.pet_id ${direction}`
  return { statement, values: parameters.values }
}
